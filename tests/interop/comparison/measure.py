"""Measures one proxy with the Java load on it."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from suite.programs import JavaLoad, JavaProxy

from harness import usage
from harness.outcome import Failed, eventually, expect
from harness.proxy import CppProxy
from harness.scraper import RawAnswer, Scraper

from .pages import PageJudge

CONNECTIONS_PER_JVM_MAX = 500  # the pool of the Java client
JVMS_MIN = 2
LOAD_READY_SECONDS = 300.0
GONE_SECONDS = 60.0
SETTLING_SECONDS = 120.0
TAKING_SECONDS = 600.0
# Longer than any scrape should take: a proxy that leaves out who is late is not to win by that.
SCRAPE_SECONDS = 120
# Our proxy gives a scrape what it has asked its clients within the last 100 ms.
APART_SECONDS = 0.15


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    clients: int = 1000
    series: int = 1000
    scrapes: int = 20
    warming: int = 20

    def clients_per_jvm(self) -> list[int]:
        """The clients, shared out over at least two virtual machines."""
        jvms = max(JVMS_MIN, math.ceil(self.clients / CONNECTIONS_PER_JVM_MAX))
        return [self.clients // jvms + (i < self.clients % jvms) for i in range(jvms)]


@dataclass(frozen=True)
class Scrape:
    """What one scrape cost."""

    wall_seconds: float
    proxy_cpu_seconds: float
    load_cpu_seconds: float  # the clients' and the scraper's
    body_bytes: int


@dataclass
class Scrapes:
    """What all scrapes of a kind cost."""

    scrapes: list[Scrape] = field(default_factory=list)

    def median(self, member: str) -> float:
        """Of what each scrape has under this name."""
        return statistics.median(self._of(member))

    def mean(self, member: str) -> float:
        """Of what each scrape has under this name."""
        return statistics.fmean(self._of(member))

    def quantile(self, member: str, share: float) -> float:
        """The least that at least `share` of the scrapes do not exceed."""
        ordered = sorted(self._of(member))
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    def _of(self, member: str) -> list[float]:
        return [getattr(scrape, member) for scrape in self.scrapes]


@dataclass
class Measured:
    """Everything about one proxy."""

    taken_seconds: float = 0.0  # until each client has had a key
    taken_cpu_seconds: float = 0.0
    first_page_seconds: float = 0.0  # and until all were on a page, from the same beginning
    plain: Scrapes = field(default_factory=Scrapes)
    gzip: Scrapes = field(default_factory=Scrapes)
    memory: usage.Memory = usage.Memory(0, 0)
    others_cores: float = 0.0  # what processes that have no part in it used meanwhile


class Measurement:
    """One proxy, its clients and its scraper."""

    def __init__(
        self,
        proxy: CppProxy | JavaProxy,
        loads: Sequence[JavaLoad],
        size: Size,
        tell: Callable[[str], None],
    ) -> None:
        self._proxy = proxy
        self._loads = loads
        self._size = size
        self._tell = tell
        self._scraper = Scraper(proxy.ports.http, timeout_seconds=SCRAPE_SECONDS + 10)
        names = [name for load in loads for name in load.client_names]
        self._judge = PageJudge(names, size.series)
        self._measured = Measured()
        self._last_get = 0.0

    def run(self) -> Measured:
        """Connect, warm, scrape, and again with gzip."""
        machine = usage.machine_cpu_seconds()
        ours = self._proxy_cpu() + self._load_cpu()
        began = time.monotonic()
        self._take()
        self._repeat("warming", self._size.warming - 1, "identity", Scrapes())  # one has been
        self._repeat("scrape", self._size.scrapes, "identity", self._measured.plain)
        self._repeat("warming, gzip", max(1, self._size.warming // 4), "gzip", Scrapes())
        self._repeat("scrape, gzip", self._size.scrapes, "gzip", self._measured.gzip)
        ours = self._proxy_cpu() + self._load_cpu() - ours
        machine = usage.machine_cpu_seconds() - machine
        self._measured.others_cores = max(0.0, machine - ours) / (time.monotonic() - began)
        self._measured.memory = usage.memory(self._proxy.pid)
        self._scraper.close()
        return self._measured

    def _take(self) -> None:
        eventually(self._is_alone, "those who rehearsed gone", GONE_SECONDS)
        self._wait_for_turn()
        cpu = self._proxy_cpu()
        began = time.monotonic()
        for load in self._loads:
            load.tell("connect")
        for load in self._loads:
            load.wait_event("taken", within_seconds=TAKING_SECONDS)
        self._measured.taken_seconds = time.monotonic() - began
        self._measured.taken_cpu_seconds = self._proxy_cpu() - cpu
        self._tell(
            f"{self._size.clients} connections taken in {self._measured.taken_seconds:.2f} s"
        )
        eventually(lambda: self._all_on_a_page(began), "all on a page", SETTLING_SECONDS)
        self._tell(f"all on a page after {self._measured.first_page_seconds:.2f} s")

    def _is_alone(self) -> bool:
        """The Java proxy counts who has gone until it has scraped in vain."""
        self._get("identity")
        return self._scraper.active_connections() == 0

    def _all_on_a_page(self, began: float) -> bool:
        """Tried again: the Java proxy was seen not to count all of them even a minute later."""
        _, answer = self._get("identity")
        self._measured.first_page_seconds = time.monotonic() - began
        try:
            self._judge.expect_fresh(answer.body)
            self._judge.expect_whole(answer.body)
        except Failed as failed:
            self._tell(f"not all on a page yet: {failed}")
            raise
        return True

    def _repeat(self, what: str, times: int, coding: str, into: Scrapes) -> None:
        for i in range(1, times + 1):
            cpu, load_cpu = self._proxy_cpu(), self._load_cpu()
            seconds, answer = self._get(coding)
            load_cpu = self._load_cpu() - load_cpu
            page = answer.decoded()
            self._judge.expect_fresh(page)
            # Only now: what the proxy does after the last byte is its cost as well.
            cpu = self._proxy_cpu() - cpu
            into.scrapes.append(Scrape(seconds, cpu, load_cpu, len(answer.body)))
            if i % 5 == 1 or i == times:
                self._tell(f"{what} {i} of {times}: {seconds:.3f} s, CPU {cpu:.3f} s")
            if i == times:
                self._judge.expect_whole(page)

    def _get(self, coding: str) -> tuple[float, RawAnswer]:
        """A page, and the time to its last byte."""
        headers = {
            "Accept-Encoding": coding,
            "X-Prometheus-Scrape-Timeout-Seconds": str(SCRAPE_SECONDS),
        }
        self._wait_for_turn()
        began = self._last_get = time.monotonic()
        answer = self._scraper.get_raw("/metrics/connected", headers)
        seconds = time.monotonic() - began
        expect(answer.status == 200, f"a page, it was answered {answer.status}")
        got = answer.headers.get("content-encoding", "identity")
        expect(got == coding, f"a page coded as {coding}, it was {got}")
        return seconds, answer

    def _wait_for_turn(self) -> None:
        time.sleep(max(0.0, self._last_get + APART_SECONDS - time.monotonic()))

    def _proxy_cpu(self) -> float:
        return usage.cpu_seconds(self._proxy.pid)

    def _load_cpu(self) -> float:
        return sum(usage.cpu_seconds(load.pid) for load in self._loads) + time.process_time()


def measure(
    start_proxy: Callable[[], CppProxy | JavaProxy],
    client_dir: Path,
    log_dir: Path,
    size: Size,
    tell: Callable[[str], None],
) -> Measured:
    """Start everything, measure, end everything; Failed when a page is not whole."""
    with ExitStack() as stack:
        proxy = stack.enter_context(start_proxy())
        tell("the proxy is up; making the clients' series")
        loads = [
            stack.enter_context(
                JavaLoad(client_dir, log_dir, proxy.ports.tcp, f"jvm{i}", clients, size.series)
            )
            for i, clients in enumerate(size.clients_per_jvm())
        ]
        for load in loads:
            load.wait_event("ready", within_seconds=LOAD_READY_SECONDS)
        return Measurement(proxy, loads, size, tell).run()
