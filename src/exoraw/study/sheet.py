"""The sample sheet: which sample lies in which raw file, and what was done to it.

Cells are text, as typed. Only blanks around a cell are taken away, and that is said; a sample name is
never changed at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from exoraw.io.errors import StudyError
from exoraw.study.cells import Grid, column_letter
from exoraw.study.grid import read_grids
from exoraw.study.numbers import as_whole
from exoraw.study.spec import Problem, Severity
from exoraw.study.words import fold, shown

SEPARATOR = ";"  # between several files of one row: lanes of a sequencing library, exposures of a blot
TAB = "samples"  # the worksheet that is taken where a workbook has several

COMMON_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "sample": "name of the sample, unique; never changed by exoraw",
        "file": "raw file or files of the sample, relative to the raw folder, separated by ;",
        "dataset": "dataset or scene within the file, from 0; empty = 0",
        "pipeline": "pipeline of study.yaml that the row belongs to; empty = every one",
        "subject": "patient or animal",
        "preparation": "exosome preparation or culture",
        "parent_sample": "sample it was made from (donor culture -> exosome preparation -> recipient well)",
        "biological_replicate": "independent repeat",
        "technical_replicate": "repeat of the measurement on the same material",
        "control_role": "role of a control; empty for a sample",
        "batch": "what was measured together: day, plate, membrane",
        "cell_line": "cell line",
        "treatment": "treatment",
        "dose": "dose, a number",
        "dose_unit": "unit of the dose",
        "time_h": "hours after treatment, a number",
        "plate": "plate",
        "well": "well: letter and number",
    }
)
NUMBER_COLUMNS = ("dose", "time_h")
_ALIASES = MappingProxyType(
    {
        **dict.fromkeys(("samplename", "sampleid", "sampleno"), "sample"),
        **dict.fromkeys(("filename", "files", "filenames", "filepath", "fcsfile", "rawfile"), "file"),
        **dict.fromkeys(("donorsample", "parent"), "parent_sample"),
        **dict.fromkeys(("timehours", "hours"), "time_h"),
        **dict.fromkeys(("patient", "patientid", "animal", "mouse", "subjectid"), "subject"),
    }
)
_DATE_LIKE = re.compile(r"date|time|day|when|acquired", re.IGNORECASE)


@dataclass(frozen=True)
class SheetRow:
    """One row of the sheet.

    Parameters
    ----------
    row : row as the spreadsheet counts; the header is row 1
    cells : column -> text; every column of the sheet stands here
    source : sheet it comes from
    """

    row: int
    cells: Mapping[str, str] = field(default_factory=dict)
    source: str = ""

    @property
    def sample(self) -> str:
        """Name as typed."""
        return self.cells.get("sample", "")

    @property
    def files(self) -> tuple[str, ...]:
        """Raw files, relative to the raw folder, forward slashes."""
        return split_files(self.cells.get("file", ""))

    @property
    def dataset(self) -> int:
        """Dataset of the file; 0 where the cell is empty or no whole number, which `check` reports."""
        cell = self.cells.get("dataset", "")
        return (as_whole(cell) or 0) if cell else 0


@dataclass(frozen=True)
class Sheet:
    """A sample sheet as read.

    Parameters
    ----------
    source : file name
    columns : names after matching: "Cell line" is cell_line
    rows : rows that hold anything
    problems : everything that is wrong or was assumed
    delimiter : of a CSV, "" for a workbook
    digests : file name -> sha256 of each file the rows come from
    """

    source: str
    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]
    problems: tuple[Problem, ...] = ()
    delimiter: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)


def split_files(cell: str) -> tuple[str, ...]:
    """Return the files of a cell; one that `whole_file_cell` marked as a single name stays whole."""
    if cell.startswith("./"):  # no cell as read begins so
        return (cell[2:],)
    return tuple(part for part in (part.strip() for part in cell.split(SEPARATOR)) if part)


def whole_file_cell(path: str) -> str:
    """Return a file cell that holds one name, even where the name has a semicolon in it."""
    return f"./{path}" if SEPARATOR in path else path


def match_columns(columns: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Return typed header -> known column for every header that means one of them.

    Case, spaces, hyphens and underscores count for nothing; a few usual names (Filename, Sample ID) are
    understood. A header that already is a known column, or whose column is there already, is left alone.
    """
    typed = list(columns)
    names = {fold(name): name for name in known}
    taken = set(typed)
    renamed: dict[str, str] = {}
    for header in typed:
        folded = fold(header)
        meant = names.get(folded) or _ALIASES.get(folded, "")
        if meant and meant != header and meant not in taken and (meant in names.values()):
            renamed[header] = meant
            taken.add(meant)
    return renamed


def read_sheet(path: Path, known: Iterable[str] = ()) -> Sheet:
    """Read a sample sheet from .csv or .xlsx.

    Parameters
    ----------
    path : the sheet; it may be open in Excel
    known : column names beside the common ones that headers are matched with (factors)

    Returns
    -------
    Sheet; what is wrong with single cells stands in its problems

    Raises
    ------
    StudyError
        The file cannot be read at all.
    """
    return sheet_from_grid(_chosen(read_grids(path)), (*COMMON_COLUMNS, *known))


def _chosen(grids: tuple[Grid, ...]) -> Grid:
    filled = [grid for grid in grids if any(any(row) for row in grid.cells)]
    named = [grid for grid in grids if fold(grid.tab) == TAB]
    if named:
        return named[0]
    if not filled:
        return grids[0] if grids else Grid("", ())
    return filled[0]


def sheet_from_grid(grid: Grid, known: Iterable[str]) -> Sheet:
    """Take a grid whose first filled row is the header as a sheet."""
    start = next((number for number, row in enumerate(grid.cells) if any(cell.strip() for cell in row)), None)
    if start is None:
        problem = Problem("error", "is empty; the first row must hold the names of the columns", grid.source)
        return Sheet(grid.source, (), (), (*grid.problems, problem))
    reading = _Reading(grid, start + 1)
    columns = reading.header(tuple(known))
    rows = tuple(row for row in map(reading.row, range(start + 2, len(grid.cells) + 1)) if row is not None)
    if not rows:
        reading.say("error", "holds a header and no samples")
    names = tuple(name for name in columns if name)
    digests = {grid.source: grid.sha256} if grid.sha256 else {}
    return Sheet(grid.source, names, rows, (*grid.problems, *reading.problems), grid.delimiter, digests)


class _Reading:
    """Reads one grid, collecting what is wrong with it."""

    def __init__(self, grid: Grid, header_row: int) -> None:
        self.grid = grid
        self.header_row = header_row
        self.columns: tuple[str, ...] = ()
        self.problems: list[Problem] = []

    def say(self, severity: Severity, message: str, row: int | None = None, column: str = "") -> None:
        self.problems.append(Problem(severity, message, self.grid.source, row, column))

    def header(self, known: tuple[str, ...]) -> tuple[str, ...]:
        """Return the column names, "" for a column without one."""
        typed = [name.strip() for name in self.grid.cells[self.header_row - 1]]
        renamed = match_columns([name for name in typed if name], known)
        for header, name in renamed.items():
            self.say("info", f"was read as the column {name}", self.header_row, header)
        names = [renamed.get(name, name) for name in typed]
        for position, name in enumerate(names):
            if name and name in names[:position]:
                first = names.index(name)
                places = f"{column_letter(first + 1)} and {column_letter(position + 1)}"
                self.say(
                    "error",
                    f"two columns have this name ({places}); rename or remove one",
                    self.header_row,
                    name,
                )
                names[position] = ""
            elif not name.isprintable():
                self.say("error", f"the name {shown(name)} holds a line break or tab", self.header_row)
        self.columns = tuple(names)
        return self.columns

    def row(self, number: int) -> SheetRow | None:
        """Return one row, or None where it is empty."""
        cells = self.grid.cells[number - 1]
        if not any(cell.strip() for cell in cells):
            return None
        self._refuse_unnamed(number, cells)
        found: dict[str, str] = {}
        for position, name in enumerate(self.columns):
            if name:
                cell = cells[position] if position < len(cells) else ""
                found[name] = self._cell(name, cell, number)
                if (number, position + 1) in self.grid.dates and not _DATE_LIKE.search(name):
                    self._warn_of_date(name, found[name], number)
        return SheetRow(number, found, self.grid.source)

    def _refuse_unnamed(self, number: int, cells: tuple[str, ...]) -> None:
        for position, cell in enumerate(cells):
            beyond = position >= len(self.columns)
            if not cell.strip() or (not beyond and (self.columns[position] or self._is_duplicate(position))):
                continue
            letter = column_letter(position + 1)
            if beyond and self.grid.delimiter:
                hint = f' Text that holds "{self.grid.delimiter}" must stand in quotes.'
            else:
                hint = " Name the column in the header row, or empty the cell."
            self.say(
                "error",
                f"cell {letter}{number} holds {shown(cell)}, but its column has no name.{hint}",
                number,
            )

    def _is_duplicate(self, position: int) -> bool:
        header = self.grid.cells[self.header_row - 1]
        return position < len(header) and bool(header[position].strip())

    def _cell(self, name: str, cell: str, number: int) -> str:
        bare = cell.strip()
        if name == "sample":
            self._check_name(cell, bare, number)
            return cell if bare else ""
        if bare != cell and bare:
            self.say("warning", f"blanks around {shown(bare)} were taken away", number, name)
        return self._file(bare, number) if name == "file" else bare

    def _check_name(self, cell: str, bare: str, number: int) -> None:
        if bare and bare != cell:
            where = "begins" if cell[:1] != bare[:1] else "ends"
            message = (
                f"the name {shown(cell)} {where} with a blank; sample names are never changed, so correct it"
            )
            self.say("error", message, number, "sample")
        if not bare.isprintable():
            self.say(
                "error",
                f"the name {shown(bare)} holds a line break, tab or control character",
                number,
                "sample",
            )

    def _file(self, cell: str, number: int) -> str:
        slashed = re.sub(r"(^|;\s*)(\./)+", r"\1", cell.replace("\\", "/"))
        for path in split_files(slashed):
            parts = PurePosixPath(path).parts
            if path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in parts:
                message = (
                    f"{shown(path)} must be relative to the raw folder, such as "
                    "day1/A1.fcs, and stay inside it"
                )
                self.say("error", message, number, "file")
        return slashed

    def _warn_of_date(self, name: str, cell: str, number: int) -> None:
        advice = "If you typed something else, format the column as text and type it again."
        self.say("warning", f"Excel holds {cell} here, a date or time. {advice}", number, name)


def joined(sheets: Iterable[Sheet]) -> Sheet:
    """Return several sheets as one; a cell whose sheet has no such column is empty."""
    every = list(sheets)
    if len(every) == 1:
        return every[0]
    columns = tuple(dict.fromkeys(column for sheet in every for column in sheet.columns))
    return Sheet(
        ", ".join(sheet.source for sheet in every),
        columns,
        tuple(row for sheet in every for row in sheet.rows),
        tuple(problem for sheet in every for problem in sheet.problems),
        next((sheet.delimiter for sheet in every if sheet.delimiter), ""),
        {name: digest for sheet in every for name, digest in sheet.digests.items()},
    )


def require_columns(sheet: Sheet) -> None:
    """Refuse a sheet that has no column "sample": nothing else of it can be used.

    Raises StudyError with the header that was found.
    """
    if sheet.columns and "sample" not in sheet.columns:
        found = ", ".join(shown(name) for name in sheet.columns[:12])
        raise StudyError(f'{sheet.source}: there is no column "sample". Columns found: {found}.')
