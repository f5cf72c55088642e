"""FlowCytometryTools both ways: the same values, the same events in every gate, or words."""

from __future__ import annotations

import builtins
import collections
import subprocess
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.assays.flow.fcs import read_fcs, write_fcs
from exoraw.assays.flow.gates import (
    Boolean,
    Dimension,
    Divider,
    Ellipsoid,
    GateError,
    Log,
    NamedGate,
    Polygon,
    Quadrant,
    Quadrants,
    Range,
    Rectangle,
    Reference,
    Strategy,
    interval,
    mask,
    populations,
    threshold,
)
from exoraw.assays.flow.interop import (
    MissingExtraError,
    flowcytometrytools,
    from_fcmeasurement,
    gate_from_fct,
    gate_to_fct,
    population_to_fct,
    quadrants_to_fct,
    strategy_from_fct,
    to_fcmeasurement,
    to_fcplate,
)
from exoraw.assays.flow.interop.fct_gates import passing
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.transforms import Arcsinh, Logicle

CHANNELS = ("FSC-A", "FITC-A", "PE/A", "Time")
A, B = Dimension("FITC-A"), Dimension("PE/A")
REAL = (
    "zoo/Accuri - C6.fcs",
    "zoo/Partec - PAS.FCS",
    "zoo_flowio/G11.fcs",  # big-endian: the package's own reader refuses it under numpy 2
    "cytoexplorer/Compensation-PE.fcs",
    "flowcal/Data001.fcs",  # log amplifiers
)


@pytest.fixture
def tube(tmp_path, rng):
    """A made tube of two populations with spillover, float32, as an instrument writes it."""
    n = 4000
    bright = rng.random(n) < 0.4
    fitc = np.where(bright, rng.normal(20_000, 5000, n), rng.normal(0, 300, n))
    pe = rng.normal(0, 300, n) + 0.15 * fitc
    events = np.column_stack([rng.normal(60_000, 9000, n), fitc, pe, np.arange(n)]).astype(np.float32)
    matrix = Spillover(("FITC-A", "PE/A"), np.array([[1, 0.15], [0.01, 1]]), "test")
    path = write_fcs(
        tmp_path / "a.fcs", events, CHANNELS, markers=["", "CD24", "CD44", ""], timestep=0.01,
        spillover=matrix, delimiter="|", ranges=[262144] * 4, keywords={"$FIL": "a.fcs", "$SRC": "A1"},
    )  # fmt: skip
    return read_fcs(path)


def real_file(shared, name):
    return read_fcs(shared / "data/flow" / name)


def test_what_is_lent_for_the_import_is_taken_back():
    flowcytometrytools()
    for name in ("MutableMapping", "Mapping", "Iterable"):
        assert not hasattr(collections, name)
    with pytest.raises(ImportError):
        __import__("numpy.lib.shape_base")


def test_a_fresh_python_with_warnings_as_errors_imports_it_and_keeps_its_own_filters():
    code = (
        "import warnings, collections\n"
        "from exoraw.assays.flow.interop import flowcytometrytools as f\n"
        "import sys; assert 'FlowCytometryTools' not in sys.modules, 'not lazy'\n"
        "m = f(); assert m.__version__ == '0.5.1'\n"
        "assert not hasattr(collections, 'Iterable')\n"
        "assert not [f for f in warnings.filters if 'FlowCytometry' in str(f)], warnings.filters\n"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env={"MPLBACKEND": "Agg"}
    )
    assert ran.returncode == 0, ran.stderr


def test_values_and_keywords_come_back_equal(tube):
    back = from_fcmeasurement(to_fcmeasurement(tube, "A1"))
    np.testing.assert_array_equal(back.events, tube.events)
    assert (back.sample, back.channels, back.markers) == ("A1", tube.channels, tube.markers)
    assert back.keywords == {key: str(value) for key, value in tube.keywords.items()}
    assert back.path == tube.path
    assert back.findings == ()
    again = from_fcmeasurement(to_fcmeasurement(back, "A1"))
    np.testing.assert_array_equal(again.events, back.events)
    assert again.markers == back.markers


@pytest.mark.parametrize("name", REAL)
def test_real_files_come_back_equal_with_the_range_of_their_linear_signal(shared, name):
    data = real_file(shared, name)
    measurement = to_fcmeasurement(data, "x")
    back = from_fcmeasurement(measurement)
    np.testing.assert_array_equal(back.events, data.events.astype(np.float64))
    assert back.channels == data.channels
    assert list(measurement.channels["$PnN"]) == list(data.channels)
    assert list(measurement.channels.index) == list(range(1, len(data.channels) + 1))
    tops = [np.nan if top is None else top for top in data.ranges]
    np.testing.assert_array_equal(measurement.channels["$PnR"].to_numpy(float), tops)


def gates_for(events):
    """Gates of every shape at places where these events lie."""
    x, y = (np.quantile(events[:, i], [0.2, 0.5, 0.8]).tolist() for i in (0, 1))
    return [
        threshold(A, at_least=x[1]),
        threshold(A, below=x[1]),
        interval(A, x[0], x[2]),
        Rectangle((Range(A, x[1]), Range(B, None, y[1]))),
        Rectangle((Range(A, x[0], x[2]), Range(B, y[0], y[2]))),
        Rectangle((Range(A, x[0], x[2]), Range(B, y[0]))),
        Polygon(A, B, ((x[0] - 0.3, y[0] - 0.7), (x[2] + 0.1, y[0] + 0.3), (x[1] + 0.2, y[2] + 0.9))),
    ]


def test_every_gate_holds_the_same_events_there_and_comes_back(tube):
    places = tube.events[:, 1:3].astype(np.float64)
    measurement = to_fcmeasurement(tube, "A1")
    for gate in gates_for(places):
        inside = mask(gate, tube.events, tube.channels)
        assert 0 < inside.sum() < len(tube)
        theirs = gate_to_fct(gate, "g")
        gated = measurement.gate(theirs)
        np.testing.assert_array_equal(gated.data.index.to_numpy(), np.flatnonzero(inside))
        assert gated.counts == inside.sum()
        if hasattr(theirs, "how"):
            strategy = strategy_from_fct({"g": theirs})
            assert populations(strategy, tube.events, tube.channels)["g"].count == inside.sum()
        else:
            assert gate_from_fct(theirs).gate == gate


@pytest.mark.parametrize("name", REAL)
def test_counts_in_gates_on_real_files_are_ours(shared, name):
    data = real_file(shared, name)
    first, second = data.channels[2], data.channels[3]
    places = data.events[:, 2:4].astype(np.float64)
    measurement = to_fcmeasurement(data, "x")
    for gate in gates_for(places):
        renamed = _renamed(gate, {"FITC-A": first, "PE/A": second})
        ours = int(mask(renamed, data.events, data.channels).sum())
        assert measurement.gate(gate_to_fct(renamed, "g")).counts == ours


def _renamed(gate, names):
    from exoraw.assays.flow.gates.strategy import dimensions_of, with_dimensions

    return with_dimensions(gate, {d: replace(d, channel=names[d.channel]) for d in dimensions_of(gate)})


def test_a_bound_that_lies_on_events_is_inside_on_the_low_side_only(tube):
    value = float(tube.events[7, 1])
    upper = float(np.sort(tube.events[:, 1])[-5])
    measurement = to_fcmeasurement(tube, "A1")
    gate = interval(A, value, upper)
    held = measurement.gate(gate_to_fct(gate)).data["FITC-A"]
    assert value in held.to_numpy()
    assert upper not in held.to_numpy()


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
@settings(max_examples=60, deadline=None)
def test_intervals_and_thresholds_come_back_with_every_digit(one, other):
    low, high = sorted((one, other))
    for gate in (threshold(A, at_least=low), threshold(A, below=high)):
        assert gate_from_fct(gate_to_fct(gate)).gate == gate
    if np.nextafter(low, np.inf) < np.nextafter(high, -np.inf):
        gate = interval(A, low, high)
        assert gate_from_fct(gate_to_fct(gate)).gate == gate


def test_an_interval_that_holds_no_number_is_refused():
    with pytest.raises(GateError, match="no signal lies between"):
        gate_to_fct(interval(A, 5.0, 5.0))


def test_quadrants_hold_the_same_events_and_sum_to_all(tube):
    cut = (Divider(A, (5000.0,)), Divider(B, (800.0,)))
    names = {"--": (0, 0), "+-": (1, 0), "-+": (0, 1), "++": (1, 1)}
    gate = Quadrants(cut, tuple(Quadrant(name, at) for name, at in names.items()))
    tree = populations(Strategy((NamedGate("q", gate),)), tube.events, tube.channels)
    measurement = to_fcmeasurement(tube, "A1")
    made = quadrants_to_fct(gate)
    assert {each.region for each in made.values()} == {"bottom left", "bottom right", "top left", "top right"}
    counts = {name: measurement.gate(each).counts for name, each in made.items()}
    assert counts == {name: tree[name].count for name in names}
    assert sum(counts.values()) == len(tube)


def a_strategy() -> Strategy:
    corners = ((30_000.0, -2000.0), (90_000.0, -2000.0), (90_000.0, 90_000.0), (30_000.0, 30_000.0))
    halves = (Divider(A, (5000.0,)), Divider(B, (0.0, 800.0)))
    return Strategy(
        (
            NamedGate("cells", Polygon(Dimension("FSC-A"), A, corners)),
            NamedGate("not dim", threshold(A, below=100.0), "cells", outside=True),
            NamedGate("q", Quadrants(halves, (Quadrant("mid", (1, 1)), Quadrant("top", (None, 2)))), "cells"),
            NamedGate("both", Boolean("and", (Reference("mid"), Reference("top", True))), "cells"),
            NamedGate("either", Boolean("or", (Reference("mid"), Reference("not dim")))),
            NamedGate("none", Boolean("not", (Reference("either"),)), "cells"),
        )
    )


def test_a_population_with_its_ancestors_is_one_gate_there(tube):
    strategy = a_strategy()
    tree = populations(strategy, tube.events, tube.channels)
    measurement = to_fcmeasurement(tube, "A1")
    for row in tree.rows:
        assert measurement.gate(population_to_fct(strategy, row.name)).counts == row.count, row.name
        again = strategy_from_fct({"back": population_to_fct(strategy, row.name)})
        assert populations(again, tube.events, tube.channels)["back"].count == row.count, row.name


def test_two_gates_joined_by_xor_are_read(tube):
    package = flowcytometrytools()
    theirs = package.ThresholdGate(1000.0, "FITC-A", "above") ^ package.IntervalGate(
        (0.0, 5000.0), "PE/A", "out"
    )
    ours = populations(strategy_from_fct({"x": theirs}), tube.events, tube.channels)
    assert ours["x"].count == to_fcmeasurement(tube, "A1").gate(theirs).counts


def test_gates_on_a_scale_hold_the_same_events_on_linear_signal(tube):
    """The bound on the scale becomes the signal at which the scale passes it."""
    measurement = to_fcmeasurement(tube, "A1")
    for scale in (Logicle(), Arcsinh(150.0), Log()):
        place = float(np.quantile(scale.forward(tube.events[:, 1]), 0.7))
        gate = threshold(Dimension("FITC-A", scale), at_least=place)
        ours = mask(gate, tube.events, tube.channels)
        np.testing.assert_array_equal(measurement.gate(gate_to_fct(gate)).data.index, np.flatnonzero(ours))


@given(st.floats(-0.3, 1.3))
@settings(max_examples=60, deadline=None)
def test_the_signal_at_which_a_scale_passes_a_place_is_exact(place):
    for scale in (Logicle(), Arcsinh(150.0), Log(262144, 4.5)):
        signal = passing(scale, place)
        if np.isfinite(signal):
            below = np.nextafter(signal, -np.inf)
            assert scale.forward(np.array([signal]))[0] >= place
            assert scale.forward(np.array([below]))[0] < place


def test_a_polygon_across_a_scale_needs_the_tube_on_that_scale(tube):
    scale = Logicle()
    x, y = Dimension("FITC-A", scale), Dimension("PE/A", scale)
    gate = Polygon(x, y, ((0.2, 0.2), (0.9, 0.25), (0.8, 0.7), (0.3, 0.6)))
    with pytest.raises(GateError, match=r"straight on Logicle.*scales="):
        gate_to_fct(gate, "drawn")
    scales = {"FITC-A": scale, "PE/A": scale}
    measurement = to_fcmeasurement(tube, "A1", scales=scales)
    theirs = gate_to_fct(gate, "drawn", scales=scales)
    ours = mask(gate, tube.events, tube.channels)
    assert 0 < ours.sum() < len(tube)
    np.testing.assert_array_equal(measurement.gate(theirs).data.index, np.flatnonzero(ours))
    assert gate_from_fct(theirs, scales=scales).gate == gate
    assert measurement.channels["$PnR"].iloc[1] == pytest.approx(1.0)
    with pytest.raises(GateError, match="use one scale for both"):
        gate_to_fct(threshold(A, at_least=5.0), scales=scales)


def test_compensation_is_done_before_and_gates_that_ask_for_it_say_so(tube):
    dimension = Dimension("PE/A", None, "M")
    strategy = Strategy((NamedGate("PE", threshold(dimension, at_least=500.0)),), {"M": tube.spillover})
    with pytest.raises(GateError, match=r"PE.*asks for compensation.*as_compensated"):
        population_to_fct(strategy, "PE")
    ours = populations(strategy, tube.events, tube.channels)["PE"].count
    measurement = to_fcmeasurement(tube, "A1", spillover=tube.spillover)
    theirs = measurement.gate(population_to_fct(strategy.as_compensated(), "PE")).counts
    assert abs(theirs - ours) <= 1  # ours is float32 as the file, theirs float64


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        (Ellipsoid((A, B), (0.0, 0.0), ((1.0, 0.0), (0.0, 1.0)), 1.0), "ellipse.*Draw it as a polygon"),
        (Boolean("not", (Reference("x"),)), "population_to_fct"),
        (Quadrants((Divider(A, (1.0,)),), (Quadrant("p", (1,)),)), "quadrants_to_fct"),
        (Rectangle((Range(A),)), "no bound at all"),
    ],
)
def test_a_shape_without_counterpart_is_refused_with_what_to_do(gate, message):
    with pytest.raises(GateError, match=message):
        gate_to_fct(gate, "g")


def test_gates_that_are_none_of_ours_are_refused_in_words():
    package = flowcytometrytools()
    above = package.ThresholdGate(1.0, "A", "above", name="up")
    with pytest.raises(GateError, match=r"combined from others \(invert\); strategy_from_fct"):
        gate_from_fct(~above)
    above.vert = "much"
    with pytest.raises(GateError, match=r'gate "up".*make no ThresholdGate'):
        gate_from_fct(above)
    with pytest.raises(GateError, match="is a object"):
        gate_from_fct(object())


@pytest.mark.parametrize("name", ["hlog", "tlog"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning:FlowCytometryTools")
def test_its_transforms_work_and_are_told_on_the_way_back(tube, name):
    measurement = to_fcmeasurement(tube, "A1")
    changed = measurement.transform(name, channels=["FITC-A", "PE/A"], use_spln=False)
    values = changed.data["FITC-A"].to_numpy()
    assert np.isfinite(values).all()
    order = np.argsort(tube.events[:, 1], kind="stable")
    assert (np.diff(values[order]) >= -1e-6).all()
    assert values.max() == pytest.approx(1e4 * np.log10(tube.events[:, 1].max()) / np.log10(262144), rel=0.02)
    back = from_fcmeasurement(changed.gate(gate_to_fct(threshold(A, at_least=3000.0))))
    assert [each.code for each in back.findings] == ["values_transformed", "events_selected"]
    assert f"FITC-A, PE/A ({name})" in back.findings[0].message
    np.testing.assert_array_equal(measurement.data["FITC-A"], tube.events[:, 1])


def test_a_measurement_that_holds_no_events_is_read_by_our_reader(tube, tmp_path):
    package = flowcytometrytools()
    bare = package.FCMeasurement("A1", datafile=str(tube.path), readmeta=False)
    back = from_fcmeasurement(bare)
    np.testing.assert_array_equal(back.events, tube.events)
    assert bare._data is None
    queued = bare.gate(gate_to_fct(threshold(A, at_least=5000.0)), apply_now=False)
    later = from_fcmeasurement(queued)
    assert len(later) == (tube.events[:, 1] >= 5000).sum()
    assert [each.code for each in later.findings] == ["events_selected"]
    with pytest.raises(GateError, match="holds no events and names no file"):
        from_fcmeasurement(package.FCMeasurement("A1", readmeta=False))


def test_a_plate_of_our_tubes_counts_and_gates_every_well(tube):
    plate = to_fcplate([to_fcmeasurement(tube, well) for well in ("A1", "B12", "H3")], "day 1")
    counts = plate.counts()
    assert counts.loc["A", 1] == counts.loc["B", 12] == counts.loc["H", 3] == len(tube)
    assert np.isnan(counts.loc["A", 2])
    gated = plate.gate(gate_to_fct(threshold(A, at_least=5000.0))).counts()
    assert gated.loc["H", 3] == (tube.events[:, 1] >= 5000).sum()
    assert "B12" in str(plate)
    assert list(plate.dropna().counts().columns) == [1, 3, 12]


@pytest.mark.parametrize(
    ("wells", "message"),
    [(["A1", "A1"], "several tubes are called A1"), (["tube 7"], "is no well of 8 x 12")],
)
def test_what_is_no_plate_is_said(tube, wells, message):
    with pytest.raises(GateError, match=message):
        to_fcplate([to_fcmeasurement(tube, well) for well in wells], "p")


@pytest.mark.filterwarnings("ignore::RuntimeWarning:FlowCytometryTools")
def test_its_pictures_are_drawn_with_our_gates(tube, tmp_path):
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    try:
        measurement = to_fcmeasurement(tube, "A1").transform("hlog", channels=["FITC-A", "PE/A"])
        corner = gate_to_fct(Rectangle((Range(A, 5000.0), Range(B, 2000.0))), "corner")
        figure = plt.figure()
        measurement.plot(["FITC-A", "PE/A"], gates=[corner], bins=80)
        figure.savefig(tmp_path / "fct.png")
        plt.figure()
        measurement.plot("FITC-A", gates=[gate_to_fct(threshold(A, at_least=5000.0))], bins=60)
        plt.figure()
        wells = [_called(measurement, "A1"), _called(measurement, "B2")]
        to_fcplate(wells, "p", shape=(2, 2)).plot(["FITC-A", "PE/A"])
        axes = plt.gcf().axes
    finally:
        plt.close("all")
    assert (tmp_path / "fct.png").stat().st_size > 5000
    assert len(axes) >= 4


def _called(measurement, well):
    copied = measurement.copy()
    copied.ID = well
    return copied


def test_a_missing_package_names_the_extra(monkeypatch):
    kept = {
        name: module for name, module in sys.modules.items() if name.split(".")[0] == "FlowCytometryTools"
    }
    for name in kept:
        monkeypatch.delitem(sys.modules, name)
    ordinary = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith(("six", "FlowCytometryTools.core.bases")):
            raise ImportError(f"No module named {name!r}")
        return ordinary(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r'pip install "exoraw\[flowcytometrytools\]"') as caught:
        flowcytometrytools()
    assert isinstance(caught.value, ImportError)
    assert "FlowCytometryTools" not in sys.modules
    assert not hasattr(collections, "Mapping")


def test_a_scale_for_a_channel_that_is_not_there_is_refused(tube):
    with pytest.raises(GateError, match=r"FITC-H.*Did you mean FITC-A"):
        to_fcmeasurement(tube, "A1", scales={"FITC-H": Logicle()})


def test_other_packages_warnings_stay_errors():
    flowcytometrytools()
    with pytest.raises(UserWarning, match="mine"):
        warnings.warn("mine", stacklevel=1)
