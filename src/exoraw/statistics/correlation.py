"""Correlation of two measures over the same units: Pearson and Spearman."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from exoraw.statistics.assumptions import shapiro
from exoraw.statistics.means import two_sided_t
from exoraw.statistics.outcome import (
    CONFIDENCE,
    LARGEST_VALUE,
    LEAST_N,
    Check,
    Comparison,
    Effect,
    FloatArray,
    State,
    StatisticsError,
    essentially_constant,
    undefined,
)
from exoraw.statistics.rank_null import doubled_ranks

EXACT_SPEARMAN_UP_TO = 9  # pairs; 9! orders are counted one by one, as R's AS 89 does


def pearson(x: ArrayLike, y: ArrayLike, *, unit: str = "", least_n: int = LEAST_N) -> Comparison:
    """Pearson's correlation, t test with n - 2 df, interval by Fisher's z.

    Parameters
    ----------
    x, y : (n,) the two measures of the same units; a unit that misses one is dropped and counted

    Raises
    ------
    StatisticsError : lengths differ
    """
    a, b, missing = _complete(x, y)
    problem = _not_testable("Pearson", a, b, least_n, unit)
    if problem is not None:
        return problem
    r = _product_moment(a, b)
    df = float(a.size - 2)
    choices = (("missing_pairs", str(missing)), ("interval", "Fisher z"))
    checks = (shapiro(a, "first measure"), shapiro(b, "second measure"))
    if abs(r) >= 1:
        perfect = Effect("correlation r", math.copysign(1.0, r), None, None, "perfect line: no interval")
        return undefined(
            "Pearson", State.NOT_ESTIMABLE,
            "all points lie on one line; check that the measures are independent", (("pairs", a.size),),
            unit=unit, effects=(perfect,), checks=checks, choices=choices,
        )  # fmt: skip
    t = r * math.sqrt(df / ((1 - r) * (1 + r)))
    effect = _fisher_interval("correlation r", r, a.size, 1.0)
    return Comparison(
        test="Pearson", n=(("pairs", a.size),), unit=unit, statistic_name="t", statistic=t, df=(df,),
        p=two_sided_t(t, df), effects=(effect,), checks=checks, choices=choices,
    )  # fmt: skip


def spearman(x: ArrayLike, y: ArrayLike, *, unit: str = "", least_n: int = LEAST_N) -> Comparison:
    """Spearman's rank correlation; exact up to 9 pairs without ties, t approximation otherwise (said).

    The interval is Fisher's z with Bonett and Wright's (2000) standard error.
    """
    a, b, missing = _complete(x, y)
    problem = _not_testable("Spearman", a, b, least_n, unit)
    if problem is not None:
        return problem
    ranks_a, ranks_b = doubled_ranks(a) / 2, doubled_ranks(b) / 2
    rho = max(-1.0, min(1.0, _product_moment(ranks_a, ranks_b)))
    tied = np.unique(a).size < a.size or np.unique(b).size < b.size
    exact = a.size <= EXACT_SPEARMAN_UP_TO and not tied
    df = float(a.size - 2)
    squared = float(np.sum((ranks_a - ranks_b) ** 2))
    if exact:
        p = _exact_spearman_p(a.size, round(squared))
    else:
        p = _monotone_p(a.size) if abs(rho) == 1 else two_sided_t(rho * math.sqrt(df / (1 - rho**2)), df)
    checks = (Check("no ties", not tied),)
    method = "exact" if exact else "t approximation"
    inflated = math.sqrt(1 + rho * rho / 2)
    return Comparison(
        test="Spearman", n=(("pairs", a.size),), unit=unit, statistic_name="S", statistic=squared,
        df=() if exact else (df,), p=p, effects=(_fisher_interval("correlation rho", rho, a.size, inflated),),
        checks=checks, choices=(("method", method), ("missing_pairs", str(missing))),
    )  # fmt: skip


def _complete(x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray, int]:
    a, b = np.asarray(x, dtype=np.float64).ravel(), np.asarray(y, dtype=np.float64).ravel()
    if a.size != b.size:
        raise StatisticsError(f"the two measures must come in pairs; found {a.size} and {b.size} values")
    whole = ~(np.isnan(a) | np.isnan(b))
    return a[whole], b[whole], int(np.count_nonzero(~whole))


def _not_testable(test: str, a: FloatArray, b: FloatArray, least_n: int, unit: str) -> Comparison | None:
    n = (("pairs", a.size),)
    if max(np.abs(a).max(initial=0), np.abs(b).max(initial=0)) > LARGEST_VALUE:
        return undefined(test, State.NOT_FINITE, "a value is infinite; correct or exclude it", n, unit=unit)
    least = max(least_n, 3)
    if a.size < least:
        message = f"fewer than {least} complete pairs ({a.size}); shown as points, not tested"
        return undefined(test, State.TOO_FEW, message, n, unit=unit)
    if essentially_constant(a) or essentially_constant(b):
        message = "one of the measures does not vary, so no correlation exists"
        return undefined(test, State.ZERO_VARIANCE, message, n, unit=unit)
    return None


def _product_moment(a: FloatArray, b: FloatArray) -> float:
    da, db = a - a[0], b - b[0]
    da, db = da - da.mean(), db - db.mean()
    da, db = da / np.abs(da).max(), db / np.abs(db).max()
    return float((da @ db) / math.sqrt(float(da @ da) * float(db @ db)))


def _fisher_interval(name: str, r: float, n: int, inflation: float) -> Effect:
    if n < 4 or abs(r) >= 1:
        return Effect(name, r, None, None, "no interval below 4 pairs or at +-1")
    z = math.atanh(r)
    half = float(special.ndtri(0.5 + CONFIDENCE / 2)) * inflation / math.sqrt(n - 3)
    return Effect(name, r, math.tanh(z - half), math.tanh(z + half), "Fisher z")


def _monotone_p(n: int) -> float:
    return math.exp(math.log(2) - math.lgamma(n + 1))  # two of n! orders; t would be infinite


def _exact_spearman_p(n: int, squared: int) -> float:
    counts = _spearman_counts(n)
    centre = (n**3 - n) / 6
    sums = np.arange(counts.size)
    return float(counts[np.abs(sums - centre) >= abs(squared - centre)].sum() / counts.sum())


@lru_cache(maxsize=EXACT_SPEARMAN_UP_TO)
def _spearman_counts(n: int) -> FloatArray:
    orders = np.array(list(permutations(range(n))), dtype=np.int32)
    squared = np.sum((orders - np.arange(n, dtype=np.int32)) ** 2, axis=1)
    return np.bincount(squared, minlength=(n**3 - n) // 3 + 1).astype(np.float64)
