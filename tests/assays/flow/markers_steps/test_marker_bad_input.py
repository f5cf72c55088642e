"""What goes wrong with controls and files of marker panels: always a message, a finding or a state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exoraw.assays.flow.fcs import read_fcs, write_fcs
from exoraw.assays.flow.spillover import Spillover

Copied = Callable[..., Any]
STAINED, ISOTYPE = "CSC salinomycin 1", "CSC isotype 1"
STEM = "cd44_pos_cd24_low_share"
TEST, DEAB = "ALDH exosomes 1", "ALDH exosomes 1 DEAB"
STEPS = ("compensate", "controls", "markers")


def rewrite(
    path: Path,
    *,
    keep: slice = slice(None),
    rename: Mapping[str, str] | None = None,
    volts: Mapping[str, int] | None = None,
    matrix: Spillover | None = None,
    spill: str = "",
) -> None:
    """Write a file again with fewer events, other names, voltages or another matrix."""
    data = read_fcs(path)
    names = [(rename or {}).get(name, name) for name in data.channels]
    keywords = {f"$P{n}V": str((volts or {}).get(name, 300)) for n, name in enumerate(names, start=1)}
    keywords |= {"SPILL": spill} if spill else {}
    write_fcs(
        path, np.array(data.events[keep], np.float32), names, version="3.0", timestep=0.01,
        markers=data.markers, ranges=[262_144.0] * len(names), spillover=matrix, keywords=keywords,
    )  # fmt: skip


@pytest.fixture
def pair(copied: Copied) -> Any:
    return copied("cd44_cd24", (STAINED, ISOTYPE))


# ----------------------------------------------------------------- controls


def test_an_isotype_of_two_hundred_events_gives_a_number_with_a_warning_and_a_wide_interval(
    pair: Any,
) -> None:
    rewrite(pair.file(ISOTYPE), keep=slice(260), matrix=read_fcs(pair.file(ISOTYPE)).spillover)
    done = pair.run(STEPS)
    weak = done.findings(STAINED, "weak_control")
    assert weak
    assert all(one.severity == "warning" and one.value < 260 for one in weak)
    assert "percentile_beyond_control" in done.codes(STAINED)
    assert np.isfinite(done.value(STAINED, STEM))


def test_without_an_isotype_there_is_an_error_and_no_share(pair: Any) -> None:
    done = pair.only(STAINED).run(STEPS)
    (first, *_) = done.findings(STAINED, "no_marker_control")
    assert first.severity == "error"
    assert "Add the matched control" in first.message
    assert np.isnan(done.value(STAINED, STEM))
    assert np.isnan(done.value(STAINED, "marker_share", "population:CD44+CD24-"))


def test_a_swapped_isotype_is_an_error_beside_its_number(pair: Any) -> None:
    pair.of(STAINED)["control_role"], pair.of(ISOTYPE)["control_role"] = "isotype", ""
    done = pair.run(STEPS)
    (swapped, *_) = done.findings(ISOTYPE, "control_brighter_than_sample")
    assert swapped.severity == "error"
    assert "swapped" in swapped.message


def test_one_population_that_the_gate_cuts_through_is_said(copied: Copied) -> None:
    study = copied("cd44_cd24", (STAINED, ISOTYPE, "CSC unstained"))
    study.of(ISOTYPE)["control_role"] = ""
    study.of("CSC unstained")["control_role"] = "isotype"
    study.only(ISOTYPE, "CSC unstained")
    done = study.only(ISOTYPE, "CSC unstained").run(STEPS)
    assert any("one population" in one.message for one in done.findings(ISOTYPE, "one_population"))


def test_an_unstained_tube_in_the_isotype_s_place_is_a_warning(copied: Copied) -> None:
    done = copied("cd44_cd24", (STAINED, "CSC unstained")).run(STEPS)
    assert done.findings(STAINED, "gate_from_unstained")[0].severity == "warning"
    assert "unstained" in done.row(STAINED, STEM).reference


def test_an_isotype_that_cannot_be_read_leaves_an_error_and_no_share(pair: Any) -> None:
    pair.file(ISOTYPE).write_bytes(b"FCS3.0 and then nothing that makes sense")
    done = pair.run(STEPS)
    assert done.ran.errors == {}
    assert "control_unusable" in done.codes(STAINED)
    assert np.isnan(done.value(STAINED, STEM))


def test_an_isotype_whose_file_is_missing_is_named(pair: Any) -> None:
    pair.file(ISOTYPE).unlink()
    done = pair.run(STEPS)
    assert ISOTYPE in done.findings(STAINED, "control_absent")[0].message
    assert np.isnan(done.value(STAINED, STEM))


def test_an_excluded_isotype_is_not_used(pair: Any) -> None:
    pair.of(ISOTYPE)["excluded"] = "clogged"
    assert "no_marker_control" in pair.run(STEPS).codes(STAINED)


def test_an_isotype_of_another_culture_serves_with_a_warning(pair: Any) -> None:
    pair.of(ISOTYPE)["subject"] = "culture 9"
    done = pair.run(STEPS)
    assert "another subject" in done.findings(STAINED, "control_of_another")[0].message
    assert np.isfinite(done.value(STAINED, STEM))


# ----------------------------------------------------------------- DEAB


@pytest.fixture
def aldh(copied: Copied) -> Any:
    return copied("aldefluor", (TEST, DEAB, "ALDH control 1 DEAB"))


def test_a_missing_deab_tube_is_an_error_and_the_other_sample_s_is_not_taken(aldh: Any) -> None:
    done = aldh.only(TEST, "ALDH control 1 DEAB").run(STEPS)
    assert done.findings(TEST, "deab_missing")[0].severity == "error"
    assert "another treatment" in done.findings(TEST, "control_of_another")[0].message
    assert np.isnan(done.value(TEST, "aldh_high_share"))
    assert np.isnan(done.value(TEST, "aldh_high_net_share"))


def test_of_several_deab_tubes_the_sample_s_own_is_taken(aldh: Any) -> None:
    done = aldh.run(STEPS)
    assert done.row(TEST, "aldh_high_share").reference == f"gate: DEAB tube ({DEAB})"
    assert "own_control_unsure" not in done.codes(TEST)


def test_swapped_test_and_deab_tubes_are_noticed(aldh: Any) -> None:
    test, deab = aldh.of(TEST), aldh.of(DEAB)
    test["file"], deab["file"] = deab["file"], test["file"]
    done = aldh.only(TEST, DEAB).run(STEPS)
    codes = done.codes(TEST)
    assert {"control_with_own_positives", "net_below_zero"} & codes
    assert done.value(TEST, "aldh_high_share") < 1.0


def test_deab_tubes_that_nothing_assigns_to_a_sample_are_taken_with_a_warning(aldh: Any) -> None:
    for row in aldh.rows:
        row |= {"treatment": "", "subject": "", "biological_replicate": ""}
        row["sample"] = {TEST: "tube 4", DEAB: "tube 5", "ALDH control 1 DEAB": "tube 7"}[row["sample"]]
    done = aldh.run(STEPS)
    (unsure,) = done.findings("tube 4", "own_control_unsure")
    assert "2 tubes were taken together" in unsure.message
    assert {"tube 5", "tube 7"} <= set(unsure.message.partition("(")[2].partition(")")[0].split(", "))
    assert any("nothing on the sheet says which DEAB tube" in one for one in aldh.check())


# ----------------------------------------------------------------- files


def test_a_tube_without_events_has_rows_without_a_number_and_says_so(pair: Any) -> None:
    rewrite(pair.file(STAINED), keep=slice(0), matrix=read_fcs(pair.file(STAINED)).spillover)
    done = pair.run(STEPS)
    assert done.ran.errors == {}
    assert "error" in {one.severity for one in done.findings(STAINED, "no_events")}
    assert done.value(STAINED, "events") == 0
    assert np.isnan(done.value(STAINED, STEM))
    assert any("holds no events" in one for one in pair.check())


def test_an_isotype_without_events_leaves_no_share(pair: Any) -> None:
    rewrite(pair.file(ISOTYPE), keep=slice(0), matrix=read_fcs(pair.file(ISOTYPE)).spillover)
    done = pair.run(STEPS)
    assert done.ran.errors == {}
    assert "control_without_events" in done.codes(STAINED)
    assert np.isnan(done.value(STAINED, STEM))


def test_a_channel_that_was_renamed_is_found_by_its_label_and_said(pair: Any) -> None:
    before = read_fcs(pair.file(STAINED)).spillover
    assert before is not None
    renamed = Spillover(
        tuple(name.replace("APC-A", "R660-A") for name in before.channels), before.matrix, before.source
    )
    rewrite(pair.file(STAINED), rename={"APC-A": "R660-A"}, matrix=renamed)
    done = pair.run(STEPS)
    assert '"R660-A"' in done.findings(STAINED, "channel_renamed")[0].message
    assert done.value(STAINED, STEM) == pytest.approx(done.truth[STAINED, STEM, ""], abs=1.5)


def test_other_voltages_of_the_control_are_an_error_beside_the_number(pair: Any) -> None:
    rewrite(pair.file(ISOTYPE), volts={"APC-A": 450}, matrix=read_fcs(pair.file(ISOTYPE)).spillover)
    done = pair.run(STEPS)
    told = [one for one in done.findings(STAINED, "voltage_changed") if "APC-A" in one.message]
    assert told[0].severity == "error"
    assert "450 V" in told[0].message
    assert any("450" in one for one in pair.check())


def test_an_uncompensated_tube_beside_a_compensated_one_is_said(pair: Any) -> None:
    rewrite(pair.file(ISOTYPE), volts={})
    done = pair.run(STEPS)
    assert any(ISOTYPE in one.message for one in done.findings(STAINED, "not_compensated"))
    assert any("carry no spillover matrix" in one for one in pair.check())


def test_a_matrix_whose_names_are_no_channels_is_not_used_silently(pair: Any) -> None:
    rewrite(pair.file(STAINED), spill="3,B530,Y585,R660,1,0.1,0,0.1,1,0.1,0,0.1,1")
    done = pair.run(STEPS)
    assert "not_compensated" in done.codes(STAINED)
    told = [one for one in done.tubes[STAINED].findings if "B530" in one.message]
    assert told
    assert {one.severity for one in told} <= {"warning", "error"}


def test_two_markers_in_one_channel_are_refused_before_and_while_running(copied: Copied) -> None:
    study = copied("surface_mfi", ("MFI control 1", "MFI isotype 1"))
    study = study.having(
        markers=[{"name": "first", "channels": ["APC"]}, {"name": "second", "channels": ["CD44"]}]
    )
    done = study.run(STEPS)
    assert done.tubes == {}
    assert any("both be read from the channel" in str(error) for error in done.ran.errors.values())
    assert any("both be read from the channel" in one for one in study.check())


def test_a_panel_without_the_dead_cell_dye_is_told_how_to_say_so(pair: Any) -> None:
    study = pair.having(viability={"names": ["Zombie NIR"]})
    assert any("set strategy.viability.names to null" in one for one in study.check())
    assert any("viability.names to null" in str(error) for error in study.run(STEPS).ran.errors.values())


# ----------------------------------------------------------------- beads


def test_a_lot_that_is_incomplete_gives_no_count_and_names_what_is_missing(pair: Any) -> None:
    pair.of(STAINED)["bead_concentration"] = "1000"
    done = pair.having(beads={"channels": ["PE", "APC"]}).run(STEPS)
    (lot,) = done.findings(STAINED, "bead_lot_incomplete")
    assert "bead_volume_ul and sample_volume_ul" in lot.message
    assert np.isnan(done.value(STAINED, "cells_per_volume"))


def test_a_tube_without_beads_has_no_count_and_says_so(pair: Any) -> None:
    lot = {"concentration": 1000, "volume_ul": 50, "sample_volume_ul": 300}
    done = pair.having(beads={"channels": ["PE", "7-AAD"], **lot}).run(STEPS)
    assert done.findings(STAINED, "no_beads")[0].severity == "error"
    assert np.isnan(done.value(STAINED, "cells_per_volume"))
    assert np.isfinite(done.value(STAINED, STEM))


def test_a_bad_control_of_one_surface_marker_leaves_the_other_marker_s_numbers_alone(copied: Copied) -> None:
    study = copied("surface_mfi", ("MFI control 1", "MFI isotype 1"))
    data = read_fcs(study.file("MFI isotype 1"))
    events = np.array(data.events, np.float32)
    events[:, data.channels.index("PE-A")] += 3_000  # brighter than the stained cells
    write_fcs(
        study.file("MFI isotype 1"), events, list(data.channels), version="3.0", timestep=0.01,
        markers=data.markers, ranges=[262_144.0] * len(data.channels), spillover=data.spillover,
    )  # fmt: skip
    done = study.run(STEPS)
    touched = {one.entity for one in done.findings("MFI control 1", "control_brighter_than_sample")}
    assert touched == {"marker:CXCR4"}
