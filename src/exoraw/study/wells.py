"""Wells of a plate: how people and instruments write them, and which exist."""

from __future__ import annotations

import re
from dataclasses import dataclass

ROWS_AND_COLUMNS = {6: (2, 3), 12: (3, 4), 24: (4, 6), 48: (6, 8), 96: (8, 12), 384: (16, 24), 1536: (32, 48)}
_WELL = re.compile(r"([A-Za-z]{1,2})[ _-]?0{0,2}([1-9]\d?)\Z")


@dataclass(frozen=True)
class PlateSize:
    """A plate format by its number of wells."""

    wells: int

    @property
    def rows(self) -> int:
        """Number of rows."""
        return ROWS_AND_COLUMNS[self.wells][0]

    @property
    def columns(self) -> int:
        """Number of columns."""
        return ROWS_AND_COLUMNS[self.wells][1]

    def holds(self, well: str) -> bool:
        """Whether the plate has this well (as `normal_well` writes it)."""
        row, column = row_and_column(well)
        return 1 <= row <= self.rows and 1 <= column <= self.columns


def smallest_plate(rows: int, columns: int) -> PlateSize | None:
    """Return the smallest plate with at least so many rows and columns, or None."""
    for wells, (most_rows, most_columns) in ROWS_AND_COLUMNS.items():
        if rows <= most_rows and columns <= most_columns:
            return PlateSize(wells)
    return None


def normal_well(text: str) -> str:
    """Return a well as letter and number: "b03" -> "B3"; "" where the text is no well."""
    found = _WELL.match(text.strip())
    return found[1].upper() + found[2] if found else ""


def row_and_column(well: str) -> tuple[int, int]:
    """Return row and column of a well, from 1: "B3" -> (2, 3), "AA1" -> (27, 1); (0, 0) for no well."""
    found = _WELL.match(well)
    if found is None:
        return 0, 0
    return row_number(found[1]), int(found[2])


def row_number(letters: str) -> int:
    """Return the row of its letters: A -> 1, Z -> 26, AA -> 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def row_letters(row: int) -> str:
    """Return the letters of a row: 1 -> A, 27 -> AA."""
    return chr(ord("A") + row - 1) if row <= 26 else "A" + chr(ord("A") + row - 27)
