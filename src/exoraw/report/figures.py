"""Figures of group results: tables in, matplotlib Figures out, nothing of pyplot and nothing of a study."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from exoraw.report import layout, style, words
from exoraw.report.groups import ALL_SAMPLES, group_summary
from exoraw.report.layout import Places, Slot
from exoraw.report.pen import Pen

SPREAD = 0.30  # half width over which the replicates of a group lie side by side, in slots
CLOSEST = 0.13  # distance of two neighbouring replicates where there is room, in slots
SMALLEST_WRITTEN_SHARE = 0.07  # of the axis; a thinner part of a bar has no room for its number
LYING_INCH = 3.6  # width of the plot where groups lie below each other
LEFT_INCH = 0.56  # tick labels of an upright plot; its axis label comes on top, line by line
NEAR_ZERO = 0.5  # values of one sign that reach below this share of the largest are drawn from 0
NEAR_CEILING = 0.75  # a figure that reaches this share of what is possible shows the rest too
AXIS_CHARACTERS = int(layout.PLOT_INCH / style.CHARACTER_INCH)
NARROWEST_PLOT = 2.4  # inches
KEY_INCH, BARE_INCH = 0.32, 0.1  # above a plot with, and without, a key of marks
RIGHT_INCH = 0.12  # right of an upright plot
LYING_RIGHT_INCH, LYING_BELOW_INCH = 0.6, 0.55  # n per group; ticks and axis label
LEGEND_COLUMNS, LEGEND_ROW_INCH, LONGEST_PART = 2, 0.19, 30


@dataclass(frozen=True)
class Scale:
    """What the value axis says: label, unit, whether it starts at 0, where it may end at most."""

    label: str
    unit: str = ""
    from_zero: bool = False
    ceiling: float | None = None


def group_points(points: pd.DataFrame, factors: Sequence[str], scale: Scale) -> Figure:
    """Draw every biological replicate as a point, with the mean and SD of its group.

    Parameters
    ----------
    points : one row per biological replicate: the factors (ordered categories), replicate, value,
        excluded (drawn hollow, outside mean and n), qc ("error" is drawn as a triangle)
    factors : sheet columns on the group axis
    scale : the value axis

    Raises
    ------
    ValueError : where no replicate has a finite value
    """
    finite = points[np.isfinite(points["value"])]
    if finite.empty:
        raise ValueError("no replicate has a finite value, so there is nothing to draw")
    summary = group_summary(points, factors)
    places = layout.arrange(summary, factors)
    exponent = shared_exponent(finite["value"])
    factor = 10.0**-exponent
    with style.house_style():
        marks = _marks(finite)
        pen = _canvas(places, _axis_label(scale, exponent), KEY_INCH if marks else BARE_INCH)
        reach = [0.0] if scale.from_zero else []
        for slot in places.slots:
            own = finite[_is_group(finite, factors, slot)]
            reach += _draw_group(pen, slot, own.assign(value=own["value"] * factor))
        _limit(pen, reach, scale, factor)
        _key(pen.axes, marks)
    return pen.figure


def stacked_shares(parts: Mapping[str, pd.DataFrame], factors: Sequence[str], scale: Scale) -> Figure:
    """Draw the mean share of every part per group, stacked.

    Parameters
    ----------
    parts : name of a part -> its `group_summary` (factors, mean, sd, n), in drawing order
    factors : sheet columns on the group axis
    scale : the value axis; parts are drawn as they are, never stretched to a full sum. The n below a
        group is the smallest of its parts
    """
    groups = _groups_of(parts, factors)
    places = layout.arrange(groups, factors)
    full = scale.ceiling or 1.0
    tops = [full]
    with style.house_style():
        pen = _canvas(places, _axis_label(scale, 0), _legend_inch(len(parts)))
        for slot in places.slots:
            shares = [_mean_of(summary, factors, slot) for summary in parts.values()]
            _draw_stack(pen, slot.place, shares, full)
            tops.append(float(np.nansum(shares)))
        pen.limit(0, max(tops))
        _part_legend(pen.axes, list(parts))
    return pen.figure


def _groups_of(parts: Mapping[str, pd.DataFrame], factors: Sequence[str]) -> pd.DataFrame:
    by = list(factors) or [ALL_SAMPLES]
    every = pd.concat(list(parts.values()))
    return every.groupby(by, observed=True, sort=True)["n"].min().reset_index()


def _mean_of(summary: pd.DataFrame, factors: Sequence[str], slot: Slot) -> float:
    own = summary.loc[_is_group(summary, factors, slot), "mean"]
    return float(own.iloc[0]) if len(own) else math.nan


def shared_exponent(values: pd.Series) -> int:
    """Return the power of ten, a multiple of 3, that keeps an axis' numbers short; 0 for usual sizes."""
    top = float(np.abs(values).max())
    if top == 0 or 1e-2 <= top < 1e5:
        return 0
    return math.floor(math.log10(top) / 3) * 3


def _axis_label(scale: Scale, exponent: int) -> str:
    power = words.power_of_ten(exponent) if exponent else ""
    unit = " ".join(piece for piece in (power, scale.unit) if piece)
    label = words.one_line(scale.label)
    return f"{label} ({unit})" if unit else label


def _canvas(places: Places, value_label: str, top: float) -> Pen:
    """Return empty axes with the groups on them; `top` inches stay free above."""
    if places.upright:
        return _upright_canvas(places, value_label, top)
    return _lying_canvas(places, value_label, top)


def _upright_canvas(places: Places, value_label: str, top: float) -> Pen:
    slot = layout.slot_inches(places)
    low, high = places.span
    plot = max(NARROWEST_PLOT, (high - low) * slot)
    slot = plot / (high - low)
    below = layout.upright_depth(places, slot)
    label = layout.wrapped(value_label, AXIS_CHARACTERS, longest=3 * AXIS_CHARACTERS)
    left = LEFT_INCH + (label.count("\n") + 1) * style.LINE_INCH
    width, height = left + plot + RIGHT_INCH, top + layout.PLOT_INCH + below
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((left / width, below / height, plot / width, layout.PLOT_INCH / height))
    axes.set_ylabel(label)
    layout.write_upright_labels(axes, places, slot)
    axes.grid(visible=True, axis="y")
    return Pen(figure, axes, upright=True)


def _lying_canvas(places: Places, value_label: str, top: float) -> Pen:
    low, high = places.span
    plot, left = (high - low) * layout.ROW_INCH, layout.lying_inches(places)
    width, height = left + LYING_INCH + LYING_RIGHT_INCH, top + plot + LYING_BELOW_INCH
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((left / width, LYING_BELOW_INCH / height, LYING_INCH / width, plot / height))
    axes.set_xlabel(layout.wrapped(value_label, 60, longest=120))
    layout.write_lying_labels(axes, places)
    axes.grid(visible=True, axis="x")
    return Pen(figure, axes, upright=False)


def _is_group(table: pd.DataFrame, factors: Sequence[str], slot: Slot) -> np.ndarray:
    same = np.ones(len(table), dtype=bool)
    for factor, level in zip(factors, slot.levels, strict=True):
        same &= (table[factor].astype(str) == level).to_numpy()
    return same


def _draw_group(pen: Pen, slot: Slot, own: pd.DataFrame) -> list[float]:
    """Draw one group's points, mean and SD; return the values its drawing reaches."""
    if own.empty:
        return []
    colour = style.GROUP_COLOURS[slot.tint % len(style.GROUP_COLOURS)]
    across = slot.place + _side_by_side(len(own))
    values = own["value"].to_numpy()
    excluded, faulty = own["excluded"].to_numpy(), (own["qc"] == "error").to_numpy()
    for chosen, marker, fill in (
        (~excluded & ~faulty, "o", colour), (~excluded & faulty, "^", colour), (excluded, "o", "none"),
    ):  # fmt: skip
        if chosen.any():
            pen.points(across[chosen], values[chosen], marker=marker, fill=fill, edge=colour)
    kept = values[~excluded]
    if not kept.size:
        return list(values)
    mean, sd = float(kept.mean()), float(kept.std(ddof=1)) if kept.size > 1 else 0.0
    pen.mean_and_sd(slot.place, mean, sd)
    return [*values, mean - sd, mean + sd]


def _side_by_side(count: int) -> np.ndarray:
    if count == 1:
        return np.zeros(1)
    step = min(CLOSEST, 2 * SPREAD / (count - 1))
    return (np.arange(count) - (count - 1) / 2) * step


def _limit(pen: Pen, reach: Sequence[float], scale: Scale, factor: float) -> None:
    low, high = min(reach), max(reach)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    bottom = low - room
    if low >= 0 and (scale.from_zero or low < NEAR_ZERO * high):
        bottom = 0.0
    top = high + room
    if scale.ceiling is not None and NEAR_CEILING * scale.ceiling * factor <= high <= scale.ceiling * factor:
        top = scale.ceiling * factor
    pen.limit(bottom, top)


def _marks(finite: pd.DataFrame) -> list[Line2D]:
    """Return what a hollow point and a triangle mean, where the figure has one."""
    marks = []
    if finite["excluded"].any():
        marks.append(_mark("o", "none", "excluded, not in mean and n"))
    if (~finite["excluded"] & (finite["qc"] == "error")).any():
        marks.append(_mark("^", style.MUTED, "carries an error"))
    return marks


def _key(axes: Axes, marks: list[Line2D]) -> None:
    if marks:
        axes.legend(handles=marks, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(marks),
                    borderaxespad=0.2, handletextpad=0.2, columnspacing=1.0, handlelength=1.2)  # fmt: skip


def _mark(marker: str, fill: str, text: str) -> Line2D:
    return Line2D([], [], linestyle="none", marker=marker, markersize=5, markerfacecolor=fill,
                  markeredgecolor=style.MUTED, label=text)  # fmt: skip


def _draw_stack(pen: Pen, place: float, shares: Sequence[float], full: float) -> None:
    base, decimals = 0.0, 1 if full >= 10 else 2
    for i, share in enumerate(shares):
        if not math.isfinite(share) or share <= 0:
            continue
        colour = style.PART_COLOURS[i % len(style.PART_COLOURS)]
        pen.bar(place, base, share, colour)
        if share >= SMALLEST_WRITTEN_SHARE * full:
            pen.write(place, base + share / 2, f"{share:.{decimals}f}", style.readable_on(colour))
        base += share


def _legend_inch(parts: int) -> float:
    """Return the inches above the plot that the names of `parts` need."""
    return KEY_INCH + max(0, math.ceil(parts / LEGEND_COLUMNS) - 1) * LEGEND_ROW_INCH


def _part_legend(axes: Axes, parts: Sequence[str]) -> None:
    """Name the parts above the plot, read row by row."""
    columns = min(LEGEND_COLUMNS, len(parts))
    colours = style.PART_COLOURS
    handles = [
        Patch(facecolor=colours[i % len(colours)], label=words.shortened(words.one_line(part), LONGEST_PART))
        for i, part in enumerate(parts)
    ]
    by_column = [handle for column in range(columns) for handle in handles[column::columns]]
    axes.legend(handles=by_column, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns,
                handlelength=1.0, handleheight=1.0, borderaxespad=0.5, columnspacing=1.4,
                labelspacing=0.45)  # fmt: skip
