"""What a group mixes: cell lines, doses or times that no factor of the study tells apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from exoraw.report import groups, words

Levels = tuple[str, ...]  # of a group, one per factor; () where there are no factors

NOUNS = MappingProxyType(
    {"treatment": "treatments", "dose": "doses", "time_h": "times", "cell_line": "cell lines"}
)  # of COMMON_FACTORS
MOST_LEVELS = 6
MOST_MIXTURES = 3  # told one by one; a further one is only counted, the table marks every group


@dataclass(frozen=True)
class Mixture:
    """The levels of one sheet column that stand together in a group although it is no factor."""

    column: str
    levels: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return it in words: "cell lines MCF-7 and T47D"."""
        shown = (words.one_line(level) or "(empty)" for level in self.levels)
        return f"{NOUNS[self.column]} {words.listed(shown, MOST_LEVELS)}"


Mixtures = Mapping[Levels, tuple[Mixture, ...]]


def mixtures(kept: pd.DataFrame, factors: Sequence[str]) -> Mixtures:
    """Return what every group mixes; a group that mixes nothing is not in it.

    Parameters
    ----------
    kept : rows as for `groups.replicates`; only those that enter a mean count (finite, not excluded)
    factors : columns that make the groups
    """
    counted = kept[~kept["excluded"] & np.isfinite(kept["value"])]
    by = [counted[factor].astype(str) for factor in factors]
    found: dict[Levels, tuple[Mixture, ...]] = {}
    for column in groups.COMMON_FACTORS:
        if column in factors or not groups.varies(counted, column):
            continue
        parts = counted.groupby(by, sort=False) if by else [((), counted)]
        for key, rows in parts:
            levels = tuple(groups.level_order(rows, column))
            if len(levels) > 1:
                found[key] = (*found.get(key, ()), Mixture(column, levels))
    return found


def mixture_notes(found: Mixtures, groups_in_all: int, study_factors: Sequence[str]) -> tuple[str, ...]:
    """Say which groups mix what, one note per column.

    Parameters
    ----------
    groups_in_all : groups of the figure
    study_factors : factors of the table by group, which may tell apart what a figure does not
    """
    columns = dict.fromkeys(one.column for mixed in found.values() for one in mixed)
    return tuple(_note(column, found, groups_in_all, study_factors) for column in columns)


def _note(column: str, found: Mixtures, groups_in_all: int, study_factors: Sequence[str]) -> str:
    holders: dict[str, list[str]] = {}
    for levels, mixed in found.items():
        for one in mixed:
            if one.column == column:
                holders.setdefault(one.text, []).append(groups.group_label(levels))
    said = [_mixes(names, text, groups_in_all) for text, names in list(holders.items())[:MOST_MIXTURES]]
    more = sum(len(names) for names in list(holders.values())[MOST_MIXTURES:])
    if more:
        said.append(f"{words.plural(more, 'more group')} {'mixes' if more == 1 else 'mix'} others")
    sentence = "; ".join(said)
    remedy = (
        "The table by group tells them apart."
        if column in study_factors
        else f"Add {column} to the factors of the study to tell them apart."
    )
    return (
        f"{sentence[0].upper()}{sentence[1:]}. Such rows are counted as different replicates, and mean and "
        f"SD go over all of them. {remedy}"
    )


def _mixes(names: Sequence[str], text: str, groups_in_all: int) -> str:
    if len(names) == groups_in_all:
        return f"{'this' if groups_in_all == 1 else 'every'} group mixes {text}"
    if len(names) == 1:
        return f"the group {names[0]} mixes {text}"
    return f"the groups {words.listed(names)} mix {text}"


def marks(found: Iterable[Mixtures]) -> dict[Levels, tuple[str, ...]]:
    """Return per group what any of several series mixes there, for the row of a table."""
    held: dict[Levels, dict[str, None]] = {}
    for one in found:
        for levels, mixed in one.items():
            held.setdefault(levels, {}).update(dict.fromkeys(f"mixes {part.text}" for part in mixed))
    return {levels: tuple(texts) for levels, texts in held.items()}
