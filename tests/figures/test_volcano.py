"""Volcano plots: every marker where its numbers say, the cut at the adjusted p, names that cover nothing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.figures import FigureError
from exoraw.figures.labels import Label, place_labels
from exoraw.figures.packing import Box
from exoraw.figures.volcano import VolcanoStyle, volcano
from exoraw.statistics.adjust import adjust_p


def parts(figure, gid: str) -> list:
    return [artist for artist in figure.findobj() if artist.get_label() == gid]


def screen(rng, count: int = 400, hits: int = 30) -> tuple[np.ndarray, np.ndarray, list[str]]:
    fold, p = rng.normal(0, 0.8, count), rng.uniform(0, 1, count)
    fold[:hits] = rng.choice([-1, 1], hits) * rng.uniform(1.2, 4, hits)
    p[:hits] = 10 ** -rng.uniform(4, 14, hits)
    return fold, p, [f"miR-{i}-5p" for i in range(count)]


def test_hits_are_those_of_the_adjusted_p_and_the_fold_change(rng, legible) -> None:
    fold, p, names = screen(rng)
    figure = volcano(fold, p, names)
    passed = adjust_p(p, "benjamini-hochberg") <= 0.05
    up, down = passed & (fold >= 1), passed & (fold <= -1)
    assert sum(len(part.get_offsets()) for part in parts(figure, "up")) == up.sum()
    assert sum(len(part.get_offsets()) for part in parts(figure, "down")) == down.sum()
    shown = legible(figure)
    assert f"higher ({up.sum()})" in shown
    (cut,) = parts(figure, "cut")
    assert cut.get_ydata()[0] == pytest.approx(-np.log10(p[passed].max()))


def test_points_stand_at_minus_log10_p(rng) -> None:
    fold, p, names = screen(rng, 50, 5)
    figure = volcano(fold, p, names)
    heights = np.concatenate(
        [part.get_offsets()[:, 1] for gid in ("up", "down", "other") for part in parts(figure, gid)]
    )
    assert np.sort(np.asarray(heights)) == pytest.approx(np.sort(-np.log10(p)))


def test_p_of_zero_stands_above_all_as_a_triangle_and_is_said(legible) -> None:
    figure = volcano([3.0, -2.0, 0.1], [0.0, 1e-300, 0.5], ["a", "b", "c"])
    shown = " ".join(legible(figure))
    assert "1 with p = 0 as computed stand at the upper edge; their true height is unknown." in shown
    (triangle,) = parts(figure, "up")
    assert len(triangle.get_paths()[0].vertices) == 4
    assert triangle.get_offsets()[0, 1] > 300


def test_nothing_changed_has_no_line_and_says_so(legible) -> None:
    figure = volcano([0.1, -0.2, 0.3], [0.5, 0.6, 1.0], list("abc"))
    assert parts(figure, "cut") == []
    assert "Nothing reaches an adjusted p of 0.05 and that change." in legible(figure)


def test_adjusted_p_of_another_test_decides_without_a_line_where_p_does_not_follow(legible) -> None:
    figure = volcano([2.0, 2.0, 2.0], [0.01, 0.02, 0.03], list("abc"), p_adjusted=[0.04, 0.9, 0.04])
    assert "higher (2)" in legible(figure)
    assert parts(figure, "cut") == []


def test_names_of_crowded_hits_lie_apart_and_what_has_no_room_is_counted(rng, legible) -> None:
    fold, p = rng.normal(2.5, 0.05, 60), 10 ** -rng.normal(9, 0.05, 60)
    names = [f"a long name 対照 of marker number {i}" for i in range(60)]
    shown = legible(volcano(fold, p, names, VolcanoStyle(labels=60)))
    written = [text for text in shown if text.startswith("a long")]
    missing = next(text for text in shown if "have no room for their names" in text)
    assert len(written) + int(missing.split(" ")[0]) == 60


def test_missing_numbers_are_counted_and_wrong_ones_refused(legible) -> None:
    shown = legible(volcano([1.0, np.nan, np.inf], [0.5, 0.1, np.nan], list("abc")))
    assert "Not drawn: 2 without a finite fold change and p." in shown
    with pytest.raises(FigureError, match="not its logarithm"):
        volcano([1.0], [3.2], ["a"])
    with pytest.raises(FigureError, match="differ in number"):
        volcano([1.0], [0.2, 0.3], ["a"])
    with pytest.raises(FigureError, match="nothing to draw"):
        volcano([np.nan], [0.2], ["a"])


coordinate = st.floats(0, 200)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(coordinate, coordinate, st.floats(3, 60)), min_size=1, max_size=25))
def test_placed_names_overlap_no_name_and_no_point_and_stay_inside(drawn) -> None:
    points = np.array([(x, y) for x, y, _ in drawn])
    bounds = Box(0, 200, 0, 200)
    placed = [
        one for one in place_labels([Label(x, y, w, 7.0) for x, y, w in drawn], points, 1.7, bounds) if one
    ]
    for one, other in itertools.combinations(placed, 2):
        assert not one.box.overlaps(other.box)
    for one in placed:
        assert one.box.left >= 0
        assert one.box.right <= 200
        assert one.box.bottom >= 0
        assert one.box.top <= 200
        inside = (points > (one.box.left, one.box.bottom)) & (points < (one.box.right, one.box.top))
        assert not inside.all(axis=1).any()
