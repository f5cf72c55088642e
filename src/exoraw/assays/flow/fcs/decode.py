"""From stored values to events on the linear scale, with a tally of every column on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.fcs.parameters import Parameter
from exoraw.assays.flow.fcs.stored import Stored, Values

_LANE = 64  # rows reduced together: one long row is what numpy's minimum and maximum are fast on


@dataclass
class Tally:
    """What was seen in one column of stored values.

    Parameters
    ----------
    low, high : smallest and largest stored value; NaN where any is NaN
    masked : values that had bits above the range
    above : values above the range (never changed)
    not_finite : linear values that are NaN or infinite
    """

    low: float = float("inf")
    high: float = float("-inf")
    masked: int = 0
    above: int = 0
    not_finite: int = 0

    def widen(self, low: float, high: float) -> None:
        """Take the extremes of another block in; NaN stays."""
        self.low = float(np.minimum(self.low, low))
        self.high = float(np.maximum(self.high, high))


def linear_events(stored: Stored, wanted: Sequence[Parameter]) -> tuple[FloatArray, tuple[Tally, ...]]:
    """Events on the linear scale.

    Parameters
    ----------
    stored : the dataset
    wanted : the channels, in the order of the columns to make

    Returns
    -------
    events : (events, channels), read-only. Decimal files without any scale give a view of the file where
        its byte order is the machine's, else one copy; everything else is float64
    tallies : one per column

    Raises
    ------
    FormatError : digits that are no numbers ($DATATYPE A)
    """
    with np.errstate(invalid="ignore", over="ignore"):
        uniform = stored.uniform
        if uniform is not None and uniform.dtype.kind == "f" and all(p.is_linear for p in wanted):
            events, tallies = _decimal(stored, uniform, wanted)
        else:
            events, tallies = _converted(stored, wanted)
    events.setflags(write=False)
    return events, tallies


def _decimal(
    stored: Stored, whole: Values, wanted: Sequence[Parameter]
) -> tuple[FloatArray, tuple[Tally, ...]]:
    """Decimal numbers that need no scale: no more than one copy."""
    every = tuple(wanted) == stored.parameters
    in_place = every and whole.dtype.isnative and whole.flags.aligned
    native = whole.dtype.newbyteorder("=")
    columns = [parameter.number - 1 for parameter in wanted]
    events: FloatArray = (
        whole if in_place else np.empty((stored.count, len(columns)), native, order="C" if every else "F")
    )
    lows = np.full(len(columns), np.inf)
    highs = np.full(len(columns), -np.inf)
    for rows in stored.blocks():
        block = events[rows]
        if every and not in_place:
            block[...] = whole[rows]
        elif not every:
            for place, column in enumerate(columns):
                block[:, place] = whole[rows, column]
        low, high = _extremes(block) if every else (block.min(axis=0), block.max(axis=0))
        np.minimum(lows, low, out=lows)
        np.maximum(highs, high, out=highs)
    tallies = [
        _decimal_tally(events[:, place], parameter, float(lows[place]), float(highs[place]))
        for place, parameter in enumerate(wanted)
    ]
    return events, tuple(tallies)


def _extremes(block: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Minimum and maximum of every column of a row-major block."""
    columns = block.shape[1]
    long = len(block) // _LANE * _LANE
    parts = [block[long:]] if long < len(block) else []
    if long:
        lanes = block[:long].reshape(-1, _LANE * columns)
        parts += [lanes.min(axis=0).reshape(-1, columns), lanes.max(axis=0).reshape(-1, columns)]
    low = np.min([part.min(axis=0) for part in parts], axis=0)
    high = np.max([part.max(axis=0) for part in parts], axis=0)
    return low, high


def _decimal_tally(values: FloatArray, parameter: Parameter, low: float, high: float) -> Tally:
    tally = Tally(low, high)
    if not np.isfinite(low) or not np.isfinite(high):
        tally.not_finite = int(np.count_nonzero(~np.isfinite(values)))
    top = parameter.range
    if top is not None and not parameter.is_time and not high <= top:
        tally.above = int(np.count_nonzero(values > top))
    return tally


def _converted(stored: Stored, wanted: Sequence[Parameter]) -> tuple[FloatArray, tuple[Tally, ...]]:
    """Integers, digits, mixed types, log scales and gains: column by column, block by block."""
    narrow = all(p.datatype == "F" and p.is_linear for p in wanted)
    kind = np.float32 if narrow else np.float64
    events: FloatArray = np.empty((stored.count, len(wanted)), kind, order="F")
    tallies = tuple(Tally() for _ in wanted)
    for rows in stored.blocks():
        for place, parameter in enumerate(wanted):
            values = _masked(stored.block(parameter, rows), parameter, tallies[place])
            linear = values if parameter.is_linear else parameter.linear(values)
            if linear.dtype.kind == "f":
                _count_not_finite(linear, tallies[place])
            events[rows, place] = linear
    return events, tallies


def _masked(values: Values, parameter: Parameter, tally: Tally) -> Values:
    """Values without the bits above the range; what was dropped and what is above is counted."""
    if not len(values):
        return values
    high = values.max()
    mask = parameter.mask
    if mask is not None and values.dtype.kind == "u" and int(high) > mask:
        kept = values & values.dtype.type(mask)
        tally.masked += int(np.count_nonzero(kept != values))
        values, high = kept, kept.max()
    tally.widen(float(values.min()), float(high))
    top = parameter.range
    if top is not None and not parameter.is_time:
        limit = top - 1.0 if parameter.datatype == "I" else top
        if high > limit:
            tally.above += int(np.count_nonzero(values > limit))
    return values


def _count_not_finite(linear: FloatArray, tally: Tally) -> None:
    if not np.isfinite(linear.min(initial=0.0)) or not np.isfinite(linear.max(initial=0.0)):
        tally.not_finite += int(np.count_nonzero(~np.isfinite(linear)))
