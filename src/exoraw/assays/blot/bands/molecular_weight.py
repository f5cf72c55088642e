"""From a band's height in the gel to its molecular weight, by the bands of a ladder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from exoraw.assays.blot.lanes.arrays import FloatArray

LEAST_FOR_CURVE = 4  # ladder bands: a straight line through fewer


class LadderError(ValueError):
    """A ladder from which no molecular weight can be read, with the reason."""


@dataclass(frozen=True)
class MwCalibration:
    """The ladder of a gel.

    Parameters
    ----------
    positions : (bands,) heights in the image, pixels, ascending
    masses : (bands,) molecular weights (kDa) or lengths (bp), descending
    """

    positions: FloatArray
    masses: FloatArray

    def mass_at(self, y: float) -> float:
        """Return the molecular weight at a height.

        Between the ladder's bands: a monotone curve (PCHIP) through log10 mass, or a straight line where the
        ladder has fewer than four bands. Beyond them: straight on with the slope of the two bands next to
        the end; `extrapolates` says so.
        """
        logs = np.log10(self.masses)
        if len(logs) < LEAST_FOR_CURVE and len(logs) > 2:
            slope, start = np.polyfit(self.positions, logs, 1)
            return float(10 ** (start + slope * y))
        if self.extrapolates(y) or len(logs) == 2:
            a, b = (0, 1) if y < self.positions[0] else (-2, -1)
            slope = (logs[b] - logs[a]) / (self.positions[b] - self.positions[a])
            return float(10 ** (logs[a] + slope * (y - self.positions[a])))
        return float(10 ** PchipInterpolator(self.positions, logs)(y))

    def extrapolates(self, y: float) -> bool:
        """Whether a height lies beyond the ladder's first or last band."""
        return bool(y < self.positions[0] or y > self.positions[-1])


def calibrate_mw(positions: Sequence[float], masses: Sequence[float]) -> MwCalibration:
    """Return the calibration of a gel from the bands of its ladder.

    Log-linear migration: Ferguson 1964; a monotone curve instead of one line because SDS gels bend at both
    ends.

    Parameters
    ----------
    positions : heights of the ladder's bands in the image, pixels, in any order
    masses : their molecular weights or lengths, in the same order, above 0

    Raises
    ------
    LadderError
        fewer than two bands, a different number of masses, a mass of 0 or less, two bands at one height, or
        masses that do not fall from one end of the gel to the other
    """
    heights, weights = np.asarray(positions, float), np.asarray(masses, float)
    if heights.shape != weights.shape or heights.ndim != 1:
        raise LadderError(
            f"the ladder has {heights.size} positions and {weights.size} masses; each band needs one mass"
        )
    if heights.size < 2:
        raise LadderError(f"the ladder has {heights.size} band(s); at least two are needed")
    if not (np.isfinite(heights).all() and np.isfinite(weights).all() and (weights > 0).all()):
        raise LadderError("a position or mass of the ladder is not a number, or a mass is 0 or less")
    order = np.argsort(heights)
    heights, weights = heights[order], weights[order]
    if (np.diff(heights) <= 0).any():
        raise LadderError("two bands of the ladder lie at the same height; name each band once")
    steps = np.diff(weights)
    if not ((steps < 0).all() or (steps > 0).all()):
        wrong = ", ".join(f"{mass:g} at {y:.0f}" for y, mass in zip(heights, weights, strict=True))
        raise LadderError(
            f"the masses of the ladder must fall (or rise) along the gel, found {wrong}; check the order"
        )
    return MwCalibration(heights, weights)
