"""Whether one set of run times is better or worse than another, or the same. Pure functions.

By ranks, since run times have a long tail to one side: whatever else the machine does only adds, and
a mean, or a test that assumes a normal distribution, follows the few runs that were disturbed.

All pairs of one run of each side are formed, and their quotients now / base sorted. Their median is
how much slower it is now (Hodges and Lehmann's estimate); the quotients that lie c from either end
are the ends of its interval, where c is the critical value of Mann and Whitney's U, taken exactly. The
interval leaves 1 out precisely when that two-sided test rejects "both sides are the same" at ALPHA.

Runs of one round are not taken as pairs: beside other work they have little in common, and Wilcoxon's
signed ranks gave intervals as wide at best, and up to fourteen times as wide.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from math import comb

# Of a thousand benchmarks that are the same, one is called something else; a whole comparison has
# about 150 of them.
ALPHA = 0.001
# A smaller change is "the same", however sure it is: so much comes from where code happens to lie.
EFFECT_MIN = 0.02


class Verdict(Enum):
    BETTER = "better"
    WORSE = "worse"
    SAME = "same"


@dataclass(frozen=True)
class Judgement:
    """Times are medians, in the unit that came in. The rest are parts: 0.1 is 10 % slower than base."""

    base: float
    now: float
    change: float
    low: float
    high: float
    verdict: Verdict


def judge(base: Sequence[float], now: Sequence[float]) -> Judgement:
    """What the runs say. All times are above zero; at least runs_min() of each side."""
    quotients = sorted(n / b for n in now for b in base)
    left_out = critical_u(len(base), len(now))
    if left_out == 0:
        raise ValueError(f"fewer than {runs_min()} runs of a side tell nothing at {ALPHA}")
    low = quotients[left_out - 1] - 1
    high = quotients[-left_out] - 1
    change = statistics.median(quotients) - 1
    verdict = Verdict.SAME
    if low > 0 and change > EFFECT_MIN:
        verdict = Verdict.WORSE
    if high < 0 and change < -EFFECT_MIN:
        verdict = Verdict.BETTER
    return Judgement(
        statistics.median(base), statistics.median(now), change, low, high, verdict
    )


def runs_min() -> int:
    """Of each side: with fewer not even sides wholly apart differ at ALPHA."""
    runs = 1
    while critical_u(runs, runs) == 0:
        runs += 1
    return runs


@lru_cache
def critical_u(m: int, n: int) -> int:
    """The greatest c with P(U < c) at most ALPHA / 2, for m and n runs of one distribution."""
    ways = u_distribution(m, n)
    room = ALPHA / 2 * comb(m + n, n)
    c = 0
    while ways[c] <= room:
        room -= ways[c]
        c += 1
    return c


def u_distribution(m: int, n: int) -> list[int]:
    """In how many of the orders of m and n runs U is 0, 1, … m * n.

    U is the number of pairs in which the one of the m comes first.
    """
    # ways[k][u]: k of the n are placed so far, behind so many of the m each that it makes u.
    ways = [[1] + [0] * (m * n)] + [[0] * (m * n + 1) for _ in range(n)]
    for place in range(m + n):
        for k in range(min(place, n - 1), -1, -1):
            behind = place - k  # so many of the m, if the next of the n comes to this place
            if behind > m:
                break
            for u in range(m * n - behind + 1):
                ways[k + 1][u + behind] += ways[k][u]
    return ways[n]
