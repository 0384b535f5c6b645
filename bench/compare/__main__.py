"""Compares the micro-benchmarks of the work tree with those of another commit.

Both are built with the release preset, in build/compare, and run in turn. See docs/performance.md,
"Comparing with another commit".
"""

from __future__ import annotations

import argparse
import fcntl
import filecmp
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from .judge import Verdict, runs_min
from .process import CannotCompare
from .runs import measure, names_of
from .table import Program, count_words, render, rows_of
from .trees import build, choose_base, describe, programs_of, worktree

ROOT = Path(__file__).resolve().parent.parent.parent
ROUNDS = 16
EXIT_WORSE = 1
EXIT_CANNOT = 2


def parse_arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="ci/compare-benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--base",
        metavar="REF",
        help="the commit to compare with; by default HEAD where the work tree has changes, "
        "otherwise HEAD's parent",
    )
    parser.add_argument(
        "--filter", metavar="REGEX", default=".", help="only the benchmarks that match"
    )
    parser.add_argument(
        "--rounds", metavar="N", type=int, default=ROUNDS, help=f"runs of each side: {ROUNDS}"
    )
    parser.add_argument(
        "--identical", action="store_true", help="run also programs of which both sides are the same"
    )
    parser.add_argument(
        "--fail-on", choices=["worse"], help="exit with 1 when a benchmark is worse"
    )
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help="frame_bench, … ; all")
    arguments = parser.parse_args(words)
    if arguments.rounds < runs_min():
        parser.error(f"--rounds is at least {runs_min()}: fewer cannot tell a change from chance")
    return arguments


def say(text: str) -> None:
    print(f"== {time.strftime('%T')} {text}", file=sys.stderr, flush=True)


def chosen_of(there: Sequence[str], wanted: Sequence[str]) -> list[str]:
    return [name for name in there if not wanted or name in wanted]


def run_all(
    programs: Sequence[Program], files: dict[str, dict[str, Path]], filter_: str, rounds: int
) -> None:
    """Fills in the times. Which side comes first changes from round to round.

    `files`: side -> program -> its file, where that side has it.
    """
    to_run = []
    for program in programs:
        for side, of_side in files.items():
            file = of_side.get(program.name)
            if file is not None and not program.is_identical and names_of(file, filter_):
                to_run.append((program, side, file))
    if not to_run and not all(program.is_identical for program in programs):
        raise CannotCompare(f"no benchmark matches {filter_}")
    for number in range(rounds if to_run else 0):
        say(f"round {number + 1} of {rounds}")
        for program in programs:
            sides = [(side, file) for owner, side, file in to_run if owner is program]
            for side, file in sides if number % 2 == 0 else reversed(sides):
                times = program.base if side == "base" else program.now
                for benchmark, nanoseconds in measure(file, filter_).items():
                    times.setdefault(benchmark, []).append(nanoseconds)


def compare(arguments: argparse.Namespace, folder: Path) -> int:
    base = choose_base(ROOT, arguments.base)
    with worktree(ROOT, folder / "base", base.commit) as base_tree:
        there = {"base": programs_of(base_tree), "now": programs_of(ROOT)}
        known = list(dict.fromkeys([*there["now"], *there["base"]]))
        unknown = [name for name in arguments.programs if name not in known]
        if unknown:
            raise CannotCompare(f"no program {', '.join(unknown)}; there are {', '.join(known)}")
        chosen = {side: chosen_of(names, arguments.programs) for side, names in there.items()}
        say("building the work tree")
        now_folder = build(ROOT, folder / "now", chosen["now"], ROOT)
        say(f"building the base, {base.title}")
        base_folder = build(base_tree, base_tree / "build", chosen["base"], ROOT)
        files = {
            "base": {name: base_folder / name for name in chosen["base"]},
            "now": {name: now_folder / name for name in chosen["now"]},
        }
        programs = [Program(name) for name in chosen_of(known, arguments.programs)]
        for program in programs:
            sides = [of_side[program.name] for of_side in files.values() if program.name in of_side]
            if len(sides) == 2 and not arguments.identical:
                program.is_identical = filecmp.cmp(*sides, shallow=False)
        run_all(programs, files, arguments.filter, arguments.rounds)
    rows = {program.name: rows_of(program) for program in programs if not program.is_identical}
    print(f"base: {base.title}\nnow:  {describe(ROOT)}\n{arguments.rounds} runs of each\n")
    print(render(programs, rows), end="")
    has_worse = count_words(rows)[Verdict.WORSE.value] > 0
    return EXIT_WORSE if has_worse and arguments.fail_on == "worse" else 0


def end(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def main() -> int:
    arguments = parse_arguments(sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    folder = ROOT / "build" / "compare"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CannotCompare("another comparison of this tree is under way") from None
            return compare(arguments, folder)
    except CannotCompare as why:
        print(f"compare-benchmarks: {why}", file=sys.stderr)
        return EXIT_CANNOT
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
