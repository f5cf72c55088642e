"""The background of a stained membrane: the light between the lanes, without what the lanes shed there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import nnls

from exoraw.assays.blot.background.regions import gap_half
from exoraw.assays.blot.lanes.arrays import AnyImage, FloatArray

SHARP = 12.0  # pixels along the lanes: bands are sharper, the glow of a membrane is wider
LEAST_FOR_CURVE = 4  # borders: a straight line through fewer
ACROSS = 17  # places across a lane at which its background is read
MIDDLE = 0.5  # of a lane's width: its flat middle


@dataclass(frozen=True)
class StainBackground:
    """Background of every lane at every height.

    Parameters
    ----------
    mean : (rows, lanes) mean background over the width of a lane
    straight : the same with straight lines from border to border instead of a curve through all borders
    """

    mean: FloatArray
    straight: FloatArray


def stain_background(pixels: AnyImage, borders: Sequence[int]) -> StainBackground:
    """Return the background of neighbouring lanes of a stain.

    Between two lanes lies the background and what both shed there: the tails of their bands, which follow
    the lanes' own pattern along the gel, as no background does. That share is fitted on what changes within
    a few pixels along the lanes, and taken off; then a smooth curve runs across all borders.

    Parameters
    ----------
    pixels : (rows, columns) straightened signal, stained protein bright
    borders : columns between the lanes from left to right, first and last included; at least two
    """
    middles = [(a + b) / 2 for a, b in pairwise(borders)]
    pitch = (borders[-1] - borders[0]) / (len(borders) - 1)
    columns = [middles[0] - pitch, *middles, middles[-1] + pitch]
    lanes = [_mean(pixels, x, MIDDLE * pitch / 2) for x in columns]
    half = gap_half(pitch)
    gaps = [np.median(pixels[:, max(at - half, 0) : at + half], axis=1) for at in borders]
    cleaned = [_without_tails(gap, lanes[at], lanes[at + 1]) for at, gap in enumerate(gaps)]
    for at in (0, len(gaps) - 1):
        cleaned[at] = _without_outer_tails(gaps[at], lanes[at], lanes[at + 1])
    clean = np.stack(cleaned, axis=1)
    inside = np.linspace(0, 1, ACROSS)
    places = [a + (b - a) * inside for a, b in pairwise(borders)]
    lines = [np.stack([np.interp(x, borders, row) for row in clean]).mean(axis=1) for x in places]
    straight = np.stack(lines, axis=1)
    if len(borders) < LEAST_FOR_CURVE:
        return StainBackground(straight, straight)
    curve = CubicSpline(np.asarray(borders, float), clean, axis=1, bc_type="natural")
    bent = np.stack([curve(x).mean(axis=1) for x in places], axis=1)
    return StainBackground(bent, straight)


def _mean(pixels: AnyImage, x: float, half: float) -> FloatArray | None:
    """Mean signal of a lane's middle; None where it lies outside the picture."""
    x0, x1 = max(round(x - half), 0), min(round(x + half), pixels.shape[1])
    return np.asarray(pixels[:, x0:x1].mean(axis=1)) if x1 - x0 >= 2 else None


def _without_tails(gap: FloatArray, *lanes: FloatArray | None) -> FloatArray:
    """Take off what the two lanes beside a border shed there: a share of their own pattern, never below 0.

    One share for both, because a slope of the glow raises one lane as it lowers the other, and cancels.
    """
    seen = [lane - gap for lane in lanes if lane is not None]
    return _less(gap, np.sum(seen, axis=0)[:, None]) if seen else gap


def _without_outer_tails(gap: FloatArray, *lanes: FloatArray | None) -> FloatArray:
    """The same beside the first or last lane, with the ladder or nothing on the other side: a share each."""
    seen = [lane - gap for lane in lanes if lane is not None]
    return _less(gap, np.stack(seen, axis=1)) if seen else gap


def _less(gap: FloatArray, patterns: FloatArray) -> FloatArray:
    sharp = np.stack([_sharp(pattern) for pattern in patterns.T], axis=1)
    shares, _ = nnls(sharp, _sharp(gap))
    found: FloatArray = gap - patterns @ shares
    return found


def _sharp(profile: FloatArray) -> FloatArray:
    found: FloatArray = profile - gaussian_filter1d(profile, SHARP)
    return found
