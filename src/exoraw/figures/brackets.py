"""What tests say, drawn over the groups: brackets with stars, symbols without a bracket, never colliding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exoraw.figures import look, words
from exoraw.figures.packing import Box, stack
from exoraw.figures.page import Plot

FOOT = 2.6  # pt, length of a bracket's feet
INSET = 1.6  # pt by which a bracket ends before the middle of its group: neighbours share a height
TEXT_GAP = 1.2  # pt between a bracket's line and its text
BETWEEN = 2.0  # pt between any two things
LEAST_SPAN = 4.0  # pt
STAR_DROP = 0.20  # of the type's size: a star's glyph hangs at the top of its line
TEXT_HEIGHT, STAR_HEIGHT = 0.95, 0.65  # of the type's size


@dataclass(frozen=True)
class Mark:
    """One text over the groups, with its rectangle; a bracket where its ends differ.

    left, right : pt along the axis, the middles of its groups
    middle : pt, where its text stands
    """

    text: str
    left: float
    right: float
    middle: float
    box: Box

    @property
    def bracket(self) -> bool:
        """Say whether a line is drawn from group to group."""
        return self.right > self.left


def arrange_marks(
    wanted: Sequence[tuple[float, float, str]], obstacles: Sequence[Box], reach: tuple[float, float]
) -> list[Mark]:
    """Place brackets and symbols above everything they stand over, lowest first.

    Parameters
    ----------
    wanted : (left, right, text): middles of two groups in pt, equal for a symbol over one group
    obstacles : columns of points, bars and error bars
    reach : pt along the axis within which texts may stand
    """
    marks = [
        _at_the_floor(min(a, b), max(a, b), words.one_line(text), reach) for a, b, text in wanted if text
    ]
    order = sorted(range(len(marks)), key=lambda i: (marks[i].right - marks[i].left, marks[i].left, i))
    boxes = stack([marks[i].box for i in order], obstacles, BETWEEN)
    return [_moved(marks[i], box) for i, box in zip(order, boxes, strict=True)]


def _at_the_floor(left: float, right: float, text: str, reach: tuple[float, float]) -> Mark:
    text = words.cut(text, reach[1] - reach[0], look.LABEL)
    half = look.text_width(text, look.LABEL) / 2
    middle = min(max((left + right) / 2, reach[0] + half), reach[1] - half)
    height = look.LABEL * (STAR_HEIGHT if _stars(text) else TEXT_HEIGHT)
    if right > left:
        height += FOOT + TEXT_GAP
        inset = min(INSET, max(0.0, (right - left - LEAST_SPAN) / 2))
        left, right = left + inset, right - inset
        box = Box(min(left, middle - half), max(right, middle + half), 0.0, height)
    else:
        box = Box(middle - half, middle + half, 0.0, height)
    return Mark(text, left, right, middle, box)


def _moved(mark: Mark, box: Box) -> Mark:
    return Mark(mark.text, mark.left, mark.right, mark.middle, box)


def _stars(text: str) -> bool:
    return set(text) <= {"*"}


def draw_marks(plot: Plot, marks: Sequence[Mark]) -> None:
    """Draw them; their heights count from the low end of the value axis."""
    for mark in marks:
        base = mark.box.bottom
        if mark.bracket:
            line = base + FOOT
            plot.line([mark.left, mark.left, mark.right, mark.right], [base, line, line, base],
                      linewidth=0.7, solid_joinstyle="miter", label="bracket")  # fmt: skip
            base = line + TEXT_GAP
        drop = STAR_DROP * look.LABEL if _stars(mark.text) else -0.06 * look.LABEL
        plot.write(mark.middle, base - drop, mark.text, size=look.LABEL, label="mark")


def top_of(marks: Sequence[Mark]) -> float:
    """Return the height (pt) of the highest of them; 0 where there is none."""
    return max((mark.box.top for mark in marks), default=0.0)
