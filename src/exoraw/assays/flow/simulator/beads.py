"""Counting beads in a tube: a known number of bright particles beside the cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.markers.counting_beads import BeadLot
from exoraw.assays.flow.simulator.recording import SCATTER
from exoraw.assays.flow.simulator.staining import (
    HEIGHT_PER_AREA,
    PULSE_WIDTH,
    TOP,
    Tube,
)

BEAD, BEAD_PAIR = "bead", "bead pair"
PAIRED = 0.01  # of the bead events are two beads that passed as one
BEAD_FSC, BEAD_SSC, BEAD_SCATTER_CV = 24e3, 165e3, 0.05  # small, and denser than any cell
BEAD_LIGHT, BEAD_SPREAD = 4.9, 0.03  # log10; they shine in every detector


BEADS = BeadLot(concentration=1_020.0, volume=50.0, sample_volume=300.0)  # a usual vial and a usual tube


def with_beads(rng: np.random.Generator, tube: Tube, lot: BeadLot, cells_per_ul: float) -> Tube:
    """Add as many beads as fall among the tube's live single cells at this concentration.

    Their number is a Poisson draw; they pass evenly over the tube's time and are labelled `BEAD`, or
    `BEAD_PAIR` where two passed as one event.

    Parameters
    ----------
    cells_per_ul : live single cells per microlitre of suspension
    """
    expected = np.count_nonzero(tube.live) * lot.per_microlitre / cells_per_ul
    n = int(rng.poisson(expected / (1 + PAIRED)))
    pairs = np.arange(n) < rng.binomial(n, PAIRED)
    seconds = np.concatenate([tube.seconds, rng.uniform(tube.seconds[0], tube.seconds[-1], n)])
    order = np.argsort(seconds, kind="stable")
    names = (*tube.names, BEAD, BEAD_PAIR)
    labels = np.concatenate([tube.labels, np.where(pairs, len(names) - 1, len(names) - 2)])
    beads = _beads(rng, pairs, len(tube.detectors))
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

    cells / beads x beads per microlitre of sample, a pair counting as two.
    """
    beads = np.count_nonzero(tube.are(BEAD)) + 2 * np.count_nonzero(tube.are(BEAD_PAIR))
    return float(np.count_nonzero(tube.live) / beads * lot.per_microlitre)


def _beads(rng: np.random.Generator, pairs: BoolArray, detectors: int) -> FloatArray:
    """(n, 4 + m) events of beads; a pair has the area and the light of two, and less height for it."""
    n = len(pairs)
    twice = np.where(pairs, 2.0, 1.0)
    area = BEAD_FSC * rng.normal(1.0, BEAD_SCATTER_CV, n)
    height = area * HEIGHT_PER_AREA * rng.normal(1.0, BEAD_SCATTER_CV / 2, n)
    side = BEAD_SSC * rng.normal(1.0, BEAD_SCATTER_CV, n)
    light = 10 ** rng.normal(BEAD_LIGHT, BEAD_SPREAD, (n, detectors)) * twice[:, np.newaxis]
    width = area * twice / (height * np.sqrt(twice)) * PULSE_WIDTH
    scatter = [area * twice, height * np.sqrt(twice), width, side * twice]
    return np.minimum(np.column_stack([*scatter, light]), TOP)
