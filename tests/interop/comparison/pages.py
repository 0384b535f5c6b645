"""Whether a page has everything of everybody, and of this scrape: a cheap page is worth nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from harness.outcome import expect


# Each client says in one of its samples how often it has been scraped.
_SCRAPES = re.compile(rb'^load_scrapes\{client="([^"]*)",?\} ([0-9.E]+)$', re.MULTILINE)
_CLIENT = re.compile(rb'[{,]client="([^"]*)"')


class PageJudge:
    """Looks at the pages of one proxy with these clients, `series` samples each, in order."""

    def __init__(self, clients: Sequence[str], series: int) -> None:
        self._clients = set(clients)
        self._series = series
        self._scrapes = dict.fromkeys(self._clients, 0.0)

    def expect_fresh(self, page: bytes) -> None:
        """As many samples as there must be, and each client scraped anew since the page before."""
        samples = len(_samples(page))
        wanted = len(self._clients) * self._series
        expect(samples == wanted, f"{wanted} samples on the page, there are {samples}")
        counts = {name.decode(): float(value) for name, value in _SCRAPES.findall(page)}
        missing = self._clients - counts.keys()
        expect(not missing, f"all clients on the page, {len(missing)} are missing")
        stale = [name for name in self._clients if counts[name] <= self._scrapes[name]]
        expect(not stale, f"values of this scrape, {len(stale)} clients have older ones")
        self._scrapes = counts

    def expect_whole(self, page: bytes) -> None:
        """No series twice and `series` of each client, so that none can stand in for another."""
        series = {sample.rpartition(b" ")[0] for sample in _samples(page)}
        per_client: Counter[str] = Counter()
        for name in series:
            client = _CLIENT.search(name)
            per_client[client[1].decode() if client else ""] += 1
        wanted = dict.fromkeys(self._clients, self._series)
        wrong = [name for name in wanted | per_client if per_client[name] != wanted.get(name)]
        expect(not wrong, f"{self._series} distinct series of each client, not so: {wrong[:3]}")


def _samples(page: bytes) -> list[bytes]:
    return [line for line in page.split(b"\n") if line and not line.startswith(b"#")]
