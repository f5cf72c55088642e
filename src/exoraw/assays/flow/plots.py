"""The pictures of the flow assay: density plot with quadrants, cleaning gates, control overlay; PNG bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes as MplAxes
from matplotlib.figure import Figure

from exoraw.assays.flow.arrays import BoolArray, FloatArray, spread_over
from exoraw.assays.flow.plot_axis import PlotAxis
from exoraw.assays.flow.plot_parts import (
    BACKGATED,
    CONTROL_COLOURS,
    DPI,
    DRAWN_EVENTS,
    GATE,
    INK,
    Curve,
    Line,
    density,
    dots_over,
    draw_borders,
    frame,
    heading,
    outline,
    panel_note,
    taken_out,
)
from exoraw.assays.flow.plot_stage import Place, png, stage

__all__ = [
    "Corner",
    "Curve",
    "Line",
    "backgating_plot",
    "cleaning_plot",
    "control_plot",
    "quadrant_plot",
]

NAME_LETTERS = 22  # of a population over a narrow panel


@dataclass(frozen=True)
class Corner:
    """A quadrant as its corner of the plot says it."""

    name: str
    percent: float


def quadrant_plot(
    events: FloatArray,
    axes: tuple[PlotAxis, PlotAxis],
    thresholds: tuple[float, float],
    corners: tuple[Corner, Corner, Corner, Corner],
    title: str,
    note: str,
) -> bytes:
    """Draw one tube: density, quadrant lines, the four shares in the corners.

    Parameters
    ----------
    events : (n, 2) compensated linear signal, columns as `axes`
    corners : lower left, lower right, upper right, upper left
    title, note : sample name, and the line below it ("7,812 single cells of 10,000 events")

    Returns
    -------
    PNG, 8-bit palette
    """
    with stage((3.4, 3.4), (Place((0.175, 0.135, 0.8, 0.735), *axes),)) as drawn:
        (plot,) = drawn.plots
        density(plot, axes, events)
        _cross(plot, axes, thresholds)
        _name_corners(plot, corners)
        heading(drawn.figure, title, note)
        return drawn.png()


def _cross(plot: MplAxes, axes: tuple[PlotAxis, PlotAxis], thresholds: tuple[float, float]) -> None:
    x, y = (float(axis.place(np.array([value]))[0]) for axis, value in zip(axes, thresholds, strict=True))
    plot.axvline(x, color=GATE, linewidth=1.1)
    plot.axhline(y, color=GATE, linewidth=1.1)


def _name_corners(plot: MplAxes, corners: Sequence[Corner]) -> None:
    places = ((0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98))
    for corner, (left, bottom) in zip(corners, places, strict=True):
        plot.text(
            left, bottom, f"{corner.percent:.1f} %\n{corner.name}" if bottom > 0.5 else
            f"{corner.name}\n{corner.percent:.1f} %",
            ha="left" if left < 0.5 else "right", va="bottom" if bottom < 0.5 else "top",
            fontsize=8, color=INK, linespacing=1.2,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.78, "pad": 1.5},
        )  # fmt: skip


def cleaning_plot(
    forward: FloatArray,
    side: FloatArray,
    height: FloatArray | None,
    cells: BoolArray,
    singlets: BoolArray,
    limits: tuple[float, float, float],
    debris_limit: float | None,
    notes: tuple[str, str],
) -> bytes:
    """Draw what was taken out, debris on FSC / SSC over doublets on FSC area / height; it is grey.

    The picture is half as wide as that of the quadrants: beside each other, these are what is looked at.

    Parameters
    ----------
    forward, side, height : (n,) linear; height None where it was not recorded
    cells, singlets : (n,) masks; singlets are a part of cells
    limits : upper ends of the forward, side and height axes, one for the batch
    debris_limit : forward scatter below which events are debris
    notes : what was taken out, the line over either panel
    """
    panels = 1 if height is None else 2
    area, granular = PlotAxis("FSC area", None, 0.0, limits[0]), PlotAxis("SSC area", None, 0.0, limits[1])
    pair = area, PlotAxis("FSC height", None, 0.0, limits[2])
    left, bottom, width, tall = 0.32, 0.23 / panels, 0.64, 0.63 / panels
    upper = Place((left, bottom + 1 - 1 / panels, width, tall), area, granular, small=True)
    lower = Place((left, bottom, width, tall), *pair, small=True)
    with stage((1.7, 1.7 * panels), (upper, lower)[:panels]) as drawn:
        kept, single = spread_over(cells, DRAWN_EVENTS), spread_over(singlets, DRAWN_EVENTS)
        scattered = _drawn(forward, side)
        taken_out(drawn.plots[0], (area, granular), scattered[kept], scattered[~kept], notes[0])
        if debris_limit is not None:
            drawn.plots[0].axvline(float(area.place(np.array([debris_limit]))[0]), color=GATE, linewidth=1.1)
        if height is not None:
            pulse = _drawn(forward, height)
            taken_out(drawn.plots[1], pair, pulse[single], pulse[kept & ~single], notes[1])
        return drawn.png()


def _drawn(across: FloatArray, up: FloatArray) -> FloatArray:
    """(k, 2) the events of a tube that are drawn."""
    return np.column_stack([spread_over(across, DRAWN_EVENTS), spread_over(up, DRAWN_EVENTS)])


def backgating_plot(
    forward: FloatArray,
    side: FloatArray,
    cells: BoolArray,
    population: BoolArray,
    limits: tuple[float, float, float],
    name: str,
) -> bytes:
    """Draw where a population lies on scatter: its events as dots over those of its parent.

    A population that lies where debris or doublets lie is most often no biology.

    Parameters
    ----------
    forward, side : (n,) linear scatter areas
    cells, population : (n,) masks; the population is a part of the cells
    limits : upper ends of the forward, side and height axes, one for the batch
    name : of the population, the line over the panel
    """
    axes = PlotAxis("FSC area", None, 0.0, limits[0]), PlotAxis("SSC area", None, 0.0, limits[1])
    share = 100 * int(np.count_nonzero(population)) / max(int(np.count_nonzero(cells)), 1)
    short = name if len(name) <= NAME_LETTERS else name[: NAME_LETTERS - 1] + "…"
    with stage((1.7, 1.7), (Place((0.32, 0.23, 0.64, 0.63), *axes, small=True),)) as drawn:
        (plot,) = drawn.plots
        masks = spread_over(cells, DRAWN_EVENTS), spread_over(population, DRAWN_EVENTS)
        dots_over(plot, axes, _drawn(forward, side), masks)
        panel_note(plot, f"{short}: {share:.1f} %", BACKGATED)
        return drawn.png()


def control_plot(
    axes: tuple[PlotAxis, PlotAxis],
    curves: tuple[Sequence[Curve], Sequence[Curve]],
    lines: tuple[Sequence[Line], Sequence[Line]],
    title: str,
    note: str,
) -> bytes:
    """Draw the controls of a batch over each other, per axis, with the border that is used and its rivals."""
    figure = Figure(figsize=(6.2, 3.3), dpi=DPI)
    places = {curve.name: curve.colour for side in curves for curve in side}
    names = list(places)
    colours = {name: CONTROL_COLOURS[place % len(CONTROL_COLOURS)] for name, place in places.items()}
    for column, (axis, shown, borders) in enumerate(zip(axes, curves, lines, strict=True)):
        plot = figure.add_axes((0.035 + 0.49 * column, 0.26, 0.455, 0.59))
        for curve in shown:
            outline(plot, axis, curve, colours[curve.name])
        draw_borders(plot, axis, borders)
        frame(plot, (axis, None))
    for index, name in enumerate(names):
        figure.text(
            0.04 + 0.245 * (index % 4),
            0.075 - 0.05 * (index // 4),
            f"— {name}",
            color=colours[name],
            fontsize=7.5,
        )
    heading(figure, title, note)
    return png(figure)
