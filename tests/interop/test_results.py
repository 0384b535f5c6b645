"""What the table and the lines below it say about cases that were skipped or not run."""

from __future__ import annotations

import contextlib
import io
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from run import all_cases
from suite.case import Case
from suite.results import measured_table, table

from harness.outcome import EXIT_FAIL, EXIT_PASS, EXIT_SKIP
from harness.results import Result, run_recorded, tell_skipped

CASES = [Case(name, ("a peer",), name, lambda _: None) for name in ("scrape", "push", "storm")]
RESULTS = {
    "scrape": Result("scrape", EXIT_PASS, 1.0),
    "push": Result("push", EXIT_SKIP, 0.1, "a registry does not answer"),
}


def _told(results: dict[str, Result]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        tell_skipped(len(CASES), results)
    return out.getvalue()


class ResultsTest(unittest.TestCase):
    def test_a_skipped_case_and_one_not_run_have_not_passed_in_the_table(self) -> None:
        text = table(CASES, RESULTS)
        self.assertIn("| a peer | pass (1 s) | skipped (0.1 s) | not run |", text)
        self.assertIn("- push: skipped: a registry does not answer", text)

    def test_each_cell_of_the_table_is_the_result_of_one_case(self) -> None:
        cells = Counter((peer, case.behaviour) for case in all_cases() for peer in case.peers)
        self.assertEqual([cell for cell, count in cells.items() if count > 1], [])

    def test_skipped_cases_are_counted_and_named_loudly(self) -> None:
        self.assertRegex(_told(RESULTS), "SKIPPED, NOTHING WAS TESTED: 1 of 3 cases\n!! push\n")

    def test_what_cases_measure_of_the_same_kind_is_a_table_of_its_own(self) -> None:
        cases = [Case(name, ("a peer",), name, lambda _: None, tabled=True) for name in "xyz"]
        results = {
            "x": Result("x", EXIT_PASS, 1.0, measured={"gap": "2 s"}),
            "y": Result("y", EXIT_PASS, 1.0, measured={"gap": "3 s", "load": "1.1"}),
        }
        lines = [
            "| scenario | gap | load |",
            "|---|---|---|",
            "| x | 2 s | – |",
            "| y | 3 s | 1.1 |",
        ]
        self.assertEqual(measured_table(cases, results).splitlines(), lines)
        self.assertNotIn("2 s", table(cases, results))

    def test_cases_without_one_have_no_row_there(self) -> None:
        self.assertEqual(measured_table(CASES, RESULTS), "")

    def test_nothing_is_told_where_nothing_was_skipped(self) -> None:
        self.assertEqual(_told({"scrape": RESULTS["scrape"]}), "")


class SanitizerTest(unittest.TestCase):
    def _result(self, line: str) -> Result:
        def body(log_dir: Path, _: dict[str, str]) -> None:
            (log_dir / "cpp-proxy.log").write_text(f"12.345 {line}\n", "utf-8")

        with (
            tempfile.TemporaryDirectory() as directory,
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            return run_recorded("a-case", Path(directory), body)

    def test_a_report_in_a_log_fails_the_case_that_has_seen_nothing(self) -> None:
        for line in (
            "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1",
            "==7==ERROR: LeakSanitizer: detected memory leaks",
            "WARNING: ThreadSanitizer: data race (pid=7)",
            "lib/net/a.cpp:12:3: runtime error: signed integer overflow",
        ):
            result = self._result(line)
            self.assertEqual(result.code, EXIT_FAIL)
            self.assertIn(f"cpp-proxy.log: 12.345 {line}", result.detail)

    def test_what_other_programs_say_of_errors_is_no_report(self) -> None:
        for line in ("panic: runtime error: index out of range", "level=error msg=\"no route\""):
            self.assertEqual(self._result(line).code, EXIT_PASS)


if __name__ == "__main__":
    unittest.main()
