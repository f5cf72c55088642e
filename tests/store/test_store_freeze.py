"""What was submitted stays; what changed since is told in words; what nobody needs can go."""

from __future__ import annotations

import errno
import json
import os

import pytest

import exoraw
from exoraw.io.errors import StoreError
from exoraw.store import freeze as freezing
from exoraw.store.clean import clean
from exoraw.store.commit import DiskFull
from exoraw.store.freeze import check_frozen, diff, freeze, frozen_names
from exoraw.store.index import committed, next_attempt
from exoraw.store.lock import locked


def test_frozen_view_opens_like_results_and_survives_later_runs(filled):
    folder = freeze(filled.results, "submitted-2026.11")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    filled.task("A1", value=99.0)
    filled.publish()
    clean(filled.results, keep=set(), dry_run=False)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert len(exoraw.open(folder).table("measurements")) == 6
    assert check_frozen(folder) == []
    assert frozen_names(filled.results) == ["submitted-2026.11"]
    assert sum(path.name == "gates.png" for path in before) == 3


def test_frozen_view_is_never_overwritten(filled):
    freeze(filled.results, "a")
    with pytest.raises(StoreError, match="never overwritten"):
        freeze(filled.results, "a")


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".a", "a b", "a.", "ä", "a" * 65])
def test_name_that_is_no_plain_folder_name_is_refused(filled, name):
    with pytest.raises(StoreError, match="cannot be the name of a frozen view"):
        freeze(filled.results, name)


def test_changed_or_missing_file_of_a_frozen_view_is_found(filled):
    folder = freeze(filled.results, "a")
    (folder / "findings.parquet").unlink()
    (folder / "measurements.parquet").write_bytes(b"other")
    assert {(item.path, item.problem) for item in check_frozen(folder)} == {
        ("findings.parquet", "missing"),
        ("measurements.parquet", "changed since it was frozen"),
    }
    with pytest.raises(StoreError, match="not a frozen view"):
        check_frozen(filled.results)


def test_full_disk_while_freezing_leaves_nothing_behind(filled, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(freezing, "write_json", full)
    with pytest.raises(DiskFull):
        freeze(filled.results, "a")
    assert list((filled.results / "frozen").iterdir()) == []


def test_freezing_waits_for_no_run(filled):
    with locked(filled.results):
        assert freeze(filled.results, "by-the-run-itself").is_dir()
    assert frozen_names(filled.results) == ["by-the-run-itself"]


def test_same_views_have_no_difference(filled):
    difference = diff(freeze(filled.results, "a"), filled.results)
    assert not difference
    assert difference.lines() == ["No difference: the same numbers, remarks, settings and versions."]


def test_difference_names_every_changed_number_setting_version_and_remark(lab, make_table, make_number):
    for name in ("A1", "A2", "A3"):
        lab.sample(name)
    lab.task("A1", value=10.0, params='{"cofactor": 150}', versions='{"numpy": "2.4"}')
    lab.task("A2", value=5.0)
    lab.publish()
    old = freeze(lab.results, "old")
    row = lab.row("A1")
    numbers = [
        make_number("A1", 12.0, task_id=row.task_id),
        make_number("A1", None, "live", task_id=row.task_id),
    ]
    finding = {
        "finding_id": "1",
        "code": "drift",
        "severity": "warning",
        "message": "time drift",
        "sample": "A1",
    }
    tables = {
        "measurements": make_table("measurements", numbers),
        "findings": make_table("findings", [finding]),
    }
    new = lab.task("A1", tables, params='{"cofactor": 5}', versions='{"numpy": "2.5"}', step_version=2)
    lab.publish([new])
    difference = diff(old, lab.results)
    assert difference
    text = difference.lines()
    assert text[0] == "Numbers: 1 changed, 1 added, 1 removed. Remarks: 1 new, 0 gone."
    assert set(text[1:]) == {
        "changed: A1 late_apoptotic: 10 -> 12 % (+20.00%)",
        "added: A1 live = no number %",
        "removed: A2 late_apoptotic = 5 %",
        "new remark: warning drift A1: time drift",
        "setting: annexin/gate: cofactor: 150 -> 5 (1 task)",
        "version: numpy: 2.4 -> 2.5 (1 task)",
        "version: step annexin/gate: 1 -> 2 (1 task)",
    }
    back = diff(lab.results, old).lines()
    assert "changed: A1 late_apoptotic: 12 -> 10 % (-16.67%)" in back
    assert "remark gone: warning drift A1: time drift" in back


def test_number_that_was_missing_and_still_is_has_not_changed(lab, make_table, make_number):
    numbers = [make_number("A1", float("nan")), make_number("A1", None, "live")]
    lab.task("A1", {"measurements": make_table("measurements", numbers)})
    lab.publish()
    old = freeze(lab.results, "a")
    assert not diff(old, lab.results)


def test_last_digit_counts_as_a_change_and_many_changes_are_counted(lab, make_table, make_number):
    def numbers(shift):
        rows = [make_number("A1", 1.0 + shift, entity=str(i)) for i in range(50)]
        return {"measurements": make_table("measurements", rows)}

    lab.task("A1", numbers(0.0))
    lab.publish()
    old = freeze(lab.results, "a")
    lab.task("A1", numbers(2.3e-16))
    lab.publish()
    difference = diff(old, lab.results)
    assert len(difference.changed) == 50
    assert difference.lines()[-1] == "changed: and 30 more"


def test_clean_removes_what_the_plan_does_not_need_and_says_how_much(lab):
    kept, gone = lab.task("A1", evidence={"a.png": b"x"}), lab.task("A2", evidence={"a.png": b"x" * 10_000})
    newer = lab.task("A1", value=2.0, evidence={"a.png": b"y"})
    store = lab.results / ".store"
    (store / "measurements" / "dead.1.arrow").write_bytes(b"z" * 100)
    (store / "crumbs").mkdir()
    (store / "crumbs" / "note").touch()
    told = clean(lab.results, {kept.task_id}, dry_run=True)
    assert (told.tasks, told.attempts, told.leftovers) == (1, 1, 1)
    assert told.bytes > 10_100
    assert set(committed(lab.results)) == {kept.task_id, gone.task_id}
    assert clean(lab.results, {kept.task_id}, dry_run=False) == told
    assert committed(lab.results) == {newer.task_id: newer}
    assert {path.name for path in (lab.results / "evidence").iterdir()} == {newer.name}
    assert {path.stem for path in (store / "measurements").iterdir()} == {newer.name}
    assert (store / "crumbs" / "note").exists()
    again = clean(lab.results, {kept.task_id}, dry_run=True)
    assert (again.files, again.bytes) == (0, 0)
    assert again.lines()[-1] == "together 0 files, 0.0 MB"


def test_clean_leaves_the_published_tables_as_they_are(filled):
    row = filled.task("A1", value=2.0)
    filled.publish()
    before = filled.open().arrow("measurements")
    clean(filled.results, set(committed(filled.results)), dry_run=False)
    assert not filled.publish()
    assert filled.open().arrow("measurements").equals(before)
    assert next_attempt(filled.results, row.task_id) == 3  # the number of the removed attempt stays taken


def test_clean_during_a_run_is_refused(lab, tmp_path):
    import subprocess
    import sys

    lab.task("A1")
    program = (
        "import sys, pathlib, time; from exoraw.store.lock import locked\n"
        "with locked(pathlib.Path(sys.argv[1])): print('x', flush=True); time.sleep(99)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(lab.results)], stdout=subprocess.PIPE) as run:
        run.stdout.readline()
        with pytest.raises(StoreError, match="Another run is at work"):
            clean(lab.results, set(), dry_run=False)
        run.kill()
    with pytest.raises(StoreError, match="nothing to clean"):
        clean(tmp_path / "none", set(), dry_run=True)


def test_seal_lists_every_file_with_its_digest(filled):
    folder = freeze(filled.results, "a")
    seal = json.loads((folder / "frozen.json").read_text())
    listed = {item["path"] for item in seal["files"]}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert listed == there - {"frozen.json"}
    assert os.sep not in "".join(listed) or os.sep == "/"
