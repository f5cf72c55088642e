"""One Excel workbook: numbers tidy and wide, findings, samples, vocabulary; opens in Excel and Prism."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import xlsxwriter
import xlsxwriter.exceptions

from exoraw import __version__
from exoraw.store.disk import replacing
from exoraw.store.export.cells import looks_like_formula, number_text, plain
from exoraw.store.export.tables import Source

MOST_ROWS = 1_048_576  # of a sheet, heading included (Excel's specification)
MOST_COLUMNS = 16_384
LARGEST = 9.99999999999999e307  # number that a cell takes
LONGEST_TEXT = 32_767  # characters of a cell
_CUT = " [cut: the whole text is in the .parquet file]"
_WIDEST = 48  # characters of a column; longer texts are seen in the cell
_LOOKED_AT = 200  # rows that decide a column's width
_BATCH = 16_384
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd hh:mm",
}


class Workbook:
    """A workbook that is written sheet by sheet and row by row, in little memory.

    Texts are always texts: what looks like a formula gets Excel's own text mark (the cell shows and holds
    the text as it is). NaN and missing are empty cells, infinities the texts Inf and -Inf.
    Numbers have 16 digits, as in Excel itself.

    Parameters
    ----------
    path : the file
    scratch : folder for sheets that are not finished; on the same disk, so that a full one is noticed
    most_rows, most_columns : of a sheet
    """

    def __init__(
        self, path: Path, scratch: Path, most_rows: int = MOST_ROWS, most_columns: int = MOST_COLUMNS
    ) -> None:
        self._book = xlsxwriter.Workbook(str(path), {**_OPTIONS, "tmpdir": str(scratch)})
        self._heading = self._book.add_format({"bold": True, "bottom": 1})
        self._as_text = self._book.add_format({"quote_prefix": True})
        self._most_rows, self._most_columns = most_rows, most_columns
        self.remarks: list[str] = []

    def add(self, name: str, table: pa.Table) -> None:
        """Add a table as a sheet; as several where it has more rows than a sheet holds."""
        if table.num_columns > self._most_columns:
            left_out = table.num_columns - self._most_columns
            table = table.select(range(self._most_columns))
            self.remarks.append(
                f"{name}: Excel holds {self._most_columns:,} columns, the last {left_out:,} are left out "
                "here; `exoraw export --to csv` has them all."
            )
        room = self._most_rows - 1
        starts = range(0, max(table.num_rows, 1), room)
        for number, start in enumerate(starts, 1):
            self._sheet(_sheet_name(name, number), table.slice(start, room))
        if len(starts) > 1:
            self.remarks.append(
                f"{name}: {table.num_rows:,} rows stand on {len(starts)} sheets, because Excel holds "
                f"{self._most_rows:,} rows a sheet."
            )

    def close(self, facts: Sequence[tuple[str, str]]) -> None:
        """Add the sheet `about`, with facts and remarks, and finish the file."""
        rows = [*facts, *(("remark", remark) for remark in self.remarks)]
        about = {"what": [row[0] for row in rows], "value": [row[1] for row in rows]}
        self.add("about", pa.table(about))
        try:
            self._book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise OSError(*error.args[0].args) from error  # a full disk is said as such

    def _sheet(self, name: str, table: pa.Table) -> None:
        sheet = self._book.add_worksheet(name)
        for place, column in enumerate(table.column_names):
            sheet.set_column(place, place, _width(column, table.column(place)))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, table.num_rows, max(table.num_columns - 1, 0))
        for place, column in enumerate(table.column_names):
            sheet.write_string(0, place, column, self._heading)
        for number, row in enumerate(_rows(table), 1):
            for place, value in enumerate(row):
                self._cell(sheet, number, place, value)

    def _cell(self, sheet: Any, row: int, column: int, value: Any) -> None:
        cell = plain(value)
        if cell is None or cell == "":
            return
        if isinstance(cell, bool):
            sheet.write_boolean(row, column, cell)
        elif isinstance(cell, str):
            self._text(sheet, row, column, cell)
        elif abs(cell) <= LARGEST:
            sheet.write_number(row, column, cell)
        elif not math.isnan(cell):
            sheet.write_string(row, column, number_text(cell))

    def _text(self, sheet: Any, row: int, column: int, text: str) -> None:
        if len(text) > LONGEST_TEXT:
            text = text[: LONGEST_TEXT - len(_CUT)] + _CUT
        if looks_like_formula(text):
            sheet.write_string(row, column, text, self._as_text)
        else:
            sheet.write_string(row, column, text)


def write_xlsx(source: Source, path: Path) -> Path:
    """Write the workbook and return its path."""
    scratch = TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.", ignore_cleanup_errors=True)
    with replacing(path) as temporary, scratch as folder:
        book = Workbook(temporary, Path(folder))
        book.add("measurements", source.tidy())
        for assay, table in source.wide():
            book.add(f"wide {assay}", table)
        for name in ("comparisons", "findings", "samples", "vocabulary"):
            table = source.table(name)
            if table.num_rows or name != "comparisons":
                book.add(name, table)
        names = "replaced by pseudonyms" if source.who is not None else "as in the sample sheet"
        tables = source.results.manifest
        book.close(
            [
                ("written by", f"exoraw {__version__}"),
                ("version of the tables", f"{tables.schema_major}.{tables.schema_minor}"),
                ("names of persons", names),
            ]
        )
    return path


def _sheet_name(name: str, number: int) -> str:
    """Return a legal sheet name: 31 characters at most."""
    tail = f" ({number})" if number > 1 else ""
    return name[: 31 - len(tail)] + tail


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    for batch in table.to_batches(max_chunksize=_BATCH):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _width(name: str, column: pa.ChunkedArray) -> int:
    values = (plain(value) for value in column.slice(0, _LOOKED_AT).to_pylist())
    shown = (f"{value:.6g}" if isinstance(value, float) else str(value) for value in values)
    return min(max(len(name), *map(len, shown), 0) + 3, _WIDEST)
