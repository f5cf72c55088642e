"""Parts of the flow pictures: densities, outlines, borders, axes, headings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib.axes import Axes as MplAxes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.patches import Polygon
from matplotlib.transforms import Transform
from scipy.ndimage import gaussian_filter

from exoraw.assays.flow.arrays import BoolArray, FloatArray, spread_over
from exoraw.assays.flow.plot_axis import PlotAxis

DPI = 150  # at few inches: the report shows a picture 280 pixels high, and its letters must stay readable
BINS = 128
SMOOTHING = 1.0  # bins; the eye sees the population, not the binning
DOTS_BELOW = 1.5  # smoothed events per bin: below it every event is a dot of its own
MOST_DOTS = 2_500
DRAWN_EVENTS = 250_000  # of a tube, evenly spread: more do not change what is seen
OUTLINE_EVENTS = 20_000  # of a control, evenly spread: more do not change its smoothed outline
WIDE_FONTS = ("Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "SimHei", "Arial Unicode MS")

INK, QUIET, GATE, REMOVED = "#1f2430", "#6b7280", "#c2264b", "#c9ccd3"
BACKGATED = "#b83280"  # events of a population laid over another plot
CONTROL_COLOURS = ("#2f855a", "#2b6cb0", "#b7791f", "#7c828d", "#b83280", "#805ad5", "#0e7490")
LETTERS_PER_INCH = 11  # of a heading
LOWEST_LABEL, LABEL_LINE = 1.06, 0.1  # of a control's peak: where the labels of borders stand
LETTER = 0.022  # of a panel's width: one letter of a border's label
DENSITY = LinearSegmentedColormap.from_list(
    "exoraw density", ["#9db8dd", "#4a7fc1", "#2c5ba8", "#3d9a8b", "#8fc152", "#f4d03f", "#ee8a2e"]
)


@dataclass(frozen=True)
class Curve:
    """One control of an overlay: its name, its values on one axis (linear), its place among the colours."""

    name: str
    values: FloatArray
    colour: int


@dataclass(frozen=True)
class Line:
    """A threshold: where, what to call it, and whether it is the one that is used."""

    value: float
    name: str
    used: bool


def density(plot: MplAxes, axes: tuple[PlotAxis, PlotAxis], events: FloatArray) -> None:
    """Smoothed 2-D histogram, coloured by the square root of density; sparse events as dots."""
    if not len(events):
        return
    events = spread_over(events, DRAWN_EVENTS)
    x, y = axes[0].place(events[:, 0]), axes[1].place(events[:, 1])
    column = np.minimum((x * BINS).astype(np.intp), BINS - 1)
    row = np.minimum((y * BINS).astype(np.intp), BINS - 1)
    counts = np.bincount(row * BINS + column, minlength=BINS * BINS).reshape(BINS, BINS)
    smooth = gaussian_filter(counts.astype(np.float64), SMOOTHING, mode="constant")
    dense = smooth >= DOTS_BELOW
    if dense.any():
        level = np.sqrt(np.where(dense, smooth, np.nan) / smooth.max())
        plot.imshow(
            np.ma.masked_invalid(level), origin="lower", extent=(0, 1, 0, 1), aspect="auto", cmap=DENSITY,
            vmin=0.0, vmax=1.0, interpolation="nearest", zorder=2,
        )  # fmt: skip
    sparse = np.flatnonzero(~dense[row, column])
    sparse = sparse[:: max(1, -(-len(sparse) // MOST_DOTS))]
    plot.plot(x[sparse], y[sparse], linestyle="none", marker="o", markersize=1.3, markeredgewidth=0,
              color="#5f7fae", zorder=1)  # fmt: skip


def taken_out(
    plot: MplAxes, axes: tuple[PlotAxis, PlotAxis], kept: FloatArray, removed: FloatArray, note: str
) -> None:
    """One panel of the cleaning: what stays in colour, what goes in grey, a line over it."""
    _removed_dots(plot, axes, removed)
    density(plot, axes, kept)
    panel_note(plot, note, QUIET)


def dots_over(
    plot: MplAxes,
    axes: tuple[PlotAxis, PlotAxis],
    events: FloatArray,
    masks: tuple[BoolArray, BoolArray],
) -> None:
    """Events of a parent as a grey cloud, those of a population inside it as dots over it."""
    parent, population = (events[mask] for mask in masks)
    _removed_dots(plot, axes, parent)
    chosen = population[:: max(1, -(-len(population) // MOST_DOTS))]
    plot.plot(axes[0].place(chosen[:, 0]), axes[1].place(chosen[:, 1]), linestyle="none", marker="o",
              markersize=1.5, markeredgewidth=0, color=BACKGATED, alpha=0.7, zorder=2)  # fmt: skip


def panel_note(plot: MplAxes, note: str, colour: str) -> None:
    """One small line over a panel, flush with its right end."""
    plot.text(
        1.0, 1.025, note, fontsize=6.5, color=colour, ha="right", va="bottom", transform=plot.transAxes,
        parse_math=False,
    )  # fmt: skip


def _removed_dots(plot: MplAxes, axes: tuple[PlotAxis, PlotAxis], events: FloatArray) -> None:
    chosen = events[:: max(1, -(-len(events) // MOST_DOTS))]
    plot.plot(axes[0].place(chosen[:, 0]), axes[1].place(chosen[:, 1]), linestyle="none", marker="o",
              markersize=1.4, markeredgewidth=0, color=REMOVED, zorder=0.5)  # fmt: skip


def outline(plot: MplAxes, axis: PlotAxis, curve: Curve, colour: str) -> None:
    """A control's histogram, smoothed and scaled to its own peak."""
    values = curve.values[:: max(1, len(curve.values) // OUTLINE_EVENTS)]
    if not len(values):
        return
    counts = np.bincount(np.minimum((axis.place(values) * 256).astype(np.intp), 255), minlength=256)
    smooth = gaussian_filter(counts.astype(np.float64), 3.0, mode="nearest")
    where = (np.arange(256) + 0.5) / 256
    top = smooth / max(float(smooth.max()), 1e-12)
    below = np.column_stack([np.r_[where[0], where, where[-1]], np.r_[0.0, top, 0.0]])
    plot.add_artist(Polygon(below, facecolor=colour, alpha=0.13, linewidth=0))
    plot.plot(where, top, color=colour, linewidth=1.3)


def draw_borders(plot: MplAxes, axis: PlotAxis, borders: Sequence[Line]) -> None:
    """Draw the borders; labels that would lie over each other move one line up."""
    ends = [-1.0] * (len(borders) + 1)
    for border in sorted(borders, key=lambda line: line.value):
        where = float(axis.place(np.array([border.value]))[0])
        half = LETTER * len(border.name) / 2
        left = min(max(where - half, 0.0), 1.0 - 2 * half)
        level = next(i for i, end in enumerate(ends) if left > end)
        ends[level] = left + 2 * half
        top, colour = LOWEST_LABEL + LABEL_LINE * level, GATE if border.used else QUIET
        dashes = (None, None) if border.used else (3, 2)
        width = 1.4 if border.used else 0.9
        plot.plot([where, where], [0, top - 0.04], color=colour, linewidth=width, dashes=dashes, zorder=3)
        plot.text(
            left + half, top, border.name, ha="center", va="center", fontsize=7, color=colour, zorder=4,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.4},
        )  # fmt: skip
    used = max((level for level, end in enumerate(ends) if end >= 0), default=0)
    plot.set_ylim(0, LOWEST_LABEL + LABEL_LINE * (used + 0.7))


def frame(plot: MplAxes, axes: tuple[PlotAxis, PlotAxis | None], *, small: bool = False) -> None:
    """Ticks in real units, thin quiet spines; without a second axis the heights carry no unit."""
    letters, numbers = (7.0, 6.0) if small else (8.5, 7.5)
    across, up = axes
    major, labels, minor = across.ticks()
    plot.set_xlim(0, 1)
    plot.set_xticks(major, labels)
    _minor_ticks(plot, minor, [0.0] * len(minor), TICKDOWN, plot.get_xaxis_transform())
    plot.set_xlabel(across.label, fontsize=letters, color=INK, labelpad=2)
    if up is None:
        plot.set_yticks([])
    else:
        major, labels, minor = up.ticks()
        plot.set_ylim(0, 1)
        plot.set_yticks(major, labels)
        _minor_ticks(plot, [0.0] * len(minor), minor, TICKLEFT, plot.get_yaxis_transform())
        plot.set_ylabel(up.label, fontsize=letters, color=INK, labelpad=1)
    plot.tick_params(which="both", labelsize=numbers, color=QUIET, labelcolor=INK, direction="out", width=0.7)
    for spine in plot.spines.values():
        spine.set(color=QUIET, linewidth=0.8)


def _minor_ticks(plot: MplAxes, x: list[float], y: list[float], marker: int, transform: Transform) -> None:
    """Minor ticks as one line of markers: matplotlib's own are an object each and cost 0.1 s a plot."""
    plot.plot(
        x, y, linestyle="none", marker=marker, markersize=2, markeredgewidth=0.5, color=QUIET, clip_on=False,
        transform=transform,
    )  # fmt: skip


def heading(figure: Figure, title: str, note: str, heights: tuple[float, float] = (0.955, 0.9)) -> None:
    """Sample name and a line below it; a name is text, never a formula, in any script.

    Parameters
    ----------
    heights : of the two lines, in parts of the figure
    """
    longest = int(LETTERS_PER_INCH * figure.get_figwidth())
    short = title if len(title) <= longest else title[: longest - 1] + "…"
    lines = ((heights[0], short, 9.5, "bold", INK), (heights[1], note, 7.5, "normal", QUIET))
    for height, text, size, weight, colour in lines:
        figure.text(
            0.03, height, text, fontsize=size, fontweight=weight, color=colour, parse_math=False, va="center",
            fontfamily=_families(),
        )  # fmt: skip


@cache
def _families() -> tuple[str, ...]:
    """Matplotlib's own font, then whichever installed one has Chinese, Japanese and Korean letters."""
    installed = {font.name for font in fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in WIDE_FONTS if name in installed))
