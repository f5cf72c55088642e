"""Real tubes of other panels go through the steps: any two colours, real scatter, real noise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
FAST = {"bootstraps": 0}


def settings(annexin: str, dead: str, source: str = "auto") -> dict[str, Any]:
    return {
        "strategy": {"annexin": annexin, "dead": dead, "thresholds": FAST},
        "compensation": {"source": source},
    }


def cytoexplorer_rows() -> list[dict[str, str]]:
    return [
        {"sample": "Activation 1", "file": "Activation_1.fcs", "control_role": ""},
        {"sample": "none", "file": "Compensation-Unstained.fcs", "control_role": "unstained"},
        {"sample": "FITC", "file": "Compensation-FITC.fcs", "control_role": "single_stain",
         "stain": "Alexa Fluor 488"},
        {"sample": "PE", "file": "Compensation-PE.fcs", "control_role": "single_stain", "stain": "PE"},
    ]  # fmt: skip


def test_a_real_sample_with_its_single_stains_gives_shares_and_pictures(shared: Path, run_flow: Run) -> None:
    ran = run_flow(shared / "data/flow/cytoexplorer", cytoexplorer_rows(), settings("Alexa Fluor 488", "PE"))
    assert ran.errors == {}
    decision = ran.of("compensate")["all tubes"].data
    assert decision["source"] == "single_stains"
    assert decision["matrix"][0][1] == pytest.approx(
        0.18, abs=0.08
    )  # FITC light in PE, as CytoExploreR's CSV has
    outcome = ran.of("gate")["Activation 1"]
    assert ran.value("Activation 1", "events") == 50_000
    assert 30 < ran.value("Activation 1", "gated_share") < 100
    shares = [one.value for one in outcome.measurements if one.measure == "quadrant_share"]
    assert sum(shares) == pytest.approx(100.0)
    assert len(outcome.artefacts) == 4


def test_real_files_of_another_cytometer_pass_with_their_own_names(shared: Path, run_flow: Run) -> None:
    rows = [
        {"sample": "APC tube", "file": "Compensations_APC.fcs", "control_role": "vehicle"},
        {"sample": "PE tube", "file": "Compensations_PE.fcs", "control_role": ""},
        {"sample": "blank", "file": "Compensations_Blank.fcs", "control_role": "unstained"},
    ]
    ran = run_flow(shared / "data/flow/comp_alonyan", rows, settings("pSTAT5", "CD25"))
    assert ran.errors == {}
    for sample, events in (("APC tube", 32_839), ("PE tube", 22_741)):
        assert ran.value(sample, "events") == events
        assert ran.of("gate")[sample].artefacts != []


def test_an_old_log_amplifier_without_pulse_heights_says_that_doublets_stay(
    shared: Path, run_flow: Run
) -> None:
    rows = [{"sample": "beads", "file": "3FITC_4PE_004.fcs", "control_role": "vehicle"}]
    ran = run_flow(shared / "data/flow/zoo_flowio", rows, settings("FL1-H", "FL2-H"))
    assert ran.errors == {}
    assert {"no_singlet_gate", "not_compensated"} <= ran.codes("beads")


def test_a_real_file_without_events_has_no_shares_and_says_why(shared: Path, run_flow: Run) -> None:
    rows = [{"sample": "F5", "file": "aq1endun9epg7tm.fcs", "control_role": "vehicle"}]
    ran = run_flow(shared / "data/flow/tasbe_tut", rows, settings("BL1-A", "YL1-A"))
    assert ran.errors == {}
    assert "no_events" in ran.codes("F5")
    assert ran.value("F5", "events") == 0


def test_a_list_mode_file_of_beckman_coulter_is_gated(shared: Path, run_flow: Run) -> None:
    rows = [{"sample": "2C", "file": "Beckman Coulter - Cytomics FC500.LMD", "control_role": "vehicle"}]
    ran = run_flow(shared / "data/flow/zoo", rows, settings("CD3", "CD4"))
    assert ran.errors == {}
    assert ran.value("2C", "events") == 27_072
