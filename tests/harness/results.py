"""Runs one case, and records how it ended for the table that comes later, from another process."""

from __future__ import annotations

import json
import shutil
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .outcome import EXIT_FAIL, EXIT_PASS, EXIT_SKIP, Failed, Skipped
from .sanitizer import sanitizer_reports

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


def run_recorded(name: str, work_dir: Path, body: Callable[[Path, dict[str, str]], None]) -> Result:
    """Run `body(log directory, measured)`, record the result, and print a line about it."""
    log_dir = work_dir / "logs" / name
    shutil.rmtree(log_dir, ignore_errors=True)
    log_dir.mkdir(parents=True)
    measured: dict[str, str] = {}
    started = time.monotonic()
    code, detail = EXIT_PASS, ""
    _record(work_dir, name).unlink(missing_ok=True)  # or one that is ended has passed as before
    try:
        body(log_dir, measured)
    except Skipped as skipped:
        code, detail = EXIT_SKIP, str(skipped)
        loudly_skipped(name, detail)
    except Failed as failed:
        code, detail = EXIT_FAIL, str(failed)
    except Exception:  # a bug of the suite: a failed case like any other, with its place
        code, detail = EXIT_FAIL, traceback.format_exc()
    found = sanitizer_reports(log_dir)
    if found:  # whatever the case has seen of it
        code, detail = EXIT_FAIL, "\n".join([*found, detail])
    seconds = round(time.monotonic() - started, 1)
    result = Result(name, code, seconds, detail, measured)
    record(work_dir, result)
    notes = "".join(f"; {what}: {value}" for what, value in measured.items())
    print(f"{WORDS[code]}: {name} ({seconds:g} s{notes})", flush=True)
    if code == EXIT_FAIL:
        print(f"{detail}\nlogs: {log_dir}", file=sys.stderr, flush=True)
    return result


def record(work_dir: Path, result: Result) -> None:
    """For the table."""
    file = _record(work_dir, result.case)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(result), indent=1), "utf-8")


def recorded(work_dir: Path, name: str) -> Result | None:
    """How this case ended last, if it has ever run."""
    file = _record(work_dir, name)
    if not file.exists():
        return None
    return Result(**json.loads(file.read_text("utf-8")))


def _record(work_dir: Path, name: str) -> Path:
    return work_dir / "results" / f"{name}.json"


def worst(codes: set[int]) -> int:
    """One exit code for several."""
    for code in (EXIT_FAIL, EXIT_SKIP):
        if code in codes:
            return code
    return EXIT_PASS


def tell_skipped(case_count: int, results: dict[str, Result]) -> None:
    """Below a table, how many cases say nothing: ctest counts them among what did not fail."""
    names = [name for name, result in results.items() if result.code == EXIT_SKIP]
    if names:
        loudly_skipped(f"{len(names)} of {case_count} cases", "\n".join(names))
