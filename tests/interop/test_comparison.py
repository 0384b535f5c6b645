"""What compare_java.py takes for a whole page, for a reached goal, and for what a process used."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
import unittest
from collections.abc import Sequence

import compare_java
from comparison.measure import Measured, Scrape, Scrapes, Size
from comparison.pages import PageJudge
from comparison.report import as_json, rows, table

from harness import usage
from harness.outcome import Failed

CLIENTS = ("a-0", "a-1")
SERIES = 3


def _page(scrapes: int, clients: Sequence[str] = CLIENTS, ids: str = "ab") -> bytes:
    """As both proxies write it: with comments, and in any order."""
    lines = ["# TYPE load_scrapes gauge"]
    for client in clients:
        lines.append(f'load_scrapes{{client="{client}",}} {scrapes}.0')
        lines += [f'load_pool_100_bytes{{client="{client}",id="{i}",}} 7.0' for i in ids]
    return "\n".join([*lines, ""]).encode()


def _scrapes(cpu_seconds: float) -> Scrapes:
    return Scrapes([Scrape(cpu_seconds, cpu_seconds, cpu_seconds, 1000)])


def _measured(seconds: float, megabytes: int) -> Measured:
    size = megabytes * 1_000_000
    memory = usage.Memory(size, size)
    return Measured(seconds, seconds, seconds, _scrapes(seconds), _scrapes(seconds), memory)


class PageJudgeTest(unittest.TestCase):
    def setUp(self) -> None:
        self.judge = PageJudge(CLIENTS, SERIES)

    def test_a_page_with_everything_is_whole_and_fresh(self) -> None:
        for scrapes in (1, 2):
            self.judge.expect_fresh(_page(scrapes))
            self.judge.expect_whole(_page(scrapes))

    def test_a_page_that_lacks_a_sample_is_refused(self) -> None:
        with self.assertRaisesRegex(Failed, "6 samples on the page, there are 4"):
            self.judge.expect_fresh(_page(1, ids="a"))

    def test_a_client_does_not_stand_in_for_another(self) -> None:
        with self.assertRaisesRegex(Failed, "1 are missing"):
            self.judge.expect_fresh(_page(1, clients=("a-0", "a-0")))

    def test_a_page_of_the_scrape_before_is_refused(self) -> None:
        self.judge.expect_fresh(_page(1))
        with self.assertRaisesRegex(Failed, "2 clients have older ones"):
            self.judge.expect_fresh(_page(1))

    def test_a_series_does_not_stand_in_for_another(self) -> None:
        self.judge.expect_fresh(_page(1, ids="aa"))
        with self.assertRaisesRegex(Failed, "3 distinct series of each client"):
            self.judge.expect_whole(_page(1, ids="aa"))

    def test_a_client_that_is_none_is_refused(self) -> None:
        with self.assertRaisesRegex(Failed, "x-9"):
            self.judge.expect_whole(_page(1, clients=(*CLIENTS, "x-9")))


class ReportTest(unittest.TestCase):
    size = Size(clients=2, series=SERIES)

    def test_goals_are_judged_by_how_much_less_ours_is(self) -> None:
        found = rows(self.size, _measured(20.0, 40), _measured(1.0, 10))
        self.assertEqual([row.name for row in found if not row.reached], [])
        found = rows(self.size, _measured(19.0, 39), _measured(1.0, 10))
        missed = [row.name for row in found if not row.reached]
        self.assertEqual(missed, ["resident", "resident_peak", "taken"])

    def test_a_goal_that_is_missed_is_said_in_the_table_and_below_it(self) -> None:
        found = rows(self.size, _measured(2.0, 40), _measured(1.0, 10))
        self.assertIn("| 2.00 s | 1.00 s | 2.0 | ≥ 3: **missed** |", table(self.size, found))
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            compare_java.tell_missed([row for row in found if not row.reached])
        self.assertIn("!! CPU a scrape, median: 2.0, not 3\n", out.getvalue())

    def test_the_json_has_each_row_and_each_scrape(self) -> None:
        java, ours = _measured(3.0, 40), _measured(1.0, 10)
        found = rows(self.size, java, ours)
        text = json.loads(json.dumps(as_json(self.size, found, java, ours)))
        self.assertEqual(text["figures"]["plain_cpu_p50"]["ratio"], 3.0)
        self.assertTrue(text["figures"]["plain_cpu_p50"]["reached"])
        self.assertEqual(text["java"]["plain"]["scrapes"][0]["proxy_cpu_seconds"], 3.0)

    def test_a_quantile_is_the_least_that_so_many_do_not_exceed(self) -> None:
        scrapes = Scrapes([Scrape(float(i), 0.0, 0.0, 0) for i in (3, 1, 2)])
        for share, value in ((0.01, 1.0), (0.33, 1.0), (0.5, 2.0), (0.99, 3.0), (1.0, 3.0)):
            self.assertEqual(scrapes.quantile("wall_seconds", share), value)


class SizeTest(unittest.TestCase):
    def test_a_virtual_machine_never_has_more_clients_than_its_pool_has_connections(self) -> None:
        for clients, shared in (
            (3, [2, 1]),
            (1000, [500, 500]),
            (1001, [334, 334, 333]),
        ):
            self.assertEqual(Size(clients=clients).clients_per_jvm(), shared)


class UsageTest(unittest.TestCase):
    def test_a_process_clock_tells_what_the_process_has_used(self) -> None:
        before = time.process_time()
        between = usage.cpu_seconds(os.getpid())
        self.assertLessEqual(before, between)
        self.assertLessEqual(between, time.process_time())

    def test_a_process_that_has_ended_has_no_figures(self) -> None:
        pid = os.spawnlp(os.P_NOWAIT, "true", "true")
        os.waitpid(pid, 0)
        for read in (usage.cpu_seconds, usage.memory):
            with self.assertRaisesRegex(Failed, "has ended"):
                read(pid)

    def test_memory_is_read_from_proc(self) -> None:
        status = "Name:\tx\nVmHWM:\t    20 kB\nVmRSS:\t    10 kB\n"
        self.assertEqual(usage.parse_memory(status), usage.Memory(10240, 20480))
        with self.assertRaisesRegex(Failed, "has ended"):
            usage.parse_memory("Name:\tx\nState:\tZ (zombie)\n")

    def test_the_machine_has_used_what_was_neither_idle_nor_waiting(self) -> None:
        self.assertEqual(usage.parse_machine("cpu  1 2 4 8 16 32 64 128 256 512\ncpu0 1\n"), 231)


if __name__ == "__main__":
    unittest.main()
