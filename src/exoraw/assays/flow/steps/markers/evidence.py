"""The pictures of a tube of a marker panel: its cells against its control, and what was taken out before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from exoraw.assays.contract import Artefact
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.steps.backgating import backgating
from exoraw.assays.flow.steps.cleaned import ledger_words, time_evidence
from exoraw.assays.flow.steps.markers.counted import Border, Controls, Counted
from exoraw.assays.flow.steps.markers.live_cells import VIABILITY, LiveCells
from exoraw.assays.flow.steps.scales import AxisScale

if TYPE_CHECKING:
    from exoraw.assays.flow.plot_parts import Line
    from exoraw.assays.flow.steps.markers.own_controls import MarkerParams


def pictures(
    tube: LiveCells,
    cells: FloatArray,
    controls: Controls,
    counted: Counted,
    ground: Mapping[str, Any],
    params: MarkerParams,
    sample: str,
) -> Iterator[Artefact]:
    """Draw the tube on the scales of its batch; `ground` is the data of the batch's controls."""
    if not len(tube.tube):
        return
    note = f"{len(cells):,} live single cells of {len(tube.tube):,} events"
    caption = f"{sample}: {note}; {counted.note}; compensation: {tube.matrix}."
    if params.strategy.kind == "cd44_cd24" and len(counted.populations) == 4:
        content = _quadrants(tube, cells, counted, ground, params, sample, note)
        yield Artefact("picture", "quadrants.png", content, caption, sample)
    content = _against_control(tube, cells, controls, counted, ground, params, sample)
    names = ", ".join(controls.names) or "none"
    against = f"{sample} over its controls ({names}), each scaled to its own peak; red: the border."
    yield Artefact("picture", "markers.png", content, against, sample)
    yield from _cleaning(tube, ground, sample)
    yield from _backgating(tube, counted, ground, params, sample)


def _backgating(
    tube: LiveCells, counted: Counted, ground: Mapping[str, Any], params: MarkerParams, sample: str
) -> Iterator[Artefact]:
    """The population that the strategy is about, on scatter; surface markers have no such one."""
    if params.strategy.kind == "surface_mfi" or not counted.populations:
        return
    column = {dye.key: tube.signal[:, place] for place, dye in enumerate(params.tube.dyes)}
    borders = {key: border.threshold for key, border in counted.borders.items()}
    first, cd24 = next(iter(borders)), borders.get("cd24")
    border = borders[first]
    if border is None:
        return
    population = tube.live & (column[first] > border)
    if cd24 is not None:
        population &= column["cd24"] <= cd24
    ends = ground["scatter"]
    name = counted.populations[0][0]
    yield from backgating(tube.tube, tube.live, population, name, (ends[0], ends[1], ends[2]), sample)


def _quadrants(
    tube: LiveCells,
    cells: FloatArray,
    counted: Counted,
    ground: Mapping[str, Any],
    params: MarkerParams,
    sample: str,
    note: str,
) -> bytes:
    from exoraw.assays.flow.plots import Corner, quadrant_plot

    axes = tuple(
        AxisScale(**ground["scales"][key]).axis(match.label)
        for key, match in zip(("cd44", "cd24"), tube.tube.stains, strict=False)
    )
    shares = {name: 100 * count / max(len(cells), 1) for name, count in counted.populations}
    low = (
        "CD24-"
        if params.strategy.kind == "cd44_cd24" and params.strategy.cd24_low == "negative"
        else "CD24-/low"
    )
    order = (
        "CD44-CD24-",
        "CD44+CD24-",
        "CD44+CD24+",
        "CD44-CD24+",
    )  # lower left, lower right, upper right, left
    corners = tuple(Corner(name.replace("CD24-", low), shares[name]) for name in order)
    borders = tuple(counted.borders[key].threshold or 0.0 for key in ("cd44", "cd24"))
    return quadrant_plot(
        cells, (axes[0], axes[1]), (borders[0], borders[1]),
        (corners[0], corners[1], corners[2], corners[3]), sample, note,
    )  # fmt: skip


def _against_control(
    tube: LiveCells,
    cells: FloatArray,
    controls: Controls,
    counted: Counted,
    ground: Mapping[str, Any],
    params: MarkerParams,
    sample: str,
) -> bytes:
    from exoraw.assays.flow.marker_plots import Panel, overlay_plot
    from exoraw.assays.flow.plot_parts import Curve

    panels = []
    markers = [(place, dye) for place, dye in enumerate(params.tube.dyes) if dye.key != VIABILITY]
    for column, (place, dye) in enumerate(markers):
        curves = [Curve(sample, cells[:, column], 0)]
        if controls.main is not None:
            curves.append(Curve(controls.called, controls.main[:, column], 3))
        if dye.key in controls.fmo:
            curves.append(Curve("FMO", controls.fmo[dye.key], 2))
        border = counted.borders.get(dye.key)
        lines = [] if border is None else _lines(border, cells[:, column])
        axis = AxisScale(**ground["scales"][dye.key]).axis(tube.tube.stains[place].label)
        panels.append(Panel(axis, tuple(curves), tuple(lines)))
    return overlay_plot(panels, sample, counted.note)


def _lines(border: Border, signal: FloatArray) -> list[Line]:
    """The border with the share of cells above it."""
    from exoraw.assays.flow.plot_parts import Line

    if border.threshold is None:
        return []
    above = f", {100 * np.mean(signal > border.threshold):.1f} % above" if len(signal) else ""
    return [Line(border.threshold, f"{border.threshold:,.0f}{above}", used=True)]


def _cleaning(tube: LiveCells, ground: Mapping[str, Any], sample: str) -> Iterator[Artefact]:
    scatter, cleaned = tube.tube.scatter, tube.cleaned
    if scatter.area is None or scatter.side is None:
        return
    from exoraw.assays.flow.plots import cleaning_plot

    total = len(tube.tube)
    debris = 100 * (1 - np.count_nonzero(cleaned.cells) / total)
    doublets = 100 * (np.count_nonzero(cleaned.cells) - np.count_nonzero(cleaned.singlets)) / total
    beads = None if tube.beads is None else tube.beads.single | tube.beads.double
    words = "debris, margins, time" if beads is None else "beads, debris, time"
    notes = f"{words}: {debris:.1f} % out", f"doublets: {doublets:.1f} % out"
    ends = ground["scatter"]
    content = cleaning_plot(
        scatter.area, scatter.side, scatter.height, cleaned.cells, cleaned.singlets,
        (ends[0], ends[1], ends[2]), ground["debris"], notes,
    )  # fmt: skip
    caption = (
        f"{sample}: taken out in grey (doublets by {cleaned.singlet_method}). "
        f"{ledger_words(tube.tube, cleaned, tube.live, beads)}."
    )
    yield Artefact("picture", "cleaning.png", content, caption, sample)
    yield from time_evidence(tube.tube, sample)
