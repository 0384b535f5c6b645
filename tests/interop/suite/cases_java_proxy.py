"""The real Java proxy: with the Java clients as a reference, then with our SDK's examples."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from functools import partial

from harness.exposition import Page
from harness.outcome import eventually, expect
from harness.proxy import free_ports
from harness.scraper import Scraper

from .case import Case, Context
from .cases_java import TRANSPORTS
from .checks import STORM_SECONDS, expect_clients_values, is_shown, scrape_count
from .peers import RSOCKET_VERSIONS

# Ours redials after a jittered 5 s to 15 s, doubled when the proxy is not back by then.
RECONNECT_SECONDS = 90.0

MANY_CLIENTS = 20
MANY_SERIES = 10


def reference(version: str, transport: str, context: Context) -> None:
    """Java against Java: what the other cases expect is what the original does."""
    with ExitStack() as stack:
        proxy = stack.enter_context(context.java_proxy())
        port = proxy.ports.of(transport)
        java = stack.enter_context(context.java_client(version, port, transport, clients=2))
        java.wait_keys()
        scraper = stack.enter_context(Scraper(proxy.ports.http))
        expect_clients_values(scraper.connected(), java)
        java.tell("push-blocking 0")
        pushed = java.wait_event("pushed", 0)
        expect(java.count("push-answered") == 1, "the push to be answered")
        java.wait_event("disconnected", 0)
        page = scraper.connected()
        expect(scrape_count(page, java.label, 0) == float(pushed["n"]), "the pushed text")
        expect(not is_shown(scraper.connected(), java.label, 0), "the push shown once")


def storm_reference(context: Context) -> None:
    """A server that closes at once draws a storm: the storm cases can see one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def close_each() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                    connection.recv(4096)
                    connection.close()
                except OSError:
                    return

        threading.Thread(target=close_each, daemon=True).start()
        port = listener.getsockname()[1]
        with context.java_client("1.1.3", port, "tcp", first_backoff_ms=10000) as java:
            java.wait_event("dialing")
            java.holds_within(lambda lines: False, STORM_SECONDS)
            dials = java.count("dialing")
            context.measured["dials in 6 s"] = str(dials)
            expect(dials > 100, f"a storm of more than 100 dials, there were {dials}")


def _shown_page(scraper: Scraper, samples_min: int) -> Page:
    """A page with at least so many samples. The Java proxy writes one exposition per client."""
    page = scraper.connected()
    shown = len(page.samples)
    expect(shown >= samples_min, f"{samples_min} samples of our clients, there were {shown}")
    return page


def cpp_scrape(example: str, transport: str, context: Context) -> None:
    """Our client is scraped by the Java proxy, again and again over one connection."""
    flags, samples_min = [], 1
    if example == "many_clients":
        flags = [f"--clients={MANY_CLIENTS}", f"--series={MANY_SERIES}"]
        samples_min = MANY_CLIENTS * MANY_SERIES
    with ExitStack() as stack:
        proxy = stack.enter_context(context.java_proxy())
        scraper = stack.enter_context(Scraper(proxy.ports.http))
        port = proxy.ports.of(transport)
        stack.enter_context(context.cpp_example(example, port, transport, *flags))
        connections = MANY_CLIENTS if example == "many_clients" else 1
        scraper.wait_active(connections, within_seconds=90)
        page = _shown_page(scraper, samples_min)
        context.measured["samples"] = str(len(page.samples))
        for _ in range(5):
            later = _shown_page(scraper, samples_min)
            missing = set(page.samples) - set(later.samples)
            expect(not missing, f"all series at each scrape, {len(missing)} are missing")
        expect(scraper.active_connections() == connections, "every connection kept")


def cpp_push(transport: str, context: Context) -> None:
    """The serverless example pushes and ends; the Java proxy shows that once."""
    with ExitStack() as stack:
        proxy = stack.enter_context(context.java_proxy())
        scraper = stack.enter_context(Scraper(proxy.ports.http))
        port = proxy.ports.of(transport)
        example = stack.enter_context(context.cpp_example("serverless", port, transport))
        code = example.wait_exit(30.0)
        expect(code == 0, f"serverless to end with 0, it was {code}")
        page = _shown_page(scraper, 1)
        context.measured["samples"] = str(len(page.samples))
        expect(not scraper.connected().samples, "the push shown once")
        expect(scraper.active_connections() == 0, "no connection after the push")


def cpp_restart(transport: str, context: Context) -> None:
    """Our client finds the Java proxy again after a restart."""
    ports = free_ports()
    with ExitStack() as stack:
        proxy = stack.enter_context(context.java_proxy(at=ports))
        stack.enter_context(context.cpp_example("simplest", ports.of(transport), transport))
        with Scraper(ports.http) as scraper:
            scraper.wait_active(1)
            before = _shown_page(scraper, 1)
        proxy.stop()
        stack.enter_context(context.java_proxy(at=ports))
        scraper = stack.enter_context(Scraper(ports.http))
        eventually(lambda: scraper.active_connections() == 1, "our client back", RECONNECT_SECONDS)
        after = _shown_page(scraper, 1)
        missing = set(before.samples) - set(after.samples)
        expect(not missing, f"the same series after the restart, {len(missing)} are missing")


def cases() -> list[Case]:
    """Every case of this module."""
    found = [
        Case(
            f"java-{version}-{transport}-reference",
            (f"Java client 1.5.3, rsocket {version}, {transport}",),
            "to the Java proxy",
            partial(reference, version, transport),
        )
        for version in RSOCKET_VERSIONS
        for transport in TRANSPORTS
    ]
    found.append(
        Case(
            "java-1.1.3-tcp-storm-reference",
            ("Java client 1.5.3, rsocket 1.1.3, tcp",),
            "storm, unbounded",
            storm_reference,
        )
    )
    for transport in TRANSPORTS:
        row = (f"Java proxy 1.5.3, our client, {transport}",)
        for example, column in (
            ("simplest", "scrape"),
            ("several_registries", "several registries"),
            ("many_clients", "many clients"),
        ):
            run = partial(cpp_scrape, example, transport)
            name = f"cpp-{example.replace('_', '-')}-{transport}-java-proxy-scrape"
            found.append(Case(name, row, column, run))
        found += [
            Case(
                f"cpp-serverless-{transport}-java-proxy-push",
                row,
                "push",
                partial(cpp_push, transport),
            ),
            Case(
                f"cpp-simplest-{transport}-java-proxy-restart",
                row,
                "reconnect",
                partial(cpp_restart, transport),
                timeout_seconds=180,
            ),
        ]
    return found
