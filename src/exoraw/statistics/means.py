"""Two means: Student's t (after Levene), Welch's t, paired t; on one value per unit of replication."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from exoraw.statistics.assumptions import ASSUMPTION_ALPHA, Centre, levene, normal_residuals, shapiro
from exoraw.statistics.effects import hedges_g, mean_difference
from exoraw.statistics.outcome import (
    LARGEST_VALUE,
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

SMALLEST_N_FOR_T = 2  # one value has no variance, whatever the user asks for


def two_sided_t(t: float, df: float) -> float:
    """Return the two-sided p of a t statistic."""
    return float(2 * special.stdtr(df, -abs(t)))


def student_t(
    group: ArrayLike,
    reference: ArrayLike,
    *,
    names: tuple[str, str] = ("group", "reference"),
    centre: Centre = "median",
    least_n: int = LEAST_N,
) -> Comparison:
    """Student's t test for two independent groups with a common variance.

    Levene's test stands beside it as a check; it does not change the test (see `t_after_levene`).

    Parameters
    ----------
    group, reference : one value per unit of replication; NaN is dropped and counted
    names : how the two are called in the result
    centre : Levene's centre
    least_n : units per group below which the state is "too few units" (2 asks for the test anyway)

    Returns
    -------
    comparison; estimate = mean(group) - mean(reference) with its 95 % t interval, Hedges g (pooled SD)
    """
    return _two_groups("Student t", group, reference, names, centre, least_n)


def welch_t(
    group: ArrayLike,
    reference: ArrayLike,
    *,
    names: tuple[str, str] = ("group", "reference"),
    centre: Centre = "median",
    least_n: int = LEAST_N,
) -> Comparison:
    """Welch's t test for two independent groups, no common variance assumed; parameters as `student_t`.

    Hedges g uses the root of the mean of both variances, with Welch's df.
    """
    return _two_groups("Welch t", group, reference, names, centre, least_n)


def t_after_levene(
    group: ArrayLike,
    reference: ArrayLike,
    *,
    names: tuple[str, str] = ("group", "reference"),
    centre: Centre = "median",
    least_n: int = LEAST_N,
) -> Comparison:
    """Student's t where Levene's p >= 0.05, Welch's otherwise; the choice is on record."""
    first = student_t(group, reference, names=names, centre=centre, least_n=least_n)
    unequal = any(check.name.startswith("Levene") and not check.passed for check in first.checks)
    chosen = welch_t(group, reference, names=names, centre=centre, least_n=least_n) if unequal else first
    rule = f"Welch where Levene (centre = {centre}) p < {ASSUMPTION_ALPHA:g}, Student otherwise"
    return chosen.with_choices(chosen_by=rule)


def _two_groups(
    test: str, group: ArrayLike, reference: ArrayLike, names: tuple[str, str], centre: Centre, least_n: int
) -> Comparison:
    a, missing_a, infinite_a = finite_or_state(group)
    b, missing_b, infinite_b = finite_or_state(reference)
    n = ((names[0], a.size), (names[1], b.size))
    problem = not_testable(test, (a, b), names, least_n, infinite_a or infinite_b)
    if problem is not None:
        return problem
    difference, error, df = difference_of_means(test, a, b)
    checks = (levene((a, b), centre), normal_residuals((a, b)))
    choices = (("levene_centre", centre), ("missing_dropped", str(missing_a + missing_b)))
    size = max(abs(float(np.mean(a))), abs(float(np.mean(b))))
    if error <= 10 * np.finfo(np.float64).eps * size or error == 0:
        message = "neither group varies, so no t test exists; the difference of the means is given alone"
        only = Effect("mean difference", difference, None, None, "no interval: no variance")
        return undefined(
            test, State.ZERO_VARIANCE, message, n, group=names[0], reference=names[1], effects=(only,),
            checks=checks, choices=choices,
        )  # fmt: skip
    t = difference / error
    standardised = hedges_g(t, df, _g_scale(test, a, b, error), "noncentral t")
    return Comparison(
        test=test, n=n, group=names[0], reference=names[1], statistic_name="t", statistic=t, df=(df,),
        p=two_sided_t(t, df), checks=checks, choices=choices,
        effects=(mean_difference(difference, error, df), *([standardised] if standardised else [])),
    )  # fmt: skip


def difference_of_means(test: str, a: FloatArray, b: FloatArray) -> tuple[float, float, float]:
    """Return mean(a) - mean(b), its standard error and df, pooled (Student) or not (Welch)."""
    shift = b[0]
    difference = float(np.mean(a - shift) - np.mean(b - shift))
    var_a, var_b = (float(np.var(x - shift, ddof=1)) if x.size > 1 else 0.0 for x in (a, b))
    if test == "Student t":
        df = float(a.size + b.size - 2)
        pooled = ((a.size - 1) * var_a + (b.size - 1) * var_b) / df
        return difference, math.sqrt(pooled * (1 / a.size + 1 / b.size)), df
    part_a, part_b = var_a / a.size, var_b / b.size
    if part_a + part_b == 0:
        return difference, 0.0, float(a.size + b.size - 2)
    share_a, share_b = part_a / (part_a + part_b), part_b / (part_a + part_b)
    df = 1 / (share_a**2 / (a.size - 1) + share_b**2 / (b.size - 1))
    return difference, math.sqrt(part_a + part_b), df


def _g_scale(test: str, a: FloatArray, b: FloatArray, error: float) -> float:
    if test == "Student t":
        return math.sqrt(1 / a.size + 1 / b.size)
    return error / math.sqrt((float(np.var(a, ddof=1)) + float(np.var(b, ddof=1))) / 2)


def not_testable(
    test: str, groups: tuple[FloatArray, ...], names: tuple[str, ...], least_n: int, infinite: bool
) -> Comparison | None:
    """Return the state that forbids a test on these groups (too few units, infinite values), else None."""
    n = tuple((name, group.size) for name, group in zip(names, groups, strict=True))
    known = {"group": names[0], "reference": names[1]} if len(names) == 2 else {}
    if infinite:
        message = "a value is infinite (a division by zero upstream?); correct or exclude it"
        return undefined(test, State.NOT_FINITE, message, n, **known)
    least = max(least_n, SMALLEST_N_FOR_T)
    small = [f"{name} has {count}" for name, count in n if count < least]
    if small:
        message = f"fewer than {least} units of replication: {', '.join(small)}; shown as points, not tested"
        return undefined(test, State.TOO_FEW, message, n, **known)
    return None


def paired_t(
    group: ArrayLike,
    reference: ArrayLike,
    *,
    names: tuple[str, str] = ("group", "reference"),
    least_n: int = LEAST_N,
) -> Comparison:
    """Paired t test: position i of both arrays is the same subject, culture or membrane.

    A pair with a missing side is dropped and counted. Estimate = mean of the differences; Hedges g of the
    differences.

    Raises
    ------
    StatisticsError : the arrays differ in length
    """
    difference, missing = paired_differences(group, reference)
    n = ((names[0], difference.size), (names[1], difference.size))
    problem = not_testable(
        "paired t", (difference, difference), names, least_n, bool(np.isinf(difference).any())
    )
    pairs = Check("complete pairs", missing == 0, detail=f"{missing} pairs miss one side and were left out")
    if problem is not None:
        return problem
    mean = float(np.mean(difference))
    deviation = float(np.std(difference, ddof=1))
    if essentially_constant(difference):
        only = Effect("mean difference", mean, None, None, "no interval: no variance")
        message = "every pair differs by the same amount, so no t test exists"
        return undefined(
            "paired t", State.ZERO_VARIANCE, message, n, group=names[0], reference=names[1],
            effects=(only,), checks=(pairs,),
        )  # fmt: skip
    df = float(difference.size - 1)
    error = deviation / math.sqrt(difference.size)
    t = mean / error
    standardised = hedges_g(t, df, 1 / math.sqrt(difference.size), "noncentral t, SD of the differences")
    return Comparison(
        test="paired t", n=n, group=names[0], reference=names[1], statistic_name="t", statistic=t, df=(df,),
        p=two_sided_t(t, df), checks=(pairs, shapiro(difference, "differences")),
        choices=(("missing_pairs", str(missing)),),
        effects=(mean_difference(mean, error, df), *([standardised] if standardised else [])),
    )  # fmt: skip


def paired_differences(group: ArrayLike, reference: ArrayLike) -> tuple[FloatArray, int]:
    """Return group - reference of the complete pairs, and how many pairs miss a side.

    A difference no larger than the rounding of its two values is set to 0, so that noise is not ranked.
    """
    a = np.asarray(group, dtype=np.float64).ravel()
    b = np.asarray(reference, dtype=np.float64).ravel()
    if a.size != b.size:
        raise StatisticsError(
            f"paired values must come in equal numbers; found {a.size} and {b.size}. "
            "Pair them by subject or membrane first"
        )
    whole = ~(np.isnan(a) | np.isnan(b))
    with np.errstate(invalid="ignore"):
        difference = a[whole] - b[whole]
    size = np.maximum(np.abs(a[whole]), np.abs(b[whole]))
    difference[np.abs(difference) <= 4 * np.finfo(np.float64).eps * size] = 0.0
    difference[np.isnan(difference) | (size > LARGEST_VALUE)] = (
        np.inf
    )  # inf - inf: still an infinite value in the data
    return difference, int(np.count_nonzero(~whole))
