"""The ledger of a tube's cleaning: what each step took out, and what all of it does to the number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import BoolArray

Z_95 = 1.959963984540054
NOTABLE_POINTS = 0.02  # of a share: what the cleaning may change before it is said


@dataclass(frozen=True)
class Entry:
    """One step of the cleaning.

    Parameters
    ----------
    name : "margins", "time", "debris", "doublets", "dead cells"
    before, removed : events that reached the step, and of these those that it took out
    total : events of the tube
    alone : events that this step would take out of the untouched tube
    """

    name: str
    before: int
    removed: int
    total: int
    alone: int

    @property
    def share(self) -> float:
        """Share of the events that reached the step, 0 to 1; 0 where none did."""
        return self.removed / self.before if self.before else 0.0

    @property
    def share_of_tube(self) -> float:
        """Share of all events of the tube, 0 to 1."""
        return self.removed / self.total if self.total else 0.0


@dataclass(frozen=True, eq=False)
class Ledger:
    """All steps of a tube's cleaning in order, and the events that are left.

    Removed and kept events add up to the tube: sum of `removed` + `kept` = `total`.
    """

    entries: tuple[Entry, ...]
    total: int
    kept: int
    keep: BoolArray

    @property
    def removed_share(self) -> float:
        """Share of the tube's events that the cleaning took out, 0 to 1."""
        return 1 - self.kept / self.total if self.total else 0.0

    @property
    def words(self) -> str:
        """One line: "50,000 events: margins 1.2 %, time 0.0 %, ...; 44,210 left (88.4 %)"."""
        steps = ", ".join(f"{entry.name} {100 * entry.share_of_tube:.1f} %" for entry in self.entries)
        left = f"{self.kept:,} left ({100 * (1 - self.removed_share):.1f} %)"
        return f"{self.total:,} events: {steps or 'no cleaning'}; {left}"


def cleaning_ledger(total: int, steps: Sequence[tuple[str, BoolArray]]) -> Ledger:
    """Book every step of the cleaning against what the steps before it left.

    Parameters
    ----------
    total : events of the tube
    steps : (name, mask of the events that the step keeps), in the order of work; a step that was found on
        the events before it alone may hold anything for the others

    Raises
    ------
    ValueError : a mask that does not fit the tube, a name that occurs twice
    """
    names = [name for name, _ in steps]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"cleaning steps named more than once: {', '.join(twice)}.")
    keep = np.ones(total, dtype=bool)
    entries = []
    for name, kept in steps:
        mask = np.asarray(kept, dtype=bool)
        if mask.shape != (total,):
            raise ValueError(f"the mask of {name} has shape {mask.shape}, but the tube has {total} events.")
        before = int(np.count_nonzero(keep))
        keep &= mask
        removed = before - int(np.count_nonzero(keep))
        entries.append(Entry(name, before, removed, total, total - int(np.count_nonzero(mask))))
    return Ledger(tuple(entries), total, int(np.count_nonzero(keep)), keep)


@dataclass(frozen=True)
class CleaningEffect:
    """A share with and without the cleaning.

    Parameters
    ----------
    with_cleaning, without_cleaning : shares, 0 to 1; NaN where no event was left
    difference : with - without
    error : standard error of the share with cleaning (binomial); what counting alone may change
    findings : code "cleaning_decides" where the cleaning changes the share by more than 2 points and more
        than its 95 % counting error
    """

    with_cleaning: float
    without_cleaning: float
    difference: float
    error: float
    findings: tuple[Finding, ...]


def cleaning_effect(
    positive_with: int, parent_with: int, positive_without: int, parent_without: int, *, what: str
) -> CleaningEffect:
    """Say what switching off the whole cleaning would do to a share.

    Parameters
    ----------
    positive_with, parent_with : events of the population and of its parent, cleaned
    positive_without, parent_without : the same gates on all events of the tube
    what : of the share, for the message ("CD44+/CD24-")

    Raises
    ------
    ValueError : more positive events than events of the parent, or negative counts
    """
    for positive, parent in ((positive_with, parent_with), (positive_without, parent_without)):
        if not 0 <= positive <= parent:
            raise ValueError(f"{positive} events of {what} in a parent of {parent}: counts do not fit.")
    cleaned, plain = _share(positive_with, parent_with), _share(positive_without, parent_without)
    error = sqrt(cleaned * (1 - cleaned) / parent_with) if parent_with else float("nan")
    difference = cleaned - plain
    findings: tuple[Finding, ...] = ()
    if not isfinite(difference):
        message = (
            f"{what}: no event was left {'after' if not parent_with else 'before'} the cleaning, so its "
            "effect cannot be told."
        )
        findings = (Finding("cleaning_decides", "warning", message),)
    elif abs(difference) > max(NOTABLE_POINTS, Z_95 * error):
        message = (
            f"{what}: {100 * cleaned:.1f} % with the cleaning, {100 * plain:.1f} % without. Look at what was "
            "taken out before the number is used."
        )
        findings = (Finding("cleaning_decides", "warning", message, value=difference, limit=NOTABLE_POINTS),)
    return CleaningEffect(cleaned, plain, difference, error, findings)


def _share(positive: int, parent: int) -> float:
    return positive / parent if parent else float("nan")
