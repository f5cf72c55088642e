"""The picture of a tube over time: flow rate, every channel's median, and what was taken out and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.quality.bins import bin_medians
from exoraw.assays.flow.quality.time import Reason, TimeBins, TimeQuality

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_CHANNELS = 24  # rows of the picture; the channels that deviate or drift come first
ROW, RATE_ROW = 0.3, 0.75  # inches
WIDTH, LEFT, RIGHT = 6.2, 1.35, 0.55
TOP, BOTTOM = 0.52, 0.72
LONGEST_NAME = 20
LONGEST_TITLE, LEGEND_COLUMNS = 68, 3
SHADES: tuple[tuple[Reason, str, str], ...] = (
    ("clog", "#e8a33d", "flow rate fell"),
    ("burst", "#b7791f", "flow rate rose"),
    ("pause", "#805ad5", "pause"),
    ("disturbed", "#c2264b", "signal disturbed"),
    ("step", "#e58aa0", "behind a step"),
    ("island", "#8a8f99", "too short between"),
)


def time_picture(
    quality: TimeQuality,
    signals: FloatArray,
    names: Sequence[str],
    *,
    title: str,
    unit: str = "s",
) -> bytes:
    """Draw flow rate and channel medians over time, with what was taken out shaded by its reason.

    Every channel has its own scale: the grey band is the tube's middle 50 % of events, so that a curve that
    leaves it has moved by more than cells differ from each other.

    Parameters
    ----------
    quality : of the tube; its `bins` must stand (a tube of too few events has no picture)
    signals, names : as they were judged
    title : sample name
    unit : of the time that was given, for the axis

    Returns
    -------
    PNG, 8-bit palette

    Raises
    ------
    ValueError : the tube was not judged
    """
    from matplotlib.figure import Figure

    from exoraw.assays.flow.plot_parts import DPI
    from exoraw.assays.flow.plot_stage import png

    bins = quality.bins
    if bins is None:
        raise ValueError("this tube has too few events to be judged over time; there is nothing to draw.")
    shown = _shown(quality, names)
    height = TOP + BOTTOM + ROW * len(shown) + (RATE_ROW if bins.flow else 0)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI)
    across = _Across(bins)
    medians = bin_medians(np.asarray(signals)[:, shown], bins.slices, bins.clock)
    quartiles = np.nanpercentile(
        np.asarray(signals)[:: max(1, len(signals) // 10_000), shown], [25, 75], axis=0
    )
    level = 1 - TOP / height
    if bins.flow is not None:
        level -= RATE_ROW / height
        _rate(_panel(figure, level, RATE_ROW / height * 0.88), across, bins.flow.rate, bins.flow.usual, unit)
    for place, channel in enumerate(shown):
        level -= ROW / height
        panel = _panel(figure, level, ROW / height * 0.88)
        _channel(panel, across, medians[:, place], quartiles[:, place], names[channel])
    panels = figure.get_axes()
    for panel in panels:
        _shade(panel, across, quality)
    _time_axis(panels[-1], across, unit)
    _legend(figure, quality, height)
    _heading(figure, title, _note(quality, len(names) - len(shown)), height)
    return png(figure)


class _Across:
    """Places along the time axis: elapsed time, or event numbers where there is no clock."""

    def __init__(self, bins: TimeBins) -> None:
        edges = bins.slices.edges
        elapsed = bins.clock.elapsed
        self.timed = elapsed is not None
        whole = np.arange(int(edges[-1]), dtype=np.float64) if elapsed is None else elapsed
        self.events = whole
        self.edges = np.append(whole[edges[:-1]], whole[-1])
        self.order = bins.clock.order

    @property
    def middles(self) -> FloatArray:
        middles: FloatArray = (self.edges[:-1] + self.edges[1:]) / 2
        return middles

    def stretches(self, events: BoolArray) -> list[tuple[float, float]]:
        """(start, width) of every run of events of a mask in the order of the file."""
        in_time = events if self.order is None else events[self.order]
        change = np.flatnonzero(np.diff(np.concatenate([[0], in_time.astype(np.int8), [0]])))
        last = in_time.size - 1
        return [
            (float(self.events[start]), float(self.events[min(stop, last)] - self.events[start]))
            for start, stop in zip(change[::2], change[1::2], strict=True)
        ]


def _shown(quality: TimeQuality, names: Sequence[str]) -> list[int]:
    """Channels to draw in the order of the file; where there are too many, those with something to show."""
    if len(names) <= MOST_CHANNELS:
        return list(range(len(names)))
    assert quality.bins is not None
    signal = quality.bins.signal
    named = [drift.channel for drift in quality.drifts]
    named += [name for name, away in zip(quality.bins.channel, signal.disturbed, strict=True) if away]
    weight = [-named.count(name) for name in names]
    first = sorted(range(len(names)), key=lambda place: weight[place])[:MOST_CHANNELS]
    return sorted(first)


def _panel(figure: Figure, bottom: float, height: float) -> Axes:
    left, right = LEFT / WIDTH, 1 - RIGHT / WIDTH
    return figure.add_axes((left, bottom, right - left, height))


def _quiet(panel: Axes, across: _Across, label: str) -> None:
    from exoraw.assays.flow.plot_parts import INK, QUIET

    panel.set_xlim(across.edges[0], across.edges[-1])
    panel.set_xticks([])
    panel.set_yticks([])
    short = label if len(label) <= LONGEST_NAME else label[: LONGEST_NAME - 1] + "…"
    panel.set_ylabel(
        short, fontsize=7, color=INK, rotation=0, ha="right", va="center", labelpad=5, parse_math=False
    )
    for spine in panel.spines.values():
        spine.set(color=QUIET, linewidth=0.5)


def _rate(panel: Axes, across: _Across, rate: FloatArray, usual: FloatArray, unit: str) -> None:
    """Flow rate as steps, the usual rate as a line; zero is on the axis."""
    from exoraw.assays.flow.plot_parts import CONTROL_COLOURS, INK, QUIET

    _quiet(panel, across, f"events\nper {unit}")
    top = 1.25 * max(float(np.percentile(rate, 99)), float(usual.max()))
    panel.stairs(np.minimum(rate, top), across.edges, color=CONTROL_COLOURS[1], linewidth=0.8, zorder=3)
    panel.plot(across.middles, usual, color=QUIET, linewidth=0.8, linestyle=(0, (4, 2)), zorder=2)
    panel.set_ylim(0, top)
    level = float(np.median(usual))
    panel.set_yticks([0, level], ["0", f"{level:,.0f}" if level >= 10 else f"{level:.2g}"])
    panel.yaxis.tick_right()
    panel.tick_params(labelsize=6.5, color=QUIET, labelcolor=INK, width=0.5, length=2)


def _channel(panel: Axes, across: _Across, medians: FloatArray, quartiles: FloatArray, name: str) -> None:
    """The median of every slice inside the band of the tube's middle half."""
    from exoraw.assays.flow.plot_parts import CONTROL_COLOURS

    _quiet(panel, across, name)
    low, high = (float(value) for value in quartiles)
    half = max((high - low) / 2, 1e-9 * max(abs(low), abs(high), 1.0))
    panel.axhspan(low, high, color="#eef0f4", linewidth=0, zorder=0)
    panel.set_ylim(low - half, high + half)
    inside = np.clip(medians, low - 0.95 * half, high + 0.95 * half)
    panel.plot(across.middles, inside, color=CONTROL_COLOURS[1], linewidth=0.8, zorder=3)


def _shade(panel: Axes, across: _Across, quality: TimeQuality) -> None:
    """What was taken out, in the colour of its reason; the thinnest line that can be seen at least."""
    least = float(across.edges[-1] - across.edges[0]) / 400
    for reason, colour, _ in SHADES:
        for removal in quality.removals:
            if removal.reason != reason:
                continue
            wide = [(start, max(width, least)) for start, width in across.stretches(removal.events)]
            bottom, top = panel.get_ylim()
            panel.broken_barh(wide, (bottom, top - bottom), color=colour, alpha=0.35, linewidth=0, zorder=1)


def _time_axis(panel: Axes, across: _Across, unit: str) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    from exoraw.assays.flow.plot_parts import INK, QUIET

    panel.xaxis.set_major_locator(MaxNLocator(7))
    panel.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    label = f"time ({unit})" if across.timed else "events in order of acquisition (no usable time)"
    panel.set_xlabel(label, fontsize=8, color=INK, labelpad=2)
    panel.tick_params(axis="x", labelsize=7, color=QUIET, labelcolor=INK, width=0.6, length=3)


def _legend(figure: Figure, quality: TimeQuality, height: float) -> None:
    """One coloured word per reason that occurs, three to a line."""
    present = [(colour, words, quality.share(reason)) for reason, colour, words in SHADES]
    present = [one for one in present if one[2]]
    for place, (colour, words, share) in enumerate(present):
        line, column = divmod(place, LEGEND_COLUMNS)
        left = (LEFT + column * (WIDTH - LEFT - RIGHT) / LEGEND_COLUMNS) / WIDTH
        text = f"■ {words} {100 * share:.1f} %"
        figure.text(left, (0.2 - 0.14 * line) / height, text, fontsize=6.5, color=colour, va="bottom")


def _heading(figure: Figure, title: str, note: str, height: float) -> None:
    """Sample name and a line below it, at the same distance from the top however tall the picture is."""
    from exoraw.assays.flow.plot_parts import INK, QUIET

    short = title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"
    lines = ((0.16, short, 9.5, "bold", INK), (0.36, note, 7.5, "normal", QUIET))
    for down, text, size, weight, colour in lines:
        figure.text(
            0.03, 1 - down / height, text, fontsize=size, fontweight=weight, color=colour, va="center",
            parse_math=False,
        )  # fmt: skip


def _note(quality: TimeQuality, hidden: int) -> str:
    parts = [f"{100 * quality.removed_share:.1f} % of {quality.keep.size:,} events taken out"]
    if quality.drifts:
        parts.append(f"{len(quality.drifts)} channel{'s' * (len(quality.drifts) > 1)} drift (not cut)")
    if quality.bins is not None and quality.bins.signal.undecided:
        parts.append("no steady half (not cut)")
    if hidden > 0:
        parts.append(f"{hidden} steadier channels not shown")
    return "; ".join(parts)
