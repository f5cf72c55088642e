"""Two measures of the same units: every unit a point, the line of least squares, the correlation in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from exoraw.figures import look, page
from exoraw.figures.asked import Axis
from exoraw.figures.look import Column
from exoraw.figures.page import FigureError
from exoraw.figures.scale import Scale, linear_scale

HEIGHT: dict[Column, float] = {"single": 130.0, "one_and_half": 160.0, "double": 200.0}  # pt
RIGHT, ABOVE = 8.0, 6.0  # pt beside and above the plot
LEAST_FOR_LINE = 3
POINT = 16.0  # pt^2


@dataclass(frozen=True)
class ScatterStyle:
    """How a scatter plot is drawn.

    Parameters
    ----------
    column : width of the page
    line : draw the line of least squares of y on x; a rank correlation has none
    replicate : what one point is
    notes : further lines below the figure: the test and its p
    """

    column: Column = "single"
    line: bool = True
    replicate: str = ""
    notes: Sequence[str] = ()


def scatter(
    x: ArrayLike, y: ArrayLike, x_axis: Axis, y_axis: Axis, style: ScatterStyle | None = None
) -> Figure:
    """Draw two measures of the same units.

    Parameters
    ----------
    x, y : (n,) one value per unit; a unit that misses one is not drawn

    Raises
    ------
    FigureError : lengths differ, or no unit has both
    """
    style = style or ScatterStyle()
    first, second = (np.asarray(values, dtype=np.float64).ravel() for values in (x, y))
    if first.size != second.size:
        raise FigureError(
            f"{first.size} values on one axis and {second.size} on the other; they belong in pairs"
        )
    both = np.isfinite(first) & np.isfinite(second)
    if not both.any():
        raise FigureError("no unit has a finite value of both measures, so there is nothing to draw")
    with look.house_style():
        return _page(first[both], second[both], (x_axis, y_axis), style)


def _page(x: np.ndarray, y: np.ndarray, axes: tuple[Axis, Axis], style: ScatterStyle) -> Figure:
    page_width, height = page.column_width(style.column), HEIGHT[style.column]
    up = linear_scale(y, height, from_zero=axes[1].from_zero)
    label = page.value_label(axes[1].label, axes[1].unit, up.exponent, height)
    left = page.left_room(up, label)
    width = page_width - left - RIGHT
    along = linear_scale(x, width, from_zero=axes[0].from_zero)
    x_label = page.value_label(axes[0].label, axes[0].unit, along.exponent, width)
    notes = page.note_lines(_notes(x, style), page_width - 2 * page.EDGE)
    bottom = page.horizontal_room(x_label) + page.notes_room(notes) + page.EDGE
    plot = page.plot_on_page(width, height, page.Margins(left, RIGHT, ABOVE, bottom), page_width)
    page.value_axis(plot, up, label)
    page.horizontal_axis(plot, along, x_label)
    places = along.points(x)
    if style.line and x.size >= LEAST_FOR_LINE and np.ptp(x) > 0:
        _draw_line(plot, x, y, along)
    plot.axes.scatter(
        places, y, s=POINT, color=look.colour(1), edgecolors=look.INK, linewidths=0.5, zorder=4, clip_on=False
    )
    page.write_notes(plot, notes)
    return plot.figure


def _draw_line(plot: page.Plot, x: np.ndarray, y: np.ndarray, along: Scale) -> None:
    """Draw the line of least squares over the measured range, never beyond it."""
    slope, intercept = np.polynomial.Polynomial.fit(x, y, 1).convert().coef[::-1]
    ends = np.array([x.min(), x.max()])
    plot.axes.plot(
        along.points(ends), intercept + slope * ends, color=look.MUTED, linewidth=0.9, zorder=3, gid="line"
    )


def _notes(x: np.ndarray, style: ScatterStyle) -> list[str]:
    unit = f"each point is one {style.replicate}, " if style.replicate else ""
    line = "; line: least squares" if style.line and x.size >= LEAST_FOR_LINE else ""
    said = f"{unit}n = {x.size}{line}."
    return [said[:1].upper() + said[1:], *style.notes]
