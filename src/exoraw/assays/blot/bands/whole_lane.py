"""All bands of one lane, top to bottom: ladders and PCR gels, where a lane holds many bands."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from exoraw.assays.blot.background.multi_gauss import profile_noise
from exoraw.assays.blot.bands.molecular_weight import MwCalibration
from exoraw.assays.blot.bands.record import Box
from exoraw.assays.blot.lanes.arrays import AnyImage, FloatArray, IntArray
from exoraw.assays.blot.reading.saturation import ceiling_fraction, saturation_ceiling

SMOOTHING = 1.0  # pixels along the lane
SHARP_SMOOTHING = 2.0  # pixels along the lane, for the profile's curvature
VALLEY = 0.95  # of the lower band: what lies deeper between two bands is a valley
LEAST_BEND = 0.02  # of the sharpest band's curvature
PROMINENCE = 5.0  # noise of the profile
LEAST_SHARE = 0.01  # of the highest band
GAP = 6  # pixels beside the lane that show the background between the lanes
GAP_SMOOTHING = 4.0  # pixels along the lane


@dataclass(frozen=True)
class LaneBand:
    """One band of a lane.

    Parameters
    ----------
    number : from 1, from the top of the gel
    box : (x0, y0, x1, y1) pixels of the raw image
    y : height of its top, pixels
    volume, background, adjusted : sums of raw signal
    snr : adjusted volume over the noise of an empty place of the same size
    saturated_fraction : share of its pixels on the detector's ceiling
    mw : molecular weight or length; None without a ladder
    """

    number: int
    box: Box
    y: float
    volume: float
    background: float
    adjusted: float
    snr: float
    saturated_fraction: float
    mw: float | None = None


def lane_bands(
    image: AnyImage, x0: int, x1: int, ladder: MwCalibration | None = None
) -> tuple[LaneBand, ...]:
    """Return every band of one lane, from top to bottom, above the background between the lanes.

    Bands are where the lane's profile bends down, shoulders too; borders are its valleys, or
    the feet of shoulders. Nothing in a crowded lane is background: it is read beside the lane, at the same
    height.

    Parameters
    ----------
    image : (rows, columns) raw signal, bands bright
    x0, x1 : columns of the lane, x0 <= x < x1, with a gap of some pixels on at least one side
    ladder : for molecular weights or lengths

    Raises
    ------
    ValueError
        the lane lies outside the image, or is less than four pixels wide
    """
    if not (x0 >= 0 and x1 <= image.shape[1] and x1 - x0 >= 4):
        raise ValueError(f"columns {x0} to {x1} are no lane of an image of {image.shape[1]} columns")
    below = _between(image, x0, x1)
    profile = image[:, x0:x1].mean(axis=1) - below
    smooth = gaussian_filter1d(profile, SMOOTHING)
    noise = max(profile_noise(profile), 1e-9)
    least = max(PROMINENCE * noise, LEAST_SHARE * float(smooth.max()))
    sharp = -gaussian_filter1d(profile, SHARP_SMOOTHING, order=2)
    tops = _tops(smooth, sharp, least)
    edges = _edges(smooth, sharp, tops, noise)
    ceiling = saturation_ceiling(image)
    found = []
    for number, (top, (first, last)) in enumerate(zip(tops, edges, strict=True), start=1):
        pixels = image[first : last + 1, x0:x1]
        background = float(below[first : last + 1].sum()) * (x1 - x0)
        adjusted = float(pixels.sum(dtype=float)) - background
        blank = noise * float(np.sqrt(last - first + 1)) * (x1 - x0)
        found.append(
            LaneBand(
                number=number,
                box=(x0, int(first), x1, int(last) + 1),
                y=float(top),
                volume=adjusted + background,
                background=background,
                adjusted=adjusted,
                snr=adjusted / blank,
                saturated_fraction=ceiling_fraction(pixels, ceiling),
                mw=ladder.mass_at(float(top)) if ladder else None,
            )
        )
    return tuple(found)


def _between(image: AnyImage, x0: int, x1: int) -> FloatArray:
    """Return the signal beside the lane for every row: the mean of both sides, the one side at an edge."""
    sides = [image[:, max(x0 - GAP, 0) : x0], image[:, x1 : x1 + GAP]]
    levels = [np.median(side, axis=1) for side in sides if side.shape[1]]
    below: FloatArray = gaussian_filter1d(np.mean(levels, axis=0), GAP_SMOOTHING)
    return below


def _tops(smooth: FloatArray, sharp: FloatArray, least: float) -> IntArray:
    """Return the rows of the bands' tops: where the profile bends down most, so that shoulders count too."""
    least_bend = LEAST_BEND * float(sharp.max())
    bends = find_peaks(sharp, prominence=least_bend, height=least_bend)[0]
    tops: IntArray = bends[smooth[bends] > least]
    return tops


def _border(smooth: FloatArray, sharp: FloatArray, top: int, following: int) -> int:
    between = slice(top, following + 1)
    has_valley = float(smooth[between].min()) < VALLEY * min(float(smooth[top]), float(smooth[following]))
    return top + int(np.argmin((smooth if has_valley else sharp)[between]))


def _edges(smooth: FloatArray, sharp: FloatArray, tops: IntArray, noise: float) -> list[tuple[int, int]]:
    """Return first and last row of every band: up to the next one, or to where it sinks into noise.

    Between two bands the border is the valley, or the foot of a shoulder, where the profile bends up most.
    """
    if not len(tops):
        return []
    valleys = [_border(smooth, sharp, int(a), int(b)) for a, b in pairwise(tops)]
    starts, ends = [0, *valleys], [*valleys, len(smooth) - 1]
    edges = []
    for top, start, end in zip(tops, starts, ends, strict=True):
        above = np.flatnonzero(smooth[start : top + 1] <= noise)
        below = np.flatnonzero(smooth[top : end + 1] <= noise)
        edges.append(
            (start + int(above[-1]) if len(above) else start, int(top) + int(below[0]) if len(below) else end)
        )
    return edges
