"""Lanes of real and simulated rows: found, or left to a person, never wrong without a word."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from exoraw.assays.blot import QuantifyError, quantify
from exoraw.assays.blot.lanes.partition import whole_ends


@pytest.fixture(scope="module")
def bench(project: Path):
    spec = importlib.util.spec_from_file_location("accuracy_blot", project / "tests/bench/accuracy_blot.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def row_of_bands(rng, middles, *, smile: float = 0.0, tilt: float = 0.0, heights=None) -> np.ndarray:
    rows, columns = np.mgrid[0:220, 0:600].astype(float)
    place = (columns - 300) / 300
    line = 110 + smile * place**2 + tilt * place
    image = np.full((220, 600), 300.0)
    for middle, height in zip(middles, heights or [1.0] * len(middles), strict=True):
        band = np.exp(-(np.abs((columns - middle) / 20) ** 6) - 0.5 * ((rows - line) / 5) ** 2)
        image += 4_000 * height * band
    return rng.poisson(image).astype(np.uint16)


@pytest.mark.parametrize(("smile", "tilt"), [(0, 0), (12, 0), (-12, 8), (0, -20)])
def test_a_bent_or_tilted_row_is_followed(rng, smile: float, tilt: float) -> None:
    middles = np.linspace(60, 540, 9)
    found = quantify(row_of_bands(rng, middles, smile=smile, tilt=tilt), lanes=9)
    assert found.state == "ok"
    place = (middles - 300) / 300
    assert [band.centre[0] for band in found] == pytest.approx(list(middles), abs=6)
    assert [band.centre[1] for band in found] == pytest.approx(
        list(110 + smile * place**2 + tilt * place), abs=2
    )
    volumes = np.array([band.adjusted for band in found])
    assert np.abs(volumes / volumes.mean() - 1).max() < 0.02


def test_lanes_are_counted_where_nobody_said_how_many(rng) -> None:
    found = quantify(row_of_bands(rng, np.linspace(60, 540, 9)), lanes=None)
    assert (found.state, len(found)) == ("ok", 9)


def test_a_faint_lane_at_the_end_of_a_row_is_whole_and_stops_at_what_stands_beside_it() -> None:
    columns = np.arange(600.0)

    def band(middle: float, height: float) -> np.ndarray:
        return height * np.exp(-(np.abs((columns - middle) / 34) ** 4))

    row = band(110, 50) + sum(band(middle, 1_000) for middle in (210, 310, 410))
    cut_short = np.array([100, 160, 260, 360, 460])
    assert list(whole_ends(row, cut_short)[1:]) == [160, 260, 360, 460]
    assert whole_ends(row, cut_short)[0] <= 76
    beside = row + band(30, 2_000)
    assert 64 <= whole_ends(beside, cut_short)[0] <= 90
    assert list(whole_ends(row, np.array([60, 160, 260, 360, 460]))) == [60, 160, 260, 360, 460]


@pytest.mark.parametrize(
    "heights",
    [
        [0.22, 0.08, 0.12, 0.95, 1.0, 0.66, 0.48, 0.11],  # the light lies in four lanes
        [0.08, 0.12, 1.0, 0.05, 0.07, 0.13, 0.09, 0.09],  # most of it lies in one
    ],
)
def test_faint_lanes_beside_bright_ones_are_found(rng, heights: list[float]) -> None:
    middles = np.linspace(60, 540, 8)
    found = quantify(row_of_bands(rng, middles, heights=heights), lanes=8)
    assert found.state == "ok"
    assert [band.centre[0] for band in found] == pytest.approx(list(middles), abs=8)


@pytest.mark.parametrize(
    ("heights", "reason"),
    [
        ([0.6, 1.0, 0.5, 0.4, 0.6, 0.9, 0.5, 0.4], "lies beside them"),
        ([1.0, 0.7, 0.1, 0.7, 0.5, 0.4, 0.3, 0.9], "two bands side by side"),
    ],
)
def test_a_lane_too_few_is_seen_from_the_band_that_is_left_over(rng, heights, reason: str) -> None:
    found = quantify(row_of_bands(rng, np.linspace(60, 540, 8), heights=heights), lanes=7)
    assert found.state == "needs_points"
    assert re.search(reason, found.rows[0].reason)


@pytest.mark.parametrize("lanes", [8, 10])
def test_a_wrong_number_of_lanes_is_not_measured(rng, lanes: int) -> None:
    found = quantify(row_of_bands(rng, np.linspace(60, 540, 9)), lanes=lanes)
    assert found.state == "needs_points"
    assert len(found) == 0
    assert [finding.code for finding in found.findings] == ["needs_points"]
    assert found.rows[0].candidates


def test_a_stripe_without_borders_between_lanes_is_left_to_a_person(rng) -> None:
    rows, columns = np.mgrid[0:220, 0:600].astype(float)
    image = np.full((220, 600), 300.0)
    for middle in np.linspace(60, 540, 9):
        image += 4_000 * np.exp(-0.5 * ((columns - middle) / 28) ** 2 - 0.5 * ((rows - 110) / 5) ** 2)
    found = quantify(rng.poisson(image).astype(np.uint16), lanes=9)
    assert (found.state, len(found)) == ("needs_points", 0)
    assert "explain the picture poorly" in found.rows[0].reason
    clicked = quantify(rng.poisson(image).astype(np.uint16), lanes=9, points=[((60, 110), (540, 110))])
    assert (clicked.state, len(clicked)) == ("ok", 9)


def test_lanes_are_not_squeezed_onto_the_few_bands_that_can_be_seen(rng) -> None:
    found = quantify(row_of_bands(rng, [220, 320]), lanes=6)
    assert (found.state, len(found)) == ("needs_points", 0)
    assert "poorly" in found.rows[0].reason


def test_an_empty_membrane_has_no_bands(rng) -> None:
    found = quantify(rng.poisson(np.full((300, 400), 500.0)).astype(np.uint16), lanes=6)
    assert (found.state, len(found)) == ("needs_points", 0)


@pytest.mark.parametrize(
    ("image", "asked", "reason"),
    [
        (np.zeros((50, 50, 3)), {}, "one grey picture"),
        (np.zeros((50, 50)), {}, "nothing to measure"),
        (np.full((50, 50), np.nan), {}, "no numbers"),
        (np.zeros((5, 50)), {}, "lanes need"),
        (np.eye(50), {"lanes": 0}, "between 1 and"),
        (np.eye(50), {"rows": 0}, "rows is 0"),
        (np.eye(50), {"background": "magic"}, "it is one of"),
        (np.eye(50), {"lanes": 3, "points": [((1, 1), (90, 1))]}, "outside the image"),
        (np.eye(50), {"lanes": 9, "points": [((1, 1), (9, 1))]}, "too few for 9 lanes"),
        (np.eye(50), {"lanes": None, "points": [((1, 1), (40, 1))]}, "number of lanes"),
        (np.eye(50), {"points": []}, "points is empty"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_reason(image, asked, reason: str) -> None:
    with pytest.raises(QuantifyError, match=reason):
        quantify(image, **asked)


def test_author_boxes_of_real_blots_are_hit_with_two_points_a_row(shared: Path, bench) -> None:
    for name in ("June20.2013_B2AR_10wtop_16wbottom", "Oct10_B2ARtop_GAPDHbottom"):
        template = next((shared / "data/blots/haley2015").rglob(f"{name}.stp"))
        rows = bench.author_rows(template)
        points = [(bench._middle(row[0]), bench._middle(row[-1])) for row in rows]
        found = quantify(bench._tiff(template.with_suffix(".tif")), lanes=9, points=points)
        assert [bench.author_hits(found, row) for row in rows] == [9, 9]


def test_a_row_with_specks_beside_it_is_left_to_a_person(shared: Path, bench) -> None:
    image = next((shared / "data/blots/haley2015").rglob("July23.2013_B2AR_16wbottom_GAPDH.tif"))
    found = quantify(bench._tiff(image), lanes=9, rows=2)
    assert found.state == "needs_points"
    assert "2 ways to place the lanes" in " ".join(row.reason for row in found.rows)
