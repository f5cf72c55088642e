"""Every study that the blot simulators can write, side by side in one raw folder."""

from __future__ import annotations

from pathlib import Path

from exoraw.assays.blot.simulator.chip_gel import simulate_chip_gel
from exoraw.assays.blot.simulator.ev_markers import simulate_ev_markers
from exoraw.assays.blot.simulator.western import simulate_experiment
from exoraw.assays.contract import Simulated


def simulate_studies(raw: Path, seed: int) -> tuple[Simulated, ...]:
    """Write one study per preset under `raw`: Western blots, exosome markers, a ChIP-PCR gel.

    Their files lie in folders of different names and no sample has the name of another study's.
    """
    return (simulate_experiment(raw, seed), simulate_ev_markers(raw, seed), simulate_chip_gel(raw, seed))
