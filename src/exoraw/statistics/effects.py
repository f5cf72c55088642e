"""Effect sizes with their intervals: mean difference, Hedges g, eta squared, differences of shares."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy import optimize, special

from exoraw.statistics.outcome import CONFIDENCE, Effect

LARGEST_NONCENTRALITY = (
    1e4  # beyond this the noncentral distributions lose their digits; the interval is left out
)


def mean_difference(
    difference: float, standard_error: float, df: float, confidence: float = CONFIDENCE
) -> Effect:
    """Difference of two means with its t interval.

    Parameters
    ----------
    difference : group minus reference, in the unit of the measure
    standard_error : of the difference, same unit
    df : degrees of freedom of the standard error
    """
    half = float(special.stdtrit(df, 0.5 + confidence / 2)) * standard_error
    return Effect(
        "mean difference", difference, difference - half, difference + half, "t interval", confidence
    )


def hedges_correction(df: float) -> float:
    """Return Hedges' exact small-sample factor J(df) (Hedges 1981), which takes d to g."""
    return math.exp(special.gammaln(df / 2) - special.gammaln((df - 1) / 2)) / math.sqrt(df / 2)


def hedges_g(
    t: float, df: float, scale: float, method: str = "noncentral t", confidence: float = CONFIDENCE
) -> Effect | None:
    """Standardised mean difference with Hedges' correction and its noncentral-t interval.

    Parameters
    ----------
    t : t statistic of the difference
    df : its degrees of freedom
    scale : d = t * scale (sqrt(1/n1 + 1/n2) for pooled variance, 1/sqrt(n) for pairs)

    Returns
    -------
    effect, or None where df is below 2 and the correction does not exist
    """
    if df < 2:
        return None
    factor = hedges_correction(df) * scale
    low, high = noncentrality_t(t, df, confidence)
    return Effect(
        "Hedges g",
        t * factor,
        None if low is None else low * factor,
        None if high is None else high * factor,
        method,
        confidence,
    )


def noncentrality_t(t: float, df: float, confidence: float) -> tuple[float | None, float | None]:
    """Return the interval of the noncentrality parameter of a t statistic (test inversion)."""
    tail = (1 - confidence) / 2
    size = abs(t)  # the lower tail of a negative t loses its digits; mirrored instead

    def end(target: float) -> float | None:
        def gap(delta: float) -> float:
            value = float(special.nctdtr(df, delta, size))
            if math.isnan(value):  # far in a tail, where the series gives up
                value = 1.0 if delta < size else 0.0
            return value - target

        spread = 6 + size * (1 + 6 / math.sqrt(df))
        return _root(gap, max(size - spread, -30.0), size + spread)

    low, high = end(1 - tail), end(tail)
    if t >= 0:
        return low, high
    return None if high is None else -high, None if low is None else -low


def eta_squared(f: float, df1: float, df2: float, name: str = "eta squared") -> Effect:
    """Return the (partial) share of variance with its 90 % noncentral-F interval (Steiger 2004)."""
    value = f * df1 / (f * df1 + df2)
    confidence = 1 - 2 * (1 - CONFIDENCE)
    tail = (1 - confidence) / 2
    ends = [_noncentrality_f(f, df1, df2, probability) for probability in (1 - tail, tail)]
    low, high = (None if end is None else end / (end + df1 + df2 + 1) for end in ends)
    return Effect(name, value, low, high, "noncentral F, 90 %", confidence)


def omega_squared(f: float, df1: float, df2: float) -> Effect:
    """Return the less biased share of variance of a one-way design; no interval."""
    value = df1 * (f - 1) / (df1 * (f - 1) + df1 + df2 + 1)
    return Effect("omega squared", value, None, None, "from F")


def _noncentrality_f(f: float, df1: float, df2: float, probability: float) -> float | None:
    def gap(delta: float) -> float:
        value = special.ncfdtr(df1, df2, delta, f) if delta > 0 else special.fdtr(df1, df2, f)
        return float(value) - probability

    if gap(0.0) < 0:
        return 0.0
    centre = f * df1
    upper = centre + 10 * math.sqrt(2 * (df1 + 2 * centre) + 2 * centre**2 / df2) + 20.0
    return _root(gap, 0.0, upper)


def _root(gap: Callable[[float], float], low: float, high: float) -> float | None:
    if max(abs(low), abs(high)) > LARGEST_NONCENTRALITY:
        return None
    at_low, at_high = gap(low), gap(high)
    if not (math.isfinite(at_low) and math.isfinite(at_high)) or at_low * at_high > 0:
        return None
    try:
        root = float(optimize.brentq(gap, low, high, xtol=1e-13, rtol=1e-14))
    except ValueError:  # the noncentral series gave up in between
        return None
    return root if abs(gap(root)) < 1e-9 else None


def wilson_interval(successes: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Wilson's score interval of a share (Wilson 1927), in [0, 1]."""
    z = float(special.ndtri(0.5 + confidence / 2))
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def share_difference(successes: tuple[float, float], totals: tuple[float, float]) -> Effect:
    """Difference of two shares (second minus first) with Newcombe's hybrid score interval (Newcombe 1998,
    method 10).
    """
    first, second = successes[0] / totals[0], successes[1] / totals[1]
    low1, high1 = wilson_interval(successes[0], totals[0])
    low2, high2 = wilson_interval(successes[1], totals[1])
    difference = second - first
    below = math.hypot(second - low2, high1 - first)
    above = math.hypot(high2 - second, first - low1)
    return Effect("difference of shares", difference, difference - below, difference + above, "Newcombe 10")
