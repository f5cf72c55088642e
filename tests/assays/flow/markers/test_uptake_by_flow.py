"""Uptake of labelled exosomes: against the best control there is, and never silently against a poor one."""

from __future__ import annotations

import numpy as np
import pytest

from exoraw.assays.flow.markers.positivity import GateSettings
from exoraw.assays.flow.markers.uptake import Uptake, UptakeControls, uptake


def cells(n: int, seed: int, mean: float, taken_up: float = 0.0) -> np.ndarray:
    """Cells of a mean brightness (log10); a share took up exosomes and shines more."""
    rng = np.random.default_rng(seed)
    light = 10 ** rng.normal(mean, 0.25, n)
    eaters = rng.random(n) < taken_up
    light[eaters] += 10 ** rng.normal(3.8, 0.3, np.count_nonzero(eaters))
    return light + rng.normal(0, 40, n)


@pytest.fixture
def sample() -> np.ndarray:
    return cells(8_000, 1, 2.3, taken_up=0.6)


def codes(found: Uptake) -> dict[str, str]:
    return {remark.code: remark.severity for remark in found.findings if remark.severity != "info"}


def said(found: Uptake) -> set[str]:
    return {remark.code for remark in found.findings}


def test_uptake_against_the_dye_only_control_is_the_true_share(sample):
    found = uptake(sample, UptakeControls(dye_only=cells(8_000, 2, 2.3)), dye="PKH26", seed=1)
    assert found.control == "dye only"
    assert found.positive.percent == pytest.approx(60, abs=1.5)
    assert found.positive.ci_low < 60.2
    assert found.positive.ci_high > 59.8
    assert codes(found) == {}


def test_the_ratio_is_that_of_the_medians_to_the_same_control(sample):
    control = cells(8_000, 2, 2.3)
    found = uptake(sample, UptakeControls(no_exosomes=control), seed=1)
    assert found.control == "no exosomes"
    ratio = found.mfi_ratio
    assert ratio.statistic == "median"
    assert ratio.ratio.value == pytest.approx(np.median(sample) / np.median(control))


def test_the_best_control_is_taken_and_named(sample):
    dye, mock, dark = cells(6_000, 2, 2.6), cells(6_000, 3, 2.4), cells(6_000, 4, 1.9)
    found = uptake(sample, UptakeControls(dye, mock, dark), seed=1)
    assert found.control == "dye only"
    assert found.gate.source == "dye-only control"
    assert uptake(sample, UptakeControls(no_exosomes=mock, unstained=dark), seed=1).control == "no exosomes"
    assert uptake(sample, UptakeControls(np.empty(0), None, dark), seed=1).control == "unstained"


def test_free_dye_that_reaches_the_cells_is_said(sample):
    controls = UptakeControls(dye_only=cells(6_000, 2, 2.3), unstained=cells(6_000, 4, 1.8))
    assert "free_dye_seen" in said(uptake(sample, controls, seed=1))
    clean = UptakeControls(dye_only=cells(6_000, 2, 1.85), unstained=cells(6_000, 4, 1.8))
    assert "free_dye_seen" not in said(uptake(sample, clean, seed=1))


def test_unstained_cells_alone_cannot_tell_dye_from_exosomes_and_that_is_a_warning(sample):
    found = uptake(sample, UptakeControls(unstained=cells(6_000, 4, 1.9)), dye="PKH67", seed=1)
    assert codes(found)["dye_aggregates_unknown"] == "warning"
    assert found.gate.source == "unstained control"


def test_without_any_control_there_is_no_share_and_an_error(sample):
    found = uptake(sample, UptakeControls(), seed=1)
    assert found.control is None
    assert found.positive is None
    assert found.mfi_ratio is None
    assert found.brightness.median is not None
    assert codes(found) == {"no_uptake_control": "error"}


def test_no_uptake_is_a_result_and_is_said():
    found = uptake(cells(6_000, 1, 2.3), UptakeControls(dye_only=cells(6_000, 2, 2.3)), seed=1)
    assert found.positive.percent < 1.0
    assert "no_uptake_seen" in said(found)
    assert codes(found) == {}


def test_a_control_brighter_than_the_cells_with_exosomes_is_a_swap(sample):
    found = uptake(cells(6_000, 1, 2.3), UptakeControls(dye_only=sample), seed=1)
    assert "control_brighter_than_sample" in said(found)


def test_percentile_and_size_of_the_control_can_be_set(sample):
    control = UptakeControls(dye_only=cells(400, 2, 2.3))
    found = uptake(sample, control, seed=1, settings=GateSettings(percentile=99.0, minimum=300, advised=400))
    assert found.gate.percentile == 99.0
    assert "weak_control" not in said(found)


def test_no_cells_are_an_error():
    found = uptake(np.empty(0), UptakeControls(dye_only=cells(6_000, 2, 2.3)), seed=1)
    assert codes(found)["no_events"] == "error"
    assert np.isnan(found.positive.percent)
