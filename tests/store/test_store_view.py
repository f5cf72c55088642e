"""The public tables: the plan's tasks and nothing else, whole at every moment, the same in any order."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import textwrap
import threading
import time
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exoraw.io.errors import StoreError
from exoraw.store import disk, merge, view
from exoraw.store.commit import commit
from exoraw.store.disk import DiskFull, read_parquet
from exoraw.store.index import committed
from exoraw.store.runs import begin, finish, run_table

ALWAYS = {
    "measurements", "findings", "tasks", "samples", "files", "runs", "artefacts", "figures", "methods",
    "vocabulary",
}  # fmt: skip


def _read(lab, name: str) -> pa.Table:
    return read_parquet(lab.results / f"{name}.parquet")


def test_every_table_is_there_even_of_an_empty_study(lab):
    assert lab.publish([])
    assert {path.stem for path in lab.results.glob("*.parquet")} == ALWAYS
    assert (lab.results / "exoraw.json").exists()
    assert (lab.results / "datapackage.json").exists()


def test_numbers_stand_in_the_order_of_the_sheet_whatever_ended_first(lab):
    names = ["C", "A", "B"]
    for name in names:
        lab.sample(name)
    for name in ("B", "C", "A"):
        lab.task(name)
    lab.publish()
    assert _read(lab, "measurements")["sample"].to_pylist() == names


def test_resumed_run_gives_the_same_tables_as_an_undisturbed_one(lab, tmp_path):
    other = type(lab)(tmp_path / "other")
    names = [f"S{number}" for number in range(12)]
    for name in names:
        lab.sample(name)
        other.sample(name)
    for name in names:
        lab.task(name)
    lab.publish()
    shuffled = random.Random(3).sample(names, len(names))
    for place, name in enumerate(shuffled):
        other.task(name)
        if place % 4 == 1:
            other.publish(final=False)
    other.publish()
    for name in ("measurements", "findings", "artefacts"):
        assert _read(lab, name).equals(_read(other, name))
        assert (lab.results / f"{name}.parquet").read_bytes() == (
            other.results / f"{name}.parquet"
        ).read_bytes()


def test_tasks_outside_the_plan_are_not_in_the_view(lab):
    kept = lab.task("A1")
    lab.task("A2")
    lab.publish([kept])
    assert _read(lab, "measurements")["sample"].to_pylist() == ["A1"]
    assert _read(lab, "tasks")["task_id"].to_pylist() == [kept.task_id]


def test_nothing_is_written_when_nothing_changed(lab):
    lab.task("A1")
    assert lab.publish()
    before = {path: path.stat().st_mtime_ns for path in lab.results.iterdir()}
    assert not lab.publish()
    assert {path: path.stat().st_mtime_ns for path in lab.results.iterdir()} == before


def test_only_tables_that_changed_are_written_again(lab, make_table):
    lab.task("A1")
    lab.publish()
    before = {path.stem: path.stat().st_ino for path in lab.results.glob("*.parquet")}
    finding = {"finding_id": "f", "code": "c", "severity": "info", "message": "m"}
    lab.publish(findings=make_table("findings", [finding]))
    after = {path.stem: path.stat().st_ino for path in lab.results.glob("*.parquet")}
    assert {name for name in before if before[name] != after[name]} == {"findings"}


def test_remarks_of_the_platform_stand_before_those_of_tasks(lab, make_table):
    finding = {"code": "c", "severity": "info", "message": "m"}
    lab.task("A1", {"findings": make_table("findings", [{**finding, "finding_id": "task"}])})
    lab.publish(findings=make_table("findings", [{**finding, "finding_id": "platform"}]))
    assert _read(lab, "findings")["finding_id"].to_pylist() == ["platform", "task"]


def test_number_given_by_two_tasks_is_an_error_that_names_both(lab, make_table, make_number):
    numbers = make_table("measurements", [make_number("A1", 1.0)])
    lab.task("A1")
    lab.publish()
    row = lab.row("B1")
    lab.task(
        "B1",
        {"measurements": make_table("measurements", [{**numbers.to_pylist()[0], "task_id": row.task_id}])},
    )
    with pytest.raises(
        StoreError, match=r"A1 / late_apoptotic .* annexin/gate/[AB]1 and by .* annexin/gate/[AB]1"
    ):
        lab.publish()
    assert _read(lab, "measurements").num_rows == 1  # the old view stays


def test_table_that_somebody_edited_is_written_anew(lab):
    lab.task("A1", value=4.0)
    lab.publish()
    pq.write_table(_read(lab, "measurements").slice(0, 0), lab.results / "measurements.parquet")
    assert lab.publish()
    assert _read(lab, "measurements")["value"].to_pylist() == [4.0]


def test_table_that_somebody_deleted_comes_back(lab):
    lab.task("A1")
    lab.publish()
    (lab.results / "measurements.parquet").unlink()
    assert lab.publish()
    assert _read(lab, "measurements").num_rows == 1


def test_damaged_part_stops_the_publication_and_its_task_is_computed_anew(lab):
    row = lab.task("A1", value=1.0)
    path = lab.results / row.part_list()[0].path
    content = path.read_bytes()
    path.write_bytes(content[:-9] + bytes(9))
    with pytest.raises(StoreError, match="annexin/gate/A1 wrote"):
        lab.publish()
    lab.task("A1", value=2.0)
    lab.publish()
    assert _read(lab, "measurements")["value"].to_pylist() == [2.0]


def test_new_attempt_replaces_the_numbers_of_the_old_one(lab):
    lab.task("A1", value=1.0)
    lab.publish()
    lab.task("A1", value=2.0)
    lab.publish()
    assert _read(lab, "measurements")["value"].to_pylist() == [2.0]
    assert _read(lab, "tasks")["attempt"].to_pylist() == [2]


def test_table_without_rows_any_more_goes(lab):
    cells = pa.table({"object_id": ["a"], "sample": ["A1"], "area": [1.0]})
    row = commit(lab.results, lab.row("A1"), {"objects_flow": cells}, {})
    lab.publish([row])
    assert (lab.results / "objects_flow.parquet").exists()
    lab.publish([])
    assert not (lab.results / "objects_flow.parquet").exists()
    assert "objects_flow" not in (lab.results / "datapackage.json").read_text()


def test_objects_with_different_columns_and_types_are_united(lab):
    lab.sample("A1")
    lab.sample("A2")
    first = pa.table({"object_id": ["a"], "sample": ["A1"], "area": pa.array([3]), "edge": [True]})
    second = pa.table({"object_id": ["b"], "sample": ["A2"], "area": [2.5], "name": ["µ"]})
    commit(lab.results, lab.row("A1"), {"objects_flow": first}, {})
    commit(lab.results, lab.row("A2"), {"objects_flow": second}, {})
    lab.publish()
    objects = _read(lab, "objects_flow").to_pydict()
    assert objects["area"] == [3.0, 2.5]
    assert objects["edge"] == [True, None]
    assert objects["name"] == [None, "µ"]
    assert objects["task_id"] == [None, None]


def test_large_objects_are_written_group_by_group(lab, monkeypatch):
    monkeypatch.setattr(merge, "ROW_GROUP", 1000)
    for number in range(5):
        ids = [f"{number}-{i}" for i in range(700)]
        cells = pa.table({"object_id": ids, "sample": [f"S{number}"] * 700})
        commit(lab.results, lab.row(f"S{number}"), {"objects_flow": cells}, {})
    lab.publish()
    with pq.ParquetFile(lab.results / "objects_flow.parquet") as file:
        assert file.metadata.num_rows == 3500
        assert file.metadata.num_row_groups > 1


def test_large_objects_wait_for_the_end_of_the_run(lab, monkeypatch):
    monkeypatch.setattr(view, "INTERIM_BYTES", 100)
    cells = pa.table({"object_id": ["a"], "sample": ["A1"]})
    commit(lab.results, lab.row("A1"), {"objects_flow": cells}, {})
    lab.publish(final=False)
    assert not (lab.results / "objects_flow.parquet").exists()
    assert _read(lab, "tasks").num_rows == 1
    lab.publish(final=True)
    assert _read(lab, "objects_flow").num_rows == 1


def test_slow_publication_is_put_off_during_a_run_and_never_at_its_end(lab, monkeypatch):
    monkeypatch.setattr(view, "QUICK_S", 0.0)
    monkeypatch.setattr(view, "INTERIM_SHARE", 1e-9)
    lab.task("A1")
    lab.publish(final=False)
    lab.task("A2")
    assert not lab.publish(final=False)
    assert lab.publish(final=True)
    assert _read(lab, "measurements").num_rows == 2


def test_part_of_an_older_minor_version_gets_empty_cells_in_new_columns(lab, make_table, make_number):
    old = make_table("measurements", [make_number("A1", 1.0)]).drop_columns(["curated", "ci_low"])
    lab.task("A1", {"measurements": old})
    lab.publish()
    row = _read(lab, "measurements").to_pylist()[0]
    assert (row["value"], row["curated"], row["ci_low"]) == (1.0, None, None)


def test_column_of_a_newer_minor_version_is_kept(lab, make_table, make_number):
    newer = make_table("measurements", [make_number("A1", 1.0)]).append_column("added_later", pa.array([7]))
    lab.task("A1", {"measurements": newer})
    lab.task("A2")
    lab.publish()
    lab.task("A3")
    lab.publish()
    found = dict(
        zip(*_read(lab, "measurements").select(["sample", "added_later"]).to_pydict().values(), strict=True)
    )
    assert found == {"A1": 7, "A2": None, "A3": None}


def test_full_disk_while_publishing_leaves_the_old_tables(lab, monkeypatch):
    lab.task("A1", value=1.0)
    lab.publish()
    lab.task("A2", value=2.0)

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(merge.pq, "write_table", full)
    with pytest.raises(DiskFull, match="disk is full"):
        lab.publish()
    assert _read(lab, "measurements")["value"].to_pylist() == [1.0]
    assert list(lab.results.glob(".*.tmp")) == []


def test_readers_during_publications_always_see_a_whole_table(lab):
    for number in range(30):
        lab.sample(f"S{number}")
    lab.task("S0")
    lab.publish()
    sizes: list[int] = []
    ended = threading.Event()
    problems: list[BaseException] = []

    def read() -> None:
        while not ended.is_set():
            try:
                sizes.append(_read(lab, "measurements").num_rows)
            except (OSError, pa.ArrowException) as error:
                problems.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 30):
        lab.task(f"S{number}")
        lab.publish()
    ended.set()
    reader.join()
    assert problems == []
    assert sizes == sorted(sizes)
    assert len(sizes) > 5


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_kill_while_publishing_leaves_whole_tables_and_the_next_publication_completes(lab):
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        import pyarrow as pa
        from exoraw.store.commit import commit
        from exoraw.store.rows import TaskRow
        from exoraw.store.schemas import TABLES
        from exoraw.store.view import publish
        results = Path(sys.argv[1])
        names = ("samples", "files", "vocabulary", "findings")
        empty = {name: TABLES[name].schema.empty_table() for name in names}
        rows = []
        for number in range(100_000):
            cells = pa.table({"object_id": [f"{number}-{i}" for i in range(200)], "sample": ["s"] * 200})
            row = TaskRow(task_id=f"t{number}", unit=f"u{number:06d}", status="ok")
            rows.append(commit(results, row, {"objects_x": cells}, {}))
            publish(results, rows, **empty, final=True)
            print(number, flush=True)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(lab.results)], stdout=subprocess.PIPE, text=True
    )
    for _ in range(3):
        process.stdout.readline()
    time.sleep(random.Random(os.getpid()).uniform(0, 0.1))
    process.kill()
    process.wait()
    process.stdout.close()
    assert _read(lab, "objects_x").num_rows % 200 == 0
    rows = committed(lab.results)
    lab.publish(list(rows.values()))
    assert _read(lab, "objects_x").num_rows == 200 * len(rows)


def test_runs_are_recorded_from_begin_to_end(lab):
    start = datetime(2026, 11, 20, tzinfo=UTC)
    begin(lab.results, {"run_id": "r1", "started_at": start, "planned": 3})
    begin(lab.results, {"run_id": "r2", "started_at": start})
    finish(lab.results, {"run_id": "r1", "outcome": "complete", "ok": 3})
    rows = run_table(lab.results).to_pylist()
    assert [(row["run_id"], row["outcome"], row["planned"], row["ok"]) for row in rows] == [
        ("r1", "complete", 3, 3),
        ("r2", "running", None, None),
    ]


def test_run_with_an_unknown_column_is_refused(lab):
    with pytest.raises(StoreError, match="hostname"):
        begin(lab.results, {"run_id": "r", "started_at": datetime.now(UTC), "hostname": "x"})


def test_columns_to_redact_are_kept_until_another_list_is_given(lab):
    lab.publish(redact=["initials"])
    lab.publish()
    assert lab.open().manifest.redact == ("initials",)
    lab.publish(redact=[])
    assert lab.open().manifest.redact == ()


def test_state_that_cannot_be_read_means_writing_everything_again(lab):
    lab.task("A1")
    lab.publish()
    disk.write_file(lab.results / ".store" / "view.json", b"{")
    assert lab.publish()
    assert not lab.publish()
