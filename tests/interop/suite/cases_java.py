"""Java clients of three RSocket versions, over TCP and WebSocket, against our proxy."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial

from harness.frames import JAVA_SETUP
from harness.outcome import eventually, expect
from harness.proxy import CppProxy, free_ports
from harness.scraper import Scraper

from . import wire
from .case import Case, Context
from .checks import (
    expect_clients_values,
    expect_few_dials,
    expect_fresh,
    expect_one_page,
    is_shown,
    scrape_count,
)
from .peers import RSOCKET_VERSIONS
from .programs import JavaClient
from .tap import Tap

TRANSPORTS = ("tcp", "websocket")

# Unanswered, a Java client gives up at 100 s.
KEEPALIVE_SECONDS = 105.0

# A held connection ends after 15 s at most, the next dial may be held once more.
ADMITTED_SECONDS = 45.0

POOL_CONNECTIONS = 500  # per Java virtual machine
POOL_CLIENTS = 600


def scrape(version: str, transport: str, context: Context) -> None:
    """All values arrive as they were sent, fresh each time, sealed on the way."""
    with ExitStack() as stack:
        proxy = stack.enter_context(context.cpp_proxy())
        tap = stack.enter_context(Tap(proxy.ports.of(transport)))
        scraper = stack.enter_context(Scraper(proxy.ports.http, "a"))
        java = stack.enter_context(context.java_client(version, tap.port, transport, clients=3))
        java.wait_keys()
        page = scraper.connected()
        expect_clients_values(page, java)
        expect_one_page(page)
        expect(scraper.active_connections() == 3, "three connections counted by the proxy")
        before = scrape_count(page, java.label, 0)
        eventually(
            lambda: scrape_count(scraper.connected(), java.label, 0) > before,
            "a fresh value at a later scrape",
            within_seconds=5,
        )
        expect(len(tap.recordings) == 3, "one connection a client")
        for recording in tap.recordings:
            scrapes = wire.expect_sealed_scrapes(recording, transport, JAVA_SETUP)
            expect(scrapes >= 2, "every scrape to go over the wire")
        java.stop()
        scraper.wait_active(0)
        expect(not scraper.connected().samples, "nothing of clients that are gone")
        proxy.expect_clean_end()


def push(version: str, transport: str, context: Context) -> None:
    """The last values of a client that goes: once to each scraper, and its neighbour lives on."""
    with ExitStack() as stack:
        proxy = stack.enter_context(context.cpp_proxy())
        port = proxy.ports.of(transport)
        java = stack.enter_context(context.java_client(version, port, transport, clients=2))
        java.wait_keys()
        scrapers = [stack.enter_context(Scraper(proxy.ports.http, name)) for name in "ab"]
        for scraper in scrapers * 3:
            expect_clients_values(scraper.connected(), java)
        started = time.monotonic()
        java.tell("push-blocking 0")
        pushed = java.wait_event("pushed", 0)
        context.measured["push took"] = f"{time.monotonic() - started:.2f} s"
        expect(java.count("push-answered") == 1, "the push to be answered")
        java.wait_event("disconnected", 0)
        scrapers[0].wait_active(1)
        for scraper in scrapers:
            page = scraper.connected()
            shown = scrape_count(page, java.label, 0)
            expect(shown == float(pushed["n"]), f"the pushed text {pushed['n']}, it was {shown:g}")
            expect_clients_values(page, java)
            expect_one_page(page)
            for _ in range(3):
                later = scraper.connected()
                expect(not is_shown(later, java.label, 0), "the push shown once to a scraper")
                expect(is_shown(later, java.label, 1), "the other client still there")
        expect(java.count("connected", 0) == 1, "no connection after the push")


def restart(version: str, transport: str, context: Context) -> None:
    """A proxy that goes and comes back has its clients back."""
    ports = free_ports()
    with ExitStack() as stack:
        proxy = stack.enter_context(context.cpp_proxy(at=ports))
        port = ports.of(transport)
        java = stack.enter_context(context.java_client(version, port, transport, clients=2))
        java.wait_keys()
        with Scraper(ports.http) as scraper:
            expect_clients_values(scraper.connected(), java)
        stopping = time.monotonic()
        proxy.expect_clean_end()
        context.measured["shutdown took"] = f"{time.monotonic() - stopping:.1f} s"
        for client in range(2):
            java.wait_event("disconnected", client)
        connected_before = java.count("connected")
        dialled_before = java.count("dialing")
        keys_before = [java.count("key", client) for client in range(2)]
        expect(connected_before == 2, f"no dial answered in shutdown, {connected_before} were")
        proxy = stack.enter_context(context.cpp_proxy(at=ports))
        for client in range(2):
            java.wait_event("connected", client, times=2, within_seconds=60)
            java.wait_event("key", client, times=keys_before[client] + 1)
        scraper = stack.enter_context(Scraper(proxy.ports.http))
        scraper.wait_active(2)
        expect_clients_values(scraper.connected(), java)
        expect(java.count("connected") == 4, "one connection a client after the restart")
        context.measured["dials while it was away"] = str(java.count("dialing") - dialled_before)


def storm(version: str, transport: str, context: Context) -> None:
    """One refused client does not hammer the proxy, does not disturb others, and gets in later."""
    with ExitStack() as stack:
        proxy = stack.enter_context(context.cpp_proxy("--rsocket.max-connections=1"))
        port = proxy.ports.of(transport)
        holder = stack.enter_context(context.java_client(version, port, transport, "holder"))
        holder.wait_keys()
        stormer = stack.enter_context(
            context.java_client(version, port, transport, "stormer", first_backoff_ms=1000)
        )
        stormer.wait_event("dialing")
        expect_few_dials(context, stormer)
        scraper = stack.enter_context(Scraper(proxy.ports.http))
        page = scraper.connected()
        expect_clients_values(page, holder)
        expect(not is_shown(page, "stormer", 0), "nothing of the refused client")
        holder.tell("quit")
        stormer.wait_keys(ADMITTED_SECONDS)
        expect_clients_values(scraper.connected(), stormer)


def keepalive(context: Context) -> None:
    """Left alone for longer than a Java client waits, all keep the connection they have."""
    with ExitStack() as stack:
        proxy = stack.enter_context(context.cpp_proxy())
        everyone = _everyone(context, stack, proxy)
        scraper = stack.enter_context(Scraper(proxy.ports.http))
        for java in everyone:
            java.wait_keys()
        page = scraper.connected()
        deadline = time.monotonic() + KEEPALIVE_SECONDS
        for java in everyone:
            expect_clients_values(page, java)
        for java in everyone:
            lost = java.happens_within("disconnected", max(0.0, deadline - time.monotonic()))
            expect(not lost, f"{java.label} to keep its connection")
        page = scraper.connected()
        for java in everyone:
            expect_clients_values(page, java)
            expect(java.count("dialing") == 1, f"{java.label} to have dialled once")
            expect(java.count("disconnected") == 0, f"{java.label} to keep its connection")
            expect_fresh(scraper, java.label, 0, since=1)


def _everyone(context: Context, stack: ExitStack, proxy: CppProxy) -> list[JavaClient]:
    return [
        stack.enter_context(
            context.java_client(
                version, proxy.ports.of(transport), transport, f"{version}-{transport}"
            )
        )
        for version in RSOCKET_VERSIONS
        for transport in TRANSPORTS
    ]


def pool(context: Context) -> None:
    """One Java process stops at 500 connections; two bring all of their clients."""
    with ExitStack() as stack:
        proxy = stack.enter_context(context.cpp_proxy())
        scraper = stack.enter_context(Scraper(proxy.ports.http))
        start = partial(context.java_client, "1.1.3", proxy.ports.tcp, "tcp", series=1)
        first = stack.enter_context(start(name="first", clients=POOL_CLIENTS))
        first.wait_event("connected", times=POOL_CONNECTIONS, within_seconds=60)
        scraper.wait_active(POOL_CONNECTIONS, within_seconds=60)
        second = stack.enter_context(start(name="second", clients=POOL_CONNECTIONS))
        scraper.wait_active(2 * POOL_CONNECTIONS, within_seconds=60)
        second.wait_event("key", times=POOL_CONNECTIONS, within_seconds=60)
        started = time.monotonic()
        page = scraper.connected()
        context.measured["1,000 clients scraped in"] = f"{time.monotonic() - started:.2f} s"
        shown = len(page.of("interop_events_total"))
        expect(shown == 2 * POOL_CONNECTIONS, f"all of 1,000 clients on one page, not {shown}")
        expect_one_page(page)
        context.measured["connections of one JVM"] = str(first.count("connected"))


def mixed_up(context: Context) -> None:
    """A client that dials the other transport's port is kept waiting, and disturbs nobody."""
    with ExitStack() as stack:
        proxy = stack.enter_context(context.cpp_proxy())
        start = partial(context.java_client, "1.1.3")
        right = stack.enter_context(start(proxy.ports.tcp, "tcp", "right"))
        right.wait_keys()
        others = {"tcp": "websocket", "websocket": "tcp"}
        for transport, other in others.items():
            # Where no WebSocket stands a client backs off; over TCP it takes itself for connected.
            wrong = stack.enter_context(
                start(
                    proxy.ports.of(other), transport, f"{transport}-wrong", first_backoff_ms=1000
                )
            )
            wrong.wait_event("dialing")
            expect_few_dials(context, wrong)
            expect(wrong.count("key") == 0, "no key for who speaks another protocol")
        page = stack.enter_context(Scraper(proxy.ports.http)).connected()
        expect_clients_values(page, right)


def java_row(version: str, transport: str) -> str:
    """The row of the table."""
    return f"Java client 1.5.3, rsocket {version}, {transport}"


def cases() -> list[Case]:
    """Every case of this module."""
    rows = [(version, transport) for version in RSOCKET_VERSIONS for transport in TRANSPORTS]
    found = [
        Case(
            f"java-{version}-{transport}-{run.__name__}",
            (java_row(version, transport),),
            behaviour,
            partial(run, version, transport),
        )
        for version, transport in rows
        for run, behaviour in (
            (scrape, "scrape"),
            (push, "push"),
            (restart, "reconnect"),
            (storm, "storm bounded"),
        )
    ]
    found.append(
        Case(
            "java-all-keepalive",
            tuple(java_row(*row) for row in rows),
            "keepalive > 100 s",
            keepalive,
            timeout_seconds=300,
            waits=True,
        )
    )
    found.append(
        Case(
            "java-1.1.3-tcp-thousand",
            (java_row("1.1.3", "tcp"),),
            "1,000 clients",
            pool,
            timeout_seconds=300,
        )
    )
    both = tuple(java_row("1.1.3", transport) for transport in TRANSPORTS)
    found.append(Case("java-mixed-up-ports", both, "mixed-up ports", mixed_up))
    return found
