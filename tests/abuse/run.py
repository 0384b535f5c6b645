#!/usr/bin/env python3
"""The abuse suite's driver: what attackers and fuzzers try, against the real proxy.

    run.py --proxy FILE                  every attack, a few at a time, and the table in Markdown
    run.py --proxy FILE --case NAME      one
    run.py --table                       print what is recorded, run nothing
    run.py --list                        one line an attack: name, time limit, whether it waits

Logs and records go to --work-dir (default: a directory of the system's for temporary files).
Exit codes: 0 passed, 1 failed, 2 wrong usage, 77 skipped.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attacks import all_attacks  # its modules find tests/harness by way of suite
from suite.attack import Attack
from suite.report import table
from suite.stage import run_attack

from harness.outcome import EXIT_FAIL, EXIT_PASS, Skipped, TimedOut
from harness.process import run_to_end
from harness.results import Result, record, recorded, run_recorded, tell_skipped, worst

EXIT_USAGE = 2
JOBS = 4  # most attacks spend their time waiting
WORK_DIR = Path(tempfile.gettempdir()) / "prometheus-rsocket-abuse"


def parse_arguments(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--proxy", type=Path, metavar="FILE", help="the proxy's program")
    parser.add_argument("--case", metavar="NAME", help="only this attack")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--table", action="store_true", help="print what is recorded, run nothing")
    parser.add_argument("--jobs", type=int, default=JOBS, metavar="N", help="attacks at a time")
    parser.add_argument("--work-dir", type=Path, default=WORK_DIR, metavar="DIR")
    arguments = parser.parse_args(words)
    if not arguments.list and not arguments.table and arguments.proxy is None:
        parser.error("--proxy is missing: the program to attack")
    for name in ("proxy", "work_dir"):
        path = getattr(arguments, name)
        if path is not None:
            setattr(arguments, name, path.resolve())
    return arguments


def allow_descriptors() -> None:
    """As many as may be, for thousands of peers; the proxy takes as many itself."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run_one(attack: Attack, arguments: argparse.Namespace) -> Result:
    """Run it in this process."""

    def body(log_dir: Path, measured: dict[str, str]) -> None:
        if importlib.util.find_spec("cryptography") is None:
            raise Skipped("Python has no `cryptography` (Debian package python3-cryptography)")
        allow_descriptors()
        run_attack(attack, arguments.proxy, log_dir, measured)

    return run_recorded(attack.name, arguments.work_dir, body)


def run_all(attacks: Sequence[Attack], arguments: argparse.Namespace) -> int:
    """Run each in a process of its own, those that wait first; then the table."""
    log_dir = arguments.work_dir / "logs"
    log_dir.mkdir(parents=True, exist_ok=True)

    def run(attack: Attack) -> None:
        command: list[str | Path] = [sys.executable, "-B", Path(__file__).resolve()]
        command += ["--proxy", arguments.proxy, "--work-dir", arguments.work_dir]
        name = f"run-{attack.name}"
        try:
            _, said = run_to_end(
                name, [*command, "--case", attack.name], log_dir, attack.seconds_max
            )
        except TimedOut as late:
            said = str(late)
            result = Result(attack.name, EXIT_FAIL, attack.seconds_max, said)
            record(arguments.work_dir, result)
        print(said, flush=True)

    with ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(run, sorted(attacks, key=lambda attack: not attack.waits)))
    return print_table(attacks, arguments)


def print_table(attacks: Sequence[Attack], arguments: argparse.Namespace) -> int:
    """What is recorded."""
    found = {attack.name: recorded(arguments.work_dir, attack.name) for attack in attacks}
    results = {name: result for name, result in found.items() if result is not None}
    print(table(attacks, results))
    tell_skipped(len(attacks), results)
    codes = {result.code for result in results.values()}
    return worst(codes) if len(results) == len(attacks) else worst(codes | {EXIT_FAIL})


def main(words: Sequence[str]) -> int:
    """Do what the command line asks; the exit code."""
    arguments = parse_arguments(words)
    attacks = all_attacks()
    if arguments.list:
        for attack in attacks:
            print(attack.name, attack.seconds_max, "waits" if attack.waits else "works")
        return EXIT_PASS
    if arguments.table:
        return print_table(attacks, arguments)
    if arguments.case is None:
        return run_all(attacks, arguments)
    for attack in attacks:
        if attack.name == arguments.case:
            return run_one(attack, arguments).code
    print(f"there is no attack {arguments.case}; --list names them", file=sys.stderr)
    return EXIT_USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
