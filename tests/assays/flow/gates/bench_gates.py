"""CPU time of the polygon test beside matplotlib and FlowUtils, and of a strategy of 16 populations.

Run from the root of the checkout: python tests/assays/flow/gates/bench_gates.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from flowutils.gating import points_in_polygon
from matplotlib.path import Path

from exoraw.assays.flow.gates import (
    Dimension,
    Divider,
    Ellipsoid,
    NamedGate,
    Polygon,
    Quadrant,
    Quadrants,
    Strategy,
    in_polygon,
    populations,
    threshold,
)
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.transforms import Logicle

EVENTS = 1_000_000
REPEATS = 7


def cpu(work: Callable[[], object]) -> float:
    """Smallest CPU seconds of several runs."""
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def polygons(rng: np.random.Generator) -> None:
    places = rng.normal(0, 1, (EVENTS, 2))
    x, y = (np.ascontiguousarray(column) for column in places.T)
    print(f"{EVENTS:,} events: CPU ms   ours  matplotlib  FlowUtils")
    for corners in (4, 10, 30, 128):
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        radius = 1.2 + 0.4 * np.sin(3 * angle)
        shape = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
        ours = cpu(partial(in_polygon, x, y, shape))
        theirs = cpu(partial(Path(shape).contains_points, places))
        peer = cpu(partial(points_in_polygon, shape, places))
        same = np.array_equal(in_polygon(x, y, shape), Path(shape).contains_points(places))
        milliseconds = "".join(f"{seconds * 1e3:>11.0f}" for seconds in (ours, theirs, peer))
        print(f"{corners:>4} corners: {milliseconds}  same: {same}")


def strategy() -> tuple[Strategy, list[str]]:
    """cells > singlets > live > 8 polygons, an ellipse and 4 quadrants on 9 compensated logicle channels."""
    dyes = [f"F{i}" for i in range(9)]
    spill = 0.02 * np.random.default_rng(1).random((9, 9))
    np.fill_diagonal(spill, 1)
    axis = {name: Dimension(name, Logicle(), "M") for name in dyes}
    cells = ((20000, 1000), (200000, 1000), (250000, 150000), (50000, 200000), (20000, 50000))
    single = ((0, -1000), (250000, 200000), (250000, 260000), (0, 60000))
    ring = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    round_gate = tuple((0.5 + 0.3 * float(np.cos(t)), 0.4 + 0.3 * float(np.sin(t))) for t in ring)
    halves = (Divider(axis["F3"], (0.5,)), Divider(axis["F4"], (0.5,)))
    gates = [
        NamedGate("cells", Polygon(Dimension("FSC-A"), Dimension("SSC-A"), cells)),
        NamedGate("singlets", Polygon(Dimension("FSC-A"), Dimension("FSC-H"), single), "cells"),
        NamedGate("live", threshold(axis["F0"], below=0.5), "singlets"),
        *(NamedGate(f"p{i}", Polygon(axis[f"F{i}"], axis["F0"], round_gate), "live") for i in range(1, 9)),
        NamedGate("e", Ellipsoid((axis["F1"], axis["F2"]), (0.5, 0.4), ((0.02, 0), (0, 0.02)), 2.0), "live"),
        NamedGate(
            "q", Quadrants(halves, tuple(Quadrant(f"q{i}", (i // 2, i % 2)) for i in range(4))), "live"
        ),
    ]
    matrix = Spillover(tuple(dyes), spill, "M")
    return Strategy(tuple(gates), {"M": matrix}), ["FSC-A", "FSC-H", "SSC-A", *dyes]


def trees(rng: np.random.Generator) -> None:
    gates, channels = strategy()
    for count in (100_000, EVENTS):
        events = np.abs(rng.normal(60_000, 40_000, (count, len(channels)))).astype(np.float32)
        seconds = cpu(partial(populations, gates, events, channels))
        print(f"{count:,} events x 12, 16 populations: {seconds:.3f} s CPU")


if __name__ == "__main__":
    generator = np.random.default_rng(0)
    polygons(generator)
    trees(generator)
