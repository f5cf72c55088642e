"""What Prism gets one table for: a measure of one thing, a value per sample, and the sample's groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from exoraw.store.export.analysed import described_levels, joined_name, study_factors
from exoraw.store.export.cells import number_text
from exoraw.store.export.tables import Source, heading

NOT_GIVEN = "not given"
MATCHES = ("subject", "preparation", "biological_replicate", "batch")  # what values can be paired by
_SERIES = ("pipeline", "measure", "entity", "target", "statistic", "unit")
_NUMERIC = ("time_h", "dose")  # factors that make an X axis, the first that varies


@dataclass(frozen=True)
class Value:
    """One number of one sample (or of several that belong together), with the sample's sheet cells."""

    value: float | None
    excluded: bool
    sample: str
    sheet: Mapping[str, Any]


@dataclass(frozen=True)
class Series:
    """Numbers of one kind (measure, entity, target, statistic, unit) under a title of its own."""

    title: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Grouping:
    """How a study makes its groups.

    Parameters
    ----------
    factors : joined names of the sheet columns, in the study's order
    levels : factor -> its levels as texts, in the order of the sheet
    """

    factors: tuple[str, ...]
    levels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Source) -> Grouping:
        """Return the grouping of a study; dose and time always take part."""
        samples = source.table("samples")
        named = study_factors(source)
        names = [*named, *(name for name in _NUMERIC if name not in named)]
        levels = {}
        for name in names:
            texts = [shown(value) for value in described_levels(samples, name)]
            levels[joined_name(name)] = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        return cls(tuple(joined_name(name) for name in names), levels)

    def varying(self, values: Sequence[Value]) -> list[str]:
        """Return the factors that differ between these values."""
        return [name for name in self.factors if len({shown(v.sheet.get(name)) for v in values}) > 1]

    def order(self, factor: str, level: str) -> tuple[int, str]:
        """Return what sorts levels as the sheet has them; those that are not there come last."""
        places = self.levels.get(factor, {})
        return places.get(level, len(places)), level


def numeric_factor(varying: Sequence[str], values: Sequence[Value]) -> str:
    """Return the factor that is an X axis (time_h, dose in one unit); empty where there is none."""
    for name in _NUMERIC:
        units = {
            value.sheet.get("dose_unit") or "" for value in values if value.sheet.get("dose") is not None
        }
        if name in varying and (name != "dose" or len(units) == 1):
            return name
    return ""


def shown(value: Any) -> str:
    """Return a sheet cell as a group's name; whole numbers without .0."""
    if value is None or value == "":
        return NOT_GIVEN
    if isinstance(value, float):
        return number_text(value + 0.0).removesuffix(".0") or NOT_GIVEN  # -0.0 is no other dose than 0.0
    return "yes" if value is True else "no" if value is False else str(value)


def series_of(numbers: pa.Table) -> list[Series]:
    """Return the series of one assay, in the order of the table.

    Parameters
    ----------
    numbers : tidy rows of one assay, with the factors of their samples; controls that do not count as
        samples are left out (they are in the text files)
    """
    found: dict[tuple[str, ...], list[Value]] = {}
    for row in numbers.to_pylist():
        if row.get("counts_as_sample") is False:
            continue
        key = tuple(row[name] or "" for name in _SERIES)
        sample = row["sample"] or ", ".join(row.get("members") or ())
        found.setdefault(key, []).append(Value(row["value"], row["excluded"] is True, sample, row))
    several = len({key[0] for key in found}) > 1
    series: dict[str, Series] = {}
    for (pipeline, *words, unit), values in found.items():
        title = name = heading([pipeline if several else "", *words], unit)
        number = 2
        while title in series:
            title, number = f"{name} #{number}", number + 1
        series[title] = Series(title, tuple(values))
    return list(series.values())


def of_assay(tidy: pa.Table, assay: str) -> pa.Table:
    """Return the rows of one assay."""
    return tidy.filter(pc.equal(tidy["assay"], assay))


def assays_of(tidy: pa.Table) -> list[str]:
    """Return the assays that have numbers."""
    return sorted({name for name in tidy["assay"].to_pylist() if name})
