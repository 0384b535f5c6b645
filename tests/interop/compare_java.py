#!/usr/bin/env python3
"""The Java proxy and ours, one after the other, under the same real Java clients: one table.

Both run as they do without options, in two Java virtual machines are the clients, and a scraper
asks for /metrics/connected again and again: --warming times, --scrapes times measured, and then
with gzip. Every page must have all samples of all clients, and those of its own scrape. CPU is that
of the proxy's process alone, all of its threads.

Exit codes: 0 measured; 1 something failed, or with --gate a goal is missed; 2 wrong usage; 77
skipped because the Java parts could not be had.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from comparison.measure import Measured, Size, measure
from comparison.report import Row, as_json, notes, rows, table
from suite.peers import Peers
from suite.programs import JavaProxy

from harness.outcome import EXIT_FAIL, EXIT_PASS, EXIT_SKIP, Failed, Skipped
from harness.proxy import CppProxy
from harness.results import loudly_skipped

RSOCKET_VERSION = "1.1.3"  # what Micrometer's client 1.5.3 comes with

PUSHPROX = (
    "PushProx is not in the table: its module github.com/prometheus-community/pushprox was refused "
    "by the Go module proxy where this was written."
)


def parse_arguments(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    usual = Size()
    parser.add_argument("--clients", type=int, default=usual.clients, metavar="N")
    parser.add_argument("--series", type=int, default=usual.series, metavar="N", help="of each")
    parser.add_argument("--scrapes", type=int, default=usual.scrapes, metavar="N")
    parser.add_argument("--warming", type=int, default=usual.warming, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to it as well")
    parser.add_argument("--gate", action="store_true", help="exit 1 when a goal is missed")
    parser.add_argument(
        "--java-flag",
        action="append",
        default=[],
        metavar="FLAG",
        help="of the Java proxy's virtual machine, such as -Xmx512m",
    )
    parser.add_argument("--proxy-binary", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--work-dir",
        type=Path,
        required=True,
        metavar="DIR",
        help="where the Java parts are kept, outside the source tree",
    )
    arguments = parser.parse_args(words)
    if arguments.clients < 2 or min(arguments.series, arguments.scrapes, arguments.warming) < 1:
        parser.error("--clients is 2 at least, --series, --scrapes and --warming 1")
    return arguments


def compare(arguments: argparse.Namespace) -> int:
    """Get the parts, measure both, tell; the exit code."""
    size = Size(arguments.clients, arguments.series, arguments.scrapes, arguments.warming)
    work_dir = arguments.work_dir.resolve()
    peers = Peers(work_dir)
    client_dir = peers.prepare(f"java-client-{RSOCKET_VERSION}")
    java_dir = peers.prepare("java-proxy")
    if not arguments.proxy_binary.exists():
        raise Failed(f"there is no {arguments.proxy_binary}")
    log_dir = work_dir / "logs" / "compare-java"
    shutil.rmtree(log_dir, ignore_errors=True)
    log_dir.mkdir(parents=True)
    _raise_descriptor_limit()

    def run(name: str, start: Callable[[], CppProxy | JavaProxy]) -> Measured:
        return measure(start, client_dir, log_dir, size, partial(_tell, name))

    compression = "--server.compression.enabled=true"
    java = run(
        "Java proxy",
        lambda: JavaProxy(java_dir, log_dir, compression, java_flags=arguments.java_flag),
    )
    ours = run("ours", lambda: CppProxy(arguments.proxy_binary, log_dir, log_level="info"))
    found = rows(size, java, ours)
    print(f"\n{table(size, found)}\n\n{notes(java, ours)}\n- {PUSHPROX}", flush=True)
    if arguments.json:
        text = json.dumps(as_json(size, found, java, ours), indent=1)
        arguments.json.write_text(f"{text}\n", "utf-8")
    missed = [row for row in found if not row.reached]
    tell_missed(missed)
    return EXIT_FAIL if missed and arguments.gate else EXIT_PASS


def tell_missed(missed: Sequence[Row]) -> None:
    """Nobody shall overlook it."""
    if not missed:
        return
    bar = "!" * 78
    lines = "\n".join(f"!! {row.title}: {row.ratio:.1f}, not {row.goal:g}" for row in missed)
    print(f"{bar}\n!! GOALS MISSED, TIMES LESS THAN THE JAVA PROXY:\n{lines}\n{bar}", flush=True)


def _tell(name: str, what: str) -> None:
    print(f"{time.strftime('%T')} {name}: {what}", file=sys.stderr, flush=True)


def _raise_descriptor_limit() -> None:
    """For the programs that are started from here, each of which has a socket a client."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(words: Sequence[str]) -> int:
    """Do it; the exit code."""
    arguments = parse_arguments(words)
    try:
        return compare(arguments)
    except Skipped as skipped:
        loudly_skipped("the Java proxy and ours", str(skipped))
        return EXIT_SKIP
    except Failed as failed:
        print(f"FAIL: {failed}\nlogs: {arguments.work_dir}/logs", file=sys.stderr)
        return EXIT_FAIL


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
