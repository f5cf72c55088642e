"""Every study that the flow simulators can write, side by side in one raw folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from exoraw.assays.contract import Simulated
from exoraw.assays.flow.simulate import simulate
from exoraw.assays.flow.simulate_markers import MARKER_STUDIES

Simulator = Callable[[Path, int], Simulated]
SIMULATORS: tuple[Simulator, ...] = (simulate, *MARKER_STUDIES.values())


def simulate_studies(raw: Path, seed: int) -> tuple[Simulated, ...]:
    """Write one study per preset, each into a folder of its own name under `raw`."""
    return tuple(_in_own_folder(simulator, raw, seed) for simulator in SIMULATORS)


def _in_own_folder(simulator: Simulator, raw: Path, seed: int) -> Simulated:
    """The preset's name is known when the study is written: the folder is named afterwards."""
    work = raw / "in-writing"
    work.mkdir()
    study = simulator(work, seed)
    work.rename(raw / study.preset)
    rows = tuple(
        {**row, "file": f"{study.preset}/{row['file']}"} if row.get("file") else row for row in study.rows
    )
    return replace(study, rows=rows)
