"""From pictures to folds: against the truth, with every remark beside its number, and nothing without one."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from exoraw.assays.blot.assay import ASSAY
from exoraw.assays.blot.simulator import Group
from exoraw.assays.blot.steps.points import target_of
from exoraw.engine.violations import violations
from exoraw.store.rows import TaskRow
from exoraw.study.view import Correction

Simulated = Callable[..., Any]
UNCHANGED = (Group("ctrl", 1.0, 1.0), Group("drug", 1.0, 1.0), Group("exo", 1.0, 1.0))
PAIRS = ("STAT3/GAPDH", "p-STAT3/GAPDH", "p-STAT3/STAT3")


def truth_of(study: Any, sample: str, entity: str) -> float:
    return float(study.truth[sample, "fold", entity.removesuffix("/GAPDH")])


def correction(study: Any, path: str, value: dict[str, Any]) -> Correction:
    target = target_of(path)
    return Correction("blot", "points", target, value, "ab", "2026-11-21T09:00", "looked", "c.json", "0" * 64)


def without_points(study: Any, target: str) -> None:
    for key in ("first", "last"):
        del study.blots[0]["bands"][target][key]


# ----------------------------------------------------------------- numbers


def test_folds_of_a_clean_membrane_are_within_four_percent_of_the_truth(ran: Any) -> None:
    study, done = ran
    folds = done.numbers("fold_of_control")
    assert len(folds) == 4 * len(PAIRS)
    errors = {key: one.value / truth_of(study, *key) - 1 for key, one in folds.items()}
    assert max(map(abs, errors.values())) <= 0.04, errors


def test_the_control_is_one_without_an_interval_and_every_other_fold_has_one(ran: Any) -> None:
    _, done = ran
    for (sample, _), one in done.numbers("fold_of_control").items():
        if sample == "ctrl 1":
            assert (one.value, one.ci_low, one.ci_high) == (1.0, None, None)
        else:
            assert one.ci_low < one.value < one.ci_high
        assert one.reference == "ctrl 1 (membrane 1)"


def test_every_outcome_keeps_what_the_assay_promises(ran: Any) -> None:
    _, done = ran
    assert done.errors == {}
    for key, outcome in done.outcomes.items():
        unit = done.units[key]
        row = TaskRow(
            task_id="t", attempt=1, run_id="r", assay="blot", pipeline="blots", step="s", step_version=1,
            unit=key, samples=unit.samples, status="ok", reason="new",
        )  # fmt: skip
        assert list(violations(outcome, row, ASSAY)) == []


def test_every_band_stands_in_the_table_with_its_box_and_its_volumes(ran: Any) -> None:
    study, done = ran
    rows = [row for outcome in done.of("quantify") for row in outcome.objects]
    assert len(rows) == 3 * 4
    for row in rows:
        x, y = study.click(row["sample"], row["target"])
        assert row["x0"] < x < row["x1"]
        assert row["y0"] < y < row["y1"]
        assert row["adjusted"] == pytest.approx(row["volume"] - row["background"])


def test_the_same_sample_and_seed_give_the_same_pictures_and_numbers(ran: Any, afresh: Any) -> None:
    study, done = ran
    afresh()
    again = study.run()
    for key, outcome in done.outcomes.items():
        assert outcome.measurements == again.outcomes[key].measurements
        assert [one.content for one in outcome.artefacts] == [
            one.content for one in again.outcomes[key].artefacts
        ]


def test_pictures_show_the_whole_image_and_every_lane(ran: Any) -> None:
    _, done = ran
    for outcome in done.of("quantify"):
        assert [one.name for one in outcome.artefacts] == ["bands.png", "profiles 1.png"]
        for artefact in outcome.artefacts:
            drawn = np.asarray(Image.open(io.BytesIO(artefact.content)).convert("RGB"))
            assert drawn.std() > 5
            assert len(artefact.content) < 150_000


def test_a_total_protein_stain_gives_folds_too(simulated: Simulated) -> None:
    study = simulated(8, total_protein=True)
    done = study.run()
    for (sample, entity), one in done.numbers("fold_of_control").items():
        if entity.endswith("/total protein"):
            true = truth_of(study, sample, entity.removesuffix("/total protein"))
            assert one.value == pytest.approx(true, rel=0.12)


def test_of_several_exposures_the_longest_unsaturated_one_is_measured_and_said(simulated: Simulated) -> None:
    study = simulated(5, series=True)
    images = sorted(path.name for path in (study.raw / "membrane1").glob("STAT3*"))
    assert len(images) == 3
    study.blots[0]["bands"]["STAT3"]["image"] = [f"membrane1/{name}" for name in images]
    done = study.run()
    assert "longest" in done.messages("quantify", "exposure_chosen")[0]
    assert "saturated_band" not in done.codes("normalise")


# ----------------------------------------------------------------- what is missing or doubtful


def test_a_row_that_can_be_read_in_two_ways_has_no_number_and_a_picture(study: Any) -> None:
    without_points(study, "p-STAT3")
    image = study.raw / "membrane1/p-STAT3.tif"
    pixels = np.asarray(Image.open(image))
    doubled = np.maximum(pixels, np.roll(pixels, 120, axis=0))  # a second row, as strong
    Image.fromarray(doubled).save(image)
    done = study.run()
    volumes = done.numbers("adjusted_volume")
    assert all(math.isnan(volumes[s, "band:p-STAT3"].value) for s in ("ctrl 1", "DOX 1"))
    assert "needs_points" in done.codes("quantify")
    folds = done.numbers("fold_of_control")
    assert math.isnan(folds["DOX 1", "protein:p-STAT3/GAPDH"].value)
    assert not math.isnan(folds["DOX 1", "protein:STAT3/GAPDH"].value)
    assert any("needs points" in a.caption for o in done.of("quantify") for a in o.artefacts)


def test_points_that_a_person_clicked_make_its_numbers_and_run_that_picture_alone(study: Any) -> None:
    typed = study.run()
    without_points(study, "STAT3")
    pair = [study.click("ctrl 1", "STAT3"), study.click("exo 1", "STAT3")]
    study.corrections.append(correction(study, "membrane1/STAT3.tif", {"points": {"STAT3": pair}}))
    done = study.run()
    same = done.numbers("adjusted_volume")["IL-6 1", "band:STAT3"]
    assert same.value == typed.numbers("adjusted_volume")["IL-6 1", "band:STAT3"].value
    assert same.curated
    folds = done.numbers("fold_of_control")
    assert folds["IL-6 1", "protein:STAT3/GAPDH"].curated
    assert not folds["IL-6 1", "protein:p-STAT3/GAPDH"].curated
    assert done.numbers("loading_ratio")["IL-6 1", "protein:p-STAT3/STAT3"].curated
    assert "points_by_hand" in done.codes("quantify")
    others = [key for key, unit in done.units.items() if "quantify" in key and not unit.inputs["points"]]
    assert len(others) == 2


def test_points_that_cannot_be_used_are_said_and_not_guessed(study: Any) -> None:
    study.corrections.append(correction(study, "membrane1/STAT3.tif", {"points": {"STAT3": "left"}}))
    assert "points_unusable" in study.run().codes("quantify")


def test_points_outside_the_picture_leave_no_number_and_the_reason(study: Any) -> None:
    study.blots[0]["bands"]["STAT3"]["first"] = (5_000, 10)
    done = study.run()
    assert "outside the image" in done.messages("quantify", "not_measured")[0]
    assert math.isnan(done.numbers("adjusted_volume")["DOX 1", "band:STAT3"].value)


def test_a_saturated_band_warns_beside_its_fold(simulated: Simulated) -> None:
    done = simulated(5, overexposed=("STAT3",)).run()
    touched = [f for outcome in done.of("normalise") for f in outcome.findings if f.code == "saturated_band"]
    assert touched
    assert {f.entity for f in touched} == {"protein:STAT3/GAPDH", "protein:p-STAT3/STAT3"}


def test_a_photograph_has_no_number_and_says_why(study: Any) -> None:
    rng = np.random.default_rng(1)
    colour = rng.integers(0, 255, (23, 38, 3), dtype=np.uint8)
    photo = Image.fromarray(colour).resize((760, 460), Image.Resampling.BICUBIC)
    photo.save(study.raw / "membrane1/STAT3.tif")
    done = study.run()
    assert "photograph" in done.codes("quantify")
    assert "not_measured" in done.codes("quantify")
    assert math.isnan(done.numbers("adjusted_volume")["DOX 1", "band:STAT3"].value)
    assert not math.isnan(done.numbers("fold_of_control")["DOX 1", "protein:p-STAT3/GAPDH"].value)


def test_a_missing_picture_costs_its_own_numbers_only(study: Any) -> None:
    (study.raw / "membrane1/STAT3.tif").unlink()
    done = study.run()
    folds = done.numbers("fold_of_control")
    assert math.isnan(folds["DOX 1", "protein:STAT3/GAPDH"].value)
    assert "no volume in this lane" in " ".join(done.messages("normalise", "no_ratio"))
    assert not math.isnan(folds["DOX 1", "protein:p-STAT3/GAPDH"].value)


def test_a_damaged_file_fails_its_own_task(study: Any) -> None:
    path = study.raw / "membrane1/STAT3.tif"
    path.write_bytes(path.read_bytes()[:500])
    done = study.run()
    assert len(done.errors) == 1
    assert not math.isnan(done.numbers("fold_of_control")["DOX 1", "protein:p-STAT3/GAPDH"].value)


def test_a_membrane_without_a_control_has_ratios_and_says_what_is_missing(study: Any) -> None:
    study.blots[0]["control"] = ""
    for row in study.rows:
        row["control_role"] = ""
    done = study.run()
    assert all(math.isnan(one.value) for one in done.numbers("fold_of_control").values())
    assert not math.isnan(done.numbers("loading_ratio")["DOX 1", "protein:STAT3/GAPDH"].value)
    assert "no_reference" in done.codes("normalise")


def test_an_excluded_control_is_never_used_as_one(study: Any) -> None:
    study.rows[0]["excluded"] = "bubble"
    assert "no_reference" in study.run().codes("normalise")


def test_a_bridge_sample_has_folds_of_its_own(study: Any) -> None:
    study.rows[2]["control_role"] = "bridge"
    found = study.run().numbers("fold_of_bridge")
    assert found["DOX 1", "protein:STAT3/GAPDH"].value == 1.0
    assert found["exo 1", "protein:STAT3/GAPDH"].reference == "DOX 1 (membrane 1)"


# ----------------------------------------------------------------- loading


def test_a_loading_protein_that_the_treatment_changes_warns_beside_every_fold(simulated: Simulated) -> None:
    study = simulated(5, membranes=3, groups=UNCHANGED)
    for number in (1, 2, 3):
        darken(study, f"membrane{number}/GAPDH.tif", f"drug {number}", 0.3)
    done = study.run()
    said = done.messages("normalise", "loading_differs")
    assert len(said) == 3 * 2
    assert "p = 0.0" in said[0]


def darken(study: Any, path: str, sample: str, factor: float) -> None:
    """Weaken one lane of a picture, above its background, as if the protein were less there."""
    image = study.raw / path
    pixels = np.asarray(Image.open(image)).astype(float)
    x, _ = study.click(sample, "GAPDH")
    lane = slice(int(x) - 45, int(x) + 45)
    base = np.median(pixels[:, lane])
    pixels[:, lane] = base + (pixels[:, lane] - base) * factor
    Image.fromarray(pixels.astype(np.uint16)).save(image)


# ----------------------------------------------------------------- what runs again


def test_a_changed_treatment_runs_no_picture_again(study: Any) -> None:
    before = study.run()
    study.rows[1]["treatment"] = "IL-6 10 ng"
    after = study.run()
    for key, unit in before.units.items():
        if "quantify" in key or "normalise" in key:
            assert after.units[key] == replace(unit)


def test_raw_files_are_left_as_they_were(study: Any) -> None:
    before = {path: path.read_bytes() for path in Path(study.raw).rglob("*.tif")}
    study.run()
    assert {path: path.read_bytes() for path in Path(study.raw).rglob("*.tif")} == before


# ----------------------------------------------------------------- methods text


def test_the_methods_text_states_masses_saturation_and_what_the_laboratory_adds(ran: Any) -> None:
    _, done = ran
    texts = {method.title: method.text for outcome in done.of("summary") for method in outcome.methods}
    said = texts["Minimal reporting"]
    assert "Molecular weights by the ladder beside the bands: STAT3 8" in said
    assert "None of 12 bands reaches the detector's ceiling." in said
    assert "antibodies with maker, catalogue number, lot, dilution" in said
    assert "SHA-256" in said
    assert "GAPDH" in texts["Normalisation"]


def test_the_methods_text_counts_saturated_bands_and_says_where_no_ladder_was_given(
    simulated: Simulated,
) -> None:
    study = simulated(5, overexposed=("STAT3",))
    study.blots[0]["ladder"] = []
    (outcome,) = study.run().of("summary")
    said = next(method.text for method in outcome.methods if method.title == "Minimal reporting")
    assert "No ladder was given" in said
    assert "of 12 bands reach the detector's ceiling" in said
