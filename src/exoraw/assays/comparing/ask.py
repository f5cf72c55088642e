"""From a `compare:` entry and its table to tests: every test that the statistics package offers, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd

from exoraw.statistics import (
    GROUP_TESTS,
    Comparison,
    Question,
    Random,
    Reference,
    StarMap,
    average_technical_replicates,
    compare,
    mixed_model,
    pearson,
    repeated_measures_anova,
    spearman,
    stars_for,
    two_way_anova,
)
from exoraw.study.model import CompareEntry


def words(cell: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return one word or several as several."""
    return (cell,) if isinstance(cell, str) else cell


def answers(frame: pd.DataFrame, entry: CompareEntry) -> tuple[Comparison, ...]:
    """Test what the entry asks.

    Parameters
    ----------
    frame : one row per sample: the sheet's cells, `value` and, for a correlation, `second`

    Raises
    ------
    StatisticsError : a column or level that does not exist, an empty cell, a question that cannot be asked
    """
    if entry.test in GROUP_TESTS:
        return compare(frame, question(entry))
    special: Mapping[str, Callable[[pd.DataFrame, CompareEntry], tuple[Comparison, ...]]] = {
        "two-way anova": _two_way,
        "repeated measures anova": _repeated,
        "mixed model": _mixed,
        "pearson": _correlation,
        "spearman": _correlation,
    }
    found = special[entry.test](frame, entry)
    stars = star_map(entry)
    return tuple(replace(result, stars=stars_for(result.p, stars)) for result in found)


def question(entry: CompareEntry) -> Question:
    """Return a group test's entry as the statistics package asks it."""
    named = [Reference(one.level, star_map(entry, one.symbol)) for one in entry.references]
    if entry.reference:
        named.insert(0, Reference(entry.reference, star_map(entry)))
    return Question(
        value="value",
        factor=entry.factor,
        unit=words(entry.unit),
        test=next(test for test in GROUP_TESTS if test == entry.test),
        references=tuple(named),
        levels=entry.levels,
        pair_by=words(entry.pair_by),
        adjustment=entry.adjustment,
        stars=star_map(entry),
        least_n=entry.least_n,
    )


def star_map(entry: CompareEntry, symbol: str = "*") -> StarMap:
    """Return the entry's stars, written with a symbol."""
    return StarMap(entry.stars.limits, symbol, entry.stars.or_equal, entry.stars.none)


def _two_way(frame: pd.DataFrame, entry: CompareEntry) -> tuple[Comparison, ...]:
    factors = (entry.factor, entry.second_factor)
    units = average_technical_replicates(frame, "value", words(entry.unit), factors)
    return two_way_anova(units, *factors, least_n=entry.least_n)


def _repeated(frame: pd.DataFrame, entry: CompareEntry) -> tuple[Comparison, ...]:
    subject = words(entry.pair_by)[0]
    unit = tuple(dict.fromkeys((*words(entry.unit), subject)))
    units = average_technical_replicates(frame, "value", unit, (entry.factor,))
    found = repeated_measures_anova(units, entry.factor, subject, levels=entry.levels, least_n=entry.least_n)
    return (found,)


def _mixed(frame: pd.DataFrame, entry: CompareEntry) -> tuple[Comparison, ...]:
    fixed = [entry.factor]
    if entry.second_factor:
        fixed += [entry.second_factor, f"{entry.factor}:{entry.second_factor}"]
    model = mixed_model(frame, "value", fixed, [Random(groups) for groups in entry.random])
    unit = " x ".join(words(entry.unit))
    if not model.terms:
        n = (("measurements", model.n),)
        return (Comparison("mixed model", n, unit=unit, state=model.state, message=model.message),)
    return tuple(replace(result, unit=unit) for result in (*model.terms, *model.coefficients[1:]))


def _correlation(frame: pd.DataFrame, entry: CompareEntry) -> tuple[Comparison, ...]:
    unit = words(entry.unit)
    sides = [
        average_technical_replicates(frame, column, unit).table.set_index(list(unit))["value"]
        for column in ("value", "second")
    ]
    both = pd.concat(sides, axis=1, keys=["first", "second"], join="outer")
    test = pearson if entry.test == "pearson" else spearman
    return (test(both["first"], both["second"], unit=" x ".join(unit), least_n=entry.least_n),)
