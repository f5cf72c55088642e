"""Follow a row of bands through the image: the brightest path, then a smooth curve through it."""

from __future__ import annotations

import numpy as np

from exoraw.assays.blot.lanes.arrays import FloatArray, IntArray
from exoraw.assays.blot.lanes.geometry import Trace

STEP = 2  # columns: a row does not bend within them
BLUR = (2.0, 8.0)  # pixels along y and x: joins the bands of a row to one path
STEEPEST = 0.35  # pixels of y for one of x between neighbouring bands
BEND_PENALTY = 0.35  # of the brightest pixel's square root, for one pixel of y
FORBIDDEN = -1e3  # reward of a place that the path may not reach
DEGREE = 4  # a smile is of degree 2; frowns at both ends need 4


def soften(pixels: FloatArray) -> FloatArray:
    """Return the image in which the bands of a row run together, for `follow`."""
    import cv2

    soft: FloatArray = cv2.GaussianBlur(pixels, (0, 0), sigmaX=BLUR[1], sigmaY=BLUR[0])
    return soft


def follow(
    soft: FloatArray, guess: FloatArray, half: int, allowed: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return the brightest smooth path near a guessed line (dynamic programming, Viterbi).

    Parameters
    ----------
    soft : (rows, columns) background-free image, `soften`
    guess : (columns,) guessed height, pixels
    half : how far from the guess the path may lie, pixels
    allowed : (2, columns) highest and lowest place of the path, pixels; None: only `half` limits it

    Returns
    -------
    path : (columns,) height of the path
    weight : (columns,) 0 to 1, brightness on the path
    """
    columns = np.arange(0, soft.shape[1], STEP)
    offsets = np.arange(-half, half + 1)
    heights = np.clip(np.round(guess[columns] + offsets[:, None]).astype(int), 0, len(soft) - 1)
    reward = np.clip(soft[heights, columns], 0, None)
    reward = np.sqrt(reward / max(float(np.percentile(reward, 99)), 1e-9))
    if allowed is not None:
        at = guess[columns] + offsets[:, None]
        reward = np.where((at < allowed[0, columns]) | (at > allowed[1, columns]), FORBIDDEN, reward)
    steps = _best_path(reward)
    path = np.interp(np.arange(soft.shape[1]), columns, guess[columns] + offsets[steps])
    on_path = np.clip(reward[steps, np.arange(len(columns))], 0, None)
    weight = np.interp(np.arange(soft.shape[1]), columns, on_path)
    return path, weight


def _best_path(reward: FloatArray) -> IntArray:
    size, count = reward.shape
    total, back = reward[:, 0].copy(), np.zeros((count, size), np.int64)
    choices = np.full((3, size), -np.inf)  # from above, straight on, from below
    rows = np.arange(size)
    for column in range(1, count):
        choices[0, 1:] = total[:-1] - BEND_PENALTY
        choices[1] = total
        choices[2, :-1] = total[1:] - BEND_PENALTY
        best = choices.argmax(axis=0)
        back[column] = rows + best - 1
        total = choices[best, rows] + reward[:, column]
    path = np.zeros(count, np.int64)
    path[-1] = int(total.argmax())
    for column in range(count - 1, 0, -1):
        path[column - 1] = back[column, path[column]]
    return path


def smooth_curve(path: FloatArray, weight: FloatArray, x0: int, x1: int, degree: int = DEGREE) -> FloatArray:
    """Return a polynomial through the bright part of a path, straight on beyond x0 and x1.

    Parameters
    ----------
    path, weight : (columns,) of `follow`
    x0, x1 : first and last column that belong to the row
    degree : of the polynomial
    """
    columns = np.arange(len(path))
    middle, half = (x0 + x1) / 2, max((x1 - x0) / 2, 1.0)
    inside = (columns >= x0) & (columns <= x1)
    place = (columns - middle) / half
    weights = np.sqrt(np.clip(weight[inside], 0.02, None))
    for _ in range(2):  # a second time without the columns that the first curve passes far off
        fit = np.polynomial.polynomial.polyfit(place[inside], path[inside], degree, w=weights)
        off = np.abs(path[inside] - np.polynomial.polynomial.polyval(place[inside], fit))
        weights = weights / (1 + (off / max(2.0, 2 * float(np.median(off)))) ** 2)
    curve: FloatArray = np.polynomial.polynomial.polyval(np.clip(place, -1.02, 1.02), fit)
    return curve


def straighten(pixels: FloatArray, y: FloatArray, half: int) -> FloatArray:
    """Return the strip of 2 half + 1 rows along a line, every column shifted so that the line is straight.

    Columns are shifted, never rotated, so that the sum of a band stays what it is. Linear interpolation
    along y; beyond the image the pixels of its border.
    """
    rows = np.arange(-half, half + 1)[:, None] + np.asarray(y, float)[None, :]
    low = np.floor(rows).astype(int)
    part = (rows - low).astype(pixels.dtype if pixels.dtype.kind == "f" else float)
    columns = np.arange(pixels.shape[1])
    top = len(pixels) - 1
    below, above = np.clip(low, 0, top), np.clip(low + 1, 0, top)
    strip: FloatArray = pixels[below, columns] * (1 - part) + pixels[above, columns] * part
    return strip


def band_sigma(strip: FloatArray, columns: slice) -> float:
    """Return the half height of a row's bands as a Gaussian's standard deviation, pixels.

    From the width at half height of the straightened strip's mean profile: tails and neighbours do not
    widen it.
    """
    profile = strip[:, columns].mean(axis=1)
    centre = len(profile) // 2
    reach = max(centre // 3, 2)
    apex = centre - reach + int(np.argmax(profile[centre - reach : centre + reach + 1]))
    half = (profile[apex] + float(np.percentile(profile, 10))) / 2
    up = apex - int(np.argmax(profile[apex::-1] < half)) if (profile[: apex + 1] < half).any() else 0
    down_at = profile[apex:] < half
    down = apex + int(np.argmax(down_at)) if down_at.any() else len(profile) - 1
    return max((down - up - 1) / 2.355, 1.0)


def trace_row(
    pixels: FloatArray,
    soft: FloatArray,
    guess: FloatArray,
    half: int,
    ends: tuple[int, int],
    allowed: FloatArray | None = None,
) -> Trace:
    """Return a row's line between two columns, near a guess, and the half height of its bands."""
    x0, x1 = ends
    path, weight = follow(soft, guess, half, allowed)
    curve = smooth_curve(path, weight, x0, x1)
    strip = straighten(pixels, curve, max(3 * half // 2, 12))
    return Trace(curve, band_sigma(strip, slice(max(x0, 0), x1 + 1)))
