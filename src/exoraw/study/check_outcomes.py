"""Checks of the cells that a comparison reads as times, events, categories and doses, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from exoraw.study.asked import Asked
from exoraw.study.compare_outcomes import CategoriesEntry, DoseResponseEntry, SurvivalEntry
from exoraw.study.numbers import is_ambiguous
from exoraw.study.outcomes import CENSORED, SEEN, event_of, event_words, numbers_of
from exoraw.study.sheet import SheetRow
from exoraw.study.spec import Problem, Severity
from exoraw.study.strict import words_of
from exoraw.study.words import did_you_mean, listed, shown

LEAST_DOSES = 4  # distinct doses that a curve with four parameters needs


def check_outcome(entry: Asked, rows: Sequence[SheetRow], place: str, study_file: str) -> Iterator[Problem]:
    """Yield what is wrong with the outcome cells of the rows that take part.

    Parameters
    ----------
    place : which comparison it is, for messages: compare[2] (Overall survival)
    study_file : name of the study file
    """
    checks = _Checks(rows, place, study_file)
    if isinstance(entry, SurvivalEntry):
        yield from checks.survival(entry)
    elif isinstance(entry, CategoriesEntry):
        yield from checks.categories(entry)
    elif isinstance(entry, DoseResponseEntry):
        yield from checks.doses(entry)


@dataclass(frozen=True)
class _Checks:
    rows: Sequence[SheetRow]
    place: str
    study_file: str

    def of_cell(self, row: SheetRow, column: str, message: str, severity: Severity = "error") -> Problem:
        return Problem(severity, f"{self.place}: {message}", row.source, row.row, column)

    def of_study(self, message: str, severity: Severity = "error") -> Problem:
        return Problem(severity, f"{self.place}: {message}", self.study_file)

    def survival(self, entry: SurvivalEntry) -> Iterator[Problem]:
        yield from self.numbers(entry.time, "time", zero="the subject leaves before anyone is followed")
        yield from self.events(entry)
        if entry.factor and entry.cut is not None:
            yield from self.numbers(entry.factor, entry.factor, negative=True)
        lost = [row for row in self.rows if not (_cell(row, entry.time) and _cell(row, entry.event))]
        if lost and len(lost) < len(self.rows):
            names = listed([str(row.row) for row in lost], 8)
            message = f"no {entry.time} or no {entry.event} in the rows {names}; these take no part"
            yield self.of_study(message, "warning")
        elif lost:
            yield self.of_study(f"no row has both a {entry.time} and a {entry.event}")
        yield from self.agreement(entry, (entry.time, entry.event, entry.factor))

    def events(self, entry: SurvivalEntry) -> Iterator[Problem]:
        meaning = event_words(entry)
        seen, censored = words_of(entry.seen) or SEEN, words_of(entry.censored) or CENSORED
        for row in self.rows:
            cell = _cell(row, entry.event)
            if cell and event_of(cell, meaning) is None:
                message = (
                    f"{shown(cell)} says neither seen ({listed(seen, 5)}) "
                    f"nor censored ({listed(censored, 5)}).{did_you_mean(cell, [*seen, *censored])} "
                    "Name your own words with `seen:` and `censored:`"
                )
                yield self.of_cell(row, entry.event, message)

    def categories(self, entry: CategoriesEntry) -> Iterator[Problem]:
        yield from self.agreement(entry, (entry.factor, entry.outcome))
        if not entry.outcome:
            return
        there = list(dict.fromkeys(_cell(row, entry.outcome) for row in self.rows))
        for level in entry.outcome_levels:
            if level not in there:
                hint = did_you_mean(level, there)
                yield self.of_study(
                    f"no row has {entry.outcome} = {shown(level)}.{hint} There is: {listed(there)}"
                )
        left = [word for word in there if entry.outcome_levels and word not in entry.outcome_levels]
        if left:
            yield self.of_study(
                f"outcome_levels leaves out {listed(left)}; name every word of {entry.outcome}, or leave the "
                "rows out with `where`"
            )
        if len(there) == 1:
            yield self.of_study(
                f"all samples that take part have {entry.outcome} = {shown(there[0])}; nothing to count"
            )
        groups = dict.fromkeys(_cell(row, entry.factor) for row in self.rows)
        if entry.test == "fisher" and (len(there) > 2 or len(groups) > 2):
            shape = f"{len(groups)} x {len(there)}"
            yield self.of_study(f"Fisher's test is offered for 2 x 2 tables, this one is {shape}: chi-square")

    def doses(self, entry: DoseResponseEntry) -> Iterator[Problem]:
        treated = [row for row in self.rows if not entry.control or _cell(row, entry.factor) != entry.control]
        doses = _Checks(treated, self.place, self.study_file)
        yield from doses.numbers(entry.dose, "dose", needed=True)
        values = numbers_of(_cell(row, entry.dose) for row in treated)
        yield from doses.units(entry, values)
        curves: dict[str, set[float]] = {}
        for row, value in zip(treated, values, strict=True):
            if value is not None:
                curves.setdefault(_cell(row, entry.factor), set()).add(value)
        for level, found in curves.items():
            count = len(found | ({0.0} if entry.control else set()))
            known = (entry.zero_level is not None) + (entry.end_level is not None)
            if count < LEAST_DOSES - known:
                name = f"{entry.factor} = {shown(level)} has" if level else "there are"
                message = f"{name} {count} different doses; a curve needs {LEAST_DOSES - known}"
                yield self.of_study(message, "warning")
        yield from self.controls(entry, treated)

    def controls(self, entry: DoseResponseEntry, treated: Sequence[SheetRow]) -> Iterator[Problem]:
        if not entry.control:
            return
        names = tuple(name for name in words_of(entry.unit) if name != entry.factor)

        def unit(row: SheetRow) -> str:
            return " / ".join(_cell(row, name) for name in names)

        there = {unit(row) for row in self.rows if _cell(row, entry.factor) == entry.control}
        without = list(dict.fromkeys(unit(row) for row in treated if unit(row) not in there))
        if without:
            yield self.of_study(
                f"no {entry.control} for the {' x '.join(names)} {listed(without)}: the control of a curve "
                "is measured on the same unit"
            )

    def units(self, entry: DoseResponseEntry, values: Sequence[float | None]) -> Iterator[Problem]:
        found: dict[str, SheetRow] = {}
        empty = []
        for row, value in zip(self.rows, values, strict=True):
            unit = _cell(row, entry.dose_unit)
            if unit:
                found.setdefault(unit, row)
            elif value:
                empty.append(str(row.row))
        if len(found) > 1:
            units = listed([f"{unit} (row {row.row})" for unit, row in found.items()])
            yield self.of_study(
                f"the doses stand in several units: {units}. They are never converted: write all doses in "
                "one unit, or compare the rows of one with `where`"
            )
        elif empty and not found and entry.dose_unit in self.rows[0].cells:
            severity: Severity = "warning" if entry.dose_unit == "dose_unit" else "error"
            yield self.of_study(f"the doses have no unit: {entry.dose_unit} is empty", severity)
        elif found and empty:
            yield self.of_study(f"{entry.dose_unit} is empty in the rows {listed(empty, 8)} that have a dose")

    def numbers(
        self, column: str, name: str, *, zero: str = "", negative: bool = False, needed: bool = False
    ) -> Iterator[Problem]:
        """Yield the cells of a column that are no usable numbers; `zero` says what a 0 would mean."""
        cells = [_cell(row, column) for row in self.rows]
        for row, cell, value in zip(self.rows, cells, numbers_of(cells), strict=True):
            if not cell:
                if needed:
                    yield self.of_cell(row, column, f"the {name} is empty; write 0 for untreated")
            elif value is None:
                odd = " (a decimal comma, or a thousand?)" if is_ambiguous(cell) else ""
                yield self.of_cell(row, column, f"{shown(cell)}{odd} is no number, but a {name} must be one")
            elif value < 0 and not negative:
                yield self.of_cell(row, column, f"the {name} {shown(cell)} is negative; it must be 0 or more")
            elif value == 0 and zero:
                yield self.of_cell(row, column, f"the {name} is 0: {zero}", "warning")

    def agreement(self, entry: Asked, columns: Sequence[str]) -> Iterator[Problem]:
        """Yield the cells in which rows of one unit disagree: a subject has one time and one event."""
        unit = words_of(entry.unit)
        first: dict[tuple[tuple[str, ...], str], SheetRow] = {}
        for row in self.rows:
            key = tuple(_cell(row, name) for name in unit)
            for column in filter(None, columns):
                if not _cell(row, column):
                    continue
                before = first.setdefault((key, column), row)
                if _cell(before, column) != _cell(row, column):
                    message = (
                        f"{' x '.join(unit)} {shown(' / '.join(key))} has {shown(_cell(row, column))} here "
                        f"and {shown(_cell(before, column))} in row {before.row}; one unit has one {column}"
                    )
                    yield self.of_cell(row, column, message)


def _cell(row: SheetRow, column: str) -> str:
    cells: Mapping[str, str] = row.cells
    return cells.get(column, "").strip()
