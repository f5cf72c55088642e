"""Counting beads in a tube: a known number of bright particles beside the cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.simulator.recording import SCATTER
from exoraw.assays.flow.simulator.staining import (
    HEIGHT_PER_AREA,
    PULSE_WIDTH,
    TOP,
    Tube,
)

BEAD = "bead"
BEAD_FSC, BEAD_SSC, BEAD_SCATTER_CV = 24e3, 165e3, 0.05  # small, and denser than any cell
BEAD_LIGHT, BEAD_SPREAD = 4.9, 0.03  # log10; they shine in every detector


@dataclass(frozen=True)
class BeadLot:
    """Beads as a lab pipettes them.

    Parameters
    ----------
    added : beads put into the tube (volume times the lot's beads per microlitre)
    volume_ul : of the cell suspension they were put into, microlitres
    """

    added: int = 51_000
    volume_ul: float = 300.0

    @property
    def per_ul(self) -> float:
        """Beads per microlitre of cell suspension."""
        return self.added / self.volume_ul


def with_beads(rng: np.random.Generator, tube: Tube, lot: BeadLot, cells_per_ul: float) -> Tube:
    """Add as many bead events as fall among the tube's live single cells at this concentration.

    Their number is a Poisson draw; they pass evenly over the tube's time and are labelled `BEAD`.

    Parameters
    ----------
    cells_per_ul : live single cells per microlitre of suspension
    """
    expected = np.count_nonzero(tube.live) * lot.per_ul / cells_per_ul
    n = int(rng.poisson(expected))
    seconds = np.concatenate([tube.seconds, rng.uniform(tube.seconds[0], tube.seconds[-1], n)])
    order = np.argsort(seconds, kind="stable")
    names = (*tube.names, BEAD)
    labels = np.concatenate([tube.labels, np.full(n, len(names) - 1)])
    beads = _beads(rng, n, len(tube.detectors))
    light = np.concatenate([tube.light, beads[:, len(SCATTER) :]])
    return replace(
        tube,
        events=np.concatenate([tube.events, beads])[order],
        seconds=seconds[order],
        labels=labels[order],
        names=names,
        light=light[order],
    )


def cells_per_volume(tube: Tube, lot: BeadLot) -> float:
    """Live single cells per microlitre, from the cells and beads that were really drawn.

    cells / beads x beads added / volume, as the beads' makers give it.
    """
    beads = int(np.count_nonzero(tube.are(BEAD)))
    return float(np.count_nonzero(tube.live)) / beads * lot.per_ul


def _beads(rng: np.random.Generator, n: int, detectors: int) -> FloatArray:
    area = BEAD_FSC * rng.normal(1.0, BEAD_SCATTER_CV, n)
    height = area * HEIGHT_PER_AREA * rng.normal(1.0, BEAD_SCATTER_CV / 2, n)
    side = BEAD_SSC * rng.normal(1.0, BEAD_SCATTER_CV, n)
    light = 10 ** rng.normal(BEAD_LIGHT, BEAD_SPREAD, (n, detectors))
    return np.minimum(np.column_stack([area, height, area / height * PULSE_WIDTH, side, light]), TOP)
