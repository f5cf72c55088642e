"""Categories as a study asks for them: how many units of each group, chi-square or Fisher's exact test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exoraw.assays.comparing.cuts import HIGH, LOW, split
from exoraw.assays.comparing.stars import starred
from exoraw.assays.comparing.subjects import one_row_per_unit
from exoraw.statistics import Comparison, State, adjusted, chi_square, fisher_exact
from exoraw.statistics.contingency import LEAST_EXPECTED
from exoraw.statistics.outcome import undefined
from exoraw.study.compare_outcomes import CategoriesEntry
from exoraw.study.strict import words_of

OUTCOME = "_outcome"


@dataclass(frozen=True)
class Counted:
    """A table of counts.

    Parameters
    ----------
    levels : the groups, the reference first; rows of `counts`
    outcomes : what was counted, the one whose share is compared first; columns of `counts`
    counts : (levels, outcomes) units
    unit : what one n is
    choices : on record in every row
    left_out : sentences about units that take no part
    """

    levels: tuple[str, ...]
    outcomes: tuple[str, ...]
    counts: NDArray[np.int64]
    unit: str
    choices: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def written(self) -> str:
        """The table in words: "control: yes 3, no 9; DOX: yes 8, no 4"."""
        rows = []
        for level, row in zip(self.levels, self.counts, strict=True):
            cells = (f"{name} {count}" for name, count in zip(self.outcomes, row, strict=True))
            rows.append(f"{level}: {', '.join(cells)}")
        return "; ".join(rows)

    def of(self, *levels: str) -> Counted:
        """Return the table of some groups, in the order given, without outcomes that none of them has."""
        rows = self.counts[[self.levels.index(level) for level in levels]]
        there = rows.sum(axis=0) > 0
        outcomes = tuple(name for name, kept in zip(self.outcomes, there, strict=True) if kept)
        square = len(levels) == len(self.outcomes) == 2
        if square:  # an outcome that nobody has is a state of its own
            return replace(self, levels=levels, counts=rows)
        return replace(self, levels=levels, outcomes=outcomes, counts=rows[:, there])


def counted(
    kept: pd.DataFrame, entry: CategoriesEntry, levels: Sequence[str], words: Sequence[str]
) -> Counted:
    """Count units by group and outcome.

    Parameters
    ----------
    kept : samples that count
    levels : groups in their order, the reference first
    words : outcomes in their order; () where a measure is cut
    """
    unit = words_of(entry.unit)
    facts = [entry.factor, *([entry.outcome] if entry.outcome else [])]
    table = one_row_per_unit(kept, unit, facts, ["value"] if entry.measure else [])
    choices: tuple[tuple[str, str], ...] = ()
    said: tuple[str, ...] = ()
    if entry.measure:
        known = table["value"].notna()
        if not known.all():
            names = ", ".join(map(str, table.loc[~known, "_unit"].iloc[:5]))
            said = (f"{int((~known).sum())} without a number take no part: {names}",)
        table = table[known].reset_index(drop=True)
        words = (HIGH, LOW)
        assert entry.cut is not None
        if len(table):
            halves = split(table["value"].to_numpy(np.float64), entry.cut)
            table, choices = table.assign(**{OUTCOME: halves.group}), halves.choices
    else:
        table = table.assign(**{OUTCOME: table[entry.outcome]})
    there = tuple(level for level in levels if (table[entry.factor] == level).any())
    counts = [
        [int(((table[entry.factor] == level) & (table[OUTCOME] == word)).sum()) for word in words]
        for level in there
    ]
    shape = np.array(counts, dtype=np.int64).reshape(len(there), len(words))
    return Counted(there, tuple(words), shape, " x ".join(unit), choices, said)


def answers(table: Counted, entry: CategoriesEntry) -> tuple[Comparison, ...]:
    """Test the table as a whole, then, of three or more groups, each against the reference."""
    if len(table.levels) < 2:
        message = f"{len(table.levels)} of the groups has a unit; two are needed"
        n = [(level, int(row.sum())) for level, row in zip(table.levels, table.counts, strict=True)]
        return (undefined("chi-square", State.TOO_FEW, message, n, unit=table.unit),)
    if len(table.levels) == 2:
        return starred((_pair(table, entry),), entry.stars)
    whole = _recorded(_chi_square(table, entry), table)
    pairs: tuple[Comparison, ...] = ()
    if entry.reference in table.levels:
        others = [level for level in table.levels if level != entry.reference]
        pairs = adjusted(
            [_pair(table.of(entry.reference, level), entry) for level in others], entry.adjustment
        )
    return starred((whole, *pairs), entry.stars)


def _pair(table: Counted, entry: CategoriesEntry) -> Comparison:
    """Test two groups; the second one is compared with the first."""
    reference, group = table.levels
    short = [f"{level} has {int(row.sum())}" for level, row in zip(table.levels, table.counts, strict=True)
             if row.sum() < entry.least_n]  # fmt: skip
    if short:
        message = f"fewer than {entry.least_n} units: {', '.join(short)}"
        n = [(level, int(row.sum())) for level, row in zip(table.levels, table.counts, strict=True)]
        found = undefined("chi-square", State.TOO_FEW, message, n, unit=table.unit)
    else:
        exact, why = _is_exact(table, entry)
        found = _fisher(table) if exact else _chi_square(table, entry)
        found = found.with_choices(chosen=why) if why else found
    return replace(_recorded(found, table), group=group, reference=reference)


def _is_exact(table: Counted, entry: CategoriesEntry) -> tuple[bool, str]:
    """Return whether Fisher's test is taken, and why where the entry leaves that open."""
    square = table.counts.shape == (2, 2)
    if entry.test != "chi-square or fisher":
        return entry.test == "fisher" and square, ""
    counts = table.counts.astype(np.float64)
    least = float((counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()).min())
    if least >= LEAST_EXPECTED:
        return False, f"chi-square: the smallest expected count is {least:.3g}"
    if not square:
        return False, f"chi-square: the smallest expected count is {least:.3g}, but the table is not 2 x 2"
    return True, f"Fisher's: the smallest expected count is {least:.3g}, below {LEAST_EXPECTED:g}"


def _chi_square(table: Counted, entry: CategoriesEntry) -> Comparison:
    if min(table.counts.shape) < 2:
        return undefined(
            "chi-square", State.NOT_ESTIMABLE, "all units have the same outcome", (), unit=table.unit
        )
    return chi_square(table.counts, yates=entry.yates, rows=table.levels, unit=table.unit)


def _fisher(table: Counted) -> Comparison:
    """Return Fisher's test, with the odds and the share of the group over those of the reference."""
    reference, group = table.levels
    turned = fisher_exact(table.counts[::-1], rows=(group, reference), unit=table.unit)
    straight = fisher_exact(table.counts, rows=(reference, group), unit=table.unit)
    if turned.state is not State.OK:
        return turned
    return replace(turned, effects=(turned.effects[0], *straight.effects[1:]))


def _recorded(result: Comparison, table: Counted) -> Comparison:
    """Return the test with the counts behind it on record."""
    choices = (("counts", table.written), ("share_of", table.outcomes[0] if table.outcomes else ""))
    return replace(result, choices=(*result.choices, *choices, *table.choices))
