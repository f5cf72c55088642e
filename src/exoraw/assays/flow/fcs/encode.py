"""Events as the bytes of an FCS file: every type, width and byte order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from exoraw.assays.flow.fcs.dataset import FcsDataset
from exoraw.assays.flow.fcs.plan import Column, FcsWriteError
from exoraw.assays.flow.fcs.stored import ByteOrder

_ROWS = 1 << 16  # a multiple of 8, so that a bit stream can be cut between blocks


def byte_order(dataset: FcsDataset, columns: tuple[Column, ...]) -> ByteOrder:
    """The order of bytes to write.

    Raises
    ------
    FcsWriteError : no permutation, or one that does not cover every width
    """
    if dataset.byteorder in ("little", "big"):
        upward = (1, 2, 3, 4)
        return ByteOrder(upward if dataset.byteorder == "little" else upward[::-1])
    order = ByteOrder(tuple(int(place) for place in dataset.byteorder))
    if sorted(order.order) != list(range(1, len(order.order) + 1)):
        raise FcsWriteError(f"{dataset.byteorder!r} is no byte order; use 'little', 'big' or (3, 4, 1, 2).")
    for column in columns:
        if column.datatype != "A" and not dataset.packed and order.places(column.storage // 8) is None:
            raise FcsWriteError(
                f"{column.name}: byte order {order.order} does not cover {column.storage} bits."
            )
    return order


def event_bits(columns: tuple[Column, ...]) -> int:
    """Bits of one event as stored; 0 where numbers are separated by blanks."""
    if any(column.datatype == "A" and column.bits == 0 for column in columns):
        return 0
    return sum(8 * column.bits if column.datatype == "A" else column.storage for column in columns)


def encoded_blocks(dataset: FcsDataset, columns: tuple[Column, ...]) -> Iterator[bytes]:
    """The DATA segment, in blocks."""
    order = byte_order(dataset, columns)
    for start in range(0, len(dataset.events), _ROWS):
        rows = dataset.events[start : start + _ROWS]
        if dataset.datatype == "A":
            yield _digits(rows, columns)
        elif any(column.storage % 8 for column in columns):
            yield _bit_stream(rows, columns, order)
        else:
            yield _whole_bytes(rows, columns, order)


def _digits(rows: npt.NDArray[Any], columns: tuple[Column, ...]) -> bytes:
    whole = rows.astype(np.int64).tolist()
    if event_bits(columns) == 0:
        return "".join(" ".join(map(str, row)) + "\n" for row in whole).encode("ascii")
    return "".join(
        str(value).rjust(column.bits) for row in whole for value, column in zip(row, columns, strict=True)
    ).encode("ascii")


def _whole_bytes(rows: npt.NDArray[Any], columns: tuple[Column, ...], order: ByteOrder) -> bytes:
    sizes = [column.storage // 8 for column in columns]
    code = order.native_code
    if code is not None and len({(c.datatype, c.storage) for c in columns}) == 1 and sizes[0] in (1, 2, 4, 8):
        kind = "u" if columns[0].datatype == "I" else "f"
        return rows.astype(np.dtype(f"{code}{kind}{sizes[0]}")).tobytes()
    out = np.empty((len(rows), sum(sizes)), np.uint8)
    start = 0
    for place, (column, size) in enumerate(zip(columns, sizes, strict=True)):
        little = _little_bytes(rows[:, place], column)
        places = order.places(size)
        assert places is not None  # checked by byte_order
        out[:, start : start + size] = little[:, places]
        start += size
    return out.tobytes()


def _little_bytes(values: npt.NDArray[Any], column: Column) -> npt.NDArray[np.uint8]:
    """(events, bytes) of one channel, least significant byte first; integers fill 8 bytes."""
    dtype = {"I": "<u8", "F": "<f4", "D": "<f8"}[column.datatype]
    narrow = np.ascontiguousarray(values).astype(dtype)
    return narrow.view(np.uint8).reshape(len(values), -1)


def _bit_stream(rows: npt.NDArray[Any], columns: tuple[Column, ...], order: ByteOrder) -> bytes:
    little = order.native_code != ">"
    pieces = []
    for place, column in enumerate(columns):
        values = rows[:, place].astype(np.uint64)
        weights = np.arange(column.storage, dtype=np.uint64)
        weights = weights if little else weights[::-1]
        pieces.append(((values[:, np.newaxis] >> weights) & np.uint64(1)).astype(np.uint8))
    bits = np.concatenate(pieces, axis=1).ravel()
    return np.packbits(bits, bitorder="little" if little else "big").tobytes()
