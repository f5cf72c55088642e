"""Publication figures: plain arrays in, matplotlib Figures at a journal's column width out; know no study."""

from __future__ import annotations

from exoraw.figures.groups import Axis, Bracket, FigureError, GroupStyle, GroupValues

__all__ = ["Axis", "Bracket", "FigureError", "GroupStyle", "GroupValues"]
