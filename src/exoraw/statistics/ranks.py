"""Rank tests: Mann-Whitney for independent units, Wilcoxon's signed rank for pairs; exact wherever it can be
counted.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from exoraw.statistics import rank_null
from exoraw.statistics.means import not_testable, paired_differences
from exoraw.statistics.outcome import (
    CONFIDENCE,
    LEAST_N,
    Check,
    Comparison,
    Effect,
    FloatArray,
    State,
    StatisticsError,
    finite_or_state,
    undefined,
)

RankMethod = Literal["auto", "exact", "normal", "normal without continuity"]
RANK_METHODS: tuple[RankMethod, ...] = ("auto", "exact", "normal", "normal without continuity")
EXACT_BELOW = 50  # units per group, or pairs, below which `auto` counts the exact distribution (as R does)


def mann_whitney(
    group: ArrayLike,
    reference: ArrayLike,
    *,
    names: tuple[str, str] = ("group", "reference"),
    method: RankMethod = "auto",
    least_n: int = LEAST_N,
) -> Comparison:
    """Mann-Whitney U (Wilcoxon rank sum) for two independent groups, two-sided.

    Parameters
    ----------
    group, reference : one value per unit of replication; NaN is dropped and counted
    method : "auto" counts the exact distribution, given the ties, below 50 units a group and takes the
        normal approximation with tie and continuity correction above. R's wilcox.test falls back to the
        latter at the first tie.

    Returns
    -------
    comparison; statistic U of `group` (R's W); estimate = Hodges-Lehmann shift, then the rank-biserial
    correlation
    """
    _known_method(method)
    a, missing_a, infinite_a = finite_or_state(group)
    b, missing_b, infinite_b = finite_or_state(reference)
    problem = not_testable("Mann-Whitney", (a, b), names, least_n, infinite_a or infinite_b)
    if problem is not None:
        return problem
    n = ((names[0], a.size), (names[1], b.size))
    both = np.concatenate([a, b])
    if np.all(both == both[0]):
        message = "all values are equal, so ranks say nothing"
        return undefined("Mann-Whitney", State.ALL_TIES, message, n, group=names[0], reference=names[1])
    ranks = rank_null.doubled_ranks(both)
    doubled_sum = int(ranks[: a.size].sum())
    u = doubled_sum / 2 - a.size * (a.size + 1) / 2
    tied = np.unique(both).size < both.size
    exact = _counted(method, max(a.size, b.size))
    if exact:
        p = rank_null.two_sided(rank_null.subset_sum_probabilities(ranks, a.size), doubled_sum)
    else:
        p = _normal_p(u - a.size * b.size / 2, _rank_sum_variance(both, a.size), method)
    biserial = 2 * u / (a.size * b.size) - 1
    effects = (
        hodges_lehmann(a, b, tied),
        Effect("rank-biserial correlation", biserial, None, None, "2U/(n1 n2) - 1"),
    )
    return Comparison(
        test="Mann-Whitney", n=n, group=names[0], reference=names[1], statistic_name="U", statistic=u, p=p,
        effects=effects, checks=_rank_checks(tied, 2 / math.comb(both.size, a.size) if exact else 0.0),
        choices=(("method", _method_text(exact, tied, method)),
                 ("missing_dropped", str(missing_a + missing_b))),
    )  # fmt: skip


def wilcoxon_signed_rank(
    group: ArrayLike,
    reference: ArrayLike,
    *,
    names: tuple[str, str] = ("group", "reference"),
    method: RankMethod = "auto",
    least_n: int = LEAST_N,
) -> Comparison:
    """Wilcoxon's signed rank test for pairs, two-sided; pairs without a difference are left out (Wilcoxon
    1945).

    Parameters as `mann_whitney`; position i of both arrays is the same subject, culture or membrane.

    Returns
    -------
    comparison; statistic V, the sum of the positive ranks; estimate = median of the Walsh averages
    """
    _known_method(method)
    difference, missing = paired_differences(group, reference)
    problem = not_testable(
        "Wilcoxon signed rank", (difference, difference), names, least_n, bool(np.isinf(difference).any())
    )
    if problem is not None:
        return problem
    n = ((names[0], difference.size), (names[1], difference.size))
    moved = difference[difference != 0]
    zeros = difference.size - moved.size
    if moved.size == 0:
        message = "no pair shows a difference, so ranks say nothing"
        return undefined(
            "Wilcoxon signed rank", State.ALL_TIES, message, n, group=names[0], reference=names[1]
        )
    size = np.abs(moved)
    ranks = rank_null.doubled_ranks(size)
    positive = int(ranks[moved > 0].sum())
    tied = np.unique(size).size < size.size
    exact = _counted(method, moved.size)
    if exact:
        p = rank_null.two_sided(rank_null.signed_sum_probabilities(ranks), positive)
    else:
        p = _normal_p(positive / 2 - float(ranks.sum()) / 4, float(np.sum((ranks / 2) ** 2)) / 4, method)
    checks = _rank_checks(tied, 2.0 ** (1 - moved.size) if exact else 0.0)
    effects = (
        walsh_median(moved, tied),
        Effect("rank-biserial correlation", 2 * positive / float(ranks.sum()) - 1, None, None, "from V"),
    )
    return Comparison(
        test="Wilcoxon signed rank", n=n, group=names[0], reference=names[1], statistic_name="V",
        statistic=positive / 2, p=p, effects=effects,
        checks=(*checks, Check("pairs with a difference", zeros == 0, detail=f"{zeros} without, left out")),
        choices=(("method", _method_text(exact, tied, method)), ("zeros", f"{zeros} dropped"),
                 ("missing_pairs", str(missing))),
    )  # fmt: skip


def hodges_lehmann(a: FloatArray, b: FloatArray, tied: bool) -> Effect:
    """Shift between two groups: median of all differences, interval by inverting the test (Bauer 1972)."""
    differences = np.sort(np.subtract.outer(a, b).ravel())
    shift = float(np.median(differences))
    if max(a.size, b.size) < EXACT_BELOW:
        plain = np.arange(1, a.size + b.size + 1, dtype=np.int64)
        chance = rank_null.subset_sum_probabilities(plain, a.size)[a.size * (a.size + 1) // 2 :]
        cut, below = rank_null.lower_quantile(chance, (1 - CONFIDENCE) / 2)
    else:
        cut, below = _normal_cut(a.size * b.size / 2, a.size * b.size * (a.size + b.size + 1) / 12), 0.0
    return _order_statistic_interval("Hodges-Lehmann shift", shift, differences, cut, below, tied)


def walsh_median(differences: FloatArray, tied: bool) -> Effect:
    """Median of the Walsh averages of the differences, with the interval by inversion of the signed rank
    test.
    """
    i, j = np.triu_indices(differences.size)
    averages = np.sort((differences[i] + differences[j]) / 2)
    middle = float(np.median(averages))
    count = differences.size
    if count < EXACT_BELOW:
        chance = rank_null.signed_sum_probabilities(np.arange(1, count + 1, dtype=np.int64))
        cut, below = rank_null.lower_quantile(chance, (1 - CONFIDENCE) / 2)
    else:
        cut, below = _normal_cut(averages.size / 2, count * (count + 1) * (2 * count + 1) / 24), 0.0
    return _order_statistic_interval("pseudo-median of the differences", middle, averages, cut, below, tied)


def _order_statistic_interval(
    name: str, value: float, ordered: FloatArray, cut: int, below: float, tied: bool
) -> Effect:
    if cut == 0:  # even the whole range does not reach the confidence asked for
        return Effect(name, value, None, None, f"no {CONFIDENCE:.0%} interval exists for so few units")
    method = "inversion of the rank test" + (", ties: approximate" if tied else "")
    low, high = float(ordered[cut - 1]), float(ordered[ordered.size - cut])
    effect = Effect(name, value, low, high, method)
    return replace(effect, confidence=1 - 2 * below) if below else effect


def _normal_cut(mean: float, variance: float) -> int:
    return max(0, math.floor(mean - float(special.ndtri(0.5 + CONFIDENCE / 2)) * math.sqrt(variance)))


def _rank_sum_variance(values: FloatArray, size: int) -> float:
    total = values.size
    _, counts = np.unique(values, return_counts=True)
    ties = float(np.sum(counts.astype(np.float64) ** 3 - counts)) / (total * (total - 1))
    return size * (total - size) / 12 * (total + 1 - ties)


def _normal_p(distance: float, variance: float, method: RankMethod) -> float:
    correction = (
        0.0 if method == "normal without continuity" else math.copysign(0.5, distance) if distance else 0.0
    )
    z = (distance - correction) / math.sqrt(variance)
    return float(2 * min(special.ndtr(z), special.ndtr(-z)))


def _counted(method: RankMethod, size: int) -> bool:
    return method == "exact" or (method == "auto" and size < EXACT_BELOW)


def _known_method(method: str) -> None:
    if method not in RANK_METHODS:
        raise StatisticsError(f"rank method {method!r} is not one of {', '.join(RANK_METHODS)}")


def _method_text(exact: bool, tied: bool, method: RankMethod) -> str:
    if exact:
        return "exact, given the ties" if tied else "exact"
    return "normal approximation, tie-corrected" + (
        "" if method == "normal without continuity" else ", continuity-corrected"
    )


def _rank_checks(tied: bool, smallest: float) -> tuple[Check, ...]:
    checks = [Check("no ties", not tied, detail="equal values share their mean rank" if tied else "")]
    if smallest > 0.05:
        detail = f"with so few units this test cannot go below p = {smallest:.3g}"
        checks.append(Check("p < 0.05 can be reached", passed=False, p=smallest, detail=detail))
    return tuple(checks)
