"""Samples on several membranes: one without a control is tied to another by the sample that lies on both."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from exoraw.assays.blot.simulator import Group

CONTROL, POOL = Group("ctrl", 1.0, 1.0), Group("pool", 1.4, 2.0, bridge=True)
LAYOUTS = (
    (CONTROL, POOL, Group("IL-6", 1.1, 3.2), Group("DOX", 0.7, 0.5)),
    (POOL, Group("exo", 1.3, 1.8), Group("exo + DOX", 0.9, 0.8), Group("EV", 2.0, 1.0)),
)
PAIRS = ("STAT3/GAPDH", "p-STAT3/GAPDH", "p-STAT3/STAT3")
Simulated = Callable[..., Any]


@pytest.fixture
def bridged(simulated: Simulated) -> Any:
    """Two membranes; only the first has the control, both have the pool."""
    return simulated(7, groups=(CONTROL,), layouts=LAYOUTS, membranes=2)


def test_folds_over_a_bridge_are_those_of_the_control_on_the_other_membrane(bridged: Any) -> None:
    done = bridged.run()
    assert done.errors == {}
    folds = done.numbers("fold_of_control")
    assert len(folds) == 8 * len(PAIRS)
    for (sample, entity), one in folds.items():
        true = bridged.truth[sample, "fold", entity.removesuffix("/GAPDH")]
        assert one.value == pytest.approx(true, rel=0.05), (sample, entity)
        if sample.endswith("2"):
            assert one.ci_low < true < one.ci_high
            assert one.reference == "ctrl 1 (membrane 1) by the bridge sample"


def test_a_fold_over_a_bridge_says_so_and_no_other_does(bridged: Any) -> None:
    done = bridged.run()
    said = done.messages("bridge", "fold_by_bridge")
    assert len(said) == len(PAIRS)
    assert "membrane 2, which has no control, is given as fold of ctrl 1 (membrane 1)" in said[0]
    assert "no_reference" not in done.codes("normalise")
    texts = " ".join(method.text for outcome in done.of("summary") for method in outcome.methods)
    assert "tied to others by the bridge sample" in texts


def test_without_a_membrane_that_has_both_the_missing_reference_is_said(bridged: Any) -> None:
    bridged.blots[0]["control"] = ""
    bridged.rows[0]["control_role"] = ""
    done = bridged.run()
    assert not done.of("bridge")
    assert "bridge sample on it" in done.messages("normalise", "no_reference")[0]
    assert all(math.isnan(one.value) for one in done.numbers("fold_of_control").values())
    assert not math.isnan(done.numbers("fold_of_bridge")["exo 2", "protein:STAT3/GAPDH"].value)


def test_a_picture_that_the_other_membrane_lacks_leaves_no_fold_over_the_bridge(bridged: Any) -> None:
    (bridged.raw / "membrane1/STAT3.tif").unlink()
    done = bridged.run()
    folds = done.numbers("fold_of_control")
    assert math.isnan(folds["exo 2", "protein:STAT3/GAPDH"].value)
    assert not math.isnan(folds["exo 2", "protein:p-STAT3/GAPDH"].value)
    assert "no_reference" in done.codes("bridge")


def test_what_makes_the_control_doubtful_travels_over_the_bridge(simulated: Simulated) -> None:
    study = simulated(7, groups=(CONTROL,), layouts=LAYOUTS, membranes=2, overexposed=("GAPDH",))
    done = study.run()
    said = done.messages("bridge", "saturated_band")
    assert any(message.startswith("Of membrane 1") for message in said)
