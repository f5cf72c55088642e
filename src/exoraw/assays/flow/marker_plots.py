"""The pictures of marker panels: controls over each other, a tube over its control, CD44 against CD24."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from exoraw.assays.flow.plot_axis import PlotAxis
from exoraw.assays.flow.plot_parts import (
    CONTROL_COLOURS,
    Curve,
    Line,
    draw_borders,
    heading,
    outline,
)
from exoraw.assays.flow.plot_stage import Place, stage

PANEL_WIDTH, PANEL_HEIGHT = 3.1, 2.15  # inches
LEGEND_LINE = 0.16
TOP = 0.52
TITLE_DOWN, NOTE_DOWN = 0.14, 0.32  # inches below the upper edge
PANELS_A_ROW = 3
NAME_LETTERS = 44


@dataclass(frozen=True)
class Panel:
    """One axis of an overlay: outlines and borders."""

    axis: PlotAxis
    curves: tuple[Curve, ...]
    lines: tuple[Line, ...]


def overlay_plot(panels: Sequence[Panel], title: str, note: str) -> bytes:
    """Draw outlines over each other, one panel per marker, the names of the curves below.

    Parameters
    ----------
    panels : at least one; curves of one name have one colour
    title, note : heading and the line below it

    Returns
    -------
    PNG, 8-bit palette
    """
    across = min(len(panels), PANELS_A_ROW)
    down = -(-len(panels) // PANELS_A_ROW)
    names = {curve.name: curve.colour for panel in panels for curve in panel.curves}
    width = max(PANEL_WIDTH * across, 3.4)
    columns = max(int(width // 3.1), 1)
    legend = LEGEND_LINE * -(-len(names) // columns) + 0.08
    height = TOP + PANEL_HEIGHT * down + legend
    places = tuple(_place(panel, at, down, (width, height), legend) for at, panel in enumerate(panels))
    with stage((width, height), places) as drawn:
        for plot, panel in zip(drawn.plots, panels, strict=True):
            for curve in panel.curves:
                outline(plot, panel.axis, curve, CONTROL_COLOURS[curve.colour % len(CONTROL_COLOURS)])
            draw_borders(plot, panel.axis, panel.lines)
        _name_curves(drawn.figure, names, columns, legend)
        heading(drawn.figure, title, note, (1 - TITLE_DOWN / height, 1 - NOTE_DOWN / height))
        return drawn.png()


def _place(panel: Panel, at: int, down: int, size: tuple[float, float], legend: float) -> Place:
    """Where the panel stands, row by row from the upper left."""
    width, height = size
    row, column = divmod(at, PANELS_A_ROW)
    left = (column * PANEL_WIDTH + 0.12) / width
    bottom = (legend + (down - 1 - row) * PANEL_HEIGHT + 0.48) / height
    rect = (left, bottom, (PANEL_WIDTH - 0.24) / width, (PANEL_HEIGHT - 0.55) / height)
    return Place(rect, panel.axis, None)


def _name_curves(figure: Figure, names: Mapping[str, int], columns: int, legend: float) -> None:
    for place, (name, colour) in enumerate(names.items()):
        row, column = divmod(place, columns)
        short = name if len(name) <= NAME_LETTERS else name[: NAME_LETTERS - 1] + "…"
        figure.text(
            0.04 + column / columns, (legend - 0.1 - LEGEND_LINE * row) / figure.get_figheight(),
            f"— {short}", color=CONTROL_COLOURS[colour % len(CONTROL_COLOURS)], fontsize=7.5, va="center",
            parse_math=False,
        )  # fmt: skip
