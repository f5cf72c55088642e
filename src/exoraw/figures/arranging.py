"""Where everything of a figure of compared groups stands on the page, before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exoraw.figures import bars, look, page, scale, spread, words
from exoraw.figures.asked import Axis, Bracket, GroupStyle, GroupValues, Kind
from exoraw.figures.bars import Look, Slot
from exoraw.figures.brackets import Mark, arrange_marks
from exoraw.figures.legend import Key, Legend, arrange_legend
from exoraw.figures.look import Column
from exoraw.figures.packing import Box
from exoraw.figures.page import FigureError
from exoraw.figures.scale import Scale
from exoraw.figures.spread import Spread
from exoraw.figures.under import Place, Under, arrange_under, left_margin

FloatArray = NDArray[np.float64]
SHORTEST = 12.5  # pt per bar: names at 45 degrees still stand apart
WIDEST = 66.0  # pt per bar
CLUSTER_GAP = 0.7  # of a bar's slot, between clusters of bars
PLOT_HEIGHT: dict[Column, float] = {"single": 118.0, "one_and_half": 130.0, "double": 142.0}  # pt
RIGHT = 6.0  # pt beside the plot


@dataclass(frozen=True)
class Drawn:
    """A group as it is drawn: finite values, what stands for them, its colour and mark."""

    group: GroupValues
    kept: FloatArray
    left_out: FloatArray
    spread: Spread
    how: Look
    missing: int
    beyond: int

    def reach(self, kind: Kind) -> FloatArray:
        """Return every value that its drawing touches."""
        ends = [self.spread.centre, self.spread.low, self.spread.high] if kind != "box" else []
        bar = [0.0] if kind == "bar" and self.spread.n else []
        return np.concatenate([self.kept, self.left_out, ends, bar])


@dataclass(frozen=True)
class Layout:
    """Where everything stands on the page, in pt."""

    page_width: float
    left: float
    width: float
    slots: tuple[Slot, ...]
    under: Under
    scale: Scale
    marks: tuple[Mark, ...]
    legend: Legend
    notes: tuple[str, ...]


def prepared(groups: Sequence[GroupValues], axis: Axis, style: GroupStyle) -> list[Drawn]:
    """Return what can be drawn of every group, with the count of what cannot."""
    seconds = list(dict.fromkeys(group.second_level for group in groups))
    firsts = list(dict.fromkeys(group.label for group in groups))
    drawn = []
    for group in groups:
        number = seconds.index(group.second_level) if len(seconds) > 1 else firsts.index(group.label)
        how = _look_of(number, len(seconds), len(firsts))
        kept, left_out = _showable(group.kept, axis), _showable(group.left_out, axis)
        every = np.concatenate([group.kept, group.left_out])
        missing = int(np.count_nonzero(~np.isfinite(every)))
        beyond = every.size - missing - kept.size - left_out.size
        centre = spread.mean_and_error(kept, style.error, log=axis.log)
        drawn.append(Drawn(group, kept, left_out, centre, how, missing, beyond))
    if not any(one.kept.size + one.left_out.size for one in drawn):
        raise FigureError("no value lies above 0, so a logarithmic axis shows nothing; take a linear one")
    return drawn


def _look_of(number: int, seconds: int, firsts: int) -> Look:
    """Return a group's look: by second level where there are several, else by its place on the axis."""
    if seconds > 1:
        i = number % len(look.MARKERS)
        return Look(look.colour(number), look.HATCHES[i], look.MARKERS[i])
    return Look(look.colour(number if firsts <= len(look.COLOURS) else 1), "", "o")


def _showable(values: FloatArray, axis: Axis) -> FloatArray:
    finite = values[np.isfinite(values)]
    return finite[finite > 0] if axis.log else finite


def arranged(drawn: Sequence[Drawn], brackets: Sequence[Bracket], axis: Axis, style: GroupStyle) -> Layout:
    """Return the place of everything; called inside the house style, as text is measured."""
    column = _column_for(drawn, style.column)
    values = _scale(drawn, axis, style, length := PLOT_HEIGHT[column])
    label = page.value_label(axis.label, axis.unit, values.exponent, length)
    room, page_width = page.left_room(values, label), page.column_width(column)
    left = room
    for _ in range(2):  # tilted names move the axis to the right, which makes slots narrower
        slots, width = _slots(drawn, page_width - left - RIGHT)
        under = _under(drawn, slots)
        left = left_margin(under, room)
    slots, width = _slots(drawn, page_width - left - RIGHT)
    under = _under(drawn, slots)
    obstacles = [
        box for one, slot in zip(drawn, slots, strict=True) if (box := _column_box(one, slot, values, style))
    ]
    wanted = [(slots[b.left].middle, slots[b.right].middle, b.text) for b in brackets]
    marks = arrange_marks(wanted, obstacles, (0.0, width + RIGHT - 1))
    legend = arrange_legend(_keys(drawn, style), page_width - left - RIGHT)
    notes = page.note_lines(_notes(drawn, axis, style), page_width - 2 * page.EDGE)
    return Layout(page_width, left, width, slots, under, values, tuple(marks), legend, tuple(notes))


def _clusters(drawn: Sequence[Drawn]) -> tuple[list[str], list[str]]:
    firsts = list(dict.fromkeys(one.group.label for one in drawn))
    seconds = list(dict.fromkeys(one.group.second_level for one in drawn))
    return firsts, seconds


def _total_slots(drawn: Sequence[Drawn]) -> float:
    firsts, seconds = _clusters(drawn)
    return len(firsts) * len(seconds) + (len(firsts) * CLUSTER_GAP if len(seconds) > 1 else 0.0)


def _column_for(drawn: Sequence[Drawn], wanted: Column) -> Column:
    needed = _total_slots(drawn) * SHORTEST + 48.0  # a usual value axis
    column = page.narrowest_column(needed, wanted)
    if column is None:
        raise FigureError(
            f"{len(drawn)} groups do not fit beside each other on {look.COLUMN_MM['double']:g} mm; draw a "
            "heat map, or one figure per level of a factor"
        )
    return column


def _slots(drawn: Sequence[Drawn], available: float) -> tuple[tuple[Slot, ...], float]:
    """Return the slot of every group, and the width of the plot."""
    firsts, seconds = _clusters(drawn)
    total = _total_slots(drawn)
    slot = min(WIDEST, available / total)
    gap = CLUSTER_GAP * slot if len(seconds) > 1 else 0.0
    slots = []
    for one in drawn:
        i, j = firsts.index(one.group.label), seconds.index(one.group.second_level)
        slots.append(Slot(gap / 2 + i * (len(seconds) * slot + gap) + (j + 0.5) * slot, slot))
    return tuple(slots), slot * total


def _under(drawn: Sequence[Drawn], slots: Sequence[Slot]) -> Under:
    _, seconds = _clusters(drawn)
    gap = CLUSTER_GAP * slots[0].width if len(seconds) > 1 else 0.0
    room = len(seconds) * slots[0].width + gap
    starts: dict[str, float] = {}
    for one, slot in zip(drawn, slots, strict=True):
        j = seconds.index(one.group.second_level)
        starts[one.group.label] = slot.middle - (j + 0.5) * slot.width - gap / 2
    names = [Place(start + room / 2, room, words.one_line(label)) for label, start in starts.items()]
    counted = [
        Place(slot.middle, slot.width, "", one.spread.n) for one, slot in zip(drawn, slots, strict=True)
    ]
    return arrange_under(names, counted)


def _scale(drawn: Sequence[Drawn], axis: Axis, style: GroupStyle, length: float) -> Scale:
    reach = np.concatenate([one.reach(style.kind) for one in drawn])
    if axis.log:
        return scale.log_scale(reach, length)
    return scale.linear_scale(reach, length, from_zero=axis.from_zero)


def _column_box(one: Drawn, slot: Slot, values: Scale, style: GroupStyle) -> Box | None:
    radius = bars.point_size(one.kept.size + one.left_out.size) / 2
    return bars.column(slot, values, one.reach(style.kind), radius)


def _keys(drawn: Sequence[Drawn], style: GroupStyle) -> list[Key]:
    keys: list[Key] = []
    if len(_clusters(drawn)[1]) > 1:
        looks = {one.group.second_level: one.how for one in drawn}
        for name, how in looks.items():
            fill = "" if style.kind == "points" else look.tint(how.colour, bars.FILL)
            keys.append(Key(name, how.colour, fill, how.hatch, how.marker))
    if any(one.left_out.size for one in drawn):
        keys.append(Key("excluded: not in n, mean and error bar", look.MUTED, marker="o", hollow=True))
    return keys


def _notes(drawn: Sequence[Drawn], axis: Axis, style: GroupStyle) -> list[str]:
    point = (
        f"each point is one {words.one_line(style.replicate)}"
        if style.replicate
        else "each point is one unit"
    )
    notes = [f"{_shape_words(drawn, axis, style)}; {point}."]
    if style.kind != "box":
        notes += spread.few_words(one.spread for one in drawn)
    notes += style.notes
    missing, beyond = sum(one.missing for one in drawn), sum(one.beyond for one in drawn)
    if missing:
        notes.append(f"Not drawn and not in n: {missing} without a finite value.")
    if beyond:
        notes.append(f"Not drawn and not in n: {beyond} at or below 0, which a logarithmic axis cannot show.")
    return notes


def _shape_words(drawn: Sequence[Drawn], axis: Axis, style: GroupStyle) -> str:
    if style.kind == "box":
        small = any(0 < one.kept.size < spread.LEAST_FOR_BOX for one in drawn)
        fewer = f" (from n = {spread.LEAST_FOR_BOX}; fewer: median only)" if small else ""
        return f"Boxes: median and quartiles{fewer}; whiskers: furthest unit within 1.5 boxes"
    shape = "Bars" if style.kind == "bar" else "Lines"
    return f"{shape}: {spread.error_words(style.error, log=axis.log)}"
