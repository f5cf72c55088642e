"""`exoraw export --to figures`: the figures of a study as files for a paper, at a journal's column width."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from exoraw.figures import Axis, FigureError, GroupStyle, GroupValues, compared_groups, save
from exoraw.report import compared
from exoraw.report.cards import scale_of
from exoraw.report.groups import Series
from exoraw.report.pipeline import Pipeline, pipelines
from exoraw.report.source import load, load_redacted

LONGEST_NAME = 80  # characters of a file's name
UNSAFE = re.compile(r"[^A-Za-z0-9+-]+")


def publish_figures(results: Path, folder: Path, *, redact: bool = False) -> tuple[list[Path], list[str]]:
    """Write every comparison, and every declared figure of groups, as SVG, PNG (600 dpi) and PDF.

    Parameters
    ----------
    results : results folder
    folder : where the files go; made where it is missing, older files of the same names are replaced
    redact : take the names of patients and operators out

    Returns
    -------
    the files; and one sentence for each figure that cannot be drawn, with the reason

    Raises
    ------
    StoreError : no results folder, a damaged table
    """
    tables, _ = (load_redacted if redact else load)(results)
    written: list[Path] = []
    left_out: list[str] = []
    used: set[str] = set()
    for pipeline in pipelines(tables):
        for title, draw in _wanted(pipeline):
            try:
                figure = draw()
            except FigureError as error:
                left_out.append(f"{title}: {error}")
                continue
            if figure is None:
                left_out.append(f"{title}: no value to draw")
                continue
            name = _file_name(f"{pipeline.name} {title}", used)
            written += save(figure, folder / name)
    return written, left_out


def _wanted(pipeline: Pipeline) -> Iterator[tuple[str, Any]]:
    """Yield the title of every figure, and what draws it."""
    for row in pipeline.figures.sort_values("order", kind="stable").to_dict("records"):
        chosen = [
            series
            for series in pipeline.series
            if series.measure in row["measures"] and (not row["entities"] or series.entity in row["entities"])
        ]
        if row["kind"] == compared.KIND and (chosen or not row["measures"]):
            asked = compared.compared_of(row, chosen)
            yield row["title"], lambda asked=asked: compared.draw(asked)
        elif row["kind"] == "group_points":
            factors = tuple(name for name in row["group_by"] if name in pipeline.samples) or pipeline.factors
            for series in chosen:
                title = row["title"] if len(chosen) == 1 else f"{row['title']}: {series.label}"
                yield title, lambda series=series, factors=factors: _groups(pipeline, series, factors)


def _groups(pipeline: Pipeline, series: Series, factors: Sequence[str]) -> Figure | None:
    """Draw a series by group without a test: the first factor on the axis, the others in the legend."""
    points = pipeline.grouped(series, factors).points
    points = points[np.isfinite(points["value"])]
    if points.empty:
        return None
    groups = [_group(rows, names) for names, rows in _by_group(points, factors)]
    scale = scale_of(series, pipeline.bounds)
    axis = Axis(series.label, series.unit_label, from_zero=scale.from_zero)
    return compared_groups(groups, (), axis, GroupStyle(replicate="biological replicate"))


def _by_group(points: pd.DataFrame, factors: Sequence[str]) -> Iterator[tuple[list[str], pd.DataFrame]]:
    if not factors:
        yield ["all samples"], points
        return
    for levels, rows in points.groupby(list(factors), observed=True, sort=True):
        yield [str(level) for level in levels], rows


def _group(rows: pd.DataFrame, names: Sequence[str]) -> GroupValues:
    out = rows["excluded"].to_numpy(dtype=bool)
    values = rows["value"].to_numpy(dtype=np.float64)
    return GroupValues(names[0] or "none", values[~out], values[out], ", ".join(filter(None, names[1:])))


def _file_name(title: str, used: set[str]) -> str:
    """Return a plain file name that no other figure of this export has, on any system."""
    base = UNSAFE.sub("_", title).strip("_")[:LONGEST_NAME] or "figure"
    name, number = base, 1
    while name.casefold() in used:
        number += 1
        name = f"{base}_{number}"
    used.add(name.casefold())
    return name
