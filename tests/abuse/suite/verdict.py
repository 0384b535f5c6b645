"""What an attack must not have done: to good pages, to the memory, the log and the counters."""

from __future__ import annotations

from collections.abc import Sequence

from harness.exposition import Page
from harness.outcome import expect

from .attack import MIB, Bound, Counted
from .meters import LOG_LINE_BYTES_MAX, Reading
from .watch import INTERVAL_SECONDS, Seen

PAGES_MIN = 3  # begun during the attack, where it was long enough


def judge_pages(seen: Seen) -> None:
    """Every page was whole and in time."""
    expect(
        not seen.problems,
        f"good pages, {seen.problem_count} of {seen.pages} were not: {'; '.join(seen.problems)}",
    )


def judge_begun(begun: int, attack_seconds: float, page_seconds_max: float) -> None:
    """Pages were begun during the attack: three, where each may have been as slow as allowed.

    One that is over before the next page is due says nothing of those meanwhile.
    """
    if attack_seconds < 2 * INTERVAL_SECONDS:
        return
    least = min(PAGES_MIN, 1 + int(attack_seconds / (page_seconds_max + INTERVAL_SECONDS)))
    expect(
        begun >= least,
        f"at least {least} pages begun in the {attack_seconds:.1f} s of the attack, it was {begun}",
    )


def judge_memory(reading: Reading, growth: Bound) -> None:
    """The peak was within the bound."""
    grown = reading.peak_growth_bytes
    expect(
        grown <= growth.bytes,
        f"at most {growth.bytes / MIB:.0f} MiB more resident ({growth.why}), "
        f"it was {grown / MIB:.1f} MiB",
    )


def judge_log(reading: Reading, lines_max: int) -> None:
    """Few lines, short ones, and nothing in them that a terminal obeys."""
    lines = reading.log_lines
    expect(len(lines) <= lines_max, f"at most {lines_max} lines of log, there are {len(lines)}")
    for line in lines:
        expect(len(line) <= LOG_LINE_BYTES_MAX, f"no long line of log: {line[:200]}")
        expect(line.isprintable(), f"no control characters in the log: {line!r}")


def value_of(page: Page, name: str, labels: Sequence[tuple[str, str]]) -> float:
    """One value on /metrics/proxy."""
    values = list(page.of(name, **dict(labels)).values())
    expect(len(values) == 1, f"one {name}{dict(labels)} on /metrics/proxy, there are {len(values)}")
    return float(values[0])


def judge_counters(before: Page, after: Page, counts: Sequence[Counted]) -> None:
    """The proxy has counted what was done to it."""
    for what in counts:
        grown = value_of(after, what.name, what.labels) - value_of(before, what.name, what.labels)
        expect(
            grown == what.count or (what.or_more and grown > what.count),
            f"{what.name}{dict(what.labels)} to grow by {what.count}{' or more' * what.or_more}, "
            f"it was {grown:g}",
        )
