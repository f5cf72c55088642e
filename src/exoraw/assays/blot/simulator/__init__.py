"""Simulated blots and gels with known truth: Western experiments, exosome markers, ChIP-PCR gels."""

from exoraw.assays.blot.simulator.chip_gel import simulate_chip_gel
from exoraw.assays.blot.simulator.ev_markers import simulate_ev_markers
from exoraw.assays.blot.simulator.faults import SCENARIOS, Faults, faults_of
from exoraw.assays.blot.simulator.studies import simulate_studies
from exoraw.assays.blot.simulator.western import BlotDesign, Group, simulate_experiment

__all__ = [
    "SCENARIOS",
    "BlotDesign",
    "Faults",
    "Group",
    "faults_of",
    "simulate_chip_gel",
    "simulate_ev_markers",
    "simulate_experiment",
    "simulate_studies",
]
