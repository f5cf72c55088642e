"""A lab's own gates, from a file in the raw folder to the table: counts, compensation, refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import exoraw
from exoraw.assays.flow import read_fcs, write_fcs
from exoraw.assays.flow.compensation import compensate
from exoraw.assays.flow.spillover import Spillover
from exoraw.engine.run import RunOptions, run

NAMES = ["FSC-A", "SSC-A", "FITC-A", "PE-A"]
MATRIX = Spillover(("FITC-A", "PE-A"), np.array([[1.0, 0.2], [0.01, 1.0]]), "the file")
GATES = """
gates:
  - name: cells
    rectangle:
      - {channel: FSC-A, min: 20000, max: 250000}
  - name: PE+
    parent: cells
    threshold: {channel: PE-A, at_least: 1000}
"""


def tube(path: Path, seed: int = 3) -> np.ndarray[Any, Any]:
    """A tube with a stain in FITC that spills into PE; half of the cells carry it."""
    rng = np.random.default_rng(seed)
    stained = rng.random(4000) < 0.5
    true = np.column_stack(
        [np.where(stained, 20_000, 100) + rng.normal(0, 30, 4000), rng.normal(50, 30, 4000)]
    )
    scatter = rng.normal(60_000, 20_000, (4000, 2))
    events = np.column_stack([scatter, true @ MATRIX.matrix]).astype(np.float32)
    write_fcs(path, events, NAMES, version="3.1", spillover=MATRIX)
    return events


def run_study(folder: Path, strategy: dict[str, Any], rows: list[str], **settings: Any) -> exoraw.Results:
    entry = {
        "name": "lab",
        "preset": "lab_gates",
        "settings": {"strategy": {"kind": "gates", **strategy}, **settings},
    }
    lines = ["exoraw: 1", "title: lab", "raw: raw", "samples: samples.csv", "results: results",
             "factors: [treatment]", "pipelines:", f"  - {json.dumps(entry)}"]  # fmt: skip
    (folder / "study.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "samples.csv").write_text(
        "\n".join(["sample,pipeline,file,treatment", *rows]) + "\n", encoding="utf-8"
    )
    run(folder / "study.yaml", RunOptions(workers=0))
    return exoraw.open(folder / "results")


def counts(results: exoraw.Results) -> dict[str, float]:
    table = results.table("measurements")
    found = table[table["measure"] == "population_events"]
    return dict(zip(found["entity"].str.removeprefix("population:"), found["value"], strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "gates.yaml").write_text(GATES, encoding="utf-8")
    return tmp_path


def test_gates_without_a_matrix_lie_on_signal_compensated_by_the_tube_s_own(folder: Path) -> None:
    events = tube(folder / "raw" / "a.fcs")
    results = run_study(folder, {"file": "gates.yaml"}, ["A,lab,a.fcs,x"])
    cells = (events[:, 0] >= 20_000) & (events[:, 0] < 250_000)
    signal = compensate(events, NAMES, MATRIX)[:, 3]
    assert counts(results) == {"cells": cells.sum(), "PE+": (cells & (signal >= 1000)).sum()}
    assert counts(results)["PE+"] == 0  # uncompensated, half of the cells would be positive
    assert (cells & (events[:, 3] >= 1000)).sum() > 1000


def test_compensation_can_be_switched_off_and_then_the_spill_counts(folder: Path) -> None:
    events = tube(folder / "raw" / "a.fcs")
    results = run_study(folder, {"file": "gates.yaml"}, ["A,lab,a.fcs,x"], compensation={"source": "none"})
    cells = (events[:, 0] >= 20_000) & (events[:, 0] < 250_000)
    assert counts(results)["PE+"] == (cells & (events[:, 3] >= 1000)).sum()


def test_a_population_leaves_as_an_fcs_file_with_its_stored_values(folder: Path) -> None:
    events = tube(folder / "raw" / "a.fcs")
    results = run_study(
        folder, {"file": "gates.yaml", "export": ["cells"], "medians": ["FITC-A"]}, ["A,lab,a.fcs,x"]
    )
    (written,) = (folder / "results" / "matrices" / "lab").glob("*.fcs")
    cells = (events[:, 0] >= 20_000) & (events[:, 0] < 250_000)
    np.testing.assert_array_equal(read_fcs(written).events, events[cells])
    table = results.table("measurements")
    median = table[(table["measure"] == "median_fluorescence") & (table["entity"] == "population:cells")]
    expected = np.median(compensate(events, NAMES, MATRIX)[cells, 2])
    assert float(median["value"].iloc[0]) == pytest.approx(float(expected), rel=1e-5)


def test_a_population_that_the_file_lacks_is_refused_with_those_that_it_has(folder: Path) -> None:
    tube(folder / "raw" / "a.fcs")
    results = run_study(folder, {"file": "gates.yaml", "populations": ["CD44+"]}, ["A,lab,a.fcs,x"])
    tasks = results.table("tasks")
    failed = tasks[tasks["status"] == "failed"]
    assert failed["unit"].tolist() == ["lab/lab_gates/A"]
    assert 'no population is called "CD44+"' in failed["error"].iloc[0]
    assert "cells" in failed["error"].iloc[0]
    assert "PE+" in failed["error"].iloc[0]


def test_a_gate_file_that_is_not_there_is_an_error_of_the_study(folder: Path) -> None:
    tube(folder / "raw" / "a.fcs")
    with pytest.raises(Exception, match=r'"missing\.wsp", which is not in the raw folder'):
        run_study(folder, {"file": "missing.wsp"}, ["A,lab,a.fcs,x"])


def test_a_channel_that_the_tube_lacks_names_the_gate(folder: Path) -> None:
    events = tube(folder / "raw" / "a.fcs")
    write_fcs(folder / "raw" / "b.fcs", events[:, :3], NAMES[:3], version="3.1")
    results = run_study(folder, {"file": "gates.yaml"}, ["A,lab,a.fcs,x", "B,lab,b.fcs,x"])
    tasks = results.table("tasks").set_index("unit")
    assert tasks.loc["lab/lab_gates/A", "status"] == "ok"
    assert tasks.loc["lab/lab_gates/B", "status"] == "failed"
    assert "PE-A" in tasks.loc["lab/lab_gates/B", "error"]
    assert "PE+" in tasks.loc["lab/lab_gates/B", "error"]


def test_flowjo_s_own_counts_come_out_of_a_study(tmp_path: Path, shared: Path) -> None:
    example = shared / "data/flow/flowkit/simple_diamond_example"
    (tmp_path / "raw").mkdir()
    for name in ("test_data_diamond_01.fcs", "simple_diamond_example_quad_gate.wsp"):
        shutil.copy(example / name, tmp_path / "raw" / name)
    results = run_study(
        tmp_path, {"file": "simple_diamond_example_quad_gate.wsp"}, ["d1,lab,test_data_diamond_01.fcs,x"]
    )
    assert list(counts(results).values()) == [49_671, 50_596, 50_330, 49_403]
    assert isinstance(results.table("objects_flow"), pd.DataFrame)
    assert len(results.objects("flow")) == 5
