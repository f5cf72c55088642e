"""What an export did to a blot is seen in its pixels, and untouched blots raise no alarm."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from exoraw.assays.blot import longest_unsaturated, read_image, saturation_ceiling
from exoraw.assays.blot.reading import channel_pairs


def blot(seed: int = 3, gain: float = 1.0, ceiling: float = 65535.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:300, 0:500].astype(float)
    amounts = rng.uniform(0.2, 1.0, 6)
    lanes = sum(
        a * np.exp(-(((x - c) / 28) ** 6)) for a, c in zip(amounts, np.linspace(50, 450, 6), strict=True)
    )
    picture = 300 + 40_000 * gain * lanes * np.exp(-0.5 * ((y - 150) / 7) ** 2) + rng.normal(0, 25, y.shape)
    return np.clip(picture, 0, ceiling).astype("uint16")


def as_bytes(picture: np.ndarray) -> np.ndarray:
    scaled = (picture - picture.min()) / (picture.max() - picture.min())
    return np.round(255 * scaled).astype("uint8")


def findings(tmp_path: Path, stored: np.ndarray, **how) -> set[str]:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stored, **how)
    return {finding.code for finding in read_image(path).findings} - {"picture_read", "format_unverified"}


def test_raw_data_raise_no_alarm(tmp_path: Path) -> None:
    assert findings(tmp_path, blot()) == set()


def test_a_camera_of_twelve_bits_is_no_export(tmp_path: Path) -> None:
    assert findings(tmp_path, blot() // 16 * 16) == set()


def test_eight_bits_are_said(tmp_path: Path) -> None:
    assert findings(tmp_path, as_bytes(blot())) == {"eight_bit"}
    assert "eight_bit_inside" in findings(tmp_path, as_bytes(blot()).astype("uint16") * 257)


def test_a_contrast_stretch_is_seen(tmp_path: Path) -> None:
    stored = blot()
    low, high = np.percentile(stored, (5, 98))
    stretched = np.clip((stored - low) / (high - low), 0, 1)
    assert "stretched" in findings(tmp_path, np.round(255 * stretched).astype("uint8"))


def test_a_gamma_curve_after_eight_bits_is_seen(tmp_path: Path) -> None:
    bent = np.round(255 * (as_bytes(blot()) / 255) ** (1 / 2.2)).astype("uint8")
    assert "gamma" in findings(tmp_path, bent)


def test_changed_contrast_leaves_a_comb(tmp_path: Path) -> None:
    brighter = np.clip(as_bytes(blot()) * 1.7, 0, 255).astype("uint8")
    assert "levels_missing" in findings(tmp_path, brighter)


@pytest.mark.parametrize("dark_bands", [False, True])
def test_letters_arrows_and_frames_are_seen(tmp_path: Path, dark_bands: bool) -> None:
    picture = as_bytes(blot())
    picture = 255 - picture if dark_bands else picture
    ink = 0 if dark_bands else 255
    letters, arrow, frame = picture.copy(), picture.copy(), picture.copy()
    cv2.putText(letters, "STAT3", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 0.6, ink, 1, cv2.LINE_AA)
    cv2.arrowedLine(arrow, (20, 60), (80, 60), ink, 2)
    cv2.rectangle(frame, (20, 20), (120, 90), ink, 1)
    for drawn in (letters, arrow, frame):
        assert "annotated" in findings(tmp_path, drawn)


def test_coloured_letters_are_drawings_and_a_coloured_picture_is_a_photograph(tmp_path: Path) -> None:
    grey = np.dstack([as_bytes(blot())] * 3)
    lettered = grey.copy()
    cv2.putText(lettered, "88 kDa", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 0, 0), 1)
    assert "annotated" in findings(tmp_path, lettered, photometric="rgb")
    photograph = np.random.default_rng(1).integers(0, 255, (200, 300, 3), dtype="uint8")
    assert "photograph" in findings(tmp_path, photograph, photometric="rgb")


def test_hot_pixels_and_dust_are_no_drawing(tmp_path: Path) -> None:
    stored = blot()
    rng = np.random.default_rng(5)
    stored[rng.integers(0, 300, 150), rng.integers(0, 500, 150)] = rng.integers(20_000, 60_000, 150)
    assert "annotated" not in findings(tmp_path, stored)


def test_a_flat_picture_is_an_error(tmp_path: Path) -> None:
    assert "flat" in findings(tmp_path, np.full((50, 60), 700, "uint16"))


# ----------------------------------------------------------------- the ceiling


@pytest.mark.parametrize("ceiling", [65535, 65520, 64024, 16383])
def test_the_ceiling_is_where_pixels_pile_up(ceiling: int) -> None:
    assert saturation_ceiling(blot(gain=3.0, ceiling=ceiling)) == ceiling
    assert saturation_ceiling(as_bytes(blot(gain=3.0, ceiling=ceiling))) == 255


@pytest.mark.parametrize("seed", range(5))
def test_an_unclipped_blot_has_no_ceiling(seed: int) -> None:
    assert saturation_ceiling(blot(seed)) is None
    assert saturation_ceiling(as_bytes(blot(seed))) is None


def test_a_plateau_needs_pixels_and_something_below_it() -> None:
    assert saturation_ceiling(np.array([], dtype="uint16")) is None
    assert saturation_ceiling(np.full(100, 7, "uint16")) is None
    assert saturation_ceiling(np.array([1, 2, 3, 9, 9, 9, 9, 9, 9, 9], "uint16")) is None
    assert saturation_ceiling(np.array([1, 2, 3, 9, 9, 9, 9, 9, 9, 9, 9], "uint16")) == 9.0


# ----------------------------------------------------------------- series and pairs


def exposures(tmp_path: Path, seconds: tuple[float, ...], told: bool = True):
    images = []
    for time in seconds:
        path = tmp_path / f"exposure_{time:g}s.tif"
        text = f"Exposure time = {time} s" if told else None
        tifffile.imwrite(path, blot(gain=time / 10), description=text, metadata=None)
        images.append(read_image(path))
    return images


@pytest.mark.parametrize("told", [True, False])
def test_the_longest_exposure_without_a_clipped_pixel_is_taken_and_said(tmp_path: Path, told: bool) -> None:
    choice = longest_unsaturated(exposures(tmp_path, (30.0, 2.0, 10.0), told))
    assert choice.index == 2
    assert not choice.saturated
    assert "exposure_10s.tif" in choice.reason
    assert "exposure_30s.tif" in choice.reason
    assert ("missing" in choice.reason) != told


def test_where_all_are_clipped_the_shortest_is_taken_with_its_warning(tmp_path: Path) -> None:
    choice = longest_unsaturated(exposures(tmp_path, (60.0, 30.0)))
    assert (choice.index, choice.saturated) == (1, True)
    assert "too low" in choice.reason
    with pytest.raises(ValueError, match="at least one"):
        longest_unsaturated([])


def test_licor_pairs_are_found_by_their_names() -> None:
    names = ["0001_01_700.TIF", "0001_01_800.TIF", "b-700nm.tif", "b-800nm.tif", "c_700.tif", "note.txt"]
    pairs = channel_pairs(Path("raw") / name for name in names)
    assert [(pair.name, pair.red_700.name, pair.green_800.name) for pair in pairs] == [
        ("0001_01", "0001_01_700.TIF", "0001_01_800.TIF"),
        ("b-nm", "b-700nm.tif", "b-800nm.tif"),
    ]


def test_the_channel_of_a_licor_file_is_in_its_name(tmp_path: Path) -> None:
    path = tmp_path / "0001_01_800.TIF"
    tifffile.imwrite(path, blot())
    assert read_image(path).channel == "800"
