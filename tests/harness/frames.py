"""RSocket 1.0 frames as they stand on the wire: the names of things, and reading them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

SETUP, LEASE, KEEPALIVE = 0x01, 0x02, 0x03
REQUEST_RESPONSE, REQUEST_FNF, REQUEST_STREAM, REQUEST_CHANNEL = 0x04, 0x05, 0x06, 0x07
REQUEST_N, CANCEL, PAYLOAD, ERROR, METADATA_PUSH = 0x08, 0x09, 0x0A, 0x0B, 0x0C
RESUME, RESUME_OK, EXTENSION = 0x0D, 0x0E, 0x3F

FLAG_IGNORE, FLAG_METADATA, FLAG_FOLLOWS, FLAG_COMPLETE, FLAG_NEXT = 0x200, 0x100, 0x80, 0x40, 0x20
FLAG_RESPOND = FLAG_RESUME = 0x80
FLAG_LEASE = 0x40

HEADER_BYTES = 6
PREFIX_BYTES = 3
FRAME_BYTES_MAX = 0xFFFFFF
STREAM_MAX = 0x7FFFFFFF

# What every Java client sends first: 1.0, 20 s, 90 s, application/binary twice.
JAVA_SETUP = (
    bytes.fromhex("00000000 0400 0001 0000 00004e20 00015f90")
    + b"\x12application/binary\x12application/binary"
)


@dataclass(frozen=True)
class Frame:
    """One frame; `metadata` is None where the flag is not set. `raw` has no length prefix."""

    stream: int
    type: int
    flags: int
    metadata: bytes | None
    data: bytes
    raw: bytes


def parse_frame(raw: bytes) -> Frame:
    """One frame without its length prefix."""
    stream, type_and_flags = struct.unpack(">IH", raw[:HEADER_BYTES])
    kind, flags = type_and_flags >> 10, type_and_flags & 0x3FF
    body = raw[HEADER_BYTES:]
    metadata = None
    if flags & FLAG_METADATA and kind in (REQUEST_RESPONSE, REQUEST_FNF, PAYLOAD):
        length = int.from_bytes(body[:3], "big")
        metadata, body = body[3 : 3 + length], body[3 + length :]
    return Frame(stream, kind, flags, metadata, body, raw)


def split_frames(stream: bytes) -> tuple[list[Frame], bytes]:
    """The whole frames at the front of a byte stream with u24 lengths, and what is left."""
    frames = []
    position = 0
    while position + PREFIX_BYTES <= len(stream):
        length = int.from_bytes(stream[position : position + PREFIX_BYTES], "big")
        end = position + PREFIX_BYTES + length
        if end > len(stream):
            break
        frames.append(parse_frame(stream[position + PREFIX_BYTES : end]))
        position = end
    return frames, stream[position:]
