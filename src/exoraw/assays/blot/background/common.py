"""The background that all lanes of a row share: a smooth surface through what lies beside the bands."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from exoraw.assays.blot.lanes.arrays import AnyImage, FloatArray

DEGREE_Y, DEGREE_X = 3, 4
BLOCKS = 16  # columns are taken together in so many blocks, by their median
BAND = 3.5  # sigmas on either side of the row that are left out
ROUNDS = 15
BRIGHT, DARK = 1.2, 3.0  # noise: bright rests (neighbours, smears) count less than dark ones
LEAST_ROWS = 12


def common_background(pixels: FloatArray, centre: int, sigma: float, x0: int, x1: int) -> FloatArray:
    """Return a smooth surface below a straightened row, from the pixels above and below its bands.

    A polynomial of degree 3 in y and 4 in x, fitted with weights that count bright rests less, so that
    neighbouring bands and smears do not lift it. Nothing where the strip has too few rows beside the band.

    Parameters
    ----------
    pixels : (rows, columns) straightened strip
    centre : its row on which the bands lie
    sigma : half height of the bands, pixels
    x0, x1 : columns of the row, x0 <= x < x1

    Returns
    -------
    (rows, columns) surface; beyond x0 and x1 it goes on as at the ends
    """
    rows = np.arange(len(pixels)) - centre
    beside = np.abs(rows) > BAND * sigma
    if (
        np.count_nonzero(beside & (rows < 0)) < LEAST_ROWS
        or np.count_nonzero(beside & (rows > 0)) < LEAST_ROWS
    ):
        return np.zeros_like(pixels)
    edges = np.linspace(x0, x1, min(BLOCKS, max((x1 - x0) // 4, 1)) + 1).astype(int)
    blocks = np.stack([np.median(pixels[:, a:b], axis=1) for a, b in pairwise(edges)], axis=1)
    place_y = rows / max(abs(int(rows[0])), int(rows[-1]))
    place_x = _place((edges[:-1] + edges[1:]) / 2, x0, x1)
    terms = _terms(place_y[beside], place_x)
    coefficients = _robust(terms.reshape(-1, terms.shape[-1]), blocks[beside].ravel())
    everywhere = _terms(place_y, np.clip(_place(np.arange(pixels.shape[1]), x0, x1), -1.05, 1.05))
    surface: FloatArray = everywhere @ coefficients
    return surface


def _place(columns: AnyImage, x0: int, x1: int) -> FloatArray:
    return 2 * (columns - x0) / max(x1 - x0, 1) - 1


def _terms(y: FloatArray, x: FloatArray) -> FloatArray:
    powers = [(i, j) for i in range(DEGREE_Y + 1) for j in range(DEGREE_X + 1)]
    return np.stack([np.multiply.outer(y**i, x**j) for i, j in powers], axis=-1)


def _robust(terms: FloatArray, values: FloatArray) -> FloatArray:
    weights = np.ones(len(values))
    coefficients: FloatArray = np.zeros(terms.shape[1])
    for _ in range(ROUNDS):
        coefficients = np.linalg.lstsq(terms * weights[:, None], values * weights, rcond=None)[0]
        rest = values - terms @ coefficients
        dark = rest[rest < 0]  # noise alone makes these; neighbours and smears make bright ones
        scale = 1.4826 * float(np.median(np.abs(dark))) + 1e-9 if dark.size else 1e-9
        limit = np.where(rest > 0, BRIGHT * scale, DARK * scale)
        weights = np.sqrt(1 / (1 + (rest / limit) ** 2))
    return coefficients
