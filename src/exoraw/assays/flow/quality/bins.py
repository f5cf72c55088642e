"""A tube in slices of equal event numbers: what share of each slice lies below the tube's own quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.quality.clock import Clock, IntArray

BIN_EVENTS = 150  # PeacoQC, min_cells: fewer give no steady quantile
WORD, MOST_WORDS = 8, 255  # slices are whole words of 8 events, so that they are counted fast
MOST_BINS = 500  # PeacoQC, max_bins
QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)  # negatives, positives and what lies between each have one
COUNTER_SAMPLES, COUNTER_RESTARTS = 200, 3  # events looked at; of a measured signal half the steps fall
SAMPLED_EVENTS = 5_000  # evenly spread, of which the tube's quantiles are taken


@dataclass(frozen=True, eq=False)
class Slices:
    """Slices of a tube in order of acquisition.

    Parameters
    ----------
    edges : (bins + 1,) positions in order of acquisition; slice b holds events edges[b] to edges[b + 1] - 1
    judged : (events judged,) those positions that count (no margin events, no NaN); None = all
    events : events that are judged, a slice; the last one holds up to twice as many
    """

    edges: IntArray
    judged: IntArray | None
    events: int

    def __len__(self) -> int:
        return int(self.edges.size - 1)

    def to_events(self, bins: BoolArray, clock: Clock) -> BoolArray:
        """(events,) mask in the order of the file from a (bins,) mask."""
        in_time: BoolArray = np.repeat(bins, np.diff(self.edges))
        if clock.order is None:
            return in_time
        in_file = np.empty_like(in_time)
        in_file[clock.order] = in_time
        return in_file


def slice_events(n: int, usable: BoolArray, clock: Clock, least: int, most: int) -> Slices | None:
    """Cut a tube into slices of at least `least` usable events, `most` of them at most; None with none.

    Parameters
    ----------
    n : events
    usable : (n,) mask in the order of the file
    """
    in_time = usable if clock.order is None else usable[clock.order]
    judged = None if in_time.all() else np.flatnonzero(in_time)
    count = n if judged is None else judged.size
    events = WORD * -(-max(least, -(-count // most)) // WORD)
    bins = count // events
    if bins == 0:
        return None
    starts = np.arange(bins) * events
    edges = np.append(starts if judged is None else judged[starts], n)
    edges[0] = 0
    return Slices(edges, judged, events)


def share_levels(columns: Sequence[FloatArray], slices: Slices, clock: Clock) -> FloatArray:
    """Share of every slice below five quantiles of the whole tube, per channel, variance-stabilised.

    2 arcsin(sqrt(share)) has standard deviation 1 / sqrt(events) whatever the channel's distribution, its
    units, and the number of populations (Anscombe 1948): no channel needs a scale of its own. A shift of
    all events by a quarter of their standard deviation moves it by 0.15 to 0.2.

    Parameters
    ----------
    columns : (n,) of every channel, in the order of the file

    Returns
    -------
    (bins, channels, quantiles); NaN where a quantile tells nothing (a constant channel)
    """
    bins, events = len(slices), slices.events
    levels = np.full((bins, len(columns), len(QUANTILES)), np.nan)
    positions = _file_positions(slices, clock)
    for place, column in enumerate(columns):
        judged = np.ascontiguousarray(column) if positions is None else column[positions]
        levels[:, place] = _levels_of(judged, bins, events)
    return levels


def _levels_of(column: FloatArray, bins: int, events: int) -> FloatArray:
    """(bins, quantiles) levels of one channel's judged events."""
    levels = np.full((bins, len(QUANTILES)), np.nan)
    sizes = np.full(bins, events)
    sizes[-1] = column.size - (bins - 1) * events
    borders = np.quantile(column[:: max(1, column.size // SAMPLED_EVENTS)], QUANTILES)
    for place, border in enumerate(borders.astype(column.dtype)):
        below = column <= border
        counts = _true_in_each(below[: bins * events].reshape(bins, events))
        counts[-1] += np.count_nonzero(below[bins * events :])
        if 0 < counts.sum() < column.size:
            levels[:, place] = 2 * np.arcsin(np.sqrt((counts + 0.375) / (sizes + 0.75)))
    return levels


def _true_in_each(mask: BoolArray) -> IntArray:
    """(bins,) number of true values in each row; rows are a multiple of 8 long.

    Eight bytes are added as one word while no byte can run over: four times as fast as counting each.
    """
    words = mask.view(np.uint64)
    if words.shape[1] > MOST_WORDS:
        return np.asarray(np.count_nonzero(mask, axis=1))
    sums = words.sum(axis=1, dtype=np.uint64)
    total: IntArray = sums[:, np.newaxis].view(np.uint8).sum(axis=1, dtype=np.intp)
    return total


def counts_up(column: FloatArray, clock: Clock) -> bool:
    """Whether a channel only rises, as clocks and event counters do; a few starts again are allowed."""
    in_time = column if clock.order is None else column[clock.order]
    seen = in_time[:: max(1, in_time.size // COUNTER_SAMPLES)]
    steps = np.diff(seen[np.isfinite(seen)])
    return bool((steps > 0).any() and np.count_nonzero(steps < 0) <= COUNTER_RESTARTS)


def bin_medians(signals: FloatArray, slices: Slices, clock: Clock) -> FloatArray:
    """(bins, channels) medians of the judged events of every slice, for a picture."""
    positions = _file_positions(slices, clock)
    events = signals if positions is None else signals[positions]
    whole = (len(slices) - 1) * slices.events
    medians = np.empty((len(slices), signals.shape[1]))
    if whole:
        folded = events[:whole].reshape(len(slices) - 1, slices.events, -1)
        medians[:-1] = np.median(folded, axis=1)
    medians[-1] = np.median(events[whole:], axis=0)
    return medians


def _file_positions(slices: Slices, clock: Clock) -> IntArray | None:
    """Positions in the file of the judged events in order of acquisition; None where it is the file."""
    if slices.judged is None:
        return clock.order
    return slices.judged if clock.order is None else clock.order[slices.judged]
