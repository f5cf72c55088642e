"""The flow rate of a tube: clogs, bursts and pauses, told from its own usual rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.density import MAD_TO_SIGMA
from exoraw.assays.flow.quality.bins import Slices
from exoraw.assays.flow.quality.clock import Clock, IntArray
from exoraw.assays.flow.quality.running import running_median

SMALLEST_FACTOR = 1.5  # a rate within this factor of the usual one harms nothing
CLOG_FACTOR = 2.0  # a rate under half of the usual one is a clog however irregular the tube is
PAUSE_EVENTS = 25.0  # events that a pause leaves out: by chance e^-25 for each event
REACH_SHARE = 0.15  # of the slices to either side give the usual rate: longer changes are another speed
LEAST_REACH = 5
SHORTEST = 1e-9  # of the tube's time, for slices whose events share one reading


@dataclass(frozen=True, eq=False)
class FlowRate:
    """Events per unit of time, slice by slice.

    Parameters
    ----------
    rate, usual : (bins,) events per unit of time, and the running median of it
    low, high : (bins,) masks: rate too low (clog), too high (burst, back-flush)
    pauses : (pauses,) last events before nothing came for long, in order of acquisition
    """

    rate: FloatArray
    usual: FloatArray
    low: BoolArray
    high: BoolArray
    pauses: IntArray

    @property
    def change(self) -> float:
        """Highest usual rate divided by the lowest; 1 for a steady tube."""
        return float(self.usual.max() / self.usual.min())


def flow_rate(slices: Slices, clock: Clock, mads: float) -> FlowRate | None:
    """Judge the flow rate; None where the clock does not tell it.

    A slice deviates when its rate differs from the running median by more than `mads` robust standard
    deviations (counting error at least) and by more than a factor of 1.5; half the usual rate is always low.
    """
    elapsed = clock.elapsed
    if elapsed is None:
        return None
    edges = slices.edges
    ends = np.append(elapsed[edges[1:-1]], elapsed[-1])
    counts = np.diff(edges).astype(np.float64)
    shortest = SHORTEST * float(elapsed[-1])
    duration = np.maximum(ends - elapsed[edges[:-1]], shortest)
    pauses, lost = _pauses(elapsed, slices, _usual(counts / duration), clock.tick)
    rate = counts / np.maximum(duration - lost, shortest)
    usual = _usual(rate)
    excess = np.log(rate / usual)
    spread = float(np.median(np.abs(excess))) * MAD_TO_SIGMA
    least = np.maximum(mads / np.sqrt(counts), np.log(SMALLEST_FACTOR))
    low = excess < -np.maximum(least, min(mads * spread, np.log(CLOG_FACTOR)))
    high = excess > np.maximum(least, mads * spread)
    return FlowRate(rate, usual, low, high, pauses)


def _usual(rate: FloatArray) -> FloatArray:
    reach = max(LEAST_REACH, int(REACH_SHARE * rate.size))
    smooth: FloatArray = np.exp(running_median(np.log(rate)[:, np.newaxis], reach)[:, 0])
    return smooth


def _pauses(
    elapsed: FloatArray, slices: Slices, usual: FloatArray, tick: float
) -> tuple[IntArray, FloatArray]:
    """Last event before every pause, and the time that each slice lost to pauses."""
    lost = np.zeros(len(slices))
    waits = np.diff(elapsed)
    waits -= tick
    late = np.flatnonzero(waits > PAUSE_EVENTS / usual.max())
    where = np.searchsorted(slices.edges, late, side="right") - 1
    real = waits[late] * usual[where] > PAUSE_EVENTS
    late, where = late[real], where[real]
    np.add.at(lost, where, waits[late])
    return late, lost
