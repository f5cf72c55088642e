"""The channels as an FCS file describes them: name, type, width, range, log scale, gain."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from exoraw.assays.contract import Finding
from exoraw.assays.flow.fcs.findings import listed, remark
from exoraw.assays.flow.fcs.text import Text, parse_real

DataType = Literal["I", "F", "D", "A"]
TYPE_BITS = {"F": 32, "D": 64}
MAX_INTEGER_BITS = 64
MAX_ASCII_WIDTH = 40  # characters of one number
MAX_DECADES = 20.0  # more is no amplifier: real ones have 3 to 8
TIME_NAMES = ("TIME", "HDR-T")  # HDR-T: MACSQuant


@dataclass(frozen=True)
class Parameter:
    """One channel.

    Parameters
    ----------
    number : n of $PnN, from 1
    name : $PnN made unique, as in `FcsData.channels`
    label, marker : $PnN and $PnS as written
    datatype : I integer, F float32, D float64, A digits as text
    bits : declared width; characters for A (0 = delimited)
    range : $PnR, the number of distinguishable values (I, A) or the largest value (F, D); None unknown
    decades, lowest : of a log amplifier, 0.0 where linear: linear value = lowest * 10^(decades * x / range)
    gain : linear value = x / gain; 1.0 where it is not applied
    is_time : whether this is the time channel; its gain is never applied
    """

    number: int
    name: str
    label: str
    marker: str
    datatype: DataType
    bits: int
    range: float | None
    decades: float = 0.0
    lowest: float = 0.0
    gain: float = 1.0
    is_time: bool = False

    @property
    def is_linear(self) -> bool:
        """Whether the stored value is the linear value."""
        return self.decades == 0.0 and self.gain == 1.0

    @property
    def mask(self) -> int | None:
        """Bits of an integer that count: the smallest number of them that holds the range; None = all."""
        if self.datatype != "I" or self.range is None:
            return None
        bits = (math.ceil(self.range) - 1).bit_length()
        return (1 << bits) - 1 if bits < self.bits else None

    def linear(self, stored: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        """Linear values (float64) of stored ones; a value beyond float64 becomes infinite."""
        values = stored.astype(np.float64)
        if self.decades > 0.0 and self.range:
            with np.errstate(over="ignore", invalid="ignore"):
                values *= self.decades / self.range
                np.power(10.0, values, out=values)
                values *= self.lowest
        elif self.gain != 1.0:
            values /= self.gain
        return values

    def _linear_number(self, stored: float) -> float:
        return float(self.linear(np.array([stored]))[0])

    @property
    def linear_top(self) -> float | None:
        """The range on the linear scale."""
        return None if self.range is None else self._linear_number(self.range)

    @property
    def linear_ceiling(self) -> float | None:
        """Lowest linear value that counts as saturated: the last integer step, or the range itself."""
        if self.range is None:
            return None
        return self._linear_number(self.range - 1.0 if self.datatype == "I" else self.range)

    @property
    def linear_floor(self) -> float | None:
        """Linear value of a stored 0 for integers; decimal channels have no floor."""
        return self._linear_number(0.0) if self.datatype == "I" else None


def read_parameters(
    text: Text, datatype: DataType, count: int, notes: list[Finding]
) -> tuple[Parameter, ...]:
    """All channels of a dataset.

    Raises
    ------
    FormatError : a width that is missing or impossible, or a log channel without a range
    """
    names = _names(text, count, notes)
    return tuple(
        _parameter(text, number, names[number - 1], datatype, notes) for number in range(1, count + 1)
    )


def _names(text: Text, count: int, notes: list[Finding]) -> list[str]:
    """$PnN of every channel, made unique."""
    labels = [text.get(f"$P{n}N") or "" for n in range(1, count + 1)]
    missing = [f"P{n}" for n, label in enumerate(labels, 1) if not label]
    if missing:
        notes.append(remark("name_missing", f"Channels without a name, called by number: {listed(missing)}."))
    taken: set[str] = set(labels)
    seen: set[str] = set()
    twice: list[str] = []
    names: list[str] = []
    for n, label in enumerate(labels, 1):
        name = label or f"P{n}"
        if name in seen or (not label and name in taken):
            twice.append(label or name)
            name = f"{name} (P{n})"
        seen.add(name)
        names.append(name)
    if twice:
        notes.append(remark("name_duplicate", f"Channel names that stand more than once: {listed(twice)}."))
    return names


def _parameter(text: Text, n: int, name: str, common: DataType, notes: list[Finding]) -> Parameter:
    label = text.get(f"$P{n}N") or ""
    datatype = _datatype(text, n, common)
    bits = _bits(text, n, datatype, notes)
    top = _range(text, n, name, notes)
    is_time = label.upper() in TIME_NAMES or (text.get(f"$P{n}TYPE") or "").upper() == "TIME"
    decades, lowest = _amplification(text, n, name, datatype, notes)
    if decades > 0.0 and top is None:
        raise text.error(
            f"$P{n}R", f"a range for channel {name}, which has a log scale of {decades:g} decades"
        )
    gain = _gain(text, n, name, notes)
    if gain != 1.0 and decades > 0.0:
        notes.append(
            remark(
                "log_and_gain", f"{name} has {decades:g} decades and a gain of {gain:g}; the gain is ignored."
            )
        )
    if is_time or decades > 0.0:
        gain = 1.0
    marker = text.get(f"$P{n}S") or ""
    return Parameter(n, name, label, marker, datatype, bits, top, decades, lowest, gain, is_time)


def _datatype(text: Text, n: int, common: DataType) -> DataType:
    own = text.get(f"$P{n}DATATYPE")
    if own is None:
        return common
    if own.upper() not in ("I", "F", "D"):
        raise text.error(f"$P{n}DATATYPE", "I, F or D")
    if common == "A":
        raise text.error(f"$P{n}DATATYPE", "no type of its own for a channel of a file in text form")
    return cast(DataType, own.upper())


def _bits(text: Text, n: int, datatype: DataType, notes: list[Finding]) -> int:
    key = f"$P{n}B"
    value = text.get(key)
    if datatype == "A" and value == "*":
        return 0
    bits = text.integer(key)
    if bits is None:
        if datatype in TYPE_BITS and (text.get(f"$P{n}N") or text.get(f"$P{n}R")):
            notes.append(remark("keyword_missing", f"No {key}; the width of type {datatype} was used."))
            return TYPE_BITS[datatype]
        raise text.error(key, "the width of a value")
    limit = MAX_ASCII_WIDTH if datatype == "A" else MAX_INTEGER_BITS
    if not 1 <= bits <= limit:
        raise text.error(key, f"a width between 1 and {limit}")
    return bits


def _range(text: Text, n: int, name: str, notes: list[Finding]) -> float | None:
    value = text.get(f"$P{n}R")
    top = None if value is None else parse_real(value)
    if top is None or top <= 1.0:
        found = "none" if value is None else repr(value[:40])
        notes.append(remark("range_missing", f"{name}: expected a range ($P{n}R) above 1, found {found}."))
        return None
    return top


def _amplification(
    text: Text, n: int, name: str, datatype: DataType, notes: list[Finding]
) -> tuple[float, float]:
    """Decades and lowest value of $PnE; (0, 0) is linear."""
    value = text.get(f"$P{n}E")
    if value is None:
        if datatype in ("I", "A"):  # decimal types are linear by definition
            notes.append(remark("keyword_missing", f"{name} has no $P{n}E; taken as linear."))
        return 0.0, 0.0
    numbers = [parse_real(part) for part in re.split(r"[,;]", value)]
    pair = [number for number in numbers if number is not None]
    if len(numbers) != 2 or len(pair) != 2 or not 0.0 <= pair[0] <= MAX_DECADES or pair[1] < 0.0:
        notes.append(remark("amplification_odd", f"{name}: $P{n}E = {value[:40]!r}; taken as linear."))
        return 0.0, 0.0
    decades, lowest = pair
    if decades == 0.0:
        if lowest != 0.0:
            notes.append(remark("amplification_odd", f"{name}: $P{n}E = {value[:40]!r}; taken as linear."))
        return 0.0, 0.0
    if lowest == 0.0:
        notes.append(remark("log_offset_zero", f"{name}: $P{n}E = {value!r}; read as {decades:g},1."))
        lowest = 1.0
    if datatype in TYPE_BITS:
        notes.append(remark("log_on_float", f"{name}: decimal numbers with $P{n}E = {value!r}."))
    return decades, lowest


def _gain(text: Text, n: int, name: str, notes: list[Finding]) -> float:
    value = text.get(f"$P{n}G")
    if value is None:
        return 1.0
    gain = parse_real(value)
    if gain is None or gain < 0.0:
        notes.append(
            remark("keyword_unreadable", f"{name}: expected a gain above 0 in $P{n}G, found {value[:40]!r}.")
        )
        return 1.0
    return gain or 1.0  # 0 is written where no gain was set
