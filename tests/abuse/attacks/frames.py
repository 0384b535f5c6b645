"""Attacks on the framing: frames cut, split, overlong, short, foreign; on TCP, frame by frame."""

from __future__ import annotations

import random
import threading
import time
from functools import partial

from suite import wire
from suite.attack import (
    KIB,
    MIB,
    Attack,
    bound,
    connection_errors,
    connections,
    counted,
)
from suite.peer import RSocketPeer
from suite.stage import Stage

from harness.frames import (
    CANCEL,
    EXTENSION,
    FLAG_COMPLETE,
    FLAG_FOLLOWS,
    FLAG_IGNORE,
    FLAG_LEASE,
    FLAG_METADATA,
    FLAG_NEXT,
    FLAG_RESUME,
    FRAME_BYTES_MAX,
    HEADER_BYTES,
    KEEPALIVE,
    LEASE,
    METADATA_PUSH,
    PAYLOAD,
    REQUEST_CHANNEL,
    REQUEST_FNF,
    REQUEST_N,
    REQUEST_RESPONSE,
    REQUEST_STREAM,
    RESUME,
    RESUME_OK,
    SETUP,
)
from harness.outcome import Failed, expect

INVALID_SETUP, UNSUPPORTED_SETUP, REJECTED_SETUP, REJECTED_RESUME = 1, 2, 3, 4
CONNECTION_ERROR = 0x101

FIRST_FRAME_SECONDS = 10.0  # rsocket::kFirstFrameTime: TLS and the upgrade are within it
STALL_SECONDS = 30.0  # transport::kReadStallTime, kWriteStallTime; rsocket::kReassemblyTime
# A write that stalls is looked for every STALL_SECONDS: within twice that after its last byte.
STALL_LATE_SECONDS = 2 * STALL_SECONDS + 5.0
SETUP_BYTES_MAX, CONTROL_BYTES_MAX = 64 * KIB, 1 * KIB  # rsocket's limits
APART_SECONDS = 0.002

TRANSPORTS = {"": "tcp", "ws-": "websocket"}  # and what the names of attacks begin with


def _judge(what: str, peer: RSocketPeer, is_whole: bool, code: int) -> None:
    """The connection goes on where the frame was whole; else it is told why, and ended."""
    try:
        if is_whole:
            peer.probe()
        else:
            peer.expect_error(code)
    except Failed as failed:
        raise Failed(f"{what}: {failed}") from failed


def every_truncation(stage: Stage) -> None:
    """A frame whose length is that of less than the frame: malformed, told and ended at once."""
    ended = 0
    for name, (raw, needed) in wire.EVERY_FRAME.items():
        for size in range(len(raw)):
            peer = stage.client()
            peer.send_frame(raw[:size])
            _judge(f"{name} cut to {size}", peer, size >= needed, CONNECTION_ERROR)
            ended += size < needed
            peer.close()
    first = wire.setup()
    for size in range(len(first)):
        peer = stage.stranger()
        peer.send_frame(first[:size])
        _judge(f"the first SETUP cut to {size}", peer, False, INVALID_SETUP)
        peer.close()
    stage.note("truncations", ended + len(first))


def every_cut(stage: Stage) -> None:
    """FIN, or RST, at every byte of every frame."""
    cuts = 0
    for number, (raw, _) in enumerate(wire.EVERY_FRAME.values()):
        bytes_of_it = wire.prefixed(raw)
        for size in range(1, len(bytes_of_it)):
            peer = stage.client()
            peer.send(bytes_of_it[:size])
            peer.end(by_reset=bool((number + size) % 2))
            cuts += 1
    stage.wait_metric("scrape_active_connections", 2)
    stage.note("cuts", cuts)


def every_split(stage: Stage) -> None:
    """Every frame in two pieces, split at every byte; and byte by byte.

    How the pieces are read is the kernel's choice. Between those of SETUP, and at every fourth byte
    of the others, there is a pause in which an idle proxy reads the first one alone.
    """
    splits = 0
    pause = threading.Event()
    first = wire.prefixed(wire.setup())
    for at in range(1, len(first)):
        peer = stage.stranger()
        peer.send(first[:at])
        pause.wait(APART_SECONDS)
        peer.send(first[at:])
        peer.wait_frame(REQUEST_FNF)
        peer.close()
        splits += 1
    for raw, _ in wire.EVERY_FRAME.values():
        bytes_of_it = wire.prefixed(raw)
        for at in range(1, len(bytes_of_it)):
            peer = stage.client()
            peer.send(bytes_of_it[:at])
            if at % 4 == 0:
                pause.wait(APART_SECONDS)
            peer.send(bytes_of_it[at:])
            for i in range(len(bytes_of_it)):
                peer.send(bytes_of_it[i : i + 1])
            peer.probe()
            peer.close()
            splits += 1
    stage.note("splits", splits)


# Header alone, types that need no body: all others are malformed without one.
_BODYLESS = (CANCEL, METADATA_PUSH, PAYLOAD, REQUEST_FNF, REQUEST_RESPONSE)
_KNOWN = (*range(SETUP, RESUME_OK + 1), EXTENSION)


def _is_whole(stream: int, kind: int, flags: int) -> bool:
    """Whether a header without a body is a frame after which the connection goes on."""
    if kind not in _KNOWN:
        return bool(flags & FLAG_IGNORE)
    if kind not in _BODYLESS:
        return False
    if kind == METADATA_PUSH:
        return stream == 0
    if kind == CANCEL:
        return stream != 0
    if stream == 0 or flags & FLAG_METADATA:
        return False
    if kind == PAYLOAD:
        return bool(flags & (FLAG_NEXT | FLAG_COMPLETE))
    return stream == 1 and not flags & FLAG_FOLLOWS  # of our parity, and no empty fragment


_FLAGS = [0, 0x3FF, *(1 << bit for bit in range(10))]
_STREAMS = (0, 1, 0x80000002)
EVERY_HEADER = [(s, kind, flags) for kind in range(64) for s in _STREAMS for flags in _FLAGS]


def every_header(stage: Stage) -> None:
    """Every type with each flag alone, none and all, on three kinds of stream, and no body."""
    for stream, kind, flags in EVERY_HEADER:
        peer = stage.client()
        peer.send_frame(wire.frame(stream, kind, flags))
        what = f"type {kind:#x} with flags {flags:#x} on stream {stream:#x}"
        _judge(what, peer, _is_whole(stream, kind, flags), CONNECTION_ERROR)
        peer.close()


def claim_and_silence_first(stage: Stage) -> None:
    """16 MiB are promised as the first frame, and nothing comes: over in 10 s."""
    starts = [b"", bytes(5), wire.setup()[:30], wire.frame(0, SETUP)]
    peers = []
    for i in range(200):
        peer = stage.stranger()
        peer.send(wire.claim(FRAME_BYTES_MAX if i % 4 < 2 else 65_535, starts[i % 4]))
        peers.append(peer)
    stage.expect_dropped(peers, FIRST_FRAME_SECONDS)


def claim_and_silence(transport: str, stage: Stage) -> None:
    """16 MiB of a push are promised on 100 connections, 4 KiB come: over in 30 s."""
    peers = []
    for _ in range(100):
        peer = stage.client(wire.setup(lifetime_ms=300_000), transport)
        peer.send(peer.claim(wire.request(1) + bytes(4096)))
        peers.append(peer)
    stage.wait_at_least("inflight_bytes", 100 * 4096)
    stage.note("in flight", f"{stage.metric('inflight_bytes') / 1024:.0f} KiB")
    stage.expect_dropped(peers, STALL_SECONDS)
    stage.wait_metric("inflight_bytes", 0)


def trickle_first(stage: Stage) -> None:
    """A byte a second of a first frame: over in 10 s."""
    peers = [stage.stranger() for _ in range(40)]
    for peer in peers:
        peer.send(wire.claim(65_000, wire.setup()[:20]))
    stage.expect_dropped(peers, FIRST_FRAME_SECONDS, every_second=lambda peer: peer.offer(b"\0"))


def trickle(transport: str, stage: Stage) -> None:
    """A byte a second of a push of 16 MiB: given up in 30 s, and the client stays."""
    began = time.monotonic()
    peers = [stage.client(wire.setup(lifetime_ms=300_000), transport) for _ in range(40)]
    for peer in peers:
        peer.send(peer.claim(wire.request(1) + bytes(4096)))
    whole = 40 * 4096
    stage.wait_at_least("inflight_bytes", whole)
    second = threading.Event()
    while left := stage.metric("inflight_bytes"):
        waited = time.monotonic() - began
        expect(left >= whole or waited > STALL_SECONDS, f"no push given up after {waited:.1f} s")
        expect(waited < STALL_SECONDS + 5.0, f"every push given up in {waited:.1f} s")
        for peer in peers:
            peer.offer(b"\0")
        second.wait(1.0)
    expect(not any(peer.has_ended() for peer in peers), "a push given up is no reason to end")


INFLIGHT_BYTES = 64 * MIB


def whole_claims(stage: Stage) -> None:
    """24 pushes of 16 MiB of junk at once: beyond --rsocket.max-inflight-bytes."""
    most = FRAME_BYTES_MAX - HEADER_BYTES - 64
    chunk = bytes(MIB)
    peers = [stage.client() for _ in range(24)]
    for peer in peers:
        peer.send(wire.claim(FRAME_BYTES_MAX, wire.request(1)))
    for _ in range(most // MIB):
        for peer in peers:
            peer.send(chunk)
    stage.note("in flight", f"{stage.metric('inflight_bytes') / MIB:.0f} MiB")
    expect(stage.metric("inflight_bytes") <= INFLIGHT_BYTES, "no more than may be in flight")
    for peer in peers:
        peer.send(bytes(FRAME_BYTES_MAX - HEADER_BYTES - most // MIB * MIB))
        peer.probe()  # refused, and nothing else
    stage.wait_metric("inflight_bytes", 0)


def overlong(stage: Stage) -> None:
    """SETUP over 64 KiB, control frames over 1 KiB, ERROR of 16 MiB, everything else unasked."""
    for kind in (LEASE, KEEPALIVE, REQUEST_N, CANCEL):
        peer = stage.client()
        stream = 0 if kind in (LEASE, KEEPALIVE) else 1
        peer.send(wire.claim(CONTROL_BYTES_MAX + 1, wire.frame(stream, kind)))
        peer.expect_error(CONNECTION_ERROR)
    peer = stage.stranger()
    peer.send(wire.claim(SETUP_BYTES_MAX + 1, wire.setup()))
    peer.expect_error(INVALID_SETUP)
    peer = stage.client(wire.setup() + bytes(SETUP_BYTES_MAX - len(wire.setup())))
    longest = wire.keepalive(True, bytes(CONTROL_BYTES_MAX - len(wire.keepalive())))
    peer.send_frame(longest)
    expect(len(peer.wait_frame(KEEPALIVE).raw) == CONTROL_BYTES_MAX, "an answer to the longest")
    body = bytes(FRAME_BYTES_MAX - HEADER_BYTES)
    peer = stage.client()
    # None of these is waited for: each is passed over as it comes.
    for raw in (
        wire.error(0x101, text=body[4:]),
        wire.payload(0x101, body),
        wire.metadata_push(body),
        wire.unknown(True, body),
        wire.extension(True, body[4:]),
        wire.setup(rest=b"") + bytes(60_000),
        wire.request_many(0x103, data=body[4:]),
    ):
        peer.send_frame(raw)
    peer.probe()
    peer.send_frame(wire.error(0, 0x101, body[4:]))
    peer.expect_end()


def setup_abuse(stage: Stage) -> None:
    """SETUP that is refused in every way, twice, and pipelined with requests and keepalives."""
    refused = {
        "version 2.0": (wire.setup(major=2), UNSUPPORTED_SETUP),
        "version 1.1": (wire.setup(minor=1), UNSUPPORTED_SETUP),
        "interval 0": (wire.setup(keepalive_ms=0), INVALID_SETUP),
        "lifetime 0": (wire.setup(lifetime_ms=0), INVALID_SETUP),
        "lease": (wire.setup(flags=FLAG_LEASE), UNSUPPORTED_SETUP),
        "resume": (wire.setup(flags=FLAG_RESUME, rest=b"\0\4abcd" + 2 * wire.MIME), REJECTED_SETUP),
        "on a stream": (wire.setup(stream=1), INVALID_SETUP),
        "token beyond": (wire.setup(flags=FLAG_RESUME, rest=b"\xff\xffabcd"), INVALID_SETUP),
        "MIME beyond": (wire.setup(rest=b"\xffapplication"), INVALID_SETUP),
        "metadata beyond": (
            wire.setup(flags=FLAG_METADATA, rest=2 * wire.MIME + b"\xff\xff\xff"),
            INVALID_SETUP,
        ),
        "RESUME": (wire.resume(), REJECTED_RESUME),
        "KEEPALIVE": (wire.keepalive(), INVALID_SETUP),
        "a push": (wire.request(1), INVALID_SETUP),
    }
    for what, (raw, code) in refused.items():
        peer = stage.stranger()
        peer.send_frame(raw, wire.setup(), wire.request(1))
        _judge(what, peer, False, code)
    peer = stage.stranger()
    twice = [wire.setup(), wire.setup(major=2), wire.setup(keepalive_ms=0x7FFFFFFF)]
    peer.send_frame(*twice, wire.keepalive(True, b"abc"), wire.request(1), *twice)
    expect(peer.wait_frame(KEEPALIVE).raw.endswith(b"abc"), "an answer to the KEEPALIVE")
    peer.expect_error(0x204, 1)
    peer.probe()


# What other protocols say first.
FOREIGN = {
    "HTTP/1.1": b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "TLS hello": bytes.fromhex("1603010200010001fc0303") + bytes(range(256)) * 2,
    "SSH": b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
    "PROXY v1": b"PROXY TCP4 10.0.0.1 10.0.0.2 56324 443\r\n",
    "PROXY v2": bytes.fromhex("0d0a0d0a000d0a515549540a 2111000c 7f0000017f00000101bb01bb"),
    "zeros": bytes(4096),
    "ones": b"\xff" * 4096,
    "SMB": bytes.fromhex("00000085ff534d4272000000001853c8") + bytes(117),
    "WebSocket upgrade": b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
}
RANDOM_STARTS = 300


def _random_start(source: random.Random) -> bytes:
    """A length and a header of no SETUP and no RESUME, and some of what the length promises."""
    while True:
        start = source.randbytes(source.randrange(9, 512))
        if start[7] >> 2 not in (SETUP, RESUME):
            return start


def foreign_bytes(stage: Stage) -> None:
    """Other protocols, and random bytes, on the TCP port: told why, and ended at once.

    Nobody ends or goes on: what makes the proxy answer is the header of what it takes for a frame.
    """
    source = random.Random(1)
    starts = list(FOREIGN.values()) + [_random_start(source) for _ in range(RANDOM_STARTS)]
    peers = [stage.stranger() for _ in starts]
    for peer, start in zip(peers, starts, strict=True):
        peer.offer(start)
    for peer, start in zip(peers, starts, strict=True):
        _judge(f"{start[:20]!r}", peer, False, INVALID_SETUP)


def metadata_beyond(stage: Stage) -> None:
    """A metadata length beyond what is left of the frame, in each type that has one."""
    n = bytes([0, 0, 0, 1])
    before = {
        REQUEST_RESPONSE: b"",
        REQUEST_FNF: b"",
        PAYLOAD: b"",
        REQUEST_STREAM: n,
        REQUEST_CHANNEL: n,
        EXTENSION: n,
    }
    for kind, start in before.items():
        for length, rest in ((1, b""), (5, b"abcd"), (0xFFFFFF, b"abcd")):
            peer = stage.client()
            flags = FLAG_METADATA | (FLAG_NEXT if kind == PAYLOAD else 0)
            stream = 0 if kind == EXTENSION else 1
            body = start + length.to_bytes(3, "big") + rest
            peer.send_frame(wire.frame(stream, kind, flags, body))
            peer.expect_error(CONNECTION_ERROR)


def short_frames(stage: Stage) -> None:
    """Frames of no byte to 5, one and thousands of them."""
    for size in range(HEADER_BYTES):
        for start, code in ((b"", INVALID_SETUP), (wire.prefixed(wire.setup()), CONNECTION_ERROR)):
            peer = stage.stranger()
            peer.offer(start + 5000 * wire.claim(size, bytes(size)))
            _judge(f"frames of {size} bytes", peer, False, code)


def attacks() -> list[Attack]:
    """In the order of the table."""
    cut_short = sum(needed for _, needed in wire.EVERY_FRAME.values())
    return [
        Attack(
            "every-truncation",
            "every frame type, cut to every length",
            every_truncation,
            counts=(
                connection_errors("ProtocolError", cut_short),
                connection_errors("NotRSocket", 56),
            ),
        ),
        Attack("every-cut", "FIN or RST at every byte of every frame", every_cut),
        Attack(
            "every-split", "every frame in two pieces at every byte, and byte by byte", every_split
        ),
        Attack(
            "every-header",
            "64 types x 12 sets of flags x 3 streams without a body",
            every_header,
            counts=(
                connection_errors(
                    "ProtocolError", sum(not _is_whole(*header) for header in EVERY_HEADER)
                ),
            ),
        ),
        Attack(
            "claim-silence-first",
            "200 first frames that promise 16 MiB or 64 KiB, then silence",
            claim_and_silence_first,
            connections(200, 16 * KIB, "a first read's buffer and a session"),
            (connection_errors("SetupTimeout", 200),),
            waits=True,
        ),
        *(
            Attack(
                f"{prefix}claim-silence",
                f"100 pushes that promise 16 MiB over {transport}, 4 KiB of it, then silence",
                partial(claim_and_silence, transport),
                connections(100, 64 * KIB, "at most 16 times the 4 KiB that came (frame_reader)"),
                waits=True,
            )
            for prefix, transport in TRANSPORTS.items()
        ),
        Attack(
            "claim-trickle-first",
            "40 first frames of 64 KiB, a byte a second",
            trickle_first,
            connections(40, 16 * KIB, "a first read's buffer and a session"),
            (connection_errors("SetupTimeout", 40),),
            waits=True,
        ),
        *(
            Attack(
                f"{prefix}claim-trickle",
                f"40 pushes of 16 MiB over {transport}, a byte a second",
                partial(trickle, transport),
                connections(40, 64 * KIB, "at most 16 times the 4 KiB that came (frame_reader)"),
                (counted("pushes_refused_total", 40),),
                waits=True,
            )
            for prefix, transport in TRANSPORTS.items()
        ),
        Attack(
            "claims-filled",
            "24 pushes of 16 MiB of junk at once, with 64 MiB of room",
            whole_claims,
            bound(
                3 * INFLIGHT_BYTES,
                "--rsocket.max-inflight-bytes=64MiB, buffers of twice that, half of it once more "
                "while one grows",
            ),
            (counted("pushes_refused_total", 24),),
            (f"--rsocket.max-inflight-bytes={INFLIGHT_BYTES // MIB}MiB",),
        ),
        Attack(
            "overlong",
            "SETUP over 64 KiB, control frames over 1 KiB, 16 MiB of what nobody waits for",
            overlong,
            counts=(connection_errors("ProtocolError", 4), connection_errors("NotRSocket", 1)),
        ),
        Attack(
            "setup-abuse",
            "SETUP refused in 13 ways, sent again and again, pipelined with requests",
            setup_abuse,
            counts=(connection_errors("NotRSocket", 13),),
        ),
        Attack(
            "foreign-bytes",
            "HTTP, TLS, SSH, PROXY, zeros, ones and 300 random starts on the TCP port",
            foreign_bytes,
            counts=(connection_errors("NotRSocket", len(FOREIGN) + RANDOM_STARTS),),
        ),
        Attack(
            "metadata-beyond",
            "a metadata length beyond the frame, in every type that has one",
            metadata_beyond,
            counts=(connection_errors("ProtocolError", 18),),
        ),
        Attack(
            "short-frames",
            "frames of 0 to 5 bytes, by the thousand",
            short_frames,
            counts=(connection_errors("ProtocolError", 6), connection_errors("NotRSocket", 6)),
        ),
    ]
