"""From single numbers to groups: technical replicates averaged first, then mean, SD and n per group."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from exoraw.report import words
from exoraw.report.tables import SEVERITIES
from exoraw.store.schemas import TABLES

REPLICATE_COLUMNS = ("subject", "preparation", "biological_replicate")
KEY = ("measure", "entity", "target", "statistic", "unit")  # what makes two numbers comparable
COMMON_FACTORS = ("treatment", "dose", "time_h", "cell_line")  # a dose is compared with its unit
SEPARATING = (*COMMON_FACTORS, "parent_sample")  # rows that differ here are no technical replicates
ALL_SAMPLES = "all samples"


@dataclass(frozen=True)
class Series:
    """One comparable quantity over the samples: a measure of one entity, target and statistic."""

    measure: str
    entity: str = ""
    target: str = ""
    statistic: str = ""
    unit: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """Return what tells it from other series, as KEY names it."""
        return (self.measure, self.entity, self.target, self.statistic, self.unit)

    @property
    def label(self) -> str:
        """Return its name in words: "Late apoptotic, live, PE (median)"."""
        below = words.entity_words(self.entity)
        named = self.target in below.split(" over ")
        pieces = [words.measure_words(self.measure), "" if named else self.target]
        if below and below.replace(" ", "") not in self.measure.replace("_", ""):
            pieces.insert(1, below)
        text = ", ".join(piece for piece in pieces if piece)
        return f"{text} ({self.statistic})" if self.statistic else text

    @property
    def unit_label(self) -> str:
        """Return its unit as an axis shows it."""
        return words.unit_words(self.unit)


def series_of(measurements: pd.DataFrame) -> list[Series]:
    """Return the distinct series in order of appearance; numbers in another unit are another series."""
    distinct = measurements.drop_duplicates(list(KEY))
    return [Series(*row) for row in zip(*(distinct[name] for name in KEY), strict=True)]


def study_factors(declared: Sequence[str], samples: pd.DataFrame) -> tuple[str, ...]:
    """Return the sheet columns that make the groups.

    Declared ones where the sheet has them, without those that only other analyses fill in; else the common
    factors and further columns of the sheet that tell rows apart without naming each row. Controls that are
    no samples do not count.
    """
    known = tuple(name for name in declared if name in samples)
    if known:
        return tuple(name for name in known if (samples[name].map(level_text) != "").any()) or known
    rows = samples[counts_as_sample(samples)]
    fixed = {field.name for field in TABLES["samples"].fields}
    free = [str(name) for name in samples.columns if name not in fixed]
    return tuple(name for name in (*COMMON_FACTORS, *free) if _tells_apart(rows[name]))


def _tells_apart(cells: pd.Series) -> bool:
    levels = cells.map(level_text)
    distinct = levels[levels != ""].nunique()
    return 1 < distinct < len(levels)


def level_text(cell: object) -> str:
    """Return a factor's cell as text: 10.0 -> "10", NaN -> ""; two numbers never share a text."""
    if not isinstance(cell, float | np.floating):
        return str(cell)
    if np.isnan(cell):
        return ""
    short = f"{cell:g}"
    return short if float(short) == cell else repr(float(cell)).removesuffix(".0")


def level_cells(samples: pd.DataFrame, factor: str) -> pd.Series:
    """Return a factor's cells as they are shown: a dose with its unit, a time with h."""
    text = samples[factor].map(level_text)
    if factor == "dose" and "dose_unit" in samples:
        joined = text + " " + samples["dose_unit"]
        return joined.where(text != "", "").str.strip()
    if factor == "time_h":
        return (text + " h").where(text != "", "")
    return text


def level_order(samples: pd.DataFrame, factor: str) -> list[str]:
    """Return a factor's levels in reading order: numbers by size, words as the sheet has them."""
    shown = level_cells(samples, factor)
    given = samples[factor]
    if pd.api.types.is_numeric_dtype(given):
        return list(dict.fromkeys(shown[given.sort_values(kind="stable", na_position="first").index]))
    return list(dict.fromkeys(shown))


def with_levels(samples: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Return the rows of the sheet with the factors as ordered categories of shown text."""
    shown = samples.copy()
    for factor in factors:
        shown[factor] = pd.Categorical(
            level_cells(samples, factor), categories=level_order(samples, factor), ordered=True
        )
    return shown


def counts_as_sample(samples: pd.DataFrame) -> pd.Series:
    """Return which rows have their n in a group: samples, and controls that are samples too."""
    plain = samples["control_role"] == ""
    return plain | samples["counts_as_sample"] if "counts_as_sample" in samples else plain


def replicate_names(samples: pd.DataFrame, factors: Sequence[str]) -> pd.Series:
    """Return what one n is for every row, as text: "biological_replicate 1 · cell_line MCF-7".

    Subject, preparation and biological replicate name it, and whatever else rows of one group differ in:
    the columns of SEPARATING that are no factor, and the batch where no biological replicate is given. A
    row that fills none of the first three stands for itself.
    """
    named = _described({name: samples[name] for name in REPLICATE_COLUMNS})
    apart = {name: level_cells(samples, name) for name in SEPARATING
             if name not in factors and varies(samples, name)}  # fmt: skip
    if "batch" not in factors and varies(samples, "batch"):
        apart["batch"] = samples["batch"].where(samples["biological_replicate"] == "", "")
    full = named + _described(apart) if apart else named
    return full.where(named != "", "sample " + samples["sample"])


def varies(samples: pd.DataFrame, column: str) -> bool:
    """Return whether rows differ in a column; a dose is its number with its unit."""
    names = (column, "dose_unit") if column == "dose" else (column,)
    return any(len(samples[name].unique()) > 1 for name in names if name in samples)


def _described(columns: Mapping[str, pd.Series]) -> pd.Series:
    """Return per row its filled cells, each behind the name of its column."""
    pieces = [(f"{name} " + cells + " · ").where(cells != "", "") for name, cells in columns.items()]
    return functools.reduce(operator.add, pieces)


def replicates(values: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Average technical replicates: one row per group, replicate and state of exclusion.

    Technical replicates are rows that share subject, preparation and biological replicate and differ in
    no common factor, no parent sample and, without a biological replicate, no batch.

    Parameters
    ----------
    values : one row per number, with the columns of `with_levels` plus value and qc; excluded rows are
        averaged among themselves and never touch the kept ones
    factors : columns that make the groups

    Returns
    -------
    columns: the factors, replicate, excluded, value (mean of the finite technical replicates, NaN where
    there is none), technical (how many of these), qc (the worst)
    """
    rows = values.assign(
        replicate=replicate_names(values, factors),
        value=values["value"].where(np.isfinite(values["value"])),
        rank=values["qc"].map(_rank),
    )
    by = [*factors, "replicate", "excluded"]
    grouped = rows.groupby(by, observed=True, sort=False)
    table = grouped.agg(
        value=("value", "mean"), technical=("value", "count"), rank=("rank", "max")
    ).reset_index()
    table["qc"] = table["rank"].map(_words_of_rank)
    return table.drop(columns="rank")


def _rank(severity: str) -> int:
    return len(SEVERITIES) - SEVERITIES.index(severity) if severity in SEVERITIES else 0


def _words_of_rank(rank: int) -> str:
    return SEVERITIES[len(SEVERITIES) - rank] if rank else "ok"


def worst(severities: Sequence[str]) -> str:
    """Return the worst of several severities; "ok" where there is none."""
    return _words_of_rank(max((_rank(severity) for severity in severities), default=0))


def group_summary(points: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Return mean, SD (n - 1) and n of the kept replicates of every group, in order of the levels.

    A group whose replicates are all excluded or without a value stands there with n = 0.
    """
    by = list(factors)
    table = points.assign(value=points["value"].where(~points["excluded"]))
    if not by:
        table, by = table.assign(**{ALL_SAMPLES: ALL_SAMPLES}), [ALL_SAMPLES]
    summary = table.groupby(by, observed=True, sort=True)["value"].agg(["mean", "std", "count"])
    return summary.rename(columns={"std": "sd", "count": "n"}).reset_index()


def group_label(levels: Sequence[str]) -> str:
    """Return a group's name in one line: "DOX · MCF-7"; an empty cell is a dash."""
    return " · ".join(words.one_line(level) or "—" for level in levels) or ALL_SAMPLES


def values_of(measurements: pd.DataFrame, samples: pd.DataFrame, series: Series) -> pd.DataFrame:
    """Return a series' numbers joined to the rows of the sheet; numbers without a row fall out."""
    wanted = np.ones(len(measurements), dtype=bool)
    for name, value in zip(KEY, series.key, strict=True):
        wanted &= (measurements[name] == value).to_numpy()
    columns = ["sample", "value", "qc", "curated"]
    return samples.merge(measurements.loc[wanted, columns], on="sample", how="inner", suffixes=("_sheet", ""))


def comparable(
    values: pd.DataFrame, factors: Sequence[str], roles: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return (rows for the groups, control rows left to the table).

    A vehicle control is a sample too, an unstained tube of the same treatment is not: the rows that count
    as samples make the group. In a group without any, the first of `roles` that occurs there does; an
    older results folder does not say which controls count, so its plain samples go before its controls.
    """
    rank = values["control_role"].map({role: i for i, role in enumerate(roles)}).fillna(len(roles))
    by = [values[factor].astype(str) for factor in factors] or [pd.Series("", values.index)]
    counts = counts_as_sample(values)
    some_count = counts.groupby(by, sort=False).transform("any")
    first = rank.groupby(by, sort=False).transform("min")
    kept = counts | (~some_count & (rank == first))
    return values[kept], values[~kept]


def roles_by_weight(measurements: pd.DataFrame, samples: pd.DataFrame) -> list[str]:
    """Return the control roles, plain samples first, then those with most numbers per tube."""
    numbers = measurements.groupby("sample").size()
    per_row = samples["sample"].map(numbers).fillna(0)
    weight = per_row.groupby(samples["control_role"]).mean().sort_values(ascending=False, kind="stable")
    return ["", *(str(role) for role in weight.index if role)]
