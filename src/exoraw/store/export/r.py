"""R files (.rds), one per table, and a script that reads them, sorts the groups and fits the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from exoraw import __version__
from exoraw.store.disk import explaining_full_disk, replacing, write_file
from exoraw.store.export.analysed import analysed_tables
from exoraw.store.export.cells import number_text, plain
from exoraw.store.export.count_matrices import copy_count_matrices
from exoraw.store.export.extras import extra
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

    Raises
    ------
    StoreError : rdata is not installed
    DiskFull : no space
    """
    rdata = extra("rdata", "R files (.rds)")
    missing = extra("rdata.missing", "R files (.rds)").R_FLOAT_NA
    remarks = Remarks()
    tables = dict(analysed_tables(source))
    written = []
    for name, table in tables.items():
        path = folder / f"{name}.rds"
        with replacing(path) as temporary:
            rdata.write_rds(temporary, r_frame(name, table, remarks, missing))
        written.append(path)
    with explaining_full_disk(folder):
        matrices = copy_count_matrices(source, folder)
    for name, text in (
        ("notes.txt", remarks.text(_HEADING)),
        ("read_exoraw.R", r_script(source, tables, [path.relative_to(folder) for path in matrices])),
    ):
        write_file(folder / name, text.encode())
    return [*written, *matrices, folder / "notes.txt", folder / "read_exoraw.R"]


def r_frame(name: str, table: pa.Table, remarks: Remarks, missing: float) -> Any:
    """Return a table as the data frame that rdata writes; every change is added to the remarks.

    Parameters
    ----------
    name : the table's name, for the remarks
    missing : R's NA of real numbers, which is one of the many NaN
    """
    import pandas as pd

    headings = [with_signs(heading, NUL) for heading in table.column_names]
    columns = [
        _column(f'{name}: "{heading}"', column, remarks, missing)
        for heading, column in zip(headings, table.columns, strict=True)
    ]
    index = pd.RangeIndex(1, table.num_rows + 1)
    frame = pd.DataFrame(dict(enumerate(columns)), index=index, copy=False)
    return frame.set_axis(headings, axis="columns")


def _column(where: str, column: pa.ChunkedArray, remarks: Remarks, missing: float) -> Any:
    import pandas as pd

    cells, kind = column.to_pylist(), column.type
    if pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return pd.array(cells, dtype="boolean")
    if pa.types.is_integer(kind):
        return _whole(where, cells, remarks, missing)
    if pa.types.is_floating(kind):
        return np.array([missing if cell is None else cell for cell in cells], np.float64)
    return _texts(where, [None if cell is None else str(plain(cell)) for cell in cells], remarks)


def _whole(where: str, cells: list[int | None], remarks: Remarks, missing: float) -> Any:
    import pandas as pd

    largest = max((abs(cell) for cell in cells if cell is not None), default=0)
    if largest <= _LARGEST_INTEGER:
        return pd.array(cells, dtype="Int32")
    if largest <= _LARGEST_WHOLE:
        return np.array([missing if cell is None else cell for cell in cells], np.float64)
    remarks.add(f"{where} is text, because its largest whole numbers are more than R's numbers hold exactly.")
    return _texts(where, [None if cell is None else number_text(cell) for cell in cells], remarks)


def _texts(where: str, cells: list[str | None], remarks: Remarks) -> Any:
    import pandas as pd

    if any(cell and "\0" in cell for cell in cells):
        remarks.add(f"{where}: the character NUL, which no text of R may hold, is shown as ␀.")
        cells = [cell and with_signs(cell, NUL) for cell in cells]
    texts = np.empty(len(cells), dtype=object)
    texts[:] = cells
    return pd.Series(texts, dtype=object, index=pd.RangeIndex(1, len(cells) + 1))  # no guess at its type
