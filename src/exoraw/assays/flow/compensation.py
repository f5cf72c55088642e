"""Compensation: taking the light of the other dyes out of every channel, once."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.spillover import Spillover, SpilloverError

CHUNK_EVENTS = 1 << 18  # events solved at a time: peak memory stays at the result plus 2 MB a channel


def compensate(events: FloatArray, channels: Sequence[str], spillover: Spillover) -> FloatArray:
    """Return events with the spillover taken out of the matrix's channels; others stay as they are.

    Solves true @ matrix = measured for every event (Bagwell & Adams 1993). Call it once: a second
    call takes the light out again and turns a +1475 shoulder into a -1478 one.

    Parameters
    ----------
    events : (n, len(channels)) linear signal, not compensated
    channels : name of every column of `events`
    spillover : matrix whose channels are all among `channels`

    Returns
    -------
    (n, len(channels)) new array, float32 in gives float32 (solved in float64), else float64

    Raises
    ------
    SpilloverError : the matrix names channels that the events do not have (all are listed)
    """
    measured = np.asarray(events)
    if measured.ndim != 2 or measured.shape[1] != len(channels):
        raise SpilloverError(
            f"compensation: events of shape {measured.shape} but {len(channels)} channel names; "
            "one name per column is needed."
        )
    columns = _columns_of(spillover, channels)
    dtype = np.float32 if measured.dtype == np.float32 else np.float64
    result: FloatArray = measured.astype(dtype)
    transposed = spillover.matrix.T
    for start in range(0, len(measured), CHUNK_EVENTS):
        rows = slice(start, start + CHUNK_EVENTS)
        block = measured[rows][:, columns].astype(np.float64)
        result[rows, columns] = np.linalg.solve(transposed, block.T).T
    return result


def _columns_of(spillover: Spillover, channels: Sequence[str]) -> list[int]:
    """Column of every channel of the matrix; SpilloverError that lists all absent names."""
    place = {name: column for column, name in enumerate(channels)}
    absent = [name for name in spillover.channels if name not in place]
    if absent:
        hints = [f'"{name}"{_nearest(name, channels)}' for name in absent]
        raise SpilloverError(
            f"spillover matrix from {spillover.source}: the file has no channel {', '.join(hints)}. Its "
            f"channels are {', '.join(channels)}. Rename the matrix's channels to the file's $PnN names."
        )
    return [place[name] for name in spillover.channels]


def _nearest(name: str, channels: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, channels, n=1, cutoff=0.6)
    return f' (nearest: "{near[0]}")' if near else ""
