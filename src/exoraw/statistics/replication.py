"""The unit of replication: technical replicates are averaged into one value per unit before anything is
tested.
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from exoraw.statistics.outcome import FloatArray, StatisticsError


@dataclass(frozen=True)
class Units:
    """One row per unit of replication and level of the factors.

    `table` holds the unit columns, the factor columns, `value` (mean over technical replicates) and
    `replicates` (how many rows went into it).
    """

    table: pd.DataFrame
    unit: tuple[str, ...]
    factors: tuple[str, ...]
    rows: int
    missing: int

    @property
    def name(self) -> str:
        """What one n is, for the table and the legend."""
        return " x ".join(self.unit)

    def values(self, factor: str, level: Hashable) -> FloatArray:
        """One value per unit of that level."""
        return self.table.loc[self.table[factor] == level, "value"].to_numpy(dtype=np.float64)

    def groups(self, factor: str, levels: Sequence[Hashable] | None = None) -> dict[str, FloatArray]:
        """Level -> one value per unit, in the order asked for or met first."""
        chosen = list(self.table[factor].unique()) if levels is None else list(levels)
        return {str(level): self.values(factor, level) for level in chosen}

    def shared_between(self, factor: str) -> int:
        """How many units occur at more than one level: the sign of a paired design."""
        if factor in self.unit:
            return 0
        places = self.table.drop_duplicates([*self.unit, factor])
        return int(places.groupby(list(self.unit), sort=False).size().gt(1).sum())


@dataclass(frozen=True)
class Pairs:
    """Two conditions of the same subjects (or cultures, membranes), position by position."""

    group: FloatArray
    reference: FloatArray
    labels: tuple[str, ...]
    unmatched: tuple[str, ...]


def average_technical_replicates(
    frame: pd.DataFrame, value: str, unit: Sequence[str], factors: Sequence[str] = ()
) -> Units:
    """Average all rows of one unit of replication at one level of the factors.

    Parameters
    ----------
    frame : one row per well, tube, field or injection
    value : column of the measure
    unit : columns that together name one independent unit: a subject, an animal or its cage, a culture, a
        preparation. There is no default: the statistics cannot know it.
    factors : columns that are compared; a unit may have one value per level

    Returns
    -------
    units; rows without a value are dropped and counted, an infinite value stays and is refused by the tests

    Raises
    ------
    StatisticsError : no unit named, a column that does not exist, an empty unit or factor cell, a measure
        of text
    """
    if isinstance(unit, str) or not unit:
        raise StatisticsError(
            "name the columns that define one independent unit, "
            'for example ["subject"] or ["cell_line", "biological_replicate"]'
        )
    keys = [*unit, *(factor for factor in factors if factor not in unit)]
    for column in (value, *keys):
        need_column(frame, column)
    _need_filled(frame, keys)
    numbers = _numbers(frame, value)
    known = numbers.notna()
    kept = frame.loc[known, keys].assign(value=numbers[known])
    grouped = kept.groupby(keys, sort=False, observed=True)["value"]
    table = grouped.mean().reset_index().assign(replicates=grouped.size().to_numpy())
    return Units(table, tuple(unit), tuple(factors), len(kept), int((~known).sum()))


def paired_values(
    units: Units, factor: str, group: Hashable, reference: Hashable, pair_by: Sequence[str]
) -> Pairs:
    """Match two levels of a factor by subject, culture or membrane.

    Parameters
    ----------
    pair_by : columns whose equal values make a pair; each may hold one value per level after averaging

    Returns
    -------
    pairs, complete ones only; `unmatched` names those that miss a side

    Raises
    ------
    StatisticsError : a pair with more than one unit on a side (then these columns do not pair)
    """
    for column in (factor, *pair_by):
        need_column(units.table, column)
    sides = []
    for level in (group, reference):
        need_level(units.table, factor, level)
        side = units.table[units.table[factor] == level]
        repeated = side.duplicated(list(pair_by))
        if repeated.any():
            example = dict(side.loc[repeated, list(pair_by)].iloc[0])
            raise StatisticsError(
                f"{factor} = {level}: more than one unit for {example}; "
                "pair by columns that name one unit per level"
            )
        sides.append(side.set_index(list(pair_by))["value"])
    both = pd.concat(sides, axis=1, keys=["group", "reference"])
    whole = both.notna().all(axis=1)
    return Pairs(
        both.loc[whole, "group"].to_numpy(dtype=np.float64),
        both.loc[whole, "reference"].to_numpy(dtype=np.float64),
        tuple(_label(index) for index in both.index[whole]),
        tuple(_label(index) for index in both.index[~whole]),
    )


def need_column(frame: pd.DataFrame, column: str) -> None:
    """Raise StatisticsError with the nearest name where the table lacks a column."""
    if column not in frame.columns:
        raise StatisticsError(f"there is no column {column!r}{_nearest(column, frame.columns)}")


def need_level(frame: pd.DataFrame, factor: str, level: Hashable) -> None:
    """Raise StatisticsError with the nearest level where a factor never takes this one."""
    found = list(frame[factor].unique())
    if level not in found:
        listed = ", ".join(str(item) for item in found)
        raise StatisticsError(
            f"{factor} has no level {level!r}{_nearest(str(level), found)} It has: {listed}."
        )


def _nearest(wanted: str, there: Sequence[Hashable] | pd.Index) -> str:
    near = difflib.get_close_matches(wanted, [str(item) for item in there], n=1)
    return f". Did you mean {near[0]}?" if near else "."


def _label(index: object) -> str:
    return " ".join(str(part) for part in index) if isinstance(index, tuple) else str(index)


def _need_filled(frame: pd.DataFrame, keys: Sequence[str]) -> None:
    for column in keys:
        cells = frame[column]
        empty = cells.isna()
        if not is_numeric_dtype(cells):
            empty |= cells.astype(str).str.strip() == ""
        if empty.any():
            rows = ", ".join(str(row) for row in frame.index[empty][:5])
            raise StatisticsError(
                f"column {column!r} is empty in {int(empty.sum())} rows (first: {rows}); "
                "fill it or leave the rows out"
            )


def _numbers(frame: pd.DataFrame, value: str) -> pd.Series:
    try:
        return pd.to_numeric(frame[value], errors="raise").astype(np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError(f"column {value!r} holds text where numbers are needed: {error}") from error
