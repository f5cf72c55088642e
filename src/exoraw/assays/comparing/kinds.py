"""What each kind of question does with its table: tests, figure, remarks and a sentence for the methods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from exoraw.assays.comparing import counted, dosed, drawn, drawn_outcomes, follow_up, told
from exoraw.assays.comparing.ask import answers, levels_of
from exoraw.assays.comparing.findings import of_results
from exoraw.assays.contract import Figure, Finding
from exoraw.statistics import Comparison, State
from exoraw.study.asked import Asked
from exoraw.study.compare_entries import AnyComparison, CompareEntry
from exoraw.study.compare_outcomes import CategoriesEntry, DoseResponseEntry, SurvivalEntry


@dataclass(frozen=True)
class Answered:
    """What one way of counting samples (excluded ones left out, or kept) gave."""

    tests: tuple[Comparison, ...]
    findings: tuple[Finding, ...] = ()


class Kind(Protocol):
    """A question with its table: made of all its samples, asked of those that count."""

    @property
    def outcome(self) -> str:
        """Sheet columns of the outcome, "" where a measure is all."""

    def answered(self, kept: pd.Index) -> Answered:
        """Test on these samples.

        Raises
        ------
        StatisticsError, StudyError : the question cannot be asked of them
        """

    def figure(self, kept: pd.Index, results: Sequence[Comparison], unit: str) -> Figure:
        """Return the figure; `kept` are the samples that count, `unit` that of the measure."""

    def method(self, results: Sequence[Comparison]) -> str:
        """Say the tests as a methods section does."""


def kind_of(entry: AnyComparison, frame: pd.DataFrame, seed: int) -> Kind:
    """Return the question that an entry asks of its samples.

    Parameters
    ----------
    frame : one row per sample, named by it, as `numbers.joined` gives it
    seed : of permutations
    """
    if isinstance(entry, SurvivalEntry):
        return _Survival(entry, follow_up.prepared(frame, entry), seed)
    if isinstance(entry, CategoriesEntry):
        return _Categories(entry, frame)
    if isinstance(entry, DoseResponseEntry):
        return _DoseResponse(entry, dosed.prepared(frame, entry))
    return _Groups(entry, frame)


def _order(frame: pd.DataFrame, column: str, levels: Sequence[str], reference: str) -> list[str]:
    """Return the levels in their order, as asked or as the sheet has them, the reference first."""
    found = list(levels) or list(dict.fromkeys(frame[column]))
    return [reference, *(one for one in found if one != reference)] if reference else found


def _left_out(sentences: Sequence[str], entry: Asked) -> Iterator[Finding]:
    for sentence in sentences:
        yield Finding("comparison_left_out", "info", f"{entry.title}: {sentence}")


@dataclass(frozen=True)
class _Groups:
    entry: CompareEntry
    frame: pd.DataFrame
    outcome: str = ""

    def answered(self, kept: pd.Index) -> Answered:
        tests = answers(self.frame.loc[kept], self.entry, levels_of(self.frame, self.entry))
        return Answered(tests, tuple(of_results(tests, self.entry.title)))

    def figure(self, kept: pd.Index, results: Sequence[Comparison], unit: str) -> Figure:
        whole = self.frame.assign(excluded=~self.frame.index.isin(kept))
        return drawn.figure(whole, self.entry, results, unit)

    def method(self, results: Sequence[Comparison]) -> str:
        return told.groups(self.entry, results)


@dataclass(frozen=True)
class _Survival:
    entry: SurvivalEntry
    frame: pd.DataFrame
    seed: int

    @property
    def outcome(self) -> str:
        return f"{self.entry.time}, {self.entry.event}"

    def _data(self, kept: pd.Index) -> follow_up.FollowedUp:
        entry, column = self.entry, self.entry.grouping
        levels = _order(self.frame, column, entry.levels, entry.reference) if column else []
        return follow_up.followed_up(self.frame.loc[kept], entry, levels)

    def answered(self, kept: pd.Index) -> Answered:
        data = self._data(kept)
        tests = follow_up.answers(data, self.entry, self.seed)
        findings = [*of_results(tests, self.entry.title), *_left_out(data.left_out, self.entry)]
        if self.entry.cut == "youden" and tests[0].state is State.OK:
            message = f"{self.entry.title}: {tests[0].message}"
            findings.append(Finding("cut_chosen_on_the_data", "warning", message))
        return Answered(tests, tuple(findings))

    def figure(self, kept: pd.Index, results: Sequence[Comparison], unit: str) -> Figure:
        return drawn_outcomes.survival(self._data(kept), self.entry, results, unit)

    def method(self, results: Sequence[Comparison]) -> str:
        return told.survival(self.entry, results)


@dataclass(frozen=True)
class _Categories:
    entry: CategoriesEntry
    frame: pd.DataFrame

    @property
    def outcome(self) -> str:
        return self.entry.outcome or "high or low"

    def _table(self, kept: pd.Index) -> counted.Counted:
        entry = self.entry
        levels = _order(self.frame, entry.factor, entry.levels, entry.reference)
        words = _order(self.frame, entry.outcome, entry.outcome_levels, "") if entry.outcome else []
        return counted.counted(self.frame.loc[kept], entry, levels, words)

    def answered(self, kept: pd.Index) -> Answered:
        table = self._table(kept)
        tests = counted.answers(table, self.entry)
        findings = [*of_results(tests, self.entry.title), *_left_out(table.left_out, self.entry)]
        return Answered(tests, tuple(findings))

    def figure(self, kept: pd.Index, results: Sequence[Comparison], unit: str) -> Figure:
        return drawn_outcomes.categories(self._table(kept), self.entry, results, unit)

    def method(self, results: Sequence[Comparison]) -> str:
        return told.categories(self.entry, results)


@dataclass(frozen=True)
class _DoseResponse:
    entry: DoseResponseEntry
    data: dosed.Dosed

    @property
    def outcome(self) -> str:
        return self.entry.dose

    def _kept(self, kept: pd.Index) -> dosed.Dosed:
        return self.data.kept(self.data.frame[self.data.frame.index.isin(kept)])

    def answered(self, kept: pd.Index) -> Answered:
        data = self._kept(kept)
        tests = dosed.answers(data, self.entry)
        own = [one for one in tests if not one.test.startswith(dosed.CURVE_ROWS)]
        outside = [
            one for one in tests if one.test.startswith(dosed.CURVE_ROWS) and one.state is not State.OK
        ]
        told_once = dict.fromkeys(f"{one.group}: {one.message}" for one in outside)
        return Answered(tests, (*of_results(own, self.entry.title), *self._outside(list(told_once))))

    def _outside(self, sentences: Sequence[str]) -> Iterator[Finding]:
        for sentence in sentences:
            yield Finding("ic50_outside_doses", "info", f"{self.entry.title}: {sentence}")

    def figure(self, kept: pd.Index, results: Sequence[Comparison], unit: str) -> Figure:
        return drawn_outcomes.dose_response(self._kept(kept), self.entry, results, unit)

    def method(self, results: Sequence[Comparison]) -> str:  # noqa: ARG002  the curves say it
        return told.dose_response(self.entry, self.data.unit)
