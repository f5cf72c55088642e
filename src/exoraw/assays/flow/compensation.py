"""Compensation: taking the light of the other dyes out of every channel, once."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.annexin_candidates import valley_candidate
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.density import MAD_TO_SIGMA, DensityError
from exoraw.assays.flow.negative import negative_population
from exoraw.assays.flow.single_stains import SpilloverEstimate, spillover_from_single_stains
from exoraw.assays.flow.spillover import Spillover, SpilloverError
from exoraw.assays.flow.spillover_csv import spillover_from_csv

__all__ = [
    "SpilloverEstimate",
    "compensate",
    "overcompensated",
    "residual_spillover",
    "spillover_from_csv",
    "spillover_from_single_stains",
]

SIGMAS = 2.81  # over the negative mode: the 99.75th percentile of a normal distribution
LEAST_BRIGHT = 100  # events that must be bright in a dye before its pairs are judged
NOTABLE_SPILLOVER = 0.02  # smaller coefficients drown in autofluorescence
MIN_POSITIVE_SHARE = 0.01  # of a single stain's events
TWICE_SHARE = 0.5  # of the spilled light: half way between once (0) and twice (1)
CHUNK_EVENTS = 1 << 16  # events solved at a time: peak memory stays at the result plus 1 MB a channel


def compensate(
    events: FloatArray,
    channels: Sequence[str],
    spillover: Spillover,
    *,
    wanted: Sequence[str] | None = None,
) -> FloatArray:
    """Return events with the spillover taken out of the matrix's channels; others stay as they are.

    Solves true @ matrix = measured for every event (Bagwell & Adams 1993). Call it once: a second
    call takes the light out again and turns a +1475 shoulder into a -1478 one.

    Parameters
    ----------
    events : (n, len(channels)) linear signal, not compensated
    channels : name of every column of `events`
    spillover : matrix whose channels are all among `channels`
    wanted : names of the columns to return, all of `channels`; without it every one

    Returns
    -------
    (n, columns) new array, float32 in gives float32 (solved in float64), else float64

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
    places = [list(channels).index(name) for name in (channels if wanted is None else wanted)]
    mixed = [at for at, place in enumerate(places) if place in columns]
    plain = [at for at, place in enumerate(places) if place not in columns]
    inverse = np.linalg.solve(spillover.matrix, np.eye(len(columns)))
    inverse = inverse[:, [columns.index(places[at]) for at in mixed]]
    dtype = np.float32 if measured.dtype == np.float32 else np.float64
    result: FloatArray = np.empty((len(measured), len(places)), dtype)
    for start in range(0, len(measured), CHUNK_EVENTS):
        block = measured[start : start + CHUNK_EVENTS]
        part = result[start : start + CHUNK_EVENTS]
        part[:, mixed] = block[:, columns].astype(np.float64) @ inverse
        part[:, plain] = block[:, [places[at] for at in plain]]
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


def overcompensated(
    compensated: FloatArray, channels: Sequence[str], spillover: Spillover
) -> tuple[Finding, ...]:
    """Find pairs of channels from which the spillover was taken out twice.

    Cells that are bright in one dye may carry the other dye or not; they can never have less than
    nothing of it. After a second compensation their median lies below the negatives by the spillover
    times their brightness, below zero. A pair is remarked on when it does so by more than half of that and
    by more than one sigma of the negatives.

    Parameters
    ----------
    compensated : (n, channels) linear events after compensation
    channels : name of every column
    spillover : the matrix that was taken out
    """
    columns = _columns_of(spillover, channels)
    values = np.asarray(compensated, dtype=np.float64)[:, columns]
    values = values[np.isfinite(values).all(axis=1)]
    remarks: list[Finding] = []
    unlit, floors = _without_dye(values)
    for dye, name in enumerate(spillover.channels):
        bright = values[:, dye] > floors[dye]
        if np.count_nonzero(bright) < LEAST_BRIGHT or bright.all():
            continue
        lit, dark = np.median(values[bright], axis=0), np.median(values[~bright], axis=0)
        nothing = np.minimum(dark, unlit)  # most dim cells may carry the other dye, as live cells do CD44
        expected = spillover.matrix[dye] * (lit[dye] - dark[dye])
        notable = spillover.matrix[dye] >= NOTABLE_SPILLOVER
        notable[dye] = False
        noise = np.median(np.abs(values[~bright] - dark), axis=0) * MAD_TO_SIGMA
        under = notable & (lit < 0) & (nothing - lit > np.maximum(TWICE_SHARE * expected, noise))
        remarks.extend(
            _twice(name, spillover.channels[other], float(lit[other] - nothing[other]))
            for other in np.flatnonzero(under)
        )
    return tuple(remarks)


def _without_dye(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(channels,) mode and upper end of events without the channel's dye; infinite where none are found."""
    modes, ends = np.full((2, values.shape[1]), np.inf)
    for column in range(values.shape[1]):
        with suppress(DensityError):
            negative = negative_population(values[:, column])
            modes[column], ends[column] = negative.mode, negative.upper(SIGMAS)
    return modes, ends


def residual_spillover(compensated: FloatArray, primary: int, other: int) -> float | None:
    """Share of a dye's light that is still in another channel of its single stain after compensation.

    0 where the matrix fits; positive where too little was taken out, negative where too much.

    Parameters
    ----------
    compensated : (n, channels) linear events of the tube that holds one dye, after compensation
    primary, other : columns of the dye's own channel and of the other one

    Returns
    -------
    (median of positives - median of negatives) in `other`, divided by the same in `primary`; None where
    the tube holds no separate positive and negative events (100 each)
    """
    values = np.asarray(compensated, dtype=np.float64)
    valley = valley_candidate(values[:, primary], lowest_share=MIN_POSITIVE_SHARE)
    if not valley.usable or valley.threshold is None:
        return None
    bright = values[:, primary] > valley.threshold
    if min(np.count_nonzero(bright), np.count_nonzero(~bright)) < LEAST_BRIGHT:
        return None
    shift = np.median(values[bright], axis=0) - np.median(values[~bright], axis=0)
    return float(shift[other] / shift[primary])


def _twice(dye: str, detector: str, shift: float) -> Finding:
    message = (
        f"Cells that are bright in {dye} lie {-shift:,.0f} below the negative cells in {detector}: the "
        "spillover was taken out twice. Was the file exported with compensated values?"
    )
    return Finding(
        "compensated_twice", "warning", message, entity=f"channel:{detector}", value=shift, limit=0.0
    )
