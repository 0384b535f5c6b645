"""How a case ends, and the waiting that every case does: for an event, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

EXIT_PASS = 0
EXIT_FAIL = 1
EXIT_SKIP = 77  # what ctest is told to show as "Skipped"

POLL_INTERVAL_SECONDS = 0.05

T = TypeVar("T")


class Failed(Exception):
    """The behaviour is not what it must be."""


class TimedOut(Failed):
    """A program has not ended within its time."""


class Skipped(Exception):
    """A peer could not be had here; nothing was tested."""


class Unanswered(Skipped):
    """A registry took the connection and answers nothing: asking it again costs the same time."""


def expect(condition: object, what: str) -> None:
    """End the case as failed, saying `what` was expected, unless `condition` holds."""
    if not condition:
        raise Failed(f"expected: {what}")


def eventually(probe: Callable[[], T], what: str, within_seconds: float) -> T:
    """Call `probe` until it returns something true, and return that; fail at the deadline.

    For what can only be asked, not be waited for. A Failed raised by the probe is the reason given
    when the time is over.
    """
    deadline = time.monotonic() + within_seconds
    reason = ""
    while True:
        try:
            result = probe()
            if result:
                return result
        except Failed as failure:
            reason = f" ({failure})"
        if time.monotonic() >= deadline:
            raise Failed(f"not within {within_seconds:g} s: {what}{reason}")
        time.sleep(POLL_INTERVAL_SECONDS)
