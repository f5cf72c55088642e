"""Checks of `compare:`: whose measure it is, columns and levels that exist, names used once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar

from exoraw.study.asked import Asked
from exoraw.study.check_outcomes import check_outcome
from exoraw.study.checked import Checked
from exoraw.study.compare_entries import AnyComparison
from exoraw.study.compare_outcomes import DoseResponseEntry, SurvivalEntry
from exoraw.study.load import LoadedStudy
from exoraw.study.sheet import SheetRow, match_columns
from exoraw.study.spec import Problem
from exoraw.study.strict import words_of
from exoraw.study.words import did_you_mean, listed, nearest, shown

MEASURES_SHOWN = 12
A = TypeVar("A", bound=Asked)


def comparisons_of(
    loaded: LoadedStudy, measures: Mapping[str, Sequence[str]]
) -> dict[str, tuple[AnyComparison, ...]]:
    """Return analysis -> its comparisons; one that belongs to none, or whose name is taken, is left out.

    Parameters
    ----------
    measures : analysis -> the measures of its assay
    """
    found: dict[str, dict[str, AnyComparison]] = {}
    for typed in loaded.study.compare:
        entry = as_the_sheet_says(typed, loaded.sheet.columns)
        owners = owners_of(entry, measures)
        if len(owners) == 1:
            found.setdefault(owners[0], {}).setdefault(entry.key, entry)
    return {name: tuple(entries.values()) for name, entries in found.items()}


def as_the_sheet_says(entry: A, columns: Collection[str]) -> A:
    """Return the entry with every column called as the sheet calls it.

    A header such as Mouse or "Cell line" is read as subject or cell_line; the same words do here.
    """

    def meant(name: str) -> str:
        return name if name in columns else match_columns([name], columns).get(name, name)

    return entry.with_columns(meant)


def owners_of(entry: Asked, measures: Mapping[str, Collection[str]]) -> list[str]:
    """Return the analyses that an entry may be about: the one it names, else those that measure it."""
    if entry.pipeline:
        return [entry.pipeline] if entry.pipeline in measures else []
    wanted = {measure for measure, _, _ in entry.numbers[:1]}
    return [name for name, known in measures.items() if wanted <= set(known)]


def check_compare(study: Checked, measures: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Yield what is wrong with the comparisons of the study."""
    titles: set[tuple[str, str]] = set()
    columns = study.loaded.sheet.columns
    for number, typed in enumerate(study.loaded.study.compare, 1):
        entry = as_the_sheet_says(typed, columns)
        place = f"compare[{number}] ({entry.title})"
        wrong = False
        for message in _faults(study, entry, measures, titles):
            wrong = True
            yield Problem("error", f"{place}: {message}", study.study_file)
        if not wrong:
            (owner,) = owners_of(entry, measures)
            yield from check_outcome(entry, list(_taking_part(study, entry, owner)), place, study.study_file)


def _faults(
    study: Checked, entry: Asked, measures: Mapping[str, Collection[str]], titles: set[tuple[str, str]]
) -> Iterator[str]:
    owners = owners_of(entry, measures)
    if len(owners) != 1:
        yield _no_owner(entry, measures, owners)
        return
    (owner,) = owners
    if (owner, entry.key) in titles:
        yield "the name is used by another comparison; give this one a `name:` of its own"
    titles.add((owner, entry.key))
    for measure in dict.fromkeys(measure for measure, _, _ in entry.numbers):
        if measure not in measures[owner]:
            known = listed(sorted(measures[owner]), MEASURES_SHOWN)
            hint = did_you_mean(measure, measures[owner])
            yield f"{owner} measures no {shown(measure)}.{hint} It has: {known}"
    unknown = [*_columns(study, entry), *_levels(study, entry, owner)]
    yield from unknown
    if not unknown:
        yield from _rows(study, entry, owner)


def _no_owner(entry: Asked, measures: Mapping[str, Collection[str]], owners: Sequence[str]) -> str:
    if owners and not entry.numbers:
        return f"it may be about {listed(owners, 5)}; name one of them with `pipeline:`"
    if entry.pipeline or not entry.numbers:
        return f"there is no analysis {shown(entry.pipeline)}.{did_you_mean(entry.pipeline, measures)}"
    measure = entry.numbers[0][0]
    if owners:
        return f"{shown(measure)} is measured by {listed(owners, 5)}; name one of them with `pipeline:`"
    known = sorted({name for names in measures.values() for name in names})
    return (
        f"no analysis measures {shown(measure)}.{did_you_mean(measure, known)} "
        f"There is: {listed(known, MEASURES_SHOWN)}"
    )


def _columns(study: Checked, entry: Asked) -> Iterator[str]:
    there = study.loaded.sheet.columns
    for key, names in entry.named_columns:
        for column in names:
            literal = key == "dose_unit" and column != "dose_unit" and not nearest(column, there)
            if column not in there and not literal:
                advice = " Or write the unit itself: dose_unit: uM" if key == "dose_unit" else ""
                yield f"{key}: the sheet has no column {shown(column)}.{did_you_mean(column, there)}{advice}"


def _levels(study: Checked, entry: Asked, owner: str) -> Iterator[str]:
    """Yield levels that no row of the analysis has: a typo would silently take a group out."""
    asked = [(entry.grouping, level) for level in (*entry.named_levels, *entry.chosen_levels)]
    asked += [(column, word) for column, cell in entry.where.items() for word in words_of(cell)]
    for column, level in dict.fromkeys(asked):
        if column not in study.loaded.sheet.columns:
            continue
        there = list(dict.fromkeys(row.cells.get(column, "") for row in study.owned_rows(owner)))
        if level not in there:
            known = listed([word for word in there if word], MEASURES_SHOWN)
            yield f"no row has {column} = {shown(level)}.{did_you_mean(level, there)} There is: {known}"


def _rows(study: Checked, entry: Asked, owner: str) -> Iterator[str]:
    """Yield what is wrong with the rows that would take part: none, one level only, an empty cell."""
    rows = list(_taking_part(study, entry, owner))
    if not rows:
        yield "no sample takes part: no row without a control_role fits `where` and `levels`"
        return
    levels = dict.fromkeys(row.cells.get(entry.grouping, "") for row in rows) if entry.grouping else {}
    if len(levels) == 1 and not isinstance(entry, DoseResponseEntry):
        only = shown(next(iter(levels)))
        yield f"all samples that take part have {entry.grouping} = {only}; nothing to compare"
    for column in dict.fromkeys(_needed_in_every_row(entry)):
        empty = [str(row.row) for row in rows if not row.cells.get(column, "")]
        if empty:
            yield (
                f"{column} is empty in the rows {listed(empty, 8)}; fill it, or leave the rows out with "
                "`where` or `levels`"
            )


def _needed_in_every_row(entry: Asked) -> Iterator[str]:
    """Yield the columns that may not be empty; a subject without follow-up is told apart elsewhere."""
    may_be_empty = {"where"}
    if isinstance(entry, SurvivalEntry):
        may_be_empty |= {"time", "event"}
        if entry.cut is not None:
            may_be_empty.add("factor")
    if isinstance(entry, DoseResponseEntry):
        may_be_empty |= {"dose", "dose_unit"}
    for key, names in entry.named_columns:
        if key not in may_be_empty:
            yield from names


def _taking_part(study: Checked, entry: Asked, owner: str) -> Iterator[SheetRow]:
    counted = {role.name for role in study.spec(owner).control_roles if role.counts_as_sample}
    named = {*entry.chosen_levels, *entry.named_levels}
    for row in study.owned_rows(owner):
        if row.cells.get("control_role", "") not in {"", *counted}:
            continue
        if any(row.cells.get(column, "") not in words_of(cell) for column, cell in entry.where.items()):
            continue
        if not entry.chosen_levels or row.cells.get(entry.grouping, "") in named:
            yield row
