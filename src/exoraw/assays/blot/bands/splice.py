"""Abrupt vertical steps in the background: the trace that splicing pictures side by side leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exoraw.assays.blot.lanes.arrays import AnyImage, FloatArray, IntArray
from exoraw.assays.blot.lanes.geometry import Row

SIDE = 3  # columns on either side of a step
FAR = 8  # columns away from it: light that falls off by itself still falls there
SHARP = 0.75  # of the difference FAR apart that lies between two neighbouring columns
AGREE = 0.9  # of the rows that must step in the same direction
SIGMAS = 8.0  # of the step's own noise
BAND = 4.0  # sigmas of a row that are left out above and below it
LEAST_ROWS = 24
MOST = 12
SHARPEST = 96  # columns, by their mean step, that are looked at row by row


@dataclass(frozen=True)
class Splice:
    """A vertical step: between the columns x - 1 and x, its height, the share of rows that show it."""

    x: int
    step: float
    agreement: float


def find_splices(image: AnyImage, rows: tuple[Row, ...]) -> tuple[Splice, ...]:
    """Return the abrupt vertical steps of the background between the first and the last lane.

    Light on a membrane is blurred over several pixels; a step from one column to the next, in the same
    direction over nearly the whole height and without bands there, is made by a computer.

    Parameters
    ----------
    image : (rows, columns) raw signal
    rows : the rows of bands that were found; their surroundings are left out
    """
    if not rows:
        return ()
    x0, x1 = max(min(row.x0 for row in rows), FAR + SIDE), max(row.x1 for row in rows)
    x1 = min(x1, image.shape[1] - FAR - SIDE)
    free = np.ones(len(image), bool)
    for row in rows:
        line = row.trace.y[row.x0 : row.x1]
        reach = BAND * row.trace.sigma
        free[max(int(line.min() - reach), 0) : int(line.max() + reach) + 1] = False
    if np.count_nonzero(free) < LEAST_ROWS or x1 - x0 < 2:
        return ()
    return _steps(np.asarray(image[free], float), x0, x1)


def _steps(pixels: FloatArray, x0: int, x1: int) -> tuple[Splice, ...]:
    columns = _sharpest(pixels, x0, x1)
    sides = np.arange(SIDE)
    left = pixels[:, columns[:, None] - 1 - sides].mean(axis=2)
    right = pixels[:, columns[:, None] + sides].mean(axis=2)
    difference = right - left
    middle = np.median(difference, axis=0)
    noise = 1.4826 * np.median(np.abs(difference - middle), axis=0) / np.sqrt(len(pixels)) + 1e-9
    sharp = np.median(pixels[:, columns] - pixels[:, columns - 1], axis=0)
    far = np.median(pixels[:, columns + FAR] - pixels[:, columns - 1 - FAR], axis=0)
    agree = (np.sign(difference) == np.sign(middle)).mean(axis=0)
    strong = (np.abs(middle) > SIGMAS * noise) & (agree > AGREE) & (np.sign(sharp) == np.sign(middle))
    strong &= np.abs(sharp) > SHARP * np.maximum(np.abs(far), np.abs(middle))
    found = sorted(np.flatnonzero(strong), key=lambda at: -abs(middle[at]))
    kept: list[int] = []
    for at in found:
        if all(abs(at - other) > FAR for other in kept):
            kept.append(int(at))
    return tuple(Splice(int(columns[at]), float(middle[at]), float(agree[at])) for at in sorted(kept[:MOST]))


def _sharpest(pixels: FloatArray, x0: int, x1: int) -> IntArray:
    """Return the columns with the largest steps of the mean over all rows, from left to right."""
    means = pixels.mean(axis=0)
    steps = np.abs(np.diff(means))[x0 - 1 : x1 - 1]
    return np.sort(np.argsort(-steps, kind="stable")[:SHARPEST]) + x0
