"""Proxies that are replaced, killed and added while many clients are scraped through them.

What Prometheus has stored is judged by continuity.py, which says how far apart two samples may be
and why. Times are those of the wall clock: Prometheus' and HAProxy's.
"""

from __future__ import annotations

import signal
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass

from harness.outcome import Skipped, eventually, expect
from harness.proxy import CppProxy
from harness.scraper import Scraper

from .case import Case, Context
from .continuity import (
    REDIAL_SPREAD_SECONDS,
    Gap,
    Showing,
    arrivals_max,
    largest_gaps,
    overlaps,
    peak,
    shown_too_often,
    too_long,
)
from .fleet import ALL_KINDS, HISTORY, OURS, PUSHED, Fleet, Kind, ShortLived

PEERS = ("HAProxy 2.6",)

# A drain is judged at an interval that is shorter than the redial spread, for it costs ours
# nothing; the others at one that is longer, as usual ones are (continuity.py). Each leaves a page
# the time for a busy machine.
SHORT_INTERVAL_SECONDS = 4
INTERVAL_SECONDS = 6

# What a busy machine adds: scrapes, connections and the programs themselves come late.
SLACK_SECONDS = 1.5

# 0.8 of it is more than the longest first backoff and a scrape: who has just come from another
# proxy and is asked to leave again waits that long.
GRACE_SECONDS = 30

# At least the time after which a connection is stable and 10 % more, for it varies by as much.
AGE_SECONDS = 40
AGED_SECONDS = AGE_SECONDS * 1.1 + INTERVAL_SECONDS + REDIAL_SPREAD_SECONDS
LOAD_RATIO_MAX = 1.25

SHORT_LIVED = 4  # at once
PUSHED_FIRST = 5  # by each of them
ARRIVAL_SECONDS = 30.0
STEP_SECONDS = 0.25  # of evaluations


@dataclass(frozen=True)
class Event:
    """Clients lose their proxy, or are to be spread anew."""

    at: float
    ours: int  # of which so many are ours


def roll(context: Context) -> None:
    """All proxies are replaced by SIGTERM, one after the other, while short-lived clients push."""
    with ExitStack() as stack:
        fleet = Fleet(context, stack, SHORT_INTERVAL_SECONDS, f"--shutdown.grace={GRACE_SECONDS}s")
        fleet.start()
        pushers = fleet.start_short_lived(SHORT_LIVED)
        events = []
        ends = []
        for name in ("p1", "p2", "p3"):
            events.append(Event(time.time(), fleet.ours_connected(name)))
            ends.append(_drain(fleet, name))
            fleet.start_proxy(name)
            fleet.balancer.wait_up(name)
        fleet.wait_quiet(ARRIVAL_SECONDS)
        interval = fleet.interval_seconds
        _judge(context, fleet, events, {"ours": interval, "Java": 2 * interval})
        context.measured["exit codes"] = ", ".join(ends)
        context.measured["besides"] = _judge_pushes(fleet, pushers)
        _end(fleet)


def kill(context: Context) -> None:
    """One proxy is killed, its clients go to the others, and it comes back with its pushes."""
    with ExitStack() as stack:
        fleet = Fleet(context, stack, INTERVAL_SECONDS)
        fleet.start()
        pushers = fleet.start_short_lived(SHORT_LIVED)
        eventually(
            lambda: min(len(pusher.pushed()) for pusher in pushers) >= PUSHED_FIRST,
            "pushes of all",
            ARRIVAL_SECONDS,
        )
        fleet.wait_scrape_due("p1")
        event = Event(time.time(), fleet.ours_connected("p1"))
        fleet.proxies["p1"].send_signal(signal.SIGKILL)
        code = fleet.proxies["p1"].wait_exit(ARRIVAL_SECONDS)
        expect(code == -signal.SIGKILL, f"the proxy to be killed, it ended with {code}")
        fleet.balancer.wait_down("p1")
        struck = len(fleet.arrivals("ours", event.at, "p1"))
        fleet.wait_arrivals("ours", event.at, event.ours + struck, ARRIVAL_SECONDS)
        last_page = fleet.last_page("p1")
        fleet.start_proxy("p1")
        fleet.balancer.wait_up("p1")
        fleet.wait_quiet(ARRIVAL_SECONDS)
        twice = 2 * fleet.interval_seconds
        gaps_max = {"ours": twice + REDIAL_SPREAD_SECONDS, "Java": twice}
        _judge(context, fleet, [event], gaps_max, struck)
        context.measured["exit codes"] = "killed"
        context.measured["besides"] = _judge_pushes(fleet, pushers, last_page)
        _end(fleet)


def scale_out(context: Context) -> None:
    """A fourth proxy takes its share as connections come of age."""
    with ExitStack() as stack:
        flag = f"--rsocket.max-connection-age={AGE_SECONDS}s"
        fleet = Fleet(context, stack, INTERVAL_SECONDS, flag)
        fleet.start(settle=False)
        before = [fleet.connections(name) for name in fleet.proxies]
        event = Event(time.time(), OURS)
        fleet.add_proxy("p4")
        for kind in fleet.kinds():
            fleet.wait_arrivals(kind.door, event.at, kind.clients, AGED_SECONDS + ARRIVAL_SECONDS)
        fleet.wait_quiet(ARRIVAL_SECONDS)
        after = [fleet.connections(name) for name in fleet.proxies]
        interval = fleet.interval_seconds
        _judge(
            context, fleet, [event], {"ours": interval + REDIAL_SPREAD_SECONDS, "Java": interval}
        )
        context.measured["exit codes"] = "–"
        context.measured["besides"] = f"connections {_load(before)} before, {_load(after)} after"
        expect(
            max(after) <= LOAD_RATIO_MAX * min(after),
            f"the most connections of a proxy to be at most {LOAD_RATIO_MAX:g} times the least, "
            f"they were {after}",
        )
        _end(fleet)


def _load(connections: list[int]) -> str:
    shown = "/".join(str(count) for count in connections)
    return f"{shown} (max/min {max(connections) / max(1, min(connections)):.2f})"


def _drain(fleet: Fleet, name: str) -> str:
    """SIGTERM: first nobody gets in any more, then the clients go, then it ends with 0."""
    proxy = fleet.proxies[name]
    started = time.monotonic()
    proxy.send_signal(signal.SIGTERM)
    with Scraper(proxy.ports.http) as scraper:
        eventually(lambda: scraper.get("/-/ready").status == 503, "503 of /-/ready", 5.0)
        expect(_refuses(proxy), "the RSocket listeners to be closed by then")
        expect(scraper.active_connections() > 0, "the clients to be connected still")
    code = proxy.wait_exit(GRACE_SECONDS + SLACK_SECONDS)
    took = time.monotonic() - started
    expect(code == 0, f"{name} to end with 0, it was {code}")
    expect(not any("the grace is over" in line for line in proxy.lines()), "all clients to go")
    return f"0 after {took:.1f} s"


def _refuses(proxy: CppProxy) -> bool:
    for port in (proxy.ports.tcp, proxy.ports.websocket):
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except ConnectionRefusedError:
            continue
        return False
    return True


def _judge(
    context: Context,
    fleet: Fleet,
    events: list[Event],
    gaps_max: dict[str, float],
    struck: int = 0,
) -> None:
    """What Prometheus and HAProxy have seen.

    `gaps_max`: the seconds between two samples. `struck`: so many of ours came to a proxy as it
    died.
    """
    end = time.time()
    interval = fleet.interval_seconds
    measured = context.measured
    measured["clients"] = " + ".join(f"{kind.clients} {kind.name}" for kind in fleet.kinds())
    measured["scraped every"] = f"{interval} s"
    troubles: list[str] = []
    for kind in ALL_KINDS:
        column = f"largest gap, {kind.name}, in intervals"
        if kind not in fleet.kinds():
            measured[column] = "skipped"
            continue
        gaps = _gaps(fleet, kind, end)
        bound = gaps_max[kind.name]
        put_off = struck if kind.door == "ours" else 0
        measured[column] = (
            f"{gaps[put_off].seconds / interval:.2f} (at most {bound / interval:.2f})"
        )
        if put_off > 0:
            measured[column] += f"; {put_off} put off, {gaps[0].seconds / interval:.2f}"
        troubles += [
            f"{gap.seconds:.2f} s without a sample of {kind.name} {gap.client} after {gap.since:.3f}"
            for gap in too_long(gaps, bound + SLACK_SECONDS, put_off)
        ]
    measured["accepts/s, peak"] = _peaks(fleet, events)
    hand_overs = [length for kind in fleet.kinds() for length in _hand_overs(fleet, kind, end)]
    longest = max(hand_overs, default=0.0)
    beyond = sum(length > interval + SLACK_SECONDS for length in hand_overs)
    measured["double series"] = (
        f"{beyond}; {len(hand_overs)} hand-overs of at most {longest / interval:.2f} intervals"
    )
    expect(not troubles, f"no longer gaps, there were {len(troubles)}: {'; '.join(troubles[:3])}")
    expect(beyond == 0, f"hand-overs of {interval} s at most, the longest took {longest:.2f} s")


def _gaps(fleet: Fleet, kind: Kind, end: float) -> list[Gap]:
    """The longest that each was without a sample; every sample tells the time of its scrape."""
    times: dict[str, list[float]] = {str(number): [] for number in range(kind.clients)}
    for series in fleet.prometheus.query(f"{kind.series}[{HISTORY}]"):
        client = series["metric"][kind.label]
        for at, value in series["values"]:
            times[client].append(at)
            expect(
                abs(float(value) - at) < fleet.interval_seconds,  # not of the scrape before
                f"the time of the scrape at {at:.3f} from {kind.name} {client}, it was {value}",
            )
    return largest_gaps(times, fleet.begin, end)


def _hand_overs(fleet: Fleet, kind: Kind, end: float) -> list[float]:
    """How long clients were found on two pages, each time that one was; never on more."""
    several = f"count by ({kind.label}) ({kind.series}) > 1"
    found: list[float] = []
    for series in fleet.prometheus.query_range(several, fleet.begin, end, STEP_SECONDS):
        pages = max(int(value) for _, value in series["values"])
        client = series["metric"][kind.label]
        expect(pages == 2, f"{kind.name} {client} on two pages at most, it was on {pages}")
        found += overlaps([at for at, _ in series["values"]], STEP_SECONDS)
    return found


def _peaks(fleet: Fleet, events: list[Event]) -> str:
    """The most that all proxies together have taken in a second, bounded for ours."""
    most, lost = 0, 0
    for event, until in zip(
        events, [*(event.at for event in events[1:]), time.time()], strict=True
    ):
        arrivals = peak([at for at in fleet.arrivals("ours", event.at) if at < until])
        limit = arrivals_max(event.ours)
        expect(
            arrivals <= limit, f"at most {limit} of {event.ours} in a second, they were {arrivals}"
        )
        most, lost = max((most, lost), (arrivals, event.ours))
    java = peak(fleet.arrivals("java", events[0].at))
    return f"{most} of {lost} of ours (2N/5: {2 * lost // 5}), {java} of Java"


def _judge_pushes(fleet: Fleet, pushers: list[ShortLived], killed: Showing | None = None) -> str:
    """Each acknowledged push is on a page, and on no more than it may be; what to tell of it.

    `killed`: the last page of a proxy before it was killed.
    """
    for pusher in pushers:
        expect(pusher.terminate() == 0, "the short-lived clients to end")
    acknowledged = {name: value for each in pushers for name, value in each.pushed().items()}
    repeated = {name for pusher in pushers for name in pusher.failed()}
    restored = sum("held from before" in line for line in fleet.log_lines())
    expect(restored > 0, "a proxy to come back with pushes that it held")
    pages: dict[str, list[Showing]] = {}

    def all_shown() -> bool:
        pages.clear()
        pages.update((name, []) for name in acknowledged)
        for series in fleet.prometheus.query(f"{PUSHED}[{HISTORY}]"):
            name, proxy = series["metric"]["instance"], series["metric"]["proxy"]
            if name in acknowledged:
                pages[name] += [
                    Showing(at, proxy)
                    for at, value in series["values"]
                    if int(value) == acknowledged[name]  # else of a scrape before the push
                ]
        lost = [name for name, shown in pages.items() if not shown]
        expect(not lost, f"{len(lost)} of {len(acknowledged)} are on no page: {lost[:5]}")
        return True

    eventually(all_shown, "each acknowledged push on a page", 3.0 * fleet.interval_seconds)
    judged = {name: shown for name, shown in pages.items() if name not in repeated}
    again = shown_too_often(judged, killed)
    expect(not again, f"each push on one page, {len(again)} were on more: {again[:5]}")
    told = f"{len(acknowledged)} pushes, each on one page"
    if killed is not None:
        twice = sum(len(shown) > 1 for shown in judged.values())
        told += f", {twice} once more after the kill"
    return f"{told}, {len(repeated)} not acknowledged at once"


def _end(fleet: Fleet) -> None:
    """Skipped without Java clients, although ours have been judged by now."""
    if fleet.skipped:
        raise Skipped(f"{fleet.skipped}\nOurs alone were judged, and did as they must.")


def cases() -> list[Case]:
    """Every case of this module."""
    return [
        Case("rebalance-roll", PEERS, "rolling restart", roll, 180, tabled=True),
        Case("rebalance-kill", PEERS, "kill -9", kill, 150, tabled=True),
        Case("rebalance-scale-out", PEERS, "scale out", scale_out, 180, tabled=True),
    ]
