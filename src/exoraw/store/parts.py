"""The pieces a public table is put together from: the parts of tasks, and tables of the platform itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from exoraw.store.commit import part_bytes
from exoraw.store.index import checked_part
from exoraw.store.rows import Part, TaskRow
from exoraw.store.schemas import SCHEMA_MAJOR, SCHEMA_MINOR


@dataclass(frozen=True)
class TaskPart:
    """The rows of one task for one table, still on disk."""

    results: Path
    row: TaskRow
    part: Part

    @property
    def digest(self) -> str:
        """Digest of the content."""
        return self.part.sha256

    @property
    def rows(self) -> int:
        """Rows in it."""
        return self.part.rows

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        return f"task {self.row.unit}"

    def schema(self) -> pa.Schema:
        """Return its columns. Raises StoreError where the file is damaged."""
        return checked_part(self.results, self.row, self.part).schema

    def batches(self) -> Iterator[pa.Table]:
        """Read it piece by piece. Raises StoreError where the file is damaged."""
        reader = checked_part(self.results, self.row, self.part)
        for number in range(reader.num_record_batches):
            yield pa.Table.from_batches([reader.get_batch(number)])


@dataclass(frozen=True)
class OwnRows:
    """Rows that no task wrote: samples, files, vocabulary, remarks of the platform."""

    content: pa.Table
    digest: str
    source: str

    @property
    def rows(self) -> int:
        """Rows in it."""
        return int(self.content.num_rows)

    def schema(self) -> pa.Schema:
        """Return its columns."""
        return self.content.schema

    def batches(self) -> Iterator[pa.Table]:
        """Return it as the one piece it is."""
        yield self.content


Piece = TaskPart | OwnRows


def own_rows(content: pa.Table, source: str) -> OwnRows:
    """Wrap a table, with the digest of its columns and values."""
    compact = content.combine_chunks()
    return OwnRows(compact, hashlib.sha256(part_bytes(compact)).hexdigest(), source)


def task_pieces(results: Path, tasks: Iterable[TaskRow]) -> dict[str, list[TaskPart]]:
    """Return the parts of these tasks by table, in the order of the tasks."""
    found: dict[str, list[TaskPart]] = {}
    for row in tasks:
        for part in row.part_list():
            found.setdefault(part.table, []).append(TaskPart(results, row, part))
    return found


def digest_of(pieces: Sequence[Piece]) -> str:
    """Return the digest of everything that goes into a table, order included."""
    digest = hashlib.sha256(f"{SCHEMA_MAJOR}.{SCHEMA_MINOR}".encode())
    for piece in pieces:
        digest.update(piece.digest.encode())
    return digest.hexdigest()
