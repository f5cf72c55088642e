"""Profile-likelihood intervals of an IC50: how far the dose can move before the best curve through it fits
too badly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from exoraw.statistics.curves.levenberg import Patience, minimise
from exoraw.statistics.curves.model import LOG_MIDDLE, LOG_MIDDLE_REACH, Level, Wells, linearised
from exoraw.statistics.outcome import CONFIDENCE, FloatArray

HELD = (True, True, True, False)
SEARCH_STEPS = 30
INTERVAL_TOLERANCE = 1e-7  # of ln dose, and of the root of the relative excess
INNER = Patience(step=1e-5, gain=1e-9, damping=1.0, iterations=25)  # SS enters the interval by its root only


def profile_interval(
    wells: Wells, theta: FloatArray, squares: FloatArray, df: FloatArray, free: FloatArray, level: Level
) -> tuple[FloatArray, FloatArray]:
    """Return both ends of the interval of ln dose at `level`, per curve.

    The end is where SS = SSmin (1 + F(1, df) / df), the other parameters refitted at every trial dose. An
    end that lies more than four decades beyond the doses, or does not exist, is -inf or +inf.

    Parameters
    ----------
    theta : (k, 4) at the minimum, the fourth column being ln dose at `level`
    squares, df : (k,) residual sum of squares and its degrees of freedom
    free : (4,) 1 where a parameter is fitted, 0 where a plateau is fixed
    """
    limit = squares * (1 + special.fdtri(1.0, df, CONFIDENCE) / df)
    error = _standard_error(wells, theta, squares / df, free, level)
    ends = [_end(wells, theta, squares, limit, error, free, level, side) for side in (-1.0, 1.0)]
    return ends[0], ends[1]


def _standard_error(
    wells: Wells, theta: FloatArray, variance: FloatArray, free: FloatArray, level: Level
) -> FloatArray:
    covariance = parameter_covariance(wells, theta, variance, free, level)
    with np.errstate(invalid="ignore"):
        error = np.sqrt(covariance[:, LOG_MIDDLE, LOG_MIDDLE])
    usable = np.isfinite(error) & (error > 1e-12)
    return np.clip(np.where(usable, error, 0.1), 1e-10, 3.0)


def parameter_covariance(
    wells: Wells, theta: FloatArray, variance: FloatArray, free: FloatArray, level: Level
) -> FloatArray:
    """Return s^2 (J'WJ)^-1 of the free parameters, (k, 4, 4); NaN where it is singular."""
    matrix, _ = linearised(wells, theta, level)
    keep = np.flatnonzero(free)
    inner = matrix[np.ix_(np.arange(matrix.shape[0]), keep, keep)]
    index = np.arange(keep.size)
    root = np.sqrt(inner[:, index, index])
    sound = np.asarray(np.isfinite(inner).all(axis=(1, 2)) & (root > 0).all(axis=1))
    safe = np.where(root > 0, root, 1.0)
    scaled = np.where(sound[:, None, None], inner / (safe[:, :, None] * safe[:, None, :]), np.eye(keep.size))
    with np.errstate(all="ignore"):
        sound = sound & (np.linalg.cond(scaled) < 1e14)
    scaled[~sound] = np.eye(keep.size)
    inverse = np.linalg.inv(scaled) / (safe[:, :, None] * safe[:, None, :])
    out = np.full(matrix.shape, np.nan)
    out[np.ix_(np.flatnonzero(sound), keep, keep)] = inverse[sound] * variance[sound, None, None]
    return out


def _end(
    wells: Wells, theta: FloatArray, least: FloatArray, limit: FloatArray, error: FloatArray,
    free: FloatArray, level: Level, side: float,
) -> FloatArray:  # fmt: skip
    centre = theta[:, LOG_MIDDLE]
    reach = np.where(side > 0, wells.high - centre, centre - wells.low) + LOG_MIDDLE_REACH
    search = _Search(np.minimum(error * 2.0, reach), reach)
    warm = theta.copy()
    moving = (bool(free[0]), bool(free[1]), True, False)
    active = np.flatnonzero(limit > least)
    for _ in range(SEARCH_STEPS):
        if active.size == 0:
            break
        trial = warm[active]
        trial[:, LOG_MIDDLE] = centre[active] + side * search.offset[active]
        fitted = minimise(wells.of(active), trial, moving, level, INNER)
        excess = (fitted.squares - least[active]) / (limit[active] - least[active])
        below = active[excess < 1.0]
        warm[below] = fitted.theta[excess < 1.0]
        active = active[~search.tell(active, np.sqrt(np.clip(excess, 0.0, 1e12)))]
    offset = np.where(search.unbounded, np.inf, search.offset)
    offset[limit <= least] = 0.0  # a perfect fit leaves no room
    return np.asarray(centre + side * offset)


class _Search:
    """Where the root of the relative excess passes 1: secant steps kept inside a bracket, for many curves at
    once.
    """

    def __init__(self, first: FloatArray, reach: FloatArray) -> None:
        self.offset, self.reach = first, reach
        self.inside, self.inside_root = np.zeros(first.size), np.zeros(first.size)
        self.outside, self.outside_root = np.full(first.size, np.inf), np.full(first.size, np.inf)
        self.unbounded = np.zeros(first.size, dtype=bool)
        self.last_side = np.zeros(first.size, dtype=np.int64)

    def tell(self, who: NDArray[np.intp], root: FloatArray) -> NDArray[np.bool_]:
        """Take what was found at the current offsets; set the next ones; return who is finished."""
        offset = self.offset[who]
        below = root < 1.0
        self._bracket(who, offset, root, below)
        at_end = below & (offset >= self.reach[who] * (1 - 1e-12))
        self.unbounded[who] = at_end
        width = self.outside[who] - self.inside[who]
        done = at_end | (np.abs(root - 1) < INTERVAL_TOLERANCE) | (width <= INTERVAL_TOLERANCE)
        going = who[~done]
        self.offset[going] = self._next(going)
        return done

    def _bracket(
        self, who: NDArray[np.intp], offset: FloatArray, root: FloatArray, below: NDArray[np.bool_]
    ) -> None:
        low, high = who[below], who[~below]
        self.inside[low], self.inside_root[low] = offset[below], root[below]
        self.outside[high], self.outside_root[high] = offset[~below], root[~below]
        again_low, again_high = low[self.last_side[low] == -1], high[self.last_side[high] == 1]
        self.outside_root[again_low] = (
            1 + (self.outside_root[again_low] - 1) / 2
        )  # Illinois: no end may stall
        self.inside_root[again_high] = 1 - (1 - self.inside_root[again_high]) / 2
        self.last_side[low], self.last_side[high] = -1, 1

    def _next(self, who: NDArray[np.intp]) -> FloatArray:
        inside, outside, root = self.inside[who], self.outside[who], self.inside_root[who]
        open_end = np.isinf(outside)
        with np.errstate(divide="ignore", invalid="ignore"):
            outward = inside * np.clip(1.02 / np.maximum(root, 1e-9), 1.4, 6.0)
            share = (1 - root) / (self.outside_root[who] - root)
            between = inside + np.where(np.isfinite(share), np.clip(share, 0.001, 0.999), 0.5) * (
                outside - inside
            )
        return np.minimum(np.where(open_end, outward, between), self.reach[who])
