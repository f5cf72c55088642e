"""A Dask cluster that somebody else started: checked, used as it is, left as it was."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exoraw.engine import external
from exoraw.engine.external import Probe, look_around
from exoraw.engine.options import RunOptions, Silent
from exoraw.engine.run import run
from exoraw.io.errors import StudyError
from exoraw.store.index import committed


@contextlib.contextmanager
def foreign_cluster(workers: int, threads: int = 1) -> Iterator[Any]:
    """A cluster with Dask's own settings, as a computing centre would run it."""
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set({"distributed.worker.multiprocessing-method": "spawn"}),
        LocalCluster(
            n_workers=workers, threads_per_worker=threads, processes=True, host="127.0.0.1",
            dashboard_address="127.0.0.1:0", silence_logs=50,
        ) as cluster,
    ):  # fmt: skip
        yield cluster


class Told(Silent):
    def __init__(self) -> None:
        self.messages: list[str] = []

    def message(self, text: str) -> None:
        self.messages.append(text)


def test_a_foreign_cluster_computes_a_study_and_survives_its_poison(toy_study: Any) -> None:
    for number in range(6):
        toy_study.add(f"s{number}", value=number)
    toy_study.add("segfault", act="segfault")
    with foreign_cluster(2, threads=2) as cluster:
        listener = Told()
        summary = run(toy_study.path, RunOptions(scheduler=cluster.scheduler_address), listener)
        assert summary.counts == {"ok": 8, "crashed": 1}
        assert listener.messages == [
            "2 of 2 Dask workers have several threads; one of each is used, because a crash takes the whole "
            "process. Start workers with one thread for full speed."
        ]
        assert cluster.scheduler.allowed_failures == 3  # Dask's own setting: nothing was reconfigured
        assert cluster.scheduler.plugins.keys().isdisjoint({"exoraw"})
        assert not cluster.scheduler.tasks
    rows = {row.unit: row for row in committed(toy_study.results).values()}
    assert rows["toys/measure/segfault"].status == "crashed"
    assert not list((toy_study.results / ".store").glob("nonce*"))


def test_a_scheduler_that_is_not_there_is_told_before_anything_runs(
    toy_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy_study.add("A")
    monkeypatch.setattr(external, "_CONNECT_S", 0.5)
    with pytest.raises(StudyError, match="cannot be reached"):
        run(toy_study.path, RunOptions(scheduler="tcp://127.0.0.1:9"))
    assert committed(toy_study.results) == {}
    assert not list((toy_study.results / ".store").glob("runs/*"))


# ----------------------------------------------------------------- what a worker is asked


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    raw, results = tmp_path / "raw", tmp_path / "results"
    (results / ".store").mkdir(parents=True)
    raw.mkdir()
    (raw / "a.toy").write_bytes(b"TOY1\n{}")
    (results / ".store" / "nonce-1").write_text("word")
    files = {"a.toy": (7, external._beginning(raw / "a.toy"))}
    return Probe(str(raw), str(results), ("nonce-1", "word"), files)


def fault(probe: Probe, version: str | None = None) -> str:
    import exoraw

    return look_around(probe, version or exoraw.__version__)


def test_a_worker_that_sees_the_same_folders_is_fine(probe: Probe) -> None:
    assert fault(probe) == ""
    assert [path.name for path in (Path(probe.results) / ".store").iterdir()] == ["nonce-1"]


def test_a_worker_with_another_version_is_refused(probe: Probe) -> None:
    assert "Install the same version" in fault(probe, "0.0.1")


def test_a_worker_that_does_not_see_the_results_folder_is_refused(probe: Probe) -> None:
    shutil.rmtree(probe.results)
    assert "the results folder is not there" in fault(probe)


def test_a_worker_with_another_results_folder_of_the_same_name_is_refused(probe: Probe) -> None:
    (Path(probe.results) / ".store" / "nonce-1").write_text("other")
    assert "is another folder there" in fault(probe)


def test_a_worker_that_does_not_see_the_raw_folder_is_refused(probe: Probe) -> None:
    shutil.rmtree(probe.raw)
    assert "the raw folder is not there" in fault(probe)


def test_a_worker_with_another_raw_folder_of_the_same_name_is_refused(probe: Probe) -> None:
    (Path(probe.raw) / "a.toy").write_bytes(b"TOY1\n[]")
    assert "a.toy differs" in fault(probe)
