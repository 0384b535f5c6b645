"""Finds what a sanitizer has said in the logs of programs that were built with one."""

from __future__ import annotations

import re
from pathlib import Path

# `==7==ERROR: AddressSanitizer: …`, `WARNING: ThreadSanitizer: …`, `a.cpp:1:2: runtime error: …`.
# Go's own `panic: runtime error` is none.
_REPORT = re.compile(
    r"(ERROR|WARNING|FATAL): (Address|Leak|Thread|UndefinedBehavior)Sanitizer"
    r"|\.(cpp|h|hpp|ipp|cc|c):\d+:\d+: runtime error: "
)


def sanitizer_reports(log_dir: Path) -> list[str]:
    """The first line of each report in `log_dir`/*.log, with the file that it is in."""
    return [
        f"{log.name}: {line}"
        for log in sorted(log_dir.glob("*.log"))
        for line in log.read_text("utf-8", "replace").splitlines()
        if _REPORT.search(line)
    ]
