"""MFI of a marker: each statistic with its interval, nothing clipped, ratio and difference to the isotype."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.assays.flow.markers.fluorescence import Fluorescence, fluorescence, staining_index


def cells(n: int, seed: int = 0, mean: float = 3.5, noise: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 10 ** rng.normal(mean, 0.25, n) + noise * rng.standard_normal(n)


def codes(found: Fluorescence) -> dict[str, str]:
    return {remark.code: remark.severity for remark in found.findings}


def test_every_statistic_is_the_textbook_number():
    signal, control = cells(4_000), cells(3_000, 1, mean=2.0)
    found = fluorescence(signal, control, seed=1)
    assert found.median.value == pytest.approx(np.median(signal))
    assert found.arithmetic_mean.value == pytest.approx(signal.mean())
    assert found.geometric_mean.value == pytest.approx(np.exp(np.log(signal).mean()))
    low, high = np.percentile(signal, [15.87, 84.13])
    assert found.robust_sd == pytest.approx((high - low) / 2)
    assert found.robust_cv.value == pytest.approx(50 * (high - low) / np.median(signal))
    assert codes(found) == {}


def test_ratio_and_difference_say_which_statistic_they_are_of():
    signal, control = cells(4_000), cells(3_000, 1, mean=2.0)
    found = fluorescence(signal, control, seed=1)
    assert [one.statistic for one in found.contrasts] == ["median", "arithmetic mean", "geometric mean"]
    median = found.against_control("median")
    assert median.ratio.value == pytest.approx(np.median(signal) / np.median(control))
    assert median.difference.value == pytest.approx(np.median(signal) - np.median(control))
    assert median.ratio.ci_low < median.ratio.value < median.ratio.ci_high
    mean = found.against_control("arithmetic mean")
    assert mean.ratio.value == pytest.approx(signal.mean() / control.mean())


def test_intervals_hold_the_truth_in_about_95_of_100_tubes():
    ln10 = np.log(10)
    sd = 0.25 * ln10
    lower, upper = np.exp(sd * np.array([-1, 1]) * 0.99982)  # normal quantile of 0.8413
    truth = {
        "median": 10**3.5,
        "mean": 10**3.5 * np.exp(sd**2 / 2),
        "geometric": 10**3.5,
        "cv": 50 * (upper - lower),
        "ratio": 10**1.5,
        "difference": 10**3.5 - 10**2.0,
        "mean ratio": 10**1.5,
    }
    held = dict.fromkeys(truth, 0)
    tubes = 150
    for seed in range(tubes):
        found = fluorescence(cells(600, seed), cells(600, 10_000 + seed, mean=2.0), seed=seed)
        median, mean = found.against_control("median"), found.against_control("arithmetic mean")
        estimates = {
            "median": found.median,
            "mean": found.arithmetic_mean,
            "geometric": found.geometric_mean,
            "cv": found.robust_cv,
            "ratio": median.ratio,
            "difference": median.difference,
            "mean ratio": mean.ratio,
        }
        for name, one in estimates.items():
            held[name] += one.ci_low <= truth[name] <= one.ci_high
    assert all(0.88 <= count / tubes <= 0.985 for count in held.values()), held


def test_signals_of_zero_or_less_leave_no_geometric_mean_and_are_not_lifted():
    signal = cells(4_000, mean=2.0, noise=80.0)
    found = fluorescence(signal, cells(3_000, 1), seed=1)
    assert found.geometric_mean is None
    assert found.n_not_positive == np.count_nonzero(signal <= 0) > 0
    assert found.arithmetic_mean.value == pytest.approx(signal.mean())
    assert codes(found) == {"geometric_mean_undefined": "info"}
    assert found.against_control("geometric mean") is None


def test_a_control_at_zero_has_a_difference_but_no_ratio():
    control = np.random.default_rng(1).normal(0, 100, 4_000)
    found = fluorescence(cells(4_000), control, seed=1)
    median = found.against_control("median")
    assert median.ratio is None
    assert median.difference.value > 2_000
    assert codes(found)["ratio_undefined"] == "warning"


def test_without_a_control_there_is_no_ratio_and_it_is_said():
    found = fluorescence(cells(2_000), seed=1, marker="CD9")
    assert found.contrasts == ()
    assert codes(found) == {"no_isotype_for_ratio": "info"}


def test_an_empty_control_is_an_error():
    found = fluorescence(cells(2_000), np.empty(0), seed=1)
    assert found.contrasts == ()
    assert codes(found)["control_without_events"] == "error"


@pytest.mark.parametrize(("share", "severity"), [(0.005, None), (0.05, "warning"), (0.6, "error")])
def test_saturated_cells_are_counted_and_said(share, severity):
    signal = cells(10_000)
    top = np.quantile(signal, 1 - share)
    found = fluorescence(np.minimum(signal, top), saturated=signal >= top, seed=1)
    assert found.saturated_percent == pytest.approx(100 * share, abs=0.02)
    assert codes(found).get("marker_saturated") == severity


def test_a_mask_of_another_tube_is_refused():
    with pytest.raises(ValueError, match="mask of saturated cells"):
        fluorescence(cells(10), saturated=np.zeros(9, dtype=bool), seed=1)
    with pytest.raises(ValueError, match=r"must be \(n,\)"):
        fluorescence(np.zeros((4, 2)), seed=1)


def test_no_cells_are_an_error_and_one_cell_has_no_interval_of_its_mean():
    assert codes(fluorescence(np.empty(0), seed=1))["no_events"] == "error"
    one = fluorescence(np.array([50.0]), seed=1)
    assert one.arithmetic_mean.value == 50.0
    assert one.arithmetic_mean.ci_low is None
    assert codes(one)["few_events"] == "warning"


@given(st.floats(0.01, 1e4), st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_a_change_of_scale_changes_values_but_no_ratio(factor, seed):
    signal, control = cells(300, seed), cells(300, seed + 1, mean=2.0)
    here = fluorescence(signal, control, seed=1)
    there = fluorescence(factor * signal, factor * control, seed=1)
    assert there.median.value == pytest.approx(factor * here.median.value)
    assert there.robust_cv.value == pytest.approx(here.robust_cv.value)
    for one, other in zip(here.contrasts, there.contrasts, strict=True):
        assert other.ratio.value == pytest.approx(one.ratio.value)
        assert other.ratio.ci_high == pytest.approx(one.ratio.ci_high)


def test_events_without_a_number_are_left_out_and_said():
    signal = cells(2_000)
    found = fluorescence(np.append(signal, np.nan), cells(2_000, 1), seed=1)
    assert found.n_not_finite == 1
    assert found.median.value == pytest.approx(np.median(signal))
    assert codes(found) == {"events_without_value": "warning"}


def test_the_staining_index_is_maecker_s():
    rng = np.random.default_rng(1)
    positive, negative = rng.normal(10_000, 500, 20_000), rng.normal(100, 50, 20_000)
    index, said = staining_index(positive, negative, seed=1)
    assert index.value == pytest.approx(9_900 / 100, rel=0.02)
    assert index.ci_low < index.value < index.ci_high
    assert said == ()


def test_a_staining_index_without_spread_is_undefined():
    index, said = staining_index(cells(100), np.zeros(100), seed=1, marker="CD44")
    assert index is None
    assert said[0].code == "no_spread_in_negative"
