"""Paired lines: one line per unit, incomplete ones open and outside the mean."""

from __future__ import annotations

import numpy as np
import pytest

from exoraw.figures import Axis, Bracket, FigureError
from exoraw.figures.paired import PairedStyle, paired_lines


def parts(figure, gid: str) -> list:
    return [artist for artist in figure.findobj() if artist.get_label() == gid]


def test_means_and_error_bars_are_those_of_complete_pairs_only(legible) -> None:
    table = np.array([[1.0, 3.0], [2.0, 5.0], [3.0, 4.0], [np.nan, 100.0]])
    figure = paired_lines(["Before", "After"], table, Axis("miR-21", "a.u."), [Bracket(0, 1, "*")])
    assert [line.get_ydata()[0] for line in parts(figure, "centre")] == [2.0, 4.0]
    assert [tuple(line.get_ydata()) for line in parts(figure, "error")] == [(1.0, 3.0), (3.0, 5.0)]
    shown = legible(figure)
    assert shown.count("n = 3") == 2
    assert "Open and dashed: 1 of 4, without a value in every condition." in " ".join(shown)


def test_each_line_joins_the_values_of_one_unit(rng) -> None:
    table = rng.normal(10, 2, (6, 3))
    table[2, 1] = np.nan
    figure = paired_lines(["a", "b", "c"], table, Axis("x"))
    complete = np.array([line.get_ydata() for line in parts(figure, "pair")])
    assert np.array_equal(complete, np.delete(table, 2, axis=0))
    (broken,) = parts(figure, "open pair")
    assert broken.get_ydata().tolist() == table[2, [0, 2]].tolist()
    assert broken.get_markerfacecolor() == "#ffffff"
    assert broken.get_linestyle() != "-"


@pytest.mark.parametrize("conditions", [2, 4, 12])
def test_brackets_clear_points_and_lines(rng, legible, conditions: int) -> None:
    table = 10 ** rng.normal(8, 0.5, (9, conditions))
    names = [f"Cycle {i} of chemotherapy" for i in range(conditions)]
    marks = [Bracket(0, conditions - 1, "***"), Bracket(0, 1, "p = 0.03"), Bracket(1, 1, "#")]
    figure = paired_lines(names, table, Axis("Particles", "/mL", log=True), marks, PairedStyle(error="SEM"))
    legible(figure)
    to_page = figure.axes[0].transData
    dots = np.vstack([to_page.transform(line.get_xydata()) for line in parts(figure, "pair")])
    for bracket in parts(figure, "bracket"):
        box = bracket.get_window_extent(figure.canvas.get_renderer())
        inside = (dots[:, 0] > box.x0) & (dots[:, 0] < box.x1)
        assert not np.any(dots[inside, 1] > box.y0)


def test_one_unit_without_any_complete_pair_is_drawn_without_mean(legible) -> None:
    figure = paired_lines(["Untreated 対照", "Treated"], [[1.0, np.nan]], Axis("CD9", from_zero=False))
    assert parts(figure, "centre") == []
    assert "n = 0" in legible(figure)


def test_what_is_no_pair_is_refused_in_words() -> None:
    with pytest.raises(FigureError, match="two or more conditions"):
        paired_lines(["only"], [[1.0]], Axis("x"))
    with pytest.raises(FigureError, match=r"table of shape \(1, 3\)"):
        paired_lines(["a", "b"], [[1.0, 2.0, 3.0]], Axis("x"))
    with pytest.raises(FigureError, match="nothing to draw"):
        paired_lines(["a", "b"], [[-1.0, 0.0]], Axis("x", log=True))
    with pytest.raises(FigureError, match="a bracket goes to condition 2"):
        paired_lines(["a", "b"], [[1.0, 2.0]], Axis("x"), [Bracket(0, 2, "*")])
