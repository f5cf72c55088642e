"""Running medians of a few hundred slices, in a few milliseconds."""

from __future__ import annotations

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.density import MAD_TO_SIGMA

BLOCKS_A_SIDE = 5


def running_median(values: FloatArray, reach: int) -> FloatArray:
    """Median over `reach` slices to either side; behind the ends a slope goes on.

    Slices are first put together in blocks (medians of `reach` / 5), which keeps steps sharp to a block.

    Parameters
    ----------
    values : (bins, series)
    reach : slices, at least 1
    """
    bins = len(values)
    block = max(1, reach // BLOCKS_A_SIDE)
    blocks = bins // block
    if blocks < 2:
        return np.broadcast_to(np.median(values, axis=0), values.shape)
    coarse = np.median(values[: blocks * block].reshape(blocks, block, -1), axis=1)
    half = min(max(1, reach // block), blocks - 1)
    padded = np.concatenate([_mirrored(coarse, half), coarse, _mirrored(coarse[::-1], half)[::-1]])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=0)
    smooth = np.repeat(np.median(windows, axis=-1), block, axis=0)
    filled: FloatArray = np.pad(smooth, ((0, bins - blocks * block), (0, 0)), mode="edge")
    return filled


def _mirrored(values: FloatArray, count: int) -> FloatArray:
    """`count` values to stand before the first one: turned about it, so that a slope goes on.

    About the median of the first three, for the first one alone may be disturbed.
    """
    turned: FloatArray = 2 * np.median(values[:3], axis=0) - values[count:0:-1]
    return turned


def step_noise(values: FloatArray) -> FloatArray:
    """(series,) noise from slice to slice, blind to steps and drift (von Neumann 1941, by MAD)."""
    if len(values) < 2:
        return np.zeros(values.shape[1])
    noise: FloatArray = np.median(np.abs(np.diff(values, axis=0)), axis=0) * MAD_TO_SIGMA / np.sqrt(2)
    return noise
