"""The picture of a gate hierarchy: one panel per gate on the way to a population, with backgating."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes as MplAxes
from matplotlib.figure import Figure

from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.gates.apply import ALL_EVENTS, GatedTube
from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import Dimension, Events
from exoraw.assays.flow.gates.outlines import FAR, Outline, outlines_of
from exoraw.assays.flow.gates.scales import Linear, Scale
from exoraw.assays.flow.gates.shapes import Boolean
from exoraw.assays.flow.gates.strategy import NamedGate, dimensions_of
from exoraw.assays.flow.plot_axis import PlotAxis
from exoraw.assays.flow.plot_parts import (
    BACKGATED,
    DPI,
    GATE,
    INK,
    QUIET,
    Curve,
    density,
    frame,
    heading,
    outline,
)
from exoraw.assays.flow.plot_stage import png
from exoraw.assays.flow.transforms import TickedTransform, estimate_arcsinh
from exoraw.study.words import shown

PANEL, GAP, TOP, FOOT = 2.3, 0.62, 0.95, 0.5  # inches
LABELS = 0.45  # over a panel
PER_ROW = 4
LABEL_PAD = 4  # points between the numbers of an axis and its name
SHADE = 0.07  # of the colour of gates, over what a gate holds
MOST_BACKGATED = 1_500
LOW, HIGH = 0.3, 99.7  # per cent of the events that an axis shows at least
ONE_PLACE = 1e-3  # events nearer together than this share of their value have no spread
SMALL = 0.1  # a linear axis starts at 0 unless more than this share of it is below
AXIS_EVENTS = 20_000  # evenly spread: more do not change where an axis ends
MARGIN = 0.03  # of an axis, beyond what it must show
SCATTER = ("FSC", "SSC", "FS ", "SS ", "TIME", "FS-", "SS-")
NOTE_LETTERS_PER_INCH = 15
LONGEST_NAME = 26  # letters of a population over its panel


@dataclass(frozen=True)
class Step:
    """One gate of the way: its name, the events that it sees, and those of them that it holds."""

    named: NamedGate
    population: str
    before: BoolArray
    inside: BoolArray


def hierarchy_plot(
    gated: GatedTube, population: str, *, backgate: str = "", title: str = "", note: str = ""
) -> bytes:
    """Draw the way from all events to a population, gate by gate; PNG, 8-bit palette.

    Every panel shows the events that reach a gate, the gate's line, its name, its share of them, and the
    count. A gate from other populations (and, or, not) is shown on the axes of the first one that has any,
    with its events coloured. Channels that the gate sees without a scale are drawn on FlowJo's scale where
    that is known, dyes else on arcsinh; the line is bent accordingly, and the gate stays what it is.

    Parameters
    ----------
    gated : of `gate_tube` or `gate_events`
    population : the last one shown
    backgate : a population whose events are laid over every panel as dots; "" = none
    title, note : sample name, and the line below it

    Raises
    ------
    GateError : no such population
    """
    steps = [_step(gated, name) for name in gated.tree[population].path]
    extra = gated.tree.mask(backgate) if backgate else None
    table = Events(gated.events, gated.channels, matrices=gated.strategy.matrices, from_file=gated.from_file)
    columns = min(len(steps), PER_ROW)
    rows = -(-len(steps) // PER_ROW)
    width, height = columns * (PANEL + GAP) + 0.25, TOP + rows * (PANEL + FOOT + LABELS) - LABELS
    figure = Figure(figsize=(max(width, 3.4), height), dpi=DPI)
    for place, step in enumerate(steps):
        left = 0.25 + GAP * 0.75 + (place % PER_ROW) * (PANEL + GAP)
        bottom = height - TOP - (place // PER_ROW) * (PANEL + FOOT + LABELS) - PANEL
        size = figure.get_size_inches()
        box = (left / size[0], bottom / size[1], PANEL / size[0], PANEL / size[1])
        _panel(figure.add_axes(box), gated, table, step, extra)
    _title(figure, title, _words(note, backgate))
    return png(figure)


def _words(note: str, backgate: str) -> str:
    if not backgate:
        return note
    return f"{note}{'; ' if note else ''}violet dots: {backgate}"


def _title(figure: Figure, title: str, note: str) -> None:
    """The heading of the other pictures, at its usual distance in inches whatever the height."""
    height = figure.get_figheight()
    longest = int(NOTE_LETTERS_PER_INCH * figure.get_figwidth())
    heading(figure, title, note if len(note) <= longest else note[: longest - 1] + "…")
    for text, inches in zip(figure.texts[-2:], (0.17, 0.36), strict=True):
        text.set_y(1 - inches / height)


def _step(gated: GatedTube, population: str) -> Step:
    named = gated.strategy.homes[population]
    before = gated.tree.mask(named.parent) if named.parent else np.ones(len(gated.events), dtype=bool)
    return Step(named, population, before, gated.tree.mask(population))


# ----------------------------------------------------------------- one panel


def _panel(plot: MplAxes, gated: GatedTube, table: Events, step: Step, extra: BoolArray | None) -> None:
    seen = _shown_gate(gated, step.named)
    dimensions = dimensions_of(seen.gate)[:2]
    linear = [table.column(Dimension(d.channel, None, d.compensation)) for d in dimensions]
    signal = np.column_stack(linear)
    lines = outlines_of(seen.gate, dimensions, step.population)
    axes = tuple(_axis(gated, d, signal[step.before, i], _reach(lines, i)) for i, d in enumerate(dimensions))
    if len(axes) == 1:
        _histogram(plot, axes[0], signal[:, 0], step, lines)
    else:
        _map(plot, (axes[0], axes[1]), signal, step, lines)
        if extra is not None:
            _dots(plot, (axes[0], axes[1]), signal[extra & step.before])
    _label(plot, step)


def _shown_gate(gated: GatedTube, named: NamedGate) -> NamedGate:
    """The gate itself, or, where it has no axes of its own, the first of its parts that has."""
    seen = {named.name}
    while isinstance(named.gate, Boolean):
        named = gated.strategy.homes[named.gate.operands[0].name]
        if named.name in seen:
            raise GateError(f"gate {shown(named.name)} is made from itself.")
        seen.add(named.name)
    return named


def _map(
    plot: MplAxes, axes: tuple[PlotAxis, PlotAxis], signal: FloatArray, step: Step, lines: tuple[Outline, ...]
) -> None:
    density(plot, axes, signal[step.before])
    frame(plot, axes, small=True)
    plot.yaxis.labelpad = LABEL_PAD
    if isinstance(step.named.gate, Boolean):
        _dots(plot, axes, signal[step.inside])
        return
    for line in lines:
        x, y = (
            np.clip(axis.place(values), 0.004, 0.996)
            for axis, values in zip(axes, (line.x, line.y), strict=True)
        )
        if line.own:
            plot.fill(x, y, color=GATE, alpha=SHADE, linewidth=0, zorder=3)
        if not line.shade_only:
            plot.plot(x, y, color=GATE, linewidth=1.1, zorder=4)


def _histogram(
    plot: MplAxes, axis: PlotAxis, signal: FloatArray, step: Step, lines: tuple[Outline, ...]
) -> None:
    outline(plot, axis, Curve("", signal[step.before], 1), "#2c5ba8")
    for line in lines:
        places = np.clip(axis.place(line.x), 0.0, 1.0)
        if line.own:
            plot.axvspan(places[0], places[-1], color=GATE, alpha=SHADE, linewidth=0)
        for bound, place in zip(line.x, places, strict=True):
            if abs(bound) < FAR:
                plot.plot([place, place], [0, 1.06], color=GATE, linewidth=1.2, zorder=4)
    plot.set_ylim(0, 1.1)
    frame(plot, (axis, None), small=True)


def _dots(plot: MplAxes, axes: tuple[PlotAxis, PlotAxis], events: FloatArray) -> None:
    chosen = events[:: max(1, -(-len(events) // MOST_BACKGATED))]
    plot.plot(axes[0].place(chosen[:, 0]), axes[1].place(chosen[:, 1]), linestyle="none", marker="o",
              markersize=1.5, markeredgewidth=0, color=BACKGATED, alpha=0.75, zorder=3)  # fmt: skip


def _label(plot: MplAxes, step: Step) -> None:
    """Name, share of the events that reach the gate, and count, over the panel."""
    name = (
        step.population if len(step.population) <= LONGEST_NAME else f"{step.population[: LONGEST_NAME - 1]}…"
    )
    count, reached = int(np.count_nonzero(step.inside)), int(np.count_nonzero(step.before))
    share = f"{100 * count / reached:.1f} %" if reached else "no events"
    parent = step.named.parent or ALL_EVENTS
    parent = parent if len(parent) <= LONGEST_NAME else f"{parent[: LONGEST_NAME - 1]}…"
    outside = " (outside)" if step.named.outside else ""
    colour_of_events = ", violet" if isinstance(step.named.gate, Boolean) else ""
    lines = (
        (1.1, f"{name}{outside}", 8.0, "bold", INK),
        (1.025, f"{share} of {parent}; {count:,}{colour_of_events}", 6.5, "normal", QUIET),
    )
    for height, text, size, weight, colour in lines:
        plot.text(
            0, height, text, transform=plot.transAxes, fontsize=size, fontweight=weight, color=colour,
            parse_math=False, va="bottom",
        )  # fmt: skip


# ----------------------------------------------------------------- axes


def _reach(lines: tuple[Outline, ...], axis: int) -> FloatArray:
    """The linear signal between which the gate's own lines lie; infinite ends left out."""
    every = np.concatenate([np.asarray(line.x if axis == 0 else line.y) for line in lines] or [np.empty(0)])
    finite: FloatArray = every[np.isfinite(every)]
    return finite


def _axis(gated: GatedTube, dimension: Dimension, values: FloatArray, gate: FloatArray) -> PlotAxis:
    place = gated.channels.index(dimension.channel)
    stain = gated.markers[place]
    label = f"{stain} ({dimension.channel})" if stain else dimension.channel
    scale = dimension.scale if dimension.scale is not None else gated.scales.get(dimension.channel)
    some = values[:: max(1, len(values) // AXIS_EVENTS)]
    finite = some[np.isfinite(some)]
    transform = _transform(scale, dimension.channel, finite)
    low, high = _ends(finite, gate, transform)
    return PlotAxis(label, transform, low, high)


def _transform(scale: Scale | None, channel: str, values: FloatArray) -> TickedTransform | None:
    if isinstance(scale, Linear):
        return None
    if scale is not None:
        return scale
    if channel.upper().startswith(SCATTER) or len(values) == 0:
        return None
    return estimate_arcsinh(values)


def _ends(values: FloatArray, gate: FloatArray, transform: TickedTransform | None) -> tuple[float, float]:
    """What an axis shows, linear: nearly all events, and the gate where it lies within a length of them."""
    places, edges = (_finite(values, transform), _finite(gate, transform))
    places = places if len(places) else _finite(np.array([1.0, 1000.0]), transform)
    low, high = (float(value) for value in np.percentile(places, (LOW, HIGH)))
    span = max(high - low, 1e-6 * max(abs(high), 1.0))
    if high - low < ONE_PLACE * max(abs(high), 1.0) and len(edges):
        span = max(span, float(edges.max() - edges.min()))  # all events on one place: the gate says how wide
    near = edges[(edges > low - span) & (edges < high + span)]
    low, high = min([low, *near.tolist()]), max([high, *near.tolist()])
    low, high = low - MARGIN * (high - low + span), high + MARGIN * (high - low + span)
    if transform is None:
        return (0.0 if -SMALL * high < low else low), high
    ends = [float(value) for value in transform.inverse(np.array([low, high]))]
    return (ends[0], ends[1]) if ends[0] < ends[1] else (ends[0] - 1.0, ends[0] + 1.0)


def _finite(linear: FloatArray, transform: TickedTransform | None) -> FloatArray:
    """Places on an axis, those without one left out."""
    places = linear if transform is None else transform.forward(linear)
    kept: FloatArray = places[np.isfinite(places) & (np.abs(places) < FAR / 2)]
    return kept
