"""R files (.rds), one per table, and a script that reads them, sorts the groups and fits the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from exoraw import __version__
from exoraw.store.disk import explaining_full_disk, replacing, write_file
from exoraw.store.export import rds
from exoraw.store.export.analysed import analysed_tables
from exoraw.store.export.cells import plain
from exoraw.store.export.count_matrices import copy_count_matrices
from exoraw.store.export.r_script import r_script
from exoraw.store.export.signs import NUL, Remarks, with_signs
from exoraw.store.export.tables import Source

_LARGEST_INTEGER = 2**31 - 1  # of R; -2**31 is its NA
_LARGEST_WHOLE = 2**53  # a double holds every whole number up to here
_HEADING = f"""What the R files hold differently from the tables of exoraw (exoraw {__version__})

Column names are as in the tables, whatever they hold: write data[["name with spaces"]]. An empty cell is
NA; NaN and infinities are R's own. Lists of texts stand in one text, separated by "; "; times are texts
(UTC). Whole numbers are integer as far as R's integers reach, else numeric."""


def write_r(source: Source, folder: Path) -> list[Path]:
    """Write every table for analysis as .rds, the count matrices, notes.txt and read_exoraw.R.

    Raises DiskFull.
    """
    remarks = Remarks()
    tables = dict(analysed_tables(source))
    written = [write_rds(folder / f"{name}.rds", name, table, remarks) for name, table in tables.items()]
    with explaining_full_disk(folder):
        matrices = copy_count_matrices(source, folder)
    for name, text in (
        ("notes.txt", remarks.text(_HEADING)),
        ("read_exoraw.R", r_script(source, tables, [path.relative_to(folder) for path in matrices])),
    ):
        write_file(folder / name, text.encode())
    return [*written, *matrices, folder / "notes.txt", folder / "read_exoraw.R"]


def write_rds(path: Path, name: str, table: pa.Table, remarks: Remarks) -> Path:
    """Write a table as R's data frame; every change is added to the remarks.

    Parameters
    ----------
    name : the table's name, for the remarks
    """
    headings = [with_signs(heading, NUL) for heading in table.column_names]
    columns = zip(headings, table.columns, strict=True)
    vectors = [_vector(f'{name}: "{heading}"', column, remarks) for heading, column in columns]
    with replacing(path) as temporary:
        rds.write_data_frame(temporary, headings, vectors, table.num_rows)
    return path


def _vector(where: str, column: pa.ChunkedArray, remarks: Remarks) -> bytes:
    kind = column.type
    missing = column.is_null().to_numpy()
    if pa.types.is_boolean(kind):
        return rds.logicals(column.cast(pa.int64()).fill_null(0).to_numpy(), missing)
    if pa.types.is_floating(kind):
        return rds.reals(column.cast(pa.float64()).fill_null(0.0).to_numpy(), missing)
    if pa.types.is_integer(kind):
        values = column.cast(pa.int64()).fill_null(0).to_numpy()
        largest = max(int(values.max(initial=0)), -int(values.min(initial=0)))
        if largest <= _LARGEST_INTEGER:
            return rds.integers(values, missing)
        if largest <= _LARGEST_WHOLE:
            return rds.reals(values.astype(np.float64), missing)
        remarks.add(f"{where} is text: its largest whole numbers are more than R's numbers hold exactly.")
    return _texts(where, column, remarks)


def _texts(where: str, column: pa.ChunkedArray, remarks: Remarks) -> bytes:
    cells = [None if cell is None else str(plain(cell)) for cell in column.to_pylist()]
    if any(cell and "\0" in cell for cell in cells):
        remarks.add(f"{where}: the character NUL, which no text of R may hold, is shown as ␀.")
        cells = [cell and with_signs(cell, NUL) for cell in cells]
    return rds.texts(cells)
