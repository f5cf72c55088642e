"""From a `compare:` entry and its table to tests: every test that the statistics package offers, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from exoraw.assays.comparing.stars import star_map, starred
from exoraw.statistics import (
    GROUP_TESTS,
    Comparison,
    Question,
    Random,
    Reference,
    State,
    adjusted,
    average_technical_replicates,
    compare,
    mixed_model,
    pearson,
    repeated_measures_anova,
    spearman,
    two_way_anova,
)
from exoraw.statistics.outcome import undefined
from exoraw.study.compare_entries import CompareEntry
from exoraw.study.strict import words_of


def answers(frame: pd.DataFrame, entry: CompareEntry, levels: Sequence[str]) -> tuple[Comparison, ...]:
    """Test what the entry asks.

    Parameters
    ----------
    frame : one row per sample that counts: the sheet's cells, `value` and, for a correlation, `second`
    levels : the factor's levels in their order, whether or not a sample of them is left; () for a correlation

    Returns
    -------
    the tests; a level without any unit has a comparison of its own that says so

    Raises
    ------
    StatisticsError : a column that does not exist, an empty cell, a question that cannot be asked
    """
    if not levels:
        return starred(_correlation(frame, entry), entry.stars)
    frame = frame[frame[entry.factor].isin(list(levels))]
    there = _with_a_unit(frame, entry, levels)
    gone = [level for level in levels if level not in there]
    if len(there) < 2:
        return _untested(entry, gone or list(levels), there)
    frame = frame[frame[entry.factor].isin(there)]
    if entry.test in GROUP_TESTS:
        asked = question(entry, there)
        dead = entry.reference_levels and not asked.references
        found = () if dead else compare(frame, asked)
    else:
        special: Mapping[str, Callable[[pd.DataFrame, CompareEntry, list[str]], tuple[Comparison, ...]]] = {
            "two-way anova": _two_way,
            "repeated measures anova": _repeated,
            "mixed model": _mixed,
        }
        found = starred(special[entry.test](frame, entry, there), entry.stars)
    return (*found, *_untested(entry, gone, there))


def levels_of(frame: pd.DataFrame, entry: CompareEntry) -> list[str]:
    """Return the levels in their order: as asked, else as the sheet has them; references always with them."""
    if not entry.factor:
        return []
    found = list(entry.levels) or list(dict.fromkeys(frame[entry.factor]))
    named = [level for level, _ in entry.reference_levels]
    return [*(level for level in named if level not in found), *found]


def _with_a_unit(frame: pd.DataFrame, entry: CompareEntry, levels: Sequence[str]) -> list[str]:
    there = set(frame.loc[frame["value"].notna(), entry.factor])
    return [level for level in levels if level in there]


def _untested(entry: CompareEntry, gone: Sequence[str], there: Sequence[str]) -> tuple[Comparison, ...]:
    """Return a comparison without p for every level of which no unit is left, and for its references."""
    references = [level for level, _ in entry.reference_levels]
    pairs = [(level, reference) for level in gone for reference in references if level != reference]
    pairs += [(level, reference) for reference in references if reference in gone for level in there]
    if not references:
        pairs = [(level, "") for level in gone]
    return tuple(
        undefined(
            entry.test, State.TOO_FEW, f"no unit of {group if group in gone else reference} is left",
            [(name, 0) for name in (group, reference) if name in gone],
            group=group, reference=reference, unit=" x ".join(words_of(entry.unit)),
        )
        for group, reference in dict.fromkeys(pairs)
    )  # fmt: skip


def question(entry: CompareEntry, levels: Sequence[str]) -> Question:
    """Return a group test's entry as the statistics package asks it."""
    return Question(
        value="value",
        factor=entry.factor,
        unit=words_of(entry.unit),
        test=next(test for test in GROUP_TESTS if test == entry.test),
        references=tuple(
            Reference(level, star_map(entry.stars, symbol))
            for level, symbol in entry.reference_levels
            if level in levels
        ),
        levels=tuple(levels),
        pair_by=words_of(entry.pair_by),
        adjustment=entry.adjustment,
        stars=star_map(entry.stars),
        least_n=entry.least_n,
    )


def _two_way(frame: pd.DataFrame, entry: CompareEntry, _levels: list[str]) -> tuple[Comparison, ...]:
    factors = (entry.factor, entry.second_factor)
    units = average_technical_replicates(frame, "value", words_of(entry.unit), factors)
    return two_way_anova(units, *factors, least_n=entry.least_n)


def _repeated(frame: pd.DataFrame, entry: CompareEntry, levels: list[str]) -> tuple[Comparison, ...]:
    pair_by = words_of(entry.pair_by)
    unit = tuple(dict.fromkeys((*words_of(entry.unit), *pair_by)))
    units = average_technical_replicates(frame, "value", unit, (entry.factor,))
    subject = " x ".join(pair_by)
    joined = units.table[list(pair_by)].astype(str).agg(" / ".join, axis=1)
    units = replace(units, table=units.table.assign(**{subject: joined}))
    return (repeated_measures_anova(units, entry.factor, subject, levels=levels, least_n=entry.least_n),)


def _mixed(frame: pd.DataFrame, entry: CompareEntry, levels: list[str]) -> tuple[Comparison, ...]:
    """Fit on the mean of every unit within the groupings; coefficients are against the reference."""
    baseline = entry.reference if entry.reference in levels else levels[0]
    factors = [entry.factor, *filter(None, (entry.second_factor,))]
    groupings = [column for groups in entry.random for column in groups]
    unit = tuple(dict.fromkeys((*words_of(entry.unit), *groupings)))
    table = average_technical_replicates(frame, "value", unit, factors).table
    short = _short_cells(table, factors, words_of(entry.unit), entry.least_n)
    n, name = (("units", len(table)),), " x ".join(words_of(entry.unit))
    if short:
        return (
            undefined(
                "mixed model", State.TOO_FEW, f"fewer than {entry.least_n} units: {short}", n, unit=name
            ),
        )
    ordered = [baseline, *(level for level in levels if level != baseline)]
    table = table.assign(_place=table[entry.factor].map(ordered.index)).sort_values("_place", kind="stable")
    fixed = [*factors, ":".join(factors)] if len(factors) > 1 else factors
    model = mixed_model(table, "value", fixed, [Random(groups) for groups in entry.random])
    if not model.terms:
        return (undefined("mixed model", model.state, model.message, n, unit=name),)
    named = [_against(one, entry.factor, baseline) for one in model.coefficients[1:]]
    own = adjusted([one for one in named if one.reference], entry.adjustment)
    rest = [one for one in named if not one.reference]
    return tuple(replace(one, unit=name, n=n) for one in (*model.terms, *own, *rest))


def _short_cells(table: pd.DataFrame, factors: Sequence[str], unit: Sequence[str], least_n: int) -> str:
    """Name the combinations of levels with fewer units than a test needs."""
    counted = table.drop_duplicates([*factors, *unit]).groupby(list(factors), sort=False).size()
    short = [
        f"{' / '.join(map(str, key)) if isinstance(key, tuple) else key} ({count})"
        for key, count in counted.items()
        if count < least_n
    ]
    return ", ".join(short)


def _against(one: Comparison, factor: str, baseline: str) -> Comparison:
    """Write a coefficient of the factor as what it is: a level against the baseline."""
    level = one.group.removeprefix(f"{factor}=")
    if level == one.group or ":" in one.group:
        return one
    return replace(one, group=level, reference=baseline)


def _correlation(frame: pd.DataFrame, entry: CompareEntry) -> tuple[Comparison, ...]:
    unit = words_of(entry.unit)
    sides = [
        average_technical_replicates(frame, column, unit).table.set_index(list(unit))["value"]
        for column in ("value", "second")
    ]
    both = pd.concat(sides, axis=1, keys=["first", "second"], join="outer")
    test = pearson if entry.test == "pearson" else spearman
    return (test(both["first"], both["second"], unit=" x ".join(unit), least_n=entry.least_n),)
