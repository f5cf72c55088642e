"""One cell of a text file: numbers as numbers, and texts that no spreadsheet takes for a formula."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
LIST_SEPARATOR = "; "


def looks_like_formula(text: str) -> bool:
    """Return whether a spreadsheet might compute this text: it starts with = + - @, tab or return.

    A number written as text ("-1.5") is harmless and stays as it is.
    """
    return bool(_FORMULA.match(text)) and not _PLAIN_NUMBER.fullmatch(text)


def escaped(text: str) -> str:
    """Return a text with an apostrophe before what looks like a formula.

    `unescaped` gives the original back: a text that has apostrophes there already gets one more.
    """
    return f"'{text}" if looks_like_formula(text) else text


def unescaped(text: str) -> str:
    """Undo `escaped`."""
    bare = text[1:]
    return bare if text.startswith("'") and looks_like_formula(bare) else text


def plain(value: Any) -> str | float | int | bool | None:
    """Return a value of an Arrow table as a cell has it: lists and times as text, everything else as is."""
    if isinstance(value, list):
        return LIST_SEPARATOR.join("" if item is None else str(item) for item in value)
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return moment.isoformat().replace("+00:00", "Z")
    if value is None or isinstance(value, str | float | int | bool):
        return value
    return str(value)


def number_text(value: float) -> str:
    """Return the shortest text that reads back as the same number; NaN is empty, infinities are Inf."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    return repr(value)


def csv_cell(value: Any) -> str:
    """Return the text of a CSV cell."""
    cell = plain(value)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return number_text(cell)
    return escaped(cell) if isinstance(cell, str) else str(cell)
