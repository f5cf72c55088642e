"""The tables of a pipeline's results: by group (mean, SD, n), by sample (with QC), and its comparisons."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from exoraw.report import groups, words
from exoraw.report.groups import KEY, Series
from exoraw.report.mixtures import marks
from exoraw.report.pipeline import Pipeline

MOST_SERIES = 48  # series tabulated per pipeline; the note names the file with all
GROUP_COLUMNS = 4  # series side by side in a table by group, three columns each
SAMPLE_COLUMNS = 8  # series side by side in a table by sample
MOST_GROUP_ROWS = 200
MOST_SAMPLE_ROWS = 250
NO_GROUP = (words.NO_VALUE, words.NO_VALUE, "0")


@dataclass(frozen=True)
class Head:
    """A column of values: its name and unit."""

    label: str
    unit: str


@dataclass(frozen=True)
class GroupRow:
    """A group's levels and, per series, mean, SD and n as text; `mixes` warns of what it mixes."""

    levels: tuple[str, ...]
    cells: tuple[tuple[str, str, str], ...]
    mixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupGrid:
    """One table by group: at most GROUP_COLUMNS series side by side; `main` where a figure draws them."""

    main: bool
    factors: tuple[str, ...]
    heads: tuple[Head, ...]
    rows: tuple[GroupRow, ...]


@dataclass(frozen=True)
class Cell:
    """One number of a sample: as text, its QC state, whether a person's correction went into it."""

    text: str
    qc: str = "ok"
    curated: bool = False


@dataclass(frozen=True)
class SampleRow:
    """One sample: its name, sheet cells, numbers, worst QC state and the codes behind it."""

    sample: str
    cells: tuple[str, ...]
    values: tuple[Cell, ...]
    qc: str
    codes: tuple[str, ...]
    excluded: str
    control_role: str


@dataclass(frozen=True)
class SampleGrid:
    """One table by sample: at most SAMPLE_COLUMNS series side by side; `main` where a figure draws them."""

    main: bool
    columns: tuple[str, ...]
    heads: tuple[Head, ...]
    rows: tuple[SampleRow, ...]


@dataclass(frozen=True)
class Grids:
    """Every result table of a pipeline, and what was left out of them."""

    groups: tuple[GroupGrid, ...]
    samples: tuple[SampleGrid, ...]
    notes: tuple[str, ...]
    mixed: bool
    curated: int


def grids(pipeline: Pipeline) -> Grids:
    """Return the result tables of a pipeline."""
    shown = pipeline.series[:MOST_SERIES]
    notes = []
    if len(pipeline.series) > len(shown):
        notes.append(
            f"{len(shown)} of {len(pipeline.series):,} quantities are shown; all are in measurements.parquet."
        )
    by_group = tuple(_group_grids(pipeline, shown, notes))
    by_sample = tuple(_sample_grids(pipeline, shown, notes))
    mixed = any(row.mixes for grid in by_group for row in grid.rows)
    return Grids(by_group, by_sample, tuple(notes), mixed, int(pipeline.measurements["curated"].sum()))


def _chunks(
    pipeline: Pipeline, series: Sequence[Series], width: int
) -> Iterator[tuple[bool, Sequence[Series]]]:
    """Cut series into tables of about equal width: those a figure draws (True), then the others."""
    drawn = [one for one in series if one.measure in pipeline.drawn]
    others = [one for one in series if one.measure not in pipeline.drawn]
    for held in (drawn, others):
        count = math.ceil(len(held) / width)
        for i in range(count):
            yield held is drawn or not drawn, held[i * len(held) // count : (i + 1) * len(held) // count]


def _group_grids(pipeline: Pipeline, shown: Sequence[Series], notes: list[str]) -> Iterator[GroupGrid]:
    factors = pipeline.factors
    by = list(factors) or [groups.ALL_SAMPLES]
    longest = 0
    for main, chunk in _chunks(pipeline, shown, GROUP_COLUMNS):
        grouped = [pipeline.grouped(one, factors) for one in chunk]
        summaries = [one.summary.set_index(by) for one in grouped]
        mixed = marks(one.mixed for one in grouped)
        index = pd.concat(summaries).sort_index(kind="stable").index.unique()
        longest = max(longest, len(index))
        decimals = [
            words.decimals_of([*own["mean"], *own["sd"]], one.unit)
            for own, one in zip(summaries, chunk, strict=True)
        ]
        written = [_written(own, places) for own, places in zip(summaries, decimals, strict=True)]
        rows = tuple(
            GroupRow(
                tuple(level or "—" for level in levels) or (groups.ALL_SAMPLES,),
                tuple(own.get(key, NO_GROUP) for own in written),
                mixed.get(levels, ()),
            )
            for key in index[:MOST_GROUP_ROWS]
            for levels in (_levels(key, factors),)
        )
        heads = tuple(Head(one.label, one.unit_label) for one in chunk)
        yield GroupGrid(main, tuple(words.measure_words(name) for name in factors), heads, rows)
    if longest > MOST_GROUP_ROWS:
        notes.append(f"{MOST_GROUP_ROWS} of {longest:,} groups are shown; all are in measurements.parquet.")


def _levels(key: object, factors: Sequence[str]) -> tuple[str, ...]:
    if not factors:
        return ()
    levels = key if isinstance(key, tuple) else (key,)
    return tuple(map(str, levels))


def _written(summary: pd.DataFrame, places: int | None) -> dict[Any, tuple[str, str, str]]:
    """Return group -> mean, SD and n as the column writes them."""
    cells = zip(summary.index, summary["mean"], summary["sd"], summary["n"], strict=True)
    return {
        key: (words.in_column(mean, places), words.in_column(sd, places), words.count(n))
        for key, mean, sd, n in cells
    }


def _sample_grids(pipeline: Pipeline, shown: Sequence[Series], notes: list[str]) -> Iterator[SampleGrid]:
    wanted = _rows_with_a_say(pipeline, notes)
    rows = _worst_first(pipeline, wanted)
    if len(rows) < len(wanted):
        notes.append(
            f"{len(rows):,} of {len(wanted):,} samples are shown, those with errors and warnings first; "
            "all are in measurements.parquet."
        )
    columns = _sheet_columns(pipeline)
    cells = {name: groups.level_cells(rows, name) for name in columns}
    known = _cells(pipeline.measurements[pipeline.measurements["sample"].isin(rows["sample"])])
    states = _states(pipeline.measurements)
    for main, chunk in list(_chunks(pipeline, shown, SAMPLE_COLUMNS)) or [(True, ())]:
        heads = tuple(Head(one.label, one.unit_label) for one in chunk)
        body = []
        for i, record in enumerate(rows.to_dict("records")):
            name = record["sample"]
            values = tuple(known.get((name, *one.key), Cell(words.NO_VALUE)) for one in chunk)
            qc, codes = states.get(name, ("", ()))
            reason = (record["exclusion_reason"] or "no reason given") if record["excluded"] else ""
            text = tuple(str(cells[column].iloc[i]) for column in columns)
            body.append(SampleRow(name, text, values, qc, codes, reason, record["control_role"]))
        yield SampleGrid(main, tuple(words.measure_words(name) for name in columns), heads, tuple(body))


def _cells(measurements: pd.DataFrame) -> dict[tuple[str, ...], Cell]:
    """Return (sample, *key of the series) -> the number as its column writes it."""
    found: dict[tuple[str, ...], Cell] = {}
    for key, rows in measurements.groupby(list(KEY), sort=False):
        places = words.decimals_of(rows["value"], rows["unit"].iloc[0])
        cells = zip(rows["sample"], rows["value"], rows["qc"], rows["curated"], strict=True)
        for sample, value, qc, curated in cells:
            found[sample, *map(str, key)] = Cell(words.in_column(value, places), qc or "ok", curated)
    return found


def _sheet_columns(pipeline: Pipeline) -> list[str]:
    """Return the sheet columns shown beside a sample: the factors, then what names its replicate."""
    names = [*pipeline.factors, *groups.REPLICATE_COLUMNS, "technical_replicate"]
    filled = pipeline.samples
    return [name for name in dict.fromkeys(names) if filled[name].map(groups.level_text).any()]


def _rows_with_a_say(pipeline: Pipeline, notes: list[str]) -> pd.DataFrame:
    """Return the rows of the sheet but for controls without a number of their own, which a note names."""
    measured = pipeline.samples["sample"].isin(pipeline.measurements["sample"])
    silent = ~measured & ~groups.counts_as_sample(pipeline.samples) & ~pipeline.samples["excluded"]
    if silent.any():
        names = words.listed(pipeline.samples.loc[silent, "sample"], 24)
        notes.append(f"{words.plural(int(silent.sum()), 'control')} without a number of their own: {names}.")
    return pipeline.samples[~silent].reset_index(drop=True)


def _worst_first(pipeline: Pipeline, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that are written out; those with errors and warnings first where not all are."""
    if len(rows) <= MOST_SAMPLE_ROWS:
        return rows
    states = _states(pipeline.measurements)
    rank = {"error": 0, "warning": 1}
    order = rows["sample"].map(lambda name: rank.get(states.get(name, ("", ()))[0], 2))
    return rows.loc[order.sort_values(kind="stable").index].head(MOST_SAMPLE_ROWS).reset_index(drop=True)


def _states(measurements: pd.DataFrame) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return sample -> (worst QC state of its numbers, the codes behind them)."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for name, rows in measurements.groupby("sample", sort=False):
        codes = dict.fromkeys(code for row in rows["qc_codes"] for code in row)
        found[str(name)] = (groups.worst(list(rows["qc"])), tuple(codes))
    return found
