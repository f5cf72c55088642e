"""The gates a lab draws, as values: rectangle, polygon, ellipse, quadrants, and what is built from others.

Edges follow GatingML 2.0: a range holds its lower bound and not its upper one; the line of a polygon and
of an ellipse is inside. An event without a value (NaN) on one of the axes is in no gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import Dimension, Events
from exoraw.assays.flow.gates.in_polygon import in_polygon
from exoraw.study.words import listed, shown

MOST_CORNERS = 10_000  # a drawn polygon has ten, a traced contour hundreds
MOST_AXES = 64
Corners = tuple[tuple[float, float], ...]
Operation = Literal["and", "or", "not"]


@dataclass(frozen=True)
class Range:
    """One side of a rectangle: low <= x < high on the dimension's scale; None = without end."""

    dimension: Dimension
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        name = shown(self.dimension.channel)
        for bound in (self.low, self.high):
            if bound is not None and not np.isfinite(bound):
                raise GateError(f"channel {name}: a bound is {bound}; leave it out for no bound.")
        if self.low is not None and self.high is not None and self.high < self.low:
            raise GateError(
                f"channel {name}: the upper bound {self.high} lies below the lower one {self.low}."
            )


@dataclass(frozen=True)
class Rectangle:
    """Events within every range; one dimension makes an interval or a threshold, many a box."""

    ranges: tuple[Range, ...]

    def __post_init__(self) -> None:
        _check_axes([side.dimension for side in self.ranges], "a rectangle", least=1)

    def mask(self, events: Events) -> BoolArray:
        """Return (n,) which events lie inside."""
        inside = np.ones(len(events), dtype=bool)
        for side in self.ranges:
            values = events.column(side.dimension)
            if side.low is None and side.high is None:
                inside &= ~np.isnan(values)
            if side.low is not None:
                inside &= values >= side.low
            if side.high is not None:
                inside &= values < side.high
        return inside


def interval(dimension: Dimension, low: float, high: float) -> Rectangle:
    """Return the gate low <= x < high."""
    return Rectangle((Range(dimension, low, high),))


def threshold(dimension: Dimension, at_least: float | None = None, below: float | None = None) -> Rectangle:
    """Return the gate x >= at_least ("positive") or x < below ("negative"); exactly one is given."""
    if (at_least is None) == (below is None):
        raise GateError("a threshold has one of at_least and below; with both it is an interval.")
    return Rectangle((Range(dimension, at_least, below),))


@dataclass(frozen=True)
class Polygon:
    """Events inside a closed line by the even-odd rule, or on it.

    Parameters
    ----------
    x, y : the axes
    vertices : 3 corners or more in order, on the axes' scales; the last is joined to the first
    """

    x: Dimension
    y: Dimension
    vertices: Corners

    def __post_init__(self) -> None:
        _check_axes([self.x, self.y], "a polygon", least=2)
        if not 3 <= len(self.vertices) <= MOST_CORNERS:
            raise GateError(f"a polygon has {len(self.vertices)} corners; it needs 3 to {MOST_CORNERS:,}.")
        if not np.isfinite(np.array(self.vertices, dtype=np.float64)).all():
            raise GateError("a polygon has a corner that is no finite number on its scale.")

    def mask(self, events: Events) -> BoolArray:
        """Return (n,) which events lie inside or on the line."""
        return in_polygon(events.column(self.x), events.column(self.y), np.array(self.vertices))


@dataclass(frozen=True)
class Ellipsoid:
    """Events within a Mahalanobis distance: (x - mean)' inverse(covariance) (x - mean) <= distance_square.

    Parameters
    ----------
    dimensions : the axes, 2 or more (1 is an interval)
    mean : centre
    covariance : rows of a symmetric positive definite matrix
    distance_square : at least 0
    """

    dimensions: tuple[Dimension, ...]
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    distance_square: float

    def __post_init__(self) -> None:
        n = len(self.dimensions)
        _check_axes(self.dimensions, "an ellipse", least=2)
        sizes = {len(self.mean), len(self.covariance), *(len(row) for row in self.covariance)}
        if sizes != {n}:
            raise GateError(f"an ellipse of {n} axes needs {n} means and {n} x {n} covariances.")
        numbers = [*self.mean, self.distance_square, *(value for row in self.covariance for value in row)]
        if not (np.isfinite(numbers).all() and self.distance_square >= 0):
            raise GateError("an ellipse has a number that is not finite, or a negative squared distance.")
        matrix = np.array(self.covariance)
        with np.errstate(all="ignore"):
            symmetric = np.allclose(matrix, matrix.T, rtol=1e-9, atol=0)
            if not (symmetric and np.linalg.eigvalsh(matrix).min() > 0 and np.linalg.cond(matrix) < 1e12):
                raise GateError("the covariance of an ellipse is no symmetric positive definite matrix.")

    def mask(self, events: Events) -> BoolArray:
        """Return (n,) which events lie inside or on the line."""
        root = np.linalg.inv(np.linalg.cholesky(np.array(self.covariance)))
        offsets = [events.column(d) - centre for d, centre in zip(self.dimensions, self.mean, strict=True)]
        distance = np.zeros(len(events))
        with np.errstate(over="ignore", invalid="ignore"):  # infinite events: NaN or infinity, outside
            for row in root:
                along: FloatArray = sum(
                    (weight * offset for weight, offset in zip(row, offsets, strict=True) if weight != 0.0),
                    np.zeros(len(events)),
                )
                distance += along * along
        return distance <= self.distance_square


@dataclass(frozen=True)
class Divider:
    """Cuts through one axis: k values make k + 1 sections, each with its lower bound, without its upper."""

    dimension: Dimension
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.values, self.values[1:], strict=False))
        if not (self.values and rising and np.isfinite(self.values).all()):
            raise GateError(
                f"channel {shown(self.dimension.channel)}: a divider needs rising numbers, found "
                f"{listed([str(value) for value in self.values])}."
            )

    def section(self, position: int) -> Range:
        """Return the section of this position, from 0 for what lies below every value."""
        edges = (None, *self.values, None)
        return Range(self.dimension, edges[position], edges[position + 1])


@dataclass(frozen=True)
class Quadrant:
    """A named region between dividers.

    Parameters
    ----------
    name : of the population
    sections : per divider the position of the section (0 = below its first value), None = any
    """

    name: str
    sections: tuple[int | None, ...]


@dataclass(frozen=True)
class Quadrants:
    """Dividers and the regions they make: each region is a population of its own, the gate itself is none."""

    dividers: tuple[Divider, ...]
    quadrants: tuple[Quadrant, ...]

    def __post_init__(self) -> None:
        _check_axes([divider.dimension for divider in self.dividers], "a quadrant gate", least=1)
        if not self.quadrants:
            raise GateError("a quadrant gate names no quadrant.")
        for quadrant in self.quadrants:
            if len(quadrant.sections) != len(self.dividers) or set(quadrant.sections) == {None}:
                raise GateError(
                    f"quadrant {shown(quadrant.name)} needs a section for at least one of its dividers."
                )
            for divider, section in zip(self.dividers, quadrant.sections, strict=True):
                if section is not None and not 0 <= section <= len(divider.values):
                    raise GateError(
                        f"quadrant {shown(quadrant.name)}: section {section} of "
                        f"{shown(divider.dimension.channel)}, which has 0 to {len(divider.values)}."
                    )

    def region(self, name: str) -> Rectangle:
        """Return the quadrant of this name as a rectangle."""
        quadrant = next(each for each in self.quadrants if each.name == name)
        pairs = zip(self.dividers, quadrant.sections, strict=True)
        return Rectangle(tuple(divider.section(at) for divider, at in pairs if at is not None))


@dataclass(frozen=True)
class Reference:
    """A population that a boolean gate looks at; `complement` = the events outside it."""

    name: str
    complement: bool = False


@dataclass(frozen=True)
class Boolean:
    """Events of several populations by and, or, not.

    A population's events are those that lie inside all its ancestors too.

    Parameters
    ----------
    operation : "and", "or", "not"
    operands : 2 or more references; exactly 1 for "not"
    """

    operation: Operation
    operands: tuple[Reference, ...]

    def __post_init__(self) -> None:
        if self.operation not in {"and", "or", "not"}:
            raise GateError(f"a boolean gate says {shown(str(self.operation))}; it is one of and, or, not.")
        if (len(self.operands) == 1) != (self.operation == "not") or not self.operands:
            needed = "exactly 1 population" if self.operation == "not" else "2 populations or more"
            raise GateError(f"a boolean gate ({self.operation}) needs {needed}, found {len(self.operands)}.")

    def combine(self, masks: Sequence[BoolArray]) -> BoolArray:
        """Return (n,) the combination of the operands' masks, in the order of `operands`."""
        pairs = zip(masks, self.operands, strict=True)
        turned = [~mask if operand.complement else mask for mask, operand in pairs]
        if self.operation == "not":
            return ~turned[0]
        join = np.logical_and if self.operation == "and" else np.logical_or
        result: BoolArray = join.reduce(turned)
        return result


Shape = Rectangle | Polygon | Ellipsoid
Gate = Shape | Quadrants | Boolean


def mask(gate: Shape, events: FloatArray, channels: Sequence[str]) -> BoolArray:
    """Return (n,) which of the events lie in a gate, for events that are compensated as the gate expects.

    Parameters
    ----------
    events : (n, len(channels)) linear signal
    channels : name of every column

    Raises
    ------
    GateError : a channel of the gate is not there
    """
    return gate.mask(Events(events, channels))


def _check_axes(dimensions: Sequence[Dimension], what: str, *, least: int) -> None:
    if not least <= len(dimensions) <= MOST_AXES:
        raise GateError(f"{what} of {len(dimensions)} axes; it needs {least} to {MOST_AXES}.")
