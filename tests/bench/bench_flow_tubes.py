"""A CD44/CD24 study of 24 tubes x 100,000 events x 12 channels: CPU per tube; memory of a tube of 5 million.

    python tests/bench/bench_flow_tubes.py [--tubes 24] [--events 100000] [--big 5000000]
    python3 -m venv fk && fk/bin/pip install flowkit "pandas<3"
    python tests/bench/bench_flow_tubes.py --flowkit fk/bin/python

Two batches, each with an isotype tube and an FMO; the rest is stained. The steps of the assay run as in a
study, in this process: reading, compensation by the file's own matrix, time quality, margins, debris,
doublets, dead cells, both gates with 200 resamplings, quadrants at three percentiles, every picture. CPU is
that of the steps, without hashing files and writing tables. FlowKit reads the same files, compensates and
applies comparable gates (two polygons, the dead-cell border, quadrants); it finds no gate and draws nothing.
Memory: largest resident memory of a process that gates one big tube, minus what the imports took, over the
bytes of the columns that were read (float32).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from exoraw.assays.contract import Earlier, FileInput, Inputs, Outcome, ReadyFile, TaskInput
from exoraw.assays.flow.assay import ASSAY
from exoraw.assays.flow.fcs import header, read_fcs, write_fcs
from exoraw.assays.flow.gates import (
    Dimension,
    Divider,
    NamedGate,
    Polygon,
    Quadrant,
    Quadrants,
    Strategy,
    gatingml,
    threshold,
)
from exoraw.assays.flow.settings import FlowSettings
from exoraw.assays.flow.simulator.recording import SCATTER
from exoraw.assays.flow.simulator.staining import Recipe, Setup, draw_stained
from exoraw.assays.flow.simulator.stem_cells import isotype, stained
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.transforms import Logicle
from exoraw.io.inventory import Inventory, RawFile
from exoraw.study.view import SampleRow, StudyView

DETECTORS = ("FITC", "PE", "7-AAD", "APC")
CHANNELS = (*SCATTER, "FITC-A", "PE-A", "PerCP-Cy5-5-A", "APC-A", "V450-A", "V610-A", "V780-A", "Time")
MARKERS = ("", "", "", "", "", "CD24", "7-AAD", "CD44", "", "", "", "")
STAINS = CHANNELS[4:8]
SELECTED = 8  # columns that the strategy reads: 3 dyes, 4 of scatter, time
BATCHES = ("day1", "day2")
SHARES = (0.75, 0.15, 0.04, 0.06)
PEER = """
import json, sys, time, flowkit
files, gates = sys.argv[2:], sys.argv[1]
def once(path):
    start = time.process_time()
    sample = flowkit.Sample(path)
    session = flowkit.Session(gating_strategy=flowkit.parse_gating_xml(gates), fcs_samples=[sample])
    session.analyze_samples(verbose=False, use_mp=False)
    session.get_gating_results(sample.id).report
    return time.process_time() - start
once(files[0])
print(json.dumps({"version": flowkit.__version__, "seconds": [once(path) for path in files]}))
"""
BIG = """
import sys
sys.path.insert(0, sys.argv[1])
import bench_flow_tubes as bench
import matplotlib.figure, flowutils, scipy.stats
print(bench.peak_of_a_big_tube(sys.argv[2]))
"""


# ----------------------------------------------------------------- the study


def write_tube(path: Path, recipe: Recipe, events: int, seed: int) -> None:
    """One tube with three detectors that nobody used, in parts of 500,000 events."""
    rng = np.random.default_rng(seed)
    parts = []
    for start in range(0, events, 500_000):
        n = min(500_000, events - start)
        tube = draw_stained(rng, recipe, DETECTORS, Setup(), n)
        empty = rng.normal(0.0, 60.0, (n, 3))
        ticks = np.round((tube.seconds + start / 400.0) / 0.01)
        parts.append(np.column_stack([tube.events, empty, ticks]).astype(np.float32))
    matrix = Spillover(STAINS, np.round(Setup().matrix(DETECTORS), 3), "operator")
    write_fcs(
        path, np.concatenate(parts), list(CHANNELS), version="3.1", markers=list(MARKERS),
        ranges=[262_144.0] * len(CHANNELS), timestep=0.01, spillover=matrix,
    )  # fmt: skip


def write_study(raw: Path, tubes: int, events: int) -> list[SampleRow]:
    """Rows of the study; its files are written below `raw`."""
    rows = []
    for number in range(tubes):
        batch = BATCHES[number % len(BATCHES)]
        role, stain, recipe = "", "", stained(SHARES, 0.08)
        if number < len(BATCHES):
            role, recipe = "isotype", isotype(0.08)
        elif number < 2 * len(BATCHES):
            role, stain, recipe = "fmo", "PE", recipe.with_dyes("APC", "7-AAD")
        name = f"tube {number + 1}"
        write_tube(raw / f"{name}.fcs", recipe, events, seed=number)
        cells = {"batch": batch, "control_role": role, "stain": stain, "cell_line": "MDA-MB-231"}
        rows.append(SampleRow(name, (f"{name}.fcs",), 0, cells, number + 2))
    return rows


def settings() -> FlowSettings:
    """Those of the preset; every file carries its matrix."""
    preset = Path(__file__).parents[2] / "pipelines" / "cd44_cd24.yaml"
    read = yaml.safe_load(preset.read_text(encoding="utf-8"))["settings"]
    return FlowSettings.model_validate(read | {"compensation": {"source": "keyword"}})


# ----------------------------------------------------------------- running


def run(raw: Path, rows: list[SampleRow]) -> tuple[dict[str, float], dict[str, Outcome]]:
    """CPU seconds by step, and every outcome."""
    view = StudyView("cd44_cd24", settings(), tuple(rows))
    files = {
        row.files[0]: RawFile(row.files[0], row.sample, 1, 0, format="fcs", header=header(raw / row.files[0]))
        for row in rows
    }
    inventory = Inventory(files)
    seconds: dict[str, float] = defaultdict(float)
    outcomes: dict[str, Outcome] = {}
    for step in ASSAY.steps:
        for unit in step.units(view.limited_to(step.columns), inventory):
            inputs = _inputs(unit.inputs, raw, outcomes)
            start = time.process_time()
            outcomes[unit.key] = step.run(unit, inputs)
            seconds[step.name] += time.process_time() - start
    return dict(seconds), outcomes


def _inputs(wanted: Mapping[str, tuple[Any, ...]], raw: Path, outcomes: Mapping[str, Outcome]) -> Inputs:
    files, earlier = {}, {}
    for role, items in wanted.items():
        named = [item for item in items if isinstance(item, FileInput)]
        files[role] = tuple(ReadyFile(raw / one.path, one.path, one.path, one.dataset) for one in named)
        tasks = [item for item in items if isinstance(item, TaskInput)]
        if tasks:
            earlier[role] = tuple(
                Earlier(one.key, "t", True, outcomes[one.key].data, tuple(outcomes[one.key].findings), ())
                for one in tasks
            )
    return Inputs(files, earlier)


def peak_of_a_big_tube(folder: str) -> str:
    """Peak memory in MB beyond the imports, and in parts of the selected columns."""
    raw = Path(folder)
    rows = [
        SampleRow("big", ("big.fcs",), 0, {"batch": "day1"}, 2),
        SampleRow("iso", ("iso.fcs",), 0, {"batch": "day1", "control_role": "isotype"}, 3),
    ]
    base = _peak()
    run(raw, rows)
    events = read_fcs(raw / "big.fcs", channels=["Time"]).events.shape[0]
    selected = events * SELECTED * 4 / 2**20
    grown = (_peak() - base) / 1024
    return (
        f"{events:,} events: peak {grown:.0f} MB over the imports, "
        f"{grown / selected:.2f} x the {SELECTED} selected columns ({selected:.0f} MB)"
    )


def _peak() -> int:
    found = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])


# ----------------------------------------------------------------- the peer


def comparable_gates(path: Path) -> None:
    """Cells, single cells, live cells, quadrants of CD44 and CD24, as GatingML 2.0."""
    spill = Spillover(STAINS, np.round(Setup().matrix(DETECTORS), 3), "M")
    scatter = {name: Dimension(name, None, "uncompensated") for name in ("FSC-A", "FSC-H", "SSC-A")}
    dye = {name: Dimension(name, Logicle(), "M") for name in STAINS}
    cells = ((30e3, 0.0), (262e3, 0.0), (262e3, 262e3), (30e3, 262e3))
    single = ((0.0, 0.0), (262e3, 195e3), (262e3, 262e3), (0.0, 30e3))
    halves = (Divider(dye["APC-A"], (0.45,)), Divider(dye["PE-A"], (0.4,)))
    quadrants = tuple(Quadrant(f"q{i}", (i // 2, i % 2)) for i in range(4))
    gates = (
        NamedGate("cells", Polygon(scatter["FSC-A"], scatter["SSC-A"], cells)),
        NamedGate("single", Polygon(scatter["FSC-A"], scatter["FSC-H"], single), "cells"),
        NamedGate("live", threshold(dye["PerCP-Cy5-5-A"], below=0.45), "single"),
        NamedGate("quadrants", Quadrants(halves, quadrants), "live"),
    )
    path.write_text(gatingml(Strategy(gates, {"M": spill}), as_given="uncompensated"), encoding="utf-8")


def peer(python: str, raw: Path, gates: Path, rows: list[SampleRow]) -> str:
    """FlowKit's CPU seconds per tube."""
    paths = [str(raw / row.files[0]) for row in rows]
    done = subprocess.run(
        [python, "-c", PEER, str(gates), *paths], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.strip().splitlines()[-1])
    mean = sum(found["seconds"]) / len(paths)
    return f"FlowKit {found['version']}: {mean:.3f} s CPU a tube for reading and gates, nothing drawn"


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--tubes", type=int, default=24)
    options.add_argument("--events", type=int, default=100_000)
    options.add_argument("--big", type=int, default=5_000_000, help="events of the big tube; 0: none")
    options.add_argument("--flowkit", help="python of an environment with FlowKit")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        raw = Path(place)
        if asked.tubes:
            rows = write_study(raw, asked.tubes, asked.events)
            run(raw, rows[:6])  # fonts, imports
            seconds, _ = run(raw, rows)
            print(f"{asked.tubes} tubes x {asked.events:,} events x {len(CHANNELS)} channels, CPU seconds")
            print(", ".join(f"{name} {value:.2f}" for name, value in seconds.items()))
            print(f"{sum(seconds.values()) / asked.tubes:.3f} s a tube, all pictures included")
            if asked.flowkit:
                comparable_gates(raw / "gates.xml")
                print(peer(asked.flowkit, raw, raw / "gates.xml", rows))
        if asked.big:
            write_tube(raw / "big.fcs", stained(SHARES, 0.08), asked.big, seed=1)
            write_tube(raw / "iso.fcs", isotype(0.08), 100_000, seed=2)
            done = subprocess.run(
                [sys.executable, "-c", BIG, str(Path(__file__).parent), str(raw)],
                capture_output=True, text=True, check=True,
                env=os.environ | {"MALLOC_TRIM_THRESHOLD_": "65536"},  # as a worker of the engine runs
            )  # fmt: skip
            print(done.stdout.strip())


if __name__ == "__main__":
    main()
