"""Studies with known truth: written as raw instrument files, analysed like any other, held against it."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exoraw.assays import registry
from exoraw.io.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

    from exoraw.assays.contract import Assay, Simulated

TRUTH_FILE = "truth.csv"
_TRUTH_COLUMNS = ("pipeline", "sample", "measure", "entity", "truth")
Parts = Sequence[tuple[str, "Simulated"]]  # assay, one of its studies
_FIRST_COLUMNS = ("sample", "pipeline", "file")


@dataclass(frozen=True)
class ErrorRow:
    """Error of one measure over simulated studies, in the measure's unit.

    `bias` is the mean of (measured - true); `median`, `p95` and `worst` are of the absolute error.
    """

    assay: str
    measure: str
    unit: str
    n: int
    bias: float
    median: float
    p95: float
    worst: float


def simulating_assays(name: str = "") -> list[Assay]:
    """Return the assays that bring a simulator, or the one named. Raises StudyError where it brings none."""
    names = [name] if name else sorted(registry.registered())
    found = [assay for assay in map(registry.load, names) if assay.simulate is not None]
    if not found:
        raise StudyError(f'The assay "{name}" brings no simulator.')
    return found


def write_study(folder: Path, assays: Sequence[Assay], seed: int) -> Path:
    """Write raw files, sample sheet, study file and truth of simulated studies; return the study file.

    Raises StudyError where the folder already holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise StudyError(f"{folder}: this folder is not empty. Name a new one for the simulated study.")
    parts: list[tuple[str, Simulated]] = []
    for assay in assays:
        if assay.simulate is not None:
            raw = folder / "raw" / assay.name
            raw.mkdir(parents=True)
            parts += [(assay.name, part) for part in assay.simulate(raw, seed)]
    _write_sheet(folder / "samples.csv", parts)
    _write_truth(folder / TRUTH_FILE, parts)
    study = folder / "study.yaml"
    study.write_text(_study_text(parts), encoding="utf-8")
    return study


def _write_sheet(path: Path, parts: Parts) -> None:
    rows = [
        {
            **row,
            "pipeline": part.preset,
            "file": ";".join(f"{name}/{file}" for file in row["file"].split(";")),
        }
        if row.get("file")
        else {**row, "pipeline": part.preset}
        for name, part in parts
        for row in part.rows
    ]
    columns = list(dict.fromkeys([*_FIRST_COLUMNS, *(column for row in rows for column in row)]))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _write_truth(path: Path, parts: Parts) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_TRUTH_COLUMNS)
        for _, part in parts:
            for (sample, measure, entity), value in part.truth.items():
                writer.writerow([part.preset, sample, measure, entity, repr(float(value))])


def _study_text(parts: Parts) -> str:
    """JSON is YAML: strings are quoted, so no name can be misread."""
    import json

    factors = list(dict.fromkeys(factor for _, part in parts for factor in part.factors))
    entries: list[dict[str, Any]] = [
        {"name": part.preset, "preset": part.preset}
        | ({"settings": dict(part.settings)} if part.settings else {})
        for _, part in parts
    ]
    lines = [
        "# A simulated study with known truth (truth.csv), written by exoraw.",
        "exoraw: 1",
        'title: "Simulated study with known truth"',
        "raw: raw",
        "samples: samples.csv",
        "results: results",
        f"factors: {json.dumps(factors)}",
        "pipelines:",
        *(f"  - {json.dumps(entry, ensure_ascii=False)}" for entry in entries),
    ]
    compare = [{**entry, "pipeline": part.preset} for _, part in parts for entry in part.compare]
    if compare:
        lines += ["compare:", *(f"  - {json.dumps(entry, ensure_ascii=False)}" for entry in compare)]
    return "\n".join(lines) + "\n"


def errors_against_truth(results: Path, truth: Path) -> pd.DataFrame:
    """Join measurements with their true values.

    Returns
    -------
    one row per true value: assay, pipeline, sample, measure, entity, unit, truth, value, error
    (value - truth); `value` is NaN where the run gave no number
    """
    import pandas as pd

    from exoraw.store.results import Results

    key = ["pipeline", "sample", "measure", "entity"]
    known = pd.read_csv(truth, dtype=dict.fromkeys(key, "string"), keep_default_na=False)
    measured = Results(results).table("measurements")[[*key, "assay", "unit", "value"]]
    measured = measured.astype(dict.fromkeys(key, "string"))
    measured["entity"] = measured["entity"].fillna("")
    measured = measured.merge(known[key], on=key)  # the rest has no known truth and need not be unique here
    joined = known.astype({"truth": "float64"}).merge(measured, on=key, how="left", validate="one_to_one")
    joined["error"] = joined["value"] - joined["truth"]
    return joined


def summarise(errors: pd.DataFrame) -> list[ErrorRow]:
    """Return the error per assay and measure; numbers that the run did not give are left out of it."""
    rows = []
    for (assay, measure, unit), part in errors.dropna(subset=["error"]).groupby(
        ["assay", "measure", "unit"], sort=True, dropna=False
    ):
        error = part["error"].to_numpy(dtype=float)
        size = np.abs(error)
        rows.append(
            ErrorRow(
                str(assay),
                str(measure),
                str(unit),
                len(error),
                float(error.mean()),
                float(np.median(size)),
                float(np.percentile(size, 95)),
                float(size.max()),
            )
        )
    return rows


def accuracy(assay: str, seeds: Iterable[int], workers: int = 0) -> list[ErrorRow]:
    """Simulate one study per seed, run each like any study, and return the error per measure."""
    import pandas as pd

    from exoraw.engine.run import RunOptions, run

    found = []
    with tempfile.TemporaryDirectory(prefix="exoraw-accuracy-") as place:
        for seed in seeds:
            folder = Path(place) / str(seed)
            study = write_study(folder, simulating_assays(assay), seed)
            run(study, RunOptions(workers=workers))
            found.append(errors_against_truth(folder / "results", folder / TRUTH_FILE))
    return summarise(pd.concat(found, ignore_index=True))
