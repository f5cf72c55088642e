"""What is known of a row of bands: where it runs across the image, and where its lanes begin and end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exoraw.assays.blot.lanes.arrays import FloatArray

Point = tuple[float, float]
PointPair = tuple[Point, Point]


@dataclass(frozen=True)
class Trace:
    """The line that a row of bands follows through the image, with its smile and tilt.

    Parameters
    ----------
    y : (columns,) height of the row's centre in every column of the image, pixels
    sigma : half height of its bands, as the standard deviation of a Gaussian, pixels
    """

    y: FloatArray
    sigma: float

    def at(self, x: float) -> float:
        """Return the row's height at a column; beyond the image the height at its border."""
        return float(np.interp(x, np.arange(len(self.y)), self.y))


@dataclass(frozen=True)
class Lane:
    """One lane of a row: its number (1 = first) and its borders in columns of the image, x0 <= x < x1."""

    number: int
    x0: int
    x1: int

    @property
    def centre(self) -> float:
        """Middle of the lane, pixels."""
        return (self.x0 + self.x1 - 1) / 2

    @property
    def width(self) -> int:
        """Columns of the lane."""
        return self.x1 - self.x0


@dataclass(frozen=True)
class Row:
    """A row of bands with its lanes.

    Parameters
    ----------
    trace : where it runs
    lanes : in the order of their numbers; from right to left where the first point lies right of the last
    score : 0 to 1, how well the lanes explain what is seen; 1.0 where points were given
    doubts : reasons why another reading of the same picture is about as good; () where there is none
    strength : signal of the row's usual band relative to that of the strongest row that was found
    between_bands : whether its borders lie between bands; lanes squeezed onto a few bands have theirs on them
    others : lines of the image's other rows, whose bands are no background of this one
    """

    trace: Trace
    lanes: tuple[Lane, ...]
    score: float
    doubts: tuple[str, ...] = ()
    strength: float = 1.0
    between_bands: bool = True
    others: tuple[Trace, ...] = ()

    @property
    def x0(self) -> int:
        """First column of the row's lanes."""
        return min(lane.x0 for lane in self.lanes)

    @property
    def x1(self) -> int:
        """Column after the last of the row's lanes."""
        return max(lane.x1 for lane in self.lanes)

    @property
    def ends(self) -> PointPair:
        """First and last band, as two points that a person could have clicked."""
        first, last = self.lanes[0].centre, self.lanes[-1].centre
        return (first, self.trace.at(first)), (last, self.trace.at(last))

    @property
    def pitch(self) -> float:
        """Distance of one lane to the next, pixels; the width where there is one lane."""
        if len(self.lanes) < 2:
            return float(self.lanes[0].width)
        return abs(self.lanes[-1].centre - self.lanes[0].centre) / (len(self.lanes) - 1)
