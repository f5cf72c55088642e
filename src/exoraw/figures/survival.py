"""Survival as clinical papers draw it: Kaplan-Meier steps, censored units, numbers at risk, log-rank p."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from exoraw.figures import look, page, scale, words
from exoraw.figures.legend import Key, Legend, arrange_legend, write_legend
from exoraw.figures.look import Column
from exoraw.figures.page import FigureError, Plot
from exoraw.figures.scale import Scale
from exoraw.statistics.outcome import Comparison, State
from exoraw.statistics.survival import Interval, KaplanMeier, kaplan_meier, log_rank

HEIGHT: dict[Column, float] = {"single": 112.0, "one_and_half": 132.0, "double": 160.0}  # pt
RIGHT, ABOVE = 10.0, 4.0  # pt beside and above the plot
LONGEST_NAME = 70.0  # pt of a name beside the numbers at risk
BAND = 0.16  # strength of the interval's colour
TICK = 4.6  # pt, height of a censored unit's tick
ROW = look.line_height() + 1.0
TABLE_GAP = 5.0  # pt between the time axis and the numbers at risk
HALF = 0.5


@dataclass(frozen=True)
class SurvivalStyle:
    """How survival is drawn.

    Parameters
    ----------
    label : what the curve counts ("Overall survival", "Animals without tumour")
    time : label of the time axis; unit : of the times
    column : width of the page
    interval : of the 95% band, as `kaplan_meier` takes it
    tested : line of the key instead of the log-rank p of these curves, where another test was made (a cut
        that was searched, a number that was not cut); "" for none
    notes : further lines below the figure
    """

    label: str = "Survival"
    time: str = "Time"
    unit: str = ""
    column: Column = "single"
    interval: Interval = "log"
    tested: str | None = None
    notes: Sequence[str] = ()


def survival_curves(
    groups: Mapping[str, tuple[ArrayLike, ArrayLike]], style: SurvivalStyle | None = None
) -> Figure:
    """Draw Kaplan-Meier curves with their bands, medians, log-rank p and numbers at risk.

    Parameters
    ----------
    groups : name -> (times, events), one pair per unit of replication; events 1 seen, 0 censored
    style : a single column if not given

    Raises
    ------
    FigureError : no group, or a group without any time
    StatisticsError : negative times, events that are not 0 and 1 (from `exoraw.statistics.survival`)
    """
    style = style or SurvivalStyle()
    curves = [
        kaplan_meier(*pair, group=words.one_line(name), interval=style.interval)
        for name, pair in groups.items()
    ]
    if not curves:
        raise FigureError("no group was given, so there is no survival to draw")
    empty = [curve.group for curve in curves if curve.n == 0]
    if empty:
        raise FigureError(
            f"{words.listed(empty)} holds no unit with a time and an event; leave the group out"
        )
    test = log_rank(groups) if len(groups) > 1 and style.tested is None else None
    with look.house_style():
        return _page(curves, test, style)


def _page(curves: Sequence[KaplanMeier], test: Comparison | None, style: SurvivalStyle) -> Figure:
    page_width, height = page.column_width(style.column), HEIGHT[style.column]
    shares = Scale(0.0, 1.03, height, False, (0, 0.25, 0.5, 0.75, 1.0), ("0", "25", "50", "75", "100"))
    label = page.value_label(style.label, "%", 0, height)
    names = words.cut_apart([curve.group for curve in curves], LONGEST_NAME)
    table = max(look.text_width(name) for name in names) + page.EDGE + 5.0 + _count_width(curves)
    left = max(page.left_room(shares, label), table)
    width = page_width - left - RIGHT
    time = scale.linear_scale([max(float(c.time[-1]) for c in curves)], width, from_zero=True)
    time_label = page.value_label(style.time, style.unit, time.exponent, width)
    legend = arrange_legend(_keys(curves, test, style), page_width - 2 * page.EDGE)
    notes = page.note_lines(_notes(curves, test, style), page_width - 2 * page.EDGE)
    under = page.horizontal_room(time_label) + TABLE_GAP + (len(curves) + 1) * ROW
    bottom = under + page.notes_room(notes) + page.EDGE
    plot = page.plot_on_page(
        width, height, page.Margins(left, RIGHT, legend.room + ABOVE, bottom), page_width
    )
    page.value_axis(plot, shares, label)
    page.horizontal_axis(plot, time, time_label)
    _draw_medians(plot, curves, time)
    for i, curve in enumerate(curves):
        _draw_curve(plot, curve, time, i)
    _write_numbers(plot, curves, names, time, page.horizontal_room(time_label) + TABLE_GAP)
    _finish(plot, legend, notes)
    return plot.figure


def _finish(plot: Plot, legend: Legend, notes: Sequence[str]) -> None:
    write_legend(plot, legend, page.EDGE - plot.margins.left, plot.height + legend.room)
    page.write_notes(plot, notes)


def _count_width(curves: Sequence[KaplanMeier]) -> float:
    return max(look.text_width(str(curve.n)) for curve in curves) / 2


def steps(curve: KaplanMeier) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return times, survival and both ends of its interval with the start at time 0 put before them."""
    start = 1.0 if np.isfinite(curve.ci_low[:1]).all() else math.nan
    return (
        np.concatenate([[0.0], curve.time]),
        np.concatenate([[1.0], curve.survival]),
        np.concatenate([[start], curve.ci_low]),
        np.concatenate([[start], curve.ci_high]),
    )


def _draw_curve(plot: Plot, curve: KaplanMeier, time: Scale, i: int) -> None:
    times, survival, low, high = steps(curve)
    xs = time.points(times)
    known = np.isfinite(low) & np.isfinite(high)
    plot.axes.fill_between(
        xs, low, high, where=known, step="post", facecolor=look.colour(i), alpha=BAND, linewidth=0, zorder=1
    )
    dash = look.DASHES[i % len(look.DASHES)]
    plot.axes.plot(xs, survival, drawstyle="steps-post", color=look.colour(i), linewidth=1.1, linestyle=dash,
                   zorder=4, clip_on=False, label="curve")  # fmt: skip
    lost = curve.censored > 0
    plot.axes.plot(time.points(curve.time[lost]), curve.survival[lost], linestyle="none", marker="|",
                   markersize=TICK, markeredgewidth=0.8, color=look.colour(i), zorder=5, clip_on=False,
                   label="censored")  # fmt: skip


def _draw_medians(plot: Plot, curves: Sequence[KaplanMeier], time: Scale) -> None:
    medians = [float(time.points(c.median)) for c in curves if c.median is not None]
    if not medians:
        return
    lines = [([0.0, max(medians)], [HALF, HALF]), *(([x, x], [0.0, HALF]) for x in medians)]
    for xs, ys in lines:
        plot.axes.plot(xs, ys, color=look.MUTED, linewidth=look.THIN_LINE, linestyle=(0, (1, 1.6)), zorder=2)


def _write_numbers(
    plot: Plot, curves: Sequence[KaplanMeier], names: Sequence[str], time: Scale, depth: float
) -> None:
    """Write the numbers at risk below the ticks of the time axis."""
    base = -depth - page.BASELINE * ROW
    plot.write(page.EDGE - plot.margins.left, base, "Number at risk", ha="left", color=look.MUTED)
    room = _count_width(curves) + 5.0
    for row, (curve, name) in enumerate(zip(curves, names, strict=True)):
        y = base - (row + 1) * ROW
        plot.write(-room, y, name, ha="right", color=look.colour(row))
        counts = curve.numbers_at_risk(time.ticks)
        for x, count in zip(time.points(time.ticks), counts, strict=True):
            plot.write(float(x), y, str(int(count)), label="at risk")


def _keys(curves: Sequence[KaplanMeier], test: Comparison | None, style: SurvivalStyle) -> list[Key]:
    keys = [
        Key(
            f"{curve.group}: {median_words(curve, style.unit)}",
            look.colour(i),
            dash=look.DASHES[i % len(look.DASHES)],
        )
        for i, curve in enumerate(curves)
    ]
    if test is not None and test.p is not None:
        keys.append(Key(f"log-rank {words.p_value(test.p)}", look.INK))
    if style.tested:
        keys.append(Key(words.one_line(style.tested), look.INK))
    return keys


def median_words(curve: KaplanMeier, unit: str) -> str:
    """Return a curve's median with its interval: "median 12.3 months (9.8 to 15)"."""
    if curve.median is None:
        return "median not reached"
    named = f"{words.number(curve.median)} {words.one_line(unit)}" if unit else words.number(curve.median)
    if curve.median_low is None:
        return f"median {named}, no interval"
    high = words.number(curve.median_high) if curve.median_high is not None else "not reached"
    return f"median {named} ({words.number(curve.median_low)} to {high})"


def _notes(curves: Sequence[KaplanMeier], test: Comparison | None, style: SurvivalStyle) -> list[str]:
    band = f"bands, and ranges in brackets: 95% intervals ({style.interval})"
    notes = [f"Kaplan-Meier curves; {band}. Ticks: censored."]
    if test is not None and test.state is not State.OK:
        notes.append(f"Log-rank test: {test.message}.")
    dropped = sum(curve.dropped for curve in curves)
    if dropped:
        notes.append(f"Not drawn: {dropped} without a time or an event.")
    return [*notes, *style.notes]
