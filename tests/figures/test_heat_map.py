"""Heat maps: cells are the values, missing ones hatched, similar rows beside each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from exoraw.figures import FigureError
from exoraw.figures.clustering import shared_distance, similar_together
from exoraw.figures.heat import HeatStyle, heat_map

FOLD = HeatStyle("log₂ fold change", cluster_rows=True, cluster_columns=True)


def parts(figure, gid: str) -> list:
    return [artist for artist in figure.findobj() if artist.get_label() == gid]


def names(letter: str, count: int) -> list[str]:
    return [f"{letter}{i}" for i in range(count)]


def test_cells_hold_the_values_in_the_order_of_the_names(rng, legible) -> None:
    table = rng.normal(0, 1, (9, 5))
    figure = heat_map(table, names("r", 9), names("c", 5), FOLD)
    shown = legible(figure)
    rows = [int(text[1:]) for text in shown if text[0] == "r" and text[1:].isdigit()]
    columns = [int(text[1:]) for text in shown if text[0] == "c" and text[1:].isdigit()]
    (cells,) = parts(figure, "cells")
    assert np.array_equal(cells.get_array().reshape(9, 5), table[np.ix_(rows, columns)])
    assert sorted(rows) == list(range(9))
    assert len(parts(figure, "tree")) == 8 + 4


def test_colours_are_centred_at_zero_whatever_the_values() -> None:
    (cells,) = parts(heat_map([[1.0, 3.0], [2.0, -1.0]], "ab", "cd", HeatStyle("x")), "cells")
    assert (cells.norm.vmin, cells.norm.vmax) == (-3.0, 3.0)
    middle = cells.cmap(cells.norm(0.0))[:3]
    assert min(middle) > 0.94  # no change is nearly white


def test_missing_cells_are_hatched_named_and_never_coloured(legible) -> None:
    table = [[1.0, np.nan, 2.0], [np.inf, 0.0, -1.0]]
    figure = heat_map(table, "ab", "cde", HeatStyle("x"))
    assert len(parts(figure, "missing")) == 2
    assert all(patch.get_hatch() for patch in parts(figure, "missing"))
    assert parts(figure, "cells")[0].get_array().mask.sum() == 2
    assert "no value" in legible(figure)


def test_similar_rows_stand_together_and_the_tree_covers_all(rng) -> None:
    table = np.vstack([rng.normal(side, 0.1, (6, 8)) for side in (-2, 2)])[rng.permutation(12)]
    tree = similar_together(table)
    side = table[tree.order].mean(axis=1) > 0
    assert np.count_nonzero(np.diff(side.astype(int))) == 1
    assert sorted(tree.order) == list(range(12))


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(3, 9), st.integers(1, 5)),
              elements=st.one_of(st.floats(-1e6, 1e6), st.just(np.nan))))  # fmt: skip
def test_any_table_has_an_order_and_branches_between_its_leaves(table) -> None:
    tree = similar_together(table)
    count = table.shape[0]
    assert sorted(tree.order) == list(range(count))
    assert tree.places.shape == (count - 1, 4)
    assert np.all((tree.places >= 0) & (tree.places <= count - 1))
    assert np.all(np.isfinite(tree.heights))


def test_distance_over_shared_cells_is_that_of_scikit_learn() -> None:
    # sklearn.metrics.pairwise.nan_euclidean_distances of the example in its documentation and of a pair
    table = np.array([[0.0, 1.0], [1.0, np.nan], [3.0, np.nan, 4.0, 5.0][:2]])
    assert shared_distance(table)[0, 1] == pytest.approx(1.41421356)
    x = np.array([[3.0, np.nan, np.nan, 6.0], [1.0, np.nan, 4.0, 5.0]])
    assert shared_distance(x)[0, 1] == pytest.approx(np.sqrt(4 / 2 * ((3 - 1) ** 2 + (6 - 5) ** 2)))


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 2), (3, 40), (80, 3), (400, 60)])
def test_any_size_fits_on_the_page_and_says_which_names_it_leaves_out(rng, legible, rows, columns) -> None:
    style = HeatStyle("Expression of many markers, z score", "SD", cluster_rows=True, cluster_columns=True)
    figure = heat_map(
        rng.normal(0, 1, (rows, columns)), names("Marker 対 ", rows), names("Patient ", columns), style
    )
    shown = " ".join(legible(figure))
    assert figure.get_size_inches()[1] * 25.4 < 247
    assert ("too close for their names" in shown) == (rows == 400)


def test_values_beyond_a_given_limit_are_said(legible) -> None:
    figure = heat_map([[0.0, 9.0], [1.0, -9.0]], "ab", "cd", HeatStyle("x", limit=2.0))
    assert "2 cells lie beyond the ends of the colours" in " ".join(legible(figure))


@pytest.mark.parametrize("size", [1e-12, 1e12, 0.0])
def test_a_rising_map_of_any_size_has_a_readable_colour_bar(rng, legible, size: float) -> None:
    figure = heat_map(
        size * rng.uniform(1, 2, (3, 4)), "abc", "defg", HeatStyle("Particles", "/mL", centre=None)
    )
    legible(figure)


def test_what_is_no_table_is_refused_in_words() -> None:
    with pytest.raises(FigureError, match="found 1 names of rows and 2 of columns"):
        heat_map([[1.0]], "a", "bc", HeatStyle("x"))
    with pytest.raises(FigureError, match="no cell has a finite value"):
        heat_map([[np.nan]], "a", "b", HeatStyle("x"))
