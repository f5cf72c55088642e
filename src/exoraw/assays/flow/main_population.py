"""The main population of a control on forward and side scatter: one kind of cell, or the beads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from exoraw.assays.flow.arrays import BoolArray, FloatArray

GRID = 128
SMOOTHING = 2.0  # grid cells
CONTOUR = 0.07  # of the summit; 0.05 to 0.1 give the published matrix of the CytoExploreR stains
OUTER_PERCENT = 0.5  # of the events at either end of a scatter signal may lie outside the grid
MIN_EVENTS = 500


@dataclass(frozen=True)
class MainPopulation:
    """Which events belong to the main scatter population.

    Parameters
    ----------
    keep : (n,) mask
    found : False where there were too few events to look; everything with positive scatter is kept then
    share : share of the events kept, 0 to 1
    """

    keep: BoolArray
    found: bool
    share: float


def main_population(forward: FloatArray, side: FloatArray) -> MainPopulation:
    """Find the largest island of the scatter density.

    Compensation needs positive and negative events with the same autofluorescence. Debris and clumps
    glow differently, so a single stain is looked at inside one scatter population only. On log-log
    scatter, the density is smoothed, cut at 7 % of its summit, and the island with most events is kept.

    Parameters
    ----------
    forward, side : (n,) FSC-A and SSC-A, linear
    """
    x, y = np.asarray(forward, dtype=np.float64), np.asarray(side, dtype=np.float64)
    sound = np.isfinite(x) & np.isfinite(y) & (x > 0) & (y > 0)
    if np.count_nonzero(sound) < MIN_EVENTS:
        return _kept(sound, found=False)
    points = np.log10(np.column_stack([x[sound], y[sound]]))
    low, high = np.percentile(points, [OUTER_PERCENT, 100 - OUTER_PERCENT], axis=0)
    if not (low < high).all():
        return _kept(sound, found=False)
    counts, *_ = np.histogram2d(points[:, 0], points[:, 1], GRID, list(zip(low, high, strict=True)))
    cells = np.floor((points - low) / (high - low) * GRID).astype(int)
    inside = ((cells >= 0) & (cells < GRID)).all(axis=1)
    island = _largest_island(counts)
    member = np.zeros(len(points), dtype=bool)
    member[inside] = island[cells[inside, 0], cells[inside, 1]]
    keep = sound.copy()
    keep[sound] = member
    return _kept(keep, found=True)


def _largest_island(counts: FloatArray) -> BoolArray:
    smooth = ndimage.gaussian_filter(counts, SMOOTHING)
    islands, number = ndimage.label(smooth > CONTOUR * smooth.max())
    events = ndimage.sum_labels(counts, islands, np.arange(1, number + 1))
    largest: BoolArray = islands == 1 + int(np.argmax(events))
    return largest


def _kept(keep: BoolArray, *, found: bool) -> MainPopulation:
    return MainPopulation(keep, found, float(keep.mean()) if keep.size else 0.0)
