"""How many lanes a row has, counted from its bands where nobody said."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from exoraw.assays.blot.lanes.arrays import FloatArray

SMOOTHING = 3.0  # pixels
LEAST_HEIGHT = 0.06  # of the bright columns
LEAST_PROMINENCE = 0.3  # of a band's own height: a dent in a band is no border
REGULAR = 0.25  # of the pitch that a gap between two bands may differ from whole lanes
MOST_LANES = 60


def count_lanes(profile: FloatArray) -> tuple[int, tuple[str, ...]]:
    """Return the number of lanes of a row, empty ones between bands included, and why to doubt it.

    Bands are peaks of the column profile; their usual distance is the pitch; a gap of two pitches holds an
    empty lane. Empty lanes before the first and after the last band cannot be seen.

    Parameters
    ----------
    profile : (columns,) light of the row

    Returns
    -------
    number of lanes (0: no band is seen), doubts in words
    """
    smooth = gaussian_filter1d(profile, SMOOTHING)
    peaks, seen = find_peaks(
        smooth, height=LEAST_HEIGHT * max(float(np.percentile(smooth, 97)), 1e-9), prominence=0
    )
    bands = peaks[seen["prominences"] > LEAST_PROMINENCE * seen["peak_heights"]]
    if len(bands) < 2:
        return len(bands), ("fewer than two separate bands are seen, so the lanes cannot be counted",)
    gaps = np.diff(bands)
    pitch = float(np.median(gaps))
    whole = np.round(gaps / pitch)
    lanes = int(whole.sum()) + 1
    doubts = []
    if (np.abs(gaps / pitch - whole) > REGULAR).any() or (whole < 1).any():
        doubts.append("the bands are not evenly spaced, so the lanes cannot be counted")
    if lanes != len(bands):
        doubts.append(f"{lanes - len(bands)} lane(s) between the bands would be empty")
    if lanes > MOST_LANES:
        doubts.append(f"{lanes} lanes are too many")
    return min(lanes, MOST_LANES), tuple(doubts)
