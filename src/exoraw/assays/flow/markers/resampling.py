"""Intervals that hold the doubt about the gate as well as about the cells, without drawing every cell again.

A bootstrap draws the control's cells again, finds the percentile again, draws the sample's cells again and
counts again. None of that needs the cells themselves:

* The k-th of n values drawn with replacement is the value whose rank is n times a Beta(k, n + 1 - k) variate
  (Efron 1979; David & Nagaraja 2003, Order Statistics, 2.1), so one variate replaces n draws.
* Two channels of one tube share their cells, so their percentiles move together: a Gaussian copula with the
  correlation of "above the gate in one" and "above the gate in the other" (Bahadur 1966).
* Given the gate, the number of resampled cells above it is binomial. Half a cell is added on either side
  (Jeffreys; Brown, Cai & DasGupta 2001), so that 0 of 5,000 is not known for certain to be 0 %.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, ndtr

from exoraw.assays.flow.arrays import FloatArray

CountArray = npt.NDArray[np.integer[Any]]
LOW, HIGH = 0.025, 0.975
FEWEST_RESAMPLINGS = 40  # with fewer the 2.5 % end of an interval is not reached
JEFFREYS = 0.5
COUNTED_TOGETHER = 1 << 18  # events: peak memory stays at a few MB


def check_resamplings(resamplings: int) -> None:
    """Raise ValueError unless there are none at all or enough for a 95 % interval."""
    if resamplings and resamplings < FEWEST_RESAMPLINGS:
        raise ValueError(
            f"a 95 % interval needs {FEWEST_RESAMPLINGS} resamplings or more (0: none); found {resamplings}"
        )


def rank_of(percentile: float, n: int) -> float:
    """Rank of a percentile among n values, (n + 1) p: on average exactly 1 - p of all cells lie above it.

    The usual rank, 1 + (n - 1) p, leaves 0.70 % above the 99.5th percentile of 500 cells, this one 0.50 %
    (Weibull 1939; type 6 of Hyndman & Fan 1996). It may exceed n in a small control.
    """
    return (n + 1) * percentile / 100


def value_at(ordered: FloatArray, percentile: float) -> float:
    """Percentile of ascending values by `rank_of`; the largest value where the rank is beyond it."""
    place = min(max(rank_of(percentile, len(ordered)), 1.0), float(len(ordered)))
    below = int(place) - 1
    above = min(below + 1, len(ordered) - 1)
    part = place - int(place)
    return float(ordered[below] + part * (ordered[above] - ordered[below]))


def correlated_normals(rng: np.random.Generator, correlation: FloatArray, resamplings: int) -> FloatArray:
    """Draw (k, resamplings) standard normal values with a (k, k) correlation."""
    weights, axes = np.linalg.eigh(correlation)
    root = axes * np.sqrt(np.maximum(weights, 0.0))
    return np.asarray(root @ rng.standard_normal((len(correlation), resamplings)))


def resampled_values(ordered: FloatArray, percentile: float, normals: FloatArray) -> FloatArray:
    """Return the percentile of resampled values.

    Parameters
    ----------
    ordered : (n,) ascending values
    percentile : 0 to 100
    normals : (resamplings,) standard normal draws; one per resampling

    Returns
    -------
    (resamplings,) values out of `ordered`
    """
    n = len(ordered)
    rank = min(max(rank_of(percentile, n), 1.0), float(n))
    share = betaincinv(rank, n + 1 - rank, ndtr(normals))
    return np.asarray(ordered[np.minimum((share * n).astype(np.intp), n - 1)])


def exceedance_correlation(tube: FloatArray, thresholds: FloatArray) -> FloatArray:
    """(k, k) correlation of lying above the thresholds of k channels; the identity where nothing does."""
    above = tube > thresholds
    varies = above.any(axis=0) & ~above.all(axis=0)
    correlation = np.eye(len(thresholds))
    if np.count_nonzero(varies) > 1:
        correlation[np.ix_(varies, varies)] = np.corrcoef(above[:, varies], rowvar=False)
    return correlation


def counts_above(ordered: FloatArray, thresholds: FloatArray) -> CountArray:
    """Count the ascending values above each threshold; a value on it lies below."""
    return np.asarray(len(ordered) - np.searchsorted(ordered, thresholds, side="right"))


def quadrant_counts(events: FloatArray, first: FloatArray, second: FloatArray) -> CountArray:
    """Count the quadrants at many threshold pairs in one pass over the cells.

    Every cell is ranked among the thresholds of either axis; a two-dimensional table of the ranks, summed
    up, then gives the counts of any pair.

    Parameters
    ----------
    events : (n, 2) linear
    first, second : (m,) thresholds of either column; an event on a threshold lies below it

    Returns
    -------
    (m, 4) counts in the order +-, ++, -+, --
    """
    sizes = len(first) + 1
    first_place, second_place = _places(first), _places(second)
    one, other = np.sort(first), np.sort(second)
    table = np.zeros((sizes, sizes), dtype=np.intp)
    for start in range(0, len(events), COUNTED_TOGETHER):
        block = events[start : start + COUNTED_TOGETHER]
        cell = np.searchsorted(one, block[:, 0]) * sizes + np.searchsorted(other, block[:, 1])
        table += np.bincount(cell, minlength=table.size).reshape(table.shape)
    below = table.cumsum(axis=0).cumsum(axis=1)
    neither = below[first_place, second_place]
    not_first, not_second = below[first_place, -1], below[-1, second_place]
    only_first, only_second = not_second - neither, not_first - neither
    both = len(events) - not_first - only_first
    return np.stack([only_first, both, only_second, neither], axis=1)


def _places(thresholds: FloatArray) -> CountArray:
    """Place of every threshold in ascending order."""
    place = np.empty(len(thresholds), dtype=np.intp)
    place[np.argsort(thresholds, kind="stable")] = np.arange(len(thresholds))
    return place


def resampled_percent(counts: CountArray, n: int, rng: np.random.Generator) -> FloatArray:
    """Percent of resampled cells, one draw for every count of n."""
    return np.asarray(100 * rng.beta(counts + JEFFREYS, n - counts + JEFFREYS))


def interval(draws: FloatArray) -> tuple[float, float]:
    """95 % percentile interval of resampled numbers."""
    low, high = np.quantile(draws, [LOW, HIGH], method="weibull")
    return float(low), float(high)


def ends(draws: FloatArray) -> tuple[float, float] | tuple[None, None]:
    """95 % percentile interval, or (None, None) where nothing was resampled."""
    return interval(draws) if len(draws) else (None, None)


def percent_interval(draws: FloatArray, count: int, n: int) -> tuple[float, float]:
    """95 % interval of a share; it reaches 0 where no cell was counted and 100 where all were."""
    low, high = interval(draws)
    return (0.0 if count == 0 else low), (100.0 if count == n else high)
