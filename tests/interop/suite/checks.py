"""What several cases look at: a peer's values on a page, and the page as a whole."""

from __future__ import annotations

import time

from harness.exposition import Page
from harness.outcome import Failed, expect
from harness.scraper import Scraper

from .case import Context
from .programs import JavaClient, Peer

# Counts the scrapes themselves, so it is another one each time.
COUNTING = "interop_scrapes"

STORM_SECONDS = 6.0
STORM_DIALS_MAX = 4  # refused clients are held for 5 s at least

# Those 5 s, less what a busy machine takes to tell that a client is connected.
HELD_SECONDS_MIN = 4.5
HELD_SECONDS_MAX = 20.0


def expect_same_values(page: Page, own: Page, who: str) -> None:
    """Each series of `own` is on the page, with its value byte by byte."""
    for series, value in own.samples.items():
        if series[0] == COUNTING:
            continue
        name, labels = series
        expect(series in page.samples, f"{who}: {name}{dict(labels)} on the page")
        shown = page.samples[series]
        expect(shown == value, f"{who}: {name}{dict(labels)} to be {value}, it was {shown}")


def expect_clients_values(page: Page, java: JavaClient) -> None:
    """All clients of this program are on the page with their values, and nobody has their name."""
    own_series = 0
    for client in range(java.clients):
        own = java.text(client)
        own_series += len(own.samples)
        expect_same_values(page, own, f"{java.label} client {client}")
    shown = len(page.with_labels(app=java.label))
    expect(shown == own_series, f"{own_series} series of {java.label}, there were {shown}")


def expect_one_page(page: Page) -> None:
    """No series twice, no family declared twice."""
    expect(not page.repeated, f"no series twice, there was {page.repeated[:1]}")
    for kind, declared in (("TYPE", page.types), ("HELP", page.helps)):
        twice = [name for name, count in declared.items() if count > 1]
        expect(not twice, f"one {kind} a family, there are more for {twice[:3]}")


def scrape_count(page: Page, app: str, client: int) -> float:
    """How often this client has been scraped, as it says on the page; Failed if it is not there."""
    values = list(page.of(COUNTING, app=app, client=str(client)).values())
    if len(values) != 1:
        raise Failed(f"{COUNTING} of {app} client {client} once, it was there {len(values)} times")
    return float(values[0])


def is_shown(page: Page, app: str, client: int) -> bool:
    """Whether any series of this client is on the page."""
    return bool(page.with_labels(app=app, client=str(client)))


def expect_fresh(scraper: Scraper, app: str, client: int, since: float) -> None:
    """A page later than `since` scrapes ago; the proxy may join two scrapes within 0.1 s."""
    count = scrape_count(scraper.connected(), app, client)
    expect(count > since, f"a fresh scrape of {app} client {client} after the {since:g}th")


def expect_few_dials(context: Context, *refused: JavaClient) -> None:
    """Each that is refused dials again as often as it is held allows, and no more."""
    deadline = time.monotonic() + STORM_SECONDS
    for client in refused:
        over = client.holds_within(
            lambda lines: sum("event=dialing" in line for line in lines) > STORM_DIALS_MAX,
            deadline - time.monotonic(),
        )
        dials = client.count("dialing")
        context.measured[f"dials of {client.label} in {STORM_SECONDS:g} s"] = str(dials)
        expect(not over, f"at most {STORM_DIALS_MAX} dials in {STORM_SECONDS:g} s, not {dials}")


def expect_held(refused: Peer) -> float:
    """The first connection of who is refused is held; for how many seconds it was."""
    refused.wait_event("disconnected", within_seconds=HELD_SECONDS_MAX)
    held = refused.told_at("disconnected") - refused.told_at("connected")
    expect(held >= HELD_SECONDS_MIN, f"who is refused to be held for 5 s, not {held:.1f} s")
    return held
