"""What the engine costs: CPU per task, two workers against none, a re-run that has nothing to do.

    python tests/bench/bench_engine.py [--tasks 400] [--burn 0.1] [--idle 1000]

CPU is that of all processes together (this script adopts the orphans and waits for every one), so it does
not depend on what else the machine does; wall time does.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PLUGIN = Path(__file__).resolve().parents[1] / "engine" / "plugin"
LONG_AGO = 1_700_000_000  # s since 1970: nobody is writing these files any more
PR_SET_CHILD_SUBREAPER = 36

PROGRAM = """
import sys
import exoraw
from exoraw.engine.run import RunOptions
if __name__ == "__main__":
    summary = exoraw.run(sys.argv[1], RunOptions(workers=int(sys.argv[2])))
    assert summary.outcome == "complete", summary
    print(dict(summary.counts))
"""


@dataclass(frozen=True)
class Cost:
    """CPU seconds of a process and all it started, and wall seconds until it ended."""

    cpu: float
    wall: float


def write_study(folder: Path, units: int, act: str, seconds: float) -> Path:
    """Write a study of toy files, one batch per hundred."""
    raw = folder / "raw"
    raw.mkdir(parents=True)
    rows = ["sample,file,batch"]
    for number in range(units):
        path = raw / f"s{number:05}.toy"
        content = {"act": act, "seconds": seconds, "value": number % 9}
        path.write_bytes(b"TOY1\n" + json.dumps(content).encode())
        os.utime(path, (LONG_AGO, LONG_AGO))
        rows.append(f"s{number:05},{path.name},b{number // 100}")
    (folder / "samples.csv").write_text("\n".join(rows) + "\n", "utf-8")
    study = {
        "title": "Bench",
        "raw": "raw",
        "samples": "samples.csv",
        "pipelines": [{"name": "toys", "assay": "toy"}],
    }
    place = folder / "study.yaml"
    place.write_text(json.dumps(study), "utf-8")
    return place


def run(study: Path, workers: int) -> Cost:
    """Run a study in a process of its own."""
    program = study.parent / "program.py"
    program.write_text(PROGRAM)
    before, clock = children_cpu(), time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(PLUGIN)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(
        [sys.executable, str(program), str(study), str(workers)],
        env=environment, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    wall = time.perf_counter() - clock
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()  # what it left behind, so that its CPU counts
    return Cost(children_cpu() - before, wall)


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fresh(place: Path, name: str, units: int, act: str = "", seconds: float = 0.0) -> Path:
    return write_study(place / name, units, act, seconds)


def overhead(place: Path, tasks: int) -> None:
    """CPU per task that computes nothing: plan, hand out, run, commit, publish."""
    for workers in (0, 2):
        few = run(fresh(place, f"few{workers}", 2), workers)
        many = run(fresh(place, f"many{workers}", tasks), workers)
        each = 1000 * (many.cpu - few.cpu) / (tasks - 2)
        print(
            f"overhead, workers={workers}: {each:5.2f} ms CPU a task (aim <= 10); start and end of a run "
            f"{few.cpu:.2f} s CPU, {few.wall:.1f} s wall"
        )


def two_workers_against_none(place: Path, tasks: int, seconds: float) -> None:
    """Total CPU of the same study in this process and on two workers."""
    none = run(fresh(place, "none", tasks, "burn", seconds), 0)
    two = run(fresh(place, "two", tasks, "burn", seconds), 2)
    print(
        f"{tasks} tasks of {seconds:g} s: {none.cpu:.1f} s CPU in process, {two.cpu:.1f} s on two workers: "
        f"{two.cpu / none.cpu:.3f}x (aim <= 1.1); wall {none.wall:.1f} s and {two.wall:.1f} s"
    )


def nothing_to_do(place: Path, units: int) -> None:
    """A whole process that finds all of a study still valid."""
    study = fresh(place, "idle", units)
    run(study, 0)
    again = [run(study, 2) for _ in range(3)]
    best = min(again, key=lambda cost: cost.wall)
    print(
        f"re-run of {units} units with nothing to do: {best.wall:.2f} s wall, {best.cpu:.2f} s CPU "
        "(aim <= 3 s; best of 3)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=400)
    parser.add_argument("--burn", type=float, default=0.1)
    parser.add_argument("--idle", type=int, default=1000)
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    with tempfile.TemporaryDirectory(prefix="exoraw-bench-") as name:
        overhead(Path(name), options.tasks)
        two_workers_against_none(Path(name), options.tasks, options.burn)
        nothing_to_do(Path(name), options.idle)


if __name__ == "__main__":
    main()
