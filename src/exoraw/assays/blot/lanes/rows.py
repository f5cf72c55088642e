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
    capped = np.ascontiguousarray(np.clip(blurred, 0, cap), np.float32)
    rows, columns = capped.shape
    profiles = np.empty((len(SLOPES), rows), np.float32)
    for number, slope in enumerate(SLOPES):
        shear = np.array([[1, 0, 0], [slope * COLUMN_STEP, 1, -slope * pixels.shape[1] / 2]], np.float32)
        sheared = cv2.warpAffine(
            capped, shear, (columns, rows), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP, borderValue=0
        )
        profiles[number] = sheared.mean(axis=1)
    opened = cv2.morphologyEx(profiles, cv2.MORPH_OPEN, np.ones((1, ROW_OPENING), np.uint8))
    found: FloatArray = profiles - opened
    return found
