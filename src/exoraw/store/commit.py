"""How a finished task enters the results folder: its parts first, its row last; that row is the commit."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.disk import DiskFull, explaining_full_disk, sync_folder, write_file, write_part
from exoraw.store.rows import EVIDENCE, Part, TaskRow, to_record

__all__ = ["DiskFull", "commit"]

_ID = re.compile(r"[A-Za-z0-9_-]+")
_EVIDENCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()+-]*")
_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SMALL_ROWS = 1_000  # below this compressing costs more CPU than it saves disk
_PLAIN = pa.ipc.IpcWriteOptions()
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="zstd")
BATCH_ROWS = 65_536  # rows read and written at a time, so that a table of cells never fills the memory


def commit(
    results: Path, row: TaskRow, tables: Mapping[str, pa.Table], evidence: Mapping[str, bytes]
) -> TaskRow:
    """Write what a task found, then the row that makes it count.

    Until the row is in place nothing of this is visible; a killed process leaves temporary files and
    parts that no row names, which `sweep` removes. Several processes may commit at once, also the same
    task: each gets an attempt number of its own, so none overwrites another's files.

    Parameters
    ----------
    results : the results folder; created where it is missing
    row : the task; `attempt` is the number asked for, the next free one is taken where it is used up.
        `parts` is filled in here
    tables : table name -> rows; empty tables are not written. In `artefacts`, paths below the row's
        evidence folder follow the attempt number
    evidence : file name -> content, kept under evidence/<task_id>.<attempt>/

    Returns
    -------
    the row as committed, with its attempt and parts

    Raises
    ------
    DiskFull : no space; nothing of this task is visible
    StoreError : names that cannot be files
    """
    _check_names(row, tables, evidence)
    with explaining_full_disk(results):
        claimed = _claim(results, row)
    tables = _with_evidence_folder(tables, row.evidence_folder, claimed.evidence_folder)
    parts = [_write_table(results, claimed, name, table) for name, table in tables.items() if table.num_rows]
    parts += [_write_evidence(results, claimed, name, content) for name, content in evidence.items()]
    done = claimed.with_(parts=json.dumps([vars(part) for part in parts]))
    _write_row(results, done)
    return done


def part_bytes(table: pa.Table) -> memoryview:
    """Return a table as an Arrow IPC file, the form of a private part.

    Not Parquet, which the public tables are: a small part costs 0.1 ms here and 0.7 ms there, and a night
    has tens of thousands of them. Larger ones are compressed.
    """
    options = _PLAIN if table.num_rows < _SMALL_ROWS else _COMPRESSED
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=BATCH_ROWS)
    return memoryview(sink.getvalue())


def _check_names(row: TaskRow, tables: Mapping[str, pa.Table], evidence: Mapping[str, bytes]) -> None:
    if not _ID.fullmatch(row.task_id) or row.attempt < 1:
        raise StoreError(
            f"Task {row.task_id!r}, attempt {row.attempt}: expected letters and digits, and a number from 1."
        )
    for name in tables:
        if not _TABLE_NAME.fullmatch(name) or name in {layout.ROWS, layout.RUNS, EVIDENCE}:
            raise StoreError(f"{row.unit}: a task cannot write a table called {name!r}.")
    for name in evidence:
        if not _EVIDENCE_NAME.fullmatch(name) or name.endswith((".", " ")):
            raise StoreError(
                f"{row.unit}: a picture or matrix cannot be called {name!r}; expected a plain file name such "
                'as "gates.png".'
            )


def _claim(results: Path, row: TaskRow) -> TaskRow:
    """Take the first free attempt number from row.attempt on, for this process alone."""
    attempt = row.attempt
    while True:
        candidate = row.with_(attempt=attempt)
        claim = layout.claim_path(results, candidate.name)
        try:
            os.close(os.open(claim, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            attempt += 1
            continue
        except FileNotFoundError:  # the first task of this folder
            claim.parent.mkdir(parents=True, exist_ok=True)
            continue
        if not layout.row_path(results, candidate.name).exists():
            return candidate
        claim.unlink()  # that attempt is committed already
        attempt += 1


def _with_evidence_folder(tables: Mapping[str, pa.Table], asked: str, given: str) -> Mapping[str, pa.Table]:
    """Move the paths in `artefacts` to the attempt that was given."""
    artefacts = tables.get("artefacts")
    if artefacts is None or asked == given or "path" not in artefacts.column_names:
        return tables
    moved = [
        f"{given}{path[len(asked) :]}" if path and path.startswith(f"{asked}/") else path
        for path in artefacts["path"].to_pylist()
    ]
    place = artefacts.schema.get_field_index("path")
    return {**tables, "artefacts": artefacts.set_column(place, artefacts.schema.field(place), [moved])}


def _write_table(results: Path, row: TaskRow, table: str, content: pa.Table) -> Part:
    data = part_bytes(content)
    relative = layout.part_path(table, row.name)
    _write(results / relative, data)
    return Part(table, relative, hashlib.sha256(data).hexdigest(), content.num_rows, len(data))


def _write_evidence(results: Path, row: TaskRow, name: str, content: bytes) -> Part:
    relative = f"{row.evidence_folder}/{name}"
    _write(results / relative, content)
    return Part(EVIDENCE, relative, hashlib.sha256(content).hexdigest(), 0, len(content))


def _write(path: Path, content: bytes | memoryview) -> None:
    try:
        write_part(path, content)
    except FileNotFoundError:  # the first of its folder
        with explaining_full_disk(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_part(path, content)


def _write_row(results: Path, row: TaskRow) -> None:
    path = layout.row_path(results, row.name)
    write_file(path, to_record(row).encode())
    sync_folder(path.parent)  # the parts' folders need none: a row without its parts does not count
    layout.claim_path(results, row.name).unlink(missing_ok=True)
