"""How a task that gave no receipt is judged: by its breadcrumb, or handed out again, never for ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from exoraw.assays.contract import Params, Unit
from exoraw.engine import limits, platform
from exoraw.engine.capture import Said, listening
from exoraw.engine.crumbs import (
    crumbs_folder,
    drop_crumb,
    interrupted_units,
    leave_receipt,
    read_crumb,
    read_receipt,
    running_pids,
    sweep_crumbs,
)
from exoraw.engine.limits import task_limits, worker_count
from exoraw.engine.options import RunOptions
from exoraw.engine.plan import Plan
from exoraw.engine.remote import MOST_RESUBMISSIONS, DaskExecutor
from exoraw.engine.tasks import Limits, Order, Receipt
from exoraw.store.rows import TaskRow
from exoraw.study.model import Limits as StudyLimits

HEADER = '{"unit": "u", "pid": 1}\n'
THREADS = """Thread 0x01 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 331 in wait
  File "/usr/lib/python3.11/threading.py", line 1002 in _bootstrap

Thread 0x02 (most recent call first):
  File "/home/ada/toy/acts.py", line 43 in hang
  File "/home/ada/toy/assay.py", line 72 in run
  File "/site-packages/exoraw/engine/worker.py", line 184 in _run
  File "/usr/lib/python3.11/threading.py", line 1002 in _bootstrap
"""


# ----------------------------------------------------------------- breadcrumbs


def crumb_of(tmp_path: Path, body: str) -> Any:
    path = tmp_path / "task.0"
    path.write_text(HEADER + body)
    return read_crumb(path, 7)


def test_a_task_without_a_breadcrumb_never_began(tmp_path: Path) -> None:
    assert read_crumb(tmp_path / "task.0", 7) is None


def test_the_fault_handlers_word_tells_a_time_out_with_the_place_of_the_task(tmp_path: Path) -> None:
    crumb = crumb_of(tmp_path, f"Timeout (0:00:07)!\n{THREADS}")
    assert (crumb.status, crumb.error) == ("timeout", "stopped after 7 s, the time limit of one task")
    assert crumb.tail == "toy/acts.py:43 in hang\ntoy/assay.py:72 in run"
    assert "ada" not in crumb.tail


def test_a_fatal_error_is_a_crash_in_its_own_words(tmp_path: Path) -> None:
    crumb = crumb_of(tmp_path, f"Fatal Python error: Bus error\n\n{THREADS}")
    assert (crumb.status, crumb.error) == ("crashed", "the worker process crashed: Bus error")


def test_the_last_words_of_a_silent_death_are_kept(tmp_path: Path) -> None:
    crumb = crumb_of(tmp_path, "free(): invalid pointer\n")
    assert crumb.status == "crashed"
    assert crumb.error.endswith("The last it wrote: free(): invalid pointer")


def test_a_program_that_prints_the_word_timeout_is_no_time_out(tmp_path: Path) -> None:
    assert crumb_of(tmp_path, "Timeout (of the camera)!\n").status == "crashed"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"unit": 3}'])
def test_a_breadcrumb_cut_short_is_passed_over(tmp_path: Path, content: str) -> None:
    folder = crumbs_folder(tmp_path, "run")
    folder.mkdir(parents=True)
    (folder / "task.0").write_text(content)
    assert running_pids(folder) == {}
    assert read_crumb(folder / "task.0", 7) is not None


def test_breadcrumbs_of_a_killed_run_name_its_units_once_and_are_swept(tmp_path: Path) -> None:
    folder = crumbs_folder(tmp_path, "run")
    folder.mkdir(parents=True)
    handle = drop_crumb(folder / "a.0", "p/gate/A")
    with pytest.raises(FileExistsError):
        drop_crumb(folder / "a.0", "p/gate/A")
    done = Receipt(TaskRow(task_id="b", unit="p/gate/B", status="ok"), committed=True, changed_files=("x",))
    leave_receipt(folder / "b.0", drop_crumb(folder / "b.0", "p/gate/B"), done)
    assert interrupted_units(tmp_path) == ["p/gate/A"]
    assert read_receipt(folder / "b.0") == done
    assert read_receipt(folder / "a.0") is None
    import os

    os.close(handle)
    sweep_crumbs(tmp_path)
    assert interrupted_units(tmp_path) == []
    assert not folder.exists()


# ----------------------------------------------------------------- handing out again


class KilledWorker(Exception):  # noqa: N818  Dask's name
    """As Dask calls it."""


class NoValidWorkerError(Exception):
    """As Dask calls it."""


@dataclass
class Ended:
    """A future that ended at once, as Dask shows it to the client."""

    error: BaseException
    status: str = "error"

    def add_done_callback(self, call: Callable[[Any], None]) -> None:
        call(self)

    def exception(self, timeout: float) -> BaseException:
        return self.error

    def release(self) -> None:
        pass


@dataclass
class Cluster:
    """Stands in for a cluster on which every worker dies before it is this task's turn."""

    error: BaseException
    keys: list[Any] = field(default_factory=list)

    def map(self, _call: Any, orders: list[Order], *, key: list[Any], **_options: Any) -> list[Ended]:
        self.keys += key
        return [Ended(self.error) for _order in orders]


@pytest.fixture
def order(tmp_path: Path) -> Order:
    crumbs = crumbs_folder(tmp_path, "run")
    crumbs.mkdir(parents=True)
    row = TaskRow(task_id="t" * 32, unit="p/gate/A", status="failed", run_id="run")
    unit = Unit("p/gate/A", (), {}, Params())
    return Order("raw", str(tmp_path), str(crumbs), row, unit, {}, {}, Limits(60, 10**9), "1")


def drain(executor: DaskExecutor) -> list[Receipt]:
    receipts: list[Receipt] = []
    for _ in range(20):
        receipts += executor.completed(0.01)
    return receipts


def test_a_task_that_never_began_is_handed_out_three_times_more_and_no_further(order: Order) -> None:
    cluster = Cluster(KilledWorker("gone"))
    executor = DaskExecutor(cluster, 2)
    executor.submit([order])
    (receipt,) = drain(executor)
    assert len(cluster.keys) == 1 + MOST_RESUBMISSIONS == 4
    assert len(set(cluster.keys)) == 4
    assert (receipt.status, receipt.committed, executor.pending) == ("failed", False, 0)
    assert "it never began: 4 worker processes died" in receipt.error


def test_a_task_that_began_and_died_is_labelled_at_once(order: Order, tmp_path: Path) -> None:
    import os

    os.close(drop_crumb(Path(order.crumbs) / order.crumb, order.row.unit))
    cluster = Cluster(KilledWorker("gone"))
    executor = DaskExecutor(cluster, 2)
    executor.submit([order])
    (receipt,) = drain(executor)
    assert (len(cluster.keys), receipt.status, receipt.committed) == (1, "crashed", True)


def test_a_cluster_without_workers_is_broken_and_nobody_is_blamed(order: Order) -> None:
    executor = DaskExecutor(Cluster(NoValidWorkerError()), 2)
    executor.submit([order])
    (receipt,) = drain(executor)
    assert (receipt.status, receipt.committed) == ("failed", False)
    assert "No Dask worker is left" in executor.broken


def test_an_error_of_the_cluster_is_told_and_not_kept(order: Order) -> None:
    executor = DaskExecutor(Cluster(ModuleNotFoundError("No module named 'exoraw'")), 2)
    executor.submit([order])
    (receipt,) = drain(executor)
    assert (receipt.status, receipt.committed, executor.broken) == ("failed", False, "")
    assert "No module named 'exoraw'" in receipt.error


# ----------------------------------------------------------------- limits and logs


def test_limits_are_those_of_the_study_within_a_workers_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits.platform, "total_memory", lambda: 16 * 10**9)
    study = StudyLimits(timeout_s=100, memory_gb=8)
    assert task_limits(study, RunOptions(), 1) == Limits(100, 8 * 10**9)
    assert task_limits(study, RunOptions(), 8) == Limits(100, int(0.9 * 2e9))
    assert task_limits(study, RunOptions(memory_gb=8, timeout_s=5), 8) == Limits(5, 8 * 10**9)
    assert task_limits(study, RunOptions(), 64).memory == 10**9
    assert task_limits(study, RunOptions(scheduler="tcp://x"), 64).memory == 8 * 10**9


def test_no_more_workers_than_units_are_started() -> None:
    assert worker_count(RunOptions(workers=8), Plan(())) == 0
    assert platform.usable_cores() >= 1
    assert platform.total_memory() >= platform.peak_memory() > 1_000_000


def test_a_chatty_task_is_cut_and_counted() -> None:
    said = Said()
    said.add("\n".join(str(number) for number in range(500)))
    lines = said.text().splitlines()
    assert len(lines) == 201
    assert lines[-1] == "... and 300 more lines"


def test_listening_leaves_logging_and_warnings_as_they_were() -> None:
    import logging
    import warnings

    root = logging.getLogger()
    before = (root.level, list(root.handlers), list(warnings.filters))
    with listening() as said:
        logging.getLogger("distributed.core").error("not ours")
        logging.getLogger("mine").info("a word")
        warnings.warn("careful", UserWarning, stacklevel=1)
    assert (root.level, list(root.handlers), list(warnings.filters)) == before
    assert said.text().splitlines() == ["INFO mine: a word", "WARNING UserWarning: careful"]


def test_an_allocation_beyond_the_limit_is_refused_and_the_limit_is_lifted_again() -> None:
    if not platform.limits_memory():
        pytest.skip("this system cannot refuse an allocation")
    with platform.memory_limit(200_000_000):
        bytearray(50_000_000)
        with pytest.raises(MemoryError):
            bytearray(1_000_000_000)
    assert len(bytearray(1_000_000_000)) == 1_000_000_000
