"""The inputs of a task on the worker: raw files, held against the plan, and earlier outcomes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa

from exoraw.assays.contract import CorrectionInput, Earlier, Finding, Inputs, ReadyFile, ReadyReference
from exoraw.engine.failures import FileChangedError
from exoraw.engine.inventory import digest_of
from exoraw.engine.tasks import Order, OrderFile
from exoraw.store.index import read_part
from exoraw.store.rows import EVIDENCE, TaskRow
from exoraw.study.view import Reference

_FINDING_FIELDS = ("code", "severity", "message", "sample", "entity", "value", "limit")


def resolve(order: Order) -> Inputs:
    """Return a unit's inputs by role; an absent role is an empty tuple.

    Raises
    ------
    StoreError : a part of an earlier task is damaged
    """
    results = Path(order.results)
    roles = order.unit.inputs
    return Inputs(
        files={role: tuple(_ready(order, file) for file in order.files.get(role, ())) for role in roles},
        earlier={
            role: tuple(earlier_of(results, row) for row in order.earlier.get(role, ())) for role in roles
        },
        corrections={
            role: tuple(item.correction for item in items if isinstance(item, CorrectionInput))
            for role, items in roles.items()
        },
        references={
            role: tuple(
                ReadyReference(item.path, item.name, item.version, item.sha256)
                for item in order.references.get(role, ())
            )
            for role in roles
        },
    )


def _ready(order: Order, file: OrderFile) -> ReadyFile:
    return ReadyFile(_place(order, file), file.relative, file.sha256[:16], file.dataset)


def _place(order: Order, file: OrderFile) -> Path:
    return Path(order.raw) / file.relative


def earlier_of(results: Path, row: TaskRow) -> Earlier:
    """Return the outcome of a task as later units see it."""
    parts = row.part_list()
    return Earlier(
        key=row.unit,
        task_id=row.task_id,
        ok=row.status == "ok",
        data=json.loads(row.data),
        findings=tuple(_findings(results, row)),
        samples=row.samples,
        matrices={Path(part.path).name: results / part.path for part in parts if part.table == EVIDENCE},
        read=partial(_read, results, row),
    )


def _read(results: Path, row: TaskRow, name: str) -> pa.Table | None:
    """Read what an earlier task wrote into a table, held against its digest."""
    return read_part(results, row, f"objects_{row.assay}" if name == "objects" else name)


def _findings(results: Path, row: TaskRow) -> Iterator[Finding]:
    table = read_part(results, row, "findings")
    for values in table.select(_FINDING_FIELDS).to_pylist() if table is not None else ():
        yield Finding(**{**values, "sample": values["sample"] or "", "entity": values["entity"] or ""})


def check_unchanged(order: Order) -> None:
    """Hold raw and reference files against the inventory by size and time, and where these differ by content.

    Raises
    ------
    FileChangedError : another content than was planned with
    OSError : a file cannot be read any more
    """
    for file in dict.fromkeys(file for files in order.files.values() for file in files):
        place = _place(order, file)
        if _differs(place, file):
            raise FileChangedError(file.relative)
    for reference in dict.fromkeys(item for items in order.references.values() for item in items):
        if _differs(reference.path, reference):
            raise FileChangedError(reference.path.name)


def _differs(place: Path, seen: OrderFile | Reference) -> bool:
    found = os.stat(place)  # noqa: PTH116  called twice a task: without the detour
    if (found.st_size, found.st_mtime_ns) == (seen.size, seen.mtime_ns):
        return False
    return found.st_size != seen.size or digest_of(place) != seen.sha256
