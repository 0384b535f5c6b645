"""The good scraper: a page every 100 ms, each held to what a scrape promises the good clients."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from harness.exposition import parse
from harness.outcome import Failed, expect
from harness.scraper import KeptConnectionEnded, RawAnswer, Scraper

from .certificate import trusting
from .good import CLIENTS, SERIES

INTERVAL_SECONDS = 0.1
# A page with an attacker's megabytes on it is looked through for the good series alone.
PARSED_BYTES_MAX = 1 << 20
PROBLEMS_KEPT = 5

_VALUE = re.compile(rb'^good_value\{client="(\w+)",series="(\d+)"\} (\S+)$', re.MULTILINE)
_SCRAPES = re.compile(rb'^good_scrapes\{client="(\w+)"\} (\d+)$', re.MULTILINE)
_WHOLE = {(name, i): float(f"{i}.5") for name in CLIENTS for i in range(SERIES)}


class PageJudge:
    """Whether pages, one after the other, are what the good clients are owed."""

    def __init__(self) -> None:
        self._scrapes = dict.fromkeys(CLIENTS, 0)

    def judge(self, body: bytes) -> None:
        """Failed when a good series lacks, is there twice or has another value, or is older."""
        found = _VALUE.findall(body)
        values = {(name.decode(), int(i)): float(value) for name, i, value in found}
        for (name, i), value in _WHOLE.items():
            shown = values.get((name, i))
            expect(shown == value, f"series {i} of the good client {name}, it was {shown}")
        expect(len(found) == len(_WHOLE), f"each good series once, there are {len(found)}")
        scrapes = {name.decode(): int(n) for name, n in _SCRAPES.findall(body)}
        for name, before in self._scrapes.items():
            now = scrapes.get(name, -1)
            expect(now >= before, f"a page of {name} no older than the last, {now} after {before}")
        self._scrapes = scrapes
        if len(body) <= PARSED_BYTES_MAX:
            expect(not parse(body.decode("utf-8")).repeated, "no series twice")


@dataclass
class Seen:
    """What the scraper has seen."""

    begun: int = 0
    pages: int = 0  # over, whole or not
    seconds_max: float = 0.0
    problems: list[str] = field(default_factory=list)
    problem_count: int = 0

    def add_problem(self, what: str) -> None:
        """Only the first are kept."""
        self.problem_count += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(what)


class Watcher:
    """Scrapes in a thread of its own, over a kept connection that it renews as Prometheus does."""

    def __init__(
        self,
        get_page: Callable[[], RawAnswer],
        page_seconds_max: float,
        judge: PageJudge | None = None,
    ) -> None:
        self._get_page = get_page
        self._page_seconds_max = page_seconds_max
        self._judge = judge or PageJudge()
        self._changed = threading.Condition()
        self._paused = False
        self._busy = False
        self._stopped = False
        self.seen = Seen()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or not self._paused)
                if self._stopped:
                    return
                self._busy = True
                self.seen.begun += 1
            self._look()
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._stopped or self._paused, INTERVAL_SECONDS)

    def _look(self) -> None:
        started = time.monotonic()
        seconds, problem = 0.0, ""
        try:
            answer = self._get_page()
            seconds = time.monotonic() - started
            expect(answer.status == 200, f"a page, it was {answer.status}")
            self._judge.judge(answer.body)
        except Failed as failed:
            problem = str(failed)
        except Exception as unforeseen:  # no UTF-8, for one: a bad page like any other
            problem = repr(unforeseen)
        seconds = seconds or time.monotonic() - started
        if seconds > self._page_seconds_max:
            problem = f"{problem} page after {seconds:.2f} s of {self._page_seconds_max:g} s"
        with self._changed:
            self.seen.pages += 1
            self.seen.seconds_max = max(self.seen.seconds_max, seconds)
            if problem:
                self.seen.add_problem(f"page {self.seen.pages}: {problem}")

    def wait_pages(self, count: int, within_seconds: float = 60.0) -> None:
        """So many more pages, whatever is on them."""
        with self._changed:
            goal = self.seen.pages + count
            done = self._changed.wait_for(lambda: self.seen.pages >= goal, within_seconds)
        expect(done, f"{count} pages within {within_seconds:g} s")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No page is under way within, and none begins."""
        with self._changed:
            self._paused = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._busy)
        yield
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(60.0)


class GoodScraper:
    """GETs as Prometheus does: with its timeout, and once more where a kept connection has ended.

    Before the answer's first byte, that is: an answer that breaks off is not asked for again.
    """

    def __init__(
        self, port: int, name: str, page_seconds_max: float, user: str = "", tls: bool = False
    ) -> None:
        self._path = f"/metrics/connected?scraper={name}"
        self._headers = {"X-Prometheus-Scrape-Timeout-Seconds": f"{page_seconds_max:g}"}
        trusts = trusting() if tls else None
        self._scraper = Scraper(port, name, page_seconds_max, trusts, user)
        self.asked_again = 0

    def get_page(self) -> RawAnswer:
        """The page of all clients."""
        return self.get(self._path)

    def get(self, path: str) -> RawAnswer:
        """Whatever is there."""
        try:
            return self._scraper.get_raw(path, self._headers)
        except KeptConnectionEnded:
            self.asked_again += 1
            return self._scraper.get_raw(path, self._headers)

    def close(self) -> None:
        """Close the kept connection."""
        self._scraper.close()
