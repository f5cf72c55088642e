"""A page of a journal's column width with axes on it; everything beside the axes is placed in points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from exoraw.figures import look, words
from exoraw.figures.look import Column
from exoraw.figures.scale import Scale

EDGE = 3.0  # pt kept free along the page's edges
TICK_GAP = 5.0  # pt from the axis line to a tick's label
LABEL_GAP = 4.0  # pt from tick labels to the axis' label
NOTE_GAP = 7.0  # pt above the lines below a figure
AXIS_DEPTH = TICK_GAP + look.line_height() + 1.0  # pt under a horizontal axis, down to its label
BASELINE = 0.8  # of a type's size: how far its baseline lies under the top of its line
COLUMNS: tuple[Column, ...] = ("single", "one_and_half", "double")


class FigureError(ValueError):
    """What was asked cannot be drawn; the text says what to change."""


@dataclass(frozen=True)
class Margins:
    """Pt of paper around the axes."""

    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Plot:
    """Axes of `width` by `height` pt on a page; the x data of the axes are pt too unless set otherwise."""

    figure: Figure
    axes: Axes
    width: float
    height: float
    margins: Margins

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the figure coordinates of a place given in pt from the lower left corner of the axes."""
        page = self.figure.get_size_inches() * 72
        return (self.margins.left + x) / page[0], (self.margins.bottom + y) / page[1]

    def write(self, x: float, y: float, text: str, *, size: float = look.SMALL, **how: Any) -> None:
        """Write one line with its baseline at `y`, centred on `x` unless told otherwise."""
        how = {"ha": "center", "va": "baseline", "color": look.INK, **how}
        self.figure.text(*self.at(x, y), text, fontsize=size, **how)

    def line(self, xs: Sequence[float], ys: Sequence[float], **how: Any) -> None:
        """Draw a line through places given in pt, also outside the axes."""
        places = [self.at(x, y) for x, y in zip(xs, ys, strict=True)]
        how = {"color": look.INK, "linewidth": look.AXIS_LINE, "solid_capstyle": "butt", **how}
        line = Line2D(*zip(*places, strict=True), transform=self.figure.transFigure, **how)
        self.figure.add_artist(line)


def column_width(column: Column) -> float:
    """Return the width (pt) of a page."""
    return look.COLUMN_MM[column] * look.MM


def narrowest_column(needed: float, wanted: Column) -> Column | None:
    """Return the narrowest page, `wanted` or wider, that is `needed` pt wide; None where none is."""
    for column in COLUMNS[COLUMNS.index(wanted) :]:
        if column_width(column) >= needed:
            return column
    return None


def plot_on_page(width: float, height: float, margins: Margins, page_width: float | None = None) -> Plot:
    """Return empty axes of `width` by `height` pt; the page is as large as they and their margins.

    Parameters
    ----------
    page_width : pt, where the page is wider than that
    """
    page = (page_width or margins.left + width + margins.right, margins.top + height + margins.bottom)
    figure = Figure(figsize=(page[0] / 72, page[1] / 72))
    FigureCanvasAgg(figure)
    axes = figure.add_axes(
        (margins.left / page[0], margins.bottom / page[1], width / page[0], height / page[1])
    )
    axes.set_xlim(0, width)
    return Plot(figure, axes, width, height, margins)


def value_axis(plot: Plot, scale: Scale, label: Sequence[str]) -> None:
    """Draw a vertical value axis; where the plot is higher than the scale, the axis ends with the scale."""
    axes = plot.axes
    axes.set_yscale("log" if scale.log else "linear")
    axes.set_ylim(scale.low, scale.value(plot.height))
    set_ticks(axes.yaxis, scale)
    axes.spines["left"].set_bounds(scale.low, scale.high)
    x = -tick_room(scale) - LABEL_GAP
    for i, line in enumerate(reversed(label)):
        plot.write(
            x - i * look.line_height(look.LABEL), scale.length / 2, line, size=look.LABEL, rotation=90,
            ha="right", va="center", rotation_mode="default",
        )  # fmt: skip


def horizontal_axis(plot: Plot, scale: Scale, label: Sequence[str]) -> None:
    """Draw a value or time axis below a plot whose x data are pt along that scale."""
    axis = plot.axes.xaxis
    axis.set_major_locator(FixedLocator(scale.points(scale.ticks).tolist()))
    axis.set_major_formatter(FixedFormatter(scale.labels))
    axis.set_minor_locator(FixedLocator(scale.points(scale.minor).tolist()) if scale.minor else NullLocator())
    axis.set_tick_params(pad=TICK_GAP - 3.0)
    for i, line in enumerate(label):
        y = -AXIS_DEPTH - (i + BASELINE) * look.line_height(look.LABEL)
        plot.write(scale.length / 2, y, line, size=look.LABEL)


def horizontal_room(label: Sequence[str]) -> float:
    """Return the pt below a plot that a horizontal axis with its label needs."""
    return AXIS_DEPTH + len(label) * look.line_height(look.LABEL)


def set_ticks(axis: Any, scale: Scale) -> None:
    """Give a matplotlib axis the ticks and labels of a scale."""
    axis.set_major_locator(FixedLocator(scale.ticks))
    axis.set_major_formatter(FixedFormatter(scale.labels))
    axis.set_minor_locator(FixedLocator(scale.minor) if scale.minor else NullLocator())
    axis.set_minor_formatter(FixedFormatter([""] * len(scale.minor)))
    axis.set_tick_params(pad=TICK_GAP - 3.0)


def tick_room(scale: Scale) -> float:
    """Return the pt left of a vertical axis line that tick labels take."""
    return TICK_GAP + max((look.text_width(text) for text in scale.labels), default=0.0)


def value_label(label: str, unit: str, exponent: int, length: float) -> list[str]:
    """Return the lines of an axis label beside an axis of `length` pt."""
    return words.wrap(words.with_unit(label, unit, exponent), length, look.LABEL, most=3)


def left_room(scale: Scale, label: Sequence[str]) -> float:
    """Return the left margin (pt) that a value axis with its label needs."""
    return EDGE + len(label) * look.line_height(look.LABEL) + LABEL_GAP + tick_room(scale)


def note_lines(notes: Sequence[str], width: float) -> list[str]:
    """Return the lines of the notes below a figure, `width` pt wide."""
    return [
        line for note in notes if note for line in words.wrap(words.one_line(note, words.LONGEST_NOTE), width)
    ]


def notes_room(lines: Sequence[str]) -> float:
    """Return the pt that notes need below everything else."""
    return NOTE_GAP + len(lines) * look.line_height() if lines else 0.0


def write_notes(plot: Plot, lines: Sequence[str]) -> None:
    """Write the notes along the page's lower edge."""
    x = EDGE - plot.margins.left
    for i, line in enumerate(lines):
        above = len(lines) - 1 - i
        y = EDGE + (1 - BASELINE + above) * look.line_height() - plot.margins.bottom
        plot.write(x, y, line, ha="left", color=look.MUTED)
