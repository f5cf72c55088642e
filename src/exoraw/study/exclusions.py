"""exclusions.csv beside the study: what a person left out, why, who and when."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from io import StringIO
from pathlib import Path
from typing import Literal

from exoraw.study.cells import Grid
from exoraw.study.grid import read_grids
from exoraw.study.problems import StudyProblems
from exoraw.study.spec import Problem
from exoraw.study.wells import normal_well
from exoraw.study.words import did_you_mean, fold, listed, shown
from exoraw.study.writing import joined_bytes, replace_file

Kind = Literal["sample", "file", "well"]

FILE = "exclusions.csv"
KINDS: tuple[Kind, ...] = ("sample", "file", "well")
COLUMNS = ("kind", "target", "reason", "who", "when")
_PLATE_WELL = re.compile(r"(?:(?P<plate>.+)[:/])?(?P<well>[A-Za-z]{1,2}\d{1,2})\Z")


@dataclass(frozen=True)
class Exclusion:
    """One thing left out of group results; its own numbers are still computed and shown.

    Parameters
    ----------
    kind : "sample", "file" or "well"
    target : sample name, path relative to the raw folder, or plate:well ("P1:B03"; "B03" where there is
        one plate)
    reason, who, when : in words, initials, date; none may be empty
    row : row of exclusions.csv
    """

    kind: Kind
    target: str
    reason: str
    who: str
    when: str
    row: int = 0

    @property
    def plate_and_well(self) -> tuple[str, str]:
        """Plate ("" = the only one) and well ("B3") of a well's target; ("", "") for another kind."""
        found = _PLATE_WELL.match(self.target) if self.kind == "well" else None
        if found is None:
            return "", ""
        return found["plate"] or "", normal_well(found["well"])


def read_exclusions(folder: Path, remarks: list[Problem]) -> tuple[tuple[Exclusion, ...], str]:
    """Read exclusions.csv of a study folder.

    Parameters
    ----------
    folder : folder of study.yaml
    remarks : what was assumed on reading is appended here

    Returns
    -------
    exclusions in order, and the digest of the file; nothing and "" where there is no such file

    Raises
    ------
    StudyProblems
        Every row that misses a cell or holds an unknown kind, at once.
    """
    path = folder / FILE
    if not path.is_file():
        return (), ""
    grid = read_grids(path)[0]
    remarks.extend(problem for problem in grid.problems if problem.severity != "error")
    problems = [problem for problem in grid.problems if problem.severity == "error"]
    found = _exclusions(grid, problems)
    if problems:
        raise StudyProblems(problems)
    return tuple(found), grid.sha256


def _exclusions(grid: Grid, problems: list[Problem]) -> list[Exclusion]:
    header = [fold(name) for name in grid.cells[0]] if grid.cells else []
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        message = f"misses the columns {listed(missing)}; the header is {','.join(COLUMNS)}"
        problems.append(Problem("error", message, grid.source, 1))
        return []
    places = [header.index(name) + 1 for name in COLUMNS]
    found = []
    for number, row in enumerate(grid.cells[1:], start=2):
        if any(cell.strip() for cell in row):
            cells = [grid.cell(number, place).strip() for place in places]
            problems.extend(_wrong_cells(cells, grid.source, number))
            _, target, reason, who, when = cells
            kind: Kind = next((kind for kind in KINDS if kind == cells[0]), "sample")
            found.append(Exclusion(kind, target, reason, who, when, number))
    return found


def _wrong_cells(cells: Sequence[str], source: str, number: int) -> list[Problem]:
    problems = [
        Problem(
            "error", "is empty; an exclusion needs kind, target, reason, who and when", source, number, name
        )
        for name, cell in zip(COLUMNS, cells, strict=True)
        if not cell
    ]
    kind, target = cells[0], cells[1]
    if kind and kind not in KINDS:
        message = f"{shown(kind)} is not one of {listed(KINDS)}.{did_you_mean(kind, KINDS)}"
        problems.append(Problem("error", message, source, number, "kind"))
    if kind == "well" and target and not _PLATE_WELL.match(target):
        message = f"{shown(target)} is no well; write plate:well, such as P1:B3"
        problems.append(Problem("error", message, source, number, "target"))
    return problems


def append_exclusion(folder: Path, exclusion: Exclusion) -> Path:
    """Add one exclusion at the end of exclusions.csv; what stands there stays as it is, byte for byte.

    Returns the file. Raises StudyError where a cell is empty, the kind is unknown or the file cannot be
    written; StudyProblems where the file that is there is damaged.
    """
    cells = [cell.strip() for cell in astuple(exclusion)[: len(COLUMNS)]]
    wrong = _wrong_cells(cells, FILE, exclusion.row)
    if wrong:
        raise StudyProblems(wrong)
    path = folder / FILE
    delimiter, before, encoding, order = ",", f"{','.join(COLUMNS)}\r\n".encode(), "utf-8", list(COLUMNS)
    if path.is_file():
        read_exclusions(folder, [])
        grid = read_grids(path)[0]
        before, delimiter, encoding = path.read_bytes(), grid.delimiter, grid.encoding
        order = [fold(name) for name in grid.cells[0]]
    cell_of = dict(zip(COLUMNS, cells, strict=True))
    line = _line([cell_of.get(name, "") for name in order], delimiter)
    replace_file(path, joined_bytes(before, line, encoding))
    return path


def _line(cells: Sequence[str], delimiter: str) -> str:
    text = StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return text.getvalue()
