"""The events under a gate: columns by name, compensated and scaled as the gate's dimension asks."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.compensation import compensate
from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.scales import Scale
from exoraw.assays.flow.spillover import Spillover, SpilloverError
from exoraw.study.words import did_you_mean, listed, shown

KEPT_BYTES = 128 << 20  # of scaled columns: all of a tube of 100,000 events, three of one of 5 million
IndexArray = npt.NDArray[np.intp]
AS_GIVEN = ""  # the events as the caller hands them over
UNCOMPENSATED = "uncompensated"  # GatingML's words
FROM_FILE = "FCS"  # by the file's own $SPILLOVER
NO_MATRIX: Final = "no matrix"  # said of a file that holds none: "FCS" then means as stored (GatingML)
FileMatrix = Spillover | Literal["no matrix"]


@dataclass(frozen=True)
class Dimension:
    """One axis of a gate.

    Parameters
    ----------
    channel : $PnN of the detector
    scale : on which the gate's numbers stand; None = the linear signal
    compensation : "" (as given), "uncompensated", "FCS" (the file's matrix) or the name of a matrix
    """

    channel: str
    scale: Scale | None = None
    compensation: str = AS_GIVEN


class Events:
    """The events of one tube, as gates look at them. Columns that two gates share are made once.

    Parameters
    ----------
    values : (n, len(channels)) linear signal
    channels : name of every column
    matrices : the matrices that dimensions may name
    from_file : the file's own matrix, or NO_MATRIX, for dimensions that say "FCS"

    Raises
    ------
    GateError : values and names do not fit, or a name stands twice
    """

    def __init__(
        self,
        values: FloatArray,
        channels: Sequence[str],
        *,
        matrices: Mapping[str, Spillover] | None = None,
        from_file: FileMatrix | None = None,
    ) -> None:
        self.values = np.asarray(values)
        self.channels = tuple(channels)
        if self.values.ndim != 2 or self.values.shape[1] != len(self.channels):
            raise GateError(
                f"gates: events of shape {self.values.shape} but {len(self.channels)} channel names; one "
                "name per column is needed."
            )
        twice = sorted({name for name in self.channels if self.channels.count(name) > 1})
        if twice:
            raise GateError(f"gates: several columns are called {listed(twice)}; make the names unique.")
        self._matrices = dict(matrices or {})
        self._from_file = from_file
        self._rows: IndexArray | None = None
        self._compensated: dict[str, FloatArray] = {}
        self._scaled: dict[tuple[object, Dimension], FloatArray] = {}
        self._view = object()

    def __len__(self) -> int:
        return int(self.values.shape[0]) if self._rows is None else len(self._rows)

    def within(self, rows: IndexArray) -> Events:
        """Return a view of some of the events, by row of `values`; what was made is shared."""
        view = copy.copy(self)
        view._rows, view._view = rows, object()
        return view

    def of(self, mask: BoolArray) -> BoolArray:
        """The part of a mask over all events that belongs to this view."""
        return mask if self._rows is None else mask[self._rows]

    def spread(self, mask: BoolArray) -> BoolArray:
        """A mask over this view as one over all events; False outside the view."""
        if self._rows is None:
            return mask
        every = np.zeros(self.values.shape[0], dtype=bool)
        every[self._rows] = mask
        return every

    def column(self, dimension: Dimension) -> FloatArray:
        """(n,) float64: the dimension's channel, compensated and on its scale.

        Raises
        ------
        GateError : no such channel or matrix, with the nearest name; a matrix that does not fit the channels
        """
        if dimension.channel not in self.channels:
            raise GateError(
                f"channel {shown(dimension.channel)} is not among the events' channels "
                f"({listed(self.channels, 30)}).{did_you_mean(dimension.channel, self.channels)}"
            )
        key = (self._view, dimension)
        if key not in self._scaled:
            linear = self._table(dimension)[:, self.channels.index(dimension.channel)]
            linear = linear if self._rows is None else linear[self._rows]
            if dimension.scale is None:  # float64: a bound must not be rounded to the events' float32
                return linear.astype(np.float64, copy=False)
            self._scaled[key] = dimension.scale.forward(linear)
            self._forget()
        return self._scaled[key]

    def _forget(self) -> None:
        """Let the columns go that were made first, once they take too much; the two newest stay."""
        while len(self._scaled) > 2 and sum(each.nbytes for each in self._scaled.values()) > KEPT_BYTES:
            del self._scaled[next(iter(self._scaled))]

    def _table(self, dimension: Dimension) -> FloatArray:
        name = dimension.compensation
        if name in {AS_GIVEN, UNCOMPENSATED} or (name == FROM_FILE and self._from_file == NO_MATRIX):
            return self.values
        if name not in self._compensated:
            try:
                self._compensated[name] = compensate(self.values, self.channels, self._matrix(name))
            except SpilloverError as error:
                raise GateError(str(error)) from error
        return self._compensated[name]

    def _matrix(self, name: str) -> Spillover:
        if name == FROM_FILE:
            if not isinstance(self._from_file, Spillover):
                raise GateError(
                    'a gate asks for the file\'s own compensation ("FCS"), but no matrix was handed over. '
                    "Give the file's matrix, or say that it has none (NO_MATRIX): the gate then sees the "
                    "signal as it was stored."
                )
            return self._from_file
        if name not in self._matrices:
            raise GateError(
                f"no spillover matrix is called {shown(name)} ({listed(self._matrices)})."
                f"{did_you_mean(name, self._matrices)}"
            )
        return self._matrices[name]
