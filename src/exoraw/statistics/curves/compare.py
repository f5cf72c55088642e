"""Curves compared on biological replicates: one IC50 per culture or animal, then a test of those, never of
pooled wells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from exoraw.statistics.curves.fit import HALF_OF_OWN_CONTROL, CurveFits, CurveState, fit_table
from exoraw.statistics.curves.model import Level
from exoraw.statistics.outcome import Comparison, Effect, State, StatisticsError, undefined
from exoraw.statistics.questions import GroupTest, Question, Reference, compare
from exoraw.statistics.replication import average_technical_replicates, need_level

RANK_TESTS: tuple[GroupTest, ...] = ("mann-whitney", "kruskal-wallis")
CURVE_TESTS: tuple[GroupTest, ...] = (
    "welch", "student", "student or welch after levene", "paired t", "one-way anova", "tukey", "dunnett",
    *RANK_TESTS,
)  # fmt: skip
CENSORED = {CurveState.ABOVE: 1.0, CurveState.BELOW: -1.0}


@dataclass(frozen=True)
class ReplicateCurves:
    """One fitted curve per group and unit of replication; `table` is `fits.table()` with group and unit
    columns.
    """

    fits: CurveFits
    table: pd.DataFrame
    group: str
    unit: tuple[str, ...]


def fit_replicates(
    frame: pd.DataFrame,
    dose: str,
    response: str,
    group: str,
    unit: Sequence[str],
    *,
    absolute: Level = HALF_OF_OWN_CONTROL,
    zero_level: float | None = None,
    end_level: float | None = None,
) -> ReplicateCurves:
    """Average the wells of one unit at one dose, then fit one curve per group and unit.

    Parameters
    ----------
    frame : one row per well, with dose (0 for untreated), response, the group
        (drug, cell line) and the unit columns
    unit : columns that name one biological replicate (culture, passage, animal); no default

    Returns
    -------
    curves, one per group and unit
    """
    means = average_technical_replicates(frame, response, unit, (group, dose)).table
    keys = list(dict.fromkeys([group, *unit]))
    fits = fit_table(
        means, dose, "value", keys, absolute=absolute, zero_level=zero_level, end_level=end_level
    )
    named = pd.DataFrame([_key(name) for name in fits.names], columns=keys)
    return ReplicateCurves(fits, pd.concat([named, fits.table()], axis=1), group, tuple(unit))


def compare_curves(
    curves: ReplicateCurves,
    *,
    test: GroupTest = "welch",
    references: Sequence[Reference] = (),
    pair_by: Sequence[str] = (),
    absolute: bool = False,
    least_n: int = 3,
) -> tuple[Comparison, ...]:
    """Compare the IC50 of two or more groups of curves on the ln scale, n = biological replicates.

    A curve whose IC50 lies outside its doses has no ln IC50, so a test of means is refused and says so; a
    rank test takes it as the largest or smallest value, as long as that is certain.

    Parameters
    ----------
    test : one of CURVE_TESTS
    absolute : compare the absolute instead of the relative IC50

    Returns
    -------
    comparisons; the first effect is the ratio of geometric mean IC50s (group / reference) with its interval
    """
    if test not in CURVE_TESTS:
        raise StatisticsError(f"test {test!r} is not offered for curves; one of {', '.join(CURVE_TESTS)}")
    name = "ic50_absolute" if absolute else "ic50"
    table = curves.table.copy()
    for reference in references:
        need_level(table, curves.group, reference.level)
    with np.errstate(invalid="ignore"):
        table["log_ic50"] = np.log(table[name].to_numpy(np.float64))
    state = table[f"{name}_state"]
    problem = _problem(table, state, curves, test)
    if problem is not None:
        return (problem,)
    if test in RANK_TESTS:
        table["log_ic50"] = _ranked(table, state)
    question = Question(
        "log_ic50",
        curves.group,
        curves.unit,
        test,
        tuple(references),
        pair_by=tuple(pair_by),
        least_n=least_n,
    )
    censored = int(state.isin(list(CENSORED)).sum())
    return tuple(_as_ratio(result, name, censored) for result in compare(table, question))


def _key(name: object) -> tuple[object, ...]:
    return name if isinstance(name, tuple) else (name,)


def _problem(
    table: pd.DataFrame, state: pd.Series, curves: ReplicateCurves, test: GroupTest
) -> Comparison | None:
    accepted = [CurveState.IN_RANGE, *(CENSORED if test in RANK_TESTS else ())]
    bad = table[~state.isin(accepted)]
    n = tuple((str(level), len(part)) for level, part in table.groupby(curves.group, sort=False))
    unit = " x ".join(curves.unit)
    if len(bad):
        keys = list(dict.fromkeys([curves.group, *curves.unit]))
        listed = "; ".join(
            " ".join(str(cell) for cell in row) + f": {why}"
            for row, why in zip(bad[keys].to_numpy(), state[bad.index], strict=True)
        )
        advice = "" if test in RANK_TESTS else " A rank test can use IC50s above or below the doses."
        message = f"no {test} of IC50s, because some curves have none ({listed}).{advice}"
        return undefined(test, State.NOT_ESTIMABLE, message, n, unit=unit)
    if not _order_certain(table, state):
        message = (
            "some IC50 outside the doses cannot be ordered against the others; give all curves the same doses"
        )
        return undefined(test, State.NOT_ESTIMABLE, message, n, unit=unit)
    return None


def _order_certain(table: pd.DataFrame, state: pd.Series) -> bool:
    known = table["log_ic50"].dropna()
    above = np.log(table.loc[state == CurveState.ABOVE, "highest_dose"].to_numpy(np.float64))
    below = np.log(table.loc[state == CurveState.BELOW, "lowest_dose"].to_numpy(np.float64))
    top = known.max() if len(known) else -math.inf
    bottom = known.min() if len(known) else math.inf
    return bool(np.all(above >= top) and np.all(below <= bottom))


def _ranked(table: pd.DataFrame, state: pd.Series) -> pd.Series:
    values = table["log_ic50"].copy()
    values[state == CurveState.ABOVE] = np.log(table["highest_dose"].max()) + 1
    values[state == CurveState.BELOW] = np.log(table["lowest_dose"].min()) - 1
    return values


def _as_ratio(result: Comparison, name: str, censored: int) -> Comparison:
    named = result.with_choices(compared=f"ln {name} per unit of replication", outside_doses=censored)
    if censored:  # a rank test only: no shift can be computed from values that are not numbers
        return replace(named, effects=())
    if not result.effects or result.effects[0].name not in {"mean difference", "Hodges-Lehmann shift"}:
        return named
    first = result.effects[0]
    low, value, high = (
        None if end is None else math.exp(end) for end in (first.ci_low, first.value, first.ci_high)
    )
    ratio = Effect("IC50 ratio", value, low, high, f"exp of the {first.name} of ln IC50", first.confidence)
    return replace(named, effects=(ratio, *result.effects))
