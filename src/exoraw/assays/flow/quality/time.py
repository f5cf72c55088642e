"""Time quality: which events of a tube were recorded while the fluidics were disturbed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.quality.bins import (
    BIN_EVENTS,
    MOST_BINS,
    Slices,
    counts_up,
    share_levels,
    slice_events,
)
from exoraw.assays.flow.quality.clock import Clock, IntArray, read_clock
from exoraw.assays.flow.quality.rate import FlowRate, flow_rate
from exoraw.assays.flow.quality.steps import Unsteady, drifts, unsteady
from exoraw.assays.flow.quality.time_remarks import (
    FEWEST_INSIDE,
    counter_remarks,
    margins_remark,
    rate_remarks,
    signal_remarks,
    too_much,
)

Reason = Literal["clog", "burst", "pause", "disturbed", "step", "island"]

MADS = 6.0  # PeacoQC, MAD
CONSECUTIVE_BINS = 5  # PeacoQC: fewer good slices between removed ones go too
ISLANDS_PER_TUBE = 20  # in small tubes, where 5 slices are a quarter of all, islands are shorter
BESIDE_PAUSE = 25  # events on either side of a pause: the stream stops and starts with them
FEWEST_BINS = 10  # a tube with fewer slices cannot be judged
DRIFT = 0.4  # of 2 arcsin(sqrt(share)): from 50 to 69 % of events below the tube's median


@dataclass(frozen=True, eq=False)
class Removal:
    """Events that were taken out for one reason; an event may have several.

    Parameters
    ----------
    reason : "clog" (rate fell), "burst" (rate rose: back-flush, air), "pause" (nothing came), "disturbed"
        (signals away for a short time), "step" (signals stay elsewhere), "island" (good, but shorter than 5
        slices, or a twentieth of a small tube, between removed ones)
    events : (n,) mask in the order of the file
    """

    reason: Reason
    events: BoolArray

    @property
    def share(self) -> float:
        """Share of the tube's events, 0 to 1."""
        return float(self.events.mean()) if self.events.size else 0.0


@dataclass(frozen=True)
class Drift:
    """A channel that moves slowly.

    `shift` is the largest change, between fifths of the tube, of the share of events below one of its
    quantiles: 0.19 means that where 50 % of the events lay, 69 % lie.
    """

    channel: str
    shift: float


@dataclass(frozen=True, eq=False)
class TimeBins:
    """What was judged, slice by slice, in order of acquisition.

    Parameters
    ----------
    slices, clock : which events, and when
    flow : rate of every slice; None without a clock
    signal : disturbances and steps; its `score` is a slice's largest deviation in units of the limit
    channel : (bins,) name of the channel that deviates most
    removed : (bins,) mask
    """

    slices: Slices
    clock: Clock
    flow: FlowRate | None
    signal: Unsteady
    channel: tuple[str, ...]
    removed: BoolArray


@dataclass(frozen=True, eq=False)
class TimeQuality:
    """Which events stay.

    Parameters
    ----------
    keep : (n,) mask in the order of the file
    removals : reasons that took events out, with their events
    drifts : channels that drift; said, not cut
    bins : for the picture; None where the tube could not be judged
    findings : codes of `quality.findings`
    """

    keep: BoolArray
    removals: tuple[Removal, ...]
    drifts: tuple[Drift, ...]
    bins: TimeBins | None
    findings: tuple[Finding, ...]

    @property
    def removed_share(self) -> float:
        """Share of the events that is taken out, 0 to 1."""
        return float(1 - self.keep.mean()) if self.keep.size else 0.0

    def share(self, reason: Reason) -> float:
        """Share of the events that was taken out for this reason, 0 to 1."""
        return sum(removal.share for removal in self.removals if removal.reason == reason)


def time_quality(
    time: FloatArray | None,
    signals: FloatArray,
    *,
    names: Sequence[str],
    columns: Sequence[int] | None = None,
    usable: BoolArray | None = None,
    bin_events: int = BIN_EVENTS,
    mads: float = MADS,
    consecutive_bins: int = CONSECUTIVE_BINS,
) -> TimeQuality:
    """Judge a tube over time: flow rate and signals, after margin events are out.

    Settings and order of work are PeacoQC's (Emmaneel 2022): slices of at least 150 events (500 slices at
    most), limit of 6 MAD, good stretches under 5 slices go with their neighbours. Instead of peaks on a
    transformed scale, every channel is judged by the shares of a slice's events below the tube's own
    10, 25, 50, 75 and 90 % quantiles, which needs no scale and has a known counting error; instead of an
    isolation tree, steps are differences between neighbouring windows, so that slow drift is never cut.

    Parameters
    ----------
    time : (n,) seconds, or ticks where the file has no $TIMESTEP; None without a Time channel. It may hold
        NaN, stand, run over or go back: what was done is a finding
    signals : (n, channels) linear, scatter and fluorescence, compensated or not; order of acquisition
        where `time` is None
    names : of the channels that are judged; widths are better left out (`judged_channels`), clocks and
        event counters are recognised and not judged
    columns : of `signals`, of the named channels; without it all, in order
    usable : (n,) mask of events to judge by (no margin events); the others go with their slice
    bin_events : events per slice, at least
    mads : robust standard deviations from which a slice deviates
    consecutive_bins : fewer good slices between removed ones are removed too

    Raises
    ------
    ValueError : shapes that do not fit each other
    """
    signals = np.asarray(signals)
    _check_shapes(time, signals, names, columns, usable)
    values = [signals[:, column] for column in (range(len(names)) if columns is None else columns)]
    sound, remarks = _sound(len(signals), values, usable)
    clock = read_clock(time, len(signals)) if len(signals) else Clock(None, None, 0.0, 0)
    slices = slice_events(len(signals), sound, clock, bin_events, MOST_BINS)
    if slices is None or len(slices) < FEWEST_BINS:
        return _not_judged(len(signals), int(np.count_nonzero(sound)), bin_events, clock)
    counters = [name for name, column in zip(names, values, strict=True) if counts_up(column, clock)]
    levels = share_levels(values, slices, clock)
    levels[:, [name in counters for name in names]] = np.nan
    found = _judged(levels, names, slices, clock, mads, consecutive_bins)
    return replace(found, findings=(*remarks, *found.findings, *counter_remarks(counters)))


def _sound(
    n: int, columns: Sequence[FloatArray], usable: BoolArray | None
) -> tuple[BoolArray, list[Finding]]:
    """Events to judge by: numbers in every channel, inside the scales where half of them are."""
    sound = np.ones(n, dtype=bool)
    for column in columns:
        sound &= np.isfinite(column)
    if usable is None or not n:
        return sound, []
    inside = float(usable.mean())
    if inside < FEWEST_INSIDE:
        return sound, [margins_remark(inside)]
    return sound & usable, []


def _judged(
    levels: FloatArray, names: Sequence[str], slices: Slices, clock: Clock, mads: float, consecutive: int
) -> TimeQuality:
    told = np.array(np.isfinite(levels).all(axis=0))
    owners = [name for name, tells in zip(names, told, strict=True) for _ in range(np.count_nonzero(tells))]
    series = levels[:, told]
    flow = flow_rate(slices, clock, mads)
    signal = unsteady(series, slices.events, mads) if owners else _steady(len(slices))
    removals, removed = _removals(flow, signal, slices, clock, consecutive)
    keep = np.ones(int(slices.edges[-1]), dtype=bool)
    for removal in removals:
        keep &= ~removal.events
    moving = _drifts(series, owners, ~removed)
    channel = tuple(owners[place] for place in signal.worst) if owners else ("",) * len(slices)
    shares = [(removal.reason, removal.share) for removal in removals]
    findings = (
        *clock.findings,
        *rate_remarks(flow, shares),
        *signal_remarks(shares, channel, signal, [(drift.channel, drift.shift) for drift in moving]),
        *too_much(float(1 - keep.mean())),
    )
    bins = TimeBins(slices, clock, flow, signal, channel, removed)
    return TimeQuality(keep, removals, moving, bins, findings)


def _removals(
    flow: FlowRate | None, signal: Unsteady, slices: Slices, clock: Clock, consecutive: int
) -> tuple[tuple[Removal, ...], BoolArray]:
    """Every reason with its events, and the slices that go as a whole."""
    found: list[tuple[Reason, BoolArray]] = [("disturbed", signal.disturbed), ("step", signal.stepped)]
    if flow is not None:
        found = [("clog", flow.low), ("burst", flow.high), *found]
    removed = np.logical_or.reduce([mask for _, mask in found])
    shortest = min(consecutive, max(1, len(slices) // ISLANDS_PER_TUBE))
    found.append(("island", _islands(removed, shortest)))
    removals = [Removal(name, slices.to_events(mask, clock)) for name, mask in found if mask.any()]
    if flow is not None and flow.pauses.size:
        removals.append(Removal("pause", _around(flow.pauses, int(slices.edges[-1]), clock)))
    return tuple(removals), removed | found[-1][1]


def _around(pauses: IntArray, n: int, clock: Clock) -> BoolArray:
    """Events beside a pause: the last ones before it and the first ones after it."""
    near = pauses[:, np.newaxis] + np.arange(1 - BESIDE_PAUSE, BESIDE_PAUSE + 1)
    in_time = np.zeros(n, dtype=bool)
    in_time[np.clip(near, 0, n - 1)] = True
    if clock.order is None:
        return in_time
    in_file = np.empty_like(in_time)
    in_file[clock.order] = in_time
    return in_file


def _steady(bins: int) -> Unsteady:
    """A tube without a channel that tells anything."""
    nowhere = np.zeros(bins, dtype=bool)
    return Unsteady(nowhere, nowhere, (), np.zeros(bins), np.zeros(bins, dtype=np.intp), 0.0)


def _islands(removed: BoolArray, consecutive: int) -> BoolArray:
    """Good stretches between two removed ones (or before the first, behind the last) that are too short."""
    islands = np.zeros_like(removed)
    if not removed.any():
        return islands
    edges = np.flatnonzero(np.diff(np.concatenate([[1], removed.astype(np.int8), [1]])))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start < consecutive:
            islands[start:stop] = True
    return islands


def _drifts(series: FloatArray, owners: Sequence[str], keep: BoolArray) -> tuple[Drift, ...]:
    """Channels whose level moves by more than `DRIFT` over what is kept, each with its largest shift."""
    reach = drifts(series, keep)
    largest: dict[str, float] = {}
    for name, value in zip(owners, reach, strict=True):
        if value > DRIFT:
            largest[name] = max(largest.get(name, 0.0), float(np.sin(value / 2)) / 2)
    return tuple(Drift(name, shift) for name, shift in largest.items())


def _not_judged(n: int, judged: int, bin_events: int, clock: Clock) -> TimeQuality:
    least = FEWEST_BINS * bin_events
    message = (
        f"{judged:,} events inside the scales are too few to judge the tube over time (at least {least:,}); "
        "nothing was taken out."
    )
    remark = Finding("time_not_judged", "info", message, value=float(judged), limit=float(least))
    return TimeQuality(np.ones(n, dtype=bool), (), (), None, (*clock.findings, remark))


def _check_shapes(
    time: FloatArray | None,
    signals: FloatArray,
    names: Sequence[str],
    columns: Sequence[int] | None,
    usable: BoolArray | None,
) -> None:
    if signals.ndim != 2 or (signals.shape[1] if columns is None else len(columns)) != len(names):
        raise ValueError(f"signals of shape {signals.shape} do not fit {len(names)} channel names.")
    for what, values in (("time", time), ("usable", usable)):
        if values is not None and np.shape(values) != (len(signals),):
            raise ValueError(f"{what} has shape {np.shape(values)}, but there are {len(signals)} events.")
