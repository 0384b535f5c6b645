"""What processes and the machine have used, as Linux counts it."""

from __future__ import annotations

import ctypes
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from .outcome import Failed

_LIBC = ctypes.CDLL(None)


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process, ended ones too, by its own clock."""
    clock = ctypes.c_int()
    if _LIBC.clock_getcpuclockid(ctypes.c_int(pid), ctypes.byref(clock)) != 0:
        raise Failed(f"process {pid} has ended")
    return time.clock_gettime(clock.value)


@dataclass(frozen=True)
class Memory:
    """Resident bytes: now (VmRSS) and at the most so far (VmHWM)."""

    now: int
    peak: int


def memory(pid: int) -> Memory:
    """The resident memory of a process; Failed if it has ended."""
    try:
        return parse_memory(Path(f"/proc/{pid}/status").read_text("ascii", "replace"))
    except OSError as error:
        raise Failed(f"process {pid} has ended") from error


def parse_memory(status: str) -> Memory:
    """From the text of /proc/PID/status; Failed for a zombie, which has none."""
    found = dict(re.findall(r"^(VmRSS|VmHWM):\s*(\d+) kB$", status, re.MULTILINE))
    if len(found) != 2:
        raise Failed("a process without memory: it has ended")
    return Memory(int(found["VmRSS"]) * 1024, int(found["VmHWM"]) * 1024)


def machine_cpu_seconds() -> float:
    """What all processes and the kernel have used, and what a host took away; in steps of 10 ms."""
    return parse_machine(Path("/proc/stat").read_text("ascii")) / os.sysconf("SC_CLK_TCK")


def parse_machine(stat: str) -> int:
    """From the text of /proc/stat, in ticks."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = (
        int(word) for word in stat.splitlines()[0].split()[1:9]
    )
    return user + nice + system + irq + softirq + steal
