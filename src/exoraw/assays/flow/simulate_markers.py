"""Simulated studies of the marker assays, by preset: raw FCS folders with the truth that was drawn."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from exoraw.assays.contract import Simulated
from exoraw.assays.flow.simulator.aldh import simulate_aldefluor
from exoraw.assays.flow.simulator.beads import BEADS
from exoraw.assays.flow.simulator.faults import FAULT_KINDS, FaultKind, FaultyTube, with_time_faults
from exoraw.assays.flow.simulator.stem_cells import simulate_cd44_cd24
from exoraw.assays.flow.simulator.surface_markers import simulate_surface_mfi
from exoraw.assays.flow.simulator.uptake import simulate_uptake_flow

__all__ = [
    "BEADS",
    "FAULT_KINDS",
    "MARKER_STUDIES",
    "FaultKind",
    "FaultyTube",
    "simulate_aldefluor",
    "simulate_cd44_cd24",
    "simulate_surface_mfi",
    "simulate_uptake_flow",
    "with_time_faults",
]

MARKER_STUDIES: MappingProxyType[str, Callable[..., Simulated]] = MappingProxyType(
    {
        "cd44_cd24": simulate_cd44_cd24,
        "aldefluor": simulate_aldefluor,
        "surface_mfi": simulate_surface_mfi,
        "uptake_flow": simulate_uptake_flow,
    }
)
