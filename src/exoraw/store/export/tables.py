"""The tables an export holds: tidy numbers with their factors, a wide table per assay, the rest as is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from exoraw.store import layout
from exoraw.store.redaction import Pseudonyms, pseudonyms_of, redact
from exoraw.store.results import Results, with_factors

_BATCH = 65_536  # rows in memory at a time


@dataclass(frozen=True)
class Source:
    """The tables of a results folder, with persons' names taken out where that is asked for."""

    results: Results
    who: Pseudonyms | None

    @classmethod
    def of(cls, results: Results, *, hide_names: bool) -> Source:
        """Open the tables for an export."""
        return cls(results, pseudonyms_of(results) if hide_names else None)

    def table(self, name: str) -> pa.Table:
        """Return one table."""
        table = self.results.arrow(name)
        return table if self.who is None else redact(table, self.who)

    def pieces(self, name: str) -> Iterator[pa.Table]:
        """Return a table piece by piece, at least one: a table of cells may be larger than the memory."""
        path = layout.public_path(self.results.path, name)
        with path.open("rb") as handle, pq.ParquetFile(handle, pre_buffer=False) as file:
            empty = file.schema_arrow.empty_table()
            yield empty if self.who is None else redact(empty, self.who)
            for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
                table = pa.Table.from_batches([batch])
                yield table if self.who is None else redact(table, self.who)

    def tidy(self) -> pa.Table:
        """Return one row per number, with the factors of its sample."""
        return with_factors(self.table("measurements"), self.table("samples"))

    def wide(self) -> Iterator[tuple[str, pa.Table]]:
        """Return for every assay one row per sample and one column per number."""
        numbers, samples = self.table("measurements"), self.table("samples")
        for assay in sorted({name for name in numbers["assay"].to_pylist() if name}):
            yield assay, wide_table(numbers.filter(pc.equal(numbers["assay"], assay)), samples)


def heading(words: Iterable[str], unit: str = "") -> str:
    """Return the heading of a wide column: `late_apoptotic population:live (%)`."""
    shown = unit_words(unit)
    return " ".join(word for word in (*words, f"({shown})" if shown else "") if word)


def unit_words(unit: str) -> str:
    """Return a UCUM unit as a heading shows it: `{events}` is events, `1` (a plain number) is nothing."""
    return "" if unit == "1" else unit.replace("{", "").replace("}", "")


def wide_table(numbers: pa.Table, samples: pa.Table) -> pa.Table:
    """Return one row per sample of the sheet that has a number, one column per kind of number.

    Rows stand in the order of the sheet; numbers of something that is no sheet row (a batch) follow.
    """
    names = ("measure", "entity", "target", "statistic", "unit")
    kinds = list(zip(*(_texts(numbers, name) for name in names), strict=True))
    owners = list(zip(_texts(numbers, "pipeline"), _texts(numbers, "sample"), strict=True))
    labels = _unique_labels(dict.fromkeys(kinds))
    columns: dict[str, dict[tuple[str, str], float | None]] = {label: {} for label in labels.values()}
    for kind, owner, value in zip(kinds, owners, numbers["value"].to_pylist(), strict=True):
        columns[labels[kind]][owner] = value
    rows = _rows(owners, samples)
    identity = pa.table(
        {
            "pipeline": pa.array([owner[0] for owner in rows], pa.string()),
            "sample": pa.array([owner[1] for owner in rows], pa.string()),
        }
    )
    table = with_factors(identity, samples)
    for label, values in columns.items():
        name = f"{label} value" if label in table.column_names else label
        table = table.append_column(name, pa.array([values.get(owner) for owner in rows], pa.float64()))
    return table


def _texts(table: pa.Table, name: str) -> list[str]:
    return [value or "" for value in table[name].to_pylist()]


def _rows(owners: list[tuple[str, str]], samples: pa.Table) -> list[tuple[str, str]]:
    present = dict.fromkeys(owners)
    sheet = zip(_texts(samples, "pipeline"), _texts(samples, "sample"), strict=True)
    return list(dict.fromkeys([*(row for row in sheet if row in present), *present]))


def _unique_labels(
    kinds: Mapping[tuple[str, str, str, str, str], None],
) -> dict[tuple[str, str, str, str, str], str]:
    labels: dict[tuple[str, str, str, str, str], str] = {}
    taken: set[str] = set()
    for kind in kinds:
        label = name = heading(kind[:-1], kind[-1])
        number = 2
        while label in taken:
            label, number = f"{name} #{number}", number + 1
        taken.add(label)
        labels[kind] = label
    return labels
