"""Checks that travel with a test: equal variances (Levene), normal residuals (Shapiro-Wilk), pairs, ties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy import special

from exoraw.statistics.outcome import Check, FloatArray, essentially_constant

Centre = Literal["median", "mean"]
ASSUMPTION_ALPHA = 0.05
SMALLEST_SPREAD = 1e-150  # its square is still a normal double
SHAPIRO_RANGE = (3, 5000)  # sizes for which Royston's approximation was made


def sums_of_squares(groups: Sequence[FloatArray]) -> tuple[float, float, int, int]:
    """Return sums of squares between and within groups and their degrees of freedom.

    The first value is taken off before anything is squared, so that leading digits shared by all values
    cost no precision (NIST StRD SmLs04-06).
    """
    shift = groups[0][0]
    moved = [group - shift for group in groups]
    total = np.concatenate(moved)
    grand = float(np.mean(total))
    means = [float(np.mean(group)) for group in moved]
    between = sum(group.size * (mean - grand) ** 2 for group, mean in zip(moved, means, strict=True))
    within = sum(float(np.sum((group - mean) ** 2)) for group, mean in zip(moved, means, strict=True))
    return between, within, len(groups) - 1, total.size - len(groups)


def levene(groups: Sequence[FloatArray], centre: Centre = "median") -> Check:
    """Levene's test of equal variances.

    Parameters
    ----------
    groups : arrays of independent units
    centre : "median" (Brown-Forsythe, scipy's and R car's default) or "mean" (Levene 1960, SPSS)

    Returns
    -------
    check; passed where p >= 0.05, or where the test does not exist (said in `detail`)
    """
    name = f"Levene, centre = {centre}"
    middle = np.median if centre == "median" else np.mean
    spreads = [np.abs(group - middle(group)) for group in groups if group.size]
    if len(spreads) < 2 or sum(s.size for s in spreads) <= len(spreads):
        return Check(name, passed=True, detail="too few units to look at")
    between, within, df1, df2 = sums_of_squares(spreads)
    rounding = 1e-24 * max(between, float(np.sum(np.concatenate(spreads) ** 2)))  # 2 values: equal distances
    if essentially_constant(np.concatenate(spreads)) or within <= rounding:
        return Check(name, passed=True, detail="the deviations do not vary; not defined")
    f = (between / df1) / (within / df2)
    p = float(special.fdtrc(df1, df2, f))
    return Check(name, p >= ASSUMPTION_ALPHA, f, p, f"df {df1}, {df2}")


def shapiro(residuals: FloatArray, of: str = "residuals") -> Check:
    """Shapiro-Wilk's test that residuals are normal (Royston 1995); passed where p >= 0.05."""
    from scipy import stats  # slow to import

    name = f"Shapiro-Wilk, {of}"
    if not SHAPIRO_RANGE[0] <= residuals.size <= SHAPIRO_RANGE[1]:
        return Check(name, passed=True, detail=f"not defined for n = {residuals.size}")
    if essentially_constant(residuals):
        return Check(name, passed=False, detail="the values do not vary")
    if float(np.ptp(residuals)) < SMALLEST_SPREAD:
        return Check(name, passed=False, detail="the values vary by less than double precision squares")
    found = stats.shapiro(residuals / np.max(np.abs(residuals)))
    return Check(name, float(found.pvalue) >= ASSUMPTION_ALPHA, float(found.statistic), float(found.pvalue))


def normal_residuals(groups: Sequence[FloatArray]) -> Check:
    """Shapiro-Wilk over the residuals of all groups from their own means."""
    return shapiro(np.concatenate([group - np.mean(group) for group in groups if group.size]))
