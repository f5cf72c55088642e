"""kill -9 of a process that commits: nothing finished is lost, nothing unfinished is seen."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from exoraw.store.index import committed, next_attempt, read_part, sweep
from exoraw.store.lock import locked

_WORKER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    import pyarrow as pa
    from exoraw.store.commit import commit
    from exoraw.store.rows import TaskRow
    results, start = Path(sys.argv[1]), int(sys.argv[2])
    print("ready", flush=True)
    for number in range(start, start + 100_000):
        rows = pa.table({"n": pa.array([number] * (1 + number % 5000))})
        row = TaskRow(task_id=f"t{number}", unit=f"u{number}", status="ok")
        tables = {"objects_x": rows, "measurements": rows.slice(0, 3)}
        row = commit(results, row, tables, {"a.png": b"x" * 5000})
        print(row.task_id, flush=True)
    """
)


def _commit_until_killed(results: Path, start: int, tasks: int, seconds: float) -> list[str]:
    """Kill a committing process `seconds` after its n-th task; return the tasks that it said it committed."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(results), str(start)], stdout=subprocess.PIPE, text=True
    )
    said = [process.stdout.readline() for _ in range(tasks + 1)]
    time.sleep(seconds)
    process.kill()
    said += process.stdout.read().splitlines()
    process.wait()
    process.stdout.close()
    return [line.strip() for line in said if line.startswith("t")]


def _survives_kills(results: Path, kills: int) -> int:
    """Return how many tasks the killed processes had committed, after checking each of them."""
    dice = random.Random(7)
    said: set[str] = set()
    for turn in range(kills):
        told = _commit_until_killed(results, turn * 100_000, dice.randint(0, 9), dice.uniform(0.0, 0.03))
        said.update(told)
        found = committed(results)
        assert said <= set(found)
        for row in found.values():
            rows = read_part(results, row, "objects_x")
            assert rows.num_rows == 1 + int(row.unit[1:]) % 5000
            assert (results / row.evidence_folder / "a.png").stat().st_size == 5000
        with locked(results):
            sweep(results)
        assert committed(results) == found
        assert list(results.rglob("*.tmp")) == []
    return len(said)


def test_killed_committer_loses_no_finished_task_and_shows_no_unfinished_one(tmp_path):
    assert _survives_kills(tmp_path, kills=4) >= 4


@pytest.mark.slow
def test_forty_kills_lose_nothing(tmp_path):
    assert _survives_kills(tmp_path, kills=40) >= 40


def test_number_of_a_killed_attempt_is_not_used_again(tmp_path):
    """Whatever the kill left behind, the next attempt of that task gets a number nobody has taken."""
    told = _commit_until_killed(tmp_path, 0, 2, 0.005)
    with locked(tmp_path):
        sweep(tmp_path)
    taken = {path.stem for path in (tmp_path / ".store" / "tasks").iterdir()}
    assert len(taken) >= len(told) >= 2
    for number in range(len(taken) + 1):
        assert f"t{number}.{next_attempt(tmp_path, f't{number}')}" not in taken
