"""Ratios and folds: intervals that hold the truth as often as they say, and none where none can be told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoraw.assays.blot.normalise import Estimate, fold, mean, ratio


def estimate(value: float, se: float) -> Estimate:
    return Estimate(value, value - 1.96 * se, value + 1.96 * se)


def fieller(a: float, sa: float, b: float, sb: float) -> tuple[float, float]:
    """Fieller 1954, independent numerator and denominator, as in textbooks."""
    g = (1.96 * sb / b) ** 2
    root = 1.96 / b * np.sqrt(sa**2 * (1 - g) + (a / b) ** 2 * sb**2)
    return (a / b - root) / (1 - g), (a / b + root) / (1 - g)


@pytest.mark.parametrize(("a", "sa", "b", "sb"), [(10, 1, 5, 0.5), (3, 0.1, 40, 9), (0.2, 0.5, 7, 1)])
def test_interval_of_a_ratio_is_fiellers_where_both_intervals_are_symmetric(
    a: float, sa: float, b: float, sb: float
) -> None:
    found = ratio(estimate(a, sa), estimate(b, sb))
    assert found is not None
    assert (found.low, found.high) == pytest.approx(fieller(a, sa, b, sb), rel=1e-9)


def test_a_ratio_over_something_that_may_be_nothing_is_none() -> None:
    assert ratio(estimate(10, 1), estimate(1, 0.6)) is None
    assert ratio(estimate(10, 1), estimate(-3, 0.1)) is None
    assert ratio(estimate(10, 1), Estimate(0, 0, 0)) is None


def test_intervals_of_folds_hold_the_truth_in_95_of_100_cases(rng: np.random.Generator) -> None:
    true = np.array([300.0, 80.0, 100.0, 90.0])  # target and loading of sample, then of control
    spread = true * (0.05, 0.04, 0.06, 0.03)
    truth = (300 / 80) / (100 / 90)
    covered = []
    for drawn in rng.normal(true, spread, (4_000, 4)):
        parts = [estimate(value, se) for value, se in zip(drawn, spread, strict=True)]
        sample, control = ratio(parts[0], parts[1]), ratio(parts[2], parts[3])
        assert sample is not None
        assert control is not None
        found = fold(sample, [control])
        assert found is not None
        covered.append(found.low <= truth <= found.high)
    assert 0.94 <= np.mean(covered) <= 0.96


def test_several_controls_narrow_the_interval_by_the_root_of_their_number() -> None:
    one, four = mean([estimate(10, 2)]), mean([estimate(10, 2)] * 4)
    assert four.value == one.value
    assert (four.high - four.low) == pytest.approx((one.high - one.low) / 2)


def test_a_mean_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        mean([])


positive = st.floats(1e-3, 1e12)
relative = st.floats(0, 0.45)


@given(positive, relative, positive, relative, st.floats(1e-6, 1e6))
def test_a_ratio_lies_in_its_interval_and_does_not_depend_on_the_scale(
    a: float, ra: float, b: float, rb: float, scale: float
) -> None:
    top, bottom = estimate(a, a * ra), estimate(b, b * rb)
    found = ratio(top, bottom)
    assert found is not None
    assert found.low <= found.value <= found.high
    scaled = ratio(estimate(a * scale, a * ra * scale), estimate(b * scale, b * rb * scale))
    assert scaled is not None
    assert (scaled.low, scaled.high) == pytest.approx(
        (found.low, found.high), rel=1e-6, abs=1e-9 * found.value
    )
