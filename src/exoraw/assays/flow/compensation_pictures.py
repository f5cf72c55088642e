"""The picture of a batch's compensation: every pair of dyes, the single stains before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.compensation import compensate
from exoraw.assays.flow.stain_controls import ControlMatrix, ControlRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from exoraw.assays.flow.plot_axis import PlotAxis

MOST_DYES = 8  # more do not fit into a grid: then the pairs with notable spillover are shown
NOTABLE = 0.02
MOST_PAIRS, COLUMNS = 48, 6
PANEL, LEFT, BOTTOM, TOP, GAP = 1.45, 0.62, 0.72, 0.62, 0.12  # inches
DOTS = 900  # of each kind and panel, evenly spread
COFACTOR = 150.0
OUTER_PERCENT = 0.5  # of a control's events may lie on the lower edge, a fifth of it on the upper
BEFORE, AFTER = "#e8a33d", "#2c5ba8"
BESIDE_LABELS = 0.12  # inches that words on the diagonal stand left of the middle
LONGEST_NAME = 18
NEGATIVE_WORDS = {
    "universal": "universal negative",
    "matched tube": "negative of its own tube",
    "own events": "its own negatives",
}


@dataclass(frozen=True, eq=False)
class _Stain:
    """One control before and after, and which of its events are positive."""

    row: ControlRow
    column: int
    before: FloatArray
    after: FloatArray
    positive: BoolArray
    dark_after: FloatArray


@dataclass(frozen=True)
class CompensationPicture:
    """The picture, and what it leaves out.

    Parameters
    ----------
    png : PNG, 8-bit palette
    pairs : (dye, detector) of every panel
    note : what is not shown and why; "" where everything is
    """

    png: bytes
    pairs: tuple[tuple[str, str], ...]
    note: str


def compensation_picture(matrix: ControlMatrix, *, title: str) -> CompensationPicture:
    """Draw every pair of dyes before and after compensation: detector across, the stain's own channel up.

    After compensation the medians of positive and negative events lie under each other. Up to 8 dyes make a
    grid (row = dye, column = detector); of more, the pairs with over 2 % spillover are shown, the largest
    first, and the rest is named in the note.

    Parameters
    ----------
    matrix : of the batch, with its controls
    title : of the batch
    """
    from matplotlib.figure import Figure

    from exoraw.assays.flow.plot_parts import DPI
    from exoraw.assays.flow.plot_stage import png

    stains = [_stain(row, matrix) for row in matrix.rows if row.used]
    columns = [stain.column for stain in stains]
    grid = len(stains) <= MOST_DYES
    pairs, hidden = _grid_pairs(stains) if grid else _notable_pairs(stains)
    across = len(stains) if grid else min(COLUMNS, max(len(pairs), 1))
    down = len(stains) if grid else -(-max(len(pairs), 1) // COLUMNS)
    step = PANEL + (GAP if grid else 0.55)
    width, height = LEFT + across * step + 0.1, BOTTOM + down * step + TOP
    figure = Figure(figsize=(max(width, 3.4), height), dpi=DPI)
    axes = _axes(stains, matrix.spillover.channels)
    for place, (stain, detector) in enumerate(pairs):
        line, column = (stains.index(stain), columns.index(detector)) if grid else divmod(place, COLUMNS)
        left, bottom = LEFT + column * step + (0.0 if grid else 0.15), BOTTOM + (down - 1 - line) * step
        size = PANEL if grid else PANEL - 0.15
        panel = figure.add_axes(
            (left / figure.get_figwidth(), bottom / height, size / figure.get_figwidth(), size / height)
        )
        last_line, first_column = down - 1 - (column == down - 1), int(line == 0)  # the diagonal is no panel
        edge = (not grid or line == last_line, not grid or column == first_column)
        _pair(panel, stain, detector, axes, matrix, edge)
    note = _note(hidden, matrix)
    _frame_words(figure, title, note, height)
    if grid:
        _diagonal(figure, stains, (step, down), height)
    names = matrix.spillover.channels
    return CompensationPicture(png(figure), tuple((s.row.control.channel, names[d]) for s, d in pairs), note)


def _stain(row: ControlRow, matrix: ControlMatrix) -> _Stain:
    names = matrix.spillover.channels
    found = row.populations
    assert found is not None
    column = names.index(row.control.channel)
    before = np.asarray(row.control.events, dtype=np.float64)
    dark = found.median_negative[np.newaxis, :]
    return _Stain(
        row,
        column,
        before,
        compensate(before, names, matrix.spillover),
        before[:, column] > found.threshold,
        compensate(dark, names, matrix.spillover)[0],
    )


def _grid_pairs(stains: Sequence[_Stain]) -> tuple[list[tuple[_Stain, int]], int]:
    return [(one, other.column) for one in stains for other in stains if one is not other], 0


def _notable_pairs(stains: Sequence[_Stain]) -> tuple[list[tuple[_Stain, int]], int]:
    """Pairs over 2 %, the largest first; and how many are left out."""
    pairs, _ = _grid_pairs(stains)
    notable = [(one, other) for one, other in pairs if abs(one.row.row[other]) > NOTABLE]
    notable.sort(key=lambda pair: -abs(pair[0].row.row[pair[1]]))
    return notable[:MOST_PAIRS], len(pairs) - len(notable[:MOST_PAIRS])


def _axes(stains: Sequence[_Stain], channels: Sequence[str]) -> dict[int, PlotAxis]:
    """One axis per detector, wide enough for every control before and after."""
    from exoraw.assays.flow.plot_axis import PlotAxis
    from exoraw.assays.flow.transforms import Arcsinh

    axes = {}
    for stain in stains:
        parts = [part[:, stain.column] for one in stains for part in (one.before, one.after)]
        ends = np.array([np.percentile(part, [OUTER_PERCENT, 100 - OUTER_PERCENT / 5]) for part in parts])
        low, high = ends[:, 0].min(), ends[:, 1].max()
        name = channels[stain.column]
        short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
        axes[stain.column] = PlotAxis(short, Arcsinh(COFACTOR), float(min(low, -COFACTOR)), float(high) * 1.3)
    return axes


def _pair(
    panel: Axes,
    stain: _Stain,
    detector: int,
    axes: dict[int, PlotAxis],
    matrix: ControlMatrix,
    edge: tuple[bool, bool],
) -> None:
    """One panel: dots before and after, medians of the positive events, level of the negative ones."""
    from exoraw.assays.flow.plot_parts import INK, QUIET, frame

    pair = axes[detector], axes[stain.column]
    both = [detector, stain.column]
    frame(panel, pair, small=True)
    for events, colour, order in ((stain.before, BEFORE, 1), (stain.after, AFTER, 2)):
        chosen = events[:: max(1, len(events) // DOTS)][:, both]
        x, y = (axis.place(values) for axis, values in zip(pair, chosen.T, strict=True))
        panel.plot(x, y, linestyle="none", marker="o", markersize=1.2, markeredgewidth=0, color=colour,
                   alpha=0.55, zorder=order)  # fmt: skip
    level = float(pair[0].place(stain.dark_after[[detector]])[0])
    panel.axvline(level, color=QUIET, linewidth=0.7, linestyle=(0, (4, 2)), zorder=3)
    for events, colour in ((stain.before, BEFORE), (stain.after, AFTER)):
        middle = np.median(events[stain.positive][:, both], axis=0)
        x, y = pair[0].place(middle[:1]), pair[1].place(middle[1:])
        panel.plot(x, y, marker="D", markersize=4.5, markerfacecolor=colour, markeredgecolor="white",
                   markeredgewidth=0.9, zorder=4)  # fmt: skip
    percent = 100 * matrix.spillover.matrix[stain.column, detector]
    panel.text(0.97, 0.03, f"{percent:.1f} %".replace("-0.0", "0.0"), transform=panel.transAxes, fontsize=7,
               color=INK, ha="right", va="bottom", zorder=5,
               bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1})  # fmt: skip
    if not edge[0]:
        panel.set_xlabel("")
        panel.set_xticklabels([])
    if not edge[1]:
        panel.set_ylabel("")
        panel.set_yticklabels([])


def _diagonal(figure: Figure, stains: Sequence[_Stain], layout: tuple[float, int], height: float) -> None:
    """Where dye and detector are the same: how firm the control is."""
    from exoraw.assays.flow.plot_parts import INK, QUIET

    step, down = layout
    for place, stain in enumerate(stains):
        found = stain.row.populations
        assert found is not None
        x = (LEFT + place * step + PANEL / 2 - BESIDE_LABELS) / figure.get_figwidth()
        y = (BOTTOM + (down - 1 - place) * step + PANEL / 2) / height
        negative = NEGATIVE_WORDS[stain.row.negative]
        words = f"{found.n_positive:,} positive\nstain index {found.separation:,.0f}\n{negative}"
        label = stain.row.control.name or stain.row.control.channel
        short = label if len(label) <= LONGEST_NAME else label[: LONGEST_NAME - 1] + "…"
        figure.text(x, y + 0.27 / height, short, fontsize=7.5, fontweight="bold", color=INK, ha="center",
                    va="center", parse_math=False)  # fmt: skip
        figure.text(x, y - 0.06 / height, words, fontsize=6.5, color=QUIET, ha="center", va="center")


def _note(hidden: int, matrix: ControlMatrix) -> str:
    parts = []
    if hidden:
        parts.append(f"{hidden} pairs with less spillover are not shown")
    unused = [row.control.label for row in matrix.rows if not row.used]
    if unused:
        parts.append(f"controls not used: {', '.join(unused)}")
    return "; ".join(parts)


def _frame_words(figure: Figure, title: str, note: str, height: float) -> None:
    """Heading, the line below it, and the key."""
    from exoraw.assays.flow.plot_parts import INK, QUIET

    longest = int(11 * figure.get_figwidth())
    words = note or "up: the stain's own channel; number: spillover"
    lines = (
        (0.17, title[:longest], 9.5, "bold", INK),
        (0.38, words[: int(longest * 1.4)], 7.5, "normal", QUIET),
    )
    for down, text, size, weight, colour in lines:
        figure.text(
            0.02, 1 - down / height, text, fontsize=size, fontweight=weight, color=colour, va="center",
            parse_math=False,
        )  # fmt: skip
    key = (("● before", BEFORE), ("● after", AFTER), ("◆ median of positives", INK), ("- - negatives", QUIET))
    left = 0.02
    for text, colour in key:
        figure.text(left, 0.1 / height, text, fontsize=7, color=colour, va="bottom")
        left += (0.075 * len(text) + 0.12) / figure.get_figwidth()
