"""The figures of a pipeline as cards: drawing, caption and what a reader must know of the numbers in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from exoraw.figures import FigureError
from exoraw.report import compared, figures, groups, layout, words
from exoraw.report.figures import Scale
from exoraw.report.groups import Series
from exoraw.report.pipeline import Pipeline
from exoraw.report.svg import CSS_PIXELS, inline_svg

MOST_FIGURES = 40  # drawings in one report, about 20 kB each
UNDECLARED = 12  # series drawn where the assay declares no figure
HOW_TO_READ = "Line and whiskers: mean and SD of the biological replicates drawn."


@dataclass(frozen=True)
class Card:
    """One figure of the report; `drawing` is empty where there is nothing to draw, and `notes` say why."""

    title: str
    drawing: Markup
    caption: str
    notes: tuple[str, ...]
    width: int = 0  # CSS pixels


def cards(pipeline: Pipeline, prefix: str, room: int) -> tuple[list[Card], str]:
    """Return the figures of a pipeline, and a note where there are more than `room`.

    Parameters
    ----------
    prefix : start of every id inside the drawings, unique in the page
    """
    wanted = list(_wanted(pipeline))
    made = [_card(pipeline, f"{prefix}-f{i}", request) for i, request in enumerate(wanted[:room])]
    if len(wanted) <= room:
        return made, ""
    return made, (f"{room} of {len(wanted)} figures are drawn here; every number is in measurements.parquet.")


@dataclass(frozen=True)
class _Request:
    kind: str
    title: str
    caption: str
    series: tuple[Series, ...]
    factors: tuple[str, ...]
    row: Mapping[Any, Any] | None = None


def _wanted(pipeline: Pipeline) -> Iterable[_Request]:
    """Turn the rows of the table `figures` into drawings; a drawing of points holds one series."""
    rows = pipeline.figures.sort_values("order", kind="stable").to_dict("records")
    if not rows:
        for series in pipeline.series[:UNDECLARED]:
            yield _Request("group_points", series.label, "", (series,), pipeline.factors)
    for row in rows:
        chosen = _chosen(pipeline.series, row["measures"], row["entities"])
        factors = tuple(name for name in row["group_by"] if name in pipeline.samples) or pipeline.factors
        if row["kind"] == compared.KIND:
            yield _Request(row["kind"], row["title"], row["caption"], tuple(chosen), factors, row)
            continue
        if row["kind"] == "stacked_shares" or not chosen:
            yield _Request(row["kind"], row["title"], row["caption"], tuple(chosen), factors)
            continue
        for series in chosen:
            title = row["title"] if len(chosen) == 1 else f"{row['title']}: {series.label}"
            yield _Request(row["kind"], title, row["caption"], (series,), factors)


def _chosen(known: Sequence[Series], measures: Sequence[str], entities: Sequence[str]) -> list[Series]:
    found = [s for s in known if s.measure in measures and (not entities or s.entity in entities)]
    measure_place = {name: i for i, name in enumerate(measures)}
    entity_place = {name: i for i, name in enumerate(entities)}
    return sorted(found, key=lambda s: (measure_place[s.measure], entity_place.get(s.entity, 0)))


def _card(pipeline: Pipeline, name: str, request: _Request) -> Card:
    if not request.series and not _is_of_the_sheet(request):
        return Card(request.title, Markup(""), request.caption, ("No number of this figure was computed.",))
    if request.kind == "stacked_shares":
        return _stack_card(pipeline, name, request)
    if request.kind == compared.KIND:
        return _compared_card(name, request)
    if request.kind == "group_points":
        return _points_card(pipeline, name, request)
    note = f'This exoraw cannot draw a figure of the kind "{request.kind}"; the tables hold its numbers.'
    return Card(request.title, Markup(""), request.caption, (note,))


def _is_of_the_sheet(request: _Request) -> bool:
    """Whether all that a comparison is about stands in the sheet: survival or counts by its columns."""
    return request.kind == compared.KIND and request.row is not None and not request.row["measures"]


def _points_card(pipeline: Pipeline, name: str, request: _Request) -> Card:
    series = request.series[0]
    grouped = pipeline.grouped(series, request.factors)
    if not np.isfinite(grouped.points["value"]).any():
        notes = ("No replicate has a finite value; nothing is drawn.", *grouped.notes)
        return Card(request.title, Markup(""), request.caption, notes)
    figure = figures.group_points(grouped.points, request.factors, scale_of(series, pipeline.bounds))
    spoken = f"{request.title}. {_spoken(grouped.summary, request.factors, series)}"
    caption = f"{request.caption} {HOW_TO_READ}".strip()
    notes = (*grouped.notes, *_hidden(grouped.summary))
    return Card(request.title, inline_svg(figure, name, spoken), caption, notes, _width(figure))


def _compared_card(name: str, request: _Request) -> Card:
    assert request.row is not None
    asked = compared.compared_of(request.row, request.series)
    try:
        figure = compared.draw(asked)
    except FigureError as error:
        return Card(request.title, Markup(""), request.caption, (f"Not drawn: {error}",))
    if figure is None:
        return Card(request.title, Markup(""), request.caption, ("No unit has a value; nothing is drawn.",))
    spoken = f"{request.title}. {asked.tested}."
    return Card(request.title, inline_svg(figure, name, spoken), request.caption, (), _width(figure))


def _stack_card(pipeline: Pipeline, name: str, request: _Request) -> Card:
    grouped = [pipeline.grouped(series, request.factors) for series in request.series]
    labels = part_labels(request.series)
    parts = {label: one.summary for label, one in zip(labels, grouped, strict=True)}
    notes = tuple(dict.fromkeys(note for one in grouped for note in one.notes))
    if not any(np.isfinite(summary["mean"]).any() for summary in parts.values()):
        return Card(request.title, Markup(""), request.caption, ("No share has a finite value.", *notes))
    series = request.series[0]
    full = pipeline.bounds.get(series.measure, (np.nan, np.nan))[1]
    ceiling = float(full) if np.isfinite(full) else 100.0 if series.unit == "%" else 1.0
    scale = Scale("Mean share", series.unit_label, from_zero=True, ceiling=ceiling)
    figure = figures.stacked_shares(parts, request.factors, scale)
    spoken = f"{request.title}. Mean shares of {words.listed(labels, 12)} per group; the table holds them."
    notes = (*notes, *_hidden(max(parts.values(), key=len)))
    return Card(request.title, inline_svg(figure, name, spoken), request.caption, notes, _width(figure))


def _width(figure: Figure) -> int:
    return round(float(figure.get_figwidth()) * CSS_PIXELS)


def part_labels(series: Sequence[Series]) -> list[str]:
    """Return the shortest words that tell the parts of a whole apart."""
    if len({one.measure for one in series}) == len(series):
        return [words.measure_words(one.measure) for one in series]
    if len({one.entity for one in series}) == len(series):
        return [words.measure_words(words.entity_words(one.entity)) for one in series]
    return [one.label for one in series]


def scale_of(series: Series, bounds: Mapping[str, tuple[float, float]]) -> Scale:
    """Return the value axis of a series: from 0 for percentages and for whatever cannot be negative."""
    low, high = bounds.get(series.measure, (np.nan, np.nan))
    percent = series.unit == "%"
    ceiling = float(high) if np.isfinite(high) else 100.0 if percent and not np.isfinite(low) else None
    return Scale(series.label, series.unit_label, percent or low == 0, ceiling)


def _hidden(summary: pd.DataFrame) -> tuple[str, ...]:
    if len(summary) <= layout.MOST_GROUPS:
        return ()
    return (f"{layout.MOST_GROUPS} of {len(summary)} groups are drawn; the table by group holds all.",)


def _spoken(summary: pd.DataFrame, factors: Sequence[str], series: Series) -> str:
    """Say the group means in words, for a reader who hears the figure."""
    rows: list[dict[Any, Any]] = summary.head(12).to_dict("records")
    said = [
        f"{groups.group_label([str(row[factor]) for factor in factors])}: mean {words.number(row['mean'])}"
        f"{series.unit_label and ' ' + series.unit_label}, n = {int(row['n'])}"
        for row in rows
    ]
    tail = f"; and {len(summary) - 12} more groups" if len(summary) > 12 else ""
    return "; ".join(said) + tail + "."
