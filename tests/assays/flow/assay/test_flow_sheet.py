"""What the sheet of a flow study means, and what `check` says of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from exoraw.assays.flow.assay import ASSAY
from exoraw.assays.flow.fcs import write_fcs
from exoraw.assays.flow.sheet import NAME_PATTERNS

Check = Callable[..., list[str]]
SmallStudy = tuple[Path, list[dict[str, str]]]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Specimen_001_Tube_001.fcs", {"specimen": "Specimen_001", "sample": "Tube_001"}),
        ("d1/Specimen_001_DOX 1_003.fcs", {"batch": "d1", "specimen": "Specimen_001", "sample": "DOX 1"}),
        (
            "Specimen_001_A1_A01_001.fcs",
            {"specimen": "Specimen_001", "sample": "Specimen_001_A1", "well": "A01"},
        ),
        ("x/all2010-01-12.008.fcs", {"batch": "x", "sample": "all2010-01-12.008"}),
        ("B01 KC-A-W---91-US.fcs", {"well": "B01", "sample": "KC-A-W---91-US"}),
        ("F5.fcs", {"sample": "F5", "well": "F5"}),
        ("01-Well-A1.fcs", {"sample": "01-Well-A1", "well": "A1"}),
        ("01-Tube-3.fcs", {"sample": "01-Tube-3"}),
        ("Experiment_Group_DOX1.fcs", {"experiment": "Experiment", "sample": "DOX1"}),
        ("2C CD3-CD4 00000165 002.LMD", {"sample": "2C CD3-CD4"}),
        ("100715.fcs", {"sample": "100715"}),
    ],
)
def test_file_names_of_many_instruments_are_understood(path: str, expected: dict[str, str]) -> None:
    for pattern in NAME_PATTERNS:
        match = re.search(pattern.regex, path)
        if match:
            found = {name: value for name, value in match.groupdict().items() if value}
            assert found == expected
            return
    pytest.fail(f"no pattern for {path}")


def test_a_sound_study_has_no_warning(small_study: SmallStudy, check_flow: Check) -> None:
    raw, rows = small_study
    assert [said for said in check_flow(raw, rows) if not said.startswith("info")] == []


def test_a_drug_that_shines_without_its_unstained_tube_is_asked_for(
    small_study: SmallStudy, check_flow: Check
) -> None:
    raw, rows = small_study
    kept = [row for row in rows if row["sample"] != "unstained DOX 1"]
    (said,) = [one for one in check_flow(raw, kept) if one.startswith("warning") and '"DOX"' in one]
    assert (
        'Add an unstained tube of the same treatment and dose to this batch: control_role "unstained"' in said
    )


def test_an_unstained_tube_of_another_dose_is_not_enough(small_study: SmallStudy, check_flow: Check) -> None:
    raw, rows = small_study
    doses = {"unstained DOX 1": "1", "DOX 1": "5", "DOX + exosomes 1": "1"}
    dosed = [row | {"dose": doses.get(row["sample"], ""), "dose_unit": "uM"} for row in rows]
    (said,) = [one for one in check_flow(raw, dosed) if one.startswith("warning") and "doxorubicin" in one]
    assert '"doxorubicin 5um" contains doxorubicin' in said
    assert "has an unstained tube of another dose only (doxorubicin 1um)" in said


def test_a_batch_without_any_control_is_warned_about(small_study: SmallStudy, check_flow: Check) -> None:
    raw, rows = small_study
    bare = [{**row, "control_role": ""} for row in rows if row["sample"] in ("control 1", "DOX 1")]
    assert any("2 stained tubes and no control" in one for one in check_flow(raw, bare))


def test_an_unstained_tube_alone_is_warned_about(small_study: SmallStudy, check_flow: Check) -> None:
    raw, rows = small_study
    kept = [{**row, "control_role": row["control_role"].replace("vehicle", "")} for row in rows]
    kept = [row for row in kept if row["control_role"] != "single_stain"]
    assert any("the only control is unstained" in one for one in check_flow(raw, kept))


def test_a_single_stain_without_its_dye_is_an_error_in_its_cell(
    small_study: SmallStudy, check_flow: Check
) -> None:
    raw, rows = small_study
    edited = [{**row, "stain": ""} if row["sample"] == "PI only 1" else row for row in rows]
    (said,) = [one for one in check_flow(raw, edited) if one.startswith("error")]
    assert said.startswith('error: samples.csv row 7, column "stain"')
    assert "no dye is named" in said


def test_remarks_name_the_sheet_that_the_row_stands_in(small_study: SmallStudy, check_flow: Check) -> None:
    raw, rows = small_study
    moved = [{**row, "sheet": "day 2.xlsx"} for row in rows]
    edited = [{**row, "stain": ""} if row["sample"] == "PI only 1" else row for row in moved]
    (said,) = [one for one in check_flow(raw, edited) if one.startswith("error")]
    assert said.startswith('error: day 2.xlsx row 7, column "stain"')


def test_a_stain_that_is_no_dye_of_the_pipeline_is_a_warning(
    small_study: SmallStudy, check_flow: Check
) -> None:
    raw, rows = small_study
    edited = [{**row, "stain": "APC"} if row["sample"] == "PI only 1" else row for row in rows]
    assert any('"APC" is none of the dyes' in one for one in check_flow(raw, edited))


def test_a_channel_that_no_file_has_is_one_error_with_the_nearest_names(
    small_study: SmallStudy, check_flow: Check
) -> None:
    raw, rows = small_study
    said = check_flow(raw, rows, {"strategy": {"dead": "PE-Cy55"}})
    (error,) = [one for one in said if one.startswith("error")]
    assert "Did you mean PE-A?" in error
    assert "Same in 6 more files." in error


def test_a_weak_control_is_named_with_its_events(
    tmp_path: Path, small_study: SmallStudy, check_flow: Check
) -> None:
    _, rows = small_study
    tiny = write_small_tube(tmp_path / "tiny.fcs", events=200)
    row = {**rows[0], "sample": "weak", "file": tiny.name}
    (said,) = [one for one in check_flow(tmp_path, [row]) if "200 events" in one]
    assert said.startswith("warning")
    assert "fewer than 500: the gate from it is weak" in said


def test_a_file_without_events_is_announced(tmp_path: Path, check_flow: Check) -> None:
    write_small_tube(tmp_path / "empty.fcs", events=0)
    said = check_flow(tmp_path, [{"sample": "e", "file": "empty.fcs", "control_role": "vehicle"}])
    assert any("holds no events" in one for one in said)


def test_voltages_that_differ_within_a_batch_name_the_tube(tmp_path: Path, check_flow: Check) -> None:
    for name, volts in (("a", 400), ("b", 400), ("c", 430)):
        write_small_tube(tmp_path / f"{name}.fcs", events=600, keywords={"$P4V": str(volts)})
    rows = [{"sample": name, "file": f"{name}.fcs", "control_role": ""} for name in "abc"]
    rows[0]["control_role"] = "vehicle"
    (said,) = [one for one in check_flow(tmp_path, rows) if "ran at" in one]
    assert "FITC-A ran at 400 V, at 430 V for c" in said


def test_a_tube_without_matrix_among_tubes_with_one_is_named(tmp_path: Path, check_flow: Check) -> None:
    for name in "ab":
        write_small_tube(tmp_path / f"{name}.fcs", events=600, keywords={"SPILL": "2,FITC-A,PE-A,1,0.1,0,1"})
    write_small_tube(tmp_path / "c.fcs", events=600)
    rows = [{"sample": name, "file": f"{name}.fcs", "control_role": "vehicle"} for name in "abc"]
    assert any("1 of 3 tubes carry no spillover matrix" in one for one in check_flow(tmp_path, rows))


def test_single_stains_that_are_asked_for_and_missing_are_an_error(
    small_study: SmallStudy, check_flow: Check
) -> None:
    raw, rows = small_study
    kept = [row for row in rows if row["sample"] != "FITC only 1"]
    said = check_flow(raw, kept, {"compensation": {"source": "single_stains"}})
    assert any(one.startswith("error") and "no tube carries Annexin V alone" in one for one in said)


def test_a_matrix_file_that_is_not_there_is_an_error(small_study: SmallStudy, check_flow: Check) -> None:
    raw, rows = small_study
    said = check_flow(raw, rows, {"compensation": {"source": "csv", "csv": "no.csv"}})
    assert any(one.startswith("error: study.yaml") and '"no.csv"' in one for one in said)


def test_every_word_of_the_sheet_has_a_meaning() -> None:
    for column in ASSAY.sheet.columns:
        assert len(column.meaning) > 10
    for role in ASSAY.sheet.control_roles:
        assert len(role.meaning) > 10
    assert {role.name for role in ASSAY.sheet.control_roles} >= {
        "vehicle", "unstained", "single_stain", "isotype", "fmo", "deab",
    }  # fmt: skip


def write_small_tube(path: Path, events: int, keywords: dict[str, str] | None = None) -> Path:
    values = np.random.default_rng(1).normal(500, 50, (events, 5)).astype(np.float32)
    return write_fcs(
        path, values, ["FSC-A", "FSC-H", "SSC-A", "FITC-A", "PE-A"], version="3.0", keywords=keywords
    )
