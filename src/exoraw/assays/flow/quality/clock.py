"""The clock of a tube: in which order its events came, and when, whatever the Time channel looks like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray

IntArray = npt.NDArray[np.integer[Any]]

LARGE_STEP_BACK = 0.05  # of the clock's range: more than the order of a few events that came together
MOST_RESTARTS = 100  # clocks run over a few times; more large steps back are a file in another order
FEWEST_TICKS = 20  # a clock with fewer readings tells no rate
STOPPED_SHARE, STOPPED_TIMES = 0.02, 20.0  # of the events, and of a usual reading, on the last one
SAMPLED_STEPS = 5_000  # evenly spread, of which the tick is taken
READINGS_TOGETHER = 1 << 17  # the clock of a large tube is not held three times
CROWDED_TICK = 3.0  # events that share a reading on average: the clock is read in packets


@dataclass(frozen=True, eq=False)
class Clock:
    """When the events of a tube came.

    Parameters
    ----------
    order : (n,) file positions of the events in order of acquisition; None where the file has that order
    elapsed : (n,) time since the first event in order of acquisition, in the unit that was given, never
        falling; events that share a reading are spread over it. None where the order stands in for time
    tick : step of the clock, in the same unit; 0 without a clock
    backwards : places where the clock went back
    findings : codes "time_absent", "time_incomplete", "time_not_monotonic", "time_starts_again"
    """

    order: IntArray | None
    elapsed: FloatArray | None
    tick: float
    backwards: int
    findings: tuple[Finding, ...] = ()


def read_clock(time: FloatArray | None, n: int) -> Clock:
    """Make a clock that never goes back from a Time channel.

    Parameters
    ----------
    time : (n,) seconds or ticks in the order of the file; None where there is no Time channel
    n : events

    Notes
    -----
    Few and large steps back are a clock that ran over or acquisitions that were joined: time goes on from
    there. Small or many ones are events that were stored in another order: they are sorted by time.
    """
    if time is None:
        return _without("The file has no Time channel")
    values = np.asarray(time, dtype=np.float64)
    known = np.isfinite(values)
    if not known.any() or np.min(values, where=known, initial=np.inf) >= np.max(
        values, where=known, initial=-np.inf
    ):
        return _without("The Time channel holds no number" if not known.any() else "The Time channel stands")
    findings: list[Finding] = []
    if not known.all():
        values = np.interp(np.arange(n), np.flatnonzero(known), values[known])
        findings.append(_incomplete(int(n - np.count_nonzero(known)), n))
    clock = _forward(values)
    return _spread(replace(clock, findings=(*findings, *clock.findings)))


def _forward(values: FloatArray) -> Clock:
    """Repair what goes back: restarts go on, the rest is sorted."""
    back = np.flatnonzero(values[1:] < values[:-1])  # of millions of events no differences are kept
    if not back.size:
        return Clock(None, values - values[0], 0.0, 0)
    steps = np.diff(values)
    restarts = back[steps[back] < -LARGE_STEP_BACK * np.ptp(values)]
    if restarts.size > MOST_RESTARTS:
        order = np.argsort(values, kind="stable")
        return Clock(order, values[order] - values[order[0]], 0.0, back.size, (_another_order(back.size),))
    findings: tuple[Finding, ...] = ()
    if restarts.size:
        shift = np.zeros_like(values)
        usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
        shift[restarts + 1] = usual - steps[restarts]
        values = values + np.cumsum(shift)
        findings = (_starts_again(restarts),)
    small = back.size - restarts.size
    if not small:
        return Clock(None, values - values[0], 0.0, back.size, findings)
    order = np.argsort(values, kind="stable")
    remark = _few_steps_back(small)
    return Clock(order, values[order] - values[order[0]], 0.0, back.size, (*findings, remark))


def _spread(clock: Clock) -> Clock:
    """Spread events that share a reading evenly over the tick, so that rates are smooth; in place."""
    elapsed = clock.elapsed
    assert elapsed is not None
    starts = np.flatnonzero(np.append(True, elapsed[1:] > elapsed[:-1]))
    counts = np.diff(starts, append=elapsed.size)
    trouble = _too_few_readings(counts)
    if trouble:
        message = f"{trouble}; the order of the events stands in for time and the flow rate was not judged."
        remark = Finding("time_absent", "info", message, value=float(starts.size), limit=float(FEWEST_TICKS))
        return Clock(clock.order, None, 0.0, clock.backwards, (*clock.findings, remark))
    steps = np.diff(elapsed[starts])
    crowded = elapsed.size / starts.size >= CROWDED_TICK
    sample = steps[:: max(1, steps.size // SAMPLED_STEPS)]
    tick = float(np.median(sample) if crowded else np.percentile(sample, 1))
    widths = np.minimum(tick, np.append(steps, tick)) / counts
    for first in range(0, starts.size, READINGS_TOGETHER):
        block = slice(first, first + READINGS_TOGETHER)
        events = slice(starts[first], starts[first] + counts[block].sum())
        place = np.arange(events.start, events.stop) - np.repeat(starts[block], counts[block])
        elapsed[events] += place * np.repeat(widths[block], counts[block])
    return replace(clock, tick=tick)


def _too_few_readings(counts: IntArray) -> str:
    """What is wrong with a clock whose readings these numbers of events share; "" where nothing is."""
    if counts.size < FEWEST_TICKS:
        return f"The Time channel has only {counts.size} different readings"
    total, last = int(counts.sum()), int(counts[-1])
    if last > STOPPED_SHARE * total and last > STOPPED_TIMES * np.median(counts):
        return f"The clock reaches its end and stops: {last:,} of {total:,} events share its last reading"
    return ""


def _without(what: str) -> Clock:
    message = (
        f"{what}: the order of the events stands in for time; signals were judged, the flow rate was not."
    )
    return Clock(None, None, 0.0, 0, (Finding("time_absent", "info", message),))


def _incomplete(missing: int, n: int) -> Finding:
    message = (
        f"{missing:,} of {n:,} events have no time; theirs was taken from the events before and after them."
    )
    return Finding("time_incomplete", "warning", message, value=missing / n, limit=0.0)


def _another_order(count: int) -> Finding:
    message = (
        f"The clock goes back at {count:,} places: the events are not stored in the order in which they "
        "came. They were sorted by time to judge them. Was the file written by another program?"
    )
    return Finding("time_not_monotonic", "warning", message, value=float(count), limit=0.0)


def _few_steps_back(count: int) -> Finding:
    message = (
        f"The clock goes back a little at {count:,} places (events that came together); they were sorted by "
        "time to judge them."
    )
    return Finding("time_not_monotonic", "info", message, value=float(count), limit=0.0)


def _starts_again(places: IntArray) -> Finding:
    message = (
        f"The clock starts again at {places.size} place{'s' if places.size > 1 else ''} (first after event "
        f"{int(places[0]) + 1:,}): it ran over, or acquisitions were joined in one file. Time was counted on."
    )
    return Finding("time_starts_again", "warning", message, value=float(places.size), limit=0.0)
