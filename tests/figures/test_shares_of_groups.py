"""Counts of groups as stacked shares."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.patches import Rectangle

from exoraw.figures import FigureError, SharesStyle, shares_of_groups

GROUPS, PARTS = ("placebo", "drug"), ("complete", "partial", "none")


def parts_of(figure: Any) -> list[Rectangle]:
    (axes,) = figure.axes
    return [patch for patch in axes.patches if patch.get_label() == "part"]


def test_every_bar_reaches_100_percent_and_every_part_is_its_share() -> None:
    found = parts_of(shares_of_groups(GROUPS, PARTS, [[1, 3, 16], [10, 5, 5]]))
    assert [round(part.get_height(), 3) for part in found] == [0.05, 0.15, 0.8, 0.5, 0.25, 0.25]
    for bar in (found[:3], found[3:]):
        assert bar[-1].get_y() + bar[-1].get_height() == pytest.approx(1)


def test_counts_n_and_notes_are_written_and_an_outcome_that_nobody_has_is_no_part() -> None:
    figure = shares_of_groups(
        GROUPS, PARTS, [[0, 4, 16], [10, 0, 10]], SharesStyle("patient", notes=["Said."])
    )
    said = [text.get_text() for text in figure.texts]
    assert len(parts_of(figure)) == 4
    assert said.count("n = 20") == 2
    assert {"16", "4", "10", "Said.", "Share of patients (%)"} <= set(said)


@pytest.mark.parametrize(
    ("groups", "counts", "message"),
    [
        (GROUPS, [[1, 2, 3]], "counts of shape"),
        (GROUPS, [[1, 2, -3], [1, 1, 1]], "0 or more"),
        (GROUPS, [[0, 0, 0], [1, 1, 1]], "placebo holds no unit"),
        ((), [], "0 groups"),
    ],
)
def test_counts_that_cannot_be_drawn_are_refused(groups: Any, counts: Any, message: str) -> None:
    with pytest.raises(FigureError, match=message):
        shares_of_groups(groups, PARTS, counts)
