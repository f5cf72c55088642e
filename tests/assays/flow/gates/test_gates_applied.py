"""A lab's gate file on a tube: counts, rows, renamed channels, matrices, workspaces, picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from exoraw.assays.flow.compensation import compensate
from exoraw.assays.flow.fcs import read_fcs, write_fcs
from exoraw.assays.flow.gates import (
    NO_MATRIX,
    Boolean,
    Dimension,
    Divider,
    Ellipsoid,
    FlowJoLog,
    GateError,
    Linear,
    Log,
    NamedGate,
    Polygon,
    Quadrant,
    Quadrants,
    Range,
    Rectangle,
    Reference,
    Strategy,
    gatingml,
    populations,
    strategy_yaml,
    threshold,
)
from exoraw.assays.flow.gates.apply import (
    check_populations,
    gate_events,
    gate_in_words,
    gate_tube,
    population_rows,
)
from exoraw.assays.flow.gates.channel_names import fit_to_channels
from exoraw.assays.flow.gates.files import read_gate_file
from exoraw.assays.flow.gates.finding_kinds import FINDING_KINDS
from exoraw.assays.flow.gates.picture import hierarchy_plot
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.transforms import Logicle
from exoraw.io.errors import FormatError

CHANNELS = ("FSC-A", "SSC-A", "FITC-A", "PE-A", "Time")
MARKERS = ("", "", "CD24", "CD44", "")
MATRIX = Spillover(("FITC-A", "PE-A"), np.array([[1.0, 0.15], [0.02, 1.0]]), "single stains")
CODES = {kind.code for kind in FINDING_KINDS}


@pytest.fixture
def events(rng):
    n = 3000
    bright = rng.random(n) < 0.5
    fitc = np.where(bright, rng.normal(9000, 2000, n), rng.normal(0, 200, n))
    pe = np.where(bright, rng.normal(0, 200, n), rng.normal(5000, 1500, n))
    measured = np.column_stack([fitc, pe]) @ MATRIX.matrix
    scatter = rng.normal((60_000, 30_000), (15_000, 9_000), (n, 2))
    return np.column_stack([scatter, measured, np.arange(n)])


def strategy() -> Strategy:
    corners = ((20_000.0, 5_000.0), (110_000.0, 5_000.0), (100_000.0, 70_000.0), (20_000.0, 60_000.0))
    halves = (Divider(Dimension("FITC-A", Logicle()), (0.4,)), Divider(Dimension("PE-A", Logicle()), (0.4,)))
    names = {"--": (0, 0), "+-": (1, 0), "-+": (0, 1), "++": (1, 1)}
    return Strategy(
        (
            NamedGate("cells", Polygon(Dimension("FSC-A"), Dimension("SSC-A"), corners)),
            NamedGate("q", Quadrants(halves, tuple(Quadrant(k, v) for k, v in names.items())), "cells"),
            NamedGate("not ++", Boolean("not", (Reference("++"),)), "cells"),
        )
    )


def test_gates_that_name_no_matrix_see_the_tubes_own(events):
    gated = gate_events(strategy(), events, CHANNELS, MARKERS, matrix=MATRIX)
    true = compensate(events, CHANNELS, MATRIX)
    expected = populations(strategy(), true, CHANNELS)
    assert [row.count for row in gated.tree.rows] == [row.count for row in expected.rows]
    assert gated.findings == ()
    raw = gate_events(strategy(), events, CHANNELS)
    assert [row.count for row in raw.tree.rows] != [row.count for row in expected.rows]


def test_rows_are_a_tree_with_counts_and_shares(events):
    gated = gate_events(strategy(), events, CHANNELS, MARKERS, matrix=MATRIX, source="lab.yaml")
    rows = population_rows(gated, "tube 1", "abc")
    assert len({tuple(row) for row in rows}) == 1
    assert [row["population"] for row in rows] == ["all events", "cells", "--", "+-", "-+", "++", "not ++"]
    by_name = {row["population"]: row for row in rows}
    assert by_name["all events"]["count"] == len(events)
    assert by_name["+-"]["path"] == "all events/cells/+-"
    assert by_name["+-"]["parent"] == "cells"
    cells = by_name["cells"]["count"]
    assert sum(by_name[name]["count"] for name in ("--", "+-", "-+", "++")) == cells
    assert by_name["+-"]["percent_parent"] == pytest.approx(100 * by_name["+-"]["count"] / cells)
    assert by_name["+-"]["percent_total"] == pytest.approx(100 * by_name["+-"]["count"] / len(events))
    assert by_name["cells"]["gate"] == "polygon on FSC-A and SSC-A"
    assert by_name["not ++"]["gate"] == "not ++"
    assert {row["entity"] for row in rows} == {f"population:{row['population']}" for row in rows}
    assert {row["gate_source"] for row in rows} == {"lab.yaml"}


def test_an_empty_tube_has_rows_without_shares():
    gated = gate_events(strategy(), np.zeros((0, 5)), CHANNELS, matrix=MATRIX)
    for row in population_rows(gated, "empty"):
        assert row["count"] == 0
        assert row["percent_parent"] is None
        assert row["percent_total"] is None


@pytest.mark.parametrize(
    ("channels", "markers"),
    [
        (("FSC-A", "SSC-A", "B530-A", "Y585-A", "Time"), ("", "", "FITC-A", "PE-A", "")),
        (("fsc-a", "SSC A", "FITC_A", "PE/A", "TIME"), ("", "", "", "", "")),
    ],
)
def test_a_channel_renamed_between_days_is_found_by_its_stain_or_spelling_and_said(events, channels, markers):
    gated = gate_events(strategy(), events, channels, markers)
    expected = gate_events(strategy(), events, CHANNELS)
    assert [row.count for row in gated.tree.rows] == [row.count for row in expected.tree.rows]
    renamed = [each for each in gated.findings if each.code == "channel_renamed"]
    assert {each.entity for each in renamed} == {
        f"channel:{new}" for new, old in zip(channels, CHANNELS, strict=True) if new != old and old != "Time"
    }
    for each in renamed:
        assert each.severity == "warning"


def test_the_matrix_of_the_gates_is_renamed_with_them(events):
    dimension = Dimension("FITC-A", None, "M")
    gates = Strategy((NamedGate("p", threshold(dimension, at_least=500.0)),), {"M": MATRIX})
    expected = gate_events(gates, events, CHANNELS).tree["p"].count
    renamed = ("FSC-A", "SSC-A", "fitc-a", "pe-a", "Time")
    assert gate_events(gates, events, renamed).tree["p"].count == expected


def test_a_channel_that_is_not_there_is_named_with_gate_and_nearest_never_guessed():
    gates = Strategy((NamedGate("PE high", threshold(Dimension("PE-A"), at_least=1.0)),))
    with pytest.raises(GateError, match=r'gate "PE high": the tube has no channel "PE-A".*another panel'):
        fit_to_channels(gates, ("FSC-A", "PE-Cy7-A"))
    with pytest.raises(GateError, match=r"could be X, Y of this tube"):
        fit_to_channels(gates, ("X", "Y"), ("PE-A", "PE-A"))
    both = Strategy(
        (
            NamedGate("a", threshold(Dimension("PE-A"), at_least=1.0)),
            NamedGate("b", threshold(Dimension("pe a"), at_least=1.0)),
        )
    )
    with pytest.raises(GateError, match="only"):
        fit_to_channels(both, ("PE-A",))


def test_gates_drawn_on_another_or_no_compensation_are_said(events):
    def only(compensation, **matrices):
        gate = NamedGate("p", threshold(Dimension("PE-A", None, compensation), at_least=900.0))
        return Strategy((gate,), matrices)

    other = Spillover(MATRIX.channels, np.array([[1.0, 0.5], [0.02, 1.0]]), "Acquisition-defined")
    near = Spillover(MATRIX.channels[::-1], np.array([[1.0, 0.02], [0.15002, 1.0]]), "file")
    cases = [
        (only("uncompensated"), NO_MATRIX, ["gate_uncompensated"]),
        (only("FCS"), NO_MATRIX, ["gate_uncompensated"]),
        (only("FCS"), other, ["gate_other_matrix"]),
        (only("M", M=other), NO_MATRIX, ["gate_other_matrix"]),
        (only("M", M=near), NO_MATRIX, []),
        (only("FCS"), near, []),
        (only(""), NO_MATRIX, []),
    ]
    for gates, from_file, expected in cases:
        gated = gate_events(gates, events, CHANNELS, matrix=MATRIX, from_file=from_file)
        assert [each.code for each in gated.findings] == expected
        assert set(expected) <= CODES


def lab_workspace(flowjo, *names: str, spill: str = "") -> str:
    gate = flowjo.polygon("FSC-A", "FITC-A", ((2e4, -500.0), (1.1e5, -500.0), (1.1e5, 3000.0), (2e4, 3000.0)))
    axes = flowjo.axis("FSC-A") + flowjo.axis("FITC-A", flowjo.BIEX)
    tubes = [
        flowjo.sample(name, CHANNELS, axes, flowjo.population("dim", gate, count=10), spill=spill)
        for name in names
    ]
    return flowjo.workspace(*tubes)


def test_a_workspace_gives_every_tube_its_own_gates(tmp_path, flowjo):
    (tmp_path / "lab.wsp").write_text(lab_workspace(flowjo, "a.fcs", "b.fcs"), encoding="utf-8")
    gates = read_gate_file(tmp_path / "lab.wsp")
    found = gates.for_tube("b.fcs")
    assert found.source == "lab.wsp, tube b.fcs"
    assert found.counts == {"dim": 10}
    assert set(found.scales) == {"FSC-A", "FITC-A"}
    assert found.findings == ()
    with pytest.raises(GateError, match=r'no tube "c.fcs" \(a.fcs, b.fcs\).*template'):
        gates.for_tube("c.fcs")
    other = gates.for_tube("c.fcs", template="a.fcs")
    assert [each.code for each in other.findings] == ["gates_of_other_tube"]
    with pytest.raises(GateError, match="no sample is called"):
        gates.for_tube("c.fcs", template="d.fcs")


def test_the_only_tube_of_a_workspace_lends_its_gates_and_that_is_said(tmp_path, flowjo, events):
    (tmp_path / "lab.wsp").write_text(lab_workspace(flowjo, "a.fcs"), encoding="utf-8")
    found = read_gate_file(tmp_path / "lab.wsp").for_tube("other.fcs")
    assert [each.code for each in found.findings] == ["gates_of_other_tube"]
    gated = gate_events(found.strategy, events, CHANNELS, matrix=MATRIX, counts=found.counts)
    codes = [each.code for each in gated.findings]
    assert codes == ["gate_uncompensated", "flowjo_count_differs"]  # its matrix is not in the workspace
    assert "FlowJo counted 10" in gated.findings[1].message


def test_gates_that_cannot_be_read_are_never_left_out_silently(tmp_path, flowjo):
    miltenyi = flowjo.axis("FSC-A") + flowjo.axis("FITC-A", flowjo.MILTENYI)
    drawn = flowjo.polygon("FSC-A", "FITC-A", ((1.0, 2.0), (3000.0, 4.0), (50.0, 6000.0)))
    cut = flowjo.rectangle(flowjo.dimension("FSC-A", 1.0))
    tube = flowjo.sample(
        "a.fcs", CHANNELS, miltenyi, flowjo.population("fine", cut), flowjo.population("odd", drawn)
    )
    (tmp_path / "lab.wsp").write_text(flowjo.workspace(tube), encoding="utf-8")
    with pytest.raises(GateError, match=r"(?s)1 population of the workspace cannot be read.*odd.*miltenyi"):
        read_gate_file(tmp_path / "lab.wsp").for_tube("a.fcs")


def test_a_tube_without_gates_is_said(tmp_path, flowjo):
    (tmp_path / "lab.wsp").write_text(
        flowjo.workspace(flowjo.sample("a.fcs", CHANNELS, "")), encoding="utf-8"
    )
    with pytest.raises(GateError, match="has no gates"):
        read_gate_file(tmp_path / "lab.wsp").for_tube("a.fcs")


def test_every_kind_of_file_gives_the_same_counts(tmp_path, events):
    path = write_fcs(tmp_path / "t.fcs", events, CHANNELS, markers=MARKERS, datatype="D", timestep=0.1)
    data = read_fcs(path)
    (tmp_path / "g.yaml").write_text(strategy_yaml(strategy()), encoding="utf-8")
    (tmp_path / "g.xml").write_text(gatingml(strategy(), as_given="uncompensated"), encoding="utf-8")
    counts = []
    for name in ("g.yaml", "g.xml"):
        found = read_gate_file(tmp_path / name).for_tube("t.fcs")
        gated = gate_tube(found.strategy, data, source=found.source)
        counts.append({row.name: row.count for row in gated.tree.rows})
        assert found.source == name
    assert counts[0] == counts[1]


def test_a_file_of_another_kind_is_refused_with_what_is_read(tmp_path):
    with pytest.raises(GateError, match=r"\.jo.*FlowJo 10 and saved as \.wsp"):
        read_gate_file(tmp_path / "old.jo")
    (tmp_path / "g.wsp").write_text("<Gating-ML/>", encoding="utf-8")
    with pytest.raises(FormatError, match="FlowJo"):
        read_gate_file(tmp_path / "g.wsp")


def test_time_is_gated_in_seconds(tmp_path, events):
    path = write_fcs(tmp_path / "t.fcs", events, CHANNELS, datatype="D", timestep=0.1)
    gates = Strategy((NamedGate("late", threshold(Dimension("Time"), at_least=200.0)),))
    gated = gate_tube(gates, read_fcs(path))
    assert gated.tree["late"].count == (events[:, 4] * 0.1 >= 200).sum()


def test_populations_that_are_asked_for_and_not_there_are_named(events):
    gated = gate_events(strategy(), events, CHANNELS)
    check_populations(gated, ["cells", "all events", "++"])
    with pytest.raises(GateError, match=r"Did you mean cells\?.*make cells, --"):
        check_populations(gated, ["cell"])


def test_gates_are_told_in_words():
    a, b = Dimension("A"), Dimension("B")
    cases = {
        "threshold on A": threshold(a, at_least=1.0),
        "interval on A": Rectangle((Range(a, 1.0, 2.0),)),
        "rectangle on A and B": Rectangle((Range(a, 1.0, 2.0), Range(b, 1.0))),
        "ellipse on A and B": Ellipsoid((a, b), (0.0, 0.0), ((1.0, 0.0), (0.0, 1.0)), 1.0),
        "x and not y": Boolean("and", (Reference("x"), Reference("y", True))),
    }
    for words, gate in cases.items():
        assert gate_in_words(NamedGate("g", gate)) == words
    assert gate_in_words(NamedGate("g", threshold(a, 1.0), outside=True)) == "outside of threshold on A"


def every_shape() -> Strategy:
    """A way of one gate of every kind, on every kind of axis."""
    log, flowjo = Dimension("SSC-A", Log()), Dimension("FSC-A", FlowJoLog(100.0, 4.0))
    x, y = Dimension("FITC-A", Logicle()), Dimension("PE-A", Logicle())
    return Strategy(
        (
            NamedGate("box", Rectangle((Range(flowjo, 0.5), Range(log, 0.2, 0.95)))),
            NamedGate("1", threshold(Dimension("FSC-A", Linear()), below=0.5), "box"),
            NamedGate("oval", Ellipsoid((x, y), (0.5, 0.5), ((0.2, 0.05), (0.05, 0.2)), 1.0), "1"),
            NamedGate(
                "q", Quadrants((Divider(x, (0.3,)),), (Quadrant("q+", (1,)), Quadrant("q-", (0,)))), "oval"
            ),
            NamedGate("out", Rectangle((Range(Dimension("PE-A"), 100.0, 3e4),)), "q+", outside=True),
            NamedGate("bool $\\alpha_", Boolean("or", (Reference("out"), Reference("q-"))), "oval"),
        )
    )


@pytest.mark.parametrize("population", ["out", "bool $\\alpha_", "box"])
def test_the_picture_of_a_way_has_a_panel_per_gate(events, population):
    gated = gate_events(every_shape(), events, CHANNELS, MARKERS, matrix=MATRIX)
    made = hierarchy_plot(gated, population, backgate="q-", title="tube 1", note="a note " * 40)
    picture = np.asarray(Image.open(io.BytesIO(made)).convert("RGB")).astype(int)
    panels = len(gated.tree[population].path)
    assert picture.shape[1] == pytest.approx(150 * max(min(panels, 4) * 2.92 + 0.25, 3.4), abs=2)
    red = (abs(picture - np.array([0xC2, 0x26, 0x4B])).sum(axis=2) < 60).sum()
    assert red > 100 or population.startswith("bool")
    assert hierarchy_plot(gated, population, backgate="q-", title="tube 1", note="a note " * 40) == made


def test_a_picture_of_no_events_is_drawn():
    gated = gate_events(every_shape(), np.zeros((0, 5)), CHANNELS, matrix=MATRIX)
    assert len(hierarchy_plot(gated, "out")) > 1000
    with pytest.raises(GateError, match="no population is called"):
        hierarchy_plot(gated, "nothing")
