"""The scales of gates against FlowUtils, the tables of the GatingML 2.0 specification, and FlowJo's table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoraw.assays.flow.gates import Biex, Fasinh, FlowJoLog, Linear, Log
from exoraw.assays.flow.transforms import Arcsinh, Hyperlog, Logicle, TransformError

LINEAR = np.concatenate([-np.logspace(6, -3, 1000), [0.0], np.logspace(-3, 6, 1000)])
POSITIVE = np.logspace(-3, 6, 2000)

# GatingML 2.0 specification, tables of test values
SPEC_X = np.array([-10.0, -5.0, -1.0, 0.0, 0.3, 1.0, 3.0, 10.0, 100.0, 1000.0])
SPEC_HYPERLOG = {  # T = 1000, M = 4, (W, A)
    (1.0, 0.0): (0.083554, 0.155868, 0.229477, 0.25, 0.256239, 0.270523, 0.309092, 0.416446, 0.731875, 1.0),
    (1.0, 1.0): (0.266843, 0.324695, 0.383581, 0.4, 0.404991, 0.416419, 0.447273, 0.533157, 0.785500, 1.0),
}
SPEC_FASINH = {  # T = 1000, (M, A)
    (4.0, 1.0): (-0.200009, -0.139829, -0.000856, 0.2, 0.303776, 0.400856, 0.495521, 0.600009, 0.8, 1.0),
    (5.0, 0.0): (-0.6, -0.539794, -0.400009, 0.0, 0.295521, 0.400009, 0.495425, 0.6, 0.8, 1.0),
    (3.0, 2.0): (0.199144, 0.256923, 0.358203, 0.4, 0.412980, 0.441797, 0.503776, 0.600856, 0.800009, 1.0),
}
SPEC_LOG_X = np.array([0.5, 1.0, 10.0, 100.0, 1000.0, 1023.0, 10000.0, 100000.0, 262144.0])
SPEC_LOG = (0.139794, 0.2, 0.4, 0.6, 0.8, 0.801975, 1.0, 1.2, 1.283708)  # T = 10000, M = 5

SCALES = [
    Linear(), Linear(1000, 500), Fasinh(), Fasinh(1000, 4, 1), Arcsinh(150), Arcsinh(5), Logicle(),
    Logicle(262144, 1.0, 4.5, 1.0), Hyperlog(), Hyperlog(262144, 2.25, 4.5, 0), Hyperlog(1e5, 0.01, 5, 0.5),
]  # fmt: skip


def test_published_gatingml_values_are_met():
    for (w, a), expected in SPEC_HYPERLOG.items():
        np.testing.assert_allclose(Hyperlog(1000, w, 4, a).forward(SPEC_X), expected, atol=1e-6)
    for (m, a), expected in SPEC_FASINH.items():
        np.testing.assert_allclose(Fasinh(1000, m, a).forward(SPEC_X), expected, atol=1e-6)
    np.testing.assert_allclose(Log(10000, 5).forward(SPEC_LOG_X), SPEC_LOG, atol=1e-6)


def test_values_equal_flowutils_over_six_decades_of_both_signs():
    from flowutils import transforms as peer

    pairs = [
        (Hyperlog(262144, 0.7, 4.5, 0.2).forward(LINEAR), peer.hyperlog(LINEAR, None, 262144, 4.5, 0.7, 0.2)),
        (Logicle(262144, 0.7, 4.5, 0.2).forward(LINEAR), peer.logicle(LINEAR, None, 262144, 4.5, 0.7, 0.2)),
        (Fasinh(262144, 4.5, 0.2).forward(LINEAR), peer.asinh(LINEAR, None, 262144, 4.5, 0.2)),
        (Log(262144, 4.5).forward(POSITIVE), peer.log(POSITIVE, None, 262144, 4.5)),
    ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", SCALES, ids=repr)
def test_what_goes_through_a_scale_comes_back(scale):
    back = scale.inverse(scale.forward(LINEAR))
    assert (np.abs(back - LINEAR) <= 1e-9 * np.maximum(1, np.abs(LINEAR))).all()
    assert (np.diff(scale.forward(LINEAR)) > 0).all()


@pytest.mark.parametrize("scale", [Log(), Log(10000, 2), FlowJoLog(1e-3, 9), FlowJoLog(1e-4, 5)], ids=repr)
def test_positive_signal_comes_back_from_a_logarithm(scale):
    np.testing.assert_allclose(scale.inverse(scale.forward(POSITIVE)), POSITIVE, rtol=1e-9)


def test_signal_without_a_logarithm_lies_left_of_everything():
    display = Log(1000, 3).forward(np.array([-5.0, 0.0, np.nan, 1e-300]))
    assert display[0] == display[1] == -np.inf
    assert np.isnan(display[2])
    assert np.isfinite(display[3])
    np.testing.assert_array_equal(FlowJoLog(10, 4).forward(np.array([-5.0, 3.0, 10.0])), 0.0)


def test_signal_that_no_detector_makes_keeps_its_order_on_a_scale():
    for scale in (Logicle(), Hyperlog()):
        wild = np.array([-np.inf, -1e300, -1e60, -1e6, 0.0, 1e6, 1e60, 1e300, np.inf])
        assert (np.diff(scale.forward(wild)) > 0).all()
        assert np.isnan(scale.forward(np.array([np.nan]))[0])


# FlowJo's table by the loop that cytolib publishes, in plain Python, with the exponent solved by bisection
def cytolib_table(positive: float, negative: float, width: float, top: float) -> list[float]:
    half = np.log10(-width) / 2
    extra, decades = max(negative, 0.0) + half, positive - half
    zero = min(int(extra * 4096 / (extra + decades)), 2048)
    if zero > 0:
        decades = extra * 4096 / zero
    w, b = half / decades, np.log(10) * decades
    low, high = 0.0, b
    for _ in range(200):
        d = (low + high) / 2
        if 2 * np.log(d / b) + w * (b + d) < 0:
            low = d
        else:
            high = d
    shift = np.exp((b + d) * (w + extra / decades)) if w > 0 else np.exp(2 * b * (extra / decades))
    d = d if w > 0 else b
    curve = [np.exp(i / 4097 * b) - shift * np.exp(-i / 4097 * d) for i in range(4097)]
    signal = [top / np.exp(b) * (value - curve[zero]) for value in curve]
    return [-signal[2 * zero - i] if i < zero else signal[i] for i in range(4097)]


@pytest.mark.parametrize(
    "numbers",
    [
        (4.41854, 0.0, -10.0, 262144.000029),
        (4.5, 1.0, -100.0, 262144.0),
        (4.2, 0.5, -1.0, 2.6e5),
        (5, 0.3, -1000, 1e6),
    ],
)
def test_biex_is_the_table_that_cytolib_publishes(numbers):
    table = np.array(cytolib_table(*numbers))
    scale = Biex(*numbers)
    channels = np.arange(4097.0)
    np.testing.assert_allclose(scale.inverse(channels), table, rtol=0, atol=1e-9 * numbers[3])
    np.testing.assert_allclose(scale.forward(table), channels, atol=1e-4)
    inside = np.linspace(table[0], table[-1], 20_001)
    np.testing.assert_allclose(scale.inverse(scale.forward(inside)), inside, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(scale.forward(np.array([-1e9, 1e9])), [0.0, 4096.0])


@given(st.floats(1.5, 6), st.floats(0, 1), st.floats(-1000, -1), st.floats(1e3, 1e7))
def test_every_biex_axis_rises(positive, negative, width, top):
    if positive <= np.log10(-width) / 2:
        return
    signal = Biex(positive, negative, width, top).inverse(np.arange(4097.0))
    assert (np.diff(signal) > 0).all()


@pytest.mark.parametrize(
    ("make", "numbers"),
    [
        (Linear, (0, 0)), (Linear, (-5, 2)), (Log, (0, 4)), (Log, (10, 0)), (Log, (np.nan, 1)),
        (Fasinh, (10, 0, 0)), (Fasinh, (10, 4, -1)), (Fasinh, (10, 4, 5)), (Fasinh, (10, 400, 0)),
        (Hyperlog, (10, 0, 4, 0)), (Hyperlog, (10, 3, 4, 0)), (FlowJoLog, (0, 4)), (FlowJoLog, (1, -4)),
        (Biex, (4, 0, 10, 1000)), (Biex, (4, 0, -0.5, 1000)), (Biex, (1, 0, -1000, 1000)),
        (Biex, (40, 0, -10, 9)),
        (Biex, (4, 0, -10, -1)), (Biex, (4, np.inf, -10, 1)),
    ],
)  # fmt: skip
def test_numbers_that_make_no_scale_are_refused(make, numbers):
    with pytest.raises(TransformError, match="is no scale"):
        make(*numbers)
