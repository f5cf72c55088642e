"""The 95 % interval of a band's volume: noise, disagreement of the methods, and what lies around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NORMAL_95 = 1.96
# Weights found on simulated blots (seeds 2000 to 2013 of every scene), coverage reported on other seeds.
BLANK_WEIGHT = 0.8  # of the scatter of empty places
SPREAD_WEIGHT = 0.6  # of the standard deviation between the consensus' members
NEIGHBOUR_WEIGHT = 0.1  # of the neighbours' light inside the band's window: it was told apart by a fit
STEP_WEIGHT = 0.25  # of the triangle between the background's heights above and below the band
BACKGROUND_WEIGHT = 0.0025  # of the background below the band: it is interpolated, not seen
GEOMETRY = 0.0012  # of the volume: borders and line of a band are never exact


@dataclass(frozen=True)
class Surroundings:
    """What makes a band's volume uncertain, all in signal times pixels.

    Parameters
    ----------
    members : the volumes with each member of the consensus
    pixels : noise of the sum of the band's pixels
    blank : scatter of empty places of the same size
    background : light below the band that is not its own
    neighbours : light of neighbouring bands inside the band's window, taken away by a fit
    step : half of the background's difference between the band's two ends, over its area
    """

    members: tuple[float, ...]
    pixels: float
    blank: float
    background: float
    neighbours: float
    step: float


def standard_uncertainty(adjusted: float, around: Surroundings) -> float:
    """Return the standard uncertainty of a band's volume: the root of the squares of its parts.

    Where another method than the consensus was chosen, its distance from the consensus is a part too.
    """
    spread = float(np.std(around.members, ddof=1)) if len(around.members) > 1 else 0.0
    parts = (
        around.pixels,
        BLANK_WEIGHT * around.blank,
        SPREAD_WEIGHT * spread,
        adjusted - float(np.median(around.members)),
        BACKGROUND_WEIGHT * around.background,
        NEIGHBOUR_WEIGHT * around.neighbours,
        STEP_WEIGHT * around.step,
        GEOMETRY * abs(adjusted),
    )
    return float(np.sqrt(sum(part**2 for part in parts)))


def interval(adjusted: float, around: Surroundings) -> tuple[float, float]:
    """Return the 95 % interval of a band's volume."""
    half = NORMAL_95 * standard_uncertainty(adjusted, around)
    return adjusted - half, adjusted + half
