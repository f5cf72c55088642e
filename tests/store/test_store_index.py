"""The resume index believes only rows whose files are all there."""

from __future__ import annotations

import logging

import pytest

from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.index import committed, next_attempt, read_index, read_part, sweep
from exoraw.store.lock import locked


def test_folder_that_does_not_exist_has_an_empty_index(tmp_path):
    assert committed(tmp_path / "none") == {}


def test_row_whose_part_is_missing_is_ignored_and_reported(lab, caplog):
    kept, lost = lab.task("A1"), lab.task("A2")
    (lab.results / lost.part_list()[0].path).unlink()
    with caplog.at_level(logging.WARNING):
        assert set(committed(lab.results)) == {kept.task_id}
    assert "is missing; it will be computed again" in caplog.text


def test_row_whose_part_is_short_is_ignored(lab):
    row = lab.task("A1")
    path = lab.results / row.part_list()[0].path
    path.write_bytes(path.read_bytes()[:-1])
    assert committed(lab.results) == {}
    (item,) = read_index(lab.results).ignored
    assert "bytes instead of" in item.reason


def test_row_whose_evidence_folder_is_gone_is_ignored(lab):
    row = lab.task("A1", evidence={"gates.png": b"x"})
    (lab.results / row.evidence_folder / "gates.png").unlink()
    (lab.results / row.evidence_folder).rmdir()
    assert committed(lab.results) == {}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"unit": "u"}', b"\xff\xfe", b"null", b"3"])
def test_damaged_commit_row_is_ignored_and_does_not_stop_the_others(lab, content):
    kept, lost = lab.task("A1"), lab.task("A2")
    layout.row_path(lab.results, lost.name).write_bytes(content)
    assert set(committed(lab.results)) == {kept.task_id}
    (item,) = read_index(lab.results).ignored
    assert item.name == lost.name


def test_older_attempt_stands_in_when_the_newest_is_damaged(lab):
    first, second = lab.task("A1", value=1.0), lab.task("A1", value=2.0)
    (lab.results / second.part_list()[0].path).unlink()
    assert committed(lab.results) == {first.task_id: first}
    assert next_attempt(lab.results, first.task_id) == 3


def test_superseded_attempts_are_listed(lab):
    first, second = lab.task("A1"), lab.task("A1")
    index = read_index(lab.results)
    assert index.superseded == (first,)
    assert dict(index.rows) == {first.task_id: second}


def test_part_with_the_right_size_and_wrong_bytes_leaves_the_index_when_it_is_read(lab):
    row = lab.task("A1")
    path = lab.results / row.part_list()[0].path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert set(committed(lab.results)) == {row.task_id}  # its size is right
    with pytest.raises(StoreError, match="computed anew"):
        read_part(lab.results, row, "measurements")
    assert committed(lab.results) == {}
    assert lab.task("A1").attempt == 2


def test_sweep_removes_what_was_never_committed_and_nothing_else(lab):
    row = lab.task("A1", evidence={"gates.png": b"x"})
    store = layout.store(lab.results)
    crumb = store / "crumbs" / "run1" / "a.0"
    crumb.parent.mkdir(parents=True)
    crumb.touch()
    (store / "digests.json").touch()
    leftovers = [
        store / "measurements" / "dead.1.arrow",
        store / "measurements" / ".dead.2.arrow.12-ab.tmp",
        store / "tasks" / ".dead.1.json.12-ab.tmp",
        lab.results / ".measurements.parquet.12-ab.tmp",
        lab.results / "evidence" / "dead.1" / "gates.png",
    ]
    for path in leftovers:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    with locked(lab.results):
        assert sweep(lab.results) == len(leftovers)
        assert sweep(lab.results) == 0
    assert [path for path in leftovers if path.exists()] == []
    assert crumb.exists()
    assert (store / "digests.json").exists()
    assert committed(lab.results) == {row.task_id: row}
    assert (lab.results / row.evidence_folder / "gates.png").exists()


def test_sweep_without_the_lock_is_refused(lab):
    lab.task("A1")
    with pytest.raises(StoreError, match="without the lock"):
        sweep(lab.results)


def test_worker_that_outlives_its_run_never_makes_half_a_task_visible(lab):
    """Its parts were swept before it wrote its row: the row does not count."""
    row = lab.task("A1")
    content = layout.row_path(lab.results, row.name).read_bytes()
    layout.row_path(lab.results, row.name).rename(layout.claim_path(lab.results, row.name))
    with locked(lab.results):
        sweep(lab.results)
    layout.row_path(lab.results, row.name).write_bytes(content)
    assert committed(lab.results) == {}
