"""The numbers of a study as .h5ad (AnnData): a row a sample, a column a number, layers for the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from exoraw import __version__
from exoraw.store.disk import replacing
from exoraw.store.export.extras import extra
from exoraw.store.export.h5ad_frames import h5_frame, h5_index, h5_names, h5_text
from exoraw.store.export.tables import Source, heading
from exoraw.store.schemas import SCHEMA_MAJOR, SCHEMA_MINOR

NUMBERS = ("numerator", "denominator", "n", "ci_low", "ci_high")  # of a measurement, a layer each
QC_LEVELS = ("ok", "info", "warning", "error")  # the layer qc holds their place: 0 to 3
_KIND = ("measure", "entity_type", "entity", "target", "statistic", "unit")
_ROW = ("pipeline", "sample")
_RUN = ("run_id", "started_at", "exoraw_version", "python_version", "dependencies", "study_digest", "title")
Owner = tuple[str, str]
Kind = tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """Where every number stands: its sample's row, its kind's column."""

    rows: Mapping[Owner, int]
    columns: Mapping[Kind, int]
    table: pa.Table

    def layer(self, name: str) -> npt.NDArray[np.float64]:
        """(samples, kinds) of a column of the measurements; NaN where there is no number."""
        grid = np.full((len(self.rows), len(self.columns)), np.nan)
        cells = self.table[name].to_pylist()
        if name == "qc":
            cells = [QC_LEVELS.index(cell) if cell in QC_LEVELS else None for cell in cells]
        owners, kinds = _keys(self.table, _ROW), _keys(self.table, _KIND)
        for owner, kind, cell in zip(owners, kinds, cells, strict=True):
            if cell is not None:
                grid[self.rows[(owner[0], owner[1])], self.columns[kind]] = float(cell)
        return grid


def write_h5ad(source: Source, folder: Path) -> list[Path]:
    """Write <assay>.h5ad for every assay with numbers, and return the files.

    `obs` is the sample sheet's rows with their factors, `var` the numbers (measure, entity, target,
    statistic, unit, definition), X the values. Numbers that belong to several samples (an IC50) have no row;
    they stand in `uns["numbers_of_groups"]`. All of the measurements, with everything that is known of each,
    stand in `uns["measurements"]`.

    Raises
    ------
    StoreError : anndata is not installed
    DiskFull : no space
    """
    anndata = extra("anndata", "AnnData files (.h5ad)", "anndata")
    numbers = source.table("measurements")
    written = []
    for assay in sorted({name for name in numbers["assay"].to_pylist() if name}):
        path = folder / f"{_file_name(assay)}.h5ad"
        content = annotated(anndata, source, assay)
        with replacing(path) as temporary:
            content.write_h5ad(temporary)
        written.append(path)
    return written


def annotated(anndata: Any, source: Source, assay: str) -> Any:
    """Return an assay's numbers as an AnnData object."""
    numbers = source.table("measurements")
    numbers = numbers.filter(pc.equal(numbers["assay"], assay))
    has_row = pc.not_equal(pc.fill_null(numbers["sample"], ""), "")
    grid = _grid(numbers.filter(has_row), source.table("samples"))
    names = [heading((k[0], k[2], k[3], k[4]), k[5]) for k in grid.columns]
    content = anndata.AnnData(
        X=grid.layer("value"),
        obs=_samples(list(grid.rows), source.table("samples")),
        var=_kinds(list(grid.columns), h5_names(names), source.table("vocabulary"), assay),
    )
    for name in (*NUMBERS, "qc", "curated"):
        content.layers[name] = grid.layer(name)
    content.uns.update(
        {
            "measurements": _frame(numbers),
            "numbers_of_groups": _frame(numbers.filter(pc.invert(has_row))),
            "findings": _frame(_of_assay(source.table("findings"), assay)),
            "comparisons": _frame(source.table("comparisons")),
            "qc_levels": np.array(QC_LEVELS, dtype=object),
            "provenance": _provenance(source, assay),
        }
    )
    return content


def _file_name(assay: str) -> str:
    return h5_names([assay])[0]


def _keys(table: pa.Table, names: Sequence[str]) -> list[Kind]:
    columns = [[value or "" for value in table[name].to_pylist()] for name in names]
    return list(zip(*columns, strict=True))


def _grid(numbers: pa.Table, samples: pa.Table) -> Grid:
    """Rows in the order of the sheet, then those that it does not have; columns as they first appear."""
    present = dict.fromkeys(_keys(numbers, _ROW))
    sheet = [owner for owner in _keys(samples, _ROW) if owner in present]
    owners = dict.fromkeys([*sheet, *present])
    rows = {(owner[0], owner[1]): place for place, owner in enumerate(owners)}
    kinds = {kind: place for place, kind in enumerate(dict.fromkeys(_keys(numbers, _KIND)))}
    return Grid(rows, kinds, numbers)


def _samples(owners: Sequence[Owner], samples: pa.Table) -> Any:
    """The rows of the sheet; a sample that stands in several pipelines is called "pipeline: sample"."""
    places = {owner: place for place, owner in enumerate(_keys(samples, _ROW))}
    columns: dict[str, list[Any]] = {name: [] for name in samples.column_names}
    cells = {name: samples[name].to_pylist() for name in samples.column_names}
    for owner in owners:
        place = places.get(owner)
        for name, column in columns.items():
            known = dict(zip(_ROW, owner, strict=True)).get(name)
            column.append(known if place is None else cells[name][place])
    names = [sample for _, sample in owners]
    if len(set(names)) < len(names):
        names = [f"{pipeline}: {sample}" for pipeline, sample in owners]
    return h5_frame(columns, h5_index(names))


def _kinds(kinds: Sequence[Kind], names: Sequence[str], vocabulary: pa.Table, assay: str) -> Any:
    known = {
        word["measure"]: word for word in vocabulary.to_pylist() if word["assay"] == assay
    }  # a measure has one definition in an assay
    columns: dict[str, list[Any]] = {
        name: [kind[place] for kind in kinds] for place, name in enumerate(_KIND)
    }
    for name in ("definition", "low", "high", "term"):
        columns[name] = [known.get(kind[0], {}).get(name) for kind in kinds]
    return h5_frame(columns, h5_index(names))


def _of_assay(findings: pa.Table, assay: str) -> pa.Table:
    """Remarks of the assay, and those of the platform, which belong to none."""
    mine = pc.is_in(pc.fill_null(findings["assay"], ""), pa.array(["", assay]))
    return findings.filter(mine)


def _frame(table: pa.Table) -> Any:
    columns = {name: table[name].to_pylist() for name in table.column_names}
    return h5_frame(columns, h5_index(str(row) for row in range(table.num_rows)))


def _provenance(source: Source, assay: str) -> dict[str, str]:
    """Which run of which version made the numbers; the last run of the folder."""
    runs = source.table("runs")
    last = runs.slice(runs.num_rows - 1).to_pylist()[0] if runs.num_rows else {}
    words = {name: "" if last.get(name) is None else str(last[name]) for name in _RUN}
    words |= {
        "assay": assay,
        "written_by": f"exoraw {__version__}",
        "schema": f"{SCHEMA_MAJOR}.{SCHEMA_MINOR}",
        "layers": json.dumps([*NUMBERS, "qc", "curated"]),
    }
    return {name: h5_text(text) for name, text in words.items()}
