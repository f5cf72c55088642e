"""Counts of groups as stacked shares: how many units of each group are responders, high, tumour-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from exoraw.figures import look, page, words
from exoraw.figures.legend import Key, arrange_legend, write_legend
from exoraw.figures.look import Column
from exoraw.figures.page import FigureError, Plot
from exoraw.figures.scale import Scale
from exoraw.figures.under import Place, Under, arrange_under, left_margin, write_under

HEIGHT = 112.0  # pt
RIGHT, ABOVE = 6.0, 4.0  # pt
WIDEST_SLOT, BAR_SHARE = 46.0, 0.68
FILL = 0.45  # of a colour's strength inside a bar
LEAST_WRITTEN = 8.5  # pt; a thinner part has no room for its count


@dataclass(frozen=True)
class SharesStyle:
    """How shares are drawn.

    Parameters
    ----------
    replicate : what is counted ("patient"), for the axis
    column : width of the page
    notes : lines below the figure
    """

    replicate: str = ""
    column: Column = "single"
    notes: Sequence[str] = ()


def shares_of_groups(
    groups: Sequence[str], parts: Sequence[str], counts: ArrayLike, style: SharesStyle | None = None
) -> Figure:
    """Draw what share of every group's units has which outcome, each part with its count.

    Parameters
    ----------
    groups : names of the bars
    parts : names of the outcomes, the first at the bottom
    counts : (groups, parts) units, whole numbers >= 0
    style : a single column if not given

    Raises
    ------
    FigureError : no group, counts of another shape or below 0, a group without any unit
    """
    style = style or SharesStyle()
    table = _checked(groups, parts, counts)
    with look.house_style():
        return _page(groups, parts, table, style)


def _checked(groups: Sequence[str], parts: Sequence[str], counts: ArrayLike) -> NDArray[np.float64]:
    table = np.asarray(counts, dtype=np.float64)
    if not groups or table.shape != (len(groups), len(parts)):
        raise FigureError(f"{len(groups)} groups and {len(parts)} parts, but counts of shape {table.shape}")
    if not np.all(np.isfinite(table)) or np.any(table < 0):
        raise FigureError("counts must be 0 or more")
    empty = [name for name, row in zip(groups, table, strict=True) if row.sum() == 0]
    if empty:
        raise FigureError(f"{words.listed(empty)} holds no unit; leave the group out")
    return table


def _page(
    groups: Sequence[str], parts: Sequence[str], table: NDArray[np.float64], style: SharesStyle
) -> Figure:
    page_width = page.column_width(style.column)
    axis = Scale(0.0, 1.0, HEIGHT, False, (0, 0.25, 0.5, 0.75, 1.0), ("0", "25", "50", "75", "100"))
    what = f"Share of {words.one_line(style.replicate)}s" if style.replicate else "Share of units"
    label = page.value_label(what, "%", 0, HEIGHT)
    room = page.left_room(axis, label)
    under, slot = _under(groups, table, page_width - room - RIGHT)
    left = left_margin(under, room)
    legend = arrange_legend(
        [Key(name, look.colour(i), fill=look.tint(look.colour(i), FILL), hatch=_hatch(i))
         for i, name in reversed(list(enumerate(map(words.one_line, parts))))],
        page_width - 2 * page.EDGE,
    )  # fmt: skip
    notes = page.note_lines(style.notes, page_width - 2 * page.EDGE)
    bottom = under.depth + page.notes_room(notes) + page.EDGE
    width = min(slot * len(groups), page_width - left - RIGHT)
    margins = page.Margins(left, RIGHT, legend.room + ABOVE, bottom)
    plot = page.plot_on_page(width, HEIGHT, margins, page_width)
    page.value_axis(plot, axis, label)
    plot.axes.xaxis.set_visible(False)
    for i, row in enumerate(table):
        _draw_bar(plot, (i + 0.5) * slot, slot * BAR_SHARE, row)
    write_under(plot, under)
    write_legend(plot, legend, page.EDGE - left, HEIGHT + legend.room)
    page.write_notes(plot, notes)
    return plot.figure


def _under(groups: Sequence[str], table: NDArray[np.float64], width: float) -> tuple[Under, float]:
    slot = min(WIDEST_SLOT, width / len(groups))
    places = [
        Place((i + 0.5) * slot, slot, words.one_line(name), int(row.sum()))
        for i, (name, row) in enumerate(zip(groups, table, strict=True))
    ]
    return arrange_under(places, places), slot


def _hatch(i: int) -> str:
    return look.HATCHES[i % len(look.HATCHES)]


def _draw_bar(plot: Plot, middle: float, width: float, row: NDArray[np.float64]) -> None:
    base = 0.0
    for i, count in enumerate(row):
        share = float(count / row.sum())
        if share:
            plot.axes.add_patch(Rectangle(
                (middle - width / 2, base), width, share, facecolor=look.tint(look.colour(i), FILL),
                edgecolor=look.colour(i), hatch=_hatch(i) or None, linewidth=0.8, zorder=2, label="part",
            ))  # fmt: skip
            if share * HEIGHT >= LEAST_WRITTEN:
                _write_count(plot, middle, (base + share / 2) * HEIGHT, int(count))
        base += share


def _write_count(plot: Plot, x: float, y: float, count: int) -> None:
    """Write a count on its part; paper behind it keeps it readable on a hatch."""
    paper = {"facecolor": look.PAPER, "edgecolor": "none", "pad": 1.0, "alpha": 0.85}
    plot.write(x, y, str(count), va="center_baseline", bbox=paper, label="count")
