"""What an attack is: one line of the table, its bounds, and what the proxy has to count of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .stage import Stage

KIB, MIB = 1 << 10, 1 << 20

# What any attack may cost beside what its limits say: the allocator's own, and pages that grow with
# the number of scrapes. Measured where nothing is kept: at most 2 MiB.
SLACK_BYTES = 4 * MIB


@dataclass(frozen=True)
class Bound:
    """How much the proxy's resident memory may grow, and from which limits that follows."""

    bytes: int
    why: str


def bound(limits_bytes: int, why: str) -> Bound:
    """What the limits allow, and the slack that every attack has."""
    return Bound(limits_bytes + SLACK_BYTES, why)


NOTHING_KEPT = bound(0, "nothing of it is kept: the slack alone")


def connections(count: int, bytes_each: int, why: str) -> Bound:
    """A bound for so many connections that hold so much each."""
    return bound(count * bytes_each, f"{count} connections x {bytes_each // KIB} KiB: {why}")


@dataclass(frozen=True)
class Counted:
    """A counter on /metrics/proxy that must have grown by `count`, no less and no more.

    `or_more`: where how often depends on who is faster.
    """

    name: str
    labels: tuple[tuple[str, str], ...]
    count: int
    or_more: bool


def counted(name: str, count: int, *, or_more: bool = False, **labels: str) -> Counted:
    """`name`{`labels`} has grown by `count`."""
    return Counted(f"prometheus_proxy_{name}", tuple(labels.items()), count, or_more)


def connection_errors(
    exception: str, count: int, transport: str = "tcp", *, or_more: bool = False
) -> Counted:
    """So many connections ended by this fault of theirs."""
    return counted(
        "connection_error_total",
        count,
        or_more=or_more,
        exception=exception,
        transport=transport,
    )


def quarantined(reason: str, count: int, *, or_more: bool = False) -> Counted:
    """So many payloads were kept from the page."""
    return counted("quarantined_payloads_total", count, or_more=or_more, reason=reason)


@dataclass(frozen=True)
class Attack:
    """One attack. `run` does it on a stage of its own, and checks what the proxy says to it."""

    name: str
    what: str  # in the table
    run: Callable[[Stage], None]
    growth: Bound = NOTHING_KEPT
    counts: tuple[Counted, ...] = ()
    flags: tuple[str, ...] = ()  # of the proxy
    seconds_max: int = 120  # all of it, for ctest: twice what any one wait within it may take
    recovery_seconds_max: float = 20.0  # from its end until the proxy is as it was
    # What the good scraper tells the proxy, and holds it to. Who does not answer is waited for
    # until a fifth of it is left (--scrape.timeout-offset).
    page_seconds_max: float = 10.0
    tls: bool = False  # on the RSocket listeners, for the good clients too
    http_tls: bool = False  # on the HTTP listener, for the good scraper too
    asks: bool = False  # for a token, behind TLS, and for a password over HTTP (suite/access.py)
    waits: bool = False  # most of its time nothing happens: others may run beside it
