"""`exoraw export`: the tables of a results folder as files for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.disk import explaining_full_disk, replacing
from exoraw.store.export.tables import Source
from exoraw.store.export.text import write_csv
from exoraw.store.export.workbook import write_xlsx
from exoraw.store.results import Results

Format = Literal["csv", "parquet", "xlsx", "prism", "spss", "r", "h5ad", "crate"]
FORMATS: tuple[Format, ...] = get_args(Format)
_ONE_FILE = frozenset({"xlsx", "crate"})


def export(
    results: Results,
    to: Format,
    out: Path | None = None,
    redact: bool = False,
    *,
    byte_order_mark: bool = True,
) -> list[Path]:
    """Write files for other programs and return them.

    Parameters
    ----------
    to : "csv", "parquet" (a folder, one file a table and wide tables), "xlsx" (one workbook), "prism"
        (.pzfx and text), "spss" (.sav), "r" (.rds and a script), "h5ad" (AnnData, one file an assay) or
        "crate" (one .zip, an RO-Crate)
    out : folder for the files; results/export by default. Older files of the same names are replaced
    redact : replace names of persons by pseudonyms, the same ones in every file
    byte_order_mark : begin CSV files with the mark by which Excel knows UTF-8

    Raises
    ------
    StoreError : unknown format, damaged table, a package of an extra that is not installed
    DiskFull : no space
    """
    if to not in FORMATS:
        raise StoreError(f'There is no export to "{to}". There are: {", ".join(FORMATS)}.')
    place = out if out is not None else results.path / layout.EXPORT
    folder = place if to in _ONE_FILE else place / to
    with explaining_full_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
    source = Source.of(results, hide_names=redact)
    if to == "csv":
        return write_csv(source, folder, byte_order_mark=byte_order_mark)
    if to == "parquet":
        return _write_parquet(source, folder)
    if to == "xlsx":
        return [write_xlsx(source, folder / "exoraw.xlsx")]
    return _write_for_program(to, source, folder)


def _write_for_program(
    to: Literal["prism", "spss", "r", "h5ad", "crate"], source: Source, folder: Path
) -> list[Path]:
    """Write for one program; its module is imported here, and with it what it needs."""
    if to == "prism":
        from exoraw.store.export.prism import write_prism

        return write_prism(source, folder)
    if to == "spss":
        from exoraw.store.export.spss import write_spss

        return write_spss(source, folder)
    if to == "r":
        from exoraw.store.export.r import write_r

        return write_r(source, folder)
    if to == "h5ad":
        from exoraw.store.export.h5ad import write_h5ad

        return write_h5ad(source, folder)
    from exoraw.store.export.crate import write_crate

    return [write_crate(source, folder / "exoraw_crate.zip")]


def _write_parquet(source: Source, folder: Path) -> list[Path]:
    names = source.results.names
    written = [_write_pieces(folder / f"{name}.parquet", source.pieces(name)) for name in names]
    for assay, table in source.wide():
        written.append(_write_pieces(folder / f"wide_{assay}.parquet", iter([table])))
    return written


def _write_pieces(path: Path, pieces: Iterator[pa.Table]) -> Path:
    first = next(pieces)
    with replacing(path) as temporary, pq.ParquetWriter(temporary, first.schema) as writer:
        for table in chain([first], pieces):
            writer.write_table(table)
    return path
