"""Many comparisons after one ANOVA: Tukey (all pairs) and Dunnett (all against one reference)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from exoraw.statistics.anova import clean_groups, counts, pooled_variance
from exoraw.statistics.assumptions import Centre, levene, normal_residuals
from exoraw.statistics.effects import hedges_g
from exoraw.statistics.means import two_sided_t
from exoraw.statistics.outcome import (
    CONFIDENCE,
    LEAST_N,
    Check,
    Comparison,
    Effect,
    FloatArray,
    State,
    StatisticsError,
    essentially_constant,
    finite_or_state,
    undefined,
)

QUADRATURE_POINTS = 160  # Gauss-Legendre nodes per axis; 320 change Dunnett's p by less than 1e-13
SMALLEST_INTEGRATED = 1e-9  # below it the absolute error of the integration counts
NORMAL_REACH = 9.0  # standard deviations integrated; 2e-19 of the normal lies outside


def tukey(
    groups: Mapping[str, ArrayLike], *, centre: Centre = "median", least_n: int = LEAST_N
) -> tuple[Comparison, ...]:
    """Tukey's honest significant difference over all pairs (Tukey-Kramer where n differ).

    Parameters
    ----------
    groups : name -> one value per unit of replication

    Returns
    -------
    one comparison per pair, later minus earlier group; `p` is already adjusted over the family, intervals
    are simultaneous. A group with too few units takes no part; its pairs carry the state instead.
    """
    tested, small = _large_enough(groups, least_n)
    pairs = [(later, earlier) for earlier, later in combinations(groups, 2)]
    if len(tested) < 2:
        return _without_p("Tukey", groups, pairs, centre, least_n)
    left_out = _without_p("Tukey", groups, [pair for pair in pairs if small & {*pair}], centre, least_n)
    clean, variance, df, checks, problem = _prepared("Tukey", tested, centre, least_n)
    if problem is not None:
        named = [pair for pair in pairs if not small & {*pair}]
        return (*_for_pairs(problem, named), *left_out)
    names = list(clean)
    critical = _tukey_critical(len(names), df)
    results = []
    for i, reference in enumerate(names):
        for group in names[i + 1 :]:
            difference, error = _difference(clean[group], clean[reference], variance)
            t = difference / error
            p = _within_bounds(
                tukey_p(abs(t), len(names), df), two_sided_t(t, df), len(names) * (len(names) - 1) // 2
            )
            results.append(
                _pair("Tukey", clean, (group, reference), difference, error, df, critical, p, checks)
            )
    return (*results, *left_out)


def tukey_p(t: float, groups: int, df: float) -> float:
    """Return P(range of the groups' means >= t sqrt 2 standard errors); absolute error below 1e-11.

    The studentized range is integrated as in Copenhaver and Holland (1988), on fixed nodes.
    """
    return float(min(1.0, max(0.0, 1.0 - _tukey_inside(t, groups, df))))


@lru_cache(maxsize=256)
def _tukey_critical(groups: int, df: float) -> float:
    pairs = groups * (groups - 1) // 2
    single, bonferroni = (
        float(special.stdtrit(df, 1 - (1 - CONFIDENCE) / 2 / family)) for family in (1, pairs)
    )
    if pairs == 1:
        return single

    def gap(t: float) -> float:
        return _tukey_inside(t, groups, df) - CONFIDENCE

    return float(optimize.brentq(gap, single * (1 - 1e-6), bonferroni * (1 + 1e-6), xtol=1e-12))


def _tukey_inside(t: float, groups: int, df: float) -> float:
    z, z_weight, s, s_weight = _nodes(df)
    below = special.ndtr(z)[:, None] - special.ndtr(z[:, None] - math.sqrt(2) * t * s)
    return float((groups * z_weight) @ below ** (groups - 1) @ s_weight)


def dunnett(
    groups: Mapping[str, ArrayLike], reference: str, *, centre: Centre = "median", least_n: int = LEAST_N
) -> tuple[Comparison, ...]:
    """Dunnett's test of every group against one reference.

    The multivariate t is integrated numerically (product correlation, Dunnett 1955), so the p is the same
    on every machine and needs no random seed, unlike Monte-Carlo versions.

    Parameters
    ----------
    groups : name -> one value per unit of replication
    reference : the group all others are compared with

    Returns
    -------
    one comparison per other group; `p` is already adjusted over the family, intervals are simultaneous. A
    group with too few units takes no part; its comparison carries the state instead
    """
    if reference not in groups:
        raise StatisticsError(f"reference {reference!r} is not one of the groups {', '.join(groups)}")
    tested, small = _large_enough(groups, least_n)
    pairs = [(name, reference) for name in groups if name != reference]
    if reference in small or len(tested) < 2:
        return _without_p("Dunnett", groups, pairs, centre, least_n)
    left_out = _without_p("Dunnett", groups, [pair for pair in pairs if pair[0] in small], centre, least_n)
    clean, variance, df, checks, problem = _prepared("Dunnett", tested, centre, least_n)
    if problem is not None:
        return (*_for_pairs(problem, [pair for pair in pairs if pair[0] not in small]), *left_out)
    others = [name for name in clean if name != reference]
    sizes = tuple(clean[name].size for name in others)
    critical = dunnett_critical(sizes, clean[reference].size, df)
    results = []
    for group in others:
        difference, error = _difference(clean[group], clean[reference], variance)
        t = difference / error
        p = dunnett_p(abs(t), sizes, clean[reference].size, df)
        p = _within_bounds(p, two_sided_t(t, df), len(others))
        results.append(
            _pair("Dunnett", clean, (group, reference), difference, error, df, critical, p, checks)
        )
    return (*results, *left_out)


def dunnett_p(t: float, sizes: tuple[int, ...], reference_size: int, df: float) -> float:
    """Return P(max |T_i| >= t) for the groups' sizes against one reference; absolute error below 1e-11."""
    return float(min(1.0, max(0.0, 1.0 - _dunnett_inside(t, sizes, reference_size, df))))


@lru_cache(maxsize=256)
def dunnett_critical(sizes: tuple[int, ...], reference_size: int, df: float) -> float:
    """Return the |t| that the largest comparison exceeds with probability 5 %."""
    single = float(special.stdtrit(df, 0.5 + CONFIDENCE / 2))
    bonferroni = float(special.stdtrit(df, 1 - (1 - CONFIDENCE) / 2 / len(sizes)))

    def gap(t: float) -> float:
        return _dunnett_inside(t, sizes, reference_size, df) - CONFIDENCE

    if len(sizes) == 1:
        return single
    return float(optimize.brentq(gap, single * (1 - 1e-6), bonferroni * (1 + 1e-6), xtol=1e-12))


def _dunnett_inside(t: float, sizes: tuple[int, ...], reference_size: int, df: float) -> float:
    z, z_weight, s, s_weight = _nodes(df)
    inside = np.ones((z.size, s.size))
    for size in set(sizes):
        share = math.sqrt(size / (size + reference_size))
        rest = math.sqrt(1 - share * share)
        low = special.ndtr((share * z[:, None] - t * s) / rest)
        high = special.ndtr((share * z[:, None] + t * s) / rest)
        inside *= (high - low) ** sizes.count(size)
    return float(z_weight @ inside @ s_weight)


@lru_cache(maxsize=32)
def _nodes(df: float) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    node, weight = np.polynomial.legendre.leggauss(QUADRATURE_POINTS)
    z = node * NORMAL_REACH
    z_weight = weight * NORMAL_REACH * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    low, high = (math.sqrt(float(special.chdtri(df, tail)) / df) for tail in (1 - 1e-16, 1e-18))
    s = low + (node + 1) / 2 * (high - low)
    log_density = (df - 1) * np.log(s) - df * s * s / 2 + df / 2 * math.log(df / 2) - special.gammaln(df / 2)
    s_weight = weight * (high - low) / 2 * 2 * np.exp(log_density)
    return z, z_weight / z_weight.sum(), s, s_weight / s_weight.sum()


def _within_bounds(p: float, single: float, family: int) -> float:
    """Keep a family's p between that of one test alone and Bonferroni's; where it drowns in the rounding of
    the integration, Bonferroni's (the larger one) is given, so that it is never 0.
    """
    bonferroni = min(1.0, family * single)
    return bonferroni if p < SMALLEST_INTEGRATED else min(max(p, single), bonferroni)


def _large_enough(
    groups: Mapping[str, ArrayLike], least_n: int
) -> tuple[dict[str, ArrayLike], frozenset[str]]:
    """Part the groups that can be tested from those with too few units."""
    sizes = {name: finite_or_state(values)[0].size for name, values in groups.items()}
    small = frozenset(name for name, size in sizes.items() if size < max(least_n, 2))
    return {name: values for name, values in groups.items() if name not in small}, small


def _without_p(
    test: str,
    groups: Mapping[str, ArrayLike],
    pairs: Sequence[tuple[str, str]],
    centre: Centre,
    least_n: int,
) -> tuple[Comparison, ...]:
    """Return pairs that are not tested, each with the reason and its own n."""
    if not pairs:
        return ()
    problem = _prepared(test, groups, centre, least_n)[4]
    assert problem is not None  # the caller found a group that is too small, or one group only
    return _for_pairs(problem, pairs)


def _for_pairs(problem: Comparison, pairs: Sequence[tuple[str, str]]) -> tuple[Comparison, ...]:
    """Return one untested comparison per pair."""
    sizes = dict(problem.n)
    return tuple(
        replace(
            problem,
            group=group,
            reference=reference,
            n=tuple((name, sizes[name]) for name in (group, reference)),
        )
        for group, reference in pairs
    )


def _prepared(
    test: str, groups: Mapping[str, ArrayLike], centre: Centre, least_n: int
) -> tuple[dict[str, FloatArray], float, float, tuple[Check, ...], Comparison | None]:
    clean, _, problem = clean_groups(test, groups, least_n)
    if problem is not None:
        return clean, math.nan, math.nan, (), problem
    arrays = list(clean.values())
    checks = (levene(arrays, centre), normal_residuals(arrays))
    if all(essentially_constant(array) for array in arrays):
        message = "no group varies, so no test exists"
        problem = undefined(test, State.ZERO_VARIANCE, message, counts(clean), checks=checks)
    variance, df = pooled_variance(clean)
    return clean, variance, df, checks, problem


def _difference(group: FloatArray, reference: FloatArray, variance: float) -> tuple[float, float]:
    shift = reference[0]
    difference = float(np.mean(group - shift) - np.mean(reference - shift))
    return difference, math.sqrt(variance * (1 / group.size + 1 / reference.size))


def _pair(
    test: str, clean: dict[str, FloatArray], names: tuple[str, str], difference: float, error: float,
    df: float, critical: float, p: float, checks: tuple[Check, ...],
) -> Comparison:  # fmt: skip
    group, reference = names
    half = critical * error
    t = difference / error
    sizes = clean[group].size, clean[reference].size
    standardised = hedges_g(t, df, math.sqrt(1 / sizes[0] + 1 / sizes[1]), "noncentral t, not simultaneous")
    interval = Effect(
        "mean difference", difference, difference - half, difference + half, f"simultaneous, {test}"
    )
    return Comparison(
        test=test, n=((group, sizes[0]), (reference, sizes[1])), group=group, reference=reference,
        statistic_name="t", statistic=t, df=(df,), p=p, p_adjusted=p,
        adjustment=f"{test}, {len(clean)} groups", checks=checks,
        effects=(interval, *([standardised] if standardised else [])),
        choices=(("unadjusted_p", repr(two_sided_t(t, df))), ("variance", "pooled over all groups")),
    )  # fmt: skip
