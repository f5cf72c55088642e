"""Pixels on the detector's ceiling, wherever that ceiling is."""

from __future__ import annotations

import numpy as np

from exoraw.assays.blot.lanes.arrays import AnyImage

PLATEAU = 8  # pixels that share the maximum before it can be a ceiling
EXCESS = 4.0  # times as many pixels on the ceiling as on a usual level below it
LEVELS_BELOW = 64  # pixels next below the maximum whose levels are looked at


def ceiling_of(pixels: AnyImage) -> float | None:
    """Return the detector's ceiling in these pixels, None where nothing is clipped.

    The ceiling is not assumed to be 65535: imagers clip lower (Bio-Rad at 65520). It is the maximum itself
    where at least PLATEAU pixels share it, and EXCESS times as many as share a usual level just below: with
    8 bits many pixels share every level.

    Parameters
    ----------
    pixels : any shape, raw signal as it was read, signal bright
    """
    values = np.asarray(pixels).ravel()
    if not values.size:
        return None
    top = values.max()
    at_top = int(np.count_nonzero(values == top))
    if at_top < PLATEAU:
        return None
    below = values[values < top]
    if not below.size:
        return None
    taken = min(LEVELS_BELOW, below.size)
    nearest = np.partition(below, below.size - taken)[-taken:]
    usual = float(np.mean(np.unique(nearest, return_counts=True)[1]))
    return float(top) if at_top >= EXCESS * usual else None


def saturated_fraction(pixels: AnyImage, ceiling: float | None) -> float:
    """Return the share of a band's pixels on the ceiling, 0 to 1; 0 where there is no ceiling.

    Parameters
    ----------
    pixels : (rows, columns) of the band, raw signal
    ceiling : of the image or the band, `ceiling_of`
    """
    if ceiling is None or not pixels.size:
        return 0.0
    return float(np.count_nonzero(pixels >= ceiling)) / pixels.size
