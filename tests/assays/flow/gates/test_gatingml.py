"""GatingML 2.0 there and back, and documents in the style of the standard's own compliance tests."""

from __future__ import annotations

import re

import numpy as np
import pytest

from exoraw.assays.flow.gates import (
    NO_MATRIX,
    Biex,
    Boolean,
    Dimension,
    Divider,
    Ellipsoid,
    Fasinh,
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
    interval,
    populations,
    read_gatingml,
    threshold,
)
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.transforms import Arcsinh, Hyperlog, Logicle
from exoraw.io.errors import FormatError

CHANNELS = ("FSC-A", "FL1", "FL2", "FL3")
MATRIX = Spillover(("FL1", "FL2"), np.array([[1.0, 0.1], [1 / 3, 1.0]]), "Acquisition <1>")

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gating:Gating-ML xmlns:gating="http://www.isac-net.org/std/Gating-ML/v2.0/gating"
  xmlns:transforms="http://www.isac-net.org/std/Gating-ML/v2.0/transformations"
  xmlns:data-type="http://www.isac-net.org/std/Gating-ML/v2.0/datatypes">
"""
FOOT = "</gating:Gating-ML>\n"
RANGE = """<gating:RectangleGate gating:id="Range"><gating:dimension {how}>
<data-type:fcs-dimension data-type:name="{channel}"/></gating:dimension></gating:RectangleGate>
"""


def document(tmp_path, body: str):
    path = tmp_path / "gates.xml"
    path.write_text(HEAD + body + FOOT, encoding="utf-8")
    return read_gatingml(path)


def written(tmp_path, strategy: Strategy, as_given) -> Strategy:
    path = tmp_path / "written.xml"
    path.write_text(gatingml(strategy, as_given=as_given), encoding="utf-8")
    return read_gatingml(path)


@pytest.fixture
def events(rng):
    return rng.normal(3000, 3000, (20_000, 4))


def full_strategy() -> Strategy:
    """One of everything that GatingML can say."""
    fcs, raw, named = "FCS", "uncompensated", MATRIX.source
    x = Dimension("FL1", Logicle(262144, 0.5, 4.5, 0), named)
    y = Dimension("FL2", Hyperlog(10000, 1, 4.5, 0), named)
    z = Dimension("FL3", Fasinh(1000, 4, 1), raw)
    corners = ((0.2, 0.1), (0.9, 0.15), (1 / 3, 0.95))
    quadrants = Quadrants(
        (Divider(x, (0.4, 0.6)), Divider(Dimension("FSC-A", None, raw), (2500.5,))),
        (Quadrant("low & dim", (0, None)), Quadrant("mid", (1, 1)), Quadrant("high", (2, 0))),
    )
    return Strategy(
        (
            NamedGate(
                "cells", Rectangle((Range(Dimension("FSC-A", None, raw), 0.1, 9000), Range(z, None, 1)))
            ),
            NamedGate("drawn", Polygon(x, y, corners), "cells"),
            NamedGate("round", Ellipsoid((x, z), (0.4, 0.5), ((0.02, 0.001), (0.001, 0.03)), 2.0), "cells"),
            NamedGate("lin", interval(Dimension("FL1", Linear(10000, 100), fcs), 0.1, 0.7)),
            NamedGate("log", threshold(Dimension("FL1", Log(10000, 4), fcs), below=0.9)),
            NamedGate("quadrants", quadrants, "cells"),
            NamedGate(
                "both", Boolean("and", (Reference("drawn"), Reference("mid", complement=True))), "cells"
            ),
            NamedGate("any", Boolean("or", (Reference("log"), Reference("round")))),
            NamedGate("rest", Boolean("not", (Reference("drawn"),))),
        ),
        {MATRIX.source: MATRIX},
    )


def test_everything_that_gatingml_can_say_comes_back_with_every_digit(tmp_path, events):
    strategy = full_strategy()
    back = written(tmp_path, strategy, "uncompensated")
    assert back == strategy
    one, other = (populations(s, events, CHANNELS, from_file=NO_MATRIX) for s in (strategy, back))
    assert one.rows == other.rows
    assert [row.name for row in one.rows if not 0 < row.count < 20_000] == []


def test_the_outside_of_a_gate_is_written_as_a_boolean(tmp_path, events):
    strategy = Strategy(
        (
            NamedGate("a", interval(Dimension("FL1"), 0, 4000)),
            NamedGate("not b", interval(Dimension("FL2"), 0, 4000), "a", outside=True),
        )
    )
    back = written(tmp_path, strategy, "uncompensated")
    counts = [populations(s, events, CHANNELS)["not b"].count for s in (strategy, back)]
    assert counts[0] == counts[1] > 0


def test_arcsinh_is_written_in_the_standards_terms(tmp_path, events):
    gate = NamedGate("a", interval(Dimension("FL1", Arcsinh(150.0)), 1.0, 3.5))
    back = written(tmp_path, Strategy((gate,)), "FCS")
    scale = back.gates[0].gate.ranges[0].dimension.scale
    assert isinstance(scale, Fasinh)
    np.testing.assert_allclose(scale.forward(events), Arcsinh(150.0).forward(events), rtol=1e-12, atol=1e-14)
    counts = [
        populations(s, events, CHANNELS, from_file=NO_MATRIX)["a"].count for s in (Strategy((gate,)), back)
    ]
    assert counts[0] == counts[1] > 0


def test_what_the_events_went_through_is_said_in_the_document(tmp_path, events):
    gate = Polygon(Dimension("FSC-A"), Dimension("FL1"), ((0.0, 0.0), (6000.0, 0.0), (3000.0, 6000.0)))
    strategy = Strategy((NamedGate("a", gate),))
    back = written(tmp_path, strategy, MATRIX)
    assert [d.compensation for d in (back.gates[0].gate.x, back.gates[0].gate.y)] == [
        "uncompensated",
        "compensation",
    ]
    assert back.matrices["compensation"].matrix.tolist() == MATRIX.matrix.tolist()
    with pytest.raises(GateError, match="as_given"):
        gatingml(strategy, as_given="")


def test_a_scale_that_gatingml_does_not_have_is_refused():
    gate = NamedGate("g", interval(Dimension("FL1", Biex()), 0, 10))
    with pytest.raises(GateError, match=r'gate "g": GatingML 2.0 has no scale Biex'):
        gatingml(Strategy((gate,)), as_given="FCS")


def ids_of(text: str) -> list[str]:
    return re.findall(r':id="([^"]*)"', text)


def test_ids_are_xml_names_and_unique_whatever_the_gates_are_called(tmp_path):
    """The schema of the standard asks for xs:ID."""
    names = ["CD44+/CD24-", "CD44+/CD24+", "CD44__CD24-", "4th", "é", "logicle", "divider_FL1", "M"]
    logicle = Dimension("FL1", Logicle(), "M")
    gates = [
        NamedGate(name, interval(logicle, 0, 1), names[i - 1] if i else "") for i, name in enumerate(names)
    ]
    for number in (1, 2):
        halves = (Quadrant(f"low {number}", (0,)), Quadrant(f"high {number}", (1,)))
        gates.append(NamedGate(f"halves {number}", Quadrants((Divider(logicle, (0.5,)),), halves)))
    strategy = Strategy(tuple(gates), {"M": Spillover(("FL1", "FL2"), MATRIX.matrix, "M")})
    ids = ids_of(gatingml(strategy, as_given="FCS"))
    assert len(ids) == len(set(ids)) == len(gates) + 4 + 4
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", each) for each in ids)
    assert written(tmp_path, strategy, "FCS") == strategy


def test_names_with_markup_come_back(tmp_path):
    gate = NamedGate("""CD4 <"&'> é""", interval(Dimension('"a"<&>', None, "uncompensated"), 0, 1))
    strategy = Strategy((gate,))
    assert written(tmp_path, strategy, "FCS") == strategy
    odd = NamedGate("g", interval(Dimension("FL\x01"), 0, 1))
    with pytest.raises(GateError, match="letter that XML cannot"):
        gatingml(Strategy((odd,)), as_given="FCS")


def test_a_dye_is_read_as_its_detector(tmp_path, events):
    body = """<transforms:spectrumMatrix transforms:id="S"><transforms:fluorochromes>
    <data-type:fcs-dimension data-type:name="FITC"/><data-type:fcs-dimension data-type:name="PE"/>
    </transforms:fluorochromes><transforms:detectors><data-type:fcs-dimension data-type:name="FL1"/>
    <data-type:fcs-dimension data-type:name="FL2"/></transforms:detectors>
    <transforms:spectrum><transforms:coefficient transforms:value="1"/>
    <transforms:coefficient transforms:value="0.02"/></transforms:spectrum>
    <transforms:spectrum><transforms:coefficient transforms:value="0.11"/>
    <transforms:coefficient transforms:value="1"/></transforms:spectrum></transforms:spectrumMatrix>"""
    how = 'gating:compensation-ref="S" gating:min="7" gating:max="3000"'
    strategy = document(tmp_path, body + RANGE.format(how=how, channel="PE"))
    true = np.linalg.solve(np.array([[1, 0.02], [0.11, 1]]).T, events[:, 1:3].T).T
    expected = (true[:, 1] >= 7) & (true[:, 1] < 3000)
    np.testing.assert_array_equal(populations(strategy, events, CHANNELS).mask("Range"), expected)


def test_a_quadrant_is_found_by_any_number_inside_it(tmp_path, events):
    body = """<gating:QuadrantGate gating:id="Q"><gating:divider gating:id="d">
    <data-type:fcs-dimension data-type:name="FL1"/>
    <gating:value>28</gating:value><gating:value>70</gating:value></gating:divider>"""
    for name, place in (("low", -3), ("mid", 28), ("top", 70.5)):
        body += f"""<gating:Quadrant gating:id="{name}">
        <gating:position gating:divider_ref="d" gating:location="{place}"/></gating:Quadrant>"""
    body += "</gating:QuadrantGate>"
    tree = populations(document(tmp_path, body), events, CHANNELS)
    signal = events[:, 1]
    assert tree["low"].count == np.count_nonzero(signal < 28)
    assert tree["mid"].count == np.count_nonzero((signal >= 28) & (signal < 70))
    assert tree["top"].count == np.count_nonzero(signal >= 70)


def test_a_note_of_the_author_is_no_gate(tmp_path):
    body = "<data-type:custom_info>for <b>data1.fcs</b></data-type:custom_info>"
    assert len(document(tmp_path, body + RANGE.format(how='gating:min="1"', channel="A")).gates) == 1


BOUNDED = """<transforms:transformation transforms:id="t" transforms:boundMin="0">
<transforms:flin transforms:T="10" transforms:A="0"/></transforms:transformation>"""
UNKNOWN = '<transforms:transformation transforms:id="t"><transforms:biex/></transforms:transformation>'
NO_SCALE = """<transforms:transformation transforms:id="t"><transforms:logicle transforms:T="10"
transforms:W="9" transforms:M="4" transforms:A="0"/></transforms:transformation>"""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (BOUNDED, "Bounds are not supported"),
        (UNKNOWN, r'transformation "t" to be one of flin.*found biex \(line 5\)'),
        (NO_SCALE, "is no scale"),
        (RANGE.format(how='gating:min="x"', channel="A"), r'a finite number .*"x" \(line 5\)'),
        (RANGE.format(how='gating:min="inf"', channel="A"), "a finite number"),
        (RANGE.format(how='gating:min="2" gating:max="1"', channel="A"), 'usable gate "Range"'),
        (RANGE.format(how='gating:compensation-ref="Sp"', channel="A"), 'spectrumMatrix of the file .*"Sp"'),
        (RANGE.format(how='gating:transformation-ref="t"', channel="A"), 'transformation of the file .*"t"'),
        (
            RANGE.format(how="", channel="A").replace("gating:id", "gating:ids"),
            "an attribute id of RectangleGate",
        ),
        ('<gating:TreeGate gating:id="T"/>', "TreeGate"),
        ('<gating:BooleanGate gating:id="B"/>', "one of and, or, not"),
        ('<gating:PolygonGate gating:id="P"/>', "2 dimensions in a PolygonGate"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(tmp_path, body, message):
    with pytest.raises(FormatError, match=message):
        document(tmp_path, body)


def test_a_missing_parent_is_said_with_the_nearest_name(tmp_path):
    body = RANGE.format(how="", channel="A")
    body += body.replace('"Range"', '"Other" gating:parent_id="Rang"')
    with pytest.raises(GateError, match="Did you mean Range"):
        document(tmp_path, body)


def test_another_document_is_told_from_gatingml(tmp_path):
    (tmp_path / "w.wsp").write_text('<Workspace version="20.0"/>', encoding="utf-8")
    with pytest.raises(FormatError, match="FlowJo workspace is read by read_workspace"):
        read_gatingml(tmp_path / "w.wsp")
    old = HEAD.replace("v2.0", "v1.5") + FOOT
    (tmp_path / "old.xml").write_text(old, encoding="utf-8")
    with pytest.raises(FormatError, match=r"GatingML 2.0 document, found Gating-ML of .*v1.5"):
        read_gatingml(tmp_path / "old.xml")
