"""Each background against its reference implementation, and bands whose volume is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.assays.blot import quantify
from exoraw.assays.blot.background.baselines import arpls, snip
from exoraw.assays.blot.background.common import common_background
from exoraw.assays.blot.background.methods import BACKGROUNDS
from exoraw.assays.blot.background.multi_gauss import fit_band
from exoraw.assays.blot.background.rolling_ball import rolling_ball
from exoraw.assays.blot.lanes.geometry import Lane
from exoraw.assays.blot.lanes.strip import Strip

ROWS = np.arange(181.0)


def gauss(middle: float, sigma: float, height: float) -> np.ndarray:
    return height * np.exp(-0.5 * ((ROWS - middle) / sigma) ** 2)


def ball_by_definition(image: np.ndarray, radius: int) -> np.ndarray:
    reach = range(-radius, radius + 1)
    wide = np.pad(image.astype(float), radius, constant_values=np.inf)
    rows, columns = image.shape
    found = np.full(image.shape, np.inf)
    for dy in reach:
        for dx in reach:
            if dy * dy + dx * dx <= radius * radius:
                part = wide[radius + dy : radius + dy + rows, radius + dx : radius + dx + columns]
                found = np.minimum(found, part + radius - np.sqrt(radius * radius - dy * dy - dx * dx))
    return found


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000), st.integers(1, 9), st.sampled_from([np.uint8, np.uint16, np.float32, np.float64])
)
def test_the_fast_rolling_ball_is_the_ball_of_the_definition(seed: int, radius: int, kind: type) -> None:
    image = np.random.default_rng(seed).integers(0, 255, (23, 31)).astype(kind)
    assert np.abs(rolling_ball(image, radius) - ball_by_definition(image, radius)).max() < 1e-9


def test_a_ball_without_size_is_refused() -> None:
    with pytest.raises(ValueError, match="must be 1 or more"):
        rolling_ball(np.zeros((30, 30)), 0)


def test_arpls_is_that_of_pybaselines() -> None:
    from pybaselines import Baseline

    profile = 300 + ROWS + gauss(90, 6, 4_000) + np.random.default_rng(1).normal(0, 5, ROWS.size)
    reference = Baseline(ROWS).arpls(profile, lam=1e5)[0]
    assert np.abs(arpls(profile[None], 6.0)[0] - reference).max() < 2


@pytest.mark.parametrize("method", [snip, arpls])
def test_a_straight_background_is_found_below_a_band(method) -> None:
    background = 500 + 2 * ROWS
    profile = background + gauss(90, 6, 4_000)
    found = (profile - method(profile[None], 6.0)[0])[60:121].sum()
    assert found == pytest.approx(4_000 * 6 * np.sqrt(2 * np.pi), rel=0.02)


def test_a_neighbour_and_a_shoulder_are_told_from_the_band() -> None:
    profile = 200 + gauss(90, 6, 5_000) + gauss(122, 6, 2_000) + gauss(66, 6, 600)
    fit = fit_band(profile + np.random.default_rng(2).normal(0, 4, ROWS.size), 90, 6.0)
    assert fit.area == pytest.approx(5_000 * 6 * np.sqrt(2 * np.pi), rel=0.02)
    assert fit.neighbours.sum() == pytest.approx(2_600 * 6 * np.sqrt(2 * np.pi), rel=0.05)


def test_a_neighbour_that_trails_is_told_from_the_band() -> None:
    trails = np.where(ROWS < 60, gauss(60, 6, 2_000), gauss(60, 8, 2_000))
    fit = fit_band(
        200 + trails + gauss(90, 6, 5_000) + np.random.default_rng(5).normal(0, 4, ROWS.size), 90, 6.0
    )
    assert fit.area == pytest.approx(5_000 * 6 * np.sqrt(2 * np.pi), rel=0.005)
    assert fit.neighbours.sum() == pytest.approx(2_000 * 7 * np.sqrt(2 * np.pi), rel=0.02)


def test_the_halo_of_a_band_is_its_own_light_and_no_neighbour() -> None:
    profile = 50 + gauss(90, 5, 9_000) + gauss(90, 11, 2_000)
    fit = fit_band(profile + np.random.default_rng(3).normal(0, 4, ROWS.size), 90, 5.0)
    assert fit.area == pytest.approx((9_000 * 5 + 2_000 * 11) * np.sqrt(2 * np.pi), rel=0.02)
    assert fit.neighbours.max() < 50


def test_a_smear_that_is_darker_above_its_band_is_not_counted_to_the_band() -> None:
    smear = 900 / (1 + np.exp((ROWS - 90) / 12))
    profile = 200 + smear + gauss(90, 6, 4_000) + np.random.default_rng(4).normal(0, 4, ROWS.size)
    fit = fit_band(profile, 90, 6.0)
    assert fit.area == pytest.approx(4_000 * 6 * np.sqrt(2 * np.pi), rel=0.01)
    assert np.ptp(fit.bend) > 100
    assert np.abs(fit_band(200 + ROWS + gauss(90, 6, 4_000), 90, 6.0).bend).max() < 1


def membrane(rng, *, cloud: float, smear: float, noise: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.mgrid[-90:91, 0:500].astype(float)
    ground = 300 + cloud * np.exp(-0.5 * ((columns - 180) / 150) ** 2 - 0.5 * ((rows - 30) / 70) ** 2)
    pixels = ground + rng.normal(0, noise, ground.shape)
    for middle in LANES:
        across = np.exp(-(np.abs((columns - middle) / 30) ** 6))
        pixels += across * (3_000 * np.exp(-0.5 * (rows / 6) ** 2) + smear / (1 + np.exp(rows / 12)))
    return pixels, ground


LANES = np.arange(50, 500, 100)


def strip_of(pixels: np.ndarray, centre: int) -> Strip:
    nothing = np.zeros_like(pixels)
    return Strip(pixels, centre, nothing, nothing, np.zeros(len(pixels), bool))


@pytest.mark.parametrize(("cloud", "smear"), [(0, 0), (800, 0), (0, 300), (800, 300)])
def test_the_ground_is_found_between_the_lanes_below_bands_and_smears(
    rng, cloud: float, smear: float
) -> None:
    pixels, ground = membrane(rng, cloud=cloud, smear=smear)
    lanes = [Lane(i + 1, int(at) - 50, int(at) + 50) for i, at in enumerate(LANES)]
    off = common_background(strip_of(pixels, 90), 6.0, lanes)[:, 20:480] - ground[:, 20:480]
    assert np.abs(off).max() < max(0.03 * cloud, 6) + 0.1 * smear


def test_a_strip_with_too_little_beside_its_bands_gets_no_surface(rng) -> None:
    pixels, _ = membrane(rng, cloud=0, smear=0)
    assert not common_background(strip_of(pixels[85:], 5), 6.0, [Lane(1, 0, 100)]).any()


@pytest.mark.parametrize("background", [name for name in BACKGROUNDS if name != "none"])
def test_every_background_gives_the_volume_of_clean_bands(background, rng) -> None:
    rows, columns = np.mgrid[0:200, 0:500].astype(float)
    heights, image = [3_000, 6_000, 2_000, 4_000, 5_000], np.full((200, 500), 400.0)
    volumes = []
    for lane, height in enumerate(heights):
        band = height * np.exp(
            -(np.abs((columns - 70 - 90 * lane) / 28) ** 6) - 0.5 * ((rows - 100) / 5) ** 2
        )
        volumes.append(band.sum())
        image += band
    image = np.round(rng.poisson(image)).astype(np.uint16)
    found = quantify(image, lanes=5, points=[((70, 100), (430, 100))], background=background)
    assert [band.adjusted for band in found] == pytest.approx(volumes, rel=0.06)
    assert all(band.volume == pytest.approx(band.background + band.adjusted) for band in found)


@pytest.mark.parametrize("far", [60, 66, 72, 80])
def test_the_flank_of_a_band_at_the_end_of_the_fit_is_no_bent_background(far: int) -> None:
    profile = 200 + gauss(90, 6, 3_000) + gauss(90 + far, 6, 20_000) + gauss(64, 6, 2_000)
    fit = fit_band(profile + np.random.default_rng(6).normal(0, 4, ROWS.size), 90, 6.0)
    assert fit.area == pytest.approx(3_000 * 6 * np.sqrt(2 * np.pi), rel=0.01)
    assert np.abs(fit.bend).max() < 30
