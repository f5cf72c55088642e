"""The 95 % interval of a band's volume, from what the methods disagree on and from what noise does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NORMAL_95 = 1.96
SPREAD_WEIGHT = 0.75  # of the standard deviation of the consensus' members
BLANK_WEIGHT = 0.6  # of the scatter of empty places
GEOMETRY = 0.004  # of the volume: borders and line of a band are never exact


@dataclass(frozen=True)
class Uncertainty:
    """Standard deviations that a band's adjusted volume is made of, signal times pixels."""

    pixels: float
    blank: float
    methods: float
    geometry: float

    @property
    def total(self) -> float:
        """Root of the sum of squares."""
        return float(np.sqrt(self.pixels**2 + self.blank**2 + self.methods**2 + self.geometry**2))


def uncertainty(adjusted: float, members: list[float], pixels: float, blank: float) -> Uncertainty:
    """Return the parts of a band's uncertainty.

    Parameters
    ----------
    adjusted : the band's volume
    members : its volumes with each member of the consensus
    pixels : noise of the sum of its pixels
    blank : scatter of empty places of the same size
    """
    spread = float(np.std(members, ddof=1)) if len(members) > 1 else 0.0
    return Uncertainty(pixels, BLANK_WEIGHT * blank, SPREAD_WEIGHT * spread, GEOMETRY * abs(adjusted))


def interval(adjusted: float, parts: Uncertainty) -> tuple[float, float]:
    """Return the 95 % interval of a volume."""
    half = NORMAL_95 * parts.total
    return adjusted - half, adjusted + half
