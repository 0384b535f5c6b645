"""Attacks below RSocket on the WebSocket port: the upgrade, and WebSocket frames of every shape."""

from __future__ import annotations

import random
import threading
import time
import zlib

from suite import wire
from suite.attack import KIB, MIB, Attack, bound, connection_errors, connections
from suite.peer import Peer, WebSocketPeer, flood
from suite.stage import LATE_SECONDS, Stage

from harness.frames import FRAME_BYTES_MAX, PAYLOAD, REQUEST_FNF
from harness.outcome import Failed, expect

from .frames import FIRST_FRAME_SECONDS, FOREIGN, STALL_LATE_SECONDS, STALL_SECONDS

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
FIN, RSV1, RSV2, RSV3 = 0x80, 0x40, 0x20, 0x10
PROTOCOL_ERROR, UNKNOWN_DATA, TOO_BIG = 1002, 1003, 1009
STEP_SECONDS = 3.0  # of one who is slow, but never stands still for long
HOLD_SECONDS_MIN, HOLD_SECONDS_MAX = 5.0, 9.0  # server::kHoldMin, kHandshakeHoldMax
HEADER_BYTES_MAX = 16 * 1024  # transport::kUpgradeBytesMax

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: proxy\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


_message = WebSocketPeer.message


def handshakes(stage: Stage) -> None:
    """Upgrades that are none: other protocols, giant heads, early bytes; answered once at most."""
    long_value = b"a" * HEADER_BYTES_MAX
    head = UPGRADE[:-2]
    requests = {
        b"400": [
            UPGRADE + _message(wire.setup()),  # before the answer
            head.replace(b"\r\nHost", b" \r\nHost") + b"\r\n",
            head + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        ],
        b"431": [head + b"X: " + long_value + b"\r\n\r\n", head + b"X: y\r\n" * 4000 + b"\r\n"],
        b"426": [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            UPGRADE.replace(b"GET", b"POST"),
            UPGRADE.replace(b"HTTP/1.1", b"HTTP/1.0"),
            UPGRADE.replace(b"Upgrade: websocket\r\n", b""),
        ],
    }
    for status, shapes in requests.items():
        for shape in shapes:
            peer = stage.websocket_bytes()
            peer.offer(shape)
            peer.finish()
            _expect_one_answer(peer, shape, status)
    source = random.Random(2)
    strangers = [*FOREIGN.values(), *(source.randbytes(200) for _ in range(100))]
    strangers.append(head.replace(b"GET", b"G\0T") + b"\r\n")
    peers: list[Peer] = []  # all at once: they are kept waiting
    for start in strangers:
        if b"Upgrade" in start and start.startswith(b"GET "):
            continue
        peer = stage.websocket_bytes()
        peer.offer(start)
        peer.finish()
        peers.append(peer)
    for peer in peers:
        expect(peer.read_to_end().count(b"HTTP/1.1 ") <= 1, "one answer at most")


def held_strangers(stage: Stage) -> None:
    """RSocket over TCP, as from a client that mixed up the ports: it waits 5 s for its refusal."""
    peer = stage.websocket_bytes()
    begun = time.monotonic()
    peer.send(wire.prefixed(wire.setup()))
    said = peer.read_to_end()
    waited = time.monotonic() - begun
    expect(said.startswith(b"HTTP/1.1 400 "), f"400 to what is no HTTP, it was {said[:200]!r}")
    right = HOLD_SECONDS_MIN <= waited <= HOLD_SECONDS_MAX + LATE_SECONDS
    expect(right, f"an answer after 5 to 9 s, it came after {waited:.1f} s")


def _expect_one_answer(peer: Peer, request: bytes, status: bytes) -> None:
    said = peer.read_to_end()
    right = said.startswith(b"HTTP/1.1 " + status) and said.count(b"HTTP/1.1 ") == 1
    expect(right, f"{status.decode()} once to {request[:80]!r}, it was {said[:200]!r}")


def cut_handshakes(stage: Stage) -> None:
    """The upgrade cut at every byte by FIN or RST, and sent byte by byte."""
    for size in range(len(UPGRADE)):
        peer = stage.websocket_bytes()
        peer.send(UPGRADE[:size])
        peer.end(by_reset=bool(size % 2))
    peer = stage.websocket_bytes()
    for byte in UPGRADE:
        peer.send(bytes([byte]))
    while b"\r\n\r\n" not in peer.received:
        expect(peer.read_some(), "an answer")
    expect(peer.received.startswith(b"HTTP/1.1 101 "), "the upgrade")


def slow_handshakes(stage: Stage) -> None:
    """200 upgrades that stop at any byte, 50 that no SETUP follows, 50 that take 3 s for each step.

    Over in 10 s, all steps together.
    """
    peers: list[Peer] = []
    for i in range(200):
        peer = stage.websocket_bytes()
        peer.send(UPGRADE[: i % len(UPGRADE)])
        peers.append(peer)
    peers += [stage.upgraded() for _ in range(50)]
    slow = [stage.websocket() for _ in range(50)]
    step = threading.Event()
    step.wait(STEP_SECONDS)
    for stepping in slow:
        stepping.upgrade()
    step.wait(STEP_SECONDS)
    for stepping in slow:
        stepping.send(stepping.wrapped(wire.setup())[:40])
    stage.expect_dropped([*peers, *slow], FIRST_FRAME_SECONDS)


def bad_frames(stage: Stage) -> None:
    """Text, no mask, reserved bits and opcodes, odd control frames, false continuations."""
    begun = _message(b"\0\0\0\0", first=0)
    shapes: list[tuple[str, bytes, int]] = [
        ("text", _message(b"text", TEXT), UNKNOWN_DATA),
        ("text of no UTF-8", _message(b"\xff\xff", TEXT), 1007),
        ("unmasked", _message(wire.keepalive(), masked=False), PROTOCOL_ERROR),
        ("unmasked ping", _message(b"", PING, masked=False), PROTOCOL_ERROR),
        ("RSV1", _message(wire.keepalive(), first=FIN | RSV1), PROTOCOL_ERROR),
        ("RSV2", _message(wire.keepalive(), first=FIN | RSV2), PROTOCOL_ERROR),
        ("RSV3", _message(wire.keepalive(), first=FIN | RSV3), PROTOCOL_ERROR),
        ("ping of 126", _message(bytes(126), PING), PROTOCOL_ERROR),
        ("pong of 65,536", _message(bytes(65536), PONG), PROTOCOL_ERROR),
        ("close of 126", _message(b"\x03\xe8" + bytes(124), CLOSE), PROTOCOL_ERROR),
        ("close of 1 byte", _message(b"\x03", CLOSE), PROTOCOL_ERROR),
        ("close 999", _message(b"\x03\xe7", CLOSE), PROTOCOL_ERROR),
        ("close 1005", _message(b"\x03\xed", CLOSE), PROTOCOL_ERROR),
        ("fragmented ping", _message(b"", PING, first=0), PROTOCOL_ERROR),
        ("continuation of nothing", _message(b"a", 0), PROTOCOL_ERROR),
        ("two beginnings", begun + begun, PROTOCOL_ERROR),
        ("not the shortest length", _message(b"abc", length=b"\x7e\0\3"), PROTOCOL_ERROR),
        ("not the shortest 64 bits", _message(b"abc", length=b"\x7f" + bytes(7) + b"\3"), 1002),
        ("2^63", _message(b"abc", length=b"\x7f\x80" + bytes(7)), TOO_BIG),
        ("2^62", _message(b"abc", length=b"\x7f\x40" + bytes(7)), TOO_BIG),
        ("16 MiB", _message(b"", length=b"\x7f" + (1 << 24).to_bytes(8, "big")), TOO_BIG),
    ]
    shapes += [
        (f"opcode {opcode}", _message(b"", opcode), PROTOCOL_ERROR)
        for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    ]
    for what, shape, code in shapes:
        peer = stage.websocket_client()
        peer.send(shape)
        try:
            peer.expect_close(code)
        except Failed as failed:
            raise Failed(f"{what}: {failed}") from failed
    stage.note("shapes", len(shapes))


def fragmented_messages(stage: Stage) -> None:
    """Every frame type in WebSocket fragments of one byte, empty ones and pings between them."""
    for raw, _ in wire.EVERY_FRAME.values():
        peer = stage.websocket_client()
        pieces = [raw[i : i + 1] for i in range(len(raw))]
        sent = _message(pieces[0], first=0)
        for piece in pieces[1:]:
            sent += _message(b"x", PING) + _message(b"", 0, 0) + _message(piece, 0, 0)
        peer.send(sent + _message(b"", 0))
        peer.probe()
        peer.close()
    peer = stage.websocket_client()
    peer.send(_message(wire.frame(1, REQUEST_FNF), first=0))
    for _ in range(20):
        peer.send(5000 * _message(b"", 0, 0))
    peer.send(_message(b"junk", 0))
    peer.probe()


def endless_message(stage: Stage) -> None:
    """Messages that never end, of what nobody asked for, and of a push beyond 16 MiB."""
    chunk = _message(bytes(64 * 1024 - 16), 0, 0)
    for raw in (wire.frame(0x777, PAYLOAD, 0x20), wire.request(1)):
        peer = stage.websocket_client()
        peer.send(_message(raw, first=0))
        for _ in range(2 * FRAME_BYTES_MAX // len(chunk)):
            if not peer.offer(chunk):
                break
        peer.expect_close(TOO_BIG)


def every_cut_message(stage: Stage) -> None:
    """FIN or RST at every byte of the WebSocket frames of every RSocket frame."""
    cuts = 0
    for number, (raw, _) in enumerate(wire.EVERY_FRAME.values()):
        bytes_of_it = _message(raw)
        for size in range(1, len(bytes_of_it), 3):
            peer = stage.websocket_client()
            peer.send(bytes_of_it[:size])
            peer.end(by_reset=bool((number + size) % 2))
            cuts += 1
    stage.wait_metric("scrape_active_connections", 2)
    stage.note("cuts", cuts)


def every_truncated_message(stage: Stage) -> None:
    """Messages that are less than a frame: told and ended, where more of it was needed."""
    for name, (raw, needed) in wire.EVERY_FRAME.items():
        for size in range(0, len(raw), 3):
            peer = stage.websocket_client()
            peer.send_frame(raw[:size])
            try:
                if size >= needed:
                    peer.probe()
                else:
                    peer.expect_error(0x101)
            except Failed as failed:
                raise Failed(f"{name} cut to {size}: {failed}") from failed
            peer.close()


PINGS = 40_000


def ping_flood(stage: Stage) -> None:
    """Pings on 10 connections: 5 have 40,000 pongs each, and 5 read none, which ends them."""
    begun = time.monotonic()
    pings = 1000 * _message(bytes(100), PING)
    readers = [_long_lived(stage) for _ in range(5)]
    deaf = [_long_lived(stage) for _ in range(5)]
    for peer in deaf:
        peer.take_little()
    whole = stage.descriptors()
    taken = flood(
        dict.fromkeys(readers, pings), PINGS // 1000 * len(pings), 5.0, WebSocketPeer.has_ended
    )
    for reader in readers:
        sent = 1000 * taken[reader] / len(pings)
        expect(sent >= PINGS, f"{PINGS} pings to be taken, it was {sent}")
        while reader.pongs < int(sent):
            expect(reader.read_some(), f"{sent} pongs, there were {reader.pongs}")
            reader.take_messages()
    most = max(flood(dict.fromkeys(deaf, pings), 64 * MIB, 5.0).values())
    expect(most < 64 * MIB, "reading to be paused on those that do not read")
    stage.note("taken of who is deaf", f"{most / MIB:.1f} MiB")
    late = STALL_LATE_SECONDS + time.monotonic() - begun
    stage.expect_let_go(deaf, whole, STALL_SECONDS, late)
    for reader in readers:
        expect(not reader.has_ended(), "pings are no reason to end")


def _long_lived(stage: Stage) -> WebSocketPeer:
    peer = stage.upgraded()
    peer.greet(wire.setup(lifetime_ms=300_000))
    return peer


def close_flood(stage: Stage) -> None:
    """50 connections that close, and go on sending without end."""
    peers = [stage.websocket_client() for _ in range(50)]
    after = 2000 * _message(wire.keepalive(True)) + 2000 * _message(bytes(100), PING)
    for peer in peers:
        peer.send(_message(b"\x03\xe8", CLOSE))
        peer.offer(after, 0.2)
    stage.wait_dropped(15.0)


def deflate_bomb(stage: Stage) -> None:
    """permessage-deflate is offered in every way, not taken, and a bomb under it is refused."""
    offers = (
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits; server_max_window_bits=15",
        "x-webkit-deflate-frame, permessage-deflate; client_no_context_takeover",
        "permessage-bzip2, deflate-stream",
    )
    packer = zlib.compressobj(9, wbits=-15)
    bomb = packer.compress(bytes(64 * MIB)) + packer.flush(zlib.Z_SYNC_FLUSH)
    for offer in offers:
        peer = stage.upgraded(f"Sec-WebSocket-Extensions: {offer}")
        expect(b"Extensions" not in peer.head, "no extension to be taken")
        peer.greet()
        peer.send(_message(bomb[:-4], first=FIN | RSV1))
        peer.expect_close(PROTOCOL_ERROR)


def attacks() -> list[Attack]:
    """In the order of the table."""
    cut_short = sum(
        size < needed
        for raw, needed in wire.EVERY_FRAME.values()
        for size in range(0, len(raw), 3)
    )
    return [
        Attack(
            "ws-handshakes",
            "9 upgrades that are none, and 110 starts of other protocols, which wait",
            handshakes,
            connections(120, 32 * KIB, "Beast's stream and a parser's buffer"),
            (connection_errors("NotRSocket", 9 + 110, "websocket"),),
            waits=True,
        ),
        Attack(
            "ws-held-strangers",
            "RSocket over TCP on the WebSocket port: refused, and not at once",
            held_strangers,
            counts=(connection_errors("NotRSocket", 1, "websocket"),),
        ),
        Attack("ws-cut-handshakes", "the upgrade cut at every byte", cut_handshakes),
        Attack(
            "ws-slow-handshakes",
            "200 upgrades that stop, 50 that no SETUP follows, 50 with 3 s before each step",
            slow_handshakes,
            connections(300, 32 * KIB, "Beast's stream, a parser's buffer and a session"),
            (connection_errors("SetupTimeout", 100, "websocket"),),
            waits=True,
        ),
        Attack(
            "ws-bad-frames",
            "31 WebSocket frames that are against RFC 6455",
            bad_frames,
            counts=(connection_errors("ProtocolError", 31, "websocket"),),
        ),
        Attack(
            "ws-fragmented",
            "frames in fragments of one byte, empty ones by the 100,000",
            fragmented_messages,
        ),
        Attack(
            "ws-endless-message",
            "32 MiB of a message that does not end",
            endless_message,
            bound(3 * 16 * MIB, "one message of 16 MiB in a vector of twice that, half once more"),
            (connection_errors("ProtocolError", 2, "websocket"),),
        ),
        Attack("ws-every-cut", "FIN or RST in every WebSocket frame", every_cut_message),
        Attack(
            "ws-every-truncation",
            "messages that are less than a frame",
            every_truncated_message,
            counts=(connection_errors("ProtocolError", cut_short, "websocket"),),
        ),
        Attack(
            "ws-ping-flood",
            "40,000 pings of 5 that read the pongs, and without end of 5 that do not",
            ping_flood,
            connections(10, 64 * KIB, "a client, its session and what one read brings"),
            seconds_max=240,
            waits=True,
        ),
        Attack("ws-close-flood", "50 that close and go on sending", close_flood),
        Attack(
            "ws-deflate-bomb",
            "permessage-deflate offered, and a bomb of 64 MiB",
            deflate_bomb,
            counts=(connection_errors("ProtocolError", 4, "websocket"),),
        ),
    ]
