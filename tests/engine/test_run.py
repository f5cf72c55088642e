"""A study from first run to last: what runs, why, and what is told; computed in this process."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import exoraw
from exoraw.assays import registry
from exoraw.engine import inventory
from exoraw.engine.options import RunOptions, RunSummary, Totals
from exoraw.engine.run import current_tasks, plan, run
from exoraw.engine.tasks import Receipt
from exoraw.io.errors import StoreError, StudyError
from exoraw.store.index import committed
from exoraw.store.lock import locked
from exoraw.study.corrections import write_correction

HERE = RunOptions(workers=0)


@dataclass
class Heard:
    """A listener that remembers."""

    totals: tuple[Totals, ...] = ()
    started_units: list[str] = field(default_factory=list)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def planned(self, totals: tuple[Totals, ...]) -> None:
        self.totals = totals

    def started(self, unit: str, assay: str) -> None:
        self.started_units.append(unit)

    def finished(self, receipt: Receipt) -> None:
        self.receipts[receipt.unit] = receipt

    def message(self, text: str) -> None:
        self.messages.append(text)


def go(study: Any, heard: Heard | None = None, **options: Any) -> RunSummary:
    return run(study.path, replace(HERE, **options), heard)


def reasons(study: Any, **options: Any) -> dict[str, str]:
    """What would run, and why."""
    nodes = plan(study.path, RunOptions(**options))
    return {node.key.removeprefix("toys/"): node.reason for node in nodes if node.state == "run"}


def states(study: Any, **options: Any) -> dict[str, str]:
    return {node.key.removeprefix("toys/"): node.state for node in plan(study.path, RunOptions(**options))}


@pytest.fixture
def three(toy_study: Any) -> Any:
    """Three samples in two batches."""
    toy_study.add("A", batch="b1", value=1)
    toy_study.add("B", batch="b1", value=3)
    toy_study.add("C", batch="b2", value=5)
    return toy_study


# ----------------------------------------------------------------- the whole way


def test_a_run_gives_the_tables_and_leaves_the_raw_folder_alone(
    three: Any, raw_stays_untouched: Callable[[], None]
) -> None:
    three.put("spare.toy", b'TOY1\n{"value": 9}')
    three.put("notes.txt", b"not for us")
    raw_stays_untouched()
    heard = Heard()
    summary = go(three, heard)
    assert (summary.outcome, summary.exit_code) == ("complete", 0)
    assert summary.counts == {"ok": 6}
    assert heard.totals == (Totals("toy", 6, 0, sum((three.raw / f"{s}.toy").stat().st_size for s in "ABC")),)
    assert heard.started_units == list(heard.receipts)
    numbers = exoraw.open(three.results).table("measurements")
    values = {(row.sample, row.measure): row.value for row in numbers.itertuples()}
    assert values == {
        ("A", "toy_value"): 1, ("B", "toy_value"): 3, ("C", "toy_value"): 5,
        ("A", "pool_mean"): 2, ("B", "pool_mean"): 2, ("C", "pool_mean"): 5,
    }  # fmt: skip
    files = exoraw.open(three.results).table("files").set_index("path")
    assert list(files.loc["A.toy", "used_by"]) == ["A"]
    assert list(files.loc["spare.toy", "used_by"]) == []
    assert "no assay reads" in files.loc["notes.txt", "problem"]
    remarks = exoraw.open(three.results).table("findings")
    assert any("spare.toy" in message for message in remarks["message"])
    assert remarks["meaning"].notna().all()


def test_every_row_says_what_computed_it(three: Any) -> None:
    go(three)
    row = exoraw.open(three.results).table("tasks").set_index("unit").loc["toys/measure/A"]
    assert (row["status"], row["reason"], row["step"], row["step_version"]) == ("ok", "new", "measure", 1)
    assert json.loads(row["params"]) == {"factor": 1.0}
    assert json.loads(row["versions"])["toyassay"] == "1.0"
    assert json.loads(row["inputs"])["main"][0]["name"] == "A.toy"
    assert row["seconds"] > 0
    assert row["peak_memory"] > 10_000_000
    (record,) = exoraw.open(three.results).table("runs").to_dict("records")
    assert (record["outcome"], record["planned"], record["ok"], record["failed"]) == ("complete", 6, 6, 0)
    everything = json.dumps(record, default=str)
    assert str(three.folder) not in everything
    assert str(Path.home()) not in everything


def test_a_second_run_computes_nothing_and_leaves_the_numbers_as_they_are(three: Any) -> None:
    go(three)
    before = {path.name: path.stat().st_mtime_ns for path in three.results.glob("m*.parquet")}
    heard = Heard()
    summary = go(three, heard)
    assert summary.counts == {"cached": 6}
    assert heard.started_units == []
    assert {path.name: path.stat().st_mtime_ns for path in three.results.glob("m*.parquet")} == before
    assert "measurements.parquet" in before


def test_a_dry_run_says_what_a_run_does_and_writes_nothing(three: Any) -> None:
    heard = Heard()
    summary = run(three.path, RunOptions(dry_run=True), heard)
    assert summary.counts == {"run": 3, "wait": 3}
    assert not three.results.exists()
    assert states(three) == {
        "measure/A": "run", "measure/B": "run", "measure/C": "run",
        "pool/b1": "wait", "pool/b2": "wait", "total/all": "wait",
    }  # fmt: skip
    done = Heard()
    go(three, done)
    assert done.totals == heard.totals
    assert set(states(three).values()) == {"cached"}


def test_random_numbers_are_the_same_in_every_run_and_differ_between_units(toy_study: Any) -> None:
    for sample in "ABC":
        toy_study.add(sample, act="dice")

    def values() -> list[float]:
        numbers = exoraw.open(toy_study.results).table("measurements")
        return list(numbers[numbers["measure"] == "toy_value"].sort_values("sample")["value"])

    go(toy_study)
    first = values()
    go(toy_study, refresh=True)
    assert values() == first
    assert len(set(first)) == 3


# ----------------------------------------------------------------- what runs again, and why


def test_day_two_computes_only_the_new_file_and_what_it_enters(three: Any) -> None:
    go(three)
    three.add("D", batch="b2", value=7)
    assert reasons(three) == {"measure/D": "new"}
    assert {unit: state for unit, state in states(three).items() if state != "cached"} == {
        "measure/D": "run", "pool/b2": "wait", "total/all": "wait",
    }  # fmt: skip
    heard = Heard()
    go(three, heard)
    assert list(heard.receipts) == ["toys/measure/D", "toys/pool/b2", "toys/total/all"]
    assert heard.receipts["toys/pool/b2"].row.reason == (
        "values: toys/measure/D is a new input; sample D is new in it"
    )
    assert heard.receipts["toys/total/all"].row.reason == (
        "earlier step ran again: toys/pool/b2; sample D is new in it"
    )


def test_a_changed_label_runs_only_the_steps_that_declare_it(three: Any) -> None:
    three.rows[0]["treatment"] = "PBS"
    three.write()
    go(three)
    three.rows[0]["treatment"] = "DOX"  # no step declares it
    three.write()
    assert reasons(three) == {}
    three.rows[0]["control_role"] = "vehicle"  # the step measure declares it
    three.write()
    assert reasons(three) == {"measure/A": "cell control_role of A changed"}
    go(three)
    three.rows[2]["batch"] = "b1"  # pool and total declare it
    three.write()
    assert set(reasons(three)) == {"pool/b1"}
    factors = exoraw.open(three.results).measurements(with_samples=True)
    assert set(factors[factors["sample"] == "A"]["treatment"]) == {"DOX"}


def test_a_changed_file_is_named_as_the_reason(three: Any) -> None:
    go(three)
    three.put("A.toy", b'TOY1\n{"value": 2}')
    assert reasons(three) == {"measure/A": "input A.toy changed"}


def test_a_renamed_file_runs_nothing_again(three: Any) -> None:
    go(three)
    (three.raw / "A.toy").rename(three.raw / "A renamed.toy")
    three.rows[0]["file"] = "A renamed.toy"
    three.write()
    assert reasons(three) == {}


def test_changed_settings_run_what_they_enter(three: Any) -> None:
    go(three)
    three.settings["factor"] = 2.0
    three.write()
    changed = reasons(three)
    assert changed == dict.fromkeys(
        ("measure/A", "measure/B", "measure/C"), "settings changed: factor 1.0 -> 2.0"
    )
    heard = Heard()
    go(three, heard)
    assert heard.receipts["toys/pool/b1"].row.reason.startswith("earlier step ran again: toys/measure/A; ")


def test_the_same_file_in_another_role_is_another_task(three: Any) -> None:
    three.rows[0]["partner"] = "B.toy"
    three.write()
    go(three)
    ids = {node.key: node.task_id for node in plan(three.path)}
    three.settings["swap"] = True
    three.write()
    swapped = {node.key: node.task_id for node in plan(three.path)}
    assert swapped["toys/measure/A"] != ids["toys/measure/A"]
    assert swapped["toys/measure/B"] == ids["toys/measure/B"]
    assert reasons(three)["measure/A"] == (
        "other: B.toy is a new input; partner: B.toy is no longer an input"
    )


def test_a_correction_runs_what_it_touches_and_nothing_else(three: Any) -> None:
    go(three)
    write_correction(
        three.folder,
        assay="toy",
        kind="gate",
        target="sample:B",
        value={"x": 1},
        who="me",
        when="2026-11-20",
        why="drift",
    )
    assert list(reasons(three)) == ["measure/B"]
    assert "is a new input" in reasons(three)["measure/B"]


def test_a_new_version_of_a_step_is_the_reason(three: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    go(three)
    assay = registry.load("toy")
    steps = tuple(replace(step, version=2) if step.name == "pool" else step for step in assay.steps)
    monkeypatch.setattr(registry, "load", lambda name: replace(assay, steps=steps))
    assert reasons(three) == dict.fromkeys(("pool/b1", "pool/b2"), "the step pool is now version 2, was 1")


def test_refresh_computes_everything_again(three: Any) -> None:
    go(three)
    assert go(three, refresh=True).counts == {"ok": 6}
    assert go(three).counts == {"cached": 6}
    assert {row.attempt for row in committed(three.results).values()} == {2}
    assert {row.reason for row in committed(three.results).values()} == {"refresh"}


def test_a_refreshed_unit_runs_the_later_ones_only_where_it_gives_something_else(
    three: Any, tmp_path: Path
) -> None:
    three.add("tick", batch="b2", act="tick", mark=str(tmp_path / "mark"))
    go(three)
    assert go(three, refresh=True, only=("toys/measure/A",)).counts == {"ok": 1, "cached": 6}
    assert reasons(three) == {}
    go(three, refresh=True, only=("toys/measure/tick",))
    assert reasons(three) == {"pool/b2": "earlier step gave something else this time: toys/measure/tick"}
    assert go(three).counts == {"ok": 2, "cached": 5}


def plan_id(study: Any, key: str) -> str:
    return next(str(node.task_id) for node in plan(study.path) if node.key == key)


def test_only_a_part_runs_with_what_it_needs_and_the_plan_stays_whole(three: Any) -> None:
    heard = Heard()
    summary = go(three, heard, only=("toys/pool/b2",))
    assert list(heard.receipts) == ["toys/measure/C", "toys/pool/b2"]
    assert summary.counts == {"ok": 2, "held": 4}
    tasks = exoraw.open(three.results).table("tasks").set_index("unit")
    assert len(tasks) == 6
    assert tasks.loc["toys/measure/A", "error"] == "left out by the choice of units for this run"
    assert "which was left out of this run" in tasks.loc["toys/total/all", "error"]
    assert go(three).counts == {"ok": 4, "cached": 2}


def test_the_tasks_a_study_still_uses_are_told(three: Any) -> None:
    go(three)
    three.settings["factor"] = 2.0
    three.write()
    go(three)
    results, keep = current_tasks(three.path)
    assert results == three.results
    assert len(keep) == 6
    assert len(committed(results)) == 12
    assert keep < committed(results).keys()


# ----------------------------------------------------------------- failures


def test_one_failure_stops_nothing_and_is_not_tried_again_until_asked(three: Any, tmp_path: Path) -> None:
    three.add("bad", batch="b1", act="once", mark=str(tmp_path / "mark"), value=8)
    summary = go(three)
    assert (summary.outcome, summary.exit_code) == ("failed_tasks", 1)
    assert summary.counts == {"ok": 6, "failed": 1}
    (failure,) = summary.failures
    assert (failure.unit, failure.error) == ("toys/measure/bad", "ValueError: the first time fails")
    places = failure.traceback.splitlines()
    assert places[0].startswith("toyassay.assay:")
    assert places[1].endswith(" in once")
    assert places[2:] == ["ValueError: the first time fails"]
    heard = Heard()
    again = go(three, heard)
    assert heard.started_units == []
    assert again.counts == {"cached": 6, "failed": 1}
    told = next(node for node in plan(three.path) if node.key == "toys/measure/bad")
    assert "failed before and not tried again" in told.reason
    assert "the first time fails" in told.reason
    retried = go(three, retry=True)
    assert retried.counts == {"ok": 3, "cached": 4}
    assert "earlier step ran again" in committed(three.results)[plan_id(three, "toys/pool/b1")].reason


def test_what_needs_a_failed_unit_is_skipped_with_the_reason(three: Any) -> None:
    three.settings["needs"] = "all"
    three.add("bad", batch="b1", act="fail")
    summary = go(three)
    assert summary.counts == {"ok": 4, "failed": 1, "skipped": 2}
    tasks = exoraw.open(three.results).table("tasks").set_index("unit")
    assert tasks.loc["toys/pool/b1", "status"] == "skipped"
    assert tasks.loc["toys/pool/b1", "error"] == "it needs toys/measure/bad, which failed"
    assert tasks.loc["toys/total/all", "error"] == "it needs toys/pool/b1, which was skipped"


def test_a_unit_that_needs_any_is_skipped_when_none_is_there(toy_study: Any) -> None:
    toy_study.add("A", act="fail")
    toy_study.add("B", act="fail")
    assert go(toy_study).counts == {"failed": 2, "skipped": 2}
    tasks = exoraw.open(toy_study.results).table("tasks").set_index("unit")
    assert tasks.loc["toys/pool/b1", "error"] == "it needs toys/measure/A and 1 more, which failed"


@pytest.mark.parametrize("act", ["disk_error", "missing_package"])
def test_a_failure_of_the_machine_is_tried_again_by_a_plain_run(three: Any, act: str) -> None:
    three.add("bad", act=act)
    assert go(three).counts["failed"] == 1
    assert reasons(three)["measure/bad"] == "new"
    tasks = exoraw.open(three.results).table("tasks").set_index("unit")
    assert tasks.loc["toys/measure/bad", "status"] == "failed"


def test_two_empty_files_are_two_tasks_and_both_are_told(toy_study: Any) -> None:
    for sample in "AB":
        toy_study.put(f"{sample}.toy", b"")
        toy_study.rows.append({"sample": sample, "file": f"{sample}.toy"})
    toy_study.write()
    summary = go(toy_study)
    failed = {row.unit: row for row in summary.failures if row.status == "failed"}
    assert list(failed) == ["toys/measure/A", "toys/measure/B"]
    assert failed["toys/measure/A"].task_id != failed["toys/measure/B"].task_id
    assert (
        failed["toys/measure/A"].error == "A.toy at byte 0: expected b'TOY1\\n', found b''. Export it again."
    )


def test_a_step_that_ends_the_program_only_fails(three: Any) -> None:
    three.add("bad", act="exit_politely")
    (failure,) = go(three).failures
    assert failure.error == "the step tried to end the program (SystemExit: enough)"


def test_an_allocation_bomb_is_told_as_memory(toy_study: Any) -> None:
    toy_study.limits["memory_gb"] = 1
    toy_study.add("bad", act="eat_memory")
    failure = go(toy_study).failures[0]
    assert (failure.unit, failure.status) == ("toys/measure/bad", "failed")
    assert failure.error.startswith("it needed more memory than the 1 GB that one task may use")
    assert "memory_gb" in failure.error


def test_a_number_against_the_contract_is_a_failed_task(three: Any) -> None:
    three.add("bad", value=5000)
    (failure,) = go(three).failures
    assert "toy_value bad: the value 5000 is outside [-1000, 1000]" in failure.error


def test_a_missing_value_with_its_finding_is_kept(three: Any) -> None:
    three.put("D.toy", b'TOY1\n{"value": NaN}')
    three.rows.append({"sample": "D", "file": "D.toy", "batch": "b1"})
    three.write()
    assert go(three).outcome == "complete"
    numbers = exoraw.open(three.results).table("measurements")
    row = numbers[(numbers["sample"] == "D") & (numbers["measure"] == "toy_value")].iloc[0]
    assert (str(row["value"]), row["qc"], list(row["qc_codes"])) == ("nan", "warning", ["no_value"])


def test_a_file_that_changes_while_it_is_read_gives_no_number_and_a_finding(
    three: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "SECOND_LOOK_S", 0.0)
    path = three.add("grow", act="touch", path=str(three.raw / "grow.toy"))
    failure = go(three).failures[0]
    assert failure.error.startswith("grow.toy: the file changed while it was read.")
    assert failure.task_id not in committed(three.results)
    findings = exoraw.open(three.results).table("findings")
    changed = findings[findings["code"] == "file_changed"]
    assert list(changed["file"]) == ["grow.toy"]
    path.write_bytes(b'TOY1\n{"value": 4}')
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert reasons(three)["measure/grow"] == "new"


def test_a_touched_file_with_the_same_bytes_is_the_same_file(three: Any) -> None:
    planned = plan(three.path)
    assert planned.counts == {"run": 3, "wait": 3}
    os.utime(three.raw / "A.toy", (1_700_000_500, 1_700_000_500))
    assert go(three).outcome == "complete"
    os.utime(three.raw / "A.toy", (1_700_000_900, 1_700_000_900))
    assert reasons(three) == {}


def test_a_file_that_cannot_be_read_fails_its_unit_and_is_tried_again(three: Any, tmp_path: Path) -> None:
    outside = tmp_path / "outside.toy"
    outside.write_bytes(b'TOY1\n{"value": 1}')
    (three.raw / "link.toy").symlink_to(outside)
    three.rows.append({"sample": "link", "file": "link.toy", "batch": "b1"})
    three.write()
    (failure,) = go(three).failures
    assert failure.error.startswith("link.toy: it is a link that leaves the raw folder")
    (three.raw / "link.toy").unlink()
    three.put("link.toy", b'TOY1\n{"value": 1}')
    assert reasons(three)["measure/link"] == "new"


# ----------------------------------------------------------------- folders, locks, logs


def test_a_row_that_names_a_missing_file_fails_alone_until_the_file_is_there(three: Any) -> None:
    three.rows.append({"sample": "D", "file": "late.toy", "batch": "b2"})
    three.write()
    summary = go(three)
    assert summary.counts == {"ok": 6, "failed": 1}
    assert summary.failures[0].error.startswith("late.toy: this file is not in the raw folder.")
    remarks = exoraw.open(three.results).table("findings")
    assert any("late.toy" in message for message in remarks[remarks["severity"] == "error"]["message"])
    three.put("late.toy", b"TOY1\n{}")
    assert reasons(three)["measure/D"] == "new"
    assert go(three).outcome == "complete"


def test_a_study_that_cannot_be_planned_runs_nothing_and_says_everything_at_once(three: Any) -> None:
    three.settings.update(factor="a lot", colour="red")
    three.write()
    with pytest.raises(StudyError) as caught:
        go(three)
    assert "factor" in str(caught.value)
    assert "colour" in str(caught.value)
    assert not (three.results / "measurements.parquet").exists()


def test_two_runs_at_once_are_refused(three: Any) -> None:
    with locked(three.results), pytest.raises(StoreError, match="Another run is at work"):
        go(three)
    assert go(three).outcome == "complete"


def test_what_a_task_says_stands_in_the_log_and_not_on_the_terminal(
    three: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    three.add("talk", act="talk")
    summary = go(three)
    log = (three.results / "logs" / f"{summary.run_id}.log").read_text("utf-8")
    assert "toys/measure/talk: ok" in log
    assert "    INFO toy: a word in the log" in log
    assert "    WARNING UserWarning: a warning" in log
    assert capfd.readouterr().out == ""


def test_in_this_process_a_run_says_what_it_cannot_do(three: Any) -> None:
    heard = Heard()
    go(three, heard)
    assert heard.messages == ["Computing in this process: a task has no time limit and a crash ends the run."]


def test_no_place_of_this_machine_reaches_the_tables(three: Any) -> None:
    three.put("broken.toy", b"TOY1 wrong")
    three.rows.append({"sample": "broken", "file": "broken.toy"})
    three.add("bad", act="fail")
    go(three)
    tasks = exoraw.open(three.results).table("tasks")
    everything = " ".join(str(value) for value in tasks.to_numpy().ravel())
    assert "broken.toy at byte 0" in everything
    assert str(three.folder) not in everything


def test_too_little_room_on_the_disk_runs_nothing(three: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from exoraw.engine import diskspace

    monkeypatch.setattr(diskspace, "RESERVE", 1 << 60)
    with pytest.raises(StoreError, match="nothing was run"):
        go(three)
    monkeypatch.undo()
