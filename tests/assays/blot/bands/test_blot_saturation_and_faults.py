"""Saturation, splices, edges, empty lanes and molecular weights: flagged where they are, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from exoraw.assays.blot.bands.molecular_weight import LadderError, calibrate_mw
from exoraw.assays.blot.quantification import quantify

CENTRES = np.linspace(70, 430, 6)
POINTS = [((70.0, 100.0), (430.0, 100.0))]


def blot(
    rng: np.random.Generator, heights: list[float], y: float = 100.0, floor: float = 300.0
) -> np.ndarray:
    rows, columns = np.mgrid[0:200, 0:500].astype(float)
    image = np.full((200, 500), floor)
    for x, height in zip(CENTRES, heights, strict=True):
        image += height * np.exp(-(np.abs((columns - x) / 25) ** 6) - 0.5 * ((rows - y) / 5) ** 2)
    return np.clip(np.round(rng.poisson(image) + rng.normal(0, 10, image.shape)), 0, 65535).astype(np.uint16)


def codes(found, lane: int) -> set[str]:
    return {finding.code for band in found if band.lane == lane for finding in band.findings}


@pytest.mark.parametrize("ceiling", [4_000, 16_383, 65_520])
def test_bands_on_a_ceiling_anywhere_are_flagged_and_the_others_are_not(rng, ceiling: int) -> None:
    top = ceiling * np.array([0.3, 0.8, 1.1, 1.3, 0.5, 2.0])
    image = np.minimum(blot(rng, list(top)), ceiling)
    found = quantify(image, lanes=6, points=POINTS)
    for band, height in zip(found, top, strict=True):
        x0, y0, x1, y1 = band.box
        clipped = np.count_nonzero(image[y0:y1, x0:x1] == ceiling)
        assert band.saturated_fraction == pytest.approx(clipped / image[y0:y1, x0:x1].size)
        assert ("saturated_band" in codes(found, band.lane)) == (height > ceiling)


def test_an_8_bit_picture_that_is_not_clipped_is_not_called_saturated(rng) -> None:
    image = blot(rng, [3_000, 8_000, 12_000, 5_000, 9_000, 11_900])
    found = quantify((image / 60).astype(np.uint8), lanes=6, points=POINTS)
    assert [band.saturated_fraction for band in found] == [0.0] * 6


def test_an_empty_lane_counts_as_absent_and_its_interval_holds_zero(rng) -> None:
    found = quantify(blot(rng, [4_000, 3_000, 0, 5_000, 2_000, 4_000]), lanes=6, points=POINTS)
    assert [band.detected for band in found] == [True, True, False, True, True, True]
    assert "below_detection_limit" in codes(found, 3)
    assert found[2].interval[0] < 0 < found[2].interval[1]


def test_few_empty_lanes_are_called_detected(rng) -> None:
    heights = [4_000, 0, 3_000, 0, 0, 4_000]
    empty = [
        band
        for _ in range(12)
        for band in quantify(blot(rng, heights), lanes=6, points=POINTS)
        if heights[band.lane - 1] == 0
    ]
    assert np.mean([band.detected for band in empty]) <= 0.06
    assert np.mean([band.interval[0] <= 0 <= band.interval[1] for band in empty]) >= 0.9


def test_a_spliced_picture_is_named_at_its_column_and_an_unspliced_one_is_not(rng) -> None:
    image = blot(rng, [4_000] * 6)
    assert "splice" not in {finding.code for finding in quantify(image, lanes=6, points=POINTS).findings}
    spliced = image.copy()
    spliced[:, 250:] += 60
    found = [
        finding for finding in quantify(spliced, lanes=6, points=POINTS).findings if finding.code == "splice"
    ]
    assert len(found) == 1
    assert "columns 249 and 250" in found[0].message
    assert found[0].value == pytest.approx(60, abs=10)


def test_bands_that_run_into_each_other_are_named_and_the_others_are_not(rng) -> None:
    rows, columns = np.mgrid[0:200, 0:500].astype(float)
    between = 0.6 * 4_000 * np.exp(-(np.abs((columns - 178) / 30) ** 6) - 0.5 * ((rows - 100) / 5) ** 2)
    image = (blot(rng, [4_000] * 6) + rng.poisson(between)).astype(np.uint16)
    found = quantify(image, lanes=6, points=POINTS)
    assert [lane for lane in range(1, 7) if "touching_bands" in codes(found, lane)] == [2, 3]
    apart = quantify(blot(rng, [4_000] * 6), lanes=6, points=POINTS)
    assert not any("touching_bands" in codes(apart, band.lane) for band in apart)


def test_a_band_close_by_is_named_and_the_volume_stays_that_of_the_band(rng) -> None:
    rows, columns = np.mgrid[0:200, 0:500].astype(float)
    image = blot(rng, [4_000] * 6)
    alone = quantify(image, lanes=6, points=POINTS)
    close = 2_500 * np.exp(-(np.abs((columns - CENTRES[3]) / 25) ** 6) - 0.5 * ((rows - 119) / 5) ** 2)
    found = quantify((image + rng.poisson(close)).astype(np.uint16), lanes=6, points=POINTS)
    assert [lane for lane in range(1, 7) if "neighbouring_band" in codes(found, lane)] == [4]
    assert [band.adjusted for band in found] == pytest.approx([band.adjusted for band in alone], rel=0.01)


def test_dust_on_a_band_is_taken_off_and_said(rng) -> None:
    rows, columns = np.mgrid[0:200, 0:500].astype(float)
    image = blot(rng, [4_000] * 6)
    alone = quantify(image, lanes=6, points=POINTS)
    dust = 9_000 * np.exp(-((columns - CENTRES[1] - 6) ** 2 + (rows - 103) ** 2) / (2 * 1.3**2))
    found = quantify((image + dust).astype(np.uint16), lanes=6, points=POINTS)
    assert [lane for lane in range(1, 7) if "speckle_replaced" in codes(found, lane)] == [2]
    assert found[1].adjusted == pytest.approx(alone[1].adjusted, rel=0.01)


@pytest.mark.parametrize("edge", ["left", "top", "bottom", "right"])
def test_a_band_at_any_edge_is_named(rng, edge: str) -> None:
    image, first, last, y = blot(rng, [4_000] * 6), 70.0, 430.0, 100.0
    if edge == "left":
        image, first, last = image[:, 60:], 10.0, 370.0
    elif edge == "right":
        image = image[:, :440]
    elif edge == "top":
        image, y = image[90:], 10.0
    else:
        image = image[:110]
    found = quantify(image, lanes=6, points=[((first, y), (last, y))])
    cut = {"left": [1], "right": [6]}.get(edge, [1, 2, 3, 4, 5, 6])
    assert [lane for lane in range(1, 7) if "band_at_edge" in codes(found, lane)] == cut


def test_lanes_are_numbered_from_the_first_point(rng) -> None:
    image = blot(rng, [1_000, 2_000, 3_000, 4_000, 5_000, 6_000])
    forward = quantify(image, lanes=6, points=POINTS)
    backward = quantify(image, lanes=6, points=[(POINTS[0][1], POINTS[0][0])])
    assert [band.lane for band in backward] == [1, 2, 3, 4, 5, 6]
    assert [band.adjusted for band in backward] == [band.adjusted for band in reversed(forward)]


def test_molecular_weight_is_read_between_the_ladders_bands_and_said_beyond_them(rng) -> None:
    heights, masses = [20, 50, 90, 130, 180], [250, 150, 75, 37, 20]
    ladder = calibrate_mw(heights, masses)
    assert [ladder.mass_at(y) for y in heights] == pytest.approx(masses)
    found = quantify(blot(rng, [4_000] * 6), lanes=6, points=POINTS, ladder=ladder)
    assert all(37 < band.mw < 75 for band in found)
    low = quantify(blot(rng, [4_000] * 6), lanes=6, points=POINTS, ladder=calibrate_mw([20, 50], [250, 150]))
    assert all("mw_extrapolated" in codes(low, band.lane) for band in low)
    assert low[0].mw == pytest.approx(250 * (150 / 250) ** (80 / 30), rel=0.02)


@pytest.mark.parametrize(
    ("positions", "masses", "reason"),
    [
        ([1], [10], "at least two"),
        ([1, 2], [10], "each band needs one mass"),
        ([1, 2, 3], [10, 20, 5], "check the order"),
        ([1, 1], [10, 5], "same height"),
        ([1, 2], [10, 0], "0 or less"),
    ],
)
def test_a_ladder_that_cannot_be_right_is_refused_with_the_reason(positions, masses, reason: str) -> None:
    with pytest.raises(LadderError, match=reason):
        calibrate_mw(positions, masses)


def test_a_band_beside_the_line_of_its_row_is_said(rng) -> None:
    rows, columns = np.mgrid[0:260, 0:700].astype(float)

    def picture(other: float) -> np.ndarray:
        image = np.full(rows.shape, 300.0)
        for lane, middle in enumerate(np.linspace(80, 620, 6), start=1):
            across = np.exp(-(np.abs((columns - middle) / 34) ** 6))
            own = 2_500 if lane == 3 else 4_000
            image += own * across * np.exp(-0.5 * ((rows - 110) / 6) ** 2)
            if lane == 3:
                image += other * across * np.exp(-0.5 * ((rows - 129) / 3) ** 2)
        return rng.poisson(image).astype(np.uint16)

    points = [((80, 110), (620, 110))]
    alone = quantify(picture(0), lanes=6, points=points)
    assert not any(finding.code == "off_row" for finding in alone.findings)
    beside = quantify(picture(6_000), lanes=6, points=points)
    said = [finding for finding in beside.findings if finding.code == "off_row"]
    assert [(finding.severity, finding.entity) for finding in said] == [("warning", "lane:3/band:1")]
    assert "19 pixels below the line" in said[0].message
