"""Signatures of several markers: how many are high, who counts as high or low, and who is neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exoraw.statistics.outcome import StatisticsError
from exoraw.statistics.replication import need_column

Middle = Literal["leave out", "low", "high", "own group"]
MIDDLES: tuple[Middle, ...] = ("leave out", "low", "high", "own group")


@dataclass(frozen=True)
class MarkerRule:
    """One marker of a signature; it counts where it is at or above the cut, or below it."""

    marker: str
    cut: float
    counts_when: Literal["high", "low"] = "high"


@dataclass(frozen=True)
class Signature:
    """Score and class of every unit.

    score : how many markers count, NaN where a marker is missing
    group : "low", "high", "middle", "undefined" (middle, left out) or "missing"
    """

    score: NDArray[np.float64]
    group: NDArray[np.object_]
    message: str


def signature(
    frame: pd.DataFrame,
    rules: Sequence[MarkerRule],
    *,
    low_up_to: int,
    high_from: int,
    middle: Middle | None = None,
) -> Signature:
    """Count the markers of a signature per unit and class the units.

    Parameters
    ----------
    frame : one row per unit (patient), one column per marker
    low_up_to, high_from : scores; "0-2 is low and more than three is high" means 2
        and 4, and leaves 3 without a class
    middle : what the scores in between are; there is no default where there are any

    Raises
    ------
    StatisticsError : limits that overlap or cannot be reached, scores in between without a `middle`, a
        missing column
    """
    if not rules:
        raise StatisticsError("a signature needs at least one marker")
    if not 0 <= low_up_to < high_from <= len(rules):
        raise StatisticsError(
            f"low up to {low_up_to} and high from {high_from} do not fit a signature of {len(rules)} markers"
        )
    between = list(range(low_up_to + 1, high_from))
    if between and middle not in MIDDLES:
        scores = ", ".join(map(str, between))
        raise StatisticsError(
            f"a score of {scores} is neither low (up to {low_up_to}) nor high (from {high_from}); "
            f"say what it is: middle = {' | '.join(MIDDLES)}"
        )
    count = _scores(frame, rules)
    groups = np.full(len(frame), "missing", dtype=object)
    groups[count <= low_up_to] = "low"
    groups[count >= high_from] = "high"
    name = {"leave out": "undefined", "own group": "middle"}.get(str(middle), str(middle))
    groups[(count > low_up_to) & (count < high_from)] = name
    return Signature(count, groups, _message(count, between, name))


def _scores(frame: pd.DataFrame, rules: Sequence[MarkerRule]) -> NDArray[np.float64]:
    total = np.zeros(len(frame))
    for rule in rules:
        need_column(frame, rule.marker)
        values = pd.to_numeric(frame[rule.marker], errors="coerce").to_numpy(dtype=np.float64)
        above = values >= rule.cut
        counted = above if rule.counts_when == "high" else ~above
        total += np.where(np.isnan(values), np.nan, counted)
    return total


def _message(scores: NDArray[np.float64], between: list[int], name: str) -> str:
    parts = []
    affected = int(np.isin(scores, between).sum())
    if between:
        listed = ", ".join(map(str, between))
        parts.append(f"{affected} of {len(scores)} units have a score of {listed}, classed as {name}")
    missing = int(np.isnan(scores).sum())
    if missing:
        parts.append(f"{missing} units miss a marker and have no score")
    return "; ".join(parts)
