"""Drawing in (place of the group, value), whichever of the two lies on the x axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from exoraw.report import style

MEAN_HALF = 0.27  # half width of the mean's line, in slots
BAR = 0.68  # width of a stacked bar, in slots
CAP = 0.11  # half width of the ends of an SD bar, in slots
TRIANGLE = 1.35  # area of a triangle beside a disc that looks as large

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Pen:
    """A figure's axes, and whether groups stand side by side (upright) or below each other."""

    figure: Figure
    axes: Axes
    upright: bool

    def _xy(self, place: Any, value: Any) -> tuple[Any, Any]:
        return (place, value) if self.upright else (value, place)

    def points(self, place: FloatArray, value: FloatArray, *, marker: str, fill: str, edge: str) -> None:
        """Draw one point per pair, rimmed in paper so that neighbours stay apart; `fill` "none" = hollow."""
        size = style.POINT_SIZE * (TRIANGLE if marker == "^" else 1.0)
        width = 1.2 if fill == "none" else 0.7
        self.axes.scatter(
            *self._xy(place, value), s=size, marker=marker, zorder=5, clip_on=False,
            facecolors=fill, edgecolors=edge if fill == "none" else style.PAPER, linewidths=width,
        )  # fmt: skip

    def line(self, place: list[float], value: list[float], width: float) -> None:
        """Draw a line through the pairs."""
        self.axes.plot(
            *self._xy(place, value), color=style.INK, linewidth=width, solid_capstyle="butt",
            zorder=4, clip_on=False,
        )  # fmt: skip

    def mean_and_sd(self, place: float, mean: float, sd: float) -> None:
        """Draw a group's mean as a broad line and, where there is one, its SD as a whisker."""
        self.line([place - MEAN_HALF, place + MEAN_HALF], [mean, mean], style.MEAN_LINE)
        if sd > 0:
            self.line([place, place], [mean - sd, mean + sd], style.SD_LINE)
            for end in (mean - sd, mean + sd):
                self.line([place - CAP, place + CAP], [end, end], style.SD_LINE)

    def bar(self, place: float, start: float, length: float, colour: str) -> None:
        """Draw one part of a stacked bar."""
        if self.upright:
            self.axes.bar(
                place, length, width=BAR, bottom=start, color=colour, edgecolor=style.PAPER, linewidth=0.8
            )
        else:
            self.axes.barh(
                place, length, height=BAR, left=start, color=colour, edgecolor=style.PAPER, linewidth=0.8
            )

    def write(self, place: float, value: float, text: str, colour: str) -> None:
        """Write a small text centred on a pair."""
        x, y = self._xy(place, value)
        self.axes.text(x, y, text, ha="center", va="center", fontsize=style.SMALL, color=colour)

    def limit(self, low: float, high: float) -> None:
        """Set the ends of the value axis and give it round ticks."""
        (self.axes.set_ylim if self.upright else self.axes.set_xlim)(low, high)
        axis = self.axes.yaxis if self.upright else self.axes.xaxis
        axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}".replace("-", "−")))
