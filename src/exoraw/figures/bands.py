"""The confidence band of a fitted dose-response curve: how far the curve itself could lie at every dose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from exoraw.statistics.curves.fit import CurveFits
from exoraw.statistics.curves.model import (
    END,
    HALF,
    LOG_MIDDLE,
    LOG_SLOPE,
    ZERO,
    Wells,
    predicted,
    share_left,
)
from exoraw.statistics.curves.profile import parameter_covariance
from exoraw.statistics.outcome import CONFIDENCE

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Band:
    """A fitted curve at (g,) doses with the ends of its 95 % band; NaN where the fit has no covariance."""

    curve: FloatArray
    low: FloatArray
    high: FloatArray


def curve_band(
    dose: ArrayLike,
    response: ArrayLike,
    fits: CurveFits,
    at: ArrayLike,
    *,
    zero_fixed: bool = False,
    end_fixed: bool = False,
) -> Band:
    """Return a fitted 4PL curve and its pointwise 95 % confidence band.

    The band is the delta method's: curve ± t(df) sqrt(g' C g) with C the covariance of the parameters and g
    the gradient of the curve (Seber & Wild 1989, 5.1); Prism and R drc draw the same.

    Parameters
    ----------
    dose, response : (m,) what the one curve of `fits` was fitted to
    at : (g,) doses, 0 included where wanted
    zero_fixed, end_fixed : plateaus that were given and not fitted
    """
    theta = parameters(fits)
    free = np.array([not end_fixed, not zero_fixed, True, True], dtype=np.float64)
    wells = _wells(np.asarray(dose, dtype=np.float64).ravel(), np.asarray(response, dtype=np.float64).ravel())
    grid = _wells(np.asarray(at, dtype=np.float64).ravel(), None)
    curve = predicted(grid, theta)[0]
    degrees = float(fits.df[0])
    if degrees < 1 or not np.isfinite(theta).all():
        missing = np.full(curve.size, np.nan)
        return Band(curve, missing, missing)
    covariance = parameter_covariance(wells, theta, fits.squares[:1] / degrees, free, HALF)[0]
    slopes = gradient(grid, theta)
    if np.isnan(covariance[LOG_MIDDLE, LOG_MIDDLE]):
        half = np.full(curve.size, np.nan)
    else:
        known = np.nan_to_num(covariance) * free * free[:, None]
        spread = np.sqrt(np.maximum(np.einsum("gi,ij,gj->g", slopes, known, slopes), 0.0))
        half = float(special.stdtrit(degrees, 0.5 + CONFIDENCE / 2)) * spread
    return Band(curve, curve - half, curve + half)


def parameters(fits: CurveFits) -> FloatArray:
    """Return the parameters of the first curve as the model takes them, (1, 4)."""
    theta = np.empty((1, 4))
    theta[0, END], theta[0, ZERO] = fits.end_level[0], fits.zero_level[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        theta[0, LOG_SLOPE] = np.log(np.abs(fits.slope[0]))
        theta[0, LOG_MIDDLE] = np.log(fits.relative.raw[0])
    return theta


def gradient(grid: Wells, theta: FloatArray) -> FloatArray:
    """Return d response / d parameter, (g, 4), at every dose of the grid."""
    slope, middle = np.exp(theta[:, LOG_SLOPE])[:, None], theta[:, LOG_MIDDLE]
    share = share_left(grid, theta[:, LOG_SLOPE], middle)
    steep = (theta[:, ZERO, None] - theta[:, END, None]) * share * (1 - share) * slope
    columns: list[FloatArray] = [np.empty(0)] * 4
    columns[END], columns[ZERO] = 1 - share, share
    columns[LOG_SLOPE], columns[LOG_MIDDLE] = steep * (middle[:, None] - grid.log_dose), steep
    return np.stack([column[0] for column in columns], axis=1)


def _wells(dose: FloatArray, response: FloatArray | None) -> Wells:
    values = np.zeros(dose.size) if response is None else response
    there = np.isfinite(dose) & np.isfinite(values)
    positive = there & (dose > 0)
    log_dose = np.where(positive, np.log(np.where(positive, dose, 1.0)), 0.0)
    ends = log_dose[positive] if positive.any() else np.zeros(1)
    return Wells(
        log_dose[None], (there & ~positive)[None], np.where(there, values, 0.0)[None],
        there.astype(np.float64)[None], np.array([ends.min()]), np.array([ends.max()]),
    )  # fmt: skip
