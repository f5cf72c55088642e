"""Plate maps as people draw them: one grid of wells for each column of the sheet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exoraw.study.cells import Grid, column_letter
from exoraw.study.grid import read_grids
from exoraw.study.numbers import as_whole
from exoraw.study.problems import StudyProblems
from exoraw.study.sheet import COMMON_COLUMNS, match_columns
from exoraw.study.spec import Problem
from exoraw.study.wells import PlateSize, row_letters, row_number, smallest_plate
from exoraw.study.words import shown

FEWEST_COLUMNS = 2  # numbers in a row that make it the header of a grid
_ROW_LETTERS = re.compile(r"[A-Za-z]{1,2}\Z")


@dataclass(frozen=True)
class WellCell:
    """What a grid says of one well, and the spreadsheet cell it stands in."""

    text: str
    cell: str
    row: int


@dataclass(frozen=True)
class WellGrid:
    """One grid of a plate map.

    Parameters
    ----------
    column : sheet column that it fills
    wells : well ("B3") -> cell, only those that hold something
    source, tab : where it stands
    corner : cell of its header's corner
    rows, columns : largest plate row and column that it draws
    """

    column: str
    wells: Mapping[str, WellCell]
    source: str
    tab: str
    corner: str
    rows: int
    columns: int


def read_plate_map(path: Path, known: Iterable[str] = (), wells: int | None = None) -> tuple[WellGrid, ...]:
    """Read the grids of a plate map.

    A grid is a header row 1, 2, 3 ... with the letters A, B, C ... below its corner. Its title, the
    column it fills, stands in the corner, in the row above, or is the name of the worksheet.

    Parameters
    ----------
    path : CSV or .xlsx
    known : column names that titles are matched with ("Cell line" is cell_line)
    wells : wells of the plate, None = the smallest plate that all grids fit into

    Returns
    -------
    the grids, in the order of the file

    Raises
    ------
    StudyError
        No grid, a grid without title, two of one title, or wells outside the plate; by cell, all at once.
    """
    problems: list[Problem] = []
    sheets = read_grids(path)
    found = [grid for sheet in sheets for grid in _grids(sheet, (*COMMON_COLUMNS, *known), problems)]
    problems.extend(problem for sheet in sheets for problem in sheet.problems if problem.severity == "error")
    if not found and not problems:
        message = "holds no grid; expected a row 1, 2, 3 ... with the letters A, B, C ... below its left end"
        problems.append(Problem("error", message, path.name))
    problems.extend(_doubled(found))
    problems.extend(_beyond(found, wells))
    if problems:
        raise StudyProblems(problems)
    return tuple(found)


# ------------------------------------------------------------------ finding the grids


def _grids(sheet: Grid, known: Sequence[str], problems: list[Problem]) -> Iterator[WellGrid]:
    used_until: dict[int, int] = {}  # column of a corner -> last row of the grid found there
    for number, row in enumerate(sheet.cells, start=1):
        for left, numbers in _headers(sheet, number, row):
            if used_until.get(left, 0) >= number:
                continue
            rows = _letters_below(sheet, number, left)
            if not rows:
                continue
            used_until[left] = number + len(rows)
            title = _title(sheet, number, left, len(numbers))
            if not title:
                problems.append(_untitled(sheet, number, left))
                continue
            name = match_columns([title], known).get(title, title)
            yield _well_grid(sheet, name, (number, left), numbers, rows)


def _headers(sheet: Grid, number: int, row: tuple[str, ...]) -> Iterator[tuple[int, list[int]]]:
    """Yield (column of the corner, plate columns) for every run of consecutive whole numbers in a row."""
    column = 2
    while column <= len(row):
        first = as_whole(row[column - 1].strip())
        if first is None or first < 1:
            column += 1
            continue
        numbers = [first]
        while as_whole(sheet.cell(number, column + len(numbers)).strip()) == numbers[-1] + 1:
            numbers.append(numbers[-1] + 1)
        if len(numbers) >= FEWEST_COLUMNS:
            yield column - 1, numbers
        column += len(numbers)


def _letters_below(sheet: Grid, number: int, left: int) -> list[int]:
    """Return the plate rows whose letters stand below a corner, as far as they follow each other."""
    rows: list[int] = []
    while True:
        text = sheet.cell(number + len(rows) + 1, left).strip()
        if not _ROW_LETTERS.match(text) or (rows and row_number(text) != rows[-1] + 1):
            return rows
        rows.append(row_number(text))


def _title(sheet: Grid, number: int, left: int, width: int) -> str:
    corner = _as_title(sheet.cell(number, left))
    if corner:
        return corner
    if number > 1:
        above = [_as_title(sheet.cell(number - 1, column)) for column in range(left, left + width + 1)]
        named = [title for title in above if title]
        if named and not _ROW_LETTERS.match(sheet.cell(number - 1, left).strip()):
            return named[0]
    return _as_title(sheet.tab)


def _as_title(text: str) -> str:
    return text.strip().rstrip(":").rstrip()


def _untitled(sheet: Grid, number: int, left: int) -> Problem:
    corner = f"{column_letter(left)}{number}"
    message = (
        f"the grid whose corner is cell {corner} has no title; write the column it fills "
        f"(treatment) into {corner}"
    )
    return Problem("error", message, sheet.source, number)


def _well_grid(
    sheet: Grid, name: str, corner: tuple[int, int], numbers: list[int], rows: list[int]
) -> WellGrid:
    top, left = corner
    wells = {}
    for down, plate_row in enumerate(rows, start=1):
        for right, plate_column in enumerate(numbers, start=1):
            text = sheet.cell(top + down, left + right).strip()
            if text:
                place = f"{column_letter(left + right)}{top + down}"
                wells[f"{row_letters(plate_row)}{plate_column}"] = WellCell(text, place, top + down)
    cell = f"{column_letter(left)}{top}"
    return WellGrid(name, wells, sheet.source, sheet.tab, cell, rows[-1], numbers[-1])


def _doubled(grids: Sequence[WellGrid]) -> Iterator[Problem]:
    first: dict[str, WellGrid] = {}
    for grid in grids:
        if grid.column in first:
            other = first[grid.column]
            message = (
                f"two grids have the title {shown(grid.column)} (at {_at(other)} and {_at(grid)}); rename one"
            )
            yield Problem("error", message, grid.source)
        first.setdefault(grid.column, grid)


def _at(grid: WellGrid) -> str:
    return f"{grid.tab}!{grid.corner}" if grid.tab else grid.corner


def _beyond(grids: Sequence[WellGrid], wells: int | None) -> Iterator[Problem]:
    size = PlateSize(wells) if wells else None
    for grid in grids:
        if size is None and smallest_plate(grid.rows, grid.columns) is None:
            message = f"the grid {shown(grid.column)} at {_at(grid)} is larger than a 1536-well plate"
            yield Problem("error", message, grid.source)
        for well, cell in grid.wells.items():
            if size is not None and not size.holds(well):
                message = (
                    f"cell {cell.cell} ({grid.column}) is well {well}, which a {wells}-well "
                    "plate does not have"
                )
                yield Problem("error", message, grid.source, cell.row)
