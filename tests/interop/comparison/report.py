"""The table of both proxies, with the goals beside the figures; the same as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .measure import Measured, Size

MEGABYTE = 1e6


@dataclass(frozen=True)
class Row:
    """One figure of both; the ratio is how much less ours is."""

    name: str
    title: str
    unit: str
    java: float
    ours: float
    goal: float | None = None  # the least ratio

    @property
    def ratio(self) -> float:
        """The Java proxy's figure over ours."""
        return self.java / self.ours if self.ours else float("inf")

    @property
    def reached(self) -> bool:
        """Whether the goal is reached, where there is one."""
        return self.goal is None or self.ratio >= self.goal


def rows(size: Size, java: Measured, ours: Measured) -> list[Row]:
    """Every figure, in the table's order."""

    found: list[Row] = []
    for kind in ("plain", "gzip"):
        both = getattr(java, kind), getattr(ours, kind)

        def row(name: str, title: str, *figures: float, goal: float | None = None) -> None:
            suffix = "" if kind == "plain" else ", gzip"
            found.append(Row(f"{kind}_{name}", f"{title}{suffix}", "s", *figures, goal=goal))

        cpu = "proxy_cpu_seconds"
        row("cpu_p50", "CPU a scrape, median", *(each.median(cpu) for each in both), goal=3)
        row("cpu_mean", "CPU a scrape, mean", *(each.mean(cpu) for each in both))
        for share, name in ((0.5, "p50"), (0.99, "p99")):
            walls = [each.quantile("wall_seconds", share) for each in both]
            row(f"wall_{name}", f"wall, {name}", *walls)
    return [
        *found,
        Row(
            "resident",
            "resident memory, after the last scrape",
            "MB",
            java.memory.now / MEGABYTE,
            ours.memory.now / MEGABYTE,
            goal=4,
        ),
        Row(
            "resident_peak",
            "resident memory, at its peak",
            "MB",
            java.memory.peak / MEGABYTE,
            ours.memory.peak / MEGABYTE,
            goal=4,
        ),
        Row(
            "taken",
            f"{size.clients:,} connections taken after",
            "s",
            java.taken_seconds,
            ours.taken_seconds,
            goal=20,
        ),
        Row(
            "taken_cpu",
            "CPU for taking them",
            "s",
            java.taken_cpu_seconds,
            ours.taken_cpu_seconds,
        ),
        Row(
            "first_page",
            "connected and all on a page after",
            "s",
            java.first_page_seconds,
            ours.first_page_seconds,
        ),
    ]


def table(size: Size, found: list[Row]) -> str:
    """Markdown."""
    title = f"{size.clients:,} Java clients × {size.series:,} series"
    lines = [f"| {title} | Java proxy | ours | ratio | goal |", "|---|---|---|---|---|"]
    for row in found:
        goal = "" if row.goal is None else f"≥ {row.goal:g}: {verdict(row)}"
        figures = f"{_figure(row.java, row.unit)} | {_figure(row.ours, row.unit)}"
        lines.append(f"| {row.title} | {figures} | {row.ratio:.1f} | {goal} |")
    return "\n".join(lines)


def verdict(row: Row) -> str:
    """In a word."""
    return "reached" if row.reached else "**missed**"


def notes(java: Measured, ours: Measured) -> str:
    """What tells how far the figures can be trusted."""
    lines = []
    for name, each in (("Java proxy", java), ("ours", ours)):
        sizes = [kind.median("body_bytes") / MEGABYTE for kind in (each.plain, each.gzip)]
        lines.append(
            f"- {name}: pages of {sizes[0]:.1f} MB, {sizes[1]:.1f} MB with gzip; clients and "
            f"scraper took {each.plain.median('load_cpu_seconds'):.2f} s of CPU a scrape; others "
            f"on the machine used {each.others_cores:.2f} cores"
        )
    return "\n".join(lines)


def as_json(size: Size, found: list[Row], java: Measured, ours: Measured) -> dict[str, Any]:
    """Every row, and what it was made from."""
    figures = {
        row.name: {
            "unit": row.unit,
            "java": row.java,
            "ours": row.ours,
            "ratio": row.ratio,
            **({} if row.goal is None else {"goal": row.goal, "reached": row.reached}),
        }
        for row in found
    }
    return {"size": asdict(size), "figures": figures, "java": asdict(java), "ours": asdict(ours)}


def _figure(value: float, unit: str) -> str:
    """Three digits that say something."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{digits}f} {unit}"
