"""What a step returns, as rows of the common tables; what breaks its assay's promises is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoraw.assays.contract import (
    Artefact,
    Assay,
    Figure,
    Finding,
    FindingKind,
    Measure,
    Measurement,
    Method,
    Outcome,
    Params,
)
from exoraw.engine.outcome import measurement_id, tables_of
from exoraw.engine.violations import ContractError
from exoraw.store.rows import TaskRow
from exoraw.study.spec import SheetSpec

ASSAY = Assay(
    name="demo",
    title="Demo",
    formats=(),
    sheet=SheetSpec(),
    settings=Params,
    steps=(),
    vocabulary=(Measure("share", "a share", "%", low=0.0, high=100.0), Measure("free", "any number", "um")),
    findings=(
        FindingKind("weak", "A weak control.", "Use a better one."),
        FindingKind("cut", "Cut.", "Again."),
    ),
    methods_text="",
)
ROW = TaskRow(
    task_id="t" * 32,
    unit="p/gate/A",
    status="ok",
    assay="demo",
    pipeline="p",
    step="gate",
    samples=("A", "B"),
)


def rows(outcome: Outcome, table: str = "measurements") -> list[dict[str, Any]]:
    return tables_of(outcome, ROW, ASSAY).tables[table].to_pylist()


def faults(outcome: Any) -> str:
    with pytest.raises(ContractError) as caught:
        tables_of(outcome, ROW, ASSAY)
    return str(caught.value)


def test_a_number_takes_its_unit_from_the_vocabulary() -> None:
    (row,) = rows(Outcome([Measurement("A", "share", 12.5, numerator=125, denominator=1000, n=1000)]))
    assert (row["unit"], row["value"], row["numerator"], row["denominator"]) == ("%", 12.5, 125.0, 1000.0)
    assert (row["qc"], row["qc_codes"], row["task_id"], row["pipeline"]) == ("ok", [], ROW.task_id, "p")


def test_a_finding_touches_its_entity_and_what_lies_below_and_nothing_else() -> None:
    measurements = [
        Measurement("A", "free", 1.0, entity=entity) for entity in ("", "lane:3", "lane:3/band:2", "lane:31")
    ]
    measurements.append(Measurement("B", "free", 1.0, entity="lane:3"))
    outcome = Outcome(measurements, findings=[Finding("weak", "warning", "weak", "A", "lane:3")])
    touched = {(row["sample"], row["entity"]): row["qc"] for row in rows(outcome)}
    assert touched == {
        ("A", ""): "ok",
        ("A", "lane:3"): "warning",
        ("A", "lane:3/band:2"): "warning",
        ("A", "lane:31"): "ok",
        ("B", "lane:3"): "ok",
    }


def test_the_worst_finding_gives_the_quality_and_all_codes_are_named() -> None:
    found = [Finding("weak", "error", "x"), Finding("cut", "info", "y", "A"), Finding("weak", "info", "z")]
    (row,) = rows(Outcome([Measurement("A", "free", 1.0)], findings=found))
    assert (row["qc"], row["qc_codes"]) == ("error", ["cut", "weak"])


def test_a_finding_carries_what_it_means_and_what_to_do() -> None:
    outcome = Outcome(findings=[Finding("weak", "warning", "200 events", "A", value=200, limit=500)] * 2)
    (row,) = rows(outcome, "findings")
    assert (row["meaning"], row["advice"]) == ("A weak control.", "Use a better one.")
    assert (row["value"], row["limit"], row["assay"]) == (200.0, 500.0, "demo")


def test_the_id_of_a_number_is_the_same_in_every_run_and_differs_by_every_part_of_its_key() -> None:
    base = Measurement("A", "free", 1.0)
    assert measurement_id("p", base) == measurement_id("p", replace(base, value=2.0, n=7))
    others = [
        replace(base, sample="B"),
        replace(base, entity="A"),
        replace(base, target="A"),
        replace(base, measure="share"),
        replace(base, statistic="A"),
    ]
    ids = {measurement_id("p", item) for item in [base, *others]} | {measurement_id("q", base)}
    assert len(ids) == 7


def test_objects_keep_their_own_columns_in_order() -> None:
    objects = [{"sample": "A", "entity": "c:1", "area": np.float32(1.5), "kept": np.bool_(True)}] * 3
    tables = tables_of(Outcome(objects=objects), ROW, ASSAY).tables
    table = tables["objects_demo"]
    assert table.column_names == ["object_id", "pipeline", "task_id", "sample", "entity", "area", "kept"]
    assert table["area"].to_pylist() == [1.5] * 3
    assert len(set(table["object_id"].to_pylist())) == 3


def test_artefacts_figures_and_methods_reach_their_tables() -> None:
    outcome = Outcome(
        artefacts=[Artefact("picture", "gates.png", b"png", "The gates.", "A")],
        figures=[Figure("f", "F", "group_points", ("free",), order=2)],
        methods=[Method("Gating", "We gated.", 1)],
    )
    made = tables_of(outcome, ROW, ASSAY)
    assert made.evidence == {"gates.png": b"png"}
    assert made.tables["artefacts"]["path"].to_pylist() == [f"evidence/{ROW.task_id}.1/gates.png"]
    assert made.tables["figures"].to_pylist()[0]["measures"] == ["free"]
    assert made.tables["methods"]["title"].to_pylist() == ["Gating"]
    assert set(made.tables) == {"artefacts", "figures", "methods"}


def test_a_missing_value_is_legal_with_a_finding_that_touches_it() -> None:
    missing = Measurement("A", "share", math.nan)
    (row,) = rows(Outcome([missing], findings=[Finding("cut", "error", "cut", "A")]))
    assert math.isnan(row["value"])
    assert "no finding says why" in faults(Outcome([missing], findings=[Finding("cut", "error", "cut", "B")]))


M = Measurement("A", "free", 1.0)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (None, "a NoneType instead of an Outcome"),
        (Outcome([replace(M, measure="sha")]), "not in the assay's vocabulary"),
        (Outcome([replace(M, measure="share", value=100.5)]), "outside [0, 100]"),
        (Outcome([replace(M, measure="share", value=-0.1)]), "outside [0, 100]"),
        (Outcome([replace(M, value=math.inf)]), "outside the finite numbers"),
        (Outcome([replace(M, value="3")]), "is no number"),  # type: ignore[arg-type]
        (Outcome([replace(M, value=True)]), "is no number"),
        (Outcome([replace(M, sample="C")]), "the sample 'C' is not one of this unit"),
        (Outcome([M, M]), "is given 2 times"),
        (Outcome([replace(M, numerator=1.0)]), "only one of numerator and denominator"),
        (Outcome([replace(M, numerator=1.0, denominator=math.nan)]), "the denominator is nan"),
        (Outcome([replace(M, ci_low=2.0, ci_high=1.0)]), "upside down"),
        (Outcome([replace(M, n=-1)]), "n is -1"),
        (Outcome(findings=[Finding("odd", "info", "x")]), "the finding code 'odd'"),
        (Outcome(findings=[Finding("weak", "fatal", "x")]), "the severity 'fatal'"),  # type: ignore[arg-type]
        (Outcome(findings=[Finding("weak", "info", " ")]), "it has no message"),
        (Outcome(findings=[Finding("weak", "info", "x", "C")]), "the sample 'C' is not one"),
        (Outcome(artefacts=[Artefact("picture", "../a.png", b"", "")]), "no plain file name"),
        (Outcome(artefacts=[Artefact("picture", "a.png", "text", "")]), "not bytes"),  # type: ignore[arg-type]
        (Outcome(artefacts=[Artefact("matrix", n, b"", "") for n in ("a.c", "A.C")]), "are called a.c"),
        (Outcome(objects=[{"entity": "c:1"}]), "they do not say their sample"),
        (Outcome(objects=[{"sample": "C"}]), "samples that are not of this unit"),
        (Outcome(objects=[{"sample": "A"}, {"sample": "A", "x": 1}]), "the same columns"),
        (Outcome(objects=[{"sample": "A", "x": [1]}]), "the column x holds something else"),
        (Outcome(objects=[{"sample": "A", "task_id": "x"}]), "filled in by the store"),
        (Outcome(figures=[Figure("f", "F", "group_points", ("sha",))]), "outside the vocabulary: sha"),
        (Outcome(figures=[Figure("f", "F", "Pie!", ("free",))]), "the kind 'Pie!' is no word"),
        (Outcome(methods=[Method("T", "a"), Method("T", "b")]), "2 paragraphs"),
        (Outcome(data={"x": math.nan}), "data is not plain JSON"),
        (Outcome(data={"x": np.int64(1)}), "data is not plain JSON"),
        (Outcome(seed=1.5), "the seed 1.5"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_breaks_the_contract_is_refused_in_words(outcome: Any, words: str) -> None:
    said = faults(outcome)
    assert words in said
    assert "fault of the program" in said


def test_rounding_at_a_bound_is_no_fault() -> None:
    (row,) = rows(Outcome([replace(M, measure="share", value=100.0 + 5e-8)]))
    assert row["value"] > 100.0


@given(
    value=st.floats(0, 100),
    entity=st.text(max_size=20),
    target=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_any_legal_number_comes_back_as_it_went_in(value: float, entity: str, target: str) -> None:
    entity = entity.encode("utf-8", "ignore").decode()
    (row,) = rows(Outcome([Measurement("B", "share", value, entity=entity, target=target)]))
    assert (row["value"], row["entity"], row["target"]) == (value, entity, target)
