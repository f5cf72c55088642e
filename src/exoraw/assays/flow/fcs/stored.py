"""The stored values of an FCS dataset: how they lie in the bytes, and any column of them on demand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from exoraw.assays.flow.fcs.ascii import delimited_table, fixed_width_numbers
from exoraw.assays.flow.fcs.parameters import Parameter
from exoraw.assays.flow.fcs.text import Text

BLOCK_BYTES = 1 << 20  # rows are worked on in blocks of this size, so that a block stays in the cache

Values = npt.NDArray[Any]


@dataclass(frozen=True)
class ByteOrder:
    """$BYTEORD: significance of each byte as stored, 1 = least. () where no value has two bytes."""

    order: tuple[int, ...]

    @property
    def native_code(self) -> Literal["<", ">"] | None:
        """Numpy's sign of the order, None for the orders of old minicomputers (3,4,1,2)."""
        if self.order == tuple(sorted(self.order)):
            return "<"
        return ">" if self.order == tuple(sorted(self.order, reverse=True)) else None

    def places(self, width: int) -> list[int] | None:
        """Where each stored byte goes in a little-endian value of `width` bytes; None if not defined."""
        if width == 1 or self.native_code == "<":
            return list(range(width))
        if self.native_code == ">":
            return list(range(width))[::-1]
        if width == len(self.order):
            return [place - 1 for place in self.order]
        if width == 2:  # the order inside a 16-bit word is that of the first word of a longer value
            return [0, 1] if self.order[0] < self.order[1] else [1, 0]
        return None


def read_byte_order(text: Text, widths: Sequence[int]) -> ByteOrder:
    """$BYTEORD of a dataset whose values take these bytes.

    Raises
    ------
    FormatError : missing or no permutation of 1, 2, ..., where a value has more than one byte
    """
    if all(width <= 1 for width in widths):
        return ByteOrder(())
    value = text.get("$BYTEORD")
    parts = [part.strip() for part in (value or "").split(",")]
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 3]
    if len(numbers) < 2 or sorted(numbers) != list(range(1, len(parts) + 1)):
        raise text.error("$BYTEORD", "a byte order such as 1,2,3,4 or 4,3,2,1")
    order = ByteOrder(tuple(numbers))
    for width in widths:
        if order.places(width) is None:
            raise text.error("$BYTEORD", f"a byte order that covers values of {width} bytes")
    return order


@dataclass(frozen=True)
class Packing:
    """How the values of one event follow each other.

    Parameters
    ----------
    kind : "bytes" whole bytes each; "bits" one bit stream without gaps; "fixed" digits in columns;
        "delimited" digits with separators
    widths : bits of each value as stored (characters x 8 for "fixed"; 0 for "delimited")
    """

    kind: Literal["bytes", "bits", "fixed", "delimited"]
    widths: tuple[int, ...]

    @cached_property
    def event_bits(self) -> int:
        """Bits of one event; 0 for "delimited"."""
        return sum(self.widths)

    def data_bytes(self, events: int) -> int:
        """Bytes that so many events take."""
        return -(-events * self.event_bits // 8)


def possible_packings(parameters: Sequence[Parameter]) -> tuple[Packing, ...]:
    """Every way these channels can lie, most usual first; the length of the data decides."""
    if parameters[0].datatype == "A":
        if any(parameter.bits == 0 for parameter in parameters):
            return (Packing("delimited", (0,) * len(parameters)),)
        return (Packing("fixed", tuple(8 * parameter.bits for parameter in parameters)),)
    widths = tuple({"F": 32, "D": 64}.get(p.datatype, p.bits) for p in parameters)
    if all(width % 8 == 0 for width in widths):
        return (Packing("bytes", widths),)
    whole = tuple(-(-width // 8) * 8 for width in widths)
    words = tuple(width if width % 8 == 0 else max(8, 1 << (width - 1).bit_length()) for width in widths)
    ways = [Packing("bytes", words)]  # 10 bits in 16-bit words
    if whole != words:
        ways.append(Packing("bytes", whole))
    if all(p.datatype == "I" for p in parameters):
        ways.append(Packing("bits", widths))
    return tuple(ways)


@dataclass(frozen=True, eq=False)
class Stored:
    """The stored values of a dataset; a column is decoded when it is asked for, the others stay on disk.

    Parameters
    ----------
    path, start : file, and byte of the file at which `data` starts
    data : bytes of the whole events
    count : events
    parameters : all channels, in the order of the file
    packing, order : how values follow each other, how their bytes do
    """

    path: Path
    start: int
    data: npt.NDArray[np.uint8] = field(repr=False)
    count: int
    parameters: tuple[Parameter, ...]
    packing: Packing
    order: ByteOrder

    @property
    def uniform(self) -> Values | None:
        """(events, channels) view of the bytes as they are; None where no single numpy type fits."""
        types = {parameter.datatype for parameter in self.parameters}
        sizes = set(self.packing.widths)
        code = self.order.native_code
        if self.packing.kind != "bytes" or len(types) > 1 or len(sizes) > 1 or code is None:
            return None
        width = sizes.pop() // 8
        if width not in (1, 2, 4, 8):
            return None
        dtype = np.dtype(f"{code}{'u' if 'I' in types else 'f'}{width}")
        return self.data.view(dtype).reshape(self.count, len(self.parameters))

    def blocks(self) -> Iterator[slice]:
        """Rows in blocks of about `BLOCK_BYTES`; every start is a multiple of 8."""
        rows = max(BLOCK_BYTES * 8 // max(self.packing.event_bits, 8), 8) // 8 * 8
        for start in range(0, self.count, rows):
            yield slice(start, min(start + rows, self.count))

    def column(self, parameter: Parameter) -> Values:
        """(events,) stored values of one channel, in the machine's byte order, masked."""
        out = np.empty(self.count, self.dtype_of(parameter))
        for rows in self.blocks():
            values = self.block(parameter, rows)
            out[rows] = values if parameter.mask is None else values & values.dtype.type(parameter.mask)
        return out

    def table(self, parameters: Sequence[Parameter]) -> Values:
        """(events, channels) stored values; one type that holds them all. Read-only."""
        whole = self.uniform
        if (
            whole is not None
            and whole.dtype.isnative
            and tuple(parameters) == self.parameters
            and not any(parameter.mask for parameter in parameters)
        ):
            whole.setflags(write=False)
            return whole
        types = [self.dtype_of(parameter) for parameter in parameters]
        common = np.result_type(*types) if types else np.dtype(np.float64)
        out = np.empty((self.count, len(types)), common, order="F")
        with np.errstate(invalid="ignore"):  # signalling NaN of damaged files; `not_finite` tells of them
            for place, parameter in enumerate(parameters):
                out[:, place] = self.column(parameter)
        out.setflags(write=False)
        return out

    def dtype_of(self, parameter: Parameter) -> np.dtype[Any]:
        """Numpy type of a channel's stored values, in the machine's byte order."""
        if parameter.datatype in ("A", "D"):
            return np.dtype(np.float64)
        if parameter.datatype == "F":
            return np.dtype(np.float32)
        width = self.packing.widths[parameter.number - 1]
        return np.dtype(f"u{max(1, 1 << (-(-width // 8) - 1).bit_length())}")

    def block(self, parameter: Parameter, rows: slice) -> Values:
        """Stored values of one channel for some rows (a slice of `blocks`), not yet masked."""
        place = parameter.number - 1
        if self.packing.kind == "delimited":
            return self._digits[rows, place]
        if self.packing.kind == "bits":
            return self._from_bits(place, rows)
        if self.packing.kind == "fixed":
            characters = self.events_as_bytes[rows, self._byte_range(place)]
            where = self.start + rows.start * self.events_as_bytes.shape[1] + self._byte_range(place).start
            return fixed_width_numbers(self.path, where, characters)
        return self._from_bytes(parameter, rows)

    @property
    def events_as_bytes(self) -> npt.NDArray[np.uint8]:
        """(events, bytes of an event)."""
        return self.data.reshape(self.count, self.packing.event_bits // 8)

    @cached_property
    def _first_bits(self) -> tuple[int, ...]:
        """First bit of every value within its event."""
        return tuple(itertools.accumulate((0, *self.packing.widths[:-1])))

    def _byte_range(self, place: int) -> slice:
        start = self._first_bits[place] // 8
        return slice(start, start + self.packing.widths[place] // 8)

    def _from_bytes(self, parameter: Parameter, rows: slice) -> Values:
        dtype = self.dtype_of(parameter)
        where = self._byte_range(parameter.number - 1)
        width = where.stop - where.start
        events = self.events_as_bytes[rows]
        code = self.order.native_code
        if width == dtype.itemsize and code is not None:
            strides = (events.shape[1],)
            view: Values = np.ndarray(len(events), dtype.newbyteorder(code), events, where.start, strides)
            return view.astype(dtype)
        places = self.order.places(width)
        assert places is not None  # checked by read_byte_order before any value is read
        little = np.zeros((len(events), dtype.itemsize), np.uint8)
        little[:, places] = events[:, where]
        return little.view(dtype.newbyteorder("<"))[:, 0].astype(dtype, copy=False)

    def _from_bits(self, place: int, rows: slice) -> Values:
        """Bit stream: a value starts at the lowest free bit if low bytes come first, else at the highest."""
        event = self.packing.event_bits
        little = self.order.native_code != ">"
        first = rows.start * event // 8  # whole, because blocks start at multiples of 8 events
        part = self.data[first : first + self.packing.data_bytes(rows.stop - rows.start)]
        bits = np.unpackbits(part, bitorder="little" if little else "big")[: (rows.stop - rows.start) * event]
        start = self._first_bits[place]
        width = self.packing.widths[place]
        mine = bits.reshape(-1, event)[:, start : start + width]
        values = np.zeros(len(mine), np.uint64)
        for bit in range(width):
            weight = np.uint64(bit if little else width - 1 - bit)
            values |= mine[:, bit].astype(np.uint64) << weight
        return values.astype(self.dtype_of(self.parameters[place]))

    @cached_property
    def _digits(self) -> npt.NDArray[np.float64]:
        return delimited_table(self.path, self.start, self.data, self.count, len(self.parameters))
