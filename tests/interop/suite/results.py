"""Runs one case and records how it ended; writes the table of peers and behaviours from records."""

from __future__ import annotations

import json
import shutil
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .case import Binaries, Case, Context
from .outcome import EXIT_FAIL, EXIT_PASS, EXIT_SKIP, Failed, Skipped
from .peers import RECIPES, Peers

WORDS = {EXIT_PASS: "pass", EXIT_FAIL: "FAIL", EXIT_SKIP: "skipped"}


@dataclass
class Result:
    """How one case ended."""

    case: str
    code: int
    seconds: float
    detail: str = ""
    measured: dict[str, str] = field(default_factory=dict)


def loudly_skipped(name: str, reason: str) -> None:
    """Nobody shall overlook that nothing was tested."""
    bar = "!" * 78
    lines = "\n".join(f"!! {line}" for line in reason.splitlines())
    print(f"{bar}\n!! SKIPPED, NOTHING WAS TESTED: {name}\n{lines}\n{bar}", flush=True)


def run_case(case: Case, work_dir: Path, binaries: Binaries) -> Result:
    """Run it, record the result in the work directory, and print a line about it."""
    log_dir = work_dir / "logs" / case.name
    shutil.rmtree(log_dir, ignore_errors=True)
    log_dir.mkdir(parents=True)
    context = Context(binaries, Peers(work_dir), log_dir)
    started = time.monotonic()
    code, detail = EXIT_PASS, ""
    try:
        case.run(context)
    except Skipped as skipped:
        code, detail = EXIT_SKIP, str(skipped)
        loudly_skipped(case.name, detail)
    except Failed as failed:
        code, detail = EXIT_FAIL, str(failed)
    except Exception:  # a bug of the suite: a failed case like any other, with its place
        code, detail = EXIT_FAIL, traceback.format_exc()
    seconds = round(time.monotonic() - started, 1)
    result = Result(case.name, code, seconds, detail, context.measured)
    record = _record(work_dir, case)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(asdict(result), indent=1), "utf-8")
    notes = "".join(f"; {name}: {value}" for name, value in context.measured.items())
    print(f"{WORDS[code]}: {case.name} ({seconds:g} s{notes})", flush=True)
    if code == EXIT_FAIL:
        print(f"{detail}\nlogs: {log_dir}", file=sys.stderr, flush=True)
    return result


def recorded(work_dir: Path, case: Case) -> Result | None:
    """How this case ended last, if it has ever run."""
    record = _record(work_dir, case)
    if not record.exists():
        return None
    return Result(**json.loads(record.read_text("utf-8")))


def _record(work_dir: Path, case: Case) -> Path:
    return work_dir / "results" / f"{case.name}.json"


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


def worst(codes: set[int]) -> int:
    """One exit code for several."""
    for code in (EXIT_FAIL, EXIT_SKIP):
        if code in codes:
            return code
    return EXIT_PASS


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
        elif result.measured:
            values = ", ".join(f"{name}: {value}" for name, value in result.measured.items())
            notes.append(f"- {case.name}: {values}")
    return "\n".join([*lines, "", *notes])


def tell_skipped(cases: Sequence[Case], results: dict[str, Result]) -> None:
    """Below the table, how many cases say nothing: ctest counts them among what did not fail."""
    names = [name for name, result in results.items() if result.code == EXIT_SKIP]
    if names:
        loudly_skipped(f"{len(names)} of {len(cases)} cases", "\n".join(names))


def _cell(result: Result | None) -> str:
    if result is None:
        return "not run"
    return f"{WORDS[result.code]} ({result.seconds:g} s)"
