"""Ladders: read beside the bands, in a picture of their own, or typed; never guessed."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from exoraw.assays.blot import read_image
from exoraw.assays.blot.bands.molecular_weight import LadderError
from exoraw.assays.blot.ladder_match import pair_with_masses
from exoraw.assays.blot.simulator.membrane import LADDER_KDA
from exoraw.assays.blot.steps.ladder import Asked, read_ladder
from exoraw.assays.blot.steps.reading import Row, measure

KDA = {"STAT3": 88.0, "p-STAT3": 86.0, "GAPDH": 36.0}
NEB_1KB_PLUS = (
    10_000, 8_000, 6_000, 5_000, 4_000, 3_000, 2_000, 1_500, 1_200, 1_000,
    900, 800, 700, 600, 500, 400, 300, 200, 100,
)  # fmt: skip


def heights_of(masses: Any, *, slope: float = 90.0, bend: float = 0.0) -> list[float]:
    logs = np.log10(np.asarray(masses, float))
    return list(400 - slope * logs + bend * logs**2)


@given(st.floats(40, 200), st.floats(-12, 12), st.permutations(range(len(LADDER_KDA))))
def test_a_ladder_that_bends_as_gels_do_is_paired_in_any_order(
    slope: float, bend: float, order: list[int]
) -> None:
    heights = heights_of(LADDER_KDA, slope=slope, bend=bend / 4)
    found = pair_with_masses([heights[i] for i in order], LADDER_KDA)
    assert found.masses == LADDER_KDA
    assert list(found.heights) == sorted(heights)


@pytest.mark.parametrize("lost", range(1, len(LADDER_KDA) - 1))
def test_a_rung_that_was_not_found_shifts_no_other_rung(lost: int) -> None:
    kept = [mass for mass in LADDER_KDA if mass != LADDER_KDA[lost]]
    outcome = paired_or_reason(heights_of(kept))
    assert outcome == set(kept) or "several ways" in str(outcome)


def paired_or_reason(heights: list[float]) -> set[float] | str:
    try:
        return set(pair_with_masses(heights, LADDER_KDA).masses)
    except LadderError as error:
        return str(error)


def test_a_spot_beside_the_rungs_is_left_out() -> None:
    heights = heights_of(LADDER_KDA)
    found = pair_with_masses([*heights, (heights[4] + heights[5]) / 2 + 4], LADDER_KDA)
    assert list(found.heights) == sorted(heights)


@pytest.mark.parametrize(
    ("heights", "masses", "said"),
    [
        ([10.0, 20.0, 30.0], LADDER_KDA, "3 of 10 bands"),
        (heights_of(LADDER_KDA)[:5], LADDER_KDA, "5 bands were found where the ladder has 10"),
        ([10.0, 12.0, 300.0, 310.0, 311.0], (250, 150, 100, 75, 50), "do not lie as"),
    ],
)
def test_bands_that_are_no_ladder_are_refused_with_the_reason(heights: Any, masses: Any, said: str) -> None:
    with pytest.raises(LadderError, match=said):
        pair_with_masses(heights, masses)


def test_every_band_has_the_weight_of_its_protein_from_the_ladder_picture(ran: Any) -> None:
    _, done = ran
    rows = [row for outcome in done.of("quantify") for row in outcome.objects]
    assert len(rows) == 12
    for row in rows:
        assert row["mw"] == pytest.approx(KDA[row["target"]], rel=0.08)


def test_the_overlay_with_a_ladder_has_an_axis_left_of_the_picture(study: Any) -> None:
    with_axis = overlay_of(study.run())
    study.blots[0]["ladder"] = []
    without = overlay_of(study.run())
    left = slice(0, 40)  # where the numbers stand
    assert with_axis[80:, left].min() < 100 < without[80:, 14:40].min() or with_axis.shape != without.shape


def overlay_of(done: Any) -> np.ndarray:
    content = done.of("quantify")[0].artefacts[0].content
    return np.asarray(Image.open(io.BytesIO(content)).convert("L"))


def test_typed_marks_count_before_what_is_found(study: Any) -> None:
    band = study.blots[0]["bands"]["GAPDH"]
    y = study.truth["ctrl 1", "band_y", "band:GAPDH"]
    band["marks"] = [[100, y - 100], [50, y], [25, y + 100]]
    rows = [row for o in study.run().of("quantify") for row in o.objects if row["target"] == "GAPDH"]
    assert [row["mw"] for row in rows] == pytest.approx([50.0] * 4, rel=0.05)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ladder": [250, 75, 50, 25]}, "10 bands were found where the ladder has 4"),
        (
            {"lanes": ["empty", "ctrl 1", "IL-6 1", "DOX 1", "exo 1"]},
            'no lane of the membrane is called "ladder"',
        ),
    ],
)
def test_a_ladder_that_cannot_be_read_is_said_and_costs_no_volume(
    study: Any, change: dict[str, Any], said: str
) -> None:
    study.blots[0].update(change)
    done = study.run()
    assert said in " ".join(done.messages("quantify", "ladder_unread"))
    rows = [row for outcome in done.of("quantify") for row in outcome.objects]
    assert all(row["mw"] is None and row["adjusted"] > 0 for row in rows)


def test_a_ladder_picture_of_another_size_is_refused_and_not_scaled(study: Any) -> None:
    path = study.raw / "membrane1/ladder of STAT3.tif"
    Image.open(path).resize((380, 230)).save(path)
    assert "380 x 230 pixels" in study.run().messages("quantify", "ladder_unread")[0]


def test_pcr_products_of_one_row_have_their_own_lengths(
    tmp_path: Path, chip_study: Callable[..., Any]
) -> None:
    study = chip_study(tmp_path)
    rows = [row for outcome in study.run().of("quantify") for row in outcome.objects]
    for row in rows:
        expected = 180 if row["sample"].startswith("MYC") else 140
        assert row["mw"] is None or row["mw"] == pytest.approx(expected, rel=0.08)
    assert sum(row["mw"] is not None for row in rows) >= 6


def test_all_19_rungs_of_a_real_ladder_are_read(shared: Path) -> None:
    image = read_image(shared / "data/blots/gelgenie/ladder_reference_gel.tif").pixels
    reads = measure(
        read_image(shared / "data/blots/gelgenie/ladder_reference_gel.tif"), 4,
        [Row("3000 bp", "product", 1, ((388.0, 272.0), (1071.0, 269.0)))], 1, "between_lanes",
    )  # fmt: skip
    ladder = read_ladder(image, reads, Asked(NEB_1KB_PLUS, "bp", 0))
    assert [mass for mass, _ in ladder.rungs] == list(NEB_1KB_PLUS)
    assert ladder.calibration is not None
    assert ladder.calibration.mass_at(272.0) == pytest.approx(3_000, rel=0.03)
