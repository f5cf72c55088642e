"""What `exoraw check` says of a table of membranes: by row and column, with the nearest word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from exoraw.assays.blot.settings import BlotSettings


def only(study: Any) -> str:
    found = [line for line in study.check() if not line.startswith("info")]
    assert len(found) == 1, found
    return str(found[0])


def test_a_sound_study_has_no_problem(study: Any) -> None:
    assert study.check() == []


def test_without_a_table_of_membranes_the_message_holds_one_to_start_from(study: Any) -> None:
    study.settings["blots"] = []
    said = only(study)
    assert "STAT3: {image: membrane1/STAT3.tif}" in said
    assert "ctrl 1" in said


def test_a_misspelled_membrane_is_answered_by_row_with_the_nearest_one(study: Any) -> None:
    study.blots[0]["membrane"] = study.blots[0].pop("replicate", "1")
    study.blots[0]["membrane"] = "blot A"
    for row in study.rows:
        row["membrane"] = "blot A"
    study.rows[2]["membrane"] = "blotA"
    said = study.check()[0]
    assert 'samples.csv row 4, column "membrane"' in said
    assert "Did you mean blot A?" in said


def test_a_row_on_no_membrane_is_told_where_to_go(study: Any) -> None:
    study.rows.append({"sample": "stray", "file": "", "membrane": "", "lane": ""})
    assert '"stray" lies on no membrane' in only(study)


def test_a_lane_that_is_nearly_a_sample_is_asked_about(study: Any) -> None:
    study.blots[0]["lanes"][2] = "IL6 1"
    study.rows[1]["membrane"] = "1"
    assert any("Did you mean IL-6 1?" in line for line in study.check())


def test_a_lane_number_that_contradicts_the_list_of_lanes_is_an_error(study: Any) -> None:
    study.rows[1]["lane"] = "4"
    assert "is lane 4 here, but lane 3" in only(study)


@pytest.mark.parametrize("cell", ["", "0", "third", "2.5"])
def test_without_a_list_of_lanes_every_row_needs_its_number(study: Any, cell: str) -> None:
    del study.blots[0]["lanes"]
    study.rows[1]["lane"] = cell
    assert any('column "lane"' in line and "no number of a lane" in line for line in study.check())


def test_two_rows_in_one_lane_are_an_error(study: Any) -> None:
    del study.blots[0]["lanes"]
    study.blots[0]["ladder_lane"] = 1
    study.rows[1]["lane"] = study.rows[0]["lane"]
    assert 'is that of "ctrl 1"' in only(study)


def test_a_missing_picture_is_confined_to_its_protein_and_the_nearest_is_named(study: Any) -> None:
    study.blots[0]["bands"]["STAT3"]["image"] = "membrane1/STAT.tif"
    assert "Did you mean membrane1/STAT3.tif?" in only(study)


def test_the_end_of_a_path_is_enough_where_it_is_unique(study: Any) -> None:
    study.blots[0]["bands"]["STAT3"]["image"] = "p-STAT3.tif"
    study.blots[0]["bands"]["p-STAT3"]["image"] = "STAT3.tif"
    assert study.check() == []


def test_an_ambiguous_picture_is_an_error(study: Any) -> None:
    (study.raw / "copy").mkdir()
    (study.raw / "copy/STAT3.tif").write_bytes((study.raw / "membrane1/STAT3.tif").read_bytes())
    study.blots[0]["bands"]["STAT3"]["image"] = "STAT3.tif"
    assert "is meant in 2 ways" in only(study)


def test_a_page_that_the_file_lacks_is_an_error(study: Any) -> None:
    study.blots[0]["bands"]["STAT3"]["page"] = 3
    assert "has 1 picture, no page 3" in only(study)


def test_points_outside_the_picture_are_told_with_its_size(study: Any) -> None:
    study.blots[0]["bands"]["STAT3"]["last"] = [9000, 10]
    assert "outside membrane1/STAT3.tif of 760 x 460 pixels" in only(study)


def test_two_proteins_in_one_row_of_one_picture_are_an_error(study: Any) -> None:
    study.blots[0]["bands"]["STAT3"]["image"] = "membrane1/GAPDH.tif"
    assert "same row 1" in only(study)


def test_an_unknown_control_is_answered_with_the_nearest_sample(study: Any) -> None:
    study.blots[0]["control"] = "ctlr 1"
    assert "Did you mean ctrl 1?" in only(study)


def test_a_membrane_without_control_or_loading_is_warned_about(study: Any) -> None:
    study.blots[0]["control"] = ""
    study.rows[0]["control_role"] = ""
    assert "neither a control nor a bridge" in only(study)
    study.rows[0]["control_role"] = "vehicle"
    for band in study.blots[0]["bands"].values():
        band["role"] = "target"
        band.pop("total", None)
    assert "nothing to normalise to" in only(study)


@pytest.mark.parametrize("name", ["western_blot", "ev_markers", "chip_pcr_gel"])
def test_a_preset_is_a_sound_setting_of_its_own_kind(project: Path, name: str) -> None:
    preset = YAML(typ="safe").load((project / f"pipelines/{name}.yaml").read_text(encoding="utf-8"))
    assert (preset["preset"], preset["assay"]) == (name, "blot")
    assert BlotSettings.model_validate(preset["settings"]).kind == name


@pytest.mark.parametrize(
    ("blot", "message"),
    [
        ({"bands": {"A": {"image": "a.tif", "first": [1, 2]}}}, "both `first` and `last`"),
        ({"bands": {"A": {"image": "a.tif", "total": "B"}}}, 'names "B" as its total form'),
        ({"bands": {"A": {"image": "a.tif", "total": "A"}}}, "its own total form"),
        ({"bands": {"A/B": {"image": "a.tif"}}}, 'must not contain "/"'),
        ({"bands": {"A": {"image": "a.tif", "role": "marker"}}}, "has no place in western_blot"),
        ({"bands": {}}, "bands"),
        ({"bands": {"A": {"image": []}}}, "image"),
        ({"bands": {"A": {"imag": "a.tif"}}}, "imag"),
    ],
)
def test_a_wrong_table_is_refused_with_what_is_wrong(blot: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BlotSettings.model_validate({"blots": [{"membrane": "1", **blot}]})


def test_two_descriptions_of_one_membrane_are_refused() -> None:
    one = {"replicate": 1, "bands": {"A": {"image": "a.tif"}}}
    with pytest.raises(ValidationError, match="described twice"):
        BlotSettings.model_validate({"blots": [one, one]})


def test_one_row_of_a_picture_cannot_belong_to_two_membranes(simulated: Any) -> None:
    study = simulated(5, membranes=2)
    for blot in study.blots:
        blot["bands"]["GAPDH"] = {"image": "membrane1/GAPDH.tif", "role": "loading"}
    said = only(study)
    assert 'membrane "2", GAPDH: membrane1/GAPDH.tif row 1 is that of membrane "1", GAPDH too' in said


def test_an_exposure_that_is_named_twice_is_an_error(study: Any) -> None:
    study.blots[0]["bands"]["GAPDH"]["image"] = ["membrane1/GAPDH.tif", "membrane1/GAPDH.tif"]
    assert '"membrane1/GAPDH.tif" is named twice' in only(study)


def test_a_ladder_picture_that_is_missing_is_answered_with_the_nearest(study: Any) -> None:
    study.blots[0]["bands"]["GAPDH"]["ladder_image"] = "membrane1/ladder of GAPD.tif"
    said = only(study)
    assert "GAPDH, ladder" in said
    assert "Did you mean membrane1/ladder of GAPDH.tif?" in said


def test_masses_without_a_lane_called_ladder_are_warned_about(study: Any) -> None:
    study.blots[0]["lanes"][0] = "empty"
    assert "no lane called ladder" in only(study)


def test_a_bridge_sample_without_a_partner_is_warned_about(study: Any) -> None:
    study.blots[0]["control"] = ""
    study.rows[0]["control_role"] = "bridge"
    assert "no other membrane has both" in only(study)
