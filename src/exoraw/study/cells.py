"""A sheet as the spreadsheet shows it: rows and columns of text."""

from __future__ import annotations

from dataclasses import dataclass

from exoraw.study.spec import Problem


@dataclass(frozen=True)
class Grid:
    """One sheet, cell by cell, as text.

    Parameters
    ----------
    source : file name as the user knows it
    cells : rows as the spreadsheet counts them; cells[0] is row 1. Rows may differ in length
    tab : worksheet of a workbook, "" for CSV
    problems : what was assumed or is wrong with the file
    delimiter : of a CSV; "" for a workbook
    encoding : of a CSV, as Python names it; "" for a workbook
    newline : line end of a CSV
    dates : (row, column), both from 1, of workbook cells that hold a date or a time
    sha256 : digest of the file
    """

    source: str
    cells: tuple[tuple[str, ...], ...]
    tab: str = ""
    problems: tuple[Problem, ...] = ()
    delimiter: str = ""
    encoding: str = ""
    newline: str = "\n"
    dates: frozenset[tuple[int, int]] = frozenset()
    sha256: str = ""

    def cell(self, row: int, column: int) -> str:
        """Return a cell, both counted from 1; "" beyond the edge."""
        line = self.cells[row - 1] if row <= len(self.cells) else ()
        return line[column - 1] if column <= len(line) else ""


def column_letter(column: int) -> str:
    """Return the spreadsheet's letter of a column counted from 1: 1 -> A, 28 -> AB."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
