"""Proxies behind HAProxy, a Prometheus that scrapes each, and many clients that come through it."""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass

from harness.outcome import Skipped, eventually
from harness.proxy import CppProxy, Ports, free_ports
from harness.scraper import Scraper

from .case import Context, built
from .continuity import Showing
from .haproxy import HAProxy
from .programs import CppExample, JavaClient
from .prometheus import Prometheus

OURS = 150
JAVA = 50
JAVA_VERSION = "1.1.3"  # as Micrometer's client brings it

# A connection of ours that ended sooner counts as a failure, and is dialled again with the backoff
# rather than the spread.
STABLE_SECONDS = 30.0
START_SECONDS = 90.0
DUE_SECONDS = 0.5

CLOCK = "interop_clock_seconds_total"
PUSHED = "interop_asked_total"
HISTORY = "10m"  # a range that holds a whole case

_CONFIG = """\
global: {{scrape_interval: {interval}s, scrape_timeout: {interval}s}}
scrape_configs:
  - job_name: connected
    honor_labels: true
    metrics_path: /metrics/connected
    file_sd_configs: [{{files: ["{targets}"]}}]
  - job_name: proxy
    metrics_path: /metrics/proxy
    file_sd_configs: [{{files: ["{targets}"]}}]
"""


@dataclass(frozen=True)
class Kind:
    """One kind of client, and how its series are told apart."""

    name: str
    door: str
    selector: str
    label: str
    clients: int

    @property
    def series(self) -> str:
        """The series that each of them has once."""
        return f"{CLOCK}{{{self.selector}}}"


_OURS = Kind("ours", "ours", 'job="interop"', "instance", OURS)
_JAVA = Kind("Java", "java", 'app="java"', "client", JAVA)
ALL_KINDS = (_OURS, _JAVA)


class ShortLived(CppExample):
    """Clients of ours that come, push and end, one after the other."""

    def pushed(self) -> dict[str, int]:
        """What each instance has pushed whose push was acknowledged: `PUSHED`'s value."""
        return self._told("pushed")

    def failed(self) -> dict[str, int]:
        """The same of attempts that were not acknowledged."""
        return self._told("failed")

    def _told(self, event: str) -> dict[str, int]:
        told = rf"event={event} instance=(\S+) asked=(\d+)"
        found = (re.match(told, line) for line in self.lines())
        return {match[1]: int(match[2]) for match in found if match}


class Fleet:
    """Everything is started by `start`, and ended with `stack`."""

    def __init__(
        self, context: Context, stack: ExitStack, interval_seconds: int, *proxy_flags: str
    ) -> None:
        self.interval_seconds = interval_seconds
        self.proxies: dict[str, CppProxy] = {}
        self.skipped: Skipped | None = None  # why there are no Java clients
        self._context = context
        self._stack = stack
        self._flags = proxy_flags
        self._ports: dict[str, Ports] = {}
        self._targets = context.log_dir / "targets.json"

    def start(self, settle: bool = True) -> None:
        """Start everything, and wait until each client is scraped; `settle`: and is stable."""
        for name in ("p1", "p2", "p3"):
            self.start_proxy(name)
        log_dir = self._context.log_dir
        config = _CONFIG.format(interval=self.interval_seconds, targets=self._targets)
        self.prometheus = self._stack.enter_context(
            Prometheus(self._context.peers.path("prometheus"), log_dir, config)
        )
        doors = ("ours", "java", "push")
        self.balancer = self._stack.enter_context(HAProxy(log_dir, doors, self._ports))
        self._start_clients()
        self._wait_everybody(STABLE_SECONDS if settle else 0)

    def start_proxy(self, name: str) -> None:
        """Start one: under the address and with the pushes that it had before, if there was one."""
        log_dir = self._context.log_dir
        proxy = CppProxy(
            built(self._context.binaries.proxy, "--proxy-binary"),
            log_dir,
            "--rsocket.proxy-protocol",
            "--rsocket.trusted-proxies=127.0.0.1",
            "--labels.identity",
            f"--push.store={log_dir / f'{name}-pushes'}",
            *self._flags,
            at=self._ports.get(name) or free_ports(),
            log_level="info",
            name=name,
        )
        self.proxies[name] = self._stack.enter_context(proxy)
        self._ports[name] = proxy.ports
        self._write_targets()

    def add_proxy(self, name: str) -> None:
        """One more: first Prometheus knows it, then HAProxy sends clients there."""
        self.start_proxy(name)
        self._wait_scraped()
        self.balancer.add(name, self._ports[name])

    def start_short_lived(self, count: int) -> list[ShortLived]:
        """So many programs, each with one short-lived client after the other."""
        directory = built(self._context.binaries.peers, "--peer-dir")
        return [
            self._stack.enter_context(
                ShortLived(
                    directory,
                    self._context.log_dir,
                    "short_lived",
                    self.balancer.doors["push"],
                    "tcp",
                    f"--name={number}",
                )
            )
            for number in range(count)
        ]

    def connections(self, name: str) -> int:
        """How many clients that proxy says it has."""
        with Scraper(self._ports[name].http) as scraper:
            return scraper.active_connections()

    def ours_connected(self, name: str) -> int:
        """How many of them are of ours, by its list of clients."""
        with Scraper(self._ports[name].http) as scraper:
            clients = json.loads(scraper.get("/api/v1/clients").text)["data"]
        return sum(1 for client in clients if client.get("job") == "interop")

    def last_page(self, name: str) -> Showing:
        """The last of that proxy's pages that Prometheus has."""
        scrapes = self.prometheus.query(f'up{{job="connected", proxy="{name}"}}[{HISTORY}]')
        return max(
            Showing(at, name)
            for series in scrapes
            for at, value in series["values"]
            if value == "1"
        )

    def kinds(self) -> list[Kind]:
        """Those that are there."""
        return [_OURS] if self.skipped else list(ALL_KINDS)

    def log_lines(self) -> list[str]:
        """What the proxies that were started last have said."""
        return [line for proxy in self.proxies.values() for line in proxy.lines()]

    def wait_quiet(self, within_seconds: float) -> None:
        """Wait until each client has been scraped anew, and is on one page and on no other."""
        since = time.time()
        eventually(
            lambda: self._is_quiet(since), "each client on one page, on no other", within_seconds
        )

    def wait_scrape_due(self, name: str) -> None:
        """Wait until the scrape of that proxy is as long ago as can be."""

        def is_due() -> bool:
            scraped = self.prometheus.values(f'timestamp(up{{job="connected", proxy="{name}"}})')
            return time.time() - float(scraped[0]) > self.interval_seconds - DUE_SECONDS

        eventually(is_due, f"the scrape of {name} to be due", 2.0 * self.interval_seconds)

    def wait_arrivals(self, door: str, since: float, clients: int, within_seconds: float) -> None:
        """Wait until so many have been sent to a proxy since then."""
        eventually(
            lambda: len(self.arrivals(door, since)) >= clients,
            f"{clients} arrivals of {door}",
            within_seconds,
        )

    def arrivals(self, door: str, since: float, proxy: str | None = None) -> list[float]:
        """When clients of that door reached a proxy since then: any, or this one."""
        return [
            session.at
            for session in self.balancer.sessions()
            if session.door == door and session.at >= since and proxy in (None, session.proxy)
        ]

    def _start_clients(self) -> None:
        context, doors = self._context, self.balancer.doors
        directory = built(context.binaries.peers, "--peer-dir")
        try:
            java_dir = context.peers.path(f"java-client-{JAVA_VERSION}")
            self._stack.enter_context(
                JavaClient(
                    java_dir, context.log_dir, doors["java"], "tcp", clients=JAVA, clock=True
                )
            )
        except Skipped as skipped:
            self.skipped = skipped
        self._stack.enter_context(
            CppExample(
                directory,
                context.log_dir,
                "timed_clients",
                doors["ours"],
                "tcp",
                f"--clients={OURS}",
            )
        )

    def _wait_everybody(self, connected_seconds: float) -> None:
        for kind in self.kinds():
            self.wait_arrivals(kind.door, 0.0, kind.clients, START_SECONDS)
        settled = time.monotonic() + connected_seconds
        self._wait_scraped()
        self.wait_quiet(START_SECONDS)
        self.begin = time.time()
        eventually(lambda: time.monotonic() > settled, "stable connections", START_SECONDS)

    def _wait_scraped(self) -> None:
        def is_scraped() -> bool:
            return self.prometheus.values('sum(up{job="connected"})') == [str(len(self.proxies))]

        eventually(is_scraped, "Prometheus to scrape every proxy", START_SECONDS)

    def _is_quiet(self, since: float) -> bool:
        for kind in self.kinds():
            for series in (kind.series, f"timestamp({kind.series}) > {since:.3f}"):
                counted = self.prometheus.values(f"count by ({kind.label}) ({series})")
                if counted != ["1"] * kind.clients:
                    return False
        return True

    def _write_targets(self) -> None:
        groups = [
            {"targets": [f"127.0.0.1:{ports.http}"], "labels": {"proxy": name}}
            for name, ports in self._ports.items()
        ]
        written = self._targets.with_suffix(".new")
        written.write_text(json.dumps(groups), "utf-8")
        written.rename(self._targets)
