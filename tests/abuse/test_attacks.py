"""What the attacks are made of: bytes that are what they claim to be, and the table of all."""

from __future__ import annotations

import socket
import threading
import unittest
from typing import TypeVar

from attacks import all_attacks, tls
from suite import snappy, wire
from suite.attack import Attack
from suite.good import text
from suite.peer import Peer, WebSocketPeer, flood, watch_ends
from suite.report import table

from harness.frames import parse_frame, split_frames
from harness.outcome import EXIT_FAIL, EXIT_PASS, Failed
from harness.results import Result


SomePeer = TypeVar("SomePeer", bound=Peer)


def _decompress(block: bytes) -> bytes:
    """Snappy as its format description has it, for literals and copies with two bytes of offset."""
    size = shift = position = 0
    while True:
        byte = block[position]
        position += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    out = bytearray()
    while position < len(block):
        tag = block[position]
        position += 1
        if tag & 3 == 0:
            wide = (tag >> 2) - 59
            length = int.from_bytes(block[position : position + wide], "little") + 1
            out += block[position + wide : position + wide + length]
            position += wide + length
        else:
            back = int.from_bytes(block[position : position + 2], "little")
            position += 2
            for _ in range((tag >> 2) + 1):
                out.append(out[-back])
    assert len(out) == size, (len(out), size)
    return bytes(out)


class SnappyTest(unittest.TestCase):
    def test_what_is_compressed_is_the_text(self) -> None:
        for plain in (b"", b"a", b"ab" * 40_000, bytes(65_537)):
            self.assertEqual(_decompress(snappy.compress(plain)), plain)

    def test_a_bomb_is_its_start_again_and_again(self) -> None:
        for size in (7 * 64, 7 * 1000, 7 * 99):
            self.assertEqual(
                _decompress(snappy.bomb(b"abcd 1\n", size, 7)), b"abcd 1\n" * (size // 7)
            )


class WireTest(unittest.TestCase):
    def test_frames_are_read_as_they_were_made(self) -> None:
        raws = [raw for raw, _ in wire.EVERY_FRAME.values()]
        frames, left = split_frames(b"".join(wire.prefixed(raw) for raw in raws) + b"\0")
        self.assertEqual(([frame.raw for frame in frames], left), (raws, b"\0"))

    def test_a_payload_has_its_metadata_and_data(self) -> None:
        frame = parse_frame(wire.request(5, b"data", b"metadata"))
        self.assertEqual((frame.stream, frame.metadata, frame.data), (5, b"metadata", b"data"))

    def test_websocket_frames_are_read_as_they_were_made(self) -> None:
        for size in (0, 125, 126, 65_535, 65_536):
            whole = WebSocketPeer.message(bytes(size), masked=False)
            self.assertEqual(WebSocketPeer.split(whole + b"\x82"), ([(2, bytes(size))], b"\x82"))
            self.assertEqual(WebSocketPeer.split(whole[:-1])[0], [])


class _Proxy:
    """What plays the proxy: a socket for each peer that dials."""

    def __init__(self, case: unittest.TestCase) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        case.addCleanup(self.listener.close)
        self._case = case

    def pair(self, kind: type[SomePeer]) -> tuple[SomePeer, socket.socket]:
        peer = kind(self.listener.getsockname()[1])
        self._case.addCleanup(peer.close)
        accepted, _ = self.listener.accept()
        self._case.addCleanup(accepted.close)
        return peer, accepted


class PeerTest(unittest.TestCase):
    def setUp(self) -> None:
        self.proxy = _Proxy(self)

    def test_lives_are_measured_from_the_begin_though_bytes_come(self) -> None:
        peer, proxy = self.proxy.pair(Peer)
        proxy.sendall(b"bytes")
        threading.Timer(0.3, proxy.close).start()
        said: list[Peer] = []
        (life,) = watch_ends([peer], 5.0, said.append)
        self.assertGreaterEqual(life, 0.3)
        self.assertEqual(said, [peer])

    def test_who_is_not_ended_in_time_is_missed(self) -> None:
        peer, _ = self.proxy.pair(Peer)
        with self.assertRaisesRegex(Failed, "1 have not"):
            watch_ends([peer], 0.1)

    def test_a_flood_is_over_when_nothing_is_taken_and_goes_on_where_it_stopped(self) -> None:
        peer, proxy = self.proxy.pair(Peer)
        proxy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        data = bytes(range(251)) * 100
        taken = flood({peer: data}, 64 << 20, 0.3)[peer]
        self.assertLess(taken, 64 << 20)
        peer.close()
        got = b""
        while chunk := proxy.recv(1 << 20):
            got += chunk
        self.assertEqual(got, (data * (taken // len(data) + 1))[:taken])

    def test_a_close_frame_is_answered_and_its_code_told(self) -> None:
        for code in (1000, 1009):
            peer, proxy = self.proxy.pair(WebSocketPeer)
            close = code.to_bytes(2, "big")
            proxy.sendall(WebSocketPeer.message(close, WebSocketPeer.CLOSE, masked=False))

            def end(proxy: socket.socket = proxy, close: bytes = close) -> None:
                if proxy.recv(100) == WebSocketPeer.message(close, WebSocketPeer.CLOSE):
                    proxy.close()

            threading.Thread(target=end).start()
            peer.expect_close(code)

    def test_an_end_without_a_close_frame_is_no_goodbye(self) -> None:
        peer, proxy = self.proxy.pair(WebSocketPeer)
        proxy.sendall(peer.message(wire.error(0), masked=False))
        proxy.close()
        with self.assertRaisesRegex(Failed, "a close frame of 1000"):
            peer.expect_error(0x101)

    def test_an_open_connection_is_no_end(self) -> None:
        peer, _ = self.proxy.pair(WebSocketPeer)
        with self.assertRaisesRegex(Failed, "neither bytes nor the end"):
            peer.expect_end(0.1)


class HelloTest(unittest.TestCase):
    def test_a_hello_without_key_shares_is_the_same_otherwise_and_says_its_own_length(self) -> None:
        hello = tls.client_hello()
        without = tls.without_key_shares(hello)
        self.assertEqual(int.from_bytes(without[3:5], "big"), len(without) - 5)
        self.assertEqual(int.from_bytes(without[6:9], "big"), len(without) - 9)
        _, found, behind = without.partition(tls.KEY_SHARE + b"\0\2\0\0")
        self.assertTrue(found and hello.endswith(behind))
        self.assertGreater(len(hello) - len(without), 32)  # of the shortest share there is

    def test_a_long_hello_claims_more_than_it_has(self) -> None:
        record, message = tls.LONG_HELLO[:5], tls.LONG_HELLO[5:]
        self.assertEqual(int.from_bytes(record[3:], "big"), len(message))
        self.assertEqual(int.from_bytes(message[1:], "big"), 131_068)


class TableTest(unittest.TestCase):
    def test_names_are_unique_and_ctest_can_take_them(self) -> None:
        names = [attack.name for attack in all_attacks()]
        self.assertEqual(len(set(names)), len(names))
        for name in names:
            self.assertRegex(name, r"^[a-z0-9-]+$")

    def test_an_attack_that_failed_or_was_not_run_has_not_passed_in_the_table(self) -> None:
        attacks = [Attack(name, f"does {name}", lambda _: None) for name in ("a", "b", "c")]
        results = {
            "a": Result("a", EXIT_PASS, 1.0, "", {"peak growth": "2 MiB", "recovery": "1 s"}),
            "b": Result("b", EXIT_FAIL, 1.0, "too much"),
        }
        told = table(attacks, results)
        self.assertIn("| a | does a | pass | 2 MiB | – | 1 s | – | – |", told)
        self.assertIn("| b | does b | FAIL |", told)
        self.assertIn("**FAIL**: too much", told)
        self.assertIn("| c | does c | not run |", told)

    def test_good_clients_say_who_they_are(self) -> None:
        self.assertIn('good_scrapes{client="tcp"} 7\n', text("tcp", 7))


if __name__ == "__main__":
    unittest.main()
