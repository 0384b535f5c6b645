"""Attacks with well-formed frames in the wrong place, order or number; over TCP."""

from __future__ import annotations

import threading
import time
from functools import partial

from suite import wire
from suite.attack import KIB, MIB, Attack, bound, connection_errors, connections, counted
from suite.peer import flood
from suite.stage import Stage

from harness.frames import (
    ERROR,
    FLAG_COMPLETE,
    FLAG_FOLLOWS,
    FLAG_NEXT,
    KEEPALIVE,
    REQUEST_CHANNEL,
    REQUEST_FNF,
    REQUEST_RESPONSE,
    REQUEST_STREAM,
    STREAM_MAX,
)
from harness.outcome import expect

from .frames import STALL_LATE_SECONDS, STALL_SECONDS, TRANSPORTS

CONNECTION_ERROR, REJECTED, INVALID = 0x101, 0x202, 0x204

# Junk is a push that does not open: answered on its stream, and nothing else.
JUNK = b"junk"

FLOOD_BYTES = 24 * MIB
STREAMS_MAX = 8  # rsocket::kInboundStreamsMax
KEEPALIVE_BURST = 16
LIFETIME_SECONDS_MIN = 10.0  # rsocket::kLifetimeMin


def stream_ids(stage: Stage) -> None:
    """Requests on stream 0, of even parity, reused, with the reserved bit, and on 2^31-1."""
    for kind in (REQUEST_RESPONSE, REQUEST_FNF):
        for stream in (0, 2, 4, STREAM_MAX - 1):
            peer = stage.client()
            peer.send_frame(wire.request(stream, JUNK, kind=kind))
            peer.expect_error(CONNECTION_ERROR)
    for kind in (REQUEST_STREAM, REQUEST_CHANNEL):
        peer = stage.client()
        peer.send_frame(wire.request_many(0, kind))
        peer.expect_error(CONNECTION_ERROR)
    for raw in (wire.payload(0), wire.cancel(0), wire.request_n(0, 1)):
        peer = stage.client()
        peer.send_frame(raw)
        peer.expect_error(CONNECTION_ERROR)
    for raw in (wire.keepalive(), wire.setup(), wire.lease(), wire.metadata_push()):
        peer = stage.client()
        peer.send_frame(b"\0\0\0\1" + raw[4:])
        peer.expect_error(CONNECTION_ERROR)
    peer = stage.client()
    for stream in (1, 1, STREAM_MAX, STREAM_MAX, 0x80000003, 1, 5, 3):
        peer.send_frame(wire.request(stream, JUNK))
        peer.expect_error(INVALID, stream & STREAM_MAX)
    # In use: begun, and begun again.
    peer.send_frame(wire.request(7, JUNK, flags=FLAG_FOLLOWS), wire.request(7, JUNK))
    peer.probe()
    peer.send_frame(wire.payload(7, JUNK))
    peer.expect_error(INVALID, 7)


def keepalive_flood(transport: str, stage: Stage) -> None:
    """10,000 KEEPALIVEs that ask for an answer, on 20 connections; nobody reads."""
    peers = [stage.client(transport=transport) for _ in range(20)]
    flood = 10_000 * peers[0].wrapped(wire.keepalive(True, bytes(1000)))
    begun = time.monotonic()
    for peer in peers:
        peer.offer(flood, 2.0)
    for peer in peers:
        answered = 0
        while (frame := peer.read_frame()).type != ERROR:
            answered += frame.type == KEEPALIVE
        code = int.from_bytes(frame.raw[6:10], "big")
        expect(code == CONNECTION_ERROR, f"ERROR {CONNECTION_ERROR:#x}, it was {code:#x}")
        peer.expect_goodbye()
        most = KEEPALIVE_BURST + time.monotonic() - begun  # one more is allowed each second
        expect(
            KEEPALIVE_BURST <= answered <= most,
            f"answers to {KEEPALIVE_BURST} and {most:.0f} at most, there were {answered}",
        )


def request_n(stage: Stage) -> None:
    """REQUEST_N 0, and 2^31-1 again and again on a stream in use and on others."""
    peer = stage.client()
    peer.send_frame(wire.request_n(1, 0))
    peer.expect_error(CONNECTION_ERROR)
    for kind in (REQUEST_STREAM, REQUEST_CHANNEL):
        peer = stage.client()
        peer.send_frame(wire.request_many(1, kind, 0))
        peer.expect_error(CONNECTION_ERROR)
    peer = stage.client()
    peer.send_frame(wire.request(1, JUNK, flags=FLAG_FOLLOWS))
    for stream in (1, 3, STREAM_MAX):
        peer.send(20_000 * wire.prefixed(wire.request_n(stream, STREAM_MAX)))
    peer.probe()
    peer.send_frame(wire.payload(1, JUNK))
    peer.expect_error(INVALID, 1)


def ignored_flood(stage: Stage) -> None:
    """24 MiB each of frames for streams that nobody knows, and of what nobody wants."""
    kinds = {
        "PAYLOAD": wire.payload(0x777, bytes(64)),
        "CANCEL": wire.cancel(0x777),
        "REQUEST_N": wire.request_n(0x777, STREAM_MAX),
        "ERROR": wire.error(0x777, 0x201, bytes(64)),
        "METADATA_PUSH": wire.metadata_push(bytes(64)),
        "LEASE": wire.lease(),
        "unknown with I": wire.unknown(True, bytes(64)),
        "EXT with I": wire.extension(True, bytes(64)),
        "fragments": wire.fragment(0x777, bytes(64)),
        "large PAYLOAD": wire.payload(0x777, bytes(1500)),
    }
    for raw in kinds.values():
        peer = stage.client()
        bytes_of_it = wire.prefixed(raw)
        peer.send(FLOOD_BYTES // len(bytes_of_it) * bytes_of_it)
        peer.probe()
        peer.close()


def unread_answers(stage: Stage) -> None:
    """Requests that are each answered with an ERROR, without end; nobody reads: over in minutes.

    The proxy looks every 30 s whether anything has been written since: the end comes after 30 s in
    which nothing was, and before 60 s in which nothing was are over.
    """
    kinds = (wire.request_many(1), wire.request(1, JUNK))
    floods = [(1 << 14) * wire.prefixed(raw) for raw in kinds]
    peers = [stage.client(wire.setup(lifetime_ms=300_000)) for _ in range(20)]
    for peer in peers:
        peer.take_little()
    begun, whole = time.monotonic(), stage.descriptors()
    taken = flood({peer: floods[i % 2] for i, peer in enumerate(peers)}, 64 * MIB, 5.0)
    expect(max(taken.values()) < 64 * MIB, "reading to be paused on all")
    refused = -1.0
    while refused != (now := stage.metric("pushes_refused_total")):  # what was read is answered
        refused = now
        threading.Event().wait(2.0)
    late = STALL_LATE_SECONDS + time.monotonic() - begun
    stage.expect_let_go(peers, whole, STALL_SECONDS, late)


def many_requests(stage: Stage) -> None:
    """More requests than 8 at once: begun and never ended, each over the limit is refused."""
    peer = stage.client()
    for i in range(100):
        peer.send_frame(wire.request(2 * i + 1, JUNK, flags=FLAG_FOLLOWS))
        if i >= STREAMS_MAX:
            peer.expect_error(REJECTED, 2 * i + 1)
    for i in range(100):
        peer.send_frame(wire.request(2 * i + 1001, JUNK, kind=REQUEST_FNF, flags=FLAG_FOLLOWS))
    peer.probe()
    for i in range(STREAMS_MAX):
        peer.send_frame(wire.cancel(2 * i + 1))
    peer.send_frame(wire.request(0x301, JUNK))
    peer.expect_error(INVALID, 0x301)


# Of 8 streams that come as far as 3.75 MiB, four are within 16 MiB: the fifth is one too many, and
# so on as long as there are more.
ENDLESS_REFUSED = STREAMS_MAX // 2


def endless_fragments(transport: str, stage: Stage) -> None:
    """30 MiB of fragments of 8 payloads at once, on each of 6 connections: given up at 16 MiB."""
    peers = [stage.client(transport=transport) for _ in range(6)]
    streams = [2 * i + 1 for i in range(STREAMS_MAX)]
    round_of_it = b"".join(peers[0].wrapped(wire.fragment(i, bytes(64 * 1024))) for i in streams)
    for peer in peers:
        for stream in streams:
            peer.send_frame(wire.request(stream, JUNK, flags=FLAG_FOLLOWS))
    for _ in range(60):  # of half a MiB: nearly twice what a connection may have
        for peer in peers:
            peer.send(round_of_it)
    for peer in peers:
        peer.probe()
    for peer in peers:
        peer.close()
    stage.wait_metric("inflight_bytes", 0)


def odd_fragments(stage: Stage) -> None:
    """Empty, interleaved, contradictory and out-of-place fragments; by one byte each."""
    peer = stage.client()
    peer.send_frame(wire.request(1, flags=FLAG_FOLLOWS))
    peer.expect_error(CONNECTION_ERROR)
    peer = stage.client()
    peer.send_frame(wire.request(1, JUNK, flags=FLAG_FOLLOWS), wire.fragment(1, b""))
    peer.expect_error(CONNECTION_ERROR)
    for flags in (0, FLAG_FOLLOWS):
        peer = stage.client()
        peer.send_frame(wire.payload(1, JUNK, flags=flags))
        peer.expect_error(CONNECTION_ERROR)
    peer = stage.client()
    streams = [2 * i + 1 for i in range(STREAMS_MAX)]
    for stream in streams:
        peer.send_frame(wire.request(stream, b"a", b"m", flags=FLAG_FOLLOWS))
    for _ in range(2000):
        peer.send_frame(*(wire.fragment(stream, b"a", b"m") for stream in streams))
    peer.send_frame(wire.payload(1, b"a", b"m", FLAG_NEXT | FLAG_COMPLETE | FLAG_FOLLOWS))
    peer.expect_error(INVALID, 1)
    for stream in streams[1:]:
        peer.send_frame(wire.payload(stream, flags=FLAG_COMPLETE))
        peer.expect_error(INVALID, stream)
    peer.probe()


def unfinished_fragments(stage: Stage) -> None:
    """8 payloads of which 4 KiB come, on each of 50 connections: dropped in 30 s."""
    begun = time.monotonic()
    peers = []
    for _ in range(50):
        peer = stage.client(wire.setup(lifetime_ms=300_000))
        for i in range(STREAMS_MAX):
            peer.send_frame(wire.request(2 * i + 1, bytes(4096), flags=FLAG_FOLLOWS))
        peers.append(peer)
    for peer in peers:
        peer.probe()
    stage.wait_at_least("inflight_bytes", 50 * 8 * 4096)
    stage.wait_metric("inflight_bytes", 0, 45.0)
    waited = time.monotonic() - begun
    expect(waited > STALL_SECONDS, f"30 s for each, all were over in {waited:.1f} s")
    for peer in peers:
        for i in range(STREAMS_MAX):
            peer.expect_error(REJECTED, 2 * i + 1)
        peer.probe()


def half_open(transport: str, stage: Stage) -> None:
    """300 peers that go silent after SETUP, with lifetimes of 1 ms to 10 s: reaped at 10 s."""
    lifetimes = (1, 1000, 10_000) * 100
    peers = [stage.client(wire.setup(1, lifetime), transport) for lifetime in lifetimes]
    stage.expect_dropped(peers, LIFETIME_SECONDS_MIN)


def zombies(stage: Stage) -> None:
    """300 peers that are told ERROR, and neither read it nor close, as rsocket 1.1.4."""
    for _ in range(300):
        stage.client().send_frame(wire.request(2))
    stage.wait_dropped(15.0)


def attacks() -> list[Attack]:
    """In the order of the table."""
    return [
        Attack(
            "stream-ids",
            "stream 0, even, reused, in use, 2^31-1, the reserved bit",
            stream_ids,
            counts=(connection_errors("ProtocolError", 17), counted("pushes_refused_total", 9)),
        ),
        *(
            Attack(
                f"{prefix}keepalive-flood",
                f"10,000 KEEPALIVEs on each of 20 connections that do not read, over {transport}",
                partial(keepalive_flood, transport),
                connections(20, 384 * KIB, "256 KiB queued, and what one read brings"),
                (connection_errors("ProtocolError", 20, transport),),
            )
            for prefix, transport in TRANSPORTS.items()
        ),
        Attack(
            "request-n",
            "REQUEST_N and initial n of 0; 2^31-1 60,000 times",
            request_n,
            counts=(connection_errors("ProtocolError", 3),),
        ),
        Attack(
            "ignored-flood",
            "24 MiB each of ten kinds of frames that are ignored",
            ignored_flood,
        ),
        Attack(
            "unread-answers",
            "requests without end on 20 connections that do not read the answers",
            unread_answers,
            connections(
                20,
                768 * KIB,
                "256 KiB queued and 256 KiB being written, in frames of 33 bytes which count as 97, "
                "and take 70 and 105 more of memory",
            ),
            seconds_max=240,
            waits=True,
        ),
        Attack("many-requests", "200 requests begun at once, 8 allowed", many_requests),
        *(
            Attack(
                f"{prefix}endless-fragments",
                f"8 endless payloads on each of 6 connections, 180 MiB of them, over {transport}",
                partial(endless_fragments, transport),
                bound(
                    3 * 6 * 16 * MIB,
                    "6 connections x 16 MiB reassembled, vectors of twice that, half once more "
                    "while one grows",
                ),
                (counted("pushes_refused_total", 6 * ENDLESS_REFUSED),),
            )
            for prefix, transport in TRANSPORTS.items()
        ),
        Attack(
            "odd-fragments",
            "empty, interleaved, contradictory fragments; 16,000 of one byte",
            odd_fragments,
            counts=(connection_errors("ProtocolError", 4), counted("pushes_refused_total", 8)),
        ),
        Attack(
            "unfinished-fragments",
            "400 payloads begun on 50 connections and left",
            unfinished_fragments,
            bound(2 * 50 * 8 * 4096 + 50 * 64 * KIB, "50 x 8 x 4 KiB in vectors of twice that"),
            (counted("pushes_refused_total", 400),),
            waits=True,
        ),
        *(
            Attack(
                f"{prefix}half-open",
                f"300 clients that never say anything again, over {transport}",
                partial(half_open, transport),
                connections(300, 16 * KIB, "a client and its session"),
                (
                    counted("keepalive_timeouts_total", 300),
                    connection_errors("KeepaliveTimeout", 300, transport),
                ),
                waits=True,
            )
            for prefix, transport in TRANSPORTS.items()
        ),
        Attack(
            "zombies",
            "300 clients that never close after ERROR, nor read it",
            zombies,
            connections(300, 16 * KIB, "a client and its session"),
            (connection_errors("ProtocolError", 300),),
        ),
    ]
