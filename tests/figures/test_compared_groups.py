"""Compared groups: what is drawn are the numbers, and nothing lies on anything else."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.patches import Rectangle

from exoraw.figures import Axis, Bracket, FigureError, GroupStyle, GroupValues, compared_groups, look

VIABILITY = Axis("Viability", "%")


def parts(figure, gid: str) -> list:
    return [artist for artist in figure.findobj() if artist.get_label() == gid]


def four_groups(rng) -> list[GroupValues]:
    made = [("Control", 100, 6), ("DOX", 55, 6), ("Exosomes", 92, 5), ("DOX + exosomes", 38, 6)]
    return [GroupValues(name, rng.normal(mean, 6, n)) for name, mean, n in made]


def hostile_groups(rng) -> list[GroupValues]:
    names = [
        "対照群",
        "Δ-тест",
        "Contrôle négatif (un nom de groupe très long, lot nº 12/2024)",
        "$x_1$ & <b>",
        "\x00\n",
    ]
    names += [f"Compound {i} at {10 * i} µM in DMSO" for i in range(19)]
    return [GroupValues(n, rng.normal(50, 8, 1 if i == 4 else 2 + i % 11)) for i, n in enumerate(names)]


def test_bar_is_as_high_as_the_mean_and_its_error_bar_is_the_sd(rng) -> None:
    groups = four_groups(rng)
    figure = compared_groups(groups, [], VIABILITY)
    tops = [bar.get_height() for bar in parts(figure, "bar")]
    ends = [line.get_ydata() for line in parts(figure, "error")]
    assert tops == pytest.approx([np.mean(group.values) for group in groups], rel=1e-12)
    for group, end in zip(groups, ends, strict=True):
        mean, sd = np.mean(group.values), np.std(group.values, ddof=1)
        assert list(end) == pytest.approx([mean - sd, mean + sd], rel=1e-12)


def test_sem_is_the_sd_over_root_n_and_the_figure_says_which_it_is(rng, legible) -> None:
    groups = four_groups(rng)
    figure = compared_groups(groups, [], VIABILITY, GroupStyle(error="SEM", replicate="culture"))
    low, high = parts(figure, "error")[0].get_ydata()
    assert (high - low) / 2 == pytest.approx(np.std(groups[0].values, ddof=1) / math.sqrt(6), rel=1e-12)
    assert "Bars: mean ± SEM; each point is one culture." in legible(figure)


def test_every_unit_is_a_point_and_excluded_ones_are_hollow_and_outside_mean_and_n(legible) -> None:
    figure = compared_groups([GroupValues("A", [1.0, 2.0, 3.0], [50.0])], [], VIABILITY)
    kept, hollow = parts(figure, "units")[0], parts(figure, "excluded")[0]
    assert sorted(kept.get_offsets()[:, 1]) == [1.0, 2.0, 3.0]
    assert hollow.get_offsets()[:, 1].tolist() == [50.0]
    assert parts(figure, "bar")[0].get_height() == 2.0
    shown = legible(figure)
    assert "n = 3" in shown
    assert "excluded: not in n, mean and error bar" in shown


def test_many_groups_with_long_and_foreign_names_stay_legible(rng, legible) -> None:
    groups = hostile_groups(rng)
    marks = [Bracket(0, i, "*") for i in range(3, 24, 4)] + [Bracket(i, i, "##") for i in range(1, 24, 3)]
    figure = compared_groups(groups, marks, Axis("Particles", "/mL"))
    shown = legible(figure)
    assert figure.get_size_inches()[0] * 25.4 == pytest.approx(174)
    assert len({text for text in shown if "(n = " in text}) == 24  # shortened names stay different
    assert "– (n = 1)" in shown


def test_second_factor_is_told_by_hatch_and_mark_as_well_as_by_colour(rng, legible) -> None:
    lines = ("MCF-7", "MDA-MB-231", "T47D")
    groups = [
        GroupValues(t, rng.normal(3, 0.3, 4), (), line) for t in ("0 h", "24 h", "48 h") for line in lines
    ]
    figure = compared_groups(groups, [Bracket(0, 1, "*"), Bracket(6, 8, "***")], Axis("miR-21", "fold"))
    bars, points = parts(figure, "bar"), parts(figure, "units")
    assert len({bar.get_hatch() for bar in bars}) == 3
    assert len({tuple(p.get_paths()[0].vertices.ravel()) for p in points}) == 3
    shown = legible(figure)
    assert set(lines) <= set(shown)
    assert shown.count("4") == 9
    assert "n" in shown


def test_one_group_of_one_unit_has_a_point_and_no_error_bar(legible) -> None:
    figure = compared_groups([GroupValues("only", [4.2])], [], VIABILITY)
    assert "n = 1" in legible(figure)
    assert parts(figure, "error") == []
    assert parts(figure, "units")[0].get_offsets()[:, 1].tolist() == [4.2]


def test_missing_and_infinite_values_are_counted_below_the_figure(legible) -> None:
    groups = [GroupValues("A", [1.0, np.nan, np.inf]), GroupValues("B", [np.nan])]
    shown = legible(compared_groups(groups, [], VIABILITY))
    assert "Not drawn and not in n: 3 without a finite value." in shown
    assert {"n = 1", "n = 0"} <= set(shown)


def test_negative_bars_hang_from_zero_with_brackets_above_it(rng, legible) -> None:
    groups = [GroupValues(name, -abs(rng.normal(3, 1, 5))) for name in "AB"]
    figure = compared_groups(groups, [Bracket(0, 1, "**")], Axis("log2 fold change"))
    assert all(bar.get_height() < 0 and bar.get_y() == 0 for bar in parts(figure, "bar"))
    legible(figure)
    bracket = parts(figure, "bracket")[0]
    assert min(bracket.get_ydata()) * figure.bbox.height > figure.axes[0].transData.transform((0, 0))[1]


@pytest.mark.parametrize("size", [1e-9, 1e9, 1e-300, 1e140])
def test_tiny_and_huge_values_have_short_ticks_and_a_power_of_ten(rng, legible, size: float) -> None:
    groups = [GroupValues(name, size * rng.uniform(1, 2, 5)) for name in "AB"]
    figure = compared_groups(groups, [Bracket(0, 1, "*")], Axis("Protein", "g"))
    shown = legible(figure)
    assert any(text.startswith("Protein (× 10") for text in shown)
    assert max(len(t.get_text()) for t in figure.axes[0].get_yticklabels()) <= 4
    assert parts(figure, "bar")[0].get_height() == pytest.approx(np.mean(groups[0].values), rel=1e-12)


def test_all_values_zero_are_drawn(legible) -> None:
    legible(compared_groups([GroupValues("A", [0.0, 0.0, 0.0])], [], VIABILITY))


def test_bars_are_not_drawn_where_the_axis_does_not_start_at_zero(rng, legible) -> None:
    figure = compared_groups(four_groups(rng), [], Axis("MFI", from_zero=False))
    assert parts(figure, "bar") == []
    assert len(parts(figure, "centre")) == 4
    assert any(text.startswith("Lines: mean ± SD") for text in legible(figure))


def test_log_axis_shows_geometric_means_and_says_what_it_cannot_show(legible) -> None:
    figure = compared_groups(
        [GroupValues("A", [1e8, 1e10, -3.0, 0.0])], [], Axis("Particles", "/mL", log=True)
    )
    assert parts(figure, "centre")[0].get_ydata()[0] == pytest.approx(1e9)
    shown = legible(figure)
    assert "Not drawn and not in n: 2 at or below 0, which a logarithmic axis cannot show." in " ".join(shown)
    assert "n = 2" in shown
    assert any("geometric mean" in text for text in shown)


def test_box_shows_median_and_quartiles_from_five_units_on(rng, legible) -> None:
    many, few = rng.normal(8, 1, 30), rng.normal(8, 1, 4)
    groups = [GroupValues("many", many), GroupValues("few", few)]
    figure = compared_groups(groups, [], Axis("MFI", from_zero=False), GroupStyle(kind="box"))
    (box,) = parts(figure, "box")
    assert [box.get_y(), box.get_y() + box.get_height()] == pytest.approx(np.quantile(many, [0.25, 0.75]))
    assert [line.get_ydata()[0] for line in parts(figure, "centre")] == pytest.approx(
        [np.median(many), np.median(few)]
    )
    assert any("fewer: median only" in text for text in legible(figure))


def test_a_page_has_a_journals_width_and_widens_for_many_groups(rng) -> None:
    def width(count: int) -> float:
        groups = [GroupValues(f"g{i}", rng.normal(5, 1, 3)) for i in range(count)]
        return compared_groups(groups, [], VIABILITY).get_size_inches()[0] * 25.4

    assert [round(width(n), 6) for n in (2, 18, 30)] == [85.0, 114.0, 174.0]


def test_what_cannot_be_drawn_is_refused_in_words() -> None:
    a = GroupValues("A", [1.0])
    with pytest.raises(FigureError, match="give each group its own name"):
        compared_groups([a, a], [], VIABILITY)
    with pytest.raises(FigureError, match="there are 1 groups, numbered from 0"):
        compared_groups([a], [Bracket(0, 1, "*")], VIABILITY)
    with pytest.raises(FigureError, match="no group has a finite value"):
        compared_groups([GroupValues("A", [np.nan])], [], VIABILITY)
    with pytest.raises(FigureError, match="nothing to draw"):
        compared_groups([], [], VIABILITY)
    with pytest.raises(FigureError, match="take a linear one"):
        compared_groups([GroupValues("A", [-1.0])], [], Axis("x", log=True))
    with pytest.raises(FigureError, match="60 groups do not fit"):
        compared_groups([GroupValues(str(i), [1.0]) for i in range(60)], [], VIABILITY)


def rectangle_of(artist, figure) -> tuple[float, float, float, float]:
    renderer = figure.canvas.get_renderer()
    box = artist.get_window_extent(renderer)
    return box.x0, box.x1, box.y0, box.y1


def in_points(figure, values: np.ndarray) -> np.ndarray:
    return figure.axes[0].transData.transform(np.column_stack([values[:, 0], values[:, 1]]))


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_brackets_cross_no_point_no_error_bar_and_no_other_bracket(data) -> None:
    seed, count = data.draw(st.integers(0, 10**6)), data.draw(st.integers(2, 7))
    rng = np.random.default_rng(seed)
    groups = [
        GroupValues(f"g{i}", rng.normal(rng.uniform(-5, 20), 3, rng.integers(1, 8))) for i in range(count)
    ]
    places = st.integers(0, count - 1)
    texts = st.sampled_from(["*", "**", "***", "#", "ns", "p = 0.0021"])
    pairs = data.draw(st.lists(st.tuples(places, places, texts), max_size=7))
    figure = compared_groups(groups, [Bracket(*pair) for pair in pairs], Axis("x"), GroupStyle(kind="points"))
    with look.house_style():
        figure.draw_without_rendering()
        lines = [rectangle_of(line, figure) for line in parts(figure, "bracket")]
    dots = np.vstack([in_points(figure, dots.get_offsets()) for dots in parts(figure, "units")])
    ends = [in_points(figure, np.column_stack(line.get_data())) for line in parts(figure, "error")]
    for left, right, low, _ in lines:
        for x, y in np.vstack([dots, *ends]) if ends else dots:
            assert not (left <= x <= right and y > low), "a point or error bar reaches into a bracket"
    for i, (left, right, low, high) in enumerate(lines):
        for other in lines[:i]:
            assert left >= other[1] or right <= other[0] or low >= other[3] or high <= other[2]


def test_marks_never_lie_on_each_other_over_one_group(rng, legible) -> None:
    marks = [Bracket(1, 1, "***"), Bracket(1, 1, "##"), Bracket(0, 1, "ns"), Bracket(1, 2, "p = 0.00012")]
    figure = compared_groups(four_groups(rng), marks, VIABILITY)
    shown = legible(figure)
    assert {"***", "##", "ns", "p = 0.00012"} <= set(shown)
    assert len(parts(figure, "bracket")) == 2


def test_bars_of_a_figure_never_overlap(rng) -> None:
    figure = compared_groups(hostile_groups(rng), [], VIABILITY)
    spans = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in parts(figure, "bar"))
    assert all(isinstance(bar, Rectangle) for bar in parts(figure, "bar"))
    assert all(a[1] < b[0] for a, b in itertools.pairwise(spans))
