"""Child processes: started here, read line by line, and ended by their own id, by nobody else's."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from .outcome import Failed, TimedOut, expect

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 10.0


def _end_with_parent() -> None:
    """In the child: be ended when the suite is ended from outside, so that nothing stays behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One process. Its lines (both streams) are kept, and written to `log_dir`/NAME.log.

    Start it from the main thread. `stop` ends it; a Child is also a context manager that stops.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log_dir: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._lines: list[str] = []
        self._said_at: list[float] = []  # of time.monotonic(), one a line
        self._changed = threading.Condition()
        self._log = (log_dir / f"{name}.log").open("a", encoding="utf-8")
        self._process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            preexec_fn=_end_with_parent,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for raw in output:
                line = raw.decode("utf-8", "replace").rstrip("\n")
                said_at = time.monotonic()
                with self._changed:
                    self._log.write(f"{said_at:.3f} {line}\n")
                    self._log.flush()
                    self._lines.append(line)
                    self._said_at.append(said_at)
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def lines(self) -> list[str]:
        """Every line so far."""
        with self._changed:
            return list(self._lines)

    def timed_lines(self) -> list[tuple[float, str]]:
        """The same, each with the moment at which it was read, of time.monotonic()."""
        with self._changed:
            return list(zip(self._said_at, self._lines, strict=True))

    def wait_until(
        self, holds: Callable[[list[str]], bool], what: str, within_seconds: float
    ) -> None:
        """Wait until `holds(lines)`; fail at the deadline or when the process has ended before."""
        if not self.holds_within(holds, within_seconds):
            tail = "\n    ".join(self.lines()[-8:])
            raise Failed(f"{self.name}: {what} not within {within_seconds:g} s; last:\n    {tail}")

    def holds_within(self, holds: Callable[[list[str]], bool], within_seconds: float) -> bool:
        """Whether `holds(lines)` came true before the deadline and the end of the output."""
        deadline = time.monotonic() + within_seconds
        with self._changed:
            while not holds(self._lines):
                left = deadline - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    return holds(self._lines)
                self._changed.wait(min(left, 0.5))
            return True

    def tell(self, command: str) -> None:
        """Write one line to its standard input."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{command}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise Failed(f"{self.name} has ended before it could be told: {command}") from error

    def close_input(self) -> None:
        """End its standard input."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()

    def send_signal(self, number: signal.Signals) -> None:
        """Signal this process, unless it has ended."""
        if self._process.poll() is None:
            self._process.send_signal(number)

    def wait_exit(self, within_seconds: float) -> int:
        """Its exit code (negative: the signal that ended it); fail at the deadline."""
        try:
            code = self._process.wait(within_seconds)
        except subprocess.TimeoutExpired as error:
            raise TimedOut(f"{self.name} has not ended within {within_seconds:g} s") from error
        self._reader.join(STOP_SECONDS)
        return code

    def terminate(self, within_seconds: float = STOP_SECONDS) -> int:
        """SIGTERM, and its exit code."""
        self.send_signal(signal.SIGTERM)
        return self.wait_exit(within_seconds)

    def stop(self) -> None:
        """End it whatever happens: SIGTERM, then SIGKILL."""
        try:
            self.terminate()
        except Failed:
            self.send_signal(signal.SIGKILL)
            self._process.wait()
        self.close_input()
        self._reader.join(STOP_SECONDS)
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def run_to_end(
    name: str, command: Sequence[str | Path], log_dir: Path, within_seconds: float
) -> tuple[int, str]:
    """Run a tool; its exit code and all of its output."""
    with Child(name, command, log_dir) as child:
        code = child.wait_exit(within_seconds)
        return code, "\n".join(child.lines())


def expect_success(
    name: str, command: Sequence[str | Path], log_dir: Path, within_seconds: float
) -> str:
    """Run a tool that must exit with 0; its output."""
    code, output = run_to_end(name, command, log_dir, within_seconds)
    expect(code == 0, f"{name} to exit with 0, it was {code}:\n{output[-2000:]}")
    return output
