"""What goes wrong while a tube is recorded: clogs, flow-rate steps, signal steps, air bubbles, drift."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.simulator.recording import SCATTER
from exoraw.assays.flow.simulator.staining import NOISE_SD, PULSE_WIDTH, TOP, Tube

FaultKind = Literal["none", "clog", "rate_step", "signal_step", "air_bubbles", "drift"]
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)

CLOG_SHARE, CLOG_RATE, CLOG_LIGHT = 0.12, 0.15, 0.55  # of the events; flow and signal left while it lasts
CLOG_SPREAD = 0.15  # decades: the stream wanders across the laser
STEP_SHARE = 0.22  # of the events lie behind a step
RATE_FACTOR, RATE_SPREAD = 3.0, 0.06  # the sample runs faster; its wider core spreads every signal (decades)
SIGNAL_FACTOR = 1.9  # gain behind a signal step: a laser or a detector jumped
BUBBLES, BUBBLE_SHARE, BUBBLE_GAP = 3, 0.02, 0.8  # number, share of the events in each, seconds of silence
BUBBLE_RATE = 4.0  # of the burst when one passes
BUBBLE = "air bubble"
DRIFT_DECADES = 0.25  # from the first event to the last


@dataclass(frozen=True, eq=False)
class FaultyTube:
    """A tube with its fault.

    Parameters
    ----------
    tube : labels and `light` are still those of the cells; only what bubbles took is labelled `BUBBLE`
    kind : what happened
    bad : (n,) events recorded while it happened; none for "none" and for "drift", of which no single event
        is bad: there the tube is
    factor : (n,) how much every event's fluorescence was changed, 1 where it was not
    """

    tube: Tube
    kind: FaultKind
    bad: BoolArray
    factor: FloatArray


def with_time_faults(tube: Tube, kind: FaultKind, seed: int) -> FaultyTube:
    """Let a fault happen to a tube; the number of events stays.

    | kind | what happens | share of the events that is bad |
    |---|---|---|
    | none | nothing | 0 |
    | clog | flow at 15 %, signals at 55 % and wider, somewhere in the tube | 0.12 |
    | rate_step | flow three times as fast up to the end, signals a little wider | 0.22 |
    | signal_step | fluorescence 1.9-fold up to the end, or from the start up to a point | 0.22 |
    | air_bubbles | three times silence, then a fast burst of any scatter, no fluorescence | 3 x 0.02 |
    | drift | fluorescence falls by a quarter of a decade, evenly over the tube | 0; see `FaultyTube.bad` |

    Parameters
    ----------
    kind : one of `FAULT_KINDS`
    seed : of where it happens and of its scatter

    Raises
    ------
    ValueError : a word that is none of them
    """
    if kind not in FAULT_KINDS:
        raise ValueError(f'"{kind}" is no fault; it must be one of {", ".join(FAULT_KINDS)}.')
    rng = np.random.default_rng([seed, FAULT_KINDS.index(kind)])
    return _HAPPENS[kind](rng, tube)


def _nothing(_rng: np.random.Generator, tube: Tube) -> FaultyTube:
    n = len(tube.seconds)
    return FaultyTube(tube, "none", np.zeros(n, dtype=bool), np.ones(n))


def _clog(rng: np.random.Generator, tube: Tube) -> FaultyTube:
    bad = _stretch(rng, len(tube.seconds), CLOG_SHARE)
    factor = np.where(bad, CLOG_LIGHT * 10 ** rng.normal(0.0, CLOG_SPREAD, bad.size), 1.0)
    seconds = _at_rate(tube.seconds, np.where(bad, CLOG_RATE, 1.0))
    return _changed(tube, "clog", bad, factor, seconds=seconds, scatter=factor)


def _rate_step(rng: np.random.Generator, tube: Tube) -> FaultyTube:
    n = len(tube.seconds)
    bad = np.arange(n) >= n - round(n * STEP_SHARE)
    factor = np.where(bad, 10 ** rng.normal(0.0, RATE_SPREAD, n), 1.0)
    seconds = _at_rate(tube.seconds, np.where(bad, RATE_FACTOR, 1.0))
    return _changed(tube, "rate_step", bad, factor, seconds=seconds, scatter=factor)


def _signal_step(rng: np.random.Generator, tube: Tube) -> FaultyTube:
    n = len(tube.seconds)
    bad = np.arange(n) >= n - round(n * STEP_SHARE)
    if rng.random() < 0.5:
        bad = bad[::-1].copy()
    return _changed(tube, "signal_step", bad, np.where(bad, SIGNAL_FACTOR, 1.0))


def _drift(_rng: np.random.Generator, tube: Tube) -> FaultyTube:
    seconds = tube.seconds
    factor = 10 ** (-DRIFT_DECADES * (seconds - seconds[0]) / max(np.ptp(seconds), 1e-9))
    return _changed(tube, "drift", np.zeros(seconds.size, dtype=bool), factor)


def _air_bubbles(rng: np.random.Generator, tube: Tube) -> FaultyTube:
    """Bubbles scatter light as they like and shine in no detector; before each the flow stands still."""
    n = len(tube.seconds)
    each = round(n * BUBBLE_SHARE)
    room = n // BUBBLES
    starts = [room * number + int(rng.integers(each, room - each)) for number in range(BUBBLES)]
    place = np.arange(n)
    since = np.stack([place - start for start in starts])
    bad: BoolArray = np.any((since >= 0) & (since < each), axis=0)
    silence = BUBBLE_GAP * (since >= 0).sum(axis=0)
    seconds = _at_rate(tube.seconds, np.where(bad, BUBBLE_RATE, 1.0)) + silence
    names = (*tube.names, BUBBLE)
    labels = np.where(bad, len(names) - 1, tube.labels)
    events = tube.events.copy()
    events[bad] = _bubbles(rng, int(bad.sum()), len(tube.detectors))
    changed = replace(tube, events=events, seconds=seconds, labels=labels, names=names)
    return FaultyTube(changed, "air_bubbles", bad, np.where(bad, 0.0, 1.0))


def _bubbles(rng: np.random.Generator, n: int, detectors: int) -> FloatArray:
    """(n, 4 + m) events of a bubble: any scatter, no fluorescence."""
    forward = np.minimum(10 ** rng.normal(4.6, 0.45, n), TOP)
    height = forward * rng.uniform(0.3, 0.9, n)
    width = np.minimum(forward / height * PULSE_WIDTH, TOP)
    side = np.minimum(10 ** rng.normal(4.3, 0.45, n), TOP)
    return np.column_stack([forward, height, width, side, rng.normal(0.0, NOISE_SD, (n, detectors))])


def _changed(
    tube: Tube,
    kind: FaultKind,
    bad: BoolArray,
    factor: FloatArray,
    *,
    seconds: FloatArray | None = None,
    scatter: FloatArray | None = None,
) -> FaultyTube:
    """The tube with its fluorescence, and its scatter where that was hit too, times the factor."""
    events = tube.events.copy()
    events[:, len(SCATTER) :] *= factor[:, np.newaxis]
    if scatter is not None:
        events[:, [0, 1, 3]] *= scatter[:, np.newaxis]
    np.minimum(events, TOP, out=events)
    moved = replace(tube, events=events, seconds=tube.seconds if seconds is None else seconds)
    return FaultyTube(moved, kind, bad, factor)


def _stretch(rng: np.random.Generator, n: int, share: float) -> BoolArray:
    """A run of events with that share of them, in the middle two thirds of a tube."""
    length = round(n * share)
    start = int(rng.integers(n // 6, max(n // 6 + 1, n - n // 6 - length)))
    place = np.arange(n)
    return (place >= start) & (place < start + length)


def _at_rate(seconds: FloatArray, rate: FloatArray) -> FloatArray:
    """Times of the same events when the flow runs at these multiples of its rate."""
    return np.asarray(np.cumsum(np.diff(seconds, prepend=0.0) / rate))


_HAPPENS: dict[str, Callable[[np.random.Generator, Tube], FaultyTube]] = {
    "none": _nothing,
    "clog": _clog,
    "rate_step": _rate_step,
    "signal_step": _signal_step,
    "air_bubbles": _air_bubbles,
    "drift": _drift,
}
