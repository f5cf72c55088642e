"""Bad pictures through the whole assay: a reason or a warning beside every number, and never a dead batch."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

PICTURE = "membrane1/STAT3.tif"
OTHERS = "protein:p-STAT3/GAPDH"
FOLD = ("DOX 1", "protein:STAT3/GAPDH")


def bytes_of(path: Path) -> np.ndarray:
    """The picture in 8 bits, as a viewer shows it."""
    stored = np.asarray(Image.open(path)).astype(float)
    return np.round(255 * stored / stored.max()).astype(np.uint8)


def photograph(path: Path) -> None:
    colour = np.random.default_rng(1).integers(0, 255, (23, 38, 3), dtype=np.uint8)
    Image.fromarray(colour).resize((760, 460), Image.Resampling.BICUBIC).save(path)


def screenshot(path: Path) -> None:
    seen = np.dstack([255 - bytes_of(path)] * 3)
    cv2.putText(seen, "STAT3 88 kDa", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (220, 20, 20), 2)
    cv2.arrowedLine(seen, (20, 120), (90, 150), (220, 20, 20), 2)
    Image.fromarray(seen).save(path)


def empty(path: Path) -> None:
    noise = np.random.default_rng(2).normal(400, 12, (460, 760))
    tifffile.imwrite(path, noise.astype(np.uint16))


def gamma(path: Path) -> None:
    bent = np.round(255 * (bytes_of(path) / 255) ** (1 / 2.2)).astype(np.uint8)
    Image.fromarray(bent).save(path)


def gamma_on_dark(path: Path) -> None:
    """The same on a membrane whose background is nearly black, as most are."""
    stored = np.asarray(Image.open(path)).astype(float)
    darker = np.maximum(stored - np.percentile(stored, 0.1) * 0.9, 0)
    shown = np.round(255 * darker / darker.max())
    Image.fromarray(np.round(255 * (shown / 255) ** (1 / 2.2)).astype(np.uint8)).save(path)


def inverted(path: Path) -> None:
    stored = np.asarray(Image.open(path))
    tifffile.imwrite(path, (65_535 - stored).astype(np.uint16))


def too_large(path: Path) -> None:
    entries = [(256, 4, 1, 100_000), (257, 4, 1, 100_000), (258, 3, 1, 16), (262, 3, 1, 1), (273, 4, 1, 8)]
    body = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    path.write_bytes(body + b"".join(struct.pack("<HHII", *one) for one in entries) + bytes(4))


def gel_as_tiff(path: Path) -> None:
    stored = np.sqrt(np.asarray(Image.open(path)).astype(float)) * 200
    other = path.with_suffix(".gel")
    tifffile.imwrite(other, stored.astype(np.uint16))


def corrupt_1sc(path: Path) -> None:
    path.with_suffix(".1sc").write_bytes(b"\xaf\xafStable File Version" + bytes(range(256)) * 40)


@pytest.mark.parametrize(
    ("spoil", "picture", "code"),
    [
        (photograph, PICTURE, "photograph"),
        (screenshot, PICTURE, "annotated"),
    ],
)
def test_a_picture_that_is_no_measurement_gives_no_number_and_says_why(
    study: Any, spoil: Callable[[Path], None], picture: str, code: str
) -> None:
    done = spoiled(study, spoil, picture)
    assert math.isnan(done.numbers("fold_of_control")[FOLD].value)
    assert {code, "not_measured"} <= done.codes("quantify")
    assert "no_ratio" in done.codes("normalise")
    others_are_sound(done)


@pytest.mark.parametrize(("spoil", "picture"), [(too_large, PICTURE), (corrupt_1sc, "membrane1/STAT3.1sc")])
def test_a_file_that_cannot_be_read_fails_alone_with_the_reason(
    study: Any, spoil: Callable[[Path], None], picture: str
) -> None:
    done = spoiled(study, spoil, picture)
    assert math.isnan(done.numbers("fold_of_control")[FOLD].value)
    assert "no_ratio" in done.codes("normalise")
    errors = [str(error) for error in done.errors.values()]
    problems = [file.problem for file in done.inventory if file.problem]
    assert errors or problems
    assert all(len(said) > 30 for said in errors + problems)
    others_are_sound(done)


@pytest.mark.parametrize(
    ("spoil", "picture", "code"),
    [
        (gamma, PICTURE, "eight_bit"),  # on so bright a membrane a curve leaves no gaps to know it by
        (gamma_on_dark, PICTURE, "gamma"),
        (inverted, PICTURE, "polarity_inverted"),
        (gel_as_tiff, "membrane1/STAT3.gel", "gel_without_scale"),
    ],
)
def test_a_treated_export_has_its_warning_beside_every_number(
    study: Any, spoil: Callable[[Path], None], picture: str, code: str
) -> None:
    done = spoiled(study, spoil, picture)
    assert code in done.codes("quantify")
    touched = [f for o in done.of("normalise") for f in o.findings if f.code == code]
    assert {finding.entity for finding in touched} == {"protein:STAT3/GAPDH", "protein:p-STAT3/STAT3"}
    others_are_sound(done)


def test_an_inverted_export_gives_the_same_fold_as_the_picture_itself(study: Any) -> None:
    before = study.run().numbers("fold_of_control")[FOLD]
    inverted(study.raw / PICTURE)
    after = study.run().numbers("fold_of_control")[FOLD]
    assert after.value == pytest.approx(before.value, rel=0.01)


@pytest.mark.parametrize("clicked", [True, False])
def test_an_empty_membrane_has_no_band_above_its_limit_and_no_fold_without_a_warning(
    study: Any, clicked: bool
) -> None:
    if not clicked:
        for end in ("first", "last"):
            del study.blots[0]["bands"]["STAT3"][end]
    done = spoiled(study, empty, PICTURE)
    number = done.numbers("fold_of_control")[FOLD]
    said = {f.code for o in done.of("normalise") for f in o.findings if f.entity == FOLD[1]}
    assert math.isnan(number.value) or "faint_numerator" in said
    assert said & {"no_ratio", "faint_numerator"}
    others_are_sound(done)


@pytest.mark.parametrize("lanes", [3, 5, 6])
def test_lanes_counted_wrong_give_no_number_without_a_remark(study: Any, lanes: int) -> None:
    without_points(study)
    names = ["ctrl 1", "IL-6 1", "DOX 1", "exo 1", "five", "six"][:lanes]
    study.blots[0]["lanes"] = ["ladder", *names]
    study.rows = [row for row in study.rows if row["sample"] in names]
    study.rows += [{**study.rows[0], "sample": name, "control_role": "", "lane": str(names.index(name) + 2)}
                   for name in names[4:]]  # fmt: skip
    done = study.run()
    for (_, entity), one in done.numbers("adjusted_volume").items():
        if entity == "band:STAT3" and not math.isnan(one.value):
            codes = {f.code for o in done.of("quantify") for f in o.findings if f.severity != "info"}
            assert codes & {"lanes_disagree", "touching_bands", "clipped_band", "needs_points"}, codes


def spoiled(study: Any, spoil: Callable[[Path], None], picture: str) -> Any:
    spoil(study.raw / PICTURE)
    study.blots[0]["bands"]["STAT3"]["image"] = picture
    return study.run()


def without_points(study: Any) -> None:
    for band in study.blots[0]["bands"].values():
        band.pop("first", None)
        band.pop("last", None)


def others_are_sound(done: Any) -> None:
    """What lies in other pictures is measured as if nothing had happened."""
    value = done.numbers("fold_of_control")["DOX 1", OTHERS].value
    assert not math.isnan(value)
