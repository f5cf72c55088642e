"""Numbers as people type them into a sheet: with a decimal comma, a typed minus, an exponent."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][-+]?[0-9]{1,4})?\Z")
_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2},[0-9]{3}\Z")  # 1,250: a decimal comma or a thousands comma
_MINUS_SIGNS = str.maketrans({"\u2212": "-", "\u2013": "-"})


def decimal_commas(cells: Iterable[str]) -> bool:
    """Whether a column holds a number whose comma can only be a decimal comma ("0,5", "12,75")."""
    return any("," in cell and _NUMBER.match(cell) and not _THOUSANDS.match(cell) for cell in cells)


def normalised_number(cell: str, *, comma_is_decimal: bool = False) -> str | None:
    """Return a cell as a plain number, spelled as typed except for comma and minus sign.

    Parameters
    ----------
    cell : without blanks at its ends
    comma_is_decimal : whether the sheet or the column shows that a comma is a decimal comma; without it
        "1,250" is refused, as it may mean 1250

    Returns
    -------
    text that float() reads, or None where the cell is no finite number
    """
    text = cell.translate(_MINUS_SIGNS)
    if not _NUMBER.match(text):
        return None
    if _THOUSANDS.match(text) and not comma_is_decimal:
        return None
    plain = text.replace(",", ".")
    return plain if math.isfinite(float(plain)) else None


def is_ambiguous(cell: str) -> bool:
    """Whether a comma may be a decimal comma or separate thousands ("1,250")."""
    return bool(_THOUSANDS.match(cell.translate(_MINUS_SIGNS)))


def as_whole(cell: str) -> int | None:
    """Return a cell as a whole number ("3", "3.0"), or None."""
    plain = normalised_number(cell)
    if plain is None:
        return None
    value = float(plain)
    return int(value) if value.is_integer() and abs(value) < 2**53 else None
