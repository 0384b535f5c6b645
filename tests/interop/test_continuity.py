"""What the judge of clients that move between proxies takes for a gap, a hand-over and a storm."""

from __future__ import annotations

import random
import unittest

from suite.continuity import (
    Gap,
    Showing,
    arrivals_max,
    largest_gaps,
    overlaps,
    peak,
    shown_too_often,
    too_long,
)
from suite.haproxy import Session, session


class GapTest(unittest.TestCase):
    def test_the_longest_time_between_two_samples_counts_whichever_pages_they_are_on(self) -> None:
        first, second = [0, 2, 4], [5.5, 7.5]  # of one client, before and after its move
        self.assertEqual(largest_gaps({"a": [*second, *first]}, 0, 7.5), [Gap(2, "a", 0)])
        self.assertEqual(largest_gaps({"a": [0, 2, 5.5, 7.5]}, 0, 7.5), [Gap(3.5, "a", 2)])

    def test_each_client_is_told_the_worst_first(self) -> None:
        times = {"a": [0, 1, 2, 3, 4], "b": [0, 1, 4], "c": [0, 2, 4]}
        worst = [Gap(3, "b", 1), Gap(2, "c", 0), Gap(1, "a", 0)]
        self.assertEqual(largest_gaps(times, 0, 4), worst)

    def test_a_client_without_a_sample_is_a_gap_from_begin_to_end(self) -> None:
        self.assertEqual(largest_gaps({"a": [0, 5, 10], "b": []}, 0, 10)[0], Gap(10, "b", 0))

    def test_a_client_that_does_not_come_back_is_a_gap_to_the_end(self) -> None:
        self.assertEqual(largest_gaps({"a": [0, 1, 2]}, 0, 9), [Gap(7, "a", 2)])

    def test_a_client_that_comes_late_is_a_gap_from_the_begin(self) -> None:
        self.assertEqual(largest_gaps({"a": [4, 5]}, 0, 5), [Gap(4, "a", 0)])

    def test_what_was_before_and_after_is_not_judged(self) -> None:
        self.assertEqual(largest_gaps({"a": [-90, 1, 2, 90]}, 1, 2), [Gap(1, "a", 1)])


class BoundTest(unittest.TestCase):
    GAPS = [Gap(20, "a", 0), Gap(12, "b", 0), Gap(7, "c", 0)]

    def test_a_gap_is_as_long_as_it_may_be_at_most(self) -> None:
        self.assertEqual(too_long(self.GAPS, 12, 0), self.GAPS[:1])
        self.assertEqual(too_long(self.GAPS, 11.9, 0), self.GAPS[:2])
        self.assertEqual(too_long(self.GAPS, 20, 0), [])

    def test_as_many_as_came_to_a_dying_proxy_may_wait_for_a_backoff(self) -> None:
        self.assertEqual(too_long(self.GAPS, 7, 2), [])
        self.assertEqual(too_long(self.GAPS, 7, 1), self.GAPS[1:2])
        self.assertEqual(too_long(self.GAPS, 4.9, 1), self.GAPS)


class PushTest(unittest.TestCase):
    BEFORE, LAST, AFTER = Showing(6, "p1"), Showing(12, "p1"), Showing(30, "p1")
    LATER, OTHER = Showing(36, "p1"), Showing(13, "p2")

    def _is_too_often(self, *pages: Showing, killed: Showing | None = LAST) -> bool:
        return shown_too_often({"a": pages}, killed) == ["a"]

    def test_a_push_may_be_on_one_page(self) -> None:
        for page in (self.BEFORE, self.LAST, self.AFTER, self.OTHER):
            self.assertFalse(self._is_too_often(page))

    def test_what_was_first_on_the_killed_proxys_last_page_may_be_on_one_more(self) -> None:
        self.assertFalse(self._is_too_often(self.LAST, self.AFTER))
        self.assertFalse(self._is_too_often(self.AFTER, self.LAST))

    def test_but_not_twice_more(self) -> None:
        self.assertTrue(self._is_too_often(self.LAST, self.AFTER, self.LATER))

    def test_nor_on_another_proxys(self) -> None:
        self.assertTrue(self._is_too_often(self.LAST, self.OTHER))

    def test_what_was_first_on_another_page_may_not(self) -> None:
        self.assertTrue(self._is_too_often(self.BEFORE, self.LAST))
        self.assertTrue(self._is_too_often(self.BEFORE, self.AFTER))
        self.assertTrue(self._is_too_often(self.AFTER, self.LATER))
        self.assertTrue(self._is_too_often(Showing(12, "p2"), Showing(30, "p2")))

    def test_where_no_proxy_is_killed_nothing_may(self) -> None:
        self.assertTrue(self._is_too_often(self.LAST, self.AFTER, killed=None))

    def test_each_that_was_is_named(self) -> None:
        once_more, twice = [self.LAST, self.AFTER], [self.AFTER, self.LATER]
        pushes = {"a": twice, "b": once_more, "c": [self.LAST], "d": twice}
        self.assertEqual(shown_too_often(pushes, self.LAST), ["a", "d"])


class OverlapTest(unittest.TestCase):
    def test_neighbouring_evaluations_are_one_hand_over(self) -> None:
        self.assertEqual(overlaps([1.0, 1.25, 1.5], 0.25), [0.5])

    def test_hand_overs_apart_are_several(self) -> None:
        self.assertEqual(overlaps([1.0, 1.25, 4.0, 7.0, 7.25], 0.25), [0.25, 0, 0.25])

    def test_two_pages_all_the_time_are_one_that_is_too_long(self) -> None:
        self.assertEqual(overlaps([0.25 * step for step in range(41)], 0.25), [10])

    def test_where_nobody_was_on_two_pages_there_is_none(self) -> None:
        self.assertEqual(overlaps([], 0.25), [])


class ArrivalsTest(unittest.TestCase):
    def test_the_fullest_window_counts_wherever_it_begins(self) -> None:
        self.assertEqual(peak([0.0, 0.9, 1.1, 1.8, 3.0]), 3)

    def test_a_window_ends_before_the_next_begins(self) -> None:
        self.assertEqual(peak([0.0, 1.0, 2.0]), 1)

    def test_nobody_is_no_peak(self) -> None:
        self.assertEqual(peak([]), 0)

    def test_all_at_once_are_too_many(self) -> None:
        for clients in (14, 50, 150):
            self.assertGreater(peak([7.0] * clients), arrivals_max(clients))

    def test_spread_over_five_seconds_they_are_not(self) -> None:
        moments = random.Random(1)
        for clients in (14, 50, 150, 1000):
            spread = [moments.uniform(0, 5) for _ in range(clients)]
            self.assertLessEqual(peak(spread), arrivals_max(clients))

    def test_of_many_two_fifths_may_come_in_a_second(self) -> None:
        self.assertEqual(arrivals_max(1000), 400)

    def test_of_few_as_many_as_chance_brings(self) -> None:
        self.assertEqual([arrivals_max(clients) for clients in (0, 1, 10)], [0, 1, 10])
        self.assertLess(arrivals_max(50), 50)


class SessionTest(unittest.TestCase):
    def test_a_session_begins_when_the_proxy_has_taken_it(self) -> None:
        line = "session at=1700000000.250 door=ours proxy=p2 connect-ms=1500"
        self.assertEqual(session(line), Session(1700000001.75, "ours", "p2"))

    def test_who_reached_no_proxy_has_none(self) -> None:
        for line in (
            "session at=1700000000.250 door=ours proxy=<NOSRV> connect-ms=-1",
            "session at=1700000000.250 door=ours proxy=p2 connect-ms=-1",
            "Server proxies/p2 is DOWN",
        ):
            self.assertIsNone(session(line))


if __name__ == "__main__":
    unittest.main()
