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
    high : largest stored value, NaN where any is NaN; decimal channels: only where it may lie above the range
    masked : values that had bits above the range
    above : values above the range (never changed)
    not_finite : linear values that are NaN or infinite
    backward : times the clock runs backwards (time channel only)
    """

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
    extremes = _Extremes(wanted, native)
    for rows in stored.blocks():
        block = events[rows]
        if every and not in_place:
            block[...] = whole[rows]
        elif not every:
            for place, column in enumerate(columns):
                block[:, place] = whole[rows, column]
        if not in_place:
            _forget(raw, stored, rows)
        extremes.take(block)
        for place, parameter in enumerate(wanted):
            if parameter.is_time:
                tallies[place].follow_clock(block[:, place])
    if not in_place:
        _forget_all(raw, stored)
    for place, (parameter, high) in enumerate(zip(wanted, extremes.highs(), strict=True)):
        _finish(tallies[place], events[:, place], parameter, extremes.low, float(high))
    return events, tallies


class _Extremes:
    """Running extremes over blocks of rows: of all values, and per column where that is worth knowing.

    The maximum of a whole block costs a third of the maxima of its columns, and where it lies below the
    smallest range, no column can have a value above its own.
    """

    def __init__(self, wanted: Sequence[Parameter], dtype: np.dtype[Any]) -> None:
        tops = [p.range for p in wanted if p.range is not None and not p.is_time]
        self._roof = min([*tops, float(np.finfo(dtype).max)])
        self._columns = len(wanted)
        self._highs = np.full(_LANES * len(wanted), -np.inf, dtype)
        self._spare = np.empty_like(self._highs)
        self.low = np.inf  # of all columns; NaN where any value is

    def take(self, block: FloatArray) -> None:
        """Take the rows of a block in."""
        self.low = float(np.minimum(self.low, block.min()))
        if block.max() <= self._roof:
            return
        long = len(block) // _LANES * _LANES if block.flags.c_contiguous else 0
        if long:
            lanes = block[:long].reshape(-1, _LANES * self._columns)
            np.maximum(self._highs, np.maximum.reduce(lanes, axis=0, out=self._spare), out=self._highs)
        if long < len(block):
            highs = self._highs[: self._columns]
            np.maximum(highs, block[long:].max(axis=0), out=highs)

    def highs(self) -> FloatArray:
        """Largest value of every column in the blocks that had to be looked into; NaN where any is NaN."""
        return np.asarray(self._highs.reshape(_LANES, self._columns).max(axis=0))


def _finish(tally: Tally, values: FloatArray, parameter: Parameter, low: float, high: float) -> None:
    """Complete the tally of a column; it is searched only where the extremes are odd."""
    tally.high = high
    if len(values) and not (np.isfinite(low) and high < np.inf):
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
    _forget_all(raw, stored)
    return events, tallies


def _forget(raw: RawBytes, stored: Stored, rows: slice) -> None:
    """Let the pages of decoded rows go, so that a large file is never in memory twice."""
    bits = stored.packing.event_bits
    raw.forget(stored.start + rows.start * bits // 8, (rows.stop - rows.start) * bits // 8)


def _forget_all(raw: RawBytes, stored: Stored) -> None:
    """Let go what came back: the system maps more around a page that is read, also pages that were let go."""
    _forget(raw, stored, slice(0, stored.count))


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
    tally.high = max(tally.high, float(high))
    top = parameter.range
    if top is not None and not parameter.is_time:
        limit = top - 1.0 if parameter.datatype == "I" else top
        if high > limit:
            tally.above += int(np.count_nonzero(values > limit))
    return values


def _count_not_finite(linear: FloatArray, tally: Tally) -> None:
    if not np.isfinite(linear.min(initial=0.0)) or not np.isfinite(linear.max(initial=0.0)):
        tally.not_finite += int(np.count_nonzero(~np.isfinite(linear)))
