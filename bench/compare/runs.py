"""Runs programs of Google Benchmark, and reads what they say."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from .process import output_of

# Of one repetition, in seconds: a benchmark of 100 ns is averaged over 100,000 iterations.
MIN_TIME = 0.01
REPETITIONS = 3
NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def names_of(program: Path, filter_: str) -> list[str]:
    """Its benchmarks that match, in its order."""
    text = output_of([program, "--benchmark_list_tests", f"--benchmark_filter={filter_}"])
    return [line for line in text.splitlines() if line]


def measure(program: Path, filter_: str) -> dict[str, float]:
    """One run: benchmark -> nanoseconds an iteration."""
    return read_times(
        output_of(
            [
                program,
                f"--benchmark_filter={filter_}",
                f"--benchmark_min_time={MIN_TIME}",
                f"--benchmark_repetitions={REPETITIONS}",
                "--benchmark_format=json",
            ]
        )
    )


def read_times(text: str) -> dict[str, float]:
    """Of each benchmark the least of its repetitions: what disturbs one only adds to it.

    CPU time, which waiting for a core is no part of, unless the benchmark asks for real time.
    """
    times: dict[str, list[float]] = defaultdict(list)
    for entry in json.loads(text)["benchmarks"]:
        if entry.get("run_type") != "iteration" or entry.get("error_occurred"):
            continue
        name = entry["run_name"]
        which = "real_time" if "/real_time" in name or "/manual_time" in name else "cpu_time"
        times[name].append(entry[which] * NANOSECONDS[entry["time_unit"]])
    return {name: min(all_) for name, all_ in times.items()}
