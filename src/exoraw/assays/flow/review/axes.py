"""An axis as the browser draws it: where linear values lie, and its ticks."""

from __future__ import annotations

from typing import Any

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.plot_axis import PlotAxis

GRID = 1024  # steps from one end to the other; between them the browser interpolates: a tenth of a pixel


def axis_data(axis: PlotAxis) -> dict[str, Any]:
    """Return an axis as JSON.

    Returns
    -------
    label; `grid`, the linear values at GRID + 1 even places from the lower to the upper end, rising; `ticks`
    with places between 0 and 1, labels in linear units, and minor places
    """
    major, labels, minor = axis.ticks()
    return {
        "label": axis.label,
        "grid": [float(value) for value in linear_grid(axis)],
        "ticks": {
            "major": [float(place) for place in major],
            "labels": labels,
            "minor": [float(place) for place in minor],
        },
    }


def linear_grid(axis: PlotAxis) -> FloatArray:
    """(GRID + 1,) linear values at even places of an axis, strictly rising."""
    if axis.transform is None:
        return np.linspace(axis.low, axis.high, GRID + 1)
    start, end = axis.transform.forward(np.array([axis.low, axis.high]))
    grid = axis.transform.inverse(np.linspace(start, end, GRID + 1))
    grid[0], grid[-1] = axis.low, axis.high
    rising: FloatArray = np.maximum.accumulate(grid)
    return rising
