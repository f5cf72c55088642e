"""One factor, two or more groups: one-way ANOVA, Welch's ANOVA, Kruskal-Wallis."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from exoraw.statistics.assumptions import Centre, levene, normal_residuals, sums_of_squares
from exoraw.statistics.effects import eta_squared, omega_squared
from exoraw.statistics.means import not_testable
from exoraw.statistics.outcome import (
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
from exoraw.statistics.rank_null import doubled_ranks


def one_way_anova(
    groups: Mapping[str, ArrayLike], *, centre: Centre = "median", least_n: int = LEAST_N
) -> Comparison:
    """One-way analysis of variance; Levene's test and the normality of the residuals stand beside it.

    Parameters
    ----------
    groups : name -> one value per unit of replication; NaN is dropped and counted
    centre : Levene's centre
    least_n : units per group below which the state is "too few units"

    Returns
    -------
    comparison; F with df (between, within); eta squared (90 % interval) and omega squared

    Raises
    ------
    StatisticsError : fewer than two groups
    """
    clean, missing, problem = clean_groups("one-way ANOVA", groups, least_n)
    if problem is not None:
        return problem
    arrays = list(clean.values())
    between, within, df1, df2 = sums_of_squares(arrays)
    checks = (levene(arrays, centre), normal_residuals(arrays))
    choices = (("levene_centre", centre), ("missing_dropped", str(missing)))
    if all(essentially_constant(array) for array in arrays):
        return undefined(
            "one-way ANOVA", State.ZERO_VARIANCE, "no group varies, so no F exists", counts(clean),
            checks=checks, choices=choices,
        )  # fmt: skip
    f = (between / df1) / (within / df2)
    return Comparison(
        test="one-way ANOVA", n=counts(clean), statistic_name="F", statistic=f, df=(float(df1), float(df2)),
        p=float(special.fdtrc(df1, df2, f)), effects=(eta_squared(f, df1, df2), omega_squared(f, df1, df2)),
        checks=checks, choices=choices,
    )  # fmt: skip


def welch_anova(
    groups: Mapping[str, ArrayLike], *, centre: Centre = "median", least_n: int = LEAST_N
) -> Comparison:
    """Welch's one-way ANOVA without a common variance (Welch 1951); parameters as `one_way_anova`."""
    clean, missing, problem = clean_groups("Welch ANOVA", groups, least_n)
    if problem is not None:
        return problem
    arrays = list(clean.values())
    checks = (levene(arrays, centre), normal_residuals(arrays))
    constant = [name for name, array in clean.items() if essentially_constant(array)]
    if constant:
        message = f"Welch's ANOVA needs every group to vary; constant: {', '.join(constant)}"
        return undefined("Welch ANOVA", State.ZERO_VARIANCE, message, counts(clean), checks=checks)
    size = np.array([array.size for array in arrays], dtype=np.float64)
    mean = np.array([np.mean(array - arrays[0][0]) for array in arrays])
    weight = size / np.array([np.var(array, ddof=1) for array in arrays])
    centre_of_all = np.sum(weight * mean) / weight.sum()
    k = len(arrays)
    lack = float(np.sum((1 - weight / weight.sum()) ** 2 / (size - 1))) / (k * k - 1)
    f = float(np.sum(weight * (mean - centre_of_all) ** 2)) / ((k - 1) * (1 + 2 * (k - 2) * lack))
    df2 = 1 / (3 * lack)
    return Comparison(
        test="Welch ANOVA", n=counts(clean), statistic_name="F", statistic=f, df=(float(k - 1), df2),
        p=float(special.fdtrc(k - 1, df2, f)), effects=(eta_squared(f, k - 1, df2),), checks=checks,
        choices=(("levene_centre", centre), ("missing_dropped", str(missing))),
    )  # fmt: skip


def kruskal_wallis(groups: Mapping[str, ArrayLike], *, least_n: int = LEAST_N) -> Comparison:
    """Kruskal-Wallis rank test, tie-corrected, chi-square approximation; parameters as `one_way_anova`."""
    clean, missing, problem = clean_groups("Kruskal-Wallis", groups, least_n)
    if problem is not None:
        return problem
    values = np.concatenate(list(clean.values()))
    total = values.size
    if np.all(values == values[0]):
        return undefined("Kruskal-Wallis", State.ALL_TIES, "all values are equal", counts(clean))
    ranks = doubled_ranks(values) / 2
    _, tie = np.unique(values, return_counts=True)
    edges = np.cumsum([0, *(array.size for array in clean.values())])
    sums = np.add.reduceat(ranks, edges[:-1])
    h = 12 / (total * (total + 1)) * float(np.sum(sums**2 / np.diff(edges))) - 3 * (total + 1)
    h /= 1 - float(np.sum(tie.astype(np.float64) ** 3 - tie)) / (total**3 - total)
    df = len(clean) - 1
    tied = bool(np.any(tie > 1))
    return Comparison(
        test="Kruskal-Wallis", n=counts(clean), statistic_name="H", statistic=h, df=(float(df),),
        p=float(special.chdtrc(df, h)), checks=(Check("no ties", not tied),),
        effects=(Effect("epsilon squared", h / (total - 1), None, None, "H/(N - 1)"),),
        choices=(("method", "chi-square approximation, tie-corrected"), ("missing_dropped", str(missing))),
    )  # fmt: skip


def counts(groups: Mapping[str, FloatArray]) -> tuple[tuple[str, int], ...]:
    """Return (name, units) of every group."""
    return tuple((name, array.size) for name, array in groups.items())


def clean_groups(
    test: str, groups: Mapping[str, ArrayLike], least_n: int
) -> tuple[dict[str, FloatArray], int, Comparison | None]:
    """Return the groups without missing values, how many were missing, and the state that forbids the test if
    any.
    """
    if len(groups) < 2:
        raise StatisticsError(f"{test} compares two or more groups; found {', '.join(groups) or 'none'}")
    parts = {name: finite_or_state(values) for name, values in groups.items()}
    clean = {name: part[0] for name, part in parts.items()}
    missing = sum(part[1] for part in parts.values())
    infinite = any(part[2] for part in parts.values())
    problem = not_testable(test, tuple(clean.values()), tuple(clean), least_n, infinite)
    return clean, missing, problem


def pooled_variance(groups: Mapping[str, FloatArray]) -> tuple[float, float]:
    """Return the variance within groups and its degrees of freedom."""
    _, within, _, df = sums_of_squares(list(groups.values()))
    return within / df if df > 0 else math.nan, float(df)
