"""Starting values of a curve fit: a grid over slope and middle, the plateaus solved exactly at every grid
point.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exoraw.statistics.curves.model import END, LOG_MIDDLE, LOG_SLOPE, ZERO, Wells, share_left
from exoraw.statistics.outcome import FloatArray

GRID_SLOPES = np.log([0.25, 0.5, 0.8, 1.2, 2.0, 3.5, 7.0, 20.0])
GRID_MIDDLES = 28  # between a tenth of the smallest and ten times the largest dose
GRID_REACH = np.log(10.0)


def grid_start(wells: Wells, fixed: FloatArray) -> FloatArray:
    """Return the best grid point of every curve.

    Parameters
    ----------
    fixed : (4,) the value of a plateau that is not fitted, NaN where it is

    Returns
    -------
    parameters : (k, 4)
    """
    theta = np.zeros((wells.response.shape[0], 4))
    pattern = np.where(wells.at_zero, -np.inf, wells.log_dose)
    designs, member = np.unique(pattern, axis=0, return_inverse=True)
    member = member.ravel()
    order = np.argsort(member, kind="stable")
    edges = np.searchsorted(member[order], np.arange(designs.shape[0] + 1))
    for design in range(designs.shape[0]):
        curves = order[edges[design] : edges[design + 1]]
        theta[curves] = _best_of_grid(wells.of(curves), fixed)
    return theta


def _best_of_grid(wells: Wells, fixed: FloatArray) -> FloatArray:
    middles = np.linspace(wells.low.min() - GRID_REACH, wells.high.max() + GRID_REACH, GRID_MIDDLES)
    slope, middle = (axis.ravel() for axis in np.meshgrid(GRID_SLOPES, middles, indexing="ij"))
    first = np.zeros(slope.size, dtype=np.intp)  # every curve here has the doses of the first
    share = share_left(wells.of(first), slope, middle).T
    end, zero, squares = _plateaus(wells, share, fixed)
    best = np.argmin(squares, axis=1)
    row = np.arange(best.size)
    theta = np.empty((best.size, 4))
    theta[:, END], theta[:, ZERO] = end[row, best], zero[row, best]
    theta[:, LOG_SLOPE], theta[:, LOG_MIDDLE] = slope[best], middle[best]
    return theta


def _plateaus(
    wells: Wells, share: NDArray[np.float64], fixed: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Least-squares plateaus for given shares (m, g); each result is (k, g)."""
    weighted = wells.weight * wells.response
    same = bool(np.all(wells.weight == wells.weight[0]))
    weight = wells.weight[:1] if same else wells.weight
    ee, ez, zz = weight @ (1 - share) ** 2, weight @ ((1 - share) * share), weight @ share**2
    ey, zy = weighted @ (1 - share), weighted @ share
    if np.isnan(fixed[END]) and np.isnan(fixed[ZERO]):
        determinant = ee * zz - ez**2
        sound = determinant > 1e-12 * ee * zz + 1e-300
        inverse = 1 / np.where(sound, determinant, 1.0)
        end, zero = ey * (zz * inverse) - zy * (ez * inverse), zy * (ee * inverse) - ey * (ez * inverse)
        return end, zero, np.where(sound, -(end * ey + zero * zy), np.inf)  # up to the sum of squares of y
    end = np.full_like(ey, fixed[END]) if not np.isnan(fixed[END]) else np.zeros_like(ey)
    zero = np.full_like(ey, fixed[ZERO]) if not np.isnan(fixed[ZERO]) else np.zeros_like(ey)
    sound = np.ones(ey.shape, dtype=bool)
    if np.isnan(fixed[END]):
        sound = ee > 1e-12
        end = (ey - zero * ez) / np.where(sound, ee, 1.0)
    if np.isnan(fixed[ZERO]):
        sound = zz > 1e-12
        zero = (zy - end * ez) / np.where(sound, zz, 1.0)
    total = np.sum(weighted * wells.response, axis=1)[:, None]
    squares = total - 2 * (end * ey + zero * zy) + end**2 * ee + 2 * end * zero * ez + zero**2 * zz
    return end, zero, np.where(sound, squares, np.inf)
