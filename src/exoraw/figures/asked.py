"""What a figure of compared groups is asked for: groups, what tests say of them, axis and style."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exoraw.figures.look import Column
from exoraw.figures.spread import ErrorBar

FloatArray = NDArray[np.float64]
Kind = Literal["bar", "box", "points"]


@dataclass(frozen=True, eq=False)
class GroupValues:
    """One group on the axis.

    Parameters
    ----------
    label : its name below the axis; groups of one label and different `second_level` stand side by side
    values : (n,) one per unit of replication (technical replicates averaged before), in the axis' unit; NaN
        where a unit has no value
    excluded : (m,) values of excluded units: drawn hollow, outside mean, error bar and n
    second_level : level of a second factor, named in a legend; "" where there is one factor only
    """

    label: str
    values: ArrayLike
    excluded: ArrayLike = ()
    second_level: str = ""

    @property
    def kept(self) -> FloatArray:
        """Return the values as a flat array."""
        return np.asarray(self.values, dtype=np.float64).ravel()

    @property
    def left_out(self) -> FloatArray:
        """Return the excluded values as a flat array."""
        return np.asarray(self.excluded, dtype=np.float64).ravel()


@dataclass(frozen=True)
class Bracket:
    """What a test says of two groups, by their places in the list of groups.

    `left` equal to `right` stands for a comparison with a reference group: the text is written over that
    group without a bracket (# or * by the family of symbols). An empty text draws nothing.
    """

    left: int
    right: int
    text: str


@dataclass(frozen=True)
class Axis:
    """The value axis.

    Parameters
    ----------
    label : what was measured; unit : behind it in brackets
    from_zero : the axis includes 0. Bars are drawn only then, as a bar's length is its message; elsewhere
        the mean is a line
    log : logarithmic; means are then geometric and values at or below 0 are not drawn, and both are said
    """

    label: str
    unit: str = ""
    from_zero: bool = True
    log: bool = False


@dataclass(frozen=True)
class GroupStyle:
    """How compared groups are drawn.

    Parameters
    ----------
    kind : "bar" and "points" show the mean, "box" median and quartiles
    error : SD of the units, or SEM
    column : narrowest width of the page: 85, 114 or 174 mm; a wider one is taken where the groups need it
    replicate : what one point is ("animal", "culture"), for the line below the figure
    notes : further lines below the figure: what the stars mean, the test, the adjustment
    """

    kind: Kind = "bar"
    error: ErrorBar = "SD"
    column: Column = "single"
    replicate: str = ""
    notes: Sequence[str] = ()
