"""Peers of the proxy, byte by byte: they can say anything, and tell what they are answered."""

from __future__ import annotations

import select
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from harness.frames import ERROR as ERROR_TYPE
from harness.frames import FRAME_BYTES_MAX, REQUEST_FNF, Frame, split_frames
from harness.outcome import Failed, expect

from . import wire
from .certificate import trusting

ANSWER_SECONDS = 15.0

# The stream ids of probe(): nothing else here uses them.
_FIRST_PROBE = 0x4000_0001


class Ended(Failed):
    """The proxy has ended the connection, where it was not expected to."""


class Peer:
    """A TCP connection to 127.0.0.1:`port`, for bytes."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self.begun_at = time.monotonic()  # no later than the proxy knows of it
        self.socket = socket.create_connection(
            ("127.0.0.1", port), ANSWER_SECONDS, source_address=(source, 0)
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""  # and not taken

    def take_little(self) -> None:
        """The kernel keeps little that is not read: it would take megabytes, a few by the second."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def encrypt(self) -> None:
        """The handshake of TLS; from here on all goes through it."""
        self.socket = trusting().wrap_socket(self.socket, server_hostname="proxy")

    def send(self, data: bytes) -> None:
        """All of it; Ended when the proxy does not take it any more, or for too long."""
        self.socket.settimeout(ANSWER_SECONDS)
        try:
            self.socket.sendall(data)
        except OSError as failure:
            raise Ended(f"not taken: {failure!r}") from failure

    def offer(self, data: bytes, within_seconds: float = ANSWER_SECONDS) -> bool:
        """As much of it as is taken within the time; whether that was all of it."""
        return self.offer_from(data, 0, within_seconds) == len(data)

    def offer_from(self, data: bytes, begin: int, within_seconds: float) -> int:
        """The same of what is behind `begin`; where it is to be gone on with."""
        deadline = time.monotonic() + within_seconds
        rest = memoryview(data)[begin:]
        with suppress(OSError):
            while rest and (left := deadline - time.monotonic()) > 0:
                self.socket.settimeout(left)
                rest = rest[self.socket.send(rest) :]
        return len(data) - len(rest)

    def read_some(
        self, within_seconds: float = ANSWER_SECONDS, bytes_max: int = 1 << 18
    ) -> bool:
        """Wait for bytes; False at the end of the stream. Failed when neither comes."""
        self.socket.settimeout(max(within_seconds, 0.001))
        try:
            chunk = self.socket.recv(bytes_max)
        except TimeoutError as failure:
            raise Failed(f"neither bytes nor the end within {within_seconds:.1f} s") from failure
        except OSError:
            return False
        self.received += chunk
        return bool(chunk)

    def read_to_end(self, within_seconds: float = ANSWER_SECONDS) -> bytes:
        """Everything until the proxy ends the stream, by FIN or reset; Failed if it does not."""
        deadline = time.monotonic() + within_seconds
        while self.read_some(deadline - time.monotonic()):
            pass
        got, self.received = self.received, b""
        return got

    def expect_end(self, within_seconds: float = ANSWER_SECONDS) -> None:
        """The end of the stream, whatever comes before it."""
        self.read_to_end(within_seconds)

    def has_ended(self) -> bool:
        """Whether the stream has ended by now; what came before is dropped."""
        self.socket.settimeout(0.0)
        try:
            while chunk := self.socket.recv(1 << 18):
                self._drop(chunk)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            pass
        return True

    def is_silent(self) -> bool:
        """Whether neither bytes nor the end have come that were not read."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return not poll.poll(0)

    def has_hung_up(self) -> bool:
        """Whether the proxy has ended the connection, though nothing was read of it."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP)
        return bool(poll.poll(0))

    def _drop(self, chunk: bytes) -> None:
        """What nobody wants to know of what has come."""

    def finish(self) -> None:
        """FIN: no more will be sent."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def end(self, *, by_reset: bool) -> None:
        """RST; or FIN, and the proxy's end is waited for."""
        if by_reset:
            self.reset()
            return
        self.finish()
        self.expect_end()
        self.close()

    def reset(self) -> None:
        """RST, whatever is under way."""
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


class RSocketPeer(Peer):
    """… for RSocket frames over TCP; `key` is the proxy's, once greet() has been called."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        super().__init__(port, source)
        self.key = b""
        self._frames: list[Frame] = []
        self._probes = 0

    def wrapped(self, raw: bytes) -> bytes:
        """A frame as the bytes that carry it."""
        return wire.prefixed(raw)

    def claim(self, start: bytes) -> bytes:
        """What promises the largest frame, and the start of it."""
        return wire.claim(FRAME_BYTES_MAX, start)

    def send_frame(self, *raws: bytes) -> None:
        """Frames, in one piece."""
        self.send(b"".join(self.wrapped(raw) for raw in raws))

    def greet(self, setup: bytes | None = None) -> None:
        """SETUP, and wait for the key."""
        self.send_frame(wire.setup() if setup is None else setup)
        self.key = self.wait_frame(REQUEST_FNF).data

    def read_frame(self, within_seconds: float = ANSWER_SECONDS) -> Frame:
        """The next frame; Ended at the end of the stream."""
        deadline = time.monotonic() + within_seconds
        while not self._frames:
            self._take_frames()
            if not self._frames and not self.read_some(deadline - time.monotonic()):
                raise Ended("the proxy has ended the connection")
        return self._frames.pop(0)

    def _take_frames(self) -> None:
        self._frames, self.received = split_frames(self.received)

    def wait_frame(
        self, kind: int, stream: int | None = None, within_seconds: float = ANSWER_SECONDS
    ) -> Frame:
        """The next frame of this type (and stream); those before are dropped."""
        deadline = time.monotonic() + within_seconds
        while True:
            got = self.read_frame(deadline - time.monotonic())
            if got.type == kind and stream in (None, got.stream):
                return got

    def expect_error(self, code: int, stream: int = 0) -> None:
        """An ERROR of this code on this stream; if it is 0, then the end."""
        got = self.wait_frame(ERROR_TYPE, stream)
        found = int.from_bytes(got.raw[6:10], "big")
        expect(found == code, f"ERROR {code:#x} on stream {stream}, it was {found:#x}")
        if stream == 0:
            self.expect_goodbye()

    def expect_goodbye(self) -> None:
        """What follows an ERROR on stream 0."""
        self.expect_end()

    def probe(self) -> None:
        """Everything sent so far has been handled, and the connection is open."""
        stream = _FIRST_PROBE + 2 * self._probes
        self._probes += 1
        self.send_frame(wire.request_many(stream))
        self.expect_error(0x201, stream)


class WebSocketPeer(RSocketPeer):
    """… for frames in binary messages over WebSocket; and for WebSocket frames of any shape.

    The proxy's close frame is answered, as it is read, by a close frame with the same code.
    """

    BINARY, CLOSE, PONG = 2, 8, 10
    NORMAL = 1000

    head = b""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        super().__init__(port, source)
        self.close_codes: list[int] = []  # of the proxy's close frames
        self.pongs = 0

    def upgrade(self, *headers: str) -> None:
        """The handshake, with these headers too; `head` is the answer's."""
        lines = [
            "GET / HTTP/1.1",
            "Host: proxy",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            *headers,
        ]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.received:
            expect(self.read_some(), "an answer to the upgrade")
        self.head, _, self.received = self.received.partition(b"\r\n\r\n")
        expect(self.head.startswith(b"HTTP/1.1 101 "), f"101, it was {self.head[:60]!r}")

    @staticmethod
    def message(
        content: bytes,
        opcode: int = BINARY,
        first: int = 0x80,
        masked: bool = True,
        length: bytes | None = None,
    ) -> bytes:
        """One WebSocket frame. `first`: FIN and RSV bits; `length`: length bytes to lie with."""
        size = len(content)
        if length is None:
            if size < 126:
                length = bytes([size])
            elif size < 1 << 16:
                length = b"\x7e" + size.to_bytes(2, "big")
            else:
                length = b"\x7f" + size.to_bytes(8, "big")
        if not masked:
            return bytes([first | opcode]) + length + content
        # A mask of zeros is a mask like any other: the content goes as it is.
        return bytes([first | opcode, length[0] | 0x80]) + length[1:] + bytes(4) + content

    def wrapped(self, raw: bytes) -> bytes:
        """In one message."""
        return self.message(raw)

    def claim(self, start: bytes) -> bytes:
        """What promises the largest message, and the start of it."""
        return self.message(start, length=b"\x7f" + FRAME_BYTES_MAX.to_bytes(8, "big"))

    def _take_frames(self) -> None:
        for opcode, content in self.take_messages():
            if opcode == self.BINARY:
                self._frames += split_frames(wire.prefixed(content))[0]

    def take_messages(self) -> list[tuple[int, bytes]]:
        """The whole WebSocket frames that have come: opcode and content."""
        found, self.received = self.split(self.received)
        for opcode, content in found:
            self.pongs += opcode == self.PONG
            if opcode == self.CLOSE:
                self.close_codes.append(int.from_bytes(content[:2], "big"))
                self.offer(self.message(content, self.CLOSE))
        return found

    def _drop(self, chunk: bytes) -> None:
        self.received += chunk
        self.take_messages()

    @staticmethod
    def split(stream: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
        """The whole unmasked WebSocket frames at the front of a stream, and what is left."""
        found = []
        position = 0
        while position + 2 <= len(stream):
            size, begin = stream[position + 1] & 0x7F, position + 2
            if size >= 126:
                wide = 2 if size == 126 else 8
                size = int.from_bytes(stream[begin : begin + wide], "big")
                begin += wide
            if begin + size > len(stream):
                break
            found.append((stream[position] & 0x0F, stream[begin : begin + size]))
            position = begin + size
        return found, stream[position:]

    def expect_end(self, within_seconds: float = ANSWER_SECONDS) -> None:
        """The end of the stream, whatever comes before it."""
        self.closing_messages(within_seconds)

    def expect_goodbye(self) -> None:
        """A close frame, and the end."""
        self.expect_close(self.NORMAL)

    def expect_close(self, code: int) -> None:
        """A close frame of this code, once, and then the end."""
        self.closing_messages()
        expect(self.close_codes == [code], f"a close frame of {code}, it was {self.close_codes}")

    def closing_messages(
        self, within_seconds: float = ANSWER_SECONDS
    ) -> list[tuple[int, bytes]]:
        """What comes until the end of the stream."""
        deadline = time.monotonic() + within_seconds
        found = self.take_messages()
        while self.read_some(deadline - time.monotonic()):
            found += self.take_messages()
        return found


def watch_ends(
    peers: Iterable[Peer],
    within_seconds: float,
    every_second: Callable[[Peer], object] = lambda _: None,
) -> list[float]:
    """How many seconds after its begin the stream of each ends; Failed if one does not in time.

    `every_second` is done with each that is still open.
    """
    deadline = time.monotonic() + within_seconds
    poll = select.poll()
    is_open: dict[int, Peer] = {peer.socket.fileno(): peer for peer in peers}
    for number in is_open:
        poll.register(number, select.POLLIN)
    lives: list[float] = []
    next_second = time.monotonic()
    while is_open:
        now = time.monotonic()
        expect(now < deadline, f"all to end, {len(is_open)} have not in {within_seconds:g} s")
        if now >= next_second:
            next_second += 1.0
            for peer in is_open.values():
                every_second(peer)
        for number, _ in poll.poll(1000 * max(0.0, min(next_second, deadline) - now)):
            if is_open[number].has_ended():
                poll.unregister(number)
                lives.append(time.monotonic() - is_open.pop(number).begun_at)
    return lives


def flood(
    floods: Mapping[Peer, bytes],
    bytes_max: int,
    idle_seconds: float,
    meanwhile: Callable[[Peer], object] = lambda _: None,
) -> dict[Peer, int]:
    """Sends each its bytes again and again, all of them at once; how many were taken by each.

    It is over when each has taken `bytes_max` (or up to a round more) or has ended, or when nothing
    was taken by any for `idle_seconds`. `meanwhile` is done with each after each piece.
    """
    taken = dict.fromkeys(floods, 0)
    pieces: dict[int, Peer] = {peer.socket.fileno(): peer for peer in floods}
    poll = select.poll()
    for number in pieces:
        poll.register(number, select.POLLOUT)
    last = time.monotonic()
    while pieces and (left := last + idle_seconds - time.monotonic()) > 0:
        for number, _ in poll.poll(1000 * left):
            peer = pieces[number]
            data = memoryview(floods[peer])
            peer.socket.settimeout(0.0)
            try:
                sent = peer.socket.send(data[taken[peer] % len(data) :])
            except BlockingIOError:
                continue
            except OSError:
                sent = 0
            taken[peer] += sent
            last = time.monotonic()
            meanwhile(peer)
            if sent == 0 or taken[peer] >= bytes_max:
                poll.unregister(number)
                del pieces[number]
    return taken
