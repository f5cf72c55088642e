"""Arcsinh and logicle axes against FlowUtils and published values, and their ticks."""

from __future__ import annotations

import builtins

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoraw.assays.flow import transforms
from exoraw.assays.flow.transforms import (
    Arcsinh,
    Logicle,
    TransformError,
    arcsinh,
    estimate_arcsinh,
    estimate_logicle,
    logicle,
)

LINEAR = np.concatenate([-np.logspace(6, -3, 1000), [0.0], np.logspace(-3, 6, 1000)])

# GatingML 2.0 specification, table of logicle test values: T = 1000, M = 4, for (W, A)
GATINGML_INPUT = (-10.0, -5.0, -1.0, 0.0, 0.3, 1.0, 3.0, 10.0, 100.0, 1000.0)
GATINGML_LOGICLE = {
    (1.0, 0.0): (0.067574, 0.147986, 0.228752, 0.25, 0.256384, 0.271248, 0.312897, 0.432426, 0.739548, 1.0),
    (1.0, 1.0): (0.25406, 0.318389, 0.383001, 0.4, 0.405107, 0.416999, 0.450318, 0.545941, 0.791638, 1.0),
}


def test_gatingml_published_logicle_values_are_met():
    for (w, a), expected in GATINGML_LOGICLE.items():
        display = Logicle(t=1000, w=w, m=4, a=a).forward(np.array(GATINGML_INPUT))
        np.testing.assert_allclose(display, expected, atol=1e-6)


@pytest.mark.parametrize("w", [0.0, 0.3, 0.5, 1.0, 2.25])
def test_logicle_equals_flowutils_and_comes_back(w):
    from flowutils.transforms import logicle as reference

    scale = Logicle(262144, w, 4.5, 0)
    display = scale.forward(LINEAR)
    np.testing.assert_allclose(display, reference(LINEAR, None, 262144, 4.5, w, 0), rtol=0, atol=1e-12)
    back = scale.inverse(display)
    assert (np.abs(back - LINEAR) <= 1e-9 * np.maximum(1, np.abs(LINEAR))).all()
    assert (np.diff(display) > 0).all()


@given(st.floats(1e-2, 1e5), st.floats(-1e6, 1e6))
def test_arcsinh_comes_back(cofactor, value):
    axis = Arcsinh(cofactor)
    back = axis.inverse(axis.forward(np.array([value])))[0]
    assert abs(back - value) <= 1e-9 * max(1.0, abs(value))


def test_arcsinh_is_numpy_s():
    np.testing.assert_array_equal(arcsinh(LINEAR, 5.0), np.arcsinh(LINEAR / 5.0))


def test_shape_and_input_are_kept_and_a_missing_value_stays_missing():
    values = np.array([[1.0, np.nan], [-np.inf, 4.0]])
    for display in (Logicle().forward(values), Arcsinh().forward(values)):
        assert display.shape == (2, 2)
        assert np.isnan(display[0, 1])
        assert not np.isfinite(display[1, 0])
    assert values[0, 0] == 1.0
    np.testing.assert_array_equal(logicle(values)[0, 0], Logicle().forward(np.array([1.0]))[0])


@pytest.mark.parametrize(
    "bad", [{"t": 0}, {"w": -0.1}, {"w": 2.3}, {"m": 0}, {"a": -1}, {"a": 4}, {"t": np.nan}]
)
def test_parameters_that_make_no_scale_are_refused(bad):
    with pytest.raises(TransformError, match="logicle"):
        Logicle(**bad)
    with pytest.raises(TransformError, match="cofactor"):
        Arcsinh(0.0)


def test_a_missing_flowutils_names_the_extra(monkeypatch):
    ordinary = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("flowutils"):
            raise ImportError(name)
        return ordinary(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(TransformError, match=r"exoraw\[flow\]"):
        Logicle().forward(np.zeros(1))
    assert Arcsinh().forward(np.zeros(1))[0] == 0


@pytest.mark.parametrize(("axis", "low", "high"), [(Arcsinh(150), -2000, 3e5), (Logicle(), -2000, 262144)])
def test_ticks_stand_where_their_labels_say(axis, low, high):
    ticks = axis.ticks(low, high)
    words = {"0": 0.0, "10³": 1e3, "-10³": -1e3, "10⁴": 1e4, "10⁵": 1e5}
    placed = dict(zip(ticks.labels, ticks.major, strict=True))
    assert set(words) <= set(placed)
    for label, value in words.items():
        assert placed[label] == pytest.approx(axis.forward(np.array([value]))[0], abs=1e-12)
    assert list(ticks.major) == sorted(ticks.major)
    assert list(ticks.minor) == sorted(ticks.minor)
    span = axis.forward(np.array([low, high]))
    assert np.diff(ticks.major).min() >= transforms.CROWDED * (span[1] - span[0])


def test_ticks_of_an_empty_axis_are_refused():
    with pytest.raises(TransformError, match="is not below"):
        Arcsinh().ticks(5, 5)


def test_the_width_of_logicle_follows_parks(rng):
    values = rng.normal(0, 300, 200_000)
    found = estimate_logicle(values, t=262144, m=4.5)
    below = values[values < 0]
    r = abs(np.percentile(below, 5))
    assert found.w == pytest.approx((4.5 - np.log10(262144 / r)) / 2, abs=1e-12)
    assert estimate_logicle(np.full(100, 50.0)).w == 0.0
    assert estimate_logicle(rng.normal(0, 1e9, 1000)).w == 2.25


def test_the_cofactor_keeps_noise_around_zero_in_one_peak(rng):
    from exoraw.assays.flow.density import density, landscape

    values = rng.normal(0, 300, 50_000)
    axis = estimate_arcsinh(values)
    assert axis.cofactor == pytest.approx(600, rel=0.05)
    assert len(landscape(density(axis.forward(values))).peaks) == 1
    assert len(landscape(density(Arcsinh(60).forward(values))).peaks) == 2  # the artefact that it avoids


def test_the_cofactor_of_a_log_amplifier_lies_below_its_events(rng):
    values = 10 ** rng.normal(1.5, 0.4, 10_000)
    axis = estimate_arcsinh(values)
    assert axis.cofactor == pytest.approx(np.percentile(values, 1))
    assert estimate_arcsinh(np.zeros(100)).cofactor == 150
    assert estimate_arcsinh(np.array([])).cofactor == 150
