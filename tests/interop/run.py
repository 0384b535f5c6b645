#!/usr/bin/env python3
"""The interop suite's driver: real Java, Python and Prometheus peers against the C++ parts.

    run.py --prepare --work-dir DIR                    get the peers (once; they are kept in DIR)
    run.py --case NAME --work-dir DIR --proxy-binary FILE --client-example-dir DIR
           --differential-binary FILE --peer-dir DIR
    run.py --list                                      one line a case: name, time limit, waits
    run.py --table …                                   run what has no record yet, print the table
    run.py --table --fresh …                           run everything again
    run.py --table --recorded --work-dir DIR           print what is recorded, run nothing

Exit codes: 0 passed, 1 failed, 77 skipped because a peer could not be had.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from suite import (  # finds tests/harness
    cases_access,
    cases_access_files,
    cases_ha,
    cases_java,
    cases_java_proxy,
    cases_others,
    cases_rebalance,
    cases_tls,
)
from suite.case import Binaries, Case
from suite.results import measured_table, prepare, run_case, table

from harness.results import Result, recorded, tell_skipped, worst

EXIT_USAGE = 2


def all_cases() -> list[Case]:
    """Every case, in the order of the table."""
    modules = (
        cases_java,
        cases_java_proxy,
        cases_others,
        cases_ha,
        cases_rebalance,
        cases_tls,
        cases_access,
        cases_access_files,
    )
    return [case for module in modules for case in module.cases()]


def parse_arguments(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--case", metavar="NAME")
    action.add_argument("--list", action="store_true")
    action.add_argument("--prepare", action="store_true")
    action.add_argument("--table", action="store_true")
    parser.add_argument("--fresh", action="store_true", help="with --table: run everything again")
    parser.add_argument("--recorded", action="store_true", help="with --table: run nothing")
    parser.add_argument("--proxy-binary", type=Path, metavar="FILE")
    parser.add_argument("--client-example-dir", type=Path, metavar="DIR")
    parser.add_argument("--differential-binary", type=Path, metavar="FILE")
    parser.add_argument("--peer-dir", type=Path, metavar="DIR")
    parser.add_argument("--work-dir", type=Path, metavar="DIR")
    arguments = parser.parse_args(words)
    if not arguments.list and arguments.work_dir is None:
        parser.error("--work-dir is missing: where the peers are kept, outside the source tree")
    for name in (
        "proxy_binary",
        "client_example_dir",
        "differential_binary",
        "peer_dir",
        "work_dir",
    ):
        path = getattr(arguments, name)
        if path is not None:
            setattr(arguments, name, path.resolve())
    return arguments


def one_case(arguments: argparse.Namespace) -> int:
    """Run the case that was named."""
    for case in all_cases():
        if case.name == arguments.case:
            return _run(case, arguments).code
    print(f"there is no case {arguments.case}; --list names them", file=sys.stderr)
    return EXIT_USAGE


def print_table(arguments: argparse.Namespace) -> int:
    """Run what must be run, and print the table."""
    cases = all_cases()
    results: dict[str, Result] = {}
    for case in cases:
        result = None if arguments.fresh else recorded(arguments.work_dir, case.name)
        if result is None and not arguments.recorded:
            result = _run(case, arguments)
        if result is not None:
            results[case.name] = result
    print(table(cases, results))
    print(measured_table(cases, results))
    tell_skipped(len(cases), results)
    return worst({result.code for result in results.values()})


def _run(case: Case, arguments: argparse.Namespace) -> Result:
    binaries = Binaries(
        arguments.proxy_binary,
        arguments.client_example_dir,
        arguments.differential_binary,
        arguments.peer_dir,
    )
    return run_case(case, arguments.work_dir, binaries)


def main(words: Sequence[str]) -> int:
    """Do what the command line asks; the exit code."""
    arguments = parse_arguments(words)
    if arguments.list:
        for case in all_cases():
            print(case.name, case.timeout_seconds, "waits" if case.waits else "works")
        return 0
    if arguments.prepare:
        return prepare(arguments.work_dir)
    if arguments.table:
        return print_table(arguments)
    return one_case(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
