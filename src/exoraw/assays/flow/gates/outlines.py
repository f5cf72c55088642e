"""The lines of a gate in linear signal, fine enough to be drawn on any axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.gates.events import Dimension
from exoraw.assays.flow.gates.shapes import Boolean, Ellipsoid, Gate, Polygon, Quadrants, Range, Rectangle

POINTS = 40  # of a side: a straight side on one scale is bent on another
FAR = 1e12  # linear signal beyond every axis: where a side without end is drawn to


@dataclass(frozen=True)
class Outline:
    """One line: its points in linear signal; `y` is empty for bounds on one axis.

    `own` is false for lines that do not enclose the population (the dividers of quadrants); `shade_only` says
    that the line is not drawn (what a quadrant holds, whose sides are the dividers).
    """

    x: FloatArray
    y: FloatArray
    own: bool = True
    shade_only: bool = False


def outlines_of(gate: Gate, dimensions: Sequence[Dimension], population: str) -> tuple[Outline, ...]:
    """Return the lines of a gate on its first one or two axes.

    Parameters
    ----------
    dimensions : the one or two axes that are drawn, those of the gate itself
    population : of a quadrant gate, the one that is meant
    """
    if isinstance(gate, Rectangle):
        return _rectangle(gate.ranges, len(dimensions))
    if isinstance(gate, Polygon):
        return (_ring(np.array(gate.vertices), dimensions),)
    if isinstance(gate, Ellipsoid):
        return (_ring(_ellipse(gate), dimensions),)
    if isinstance(gate, Quadrants):
        crossing = [_cross(gate, axis, len(dimensions)) for axis in range(len(dimensions))]
        return (*_quadrant(gate, population, dimensions), *(line for lines in crossing for line in lines))
    assert isinstance(gate, Boolean)
    return ()


def _rectangle(ranges: Sequence[Range], axes: int) -> tuple[Outline, ...]:
    ends = [_linear_ends(side) for side in ranges[:axes]]
    if axes == 1:
        return (Outline(np.array(ends[0]), np.empty(0)),)
    (left, right), (bottom, top) = ends
    x = np.array([left, right, right, left, left])
    y = np.array([bottom, bottom, top, top, bottom])
    return (Outline(x, y),)


def _quadrant(gate: Quadrants, population: str, dimensions: Sequence[Dimension]) -> tuple[Outline, ...]:
    """What a quadrant holds on the axes that are drawn."""
    held = {side.dimension.channel: side for side in gate.region(population).ranges}
    sides = [held.get(d.channel, Range(d)) for d in dimensions]
    return tuple(replace(each, shade_only=True) for each in _rectangle(sides, len(dimensions)))


def _linear_ends(side: Range) -> tuple[float, float]:
    """Both bounds in linear signal; FAR where there is none, or the scale has no signal there."""
    found = []
    for bound, far in ((side.low, -FAR), (side.high, FAR)):
        value = far if bound is None else float(_to_linear(np.array([bound]), side.dimension)[0])
        found.append(value if np.isfinite(value) else far)
    return found[0], found[1]


def _to_linear(values: FloatArray, dimension: Dimension) -> FloatArray:
    if dimension.scale is None:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        return dimension.scale.inverse(values)


def _ring(corners: FloatArray, dimensions: Sequence[Dimension]) -> Outline:
    """A closed line through corners on the axes' scales, its sides straight there."""
    ends = np.vstack([corners, corners[:1]])
    steps = np.linspace(0, 1, POINTS, endpoint=False)[:, np.newaxis]
    sides = [a + steps * (b - a) for a, b in pairwise(ends)]
    points = np.vstack([*sides, ends[-1:]])
    return Outline(_to_linear(points[:, 0], dimensions[0]), _to_linear(points[:, 1], dimensions[1]))


def _ellipse(gate: Ellipsoid) -> FloatArray:
    """Corners on the line of an ellipse, on its first two axes."""
    turn = np.linspace(0, 2 * np.pi, 4 * POINTS, endpoint=False)
    covariance = np.array(gate.covariance)[:2, :2]
    root = np.linalg.cholesky(covariance * gate.distance_square) if gate.distance_square else np.zeros((2, 2))
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    line: FloatArray = np.array(gate.mean[:2]) + circle @ root.T
    return line


def _cross(gate: Quadrants, axis: int, axes: int) -> list[Outline]:
    """The divider lines of one axis, from end to end of the other."""
    divider = gate.dividers[axis]
    places = _to_linear(np.array(divider.values), divider.dimension)
    if axes == 1:
        return [Outline(np.array([place]), np.empty(0), own=False) for place in places]
    ends, at = np.array([-FAR, FAR]), np.ones(2)
    lines = [(at * place, ends) if axis == 0 else (ends, at * place) for place in places]
    return [Outline(x, y) for x, y in lines]
