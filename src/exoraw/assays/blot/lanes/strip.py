"""A row of bands cut out of the image and made straight, free of speckles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import binary_dilation, label

from exoraw.assays.blot.lanes.arrays import AnyImage, BoolArray, FloatArray
from exoraw.assays.blot.lanes.geometry import Row

HALF_SIGMAS, LEAST_HALF = 16.0, 60  # rows on either side of the line: sigmas of the row, and pixels
OTHER_ROW = 3.5  # sigmas of another row on either side of its line that are no background
WIDEST_SPECKLE = 15  # pixels along x; wider things are bands
SPECKLE_LANE_SHARE = 0.4  # of a lane: in narrow lanes only narrower things are speckles
DOG = (1.0, 3.0)  # pixels: difference of Gaussians that answers to dust, not to bands
SPECKLE_SIGMAS = 2.1  # noise of a pixel, in the difference of Gaussians
SPECKLE_SHARE = 0.1  # of the band below it: fainter ones change a volume by less than 0.2 %
SPECKLE_REACH = 6  # pixels from its middle
NOISE_LEVELS = (
    0.0,
    0.5,
    0.8,
    0.9,
    0.95,
    0.98,
    1.0,
)  # quantiles of the signal between which noise is measured
LEAST_PIXELS = 50


@dataclass(frozen=True)
class Strip:
    """The surroundings of a row, straight.

    Parameters
    ----------
    pixels : (rows, columns) signal without speckles, raw units; columns are those of the image
    centre : row of the strip on which the row's line lies
    noise : (rows, columns) standard deviation of a pixel
    removed : (rows, columns) light of speckles (narrower than a band) that was replaced, 0 elsewhere
    others : (rows,) whether the bands of another row lie there
    """

    pixels: FloatArray
    centre: int
    noise: FloatArray
    removed: FloatArray
    others: BoolArray


def row_strip(image: AnyImage, row: Row, half: int | None = None) -> Strip:
    """Return the straightened strip around a row in which its bands and their background are measured.

    Parameters
    ----------
    image : (rows, columns) raw signal
    row : its line, its lanes, and the lines of the image's other rows
    half : rows above and below the line; None: as many as backgrounds need
    """
    half = max(LEAST_HALF, int(HALF_SIGMAS * row.trace.sigma)) if half is None else half
    columns = slice(row.x0, row.x1)
    strip = cut_strip(image, row.trace.y, half, columns, row.pitch)
    at = np.arange(len(strip.pixels)) - strip.centre
    others = np.zeros(len(at), bool)
    for line in row.others:
        off = (line.y - row.trace.y)[columns]
        reach = OTHER_ROW * line.sigma
        others |= (at > off.min() - reach) & (at < off.max() + reach)
    return replace(strip, others=others)


def cut_strip(image: AnyImage, y: FloatArray, half: int, columns: slice, lane_width: float) -> Strip:
    """Return the straightened strip along a line, as high as the image allows.

    Columns are shifted, never rotated, so that the sum of a band stays what it is. Linear interpolation
    along y.

    Parameters
    ----------
    image : (rows, columns) raw signal
    y : (columns,) height of the row
    half : rows above and below the line, fewer where the image ends
    columns : of the row; the strip keeps the rows that lie inside the image in all of them
    lane_width : pixels
    """
    inside = y[columns]
    up = int(min(half, np.floor(inside.min())))
    down = int(min(half, np.floor(len(image) - 1 - inside.max())))
    up, down = max(up, 0), max(down, 0)
    rows = np.arange(-up, down + 1)[:, None] + y[None, :]
    low = np.floor(rows).astype(np.intp)
    part = rows - low
    at = np.arange(image.shape[1])
    top = len(image) - 1
    first = image[np.clip(low, 0, top), at].astype(float)
    second = image[np.clip(low + 1, 0, top), at].astype(float)
    return _without_speckles(first * (1 - part) + second * part, up, lane_width)


def _without_speckles(pixels: FloatArray, centre: int, lane_width: float) -> Strip:
    window = max(3, min(WIDEST_SPECKLE, int(SPECKLE_LANE_SHARE * lane_width)) | 1)
    middle = _median_along_x(pixels, window)
    noise = pixel_noise(middle, pixels - middle)
    speckles = find_speckles(pixels, middle, noise, window)
    clean = pixels.copy()
    columns = np.arange(pixels.shape[1])
    for row in np.flatnonzero(speckles.any(axis=1)):
        bad = speckles[row]
        if not bad.all():
            clean[row, bad] = np.interp(columns[bad], columns[~bad], pixels[row, ~bad])
    return Strip(clean, centre, noise, pixels - clean, np.zeros(len(pixels), bool))


def find_speckles(pixels: FloatArray, middle: FloatArray, noise: FloatArray, window: int) -> BoolArray:
    """Return the pixels of dust and hot pixels: bright, small along x and y, on a band or beside it.

    Parameters
    ----------
    pixels, middle, noise : (rows, columns) signal, its running median along x, its noise
    window : of the running median, pixels
    """
    import cv2

    small = cv2.GaussianBlur(pixels, (0, 0), DOG[0]) - cv2.GaussianBlur(pixels, (0, 0), DOG[1])
    band = np.maximum(middle - np.percentile(middle, 20), 0)
    least = np.maximum(SPECKLE_SIGMAS * noise, SPECKLE_SHARE * band)
    seeds = small > least
    seeds[seeds] = (small[seeds] - _median_at(small, seeds, window)) > least[seeds]
    if not seeds.any():
        return np.zeros(pixels.shape, bool)
    square = np.ones((3, 3), bool)
    bright = cv2.GaussianBlur(pixels - middle, (0, 0), 0.8) > 1.5 * noise
    parts, _ = label(bright)
    touched = np.isin(parts, np.unique(parts[seeds & bright])) & bright
    near = binary_dilation(seeds, square, iterations=SPECKLE_REACH)
    grown: BoolArray = binary_dilation((touched & near) | seeds, square)
    return grown


def pixel_noise(signal: FloatArray, rest: FloatArray) -> FloatArray:
    """Return every pixel's noise, measured (MAD) between quantiles of the signal: light is noisier than dark.

    Parameters
    ----------
    signal, rest : (rows, columns) smooth signal and what is left of the pixels without it
    """
    edges = np.quantile(signal, NOISE_LEVELS)
    levels, noises = [], []
    for low, high in pairwise(edges):
        inside = (signal >= low) & (signal <= high)
        if np.count_nonzero(inside) >= LEAST_PIXELS:
            levels.append(float(np.median(signal[inside])))
            noises.append(1.4826 * float(np.median(np.abs(rest[inside]))))
    found: FloatArray = np.interp(signal, levels, noises) if levels else np.zeros_like(signal)
    return found + 1e-9


def _median_along_x(pixels: FloatArray, window: int) -> FloatArray:
    half = window // 2
    wide = np.pad(pixels, ((0, 0), (half, half)), mode="edge")
    every_other = sliding_window_view(wide, window, axis=1)[..., ::2]
    middle: FloatArray = np.median(every_other, axis=2)
    return middle


def _median_at(pixels: FloatArray, where: BoolArray, window: int) -> FloatArray:
    half = window // 2
    wide = np.pad(pixels, ((0, 0), (half, half)), mode="edge")
    middle: FloatArray = np.median(sliding_window_view(wide, window, axis=1)[where], axis=1)
    return middle
