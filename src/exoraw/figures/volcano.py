"""Volcano plots: how much each marker changes against how sure that is, the top hits named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from exoraw.figures import look, page, scale, words
from exoraw.figures.labels import Label, Placed, place_labels
from exoraw.figures.legend import Key, arrange_legend, write_legend
from exoraw.figures.look import Column
from exoraw.figures.packing import Box
from exoraw.figures.page import FigureError, Plot
from exoraw.figures.scale import Scale
from exoraw.statistics.adjust import adjust_p

FloatArray = NDArray[np.float64]
HEIGHT: dict[Column, float] = {"single": 170.0, "one_and_half": 210.0, "double": 240.0}  # pt
RIGHT, ABOVE = 8.0, 5.0  # pt
LONGEST_NAME = 62.0  # pt of a name beside its point
ZERO_ROOM = 9.0  # pt above the largest -log10 p for those of p = 0
UP, DOWN, OTHER = look.COLOURS[2], look.COLOURS[1], "#a3acb4"
HIT, DOT = 3.4, 2.2  # pt, diameters
MOST_VECTORS = 3000  # points that stay single shapes in SVG and PDF; more are drawn as one picture


@dataclass(frozen=True)
class VolcanoStyle:
    """How a volcano plot is drawn.

    Parameters
    ----------
    alpha : adjusted p below which a marker counts as changed
    least_fold : log2 fold change, of either sign, from which it does
    labels : markers named at most, smallest p first
    fold : label of the fold axis
    column : width of the page
    notes : further lines below the figure
    """

    alpha: float = 0.05
    least_fold: float = 1.0
    labels: int = 12
    fold: str = "log₂ fold change"
    column: Column = "single"
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class _Hits:
    """Markers with a fold change and a p value; `cut` is the largest p whose adjusted p passes."""

    fold: FloatArray
    p: FloatArray
    names: tuple[str, ...]
    hit: NDArray[np.bool_]
    cut: float | None
    missing: int


def volcano(
    fold: ArrayLike,
    p: ArrayLike,
    names: Sequence[str],
    style: VolcanoStyle | None = None,
    *,
    p_adjusted: ArrayLike | None = None,
) -> Figure:
    """Draw log2 fold change against -log10 p, with the cut at the adjusted p, and name the top hits.

    Parameters
    ----------
    fold : (n,) log2 fold changes
    p : (n,) unadjusted p values in [0, 1]; exactly 0 is drawn as a triangle at the upper edge, and said
    names : (n,)
    p_adjusted : (n,) as the test gave them; Benjamini-Hochberg's of `p` if not given

    Raises
    ------
    FigureError : lengths that differ, p outside [0, 1], no marker with both numbers
    """
    style = style or VolcanoStyle()
    hits = _hits(fold, p, names, p_adjusted, style)
    with look.house_style():
        return _page(hits, style)


def _hits(
    fold: ArrayLike, p: ArrayLike, names: Sequence[str], p_adjusted: ArrayLike | None, style: VolcanoStyle
) -> _Hits:
    folds, ps = (np.asarray(a, dtype=np.float64).ravel() for a in (fold, p))
    if not folds.size == ps.size == len(names):
        raise FigureError(
            f"{folds.size} fold changes, {ps.size} p values and {len(names)} names differ in number"
        )
    known = np.isfinite(folds) & np.isfinite(ps)
    if not known.any():
        raise FigureError(
            "no marker has both a finite fold change and a p value, so there is nothing to draw"
        )
    if np.any((ps[known] < 0) | (ps[known] > 1)):
        raise FigureError("p values lie between 0 and 1; give p itself, not its logarithm")
    adjusted = _adjusted(ps, known, p_adjusted)
    passed = adjusted[known] <= style.alpha
    hit = passed & (np.abs(folds[known]) >= style.least_fold)
    kept = tuple(words.one_line(name) for name, there in zip(names, known, strict=True) if there)
    return _Hits(folds[known], ps[known], kept, hit, _cut(ps[known], passed), int((~known).sum()))


def _cut(p: FloatArray, passed: NDArray[np.bool_]) -> float | None:
    """Return the largest p that passes; None where none does, or where p alone does not say which pass."""
    if not passed.any():
        return None
    largest = float(p[passed].max())
    return largest if bool(np.all(passed[p <= largest])) else None


def _adjusted(ps: FloatArray, known: NDArray[np.bool_], given: ArrayLike | None) -> FloatArray:
    if given is not None:
        adjusted = np.asarray(given, dtype=np.float64).ravel()
        if adjusted.size != ps.size:
            raise FigureError(f"{ps.size} p values but {adjusted.size} adjusted ones")
        return adjusted
    adjusted = np.full(ps.size, np.nan)
    adjusted[known] = np.asarray(adjust_p(ps[known].tolist(), "benjamini-hochberg"), dtype=np.float64)
    return adjusted


def _page(hits: _Hits, style: VolcanoStyle) -> Figure:
    page_width, height = page.column_width(style.column), HEIGHT[style.column]
    heights, zero = minus_log10(hits.p), hits.p == 0
    room = ZERO_ROOM if zero.any() else 0.0
    rises = scale.linear_scale([*heights[~zero], 1.0], height - room, from_zero=True)
    label = page.value_label("−log₁₀ p", "", rises.exponent, rises.length)
    left = page.left_room(rises, label)
    width = page_width - left - RIGHT
    furthest = float(np.abs(hits.fold).max()) or 1.0
    folds = scale.linear_scale([-furthest, furthest], width, from_zero=True)
    fold_label = page.value_label(style.fold, "", folds.exponent, width)
    xs = folds.points(hits.fold)
    ys = np.where(zero, height - ZERO_ROOM / 2, rises.points(np.where(zero, 0.0, heights)))
    places = np.column_stack([xs, ys])
    chosen = top_hits(hits, style.labels)
    named, unnamed = _named(hits, places, chosen, width, height)
    legend = arrange_legend(_keys(hits), width)
    notes = page.note_lines(_notes(hits, style, unnamed), page_width - 2 * page.EDGE)
    bottom = page.horizontal_room(fold_label) + page.notes_room(notes) + page.EDGE
    plot = page.plot_on_page(
        width, height, page.Margins(left, RIGHT, legend.room + ABOVE, bottom), page_width
    )
    page.value_axis(plot, rises, label)
    page.horizontal_axis(plot, folds, fold_label)
    _draw_cuts(plot, hits, style, folds)
    _draw_points(plot, hits, places, rises)
    _write_names(plot, hits, named)
    write_legend(plot, legend, 0.0, height + legend.room)
    page.write_notes(plot, notes)
    return plot.figure


def minus_log10(p: FloatArray) -> FloatArray:
    """Return -log10 p, +inf for p = 0; never -0."""
    with np.errstate(divide="ignore"):
        return np.abs(np.log10(p))


def top_hits(hits: _Hits, most: int) -> list[int]:
    """Return the numbers of the hits to name: smallest p first, then the largest change."""
    order = np.lexsort((-np.abs(hits.fold), hits.p))
    return [int(i) for i in order if hits.hit[i]][: max(0, most)]


def _named(
    hits: _Hits, places: FloatArray, chosen: Sequence[int], width: float, height: float
) -> tuple[list[tuple[int, Label, Placed]], int]:
    """Return the names that found a place, and how many did not."""
    bounds = Box(1.0, width + RIGHT - 2, 1.0, height + ABOVE - 2)
    texts = [words.cut(hits.names[i], LONGEST_NAME) for i in chosen]
    labels = [
        Label(float(places[i, 0]), float(places[i, 1]), look.text_width(text), look.SMALL)
        for i, text in zip(chosen, texts, strict=True)
    ]
    found = place_labels(labels, places, HIT / 2, bounds)
    kept = [(i, a, b) for i, a, b in zip(chosen, labels, found, strict=True) if b is not None]
    return kept, len(chosen) - len(kept)


def _write_names(plot: Plot, hits: _Hits, named: Sequence[tuple[int, Label, Placed]]) -> None:
    for i, label, placed in named:
        box = placed.box
        if placed.leader is not None:
            plot.line([label.x, placed.leader[0]], [label.y, placed.leader[1]], color=look.MUTED,
                      linewidth=look.THIN_LINE, label="leader")  # fmt: skip
        text = words.cut(hits.names[i], LONGEST_NAME)
        plot.write(box.left, box.bottom + 0.22 * look.SMALL, text, ha="left", label="name")


def _draw_cuts(plot: Plot, hits: _Hits, style: VolcanoStyle, folds: Scale) -> None:
    how: dict[str, Any] = {
        "color": look.MUTED,
        "linewidth": look.THIN_LINE,
        "linestyle": (0, (3, 2)),
        "zorder": 1,
    }
    if hits.cut is not None and hits.cut > 0:
        plot.axes.axhline(float(minus_log10(np.array(hits.cut))), label="cut", **how)
    if style.least_fold > 0:
        for x in folds.points([-style.least_fold, style.least_fold]):
            if 0 <= x <= plot.width:
                plot.axes.axvline(float(x), **how)


def _draw_points(plot: Plot, hits: _Hits, places: FloatArray, rises: Scale) -> None:
    zero = hits.p == 0
    many = hits.p.size > MOST_VECTORS
    kinds = (
        (~hits.hit, "o", OTHER, DOT, "other"), (hits.hit & (hits.fold > 0), "o", UP, HIT, "up"),
        (hits.hit & (hits.fold < 0), "s", DOWN, HIT - 0.3, "down"),
    )  # fmt: skip
    values = np.array([rises.value(float(y)) for y in places[:, 1]])
    for chosen, marker, colour, size, gid in kinds:
        for picked, shape, large in ((chosen & ~zero, marker, size), (chosen & zero, "^", size + 0.8)):
            if picked.any():
                plot.axes.scatter(
                    places[picked, 0], values[picked], s=large**2, marker=shape, facecolors=colour,
                    clip_on=False, edgecolors=look.PAPER if gid != "other" else "none", linewidths=0.25,
                    label=gid, zorder=3 if gid == "other" else 4,
                    rasterized=many and gid == "other",
                )  # fmt: skip


def _keys(hits: _Hits) -> list[Key]:
    up, down = (int((hits.hit & side).sum()) for side in (hits.fold > 0, hits.fold < 0))
    keys = [Key(f"higher ({up})", UP, marker="o"), Key(f"lower ({down})", DOWN, marker="s")]
    keys.append(Key(f"other ({int((~hits.hit).sum())})", OTHER, marker="o"))
    if (hits.p == 0).any():
        keys.append(Key("p = 0", look.INK, marker="^"))
    return keys


def _notes(hits: _Hits, style: VolcanoStyle, unnamed: int) -> list[str]:
    alpha, least = f"{style.alpha:g}", f"{style.least_fold:g}"
    notes = [f"Coloured: adjusted p ≤ {alpha} and |log₂ fold change| ≥ {least}."]
    if hits.cut is not None and hits.cut > 0:
        notes[0] += f" Level line: p\u00a0=\u00a0{words.number(hits.cut)}, the largest that passes."
    elif not hits.hit.any():
        notes.append(f"Nothing reaches an adjusted p of {alpha} and that change.")
    zeros = int((hits.p == 0).sum())
    if zeros:
        notes.append(f"{zeros} with p = 0 as computed stand at the upper edge; their true height is unknown.")
    if unnamed:
        notes.append(f"{unnamed} of the top hits have no room for their names.")
    if hits.missing:
        notes.append(f"Not drawn: {hits.missing} without a finite fold change and p.")
    return [*notes, *style.notes]
