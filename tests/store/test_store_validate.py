"""The validator finds every kind of fault, and nothing in a sound folder."""

from __future__ import annotations

import pyarrow as pa
import pytest

from exoraw.store.validate import folder_problems, problems_of


@pytest.fixture
def words(make_table):
    word = {
        "assay": "flow",
        "measure": "late_apoptotic",
        "definition": "x",
        "unit": "%",
        "low": 0.0,
        "high": 100.0,
    }
    return make_table("vocabulary", [word])


def test_sound_folder_has_no_problem(lab):
    lab.sample("A1")
    lab.task("A1", evidence={"g.png": b"x"})
    lab.publish()
    assert folder_problems(lab.open()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": 100.1}, "above the largest possible value 100"),
        ({"value": -0.1}, "below the smallest possible value 0"),
        ({"value": float("inf")}, "above the largest"),
        ({"value": None}, "no number and no finding"),
        ({"value": float("nan")}, "no number and no finding"),
        ({"unit": "1"}, 'the unit is "1", the vocabulary says "%"'),
        ({"measure": "apoptotic"}, 'has no measure "apoptotic"'),
        ({"numerator": 1.0}, "needs both numerator and denominator"),
        ({"qc": "bad"}, 'column "qc" holds "bad"'),
        ({"measurement_id": None}, 'column "measurement_id" is empty in 1 rows'),
    ],
)
def test_faulty_number_is_found(make_table, make_number, words, change, message):
    table = make_table("measurements", [{**make_number("A1", 50.0), **change}])
    (problem,) = problems_of(table, "measurements", words)
    assert message in problem


@pytest.mark.parametrize("value", [0.0, 100.0, 100.00000000000001, -1e-12])
def test_rounding_at_the_bounds_is_no_fault(make_table, make_number, words, value):
    assert problems_of(make_table("measurements", [make_number("A1", value)]), "measurements", words) == []


def test_number_that_is_missing_with_a_finding_is_no_fault(make_table, make_number, words):
    table = make_table("measurements", [make_number("A1", None, qc_codes=["no_events"])])
    assert problems_of(table, "measurements", words) == []


def test_key_that_stands_twice_is_found(make_table, make_number, words):
    table = make_table("measurements", [make_number("A1", 1.0)] * 2)
    (problem,) = problems_of(table, "measurements", words)
    assert "measurement_id must be unique" in problem


def test_missing_unknown_and_wrongly_typed_columns_are_found(make_table):
    table = make_table("findings", [{"code": "c", "severity": "info", "message": "m", "finding_id": "1"}])
    table = table.drop_columns(["code"]).append_column("extra", pa.array([1]))
    place = table.schema.get_field_index("value")
    table = table.set_column(place, "value", pa.array(["x"]))
    assert problems_of(table, "findings") == [
        'findings: the column "code" is missing',
        'findings: column "value" is string, expected double',
        'findings: unknown columns "extra"',
    ]


def test_open_tables_may_have_further_columns(make_table):
    assert (
        problems_of(make_table("samples", [{"pipeline": "p", "sample": "s", "mood": "good"}]), "samples")
        == []
    )
    cells = pa.table({"object_id": ["a"], "sample": ["s"], "area": [1.0]})
    assert problems_of(cells, "objects_flow") == []


def test_number_of_a_task_that_is_not_there_is_found(lab, make_table, make_number):
    lab.task("A1", {"measurements": make_table("measurements", [make_number("A1", 1.0, task_id="stranger")])})
    lab.publish()
    assert folder_problems(lab.open()) == [
        'measurements: task_id "stranger" does not stand in the table tasks'
    ]


def test_evidence_that_is_gone_or_changed_is_found(filled):
    filled.vocabulary = [{**word, "low": None, "high": None} for word in filled.vocabulary]
    filled.publish()
    paths = filled.open().arrow("artefacts")["path"].to_pylist()
    (filled.results / paths[0]).unlink()
    (filled.results / paths[1]).write_bytes(b"other")
    assert folder_problems(filled.open()) == [
        f"artefacts: {paths[0]} is missing",
        f"artefacts: {paths[1]} is not what the task wrote",
    ]
    assert folder_problems(filled.open(), evidence=False) == []
