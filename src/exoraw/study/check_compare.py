"""Checks of `compare:`: whose measure it is, columns and levels that exist, names used once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from exoraw.study.checked import Checked
from exoraw.study.model import CompareEntry, Study
from exoraw.study.sheet import SheetRow
from exoraw.study.spec import Problem
from exoraw.study.words import did_you_mean, listed, shown

MEASURES_SHOWN = 12


def comparisons_of(
    study: Study, measures: Mapping[str, Sequence[str]]
) -> dict[str, tuple[CompareEntry, ...]]:
    """Return analysis -> its comparisons; one that belongs to none, or whose name is taken, is left out.

    Parameters
    ----------
    measures : analysis -> the measures of its assay
    """
    found: dict[str, dict[str, CompareEntry]] = {}
    for entry in study.compare:
        owners = owners_of(entry, measures)
        if len(owners) == 1:
            found.setdefault(owners[0], {}).setdefault(entry.key, entry)
    return {name: tuple(entries.values()) for name, entries in found.items()}


def owners_of(entry: CompareEntry, measures: Mapping[str, Collection[str]]) -> list[str]:
    """Return the analyses that an entry may be about: the one it names, else those that measure it."""
    if entry.pipeline:
        return [entry.pipeline] if entry.pipeline in measures else []
    return [name for name, known in measures.items() if entry.measure in known]


def check_compare(study: Checked, measures: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Yield what is wrong with the comparisons of the study."""
    titles: set[tuple[str, str]] = set()
    for number, entry in enumerate(study.loaded.study.compare, 1):
        for message in _faults(study, entry, measures, titles):
            yield Problem("error", f"compare[{number}] ({entry.title}): {message}", study.study_file)


def _faults(
    study: Checked,
    entry: CompareEntry,
    measures: Mapping[str, Collection[str]],
    titles: set[tuple[str, str]],
) -> Iterator[str]:
    owners = owners_of(entry, measures)
    if len(owners) != 1:
        yield _no_owner(entry, measures, owners)
        return
    (owner,) = owners
    if (owner, entry.key) in titles:
        yield "the name is used by another comparison; give this one a `name:` of its own"
    titles.add((owner, entry.key))
    for measure in filter(None, (entry.measure, entry.second_measure)):
        if measure not in measures[owner]:
            known = listed(sorted(measures[owner]), MEASURES_SHOWN)
            hint = did_you_mean(measure, measures[owner])
            yield f"{owner} measures no {shown(measure)}.{hint} It has: {known}"
    unknown = [*_columns(study, entry), *_levels(study, entry, owner)]
    yield from unknown
    if not unknown:
        yield from _rows(study, entry, owner)


def _no_owner(entry: CompareEntry, measures: Mapping[str, Collection[str]], owners: Sequence[str]) -> str:
    if owners:
        return f"{shown(entry.measure)} is measured by {listed(owners, 5)}; name one of them with `pipeline:`"
    if entry.pipeline:
        return f"there is no analysis {shown(entry.pipeline)}.{did_you_mean(entry.pipeline, measures)}"
    known = sorted({name for names in measures.values() for name in names})
    return (
        f"no analysis measures {shown(entry.measure)}.{did_you_mean(entry.measure, known)} "
        f"There is: {listed(known, MEASURES_SHOWN)}"
    )


def _columns(study: Checked, entry: CompareEntry) -> Iterator[str]:
    there = study.loaded.sheet.columns
    for key, names in _named(entry):
        for column in names:
            if column not in there:
                yield f"{key}: the sheet has no column {shown(column)}.{did_you_mean(column, there)}"


def _named(entry: CompareEntry) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "factor", tuple(filter(None, (entry.factor,)))
    yield "second_factor", tuple(filter(None, (entry.second_factor,)))
    yield "unit", _words(entry.unit)
    yield "pair_by", _words(entry.pair_by)
    yield "where", tuple(entry.where)
    yield "random", tuple(dict.fromkeys(column for groups in entry.random for column in groups))


def _words(cell: str | tuple[str, ...]) -> tuple[str, ...]:
    return (cell,) if isinstance(cell, str) else cell


def _levels(study: Checked, entry: CompareEntry, owner: str) -> Iterator[str]:
    """Yield levels that no row of the analysis has: a typo would silently take a group out."""
    references = [level for level, _ in entry.reference_levels]
    asked = [(entry.factor, level) for level in (*references, *entry.levels)]
    asked += [(column, word) for column, cell in entry.where.items() for word in _words(cell)]
    for column, level in dict.fromkeys(asked):
        if column not in study.loaded.sheet.columns:
            continue
        there = list(dict.fromkeys(row.cells.get(column, "") for row in study.owned_rows(owner)))
        if level not in there:
            known = listed([word for word in there if word], MEASURES_SHOWN)
            yield f"no row has {column} = {shown(level)}.{did_you_mean(level, there)} There is: {known}"


def _rows(study: Checked, entry: CompareEntry, owner: str) -> Iterator[str]:
    """Yield what is wrong with the rows that would take part: none, one level only, an empty cell."""
    rows = list(_taking_part(study, entry, owner))
    if not rows:
        yield "no sample takes part: no row without a control_role fits `where` and `levels`"
        return
    levels = dict.fromkeys(row.cells.get(entry.factor, "") for row in rows) if entry.factor else {}
    if len(levels) == 1:
        only = shown(next(iter(levels)))
        yield f"all samples that take part have {entry.factor} = {only}; nothing to compare"
    needed = dict.fromkeys(column for key, names in _named(entry) if key != "where" for column in names)
    for column in needed:
        empty = [str(row.row) for row in rows if not row.cells.get(column, "")]
        if empty:
            yield (
                f"{column} is empty in the rows {listed(empty, 8)}; fill it, or leave the rows out with "
                "`where` or `levels`"
            )


def _taking_part(study: Checked, entry: CompareEntry, owner: str) -> Iterator[SheetRow]:
    counted = {role.name for role in study.spec(owner).control_roles if role.counts_as_sample}
    named = {*entry.levels, *(level for level, _ in entry.reference_levels)}
    for row in study.owned_rows(owner):
        if row.cells.get("control_role", "") not in {"", *counted}:
            continue
        if any(row.cells.get(column, "") not in _words(cell) for column, cell in entry.where.items()):
            continue
        if not entry.levels or row.cells.get(entry.factor, "") in named:
            yield row
