"""CPU time of a lab's gates on a tube of 100,000 events x 12 channels, ours beside FlowKit's, same files.

The tube is simulated; the strategy (compensation by a named matrix, logicle on nine dyes, 16 populations:
polygons, an ellipse, quadrants) is written as GatingML 2.0, and read from there by both. Counts are compared
population by population. FlowKit is measured in an environment of its own, as it pins pandas below 3:

    python3 -m venv fk && fk/bin/pip install flowkit "pandas<3"
    python tests/bench/bench_flow_gates.py --flowkit fk/bin/python

Without --flowkit only ours is measured. CPU seconds are the smallest of several runs after a first one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from exoraw.assays.flow.fcs import read_fcs, write_fcs
from exoraw.assays.flow.gates import (
    Dimension,
    Divider,
    Ellipsoid,
    NamedGate,
    Polygon,
    Quadrant,
    Quadrants,
    Strategy,
    gatingml,
    populations_of,
    read_gatingml,
    threshold,
)
from exoraw.assays.flow.gates.apply import gate_tube, population_rows
from exoraw.assays.flow.gates.picture import hierarchy_plot
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.transforms import Logicle

EVENTS, DYES, REPEATS = 100_000, 9, 7
PEER = """
import json, sys, time, flowkit
fcs, gates = sys.argv[1:3]
def once():
    start = time.process_time()
    sample = flowkit.Sample(fcs)
    read = time.process_time()
    session = flowkit.Session(gating_strategy=flowkit.parse_gating_xml(gates), fcs_samples=[sample])
    session.analyze_samples(verbose=False, use_mp=False)
    end = time.process_time()
    report = session.get_gating_results(sample.id).report
    counts = {row.gate_name: int(row["count"]) for _, row in report.iterrows()}
    return read - start, end - read, counts
once()
runs = [once() for _ in range(int(sys.argv[3]))]
print(json.dumps({"version": flowkit.__version__, "read": min(r[0] for r in runs),
                  "gate": min(r[1] for r in runs), "counts": runs[0][2]}))
"""


def cpu(work: Callable[[], object]) -> float:
    """Smallest CPU seconds of several runs, after one that is not counted."""
    work()
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def strategy() -> Strategy:
    """Cells > singlets > live > 8 polygons, an ellipse and 4 quadrants."""
    dyes = [f"F{i}" for i in range(DYES)]
    spill = 0.02 * np.random.default_rng(1).random((DYES, DYES))
    np.fill_diagonal(spill, 1)
    axis = {name: Dimension(name, Logicle(), "M") for name in dyes}
    scatter = {name: Dimension(name, None, "uncompensated") for name in ("FSC-A", "FSC-H", "SSC-A")}
    cells = ((20000, 1000), (200000, 1000), (250000, 150000), (50000, 200000), (20000, 50000))
    single = ((0, -1000), (250000, 200000), (250000, 260000), (0, 60000))
    ring = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    drawn = tuple((0.5 + 0.3 * float(np.cos(t)), 0.45 + 0.3 * float(np.sin(t))) for t in ring)
    halves = (Divider(axis["F3"], (0.5,)), Divider(axis["F4"], (0.5,)))
    quadrants = tuple(Quadrant(f"q{i}", (i // 2, i % 2)) for i in range(4))
    gates = (
        NamedGate("cells", Polygon(scatter["FSC-A"], scatter["SSC-A"], cells)),
        NamedGate("singlets", Polygon(scatter["FSC-A"], scatter["FSC-H"], single), "cells"),
        NamedGate("live", threshold(axis["F0"], below=0.9), "singlets"),
        *(NamedGate(f"p{i}", Polygon(axis[f"F{i}"], axis["F0"], drawn), "live") for i in range(1, 9)),
        NamedGate("e", Ellipsoid((axis["F1"], axis["F2"]), (0.5, 0.4), ((0.02, 0), (0, 0.02)), 2.0), "live"),
        NamedGate("q", Quadrants(halves, quadrants), "live"),
    )
    return Strategy(gates, {"M": Spillover(tuple(dyes), spill, "M")})


def tube(folder: Path) -> Path:
    """Scatter around one cloud, every dye dim in half of the cells and bright in the others."""
    rng = np.random.default_rng(20261121)
    area = np.abs(rng.normal(90_000, 30_000, EVENTS))
    scatter = np.column_stack([area, area * rng.normal(0.85, 0.08, EVENTS), rng.normal(6e4, 3e4, EVENTS)])
    bright = rng.random((EVENTS, DYES)) < 0.5
    dyes = np.where(bright, 10 ** rng.normal(4, 0.4, bright.shape), rng.normal(0, 250, bright.shape))
    events = np.column_stack([scatter, dyes]).astype(np.float32)
    names = ["FSC-A", "FSC-H", "SSC-A", *(f"F{i}" for i in range(DYES))]
    return write_fcs(folder / "tube.fcs", events, names, ranges=[262144.0] * len(names))


def main() -> None:
    """Measure, compare, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--flowkit", help="python of an environment with FlowKit")
    peer_python = options.parse_args().flowkit
    with tempfile.TemporaryDirectory() as place:
        fcs, gates = tube(Path(place)), Path(place) / "gates.xml"
        gates.write_text(gatingml(strategy(), as_given="uncompensated"), encoding="utf-8")
        read = cpu(lambda: read_fcs(fcs).events)
        data = read_fcs(fcs)
        whole = cpu(lambda: populations_of(read_gatingml(gates), data))
        tree = populations_of(read_gatingml(gates), data)
        gated = gate_tube(read_gatingml(gates), data)
        rows = cpu(lambda: population_rows(gate_tube(read_gatingml(gates), data), "tube"))
        drawn = cpu(lambda: hierarchy_plot(gated, "q3", title="tube"))
        print(f"{EVENTS:,} events x {DYES + 3}, {len(tree.rows)} populations; CPU seconds")
        print(f"ours: read {read:.4f}, GatingML and gates {whole:.4f}, with rows {rows:.4f}, "
              f"picture of 4 gates {drawn:.3f}")  # fmt: skip
        if peer_python:
            ran = subprocess.run(
                [peer_python, "-c", PEER, str(fcs), str(gates), str(REPEATS)],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            compare(json.loads(ran.stdout.strip().splitlines()[-1]), tree, read, whole)


def compare(peer: dict, tree, read: float, whole: float) -> None:
    """Print FlowKit's times, the ratio, and every population whose count differs."""
    print(f"FlowKit {peer['version']}: read {peer['read']:.4f}, GatingML and gates {peer['gate']:.4f}")
    print(
        f"FlowKit / ours: gates {peer['gate'] / whole:.1f}, all "
        f"{(peer['read'] + peer['gate']) / (read + whole):.1f}"
    )
    differ = {row.name: (row.count, peer["counts"].get(row.name)) for row in tree.rows}
    differ = {name: pair for name, pair in differ.items() if pair[0] != pair[1]}
    print(
        f"counts: {len(tree.rows) - len(differ)} of {len(tree.rows)} equal; ours and theirs differ in "
        f"{differ}"
    )


if __name__ == "__main__":
    main()
