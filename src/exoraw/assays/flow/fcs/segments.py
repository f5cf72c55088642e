"""Where the parts of an FCS dataset lie: the fixed HEADER at its start, and the datasets of a file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from exoraw.io.errors import FormatError
from exoraw.io.guard import RawBytes

HEADER_BYTES = 58  # 6 of version, 4 blanks, six offsets of 8 digits
TOO_BIG = 99_999_999  # largest offset of 8 digits; some writers put it for "see the keywords"
KNOWN_VERSIONS = ("2.0", "3.0", "3.1", "3.2")
CRC_BYTES = 8  # may follow the last segment of a dataset (FCS 3.0, section 3.5); never checked by anyone

_NOT_FCS = "It is another kind of file, or damaged at its very start; export it again as FCS."


@dataclass(frozen=True)
class Span:
    """First and last byte of a segment, counted from the start of its dataset."""

    begin: int
    end: int

    @property
    def length(self) -> int:
        """Bytes in it, both ends included."""
        return self.end - self.begin + 1

    def overlaps(self, other: Span) -> bool:
        """Whether any byte belongs to both."""
        return self.begin <= other.end and other.begin <= self.end


@dataclass(frozen=True)
class Segments:
    """The HEADER of one dataset.

    Parameters
    ----------
    base : byte of the file at which the dataset starts; all spans count from here
    version : "3.1"
    text : where the keywords are
    data, analysis : None where blank, 0 or 99999999, which means "see the keywords" or "none"
    unreadable : names of offsets that are not numbers
    """

    base: int
    version: str
    text: Span
    data: Span | None
    analysis: Span | None
    unreadable: tuple[str, ...]


_FIELDS = ("TEXT begin", "TEXT end", "DATA begin", "DATA end", "ANALYSIS begin", "ANALYSIS end")


def is_fcs_at(raw: RawBytes, base: int) -> bool:
    """Whether a dataset can start at this byte."""
    if base < 0 or base + HEADER_BYTES > raw.size:
        return False
    return re.match(rb"FCS\d\.\d", raw.read(base, 6, "the version")) is not None


def read_segments(raw: RawBytes, base: int) -> Segments:
    """Read the HEADER of the dataset at `base`.

    Raises
    ------
    FormatError : not FCS, version 1.0, or no readable place of the keywords
    """
    head = raw.read(base, HEADER_BYTES, "the HEADER of an FCS dataset")
    version = _version(raw, base, head[:6])
    offsets = [_offset(head[10 + 8 * k : 18 + 8 * k]) for k in range(6)]
    text = _span(offsets[0], offsets[1])
    if text is None or text.begin < HEADER_BYTES - 16:  # FCS 2.0 may leave the ANALYSIS offsets out
        found = _shown(head[10:26])
        advice = "The start of the file is damaged; copy it again from the instrument."
        raise FormatError(raw.path, base + 10, "the place of the keywords as two numbers", found, advice)
    unreadable = [name for name, value in zip(_FIELDS[2:], offsets[2:], strict=True) if value is None]
    for name, begin, end in (("DATA", offsets[2], offsets[3]), ("ANALYSIS", offsets[4], offsets[5])):
        if begin and end and end < begin - 1:
            unreadable.append(f"{name} ({begin} to {end})")
    return Segments(
        base, version, text, _span(offsets[2], offsets[3]), _span(offsets[4], offsets[5]), tuple(unreadable)
    )


def _version(raw: RawBytes, base: int, magic: bytes) -> str:
    if re.fullmatch(rb"FCS\d\.\d", magic) is None:
        found = _shown(magic)
        raise FormatError(raw.path, base, "'FCS' and a version such as 3.1", found, _NOT_FCS)
    version = magic[3:].decode("ascii")
    if version == "1.0":
        advice = "Convert it with the instrument's software; the 1984 format is not read."
        raise FormatError(raw.path, base + 3, "FCS 2.0 or later", "FCS 1.0", advice)
    return version


def _shown(found: bytes) -> str:
    """Write bytes for a person: text in quotes, anything else by its codes ("89 50 4E 47")."""
    text = "".join(chr(code) if 32 <= code < 127 else "·" for code in found)
    return f"'{text}'" if 2 * text.count("·") < len(text) else found.hex(" ").upper()


def _offset(field: bytes) -> int | None:
    """One offset: blank is 0, anything but digits None."""
    text = field.strip(b" \0\t")
    if not text:
        return 0
    return int(text) if text.isdigit() else None


def _span(begin: int | None, end: int | None) -> Span | None:
    if begin is None or end is None or begin <= 0 or TOO_BIG in (begin, end):
        return None
    return Span(begin, end) if end >= begin else None
