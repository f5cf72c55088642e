"""CSV files: comma, point as decimal mark, UTF-8; one file a table and one wide table per assay."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from exoraw.store.disk import replacing
from exoraw.store.export.cells import csv_cell, escaped
from exoraw.store.export.tables import Source

_EXCEL_MARK = "utf-8-sig"  # Excel shows µ and ä only where a byte-order mark leads


def write_csv(source: Source, folder: Path, *, byte_order_mark: bool) -> list[Path]:
    """Write every table as CSV and return the files.

    `measurements.csv` carries the factors of its samples; wide tables are called wide_<assay>.csv.
    """
    encoding = _EXCEL_MARK if byte_order_mark else "utf-8"
    written = []
    for name in source.results.names:
        pieces = iter([source.tidy()]) if name == "measurements" else source.pieces(name)
        written.append(_write(folder / f"{name}.csv", pieces, encoding))
    written += [
        _write(folder / f"wide_{assay}.csv", iter([table]), encoding) for assay, table in source.wide()
    ]
    return written


def _write(path: Path, pieces: Iterator[pa.Table], encoding: str) -> Path:
    with replacing(path) as temporary, temporary.open("w", encoding=encoding, newline="") as file:
        for number, table in enumerate(pieces):
            file.write(csv_text(table, heading=number == 0))
    return path


def csv_text(table: pa.Table, *, heading: bool = True) -> str:
    """Return a table as CSV text."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    if heading:
        writer.writerow([escaped(name) for name in table.column_names])
    columns = [[csv_cell(value) for value in column.to_pylist()] for column in table.columns]
    writer.writerows(zip(*columns, strict=True))
    return buffer.getvalue()
