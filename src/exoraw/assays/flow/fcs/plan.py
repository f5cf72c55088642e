"""How each channel of a file to be written is stored, and whether its values fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from exoraw.assays.flow.fcs.dataset import FcsDataset
from exoraw.io.errors import ExorawError

DEFAULT_RANGE = 262_144.0  # 18 bits, as FACSDiva writes
DEFAULT_BITS = 32
MAX_CHARACTERS = 40
SMALLEST_VERSION_WITH_TYPES = "3.2"


class FcsWriteError(ExorawError, ValueError):
    """Values, names or options that an FCS file cannot hold."""


@dataclass(frozen=True)
class Column:
    """One channel to write: declared width `bits`, stored width `storage` (both in bits, A: characters)."""

    number: int
    name: str
    marker: str
    datatype: str
    bits: int
    storage: int
    range: float
    amplification: tuple[float, float] = (0.0, 0.0)
    gain: float | None = None


def plan_columns(dataset: FcsDataset) -> tuple[Column, ...]:
    """Check a dataset and settle the storage of every channel.

    Raises
    ------
    FcsWriteError : shapes, names, types, widths or values that do not fit
    """
    events, names = dataset.events, list(dataset.channels)
    if events.ndim != 2 or events.shape[1] != len(names) or not names:
        raise FcsWriteError(f"events of shape {events.shape} do not have one column for each of {names}.")
    for what in (dataset.datatypes, dataset.amplification, dataset.gains):
        strange = sorted(set(what) - set(names))
        if strange:
            raise FcsWriteError(f"no channel is called {', '.join(strange)}; there are {', '.join(names)}.")
    _check_types(dataset)
    widths = _widths(dataset, len(names))
    columns = tuple(_column(dataset, place, widths[place]) for place in range(len(names)))
    for place, column in enumerate(columns):
        _check_values(events[:, place], column)
    return columns


def _check_types(dataset: FcsDataset) -> None:
    if dataset.version not in ("2.0", "3.0", "3.1", "3.2"):
        raise FcsWriteError(f"FCS {dataset.version} does not exist; use 2.0, 3.0, 3.1 or 3.2.")
    if dataset.datatype not in ("I", "F", "D", "A"):
        raise FcsWriteError(f"{dataset.datatype!r} is no data type; use I, F, D or A.")
    if dataset.datatypes and dataset.version < SMALLEST_VERSION_WITH_TYPES:
        raise FcsWriteError("channels of different types need FCS 3.2.")
    if dataset.datatypes and (dataset.datatype == "A" or set(dataset.datatypes.values()) - {"I", "F", "D"}):
        raise FcsWriteError("a channel's own type can only be I, F or D, in a file of type I, F or D.")
    if dataset.version >= "3.1" and dataset.byteorder not in ("little", "big"):
        raise FcsWriteError(f"FCS {dataset.version} knows only little and big byte order.")


def _widths(dataset: FcsDataset, count: int) -> list[int]:
    given: Sequence[int] = [DEFAULT_BITS] * count
    if isinstance(dataset.bits, int):
        given = [dataset.bits] * count
    elif dataset.bits is not None:
        given = list(dataset.bits)
    if len(given) != count:
        raise FcsWriteError(f"{len(given)} widths were given for {count} channels.")
    return list(given)


def _column(dataset: FcsDataset, place: int, width: int) -> Column:
    name = dataset.channels[place]
    datatype = dataset.datatypes.get(name, dataset.datatype)
    width = {"F": 32, "D": 64}.get(datatype, width)
    limit = MAX_CHARACTERS if datatype == "A" else 64
    if not (0 if datatype == "A" else 1) <= width <= limit:
        raise FcsWriteError(f"{name}: {width} is no width of a value of type {datatype}.")
    storage = width
    if datatype == "I" and width % 8 and not dataset.packed:
        storage = max(8, 1 << (width - 1).bit_length())
    if dataset.ranges is not None:
        top = float(dataset.ranges[place])
    elif datatype == "I":
        top = 2.0**width
    else:
        top = _float_range(dataset.events[:, place])
    marker = dataset.markers[place] if dataset.markers is not None else ""
    amplification = dataset.amplification.get(name, (0.0, 0.0))
    return Column(
        place + 1, name, marker, datatype, width, storage, top, amplification, dataset.gains.get(name)
    )


def _float_range(values: npt.NDArray[Any]) -> float:
    """The usual 262,144, or the next power of two that holds the values."""
    high = float(np.max(values, initial=0.0))
    if not np.isfinite(high) or high <= DEFAULT_RANGE:
        return DEFAULT_RANGE
    return float(2.0 ** np.ceil(np.log2(high)))


def _check_values(values: npt.NDArray[Any], column: Column) -> None:
    """Integers must be whole, not negative, and fit their width."""
    if column.datatype not in ("I", "A") or not len(values):
        return
    low, high = values.min(), values.max()
    whole = values.dtype.kind in "ui" or bool(np.all(np.floor(values) == values))
    largest = (1 << column.bits) - 1 if column.datatype == "I" else 10 ** (column.bits or 15) - 1
    if not whole or not low >= 0 or not high <= largest:
        raise FcsWriteError(
            f"{column.name}: values from {low} to {high} are not all whole numbers from 0 to {largest:,}. "
            "Round and clip them on purpose first, or write type F."
        )
