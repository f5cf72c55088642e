"""Backgrounds that are read off the image itself: between the lanes, around the box, below a rolling ball."""

from __future__ import annotations

import numpy as np

from exoraw.assays.blot.background.rolling_ball import RADIUS, rolling_ball_of_smoothed
from exoraw.assays.blot.background.window import Window
from exoraw.assays.blot.lanes.arrays import AnyImage, FloatArray
from exoraw.assays.blot.lanes.geometry import Lane, Row
from exoraw.assays.blot.lanes.strip import Strip

GAP_SHARE = 0.08  # of a lane's width on either side of its border: what counts as between the lanes
LEAST_GAP = 2  # pixels on either side of the border
BORDER = 3  # pixels: thickness of the frame around a box


def gap_half(width: float) -> int:
    """Return how many columns on either side of a lane's border count as between the lanes.

    Parameters
    ----------
    width : of the lane, pixels
    """
    return max(LEAST_GAP, round(GAP_SHARE * width))


def between_lanes(strip: Strip, lane: Lane, window: Window) -> float:
    """Return the background of a band as the signal between its lane and the next ones, at the same height.

    For every row of the band: the median of the pixels around each border of the lane, and a straight line
    from one border to the other. The usual choice for agarose gels, whose lanes are apart and crowded with
    bands: nothing along the lane is background there.

    Returns
    -------
    sum over the band, signal times pixels
    """
    half = gap_half(lane.width)
    size = strip.pixels.shape[1]
    sides = [
        np.median(strip.pixels[window.rows, max(at - half, 0) : min(at + half, size)], axis=1)
        for at in (lane.x0, lane.x1)
    ]
    return float((sides[0] + sides[1]).sum() / 2 * lane.width)


def box_border(strip: Strip, lane: Lane, window: Window) -> float:
    """Return the background of a band as the median of a frame of three pixels around its box.

    As "Median, border 3" of LI-COR Image Studio.

    Returns
    -------
    sum over the band, signal times pixels
    """
    rows, columns = strip.pixels.shape
    y0, y1 = max(window.first - BORDER, 0), min(window.last + 1 + BORDER, rows)
    x0, x1 = max(lane.x0 - BORDER, 0), min(lane.x1 + BORDER, columns)
    frame = np.ones((y1 - y0, x1 - x0), bool)
    frame[window.first - y0 : window.last + 1 - y0, lane.x0 - x0 : lane.x1 - x0] = False
    pixels = strip.pixels[y0:y1, x0:x1][frame]
    level = float(np.median(pixels)) if pixels.size else 0.0
    return level * (window.last - window.first + 1) * lane.width


def ball_strip(image: AnyImage, row: Row, strip: Strip, radius: int = RADIUS) -> FloatArray:
    """Return the rolling ball background of a row, straightened like its strip.

    The ball is rolled over the part of the image that can touch the strip only: the same numbers, sooner.

    Returns
    -------
    (rows, columns) of the strip
    """
    line = row.trace.y[row.x0 : row.x1]
    reach = radius + 2  # one for the mean of 3 x 3, one for the interpolation
    top = max(int(np.floor(line.min())) - strip.centre - reach, 0)
    bottom = min(int(np.ceil(line.max())) + len(strip.pixels) - strip.centre + reach, len(image))
    left, right = max(row.x0 - reach, 0), min(row.x1 + reach, image.shape[1])
    ball = rolling_ball_of_smoothed(image[top:bottom, left:right], radius)
    straight = np.zeros_like(strip.pixels)
    offsets = np.arange(len(strip.pixels)) - strip.centre
    for x in range(row.x0, row.x1):
        straight[:, x] = np.interp(offsets + row.trace.y[x] - top, np.arange(len(ball)), ball[:, x - left])
    return straight
