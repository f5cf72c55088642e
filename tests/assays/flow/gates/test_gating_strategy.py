"""Gates and strategies: which events they hold, how they hang together, and YAML there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.assays.flow.gates import (
    NO_MATRIX,
    Biex,
    Boolean,
    Dimension,
    Divider,
    Ellipsoid,
    Events,
    Fasinh,
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
    interval,
    mask,
    parse_strategy,
    populations,
    read_strategy,
    strategy_yaml,
    threshold,
)
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.transforms import Arcsinh, Hyperlog, Logicle
from exoraw.io.errors import StudyError
from exoraw.study.problems import StudyProblems

A, B = Dimension("A"), Dimension("B")
CHANNELS = ("A", "B")

TEXT = """\
scales:
  bright: {kind: logicle, t: 262144, w: 0.5, m: 4.5, a: 0}
gates:
  - name: cells
    rectangle:
      - {channel: FSC-A, min: 20000, max: 250000}
      - {channel: SSC-A, min: 0}
  - name: singlets
    parent: cells
    polygon:
      x: {channel: FSC-A}
      y: {channel: FSC-H}
      vertices:
        - [0, 0]
        - [300000, 200000]
        - [300000, 300000]
        - [0, 60000]
  - name: CD44
    parent: singlets
    threshold: {channel: APC-A, scale: bright, at_least: 0.5}
  - name: quadrants
    parent: singlets
    quadrants:
      dividers:
        - {channel: APC-A, at: [10000]}
        - {channel: PE-A, at: [0]}
      names:
        "APC- PE-": [0, 0]
        "APC+ PE-": [1, 0]
        "APC- PE+": [0, 1]
        "APC+ PE+": [1, 1]
  - name: stem-like
    boolean: {and: [CD44, {not: "APC+ PE+"}]}
"""


@pytest.fixture
def events(rng):
    return rng.normal(1e4, 3e4, (50_000, 5)).astype(np.float32)


FIVE = ("FSC-A", "SSC-A", "FSC-H", "APC-A", "PE-A")


def test_a_range_holds_its_lower_bound_and_not_its_upper_one():
    column = np.array([[0.0], [1.0], [2.0], [np.nan]])
    assert mask(interval(A, 1, 2), column, ("A",)).tolist() == [False, True, False, False]
    assert mask(threshold(A, at_least=1), column, ("A",)).tolist() == [False, True, True, False]
    assert mask(threshold(A, below=1), column, ("A",)).tolist() == [True, False, False, False]
    assert mask(Rectangle((Range(A),)), column, ("A",)).tolist() == [True, True, True, False]


def test_a_bound_is_not_rounded_to_the_events_float32():
    column = np.array([[np.float32(16777216.0)], [np.float32(16777218.0)]])
    assert mask(threshold(A, at_least=16777217.0), column, ("A",)).tolist() == [False, True]
    assert mask(threshold(A, below=16777216.5), column, ("A",)).tolist() == [True, False]


def test_an_ellipse_holds_its_line(rng):
    ellipse = Ellipsoid((A, B), (1.0, 2.0), ((4.0, 0.0), (0.0, 9.0)), 1.0)
    places = np.array([[3.0, 2.0], [1.0, 5.0], [3.0, 5.0], [1.0, 2.0], [np.nan, 2.0], [np.inf, 2.0]])
    assert mask(ellipse, places, CHANNELS).tolist() == [True, True, False, True, False, False]
    skewed = Ellipsoid((A, B), (0.3, -1.0), ((2.0, 0.9), (0.9, 1.5)), 2.0)
    crowd = rng.normal(0, 2, (5000, 2))
    offset = crowd - skewed.mean
    distance = np.einsum("ij,jk,ik->i", offset, np.linalg.inv(np.array(skewed.covariance)), offset)
    np.testing.assert_array_equal(mask(skewed, crowd, CHANNELS), distance <= 2.0)


def test_quadrants_sum_to_their_parent(events):
    tree = populations(parse_strategy(TEXT), events, FIVE)
    four = [tree[name].count for name in ("APC- PE-", "APC+ PE-", "APC- PE+", "APC+ PE+")]
    assert sum(four) == tree["singlets"].count > 0
    assert tree["singlets"].path == ("cells", "singlets")
    assert tree["APC+ PE+"].path == ("cells", "singlets", "APC+ PE+")
    assert tree["singlets"].parent_count == tree["cells"].count
    assert tree["cells"].share_of_total == tree["cells"].count / 50_000


def test_populations_are_what_the_gates_say(events):
    tree = populations(parse_strategy(TEXT), events, FIVE)
    fsc, ssc, _, apc, pe = events.T.astype(float)
    cells = (fsc >= 20000) & (fsc < 250000) & (ssc >= 0)
    np.testing.assert_array_equal(tree.mask("cells"), cells)
    bright = tree.mask("singlets") & (Logicle().forward(apc) >= 0.5)
    np.testing.assert_array_equal(tree.mask("CD44"), bright)
    np.testing.assert_array_equal(tree.mask("stem-like"), bright & ~((apc >= 10000) & (pe >= 0)))
    assert "stem-like" in tree.table()
    with pytest.raises(ValueError, match="read-only"):
        tree.mask("cells")[0] = True


def test_events_outside_a_gate_stay_inside_its_parent(events):
    turned = parse_strategy(TEXT.replace("parent: cells\n", "parent: cells\n    outside: true\n"))
    straight = populations(parse_strategy(TEXT), events, FIVE)
    tree = populations(turned, events, FIVE)
    assert tree["singlets"].count == straight["cells"].count - straight["singlets"].count > 0


def naively(strategy, events, channels):
    """Every gate on all events, then inside its parent."""
    table = Events(events, channels, matrices=strategy.matrices)
    masks = {"": np.ones(len(events), dtype=bool)}
    for named in strategy.in_order:
        if isinstance(named.gate, Boolean):
            found = {named.name: named.gate.combine([masks[each.name] for each in named.gate.operands])}
        elif isinstance(named.gate, Quadrants):
            found = {q: named.gate.region(q).mask(table) for q in named.populations}
        else:
            found = {named.name: named.gate.mask(table)}
        for name, inside in found.items():
            masks[name] = (~inside if named.outside else inside) & masks[named.parent]
    return masks


@pytest.mark.parametrize("seed", range(8))
def test_looking_only_at_the_parents_events_changes_no_count(seed, monkeypatch):
    if seed % 2:  # and forgetting columns early does not either
        monkeypatch.setattr("exoraw.assays.flow.gates.events.KEPT_BYTES", 1)
    chance = np.random.default_rng(seed)
    events = chance.normal(300, 400, (6000, 3)).astype(np.float32)
    events[::50, 0] = np.nan
    channels = ("A", "B", "C")
    axes = [Dimension(c, s, m) for c in channels for s in (None, Logicle(1000, 0.5, 3)) for m in ("", "M")]
    names, gates = [""], []
    for number in range(14):
        x, y = (axes[i] for i in chance.choice(len(axes), 2, replace=False))
        size = [0.4 if axis.scale else 200.0 for axis in (x, y)]
        corners = tuple(tuple(float(v) for v in chance.normal(0, 1.5, 2) * size + size) for _ in range(4))
        refs = tuple(
            Reference(str(n), bool(chance.integers(2))) for n in chance.choice(names[1:] or ["0"], 2)
        )
        sort = int(chance.integers(4)) if number > 1 else 0
        cuts = (Divider(x, (size[0],)), Divider(y, (size[1], 2 * size[1])))
        gate = [
            threshold(x, below=1.5 * size[0]), Polygon(x, y, corners), Boolean("or", refs),
            Quadrants(cuts, (Quadrant(f"{number}a", (1, 2)), Quadrant(f"{number}b", (0, None)))),
        ][sort]  # fmt: skip
        parent = str(chance.choice(names))
        gates.append(NamedGate(str(number), gate, parent, bool(chance.integers(2)) and sort != 3))
        names.extend(gates[-1].populations)
    strategy = Strategy(tuple(gates), {"M": MATRIX})
    tree, expected = populations(strategy, events, channels), naively(strategy, events, channels)
    for row in tree.rows:
        np.testing.assert_array_equal(tree.mask(row.name), expected[row.name])
    assert len({row.count for row in tree.rows}) > 4


def test_an_empty_parent_has_no_percentages():
    tree = populations(parse_strategy(TEXT), np.zeros((0, 5)), FIVE)
    assert tree["cells"].share_of_total is None
    assert tree["CD44"].share_of_parent is None
    assert "-" in tree.table()


def test_a_parent_may_stand_after_its_children(events):
    strategy = parse_strategy(TEXT)
    backwards = Strategy(tuple(reversed(strategy.gates)))
    one, other = (populations(s, events, FIVE) for s in (strategy, backwards))
    assert {row.name: row.count for row in one.rows} == {row.name: row.count for row in other.rows}


def test_a_gate_is_found_by_its_name_or_a_quadrant_s():
    strategy = parse_strategy(TEXT)
    assert strategy.gate("APC+ PE-") is strategy.gate("quadrants")
    with pytest.raises(GateError, match="Did you mean CD44"):
        strategy.gate("cd-44")


def test_dimensions_are_compensated_once_by_their_matrix(rng):
    matrix = Spillover(CHANNELS, np.array([[1.0, 0.2], [0.05, 1.0]]), "M")
    true = rng.normal(500, 200, (2000, 2))
    measured = true @ matrix.matrix
    named = Rectangle((Range(Dimension("A", compensation="M"), 400), Range(Dimension("B"), 600)))
    strategy = Strategy((NamedGate("g", named),), {"M": matrix})
    expected = (np.round(true[:, 0], 6) >= 400) & (measured[:, 1] >= 600)
    np.testing.assert_array_equal(populations(strategy, measured, CHANNELS).mask("g"), expected)
    from_file = Strategy((NamedGate("g", threshold(Dimension("A", compensation="FCS"), at_least=400)),))
    with pytest.raises(GateError, match="no matrix was handed over"):
        populations(from_file, measured, CHANNELS)
    got = populations(from_file, measured, CHANNELS, from_file=matrix).mask("g")
    np.testing.assert_array_equal(got, true[:, 0] >= 400)
    raw = populations(from_file, measured, CHANNELS, from_file=NO_MATRIX).mask("g")
    np.testing.assert_array_equal(raw, measured[:, 0] >= 400)


def test_compensated_events_are_not_compensated_again(rng):
    matrix = Spillover(CHANNELS, np.array([[1.0, 0.2], [0.05, 1.0]]), "M")
    gate = NamedGate("g", threshold(Dimension("A", compensation="M"), at_least=400))
    events = rng.normal(500, 200, (100, 2))
    plain = Strategy((gate,), {"M": matrix}).as_compensated()
    np.testing.assert_array_equal(populations(plain, events, CHANNELS).mask("g"), events[:, 0] >= 400)
    raw = NamedGate("r", threshold(Dimension("A", compensation="uncompensated"), at_least=1))
    with pytest.raises(GateError, match="uncompensated signal of A"):
        Strategy((gate, raw), {"M": matrix}).as_compensated()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("parent: cells", "parent: cell"), 'its parent, "cell", is no population .* Did you mean cells'),
        (("- name: cells", "- name: cells\n    parent: CD44"), "circle: cells -> CD44 -> singlets -> cells"),
        (("name: CD44", "name: cells"), 'two gates are called "cells"'),
        (('"APC+ PE-":', "singlets:"), 'two gates are called "singlets"'),
        (("[CD44, {", "[quadrants, {"), "quadrant gate; name one of its quadrants"),
        (("at_least: 0.5", "at_least: 0.5, compensation: Acq"), 'no spillover matrix is called "Acq"'),
        (("at_least: 0.5", "at_lest: 0.5"), 'line 20: "at_lest" is not known here .* mean at_least'),
        (("scale: bright", "scale: brigt"), 'line 20: scale "brigt" .* Did you mean bright'),
        (("kind: logicle", "kind: logicel"), 'line 2: scale kind "logicel" .* Did you mean logicle'),
        (("w: 0.5", "w: 5"), "line 2: logicle: T=.* is no scale"),
        (("max: 250000", "max: 2000"), "line 5: .*the upper bound 2000.0 lies below"),
        (("[0, 60000]", "[0, x]"), 'line 17: expected a number, found "x"'),
        (("[0, 60000]", "[0, 1, 2]"), "line 17: a corner has 2 numbers"),
        (("[1, 1]\n", "[1, 2]\n"), "line 23: .*section 2 of"),
        (("at: [10000]", "at: [9, 3]"), "a divider needs rising numbers"),
        (("{and: [CD44, ", "{not: [CD44, "), "exactly 1 population"),
        (("    threshold: ", "    interval: "), "line 20: .*not known here"),
        (("    threshold: {", "    x: {"), 'line 20: "x" is not known here'),
        (("  - name: cells", "  - parent: a"), "name is missing"),
        (("gates:", "gate:"), "Did you mean gates"),
    ],
)
def test_what_is_wrong_in_a_strategy_is_said_with_its_place(change, message):
    assert change[0] in TEXT
    with pytest.raises(StudyError, match=message):
        parse_strategy(TEXT.replace(*change, 1))


def test_all_wrong_lines_are_said_at_once():
    broken = TEXT.replace("at_least", "at_lest").replace("[0, 60000]", "[0, x]").replace("w: 0.5", "w: 9")
    with pytest.raises(StudyProblems) as caught:
        parse_strategy(broken)
    assert len(caught.value.problems) == 3


def test_a_channel_that_is_not_there_is_named_with_gate_and_nearest(events):
    channels = (*FIVE[:3], "APC A", "PE-A")
    with pytest.raises(GateError, match=r'gate "CD44": channel "APC-A" is not .* Did you mean APC A'):
        populations(parse_strategy(TEXT), events, channels)
    with pytest.raises(GateError, match="several columns are called PE-A"):
        populations(parse_strategy(TEXT), events, (*FIVE[:3], "PE-A", "PE-A"))
    with pytest.raises(GateError, match="one name per column"):
        populations(parse_strategy(TEXT), events, FIVE[:4])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Rectangle(()),
        lambda: Range(A, float("nan")),
        lambda: threshold(A),
        lambda: threshold(A, 1, 2),
        lambda: Polygon(A, B, ((0, 0), (1, 1))),
        lambda: Polygon(A, B, ((0, 0), (1, 1), (float("inf"), 1))),
        lambda: Ellipsoid((A, B), (0, 0), ((1, 2), (2, 1)), 1),
        lambda: Ellipsoid((A, B), (0, 0), ((1, 0.5), (0, 1)), 1),
        lambda: Ellipsoid((A, B), (0, 0), ((1, 0),), 1),
        lambda: Ellipsoid((A, B), (0, 0), ((1, 0), (0, 1)), -1),
        lambda: Quadrants((Divider(A, (1,)),), ()),
        lambda: Quadrants((Divider(A, (1,)),), (Quadrant("q", (None,)),)),
        lambda: Boolean("and", (Reference("a"),)),
        lambda: Boolean("xor", (Reference("a"), Reference("b"))),
        lambda: NamedGate("q", Quadrants((Divider(A, (1,)),), (Quadrant("x", (0,)),)), outside=True),
        lambda: Strategy((NamedGate("a\nb", interval(A, 0, 1)),)),
    ],
)
def test_a_gate_that_makes_no_sense_is_refused(make):
    with pytest.raises(GateError):
        make()


FINITE = st.floats(-1e9, 1e9)
NAMES = st.text(st.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=12)
SCALES = st.sampled_from(
    [
        None,
        Linear(),
        Log(),
        Fasinh(),
        Arcsinh(5.0),
        Logicle(),
        Hyperlog(),
        FlowJoLog(1, 4),
        Biex(),
        Arcsinh(0.1),
    ]
)
DIMENSIONS = st.builds(Dimension, st.text(min_size=1, max_size=8), SCALES, st.sampled_from(["", "FCS", "M"]))
PAIRS = st.tuples(FINITE, FINITE)
SHAPES = st.one_of(
    st.builds(lambda d, low, size: interval(d, low, low + size), DIMENSIONS, FINITE, st.floats(0, 1e6)),
    st.builds(threshold, DIMENSIONS, FINITE),
    st.builds(lambda d, x: threshold(d, below=x), DIMENSIONS, FINITE),
    st.builds(lambda d, e, x: Rectangle((Range(d, x), Range(e))), DIMENSIONS, DIMENSIONS, FINITE),
    st.builds(Polygon, DIMENSIONS, DIMENSIONS, st.lists(PAIRS, min_size=3, max_size=6).map(tuple)),
    st.builds(
        lambda d, e, m: Ellipsoid((d, e), m, ((2.5, 0.1), (0.1, 3.0)), 1.5), DIMENSIONS, DIMENSIONS, PAIRS
    ),
)
MATRIX = Spillover(("A", "B"), np.array([[1.0, 0.1], [1 / 3, 1.0]]), "M")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(NAMES, SHAPES, st.booleans()), min_size=1, max_size=5, unique_by=lambda g: g[0]))
def test_a_strategy_comes_back_from_yaml_with_every_digit(parts):
    gates = [
        NamedGate(name, shape, parts[i - 1][0] if i else "", outside)
        for i, (name, shape, outside) in enumerate(parts)
    ]
    strategy = Strategy(tuple(gates), {"M": MATRIX})
    text = strategy_yaml(strategy)
    assert parse_strategy(text) == strategy
    assert strategy_yaml(parse_strategy(text)) == text


def test_the_page_on_gates_shows_a_strategy_that_is_read(project):
    page = (project / "docs/methods/gates.md").read_text(encoding="utf-8")
    assert page.split("```yaml\n")[1].split("```")[0] == TEXT


def test_the_written_example_is_what_a_person_would_write(tmp_path):
    strategy = parse_strategy(TEXT)
    assert strategy_yaml(strategy) == TEXT.replace("  bright:", "  logicle:").replace("bright", "logicle")
    (tmp_path / "gates.yaml").write_text(TEXT, encoding="utf-8")
    assert read_strategy(tmp_path / "gates.yaml") == strategy
    assert strategy.channels() == ("FSC-A", "SSC-A", "FSC-H", "APC-A", "PE-A")
