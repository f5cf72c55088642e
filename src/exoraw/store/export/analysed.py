"""The tables that a statistician opens, with what every column means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from exoraw.store.export.tables import Source, unit_words
from exoraw.store.schemas import MEASUREMENTS, SAMPLES, Field, table_named

_AFTER = ("comparisons", "samples", "findings", "vocabulary")
_OF_NUMBERS = frozenset(field.name for field in MEASUREMENTS.fields)
_TABLES_OF_OBJECTS = "objects_"


def analysed_tables(source: Source) -> Iterator[tuple[str, pa.Table]]:
    """Return name and content: numbers with factors, wide tables, comparisons, samples, findings, objects.

    Tables about the computing itself (tasks, runs, files, artefacts) are left to CSV and Parquet.
    """
    yield "measurements", source.tidy()
    for assay, table in source.wide():
        yield f"wide_{assay}", table
    objects = [name for name in source.results.names if name.startswith(_TABLES_OF_OBJECTS)]
    for name in (*_AFTER, *objects):
        yield name, source.table(name)


def meanings(name: str) -> Mapping[str, str]:
    """Return column -> what it means, with its unit, for a table of `analysed_tables`."""
    if name.startswith("wide_"):
        return _described(SAMPLES.fields)
    if name != "measurements":
        return _described(table_named(name).fields)
    sheet = {joined_name(key): text for key, text in _described(SAMPLES.fields).items()}
    return {**sheet, **_described(MEASUREMENTS.fields)}


def _described(fields: tuple[Field, ...]) -> dict[str, str]:
    found = {}
    for field in fields:
        unit = unit_words(field.unit)
        found[field.name] = f"{field.description} ({unit})" if unit else field.description
    return found


def joined_name(column: str) -> str:
    """Return what a sheet column is called beside numbers: `unit` of the sheet becomes `sheet_unit`."""
    return f"sheet_{column}" if column in _OF_NUMBERS else column


def described_levels(samples: pa.Table, column: str) -> list[str]:
    """Return the different texts of a sheet column in the order of the sheet: the study's order of groups."""
    return [value for value in dict.fromkeys(samples[column].to_pylist()) if value not in {None, ""}]


def study_factors(source: Source) -> list[str]:
    """Return the sheet columns that make the groups: those the study names, else those that vary.

    Only columns with a value somewhere are returned; without any named by the study, `treatment`,
    `cell_line`, `dose` and `time_h` are looked at.
    """
    samples = source.table("samples")
    runs = source.results.arrow("runs")
    named = runs["factors"].to_pylist()[-1] if runs.num_rows else None
    wanted = list(named or _usual(samples))
    return [name for name in wanted if name in samples.column_names and _differs(samples, name, at_least=1)]


def _usual(samples: pa.Table) -> list[str]:
    usual = ("treatment", "cell_line", "dose", "time_h")
    return [name for name in usual if name in samples.column_names and _differs(samples, name, at_least=2)]


def _differs(samples: pa.Table, column: str, *, at_least: int) -> bool:
    return len({value for value in samples[column].to_pylist() if value not in {None, ""}}) >= at_least
