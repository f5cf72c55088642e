"""The keywords of an FCS file: the TEXT segment, its delimiter, escapes, gaps and habits of vendors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exoraw.assays.contract import Finding
from exoraw.assays.flow.fcs.findings import listed, remark
from exoraw.io.errors import FormatError

MAX_TEXT = 4_000_000  # bytes; the largest real one seen has 25 kB
MAX_KEYWORDS = 50_000
_BLANK = " \0\t\r\n"
_BLANK_BYTES = _BLANK.encode()
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}(\.0*)?")
_REAL = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?")
_SHOWN = 60  # characters of a value in a message


@dataclass(frozen=True)
class Text:
    """The keywords of one dataset.

    Parameters
    ----------
    path, start : file, and byte at which TEXT starts, for messages
    keywords : keyword -> value, blanks around both removed, standard keywords in capitals
    raw : the segment as bytes
    """

    path: Path
    start: int
    keywords: Mapping[str, str]
    raw: bytes = field(repr=False)
    _folded: Mapping[str, str] = field(repr=False)

    def get(self, key: str) -> str | None:
        """Value of a keyword in any capitals; None where it is missing or empty."""
        return self._folded.get(key.upper()) or None

    def folded_keys(self) -> Mapping[str, str]:
        """All keywords in capitals, with their values."""
        return self._folded

    def integer(self, key: str) -> int | None:
        """Whole number of a keyword; None where missing. Raises FormatError where it is none."""
        value = self.get(key)
        if value is None:
            return None
        number = parse_integer(value)
        if number is None:
            raise self.error(key, "a whole number")
        return number

    def error(self, key: str, expected: str, advice: str = "") -> FormatError:
        """Make the error about a keyword, with its place in the file."""
        value = self.get(key)
        found = f"no {key}" if value is None else f"{key} = {value[:_SHOWN]!r}"
        place = self.raw.upper().find(key.upper().encode("latin-1", "replace"))
        advice = advice or "The file is damaged or was edited; export it again from the instrument."
        return FormatError(self.path, self.start + max(place, 0), expected, found, advice)


def parse_integer(value: str) -> int | None:
    """Whole number in FCS text (blanks, leading zeros and '.0' allowed); None where it is none."""
    value = value.strip(_BLANK)
    return int(value.partition(".")[0]) if _INTEGER.fullmatch(value) else None


def parse_real(value: str) -> float | None:
    """Finite decimal number in FCS text; None where it is none."""
    value = value.strip(_BLANK)
    if not _REAL.fullmatch(value):
        return None
    number = float(value)
    return number if abs(number) < float("inf") else None


def parse_text(
    path: Path, start: int, raw: bytes, after: bytes, supplement: tuple[int, bytes] | None = None
) -> tuple[Text, list[Finding]]:
    """Keywords of a TEXT segment, and of the supplemental one where there is one.

    Parameters
    ----------
    start : byte of the file at which `raw` starts
    raw : the segment; its first byte is the delimiter
    after : the byte behind it (b"" at the end of the file), for segments that end one byte early
    supplement : start and bytes of the supplemental TEXT; the primary one wins where both speak

    Raises
    ------
    FormatError : no usable delimiter, or absurdly many keywords
    """
    notes: list[Finding] = []
    delimiter = _delimiter(path, start, raw)
    tokens = _tokens(path, start, raw, delimiter, after, notes)
    if supplement is not None:
        place, more = supplement
        if more[:1] == delimiter:
            if len(tokens) % 2:
                notes.append(remark("text_unpaired", f"The keyword {tokens[-1][:_SHOWN]!r} has no value."))
                tokens.append("")
            tokens += _tokens(path, place, more, delimiter, b"", notes)
        else:
            notes.append(
                remark(
                    "stext_unreadable",
                    f"Supplemental keywords at byte {place:,} do not start with the delimiter {delimiter!r}.",
                )
            )
    keywords = _pair(tokens, notes)
    folded = {key.upper(): value for key, value in keywords.items()}
    return Text(path, start, keywords, raw, folded), notes


def _delimiter(path: Path, start: int, raw: bytes) -> bytes:
    delimiter = raw[:1]
    if not delimiter or delimiter.isalnum() or delimiter in b"$ " or raw.count(delimiter) < 3:
        found = repr(raw[:20].decode("latin-1"))
        advice = "The place of the keywords is wrong or the file is damaged; export it again."
        raise FormatError(path, start, "keywords that start with their delimiter", found, advice)
    return delimiter


def _tokens(
    path: Path, start: int, raw: bytes, delimiter: bytes, after: bytes, notes: list[Finding]
) -> list[str]:
    """Keywords and values in turn, as text."""
    if raw.count(delimiter) > 2 * MAX_KEYWORDS:
        expected = f"at most {MAX_KEYWORDS:,} keywords"
        raise FormatError(path, start, expected, f"{raw.count(delimiter) // 2:,}")
    pieces = _split(_body(raw, delimiter, after, notes), delimiter, notes)
    try:
        return [piece.decode("utf-8").strip(_BLANK) for piece in pieces]
    except UnicodeDecodeError:
        notes.append(remark("text_encoding", "The keywords are not UTF-8; they were read as Latin-1."))
        return [piece.decode("latin-1").strip(_BLANK) for piece in pieces]


def _body(raw: bytes, delimiter: bytes, after: bytes, notes: list[Finding]) -> bytes:
    """What lies between the first and the closing delimiter; says so where that is not at the end."""
    last = raw.rfind(delimiter)
    tail = raw[last + 1 :].strip(_BLANK_BYTES)
    if not tail:
        return raw[1:last]
    if len(raw) - last == 2:
        notes.append(
            remark("text_end", "The keywords are declared to end one byte behind their last delimiter.")
        )
        return raw[1:last]
    if after == delimiter:
        notes.append(
            remark("text_end", "The keywords are declared to end one byte before their last delimiter.")
        )
        return raw[1:]
    shown = tail[-20:].decode("latin-1")
    if not after.strip(_BLANK_BYTES):
        notes.append(remark("text_end", f"The keywords end without a closing delimiter, at {shown!r}."))
    else:
        message = f"The keywords break off without a closing delimiter, at {shown!r}; some may be missing."
        notes.append(remark("text_cut", message))
    return raw[1:]


def _split(body: bytes, delimiter: bytes, notes: list[Finding]) -> list[bytes]:
    """Split at single delimiters.

    A doubled delimiter in a value is one character of it (FCS 3.1, 3.2.9). After a keyword it is an
    empty value: no vendor puts the delimiter into a keyword, several write empty values.
    """
    parts = body.split(delimiter)
    if b"" not in parts:
        return parts
    tokens: list[bytes] = []
    current = [parts[0]]
    empty = 0
    place = 1
    while place < len(parts):
        doubled = parts[place] == b"" and place + 1 < len(parts)
        if doubled and len(tokens) % 2:
            current += (delimiter, parts[place + 1])
            place += 2
            continue
        tokens.append(b"".join(current))
        current = [parts[place]]
        if doubled:
            empty += 1
        place += 1
    tokens.append(b"".join(current))
    while tokens and not tokens[-1] and len(tokens) % 2:
        tokens.pop()
    if empty:
        notes.append(remark("text_empty_values", f"Keywords with an empty value: {empty}.", float(empty)))
    return tokens


def _pair(tokens: list[str], notes: list[Finding]) -> dict[str, str]:
    """Keyword -> value; the first of several wins."""
    if len(tokens) % 2:
        notes.append(remark("text_unpaired", f"The last keyword, {tokens[-1][:_SHOWN]!r}, has no value."))
    keywords: dict[str, str] = {}
    seen: dict[str, str] = {}
    twice: list[str] = []
    for key, value in zip(tokens[::2], tokens[1::2], strict=False):
        folded = key.upper()
        if folded in seen:
            if seen[folded] != value:
                twice.append(key[:_SHOWN])
            continue
        seen[folded] = value
        keywords[folded if key.startswith("$") else key] = value
    if twice:
        notes.append(remark("keyword_duplicate", f"Stand twice with different values: {listed(twice)}."))
    return keywords
