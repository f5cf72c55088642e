"""Publication figures: plain arrays in, matplotlib Figures at a journal's column width out; know no study."""

from __future__ import annotations

from exoraw.figures.asked import Axis, Bracket, GroupStyle, GroupValues
from exoraw.figures.groups import compared_groups
from exoraw.figures.page import FigureError
from exoraw.figures.save import save, svg_text, unwritable

__all__ = [
    "Axis",
    "Bracket",
    "FigureError",
    "GroupStyle",
    "GroupValues",
    "compared_groups",
    "save",
    "svg_text",
    "unwritable",
]
