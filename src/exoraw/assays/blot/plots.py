"""The pictures of the blot assay: the uncropped picture with its bands, and the lanes' profiles; PNG."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from exoraw.assays.blot.lanes.arrays import AnyImage, FloatArray

INK, QUIET, GATE = "#1f2430", "#6b7280", "#c2264b"  # one hand with the pictures of the other assays
BAND, DOUBT, SATURATED, POINT = "#2b6cb0", "#b7791f", "#c2264b", "#2f855a"
CLIPPED = (0.76, 0.15, 0.29)
DPI = 130
WIDTH = 6.2  # inches
HEADING, MARGIN = 0.42, 0.1  # inches above and beside the picture
TALLEST = 7.0  # inches
MASS_AXIS = 0.42  # inches left of the picture
LARGEST_SIDE = 1_000  # pixels of the picture that are drawn: more cannot be seen
GREYS = 28  # of the display: more cannot be told apart, and noise would fill the report
DARKEST = 99.7  # percentile of the signal that is drawn black
PALETTE_GREYS = 128
LETTERS = 11  # per inch of a heading
LETTER, BOLD_LETTER = 0.058, 0.082  # inches: widths of a letter of a lane's name, and of a protein's


@dataclass(frozen=True)
class Box:
    """One band as it is drawn: its box in pixels, its lane's name, and what is to be seen of it."""

    box: tuple[int, int, int, int]
    lane: str
    detected: bool = True
    saturated: bool = False


@dataclass(frozen=True)
class DrawnRow:
    """One protein of the picture.

    Parameters
    ----------
    name : of the protein
    boxes : its bands, from the first lane to the last
    mass : molecular weight in words ("88 kDa"); "" where it is not known
    likeliest : first and last band where the row needs points; () where it was measured
    others : further readings
    """

    name: str
    boxes: tuple[Box, ...]
    mass: str = ""
    likeliest: tuple[tuple[float, float], ...] = ()
    others: tuple[tuple[tuple[float, float], tuple[float, float]], ...] = ()


@dataclass(frozen=True)
class DrawnLadder:
    """The axis of molecular weights.

    Parameters
    ----------
    rungs : (mass, height in pixels), from the top
    unit : of the masses, "kDa" or "bp"
    columns : first column of the ladder's lane and the one after its last; None where it is not in sight
    """

    rungs: tuple[tuple[float, float], ...]
    unit: str
    columns: tuple[int, int] | None = None


def overlay(
    pixels: AnyImage,
    rows: Sequence[DrawnRow],
    ceiling: float | None,
    title: str,
    note: str,
    ladder: DrawnLadder | None = None,
) -> bytes:
    """Draw the whole picture, bands dark as on film, with every box and its name.

    Parameters
    ----------
    pixels : (rows, columns) signal, bands bright
    rows : what was found, protein by protein
    ceiling : value of clipped pixels, which are drawn red; None where there are none
    title, note : heading, and the line below it
    ladder : molecular weights, drawn as an axis on the left

    Returns
    -------
    PNG, 8-bit palette. Only the display is stretched; numbers come from the raw signal
    """
    height, width = pixels.shape
    axis = MASS_AXIS if ladder is not None else 0.0
    tall = min((WIDTH - 2 * MARGIN - axis) * height / width, TALLEST)
    wide = tall * width / height
    total = tall + HEADING + MARGIN
    figure = Figure(figsize=(WIDTH, total), dpi=DPI)
    left = axis + (WIDTH - axis - wide) / 2
    plot = figure.add_axes((left / WIDTH, MARGIN / total, wide / WIDTH, tall / total))
    _film(plot, pixels, ceiling)
    if ladder is not None:
        _mass_axis(plot, ladder, height / tall, width / wide)
    taken = float(ladder.columns[1]) if ladder is not None and ladder.columns is not None else 0.0
    for row in rows:
        _draw_row(plot, row, (height, width), taken)
    plot.set_xlim(0, width)
    plot.set_ylim(height, 0)
    plot.set_xticks([])
    plot.set_yticks([])
    for spine in plot.spines.values():
        spine.set(color=QUIET, linewidth=0.8)
    _heading(figure, title, note, total)
    return png(figure)


def _mass_axis(plot: Axes, ladder: DrawnLadder, down_per_inch: float, right_per_inch: float) -> None:
    """A tick for every rung, a number where it has room, and a dash on the rung itself."""
    x0, x1 = ladder.columns or (0, 0)
    inch = right_per_inch
    plot.text(-0.08 * inch, 0.02 * down_per_inch, ladder.unit, fontsize=8, color=QUIET, ha="right", va="top")
    free = 0.2 * down_per_inch
    for mass, y in ladder.rungs:
        plot.plot((-0.06 * inch, 0), (y, y), color=INK, linewidth=0.8, clip_on=False)
        if ladder.columns is not None:
            plot.plot((x0, x1), (y, y), color=POINT, linewidth=0.8, dashes=(2, 1.5))
        if y >= free:
            plot.text(-0.08 * inch, y, f"{mass:g}", fontsize=8, color=INK, ha="right", va="center_baseline")
            free = y + 0.115 * down_per_inch
    if ladder.columns is not None:
        top = ladder.rungs[0][1] - 0.06 * down_per_inch
        _label(plot, (x0 + x1) / 2, max(top, 0.14 * down_per_inch), "ladder", "center", "bottom", size=6.8)


def _film(plot: Axes, pixels: AnyImage, ceiling: float | None) -> None:
    step = max(1, -(-max(pixels.shape) // LARGEST_SIDE))
    shown = _smaller(np.asarray(pixels, dtype=np.float32), step, np.mean)
    low, high = np.percentile(shown, (1.0, DARKEST))
    grey = 1 - np.clip((shown - low) / max(high - low, 1e-12), 0, 1)
    colour = np.repeat(np.round(grey[:, :, None] * GREYS) / GREYS, 3, axis=2)
    if ceiling is not None:
        colour[_smaller(pixels, step, np.max) >= ceiling] = CLIPPED
    rows, columns = (side * step for side in shown.shape)
    plot.imshow(colour, extent=(0, columns, rows, 0), interpolation="nearest")


def _smaller(pixels: AnyImage, step: int, of: Callable[..., Any]) -> AnyImage:
    """Every block of step x step pixels as one; what is left over at the right and lower edge is lost."""
    rows, columns = (side // step for side in pixels.shape)
    blocks = pixels[: rows * step, : columns * step].reshape(rows, step, columns, step)
    smaller: AnyImage = of(blocks, axis=(1, 3))
    return smaller


def _draw_row(plot: Axes, row: DrawnRow, shape: tuple[int, int], taken: float) -> None:
    """A row with its names; what lies left of `taken` is the ladder's."""
    for box in row.boxes:
        x0, y0, x1, y1 = box.box
        colour = SATURATED if box.saturated else BAND if box.detected else DOUBT
        plot.add_patch(
            Rectangle(
                (x0, y0),
                x1 - x0,
                y1 - y0,
                fill=False,
                edgecolor=colour,
                linewidth=0.8,
                linestyle="-" if box.detected else (0, (3, 2)),
            )
        )
    if row.boxes:
        _names(plot, row, shape, taken)
    for number, pair in enumerate(row.others):
        plot.plot(*zip(*pair, strict=True), color=DOUBT, linewidth=0.8, dashes=(3, 2), marker="x",
                  markersize=5, alpha=1.0 if number == 0 else 0.6)  # fmt: skip
    if row.likeliest:
        plot.plot(*zip(*row.likeliest, strict=True), color=GATE, linewidth=1.1, marker="+", markersize=9)
        x, y = row.likeliest[0][0], min(point[1] for point in row.likeliest)
        _label(plot, x, y - 0.045 * shape[0], f"{row.name}? click first and last band", "left", "bottom")


def _names(plot: Axes, row: DrawnRow, shape: tuple[int, int], taken: float) -> None:
    """Lane names above the boxes, slanted where they would run into each other; the protein beside them."""
    per_inch = shape[1] / (WIDTH - 2 * MARGIN)
    longest = LETTER * max(len(box.lane) for box in row.boxes) * per_inch
    slanted = longest > float(np.median([box.box[2] - box.box[0] for box in row.boxes]))
    room = longest * 0.6 if slanted else 0.12 * per_inch
    top = max(min(box.box[1] for box in row.boxes) - 0.006 * shape[0], room)
    for box in row.boxes:
        middle = (box.box[0] + box.box[2]) / 2
        room_right = int((shape[1] - middle) / (0.82 * LETTER * per_inch))
        name = _shortened(box.lane, room_right) if slanted else box.lane
        plot.text(
            middle, top, name, fontsize=6.8, color=INK, parse_math=False,
            ha="left" if slanted else "center", va="bottom", rotation=35 if slanted else 0,
            rotation_mode="anchor", clip_on=True,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.6, "pad": 0.4},
        )  # fmt: skip
    _protein(plot, row, shape, per_inch, taken)


def _protein(plot: Axes, row: DrawnRow, shape: tuple[int, int], per_inch: float, taken: float) -> None:
    """The protein beside its row, as figures of papers have it; below where neither side has room."""
    said = f"{row.name}, {row.mass}" if row.mass else row.name
    first, last = (sort(row.boxes, key=lambda box: box.box[0]) for sort in (min, max))
    gap, needed = 0.04 * per_inch, BOLD_LETTER * len(said) * per_inch
    if first.box[0] - gap - needed > taken:
        _label(plot, first.box[0] - gap, (first.box[1] + first.box[3]) / 2, said, "right", "center")
    elif last.box[2] + gap + needed < shape[1]:
        _label(plot, last.box[2] + gap, (last.box[1] + last.box[3]) / 2, said, "left", "center")
    else:
        bottom = max(box.box[3] for box in row.boxes)
        below = min(bottom + 0.008 * shape[0], shape[0] - 0.16 * per_inch)
        _label(plot, first.box[0], below, said, "left", "top")


def _shortened(name: str, letters: int) -> str:
    """A name that would run out of the picture loses its middle: what tells lanes apart is at its ends."""
    if len(name) <= letters:
        return name
    kept = max(letters - 1, 2)
    return f"{name[: kept // 3]}…{name[len(name) - (kept - kept // 3) :]}"


def _label(plot: Axes, x: float, y: float, text: str, ha: str, va: str, size: float = 8.5) -> None:
    plot.text(
        x, y, text, fontsize=size, fontweight="bold", color=INK, ha=ha, va=va, parse_math=False,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.6},
    )  # fmt: skip


@dataclass(frozen=True)
class LaneCurve:
    """The profile of one lane across a row.

    Parameters
    ----------
    name : of the lane
    signal : (rows,) mean raw signal at every height
    baseline : (rows,) what of it is background
    first, last : rows of the band
    detected, saturated : what is to be seen of it
    """

    name: str
    signal: FloatArray
    baseline: FloatArray
    first: int
    last: int
    detected: bool = True
    saturated: bool = False


def profiles(curves: Sequence[LaneCurve], title: str, note: str) -> bytes:
    """Draw the profile of every lane, one scale for all, the background below it and the band filled."""
    columns = min(len(curves), max(3, math.ceil(math.sqrt(1.3 * len(curves)))))
    lines = -(-len(curves) // columns)
    total = HEADING + 1.35 * lines
    figure = Figure(figsize=(WIDTH, total), dpi=DPI)
    low = min(float(np.min(curve.baseline)) for curve in curves)
    high = max(float(np.max(curve.signal)) for curve in curves)
    span = max(high - low, 1e-12)
    letters = int(0.88 * WIDTH / columns / (1.1 * LETTER))
    for index, curve in enumerate(curves):
        line, column = divmod(index, columns)
        place = (
            (column + 0.08) / columns, (total - HEADING - 1.35 * (line + 1) + 0.22) / total,
            0.84 / columns, 0.9 / total,
        )  # fmt: skip
        _profile(figure.add_axes(place), curve, (low - 0.05 * span, high + 0.08 * span), letters)
    _heading(figure, title, note, total)
    return png(figure)


def _profile(plot: Axes, curve: LaneCurve, limits: tuple[float, float], letters: int) -> None:
    rows = np.arange(len(curve.signal))
    inside = slice(curve.first, curve.last + 1)
    colour = SATURATED if curve.saturated else BAND if curve.detected else DOUBT
    plot.fill_between(
        rows[inside], curve.baseline[inside], curve.signal[inside], color=colour, alpha=0.3, linewidth=0
    )
    plot.plot(rows, curve.signal, color=INK, linewidth=0.9)
    plot.plot(rows, curve.baseline, color=GATE, linewidth=0.9)
    plot.set_xlim(0, len(rows) - 1)
    plot.set_ylim(*limits)
    plot.set_xticks([])
    plot.set_yticks([])
    plot.set_title(_shortened(curve.name, letters), fontsize=7.5, color=INK, pad=2, parse_math=False)
    for spine in plot.spines.values():
        spine.set(color=QUIET, linewidth=0.6)


def _heading(figure: Figure, title: str, note: str, total: float) -> None:
    longest = int(LETTERS * WIDTH)
    short = title if len(title) <= longest else title[: longest - 1] + "…"
    figure.text(
        MARGIN / WIDTH, 1 - 0.14 / total, short, fontsize=9.5, fontweight="bold", color=INK, va="center",
        parse_math=False,
    )  # fmt: skip
    figure.text(
        MARGIN / WIDTH, 1 - 0.31 / total, note, fontsize=7, color=QUIET, va="center", parse_math=False
    )


def png(figure: Figure) -> bytes:
    """Render to an 8-bit palette PNG without dates or names: equal numbers give equal bytes."""
    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():  # a letter that no installed font has is drawn as a box
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        canvas.draw()
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3])
    buffer = io.BytesIO()
    found = np.array(drawn.quantize(palette=_palette(), dither=Image.Dither.NONE))
    colours = np.asarray(drawn)
    grey = (colours == colours[:, :, :1]).all(axis=2)  # exact: a white that is not quite white looks dirty
    found[grey] = np.round(colours[grey, 0] * ((PALETTE_GREYS - 1) / 255)).astype(np.uint8)
    small = Image.fromarray(found, mode="P")
    small.putpalette(_palette().getpalette() or [])
    small.save(buffer, "PNG", optimize=False)
    return buffer.getvalue()


@cache
def _palette() -> Image.Image:
    """Greys, and every drawn colour over light and dark: a palette found by itself tints grey membranes."""
    greys = np.repeat(np.round(np.linspace(0, 255, PALETTE_GREYS))[:, None], 3, axis=1)
    drawn = np.array([to_rgb(colour) for colour in (INK, QUIET, BAND, DOUBT, SATURATED, POINT)]) * 255
    shares = np.linspace(1.0, 0.2, 7)[:, None, None]
    tints = [shares * drawn + (1 - shares) * ground for ground in (255.0, 150.0, 0.0)]
    colours = np.vstack([greys, np.concatenate(tints).reshape(-1, 3)[:128]]).astype(np.uint8)
    found = Image.new("P", (1, 1))
    found.putpalette(colours.tobytes())
    return found
