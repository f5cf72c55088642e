"""How far the volume of an empty place of the same size scatters: the noise that a band must rise above."""

from __future__ import annotations

import numpy as np

from exoraw.assays.blot.background.methods import END_ROWS, LaneProfile
from exoraw.assays.blot.lanes.arrays import FloatArray

CLEAR = 4.0  # widths of the band on either side that are not empty
LEAST_BLANKS = 8


def blank_volumes(lane: LaneProfile, size: int) -> FloatArray:
    """Return the volumes of windows of `size` rows beside the band, each above the line between its ends.

    Parameters
    ----------
    lane : its profile
    size : rows of the band's window

    Returns
    -------
    volumes in signal times pixels; empty where the strip leaves no room
    """
    profile = lane.clean
    step = max(size // 4, 1)
    before = range(END_ROWS, lane.window.first - size - END_ROWS, step)
    after = range(lane.window.last + END_ROWS, len(profile) - size - END_ROWS, step)
    starts = np.array([*before, *after], int)
    if not len(starts):
        return np.zeros(0)
    reach = np.arange(-END_ROWS, END_ROWS + 1)
    windows = profile[starts[:, None] + np.arange(size)]
    first = np.median(profile[starts[:, None] + reach], axis=1)
    last = np.median(profile[starts[:, None] + size - 1 + reach], axis=1)
    volumes: FloatArray = (windows.sum(axis=1) - size * (first + last) / 2) * lane.columns
    return volumes


def blank_noise(lanes: tuple[LaneProfile, ...], white: FloatArray) -> FloatArray:
    """Return the standard deviation of an empty place for every lane of a row.

    The scatter (MAD) of the empty windows of all lanes, or the noise of the pixels alone where that is larger
    or where the strip has too few empty windows.

    Parameters
    ----------
    lanes : profiles of the row
    white : (lanes,) noise of the windows' sums from the pixels' noise alone
    """
    size = int(np.median([lane.window.last - lane.window.first + 1 for lane in lanes]))
    blanks = np.concatenate([blank_volumes(lane, size) for lane in lanes])
    if len(blanks) < LEAST_BLANKS:
        return white
    scatter = 1.4826 * float(np.median(np.abs(blanks)))
    return np.maximum(white, scatter)
