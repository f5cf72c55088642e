"""From a tidy table to tested comparisons: average per unit, test, adjust, star; one question at a time."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Literal

import pandas as pd

from exoraw.statistics.adjust import Adjustment, adjusted
from exoraw.statistics.anova import kruskal_wallis, one_way_anova, welch_anova
from exoraw.statistics.assumptions import Centre
from exoraw.statistics.many import dunnett, tukey
from exoraw.statistics.means import paired_t, student_t, t_after_levene, welch_t
from exoraw.statistics.outcome import LEAST_N, Check, Comparison, StatisticsError, comparisons_frame
from exoraw.statistics.ranks import RankMethod, mann_whitney, wilcoxon_signed_rank
from exoraw.statistics.replication import (
    Units,
    average_technical_replicates,
    need_column,
    need_level,
    paired_values,
)
from exoraw.statistics.stars import STRICT, StarMap, stars_for

GroupTest = Literal[
    "student", "welch", "student or welch after levene", "mann-whitney", "paired t", "wilcoxon",
    "one-way anova", "welch anova", "kruskal-wallis", "tukey", "dunnett",
]  # fmt: skip
PAIRED: tuple[GroupTest, ...] = ("paired t", "wilcoxon")
OMNIBUS: tuple[GroupTest, ...] = ("one-way anova", "welch anova", "kruskal-wallis")
FAMILY: tuple[GroupTest, ...] = ("tukey", "dunnett")
TWO_SAMPLE: tuple[GroupTest, ...] = ("student", "welch", "student or welch after levene", "mann-whitney")
GROUP_TESTS: tuple[GroupTest, ...] = (*TWO_SAMPLE, *PAIRED, *OMNIBUS, *FAMILY)


@dataclass(frozen=True)
class Reference:
    """A group that others are compared with, and the symbols its comparisons carry in the figure."""

    level: Hashable
    stars: StarMap = STRICT


@dataclass(frozen=True)
class Question:
    """One measure compared across one factor.

    Parameters
    ----------
    value : column of the measure
    factor : column that is compared across
    unit : columns that together name one independent unit of replication; no default
    test : one of GROUP_TESTS
    references : each with its own star symbols; empty: all pairs (omnibus tests need none)
    levels : groups in their order; empty: all, as met in the table
    pair_by : columns that pair two groups (subject, membrane), for the paired tests
    where : column -> values that are kept (a subgroup of patients, one cell line)
    adjustment : over the comparisons with one reference; Tukey and Dunnett adjust by themselves
    """

    value: str
    factor: str
    unit: tuple[str, ...]
    test: GroupTest = "welch"
    references: tuple[Reference, ...] = ()
    levels: tuple[Hashable, ...] = ()
    pair_by: tuple[str, ...] = ()
    where: Mapping[str, Sequence[Hashable]] = field(default_factory=dict)
    adjustment: Adjustment = "holm"
    stars: StarMap = STRICT
    centre: Centre = "median"
    rank_method: RankMethod = "auto"
    least_n: int = LEAST_N


def compare(frame: pd.DataFrame, question: Question) -> tuple[Comparison, ...]:
    """Answer one question: technical replicates averaged, every pair tested, p adjusted, stars given.

    Parameters
    ----------
    frame : one row per measurement (well, tube, field), with measure, factor and unit columns

    Returns
    -------
    one comparison per pair (or one for an omnibus test), each with the unit of replication, n, what was
    averaged and every choice on record

    Raises
    ------
    StatisticsError : a column or level that does not exist (nearest name given), no unit, no pairing columns
    """
    if question.test not in GROUP_TESTS:
        raise StatisticsError(f"test {question.test!r} is not one of {', '.join(GROUP_TESTS)}")
    units = units_of(frame, question)
    if question.test in OMNIBUS:
        results: tuple[Comparison, ...] = (_omnibus(units, question),)
    elif question.test in FAMILY:
        results = _families(units, question)
    else:
        results = _pairwise(units, question)
    shared = 0 if question.test in PAIRED else units.shared_between(question.factor)
    return tuple(_on_record(result, units, shared) for result in results)


def compare_with_and_without(frame: pd.DataFrame, question: Question, excluded: str) -> pd.DataFrame:
    """Answer the question twice: without the excluded rows, and with them, so that both stand in the paper.

    Parameters
    ----------
    excluded : column of truth values, True where a person or a QC rule took the row out

    Returns
    -------
    table of `comparisons_frame` with the column `exclusions` ("applied", "ignored") in front
    """
    need_column(frame, excluded)
    marks = frame[excluded].astype(bool)
    parts = []
    for name, rows in (("applied", frame[~marks]), ("ignored", frame)):
        part = comparisons_frame(compare(rows, question))
        part.insert(0, "exclusions", name)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def units_of(frame: pd.DataFrame, question: Question) -> Units:
    """Return the values that the question tests: subgroup taken, technical replicates averaged, levels
    checked.
    """
    rows = frame
    for column, wanted in question.where.items():
        need_column(rows, column)
        for level in wanted:
            need_level(frame, column, level)
        rows = rows[rows[column].isin(list(wanted))]
    factors = (question.factor, *(column for column in question.pair_by if column not in question.unit))
    units = average_technical_replicates(rows, question.value, question.unit, factors)
    for level in (*question.levels, *(reference.level for reference in question.references)):
        need_level(units.table, question.factor, level)
    return units


def _levels(units: Units, question: Question) -> list[Hashable]:
    found = list(question.levels) or list(units.table[question.factor].unique())
    extra = [reference.level for reference in question.references if reference.level not in found]
    if len(found) + len(extra) < 2:
        raise StatisticsError(
            f"{question.factor} has one level only ({', '.join(map(str, found))}); nothing to compare"
        )
    return found


def _omnibus(units: Units, question: Question) -> Comparison:
    groups = units.groups(question.factor, _levels(units, question))
    if question.test == "kruskal-wallis":
        found = kruskal_wallis(groups, least_n=question.least_n)
    else:
        test = one_way_anova if question.test == "one-way anova" else welch_anova
        found = test(groups, centre=question.centre, least_n=question.least_n)
    return replace(found, stars=stars_for(found.p, question.stars))


def _families(units: Units, question: Question) -> tuple[Comparison, ...]:
    groups = units.groups(question.factor, _levels(units, question))
    if question.test == "tukey":
        found = tukey(groups, centre=question.centre, least_n=question.least_n)
        return tuple(replace(result, stars=stars_for(result.p, question.stars)) for result in found)
    if not question.references:
        raise StatisticsError("Dunnett's test needs a reference group; name one of " + ", ".join(groups))
    results = []
    for reference in question.references:
        family = dunnett(groups, str(reference.level), centre=question.centre, least_n=question.least_n)
        results += [replace(result, stars=stars_for(result.p, reference.stars)) for result in family]
    return tuple(results)


def _pairwise(units: Units, question: Question) -> tuple[Comparison, ...]:
    levels = _levels(units, question)
    if not question.references:
        pairs = [(later, earlier) for earlier, later in combinations(levels, 2)]
        return _starred(_test_pairs(units, question, pairs), question, question.stars)
    results: tuple[Comparison, ...] = ()
    for reference in question.references:
        pairs = [(level, reference.level) for level in levels if level != reference.level]
        results += _starred(_test_pairs(units, question, pairs), question, reference.stars)
    return results


def _starred(results: Sequence[Comparison], question: Question, stars: StarMap) -> tuple[Comparison, ...]:
    done = adjusted(results, question.adjustment)
    return tuple(replace(result, stars=stars_for(result.p_adjusted, stars)) for result in done)


def _test_pairs(
    units: Units, question: Question, pairs: Sequence[tuple[Hashable, Hashable]]
) -> list[Comparison]:
    test = _paired_test if question.test in PAIRED else _independent_test
    return [test(units, question, group, reference) for group, reference in pairs]


def _independent_test(units: Units, question: Question, group: Hashable, reference: Hashable) -> Comparison:
    names = (str(group), str(reference))
    values = units.values(question.factor, group), units.values(question.factor, reference)
    if question.test == "mann-whitney":
        return mann_whitney(*values, names=names, method=question.rank_method, least_n=question.least_n)
    tests: dict[str, Callable[..., Comparison]] = {
        "student": student_t,
        "welch": welch_t,
        "student or welch after levene": t_after_levene,
    }
    return tests[question.test](*values, names=names, centre=question.centre, least_n=question.least_n)


def _paired_test(units: Units, question: Question, group: Hashable, reference: Hashable) -> Comparison:
    if not question.pair_by:
        raise StatisticsError(
            f'{question.test} needs pairs; name the columns that pair, for example ["subject"]'
        )
    pairs = paired_values(units, question.factor, group, reference, question.pair_by)
    names = (str(group), str(reference))
    if question.test == "wilcoxon":
        found = wilcoxon_signed_rank(
            pairs.group, pairs.reference, names=names, method=question.rank_method, least_n=question.least_n
        )
    else:
        found = paired_t(pairs.group, pairs.reference, names=names, least_n=question.least_n)
    missing = ", ".join(pairs.unmatched)
    whole = Check("every pair complete", not missing, detail=f"left out: {missing}" if missing else "")
    return replace(found, checks=(*found.checks, whole)).with_choices(paired_by=" x ".join(question.pair_by))


def _on_record(result: Comparison, units: Units, shared: int) -> Comparison:
    checks = result.checks
    if shared:
        detail = (
            f"{shared} unit names occur in several groups; if they are the same unit, ask for a paired test"
        )
        checks = (*checks, Check("units differ between groups", passed=False, detail=detail))
    replicates = units.table["replicates"]
    averaged = (
        "none" if replicates.max() == 1 else f"mean of {replicates.min()} to {replicates.max()} rows per unit"
    )
    found = replace(result, unit=units.name, checks=checks)
    return found.with_choices(
        technical_replicates=averaged, rows=units.rows, rows_without_value=units.missing
    )
