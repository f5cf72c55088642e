"""Events that are written as digits ($DATATYPE A): in columns of fixed width, or with separators."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from exoraw.io.errors import FormatError

SEPARATORS = b" ,\t\r\n\f\0"  # FCS 3.0, 3.2.20: space, tab, comma, carriage return, line feed
MAX_WORD = 64  # characters of one number with separators around it
_LEGAL = b"0123456789+-.eE"
_ALL_SPACES = bytes.maketrans(SEPARATORS, b" " * len(SEPARATORS))
_PIECE = 1 << 18
_ADVICE = "The data are damaged or not in text form; export the file again."


def fixed_width_numbers(
    path: Path, position: int, characters: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float64]:
    """Numbers in columns of fixed width.

    Parameters
    ----------
    position : byte of the file near the first number, for the message
    characters : (events, width) codes

    Raises
    ------
    FormatError : a column that is not a number
    """
    width = characters.shape[1]
    text = characters.tobytes()
    cells = [text[k : k + width].translate(_ALL_SPACES).strip() for k in range(0, len(text), width)]
    return _floats(path, position, cells)


def delimited_table(
    path: Path, position: int, data: npt.NDArray[np.uint8], events: int, channels: int
) -> npt.NDArray[np.float64]:
    """(events, channels) numbers with separators between them; any surplus is left out.

    Raises
    ------
    FormatError : something that is not a number, or too few numbers
    """
    out = np.empty(events * channels, np.float64)
    filled = 0
    for place, words in _pieces(data):
        numbers = _floats(path, position + place, words)[: len(out) - filled]
        out[filled : filled + len(numbers)] = numbers
        filled += len(numbers)
        if filled == len(out):
            break
    if filled < len(out):
        expected = f"{len(out):,} numbers"
        raise FormatError(path, position + len(data), expected, f"{filled:,}", _ADVICE)
    return out.reshape(events, channels)


def count_numbers(data: npt.NDArray[np.uint8]) -> int:
    """How many numbers with separators between them there are."""
    return sum(len(words) for _, words in _pieces(data))


def _pieces(data: npt.NDArray[np.uint8]) -> Iterator[tuple[int, list[bytes]]]:
    """Byte offset and words, in pieces that end between words."""
    rest = b""
    for place in range(0, len(data), _PIECE):
        text = rest + data[place : place + _PIECE].tobytes().translate(_ALL_SPACES)
        last = place + _PIECE >= len(data)
        cut = len(text) if last else max(text.rfind(b" "), len(text) - MAX_WORD, 0)
        yield max(place - len(rest), 0), text[:cut].split()
        rest = text[cut:]


def _floats(path: Path, position: int, words: list[bytes]) -> npt.NDArray[np.float64]:
    """Numbers of words; only digits, sign, point and exponent are numbers here."""
    joined = b"".join(words)
    strange = joined.translate(None, _LEGAL)
    try:
        if not strange:
            return np.array([float(word) for word in words], dtype=np.float64)
        found = repr(strange[:1].decode("latin-1"))
    except ValueError as error:
        found = str(error)
    raise FormatError(path, position, "numbers written as digits", found, _ADVICE)
