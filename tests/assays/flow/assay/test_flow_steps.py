"""From files to quadrants: errors against truth, what every bad input leaves, what re-runs."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exoraw.assays.flow.assay import ASSAY
from exoraw.assays.flow.compensation import compensate
from exoraw.assays.flow.fcs import read_fcs, write_fcs
from exoraw.assays.flow.spillover import Spillover

Run = Callable[..., Any]
SmallStudy = tuple[Path, list[dict[str, str]]]
FAST: Mapping[str, Any] = {"strategy": {"thresholds": {"bootstraps": 0}}}
ALL_BUT_SUMMARY = ("compensate", "thresholds", "gate")
QUADRANTS = ("live", "early apoptotic", "late apoptotic", "necrotic")


@pytest.fixture(scope="module")
def ran(small_study: SmallStudy, run_flow: Run) -> Any:
    raw, rows = small_study
    return run_flow(raw, rows, FAST)


@pytest.fixture
def copied(small_study: SmallStudy, tmp_path: Path) -> SmallStudy:
    raw, rows = small_study
    shutil.copytree(raw, tmp_path / "raw")
    return tmp_path / "raw", [dict(row) for row in rows]


def rewrite(
    path: Path, *, keep: slice = slice(None), rename: Mapping[str, str] | None = None, **options: Any
) -> None:
    """Write a file of the fixture again, with fewer events, other names or no matrix."""
    data = read_fcs(path)
    names = [(rename or {}).get(name, name) for name in data.channels]
    options.setdefault("markers", data.markers)
    write_fcs(path, np.array(data.events[keep], np.float32), names, version="3.0", timestep=0.01, **options)


def of_row(rows: list[dict[str, str]], sample: str) -> dict[str, str]:
    return next(row for row in rows if row["sample"] == sample)


# ----------------------------------------------------------------- numbers


def test_every_share_of_the_fixture_is_within_a_point_and_a_half_of_the_truth(
    ran: Any, fixtures: Path
) -> None:
    with (fixtures / "annexin_pi/truth.csv").open(encoding="utf-8", newline="") as file:
        truth = list(csv.DictReader(file))
    assert len(truth) == 18
    errors = {
        (row["sample"], row["measure"], row["entity"]): ran.value(
            row["sample"], row["measure"], row["entity"]
        )
        - float(row["truth"])
        for row in truth
    }
    assert max(map(abs, errors.values())) <= 1.5, errors


def test_quadrants_of_every_tube_sum_to_one_hundred_percent_and_to_the_single_cells(ran: Any) -> None:
    for sample, outcome in ran.of("gate").items():
        shares = [one for one in outcome.measurements if one.measure == "quadrant_share"]
        assert sum(one.value for one in shares) == pytest.approx(100.0, abs=1e-9)
        assert sum(one.numerator for one in shares) == shares[0].denominator
        assert shares[0].denominator == ran.value(sample, "population_events", "population:single cells")


def test_every_fraction_carries_numerator_denominator_and_an_interval_around_it(ran: Any) -> None:
    for outcome in ran.of("gate").values():
        for one in outcome.measurements:
            if one.measure.endswith("_share"):
                assert one.value == pytest.approx(100 * one.numerator / one.denominator)
                assert one.ci_low <= one.value <= one.ci_high


def test_medians_carry_one_name_per_dye_and_lie_inside_their_interval(ran: Any) -> None:
    medians = [one for one in ran.of("gate")["DOX 1"].measurements if one.measure == "median_fluorescence"]
    assert [one.target for one in medians] == ["Annexin V", "PI"]
    assert all(one.ci_low < one.value < one.ci_high and one.statistic == "median" for one in medians)


def test_controls_without_both_dyes_have_no_shares_and_the_vehicle_has(ran: Any) -> None:
    assert set(ran.of("gate")) == {"control 1", "DOX 1", "DOX + exosomes 1"}


def test_the_population_tree_has_one_row_per_population_with_equal_columns(ran: Any) -> None:
    rows = ran.of("gate")["DOX 1"].objects
    assert [row["population"] for row in rows] == [
        "all events",
        "in range",
        "steadily recorded",
        "cells",
        "single cells",
        *QUADRANTS,
    ]
    assert len({tuple(row) for row in rows}) == 1
    by_name = {row["population"]: row for row in rows}
    for row in rows[1:]:
        assert row["count"] <= by_name[row["parent"]]["count"]
        assert row["path"].startswith(by_name[row["parent"]]["path"] + "/")
    assert sum(row["percent_parent"] for row in rows[-4:]) == pytest.approx(100.0)


def test_every_measure_and_every_finding_stands_in_the_lists_of_the_assay(ran: Any) -> None:
    measures = {measure.name for measure in ASSAY.vocabulary}
    codes = {kind.code for kind in ASSAY.findings}
    for outcome in ran.outcomes.values():
        assert {one.measure for one in outcome.measurements} <= measures
        assert {one.code for one in outcome.findings} <= codes


def test_pictures_of_a_tube_are_small_and_named_by_what_they_show(ran: Any) -> None:
    for sample, outcome in ran.of("gate").items():
        names = [one.name for one in outcome.artefacts]
        assert names == ["quadrants.png", "backgating.png", "cleaning.png", "gates.xml"]
        assert all(one.sample == sample and len(one.content) < 30_000 for one in outcome.artefacts)


def test_the_same_study_gives_the_same_outcomes_byte_for_byte(
    ran: Any, small_study: SmallStudy, run_flow: Run
) -> None:
    raw, rows = small_study
    again = run_flow(raw, rows, FAST)
    assert again.outcomes == ran.outcomes


def test_methods_text_holds_the_numbers_of_this_study(ran: Any) -> None:
    text = " ".join(method.text for method in ran.of("summary")[""].methods)
    data = ran.of("thresholds")["day1 | MDA-MB-231"].data
    assert f"Annexin V {data['general']['annexin']['threshold']:,.0f}" in text
    assert "3 stained tubes were recorded on FACSCantoII (FCS 3.0)" in text
    assert "Tubes with doxorubicin used their own unstained control" in text
    assert "Of 9,000 events" in text


def test_figures_name_measures_and_entities_that_exist(ran: Any) -> None:
    measured = {(one.measure, one.entity) for one in ran.of("gate")["DOX 1"].measurements}
    for figure in ran.of("summary")[""].figures:
        for measure in figure.measures:
            for entity in figure.entities or ("",):
                assert (measure, entity) in measured


# ----------------------------------------------------------------- controls


def test_a_drug_that_shines_is_gated_with_its_own_unstained_tube(ran: Any) -> None:
    data = ran.of("thresholds")["day1 | MDA-MB-231"].data
    assert data["assignment"] == {"DOX 1": "doxorubicin", "DOX + exosomes 1": "doxorubicin"}
    shift = data["matched"]["doxorubicin"]["dead"]["shift"]
    assert 400 < shift < 1_600  # the simulated drug's median light in PE is 620, its upper end near 1,000
    assert "matched_control_used" in ran.codes("DOX 1")
    assert "matched_control_used" not in ran.codes("control 1")


def test_without_the_matched_tube_live_cells_are_taken_for_necrotic_ones(
    small_study: SmallStudy, run_flow: Run, ran: Any
) -> None:
    raw, rows = small_study
    without = run_flow(raw, [row for row in rows if row["sample"] != "unstained DOX 1"], FAST)
    necrotic = ("DOX 1", "quadrant_share", "population:necrotic")
    assert without.value(*necrotic) > ran.value(*necrotic) + 15


def test_the_vehicle_alone_is_enough_and_takes_the_files_own_matrix(
    small_study: SmallStudy, run_flow: Run, ran: Any
) -> None:
    raw, rows = small_study
    kept = [
        row for row in rows if row["control_role"] in ("", "vehicle") or row["sample"] == "unstained DOX 1"
    ]
    few = run_flow(raw, kept, FAST)
    assert few.of("compensate")["day1 | MDA-MB-231"].data["source"] == "keyword"
    assert few.of("gate")["DOX 1"].objects[0]["matrix_source"] != "none"
    for name in QUADRANTS:
        at = ("control 1", "quadrant_share", f"population:{name}")
        assert few.value(*at) == pytest.approx(ran.value(*at), abs=1.0)


def test_an_unstained_tube_alone_is_used_last_and_with_a_warning(
    small_study: SmallStudy, run_flow: Run
) -> None:
    raw, rows = small_study
    kept = [{**row, "control_role": row["control_role"].replace("vehicle", "")} for row in rows]
    kept = [row for row in kept if row["sample"] in ("control 1", "unstained 1")]
    few = run_flow(raw, kept, FAST)
    sources = few.of("thresholds")["day1 | MDA-MB-231"].data["general"]
    used = {sources[axis]["source"] for axis in ("annexin", "dead")}
    assert used <= {"valley", "unstained"}
    warned = [one for one in few.of("gate")["control 1"].findings if one.severity == "warning"]
    assert warned != []


def test_a_batch_without_any_control_asks_the_samples_themselves(
    small_study: SmallStudy, run_flow: Run
) -> None:
    raw, rows = small_study
    kept = [{**row, "control_role": ""} for row in rows if row["sample"] in ("control 1", "DOX + exosomes 1")]
    bare = run_flow(raw, kept, FAST)
    data = bare.of("thresholds")["day1 | MDA-MB-231"].data
    assert data["controls"]["treated"] == ["control 1", "DOX + exosomes 1"]
    assert data["general"]["annexin"]["source"] in ("valley", "none")


def test_an_excluded_control_is_not_used(small_study: SmallStudy, run_flow: Run) -> None:
    raw, rows = small_study
    edited = [{**row, "excluded": "clogged"} if row["sample"] == "unstained DOX 1" else row for row in rows]
    without = run_flow(raw, edited, FAST, steps=("compensate", "thresholds"))
    data = without.of("thresholds")["day1 | MDA-MB-231"].data
    assert data["assignment"] == {}
    assert all("DOX" not in name for names in data["controls"].values() for name in names)


def test_a_control_with_two_hundred_events_leaves_a_warning_on_every_tube(
    copied: SmallStudy, run_flow: Run
) -> None:
    raw, rows = copied
    rewrite(raw / of_row(rows, "control 1")["file"], keep=slice(200))
    ran = run_flow(raw, rows, FAST)
    for sample in ("control 1", "DOX 1"):
        weak = [one for one in ran.of("gate")[sample].findings if one.code == "weak_control"]
        assert weak != []
        assert all(one.severity in ("warning", "error") and one.entity == "" for one in weak)


def test_a_control_that_cannot_be_read_leaves_an_error_and_the_others_serve(
    copied: SmallStudy, run_flow: Run
) -> None:
    raw, rows = copied
    (raw / of_row(rows, "unstained 1")["file"]).write_bytes(b"FCS3.0 and then nothing that makes sense")
    ran = run_flow(raw, rows, FAST)
    assert ran.errors == {}
    assert "control_unusable" in ran.codes("control 1")


def test_a_control_whose_file_is_missing_leaves_a_warning(copied: SmallStudy, run_flow: Run) -> None:
    raw, rows = copied
    (raw / of_row(rows, "unstained 1")["file"]).unlink()
    ran = run_flow(raw, rows, FAST)
    assert ran.errors == {}
    assert "control_absent" in ran.codes("DOX 1")


def test_a_vehicle_whose_file_is_missing_leaves_the_batch_as_one_that_is_excluded(
    copied: SmallStudy, run_flow: Run
) -> None:
    raw, rows = copied
    kept = [row for row in rows if row["control_role"] in ("", "vehicle")]
    vehicles = [row for row in kept if row["control_role"] == "vehicle"]
    steps = ("compensate", "thresholds")
    spilt = [row | {"excluded": "spilt"} if row in vehicles else row for row in kept]
    excluded = run_flow(raw, spilt, FAST, steps)
    for row in vehicles:
        (raw / row["file"]).unlink()
    missing = run_flow(raw, kept, FAST, steps)
    at = "day1 | MDA-MB-231"
    found = missing.of("thresholds")[at]
    assert found.data["controls"]["treated"] == ["DOX 1", "DOX + exosomes 1"]
    assert found.data["general"]["dead"]["threshold"] is not None
    assert found.data["general"] == excluded.of("thresholds")[at].data["general"]
    assert "control_absent" in {one.code for one in found.findings}


def test_a_matched_control_of_another_dose_serves_with_a_warning(
    small_study: SmallStudy, run_flow: Run
) -> None:
    raw, rows = small_study
    doses = {"unstained DOX 1": "1", "DOX 1": "1", "DOX + exosomes 1": "5"}
    dosed = [row | {"dose": doses.get(row["sample"], ""), "dose_unit": "uM"} for row in rows]
    ran = run_flow(raw, dosed, FAST)
    assert "matched_control_used" in ran.codes("DOX + exosomes 1")
    assert "matched_control_other_dose" in ran.codes("DOX + exosomes 1")
    assert "matched_control_other_dose" not in ran.codes("DOX 1")


def test_fixed_borders_replace_those_that_are_found(small_study: SmallStudy, run_flow: Run) -> None:
    raw, rows = small_study
    ran = run_flow(raw, rows, {"strategy": {"thresholds": {"annexin": 1000, "dead": 2000, "bootstraps": 0}}})
    row = ran.of("gate")["DOX 1"].objects[0]
    assert (row["annexin_threshold"], row["dead_threshold"]) == (1000.0, 2000.0)
    assert row["annexin_threshold_source"] == "fixed in the settings"


# ----------------------------------------------------------------- bad files


def test_an_unknown_channel_fails_with_the_channels_of_the_file(
    small_study: SmallStudy, run_flow: Run
) -> None:
    raw, rows = small_study
    ran = run_flow(raw, rows, {"strategy": {"dead": "7-AAD", "thresholds": {"bootstraps": 0}}})
    assert ran.of("gate") == {}
    errors = [str(error) for key, error in ran.errors.items() if "/gate/" in key]
    assert len(errors) == 3
    assert all(
        "Channels in the file: FSC-A, FSC-H, SSC-A, FITC-A (Annexin V), PE-A (PI), Time" in one
        for one in errors
    )


def test_a_renamed_channel_is_found_by_its_marker_and_remarked_on(copied: SmallStudy, run_flow: Run) -> None:
    raw, rows = copied
    path = raw / of_row(rows, "DOX 1")["file"]
    before = read_fcs(path).spillover
    assert before is not None
    rewrite(
        path,
        rename={"FITC-A": "B530-A"},
        spillover=Spillover(("B530-A", "PE-A"), before.matrix, before.source),
    )
    ran = run_flow(raw, rows, FAST)
    assert "channel_renamed" in ran.codes("DOX 1")
    assert ran.value("DOX 1", "quadrant_share", "population:live") > 50


def test_a_file_without_a_matrix_is_gated_uncompensated_and_says_so(
    copied: SmallStudy, run_flow: Run
) -> None:
    raw, rows = copied
    rewrite(raw / of_row(rows, "DOX 1")["file"])
    settings = {"compensation": {"source": "keyword"}, **FAST}
    ran = run_flow(raw, rows, settings)
    assert "not_compensated" in ran.codes("DOX 1")
    assert "not_compensated" not in ran.codes("DOX + exosomes 1")
    assert ran.of("gate")["DOX 1"].objects[0]["matrix_source"] == "none"


def test_a_matrix_from_a_csv_gives_what_single_stains_give(
    copied: SmallStudy, run_flow: Run, ran: Any
) -> None:
    raw, rows = copied
    (raw / "matrix.csv").write_text(",FITC-A,PE-A\nFITC-A,1,0.18\nPE-A,0.01,1\n", encoding="utf-8")
    with_csv = run_flow(raw, rows, {"compensation": {"source": "csv", "csv": "matrix.csv"}, **FAST})
    at = ("DOX 1", "apoptotic_share")
    assert with_csv.value(*at) == pytest.approx(ran.value(*at), abs=1.0)


def test_a_file_that_was_compensated_before_it_was_saved_is_noticed(
    copied: SmallStudy, run_flow: Run
) -> None:
    raw, rows = copied
    path = raw / of_row(rows, "FITC only 1")["file"]
    data = read_fcs(path)
    assert data.spillover is not None
    once = compensate(data.events, data.channels, data.spillover).astype(np.float32)
    write_fcs(path, once, data.channels, version="3.0", markers=data.markers, spillover=data.spillover)
    of_row(rows, "FITC only 1")["control_role"] = ""  # early apoptotic cells only: bright in FITC, dark in PI
    ran = run_flow(raw, rows, {"compensation": {"source": "keyword"}, **FAST})
    assert "compensated_twice" in ran.codes("FITC only 1")
    assert "compensated_twice" not in ran.codes("control 1")


def test_a_compensated_file_beside_raw_single_stains_is_noticed(copied: SmallStudy, run_flow: Run) -> None:
    raw, rows = copied
    path = raw / of_row(rows, "FITC only 1")["file"]
    data = read_fcs(path)
    once = compensate(data.events, data.channels, data.spillover).astype(np.float32)
    extra = {**of_row(rows, "FITC only 1"), "sample": "early", "control_role": "", "stain": ""}
    extra["file"] = str(Path(extra["file"]).with_name("early.fcs"))
    write_fcs(raw / extra["file"], once, data.channels, version="3.0", markers=data.markers)
    ran = run_flow(raw, [*rows, extra], {"compensation": {"source": "single_stains"}, **FAST})
    assert "compensated_twice" in ran.codes("early")
    assert "compensated_twice" not in ran.codes("control 1")


@pytest.mark.parametrize("factor", [0.3, 5.0])
def test_a_tube_recorded_at_another_voltage_than_its_controls_is_noticed(
    copied: SmallStudy, run_flow: Run, factor: float
) -> None:
    raw, rows = copied
    path = raw / of_row(rows, "DOX 1")["file"]
    data = read_fcs(path)
    gains = np.where([name == "FITC-A" for name in data.channels], factor, 1.0)
    events = np.array(data.events * gains, np.float32)
    write_fcs(path, events, data.channels, version="3.0", timestep=0.01, markers=data.markers)
    ran = run_flow(raw, rows, {"compensation": {"source": "single_stains"}, **FAST}, ALL_BUT_SUMMARY)
    told = [one for one in ran.of("gate")["DOX 1"].findings if one.code == "control_unlike_samples"]
    assert any("Annexin V" in one.message for one in told)
    assert {(one.sample, one.entity) for one in told} == {("DOX 1", "")}


def test_a_matrix_that_the_single_stains_contradict_is_remarked_on_at_every_tube(
    copied: SmallStudy, run_flow: Run
) -> None:
    raw, rows = copied
    (raw / "wrong.csv").write_text(",FITC-A,PE-A\nFITC-A,1,0.12\nPE-A,0.01,1\n")
    settings = {"compensation": {"source": "csv", "csv": "wrong.csv"}, **FAST}
    ran = run_flow(raw, rows, settings, ALL_BUT_SUMMARY)
    assert all("compensation_residual" in ran.codes(sample) for sample in ran.of("gate"))
    right = run_flow(raw, rows, FAST, ALL_BUT_SUMMARY)
    assert not any("compensation_residual" in right.codes(sample) for sample in right.of("gate"))


def test_without_compensation_the_error_is_large_which_is_why_it_is_done(
    small_study: SmallStudy, run_flow: Run, ran: Any
) -> None:
    raw, rows = small_study
    off = run_flow(raw, rows, {"compensation": {"source": "none"}, **FAST})
    at = ("DOX + exosomes 1", "quadrant_share", "population:early apoptotic")
    assert abs(off.value(*at) - ran.value(*at)) > 3


def test_a_tube_without_events_has_rows_without_numbers_and_an_error_that_says_why(
    copied: SmallStudy, run_flow: Run
) -> None:
    raw, rows = copied
    rewrite(raw / of_row(rows, "DOX 1")["file"], keep=slice(0))
    ran = run_flow(raw, rows, FAST)
    assert ran.value("DOX 1", "events") == 0
    assert np.isnan(ran.value("DOX 1", "apoptotic_share"))
    assert any(
        one.code == "no_events" and one.severity == "error" for one in ran.of("gate")["DOX 1"].findings
    )
    assert ran.value("DOX + exosomes 1", "events") == 3_000


def test_a_cut_file_keeps_its_whole_events_and_says_so(copied: SmallStudy, run_flow: Run) -> None:
    raw, rows = copied
    path = raw / of_row(rows, "DOX 1")["file"]
    path.write_bytes(path.read_bytes()[:-30_000])
    ran = run_flow(raw, rows, FAST)
    assert "truncated" in ran.codes("DOX 1")
    assert 1_000 < ran.value("DOX 1", "events") < 3_000


def test_cleaning_can_be_switched_off_and_then_every_event_is_counted(
    small_study: SmallStudy, run_flow: Run
) -> None:
    raw, rows = small_study
    off = {"cleaning": {"margins": False, "debris": False, "singlets": False}, **FAST}
    ran = run_flow(raw, rows, off)
    assert ran.value("DOX 1", "gated_share") == 100.0


def test_a_tube_without_scatter_is_gated_on_all_its_events(copied: SmallStudy, run_flow: Run) -> None:
    raw, rows = copied
    for row in rows:
        rewrite(raw / row["file"], rename={"FSC-A": "X1", "FSC-H": "X2", "SSC-A": "X3"})
    ran = run_flow(raw, rows, FAST)
    assert ran.value("DOX 1", "gated_share") == 100.0
    assert [one.name for one in ran.of("gate")["DOX 1"].artefacts] == ["quadrants.png", "gates.xml"]


@pytest.mark.parametrize("sample", ["a/b", "µ 100 %", "..", "x" * 120, "=1+1"])
def test_sample_names_may_hold_any_characters(small_study: SmallStudy, run_flow: Run, sample: str) -> None:
    raw, rows = small_study
    named = [{**row, "sample": sample} if row["sample"] == "DOX 1" else row for row in rows]
    ran = run_flow(raw, named, FAST)
    assert ran.value(sample, "events") == 3_000


def test_quadrants_take_the_names_of_the_settings(small_study: SmallStudy, run_flow: Run) -> None:
    raw, rows = small_study
    names = {"live": "viable", "early": "apoptotic", "late": "dead", "necrotic": "debris-like"}
    ran = run_flow(
        raw, rows, {"strategy": {"quadrants": names, "apoptotic": ["early"], "thresholds": {"bootstraps": 0}}}
    )
    apoptotic = ran.value("DOX 1", "apoptotic_share")
    assert apoptotic == ran.value("DOX 1", "quadrant_share", "population:apoptotic")


# ----------------------------------------------------------------- what re-runs


def planned(run_flow: Run, study: SmallStudy, rows: list[dict[str, str]]) -> dict[str, Any]:
    ran = run_flow(study[0], rows, FAST, steps=())
    found = {}
    for step in ASSAY.steps:
        for unit in step.units(ran.view.limited_to(step.columns), ran.inventory):
            cells = {
                row.sample: row.declared_cells()
                for row in ran.view.limited_to(step.columns).rows
                if row.sample in unit.samples
            }
            found[unit.key] = (unit, cells)
    return found


def test_a_changed_treatment_label_changes_no_unit(small_study: SmallStudy, run_flow: Run) -> None:
    relabelled = [
        {**row, "treatment": row["treatment"].replace("DOX", "Doxorubicin").replace("control", "DMSO")}
        for row in small_study[1]
    ]
    before, after = (planned(run_flow, small_study, rows) for rows in (small_study[1], relabelled))
    assert after == before
    only_samples = [
        {**row, "treatment": "adriamycin and vesicles"} if row["sample"] == "DOX + exosomes 1" else row
        for row in small_study[1]
    ]
    assert planned(run_flow, small_study, only_samples) == before


def test_a_changed_batch_moves_the_tube_to_other_controls(small_study: SmallStudy, run_flow: Run) -> None:
    moved = [{**row, "batch": "day2"} if row["sample"] == "DOX 1" else row for row in small_study[1]]
    units = planned(run_flow, small_study, moved)
    unit, _ = units["annexin_pi/gate/DOX 1"]
    assert unit.inputs["thresholds"][0].key == "annexin_pi/thresholds/day2 | MDA-MB-231"


def test_a_step_that_looks_at_an_undeclared_column_would_be_refused(
    small_study: SmallStudy, run_flow: Run
) -> None:
    ran = run_flow(small_study[0], small_study[1], FAST, steps=())
    for step in ASSAY.steps:
        narrowed = ran.view.limited_to(step.columns)
        home = type(step).__module__
        elsewhere = ".markers." in home or "lab_gates" in home  # these plan nothing for Annexin V / PI
        assert bool(list(step.units(narrowed, ran.inventory))) != elsewhere
    assert "treatment" not in ASSAY.steps[2].columns


def test_absent_roles_stand_in_the_unit_as_empty_tuples(small_study: SmallStudy, run_flow: Run) -> None:
    kept = [row for row in small_study[1] if row["control_role"] in ("", "vehicle")]
    unit, _ = planned(run_flow, small_study, kept)["annexin_pi/thresholds/day1 | MDA-MB-231"]
    assert unit.inputs["unstained"] == ()
    assert unit.inputs["single_annexin"] == ()
