"""What an FCS file becomes in Python: events on the linear scale, with all that explains them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.fcs.parameters import Parameter
from exoraw.assays.flow.fcs.stored import Stored
from exoraw.assays.flow.spillover import Spillover
from exoraw.io.errors import FormatError


@dataclass(frozen=True, eq=False)
class FcsData:
    """One dataset of an FCS file. All arrays are read-only; take `.copy()` to change one.

    Parameters
    ----------
    path, dataset : file, and position of the dataset in it (from 0)
    version : of the standard, "3.1"
    channels : $PnN of the columns, made unique; "P7" where the file has no name
    markers : $PnS of the columns, "" where the file has none
    keywords : every keyword of the file, standard ones ($...) in capitals
    parameters : the columns as the file describes them: type, bits, range, log scale, gain
    events : (events, channels) on the linear scale, uncompensated, never clipped; float32 where the
        file stores float32 that needs no conversion, else float64. The Time channel keeps the
        instrument's ticks; see `time_seconds`
    spillover : the file's matrix, or None where it has none, the identity, or an unusable one
    findings : every remark, from harmless to fatal; the sample is the caller's to add
    """

    path: Path
    dataset: int
    version: str
    channels: tuple[str, ...]
    markers: tuple[str, ...]
    keywords: Mapping[str, str] = field(repr=False)
    parameters: tuple[Parameter, ...] = field(repr=False)
    events: FloatArray = field(repr=False)
    spillover: Spillover | None = field(repr=False)
    findings: tuple[Finding, ...] = field(repr=False)
    timestep: float | None
    _stored: Stored = field(repr=False)
    _time: Parameter | None = field(repr=False)

    def __len__(self) -> int:
        return int(self.events.shape[0])

    @cached_property
    def raw(self) -> npt.NDArray[Any]:
        """(events, channels) values as stored, after byte order and bit mask, before any scale."""
        return self._stored.table(self.parameters)

    @property
    def time_seconds(self) -> npt.NDArray[np.float64] | None:
        """(events,) seconds since the start of acquisition, or None where the file does not tell.

        Time x $TIMESTEP; the gain of the time channel is never applied.
        """
        ticks = self.time_ticks
        if ticks is None or self.timestep is None:
            return None
        with np.errstate(invalid="ignore", over="ignore"):  # damaged files; `not_finite` tells of it
            seconds = ticks * self.timestep
        seconds.setflags(write=False)
        return seconds

    @property
    def time_ticks(self) -> npt.NDArray[np.float64] | None:
        """(events,) the Time channel in the instrument's own ticks, None where the file has none."""
        if self._time is None:
            return None
        with np.errstate(invalid="ignore", over="ignore"):  # damaged files; `not_finite` tells of it
            if self._time in self.parameters:
                held = self.events[:, self.parameters.index(self._time)]
            else:
                held = self._stored.column(self._time)
            ticks: npt.NDArray[np.float64] = held.astype(np.float64)
        return ticks

    @property
    def ranges(self) -> tuple[float | None, ...]:
        """Top of every channel on the linear scale of `events`, None where the file has no range."""
        return tuple(parameter.linear_top for parameter in self.parameters)

    def column(self, name: str) -> FloatArray:
        """(events,) linear values of the channel with this $PnN or $PnS name.

        Exact names win over names in other capitals. Raises FormatError where there is none or more
        than one.
        """
        return self.events[:, self.index(name)]

    def index(self, name: str) -> int:
        """Column of the channel with this $PnN or $PnS name; errors as in `column`."""
        return find_channel(self.path, name, self.channels, self.markers)

    def saturated(self) -> dict[str, int]:
        """Events at or above the top of the range, per channel with a known range (time excepted)."""
        top: dict[str, int] = {}
        for position, parameter in enumerate(self.parameters):
            ceiling = parameter.linear_ceiling
            if ceiling is not None and not parameter.is_time:
                top[self.channels[position]] = int(np.count_nonzero(self.events[:, position] >= ceiling))
        return top

    def at_floor(self) -> dict[str, int]:
        """Events at the lowest value an integer channel can store (0), per integer channel."""
        return {
            self.channels[position]: int(np.count_nonzero(self.events[:, position] <= parameter.linear_floor))
            for position, parameter in enumerate(self.parameters)
            if parameter.linear_floor is not None and not parameter.is_time
        }


def find_channel(path: Path, name: str, channels: tuple[str, ...], markers: tuple[str, ...]) -> int:
    """Position of the channel that is called `name`, by $PnN first, then $PnS, exact case first.

    Raises
    ------
    FormatError : no channel of that name, or several
    """
    for names in (channels, markers):
        for same in (str, str.casefold):
            found = [i for i, known in enumerate(names) if known and same(known) == same(name)]
            if len(found) == 1:
                return found[0]
            if found:
                several = ", ".join(channels[i] for i in found)
                advice = "Use the channel name instead of the marker."
                raise FormatError(path, None, f"one channel named {name!r}", several, advice)
    known_names = [known for known in (*channels, *markers) if known]
    near = difflib.get_close_matches(name, known_names, n=1)
    advice = f"Did you mean {near[0]!r}?" if near else ""
    raise FormatError(path, None, f"a channel named {name!r}", f"only {', '.join(channels)}", advice)
