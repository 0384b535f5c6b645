"""What clients that move between proxies must look like in Prometheus and before the proxies.

The arithmetic, with T the scrape interval and S the spread of a client's redial (5 s for ours, 0
for Java's, which redial at once). Each proxy is scraped every T, all at moments of their own, and a
sample has the time at which its scrape began. How far apart may two samples of one client be, on
whichever proxies' pages?

- asked to go elsewhere (ours, where a proxy drains): T, however long the way takes: it answers on
  the old connection until it was scraped on the new one;
- sent away after its scrape (--rsocket.max-connection-age): S for the way, and T until the new
  proxy's scrape: T + S;
- sent away at any moment (Java clients where a proxy drains: at its next scrape or at a moment
  drawn before that), or lost with its proxy: the last scrape may be T ago: 2 T + S.

So a drain costs ours nothing. For the others "missed one scrape at most" (two intervals between two
samples) can only be promised where T >= S, as any usual T is: T + S <= 2 T. Who is lost may miss
two where the proxies' moments are unfortunate: 2 T + S <= 3 T.

A proxy that is killed may take connections for some milliseconds, until its system has closed all
it had. Who comes to it then has a connection that ends at once, a failure: it comes again after the
first backoff, at most 15 s later. HAProxy's log tells how many these are; so many may have that
much longer a gap.

Until the proxy that a client has left is scraped again, a query finds the series of both: the
hand-over, at most T long (decision 0007). A double series is anything beyond that: longer, or on
three pages.

A push is on one page. A page counts as delivered when the next request comes on its connection,
which a kill prevents: what was first on the killed proxy's last page is shown once more after its
restart.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

REDIAL_SPREAD_SECONDS = 5.0  # design.md, "Leaving"
FIRST_BACKOFF_MAX_SECONDS = 15.0  # 10 s and half of it
FALSE_ALARM = 1e-9  # of one second


@dataclass(frozen=True)
class Gap:
    """A time without a sample."""

    seconds: float
    client: str
    since: float


@dataclass(frozen=True, order=True)
class Showing:
    """A page that Prometheus has stored."""

    at: float  # when its scrape began
    proxy: str


def largest_gaps(times: Mapping[str, Sequence[float]], begin: float, end: float) -> list[Gap]:
    """The longest that each client was without a sample from `begin` to `end`, the worst first.

    `times` are those of all its samples, on whichever page, in any order.
    """
    found = []
    for client, unordered in times.items():
        inside = sorted(time for time in unordered if begin <= time <= end)
        gaps = [
            Gap(until - since, client, since)
            for since, until in zip([begin, *inside], [*inside, end], strict=True)
        ]
        found.append(max(gaps, key=lambda gap: gap.seconds))
    return sorted(found, key=lambda gap: -gap.seconds)


def too_long(gaps: Sequence[Gap], seconds_max: float, struck: int) -> list[Gap]:
    """Those that are longer than they may be, of all, the worst first.

    So many clients, `struck`, came to a proxy as it died, and may have waited for a backoff.
    """
    with_backoff = seconds_max + FIRST_BACKOFF_MAX_SECONDS
    return [
        gap
        for number, gap in enumerate(gaps)
        if gap.seconds > (with_backoff if number < struck else seconds_max)
    ]


def shown_too_often(pushes: Mapping[str, Collection[Showing]], killed: Showing | None) -> list[str]:
    """Which pushes are on more pages than they may be.

    `pushes`: the pages that each is on. `killed`: the last page of a proxy before it was killed.
    """

    def may_be(pages: Collection[Showing]) -> bool:
        if len(pages) <= 1:
            return True
        first, second, *more = sorted(pages)
        return first == killed and second.proxy == first.proxy and not more

    return [name for name, pages in pushes.items() if not may_be(pages)]


def overlaps(evaluations: Sequence[float], step: float) -> list[float]:
    """How long each hand-over was, or up to two steps longer.

    `evaluations` are the times, `step` apart, at which a query found a client on two pages.
    """
    lengths: list[float] = []
    last = -math.inf
    for time in sorted(evaluations):
        if time - last < 1.5 * step:
            lengths[-1] += time - last
        else:
            lengths.append(0.0)
        last = time
    return lengths


def peak(times: Sequence[float], window: float = 1.0) -> int:
    """How many there were within one window at most."""
    ordered = sorted(times)
    return max(
        (bisect.bisect_left(ordered, time + window) - at for at, time in enumerate(ordered)),
        default=0,
    )


def arrivals_max(clients: int, spread: float = REDIAL_SPREAD_SECONDS) -> int:
    """How many of so many clients that lose their proxy may arrive within one second.

    2N/5; for small N chance alone exceeds that: then as many as N at uniform moments of the spread
    exceed in the second after one's arrival with probability 1e-9.
    """
    fair = math.floor(2 * clients / spread)
    others = clients - 1
    chance = 1 / spread
    tail = 0.0
    while others > 0:
        tail += (
            math.comb(clients - 1, others) * chance**others * (1 - chance) ** (clients - 1 - others)
        )
        if tail >= FALSE_ALARM:
            break
        others -= 1
    return max(fair, others + 1 if clients else 0)
