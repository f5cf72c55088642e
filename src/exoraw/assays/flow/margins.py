"""Margin events: cells so bright or so dim that the detector only says "at the end of my scale"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exoraw.assays.flow.arrays import BoolArray, FloatArray

PLATEAU_EVENTS = 10  # events that must share the maximum before it counts as a ceiling
PLATEAU_SHARE = 0.0005  # and their share: integer scales repeat values by chance


@dataclass(frozen=True)
class ChannelMargin:
    """Margin events of one channel.

    Parameters
    ----------
    channel : $PnN
    ceiling : value from which events count as saturated; None where there is no ceiling
    ceiling_source : "range" ($PnR), "plateau" (many events share the maximum), "none"
    n_saturated : events at or over the ceiling
    n_low : events piled up on the minimum (a plateau there, as log amplifiers make)
    n : finite events of the channel
    """

    channel: str
    ceiling: float | None
    ceiling_source: str
    n_saturated: int
    n_low: int
    n: int

    @property
    def saturated_share(self) -> float:
        """Share of events at the ceiling, 0 to 1; 0 where there are no events."""
        return self.n_saturated / self.n if self.n else 0.0


@dataclass(frozen=True)
class Margins:
    """Which events touch the end of a scale, and in which channels.

    `saturated` and `low` are (n,) masks over all channels asked for.
    """

    channels: tuple[ChannelMargin, ...]
    saturated: BoolArray
    low: BoolArray

    @property
    def share(self) -> float:
        """Share of events that touch either end in any channel, 0 to 1."""
        return float(np.mean(self.saturated | self.low)) if self.saturated.size else 0.0


def margin_events(events: FloatArray, channels: Sequence[str], ranges: Sequence[float | None]) -> Margins:
    """Count events at the ends of the scale, per channel; nothing is clipped or removed.

    The ceiling is $PnR - 1 for integers and float alike when events reach it (Monaco 2016, flowAI;
    PeacoQC), or lower, where at least 10 events and 0.05 % share the maximum (detectors clip below
    $PnR). Floats above $PnR count as saturated too. The floor is a plateau at the minimum.

    Parameters
    ----------
    events : (n, channels) linear signal before compensation
    channels : name of every column
    ranges : $PnR on the linear scale of `events`; None where unknown
    """
    values = np.asarray(events)
    saturated = np.zeros(len(values), dtype=bool)
    low = np.zeros(len(values), dtype=bool)
    found = []
    for column, (channel, top) in enumerate(zip(channels, ranges, strict=True)):
        margin, high, bottom = _channel_margin(values[:, column], channel, top)
        saturated |= high
        low |= bottom
        found.append(margin)
    return Margins(tuple(found), saturated, low)


def detector_floor(values: FloatArray) -> float | None:
    """Return the lowest value that a detector can show, where events pile up on it; None without a pile.

    Log amplifiers and detectors that clip at zero write it for every dimmer event.

    Parameters
    ----------
    values : (n,) linear signal of one channel before compensation
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    floor = float(finite.min())
    shared = int(np.count_nonzero(finite == floor))
    return floor if shared < finite.size and _is_plateau(shared, finite.size) else None


def _channel_margin(
    values: FloatArray, channel: str, top: float | None
) -> tuple[ChannelMargin, BoolArray, BoolArray]:
    finite = np.isfinite(values)
    n = int(np.count_nonzero(finite))
    none = np.zeros(len(values), dtype=bool)
    if n == 0:
        return ChannelMargin(channel, None, "none", 0, 0, 0), none, none
    ceiling, source = _ceiling(values[finite], top)
    high = none if ceiling is None else finite & (values >= ceiling)
    floor = float(values[finite].min())
    at_floor = values == floor
    bottom = at_floor if floor != ceiling and _is_plateau(int(np.count_nonzero(at_floor)), n) else none
    counts = int(np.count_nonzero(high)), int(np.count_nonzero(bottom))
    return ChannelMargin(channel, ceiling, source, *counts, n), high, bottom


def _ceiling(values: FloatArray, top: float | None) -> tuple[float | None, str]:
    largest = float(values.max())
    if top is not None and top > 1 and largest >= top - 1:
        return top - 1, "range"
    if _is_plateau(int(np.count_nonzero(values == largest)), values.size) and largest > values.min():
        return largest, "plateau"
    return None, "none"


def _is_plateau(shared: int, n: int) -> bool:
    return shared >= PLATEAU_EVENTS and shared >= PLATEAU_SHARE * n
