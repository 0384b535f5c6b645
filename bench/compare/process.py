"""Child processes that end with us, however we end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LINES_TOLD = 20  # of a program that failed
STOP_SECONDS = 10  # for git to put away what it has begun


class CannotCompare(Exception):
    """Why there is no comparison, for people."""


def output_of(
    command: Sequence[str | Path],
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """What it writes to stdout. CannotCompare, with its last lines, when it fails.

    It has a process group of its own, which is ended when an exception comes here meanwhile: an
    interrupted build does not go on by itself.
    """
    words = [str(word) for word in command]
    with subprocess.Popen(
        words,
        cwd=directory,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        process_group=0,
    ) as child:
        try:
            out, errors = child.communicate()
        except BaseException:
            with suppress(ProcessLookupError):  # it has ended just now
                os.killpg(child.pid, signal.SIGTERM)
                try:
                    child.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    os.killpg(child.pid, signal.SIGKILL)
            raise
    if child.returncode != 0:
        told = "\n".join((out + errors).splitlines()[-LINES_TOLD:])
        raise CannotCompare(f"`{' '.join(words)}` ended with {child.returncode}:\n{told}")
    return out
