"""Compared groups as papers draw them: bars or boxes, every unit of replication as a point, n, stars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from exoraw.figures import bars, look, page, spread, words
from exoraw.figures.arranging import RIGHT, Drawn, Layout, arranged, prepared
from exoraw.figures.asked import Axis, Bracket, GroupStyle, GroupValues
from exoraw.figures.bars import Slot
from exoraw.figures.brackets import draw_marks, top_of
from exoraw.figures.legend import write_legend
from exoraw.figures.page import FigureError, Plot
from exoraw.figures.scale import Scale
from exoraw.figures.under import write_under

__all__ = ["Axis", "Bracket", "FigureError", "GroupStyle", "GroupValues", "compared_groups"]
ABOVE = 5.0  # pt above a plot


def compared_groups(
    groups: Sequence[GroupValues],
    brackets: Sequence[Bracket],
    axis: Axis,
    style: GroupStyle | None = None,
) -> Figure:
    """Draw groups beside each other with every unit, n, the mean and its error bar, and what tests say.

    Parameters
    ----------
    groups : in drawing order; groups of one label form a cluster where there is a second factor
    brackets : what tests say, by places in `groups`; placed so that they collide with nothing
    axis : the value axis
    style : bars with SD on a single column if not given

    Returns
    -------
    figure of one of the three column widths, as high as it needs

    Raises
    ------
    FigureError : no group or no finite value, two groups of one name, a bracket to a group that does not
        exist, more groups than a page holds
    """
    style = _checked_style(style or GroupStyle(), axis)
    _check(groups, brackets)
    with look.house_style():
        drawn = prepared(groups, axis, style)
        layout = arranged(drawn, brackets, axis, style)
        return _draw(drawn, layout, axis, style)


def _checked_style(style: GroupStyle, axis: Axis) -> GroupStyle:
    """Turn bars into lines of the mean where their length would say nothing."""
    if style.kind == "bar" and (axis.log or not axis.from_zero):
        return replace(style, kind="points")
    return style


def _check(groups: Sequence[GroupValues], brackets: Sequence[Bracket]) -> None:
    seen: set[tuple[str, str]] = set()
    for group in groups:
        name = (words.one_line(group.label), group.second_level)
        if name in seen:
            raise FigureError(
                f"two groups are called {' / '.join(part for part in name if part)!r}; give each group "
                "its own name, or name a second factor's levels in second_level"
            )
        seen.add(name)
    for bracket in brackets:
        if not (0 <= bracket.left < len(groups) and 0 <= bracket.right < len(groups)):
            raise FigureError(
                f"a bracket goes from group {bracket.left} to {bracket.right}, but there are "
                f"{len(groups)} groups, numbered from 0"
            )
    if not any(np.isfinite(values).any() for group in groups for values in (group.kept, group.left_out)):
        raise FigureError("no group has a finite value, so there is nothing to draw")


def _draw(drawn: Sequence[Drawn], layout: Layout, axis: Axis, style: GroupStyle) -> Figure:
    height = max(layout.scale.length, top_of(layout.marks))
    bottom = layout.under.depth + page.notes_room(layout.notes) + page.EDGE
    margins = page.Margins(layout.left, RIGHT, layout.legend.room + ABOVE, bottom)
    plot = page.plot_on_page(layout.width, height, margins, layout.page_width)
    page.value_axis(
        plot,
        layout.scale,
        page.value_label(axis.label, axis.unit, layout.scale.exponent, layout.scale.length),
    )
    _group_axis(plot, layout)
    for one, slot in zip(drawn, layout.slots, strict=True):
        _draw_group(plot, one, slot, layout.scale, style)
    draw_marks(plot, layout.marks)
    write_legend(plot, layout.legend, 0.0, height + layout.legend.room)
    page.write_notes(plot, layout.notes)
    return plot.figure


def _group_axis(plot: Plot, layout: Layout) -> None:
    plot.axes.set_xticks([])
    if layout.scale.low < 0 <= layout.scale.high:
        plot.axes.axhline(0, color=look.INK, linewidth=look.AXIS_LINE, zorder=3)
        plot.axes.spines["bottom"].set_visible(False)
    write_under(plot, layout.under)


def _draw_group(plot: Plot, one: Drawn, slot: Slot, values: Scale, style: GroupStyle) -> None:
    axes = plot.axes
    if style.kind == "box":
        if one.kept.size >= spread.LEAST_FOR_BOX:
            bars.draw_box(axes, slot, spread.quartiles(one.kept), one.how)
        elif one.kept.size:
            bars.draw_centre(axes, slot, float(np.median(one.kept)))
    elif style.kind == "bar":
        bars.draw_bar(axes, slot, one.spread, one.how)
    else:
        bars.draw_centre(axes, slot, one.spread.centre)
    bars.draw_units(axes, slot, values, one.kept, one.left_out, one.how)
    if style.kind != "box":
        bars.draw_error(axes, slot, one.spread)
