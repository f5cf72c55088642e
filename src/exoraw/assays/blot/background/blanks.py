"""How far the volume of an empty place of the same size scatters: the noise that a band must rise above."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from exoraw.assays.blot.background.methods import END_ROWS, LaneProfile
from exoraw.assays.blot.background.window import Window
from exoraw.assays.blot.lanes.arrays import AnyImage, BoolArray, FloatArray
from exoraw.assays.blot.lanes.geometry import Lane, Row
from exoraw.assays.blot.lanes.strip import Strip, row_strip

LEAST_BLANKS = 8


def blank_volumes(lane: LaneProfile, others: BoolArray, size: int) -> FloatArray:
    """Return the volumes of windows of `size` rows beside the band, each above the line between its ends.

    Parameters
    ----------
    lane : its profile
    others : (rows,) whether the bands of another row lie there
    size : rows of the band's window

    Returns
    -------
    volumes in signal times pixels; empty where the strip leaves no room
    """
    profile = lane.clean
    step = max(size // 4, 1)
    before = range(END_ROWS, lane.window.first - size - END_ROWS, step)
    after = range(lane.window.last + END_ROWS, len(profile) - size - END_ROWS, step)
    starts = np.array([at for at in (*before, *after) if not others[at : at + size].any()], int)
    if not len(starts):
        return np.zeros(0)
    reach = np.arange(-END_ROWS, END_ROWS + 1)
    windows = profile[starts[:, None] + np.arange(size)]
    first = np.median(profile[starts[:, None] + reach], axis=1)
    last = np.median(profile[starts[:, None] + size - 1 + reach], axis=1)
    volumes: FloatArray = (windows.sum(axis=1) - size * (first + last) / 2) * lane.columns
    return volumes


def blank_noise(
    image: AnyImage, row: Row, strip: Strip, lanes: tuple[LaneProfile, ...], white: FloatArray
) -> FloatArray:
    """Return the standard deviation of an empty place for every lane of a row.

    The scatter (MAD) of the empty windows of all lanes, or the noise of the pixels alone where it is larger.
    Where other rows leave too few empty windows in the strip, they are looked for in the whole image, above
    and below the row; where there are too few again, the noise of the pixels stands alone.

    Parameters
    ----------
    image : (rows, columns) raw signal
    row, strip, lanes : the row, its straightened surroundings, its profiles
    white : (lanes,) noise of the windows' sums from the pixels' noise alone
    """
    size = int(np.median([lane.window.last - lane.window.first + 1 for lane in lanes]))
    blanks = np.concatenate([blank_volumes(lane, strip.others, size) for lane in lanes])
    if len(blanks) < LEAST_BLANKS and strip.others.any():
        whole = row_strip(image, row, half=len(image))
        far = [_in_strip(lane, place, whole, strip) for lane, place in zip(lanes, row.lanes, strict=True)]
        blanks = np.concatenate([blank_volumes(lane, whole.others, size) for lane in far])
    if len(blanks) < LEAST_BLANKS:
        return white
    scatter = 1.4826 * float(np.median(np.abs(blanks)))
    return np.maximum(white, scatter)


def _in_strip(lane: LaneProfile, place: Lane, whole: Strip, strip: Strip) -> LaneProfile:
    down = whole.centre - strip.centre
    window = Window(lane.window.first + down, lane.window.apex + down, lane.window.last + down)
    return replace(lane, clean=whole.pixels[:, place.x0 : place.x1].mean(axis=1), window=window)
