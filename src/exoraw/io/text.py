"""Bytes that people and instruments saved as text, turned into text: encodings, line ends, refusals.

Excel saves "CSV UTF-8" with a byte-order mark, "Unicode text" as UTF-16 and plain "CSV" in the code page
of the country; old Macs end lines with CR. All of these are understood, and what was assumed is said.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import NamedTuple

from exoraw.io.errors import FormatError

NO_FILE = Path("text")

_MARKS = (  # longest first: the mark of UTF-16 begins that of UTF-32
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SNIFFED_BYTES = 4096  # enough text to see whether every second byte is zero
MOSTLY = 0.4  # share of zero bytes at odd (or even) places above which text is UTF-16 without a mark


class Decoded(NamedTuple):
    r"""Text as it was meant.

    Parameters
    ----------
    text : with "\n" line ends and without a byte-order mark
    encoding : Python's name of the encoding that was used; "utf-8-sig" = UTF-8 with a mark
    remarks : what was assumed, in words; empty where nothing had to be
    newline : line end that the file itself uses; "\n" where it has none
    """

    text: str
    encoding: str
    remarks: tuple[str, ...]
    newline: str = "\n"


def decode(data: bytes, file: Path = NO_FILE) -> Decoded:
    """Turn the bytes of a text file into text.

    Parameters
    ----------
    data : the whole file
    file : its name, for the message

    Returns
    -------
    Decoded

    Raises
    ------
    FormatError
        NUL bytes (a binary file, not text) or a marked encoding that its bytes break.
    """
    encoding, mark = _marked_encoding(data)
    remarks: tuple[str, ...] = ()
    if encoding:
        text = _decode_marked(data, encoding, mark, file)
    else:
        _refuse_nul(data, file)
        text, encoding, remarks = _decode_unmarked(data)
    place = text.find("\0")
    if place >= 0:
        raise FormatError(file, None, "text", f"a NUL character after {place:,} characters", _NOT_TEXT)
    newline = _newline(text)
    return Decoded(text.replace("\r\n", "\n").replace("\r", "\n"), encoding, remarks, newline)


def read_bytes(path: Path, limit: int) -> bytes:
    """Read a file that must not hold more than `limit` bytes.

    Raises
    ------
    FormatError
        It is larger; nothing beyond the limit is read.
    OSError
        It cannot be opened.
    """
    with path.open("rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise FormatError(path, limit, f"at most {limit:,} bytes", "more", "Is this the right file?")
    return data


def read_text(path: Path, limit: int) -> Decoded:
    """Read and decode a text file of at most `limit` bytes; raises as `read_bytes` and `decode`."""
    return decode(read_bytes(path, limit), path)


_NOT_TEXT = "It looks like a binary file; save it as CSV or text."


def _marked_encoding(data: bytes) -> tuple[str, int]:
    """Return (encoding, length of the mark); ("", 0) where neither a mark nor a pattern of zeros tells."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name, len(mark)
    sample = data[:SNIFFED_BYTES]
    half = len(sample) // 2
    if half >= 2:
        even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
        if odd > MOSTLY and even == 0:
            return "utf-16-le", 0
        if even > MOSTLY and odd == 0:
            return "utf-16-be", 0
    return "", 0


def _decode_marked(data: bytes, encoding: str, mark: int, file: Path) -> str:
    try:
        return data[mark:].decode("utf-8" if encoding == "utf-8-sig" else encoding)
    except UnicodeDecodeError as error:
        place = mark + error.start
        found = f"bytes that are none ({data[place : place + 4].hex(' ')})"
        advice = 'Save it again as "CSV UTF-8".'
        raise FormatError(file, place, f"{encoding.upper()} text", found, advice) from error


def _refuse_nul(data: bytes, file: Path) -> None:
    place = data.find(0)
    if place >= 0:
        raise FormatError(file, place, "text", "a NUL byte", _NOT_TEXT)


def _decode_unmarked(data: bytes) -> tuple[str, str, tuple[str, ...]]:
    try:
        return data.decode("utf-8"), "utf-8", ()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
    try:
        text, encoding, title = data.decode("cp1252"), "cp1252", "Windows-1252"
    except UnicodeDecodeError:
        text, encoding, title = data.decode("latin-1"), "latin-1", "Latin-1"
    remark = (
        f"is not UTF-8 (byte 0x{byte:02X} in line {line}) and was read as {title}. "
        'If letters such as µ or ü look wrong, save it as "CSV UTF-8".'
    )
    return text, encoding, (remark,)


def _newline(text: str) -> str:
    crlf = text.count("\r\n")
    cr, lf = text.count("\r") - crlf, text.count("\n") - crlf
    best = max(crlf, cr, lf)
    if best in (0, lf):
        return "\n"
    return "\r\n" if best == crlf else "\r"
