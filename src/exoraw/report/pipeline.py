"""One pipeline's numbers, ready to be drawn and tabulated: its rows, factors and series in reading order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from exoraw.report import groups, words
from exoraw.report.groups import Series
from exoraw.report.mixtures import Mixtures, mixture_notes, mixtures
from exoraw.report.tables import Tables


@dataclass(frozen=True)
class Grouped:
    """A series' replicates and groups, with what a reader must know of how they came about."""

    points: pd.DataFrame
    summary: pd.DataFrame
    notes: tuple[str, ...]
    mixed: Mixtures


@dataclass(frozen=True)
class Pipeline:
    """One pipeline entry of the study, as the results folder holds it.

    Parameters
    ----------
    factors : sheet columns that make the groups
    samples : its rows of the sheet, in sheet order
    measurements : its numbers
    bounds : measure -> (smallest, largest possible value), NaN where unbounded
    figures, methods, comparisons, artefacts, tasks, vocabulary : its rows of these tables
    asked : unit keys of the study's comparisons in their order, of all pipelines
    """

    name: str
    assay: str
    factors: tuple[str, ...]
    samples: pd.DataFrame
    measurements: pd.DataFrame
    bounds: Mapping[str, tuple[float, float]]
    figures: pd.DataFrame
    methods: pd.DataFrame
    comparisons: pd.DataFrame
    artefacts: pd.DataFrame
    tasks: pd.DataFrame
    vocabulary: pd.DataFrame
    asked: tuple[str, ...] = ()
    _grouped: dict[tuple[Series, tuple[str, ...]], Grouped] = field(default_factory=dict, repr=False)

    @cached_property
    def drawn(self) -> tuple[str, ...]:
        """Return the measures that declared figures draw, in their order."""
        rows = self.figures.sort_values("order", kind="stable")["measures"]
        return tuple(dict.fromkeys(measure for row in rows for measure in row))

    @cached_property
    def series(self) -> list[Series]:
        """Return its series: those of the declared figures first, then in order of the vocabulary."""
        known = list(dict.fromkeys([*self.drawn, *self.vocabulary["measure"]]))
        place = {measure: i for i, measure in enumerate(known)}
        found = groups.series_of(self.measurements)
        return sorted(found, key=lambda series: place.get(series.measure, len(place)))

    @cached_property
    def roles(self) -> list[str]:
        """Return the control roles in the order in which they may stand for a group."""
        return groups.roles_by_weight(self.measurements, self.samples)

    def grouped(self, series: Series, factors: Sequence[str]) -> Grouped:
        """Return a series' replicates and groups over these factors; figure and table share them."""
        wanted = (series, tuple(factors))
        if wanted not in self._grouped:
            self._grouped[wanted] = self._group(series, factors)
        return self._grouped[wanted]

    def _group(self, series: Series, factors: Sequence[str]) -> Grouped:
        rows = groups.with_levels(self.samples, factors)
        values = groups.values_of(self.measurements, rows, series)
        kept, controls = groups.comparable(values, factors, self.roles)
        points = groups.replicates(kept, factors)
        summary = groups.group_summary(points, factors)
        mixed = mixtures(kept, factors)
        notes = (
            *mixture_notes(mixed, len(summary), self.factors),
            *_lost(kept, points, factors), *_controls(controls), *_doubtful(kept, factors),
            *_told_apart_by_batch(kept, factors),
        )  # fmt: skip
        return Grouped(points, summary, notes, mixed)


def pipelines(tables: Tables) -> list[Pipeline]:
    """Return every pipeline that any table names, in the order of the sheet, then of the tasks."""
    order = [*tables.samples["pipeline"], *tables.tasks["pipeline"], *tables.measurements["pipeline"]]
    ranked = tables.runs.sort_values("run_id")
    declared = tuple(ranked["factors"].iloc[-1]) if len(ranked) else ()
    last = ranked["comparisons"].iloc[-1] if len(ranked) else None
    asked = () if last is None else tuple(last)  # runs of an earlier minor version do not say
    return [_pipeline(tables, name, declared, asked) for name in dict.fromkeys(order)]


def _pipeline(tables: Tables, name: str, declared: Sequence[str], asked: tuple[str, ...]) -> Pipeline:
    def own(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["pipeline"] == name].reset_index(drop=True)

    measurements, tasks = own(tables.measurements), own(tables.tasks)
    assays = [assay for assay in (*measurements["assay"], *tasks["assay"]) if assay]
    assay = assays[0] if assays else ""
    vocabulary = tables.vocabulary[tables.vocabulary["assay"] == assay].reset_index(drop=True)
    bounds = {row["measure"]: (row["low"], row["high"]) for row in vocabulary.to_dict("records")}
    samples = _complete(own(tables.samples), measurements)
    return Pipeline(
        name, assay, groups.study_factors(declared, samples), samples, measurements, bounds,
        own(tables.figures), own(tables.methods), own(tables.comparisons), own(tables.artefacts), tasks,
        vocabulary, asked,
    )  # fmt: skip


def _complete(samples: pd.DataFrame, measurements: pd.DataFrame) -> pd.DataFrame:
    """Return the sheet rows in order; samples that only the numbers know follow, with empty cells."""
    rows = samples.sort_values("sheet_row", kind="stable", na_position="last")
    known = set(rows["sample"])
    unknown = [name for name in dict.fromkeys(measurements["sample"]) if name not in known]
    if unknown:
        added = pd.DataFrame({"sample": unknown})
        for column in rows.columns.difference(["sample"]):
            numeric = pd.api.types.is_float_dtype(rows[column])
            flag = pd.api.types.is_bool_dtype(rows[column])
            added[column] = np.nan if numeric else False if flag else ""
        added["files"] = [()] * len(unknown)
        rows = added if rows.empty else pd.concat([rows, added[rows.columns]])
    return rows.reset_index(drop=True)


def _lost(kept: pd.DataFrame, points: pd.DataFrame, factors: Sequence[str]) -> list[str]:
    lost = points[points["value"].isna()]
    if lost.empty:
        return []
    by = [*factors, "replicate", "excluded"]
    rows = kept.assign(replicate=groups.replicate_names(kept, factors)).merge(lost[by], on=by)
    names = words.listed(rows["sample"])
    return [f"{words.plural(len(lost), 'replicate')} without a finite value, not in mean and n: {names}."]


def _controls(controls: pd.DataFrame) -> list[str]:
    if controls.empty:
        return []
    by_role = controls["control_role"].value_counts()
    said = words.listed(f"{role} {amount}" for role, amount in by_role.items())
    return [f"Control rows with a value that stand in the table of samples only: {said}."]


def _doubtful(kept: pd.DataFrame, factors: Sequence[str]) -> list[str]:
    """Say where rows were averaged although the sheet does not call them technical replicates."""
    rows = kept[~kept["excluded"]].assign(replicate=groups.replicate_names(kept, factors))
    key = [*factors, "replicate", "technical_replicate"]
    twice = rows[rows.duplicated(key, keep=False)]
    if twice.empty:
        return []
    return [
        "These rows share group and biological replicate and were averaged, although their "
        f"technical_replicate does not tell them apart: {words.listed(twice['sample'])}."
    ]


def _told_apart_by_batch(kept: pd.DataFrame, factors: Sequence[str]) -> list[str]:
    """Say where one subject or preparation has several n because it stands in several batches."""
    rows = kept[~kept["excluded"] & (kept["biological_replicate"] == "")]
    rows = rows[(rows["subject"] != "") | (rows["preparation"] != "")]
    if "batch" in factors or rows.empty:
        return []
    one_batch = groups.replicate_names(rows.assign(batch=""), factors)
    by = [*factors, "replicate"]
    batches = rows.assign(replicate=one_batch).groupby(by, observed=True, sort=False)["batch"]
    apart = rows[batches.transform("nunique") > 1]
    if apart.empty:
        return []
    return [
        "One subject or preparation in several batches is counted once per batch, because "
        f"biological_replicate is empty: {words.listed(apart['sample'])}. If a batch only repeats the "
        "measurement, give these rows one biological_replicate."
    ]
