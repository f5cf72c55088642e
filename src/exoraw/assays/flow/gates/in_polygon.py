"""Which events lie in a polygon: exact, and fast on millions of them.

Even-odd rule, so that a polygon that crosses itself has holes; events on its line are inside (GatingML
2.0). A grid is laid over the polygon: events in cells that no side touches share the answer of their cell,
the others are tested side by side. The side of a line is decided in float64 where rounding cannot
turn it (Shewchuk 1997), else in rational numbers.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from exoraw.assays.flow.arrays import BoolArray, FloatArray

CELLS = 256  # along each side of the grid
GRID_PAYS = 4_000  # events; fewer are tested one by one, without the grid
PAD = 1e-6  # of a cell: rounding of an event's place in the grid is far below
FLAT = 1e-2  # of a cell: a side that rises less touches its whole width; its slope would be all rounding
SURE = 4e-16  # Shewchuk's (3 + 16 eps) eps = 3.3e-16 for a 2 x 2 determinant of differences
TINY = 1e-280  # products below lose digits
BLOCK = 1 << 18  # events at a time: the scratch arrays stay in the cache


def in_polygon(x: FloatArray, y: FloatArray, vertices: FloatArray) -> BoolArray:
    """Return which points lie inside the polygon or on its line.

    Parameters
    ----------
    x, y : (n,) places of the events; NaN and infinities are outside
    vertices : (k, 2) finite corners in order; the last is joined to the first

    Returns
    -------
    (n,) bool
    """
    corners = np.asarray(vertices, dtype=np.float64)
    low, high = corners.min(axis=0), corners.max(axis=0)
    grid = _Grid(corners) if len(x) >= GRID_PAYS and _spans(low, high) else None
    inside = np.zeros(len(x), dtype=bool)
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        u = np.asarray(x[rows], dtype=np.float64)
        v = np.asarray(y[rows], dtype=np.float64)
        near = np.flatnonzero((u >= low[0]) & (u <= high[0]) & (v >= low[1]) & (v <= high[1]))
        if near.size < len(u):
            u, v = u[near], v[near]
        inside[start + near] = grid.holds(u, v) if grid is not None else _by_sides(u, v, corners)
    return inside


def _spans(low: FloatArray, high: FloatArray) -> bool:
    """Whether a grid can be laid: both sides have a length that is neither zero nor beyond float64."""
    with np.errstate(over="ignore", divide="ignore"):
        pitch = CELLS / (high - low)
    return bool((np.isfinite(pitch) & (pitch > 0)).all())


class _Grid:
    """CELLS x CELLS cells over the polygon's box: outside, inside, or touched by a side."""

    def __init__(self, corners: FloatArray) -> None:
        self._corners = corners
        self._low = corners.min(axis=0)
        self._pitch = CELLS / (corners.max(axis=0) - self._low)
        placed = (corners - self._low) * self._pitch
        touched = _touched(placed)
        self._state = np.where(touched, 2, _parity(placed)).astype(np.int8).reshape(-1)

    def holds(self, u: FloatArray, v: FloatArray) -> BoolArray:
        column = np.minimum((u - self._low[0]) * self._pitch[0], CELLS - 1).astype(np.int32)
        row = np.minimum((v - self._low[1]) * self._pitch[1], CELLS - 1).astype(np.int32)
        state = self._state[row * CELLS + column]
        inside: BoolArray = state == 1
        unsure = np.flatnonzero(state == 2)
        inside[unsure] = _by_sides(u[unsure], v[unsure], self._corners)
        return inside


def _touched(placed: FloatArray) -> BoolArray:
    """(rows, columns) cells that a side touches or nearly touches, from corners in cell units."""
    steps = np.zeros((CELLS, CELLS + 1), dtype=np.int32)
    for (ax, ay), (bx, by) in zip(placed, np.roll(placed, -1, axis=0), strict=True):
        low, high = min(ay, by) - PAD, max(ay, by) + PAD
        rows = np.arange(max(int(np.floor(low)), 0), min(int(np.floor(high)), CELLS - 1) + 1)
        bottom, top = np.clip(rows - PAD, low, high), np.clip(rows + 1 + PAD, low, high)
        if abs(by - ay) < FLAT:
            left, right = np.full(rows.size, min(ax, bx)), np.full(rows.size, max(ax, bx))
        else:
            slope = (bx - ax) / (by - ay)
            ends = np.stack([ax + (bottom - ay) * slope, ax + (top - ay) * slope])
            ends = np.clip(ends, min(ax, bx), max(ax, bx))
            left, right = ends.min(axis=0), ends.max(axis=0)
        first = np.clip(np.floor(left - PAD), 0, CELLS - 1).astype(np.int64)
        last = np.clip(np.floor(right + PAD), 0, CELLS - 1).astype(np.int64)
        np.add.at(steps, (rows, first), 1)
        np.add.at(steps, (rows, last + 1), -1)
    touched: BoolArray = steps.cumsum(axis=1)[:, :CELLS] > 0
    return touched


def _parity(placed: FloatArray) -> npt.NDArray[np.int32]:
    """(rows, columns) whether the cell's middle is inside; meant for cells that no side touches."""
    toggles = np.zeros((CELLS, CELLS + 1), dtype=np.int32)
    middle = np.arange(CELLS) + 0.5
    for (ax, ay), (bx, by) in zip(placed, np.roll(placed, -1, axis=0), strict=True):
        rows = np.flatnonzero((ay <= middle) != (by <= middle))
        if rows.size:
            at = ax + (middle[rows] - ay) * ((bx - ax) / (by - ay))
            at = np.clip(at, min(ax, bx), max(ax, bx))
            np.add.at(toggles, (rows, np.clip(np.floor(at), 0, CELLS - 1).astype(np.int64) + 1), 1)
    return toggles.cumsum(axis=1)[:, :CELLS] & 1


def _by_sides(u: FloatArray, v: FloatArray, corners: FloatArray) -> BoolArray:
    """Even-odd test of every point against every side; points on a side are inside."""
    odd = np.zeros(len(u), dtype=bool)
    on_line = np.zeros(len(u), dtype=bool)
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        low, high = (a, b) if a[1] <= b[1] else (b, a)
        level = np.flatnonzero((v >= low[1]) & (v <= high[1]))
        if not level.size:
            continue
        side = _side_of(u[level], v[level], low, high)
        between = (u[level] >= min(a[0], b[0])) & (u[level] <= max(a[0], b[0]))
        on_line[level] |= (side == 0) & between
        odd[level] ^= (side > 0) & (v[level] < high[1])  # half open in height: a corner counts once
    return odd | on_line


def _side_of(u: FloatArray, v: FloatArray, low: FloatArray, high: FloatArray) -> npt.NDArray[np.int8]:
    """Sign of the cross product (high - low) x (point - low): 1 left of the line, 0 on it, -1 right."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        one = (high[0] - low[0]) * (v - low[1])
        other = (high[1] - low[1]) * (u - low[0])
        product = one - other
        size = np.abs(one) + np.abs(other)
        sure = (np.abs(product) > SURE * size) & (size > TINY) & np.isfinite(size)
    side: npt.NDArray[np.int8] = np.sign(product, where=sure, out=np.zeros(len(u))).astype(np.int8)
    unsure = np.flatnonzero(~sure)
    if unsure.size:
        side[unsure] = _exact_sides(u[unsure], v[unsure], low, high)
    return side


def _exact_sides(u: FloatArray, v: FloatArray, low: FloatArray, high: FloatArray) -> npt.NDArray[np.int8]:
    """`_side_of` in rational numbers; events that share a place (piles on a detector's floor) count once."""
    places, which = np.unique(np.stack([u, v], axis=1), axis=0, return_inverse=True)
    lx, ly, hx, hy = (Fraction(float(value)) for value in (*low, *high))
    sides = []
    for px, py in places.tolist():
        product = (hx - lx) * (Fraction(py) - ly) - (hy - ly) * (Fraction(px) - lx)
        sides.append((product > 0) - (product < 0))
    result: npt.NDArray[np.int8] = np.array(sides, dtype=np.int8)[which.reshape(-1)]
    return result
