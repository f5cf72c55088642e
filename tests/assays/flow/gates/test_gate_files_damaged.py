"""Gate files that were cut off, changed or made to harm: a message that says where, and nothing else."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from exoraw.assays.flow.gates import (
    Dimension,
    Fasinh,
    Log,
    NamedGate,
    Polygon,
    Strategy,
    gatingml,
    interval,
    parse_strategy,
    read_gatingml,
    read_workspace,
    strategy_yaml,
)
from exoraw.assays.flow.gates.xml_reading import DEEPEST, read_xml
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.transforms import Logicle
from exoraw.io.errors import FormatError, StudyError

SHORT, LONG = 150, 2000
WORDS = (
    b'"1" "0" A min max value name gating: Gate dimension parameter Population id= vertex cells drawn . < />'
).split()
WILD = [b'"nan"', b'"-1e400"', b'""', b'"1e308"', b"", b"\x00", b"\xff", b"&#0;", b"e9", b'"-0"', b"x" * 500]
SLOWEST = 5.0  # seconds of CPU for one mutant; sound files of this size take 0.01


def gatingml_text() -> bytes:
    matrix = Spillover(("A", "B"), np.array([[1.0, 0.1], [0.2, 1.0]]), "M")
    x, y = Dimension("A", Logicle(), "M"), Dimension("B", Fasinh(), "M")
    gates = (
        NamedGate("cells", interval(Dimension("C", Log()), 0.1, 0.9)),
        NamedGate("drawn", Polygon(x, y, ((0.1, 0.1), (0.8, 0.2), (0.5, 0.9))), "cells", outside=True),
    )
    return gatingml(Strategy(gates, {"M": matrix}), as_given="FCS").encode()


def workspace_text(flowjo) -> bytes:
    channels = ("FSC-A", "FITC-A", "PE/A")
    axes = flowjo.axis("FSC-A") + flowjo.axis("Comp-FITC-A", flowjo.BIEX) + flowjo.axis("PE/A", flowjo.LOG)
    rows = {"FITC-A": {"FITC-A": 1.0, "PE/A": 0.15}, "PE/A": {"FITC-A": 0.02, "PE/A": 1.0}}
    drawn = flowjo.polygon("FSC-A", "Comp-FITC-A", ((1.0, 2.0), (3000.0, 4.0), (50.0, 6000.0)))
    edge = ((96, 90), (61, 161), (67, 113), (90, 139))
    oval = flowjo.ellipse("FSC-A", "PE/A", ((62.8, 157.4), (94.2, 93.6)), edge)
    pops = flowjo.population(
        "cells", flowjo.rectangle(flowjo.dimension("FSC-A", 100.0, 9e4)),
        flowjo.population("drawn", drawn, count=5), flowjo.population("oval", oval),
        flowjo.boolean("AndNode", "both", ["cells/drawn", "cells/oval"]),
    )  # fmt: skip
    return flowjo.workspace(flowjo.sample("a.fcs", channels, axes, pops, spill=flowjo.matrix(rows))).encode()


def mutant(sound: bytes, chance: random.Random) -> bytes:
    """Cut, changed bytes, exchanged words and numbers, doubled or lost pieces."""
    kind = chance.randrange(6)
    a, b = sorted(chance.randrange(len(sound)) for _ in range(2))
    if kind == 0:
        return sound[:a]
    if kind == 1:
        changed = bytearray(sound)
        for _ in range(chance.randint(1, 8)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        return bytes(changed)
    if kind == 2:
        return sound[:a] + sound[min(b, a + 200) :]
    if kind == 3:
        return sound[:b] + sound[a : min(b, a + 400)] + sound[b:]
    old, new = chance.choice(WORDS), chance.choice(WILD + WORDS)
    places = sound.count(old)
    if kind == 4 or not places:
        return sound.replace(old, new)
    parts = sound.split(old)
    at = chance.randrange(1, len(parts))
    return old.join(parts[:at]) + new + old.join(parts[at:])


def campaign(
    sound: list[bytes], read: Callable[[Path], object], folder: Path, count: int, seed: int
) -> dict[str, int]:
    """Read mutants; everything but a sound result, FormatError or StudyError is raised here."""
    chance = random.Random(seed)
    tally = {"read": 0, "refused": 0}
    path = folder / "mutant"
    for number in range(count):
        path.write_bytes(mutant(chance.choice(sound), chance))
        start = time.process_time()
        try:
            read(path)
            tally["read"] += 1
        except (FormatError, StudyError) as error:
            tally["refused"] += len(str(error)) > 20
        except Exception as error:
            error.add_note(f"mutant {number} of seed {seed}: {path.read_bytes()[:4000]!r}")
            raise
        assert time.process_time() - start < SLOWEST
    assert sum(tally.values()) == count
    return tally


def whole_workspace(path: Path) -> None:
    """Read a workspace; what it hands out is complete or says what is missing."""
    for sample in read_workspace(path).samples:
        if sample.refusals:
            with pytest.raises(StudyError):
                sample.strategy()
        else:
            assert sample.strategy() is sample.readable


def both_ways(path: Path) -> None:
    strategy = read_gatingml(path)
    assert parse_strategy(strategy_yaml(strategy)) == strategy


def yaml_there_and_back(path: Path) -> None:
    parse_strategy(path.read_bytes().decode("utf-8", "replace"))


def yaml_text(folder: Path) -> bytes:
    (folder / "g.xml").write_bytes(gatingml_text())
    return strategy_yaml(read_gatingml(folder / "g.xml")).encode()


def test_mutated_files_are_read_or_refused_in_words(tmp_path, flowjo):
    for sound, read in (
        (workspace_text(flowjo), whole_workspace),
        (gatingml_text(), both_ways),
        (yaml_text(tmp_path), yaml_there_and_back),
    ):
        tally = campaign([sound], read, tmp_path, SHORT, 1)
        assert tally["refused"] > SHORT / 4
        assert tally["read"] > 0


@pytest.mark.slow
def test_two_thousand_mutated_files_of_each_kind(tmp_path, flowjo, shared):
    real = [path.read_bytes() for path in sorted((shared / "data/flow").rglob("*.wsp"))]
    assert len(real) == 7
    for sound, read in (
        ([workspace_text(flowjo), *real], whole_workspace),
        ([gatingml_text()], both_ways),
        ([yaml_text(tmp_path)], yaml_there_and_back),
    ):
        for seed in (2026, 2027):
            tally = campaign(sound, read, tmp_path, LONG, seed)
            print(read.__name__, seed, tally)
            assert tally["refused"] > LONG / 4


def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path, flowjo):
    sound = workspace_text(flowjo)
    path = tmp_path / "cut.wsp"
    for end in range(0, len(sound.rstrip()) - 1, 97):
        path.write_bytes(sound[:end])
        with pytest.raises(FormatError, match="well-formed XML"):
            read_workspace(path)


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Workspace>&b;</Workspace>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]><Workspace>&a;</Workspace>"""
PARAMETER = """<?xml version="1.0"?><!DOCTYPE w [<!ENTITY % a "x"> %a;]><Workspace/>"""


@pytest.mark.parametrize("text", [BOMB, OUTSIDE, PARAMETER])
@pytest.mark.parametrize("read", [read_workspace, read_gatingml])
def test_entities_are_refused_before_they_grow(tmp_path, text, read):
    (tmp_path / "bomb.wsp").write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=r"without entity declarations, found one \(line 1\)"):
        read(tmp_path / "bomb.wsp")


def test_deep_and_endless_files_are_refused_in_bounded_memory(tmp_path):
    deep = tmp_path / "deep.wsp"
    deep.write_text("<a>" * (DEEPEST + 1), encoding="utf-8")
    with pytest.raises(FormatError, match="levels"):
        read_xml(deep)
    skipped = tmp_path / "skipped.wsp"
    skipped.write_text("<a>" + "<Graph>" * 100_000, encoding="utf-8")
    with pytest.raises(FormatError, match="levels"):
        read_xml(skipped, skip={"Graph"})
    text = tmp_path / "text.wsp"
    text.write_text("<a>" + "x" * 5_000_000 + "</a>", encoding="utf-8")
    tracemalloc.start()
    with pytest.raises(FormatError, match="short text"):
        read_xml(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


def test_tubes_are_read_one_by_one_and_forgotten(tmp_path, flowjo):
    pops = [flowjo.population(f"p{i}", flowjo.rectangle(flowjo.dimension("A", float(i)))) for i in range(30)]
    tubes = [flowjo.sample(f"t{i}.fcs", ("A",), "", *pops) for i in range(150)]
    path = tmp_path / "many.wsp"
    path.write_text(flowjo.workspace(*tubes), encoding="utf-8")
    seen = []
    tracemalloc.start()
    root = read_xml(
        path, skip={"Graph"}, part="Sample", use=lambda each: seen.append(each.need("SampleNode").get("name"))
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == [f"t{i}.fcs" for i in range(150)]
    assert root.need("SampleList").children == []
    assert peak < 8_000_000  # 18,000 elements at once take 15 MB
    assert len(read_workspace(path).samples) == 150


def test_a_name_with_a_namespace_wins_over_one_without(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text('<a xmlns:g="urn:g" g:id="right" id="wrong" g:k="1"><g:b/>text</a>', encoding="utf-8")
    root = read_xml(path)
    assert root.attributes == {"id": "right", "k": "1"}
    assert (root.need("b").space, root.need("b").line, root.text) == ("urn:g", 1, "text")
    assert root.need("b").position == path.read_bytes().index(b"<g:b")


def test_files_that_are_not_there_or_empty_or_no_xml_are_refused(tmp_path):
    with pytest.raises(FormatError, match="can be opened"):
        read_workspace(tmp_path / "none.wsp")
    for content in (b"", b"FCS3.1    ", b"\x00" * 100, b'<?xml version="1.0" encoding="klingon"?><a/>'):
        (tmp_path / "x.wsp").write_bytes(content)
        with pytest.raises(FormatError, match="well-formed XML"):
            read_workspace(tmp_path / "x.wsp")
