"""A task counts once its row is in place, and not before."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pytest

from exoraw.io.errors import StoreError
from exoraw.store import disk, layout
from exoraw.store.commit import DiskFull, commit
from exoraw.store.index import committed, next_attempt, read_part
from exoraw.store.rows import TaskRow, from_record, task_table, to_record
from exoraw.store.schemas import TASKS


def test_committed_task_comes_back_with_its_tables_and_evidence(lab, make_table, make_number):
    numbers = make_table("measurements", [make_number("A1", 3.5), make_number("A1", None, "live")])
    row = lab.task("A1", {"measurements": numbers}, evidence={"gates.png": b"picture"})
    found = committed(lab.results)[row.task_id]
    assert found == row
    assert read_part(lab.results, found, "measurements").equals(numbers)
    assert read_part(lab.results, found, "findings") is None
    assert (lab.results / found.evidence_folder / "gates.png").read_bytes() == b"picture"
    assert {part.table: part.rows for part in found.part_list()} == {"measurements": 2, "evidence": 0}


def test_empty_tables_are_not_written(lab, make_table):
    row = lab.task("A1", {"measurements": make_table("measurements", [])})
    assert row.part_list() == ()
    assert not (lab.results / ".store" / "measurements").exists()
    assert committed(lab.results) == {row.task_id: row}


def test_second_attempt_gets_its_own_number_and_leaves_the_first_alone(lab):
    first = lab.task("A1", value=1.0)
    content = (lab.results / first.part_list()[0].path).read_bytes()
    second = lab.task("A1", value=2.0)
    assert (first.attempt, second.attempt) == (1, 2)
    assert (lab.results / first.part_list()[0].path).read_bytes() == content
    assert committed(lab.results)[first.task_id].attempt == 2


def test_attempt_number_of_a_worker_that_died_is_never_used_again(lab):
    row = lab.row("A1")
    layout.rows_folder(lab.results).mkdir(parents=True)
    layout.claim_path(lab.results, f"{row.task_id}.1").touch()  # claimed, then killed
    assert next_attempt(lab.results, row.task_id) == 2
    assert lab.task("A1").attempt == 2


def test_paths_of_evidence_follow_the_attempt_that_was_given(lab, make_table):
    asked = lab.row("A1")
    artefacts = make_table(
        "artefacts", [{"task_id": asked.task_id, "path": f"{asked.evidence_folder}/gates.png"}]
    )
    lab.task("A1")
    row = lab.task("A1", {"artefacts": artefacts}, evidence={"gates.png": b"second"})
    (path,) = read_part(lab.results, row, "artefacts")["path"].to_pylist()
    assert path == f"evidence/{row.task_id}.2/gates.png"
    assert (lab.results / path).read_bytes() == b"second"


@pytest.mark.parametrize(
    "name", ["../gates.png", "a/b.png", "", "con\\x.png", ".hidden", "end.", "gates\n.png"]
)
def test_evidence_name_that_is_no_plain_file_name_is_refused(lab, name):
    with pytest.raises(StoreError, match=r"expected a plain file name"):
        lab.task("A1", {}, evidence={name: b""})
    assert committed(lab.results) == {}


@pytest.mark.parametrize("name", ["tasks", "runs", "evidence", "../x", "Objects"])
def test_task_cannot_write_into_the_stores_own_tables(lab, name, make_table):
    with pytest.raises(StoreError, match="cannot write a table"):
        lab.task("A1", {name: make_table("findings", [])})


@pytest.mark.parametrize("task_id", ["", "../x", "a/b", "a.1"])
def test_task_id_that_is_no_file_name_is_refused(lab, task_id):
    with pytest.raises(StoreError, match="expected letters and digits"):
        lab.task("A1", {}, task_id=task_id)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_full_disk_at_any_write_is_said_and_leaves_nothing_visible(lab, monkeypatch, code, after):
    before = lab.task("before")
    written = 0
    real = os.write

    def write(handle, content):
        nonlocal written
        written += 1
        if written > after:
            raise OSError(code, os.strerror(code))
        return real(handle, content)

    monkeypatch.setattr(os, "write", write)
    context = pytest.raises(DiskFull, match="Everything computed so far is kept")
    if after < 3:  # a part, a picture, the commit row
        with context:
            lab.task("A1", evidence={"gates.png": b"x"})
        assert committed(lab.results) == {before.task_id: before}
    else:
        lab.task("A1", evidence={"gates.png": b"x"})
        assert len(committed(lab.results)) == 2
    assert list(lab.results.rglob("*.tmp")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is POSIX")
def test_file_size_limit_of_the_account_is_a_full_disk_in_words(tmp_path):
    program = textwrap.dedent(
        """
        import resource, sys
        from pathlib import Path
        import pyarrow as pa
        from exoraw.store.commit import DiskFull, commit
        from exoraw.store.rows import TaskRow
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        big = pa.table({"x": pa.array(range(100_000))})
        try:
            commit(Path(sys.argv[1]), TaskRow(task_id="a1", unit="u", status="ok"), {"objects_x": big}, {})
        except DiskFull as error:
            print("full:", error)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "larger than this disk or account allows" in done.stdout
    assert committed(tmp_path) == {}


def test_replace_is_tried_again_while_a_virus_scanner_holds_the_file(tmp_path, monkeypatch):
    real, calls = os.replace, []

    def held_twice(source, target):
        calls.append(target)
        if len(calls) <= 2:
            raise PermissionError(13, "in use")
        real(source, target)

    monkeypatch.setattr(os, "replace", held_twice)
    disk.write_file(tmp_path / "table", b"new")
    assert (tmp_path / "table").read_bytes() == b"new"
    assert len(calls) == 3


def test_file_held_open_for_good_is_named_and_the_old_one_stays(tmp_path, monkeypatch):
    (tmp_path / "table").write_bytes(b"old")
    monkeypatch.setattr(disk, "REPLACE_WAITS_S", (0.0,))

    def held(source, target):
        raise PermissionError(13, "in use")

    monkeypatch.setattr(os, "replace", held)
    with pytest.raises(StoreError, match="another program holds it open"):
        disk.write_file(tmp_path / "table", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["table"]
    assert (tmp_path / "table").read_bytes() == b"old"


def test_commit_row_keeps_every_field_and_forgives_fields_of_a_newer_version(lab):
    row = lab.task("µ", seed=7, data='{"a": 1}', params='{"x": "ä"}', peak_memory=2**40)
    assert from_record(to_record(row)) == row
    newer = json.dumps({**json.loads(to_record(row)), "added_later": 1})
    assert from_record(newer) == row


def test_task_row_has_the_fields_of_the_schema_in_its_types():
    row = TaskRow(task_id="a", unit="u", status="ok")
    assert {field.name for field in TASKS.fields} == set(vars(row))
    table = task_table([row, row.with_(seed=3, samples=("x",))])
    assert table.schema.equals(TASKS.schema)
    assert table["seed"].to_pylist() == [None, 3]


def test_large_part_is_compressed_and_comes_back_equal(lab):
    cells = pa.table(
        {"object_id": [f"c{i}" for i in range(200_000)], "area": [float(i % 7) for i in range(200_000)]}
    )
    row = commit(lab.results, lab.row("A1"), {"objects_flow": cells}, {})
    (part,) = row.part_list()
    assert part.size < cells.nbytes / 2
    assert read_part(lab.results, row, "objects_flow").equals(cells)
    assert Path(lab.results / part.path).stat().st_size == part.size
