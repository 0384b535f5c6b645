"""Attacks on the HTTP port by time, size and number: slow ones, giants, who hardly reads."""

from __future__ import annotations

import re
import resource
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from suite import snappy, wire
from suite.attack import KIB, MIB, Attack, bound, connections, counted
from suite.peer import Peer, RSocketPeer, flood
from suite.stage import Stage

from harness.frames import Frame
from harness.outcome import Skipped, expect
from harness.seal import seal

HEADER_BYTES_MAX = 16 * KIB  # http::kRequestHeaderBytesMax
BODY_BYTES_MAX = 64 * KIB  # http::kRequestBodyBytesMax
CONNECTIONS_MAX = 512  # http::kConnectionsMax
REQUEST_SECONDS = 10.0  # http::kRequestTime

HEALTHY = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


def statuses(said: bytes) -> list[int]:
    """Of all answers in what was said."""
    return [int(status) for status in _STATUS.findall(said)]


def answers(stage: Stage, request: bytes) -> list[int]:
    """The statuses of what is answered to a sender that then says FIN."""
    peer = stage.http()
    peer.offer(request)
    peer.finish()
    said = peer.read_to_end()
    peer.close()
    return statuses(said)


def get(target: bytes, *headers: bytes, method: bytes = b"GET") -> bytes:
    """A request."""
    return b"\r\n".join([method + b" " + target + b" HTTP/1.1", b"Host: x", *headers, b"", b""])


ELSEWHERE = "127.0.0.9"  # where no attack here comes from
SERVED_SECONDS = 5.0  # what others wait at most, whatever is under way


def serve(
    stage: Stage,
    target: bytes = b"/-/healthy",
    source: str = ELSEWHERE,
    headers: Sequence[bytes] = (),
    within_seconds: float = SERVED_SECONDS,
) -> tuple[float, bytes]:
    """One that comes now is answered 200 in time: after how many seconds, and the answer."""
    begun = time.monotonic()
    peer = stage.asker(source)
    peer.send(get(target, b"Connection: close", *headers))
    said = peer.read_to_end(2 * within_seconds)
    waited = time.monotonic() - begun
    peer.close()
    expect(statuses(said) == [200], f"200 to {target!r} from {source}, it was {said[:100]!r}")
    expect(waited <= within_seconds, f"an answer within {within_seconds:g} s, it was {waited:.2f}")
    return waited, said


# ---- Slow


def slow_requests(stage: Stage) -> None:
    """400 requests that come byte by byte, in the headers or in the body: over in 10 s."""
    post = get(b"/-/healthy", b"Content-Length: 1000", method=b"POST")
    starts = (b"G", HEALTHY[:-2], post, get(b"/", b"Transfer-Encoding: chunked"))
    peers = [stage.http() for _ in range(400)]
    for i, peer in enumerate(peers):
        peer.send(starts[i % len(starts)])
    stage.expect_dropped(peers, REQUEST_SECONDS, every_second=lambda peer: peer.offer(b"a"))


def no_room(stage: Stage) -> None:
    """600 requests that come byte by byte, where 512 are served: newcomers are."""
    peers = []
    for _ in range(CONNECTIONS_MAX + 88):
        peer = stage.http()
        peer.send(b"GET /")
        peers.append(peer)
    waits = [serve(stage, source="127.0.0.1")[0] for _ in range(5)]
    stage.note("others waited", f"{max(waits):.2f} s")


# ---- Large


def giants(stage: Stage) -> None:
    """Headers over 16 KiB in every form, targets over that, bodies over 64 KiB."""
    long = b"a" * HEADER_BYTES_MAX
    too_large = {
        431: [
            get(b"/-/healthy", b"X: " + long),
            get(b"/-/healthy", *[b"X: y"] * 4000),
            get(b"/-/healthy", long + b": x"),
            get(b"/" + long),
            get(b"/-/healthy?" + long),
            long + b" / HTTP/1.1\r\nHost: x\r\n\r\n",
            get(b"/-/healthy", b"X: " + 64 * long),
            b"a" * 8 * MIB,
        ],
        413: [
            get(b"/", b"Content-Length: %d" % (BODY_BYTES_MAX + 1)),
            get(b"/", b"Content-Length: 18446744073709551615"),
            get(b"/", b"Transfer-Encoding: chunked") + b"fffffffffffffff\r\n",
            get(b"/", b"Transfer-Encoding: chunked") + 5000 * b"10\r\n0123456789abcdef\r\n",
        ],
    }
    for status, requests in too_large.items():
        for request in requests:
            found = answers(stage, request)
            expect(found == [status], f"{status} once to {request[:60]!r}, it was {found}")
    fits = get(b"/-/healthy?" + b"&" * (HEADER_BYTES_MAX - 500))
    expect(answers(stage, fits) == [200], "a long target that fits to be answered")


# ---- Many, and slow readers

MANY = 10_000
MANY_CONNECTED = 4000  # or more, at once: as many as the kernel's queue takes


def many_connections(stage: Stage) -> None:
    """10,000 connections at once, with nothing, half a request, or one whose answer is not read."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and allowed < MANY + 500:
        raise Skipped(f"{allowed} descriptors are allowed, {MANY + 500} are needed")
    before = stage.descriptors()
    says = (b"", b"GET /", HEALTHY, get(b"/metrics/proxy"))
    with ExitStack() as stack:
        dialling = []
        for i in range(MANY):
            # Most of them wait in the kernel's queue for as long as all places are taken.
            dialled = stack.enter_context(socket.socket())
            dialled.setblocking(False)
            dialled.connect_ex(("127.0.0.1", stage.ports.http))
            dialling.append((dialled, says[i % len(says)]))
        connected = 0
        for dialled, said in dialling:
            with suppress(OSError):  # not yet connected, or not any more
                dialled.send(said)
                connected += 1
        most = 0
        for _ in range(10):
            stage.wait_pages(1)
            most = max(most, stage.descriptors() - before)
    stage.note("connected at once", connected)
    stage.note("descriptors", most)
    expect(connected >= MANY_CONNECTED, f"{MANY_CONNECTED} connected, there were {connected}")
    full = CONNECTIONS_MAX * 0.9 <= most <= CONNECTIONS_MAX + 8
    expect(full, f"some {CONNECTIONS_MAX} connections to be served at once, there were {most}")


LARGE_PAGES = bound(
    (4 + 2) * 9 * MIB + 3 * 8 * MIB + 4 * 2 * MIB,
    "8 MiB of text and 1 of index for 4 pages (--scrape.max-concurrent), one remembered, one being "
    "opened; 8 MiB as it comes in, in a buffer that doubles; 4 encoders",
)


def _large_page(stage: Stage) -> None:
    """A client with 8 MiB of series, so that a page does not fit the kernel's buffers."""
    line = b'large{series="%06d",filler="' + b"f" * 200 + b'"} 1\n'
    text = b"".join(line % i for i in range(8 * MIB // 240))
    block = snappy.compress(text)

    def reply(_: RSocketPeer, asked: Frame) -> list[bytes]:
        return [wire.payload(asked.stream, *seal(block, asked.data))]

    stage.answering(reply).wait_asked(1)


def slow_readers(stage: Stage) -> None:
    """3 scrapers that read 4 KiB a second of pages of 8 MiB: each ends by its own timeout."""
    _large_page(stage)
    for _ in range(2):
        peers = [stage.http() for _ in range(3)]
        for peer in peers:
            peer.send(get(b"/metrics/connected", b"X-Prometheus-Scrape-Timeout-Seconds: 4"))
        second = threading.Event()
        for _ in range(4):
            for peer in peers:
                expect(peer.read_some(bytes_max=4096), "a page to begin, and to go on")
            second.wait(1.0)
        for peer in peers:
            said = peer.read_to_end(30.0)
            expect(statuses(said)[:1] == [200], f"a page to begin, it was {said[:100]!r}")
            cut = 16 * KIB < len(said) < 8 * MIB and not said.endswith(b"\r\n0\r\n\r\n")
            expect(cut, f"a part of a page, and no final chunk, it was {len(said)} bytes")
            peer.close()


STALLED = 24
STALLED_SECONDS = 20.0


def stalled_readers(stage: Stage) -> None:
    """24 scrapers at 6 addresses that read nothing, and come again when they are broken off."""
    _large_page(stage)
    ask = get(b"/metrics/connected", b"X-Prometheus-Scrape-Timeout-Seconds: 120")
    sources = [f"127.0.0.{2 + i % 6}" for i in range(STALLED)]
    over = time.monotonic() + STALLED_SECONDS
    peers = [stage.http(source) for source in sources]
    for peer in peers:
        peer.send(ask)
    while time.monotonic() < over:
        threading.Event().wait(0.5)
        for i, peer in enumerate(peers):
            if peer.has_hung_up():
                peer.close()
                peers[i] = stage.http(sources[i])
                peers[i].send(ask)
    stage.note("broken off", f"{stage.metric('pages_broken_off_total'):g}")


OTHERS_MAX = 6
# http::kWriteStallTime is 30 s, from when the kernel takes no more of an answer: before that there
# are some thousands to be made for each. TCP_USER_TIMEOUT is 30 s, too, but Linux counts those by
# its own attempts, and may end a connection some seconds sooner.
UNREAD_SECONDS_MIN, UNREAD_SECONDS_MAX = 20.0, 60.0
PIPELINED_BYTES_MAX = 8 * MIB  # far more than the kernel takes of a connection that is not read


def unread_pipelines(stage: Stage) -> None:
    """512 connections of one address pipeline without end and read nothing: over in a minute.

    Where there is no room one of them goes, and nobody else.
    """
    peers = [stage.http("127.0.0.2") for _ in range(CONNECTIONS_MAX)]
    taken: dict[Peer, int] = {}
    flooding = threading.Thread(
        target=lambda: taken.update(
            flood(dict.fromkeys(peers, 1000 * HEALTHY), PIPELINED_BYTES_MAX, 3.0)
        ),
        daemon=True,
    )
    flooding.start()
    waits = []
    while flooding.is_alive():
        waits.append(serve(stage)[0])
    stage.note("others waited", f"{max(waits):.2f} s, {len(waits)} of them")
    expect(max(taken.values()) < PIPELINED_BYTES_MAX, "reading to be paused on all")
    # One place is always kept; those two who are scraping have a connection each; and of others
    # there are one that comes, and those before it whose ends have not been seen yet.
    left = [peer for peer in peers if not peer.has_hung_up()]
    gone = len(peers) - len(left)
    stage.note("gone for others", gone)
    expect(1 <= gone <= OTHERS_MAX, f"one to go for each that had no place, it was {gone}")
    flooded = time.monotonic() - peers[0].begun_at
    late = flooded + UNREAD_SECONDS_MAX - UNREAD_SECONDS_MIN
    stage.wait_pages(1)  # and who was served last is gone
    stage.expect_let_go(left, stage.descriptors(), UNREAD_SECONDS_MIN, late)


def aborted_pages(stage: Stage) -> None:
    """200 scrapes of 8 MiB given up in the middle, by FIN or RST, coded in every way."""
    _large_page(stage)
    codings = (b"identity", b"gzip", b"zstd")
    for i in range(200):
        peer = stage.http()
        peer.send(get(b"/metrics/connected", b"Accept-Encoding: " + codings[i % 3]))
        peer.read_some()
        if i % 2:
            peer.reset()
        else:
            peer.close()


def attacks() -> list[Attack]:
    """In the order of the table."""
    return [
        Attack(
            "http-slow",
            "400 requests byte by byte, in headers, length-bound and chunked bodies",
            slow_requests,
            connections(400, 16 * KIB, "a connection's coroutine and buffers"),
            waits=True,
        ),
        Attack(
            "http-no-room",
            "600 requests byte by byte, 512 connections are served: newcomers come in",
            no_room,
            connections(512, 16 * KIB, "a connection's coroutine and buffers"),
        ),
        Attack("http-giants", "headers, targets, bodies beyond their limits, up to 8 MiB", giants),
        Attack(
            "http-10000",
            "10,000 connections at once",
            many_connections,
            connections(
                CONNECTIONS_MAX, 40 * KIB, "buffers of 16 KiB, and the text of /metrics/proxy"
            ),
        ),
        Attack(
            "http-unread-pipelines",
            "512 connections of one address that pipeline without end and read nothing",
            unread_pipelines,
            connections(
                CONNECTIONS_MAX,
                32 * KIB,
                "a connection's coroutine and buffers, and 16 answers that may not have arrived",
            ),
            waits=True,
        ),
        Attack(
            "http-slow-readers",
            "3 scrapers that read 4 KiB a second of pages of 8 MiB",
            slow_readers,
            LARGE_PAGES,
        ),
        Attack(
            "http-stalled-readers",
            "24 scrapers at 6 addresses that read nothing of pages of 8 MiB, again and again",
            stalled_readers,
            LARGE_PAGES,
            (counted("pages_broken_off_total", 4, or_more=True),),
        ),
        Attack(
            "http-aborted-pages",
            "200 scrapers that give up in the middle of 8 MiB",
            aborted_pages,
            LARGE_PAGES,
        ),
    ]
