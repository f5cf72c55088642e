"""Writes the Prism files of a results folder: <assay>.pzfx, and text files for Multiple variables tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from exoraw import __version__
from exoraw.store.disk import write_file
from exoraw.store.export.cells import csv_cell, escaped, plain
from exoraw.store.export.prism.compared import compared_sheets
from exoraw.store.export.prism.layout import sheets_of
from exoraw.store.export.prism.series import Grouping, Series, assays_of, of_assay, series_of
from exoraw.store.export.prism.sheet import Sheet, pzfx
from exoraw.store.export.prism.survival import survival_sheets
from exoraw.store.export.signs import CONTROLS, with_signs
from exoraw.store.export.tables import Source

MOST_TABLES = 250  # of a file; a longer list is no list that a person reads
MOST_FILES = 8  # of an assay; numbered objects (band 1 to 900) would make thousands of tables of one value
_NOT_NUMBERS = frozenset({"measurement_id", "task_id", "file_id", "qc_codes"})
_GENERAL = (
    f"Written by exoraw {__version__} from the tables of its results folder.",
    "Groups stand in the order of the sample sheet. Blue italic numbers are of samples that the study "
    "excludes: Prism leaves them out. An empty cell is a number that does not exist.",
    "Control characters in names are shown by their signs (␀, ␉, ␊ and so on).",
    "Controls that do not count as samples (unstained, isotype) stand in the text files alone.",
)


def write_prism(source: Source, folder: Path) -> list[Path]:
    """Write the Prism files and return them.

    One .pzfx file per assay, with a table for each kind of number; survival.pzfx where the sheet has times
    and events; comparisons.pzfx with the survival and dose-response comparisons of the study; for each assay
    two text files that Prism imports into a Multiple variables table: a row per sample
    (variables_<assay>.txt) and a row per number (tidy_<assay>.txt).
    """
    tidy, grouping, project = source.tidy(), Grouping.of(source), Project.of(source)
    written = []
    for assay in assays_of(tidy):
        rows = of_assay(tidy, assay)
        for number, (sheets, about) in enumerate(_files(series_of(rows), grouping), 1):
            name = assay if number == 1 else f"{assay}_{number}"
            written.append(_write(folder / f"{name}.pzfx", sheets, project, about))
        numbers = rows.select([name for name in rows.column_names if name not in _NOT_NUMBERS])
        written.append(_write_text(folder / f"tidy_{assay}.txt", numbers))
    for assay, table in source.wide():
        written.append(_write_text(folder / f"variables_{assay}.txt", table))
    survival = survival_sheets(source, grouping)
    if survival:
        written.append(_write(folder / "survival.pzfx", survival, project, _about(survival)))
    compared = compared_sheets(source)
    if compared:
        written.append(_write(folder / "comparisons.pzfx", compared, project, _about(compared)))
    return written


@dataclass(frozen=True)
class Project:
    """Title of the study, and when its last run began."""

    title: str
    made: datetime

    @classmethod
    def of(cls, source: Source) -> Project:
        """Return what the table of runs says last."""
        runs = source.table("runs")
        if not runs.num_rows:
            return cls("", datetime.fromtimestamp(0, UTC))
        return cls(runs["title"].to_pylist()[-1] or "", runs["started_at"].to_pylist()[-1])


def _write(path: Path, sheets: Sequence[Sheet], project: Project, about: Sequence[str]) -> Path:
    write_file(path, pzfx(sheets, project.title, about, project.made))
    return path


def _files(series: Sequence[Series], grouping: Grouping) -> Iterator[tuple[list[Sheet], list[str]]]:
    """Return the tables file by file, each with the lines of its info sheet."""
    taken = series[: MOST_TABLES * MOST_FILES]
    left = len(series) - len(taken)
    more = (
        f"{left:,} further kinds of number stand in the text files alone: Prism would hold too many tables."
    )
    sheets = [sheet for one in taken for sheet in sheets_of(one, grouping)]
    for start in range(0, len(sheets), MOST_TABLES):
        part = sheets[start : start + MOST_TABLES]
        yield part, [*_about(part), *([more] if left else [])]


def _about(sheets: Sequence[Sheet]) -> list[str]:
    """Return the lines of an info sheet; tables about which the same is to be said share one."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for sheet in sheets:
        alike.setdefault(sheet.notes, []).append(sheet.title)
    return [*_GENERAL, *(f"{'; '.join(titles)}. {' '.join(notes)}" for notes, titles in alike.items())]


def _write_text(path: Path, table: pa.Table) -> Path:
    write_file(path, variables_text(table).encode("utf-8-sig"))
    return path


def variables_text(table: pa.Table) -> str:
    """Return a table as tab-separated text for a Multiple variables table.

    Tabs, line ends and other control characters within a text are shown by their signs; a text that a
    spreadsheet would compute gets an apostrophe, as in CSV. Infinities, which would make a text variable
    of their column, are empty and stand in a column of their own, with " text" after its name.
    """
    headings, columns = [], []
    for heading, column in zip(table.column_names, table.columns, strict=True):
        cells = column.to_pylist()
        headings.append(_shown(heading))
        columns.append([_cell(value) for value in cells])
        if any(_is_infinite(value) for value in cells):
            headings.append(_shown(f"{heading} text"))
            columns.append([csv_cell(value) if _is_infinite(value) else "" for value in cells])
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter="\t", lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows(zip(*columns, strict=True))
    return buffer.getvalue()


def _cell(value: object) -> str:
    cell = plain(value)
    if isinstance(cell, str):
        return _shown(cell)
    return "" if _is_infinite(value) else csv_cell(cell)


def _shown(text: str) -> str:
    return escaped(with_signs(text, CONTROLS))


def _is_infinite(value: object) -> bool:
    return isinstance(value, float) and value in {float("inf"), float("-inf")}
