"""What the table and the lines below it say about cases that were skipped or not run."""

from __future__ import annotations

import contextlib
import io
import unittest

from suite.case import Case
from suite.outcome import EXIT_PASS, EXIT_SKIP
from suite.results import Result, table, tell_skipped

CASES = [Case(name, ("a peer",), name, lambda _: None) for name in ("scrape", "push", "storm")]
RESULTS = {
    "scrape": Result("scrape", EXIT_PASS, 1.0),
    "push": Result("push", EXIT_SKIP, 0.1, "a registry does not answer"),
}


def _told(results: dict[str, Result]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        tell_skipped(CASES, results)
    return out.getvalue()


class ResultsTest(unittest.TestCase):
    def test_a_skipped_case_and_one_not_run_have_not_passed_in_the_table(self) -> None:
        text = table(CASES, RESULTS)
        self.assertIn("| a peer | pass (1 s) | skipped (0.1 s) | not run |", text)
        self.assertIn("- push: skipped: a registry does not answer", text)

    def test_skipped_cases_are_counted_and_named_loudly(self) -> None:
        self.assertRegex(_told(RESULTS), "SKIPPED, NOTHING WAS TESTED: 1 of 3 cases\n!! push\n")

    def test_nothing_is_told_where_nothing_was_skipped(self) -> None:
        self.assertEqual(_told({"scrape": RESULTS["scrape"]}), "")


if __name__ == "__main__":
    unittest.main()
