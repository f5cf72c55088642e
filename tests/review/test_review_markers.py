"""Marker panels on the review page: every strategy is shown as computed, and corrected in its own way."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

import exoraw
from exoraw.assays.flow.simulate_markers import MARKER_STUDIES
from exoraw.engine.options import RunOptions

SIGNED = {"who": "AB", "why": "isotype was another clone"}
EVENTS = 1500
SETTINGS = {"gate": {"bootstraps": 0, "minimum_control_events": 50}}
SHARES = {  # preset -> population on the page -> measure and entity in the results
    "cd44_cd24": {"CD44+CD24-": ("cd44_pos_cd24_low_share", "")},
    "aldefluor": {"ALDH-high": ("aldh_high_share", "")},
    "uptake_flow": {"exosome dye+": ("uptake_share", "")},
    "surface_mfi": {
        f"{marker}+": ("marker_share", f"marker:{marker}") for marker in ("CD44", "EpCAM", "CXCR4")
    },
}


def first_batch(rows: list[dict]) -> list[dict]:
    batch = rows[0]["batch"]
    return [row for row in rows if row["batch"] == batch]


@pytest.fixture(scope="module")
def finished_markers(tmp_path_factory):
    """`finished_markers(preset)`: the first day of a simulated study, run once."""
    made: dict[str, Path] = {}

    def finish(preset: str) -> Path:
        if preset not in made:
            folder = tmp_path_factory.mktemp(preset) / "study"
            (folder / "raw").mkdir(parents=True)
            rows = first_batch(
                [dict(row) for row in MARKER_STUDIES[preset](folder / "raw", 1, events=EVENTS).rows]
            )
            columns = list(dict.fromkeys(column for row in rows for column in row))
            with (folder / "samples.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, columns, restval="")
                writer.writeheader()
                writer.writerows(rows)
            entry = {"preset": preset, "settings": {"strategy": SETTINGS}}
            study = {"title": preset, "raw": "raw", "samples": "samples.csv", "pipelines": [entry]}
            (folder / "study.yaml").write_text(json.dumps(study), "utf-8")
            assert exoraw.run(folder, RunOptions(workers=0)).exit_code == 0
            made[preset] = folder
        return made[preset]

    return finish


@pytest.fixture
def markers(finished_markers, tmp_path, lab_of):
    """`markers(preset)`: a copy of its own."""

    def copy(preset: str):
        shutil.copytree(finished_markers(preset), tmp_path / preset)
        return lab_of(tmp_path / preset)

    return copy


def entries(sitting) -> list[dict]:
    groups = sitting.study()["analyses"][0]["groups"]
    return [item for group in groups for item in group["items"]]


def row_of(rows: list[dict], name: str) -> dict:
    return next(row for row in rows if row["name"] == name)


def gate_of(data: dict, name: str) -> dict:
    return next(gate for gate in data["gates"] if gate["name"] == name)


@pytest.mark.parametrize("preset", list(SHARES))
def test_every_strategy_is_shown_with_the_numbers_of_its_results(markers, preset):
    lab = markers(preset)
    sitting = lab.sitting()
    entry = entries(sitting)[0]
    data = sitting.item(entry["id"])["data"]
    for name, (measure, entity) in SHARES[preset].items():
        value, curated = lab.value(entry["title"], measure, entity)
        assert row_of(data["numbers"], name)["percent"] == pytest.approx(value, abs=1e-9)
        assert not curated
    live = lab.value(entry["title"], "population_events", "population:live single cells")[0]
    assert row_of(data["numbers"], "live single cells")["count"] == live
    assert len(sitting.part(entry["id"], "events")) == 8 * data["events"]["shown"] * len(data["columns"])
    assert {panel["name"] for panel in data["panels"]} >= {"cells"}


def test_a_border_of_cd24_by_hand_counts_and_is_marked_but_not_brightness(markers, run_now):
    lab = markers("cd44_cd24")
    sitting = lab.sitting()
    entry, other = entries(sitting)[:2]
    automatic = gate_of(sitting.item(entry["id"])["data"], "cd24")["value"]
    proposal = {"borders": {"cd24": automatic * 3}}
    foreseen = row_of(sitting.preview(entry["id"], {"proposal": proposal})["numbers"], "CD44+CD24-")
    answer = sitting.apply(entry["id"], {"proposal": proposal, **SIGNED})
    assert {one["step"] for one in answer["pending"]["steps"]} <= {"markers", "summary", "marker_summary"}
    run_now(sitting)
    value, curated = lab.value(entry["title"], "cd44_pos_cd24_low_share")
    assert (value, curated) == (pytest.approx(foreseen["percent"]), True)
    assert not lab.value(entry["title"], "gated_share")[1]
    assert not lab.value(other["title"], "cd44_pos_cd24_low_share")[1]
    (finding,) = lab.findings("gate_corrected")
    assert f"CD24 border is {automatic * 3:,.0f} instead of {automatic:,.0f}" in finding["message"]
    gate = gate_of(sitting.item(entry["id"])["data"], "cd24")
    assert gate["automatic"] == pytest.approx(automatic)
    assert gate["value"] == pytest.approx(automatic * 3)
    objects = exoraw.open(lab.folder / "results").arrow("objects_flow").to_pylist()
    own = {row["cd24_threshold_source"] for row in objects if row["sample"] == entry["title"]}
    assert own == {"corrected by hand"}


def test_a_border_of_dead_cells_of_the_batch_reaches_tubes_and_controls(markers, run_now):
    lab = markers("cd44_cd24")
    sitting = lab.sitting()
    entry, other = entries(sitting)[:2]
    data = sitting.item(entry["id"])["data"]
    assert data["alive"] == ["viability"]
    wanted = gate_of(data, "viability")["value"] / 3
    proposal = {"borders": {"viability": wanted}, "scope": "batch"}
    foreseen = row_of(sitting.preview(entry["id"], {"proposal": proposal})["numbers"], "live single cells")
    sitting.apply(entry["id"], {"proposal": proposal, **SIGNED})
    run_now(sitting)
    live = ("population_events", "population:live single cells")
    assert lab.value(entry["title"], *live) == (foreseen["count"], True)
    assert lab.value(other["title"], *live)[1]
    assert not lab.value(entry["title"], "population_events", "population:single cells")[1]


def test_an_outline_of_the_cells_is_used_and_taken_back(markers, run_now):
    lab = markers("aldefluor")
    sitting = lab.sitting()
    entry = entries(sitting)[0]
    before = lab.value(entry["title"], "aldh_high_share")
    corners = [[70_000.0, 0.0], [110_000.0, 0.0], [110_000.0, 60_000.0], [70_000.0, 60_000.0]]
    foreseen = row_of(sitting.preview(entry["id"], {"proposal": {"cells": corners}})["numbers"], "cells")
    sitting.apply(entry["id"], {"proposal": {"cells": corners}, **SIGNED})
    run_now(sitting)
    assert lab.value(entry["title"], "population_events", "population:cells") == (foreseen["count"], True)
    (made,) = sitting.item(entry["id"])["made"]
    sitting.withdraw(entry["id"], {"made": made["id"], **SIGNED})
    run_now(sitting)
    assert lab.value(entry["title"], "aldh_high_share") == before


def test_a_border_of_one_surface_marker_decides_its_share_and_no_other_number(markers, run_now):
    lab = markers("surface_mfi")
    sitting = lab.sitting()
    entry = entries(sitting)[0]
    data = sitting.item(entry["id"])["data"]
    share, other = ("marker_share", "marker:CXCR4"), ("marker_share", "marker:EpCAM")
    before = lab.value(entry["title"], *other)
    proposal = {"borders": {"marker:cxcr4": gate_of(data, "marker:cxcr4")["value"] * 2}}
    foreseen = row_of(sitting.preview(entry["id"], {"proposal": proposal})["numbers"], "CXCR4+")["percent"]
    assert foreseen < row_of(data["numbers"], "CXCR4+")["percent"] - 5
    sitting.apply(entry["id"], {"proposal": proposal, **SIGNED})
    run_now(sitting)
    assert lab.value(entry["title"], *share) == (pytest.approx(foreseen), True)
    assert lab.value(entry["title"], *other) == before
    brightness = ("median_fluorescence_ratio", "marker:CXCR4")
    assert not lab.value(entry["title"], *brightness)[1]
