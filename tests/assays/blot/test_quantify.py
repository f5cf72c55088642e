"""Bands of simulated blots come back with their volumes; a picture with two readings is not read."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from exoraw.assays.blot import quantify


@pytest.fixture(scope="session")
def frozen(shared: Path) -> ModuleType:
    """The frozen simulator that lies beside the checkout."""
    spec = importlib.util.spec_from_file_location("frozen_blot", shared / "simulators/blot.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LIMITS = {"clean": (0.5, 1.8), "tilt": (0.5, 1.2), "smear": (0.7, 2.5), "all": (2.3, 5.0)}


@pytest.mark.parametrize("scene", LIMITS)
def test_lane_ratios_come_back_with_two_points_a_row(frozen: ModuleType, scene: str) -> None:
    errors = []
    for seed in (71, 72):
        made = frozen.simulate(np.random.default_rng(seed), scen=scene)
        ends = made["curve"](made["xc"])
        points = [((made["xc"][0], ends[0]), (made["xc"][-1], ends[-1]))]
        found = quantify(np.clip(np.round(made["img"]), 0, 65535).astype(np.uint16), lanes=8, points=points)
        assert [band.lane for band in found] == list(range(1, 9))
        ratios = np.array([band.adjusted for band in found]) / found[0].adjusted
        errors.append(np.abs(ratios / made["ratios"] - 1)[1:])
    assert np.median(errors) * 100 < LIMITS[scene][0] * 1.5
    assert np.max(errors) * 100 < LIMITS[scene][1] * 1.5


@pytest.mark.parametrize("apart", [36, 60, 90])
def test_two_rows_on_one_picture_do_not_take_each_others_light(rng, apart: int) -> None:
    rows, columns = np.mgrid[0 : 220 + apart, 0:700].astype(float)
    middles, image = np.linspace(80, 620, 6), np.full((220 + apart, 700), 300.0)
    heights = {110: np.array([9.0, 1.5, 6.0, 2.0, 8.0, 3.0]), 110 + apart: np.array([2.0, 8, 3, 7, 1.5, 6])}
    for line, row in heights.items():
        for middle, height in zip(middles, row * 1_000, strict=True):
            across = np.exp(-(np.abs((columns - middle) / 34) ** 6))
            image += height * across * np.exp(-0.5 * ((rows - line) / 6) ** 2)
    points = [((80, line), (620, line)) for line in heights]
    found = quantify(rng.poisson(image).astype(np.uint16), lanes=6, points=points)
    for number, row in enumerate(heights.values(), start=1):
        bands = [band for band in found if band.row == number]
        volumes = np.array([band.adjusted for band in bands])
        assert volumes / volumes[0] == pytest.approx(row / row[0], rel=0.02)
        assert all(band.detected for band in bands)
