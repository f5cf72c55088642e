"""Compensation: taking the light of the other dyes out of every channel, once."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

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
    "CompensationState",
    "SpilloverEstimate",
    "compensate",
    "compensation_mixed",
    "compensation_state",
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
STATE_SPILLOVER = 0.05  # smaller coefficients do not tell raw from compensated
RAW_PART, COMPENSATED_PART = 0.65, 0.35  # of the spilled light that is still there
CHUNK_EVENTS = 1 << 16  # events solved at a time: peak memory stays at the result plus 1 MB a channel


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


@dataclass(frozen=True)
class CompensationState:
    """Whether a tube's values were compensated before they were saved.

    Parameters
    ----------
    state : "raw", "compensated", or "unknown" where no dye is bright enough to tell
    part : share of the spilled light that is still there, 1 for raw and 0 for compensated; None if unknown
    """

    state: Literal["raw", "compensated", "unknown"]
    part: float | None


def compensation_state(
    events: FloatArray, channels: Sequence[str], spillover: Spillover
) -> CompensationState:
    """Tell from the events themselves whether a matrix was taken out already.

    Keywords do not say: `APPLY COMPENSATION` is TRUE in files that are raw. Events that are bright in one
    dye carry at least its spilled light in the other channel as long as they are raw; once compensated, the
    dimmest of them lie with the negatives. Looked at is the 25th percentile, for others may carry both dyes.

    Parameters
    ----------
    events : (n, channels) linear events as stored
    channels : name of every column
    spillover : the matrix of the batch
    """
    columns = _columns_of(spillover, channels)
    values = np.asarray(events, dtype=np.float64)[:, columns]
    values = values[np.isfinite(values).all(axis=1)]
    found = [pair for dye, row in enumerate(spillover.matrix) for pair in _spilled_parts(values, dye, row)]
    if not found:
        return CompensationState("unknown", None)
    parts, weights = zip(*found, strict=True)
    part = float(np.average(parts, weights=weights))
    if part > RAW_PART:
        return CompensationState("raw", part)
    return CompensationState("compensated" if part < COMPENSATED_PART else "unknown", part)


def _spilled_parts(values: FloatArray, dye: int, row: FloatArray) -> Iterator[tuple[float, float]]:
    """(part of the spilled light that is there, weight) for each channel that a bright dye spills into."""
    try:
        floor = negative_population(values[:, dye]).upper(SIGMAS)
    except DensityError:
        return
    bright = values[:, dye] > floor
    if np.count_nonzero(bright) < LEAST_BRIGHT or bright.all():
        return
    dark = np.median(values[~bright], axis=0)
    noise = np.median(np.abs(values[~bright] - dark), axis=0) * MAD_TO_SIGMA
    lit = values[bright] - np.minimum(dark, _without_dye(values)[0])
    lit = lit[lit[:, dye] >= np.median(lit[:, dye])]
    for other in np.flatnonzero(row >= STATE_SPILLOVER):
        expected = row[other] * float(np.median(lit[:, dye]))
        if other != dye and expected > 2 * noise[other]:
            excess = lit[:, other] - row[other] * lit[:, dye]
            yield 1 + float(np.percentile(excess, 25)) / expected, float(expected / max(noise[other], 1e-12))


def compensation_mixed(states: Mapping[str, CompensationState]) -> tuple[Finding, ...]:
    """Remark on a batch in which some tubes hold compensated values and others raw ones.

    Parameters
    ----------
    states : tube -> `compensation_state` of it
    """
    raw = [name for name, one in states.items() if one.state == "raw"]
    done = [name for name, one in states.items() if one.state == "compensated"]
    if not raw or not done:
        return ()
    few, kind, rest = (done, "compensated", "raw") if len(done) <= len(raw) else (raw, "raw", "compensated")
    message = (
        f"{', '.join(few)} hold{'s' * (len(few) == 1)} {kind} values while the other tubes are {rest}: one "
        "matrix would be taken out twice, or never. Export all tubes uncompensated."
    )
    return (Finding("compensation_mixed", "error", message, value=float(len(few)), limit=0.0),)


def _twice(dye: str, detector: str, shift: float) -> Finding:
    message = (
        f"Cells that are bright in {dye} lie {-shift:,.0f} below the negative cells in {detector}: the "
        "spillover was taken out twice. Was the file exported with compensated values?"
    )
    return Finding(
        "compensated_twice", "warning", message, entity=f"channel:{detector}", value=shift, limit=0.0
    )
