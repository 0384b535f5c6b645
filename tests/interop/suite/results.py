"""Runs one case of this suite; writes the table of peers and behaviours from the records."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from harness.outcome import EXIT_FAIL, EXIT_PASS, EXIT_SKIP, Failed, Skipped
from harness.results import WORDS, Result, loudly_skipped, run_recorded, worst

from .case import Binaries, Case, Context
from .peers import RECIPES, Peers


def run_case(case: Case, work_dir: Path, binaries: Binaries) -> Result:
    """Run it and record the result in the work directory."""
    return run_recorded(
        case.name,
        work_dir,
        lambda log_dir, measured: case.run(Context(binaries, Peers(work_dir), log_dir, measured)),
    )


def prepare(work_dir: Path) -> int:
    """Get every peer; an exit code: a failure outweighs a skip."""
    codes = {EXIT_PASS}
    peers = Peers(work_dir)
    for name in RECIPES:
        try:
            peers.prepare(name)
            print(f"ready: {name}", flush=True)
        except Skipped as skipped:
            codes.add(EXIT_SKIP)
            loudly_skipped(name, str(skipped))
        except Failed as failed:
            codes.add(EXIT_FAIL)
            print(f"FAIL: {failed}", file=sys.stderr, flush=True)
    return worst(codes)


def table(cases: Sequence[Case], results: dict[str, Result]) -> str:
    """Peers down, behaviours across, in Markdown; below it what was measured and what failed."""
    columns = list(dict.fromkeys(case.behaviour for case in cases))
    rows = list(dict.fromkeys(peer for case in cases for peer in case.peers))
    cells = {
        (peer, case.behaviour): _cell(results.get(case.name))
        for case in cases
        for peer in case.peers
    }
    lines = ["| peer | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for row in rows:
        words = [cells.get((row, column), "–") for column in columns]
        lines.append(f"| {row} | " + " | ".join(words) + " |")
    notes = []
    for case in cases:
        result = results.get(case.name)
        if result is None:
            continue
        if result.code != EXIT_PASS:
            first = result.detail.splitlines()[0] if result.detail else ""
            notes.append(f"- {case.name}: {WORDS[result.code]}: {first}")
        elif result.measured and not case.tabled:
            values = ", ".join(f"{name}: {value}" for name, value in result.measured.items())
            notes.append(f"- {case.name}: {values}")
    return "\n".join([*lines, "", *notes])


def measured_table(cases: Sequence[Case], results: dict[str, Result]) -> str:
    """What the cases with a table of their own have measured, one a row; empty where none has."""
    rows = {
        case.behaviour: results[case.name].measured
        for case in cases
        if case.tabled and case.name in results
    }
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    if not columns:
        return ""
    lines = ["| scenario | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for name, row in rows.items():
        lines.append(f"| {name} | " + " | ".join(row.get(each, "–") for each in columns) + " |")
    return "\n".join(lines)


def _cell(result: Result | None) -> str:
    if result is None:
        return "not run"
    return f"{WORDS[result.code]} ({result.seconds:g} s)"
