"""Gate files that go in circles, ask for what is not supported, or were mutated, up to the counts."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from exoraw.assays.flow.gates import GateError, read_gatingml, read_workspace
from exoraw.assays.flow.gates.apply import gate_events, population_rows
from exoraw.assays.flow.gates.files import read_gate_file
from exoraw.io.errors import FormatError, StudyError

CHANNELS = ("FSC-A", "FITC-A", "PE/A")
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gating:Gating-ML xmlns:gating="http://www.isac-net.org/std/Gating-ML/v2.0/gating"
 xmlns:transforms="http://www.isac-net.org/std/Gating-ML/v2.0/transformations"
 xmlns:data-type="http://www.isac-net.org/std/Gating-ML/v2.0/datatypes">
"""
SHORT, LONG = 120, 3000
SLOWEST = 5.0  # seconds of CPU for one mutant


def document(tmp_path, body: str):
    path = tmp_path / "g.xml"
    path.write_text(f"{HEAD}{body}\n</gating:Gating-ML>", encoding="utf-8")
    return path


def box(name: str, parent: str = "", transform: str = "") -> str:
    inside = f' gating:parent_id="{parent}"' if parent else ""
    scale = f' gating:transformation-ref="{transform}"' if transform else ""
    return (
        f'<gating:RectangleGate gating:id="{name}"{inside}><gating:dimension gating:min="1"{scale} '
        'gating:compensation-ref="uncompensated"><data-type:fcs-dimension data-type:name="FSC-A"/>'
        "</gating:dimension></gating:RectangleGate>"
    )


def joined(name: str, *operands: str) -> str:
    named = "".join(f'<gating:gateReference gating:ref="{each}"/>' for each in operands)
    return f'<gating:BooleanGate gating:id="{name}"><gating:and>{named}</gating:and></gating:BooleanGate>'


@pytest.mark.parametrize(
    "body",
    [
        box("a", "b") + box("b", "a"),
        box("a", "a"),
        box("a", "b") + box("b", "c") + box("c", "d") + box("d", "b"),
        joined("a", "b", "c") + joined("b", "a", "c") + box("c"),
        box("a", "b") + joined("b", "a", "c") + box("c"),
    ],
)
def test_gates_that_lie_inside_one_another_in_a_circle_are_named(tmp_path, body):
    with pytest.raises((GateError, FormatError), match=r"circle: .*(a|b).* -> "):
        read_gatingml(document(tmp_path, body))


def test_a_circle_of_booleans_in_a_workspace_is_refused_with_every_gate_in_it(tmp_path, flowjo):
    cut = flowjo.rectangle(flowjo.dimension("FSC-A", 1.0))
    tube = flowjo.sample(
        "a.fcs", CHANNELS, flowjo.axis("FSC-A"), flowjo.population("fine", cut),
        flowjo.boolean("AndNode", "one", ["two", "fine"]), flowjo.boolean("OrNode", "two", ["one", "fine"]),
        flowjo.boolean("NotNode", "self", ["self"]),
    )  # fmt: skip
    path = tmp_path / "lab.wsp"
    path.write_text(flowjo.workspace(tube), encoding="utf-8")
    with pytest.raises(
        FormatError, match=r'sample "a.fcs".*circle: one -> two -> one.*Correct them in FlowJo'
    ):
        read_workspace(path)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            '<transforms:transformation transforms:id="R"><transforms:fratio transforms:A="1" '
            'transforms:B="0" transforms:C="0"><data-type:fcs-dimension '
            'data-type:name="FSC-A"/><data-type:fcs-dimension '
            'data-type:name="SSC-A"/></transforms:fratio></transforms:transformation>'
            + box("ratio gate", "", "R"),
            "fratio.*gates ratio gate stand on it.*leave them out",
        ),
        (box("odd scale", "", "hyperbiex"), "hyperbiex"),
        (
            '<transforms:transformation transforms:id="V"><transforms:vlog transforms:T="1"/>'
            "</transforms:transformation>" + box("odd", "", "V"),
            "vlog",
        ),
    ],
)
def test_a_transform_that_is_not_supported_is_named_and_no_gate_is_handed_out(tmp_path, body, words):
    with pytest.raises((GateError, FormatError), match=words) as caught:
        read_gate_file(document(tmp_path, body))
    assert "line" in str(caught.value)


def test_a_long_chain_of_parents_is_read_without_recursion(tmp_path):
    body = box("g0") + "".join(box(f"g{i}", f"g{i - 1}") for i in range(1, 1500))
    strategy = read_gatingml(document(tmp_path, body))
    events = np.full((10, 3), 5.0)
    assert gate_events(strategy, events, CHANNELS).tree["g1499"].count == 10


def lab(flowjo) -> bytes:
    axes = flowjo.axis("FSC-A") + flowjo.axis("Comp-FITC-A", flowjo.BIEX) + flowjo.axis("PE/A", flowjo.LOG)
    rows = {"FITC-A": {"FITC-A": 1.0, "PE/A": 0.15}, "PE/A": {"FITC-A": 0.02, "PE/A": 1.0}}
    drawn = flowjo.polygon("FSC-A", "Comp-FITC-A", ((1.0, 2.0), (9e4, 4.0), (5e4, 6000.0)))
    tree = flowjo.population(
        "cells", flowjo.rectangle(flowjo.dimension("FSC-A", 100.0, 9e4)),
        flowjo.population("drawn", drawn, count=5), flowjo.boolean("NotNode", "rest", ["cells/drawn"]),
    )  # fmt: skip
    tubes = [flowjo.sample(n, CHANNELS, axes, tree, spill=flowjo.matrix(rows)) for n in ("a.fcs", "b.fcs")]
    return flowjo.workspace(*tubes).encode()


def standard() -> bytes:
    return (HEAD + box("a") + box("b", "a") + joined("c", "a", "b") + "</gating:Gating-ML>").encode()


def mutated(sound: bytes, chance: random.Random) -> bytes:
    """Words exchanged, numbers changed, pieces lost, doubled or moved."""
    cuts = sorted(chance.randrange(len(sound)) for _ in range(3))
    a, b, c = cuts
    kind = chance.randrange(5)
    if kind == 0:
        return sound[:a] + sound[min(b, a + 120) :]
    if kind == 1:
        return sound[:a] + sound[b : b + 200] + sound[a:]
    if kind == 2:
        return sound[:a] + sound[b : min(c, b + 150)] + sound[a:b] + sound[min(c, b + 150) :]
    words = [
        b"FSC-A",
        b"cells",
        b"drawn",
        b'"a"',
        b'"b"',
        b"9e4",
        b"0.15",
        b"Comp-",
        b"PE/A",
        b"min",
        b"NotNode",
    ]
    old, new = chance.choice(words), chance.choice([*words, b"", b"nan", b"1e999", b"-1", b"\xc3\xa9"])
    if kind == 3 or sound.count(old) < 2:
        return sound.replace(old, new)
    at = chance.randrange(sound.count(old))
    parts = sound.split(old)
    return old.join(parts[: at + 1]) + new + old.join(parts[at + 1 :])


def campaign(sound: bytes, ending: str, folder, count: int, seed: int) -> dict[str, int]:
    """Mutants through reading, gating and the table: a whole tree, or a message; nothing between."""
    chance, rng = random.Random(seed), np.random.default_rng(seed)
    events = rng.normal(3e4, 3e4, (300, 3))
    tally = {"gated": 0, "refused": 0}
    path = folder / f"mutant{ending}"
    for number in range(count):
        path.write_bytes(mutated(sound, chance))
        start = time.process_time()
        try:
            found = read_gate_file(path).for_tube("a.fcs")
            gated = gate_events(found.strategy, events, CHANNELS, counts=found.counts)
            rows = population_rows(gated, "a")
            assert len(rows) == 1 + len(found.strategy.homes)
            assert all(0 <= row["count"] <= 300 for row in rows)
            tally["gated"] += 1
        except (FormatError, StudyError) as error:
            tally["refused"] += len(str(error)) > 20
        except Exception as error:
            error.add_note(f"mutant {number} of seed {seed}: {path.read_bytes()[:4000]!r}")
            raise
        assert time.process_time() - start < SLOWEST
    assert sum(tally.values()) == count
    return tally


@pytest.mark.filterwarnings("error")
def test_mutants_are_gated_whole_or_refused_in_words(tmp_path, flowjo):
    for sound, ending in ((lab(flowjo), ".wsp"), (standard(), ".xml")):
        tally = campaign(sound, ending, tmp_path, SHORT, 5)
        assert min(tally.values()) > SHORT / 20


@pytest.mark.slow
def test_thousands_of_mutants_are_gated_whole_or_refused_in_words(tmp_path, flowjo):
    for sound, ending in ((lab(flowjo), ".wsp"), (standard(), ".xml")):
        for seed in (2026, 2027):
            tally = campaign(sound, ending, tmp_path, LONG, seed)
            print(ending, seed, tally)
            assert min(tally.values()) > LONG / 20
