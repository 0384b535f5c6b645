"""The comparison as people read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from .judge import ALPHA, EFFECT_MIN, Judgement, Verdict, judge

Times = dict[str, list[float]]  # benchmark -> nanoseconds, one of each run

LEGEND = (
    "base and now: medians of the runs. change: the median of now / base over all pairs of runs, "
    f"spread: its interval at {1 - ALPHA:.1%}.\nbetter, worse: all of the spread is on one side of 0, "
    f"and the change is over {EFFECT_MIN:.0%}."
)


@dataclass
class Program:
    """One program's times on both sides, by benchmark in the order of the program."""

    name: str
    base: Times = field(default_factory=dict)
    now: Times = field(default_factory=dict)
    is_identical: bool = False  # not run: both sides are the same, byte for byte


@dataclass(frozen=True)
class Row:
    benchmark: str
    base: float | None  # nanoseconds; None where it is not
    now: float | None
    judgement: Judgement | None  # None where it is on one side only

    @property
    def word(self) -> str:
        if self.judgement is not None:
            return self.judgement.verdict.value
        return "new" if self.base is None else "gone"


def rows_of(program: Program) -> list[Row]:
    """A row for each of its benchmarks; those that are gone come last."""
    rows = []
    for name in [*program.now, *(name for name in program.base if name not in program.now)]:
        base, now = program.base.get(name), program.now.get(name)
        if base is not None and now is not None:
            judgement = judge(base, now)
            rows.append(Row(name, judgement.base, judgement.now, judgement))
        else:
            rows.append(Row(name, median(base) if base else None, median(now) if now else None, None))
    return rows


def count_words(rows: Mapping[str, Sequence[Row]]) -> Counter[str]:
    """How many of all rows are better, worse, and so on."""
    return Counter(row.word for of_program in rows.values() for row in of_program)


def render(programs: Sequence[Program], rows: Mapping[str, Sequence[Row]]) -> str:
    """The whole table, and what it comes to."""
    names = [row.benchmark for of_program in rows.values() for row in of_program]
    width = max((len(name) for name in names), default=0) + 2
    lines = []
    for name, of_program in rows.items():
        if not of_program:
            continue
        lines.append(f"{name:<{width}} {'base':>9} {'now':>9} {'change':>9} {'spread':>19}")
        lines.extend(_line(row, width) for row in of_program)
        lines.append("")
    for program in programs:
        if program.is_identical:
            lines.append(f"{program.name}: the same program, byte for byte; not run")
    counts = count_words(rows)
    words = [*(verdict.value for verdict in Verdict), "new", "gone"]
    lines += [", ".join(f"{counts[word]} {word}" for word in words)]
    for word in (Verdict.WORSE.value, Verdict.BETTER.value):
        lines.extend(
            f"  {word}: {name}: {row.benchmark} {_percent(row.judgement.change)}"
            for name, of_program in rows.items()
            for row in of_program
            if row.judgement is not None and row.word == word
        )
    if names:
        lines += ["", LEGEND]
    return "\n".join(lines) + "\n"


def _line(row: Row, width: int) -> str:
    change = spread = ""
    if row.judgement is not None:
        change = _percent(row.judgement.change)
        spread = f"{_percent(row.judgement.low)} … {_percent(row.judgement.high)}"
    return (
        f"  {row.benchmark:<{width - 2}} {_time(row.base):>9} {_time(row.now):>9} {change:>9}"
        f" {spread:>19}  {row.word}"
    )


def _percent(part: float) -> str:
    return f"{100 * part:+.1f} %"


def _time(nanoseconds: float | None) -> str:
    """Three digits and a unit."""
    if nanoseconds is None:
        return "-"
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= 0.9995 * size:
            return f"{_three_digits(nanoseconds / size)} {unit}"
    return f"{_three_digits(nanoseconds)} ns"


def _three_digits(value: float) -> str:
    decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{decimals}f}"
