"""The short cuts of the resampling give what drawing every cell again would give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.assays.flow.markers.resampling import (
    check_resamplings,
    correlated_normals,
    counts_above,
    exceedance_correlation,
    interval,
    percent_interval,
    quadrant_counts,
    resampled_percent,
    resampled_values,
    value_at,
)


def test_a_percentile_leaves_on_average_exactly_its_share_above_it():
    rng = np.random.default_rng(1)
    for n in (250, 500, 5_000):
        above = [1 - value_at(np.sort(rng.random(n)), 99.5) for _ in range(3_000)]
        assert np.mean(above) == pytest.approx(0.005, abs=4 * np.std(above) / np.sqrt(3_000))


def test_a_percentile_beyond_a_small_control_is_its_largest_value():
    assert value_at(np.array([1.0, 2.0, 9.0]), 99.5) == 9.0
    assert value_at(np.array([4.0]), 50.0) == 4.0


def test_one_variate_replaces_the_drawing_of_all_control_cells():
    rng = np.random.default_rng(2)
    control = np.sort(rng.lognormal(5, 0.6, 2_000))
    short = resampled_values(control, 99.5, rng.standard_normal(20_000))
    drawn = [value_at(np.sort(rng.choice(control, control.size)), 99.5) for _ in range(2_000)]
    for percent in (2.5, 25, 50, 75, 97.5):
        assert np.percentile(short, percent) == pytest.approx(np.percentile(drawn, percent), rel=0.03)


def test_the_gates_of_one_tube_move_together_as_its_cells_do():
    rng = np.random.default_rng(3)
    shared = rng.normal(size=(4_000, 1))
    tube = np.exp(0.8 * shared + 0.6 * rng.normal(size=(4_000, 2)))
    gates = np.array([value_at(np.sort(column), 99.0) for column in tube.T])
    correlation = exceedance_correlation(tube, gates)
    normals = correlated_normals(rng, correlation, 20_000)
    short = [resampled_values(np.sort(tube[:, place]), 99.0, normals[place]) for place in (0, 1)]
    again = [tube[rng.integers(0, 4_000, 4_000)] for _ in range(1_500)]
    drawn = np.array([[value_at(np.sort(column), 99.0) for column in one.T] for one in again])
    expected = np.corrcoef(drawn, rowvar=False)[0, 1]
    assert expected > 0.1
    assert np.corrcoef(*short)[0, 1] == pytest.approx(expected, abs=0.09)


def test_a_channel_without_bright_cells_correlates_with_nothing():
    tube = np.column_stack([np.arange(10.0), np.zeros(10)])
    assert exceedance_correlation(tube, np.array([8.0, 1.0])) == pytest.approx(np.eye(2))


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), max_size=40),
    st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=1, max_size=8),
)
@settings(max_examples=150, deadline=None)
def test_counting_many_borders_at_once_equals_counting_each(cells, borders):
    events = np.array(cells, dtype=float).reshape(-1, 2)
    pairs = np.array(borders, dtype=float)
    counts = quadrant_counts(events, pairs[:, 0], pairs[:, 1])
    for (first, second), row in zip(pairs, counts, strict=True):
        above, over = events[:, 0] > first, events[:, 1] > second
        one_by_one = [above & ~over, above & over, ~above & over, ~above & ~over]
        assert list(row) == [int(np.count_nonzero(one)) for one in one_by_one]
        assert row.sum() == len(events)


def test_an_event_on_a_border_lies_below_it():
    assert list(counts_above(np.array([1.0, 2.0, 2.0, 3.0]), np.array([2.0, 0.0, 3.0]))) == [1, 4, 0]


def test_none_of_5000_cells_is_not_known_for_certain_to_be_none():
    rng = np.random.default_rng(4)
    low, high = percent_interval(resampled_percent(np.zeros(1_000, int), 5_000, rng), 0, 5_000)
    assert low == 0.0
    assert 0.02 < high < 0.09  # Clopper-Pearson: 0.074 %
    low, high = percent_interval(resampled_percent(np.full(1_000, 5_000), 5_000, rng), 5_000, 5_000)
    assert high == 100.0
    assert 99.91 < low < 99.98


def test_an_interval_of_too_few_resamplings_is_refused():
    with pytest.raises(ValueError, match="40 resamplings"):
        check_resamplings(20)
    check_resamplings(0)
    assert interval(np.arange(1.0, 200.0)) == pytest.approx((5.0, 195.0))
