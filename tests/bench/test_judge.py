"""What is called better, worse and the same."""

from __future__ import annotations

import itertools
import random
import unittest
from math import comb

from compare.judge import ALPHA, Verdict, critical_u, judge, runs_min, u_distribution


def _runs(seed: int, middle: float = 100.0, count: int = 16) -> list[float]:
    """Times as a busy machine gives them: 1 % of noise, and now and then a run that is disturbed."""
    draw = random.Random(seed)
    return [
        middle * draw.gauss(1, 0.01) * (1.5 if draw.random() < 0.1 else 1) for _ in range(count)
    ]


class JudgeTest(unittest.TestCase):
    def test_equal_times_are_the_same(self) -> None:
        judgement = judge([7.0] * 12, [7.0] * 12)
        self.assertIs(judgement.verdict, Verdict.SAME)
        self.assertEqual((judgement.change, judgement.low, judgement.high), (0, 0, 0))

    def test_a_tenth_more_is_worse_and_a_tenth_less_is_better(self) -> None:
        for middle, verdict in ((110, Verdict.WORSE), (90, Verdict.BETTER)):
            found = [judge(_runs(seed), _runs(seed + 1000, middle)).verdict for seed in range(100)]
            self.assertLessEqual(set(found), {verdict, Verdict.SAME})
            self.assertGreaterEqual(found.count(verdict), 80)

    def test_runs_of_one_distribution_are_the_same(self) -> None:
        for seed in range(1000):
            judgement = judge(_runs(seed), _runs(seed + 10_000))
            self.assertIs(judgement.verdict, Verdict.SAME, f"seed {seed}")

    def test_the_true_change_is_within_the_spread(self) -> None:
        for seed in range(1000):
            judgement = judge(_runs(seed), _runs(seed + 10_000, 105))
            self.assertLess(judgement.low, 0.05, f"seed {seed}")
            self.assertGreater(judgement.high, 0.05, f"seed {seed}")

    def test_a_change_that_is_sure_but_tiny_is_the_same(self) -> None:
        base = [100 + 0.01 * i for i in range(12)]
        judgement = judge(base, [1.015 * time for time in base])
        self.assertGreater(judgement.low, 0)
        self.assertIs(judgement.verdict, Verdict.SAME)

    def test_a_change_within_the_runs_own_spread_is_the_same(self) -> None:
        base = [100.0, 140.0] * 6
        judgement = judge(base, [1.1 * time for time in base])
        self.assertIs(judgement.verdict, Verdict.SAME)
        self.assertAlmostEqual(judgement.change, 0.1)

    def test_a_few_disturbed_runs_change_nothing(self) -> None:
        quiet = [100 + 0.1 * i for i in range(12)]
        judgement = judge(quiet, [*quiet[:9], 200.0, 300.0, 400.0])
        self.assertIs(judgement.verdict, Verdict.SAME)
        self.assertLess(judgement.change, 0.01)

    def test_the_order_of_the_runs_does_not_matter(self) -> None:
        base, now = _runs(1), _runs(2, 105)
        self.assertEqual(judge(base, now), judge(base[::-1], sorted(now)))

    def test_the_sides_may_have_different_numbers_of_runs(self) -> None:
        self.assertIs(judge(_runs(1, count=8), _runs(2, 120, 15)).verdict, Verdict.WORSE)

    def test_too_few_runs_are_refused(self) -> None:
        few = runs_min() - 1
        with self.assertRaises(ValueError):
            judge([1.0] * few, [2.0] * few)
        self.assertIs(judge([1.0] * 7, [2.0] * 7).verdict, Verdict.WORSE)


class UDistributionTest(unittest.TestCase):
    def test_it_is_what_counting_all_orders_gives(self) -> None:
        for m, n in itertools.product(range(1, 6), repeat=2):
            counts = [0] * (m * n + 1)
            for places in itertools.combinations(range(m + n), n):
                counts[sum(place - k for k, place in enumerate(places))] += 1
            self.assertEqual(u_distribution(m, n), counts, f"{m} and {n}")

    def test_it_counts_every_order_once(self) -> None:
        self.assertEqual(sum(u_distribution(12, 15)), comb(27, 15))

    def test_what_is_below_the_critical_value_comes_by_chance_as_seldom_as_alpha_says(self) -> None:
        for m, n in ((7, 7), (10, 10), (8, 15), (20, 20)):
            ways, c = u_distribution(m, n), critical_u(m, n)
            self.assertLessEqual(2 * sum(ways[:c]) / comb(m + n, n), ALPHA)
            self.assertGreater(2 * sum(ways[: c + 1]) / comb(m + n, n), ALPHA)

    def test_seven_runs_are_the_fewest(self) -> None:
        self.assertEqual(runs_min(), 7)


if __name__ == "__main__":
    unittest.main()
