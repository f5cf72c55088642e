"""R's serialisation of a data frame (.rds): what readRDS reads, written without R.

The format is that of `saveRDS(version = 2)`: "R Internals", section "Serialization Formats", in big-endian
XDR. Every text is written once as bytes and looked up, which is why a table of 100,000 rows takes seconds.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_HEADER = b"X\n" + struct.pack(">iii", 2, 0x040201, 0x020300)  # version 2, by R 4.2.1, for R 2.3.0 or newer
_NA_REAL = 0x7FF00000000007A2  # the NaN that R shows as NA: low word 1954
_NA_INTEGER = -(2**31)  # also of logicals
_SYMBOL, _PAIR, _CHARACTERS, _LOGICAL, _INTEGER, _REAL, _STRING, _LIST, _END = (
    1,
    2,
    9,
    10,
    13,
    14,
    16,
    19,
    254,
)
_IS_OBJECT, _HAS_ATTRIBUTES, _HAS_TAG = 0x100, 0x200, 0x400
_UTF8, _ASCII = 1 << 15, 1 << 18  # encoding marks of a text
_NA_STRING = struct.pack(">ii", _CHARACTERS, -1)
_COMPRESSION = 6  # gzip, as in R


def texts(cells: Sequence[str | None]) -> bytes:
    """Return a character vector; None is NA. No text may hold NUL, which R cannot read."""
    written = {cell: _characters(cell) for cell in set(cells)}
    return struct.pack(">ii", _STRING, len(cells)) + b"".join([written[cell] for cell in cells])


def reals(values: NDArray[np.float64], missing: NDArray[np.bool_]) -> bytes:
    """Return a numeric vector of n values, NA where `missing` (n,) says so; NaN and infinities stay."""
    bits = np.where(missing, np.uint64(_NA_REAL), np.ascontiguousarray(values).view(np.uint64))
    return struct.pack(">ii", _REAL, len(values)) + bits.astype(">u8").tobytes()


def integers(values: NDArray[np.int64], missing: NDArray[np.bool_]) -> bytes:
    """Return an integer vector of n values within +-(2**31 - 1), NA where `missing` (n,) says so."""
    return struct.pack(">ii", _INTEGER, len(values)) + _whole(values, missing)


def logicals(values: NDArray[np.int64], missing: NDArray[np.bool_]) -> bytes:
    """Return a logical vector of n values, 1 for TRUE, NA where `missing` (n,) says so."""
    return struct.pack(">ii", _LOGICAL, len(values)) + _whole(values, missing)


def write_data_frame(path: Path, names: Sequence[str], vectors: Sequence[bytes], rows: int) -> None:
    """Write a data frame.

    Parameters
    ----------
    names : of the columns; any text without NUL
    vectors : the columns, from the functions above
    rows : length of each of them
    """
    with path.open("wb") as raw, gzip.GzipFile("", "wb", _COMPRESSION, raw, mtime=0) as file:
        for piece in _data_frame(names, vectors, rows):
            file.write(piece)


def _data_frame(names: Sequence[str], vectors: Sequence[bytes], rows: int) -> Iterator[bytes]:
    yield _HEADER
    yield struct.pack(">ii", _LIST | _IS_OBJECT | _HAS_ATTRIBUTES, len(vectors))
    yield from vectors
    yield _attribute("names", texts(names))
    yield _attribute("class", texts(["data.frame"]))
    yield _attribute("row.names", struct.pack(">iiii", _INTEGER, 2, _NA_INTEGER, -rows))  # R's short form
    yield struct.pack(">i", _END)


def _attribute(name: str, value: bytes) -> bytes:
    return struct.pack(">ii", _PAIR | _HAS_TAG, _SYMBOL) + _characters(name) + value


def _characters(text: str | None) -> bytes:
    if text is None:
        return _NA_STRING
    raw = text.encode()
    return struct.pack(">ii", _CHARACTERS | (_ASCII if text.isascii() else _UTF8), len(raw)) + raw


def _whole(values: NDArray[np.int64], missing: NDArray[np.bool_]) -> bytes:
    return np.where(missing, _NA_INTEGER, values).astype(">i4").tobytes()
