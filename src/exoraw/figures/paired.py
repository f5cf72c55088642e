"""Pairs before and after: one line per subject, animal or membrane, whose ends belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from exoraw.figures import look, page, scale, words
from exoraw.figures.asked import Axis, Bracket
from exoraw.figures.brackets import Mark, arrange_marks, draw_marks, top_of
from exoraw.figures.legend import Key, arrange_legend, write_legend
from exoraw.figures.look import Column
from exoraw.figures.packing import Box
from exoraw.figures.page import FigureError, Plot
from exoraw.figures.scale import Scale
from exoraw.figures.spread import ErrorBar, Spread, error_words, few_words, mean_and_error
from exoraw.figures.under import Place, arrange_under, left_margin, write_under

FloatArray = NDArray[np.float64]
WIDEST = 74.0  # pt per condition
NARROWEST = 24.0
HEIGHT = 118.0  # pt
RIGHT, ABOVE = 8.0, 5.0  # pt beside and above the plot
ASIDE = 7.0  # pt from the points to the mean beside them
CAP = 2.6  # pt, half width of an error bar's ends
OPEN_DASH = (0, (2.5, 1.6))


@dataclass(frozen=True)
class PairedStyle:
    """How pairs are drawn.

    Parameters
    ----------
    error : SD of the units, or SEM
    column : narrowest width of the page; a wider one is taken where the conditions need it
    replicate : what one line is ("patient", "membrane")
    notes : further lines below the figure
    """

    error: ErrorBar = "SD"
    column: Column = "single"
    replicate: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Values (units, conditions) that can be drawn, NaN elsewhere; which units have them all."""

    values: FloatArray
    complete: NDArray[np.bool_]
    spreads: tuple[Spread, ...]
    missing: int


def paired_lines(
    conditions: Sequence[str],
    values: ArrayLike,
    axis: Axis,
    brackets: Sequence[Bracket] = (),
    style: PairedStyle | None = None,
) -> Figure:
    """Draw one line per unit over two or more conditions, with mean and error bar beside the points.

    Parameters
    ----------
    conditions : (c,) names in drawing order, two or more
    values : (units, c), NaN where a unit lacks a condition. Such a unit is drawn open and dashed, and is
        outside mean, error bar and n, as a paired test leaves it out
    axis : the value axis
    brackets : what the paired tests say, by places in `conditions`

    Raises
    ------
    FigureError : fewer than two conditions, a table of another width, nothing finite, a bracket to nowhere
    """
    style = style or PairedStyle()
    names = [words.one_line(name) for name in conditions]
    pairs = _pairs(names, values, axis, brackets, style)
    with look.house_style():
        column = _column(len(names), style.column)
        every = [end for one in pairs.spreads for end in (one.centre, one.low, one.high)]
        reach = [*pairs.values[np.isfinite(pairs.values)], *every]
        ends = (
            scale.log_scale(reach, HEIGHT)
            if axis.log
            else scale.linear_scale(reach, HEIGHT, from_zero=axis.from_zero)
        )
        return _page(names, pairs, ends, axis, brackets, style, page.column_width(column))


def _pairs(
    names: Sequence[str], values: ArrayLike, axis: Axis, brackets: Sequence[Bracket], style: PairedStyle
) -> _Pairs:
    table = np.array(values, dtype=np.float64)
    if len(names) < 2 or table.ndim != 2 or table.shape[1] != len(names):
        raise FigureError(
            f"paired lines need two or more conditions and one column of values for each; found {len(names)} "
            f"conditions and a table of shape {table.shape}"
        )
    for bracket in brackets:
        if not (0 <= bracket.left < len(names) and 0 <= bracket.right < len(names)):
            raise FigureError(f"a bracket goes to condition {bracket.right}, but there are {len(names)}")
    drawable = np.isfinite(table) & (table > (0.0 if axis.log else -np.inf))
    if not drawable.any():
        raise FigureError("no unit has a value that this axis can show, so there is nothing to draw")
    table[~drawable] = np.nan
    complete = drawable.all(axis=1)
    spreads = [mean_and_error(table[complete, j], style.error, log=axis.log) for j in range(len(names))]
    return _Pairs(table, np.asarray(complete), tuple(spreads), int((~drawable).sum()))


def _column(conditions: int, wanted: Column) -> Column:
    column = page.narrowest_column(conditions * NARROWEST + 50.0, wanted)
    if column is None:
        raise FigureError(f"{conditions} conditions do not fit beside each other; draw fewer")
    return column


def _page(
    names: Sequence[str],
    pairs: _Pairs,
    ends: Scale,
    axis: Axis,
    brackets: Sequence[Bracket],
    style: PairedStyle,
    page_width: float,
) -> Figure:
    label = page.value_label(axis.label, axis.unit, ends.exponent, ends.length)
    left = page.left_room(ends, label)
    for _ in range(2):  # tilted names move the axis to the right
        slot = min(WIDEST, (page_width - left - RIGHT) / len(names))
        middles = [(i + 0.5) * slot for i in range(len(names))]
        places = [
            Place(x, slot, name, one.n) for x, name, one in zip(middles, names, pairs.spreads, strict=True)
        ]
        under = arrange_under(places, places)
        left = left_margin(under, page.left_room(ends, label))
    marks = _marks(middles, pairs, ends, brackets, slot * len(names))
    legend = arrange_legend(_keys(pairs), page_width - left - RIGHT)
    notes = page.note_lines(_notes(pairs, axis, style), page_width - 2 * page.EDGE)
    height = max(ends.length, top_of(marks))
    bottom = under.depth + page.notes_room(notes) + page.EDGE
    margins = page.Margins(left, RIGHT, legend.room + ABOVE, bottom)
    width = min(slot * len(names), page_width - left - RIGHT)
    plot = page.plot_on_page(width, height, margins, page_width)
    page.value_axis(plot, ends, label)
    plot.axes.set_xticks([])
    write_under(plot, under)
    _draw(plot, middles, pairs)
    draw_marks(plot, marks)
    write_legend(plot, legend, 0.0, height + legend.room)
    page.write_notes(plot, notes)
    return plot.figure


def _aside(i: int, count: int) -> float:
    """Return where a mean stands: left of the first condition's points, else right of them."""
    return -ASIDE if i == 0 and count > 1 else ASIDE


def _draw(plot: Plot, middles: Sequence[float], pairs: _Pairs) -> None:
    for row, complete in zip(pairs.values, pairs.complete, strict=True):
        there = np.isfinite(row)
        xs = np.array(middles)[there]
        plot.axes.plot(
            xs, row[there], color=look.tint(look.COLOURS[0], 0.75), linewidth=0.7 if complete else 0.6,
            linestyle="-" if complete else OPEN_DASH, zorder=3, label="pair" if complete else "open pair",
            marker="o", markersize=look.POINT, markerfacecolor=look.COLOURS[1] if complete else look.PAPER,
            markeredgecolor=look.PAPER if complete else look.COLOURS[1],
            markeredgewidth=0.35 if complete else 0.8, clip_on=False,
        )  # fmt: skip
    for i, (middle, one) in enumerate(zip(middles, pairs.spreads, strict=True)):
        x = middle + _aside(i, len(middles))
        if one.n:
            plot.axes.plot([x - CAP - 1, x + CAP + 1], [one.centre] * 2, color=look.INK, linewidth=1.4,
                           zorder=6, solid_capstyle="butt", label="centre")  # fmt: skip
        if np.isfinite(one.low):
            _draw_error(plot, x, one)


def _draw_error(plot: Plot, x: float, one: Spread) -> None:
    pieces = [("error", [x, x], [one.low, one.high])]
    pieces += [("cap", [x - CAP, x + CAP], [end, end]) for end in (one.low, one.high)]
    for gid, xs, ys in pieces:
        plot.axes.plot(xs, ys, color=look.INK, linewidth=0.8, zorder=6, solid_capstyle="butt", label=gid)


def _marks(
    middles: Sequence[float], pairs: _Pairs, ends: Scale, brackets: Sequence[Bracket], width: float
) -> list[Mark]:
    """Place brackets above all points and above the lines that pass below them."""
    tops = np.fmax.reduce(ends.points(pairs.values), axis=0)
    means = np.array([ends.points(np.nan if np.isnan(o.high) else o.high) for o in pairs.spreads])
    highest = np.fmax(np.fmax(tops, means), 0.0)
    radius = look.POINT / 2
    obstacles = []
    for i, x in enumerate(middles):
        obstacles.append(
            Box(x - ASIDE - CAP - 1, x + ASIDE + CAP + 1, 0.0, float(np.nan_to_num(highest[i])) + radius)
        )
        if i + 1 < len(middles):  # a line between two conditions is never higher than its higher end
            obstacles.append(
                Box(x, middles[i + 1], 0.0, float(np.nan_to_num(np.fmax(highest[i], highest[i + 1]))))
            )
    wanted = [(middles[b.left], middles[b.right], b.text) for b in brackets]
    return arrange_marks(wanted, obstacles, (0.0, width))


def _keys(pairs: _Pairs) -> list[Key]:
    if pairs.complete.all():
        return []
    text = "incomplete: not in n, mean and error bar"
    return [Key(text, look.COLOURS[1], marker="o", hollow=True, dash=OPEN_DASH)]


def _notes(pairs: _Pairs, axis: Axis, style: PairedStyle) -> list[str]:
    unit = words.one_line(style.replicate) if style.replicate else "unit"
    notes = [f"Each line is one {unit}; beside the points {error_words(style.error, log=axis.log)}."]
    notes += few_words(pairs.spreads)
    open_units = int((~pairs.complete).sum())
    if open_units:
        text = f"Open and dashed: {open_units} of {pairs.complete.size}, without a value in every condition."
        notes.append(text)
    return [*notes, *style.notes]
