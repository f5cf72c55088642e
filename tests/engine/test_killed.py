"""A coordinator that is killed at any moment: nothing finished is lost, nothing unfinished shows."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import exoraw
from exoraw.engine.options import RunOptions
from exoraw.engine.run import run
from exoraw.store.index import committed

MARK = "EXORAW_TEST_MARK"
UNITS = 24
PROGRAM = """
import sys
from exoraw.engine.run import RunOptions, run
if __name__ == "__main__":
    run(sys.argv[1], RunOptions(workers=2))
"""


def start(study: Any, mark: str) -> subprocess.Popen[bytes]:
    program = study.folder / "program.py"
    program.write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, str(program), str(study.path)],
        env={**os.environ, MARK: mark},
        start_new_session=True,
        stderr=subprocess.PIPE,
    )


def marked(mark: str) -> Iterator[psutil.Process]:
    """Every live process that this coordinator started, wherever it hangs in the tree now."""
    for process in psutil.process_iter():
        try:
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and process.pid != os.getpid() and process.environ().get(MARK) == mark:
                yield process
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue


def finished_tasks(results: Path) -> dict[str, tuple[int, str]]:
    return {task_id: (row.attempt, row.status) for task_id, row in committed(results).items()}


def prepare(study: Any) -> None:
    write, study.write = study.write, lambda: None
    for number in range(UNITS):
        study.add(f"s{number:02}", batch=f"b{number % 3}", value=number, act="sleep", seconds=0.05)
    del study.write
    assert write.__self__ is study
    study.write()


def kill_and_resume(study: Any, times: int, seed: int, content: Callable[[Path], Any]) -> None:
    rng = random.Random(seed)
    prepare(study)
    run(study.path, RunOptions(workers=0))
    undisturbed = content(study.results)
    assert len(undisturbed["measurements"]) == 2 * UNITS
    interrupted = 0
    study.results.rename(study.folder / "undisturbed")
    for number in range(times):
        if number and not rng.randrange(3):
            study.results.rename(study.folder / f"earlier{number}")  # now and then from the beginning
        interrupted += _one_kill(study, rng, f"{study.folder}-{number}")
    assert interrupted
    resumed = run(study.path, RunOptions(workers=0))
    assert resumed.outcome == "complete"
    assert content(study.results) == undisturbed


def _one_kill(study: Any, rng: random.Random, mark: str) -> bool:
    before = finished_tasks(study.results)
    process = start(study, mark)
    begun = time.monotonic()
    folder = study.results / ".store" / "tasks"
    while process.poll() is None and time.monotonic() < begun + 60 and len(finished(folder)) <= len(before):
        time.sleep(0.02)  # let it come as far as computing; then strike at any moment
    time.sleep(rng.uniform(0, 1.5))
    running = process.poll() is None
    seen = finished(folder)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and list(marked(mark)):
        time.sleep(0.1)
    assert list(marked(mark)) == []
    after = finished_tasks(study.results)
    assert before.items() <= after.items()  # nothing finished is lost, or computed again
    assert {f"{task}.{attempt}.json" for task, (attempt, _status) in after.items()} >= seen
    visible = study.results / "tasks.parquet"
    if visible.exists():
        assert set(exoraw.open(study.results).table("tasks")["task_id"]) <= after.keys()
    return running


def finished(folder: Path) -> set[str]:
    """Names of the commit rows that are in place."""
    return {path.name for path in folder.glob("*.json") if not path.name.startswith(".")}


def test_three_kills_of_the_coordinator_lose_nothing(toy_study: Any, content: Callable[[Path], Any]) -> None:
    kill_and_resume(toy_study, times=3, seed=1, content=content)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_thirty_kills_of_the_coordinator_lose_nothing(toy_study: Any, content: Callable[[Path], Any]) -> None:
    kill_and_resume(toy_study, times=30, seed=2, content=content)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel ends workers on Linux only")
def test_a_worker_stuck_in_c_dies_with_its_coordinator(toy_study: Any) -> None:
    toy_study.add("stuck", act="hang")
    mark = str(toy_study.folder)
    process = start(toy_study, mark)
    crumbs = toy_study.results / ".store" / "crumbs"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list(crumbs.glob("*/*.0")):
        time.sleep(0.05)
    assert list(crumbs.glob("*/*.0"))
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and list(marked(mark)):
        time.sleep(0.1)
    assert list(marked(mark)) == []
    toy_study.put("stuck.toy", b"TOY1\n{}")
    summary = run(toy_study.path, RunOptions(workers=0))
    assert summary.counts == {"ok": 3}
    log = (toy_study.results / "logs" / f"{summary.run_id}.log").read_text("utf-8")
    assert "toys/measure/stuck: an earlier run was stopped while this was computed" in log
