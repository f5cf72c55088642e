"""Heat maps: one coloured cell per measure and sample, missing ones hatched, similar ones together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from exoraw.figures import look, page, scale, words
from exoraw.figures.clustering import Tree, similar_together
from exoraw.figures.legend import Key, Legend, arrange_legend, write_legend
from exoraw.figures.look import Column
from exoraw.figures.page import FigureError, Margins, Plot
from exoraw.figures.scale import Scale

FloatArray = NDArray[np.float64]
DIVERGING, RISING = "RdBu_r", "cividis"  # both keep their order for colour-blind readers
SMALLEST = 5.0  # pt of a name; smaller ones are left out
TALLEST, SHORTEST_ROW = 580.0, 0.8  # pt of all rows; of one without a name
ROW_HEIGHT, WIDEST_CELL = 11.0, 26.0  # pt
LONGEST_ROW_NAME, LONGEST_COLUMN_NAME = 110.0, 95.0  # pt
BRANCH = 22.0  # pt of a tree
BAR_WIDTH, BAR_LENGTH, BAR_GAP = 7.0, 70.0, 8.0  # pt of the colour bar
NAME_GAP = 3.0
GRID_CELL = 5.0  # pt; smaller cells have no white line between them
MISSING, MISSING_HATCH = "#e4e7ea", "//////"


@dataclass(frozen=True)
class HeatStyle:
    """How a heat map is drawn.

    Parameters
    ----------
    label : what the colour stands for; unit : behind it in brackets
    cluster_rows, cluster_columns : order them by similarity and draw the tree; else as given
    centre : value of the middle colour of a diverging map (0 of a log fold change); None for a map that
        rises from the lowest to the highest value
    limit : distance from the centre at which the colours end; the furthest value if not given
    column : narrowest width of the page
    notes : lines below the figure
    """

    label: str
    unit: str = ""
    cluster_rows: bool = False
    cluster_columns: bool = False
    centre: float | None = 0.0
    limit: float | None = None
    column: Column = "single"
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class _Map:
    """Ordered cells with their names, trees and colours."""

    values: FloatArray
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    row_tree: Tree | None
    column_tree: Tree | None
    colours: Colormap
    norm: Normalize
    cut: int


def heat_map(
    values: ArrayLike, row_names: Sequence[str], column_names: Sequence[str], style: HeatStyle
) -> Figure:
    """Draw a table of values as colours.

    Parameters
    ----------
    values : (rows, columns); cells that are not finite are hatched
    row_names, column_names : (rows,), (columns,)

    Raises
    ------
    FigureError : names that do not fit the table, nothing finite, more columns than a page holds
    """
    shown = _prepared(values, row_names, column_names, style)
    with look.house_style():
        return _Sheet(shown, style).draw()


def _prepared(
    values: ArrayLike, row_names: Sequence[str], column_names: Sequence[str], style: HeatStyle
) -> _Map:
    table = np.array(values, dtype=np.float64)
    if table.ndim != 2 or table.shape != (len(row_names), len(column_names)):
        raise FigureError(
            f"a table of shape {table.shape} needs as many names; found {len(row_names)} names of rows and "
            f"{len(column_names)} of columns"
        )
    finite = np.isfinite(table)
    if not finite.any():
        raise FigureError("no cell has a finite value, so there is nothing to draw")
    table[~finite] = np.nan
    rows = _tree(table, wanted=style.cluster_rows)
    columns = _tree(table.T, wanted=style.cluster_columns)
    r = rows.order if rows else np.arange(table.shape[0])
    c = columns.order if columns else np.arange(table.shape[1])
    norm, cut = _norm(table[finite], style)
    return _Map(
        table[np.ix_(r, c)], tuple(words.one_line(row_names[i]) for i in r),
        tuple(words.one_line(column_names[i]) for i in c), rows, columns,
        colormaps[RISING if style.centre is None else DIVERGING], norm, cut,
    )  # fmt: skip


def _tree(table: FloatArray, *, wanted: bool) -> Tree | None:
    """Return the tree of three rows or more; two have no order to find."""
    return similar_together(table) if wanted and table.shape[0] > 2 else None


def _norm(finite: FloatArray, style: HeatStyle) -> tuple[Normalize, int]:
    """Return the ends of the colours and how many cells lie beyond them."""
    if style.centre is None:
        low, high = float(finite.min()), float(finite.max())
        return Normalize(low, high if high > low else low + (abs(low) or 1.0)), 0
    furthest = float(np.abs(finite - style.centre).max())
    reach = style.limit or furthest or 1.0
    cut = int(np.count_nonzero(np.abs(finite - style.centre) > reach * (1 + 1e-12)))
    return Normalize(style.centre - reach, style.centre + reach), cut


class _Sheet:
    """The measures of one page, and the drawing on it."""

    def __init__(self, shown: _Map, style: HeatStyle) -> None:
        self.map, self.style = shown, style
        rows, columns = shown.values.shape
        self.row_height = max(SHORTEST_ROW, min(ROW_HEIGHT, TALLEST / rows))
        self.row_size = _name_size(self.row_height)
        self.row_names = self._cut(shown.rows, LONGEST_ROW_NAME, self.row_size)
        self.bar = self._bar_scale()
        self.left = page.EDGE + (BRANCH + NAME_GAP if shown.row_tree is not None else 0.0)
        self.right = (
            self._widest(self.row_names, self.row_size) + NAME_GAP + BAR_GAP + self._bar_room() + page.EDGE
        )
        self.page_width, self.cell = self._fit(columns)
        self.column_size = _name_size(self.cell)
        self.column_names = self._cut(shown.columns, LONGEST_COLUMN_NAME, self.column_size)
        self.width, self.height = self.cell * columns, self.row_height * rows
        self.straight = self._widest(self.column_names, self.column_size) + 3.0 <= self.cell

    def _fit(self, columns: int) -> tuple[float, float]:
        needed = self.left + self.right + columns * look.line_height()
        column = page.narrowest_column(needed, self.style.column) or "double"
        page_width = page.column_width(column)
        cell = min(WIDEST_CELL, (page_width - self.left - self.right) / columns)
        if cell < SHORTEST_ROW:
            raise FigureError(
                f"{columns} columns do not fit on a page; draw the larger side as rows, or fewer"
            )
        return page_width, cell

    @staticmethod
    def _cut(names: Sequence[str], width: float, size: float) -> tuple[str, ...]:
        return tuple(words.cut_apart(names, width, size)) if size else ()

    @staticmethod
    def _widest(names: Sequence[str], size: float = look.SMALL) -> float:
        return max((look.text_width(name, size) for name in names), default=0.0)

    def _bar_scale(self) -> Scale:
        low, high = float(self.map.norm.vmin or 0.0), float(self.map.norm.vmax or 0.0)
        whole = scale.linear_scale([low, high], BAR_LENGTH, from_zero=False)
        inside = [i for i, tick in enumerate(whole.ticks) if low <= tick <= high]
        every = inside[:: max(1, math.ceil(len(inside) / 5))]
        ticks = tuple(whole.ticks[i] for i in every)
        return Scale(
            low, high, BAR_LENGTH, False, ticks, tuple(whole.labels[i] for i in every), (), whole.exponent
        )

    def _bar_label(self) -> list[str]:
        return words.wrap(
            words.with_unit(self.style.label, self.style.unit, self.bar.exponent), BAR_LENGTH, most=3
        )

    def _bar_room(self) -> float:
        ticks = page.TICK_GAP + self._widest(self.bar.labels)
        return BAR_WIDTH + ticks + page.LABEL_GAP + len(self._bar_label()) * look.line_height()

    def draw(self) -> Figure:
        """Return the figure."""
        tree = BRANCH + NAME_GAP if self.map.column_tree is not None else 0.0
        names = self._widest(self.column_names, self.column_size) if not self.straight else look.line_height()
        names = names + NAME_GAP if self.column_names else 0.0
        legend = self._legend()
        notes = page.note_lines(self._notes(), self.page_width - 2 * page.EDGE)
        above = tree + legend.room + page.EDGE
        short = max(0.0, BAR_LENGTH + 4 - self.height - names)  # a low map is not as high as its colour bar
        bottom = names + short + page.notes_room(notes) + page.EDGE
        margins = Margins(self.left, self.right, above, bottom)
        plot = page.plot_on_page(self.width, self.height, margins, self.page_width)
        self._cells(plot)
        self._names(plot)
        self._trees(plot)
        self._colour_bar(plot)
        write_legend(plot, legend, 0.0, self.height + tree + legend.room)
        page.write_notes(plot, notes)
        return plot.figure

    def _cells(self, plot: Plot) -> None:
        axes, (rows, columns) = plot.axes, self.map.values.shape
        axes.set_axis_off()
        axes.set_ylim(self.height, 0)
        xs, ys = np.arange(columns + 1) * self.cell, np.arange(rows + 1) * self.row_height
        lined = min(self.cell, self.row_height) >= GRID_CELL
        axes.pcolormesh(
            xs, ys, np.ma.masked_invalid(self.map.values), cmap=self.map.colours, norm=self.map.norm,
            edgecolors=look.PAPER if lined else "face", linewidth=look.THIN_LINE if lined else 0.1,
            rasterized=not lined, label="cells",
        )  # fmt: skip
        for i, j in np.argwhere(np.isnan(self.map.values)):
            axes.add_patch(Rectangle(
                (j * self.cell, i * self.row_height), self.cell, self.row_height, facecolor=MISSING,
                edgecolor=look.MUTED if lined else "none", hatch=MISSING_HATCH if lined else None,
                linewidth=0.0, label="missing",
            ))  # fmt: skip

    def _names(self, plot: Plot) -> None:
        for i, name in enumerate(self.row_names):
            y = self.height - (i + 0.5) * self.row_height - 0.36 * self.row_size
            plot.write(self.width + NAME_GAP, y, name, ha="left", size=self.row_size)
        for j, name in enumerate(self.column_names):
            x = (j + 0.5) * self.cell
            if self.straight:
                plot.write(x, -NAME_GAP - page.BASELINE * look.line_height(), name, size=self.column_size)
            else:
                plot.write(x, -NAME_GAP, name, rotation=90, va="top", ha="center", size=self.column_size)

    def _trees(self, plot: Plot) -> None:
        if self.map.row_tree is not None:
            for place, height in _scaled(self.map.row_tree, self.row_height):
                plot.line([-NAME_GAP - h for h in height], [self.height - p for p in place],
                          linewidth=look.THIN_LINE, color=look.MUTED, label="tree")  # fmt: skip
        if self.map.column_tree is not None:
            for place, height in _scaled(self.map.column_tree, self.cell):
                plot.line(place, [self.height + NAME_GAP + h for h in height],
                          linewidth=look.THIN_LINE, color=look.MUTED, label="tree")  # fmt: skip

    def _colour_bar(self, plot: Plot) -> None:
        x = self.width + NAME_GAP + self._widest(self.row_names, self.row_size) + BAR_GAP
        low, high = plot.at(x, self.height - BAR_LENGTH), plot.at(x + BAR_WIDTH, self.height)
        axes = plot.figure.add_axes((low[0], low[1], high[0] - low[0], high[1] - low[1]))
        bar = plot.figure.colorbar(ScalarMappable(self.map.norm, self.map.colours), cax=axes)
        bar.outline.set_linewidth(look.THIN_LINE)
        page.set_ticks(axes.yaxis, self.bar)
        x += BAR_WIDTH + page.TICK_GAP + self._widest(self.bar.labels) + page.LABEL_GAP
        for i, line in enumerate(self._bar_label()):
            plot.write(x + i * look.line_height(), self.height - BAR_LENGTH / 2, line, rotation=90, ha="left",
                       va="center")  # fmt: skip

    def _legend(self) -> Legend:
        keys = []
        if np.isnan(self.map.values).any():
            keys.append(Key("no value", look.MUTED, MISSING, MISSING_HATCH))
        return arrange_legend(keys, self.page_width - self.left - page.EDGE)

    def _notes(self) -> list[str]:
        notes = []
        rows, columns = self.map.values.shape
        ordered = [n for n, tree in (("rows", self.map.row_tree), ("columns", self.map.column_tree)) if tree]
        if ordered:
            which = " and ".join(ordered)
            notes.append(
                f"Order of {which}: average linkage, Euclidean distance over the cells that both have."
            )
        if self.map.cut:
            notes.append(
                f"{self.map.cut} cells lie beyond the ends of the colours and have their last colour."
            )
        unnamed = [
            f"{n} {what}"
            for n, what, named in ((rows, "rows", self.row_names), (columns, "columns", self.column_names))
            if not named
        ]
        if unnamed:
            notes.append(f"{' and '.join(unnamed)}, too close for their names.")
        return [*notes, *self.style.notes]


def _name_size(room: float) -> float:
    """Return the size of type that fits rows or columns of `room` pt; 0 where it would be too small."""
    size = min(look.SMALL, room / look.LINE_HEIGHT)
    return size if size >= SMALLEST else 0.0


def _scaled(tree: Tree, step: float) -> list[tuple[list[float], list[float]]]:
    """Return the branches of a tree in pt: along the cells, and away from them."""
    top = float(tree.heights.max(initial=0.0)) or 1.0
    return [
        (((place + 0.5) * step).tolist(), (height / top * BRANCH).tolist())
        for place, height in zip(tree.places, tree.heights, strict=True)
    ]
