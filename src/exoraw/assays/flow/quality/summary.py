"""The ledger of a tube's cleaning: what each step took out, and what all of it does to the number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exoraw.assays.flow.arrays import BoolArray


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
