"""Background between the lanes of a stain: tails of the lanes and a curved glow are not taken for protein."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from exoraw.assays.blot.lane_totals import lane_totals
from exoraw.assays.blot.stain_background import stain_background

ROWS, COLUMNS, LANES, PITCH = 300, 640, 6, 90
BORDERS = [50 + PITCH * at for at in range(LANES + 1)]


def stain(width: float, glow: float, amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A stain of flat-topped lanes over a wide cloud; what each lane holds."""
    y, x = np.mgrid[0:ROWS, 0:COLUMNS].astype(float)
    pattern = sum(h * np.exp(-((np.arange(ROWS) - at) ** 2) / 50) for at, h in ((60, 9), (130, 4), (210, 6)))
    light = 500 + glow * np.exp(-((x - 400) ** 2) / (2 * 160**2) - (y - 150) ** 2 / (2 * 180**2))
    truth = np.zeros(LANES)
    for lane in range(LANES):
        middle = BORDERS[lane] + PITCH / 2
        across = np.exp(-(np.abs((np.arange(COLUMNS) - middle) / (width / 2)) ** 6))
        band = 100 * amounts[lane] * np.outer(pattern, across)
        truth[lane] = band.sum()
        light += band
    return light, truth


@pytest.mark.parametrize("width", [55, 78])
@pytest.mark.parametrize("glow", [0, 300])
def test_wide_lanes_and_an_uneven_glow_leave_the_amounts_right(width: float, glow: float) -> None:
    amounts = np.array([1.0, 2.5, 0.6, 1.2, 1.9, 0.8])
    light, truth = stain(width, glow, amounts)
    found = stain_background(light, BORDERS)
    inside = [light[:, a:b].sum() for a, b in pairwise(BORDERS)]
    totals = np.array(inside) - found.mean.sum(axis=0) * PITCH
    assert totals / totals[0] == pytest.approx(truth / truth[0], rel=0.05)


def test_what_a_curve_adds_is_nothing_where_the_glow_is_flat() -> None:
    light, _ = stain(55, 0, np.ones(LANES))
    found = stain_background(light, BORDERS)
    assert np.abs(found.mean - found.straight).max() < 1.0


def test_two_lanes_have_straight_lines() -> None:
    light, _ = stain(55, 900, np.ones(LANES))
    found = stain_background(light, BORDERS[:3])
    assert found.mean is found.straight
    assert found.mean.shape == (ROWS, 2)


def test_lane_totals_hold_the_truth_in_their_interval() -> None:
    rng = np.random.default_rng(3)
    light, truth = stain(60, 200, np.array([1.0, 2.5, 0.6, 1.2, 1.9, 0.8]))
    image = rng.poisson(light).astype(np.uint16)
    bands = lane_totals(image, LANES, ((95.0, 60.0), (545.0, 60.0)))
    assert [band.lane for band in bands] == list(range(1, LANES + 1))
    held = [band.interval[0] <= true <= band.interval[1] for band, true in zip(bands, truth, strict=True)]
    assert sum(held) >= LANES - 1
