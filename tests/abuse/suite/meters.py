"""What the proxy uses: resident memory, descriptors, CPU, log; against what it used before."""

from __future__ import annotations

import os
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from harness.outcome import Failed, eventually, expect
from harness.usage import cpu_seconds, memory

IDLE_SECONDS = 1.0
IDLE_PERCENT_MAX = 5.0  # of one core, with nobody scraping

# server::kLogBurst lines in kLogPeriod, from each shard; a line has a time, a client, a reason.
LOG_BURST, LOG_PERIOD_SECONDS = 10, 10.0
LOG_LINE_BYTES_MAX = 1024


@dataclass(frozen=True)
class Base:
    """The proxy before the attack."""

    resident_bytes: int
    descriptors: int
    log_lines: int
    at: float


@dataclass(frozen=True)
class Reading:
    """The proxy after it."""

    peak_growth_bytes: int  # of the resident memory, by the kernel's own high-water mark
    kept_growth_bytes: int  # resident now
    private_dirty_bytes: int  # now, in all: what is really its own
    log_lines: list[str]
    seconds: float  # since the base


class Meters:
    """Of the process `pid`."""

    def __init__(self, pid: int, shards: int) -> None:
        self._pid = pid
        self._shards = shards
        self._base = Base(0, 0, 0, 0.0)

    def read_base(self, log_lines: int) -> None:
        """What it uses now, once it is idle; from here on the high-water mark counts."""
        self._wait_idle(time.monotonic() + 30.0)
        Path(f"/proc/{self._pid}/clear_refs").write_text("5", "ascii")
        self._base = Base(memory(self._pid).now, self.descriptors(), log_lines, time.monotonic())

    def wait_recovered(self, deadline: float) -> None:
        """Until descriptors and CPU are as before; Failed if they are not at the deadline.

        That it is idle takes a second to see.
        """
        eventually(
            self.are_descriptors_back,
            f"{self._base.descriptors} descriptors as before",
            deadline - time.monotonic(),
        )
        self._wait_idle(deadline)

    def read(self, log_lines: list[str]) -> Reading:
        """What it uses now, and has used since the base."""
        now = time.monotonic()
        resident = memory(self._pid)
        rollup = Path(f"/proc/{self._pid}/smaps_rollup").read_text("ascii")
        dirty = re.search(r"^Private_Dirty:\s*(\d+) kB$", rollup, re.MULTILINE)
        return Reading(
            peak_growth_bytes=resident.peak - self._base.resident_bytes,
            kept_growth_bytes=resident.now - self._base.resident_bytes,
            private_dirty_bytes=int(dirty[1]) * 1024 if dirty else 0,
            log_lines=log_lines[self._base.log_lines :],
            seconds=now - self._base.at,
        )

    def descriptors(self) -> int:
        """How many it has open."""
        try:
            return len(os.listdir(f"/proc/{self._pid}/fd"))
        except OSError as error:
            raise Failed("the proxy has ended") from error

    def are_descriptors_back(self) -> bool:
        """Whether it has no more of them than before the attack."""
        return self.descriptors() <= self._base.descriptors

    def _wait_idle(self, deadline: float) -> None:
        while (percent := self._busy_percent()) > IDLE_PERCENT_MAX:
            expect(time.monotonic() < deadline, f"an idle proxy, it uses {percent:.0f} % of a core")

    def _busy_percent(self) -> float:
        before, started = cpu_seconds(self._pid), time.monotonic()
        threading.Event().wait(IDLE_SECONDS)  # a rate is measured over time
        return 100.0 * (cpu_seconds(self._pid) - before) / (time.monotonic() - started)

    def log_lines_max(self, seconds: float) -> int:
        """What the shards may log of troubles in this time."""
        return int(LOG_BURST * self._shards * (seconds // LOG_PERIOD_SECONDS + 2))
