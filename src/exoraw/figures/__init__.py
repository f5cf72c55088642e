"""Publication figures: plain arrays in, matplotlib Figures at a journal's column width out; know no study."""

from __future__ import annotations

from exoraw.figures.asked import Axis, Bracket, GroupStyle, GroupValues
from exoraw.figures.curves import CurveStyle, DoseCurve, dose_response
from exoraw.figures.groups import compared_groups
from exoraw.figures.growth import GrowthStyle, TimeCourse, growth_curves
from exoraw.figures.heat import HeatStyle, heat_map
from exoraw.figures.page import FigureError
from exoraw.figures.paired import PairedStyle, paired_lines
from exoraw.figures.save import figure_bytes, save, svg_text, unwritable
from exoraw.figures.shares import SharesStyle, shares_of_groups
from exoraw.figures.survival import SurvivalStyle, survival_curves
from exoraw.figures.volcano import VolcanoStyle, volcano

__all__ = [
    "Axis",
    "Bracket",
    "CurveStyle",
    "DoseCurve",
    "FigureError",
    "GroupStyle",
    "GroupValues",
    "GrowthStyle",
    "HeatStyle",
    "PairedStyle",
    "SharesStyle",
    "SurvivalStyle",
    "TimeCourse",
    "VolcanoStyle",
    "compared_groups",
    "dose_response",
    "figure_bytes",
    "growth_curves",
    "heat_map",
    "paired_lines",
    "save",
    "shares_of_groups",
    "survival_curves",
    "svg_text",
    "unwritable",
    "volcano",
]
