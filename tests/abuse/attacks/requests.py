"""Attacks by what a request says: smuggled and foreign ones, odd targets and methods; over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from suite import snappy, wire
from suite.attack import KIB, Attack, connections
from suite.stage import Stage

from harness.frames import PAYLOAD
from harness.outcome import expect
from harness.seal import seal

from .frames import FOREIGN
from .http import HEALTHY, SERVED_SECONDS, answers, get, serve, statuses

# A request that nobody makes: where it is answered, it was smuggled.
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


def pipeline(stage: Stage) -> None:
    """1,000 requests in one piece, of four kinds, on 4 connections: a thousand answers in order."""
    kinds = [
        (HEALTHY, 200),
        (get(b"/nowhere"), 404),
        (get(b"/-/healthy", b"Content-Length: 3", method=b"POST") + b"abc", 405),
        (get(b"/metrics/proxy", method=b"HEAD"), 200),
    ]
    requests = b"".join(request for _ in range(250) for request, _ in kinds)
    peers = [stage.http() for _ in range(4)]
    for peer in peers:
        threading.Thread(target=peer.offer, args=(requests,), daemon=True).start()
    for peer in peers:
        said = b""
        while len(found := statuses(said)) < 1000:
            expect(peer.read_some(), "a thousand answers")
            said += peer.received
            peer.received = b""
        expect(found == 250 * [status for _, status in kinds], "answers in order")


POST = b"POST /-/healthy HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
EMPTY = b"\r\n0\r\n\r\n"  # the end of the head, and a body without a chunk
_SIZE = b"%d" % len(SMUGGLED)

# Each is one request, whatever it is taken for: what follows it is in its body, or behind an error.
SMUGGLING = {
    "CL and TE": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" + EMPTY,
    "TE and CL": CHUNKED + b"Content-Length: 5\r\n" + EMPTY,
    "two CL": POST + b"Content-Length: 0\r\nContent-Length: " + _SIZE + b"\r\n\r\n",
    "two equal CL": POST + 2 * (b"Content-Length: " + _SIZE + b"\r\n") + b"\r\n",
    "a list of CL": POST + b"Content-Length: 0, " + _SIZE + b"\r\n\r\n",
    "CL with a sign": POST + b"Content-Length: +0\r\n\r\n",
    "CL below zero": POST + b"Content-Length: -1\r\n\r\n",
    "CL in hex": POST + b"Content-Length: 0x0\r\n\r\n",
    "CL beyond 64 bits": POST + b"Content-Length: 18446744073709551616\r\n\r\n",
    "CL empty": POST + b"Content-Length:\r\n\r\n",
    "CL in two": POST + b"Content-Length: 0 0\r\n\r\n",
    "CL with a space before the colon": POST + b"Content-Length : 0\r\n\r\n",
    "CL by a vertical tab": POST + b"Content-Length:\x0b0\r\n\r\n",
    "TE with a space before the colon": POST + b"Transfer-Encoding : chunked\r\n" + EMPTY,
    "TE by a vertical tab": POST + b"Transfer-Encoding:\x0bchunked\r\n" + EMPTY,
    "TE with a NUL": POST + b"Transfer-Encoding: chunked\0\r\n" + EMPTY,
    "TE twice": CHUNKED + b"Transfer-Encoding: chunked\r\n" + EMPTY,
    "TE folded, and CL": POST + b"Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n" + EMPTY,
    "TE to HTTP/1.0": CHUNKED.replace(b"1.1", b"1.0") + EMPTY,
    **{
        f"TE {coding!r}": POST + b"Transfer-Encoding: " + coding + b"\r\n" + EMPTY
        for coding in (
            b"gzip",
            b"identity",
            b"xchunked",
            b"chunked, gzip",
            b"chunked, identity",
            b"chunked, chunked",
            b'"chunked"',
            b"chunked;q=1",
            b"chunked,",
            b"chunked\xa0",
            b"",
        )
    },
    "bare LF": b"POST /-/healthy HTTP/1.1\nHost: x\n\n",
    "bare LF in a header": POST + b"A: b\nContent-Length: 0\r\n\r\n",
    "bare LF at the end": POST + b"\n",
    "bare CR": POST + b"A: b\rContent-Length: 0\r\n\r\n",
    "a NUL in a header": POST + b"A: \0\r\n\r\n",
    "a line without a colon": POST + b"A\r\n\r\n",
    "a line without a name": POST + b": a\r\n\r\n",
    "a folded first line": b"POST /-/healthy HTTP/1.1\r\n Host: x\r\n\r\n",
    "two Host": POST + b"Host: y\r\n\r\n",
    "no Host": b"GET /-/healthy HTTP/1.1\r\n\r\n",
    "no version": b"GET /-/healthy\r\n\r\n",
    "HTTP/1.2": b"GET /-/healthy HTTP/1.2\r\nHost: x\r\n\r\n",
    "HTTP/1.10": b"GET /-/healthy HTTP/1.10\r\nHost: x\r\n\r\n",
    "http/1.1": b"GET /-/healthy http/1.1\r\nHost: x\r\n\r\n",
    "two blanks": b"GET  /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n",
    "tabs": b"GET\t/-/healthy\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "a blank at the end": b"GET /-/healthy HTTP/1.1 \r\nHost: x\r\n\r\n",
    **{
        f"a chunk of {size!r}": CHUNKED + b"\r\n" + size + b"\r\nabcde\r\n0\r\n\r\n"
        for size in (
            b"-5",
            b"+5",
            b"0x5",
            b" 5",
            b"5 5",
            b"",
            b"5\n",
            b"g",
            b"10000000000000005",
            b"ffffffffffffffff",
        )
    },
    "a chunk by LF": CHUNKED + b"\r\n5\nabcde\n0\n\n",
    "a chunk longer than it says": CHUNKED + b"\r\n5\r\nabcdefg0\r\n\r\n",
    "a chunk shorter than it says": CHUNKED + b"\r\n7\r\nabcde\r\n0\r\n\r\n",
    "a length among the trailers": CHUNKED + b"\r\n0\r\nContent-Length: 5\r\n\r\n",
    "the end, as it was asked for": POST + b"Connection: x, close\r\n\r\n",
}
# These are sound: what follows is a request of its own.
SOUND = {
    "a body of a GET": get(b"/-/healthy", b"Content-Length: 5") + b"abcde",
    "TE in capitals": POST + b"Transfer-Encoding: CHUNKED\r\n" + EMPTY,
    "TE by a tab": POST + b"Transfer-Encoding:\tchunked\r\n" + EMPTY,
    "TE folded": POST + b"Transfer-Encoding:\r\n chunked\r\n" + EMPTY,
    "a chunk with an extension": CHUNKED + b"\r\n5;a=b\r\nabcde\r\n0\r\n\r\n",
    "an upgrade to h2c": get(b"/-/healthy", b"Connection: Upgrade", b"Upgrade: h2c"),
}


def smuggling(stage: Stage) -> None:
    """Requests whose end two readers may see in two places: one answer each, to nothing inside."""
    for what, request in SMUGGLING.items():
        found = answers(stage, request + SMUGGLED)
        expect(len(found) == 1 and found != [404], f"{what}: one answer, there were {found}")
    for what, request in SOUND.items():
        found = answers(stage, request + SMUGGLED)
        right = len(found) == 2 and found[1] == 404
        expect(right, f"{what}: two answers to two requests, there were {found}")
    stage.note("shapes", len(SMUGGLING) + len(SOUND))


# ---- Header fields

FIELDS_MAX = 100  # http::kRequestHeaderFieldsMax, Host among them
# So many of them.
FIELDS: dict[str, Callable[[int], list[bytes]]] = {
    "one name": lambda count: [b"X: y"] * count,
    "own names": lambda count: [b"X-%d: y" % i for i in range(count)],
    "no value": lambda count: [b"a:"] * count,
}
FIELDS_MOST = 4000  # of those without a value: they are within the bytes for a header
FIELD_CONNECTIONS = 200


def fields(stage: Stage) -> None:
    """100 header fields are taken, 101 and 4,000 are not, and nothing that comes behind them."""
    for what, make in FIELDS.items():
        for count, right in ((FIELDS_MAX, [200, 404]), (FIELDS_MAX + 1, [431])):
            request = get(b"/-/healthy", *make(count - 1)) + SMUGGLED
            found = answers(stage, request)
            expect(found == right, f"{right} to {count} fields, {what}: it was {found}")
    peers = [stage.http() for _ in range(FIELD_CONNECTIONS)]
    begun = time.monotonic()
    for peer in peers:
        peer.send(get(b"/-/healthy", *[b"a:"] * FIELDS_MOST))
        peer.finish()
    stage.note("others waited", f"{serve(stage)[0]:.2f} s")
    for peer in peers:
        found = statuses(peer.read_to_end())
        expect(found == [431], f"431 to {FIELDS_MOST} fields, it was {found}")
    waited = time.monotonic() - begun
    stage.note("refused within", f"{waited:.2f} s")
    expect(waited <= SERVED_SECONDS, f"all to be refused at once, it took {waited:.2f} s")


# ---- Targets, methods, other protocols

TARGETS = {
    200: [
        b"/-/healthy",
        b"/-/%68ealthy",
        b"http://x/-/healthy",
        b"HTTP://x:80/-/healthy?a",
        b"/-/healthy?%41=%00",
    ],
    400: [
        b"*",
        b"x:80",
        b"http://",
        b"https://x/-/healthy",
        b"-/healthy",
        b"\\-\\healthy",
        b"/-/healthy%",
        b"/-/healthy%4",
        b"/-/healthy%zz",
        b"/-/healthy?%",
        b"/-/healthy?a=%zz",
        b"/-/heal\0thy",
        b"/-/heal\x7fthy",
        b"/-/heal\tthy",
    ],
    404: [
        b"//-/healthy",
        b"//metrics/connected",
        b"/metrics/../-/healthy",
        b"/./-/healthy",
        b"/%2e%2e/-/healthy",
        b"/%2e%2e%2f%2e%2e%2fetc/passwd",
        b"/metrics/clients/../connected",
        b"/metrics/clients/%2e%2e%2fproxy",
        b"/metrics/clients/" + b"a" * 8000,
        b"/-/healthy/",
        b"/-/healthy%00",
        b"/-/healthy;a=b",
        b"/-/healthy#a",
        b"/-/HEALTHY",
        b"/-/healthy%2f",
        b"/%2d/healthy%20",
        b"/\xff\xfe",
    ],
}


def targets(stage: Stage) -> None:
    """Paths that mean another one elsewhere, every form of target: by the letter, or refused."""
    for status, shapes in TARGETS.items():
        for target in shapes:
            found = answers(stage, get(target))
            expect(found == [status], f"{status} to {target[:60]!r}, it was {found}")
    refused = (b"/metrics/connected?scraper=", b"/metrics/connected?scraper=" + b"a" * 65)
    for target in (
        *refused,
        b"/metrics/connected?scraper=a%0Ab",
        b"/metrics/connected?scraper=%ff",
    ):
        expect(answers(stage, get(target)) == [400], f"400 to {target!r}")


def methods(stage: Stage) -> None:
    """Every method but GET and HEAD, known or not; Range; a HEAD, which takes no push away."""
    for method in (
        b"POST",
        b"PUT",
        b"DELETE",
        b"PATCH",
        b"OPTIONS",
        b"TRACE",
        b"PRI",
        b"get",
        b"X" * 8000,
    ):
        for path in (b"/metrics/connected", b"/-/healthy", b"/sd"):
            found = answers(stage, get(path, method=method))
            expect(found == [405], f"405 to {method[:20]!r}, it was {found}")
    expect(answers(stage, get(b"x:443", method=b"CONNECT")) == [400], "400 to CONNECT")
    peer = stage.http()
    peer.send(
        get(b"/metrics/connected", b"Range: bytes=0-9,5-", b"If-Range: *", b"Connection: close")
    )
    said = peer.read_to_end()
    expect(statuses(said) == [200] and said.count(b"good_value{") > 10, "a whole page to a Range")
    _push_and_leave(stage, b'pushed{by="http"} 1\n')
    for _ in range(3):
        head = get(b"/metrics/connected?scraper=asking", method=b"HEAD")
        peer = stage.http()
        peer.send(2 * head)
        peer.finish()
        said = peer.read_to_end()
        expect(statuses(said) == [200, 200] and b"pushed" not in said, "heads without a body")
    expect(b"pushed{" in stage.page(), "the push on the first page after the HEADs")


def _push_and_leave(stage: Stage, text: bytes) -> None:
    pusher = stage.client()
    pusher.send_frame(wire.request(1, *seal(snappy.compress(text), pusher.key)))
    pusher.wait_frame(PAYLOAD, 1)
    pusher.close()
    stage.wait_metric("scrape_active_connections", 2)


def foreign(stage: Stage) -> None:
    """TLS, HTTP/2, SSH, PROXY headers, RSocket, zeros: refused once."""
    starts = [
        start for name, start in FOREIGN.items() if name not in ("HTTP/1.1", "WebSocket upgrade")
    ]
    starts.append(wire.prefixed(wire.setup()))
    for start in starts:
        for behind in (b"", b"\r\n\r\n", HEALTHY):
            found = answers(stage, start + behind)
            expect(found in ([], [400]), f"400 at most to {start[:20]!r}, it was {found}")


def attacks() -> list[Attack]:
    """In the order of the table."""
    return [
        Attack("http-pipeline", "1,000 pipelined requests on each of 4 connections", pipeline),
        Attack(
            "http-smuggling",
            f"{len(SMUGGLING)} requests with two possible ends, and what hides behind them",
            smuggling,
        ),
        Attack(
            "http-fields",
            f"101 and {FIELDS_MOST:,} header fields, on {FIELD_CONNECTIONS} connections",
            fields,
            connections(
                FIELD_CONNECTIONS,
                FIELDS_MOST * 64 + 32 * KIB,
                "a header of 16 KiB, and a node of 64 bytes for each field in it: they are counted "
                "when all are there",
            ),
        ),
        Attack(
            "http-targets",
            f"{sum(map(len, TARGETS.values()))} targets: dots, escapes, NUL, absolute form",
            targets,
        ),
        Attack("http-methods", "unknown methods, Range, HEAD before a push is shown", methods),
        Attack("http-foreign", "TLS, HTTP/2, SSH, PROXY, RSocket, zeros on the HTTP port", foreign),
    ]
