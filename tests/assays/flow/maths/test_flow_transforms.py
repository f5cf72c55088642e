"""Every axis against FlowUtils and the tables of the GatingML 2.0 specification; there and back; ticks."""

from __future__ import annotations

import builtins

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exoraw.assays.flow import transforms
from exoraw.assays.flow.gates.scales import Biex, Fasinh, FlowJoLog
from exoraw.assays.flow.transforms import (
    Arcsinh,
    Hyperlog,
    Linear,
    Log,
    Logicle,
    TransformError,
    arcsinh,
    estimate_arcsinh,
    estimate_logicle,
    hyperlog,
    linear,
    log,
    logicle,
)

LINEAR = np.concatenate([-np.logspace(6, -3, 1000), [0.0], np.logspace(-3, 6, 1000)])

# GatingML 2.0 specification (ISAC, 2013-01-22), the tables of test values, whole; NaN = no logarithm
NO = -np.inf  # ours: left of everything
SPEC_FLIN = {  # (T, A)
    (1000, 0): (-0.1, -0.01, 0.0, 0.01, 0.1, 0.12, 0.89, 1.0),
    (1000, 100): (0.0, 0.081818, 0.090909, 0.1, 0.181818, 0.2, 0.9, 1.0),
    (1024, 256): (0.121875, 0.1921875, 0.2, 0.2078125, 0.278125, 0.29375, 0.8953125, 0.98125),
}
SPEC_FLIN_X = (-100, -10, 0, 10, 100, 120, 890, 1000)
SPEC_FLOG = {  # (T, M)
    (10000, 5): (NO, NO, 0.139794, 0.2, 0.4, 0.6, 0.8, 0.801975, 1.0, 1.2, 1.283708),
    (1023, 4.5): (
        NO, NO, 0.264243, 0.331139, 0.553361, 0.775583, 0.997805, 1.0, 1.220028, 1.442250, 1.535259,
    ),
    (262144, 4.5): (
        NO, NO, -0.271016, -0.204120, 0.018102, 0.240324, 0.462547, 0.464741, 0.684768, 0.906991, 1.0,
    ),
}  # fmt: skip
SPEC_FLOG_X = (-1, 0, 0.5, 1, 10, 100, 1000, 1023, 10000, 100000, 262144)
SPEC_X = (-10.0, -5.0, -1.0, 0.0, 0.3, 1.0, 3.0, 10.0, 100.0, 1000.0)
SPEC_FASINH = {  # T = 1000, (M, A)
    (4, 1): (-0.200009, -0.139829, -0.000856, 0.2, 0.303776, 0.400856, 0.495521, 0.600009, 0.8, 1.0),
    (5, 0): (-0.6, -0.539794, -0.400009, 0.0, 0.295521, 0.400009, 0.495425, 0.6, 0.8, 1.0),
    (3, 2): (0.199144, 0.256923, 0.358203, 0.4, 0.412980, 0.441797, 0.503776, 0.600856, 0.800009, 1.0),
}
SPEC_LOGICLE = {  # T = 1000, M = 4, (W, A)
    (1.0, 0.0): (0.067574, 0.147986, 0.228752, 0.25, 0.256384, 0.271248, 0.312897, 0.432426, 0.739548, 1.0),
    (1.0, 1.0): (0.254059, 0.318389, 0.383001, 0.4, 0.405107, 0.416999, 0.450318, 0.545941, 0.791638, 1.0),
    (0.0, 1.0): (-0.200009, -0.139829, -0.000856, 0.2, 0.303776, 0.400856, 0.495521, 0.600009, 0.8, 1.0),
}
SPEC_HYPERLOG = {  # T = 1000, M = 4, (W, A)
    (1.0, 0.0): (0.083554, 0.155868, 0.229477, 0.25, 0.256239, 0.270523, 0.309091, 0.416446, 0.731875, 1.0),
    (1.0, 1.0): (0.266843, 0.324695, 0.383581, 0.4, 0.404991, 0.416419, 0.447273, 0.533157, 0.785500, 1.0),
    (0.01, 1.0): (0.017447, 0.106439, 0.182593, 0.202, 0.207833, 0.221407, 0.259838, 0.386553, 0.774211, 1.0),
}


def test_every_published_value_of_the_specification_is_met():
    def near(found, expected):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1.1e-6)  # the tables have six digits

    for (t, a), row in SPEC_FLIN.items():
        near(linear(np.array(SPEC_FLIN_X), t, a), row)
    for (t, m), row in SPEC_FLOG.items():
        near(log(np.array(SPEC_FLOG_X), t, m), row)
    for (m, a), row in SPEC_FASINH.items():
        near(Fasinh(1000, m, a).forward(np.array(SPEC_X)), row)
    for (w, a), row in SPEC_LOGICLE.items():
        near(logicle(np.array(SPEC_X), 1000, w, 4, a), row)
    for (w, a), row in SPEC_HYPERLOG.items():
        near(hyperlog(np.array(SPEC_X), 1000, w, 4, a), row)


def reference_logicle(x, t, w, m, a):
    """Moore & Parks (2012): S(y) = a e^(b y) - c e^(-d y) - f, solved by halving in long numbers."""
    from decimal import Decimal, getcontext

    getcontext().prec = 40
    t, w, m, a = (Decimal(value) for value in (t, w, m, a))
    total = m + a
    width, b = w / total, total * Decimal(10).ln()
    x2 = a / total
    x1, x0 = x2 + width, x2 + 2 * width
    d = b if width == 0 else _root(lambda d: 2 * (d.ln() - b.ln()) + width * (b + d), Decimal("1e-12"), b)
    c_over_a = ((b + d) * x0).exp()
    mf_over_a = (b * x1).exp() - c_over_a / (d * x1).exp()
    top = t / (b.exp() - mf_over_a - c_over_a / d.exp())

    def signal(y):
        return top * ((b * y).exp() - c_over_a * (-d * y).exp() - mf_over_a) - Decimal(abs(x))

    place = _root(signal, x1, Decimal(4))
    return float(place if x >= 0 else 2 * x1 - place)  # the negative side mirrors the positive one


def _root(function, low, high):
    for _ in range(130):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < 0 else (low, middle)
    return (low + high) / 2


@pytest.mark.parametrize(
    ("w", "a"), [(0.0, 0.0), (0.5, 0.0), (1.0, 0.5), (2.25, 0.0), (0.5, -0.25), (0.0, 2.0)]
)
def test_logicle_is_the_formula_of_moore_and_parks_in_forty_digits(w, a):
    for x in (-1e6, -1e3, -1.0, -1e-3, 0.0, 0.5, 30.0, 1e4, 262144.0, 1e6):
        expected = reference_logicle(x, 262144, w, 4.5, a)
        assert abs(logicle(np.array([x]), 262144, w, 4.5, a)[0] - expected) <= 1e-9, (x, w, a)


@st.composite
def scales(draw):
    """Any scale at all, with the edges of what its parameters may be."""
    t = draw(st.one_of(st.sampled_from([1000.0, 262144.0]), st.floats(100.0, 1e6)))
    m = draw(st.one_of(st.sampled_from([4.0, 4.5]), st.floats(2.0, 7.0)))
    kind = draw(st.sampled_from(["linear", "log", "fasinh", "arcsinh", "logicle", "hyperlog"]))
    if kind == "linear":
        return Linear(t, draw(st.floats(-0.5 * t, t)))
    if kind == "log":
        return Log(t, m)
    if kind == "fasinh":
        return Fasinh(t, m, draw(st.one_of(st.sampled_from([0.0, m]), st.floats(0.0, m))))
    if kind == "arcsinh":
        return Arcsinh(draw(st.floats(0.1, 1e4)))
    least = 0.0 if kind == "logicle" else 0.01
    w = draw(st.one_of(st.sampled_from([least, m / 2]), st.floats(least, m / 2)))
    a = draw(st.one_of(st.sampled_from([-w, 0.0, m - 2 * w]), st.floats(-w, m - 2 * w)))
    return (Logicle if kind == "logicle" else Hyperlog)(t, w, m, min(max(a, -w), m - 2 * w))


SIGNALS = st.lists(
    st.one_of(st.sampled_from([0.0, 1.0, -1.0, 1e6, -1e6, 262144.0]), st.floats(-1e6, 1e6)),
    min_size=1,
    max_size=8,
)


@given(scales(), SIGNALS)
@example(Logicle(757112.0, 3.34375, 6.71875, -3.34375), [46124.0])  # the kernel's search gives up there
@example(Log(1000.0, 4.0), [5e-324])  # the smallest number above zero has a logarithm
@settings(max_examples=150, deadline=None)
def test_every_scale_comes_back_rises_and_ends_at_one(scale, signals):
    x = np.unique(np.array(signals))
    x = x[x > 0] if isinstance(scale, Log) else x
    display = scale.forward(x)
    assert np.isfinite(display).all()
    back = scale.inverse(display)
    assert (np.abs(back - x) <= 1e-9 * np.maximum(1.0, np.abs(x))).all(), (scale, x, back)
    assert (np.diff(display) >= 0).all()
    apart = np.diff(x) > 1e-6 * np.maximum(1.0, np.abs(x[1:]))
    assert (np.diff(display)[apart] > 0).all()
    if not isinstance(scale, Arcsinh):
        assert scale.forward(np.array([scale.t]))[0] == pytest.approx(1.0, abs=1e-12)


@given(scales(), SIGNALS)
@settings(max_examples=200, deadline=None)
def test_every_scale_equals_flowutils_wherever_flowutils_has_it(scale, signals):
    from flowutils import transforms as peer

    x = np.array(signals)
    x[np.abs(x) < 1e-6] = 0.0  # FlowUtils answers -1 to tiny signals where W is 0; see the next test
    if isinstance(scale, Logicle | Hyperlog):
        function = peer.logicle if isinstance(scale, Logicle) else peer.hyperlog
        theirs = function(x, None, scale.t, scale.m, scale.w, scale.a)
    elif isinstance(scale, Fasinh):
        theirs = peer.asinh(x, None, scale.t, scale.m, scale.a)
    elif isinstance(scale, Log):
        x = np.abs(x) + 1e-3
        theirs = peer.log(x, None, scale.t, scale.m)
    else:
        return
    np.testing.assert_allclose(scale.forward(x), np.asarray(theirs).ravel(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("w", [0.0, 1e-12, 1e-7, 1e-5, 1e-4, 1e-3, 0.009])
@pytest.mark.parametrize("t", [1000.0, 262144.0, 1e7])
def test_a_linear_region_of_nearly_nothing_is_right_where_flowutils_is_silently_wrong(w, t):
    tiny = np.logspace(-300, -1, 60)
    x = np.concatenate([-LINEAR, -tiny, tiny, LINEAR])
    for scale in (Logicle(t, w, 4.5, 0.5), Hyperlog(t, max(w, 1e-15), 4.5, 0.5)):
        display = scale.forward(x)
        assert (np.abs(scale.inverse(display) - x) <= 1e-9 * np.maximum(1.0, np.abs(x))).all()
        assert (np.diff(display[np.argsort(x, kind="stable")]) >= -1e-12).all()
    narrow = Logicle(t, 0.0, 4.5, 0.5).forward(x)  # without a linear region logicle is GatingML's fasinh
    np.testing.assert_allclose(narrow, Fasinh(t, 4.5, 0.5).forward(x), rtol=0, atol=1e-12)


def test_plain_functions_are_the_scales():
    x = np.array([-300.0, 0.0, 20.0, 5e5])
    for found, scale in (
        (hyperlog(x, 1e5, 0.4, 5, 0.1), Hyperlog(1e5, 0.4, 5, 0.1)),
        (log(x, 1e4, 3), Log(1e4, 3)),
        (linear(x, 1e4, 7), Linear(1e4, 7)),
        (logicle(x), Logicle()),
    ):
        np.testing.assert_array_equal(found, scale.forward(x))


def test_every_scale_has_ticks_where_its_labels_say():
    words = {"10³": 1e3, "10⁴": 1e4, "10⁵": 1e5}
    for scale, low in (
        (Log(), 5.0), (FlowJoLog(10.0, 4.5), 10.0), (Fasinh(), -1000.0), (Biex(), -500.0),
        (Hyperlog(), -500.0),
    ):  # fmt: skip
        ticks = scale.ticks(low, 262144)
        placed = dict(zip(ticks.labels, ticks.major, strict=True))
        for label, value in words.items():
            assert placed[label] == pytest.approx(scale.forward(np.array([value]))[0], abs=1e-12)
    with pytest.raises(TransformError, match="0 < low < high"):
        Log().ticks(-5.0, 1e5)


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
    for scale in (Logicle(), Logicle(w=0.0), Hyperlog(w=1e-4), Arcsinh()):
        display = scale.forward(values)
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
