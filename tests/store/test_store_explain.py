"""Every number says where it comes from; a mistyped name gets the nearest ones."""

from __future__ import annotations

import json

import pytest

from exoraw.io.errors import UnknownNameError
from exoraw.store.explain import explain, lines


@pytest.fixture
def told(lab, make_table, make_number):
    """A gate that was computed from a control task and a file, with a remark and a picture."""
    lab.sample("DOX 1", treatment="DOX", files=["day1/dox1.fcs"])
    control = lab.row("control", step="threshold", samples=("iso",), versions='{"numpy": "2.4.6"}')
    lab.task("control", {}, step="threshold", samples=("iso",), versions='{"numpy": "2.4.6"}')
    inputs = {
        "sample": [{"kind": "file", "name": "day1/dox1.fcs", "digest": "ab" * 32, "dataset": 0}],
        "threshold": [
            {"kind": "task", "name": "annexin/gate/control", "task_id": control.task_id, "status": "ok"}
        ],
        "correction": [],
        "@sheet": [{"kind": "cell", "name": "batch", "sample": "DOX 1", "digest": "x"}],
        "@plan": [],
    }
    row = lab.row("DOX 1")
    number = make_number(
        "DOX 1", 12.5, numerator=125.0, denominator=1000.0, n=1000, ci_low=10.5, ci_high=14.7, qc="warning",
        qc_codes=["few_events"], task_id=row.task_id, file_id="ab" * 8,
    )  # fmt: skip
    finding = {
        "finding_id": "1", "code": "few_events", "severity": "warning", "message": "1,000 events",
        "sample": "DOX 1", "task_id": row.task_id,
    }  # fmt: skip
    artefact = {
        "task_id": row.task_id,
        "kind": "picture",
        "path": f"{row.evidence_folder}/g.png",
        "caption": "gates",
    }
    lab.task(
        "DOX 1",
        {
            "measurements": make_table("measurements", [number]),
            "findings": make_table("findings", [finding]),
            "artefacts": make_table("artefacts", [artefact]),
        },
        params=json.dumps({"cofactor": 150}),
        inputs=json.dumps(inputs),
        reason="new",
        seed=11,
        evidence={"g.png": b""},
    )
    file = {"path": "day1/dox1.fcs", "file_id": "ab" * 8, "sha256": "ab" * 32, "size": 3}
    lab.publish(
        files=make_table("files", [file, {"path": "day2/dox1.fcs", "file_id": "cd" * 8, "sha256": "cd" * 32}])
    )
    return lab.open()


def test_sample_is_explained_down_to_bytes_settings_versions_and_evidence(told):
    text = "\n".join(lines(explain(told, "DOX 1")))
    for words in (
        "late_apoptotic = 12.5 % (95 % interval 10.5 to 14.7)",
        "125 of 1,000",
        "share of late_apoptotic cells of all single cells",
        "quality: warning few_events",
        "from task annexin/gate/DOX 1 (ok; step gate version 1;",
        f"sample: file day1/dox1.fcs sha256 {'ab' * 32}",
        "correction: none was there",
        "setting cofactor: 150",
        "random seed: 11",
        "remark: warning few_events (DOX 1): 1,000 events",
        "g.png: gates",
        "sheet columns it depends on: batch",
        "computed because: new",
        "from task annexin/gate/control (ok; step threshold",
        "versions: numpy 2.4.6",
        "treatment: DOX",
    ):
        assert words in text


def test_number_file_task_and_unit_lead_to_the_same_task(told):
    number = told.arrow("measurements")["measurement_id"][0].as_py()
    task = told.arrow("measurements")["task_id"][0].as_py()
    for what in (
        number,
        number[:8],
        task,
        task[:7],
        "annexin/gate/DOX 1",
        "day1/dox1.fcs",
        "ab" * 8,
        "DOX 1",
    ):
        (story,) = explain(told, what).tasks
        assert story.task_id == task
        assert [item.label for item in explain(told, what).numbers] == ["late_apoptotic"]


def test_backslashes_of_windows_find_the_file(told):
    assert explain(told, "day1\\dox1.fcs").title == "file day1/dox1.fcs"


def test_file_name_that_stands_in_two_folders_is_asked_for(told):
    with pytest.raises(UnknownNameError, match=r'"dox1.fcs" can mean 2 things: day1/dox1.fcs, day2/dox1.fcs'):
        explain(told, "dox1.fcs")


def test_unknown_name_gets_the_nearest_ones(told):
    with pytest.raises(UnknownNameError, match=r"Did you mean DOX 1"):
        explain(told, "dox-1")
    with pytest.raises(UnknownNameError, match="Give a sample, a raw file"):
        explain(told, "zzzzzzzzzzzzz")


def test_beginning_of_an_id_that_fits_several_is_asked_for(lab, make_table, make_number):
    numbers = [make_number("A1", 1.0, measurement_id=f"abcdef{i}", entity=str(i)) for i in range(9)]
    lab.task("A1", {"measurements": make_table("measurements", numbers)})
    lab.publish()
    with pytest.raises(UnknownNameError, match=r"can mean 9 things: abcdef0, .* \.\.\."):
        explain(lab.open(), "abcdef")
    assert len(explain(lab.open(), "abcdef3").numbers) == 1


def test_failed_task_is_explained_with_its_error(filled):
    (story,) = explain(filled.open(), "annexin/gate/B1").tasks
    assert (story.status, story.error) == ("failed", "<b>no events</b>")
    assert any("error: <b>no events</b>" in line for line in lines(explain(filled.open(), "annexin/gate/B1")))


def test_task_that_two_others_build_on_is_told_once(lab):
    base = lab.task("base", {}, samples=())
    inputs = json.dumps({"gate": [{"kind": "task", "name": "base", "task_id": base.task_id, "status": "ok"}]})
    middle = [lab.task(name, {}, inputs=inputs, samples=()) for name in ("m1", "m2")]
    both = {
        "in": [{"kind": "task", "name": row.unit, "task_id": row.task_id, "status": "ok"} for row in middle]
    }
    lab.task("top", {}, inputs=json.dumps(both))
    lab.publish()
    text = lines(explain(lab.open(), "annexin/gate/top"))
    assert sum("annexin/gate/base" in line for line in text) == 2
    assert sum("(see above)" in line for line in text) == 1


def test_control_tube_is_explained_by_the_tasks_that_used_its_file(lab, make_table):
    lab.sample("isotype", control_role="isotype", files=["day1/iso.fcs"])
    inputs = {"controls": [{"kind": "file", "name": "day1/iso.fcs", "digest": "ef" * 32}]}
    lab.task("day 1", {}, samples=(), inputs=json.dumps(inputs))
    file = {"path": "day1/iso.fcs", "file_id": "ef" * 8, "sha256": "ef" * 32, "size": 3}
    lab.publish(files=make_table("files", [file]))
    assert [story.unit for story in explain(lab.open(), "isotype").tasks] == ["annexin/gate/day 1"]


def test_formula_is_told_once_and_units_are_words(lab, make_table, make_number):
    lab.sample("A1")
    numbers = [make_number("A1", 7.0, entity=place, unit="{events}", n=7) for place in ("x", "y")]
    lab.task("A1", {"measurements": make_table("measurements", numbers)})
    lab.publish()
    text = lines(explain(lab.open(), "A1"))
    assert sum("share of late_apoptotic cells" in line for line in text) == 1
    assert "  late_apoptotic y = 7 events" in text


def test_number_without_a_value_says_so(lab, make_table, make_number):
    lab.sample("A1")
    lab.task("A1", {"measurements": make_table("measurements", [make_number("A1", None)])})
    lab.publish()
    assert any("late_apoptotic = no number %" in line for line in lines(explain(lab.open(), "A1")))
