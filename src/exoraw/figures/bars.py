"""One group's drawing: bar, box or line of the mean, its error bar, and every unit as a point."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from exoraw.figures import look
from exoraw.figures.packing import Box, side_by_side
from exoraw.figures.scale import Scale
from exoraw.figures.spread import Quartiles, Spread

FloatArray = NDArray[np.float64]
BAR_SHARE, WIDEST_BAR = 0.72, 30.0  # of its slot; pt
CAP_SHARE, WIDEST_CAP = 0.22, 4.0  # half width of an error bar's ends
POINTS_SHARE = 0.42  # of a bar to either side, over which its points may lie
MANY = 40  # units of one group; more are drawn smaller
FILL = 0.32  # of a colour's strength inside a bar


@dataclass(frozen=True)
class Look:
    """Colour, hatch and mark of a group."""

    colour: str
    hatch: str
    marker: str


@dataclass(frozen=True)
class Slot:
    """Where a group stands: its middle and the width it has, in pt along the axis."""

    middle: float
    width: float

    @property
    def bar(self) -> float:
        """Return the width of its bar."""
        return min(self.width * BAR_SHARE, WIDEST_BAR)

    @property
    def cap(self) -> float:
        """Return half the width of its error bar's ends."""
        return min(self.width * CAP_SHARE, WIDEST_CAP)


def point_size(count: int) -> float:
    """Return the diameter (pt) of a point among `count` of its group."""
    return look.POINT if count <= MANY else max(1.8, look.POINT * math.sqrt(MANY / count))


def draw_bar(axes: Axes, slot: Slot, spread: Spread, how: Look) -> None:
    """Draw a bar from 0 to the mean."""
    if spread.n == 0:
        return
    axes.add_patch(Rectangle(
        (slot.middle - slot.bar / 2, 0), slot.bar, spread.centre, facecolor=look.tint(how.colour, FILL),
        edgecolor=how.colour, hatch=how.hatch or None, linewidth=0.8, zorder=2, label="bar",
    ))  # fmt: skip


def draw_centre(axes: Axes, slot: Slot, centre: float) -> None:
    """Draw a group's mean or median as a line."""
    if math.isfinite(centre):
        half = slot.bar / 2
        axes.plot(
            [slot.middle - half, slot.middle + half], [centre, centre], color=look.INK, linewidth=1.4,
            solid_capstyle="butt", zorder=6, label="centre",
        )  # fmt: skip


def draw_error(axes: Axes, slot: Slot, spread: Spread) -> None:
    """Draw the error bar of two or more units over the points."""
    if not math.isfinite(spread.low):
        return
    pieces = [([slot.middle] * 2, [spread.low, spread.high])]
    pieces += [
        ([slot.middle - slot.cap, slot.middle + slot.cap], [end] * 2) for end in (spread.low, spread.high)
    ]
    for i, (xs, ys) in enumerate(pieces):
        axes.plot(xs, ys, color=look.INK, linewidth=0.8, solid_capstyle="butt", zorder=6,
                  label="error" if i == 0 else "cap")  # fmt: skip


def draw_box(axes: Axes, slot: Slot, box: Quartiles, how: Look) -> None:
    """Draw quartiles as a box, the median as a line in it, and whiskers."""
    axes.add_patch(Rectangle(
        (slot.middle - slot.bar / 2, box.q1), slot.bar, box.q3 - box.q1,
        facecolor=look.tint(how.colour, FILL), edgecolor=how.colour, hatch=how.hatch or None,
        linewidth=0.8, zorder=2, label="box",
    ))  # fmt: skip
    for start, end in ((box.q1, box.low), (box.q3, box.high)):
        axes.plot([slot.middle] * 2, [start, end], color=how.colour, linewidth=0.8, zorder=2, label="whisker")
    draw_centre(axes, slot, box.median)


def draw_units(
    axes: Axes, slot: Slot, scale: Scale, kept: FloatArray, left_out: FloatArray, how: Look
) -> None:
    """Draw every unit as a point; excluded ones hollow, where they fall among the others."""
    both = np.concatenate([kept, left_out])
    size = point_size(both.size)
    aside = side_by_side(scale.points(both), size, slot.bar * POINTS_SHARE)
    for chosen, hollow in ((slice(0, kept.size), False), (slice(kept.size, None), True)):
        if both[chosen].size:
            axes.scatter(
                slot.middle + aside[chosen], both[chosen], s=size**2, marker=how.marker, zorder=5,
                clip_on=False, facecolors=look.PAPER if hollow else how.colour,
                edgecolors=how.colour if hollow else look.PAPER,
                linewidths=0.7 if hollow else 0.35, label="excluded" if hollow else "units",
            )  # fmt: skip


def column(slot: Slot, scale: Scale, drawn: FloatArray, radius: float) -> Box | None:
    """Return the rectangle that holds all that is drawn of a group; None where nothing is.

    Parameters
    ----------
    drawn : values of points, ends of error bars and bars, NaN where there is none
    """
    heights = scale.points(drawn)
    heights = heights[np.isfinite(heights)]
    if heights.size == 0:
        return None
    half = slot.bar / 2 + radius
    return Box(
        slot.middle - half, slot.middle + half, float(heights.min()) - radius, float(heights.max()) + radius
    )
