"""From stored values to events on the linear scale, with a tally of every column on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.fcs.parameters import Parameter
from exoraw.assays.flow.fcs.stored import Stored, Values
from exoraw.io.guard import RawBytes

_LANES = 256  # rows laid side by side for minimum and maximum


@dataclass
class Tally:
    """What was seen in one column of stored values.

    Parameters
    ----------
    low, high : smallest and largest stored value; NaN where any is NaN
    masked : values that had bits above the range
    above : values above the range (never changed)
    not_finite : linear values that are NaN or infinite
    backward : times the clock runs backwards (time channel only)
    """

    low: float = float("inf")
    high: float = float("-inf")
    masked: int = 0
    above: int = 0
    not_finite: int = 0
    backward: int = 0
    _last: float = float("-inf")

    def follow_clock(self, ticks: Values) -> None:
        """Count where the time of the next rows runs backwards."""
        ticks = np.ascontiguousarray(ticks)
        self.backward += int(ticks[0] < self._last) + int(np.count_nonzero(ticks[1:] < ticks[:-1]))
        self._last = float(ticks[-1])

    def widen(self, low: float, high: float) -> None:
        """Take the extremes of another block in; NaN stays."""
        self.low = float(np.minimum(self.low, low))
        self.high = float(np.maximum(self.high, high))


def linear_events(
    raw: RawBytes, stored: Stored, wanted: Sequence[Parameter]
) -> tuple[FloatArray, tuple[Tally, ...]]:
    """Events on the linear scale.

    Parameters
    ----------
    raw : the file
    stored : the dataset in it
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
            events, tallies = _decimal(raw, stored, uniform, wanted)
        else:
            events, tallies = _converted(raw, stored, wanted)
    events.setflags(write=False)
    return events, tallies


def _decimal(
    raw: RawBytes, stored: Stored, whole: Values, wanted: Sequence[Parameter]
) -> tuple[FloatArray, tuple[Tally, ...]]:
    """Decimal numbers that need no scale: no more than one copy."""
    every = tuple(wanted) == stored.parameters
    in_place = every and whole.dtype.isnative and whole.flags.aligned
    native = whole.dtype.newbyteorder("=")
    columns = [parameter.number - 1 for parameter in wanted]
    events: FloatArray = (
        whole if in_place else np.empty((stored.count, len(columns)), native, order="C" if every else "F")
    )
    tallies = tuple(Tally() for _ in wanted)
    extremes = _Extremes(len(columns), native)
    for rows in stored.blocks():
        block = events[rows]
        if every and not in_place:
            _copy_block(raw, stored, rows, whole, block)
        elif not every:
            for place, column in enumerate(columns):
                block[:, place] = whole[rows, column]
            _forget(raw, stored, rows)
        extremes.take(block)
        for place, parameter in enumerate(wanted):
            if parameter.is_time:
                tallies[place].follow_clock(block[:, place])
    lows, highs = extremes.per_column()
    for place, parameter in enumerate(wanted):
        _finish(tallies[place], events[:, place], parameter, float(lows[place]), float(highs[place]))
    return events, tallies


class _Extremes:
    """Running minimum and maximum of every column, over blocks of rows.

    Many rows are laid side by side into one long row: numpy is several times faster on those.
    """

    def __init__(self, columns: int, dtype: np.dtype[Any]) -> None:
        self._columns = columns
        self._low = np.full(_LANES * columns, np.inf, dtype)
        self._high = np.full(_LANES * columns, -np.inf, dtype)
        self._spare = np.empty_like(self._low)

    def take(self, block: FloatArray) -> None:
        """Take the rows of a block in."""
        long = len(block) // _LANES * _LANES if block.flags.c_contiguous else 0
        if long:
            lanes = block[:long].reshape(-1, _LANES * self._columns)
            np.minimum(self._low, np.minimum.reduce(lanes, axis=0, out=self._spare), out=self._low)
            np.maximum(self._high, np.maximum.reduce(lanes, axis=0, out=self._spare), out=self._high)
        if long < len(block):
            low, high = self._low[: self._columns], self._high[: self._columns]
            np.minimum(low, block[long:].min(axis=0), out=low)
            np.maximum(high, block[long:].max(axis=0), out=high)

    def per_column(self) -> tuple[FloatArray, FloatArray]:
        """Smallest and largest value of every column; NaN where any is NaN."""
        shape = (_LANES, self._columns)
        return self._low.reshape(shape).min(axis=0), self._high.reshape(shape).max(axis=0)


def _finish(tally: Tally, values: FloatArray, parameter: Parameter, low: float, high: float) -> None:
    """Complete the tally of a column from its extremes; the column is searched only where they are odd."""
    tally.widen(low, high)
    if len(values) and not (np.isfinite(low) and np.isfinite(high)):
        tally.not_finite = int(np.count_nonzero(~np.isfinite(values)))
    top = parameter.range
    if top is not None and not parameter.is_time and not high <= top:
        tally.above = int(np.count_nonzero(values > top))


def _converted(
    raw: RawBytes, stored: Stored, wanted: Sequence[Parameter]
) -> tuple[FloatArray, tuple[Tally, ...]]:
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
            if parameter.is_time:
                tallies[place].follow_clock(values)
            events[rows, place] = linear
        _forget(raw, stored, rows)
    return events, tallies


def _copy_block(raw: RawBytes, stored: Stored, rows: slice, whole: Values, block: FloatArray) -> None:
    """Rows into their place, the cheaper way: swapped from the mapping, or straight from the file."""
    if whole.dtype.isnative:
        raw.read_into(stored.start + rows.start * stored.packing.event_bits // 8, block.view(np.uint8))
    else:
        block[...] = whole[rows]
        _forget(raw, stored, rows)


def _forget(raw: RawBytes, stored: Stored, rows: slice) -> None:
    """Let the pages of decoded rows go, so that a large file is never in memory twice."""
    bits = stored.packing.event_bits
    raw.forget(stored.start + rows.start * bits // 8, (rows.stop - rows.start) * bits // 8)


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
