"""The record of every `exoraw run`: when, with which versions, how it ended."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.disk import explaining_full_disk, read_parquet, sync_folder, write_file
from exoraw.store.schemas import RUNS

_log = logging.getLogger(__name__)

_FIELDS = {field.name for field in RUNS.fields}


def begin(results: Path, row: Mapping[str, Any]) -> None:
    """Record that a run started; `row` has fields of the table runs (times as aware datetimes).

    Where the row names no outcome it is "running", which is what a killed run keeps.
    """
    _write(results, {"outcome": "running", **row})


def finish(results: Path, row: Mapping[str, Any]) -> None:
    """Record how a run ended: the fields given here replace those of `begin`."""
    _write(results, {**_read(results, str(row["run_id"])), **row})


def run_table(results: Path) -> pa.Table:
    """Return all runs in order of their start."""
    folder = layout.store(results) / layout.RUNS
    names = sorted(path.name for path in folder.glob("*.parquet")) if folder.is_dir() else []
    return pa.concat_tables([RUNS.schema.empty_table(), *_sound(folder / name for name in names)])


def _sound(paths: Iterable[Path]) -> Iterator[pa.Table]:
    """Yield the runs whose record can be read: a damaged one must not keep the numbers from the reader."""
    for path in paths:
        try:
            yield _cast(read_parquet(path))
        except (OSError, pa.ArrowException) as error:
            _log.warning("%s: the record of this run is damaged and was left out (%s)", path.name, error)


def _path(results: Path, run_id: str) -> Path:
    return layout.store(results) / layout.RUNS / f"{run_id}.parquet"


def _read(results: Path, run_id: str) -> dict[str, Any]:
    path = _path(results, run_id)
    return dict(read_parquet(path).to_pylist()[0]) if path.exists() else {}


def _write(results: Path, row: Mapping[str, Any]) -> None:
    unknown = sorted(row.keys() - _FIELDS)
    if unknown or not row.get("run_id") or not isinstance(row.get("started_at"), datetime):
        raise StoreError(
            f"A run needs run_id and started_at and only columns of the table runs; unknown here: {unknown}."
        )
    columns = {field.name: pa.array([row.get(field.name)], field.type) for field in RUNS.fields}
    path = _path(results, str(row["run_id"]))
    with explaining_full_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    write_file(path, memoryview(sink.getvalue()))
    sync_folder(path.parent)


def _cast(table: pa.Table) -> pa.Table:
    rows = table.num_rows
    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names else pa.nulls(rows, field.type)
        for field in RUNS.fields
    ]
    return pa.Table.from_arrays(columns, schema=RUNS.schema)
