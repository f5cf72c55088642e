"""The 95 % interval of a band's volume: noise, disagreement of the methods, and what lies around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NORMAL_95 = 1.96
# Weights found on simulated blots by quantile regression: half of the interval is the 95 % quantile of the
# error, both as logarithms (frozen simulator, seeds 7000 to 7015, with and without points; the project's own,
# 2600 to 2604). BLANK_WEIGHT was set, not found. The coverage that is reported is that of other seeds.
PIXEL_WEIGHT = 1.25  # of the noise of the band's own pixels
SPREAD_WEIGHT = 0.45  # of the standard deviation between the consensus' members
BEND_WEIGHT = 0.25  # of what a bent background takes from the band, or adds to it
SLOPE_WEIGHT = 0.002  # of how much the background rises and falls across the strip, over the band's area
BACKGROUND_WEIGHT = 0.0001  # of the background below the band: it is interpolated, not seen
BORDER_WEIGHT = 0.75  # columns: how far a border lies off, where there is light on it
SPECKLE_WEIGHT = 0.3  # of the light of replaced pixels, in squares
BLANK_WEIGHT = 0.15  # of the scatter of empty places: real membranes are lumpier than simulated ones
NEIGHBOUR_WEIGHT = 0.003  # of the neighbours' light inside the band's window: it was told apart by a fit
GEOMETRY = 0.0002  # of the volume: line and straightening of a band are never exact


@dataclass(frozen=True)
class Surroundings:
    """What makes a band's volume uncertain, all in signal times pixels.

    Parameters
    ----------
    members : the volumes with each member of the consensus
    pixels : noise of the sum of the band's pixels
    blank : scatter of empty places of the same size
    bend : light that the bend of the lane's own background takes from the band, or adds to it
    slope : difference of the lane's highest and lowest background in the strip, over the band's area
    background : light below the band that is not its own
    borders : light on the columns where the lane ends
    speckles : root of the summed squares of the light of replaced pixels
    neighbours : light of neighbouring bands inside the band's window, taken away by a fit
    """

    members: tuple[float, ...]
    pixels: float
    blank: float
    bend: float
    slope: float
    background: float
    borders: tuple[float, ...]
    speckles: float
    neighbours: float


def standard_uncertainty(adjusted: float, around: Surroundings) -> float:
    """Return the standard uncertainty of a band's volume: the root of the squares of its parts.

    Where another method than the consensus was chosen, its distance from the consensus is a part too.
    """
    spread = float(np.std(around.members, ddof=1)) if len(around.members) > 1 else 0.0
    parts = (
        PIXEL_WEIGHT * around.pixels,
        BLANK_WEIGHT * around.blank,
        SPREAD_WEIGHT * spread,
        adjusted - float(np.median(around.members)),
        BEND_WEIGHT * around.bend,
        SLOPE_WEIGHT * around.slope,
        BACKGROUND_WEIGHT * around.background,
        *(BORDER_WEIGHT * border for border in around.borders),
        SPECKLE_WEIGHT * around.speckles,
        NEIGHBOUR_WEIGHT * around.neighbours,
        GEOMETRY * abs(adjusted),
    )
    return float(np.sqrt(sum(part**2 for part in parts)))


def interval(adjusted: float, around: Surroundings) -> tuple[float, float]:
    """Return the 95 % interval of a band's volume."""
    half = NORMAL_95 * standard_uncertainty(adjusted, around)
    return adjusted - half, adjusted + half
