"""Growth curves: each replicate thin, the mean of its group with SD or SEM, over hours or days."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from exoraw.figures import look, page, scale, words
from exoraw.figures.asked import Axis
from exoraw.figures.legend import Key, arrange_legend, write_legend
from exoraw.figures.look import Column
from exoraw.figures.page import FigureError, Plot
from exoraw.figures.scale import Scale
from exoraw.figures.spread import ErrorBar, Spread, error_words, few_words, mean_and_error

FloatArray = NDArray[np.float64]
HEIGHT: dict[Column, float] = {"single": 122.0, "one_and_half": 140.0, "double": 165.0}  # pt
RIGHT, ABOVE = 9.0, 5.0  # pt
ASIDE = 1.7  # pt between the means of neighbouring groups at one time: error bars stay apart
MEAN_DOT, CAP = 4.4, 2.2  # pt
THIN = 0.55  # strength of a replicate's colour


@dataclass(frozen=True, eq=False)
class TimeCourse:
    """One group over time.

    Parameters
    ----------
    name : of the group
    time : (t,) rising; values : (units, t), NaN where a unit has no value (an animal that died)
    """

    name: str
    time: ArrayLike
    values: ArrayLike


@dataclass(frozen=True)
class GrowthStyle:
    """How growth is drawn.

    Parameters
    ----------
    time : label of the time axis; time_unit : of the times
    error : SD of the units, or SEM
    replicates : draw every unit as a thin line
    replicate, column, notes : as `GroupStyle`
    """

    time: str = "Time"
    time_unit: str = ""
    error: ErrorBar = "SD"
    replicates: bool = True
    replicate: str = ""
    column: Column = "single"
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class _Course:
    """A group's drawable values (NaN elsewhere) and what stands for each time."""

    name: str
    time: FloatArray
    values: FloatArray
    spreads: tuple[Spread, ...]
    missing: int


def growth_curves(courses: Sequence[TimeCourse], axis: Axis, style: GrowthStyle | None = None) -> Figure:
    """Draw mean and error bar per group and time, and every unit's own line.

    Parameters
    ----------
    courses : one per group
    axis : what grows; a logarithmic one shows geometric means and no value at or below 0
    style : a single column if not given

    Raises
    ------
    FigureError : no group, times that do not rise or do not fit the values, nothing to draw
    """
    style = style or GrowthStyle()
    prepared = [_course(course, axis, style) for course in courses]
    if not any(np.isfinite(one.values).any() for one in prepared):
        raise FigureError("no group has a value that this axis can show, so there is nothing to draw")
    with look.house_style():
        return _page(prepared, axis, style)


def _course(course: TimeCourse, axis: Axis, style: GrowthStyle) -> _Course:
    name, time = words.one_line(course.name), np.asarray(course.time, dtype=np.float64).ravel()
    values = np.atleast_2d(np.array(course.values, dtype=np.float64))
    if values.ndim != 2 or values.shape[1] != time.size:
        raise FigureError(
            f"{name}: {time.size} times but values of shape {values.shape}; one column per time"
        )
    if not np.isfinite(time).all() or np.any(np.diff(time) <= 0):
        raise FigureError(
            f"{name}: times must be finite and rise; found {words.listed([f'{t:g}' for t in time], 8)}"
        )
    shown = np.isfinite(values) & (values > (0.0 if axis.log else -np.inf))
    values[~shown] = np.nan
    spreads = [mean_and_error(column[np.isfinite(column)], style.error, log=axis.log) for column in values.T]
    return _Course(name, time, values, tuple(spreads), int((~shown).sum()))


def _page(courses: Sequence[_Course], axis: Axis, style: GrowthStyle) -> Figure:
    page_width, height = page.column_width(style.column), HEIGHT[style.column]
    values = _value_scale(courses, axis, style, height)
    label = page.value_label(axis.label, axis.unit, values.exponent, height)
    left = page.left_room(values, label)
    width = page_width - left - RIGHT
    every = np.concatenate([one.time for one in courses])
    time = scale.linear_scale(every, width, from_zero=bool(every.min() >= 0))
    time_label = page.value_label(style.time, style.time_unit, time.exponent, width)
    legend = arrange_legend(_keys(courses), page_width - left - RIGHT)
    notes = page.note_lines(_notes(courses, axis, style), page_width - 2 * page.EDGE)
    bottom = page.horizontal_room(time_label) + page.notes_room(notes) + page.EDGE
    plot = page.plot_on_page(
        width, height, page.Margins(left, RIGHT, legend.room + ABOVE, bottom), page_width
    )
    page.value_axis(plot, values, label)
    page.horizontal_axis(plot, time, time_label)
    for i, one in enumerate(courses):
        if style.replicates:
            _draw_units(plot, one, time, i)
        _draw_mean(plot, one, time, i, (i - (len(courses) - 1) / 2) * ASIDE)
    write_legend(plot, legend, 0.0, height + legend.room)
    page.write_notes(plot, notes)
    return plot.figure


def _value_scale(courses: Sequence[_Course], axis: Axis, style: GrowthStyle, height: float) -> Scale:
    reach = [end for one in courses for s in one.spreads for end in (s.centre, s.low, s.high)]
    if style.replicates:
        reach += [value for one in courses for value in one.values.ravel()]
    if axis.log:
        return scale.log_scale(reach, height)
    return scale.linear_scale(reach, height, from_zero=axis.from_zero)


def _draw_units(plot: Plot, one: _Course, time: Scale, i: int) -> None:
    for row in one.values:
        there = np.isfinite(row)
        plot.axes.plot(
            time.points(one.time[there]), row[there], color=look.tint(look.colour(i), THIN), zorder=2,
            linewidth=look.THIN_LINE, linestyle=look.DASHES[i % len(look.DASHES)], label="unit",
        )  # fmt: skip


def _draw_mean(plot: Plot, one: _Course, time: Scale, i: int, aside: float) -> None:
    axes, colour, xs = plot.axes, look.colour(i), time.points(one.time) + aside
    centres = np.array([spread.centre for spread in one.spreads])
    there = np.isfinite(centres)
    for x, spread in zip(xs, one.spreads, strict=True):
        if math.isfinite(spread.low):
            axes.plot([x, x], [spread.low, spread.high], color=colour, linewidth=0.8, zorder=4, label="error")
            for end in (spread.low, spread.high):
                axes.plot([x - CAP, x + CAP], [end, end], color=colour, linewidth=0.8, zorder=4, label="cap")
    axes.plot(
        xs[there], centres[there], color=colour, linewidth=1.3, linestyle=look.DASHES[i % len(look.DASHES)],
        marker=look.MARKERS[i % len(look.MARKERS)], markersize=MEAN_DOT, markeredgecolor=look.PAPER,
        markeredgewidth=0.4, zorder=5, clip_on=False, label="mean",
    )  # fmt: skip


def _keys(courses: Sequence[_Course]) -> list[Key]:
    keys = []
    for i, one in enumerate(courses):
        counts = [spread.n for spread in one.spreads]
        n = f"{max(counts)}" if min(counts) == max(counts) else f"{max(counts)} to {min(counts)}"
        marker, dash = look.MARKERS[i % len(look.MARKERS)], look.DASHES[i % len(look.DASHES)]
        keys.append(Key(one.name, look.colour(i), marker=marker, dash=dash, tail=f" (n = {n})"))
    return keys


def _notes(courses: Sequence[_Course], axis: Axis, style: GrowthStyle) -> list[str]:
    thin = ""
    if style.replicates:
        thin = (
            f"; thin lines: each {words.one_line(style.replicate)}"
            if style.replicate
            else "; thin lines: units"
        )
    notes = [f"Points: {error_words(style.error, log=axis.log)}{thin}."]
    notes += few_words(spread for one in courses for spread in one.spreads)
    missing = sum(one.missing for one in courses)
    if missing:
        why = "missing, or at or below 0 on a logarithmic axis" if axis.log else "missing"
        notes.append(f"Not drawn and not in n: {missing} values ({why}).")
    if len(courses) > 1:
        notes.append("Means of one time stand slightly side by side.")
    return [*notes, *style.notes]
