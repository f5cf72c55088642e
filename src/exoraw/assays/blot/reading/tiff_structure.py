"""The pages of a TIFF file and their tags, read by ourselves so that no header can make us wait or allocate.

Source: TIFF 6.0 (Adobe, 1992), its technical notes, and the BigTIFF extension.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exoraw.io.errors import FormatError
from exoraw.io.guard import RawBytes

MAX_PAGES = 1_000
MAX_ENTRIES = 4_096  # tags of one page; real pages have 10 to 60
MAX_TEXT = 64_000  # bytes of a text tag that are looked at
LEAST_TIFF = 26  # header and a page of one tag

# TIFF type -> numpy's letter and number of items per value (a rational is two)
_TYPES = {
    1: ("u1", 1), 2: ("u1", 1), 3: ("u2", 1), 4: ("u4", 1), 5: ("u4", 2), 6: ("i1", 1), 7: ("u1", 1),
    8: ("i2", 1), 9: ("i4", 1), 10: ("i4", 2), 11: ("f4", 1), 12: ("f8", 1), 13: ("u4", 1), 16: ("u8", 1),
    17: ("i8", 1), 18: ("u8", 1),
}  # fmt: skip


@dataclass(frozen=True)
class Dialect:
    """Byte order ("<" or ">") and the field sizes of classic TIFF and BigTIFF."""

    order: str
    big: bool

    @property
    def entry_bytes(self) -> int:
        """Length of one tag entry."""
        return 20 if self.big else 12

    @property
    def word(self) -> int:
        """Length of an offset."""
        return 8 if self.big else 4

    @property
    def count_bytes(self) -> int:
        """Length of the number of tags of a page."""
        return 8 if self.big else 2

    def integer(self, data: bytes) -> int:
        """Unsigned integer of any length in this byte order."""
        return int.from_bytes(data, "little" if self.order == "<" else "big")


@dataclass(frozen=True)
class Entry:
    """One tag: where its values lie and what they are."""

    code: int
    kind: int
    count: int
    start: int


@dataclass(frozen=True)
class Directory:
    """One page: its tags by code, and those that point outside the file."""

    raw: RawBytes
    dialect: Dialect
    position: int
    entries: Mapping[int, Entry]
    damaged: tuple[int, ...]

    def numbers(self, code: int) -> npt.NDArray[np.generic] | None:
        """Values of a tag in order (a rational as two), or None where the page has no such tag."""
        entry = self.entries.get(code)
        if entry is None:
            return None
        letter, items = _TYPES[entry.kind]
        dtype = np.dtype(self.dialect.order + letter)
        data = self.raw.array(entry.start, entry.count * items * dtype.itemsize)
        return np.frombuffer(data.tobytes(), dtype=dtype)

    def integer(self, code: int, default: int) -> int:
        """First value of a tag as an integer, `default` where it is absent or no integer."""
        values = self.numbers(code)
        if values is None or values.size == 0 or values.dtype.kind not in "ui":
            return default
        return int(values[0])

    def ratio(self, code: int) -> float | None:
        """First value of a rational (or other number) tag; None where absent or divided by zero."""
        values = self.numbers(code)
        if values is None or values.size == 0:
            return None
        if self.entries[code].kind not in (5, 10):
            return float(values[0])
        top, bottom = float(values[0]), float(values[1])
        return top / bottom if bottom else None

    def text(self, code: int) -> str:
        """Text of a tag up to its first NUL, at most 64 kB; UTF-8, else Latin-1; "" where absent."""
        entry = self.entries.get(code)
        if entry is None or entry.kind not in (1, 2, 7):
            return ""
        data = self.raw.array(entry.start, min(entry.count, MAX_TEXT)).tobytes().split(b"\0")[0]
        try:
            return data.decode("utf-8").strip()
        except UnicodeDecodeError:
            return data.decode("latin-1").strip()

    def place(self, code: int) -> int:
        """Byte offset of a tag's values, or of the page where it has no such tag: for messages."""
        entry = self.entries.get(code)
        return self.position if entry is None else entry.start


@dataclass(frozen=True)
class Pages:
    """The pages of a file in order, and why the list ended before the file said so ("" where it did not)."""

    directories: tuple[Directory, ...]
    broken: str = ""


def pages_of(raw: RawBytes) -> Pages:
    """Follow the chain of pages; each is visited once, at most 1,000 are.

    Raises
    ------
    FormatError : not TIFF, or its first page cannot be read
    """
    dialect, offset = _head(raw)
    found: list[Directory] = []
    visited: set[int] = set()
    while offset:
        if offset in visited:
            return Pages(tuple(found), f"the chain of pages turns back to byte {offset:,}")
        if len(found) >= MAX_PAGES:
            return Pages(tuple(found), f"it has more than {MAX_PAGES:,} pages")
        visited.add(offset)
        try:
            directory, offset = _directory(raw, dialect, offset)
        except FormatError as error:
            if not found:
                raise
            return Pages(tuple(found), f"page {len(found) + 1} cannot be read: found {error.found}")
        found.append(directory)
    if not found:
        raise FormatError(raw.path, 4, "the byte offset of a first page", "0", "The file holds no picture.")
    return Pages(tuple(found))


def _head(raw: RawBytes) -> tuple[Dialect, int]:
    """Byte order, dialect and the offset of the first page."""
    mark = raw.read(0, 8, "a TIFF header")
    order = {b"II": "<", b"MM": ">"}.get(mark[:2])
    if order is None:
        raise FormatError(raw.path, 0, "a TIFF file (II or MM)", repr(mark[:4]))
    version = Dialect(order, big=False).integer(mark[2:4])
    if version == 42:
        return Dialect(order, big=False), Dialect(order, big=False).integer(mark[4:8])
    dialect = Dialect(order, big=True)
    if version == 43 and dialect.integer(mark[4:6]) == 8:
        return dialect, dialect.integer(raw.read(8, 8, "the offset of the first page"))
    raise FormatError(raw.path, 2, "TIFF version 42, or 43 with offsets of 8 bytes", f"version {version}")


def _directory(raw: RawBytes, dialect: Dialect, offset: int) -> tuple[Directory, int]:
    """Read the page at an offset; return it with the offset of the next one."""
    number = dialect.integer(raw.read(offset, dialect.count_bytes, "the number of tags of a page"))
    if not 1 <= number <= MAX_ENTRIES:
        raise FormatError(raw.path, offset, f"a page of 1 to {MAX_ENTRIES:,} tags", f"{number:,} tags")
    first = offset + dialect.count_bytes
    table = raw.read(first, number * dialect.entry_bytes, "the tags of a page")
    entries: dict[int, Entry] = {}
    damaged = []
    for index in range(number):
        start = index * dialect.entry_bytes
        entry = _entry(raw, dialect, table[start : start + dialect.entry_bytes], first + start)
        if isinstance(entry, int):
            damaged.append(entry)
        else:
            entries.setdefault(entry.code, entry)
    behind = first + number * dialect.entry_bytes
    rest = raw.array(behind, dialect.word).tobytes()
    following = dialect.integer(rest) if len(rest) == dialect.word else 0
    return Directory(raw, dialect, offset, entries, tuple(damaged)), following


def _entry(raw: RawBytes, dialect: Dialect, data: bytes, position: int) -> Entry | int:
    """One tag, or its bare code where its values cannot lie in the file."""
    code, kind = dialect.integer(data[:2]), dialect.integer(data[2:4])
    count = dialect.integer(data[4 : 4 + dialect.word])
    if kind not in _TYPES or count == 0:
        return code
    letter, items = _TYPES[kind]
    length = count * items * int(letter[1])
    inside = length <= dialect.word
    start = position + 4 + dialect.word if inside else dialect.integer(data[4 + dialect.word :])
    if start + length > raw.size:
        return code
    return Entry(code, kind, count, start)
