"""Putting one public table together from its pieces and writing it as a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, reduce
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from exoraw.io.errors import StoreError
from exoraw.store.disk import read_parquet
from exoraw.store.parts import OwnRows, Piece
from exoraw.store.schemas import Table, table_named
from exoraw.store.unify import conformed, united_schema

ROW_GROUP = 131_072  # rows of a row group; what a large table needs in memory while it is written

Spans = tuple[tuple[str, int], ...]

_NAMING: Mapping[str, tuple[str, ...]] = MappingProxyType(  # what a row is called in a message
    {
        "measurements": ("sample", "entity", "target", "measure"),
        "findings": ("sample", "entity", "code"),
        "comparisons": ("measure", "factor", "group", "reference", "test"),
    }
)


class Previous:
    """The public table as it stands, from which unchanged pieces are taken instead of thousands of parts.

    Parameters
    ----------
    path : the public file, known to be the one that was written last
    spans : (digest of a piece, its rows) in the order of the file
    """

    def __init__(self, path: Path, name: str, spans: Spans) -> None:
        self._path = path
        self._name = name
        self._spans = spans

    @cached_property
    def _table(self) -> pa.Table | None:
        table = read_parquet(self._path)
        declared = table_named(self._name).schema
        complete = table.schema.equals(declared) and table.num_rows == sum(rows for _, rows in self._spans)
        return table if complete else None

    @cached_property
    def _places(self) -> Mapping[str, tuple[int, int]]:
        places, start = {}, 0
        for digest, rows in self._spans:
            places[digest] = (start, rows)
            start += rows
        return places

    def piece(self, digest: str) -> pa.Table | None:
        """Return the rows of a piece as they were published, or None where they are not there."""
        if digest not in self._places or self._table is None:
            return None
        start, rows = self._places[digest]
        return self._table.slice(start, rows)


def write_small(path: Path, name: str, pieces: Sequence[Piece], previous: Previous | None) -> Spans:
    """Write a table that fits in memory: all but the objects. Returns the spans of its pieces.

    Raises StoreError where tasks gave the same number, figure or paragraph twice.
    """
    known = {piece.digest: previous.piece(piece.digest) for piece in pieces} if previous else {}
    read = [(piece, known.get(piece.digest)) for piece in pieces]
    tables = [(piece, pa.concat_tables(piece.batches()) if old is None else old) for piece, old in read]
    schema = united_schema(table_named(name), (table.schema for _, table in tables))
    whole = pa.concat_tables(
        [schema.empty_table(), *(conformed(table, schema, piece.source) for piece, table in tables)]
    )
    refuse_duplicates(name, whole, pieces)
    pq.write_table(whole.combine_chunks(), path, row_group_size=ROW_GROUP)
    return tuple((piece.digest, piece.rows) for piece in pieces)


def write_large(path: Path, name: str, pieces: Sequence[Piece]) -> Spans:
    """Write a table of objects piece by piece, one row group in memory at a time."""
    schema = united_schema(table_named(name), (piece.schema() for piece in pieces))
    with pq.ParquetWriter(path, schema) as writer:
        for group in _groups(_conformed_batches(pieces, schema)):
            writer.write_table(group, row_group_size=ROW_GROUP)
    return tuple((piece.digest, piece.rows) for piece in pieces)


def _conformed_batches(pieces: Sequence[Piece], schema: pa.Schema) -> Iterator[pa.Table]:
    for piece in pieces:
        for batch in piece.batches():
            yield conformed(batch, schema, piece.source)


def _groups(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Gather small batches into groups of at least ROW_GROUP rows; the last one may be smaller."""
    waiting: list[pa.Table] = []
    for batch in batches:
        waiting.append(batch)
        if sum(table.num_rows for table in waiting) >= ROW_GROUP:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def refuse_duplicates(name: str, table: pa.Table, pieces: Sequence[Piece]) -> None:
    """Raise StoreError naming both tasks where two of their rows have the same key.

    The platform's own rows are not looked at, nor are the open tables of objects, whose key holds the task.
    """
    units = {piece.row.task_id: piece.row.unit for piece in pieces if not isinstance(piece, OwnRows)}
    declared = table_named(name)
    if declared.open or not units or "task_id" not in table.column_names:
        return
    given = table.filter(pc.is_in(table["task_id"], pa.array(list(units))))
    keys = given.select(list(declared.key))
    counts = keys.group_by(list(declared.key), use_threads=False).aggregate([([], "count_all")])
    if counts.num_rows == keys.num_rows:
        return
    twice = counts.filter(pc.greater(counts["count_all"], 1)).select(list(declared.key)).slice(0, 1)
    matches = [pc.equal(given[column], twice[column][0]) for column in declared.key]
    rows = given.filter(reduce(pc.and_, matches)).slice(0, 2).to_pylist()
    raise StoreError(_twice(name, declared, rows, units))


def _twice(name: str, declared: Table, rows: Sequence[Mapping[str, Any]], units: Mapping[str, str]) -> str:
    """Say what was given twice, and by which tasks."""
    first, second = (units.get(row["task_id"], row["task_id"]) for row in rows)
    words = _NAMING.get(name, declared.key)
    what = " / ".join(str(rows[0][word]) for word in words if rows[0].get(word))
    grain = declared.grain.removeprefix("one ").partition(" that ")[0]
    key = ", ".join(f"{column} {rows[0][column]}" for column in declared.key)
    return (
        f"The {grain} {what} was given twice: by the task {first} and by the task {second}. It may have one "
        "source only. Name the samples differently, or use one pipeline entry for both; if it is one task, "
        f"its assay has a fault ({key})."
    )
