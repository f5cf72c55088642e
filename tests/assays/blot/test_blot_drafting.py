"""A new user's folder: `init` tells proteins from membranes by the names, and writes a row for every lane."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from exoraw.assays.blot.drafting import draft_blots
from exoraw.assays.blot.picture_names import named, role_of, total_form
from exoraw.assays.blot.settings import BlotSettings
from exoraw.assays.blot.simulator import BlotDesign, simulate_experiment
from exoraw.io.inventory import RawFile


@pytest.mark.parametrize(
    ("path", "membrane", "protein", "ladder"),
    [
        ("STAT3_rep1.tif", "1", "STAT3", False),
        ("rep2 p-STAT3 30s.scn", "2", "p-STAT3", False),
        ("2026-03-02_GAPDH_blot3.1sc", "3", "GAPDH", False),
        ("beta-actin_2.tif", "2", "beta-actin", False),
        ("STAT3 ladder rep1.tif", "1", "STAT3", True),
        ("CD63.tif", "1", "CD63", False),
        ("membrane 4.tif", "4", "", False),
    ],
)
def test_a_name_tells_protein_membrane_and_ladder(
    path: str, membrane: str, protein: str, ladder: bool
) -> None:
    (one,) = named([path])
    assert (one.membrane, one.protein, one.ladder) == (membrane, protein, ladder)


def test_folders_are_membranes_where_there_are_several() -> None:
    found = named(["day1/STAT3.tif", "day2/STAT3.tif", "day2/STAT3_blot2.tif"])
    assert [one.membrane for one in found] == ["day1", "day2", "day2 2"]


def test_a_picture_that_was_exported_twice_counts_once_as_the_imager_wrote_it() -> None:
    assert [one.path for one in named(["a.jpg", "a.tif", "a.1sc", "b.png"])] == ["a.1sc", "b.png"]


def test_roles_and_total_forms_follow_from_the_proteins() -> None:
    assert [role_of(name, "western_blot") for name in ("GAPDH", "β-actin", "Ponceau S", "STAT3")] == [
        "loading", "loading", "total_protein", "target",
    ]  # fmt: skip
    assert [role_of(name, "ev_markers") for name in ("Calnexin", "CD63")] == ["negative_control", "marker"]
    assert total_form("p-STAT3", ["STAT3", "GAPDH"]) == "STAT3"
    assert total_form("phospho STAT3", ["total STAT3"]) == "total STAT3"
    assert total_form("PARP", ["ARP"]) == ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files named as labs name them: STAT3_rep1.tif beside its ladder, two membranes."""
    made, raw = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("raw")
    simulate_experiment(made, 3, BlotDesign(membranes=2, scenario="clean", series=False, total_protein=False))
    for number in (1, 2):
        for protein in ("STAT3", "p-STAT3", "GAPDH"):
            shutil.copy(made / f"membrane{number}/{protein}.tif", raw / f"{protein}_rep{number}.tif")
        shutil.copy(made / f"membrane{number}/ladder of STAT3.tif", raw / f"STAT3 ladder rep{number}.tif")
    return raw


def test_the_drafted_table_is_sound_and_every_lane_has_a_row(folder: Path) -> None:
    files = [RawFile(path.name, "", 0, 0, "blot_tiff") for path in sorted(folder.iterdir())]
    start = draft_blots(folder, files, "western_blot")
    typed = YAML(typ="safe").load("\n".join(start.settings))
    settings = BlotSettings.model_validate({"kind": "western_blot", **typed})
    assert [blot.membrane for blot in settings.blots] == ["1", "2"]
    assert {name: band.role for name, band in settings.blots[0].bands.items()} == {
        "STAT3": "target", "p-STAT3": "target", "GAPDH": "loading",
    }  # fmt: skip
    assert settings.blots[0].bands["p-STAT3"].total == "STAT3"
    assert settings.blots[0].bands["STAT3"].ladder_image == "STAT3 ladder rep1.tif"
    assert len(start.rows) == 12
    assert start.rows[6]["sample"] == "membrane 2 lane 1"
    said = " ".join(start.remarks)
    assert "GAPDH (loading)" in said
    assert "a row of the sheet is one lane" in said


def test_a_membrane_whose_lanes_cannot_be_counted_says_so(tmp_path: Path) -> None:
    (tmp_path / "CD63.tif").write_bytes(b"no picture")
    start = draft_blots(tmp_path, [RawFile("CD63.tif", "", 0, 0, "blot_tiff")], "ev_markers")
    assert len(start.rows) == 1
    assert "could not be counted" in " ".join(start.remarks)
