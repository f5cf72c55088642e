"""The background that all lanes of a row share: a smooth surface between and beside the bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.polynomial import legendre

from exoraw.assays.blot.background.regions import gap_half
from exoraw.assays.blot.lanes.arrays import AnyImage, BoolArray, FloatArray
from exoraw.assays.blot.lanes.geometry import Lane
from exoraw.assays.blot.lanes.strip import Strip

DEGREES = ((1, 1), (2, 2), (3, 4), (4, 5))  # along y and x of the surfaces that are tried
EVIDENCE = 2.0  # times Schwarz's criterion: a surface bends only where the picture says so loudly
BLOCKS = 16  # columns are taken together in so many blocks, by their median
ROW_STEP = 0.4  # sigmas of the row's bands: rows are taken together by their mean
BAND = 3.5  # sigmas on either side of the row that are left out, except between the lanes
ROUNDS, SETTLED = 15, 1e-3  # of reweighting; it ends where no weight changes by more
BRIGHT, DARK = 1.2, 3.0  # noise: bright rests (neighbours, smears) count less than dark ones
LEAST_ROWS = 12
RIDGE = 1e-9


@dataclass(frozen=True)
class _Samples:
    """Places (y and x, -1 to 1) and heights of what is background."""

    y: FloatArray
    x: FloatArray
    values: FloatArray

    def terms(self, degree_y: int, degree_x: int) -> FloatArray:
        """Return the products of Legendre polynomials at every place."""
        return legendre.legvander2d(self.y, self.x, (degree_y, degree_x))


@dataclass(frozen=True)
class _Surface:
    coefficients: FloatArray
    criterion: float


def common_background(strip: Strip, sigma: float, lanes: Sequence[Lane]) -> FloatArray:
    """Return a smooth surface below a straightened row.

    It runs through the membrane that shows between the lanes, at every height, and through all columns above
    and below the bands, without other rows. It is fitted with weights that count bright rests less, so that
    neighbouring bands, smears and bands that touch do not lift it. Of four stiffnesses (products of
    polynomials) the one with the smallest Schwarz criterion is taken, so that a faint row on even ground gets
    no waves.

    Parameters
    ----------
    strip : straightened surroundings of the row
    sigma : half height of the bands, pixels
    lanes : of the row, in columns of the strip

    Returns
    -------
    (rows, columns) surface; beyond the lanes it goes on as at their ends. Zero where the strip has too few
    rows beside the band
    """
    pixels = strip.pixels
    rows = np.arange(len(pixels)) - strip.centre
    beside = (np.abs(rows) > BAND * sigma) & ~strip.others
    if min(np.count_nonzero(beside & (rows < 0)), np.count_nonzero(beside & (rows > 0))) < LEAST_ROWS:
        return np.zeros_like(pixels)
    x0, x1 = min(lane.x0 for lane in lanes), max(lane.x1 for lane in lanes)
    step = max(1, round(ROW_STEP * sigma))
    place_y = rows / max(abs(int(rows[0])), int(rows[-1]))
    samples = _joined(
        _samples(pixels, beside, place_y, step, _blocks(x0, x1), (x0, x1)),
        _samples(pixels, np.ones_like(beside), place_y, step, _gaps(lanes, pixels.shape[1]), (x0, x1)),
    )
    columns = len(np.unique(samples.x))
    tried = [degrees for degrees in DEGREES if degrees[1] < columns] or [(1, 0)]
    best = min(((_fitted(samples, *degrees), degrees) for degrees in tried), key=lambda one: one[0].criterion)
    surface, (degree_y, degree_x) = best
    shape = surface.coefficients.reshape(degree_y + 1, degree_x + 1)
    place_x = np.clip(_place(np.arange(pixels.shape[1]), x0, x1), -1.05, 1.05)
    height: FloatArray = (
        legendre.legvander(place_y, degree_y) @ shape @ legendre.legvander(place_x, degree_x).T
    )
    return height


def _blocks(x0: int, x1: int) -> list[tuple[int, int]]:
    edges = np.linspace(x0, x1, min(BLOCKS, max((x1 - x0) // 4, 1)) + 1).astype(int)
    return [(int(a), int(b)) for a, b in pairwise(edges)]


def _gaps(lanes: Sequence[Lane], size: int) -> list[tuple[int, int]]:
    half = gap_half(float(np.median([lane.width for lane in lanes])))
    borders = sorted({lane.x0 for lane in lanes} | {lane.x1 for lane in lanes})
    return [(max(at - half, 0), min(at + half, size)) for at in borders]


def _samples(
    pixels: FloatArray,
    kept: BoolArray,
    place_y: FloatArray,
    step: int,
    spans: Sequence[tuple[int, int]],
    row: tuple[int, int],
) -> _Samples:
    """Return the heights of spans of columns (their median), `step` rows taken together by their mean."""
    whole = len(pixels) // step * step
    inside = kept[:whole].reshape(-1, step).all(axis=1)
    heights = np.stack([np.median(pixels[:whole, a:b], axis=1) for a, b in spans], axis=1)
    heights = heights.reshape(-1, step, len(spans)).mean(axis=1)[inside]
    y = place_y[:whole].reshape(-1, step).mean(axis=1)[inside]
    x = _place(np.array([(a + b) / 2 for a, b in spans]), *row)
    return _Samples(np.repeat(y, len(x)), np.tile(x, len(y)), heights.ravel())


def _joined(one: _Samples, other: _Samples) -> _Samples:
    return _Samples(
        np.concatenate((one.y, other.y)),
        np.concatenate((one.x, other.x)),
        np.concatenate((one.values, other.values)),
    )


def _place(columns: AnyImage, x0: int, x1: int) -> FloatArray:
    place: FloatArray = 2 * (columns - x0) / max(x1 - x0, 1) - 1
    return place


def _fitted(samples: _Samples, degree_y: int, degree_x: int) -> _Surface:
    terms = samples.terms(degree_y, degree_x)
    weights = np.ones(len(samples.values))
    coefficients: FloatArray = np.zeros(terms.shape[1])
    scale = 1e-9
    for _ in range(ROUNDS):
        weighted = terms * weights[:, None]
        gram = weighted.T @ terms
        gram[np.diag_indices_from(gram)] *= 1 + RIDGE
        coefficients = np.linalg.solve(gram, weighted.T @ samples.values)
        rest = samples.values - terms @ coefficients
        dark = rest[rest < 0]  # noise alone makes these; neighbours and smears make bright ones
        scale = 1.4826 * float(np.median(np.abs(dark))) + 1e-9 if dark.size else 1e-9
        limit = np.where(rest > 0, BRIGHT * scale, DARK * scale)
        fresh = 1 / (1 + (rest / limit) ** 2)
        settled = float(np.abs(fresh - weights).max()) < SETTLED
        weights = fresh
        if settled:
            break
    size = len(samples.values)
    criterion = 2 * size * float(np.log(scale)) + EVIDENCE * terms.shape[1] * float(np.log(size))
    return _Surface(coefficients, criterion)
