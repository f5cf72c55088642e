"""Time until death, relapse or a tumour's size: Kaplan-Meier with its interval, numbers at risk, and the log-
rank test.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from exoraw.statistics.outcome import (
    CONFIDENCE,
    LEAST_N,
    Check,
    Comparison,
    Effect,
    FloatArray,
    State,
    StatisticsError,
    undefined,
)

Interval = Literal["log", "log-log", "plain"]
HALF_TOLERANCE = 1.5e-8  # R's: a step this near to one half counts as one half


@dataclass(frozen=True)
class FollowUp:
    """Times and events of n units, checked; `dropped` counts those that miss one of them."""

    time: FloatArray
    event: NDArray[np.bool_]
    dropped: int
    zero_times: int


@dataclass(frozen=True)
class KaplanMeier:
    """A survival curve at the distinct times of one group.

    time, at_risk, events, censored, survival, ci_low, ci_high : (t,) at each distinct time
    median, median_low, median_high : None where the curve does not come down to one half
    """

    group: str
    n: int
    time: FloatArray
    at_risk: FloatArray
    events: FloatArray
    censored: FloatArray
    survival: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    median: float | None
    median_low: float | None
    median_high: float | None
    interval: str
    dropped: int

    def numbers_at_risk(self, at: ArrayLike) -> NDArray[np.int64]:
        """Return how many were still under observation just before each time (the table below the figure)."""
        wanted = np.asarray(at, dtype=np.float64)
        position = np.searchsorted(self.time, wanted, side="left")
        padded = np.append(self.at_risk, 0.0)
        return np.asarray(padded[position], dtype=np.int64)


def follow_up(time: ArrayLike, event: ArrayLike) -> FollowUp:
    """Check times and events.

    Parameters
    ----------
    time : (n,) >= 0, one unit for all
    event : (n,) 1 or True where the event was seen, 0 or False where the unit was censored

    Raises
    ------
    StatisticsError : negative or infinite times, events that are not 0 and 1, lengths that differ
    """
    times = np.asarray(time, dtype=np.float64).ravel()
    events = np.asarray(event, dtype=np.float64).ravel()
    if times.size != events.size:
        raise StatisticsError(f"{times.size} times but {events.size} events")
    known = ~(np.isnan(times) | np.isnan(events))
    times, seen = times[known], events[known]
    if np.any(times < 0) or np.any(np.isinf(times)):
        worst = times[(times < 0) | np.isinf(times)][:5].tolist()
        raise StatisticsError(f"times must be 0 or more and finite; found {worst}")
    codes = set(np.unique(seen).tolist())
    if not codes <= {0.0, 1.0}:
        found = ", ".join(f"{code:g}" for code in sorted(codes))
        raise StatisticsError(
            f"events must be 1 (seen) or 0 (censored); found {found}. Is this a 1/2 coding?"
        )
    return FollowUp(times, seen == 1.0, int((~known).sum()), int(np.count_nonzero(times == 0)))


def kaplan_meier(
    time: ArrayLike, event: ArrayLike, *, group: str = "", interval: Interval = "log"
) -> KaplanMeier:
    """Kaplan-Meier curve of one group with Greenwood's variance.

    Parameters
    ----------
    time, event : as `follow_up`
    interval : "log" (R's default), "log-log" (never below 0 or above 1) or "plain"
    """
    data = follow_up(time, event)
    if interval not in ("log", "log-log", "plain"):
        raise StatisticsError(f"interval {interval!r} is not one of log, log-log, plain")
    distinct, position = np.unique(data.time, return_inverse=True)
    events = np.bincount(position, weights=data.event, minlength=distinct.size).astype(np.float64)
    leaving = np.bincount(position, minlength=distinct.size).astype(np.float64)
    at_risk = data.time.size - np.concatenate([[0.0], np.cumsum(leaving)[:-1]]) if distinct.size else leaving
    survival = np.cumprod(1 - events / np.maximum(at_risk, 1))
    low, high = _greenwood(events, at_risk, survival, interval)
    median = _first_at_half(distinct, survival)
    return KaplanMeier(
        group, data.time.size, distinct, at_risk, events, leaving - events, survival, low, high, median,
        _first_at_half(distinct, low), _first_at_half(distinct, high), interval, data.dropped,
    )  # fmt: skip


def _greenwood(
    events: FloatArray, at_risk: FloatArray, survival: FloatArray, interval: Interval
) -> tuple[FloatArray, FloatArray]:
    z = float(special.ndtri(0.5 + CONFIDENCE / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events))))  # of ln survival
        if interval == "plain":
            low, high = survival - z * error * survival, survival + z * error * survival
        elif interval == "log":
            low, high = survival * np.exp(-z * error), survival * np.exp(z * error)
        else:
            log = np.log(survival)
            spread = z * error / np.abs(log)
            low, high = np.exp(log * np.exp(spread)), np.exp(log * np.exp(-spread))
    untouched = survival == 1  # ln(-ln 1) does not exist: no log-log interval before the first event, as in R
    start = np.nan if interval == "log-log" else 1.0
    low, high = np.where(untouched, start, low), np.where(untouched, start, high)
    gone = survival == 0
    low, high = np.where(gone, np.nan, low), np.where(gone, np.nan, high)
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def _first_at_half(time: FloatArray, curve: FloatArray) -> float | None:
    below = np.flatnonzero(curve < 0.5 + HALF_TOLERANCE)
    if below.size == 0:
        return None
    first = int(below[0])
    if abs(curve[first] - 0.5) > HALF_TOLERANCE:
        return float(time[first])
    later = np.flatnonzero(curve < 0.5 - HALF_TOLERANCE)
    if later.size == 0:
        return float(time[first])
    return float((time[first] + time[later[0]]) / 2)


def log_rank(
    groups: Mapping[str, tuple[ArrayLike, ArrayLike]], *, unit: str = "", least_n: int = LEAST_N
) -> Comparison:
    """Log-rank test (Mantel-Haenszel) of two or more survival curves.

    Parameters
    ----------
    groups : name -> (times, events), one pair per unit of replication (patient, animal)

    Returns
    -------
    comparison; chi-square with groups - 1 df. For two groups the effect is Peto's hazard ratio, first
    over second group. Hazard ratios with covariates: `cox`
    """
    if len(groups) < 2:
        raise StatisticsError("the log-rank test compares two or more groups")
    data = {name: follow_up(*pair) for name, pair in groups.items()}
    n = tuple((name, part.time.size) for name, part in data.items())
    choices = (
        ("zero_times", str(sum(part.zero_times for part in data.values()))),
        ("dropped", str(sum(part.dropped for part in data.values()))),
    )
    known = {"unit": unit, "choices": choices}
    small = [f"{name} has {count}" for name, count in n if count < max(least_n, 2)]
    if small:
        message = f"fewer than {max(least_n, 2)} units: {', '.join(small)}; shown as curves, not tested"
        return undefined("log-rank", State.TOO_FEW, message, n, **known)
    observed, expected, variance = observed_and_expected(list(data.values()))
    if observed.sum() == 0:
        message = "no event was seen in any group, so there is nothing to compare"
        return undefined("log-rank", State.NOT_ESTIMABLE, message, n, **known)
    gap, inner = (observed - expected)[1:], variance[1:, 1:]
    if np.linalg.matrix_rank(inner) < inner.shape[0]:
        message = "no event fell where two groups were at risk together"
        return undefined("log-rank", State.NOT_ESTIMABLE, message, n, **known)
    statistic = float(gap @ np.linalg.solve(inner, gap))
    df = len(groups) - 1
    effects = (_peto(observed[0] - expected[0], variance[0, 0]),) if df == 1 else ()
    few = [name for name, seen in zip(data, observed, strict=True) if seen == 0]
    names = list(data)
    return Comparison(
        test="log-rank", n=n, group=names[0] if df == 1 else "", unit=unit,
        reference=names[1] if df == 1 else "", statistic_name="chi2", statistic=statistic,
        df=(float(df),), p=float(special.chdtrc(df, statistic)),
        effects=effects, choices=choices,
        checks=(Check("events in every group", not few, detail=f"none in {', '.join(few)}" if few else ""),),
    )  # fmt: skip


def _peto(gap: float, variance: float) -> Effect:
    log_ratio, half = gap / variance, float(special.ndtri(0.5 + CONFIDENCE / 2)) / math.sqrt(variance)
    ends = math.exp(log_ratio - half), math.exp(log_ratio + half)
    return Effect("hazard ratio (Peto)", math.exp(log_ratio), *ends, "exp((O - E)/V)")


def observed_and_expected(parts: Sequence[FollowUp]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return events seen and expected per group, (g,), and the hypergeometric covariance (g, g)."""
    time = np.concatenate([part.time for part in parts])
    event = np.concatenate([part.event for part in parts])
    moments = np.unique(time[event])
    at_risk = np.array([_count_from(part.time, moments) for part in parts])
    deaths = np.array([_count_at(part.time[part.event], moments) for part in parts])
    all_at_risk, all_deaths = at_risk.sum(axis=0), deaths.sum(axis=0)
    share = at_risk / all_at_risk
    expected = share * all_deaths
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(all_at_risk > 1, all_deaths * (all_at_risk - all_deaths) / (all_at_risk - 1), 0.0)
    covariance = np.diag((share * factor).sum(axis=1)) - (share * factor) @ share.T
    return deaths.sum(axis=1), expected.sum(axis=1), covariance


def _count_from(time: FloatArray, moments: FloatArray) -> FloatArray:
    ordered = np.sort(time)
    return np.asarray(ordered.size - np.searchsorted(ordered, moments, side="left"), dtype=np.float64)


def _count_at(time: FloatArray, moments: FloatArray) -> FloatArray:
    ordered = np.sort(time)
    found = np.searchsorted(ordered, moments, "right") - np.searchsorted(ordered, moments, "left")
    return np.asarray(found, dtype=np.float64)


def by_group(
    time: ArrayLike, event: ArrayLike, group: Sequence[Hashable] | NDArray[np.object_]
) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Split times and events by a group label, in the order the labels are met."""
    times, events = np.asarray(time, dtype=np.float64), np.asarray(event, dtype=np.float64)
    labels = np.asarray(group, dtype=object)
    if not times.size == events.size == labels.size:
        raise StatisticsError("times, events and groups must have the same length")
    return {str(label): (times[labels == label], events[labels == label]) for label in dict.fromkeys(labels)}
