"""Just enough RSocket to look at a recording: which frames went, and that nothing was readable."""

from __future__ import annotations

from harness.frames import (
    PAYLOAD,
    REQUEST_FNF,
    REQUEST_RESPONSE,
    SETUP,
    Frame,
    parse_frame,
    split_frames,
)
from harness.outcome import Failed, expect

from .tap import Recording

# In the text of every peer: whoever can read it on the wire reads the metrics.
SECRET = b"interop-secret"


def _websocket_frames(stream: bytes) -> list[Frame]:
    """The whole frames of a WebSocket connection: its binary messages, unmasked."""
    frames = []
    message = b""
    position = stream.find(b"\r\n\r\n") + 4
    while position + 2 <= len(stream):
        first, second = stream[position], stream[position + 1]
        length, header = second & 0x7F, 2
        if length >= 126:
            wide = 2 if length == 126 else 8
            length = int.from_bytes(stream[position + 2 : position + 2 + wide], "big")
            header += wide
        mask = b"\0\0\0\0"
        if second & 0x80:
            mask = stream[position + header : position + header + 4]
            header += 4
        end = position + header + length
        if end > len(stream):
            break
        content = stream[position + header : end]
        if first & 0x0F in (0, 2):
            message += bytes(byte ^ mask[i % 4] for i, byte in enumerate(content))
            if first & 0x80:
                frames.append(parse_frame(message))
                message = b""
        position = end
    return frames


def frames(stream: bytes | bytearray, transport: str) -> list[Frame]:
    """The whole frames in one direction of a connection."""
    if transport == "tcp":
        return split_frames(bytes(stream))[0]
    return _websocket_frames(bytes(stream))


def _is_public_key(data: bytes) -> bool:
    """Whether these bytes are one DER SEQUENCE of a length that a SubjectPublicKeyInfo has."""
    return data[:2] == b"\x30\x82" and int.from_bytes(data[2:4], "big") == len(data) - 4 > 256


def expect_sealed_scrapes(recording: Recording, transport: str, setup: bytes | None) -> int:
    """Check one connection as the wire sees it; how many scrapes went over it.

    The first frame is `setup`; a key came at once and with each request; each reply has a sealed
    key and whole AES blocks; the text is nowhere to be read.
    """
    sent = frames(recording.from_client, transport)
    received = frames(recording.from_proxy, transport)
    expect(sent and sent[0].type == SETUP, "SETUP first")
    if setup is not None:
        expect(sent[0].raw == setup, f"SETUP as known, it was {sent[0].raw.hex()}")
    keys = [frame for frame in received if frame.type in (REQUEST_FNF, REQUEST_RESPONSE)]
    expect(keys and keys[0].type == REQUEST_FNF and keys[0].stream == 2, "the key on stream 2")
    expect(all(_is_public_key(frame.data) for frame in keys), "a public key in every request")
    expect(
        [frame.stream for frame in keys] == list(range(2, 2 * len(keys) + 2, 2)),
        "streams 2, 4, 6, …",
    )
    replies = [frame for frame in sent if frame.type == PAYLOAD]
    for reply in replies:
        expect(len(reply.metadata or b"") == 256, "a key of 256 sealed bytes as metadata")
        expect(reply.data and len(reply.data) % 16 == 0, "whole AES blocks as data")
    for frame in sent + received:
        if SECRET in frame.raw:
            raise Failed(f"the text can be read on the wire, in a frame of type {frame.type}")
    return len(replies)
