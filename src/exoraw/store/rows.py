"""The record of one task as it stands in the index: what ran, on what, how it went, where its numbers are."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from exoraw.store.schemas import TASKS

EVIDENCE = "evidence"  # the `table` of a part that is a picture or a matrix, and the folder they lie in


@dataclass(frozen=True)
class Part:
    """One file that a task wrote.

    Parameters
    ----------
    table : table its rows belong to; "evidence" for a picture or a matrix
    path : relative to the results folder, forward slashes
    sha256 : digest of the file
    rows : rows in it; 0 for evidence
    size : bytes
    """

    table: str
    path: str
    sha256: str
    rows: int
    size: int


@dataclass(frozen=True, kw_only=True)
class TaskRow:
    """One row of the table `tasks`; the meaning of every field stands in schemas.TASKS.

    `params`, `inputs`, `versions`, `parts` and `data` are JSON text.
    """

    task_id: str
    unit: str
    status: str
    attempt: int = 1
    run_id: str = ""
    assay: str = ""
    pipeline: str = ""
    step: str = ""
    step_version: int | None = None
    samples: tuple[str, ...] = ()
    params: str = "{}"
    inputs: str = "{}"
    reason: str = ""
    error: str = ""
    traceback: str = ""
    started_at: datetime | None = None
    seconds: float | None = None
    cpu_seconds: float | None = None
    peak_memory: int | None = None
    seed: int | None = None
    versions: str = "{}"
    parts: str = "[]"
    data: str = "{}"

    @property
    def name(self) -> str:
        """Stem of every file of this attempt: <task_id>.<attempt>."""
        return f"{self.task_id}.{self.attempt}"

    @property
    def evidence_folder(self) -> str:
        """Where its pictures and matrices lie, relative to the results folder."""
        return f"{EVIDENCE}/{self.name}"

    def with_(self, **changes: Any) -> TaskRow:
        """Return a copy with these fields changed."""
        return dataclasses.replace(self, **changes)

    def part_list(self) -> tuple[Part, ...]:
        """Return the files that this attempt wrote."""
        return tuple(Part(**part) for part in json.loads(self.parts))


_FIELDS = tuple(field.name for field in dataclasses.fields(TaskRow))


def to_record(row: TaskRow) -> str:
    """Return the row as one line of JSON, the form in which it is committed."""
    values = {name: getattr(row, name) for name in _FIELDS}
    if row.started_at is not None:
        values["started_at"] = row.started_at.isoformat()
    return json.dumps(values, ensure_ascii=False)


def from_record(record: str) -> TaskRow:
    """Read what `to_record` wrote, also by another minor version: unknown fields are left out.

    Raises ValueError or TypeError where it is something else.
    """
    content = json.loads(record)
    if not isinstance(content, dict):
        raise TypeError("a commit row is a JSON object")
    values = {name: value for name, value in content.items() if name in _FIELDS}
    if values.get("started_at") is not None:
        values["started_at"] = datetime.fromisoformat(values["started_at"])
    values["samples"] = tuple(values.get("samples") or ())
    return TaskRow(**values)


def task_table(rows: Iterable[TaskRow]) -> pa.Table:
    """Return the rows as the public table `tasks`, in the order given."""
    ordered: Sequence[TaskRow] = list(rows)
    schema = TASKS.schema
    columns = [pa.array([getattr(row, field.name) for row in ordered], field.type) for field in TASKS.fields]
    return pa.Table.from_arrays(columns, schema=schema)
