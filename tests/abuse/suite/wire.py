"""RSocket frames for attackers: well-formed ones, and of any shape where that is asked for."""

from __future__ import annotations

import struct

from harness.frames import (
    CANCEL,
    ERROR,
    EXTENSION,
    FLAG_COMPLETE,
    FLAG_FOLLOWS,
    FLAG_IGNORE,
    FLAG_METADATA,
    FLAG_NEXT,
    FLAG_RESPOND,
    HEADER_BYTES,
    KEEPALIVE,
    LEASE,
    METADATA_PUSH,
    PAYLOAD,
    PREFIX_BYTES,
    REQUEST_CHANNEL,
    REQUEST_FNF,
    REQUEST_N,
    REQUEST_RESPONSE,
    REQUEST_STREAM,
    RESUME,
    RESUME_OK,
    SETUP,
)

MIME = b"\x12application/binary"


def frame(stream: int, kind: int, flags: int = 0, body: bytes = b"") -> bytes:
    """Header and body."""
    return struct.pack(">IH", stream, kind << 10 | flags) + body


def prefixed(raw: bytes) -> bytes:
    """Behind its u24 length, as on TCP."""
    return len(raw).to_bytes(PREFIX_BYTES, "big") + raw


def claim(length: int, start: bytes = b"") -> bytes:
    """A length prefix, and the start of the frame that it promises."""
    return length.to_bytes(PREFIX_BYTES, "big") + start


def setup(
    keepalive_ms: int = 20_000,
    lifetime_ms: int = 90_000,
    flags: int = 0,
    major: int = 1,
    minor: int = 0,
    rest: bytes = MIME + MIME,
    stream: int = 0,
) -> bytes:
    """SETUP, as the Java client sends it by default."""
    return frame(
        stream, SETUP, flags, struct.pack(">HHII", major, minor, keepalive_ms, lifetime_ms) + rest
    )


def introduced(names: bytes) -> bytes:
    """SETUP of one that says who it is, as JSON in its metadata."""
    mime = b"\x10application/json"
    metadata = len(names).to_bytes(3, "big") + names
    return setup(flags=FLAG_METADATA, rest=mime + MIME + metadata)


def with_metadata(metadata: bytes | None, data: bytes) -> tuple[int, bytes]:
    """Flag and bytes of a payload."""
    if metadata is None:
        return 0, data
    return FLAG_METADATA, len(metadata).to_bytes(3, "big") + metadata + data


def request(
    stream: int,
    data: bytes = b"",
    metadata: bytes | None = None,
    kind: int = REQUEST_RESPONSE,
    flags: int = 0,
) -> bytes:
    """REQUEST_RESPONSE, or REQUEST_FNF."""
    flag, body = with_metadata(metadata, data)
    return frame(stream, kind, flag | flags, body)


def request_many(stream: int, kind: int = REQUEST_STREAM, n: int = 1, data: bytes = b"") -> bytes:
    """REQUEST_STREAM or REQUEST_CHANNEL, which are not served."""
    return frame(stream, kind, 0, struct.pack(">I", n) + data)


def payload(
    stream: int,
    data: bytes = b"",
    metadata: bytes | None = None,
    flags: int = FLAG_NEXT | FLAG_COMPLETE,
) -> bytes:
    """PAYLOAD: by default a whole reply."""
    flag, body = with_metadata(metadata, data)
    return frame(stream, PAYLOAD, flag | flags, body)


def fragment(stream: int, data: bytes, metadata: bytes | None = None) -> bytes:
    """A PAYLOAD that another follows."""
    return payload(stream, data, metadata, FLAG_NEXT | FLAG_FOLLOWS)


def keepalive(respond: bool = False, data: bytes = b"", position: int = 0) -> bytes:
    """KEEPALIVE."""
    return frame(0, KEEPALIVE, FLAG_RESPOND if respond else 0, struct.pack(">Q", position) + data)


def error(stream: int, code: int = 0x101, text: bytes = b"") -> bytes:
    """ERROR."""
    return frame(stream, ERROR, 0, struct.pack(">I", code) + text)


def cancel(stream: int) -> bytes:
    """CANCEL."""
    return frame(stream, CANCEL)


def request_n(stream: int, n: int) -> bytes:
    """REQUEST_N."""
    return frame(stream, REQUEST_N, 0, struct.pack(">I", n))


def metadata_push(metadata: bytes = b"") -> bytes:
    """METADATA_PUSH."""
    return frame(0, METADATA_PUSH, FLAG_METADATA, metadata)


def lease() -> bytes:
    """LEASE, which nobody negotiated."""
    return frame(0, LEASE, 0, struct.pack(">II", 1000, 1))


def resume() -> bytes:
    """RESUME."""
    body = struct.pack(">HHH", 1, 0, 4) + b"abcd" + struct.pack(">QQ", 0, 0)
    return frame(0, RESUME, 0, body)


def resume_ok() -> bytes:
    """RESUME_OK."""
    return frame(0, RESUME_OK, 0, struct.pack(">Q", 0))


def extension(ignore: bool, data: bytes = b"") -> bytes:
    """EXT of a type that nobody knows."""
    return frame(0, EXTENSION, FLAG_IGNORE if ignore else 0, struct.pack(">I", 7) + data)


def unknown(ignore: bool, data: bytes = b"", kind: int = 0x20) -> bytes:
    """A type that RSocket 1.0 has not."""
    return frame(0, kind, FLAG_IGNORE if ignore else 0, data)


# One of every type that a client could send on an open connection, and how many of its bytes it
# needs: cut shorter it is malformed, from there on it is another whole frame.
EVERY_FRAME: dict[str, tuple[bytes, int]] = {
    "SETUP": (setup(), HEADER_BYTES + 12 + 2 * len(MIME)),
    "LEASE": (lease(), HEADER_BYTES + 8),
    "KEEPALIVE": (keepalive(data=b"abc"), HEADER_BYTES + 8),
    "REQUEST_RESPONSE": (request(0x101, b"data", b"metadata"), HEADER_BYTES + 3 + 8),
    "REQUEST_FNF": (request(0x103, b"data", b"metadata", REQUEST_FNF), HEADER_BYTES + 3 + 8),
    "REQUEST_STREAM": (request_many(0x105, REQUEST_STREAM, data=b"data"), HEADER_BYTES + 4),
    "REQUEST_CHANNEL": (request_many(0x107, REQUEST_CHANNEL, data=b"data"), HEADER_BYTES + 4),
    "REQUEST_N": (request_n(0x101, 5), HEADER_BYTES + 4),
    "CANCEL": (cancel(0x101), HEADER_BYTES),
    "PAYLOAD": (payload(0x1F0, b"data", b"metadata"), HEADER_BYTES + 3 + 8),
    "ERROR": (error(0x1F0, 0x201, b"text"), HEADER_BYTES + 4),
    "METADATA_PUSH": (metadata_push(b"metadata"), HEADER_BYTES),
    "RESUME": (resume(), HEADER_BYTES + 6 + 4 + 16),
    "RESUME_OK": (resume_ok(), HEADER_BYTES + 8),
    "EXT with I": (extension(True, b"data"), HEADER_BYTES + 4),
    "unknown with I": (unknown(True, b"data"), HEADER_BYTES),
}
