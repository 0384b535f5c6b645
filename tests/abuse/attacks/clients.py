"""Attacks on the pages of single clients: one that never answers, and hundreds that wait for it."""

from __future__ import annotations

import json
import time

from suite.attack import KIB, Attack, connections
from suite.peer import Peer
from suite.stage import EARLY_SECONDS, LATE_SECONDS, Stage

from harness.outcome import expect

from .http import ELSEWHERE, SERVED_SECONDS, get, serve, statuses

WAITING_MAX = 120  # server::kClientPagesWaitingMax
ASKERS = 512
PAGE_SECONDS_MAX = 5.0
# Their timeout, of which a fifth of PAGE_SECONDS_MAX is left when they are told.
TIMEOUT, TOLD_SECONDS = b"X-Prometheus-Scrape-Timeout-Seconds: 13", 12.0
SHARING_SECONDS = 0.1  # server::kPullSharing: who joins a pull has the time of that one
TIMES = 5


def silent_client(stage: Stage) -> None:
    """512 ask from one address for the page of a client that never answers: the oldest are refused.

    No more than 120 wait. Who asks for another client there, or for the page of all, is served; and
    who asks from elsewhere for that one waits as long as it likes.
    """
    silent = stage.client()
    stage.wait_pages(3)  # those of all do not wait for it any more, or not for long
    rows = json.loads(stage.get("/api/v1/clients"))["data"]
    by_address = {row["address"]: b"/metrics/clients/" + row["id"].encode() for row in rows}
    of_silent = by_address.pop("{}:{}".format(*silent.socket.getsockname()))
    begun = time.monotonic()
    peers = [_ask(stage, of_silent, "127.0.0.2") for _ in range(ASKERS)]
    asked = time.monotonic()
    refused = ASKERS - WAITING_MAX
    for peer in peers[:refused]:
        _expect_status(peer, 503)
    waits = [time.monotonic() - begun]
    expect(waits[0] <= SERVED_SECONDS, f"those refused to be so at once, it took {waits[0]:.2f} s")
    waiting = peers[refused:]
    stage.wait_pages(1)
    expect(all(peer.is_silent() for peer in waiting), f"the newest {WAITING_MAX} to wait")

    # The first of these takes a place from those, and leaves it.
    for _ in range(TIMES):
        for page in by_address.values():
            waited, said = serve(stage, page, "127.0.0.2")
            waits.append(waited)
            expect(b"good_value{" in said, "the page of a client that answers")
    _expect_status(waiting.pop(0), 503)
    another = _ask(stage, of_silent, ELSEWHERE)
    for source in ("127.0.0.2", ELSEWHERE):
        waited, said = serve(stage, b"/metrics/connected", source, (TIMEOUT,))
        waits.append(waited)
        expect(said.count(b"good_value{") > 40, "the page of all")
    stage.note("others waited", f"{max(waits):.2f} s")
    expect(all(peer.is_silent() for peer in (*waiting, another)), "the others to wait as before")
    stage.note("waiting", f"{len(waiting)} of {ASKERS}, and another's")

    earliest = begun + TOLD_SECONDS - SHARING_SECONDS - EARLY_SECONDS
    for peer in (*waiting, another):
        _expect_status(peer, 504, TOLD_SECONDS + LATE_SECONDS)
        expect(time.monotonic() >= earliest, "nobody to be told before their time is over")
    late = time.monotonic() - asked
    stage.note("told after", f"{late:.1f} s")
    expect(late <= TOLD_SECONDS + LATE_SECONDS, f"all to be told by then, it was {late:.1f} s")


def _ask(stage: Stage, page: bytes, source: str) -> Peer:
    peer = stage.http(source)
    peer.send(get(page, TIMEOUT))
    return peer


def _expect_status(peer: Peer, status: int, within_seconds: float = SERVED_SECONDS) -> None:
    expect(peer.read_some(within_seconds), f"{status}, not the end of the connection")
    found = statuses(peer.received)
    expect(found == [status], f"{status} to who waits for a client, it was {found}")


def attacks() -> list[Attack]:
    """In the order of the table."""
    return [
        Attack(
            "silent-client-pages",
            f"{ASKERS} from one address wait for the page of a client that never answers",
            silent_client,
            connections(ASKERS, 16 * KIB, "a connection's coroutine and buffers"),
            page_seconds_max=PAGE_SECONDS_MAX,
            waits=True,
        ),
    ]
