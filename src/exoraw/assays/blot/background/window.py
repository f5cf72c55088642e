"""Where a band begins and ends on its lane's profile: from the apex down to the valleys beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from exoraw.assays.blot.lanes.arrays import FloatArray

REACH = 6.0  # sigmas of the row: a valley is looked for this far from the apex
APEX_REACH = 2.5  # sigmas of the row: how far from the row's line a lane's own apex may lie
SMOOTHING = 1.2  # pixels along y


@dataclass(frozen=True)
class Window:
    """First and last row of a band on its profile, both included, and its apex."""

    first: int
    apex: int
    last: int

    @property
    def rows(self) -> slice:
        """The band's rows of the profile."""
        return slice(self.first, self.last + 1)


def find_apex(profile: FloatArray, centre: float, sigma: float) -> int:
    """Return the row of the highest point near the row's line."""
    smooth = gaussian_filter1d(profile, SMOOTHING)
    reach = int(APEX_REACH * sigma) + 2
    low = max(round(centre) - reach, 0)
    return low + int(np.argmax(smooth[low : round(centre) + reach + 1]))


def valley_window(profile: FloatArray, apex: int, sigma: float) -> Window:
    """Return the band between the lowest points above and below its apex.

    Parameters
    ----------
    profile : (rows,) mean signal of a lane
    apex : row of the band's highest point
    sigma : half height of the row's bands, pixels
    """
    smooth = gaussian_filter1d(profile, SMOOTHING)
    reach = round(REACH * sigma)
    low, high = max(apex - reach, 0), min(apex + reach, len(profile) - 1)
    first = low + int(np.argmin(smooth[low : apex + 1]))
    last = apex + int(np.argmin(smooth[apex : high + 1]))
    return Window(first, apex, last)
