"""The four-parameter logistic in ln dose, for many curves at once, with its derivatives.

response = end + (zero - end) * share,   share = 1 / (1 + exp(b (ln dose - ln IC50))),   b > 0

`zero` is the response without drug, `end` the response at a saturating dose; which of them is larger says
whether the curve falls or rises, so b needs no sign. A dose of exactly 0 has share 1: no small number
stands in for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from exoraw.statistics.outcome import FloatArray

END, ZERO, LOG_SLOPE, LOG_MIDDLE = range(4)  # columns of a parameter array
LOG_SLOPE_LIMITS = (-5.0, 6.9)  # b between 0.007 and 1,000; a step between two doses has no finite b
LOG_MIDDLE_REACH = np.log(1e4)  # how far beyond the tested doses the middle may run


@dataclass(frozen=True)
class Wells:
    """Doses and responses of k curves, m points each (padded; weight 0 where there is no point).

    `log_dose` holds 0 where the dose is zero or the point is missing; `at_zero` marks the former. `low`
    and `high` are ln of the smallest and largest dose above zero of every curve.
    """

    log_dose: FloatArray
    at_zero: NDArray[np.bool_]
    response: FloatArray
    weight: FloatArray
    low: FloatArray
    high: FloatArray

    def of(self, curves: NDArray[np.intp]) -> Wells:
        """Return some of the curves."""
        return Wells(
            self.log_dose[curves], self.at_zero[curves], self.response[curves], self.weight[curves],
            self.low[curves], self.high[curves],
        )  # fmt: skip


@dataclass(frozen=True)
class Level:
    """What the fourth parameter stands for.

    `half` (both None): the middle between the plateaus, the relative IC50. `fraction`: the dose at which
    the response is that fraction of the own zero-dose response; `value`: the dose at which it has this
    value. The last two are absolute.
    """

    fraction: float | None = None
    value: float | None = None

    @property
    def relative(self) -> bool:
        """Whether this is the relative IC50."""
        return self.fraction is None and self.value is None


HALF = Level()


def share_left(wells: Wells, log_slope: FloatArray, log_middle: FloatArray) -> FloatArray:
    """Return the share of the zero-dose response that is left at every dose, (k, m)."""
    slope = np.exp(log_slope)[:, None]
    share = special.expit(slope * (log_middle[:, None] - wells.log_dose))
    share[wells.at_zero] = 1.0
    return np.asarray(share)


def log_odds_at(level: Level, end: FloatArray, zero: FloatArray) -> FloatArray:
    """Return ln((zero - L) / (L - end)) at the level L; NaN where the curve never takes that value."""
    target = zero * level.fraction if level.fraction is not None else np.full_like(zero, level.value or 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (zero - target) / (target - end)
        return np.where(ratio > 0, np.log(np.where(ratio > 0, ratio, 1.0)), np.nan)


def log_middle_of(level: Level, theta: FloatArray) -> FloatArray:
    """Return ln relative IC50 of parameters whose fourth column is the ln dose of `level`."""
    if level.relative:
        return theta[:, LOG_MIDDLE]
    odds = log_odds_at(level, theta[:, END], theta[:, ZERO])
    return np.asarray(theta[:, LOG_MIDDLE] - odds / np.exp(theta[:, LOG_SLOPE]))


def predicted(wells: Wells, theta: FloatArray, level: Level = HALF) -> FloatArray:
    """Return the fitted response at every dose, (k, m)."""
    share = share_left(wells, theta[:, LOG_SLOPE], log_middle_of(level, theta))
    end, zero = theta[:, END, None], theta[:, ZERO, None]
    return end + (zero - end) * share


def squares(wells: Wells, theta: FloatArray, level: Level = HALF) -> FloatArray:
    """Return the weighted residual sum of squares, (k,); infinite where the parameters describe no curve."""
    with np.errstate(over="ignore", invalid="ignore"):
        gap = wells.response - predicted(wells, theta, level)
        total = np.einsum("km,km,km->k", wells.weight, gap, gap)
    return np.where(np.isfinite(total), total, np.inf)


def linearised(wells: Wells, theta: FloatArray, level: Level = HALF) -> tuple[FloatArray, FloatArray]:
    """Return J'WJ (k, 4, 4) and J'W residual (k, 4) at the parameters."""
    slope = np.exp(theta[:, LOG_SLOPE])[:, None]
    middle = log_middle_of(level, theta)
    share = share_left(wells, theta[:, LOG_SLOPE], middle)
    end, zero = theta[:, END, None], theta[:, ZERO, None]
    left = 1 - share
    steep = (zero - end) * share * left * slope  # d response / d ln middle
    jacobian = [
        left,
        share,
        steep * (middle[:, None] - wells.log_dose),
        steep,
    ]  # as END, ZERO, LOG_SLOPE, ...
    if not level.relative:
        _chain(jacobian, theta, level)
    gap = wells.response - (end + (zero - end) * share)
    matrix = np.empty((gap.shape[0], 4, 4))
    gradient = np.empty((gap.shape[0], 4))
    for i, column in enumerate(jacobian):
        weighted = column * wells.weight
        gradient[:, i] = np.einsum("km,km->k", weighted, gap)
        for j in range(i, 4):
            matrix[:, i, j] = matrix[:, j, i] = np.einsum("km,km->k", weighted, jacobian[j])
    return matrix, gradient


def _chain(jacobian: list[FloatArray], theta: FloatArray, level: Level) -> None:
    end, zero, slope = theta[:, END], theta[:, ZERO], np.exp(theta[:, LOG_SLOPE])
    steep = jacobian[LOG_MIDDLE]
    target = zero * level.fraction if level.fraction is not None else np.full_like(zero, level.value or 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_end = 1 / (target - end)
        if level.fraction is not None:
            by_zero = 1 / zero - level.fraction / (target - end)
        else:
            by_zero = 1 / (zero - target)
        odds = log_odds_at(level, end, zero)
        jacobian[END] = jacobian[END] - steep * (by_end / slope)[:, None]
        jacobian[ZERO] = jacobian[ZERO] - steep * (by_zero / slope)[:, None]
        jacobian[LOG_SLOPE] = jacobian[LOG_SLOPE] + steep * (odds / slope)[:, None]
