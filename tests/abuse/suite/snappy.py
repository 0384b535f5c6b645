"""Snappy blocks (the raw format) by hand: honest ones, and bombs."""

from __future__ import annotations

COPY_BYTES_MAX = 64  # of one copy element, which takes three
_LITERAL_BYTES_MAX = 1 << 16


def preamble(size: int) -> bytes:
    """The varint that says how long the text is."""
    out = bytearray()
    while size >= 0x80:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    out.append(size)
    return bytes(out)


def literals(text: bytes) -> bytes:
    """Elements that spell the text out."""
    out = bytearray()
    for begin in range(0, len(text), _LITERAL_BYTES_MAX):
        piece = text[begin : begin + _LITERAL_BYTES_MAX]
        out += bytes([61 << 2]) + (len(piece) - 1).to_bytes(2, "little") + piece
    return bytes(out)


def compress(text: bytes) -> bytes:
    """A valid block, no smaller than the text."""
    return preamble(len(text)) + literals(text)


def bomb(start: bytes, size: int, back: int) -> bytes:
    """A valid block of 3/64 of `size`: `start`, and then again and again what is `back` before."""
    copies, rest = divmod(size - len(start), COPY_BYTES_MAX)
    element = bytes([(COPY_BYTES_MAX - 1) << 2 | 2]) + back.to_bytes(2, "little")
    last = bytes([(rest - 1) << 2 | 2]) + back.to_bytes(2, "little") if rest else b""
    return preamble(size) + literals(start) + copies * element + last
