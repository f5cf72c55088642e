"""Where groups stand on a figure's axis: order, gaps between outer groups, wrapped labels, n below."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation

from exoraw.report import style, words
from exoraw.report.groups import ALL_SAMPLES, group_label

MOST_UPRIGHT = 14  # groups side by side; more stand below each other, where long labels stay readable
ONE_TINT = 1  # blue
MOST_GROUPS = 40  # groups in one figure; the table holds all
OUTER_GAP = 0.55  # extra slots between outer groups
MOST_LINES = 4  # lines of one group label
LONGEST_LABEL = 44  # characters of a group label
NARROWEST, WIDEST = 0.62, 1.15  # inches of one upright slot
ROW_INCH = 0.27  # inches of one lying group
WIDEST_PLOT = 9.0  # inches side by side; wider figures lie
PLOT_INCH = 2.5  # height of an upright plot
LABEL_DEPTH = 14.0  # pt from the axis to the first line's baseline
OUTER_DEPTH = 7.0  # pt from the baseline of n to the line over an outer group's name
LINE = style.FONT_SIZE * 1.25  # pt from one line of a label to the next


@dataclass(frozen=True)
class Slot:
    """One group on the axis: its place, its two labels, its n and its colour's number."""

    place: float
    levels: tuple[str, ...]
    inner: str
    outer: str
    n: int
    tint: int


@dataclass(frozen=True)
class Places:
    """All groups of a figure on its axis.

    Parameters
    ----------
    slots : in drawing order
    upright : groups side by side (True) or below each other
    hidden : groups that the table holds and the figure does not
    """

    slots: tuple[Slot, ...]
    upright: bool
    hidden: int

    @property
    def span(self) -> tuple[float, float]:
        """Return the ends of the group axis, half a slot beyond the outermost groups."""
        return self.slots[0].place - 0.6, self.slots[-1].place + 0.6


def split_factors(summary: pd.DataFrame, factors: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return (outer, inner) factors: the one with most levels stands innermost, ties in sheet order."""
    if len(factors) < 2:
        return [], list(factors)
    counts = {factor: summary[factor].nunique() for factor in factors}
    inner = max(factors, key=lambda factor: (counts[factor], -list(factors).index(factor)))
    varying = [factor for factor in factors if factor != inner and counts[factor] > 1]
    return varying, [inner]


def arrange(summary: pd.DataFrame, factors: Sequence[str]) -> Places:
    """Place every group of a `group_summary` on the axis."""
    outer, inner = split_factors(summary, factors)
    if factors:
        table = summary.sort_values([*outer, *inner], kind="stable")
    else:
        table, inner = summary, [ALL_SAMPLES]
    tints = _tints(list(summary[inner[0]].cat.categories)) if factors else {}
    slots: list[Slot] = []
    for row in table.head(MOST_GROUPS).to_dict("records"):
        far = group_label([str(row[factor]) for factor in outer]) if outer else ""
        step = 1.0 + (OUTER_GAP if slots and slots[-1].outer != far else 0.0)
        place = slots[-1].place + step if slots else 0.0
        near = words.one_line(str(row[inner[0]])) or "—"
        levels = tuple(str(row[factor]) for factor in factors)
        slots.append(Slot(place, levels, near, far, int(row["n"]), tints.get(str(row[inner[0]]), 0)))
    places = Places(tuple(slots), upright=True, hidden=len(table) - len(slots))
    wide = (places.span[1] - places.span[0]) * slot_inches(places)
    return replace(places, upright=len(slots) <= MOST_UPRIGHT and wide <= WIDEST_PLOT)


def _tints(levels: Sequence[object]) -> dict[str, int]:
    """Return level -> number of its colour; more levels than colours share one, as it would say nothing."""
    if len(levels) > len(style.GROUP_COLOURS):
        return dict.fromkeys(map(str, levels), ONE_TINT)
    return {str(level): i for i, level in enumerate(levels)}


def wrapped(label: str, width: int, longest: int = LONGEST_LABEL) -> str:
    """Break a label into at most MOST_LINES lines of `width` characters; a long one is cut in its middle."""
    short = words.shortened(label, min(longest, width * MOST_LINES - width // 2))
    lines = textwrap.wrap(short, width, break_long_words=True, break_on_hyphens=False) or ["—"]
    if len(lines) > MOST_LINES:  # words of awkward length: fill the lines instead
        lines = [short[i : i + width] for i in range(0, len(short), width)][:MOST_LINES]
    return "\n".join(lines)


def slot_inches(places: Places) -> float:
    """Return the width of an upright slot that lets the longest word of the labels stand unbroken."""
    longest = max(len(word) for slot in places.slots for word in slot.inner.split() or ["—"])
    return min(WIDEST, max(NARROWEST, (longest + 1.5) * style.CHARACTER_INCH))


def label_characters(slot_inch: float) -> int:
    """Return how many characters of a label fit side by side into a slot."""
    return max(5, int(slot_inch / style.CHARACTER_INCH) - 1)


def write_upright_labels(axes: Axes, places: Places, slot_inch: float) -> None:
    """Write wrapped labels, n and outer groups below an axis whose groups stand side by side."""
    axes.set_xlim(*places.span)
    axes.set_xticks([slot.place for slot in places.slots], [""] * len(places.slots))
    axes.tick_params(axis="x", length=0)
    width = label_characters(slot_inch)
    n_depth = _n_depth(places, width)
    for slot in places.slots:
        _below(axes, slot.place, LABEL_DEPTH, wrapped(slot.inner, width))
        _below(axes, slot.place, n_depth, f"n = {slot.n}", fontsize=style.SMALL, color=style.MUTED)
    depth = n_depth + OUTER_DEPTH
    for run in outer_runs(places):
        _outer_line(axes, run, depth)
        _below(axes, (run[0] + run[1]) / 2, depth + LINE, _outer_text(run, slot_inch))


def upright_depth(places: Places, slot_inch: float) -> float:
    """Return the inches that the labels of `write_upright_labels` need below the axis."""
    points = _n_depth(places, label_characters(slot_inch)) + OUTER_DEPTH
    runs = outer_runs(places)
    if runs:
        points += 4 + max(_outer_text(run, slot_inch).count("\n") + 1 for run in runs) * LINE
    return points / 72 + 0.08


def _n_depth(places: Places, width: int) -> float:
    """Return how far below the axis (pt) the line of n stands: under the deepest label."""
    return LABEL_DEPTH + 2 + LINE * max(wrapped(slot.inner, width).count("\n") + 1 for slot in places.slots)


def outer_runs(places: Places) -> list[tuple[float, float, str]]:
    """Return (first place, last place, name) of every outer group."""
    runs: list[tuple[float, float, str]] = []
    for slot in places.slots:
        if not slot.outer:
            continue
        if runs and runs[-1][2] == slot.outer:
            runs[-1] = (runs[-1][0], slot.place, slot.outer)
        else:
            runs.append((slot.place, slot.place, slot.outer))
    return runs


def _outer_text(run: tuple[float, float, str], slot_inch: float) -> str:
    start, end, name = run
    return wrapped(name, label_characters((end - start + 1.0) * slot_inch))


def _outer_line(axes: Axes, run: tuple[float, float, str], depth: float) -> None:
    """Draw the line over an outer group's name, `depth` points below the axis."""
    below = ScaledTranslation(0, -depth / 72, axes.figure.dpi_scale_trans)
    axes.plot(
        [run[0] - 0.38, run[1] + 0.38], [0, 0], transform=axes.get_xaxis_transform() + below,
        clip_on=False, color=style.MUTED, linewidth=style.AXIS_LINE,
    )  # fmt: skip


def _below(axes: Axes, place: float, points: float, text: str, **font: Any) -> None:
    """Write lines below the axis; the first one's baseline lies `points` under it."""
    for i, line in enumerate(text.split("\n")):
        axes.annotate(
            line, xy=(place, 0), xycoords=("data", "axes fraction"), xytext=(0, -points - i * LINE),
            textcoords="offset points", ha="center", va="baseline", annotation_clip=False, **font,
        )  # fmt: skip


def write_lying_labels(axes: Axes, places: Places) -> None:
    """Write labels left of, and n right of, an axis whose groups stand below each other."""
    low, high = places.span
    axes.set_ylim(high, low)
    axes.set_yticks([slot.place for slot in places.slots], [lying_label(slot) for slot in places.slots])
    axes.tick_params(axis="y", length=0)
    for slot in places.slots:
        axes.annotate(
            f"n = {slot.n}", xy=(1, slot.place), xycoords=("axes fraction", "data"), xytext=(6, 0),
            textcoords="offset points", ha="left", va="center", color=style.MUTED, fontsize=style.SMALL,
            annotation_clip=False,
        )  # fmt: skip


def lying_label(slot: Slot) -> str:
    """Return the one-line label of a group that lies: outer and inner level."""
    text = f"{slot.outer} · {slot.inner}" if slot.outer else slot.inner
    return words.shortened(text, LONGEST_LABEL)


def lying_inches(places: Places) -> float:
    """Return the inches the longest lying label needs."""
    return max(len(lying_label(slot)) for slot in places.slots) * style.CHARACTER_INCH + 0.15
