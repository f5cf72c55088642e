"""The key of a figure: every colour with its mark, hatch or dash, in rows above the axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from exoraw.figures import look, words
from exoraw.figures.page import Plot

SWATCH = 12.0  # pt, width of a sample of colour
SWATCH_HEIGHT = 6.0
TEXT_GAP = 3.5  # pt from the sample to its name
SHORTEST_NAME = 20.0  # pt that a name keeps beside a long tail
KEY_GAP = 11.0  # pt between two keys
ROW = look.line_height() + 1.5
BELOW = 5.0  # pt between the key and what is drawn


@dataclass(frozen=True)
class Key:
    """One entry: a name and how what it names is drawn.

    colour : of edge and mark
    fill : of a bar's sample; "" draws none
    hatch : of the bar
    marker : "" draws none; `hollow` leaves it open
    dash : of a line's sample; None draws none
    tail : end of the text that is never cut (n, a median, an IC50)
    """

    text: str
    colour: str
    fill: str = ""
    hatch: str = ""
    marker: str = ""
    hollow: bool = False
    dash: Any = None
    tail: str = ""

    @property
    def indent(self) -> float:
        """Return the pt before its name; a key without a sample is a line of text."""
        return SWATCH + TEXT_GAP if self.fill or self.marker or self.dash is not None else 0.0


@dataclass(frozen=True)
class Legend:
    """Entries with their places: pt from the left end and number of the row from the top."""

    places: tuple[tuple[Key, float, int], ...]
    rows: int

    @property
    def room(self) -> float:
        """Return the pt it needs above the axes."""
        return self.rows * ROW + BELOW if self.rows else 0.0


def arrange_legend(keys: Sequence[Key], width: float) -> Legend:
    """Set entries in rows of `width` pt; a name too long for a row is cut in its middle."""
    places: list[tuple[Key, float, int]] = []
    x, row = 0.0, 0
    for key in keys:
        room = width - key.indent - look.text_width(key.tail)
        name = words.cut(words.one_line(key.text), max(room, SHORTEST_NAME)) + key.tail
        needed = key.indent + look.text_width(name)
        if x > 0 and x + needed > width:
            x, row = 0.0, row + 1
        places.append((replace(key, text=name, tail=""), x, row))
        x += needed + KEY_GAP
    return Legend(tuple(places), row + 1 if places else 0)


def write_legend(plot: Plot, legend: Legend, left: float, top: float) -> None:
    """Write a key whose upper left corner lies at (`left`, `top`) pt from the axes' lower left corner."""
    for key, x, row in legend.places:
        middle = top - (row + 0.5) * ROW
        _sample(plot, key, left + x, middle)
        plot.write(left + x + key.indent, middle - 0.36 * look.SMALL, key.text, ha="left")


def _sample(plot: Plot, key: Key, x: float, middle: float) -> None:
    if key.fill:
        low, high = plot.at(x, middle - SWATCH_HEIGHT / 2), plot.at(x + SWATCH, middle + SWATCH_HEIGHT / 2)
        patch = Rectangle(
            low, high[0] - low[0], high[1] - low[1], transform=plot.figure.transFigure, facecolor=key.fill,
            edgecolor=key.colour, hatch=key.hatch or None, linewidth=look.AXIS_LINE,
        )  # fmt: skip
        plot.figure.add_artist(patch)
    if key.dash is not None:
        plot.line([x, x + SWATCH], [middle, middle], color=key.colour, linewidth=look.DATA_LINE,
                  linestyle=key.dash)  # fmt: skip
    if key.marker:
        place = plot.at(x + SWATCH / 2, middle)
        face = look.PAPER if key.hollow else key.colour
        plot.figure.add_artist(Line2D(
            [place[0]], [place[1]], transform=plot.figure.transFigure, linestyle="none", marker=key.marker,
            markersize=look.POINT, markerfacecolor=face, markeredgecolor=key.colour, markeredgewidth=0.7,
        ))  # fmt: skip
