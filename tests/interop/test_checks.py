"""What the cases take for a client that is held, and for one that dials too often."""

from __future__ import annotations

import tempfile
import unittest
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

from suite import checks
from suite.case import Binaries, Context
from suite.checks import STORM_DIALS_MAX, expect_few_dials, expect_held
from suite.peers import Peers
from suite.programs import JavaClient

from harness.outcome import Failed
from harness.process import Child


class _Client(JavaClient):
    """A client that tells these events at once, and ends."""

    def __init__(self, name: str, log_dir: Path, events: Sequence[str]) -> None:
        self.label = name
        Child.__init__(self, name, ["printf", "event=%s client=0\\n", *events], log_dir)
        self.wait_exit(10.0)


class _Test(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log_dir = Path(folder.name)

    def client(self, *events: str, name: str = "a") -> _Client:
        client = _Client(name, self.log_dir, events)
        self.addCleanup(client.stop)
        return client


class HeldTest(_Test):
    def _held(self, *moments: float) -> float:
        """A connection begins at the first moment and ends at the next, and so on."""
        events = ["connected", "disconnected"] * (len(moments) // 2)
        client = self.client(*events)
        told = [(at, f"event={event} client=0") for at, event in zip(moments, events, strict=True)]
        with mock.patch.object(client, "timed_lines", return_value=told):
            return expect_held(client)

    def test_who_is_held_for_5_s_is_held(self) -> None:
        self.assertEqual(self._held(100.0, 105.0), 5.0)

    def test_who_is_held_for_less_is_not(self) -> None:
        with self.assertRaisesRegex(Failed, "not 4.4 s"):
            self._held(100.0, 104.4)

    def test_the_first_connection_counts(self) -> None:
        with self.assertRaisesRegex(Failed, "not 1.0 s"):
            self._held(100.0, 101.0, 101.0, 120.0)

    def test_it_does_not_count_when_one_looks(self) -> None:
        client = self.client("connected", "disconnected")
        with (
            mock.patch("time.monotonic", return_value=1e9),
            self.assertRaisesRegex(Failed, "not 0.0 s"),
        ):
            expect_held(client)


class DialsTest(_Test):
    def _judge(self, *dials: int) -> dict[str, str]:
        context = Context(Binaries(), Peers(self.log_dir), self.log_dir)
        clients = [
            self.client(*["dialing"] * times, name=f"c{number}")
            for number, times in enumerate(dials)
        ]
        with mock.patch.object(checks, "STORM_SECONDS", 0.0):
            expect_few_dials(context, *clients)
        return context.measured

    def test_the_dials_of_each_are_told(self) -> None:
        told = {"dials of c0 in 0 s": "1", "dials of c1 in 0 s": str(STORM_DIALS_MAX)}
        self.assertEqual(self._judge(1, STORM_DIALS_MAX), told)

    def test_whichever_dials_too_often_is_seen(self) -> None:
        for dials in ((STORM_DIALS_MAX + 1, 1), (1, STORM_DIALS_MAX + 1)):
            with self.assertRaisesRegex(Failed, f"not {STORM_DIALS_MAX + 1}"):
                self._judge(*dials)


if __name__ == "__main__":
    unittest.main()
