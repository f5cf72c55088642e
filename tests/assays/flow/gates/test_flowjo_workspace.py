"""FlowJo 10 workspaces: the counts that FlowJo gives for real ones, every gate and scale on made ones."""

from __future__ import annotations

import numpy as np
import pytest

from exoraw.assays.flow.fcs import read_fcs, write_fcs
from exoraw.assays.flow.gates import (
    Biex,
    Boolean,
    GateError,
    Workspace,
    populations,
    populations_of,
    read_workspace,
)
from exoraw.assays.flow.gates.flowjo_gates import drawn_ellipse
from exoraw.assays.flow.gates.flowjo_populations import unique_names
from exoraw.assays.flow.transforms import Logicle
from exoraw.io.errors import FormatError

DIAMOND, LINE = "simple_diamond_example", "simple_line_example"
REAL = [
    (DIAMOND, "simple_diamond_example_quad_gate", [49671, 50596, 50330, 49403]),
    (DIAMOND, "test_data_diamond_asinh_rect", [50559]),
    (DIAMOND, "test_data_diamond_asinh_rect2", [50699]),
    (DIAMOND, "test_data_diamond_biex_rect", [50605]),
    (LINE, "single_ellipse_51_events", [51]),
    (LINE, "simple_poly_and_rect_v2_poly50", [50, 0]),
    (LINE, "simple_poly_and_rect", [0, 0]),
]


@pytest.fixture
def events(rng):
    return np.column_stack(
        [rng.normal(60_000, 30_000, 20_000), 10 ** rng.uniform(0, 5.4, (2, 20_000)).T - 500]
    )


CHANNELS = ("FSC-A", "FITC-A", "PE/A")
SQUARE = ((1000.0, 1000.0), (50_000.0, 1000.0), (50_000.0, 50_000.0), (1000.0, 50_000.0))


def opened(tmp_path, text: str) -> Workspace:
    path = tmp_path / "lab.wsp"
    path.write_text(text, encoding="utf-8")
    return read_workspace(path)


@pytest.mark.parametrize(("folder", "name", "expected"), REAL, ids=[row[1] for row in REAL])
def test_real_workspaces_give_the_counts_that_flowjo_gives(shared, folder, name, expected):
    place = shared / "data/flow/flowkit" / folder
    workspace = read_workspace(place / f"{name}.wsp")
    (sample,) = workspace.samples
    data = read_fcs(place / sample.file)
    tree = populations_of(sample.strategy(), data)
    assert [row.count for row in tree.rows] == expected
    if sample.name.startswith("test_data_diamond"):  # FlowJo did not recount the others after the last change
        assert [sample.counts[row.name] for row in tree.rows] == expected


@pytest.mark.parametrize("scale", ["LINEAR", "LOG", "BIEX", "LOGICLE", "FASINH"])
def test_polygons_have_straight_sides_on_every_scale(tmp_path, events, flowjo, scale):
    opening = getattr(flowjo, scale)
    axes = flowjo.axis("FSC-A") + flowjo.axis("FITC-A", opening)
    corners = ((20_000.0, 100.0), (90_000.0, 300.0), (60_000.0, 60_000.0))
    pop = flowjo.population("p", flowjo.polygon("FSC-A", "FITC-A", corners))
    (sample,) = opened(tmp_path, flowjo.workspace(flowjo.sample("a.fcs", CHANNELS, axes, pop))).samples
    tree = populations(sample.strategy(), events, CHANNELS)
    on_scale = sample.axes["FITC-A"].scale.forward
    ends = np.array(corners)
    y, v = on_scale(events[:, 1]), on_scale(ends[:, 1])
    sides = [
        (ends[j, 0] - ends[i, 0]) * (y - v[i]) - (v[j] - v[i]) * (events[:, 0] - ends[i, 0])
        for i, j in ((0, 1), (1, 2), (2, 0))
    ]
    expected = np.all([side >= 0 for side in sides], axis=0)
    np.testing.assert_array_equal(tree.mask("p"), expected)
    assert 100 < expected.sum() < 19_900


def test_a_rectangle_is_the_same_on_every_scale_even_an_unknown_one(tmp_path, events, flowjo):
    masks = []
    for opening in (flowjo.LINEAR, flowjo.BIEX, flowjo.MILTENYI):
        gate = flowjo.rectangle(flowjo.dimension("FITC-A", 300.5, 70_000.25))
        axes = flowjo.axis("FITC-A", opening)
        text = flowjo.workspace(flowjo.sample("a.fcs", CHANNELS, axes, flowjo.population("r", gate)))
        (sample,) = opened(tmp_path, text).samples
        masks.append(populations(sample.strategy(), events, CHANNELS).mask("r"))
    expected = (events[:, 1] >= 300.5) & (events[:, 1] < 70_000.25)
    for mask in masks:
        np.testing.assert_array_equal(mask, expected)


@pytest.mark.parametrize("scale", ["LINEAR", "LOG", "BIEX", "LOGICLE", "FASINH"])
def test_an_ellipse_is_kept_in_256ths_of_the_axes(tmp_path, events, flowjo, scale):
    foci = np.array([[70.0, 120.0], [130.0, 180.0]])
    centre, direction = foci.mean(axis=0), np.array([1.0, 1.0]) / np.sqrt(2)
    a, b = 60.0, np.sqrt(60.0**2 - 30**2 * 2)
    across = np.array([-1.0, 1.0]) / np.sqrt(2)
    edge = [centre + a * direction, centre - a * direction, centre + b * across, centre - b * across]
    axes = flowjo.axis("FSC-A") + flowjo.axis("FITC-A", getattr(flowjo, scale))
    pop = flowjo.population("e", flowjo.ellipse("FSC-A", "FITC-A", foci, edge))
    (sample,) = opened(tmp_path, flowjo.workspace(flowjo.sample("a.fcs", CHANNELS, axes, pop))).samples
    got = populations(sample.strategy(), events, CHANNELS).mask("e")
    x, y = (sample.axes[c].scale.forward(events[:, i]) for i, c in enumerate(("FSC-A", "FITC-A")))
    top = 4096.0 if scale == "BIEX" else 1.0
    place = np.column_stack([x * 256, y / top * 256])
    sums = sum(np.hypot(*(place - focus).T) for focus in foci)  # the ellipse of the gardener
    np.testing.assert_array_equal(got, sums <= 2 * a)
    assert 100 < got.sum() < 19_900


def test_a_circle_and_rounded_edges_make_an_ellipse():
    centre, covariance = drawn_ellipse(
        np.array([[5.0, 5.0]] * 2), np.array([[5.0, 9.0], [5.0, 1.0], [1.0, 5.0], [9.0, 5.0]])
    )
    np.testing.assert_allclose(covariance, np.eye(2) * 16, atol=1e-12)
    np.testing.assert_array_equal(centre, [5.0, 5.0])
    with pytest.raises(GateError, match="nearer to its centre"):
        drawn_ellipse(
            np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([[4.0, 0.0], [6.0, 0.0], [5.0, 1], [5.0, -1]])
        )


def tree_of_gates(flowjo) -> str:
    """cells > A (polygon), not A (outside of it), B > A again; And, Or, Not nodes over them."""
    a = flowjo.population(
        "A", flowjo.rectangle(flowjo.dimension("FITC-A", 1000.0)), flowjo.population(
            "bright", flowjo.rectangle(flowjo.dimension("PE_A", 5000.0))), count=12)  # fmt: skip
    b = flowjo.population(
        "B", flowjo.rectangle(flowjo.dimension("PE_A", 1000.0), inside=0),
        flowjo.population("bright", flowjo.rectangle(flowjo.dimension("FITC-A", high=900.0))),
    )  # fmt: skip
    nodes = (
        flowjo.boolean("AndNode", "A and B", ["cells/A", "cells/B"]),
        flowjo.boolean("OrNode", "A or B", ["cells/A", "cells/B"], flowjo.population(
            "left", flowjo.rectangle(flowjo.dimension("FSC-A", high=60_000.0)))),
        flowjo.boolean("NotNode", "not A", ["cells/A"]),
    )  # fmt: skip
    cells = flowjo.population("cells", flowjo.rectangle(flowjo.dimension("FSC-A", 30_000.0)), a, b, *nodes)
    return flowjo.workspace(flowjo.sample("a.fcs", CHANNELS, flowjo.axis("FITC-A"), cells))


def test_a_tree_with_boolean_gates_and_repeated_names_is_read_whole(tmp_path, events, flowjo):
    (sample,) = opened(tmp_path, tree_of_gates(flowjo)).samples
    tree = populations(sample.strategy(), events, CHANNELS)
    fsc, fitc, pe = events.T
    cells = fsc >= 30_000
    a, b = cells & (fitc >= 1000), cells & ~(pe >= 1000)
    expected = {
        "cells": cells, "A": a, "B": b, "bright in A": a & (pe >= 5000), "bright in B": b & (fitc < 900),
        "A and B": a & b, "A or B": a | b, "left": (a | b) & (fsc < 60_000), "not A": cells & ~a,
    }  # fmt: skip
    assert {row.name for row in tree.rows} == set(expected)
    for name, mask in expected.items():
        np.testing.assert_array_equal(tree.mask(name), mask, err_msg=name)
    assert tree["bright in A"].path == ("cells", "A", "bright in A")
    assert sample.counts == {"A": 12}
    assert sample.file == "a.fcs"


def test_names_that_several_populations_have_are_told_apart():
    routes = [
        ("A",),
        ("A", "x"),
        ("B",),
        ("B", "x"),
        ("B", "A"),
        ("x in A",),
        ("B", "A", "x"),
        ("C", "A", "x"),
    ]
    names = unique_names(routes)
    assert len(set(names.values())) == len(routes)
    assert names["B", "x"] == "x in B"
    assert names["C", "A", "x"] == "x in A in C"
    assert unique_names([("live",), ("live", "CD4")]) == {("live",): "live", ("live", "CD4"): "CD4"}


def test_compensated_parameters_are_compensated_and_the_others_not(tmp_path, events, flowjo):
    rows = {"FITC-A": {"FITC-A": 1.0, "PE/A": 0.15}, "PE/A": {"FITC-A": 0.02, "PE/A": 1.0}}
    spill = flowjo.matrix(rows)
    pops = [
        flowjo.population("comp", flowjo.rectangle(flowjo.dimension("Comp-PE/A", 500.0))),
        flowjo.population("raw", flowjo.rectangle(flowjo.dimension("PE/A", 500.0))),
    ]
    text = flowjo.workspace(flowjo.sample("a.fcs", CHANNELS, flowjo.axis("Comp-PE/A"), *pops, spill=spill))
    (sample,) = opened(tmp_path, text).samples
    tree = populations(sample.strategy(), events, CHANNELS)
    true = np.linalg.solve(np.array([[1, 0.15], [0.02, 1]]).T, events[:, 1:].T).T
    np.testing.assert_array_equal(tree.mask("comp"), true[:, 1] >= 500)
    np.testing.assert_array_equal(tree.mask("raw"), events[:, 2] >= 500)
    assert not np.array_equal(tree.mask("comp"), tree.mask("raw"))


def test_samples_are_found_by_name_or_file(tmp_path, flowjo):
    pop = flowjo.population("r", flowjo.rectangle(flowjo.dimension("FSC-A", 1.0)))
    pair = [flowjo.sample(name, CHANNELS, "", pop) for name in ("tube_1.fcs", "tube_2.fcs")]
    workspace = opened(tmp_path, flowjo.workspace(*pair))
    assert workspace.sample("tube_2.fcs").file == "tube_2.fcs"
    with pytest.raises(GateError, match=r"no sample is called .* Did you mean tube_1.fcs"):
        workspace.sample("tube-1.fcs")


def refused(tmp_path, flowjo, pop: str, axes: str = "", **more) -> str:
    """The message of a workspace whose one gate cannot be read, after checking that nothing is silent."""
    child = flowjo.population("child", flowjo.rectangle(flowjo.dimension("FSC-A", 1.0)))
    pop = pop.replace("</Population>", f"<Subpopulations>{child}</Subpopulations></Population>", 1)
    good = flowjo.population("good", flowjo.rectangle(flowjo.dimension("FSC-A", 1.0)))
    user = flowjo.boolean("NotNode", "user", ["bad"])
    text = flowjo.workspace(flowjo.sample("a.fcs", CHANNELS, axes, good, user, pop, **more))
    (sample,) = opened(tmp_path, text).samples
    assert [gate.name for gate in sample.readable.gates] == ["good"]
    assert {"bad", "user"} <= {refusal.path[0] for refusal in sample.refusals}
    with pytest.raises(GateError) as caught:
        sample.strategy()
    assert all(str(refusal) in str(caught.value) for refusal in sample.refusals)
    return str(caught.value)


def test_a_polygon_on_an_unknown_scale_is_refused_with_name_and_place(tmp_path, flowjo):
    axes = flowjo.axis("FSC-A") + flowjo.axis("FITC-A", flowjo.MILTENYI)
    message = refused(
        tmp_path, flowjo, flowjo.population("bad", flowjo.polygon("FSC-A", "FITC-A", SQUARE)), axes
    )
    assert 'parameter "FITC-A": its scale in FlowJo is "miltenyi" (line 4)' in message
    assert "change it in FlowJo" in message
    assert "bad/child (line" in message


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda f: f.population("bad", "<gating:CurlyQuad/>"), "a CurlyQuad is not supported"),
        (lambda f: f.population("bad", ""), "not exactly one gate"),
        (lambda f: f.population("bad", f.rectangle(f.dimension("FITC_A", 1.0))), "Did you mean FITC-A"),
        (lambda f: f.population("bad", f.rectangle(f.dimension("Comp-FITC-A", 1.0))), "compensated ones"),
        (lambda f: f.population("bad", f.rectangle(f.dimension("Kinetics", 1.0))), "no channel of the file"),
        (lambda f: f.population("bad", f.rectangle(f.dimension("FSC-A", 2.0, 1.0))), "lies below the low"),
        (lambda f: f.population("bad", f.polygon("FSC-A", "FITC-A", SQUARE[:2])), "has no scale"),
        (lambda f: f.boolean("NotNode", "bad", ["gone"]), '"gone", which is no population'),
        (lambda f: f.boolean("AndNode", "bad", ["good"]), "needs 2 populations or more"),
        (lambda f: f.boolean("XorNode", "bad", ["good"]), "a XorNode is not supported"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_listed_never_left_out(tmp_path, flowjo, make, expected):
    assert expected in refused(tmp_path, flowjo, make(flowjo))


def test_a_gain_is_refused_because_nobody_says_on_which_side_gates_stand(tmp_path, flowjo):
    axes = flowjo.axis("FSC-A", flowjo.LINEAR.replace('gain="1"', 'gain="4"'))
    bad = flowjo.population("bad", flowjo.rectangle(flowjo.dimension("FSC-A", 1.0)))
    text = flowjo.workspace(flowjo.sample("a.fcs", CHANNELS, axes, bad))
    (sample,) = opened(tmp_path, text).samples
    with pytest.raises(GateError, match=r'"FSC-A" has a gain of 4 in FlowJo \(line 4\)'):
        sample.strategy()


@pytest.mark.parametrize(
    ("gain", "first", "last"), [("1", 1000, 5000), ("0.01", 1000, 5000), ("0.02", 500, 2500)]
)
def test_a_gate_on_time_stands_in_seconds_by_flowjos_clock(tmp_path, rng, flowjo, gain, first, last):
    ticks = np.sort(rng.integers(0, 10_000, 2000))
    file = tmp_path / "a.fcs"
    signal = rng.uniform(0, 200_000, 2000)
    write_fcs(file, np.column_stack([ticks, signal]), ("Time", "FSC-A"), timestep=0.01)
    axes = flowjo.axis("FSC-A") + flowjo.axis("Time", flowjo.LINEAR.replace('gain="1"', f'gain="{gain}"'))
    corners = ((10.0, -1.0), (50.0, -1.0), (50.0, 262145.0), (10.0, 262145.0))
    pops = [
        flowjo.population("steady", flowjo.rectangle(flowjo.dimension("Time", 10.0, 50.0))),
        flowjo.population("drawn", flowjo.polygon("Time", "FSC-A", corners)),
    ]
    text = flowjo.workspace(flowjo.sample("a.fcs", ("Time", "FSC-A"), axes, *pops))
    text = text.replace("<Keywords>", '<Keywords><Keyword name="$TIMESTEP" value="0.01" />')
    strategy = opened(tmp_path, text).samples[0].strategy()
    tree = populations_of(strategy, read_fcs(file))
    assert tree["steady"].count == np.count_nonzero((ticks >= first) & (ticks < last))
    inner = np.count_nonzero((ticks > first) & (ticks < last))
    assert inner <= tree["drawn"].count <= inner + np.count_nonzero((ticks == first) | (ticks == last))
    write_fcs(file, np.column_stack([ticks, signal]), ("Time", "FSC-A"))
    with pytest.raises(GateError, match=r"\$TIMESTEP"):
        populations_of(strategy, read_fcs(file))


@pytest.mark.parametrize("scale", ["BIEX", "LOG"])
def test_a_polygon_drawn_on_the_end_of_an_axis_holds_what_piles_up_there(tmp_path, flowjo, scale):
    axes = flowjo.axis("FSC-A") + flowjo.axis("FITC-A", getattr(flowjo, scale))
    text = flowjo.workspace(flowjo.sample("a.fcs", CHANNELS, axes))
    end = opened(tmp_path, text).samples[0].axes["FITC-A"].scale.inverse(np.array([0.0]))[0]
    written = round(end, 4) + 1e-4  # as FlowJo rounds it
    corners = ((0.0, written), (200_000.0, written), (100_000.0, 90_000.0))
    pop = flowjo.population("p", flowjo.polygon("FSC-A", "FITC-A", corners))
    (sample,) = opened(tmp_path, flowjo.workspace(flowjo.sample("a.fcs", CHANNELS, axes, pop))).samples
    events = np.array([[100_000.0, end - 5000.0, 0.0], [100_000.0, end, 0.0], [250_000.0, end - 1.0, 0.0]])
    assert populations(sample.strategy(), events, CHANNELS).mask("p").tolist() == [True, True, False]


def test_parameters_that_flowjo_adds_to_the_keywords_are_no_channels(tmp_path, flowjo):
    bad = flowjo.population("bad", flowjo.rectangle(flowjo.dimension("Comp-FITC-A", 1.0)))
    text = flowjo.workspace(flowjo.sample("a.fcs", CHANNELS, "", bad))
    text = text.replace("</Keywords>", '<Keyword name="$P4N" value="Comp-FITC-A" /></Keywords>')
    with pytest.raises(GateError, match="is no channel of the file"):
        opened(tmp_path, text).samples[0].strategy()


def test_a_matrix_that_cannot_be_used_refuses_only_what_needs_it(tmp_path, flowjo):
    rows = {"FITC-A": {"FITC-A": 1.0, "PE/A": 1.0}, "PE/A": {"FITC-A": 1.0, "PE/A": 1.0}}
    bad = flowjo.population("bad", flowjo.rectangle(flowjo.dimension("Comp-FITC-A", 1.0)))
    assert "nearly the same row" in refused(tmp_path, flowjo, bad, spill=flowjo.matrix(rows))
    twice = flowjo.matrix(rows) * 2
    assert "2 spillover matrices" in refused(tmp_path, flowjo, bad, spill=twice)


def test_a_scale_whose_numbers_make_none_refuses_only_what_needs_it(tmp_path, flowjo):
    axes = flowjo.axis("FSC-A", flowjo.LINEAR.replace("262144", "0")) + flowjo.axis("FITC-A")
    bad = flowjo.population("bad", flowjo.polygon("FSC-A", "FITC-A", SQUARE))
    assert "cannot be used: linear: T=0.0" in refused(tmp_path, flowjo, bad, axes)


def test_a_workspace_without_keywords_is_read_by_the_names_it_has(tmp_path, events, flowjo):
    pop = flowjo.population("r", flowjo.rectangle(flowjo.dimension("PE_A", 100.0)))
    text = flowjo.workspace(flowjo.sample("a.fcs", CHANNELS, "", pop, keywords=False))
    strategy = opened(tmp_path, text).samples[0].strategy()
    with pytest.raises(GateError, match=r'gate "r": channel "PE_A" is not .* Did you mean PE/A'):
        populations(strategy, events, CHANNELS)


def test_parameters_of_the_scales_are_read(tmp_path, flowjo):
    axes = flowjo.axis("FITC-A", flowjo.BIEX) + flowjo.axis("FSC-A", flowjo.LOGICLE)
    (sample,) = opened(tmp_path, flowjo.workspace(flowjo.sample("a.fcs", CHANNELS, axes))).samples
    assert sample.axes["FITC-A"].scale == Biex(4.5, 0.5, -100.0, 262144.0)
    assert sample.axes["FSC-A"].scale == Logicle(262144, 0.7, 4.5, 0)
    assert sample.strategy().gates == ()


def test_gates_of_an_older_flowjo_are_refused(tmp_path, flowjo):
    text = tree_of_gates(flowjo).replace("Gating-ML/v2.0/gating", "Gating-ML/v1.5/gating")
    (sample,) = opened(tmp_path, text).samples
    assert "GatingML 2.0 of FlowJo 10" in sample.refusals[0].reason
    assert not [gate for gate in sample.readable.gates if not isinstance(gate.gate, Boolean)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("<SampleList>", "<Samples>", "</SampleList>", "</Samples>"), "with a SampleList"),
        (("Workspace", "Notebook"), "a FlowJo workspace, found"),
        (('gating:min="30000.0"', 'gating:min="many"'), r'a finite number \(dimension, min\), found "many"'),
        (('eventsInside="0"', 'eventsInside="maybe"'), "0 or 1 for eventsInside"),
        (('name="B"', 'name="A"'), "one population of each name"),
        (("</SampleList>", ""), "well-formed XML"),
        (('data-type:name="FSC-A"', 'data-type:nom="FSC-A"'), "an attribute name of fcs-dimension"),
        (("<SampleNode", "<SampleNod", "</SampleNode", "</SampleNod"), "an element SampleNode inside Sample"),
    ],
)
def test_a_damaged_workspace_is_a_format_error_with_its_line(tmp_path, flowjo, change, message):
    text = tree_of_gates(flowjo)
    for old, new in zip(change[::2], change[1::2], strict=True):
        text = text.replace(old, new)
    with pytest.raises(FormatError, match=message):
        opened(tmp_path, text)
