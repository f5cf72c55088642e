"""Simulated experiments hold the folds they say, read as blots do, and are the same every time."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import tifffile

from exoraw.assays.blot import longest_unsaturated, read_image
from exoraw.assays.blot.simulator import (
    SCENARIOS,
    BlotDesign,
    Group,
    faults_of,
    simulate_chip_gel,
    simulate_ev_markers,
    simulate_experiment,
    simulate_studies,
)
from exoraw.assays.blot.simulator.drawing import Band, draw_band, recorded
from exoraw.assays.blot.simulator.tiff_writer import Shot, write_tiff

ONE = BlotDesign(membranes=1, scenario="clean", series=False, total_protein=False)
SIMULATORS = {
    "western_blot": lambda raw, seed: simulate_experiment(raw, seed, BlotDesign(membranes=1)),
    "ev_markers": simulate_ev_markers,
    "chip_pcr_gel": simulate_chip_gel,
}


def digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.tif")):
        found.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return found.hexdigest()


@pytest.mark.parametrize("preset", SIMULATORS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path, preset: str) -> None:
    first = SIMULATORS[preset](tmp_path / "a", 5)
    second = SIMULATORS[preset](tmp_path / "b", 5)
    SIMULATORS[preset](tmp_path / "c", 6)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")
    assert first == second
    assert first.preset == preset


@pytest.mark.parametrize("preset", SIMULATORS)
def test_every_row_has_its_file_and_every_picture_reads_bright(tmp_path: Path, preset: str) -> None:
    simulated = SIMULATORS[preset](tmp_path, 3)
    assert len({row["sample"] for row in simulated.rows}) == len(simulated.rows)
    assert all((tmp_path / file).is_file() for row in simulated.rows for file in row["file"].split(";"))
    for blot in simulated.settings["blots"]:
        for band in blot["bands"].values():
            image = read_image(tmp_path / band["image"])
            assert image.polarity == "signal bright"
            assert image.exposure_s is not None
            assert image.pixel_size_um == pytest.approx(120.0)


def test_all_studies_lie_side_by_side_without_sharing_a_name(tmp_path: Path) -> None:
    studies = simulate_studies(tmp_path, 3)
    assert [study.preset for study in studies] == list(SIMULATORS)
    samples = [row["sample"] for study in studies for row in study.rows]
    assert len(set(samples)) == len(samples) == 18 + 6 + 12


def test_a_band_has_exactly_the_volume_it_was_given() -> None:
    for slope, frown, tail in ((0, 0, 1), (0.03, 2, 1.3), (-0.05, -1, 1.1)):
        light = np.zeros((200, 300), np.float32)
        draw_band(light, Band(140.3, 90.7, 60.0, 5.0, 1e6, slope, frown, tail))
        assert light.sum(dtype=np.float64) == pytest.approx(1e6, rel=1e-5)


def test_a_band_that_is_cut_by_the_border_loses_what_lies_outside() -> None:
    light = np.zeros((50, 60), np.float32)
    draw_band(light, Band(30.0, 0.0, 30.0, 4.0, 1e6))
    assert 0.4e6 < light.sum() < 0.7e6


def test_folds_of_the_truth_follow_the_groups(tmp_path: Path) -> None:
    groups = (Group("control", 1.0, 1.0), Group("double", 2.0, 2.0), Group("half", 0.5, 4.0))
    ratios = []
    for seed in range(12):
        design = BlotDesign(groups=groups, membranes=1, scenario="clean", series=False, total_protein=False)
        truth = simulate_experiment(tmp_path / str(seed), seed, design).truth
        assert truth[("control 1", "fold", "protein:STAT3")] == 1.0
        ratios.append([truth[(f"{g} 1", "fold", "protein:p-STAT3/STAT3")] for g in ("double", "half")])
    assert np.exp(np.log(ratios).mean(axis=0)) == pytest.approx([1.0, 8.0], rel=0.25)


def test_volumes_of_the_truth_give_the_folds_of_the_truth(tmp_path: Path) -> None:
    truth = simulate_experiment(tmp_path, 4, ONE).truth

    def volume(sample: str, protein: str) -> float:
        return truth[(sample, "band_volume", f"band:{protein}")]

    for sample in ("IL-6 1", "DOX 1"):
        fold = (
            volume(sample, "STAT3")
            / volume(sample, "GAPDH")
            / (volume("control 1", "STAT3") / volume("control 1", "GAPDH"))
        )
        assert fold == pytest.approx(truth[(sample, "fold", "protein:STAT3")], rel=1e-6)


def test_the_light_in_a_clean_picture_is_what_the_truth_says(tmp_path: Path) -> None:
    simulated = simulate_experiment(tmp_path, 4, ONE)
    image = read_image(tmp_path / "membrane1/STAT3.tif").pixels.astype(float)
    for sample in ("control 1", "IL-6 1"):
        x, y, volume = (simulated.truth[(sample, f"band_{m}", "band:STAT3")] for m in ("x", "y", "volume"))
        left, right, top, bottom = round(x) - 45, round(x) + 46, round(y) - 35, round(y) + 36
        box = image[top:bottom, left:right]
        background = np.median(np.concatenate([box[:8].ravel(), box[-8:].ravel()]))
        assert (box - background).sum() == pytest.approx(volume, rel=0.01)


def test_images_of_one_membrane_are_shifted_against_each_other(tmp_path: Path) -> None:
    truth = simulate_experiment(tmp_path, 4, ONE).truth
    shift = [
        truth[(s, "band_x", "band:STAT3")] - truth[(s, "band_x", "band:GAPDH")]
        for s in ("control 1", "DOX 1")
    ]
    assert max(map(abs, shift)) > 1.0


def test_the_longest_of_three_exposures_is_clipped_and_the_middle_one_is_chosen(tmp_path: Path) -> None:
    simulate_experiment(tmp_path, 8, BlotDesign(membranes=1, total_protein=False))
    images = [read_image(path) for path in sorted((tmp_path / "membrane1").glob("STAT3*.tif"))]
    assert sorted(image.exposure_s for image in images) == [2.5, 10.0, 40.0]
    choice = longest_unsaturated(images)
    assert choice.image.exposure_s == 10.0
    assert "40 s" in choice.reason


def test_an_overexposed_protein_is_clipped(tmp_path: Path) -> None:
    design = BlotDesign(membranes=1, overexposed=("GAPDH",), series=False, total_protein=False)
    simulate_experiment(tmp_path, 2, design)
    assert read_image(tmp_path / "membrane1/GAPDH.tif").ceiling in (65535.0, 65520.0, 64024.0)
    assert read_image(tmp_path / "membrane1/STAT3.tif").ceiling is None


def test_every_second_membrane_says_that_zero_is_white(tmp_path: Path) -> None:
    simulate_experiment(tmp_path, 2, BlotDesign(membranes=2, series=False, total_protein=False))
    tags = []
    for number in (1, 2):
        with tifffile.TiffFile(tmp_path / f"membrane{number}/STAT3.tif") as file:
            tags.append(file.pages[0].photometric.name.lower())
    assert tags == ["minisblack", "miniswhite"]


def test_markers_are_present_in_exosomes_and_calnexin_is_not(tmp_path: Path) -> None:
    truth = simulate_ev_markers(tmp_path, 9).truth
    for marker in ("CD63", "CD81", "TSG101", "Calnexin"):
        assert truth[("EV 2", "present", f"band:{marker}")] == float(marker != "Calnexin")
        assert truth[("lysate 2", "present", f"band:{marker}")] == 1.0


def test_the_chip_gel_has_eight_bits_and_binding_only_where_it_should(tmp_path: Path) -> None:
    simulated = simulate_chip_gel(tmp_path, 9)
    image = read_image(tmp_path / "gel/chip_pcr.tif")
    assert image.bits == 8
    assert "saturated" not in {finding.code for finding in image.findings}
    bound = {key[0]: value for key, value in simulated.truth.items() if key[1] == "bound"}
    assert len(bound) == 4
    assert all(value == float("MYC" in name) for name, value in bound.items())


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_is_drawn(tmp_path: Path, scenario: str) -> None:
    design = BlotDesign(membranes=1, scenario=scenario, series=False, total_protein=False)
    simulate_experiment(tmp_path, 1, design)
    assert read_image(tmp_path / "membrane1/STAT3.tif").polarity == "signal bright"


def test_an_unknown_scenario_is_refused_by_name(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="known are clean"):
        faults_of("perfect", rng)


def test_the_camera_clips_at_its_ceiling_and_nowhere_else(rng: np.random.Generator) -> None:
    light = np.linspace(0, 100_000, 10_000, dtype=np.float32).reshape(100, 100)
    pixels = recorded(light, rng, exposure=1.0, ceiling=65520)
    assert pixels.max() == 65520
    assert abs(pixels[light < 60_000].astype(float) - light[light < 60_000]).mean() < 300


def test_a_written_file_is_read_by_tifffile_with_its_pages(tmp_path: Path, rng: np.random.Generator) -> None:
    pages = [
        (rng.integers(0, 60_000, (31, 47), dtype=np.uint16), Shot(s, "2026:03:02 10:15:00")) for s in (1, 2)
    ]
    pages.append((rng.integers(0, 255, (9, 11), dtype=np.uint8), Shot(0.5, "2026:03:02 10:15:00")))
    write_tiff(tmp_path / "a.tif", pages)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        for page, (pixels, shot) in zip(file.pages, pages, strict=True):
            assert np.array_equal(page.asarray(), pixels)
            assert f"Exposure time = {shot.exposure_s:g} s" in page.description
    assert read_image(tmp_path / "a.tif", page=1).exposure_s == 2.0
