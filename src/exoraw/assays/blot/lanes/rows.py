"""Find the rows of bands in an image: lines, straight or tilted, along which most of the light lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exoraw.assays.blot.lanes.arrays import FloatArray

SLOPES = np.linspace(-0.12, 0.12, 25)  # pixels of y for one of x: 7 degrees
COLUMN_STEP = 4
BLUR = (2.0, 6.0)
CAP_SHARE = 0.35  # of the 99.5th percentile: one dark band does not outweigh a row of faint ones
NEAREST = 24  # pixels between two rows
ROW_OPENING = 41  # pixels: what is higher than this is no row
CROSSING = 0.6  # of two lines' columns may lie nearer than NEAREST / 2


@dataclass(frozen=True)
class RowGuess:
    """A straight line that may be a row: height at the middle of the image, slope, light on it."""

    y: float
    slope: float
    light: float

    def line(self, columns: int) -> FloatArray:
        """Return its height in every column."""
        return self.y + self.slope * (np.arange(columns) - columns / 2)


def guess_rows(pixels: FloatArray, most: int) -> tuple[RowGuess, ...]:
    """Return the lines with most light, brightest first.

    Parameters
    ----------
    pixels : (rows, columns) background-free image
    most : lines to return at most

    Returns
    -------
    at most `most` guesses; none where the image is empty
    """
    profiles = _sheared_profiles(pixels)
    guesses: list[RowGuess] = []
    left = profiles.copy()
    for _ in range(most):
        at, y = np.unravel_index(int(left.argmax()), left.shape)
        light = float(left[at, y])
        if light <= 0:
            break
        guesses.append(RowGuess(float(y), float(SLOPES[at]), light))
        left[:, max(0, int(y) - NEAREST) : int(y) + NEAREST] = 0
    return tuple(guesses)


def _sheared_profiles(pixels: FloatArray) -> FloatArray:
    import cv2

    blurred = cv2.GaussianBlur(pixels, (0, 0), sigmaX=BLUR[1], sigmaY=BLUR[0])[:, ::COLUMN_STEP]
    cap = max(float(np.percentile(blurred, 99.5)) * CAP_SHARE, 1e-9)
    capped = np.clip(blurred, 0, cap)
    rows, columns = capped.shape
    offsets = (np.arange(columns) * COLUMN_STEP - pixels.shape[1] / 2)[None, :] * SLOPES[:, None]
    heights = np.arange(rows)[None, :, None] + np.round(offsets).astype(int)[:, None, :]
    inside = (heights >= 0) & (heights < rows)
    picked = capped[np.clip(heights, 0, rows - 1), np.arange(columns)]
    profiles = np.where(inside, picked, 0).mean(axis=2)
    opened = cv2.morphologyEx(
        profiles.astype(np.float32), cv2.MORPH_OPEN, np.ones((1, ROW_OPENING), np.uint8)
    )
    found: FloatArray = profiles - opened
    return found
