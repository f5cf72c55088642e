"""Runs in worker processes: what a poisonous file does, and what it must not do to the others."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

import exoraw
from exoraw.engine import cluster, platform
from exoraw.engine.crumbs import crumbs_folder, drop_crumb
from exoraw.engine.memory import MemoryWatch
from exoraw.engine.options import RunOptions, RunSummary, Silent
from exoraw.engine.run import plan, run
from exoraw.engine.tasks import Limits, Order, Receipt
from exoraw.engine.worker import perform, seed_of
from exoraw.store.index import committed
from exoraw.store.rows import TaskRow

TWO = RunOptions(workers=2)
POISON = {
    "raises": ("fail", "failed"),
    "segfault": ("segfault", "crashed"),
    "leaves": ("leave", "crashed"),
    "hangs": ("hang", "timeout"),
    "bomb": ("eat_memory", "failed"),
}


def statuses(summary: RunSummary) -> dict[str, str]:
    return {row.unit.removeprefix("toys/measure/"): row.status for row in summary.failures}


def poisoned(study: Any, good: int, timeout_s: float) -> None:
    """Good files with five poisonous ones strewn among them."""
    study.limits.update(timeout_s=timeout_s, memory_gb=1)
    write, study.write = study.write, lambda: None
    step = good // len(POISON)
    for number in range(good):
        study.add(f"good{number}", batch=f"b{number % 3}", value=number % 7, act="burn", seconds=0.01)
        if number % step == step // 2:
            name = list(POISON)[number // step]
            study.add(name, batch="bad", act=POISON[name][0])
    del study.write
    assert write.__self__ is study
    study.write()


def check_poisoned(study: Any, good: int) -> None:
    summary = run(study.path, TWO)
    assert statuses(summary) == {name: status for name, (_act, status) in POISON.items()} | {
        "toys/pool/bad": "skipped",
        "toys/total/all": "skipped",
    }
    assert summary.counts["ok"] == good + 3
    rows = {row.unit.removeprefix("toys/measure/"): row for row in summary.failures}
    assert "Segmentation fault" in rows["segfault"].error
    assert "toyassay/acts.py" in rows["segfault"].traceback
    assert "os._exit" in rows["leaves"].error
    assert "the time limit of one task" in rows["hangs"].error
    assert "in hang" in rows["hangs"].traceback
    assert "needed more memory than the 1 GB" in rows["bomb"].error
    numbers = exoraw.open(study.results).table("measurements")
    assert (numbers["measure"] == "toy_value").sum() == good
    again = run(study.path, TWO)
    assert again.counts == {"cached": good + 3, "failed": 2, "crashed": 2, "timeout": 1, "skipped": 2}


def test_five_poisonous_files_are_labelled_and_harm_nobody(
    toy_study: Any, raw_stays_untouched: Callable[[], None]
) -> None:
    poisoned(toy_study, good=20, timeout_s=6)
    raw_stays_untouched()
    check_poisoned(toy_study, good=20)


@pytest.mark.slow
def test_five_poisonous_files_among_five_hundred(
    toy_study: Any, raw_stays_untouched: Callable[[], None]
) -> None:
    poisoned(toy_study, good=500, timeout_s=10)
    raw_stays_untouched()
    check_poisoned(toy_study, good=500)


@pytest.mark.slow
def test_a_folder_of_nothing_but_poison_comes_to_its_end(toy_study: Any) -> None:
    toy_study.limits.update(timeout_s=5)
    for number in range(12):
        toy_study.add(f"bad{number}", act=("segfault", "leave", "abort")[number % 3])
    summary = run(toy_study.path, TWO)
    assert summary.counts == {"crashed": 12, "skipped": 2}


def test_two_workers_give_the_same_tables_as_this_process(
    toy_study: Any, tmp_path: Path, content: Callable[[Path], Any]
) -> None:
    for number in range(8):
        act = ("dice", "talk", "", "fail")[number % 4]
        toy_study.add(f"s{number}", batch=f"b{number % 2}", value=number, note=number == 2, act=act)
    summary = run(toy_study.path, TWO)
    log = (toy_study.results / "logs" / f"{summary.run_id}.log").read_text("utf-8")
    assert "a word from C" in log
    assert "INFO toy: a word in the log" in log
    threaded = content(toy_study.results)
    toy_study.results.rename(tmp_path / "first")
    run(toy_study.path, RunOptions(workers=0))
    assert content(toy_study.results) == threaded
    assert len(threaded["measurements"]) == 14
    assert not list((toy_study.results / ".store").glob("crumbs"))


@dataclass
class PressesOnce(Silent):
    """Presses Ctrl-C as soon as something has finished."""

    presses: int = 1
    finished_units: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def finished(self, receipt: Receipt) -> None:
        self.finished_units.append(receipt.unit)
        if len(self.finished_units) <= self.presses:
            os.kill(os.getpid(), signal.SIGINT)

    def message(self, text: str) -> None:
        self.messages.append(text)


@pytest.mark.parametrize("workers", [0, 2])
def test_ctrl_c_finishes_what_runs_and_keeps_it(toy_study: Any, workers: int) -> None:
    for number in range(12):
        toy_study.add(f"s{number}", value=number, act="sleep", seconds=0.2)
    listener = PressesOnce()
    summary = run(toy_study.path, RunOptions(workers=workers), listener)
    assert (summary.outcome, summary.exit_code) == ("interrupted", 130)
    assert "Press Ctrl-C again" in listener.messages[-1]
    done = len(listener.finished_units)
    assert 1 <= done < 12
    assert summary.counts == {"ok": done}
    numbers = exoraw.open(toy_study.results).table("measurements")
    assert len(numbers) == done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert run(toy_study.path, RunOptions(workers=0)).counts == {"ok": 14 - done, "cached": done}


def test_a_second_ctrl_c_stops_at_once(toy_study: Any) -> None:
    for number in range(6):
        toy_study.add(f"s{number}", act="sleep", seconds=0.0 if number < 2 else 300)
    before = time.monotonic()
    summary = run(toy_study.path, TWO, PressesOnce(presses=2))
    assert summary.outcome == "interrupted"
    assert time.monotonic() - before < 120
    assert not [child for child in psutil.Process().children(recursive=True) if at_work(child)]


def at_work(process: psutil.Process) -> bool:
    """Whether it is a worker: a child of the fork server, or of this process with Dask in it."""
    try:
        return process.ppid() != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# ----------------------------------------------------------------- the set-up of the workers


def test_workers_use_one_core_listen_on_the_loopback_and_leave_ctrl_c_alone(tmp_path: Path) -> None:
    import toyassay.looks

    environment = dict(os.environ)
    crumbs = tmp_path / "crumbs" / "run"
    crumbs.mkdir(parents=True)
    with cluster.local_workers(1, crumbs, 10**9) as executor:
        (answer,) = executor.ask_workers(toyassay.looks.look_around)
        here = psutil.Process().net_connections("inet")
        assert {item.laddr.ip for item in here if item.status == "LISTEN"} == {"127.0.0.1"}
    assert answer["interrupts"]
    assert answer["threads"] == cluster.ONE_THREAD
    assert answer["arrow"] == 1
    assert answer["listening"] <= {"127.0.0.1"}
    if platform.worker_start_method() == "forkserver":
        assert answer["start_threads"] == 1  # what is forked must have one thread
    assert dict(os.environ) == environment


# ----------------------------------------------------------------- one order at a time


@pytest.fixture
def order(toy_study: Any, tmp_path: Path) -> Callable[[Mapping[str, Any]], Order]:
    """An isolated order for a file with this content, as a worker would get it."""

    def make(content: Mapping[str, Any]) -> Order:
        from exoraw.engine.orders import OrderBook
        from exoraw.engine.project import open_project

        toy_study.add("A", **content)
        project = open_project(toy_study.path)
        crumbs = crumbs_folder(toy_study.results, "run")
        crumbs.mkdir(parents=True)
        limits = Limits(60, 10**9)
        book = OrderBook(
            "run", str(project.raw), str(project.results), str(crumbs), project.inventory, limits, True
        )
        return book.order(next(iter(plan(toy_study.path))), {})

    return make


def test_a_submission_that_is_handed_out_twice_is_computed_once(
    order: Callable[[Mapping[str, Any]], Order], tmp_path: Path
) -> None:
    made = order({"act": "count", "mark": str(tmp_path / "mark")})
    first = perform(made)
    assert perform(made) == first
    assert (tmp_path / "mark").read_text() == "x"
    assert first.row.attempt == 1
    again = perform(replace(made, submission=1))
    assert (again.row.attempt, (tmp_path / "mark").read_text()) == (2, "xx")


def test_a_submission_that_killed_its_worker_is_not_computed_again(
    order: Callable[[Mapping[str, Any]], Order], tmp_path: Path
) -> None:
    made = order({"act": "count", "mark": str(tmp_path / "mark")})
    os.close(drop_crumb(Path(made.crumbs) / made.crumb, made.row.unit))
    receipt = perform(made)
    assert (receipt.status, receipt.committed) == ("crashed", False)
    assert not (tmp_path / "mark").exists()


def test_a_worker_with_another_version_computes_nothing(order: Callable[[Mapping[str, Any]], Order]) -> None:
    receipt = perform(replace(order({}), exoraw_version="0.0.1"))
    assert (receipt.status, receipt.committed) == ("failed", False)
    assert "Install the same version everywhere" in receipt.error


def test_a_worker_with_another_version_of_the_step_computes_nothing(
    order: Callable[[Mapping[str, Any]], Order],
) -> None:
    made = order({})
    receipt = perform(replace(made, row=made.row.with_(step_version=9)))
    assert (receipt.status, receipt.committed) == ("failed", False)
    assert "another version of the assay toy" in receipt.error


def test_seeds_differ_between_units_and_steps() -> None:
    assert len({seed_of("a", "x"), seed_of("a", "y"), seed_of("b", "x"), seed_of("ax", "")}) == 4
    assert seed_of("measure", "toys/measure/A") == seed_of("measure", "toys/measure/A")


def test_memory_is_watched_from_outside_where_the_system_cannot_refuse(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, time; sys.stdin.readline(); x = b'x' * 300_000_000; print(1, flush=True); time.sleep(60)"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as process:
        try:
            crumb = tmp_path / "task.0"
            crumb.write_text(f'{{"unit": "u", "pid": {process.pid}}}\n')
            watch = MemoryWatch(tmp_path, 100_000_000)
            assert watch.look() == []
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
            process.stdout.readline()
            assert watch.look() == [process.pid]
            assert process.wait(10) != 0
        finally:
            process.kill()
    from exoraw.engine.crumbs import read_crumb

    found = read_crumb(crumb, 60)
    assert found is not None
    assert found.status == "failed"
    assert "it needed more memory than the 0.1 GB" in found.error


def test_the_memory_watch_ends_when_told(tmp_path: Path) -> None:
    watch = MemoryWatch(tmp_path, 1)
    thread = threading.Thread(target=watch.run)
    thread.start()
    watch.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_a_row_committed_just_before_its_worker_died_counts(
    order: Callable[[Mapping[str, Any]], Order],
) -> None:
    from exoraw.engine.remote import committed_meanwhile

    made = order({"value": 4})
    assert committed_meanwhile(made) is None
    receipt = perform(made)
    found = committed_meanwhile(made)
    assert isinstance(found, TaskRow)
    assert found == receipt.row
    assert committed_meanwhile(replace(made, row=made.row.with_(run_id="another"))) is None
    assert committed(Path(made.results))[made.row.task_id] == receipt.row
