"""What an assay may ask of the house beyond the first: privacy, groups of samples, references, formats."""

from __future__ import annotations

import getpass
import hashlib
import itertools
import json
import math
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import exoraw
from exoraw.assays import registry
from exoraw.assays.contract import (
    Comparison,
    CorrectionInput,
    Figure,
    FileInput,
    Finding,
    Format,
    Magic,
    Measurement,
    Outcome,
    Params,
    TaskInput,
    Unit,
)
from exoraw.engine.failures import FileChangedError, is_machine_fault
from exoraw.engine.inputs import check_unchanged
from exoraw.engine.keys import Settled, identify
from exoraw.engine.options import RunOptions, RunSummary
from exoraw.engine.outcome import tables_of
from exoraw.engine.plan import Plan
from exoraw.engine.privacy import without_folders
from exoraw.engine.recognise import Recognised, bytes_needed, recognise
from exoraw.engine.run import plan, run
from exoraw.engine.tasks import Limits, Order
from exoraw.engine.violations import ContractError, touching_findings
from exoraw.io.errors import StoreError, StudyError
from exoraw.io.inventory import Inventory
from exoraw.store.index import committed
from exoraw.store.rows import TaskRow
from exoraw.study.corrections import write_correction
from exoraw.study.view import Correction, Reference

HERE = RunOptions(workers=0)


def go(study: Any, **options: Any) -> RunSummary:
    return run(study.path, RunOptions(workers=0, **options))


def planned(study: Any, **options: Any) -> Plan:
    return plan(study.path, RunOptions(**options))


def states(study: Any) -> dict[str, str]:
    return {node.key.removeprefix("toys/"): node.state for node in planned(study)}


# ----------------------------------------------------------------- privacy


def every_text(results: Path) -> str:
    """All that a reader of a results folder may see: tables, logs, manifest."""
    opened = exoraw.open(results)
    tables = [str(opened.arrow(name).to_pylist()) for name in opened.names]
    files = [path for pattern in ("logs/*", "*.json") for path in results.glob(pattern)]
    return "\n".join([*tables, *(path.read_text("utf-8") for path in files)])


@pytest.mark.parametrize("workers", [0, 1])
def test_no_place_of_this_machine_stands_in_tables_texts_or_logs(
    toy_study: Any, tmp_path: Path, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "house"))
    places = " and ".join(
        [
            f"{toy_study.raw}/day1/x.fcs",
            f"{toy_study.results}/matrices",
            f"{toy_study.folder}/plate.csv",
            f"{tmp_path / 'house'}/secret",
            f"{tmp_path}/elsewhere",
            f"{tempfile.gettempdir()}/scratch.bin",
        ]
    )
    toy_study.add("A", act="gossip", places=places)
    toy_study.add("B", act="gossip", places=places, then="fail")
    run(toy_study.path, RunOptions(workers=workers))
    told = every_text(toy_study.results)
    for place in (tmp_path, Path.home(), tmp_path / "house", toy_study.raw, Path(tempfile.gettempdir())):
        assert f"{place}{os.sep}" not in told
    findings = exoraw.open(toy_study.results).arrow("findings").to_pylist()
    (message,) = [item["message"] for item in findings if item["code"] == "noted"]
    assert message.startswith("day1/x.fcs and results/matrices and plate.csv and ~/secret and tmp/")
    assert told.count("warning: day1/x.fcs") == 2
    assert told.count("from C: day1/x.fcs") == (2 if workers else 0)


def order_of(raw: str, results: str, study: str) -> Order:
    row = TaskRow(task_id="t", unit="u", status="failed")
    return Order(raw, results, "", row, None, {}, {}, Limits(1, 1), "0", study=study)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/data/study/raw/day1/A.fcs is broken", "day1/A.fcs is broken"),
        ("no folder /data/study/raw.", "no folder raw."),
        ("/data/study/raw2/A.fcs", "raw2/A.fcs"),
        ("/data/study", "the folder of the study"),
        ("/data/study-2/x", "/data/study-2/x"),
        (
            "[Errno 2] No such file: '/data/out/matrices/m.csv'",
            "[Errno 2] No such file: 'results/matrices/m.csv'",
        ),
        ("/mnt/data/study/raw/x", "/mnt/data/study/raw/x"),
        ("3/4 of the cells", "3/4 of the cells"),
    ],
)
def test_a_place_is_shown_relative_to_the_folder_it_lies_in(text: str, shown: str) -> None:
    assert without_folders(text, order_of("/data/study/raw", "/data/out", "/data/study")) == shown


def test_the_users_name_is_taken_out_of_absolute_paths_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from exoraw.engine import privacy

    monkeypatch.setattr(getpass, "getuser", lambda: "maria")
    privacy._user_pattern.cache_clear()
    try:
        order = order_of("/data/raw", "/data/out", "/data")
        assert (
            without_folders("/mnt/maria/x.csv, C:\\Users\\maria\\x", order) == "/mnt/~/x.csv, C:\\Users\\~\\x"
        )
        assert without_folders("day1/maria/A.fcs by maria", order) == "day1/maria/A.fcs by maria"
    finally:
        privacy._user_pattern.cache_clear()


# ----------------------------------------------------------------- damaged content is no fault of the machine


@pytest.mark.parametrize("act", ["damaged_gzip", "no_picture"])
def test_a_decoder_that_refuses_the_content_is_committed_and_not_tried_every_night(
    toy_study: Any, act: str
) -> None:
    toy_study.add("A", act=act)
    assert go(toy_study).exit_code == 1
    assert states(toy_study)["measure/A"] == "cached"


def test_a_disk_that_fails_is_tried_again(toy_study: Any) -> None:
    toy_study.add("A", act="disk_error")
    assert go(toy_study).exit_code == 1
    assert states(toy_study)["measure/A"] == "run"
    assert is_machine_fault(TimeoutError("the network disk is slow"))


# ----------------------------------------------------------------- numbers of several samples


def test_a_number_of_several_samples_carries_the_cells_on_which_they_agree(toy_study: Any) -> None:
    toy_study.settings = {"extras": ["group"]}
    for sample, treatment in (("A", "DOX"), ("B", "vehicle")):
        toy_study.add(sample, batch="b1", value=1)
        toy_study.rows[-1] |= {"treatment": treatment, "cell_line": "MCF-7"}
    toy_study.write()
    assert go(toy_study).exit_code == 0
    opened = exoraw.open(toy_study.results)
    (row,) = [row for row in opened.joined().to_pylist() if row["entity"] == "curve:all"]
    assert (row["sample"], row["members"], row["unit"]) == ("", ["A", "B"], "nmol/L")
    assert (row["cell_line"], row["treatment"], row["batch"]) == ("MCF-7", None, "b1")
    others = [row for row in opened.joined().to_pylist() if row["sample"] == "A"]
    assert {(row["treatment"], row["members"], row["unit"]) for row in others} == {("DOX", None, "1")}
    assert "" in opened.arrow("objects_toy")["sample"].to_pylist()


def test_the_report_and_the_exports_take_a_number_without_a_sample(toy_study: Any, tmp_path: Path) -> None:
    from exoraw.report import build_report
    from exoraw.store.export import export

    toy_study.settings = {"extras": ["group"]}
    toy_study.add("A", value=1)
    go(toy_study)
    assert "not in the sample sheet" not in build_report(toy_study.results).read_text("utf-8")
    for to in ("csv", "xlsx"):
        assert export(exoraw.open(toy_study.results), to, tmp_path / to)  # type: ignore[arg-type]


def outcome_faults(outcome: Outcome) -> str:
    row = TaskRow(task_id="t" * 32, unit="toys/u", status="ok", pipeline="toys", samples=("A", "B"))
    with pytest.raises(ContractError) as caught:
        tables_of(outcome, row, registry.load("toy"))
    return str(caught.value)


def test_members_are_samples_of_the_unit_each_once(toy_study: Any) -> None:
    number = Measurement("", "pool_mean", 1.0, members=("A", "C", "A"))
    told = outcome_faults(Outcome([number, Measurement("A", "pool_mean", 1.0, members=("B",))]))
    assert "the members 'C' are not samples" in told
    assert "a member is named twice" in told
    assert "it has both a sample and members" in told


def test_a_finding_about_a_member_travels_with_the_number_of_the_group() -> None:
    number = Measurement("", "pool_mean", 1.0, members=("A", "B"))
    about = [Finding("noted", "warning", "weak", sample) for sample in ("A", "C")]
    assert touching_findings(about, number) == about[:1]


# ----------------------------------------------------------------- tables of earlier units, comparisons


def test_a_step_compares_the_numbers_of_earlier_units(toy_study: Any) -> None:
    toy_study.settings = {"extras": ["compare"]}
    toy_study.add("A", batch="b1", value=1)
    toy_study.add("B", batch="b2", value=5)
    assert go(toy_study).exit_code == 0
    (row,) = exoraw.open(toy_study.results).arrow("comparisons").to_pylist()
    assert (row["measure"], row["group"], row["reference"], row["p"]) == ("pool_mean", "b2", "b1", 0.5)
    assert json.loads(row["assumptions"]) == {"state": "too few units", "values": [1.0, 5.0]}


def test_a_damaged_table_of_an_earlier_unit_is_never_read_as_numbers(toy_study: Any) -> None:
    toy_study.add("A", batch="b1", value=1)
    go(toy_study)
    (pool,) = [row for row in committed(toy_study.results).values() if row.step == "pool"]
    (part,) = [part for part in pool.part_list() if part.table == "measurements"]
    place = toy_study.results / part.path
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(bytes(content))
    toy_study.settings = {"extras": ["compare"]}
    toy_study.write()
    summary = go(toy_study)
    assert [row.unit for row in summary.failures] == ["toys/total/all"]
    assert part.path in summary.failures[0].error
    assert not exoraw.open(toy_study.results).arrow("comparisons").num_rows


def test_a_test_given_twice_is_refused_with_its_task(toy_study: Any) -> None:
    toy_study.settings = {"extras": ["compare_twice"]}
    toy_study.add("A", batch="b1", value=1)
    with pytest.raises(
        StoreError, match=r"test pool_mean / batch / b2 / b1 / Welch t was given twice.*total/all"
    ):
        go(toy_study)


def test_a_comparison_has_a_known_measure_a_probability_and_no_nan() -> None:
    told = outcome_faults(Outcome(comparisons=[Comparison("wrong", "t", p=1.5, estimate=math.nan)]))
    assert "measures outside the vocabulary: wrong" in told
    assert "p is 1.5" in told
    assert "estimate is NaN" in told


# ----------------------------------------------------------------- needs by role


@pytest.mark.parametrize(
    ("needs", "broken", "state"),
    [
        ({"first": "optional"}, "A", "ok"),
        ({"first": "optional"}, "B", "skipped"),  # a role that is not named needs all
        ({"first": "all", "values": "any"}, "B", "ok"),
        ({"first": "all", "values": "any"}, "A", "skipped"),
        ({"first": "any", "values": "optional"}, "A", "skipped"),
        ({"first": "optional", "values": "any"}, "ABC", "skipped"),
        ({"first": "optional", "values": "optional"}, "ABC", "ok"),
    ],
)
def test_what_a_unit_needs_is_said_by_role(toy_study: Any, needs: Any, broken: str, state: str) -> None:
    toy_study.settings = {"needs": needs}
    for sample in "ABC":
        toy_study.add(sample, batch="b1", **({"act": "fail"} if sample in broken else {"value": 1}))
    go(toy_study)
    tasks = exoraw.open(toy_study.results).arrow("tasks").to_pylist()
    assert {row["unit"]: row["status"] for row in tasks}["toys/pool/b1"] == state


@pytest.mark.parametrize("needs", [{"stranger": "all"}, {"first": "some"}])
def test_a_role_or_a_word_that_does_not_exist_is_a_fault_of_the_plan(toy_study: Any, needs: Any) -> None:
    toy_study.settings = {"needs": needs}
    toy_study.add("A", value=1)
    with pytest.raises(StudyError, match=r"stranger|some"):
        planned(toy_study)


# ----------------------------------------------------------------- references


@pytest.fixture
def standard(toy_study: Any) -> Path:
    path: Path = toy_study.folder / "references" / "standard.txt"
    path.parent.mkdir()
    path.write_text("one")
    toy_study.references = [{"name": "standard", "file": "references/standard.txt", "version": "22.1"}]
    toy_study.add("A", value=1)
    return path


def test_a_reference_file_reaches_the_step_with_its_version_and_stands_in_the_inputs(
    toy_study: Any, standard: Path
) -> None:
    assert go(toy_study).exit_code == 0
    (row,) = [row for row in committed(toy_study.results).values() if row.step == "total"]
    assert json.loads(row.data)["standards"] == {"standard": ["22.1", "one"]}
    assert json.loads(row.inputs)["reference"] == [
        {"kind": "reference", "name": "standard", "digest": hashlib.sha256(b"one").hexdigest()}
    ]
    assert str(toy_study.folder) not in row.inputs


def test_another_content_of_a_reference_runs_only_what_uses_it(toy_study: Any, standard: Path) -> None:
    go(toy_study)
    standard.write_text("two")
    (node,) = [node for node in planned(toy_study) if node.state == "run"]
    assert (node.key, node.reason) == ("toys/total/all", "input standard changed")
    moved = standard.rename(standard.with_name("moved.txt"))
    moved.write_text("one")
    toy_study.references[0] |= {"file": "references/moved.txt", "version": "22.2"}
    toy_study.write()
    assert set(states(toy_study).values()) == {"cached"}


def test_a_reference_that_changes_after_planning_is_a_fault_of_the_machine(standard: Path) -> None:
    seen = standard.stat()
    reference = Reference("s", standard, "", hashlib.sha256(b"one").hexdigest(), 3, seen.st_mtime_ns)
    order = replace(order_of("/data/raw", "/data/out", ""), references={"role": (reference,)})
    check_unchanged(order)
    standard.write_text("two")
    os.utime(standard, (1, 1))
    with pytest.raises(FileChangedError, match=r"standard\.txt"):
        check_unchanged(order)


def test_a_reference_that_cannot_be_used_is_told_with_its_line(toy_study: Any, standard: Path) -> None:
    toy_study.put("inside.txt", b"x")
    toy_study.references += [
        {"name": "standard", "file": "references/standard.txt"},
        {"name": "lost", "file": "references/standart.txt"},
        {"name": "raw", "file": "raw/inside.txt"},
    ]
    toy_study.write()
    with pytest.raises(StudyError) as caught:
        planned(toy_study)
    told = str(caught.value)
    assert "is the name of two files" in told
    assert "does not exist beside study.yaml. Did you mean standard.txt?" in told
    assert "lies inside the raw folder" in told


# ----------------------------------------------------------------- columns from settings


@pytest.fixture
def two_treatments(toy_study: Any) -> Any:
    for sample, treatment in (("A", "DOX"), ("B", "vehicle")):
        toy_study.add(sample, batch="b1", value=1)
        toy_study.rows[-1] |= {"treatment": treatment, "cell_line": "MCF-7"}
    toy_study.settings = {"group_by": ["treatment", "cell_line"]}
    toy_study.write()
    return toy_study


def what_runs(study: Any) -> set[str]:
    return {unit for unit, state in states(study).items() if state == "run"}


def test_the_columns_of_a_step_may_come_from_the_settings(two_treatments: Any) -> None:
    assert go(two_treatments).exit_code == 0
    two_treatments.rows[0]["treatment"] = "PTX"
    two_treatments.write()
    assert what_runs(two_treatments) == {"total/all"}


def test_a_unit_says_which_of_its_columns_enter_the_key(two_treatments: Any) -> None:
    two_treatments.settings["keyed"] = ["batch", "treatment"]
    two_treatments.write()
    assert go(two_treatments).exit_code == 0
    two_treatments.rows[0]["cell_line"] = "T47D"
    two_treatments.write()
    assert what_runs(two_treatments) == set()
    two_treatments.rows[0]["treatment"] = "PTX"
    two_treatments.write()
    assert what_runs(two_treatments) == {"total/all"}


def test_a_keyed_column_that_the_step_does_not_declare_is_a_fault_of_the_plan(two_treatments: Any) -> None:
    two_treatments.settings["keyed"] = ["subject"]
    two_treatments.write()
    with pytest.raises(StudyError, match="columns that the step does not declare: subject"):
        planned(two_treatments)


# ----------------------------------------------------------------- corrections


def correct(study: Any, sample: str = "A", x: float = 1, **words: str) -> Correction:
    told = {"who": "me", "when": "2026-11-20", "why": "drift", **words}
    return write_correction(
        study.folder, assay="toy", kind="gate", target=f"sample:{sample}", value={"x": x}, **told
    )


def test_another_reason_for_the_same_correction_computes_nothing(toy_study: Any) -> None:
    toy_study.add("A", value=1)
    correction = correct(toy_study)
    go(toy_study)
    place = toy_study.folder / correction.path
    written = json.loads(place.read_text("utf-8"))
    place.write_text(json.dumps({**written, "why": "a better reason", "who": "you"}), encoding="utf-8")
    assert what_runs(toy_study) == set()
    place.write_text(json.dumps({**written, "value": {"x": 2}}), encoding="utf-8")
    assert what_runs(toy_study) == {"measure/A"}


def test_a_correction_that_nothing_uses_is_a_warning_beside_the_numbers(toy_study: Any) -> None:
    toy_study.add("A", value=1)
    correct(toy_study, "A")
    correct(toy_study, "renamed")
    correct(toy_study, "A", pipeline="another")
    assert go(toy_study).exit_code == 0
    findings = exoraw.open(toy_study.results).findings("warning")
    told = findings.loc[findings["code"] == "correction_unused", "message"].tolist()
    assert len(told) == 2
    assert sum("gate of sample:renamed is used by nothing" in text for text in told) == 1
    assert sum('gate of sample:A in the analysis "another"' in text for text in told) == 1


def test_a_correction_of_one_analysis_counts_before_that_for_all(toy_study: Any) -> None:
    toy_study.add("A", value=1)
    correct(toy_study, x=1)
    go(toy_study)
    correct(toy_study, x=5, pipeline="another")
    assert what_runs(toy_study) == set()
    own = correct(toy_study, x=5, pipeline="toys")
    (node,) = [node for node in planned(toy_study) if node.key == "toys/measure/A"]
    assert node.unit.inputs["correction"] == (CorrectionInput(own),)
    assert correct(toy_study, x=5, pipeline="toys").path == own.path


# ----------------------------------------------------------------- formats that begin alike

TOY = Format("toy", "Toy file", (Magic(b"TOY1\n"),), (".toy",), "toyassay.reader:probe")
NOISY = Format("noisy", "Noisy toy", (Magic(b"TOY1\n"),), (".noisy",), "toyassay.reader:noisy_probe")
TEXT = Format("lines", "Plain toy text", (Magic(b""),), (".lines",), "toyassay.reader:text_probe")
BROKEN = Format("broken", "Broken", (Magic(b""),), (".broken",), "toyassay.reader:broken_probe")


def look_at(folder: Path, name: str, content: bytes, known: tuple[Format, ...]) -> Recognised:
    path = folder / name
    path.write_bytes(content)
    return recognise(path, name, content[: bytes_needed(known)], known)


@pytest.mark.parametrize("known", list(itertools.permutations((TOY, NOISY, TEXT, BROKEN))))
def test_formats_that_begin_alike_are_told_apart_by_their_probes(
    tmp_path: Path, known: tuple[Format, ...]
) -> None:
    cases = {
        b'TOY1\n{"value": 1}': "toy",
        b"TOY1\nnoise": "noisy",
        b"lines of text": "lines",
        b"TOY1\nlines of neither": "lines",  # the text format has the last word
    }
    for content, expected in cases.items():
        for name in ("a", "a.toy", "a.lines"):
            found = look_at(tmp_path, name, content, known)
            assert (found.format, found.problem) == (expected, ""), (name, content)


def test_where_no_probe_reads_it_the_likeliest_format_says_why(tmp_path: Path) -> None:
    known = (BROKEN, TEXT, NOISY, TOY)
    found = look_at(tmp_path, "a.toy", b"TOY1\n[1]", known)
    assert (found.format, found.problem) == ("toy", "expected an object, found a list.")
    named = look_at(tmp_path, "a.lines", b"\x00\x01", known)
    assert (named.format, named.problem) == ("lines", "expected the word lines, found something else.")


def test_a_file_that_no_text_format_claims_by_its_name_stays_unknown(tmp_path: Path) -> None:
    found = look_at(tmp_path, "notes.bin", b"\x00\x01", (BROKEN, TEXT, NOISY, TOY))
    assert found.format == ""
    assert found.problem.startswith("no assay reads this kind of file")
    empty = look_at(tmp_path, "empty.lines", b"", (TEXT,))
    assert (empty.format, empty.problem) == ("", "the file is empty (0 bytes).")


# ----------------------------------------------------------------- figures


def test_a_figure_has_options_and_a_kind_that_the_report_may_not_know(toy_study: Any) -> None:
    from exoraw.report import build_report

    toy_study.settings = {"extras": ["figure"]}
    toy_study.add("A", value=1)
    assert go(toy_study).exit_code == 0
    rows = {row["name"]: row for row in exoraw.open(toy_study.results).arrow("figures").to_pylist()}
    assert json.loads(rows["curve"]["options"]) == {"x": "dose", "log": True}
    assert (rows["curve"]["kind"], rows["plain"]["options"]) == ("dose_response", "")
    assert "cannot draw a figure of the kind" in build_report(toy_study.results).read_text("utf-8")


def test_options_of_a_figure_are_plain_json() -> None:
    figure = Figure("f", "F", "group_points", ("toy_value",), options={"low": math.nan})
    assert "its options are not plain JSON" in outcome_faults(Outcome(figures=[figure]))


# ----------------------------------------------------------------- matrices that people open


def test_a_public_matrix_lies_in_matrices_as_long_as_it_is_of_the_plan(toy_study: Any) -> None:
    toy_study.settings = {"extras": ["matrix"]}
    toy_study.add("A", value=1)
    go(toy_study)
    place = toy_study.results / "matrices" / "toys" / "counts.csv"
    own = place.with_name("notes of a person.txt")
    own.write_text("mine")
    assert place.read_text() == "A"
    toy_study.add("B", value=2)
    go(toy_study)
    assert place.read_text() == "A,B"
    place.unlink()
    go(toy_study)
    assert place.read_text() == "A,B"
    toy_study.settings = {}
    toy_study.write()
    go(toy_study)
    assert not place.exists()
    assert own.read_text() == "mine"


# ----------------------------------------------------------------- keys


def test_a_unit_that_uses_no_addition_keeps_its_key() -> None:
    """The digest is the one that the first version of the contract gave: nobody computes a night again."""
    inputs = {"values": (TaskInput("toys/measure/A"),), "main": (FileInput("A.toy"),), "none": ()}
    unit = Unit("toys/pool/b1", ("A", "B"), inputs, Params(), needs="any", payload={"batch": "b1"})
    identity = identify(
        unit,
        assay="toy",
        step="pool",
        version=1,
        cells={"A": {"batch": "b1"}, "B": {"batch": "b1"}},
        inventory=Inventory({}),
        earlier={"toys/measure/A": Settled("x" * 32, "ok", "c")},
    )
    assert identity.task_id == "ef83f01796f43b60ddbc70a89f35ad87"
