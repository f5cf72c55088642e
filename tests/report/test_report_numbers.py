"""The means, SDs and n of a report, against numbers worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.report import build_report, groups, words
from exoraw.report.concerns import concerns
from exoraw.report.grids import grids
from exoraw.report.pipeline import Pipeline, pipelines
from exoraw.report.source import load

START = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)


def apoptosis(folder) -> Pipeline:
    tables, _ = load(folder.write())
    return next(one for one in pipelines(tables) if one.name == "apoptosis")


def grouped(folder, measure: str = "share", factors: tuple[str, ...] = ("treatment",)):
    pipeline = apoptosis(folder)
    series = next(one for one in pipeline.series if one.measure == measure)
    return pipeline.grouped(series, factors)


def rows(folder, *numbers: tuple[str, str, str, str, float], **more) -> None:
    """Add (sample, treatment, biological replicate, technical replicate, value)."""
    for sample, treatment, biological, technical, value in numbers:
        folder.sample(
            sample,
            treatment=treatment,
            biological_replicate=biological,
            technical_replicate=technical,
            **more,
        )
        folder.number(sample, "share", value)


def of_group(summary: pd.DataFrame, name: str) -> pd.Series:
    return summary[summary["treatment"] == name].iloc[0]


def test_technical_replicates_are_averaged_before_mean_and_sd(empty_folder):
    rows(
        empty_folder,
        ("a1", "DOX", "1", "1", 10.0),
        ("a2", "DOX", "1", "2", 20.0),
        ("a3", "DOX", "1", "3", 30.0),
        ("b1", "DOX", "2", "1", 40.0),
        ("c1", "DOX", "3", "1", 60.0),
    )
    dox = of_group(grouped(empty_folder).summary, "DOX")
    assert dox["n"] == 3
    assert dox["mean"] == pytest.approx((20 + 40 + 60) / 3)
    assert dox["sd"] == pytest.approx(20.0)  # sd of 20, 40, 60; the five tubes pooled would give 18.7


def test_excluded_technical_replicate_leaves_its_biological_replicate_to_the_others(empty_folder):
    rows(empty_folder, ("a1", "DOX", "1", "1", 10.0), ("b1", "DOX", "2", "1", 30.0))
    rows(empty_folder, ("a2", "DOX", "1", "2", 90.0), excluded=True)
    found = grouped(empty_folder)
    dox = of_group(found.summary, "DOX")
    assert (dox["n"], dox["mean"]) == (2, pytest.approx(20.0))
    assert found.points.loc[found.points["excluded"], "value"].tolist() == [90.0]


def test_group_with_every_replicate_excluded_stays_with_n_0(empty_folder):
    rows(empty_folder, ("a", "DOX", "1", "", 10.0))
    rows(empty_folder, ("b", "PTX", "1", "", 50.0), excluded=True)
    ptx = of_group(grouped(empty_folder).summary, "PTX")
    assert ptx["n"] == 0
    assert math.isnan(ptx["mean"])


def test_one_replicate_has_a_mean_and_no_sd(empty_folder):
    rows(empty_folder, ("a", "DOX", "1", "", 10.0))
    dox = of_group(grouped(empty_folder).summary, "DOX")
    assert dox["mean"] == 10.0
    assert math.isnan(dox["sd"])


@pytest.mark.parametrize("nothing", [math.nan, math.inf, -math.inf, None])
def test_replicate_without_a_finite_value_is_neither_counted_nor_hidden(empty_folder, nothing):
    rows(empty_folder, ("a", "DOX", "1", "", 10.0), ("b", "DOX", "2", "", nothing))
    found = grouped(empty_folder)
    dox = of_group(found.summary, "DOX")
    assert (dox["n"], dox["mean"]) == (1, 10.0)
    assert found.notes == ("1 replicate without a finite value, not in mean and n: b.",)


def test_subject_tells_replicates_apart_when_no_number_is_given(empty_folder):
    for subject, value in (("P1", 1.0), ("P1", 3.0), ("P2", 6.0)):
        name = f"s{len(empty_folder['samples'])}"
        empty_folder.sample(name, treatment="DOX", subject=subject, technical_replicate=name)
        empty_folder.number(name, "share", value)
    dox = of_group(grouped(empty_folder).summary, "DOX")
    assert (dox["n"], dox["mean"]) == (2, pytest.approx(4.0))


def test_rows_averaged_without_being_called_technical_replicates_are_named(empty_folder):
    rows(empty_folder, ("a", "DOX", "1", "", 10.0), ("b", "DOX", "1", "", 20.0), ("c", "DOX", "2", "", 5.0))
    notes = grouped(empty_folder).notes
    assert len(notes) == 1
    assert "a and b" in notes[0]


def test_unstained_tube_of_a_treatment_does_not_enter_its_group(empty_folder):
    rows(empty_folder, ("a", "DOX", "1", "", 10.0), ("b", "DOX", "2", "", 20.0))
    rows(empty_folder, ("u", "DOX", "", "", 90.0), control_role="unstained")
    found = grouped(empty_folder)
    assert of_group(found.summary, "DOX")["mean"] == pytest.approx(15.0)
    assert "unstained 1" in found.notes[0]


def test_vehicle_control_is_a_group_of_its_own(empty_folder):
    rows(empty_folder, ("a", "DOX", "1", "", 10.0))
    rows(empty_folder, ("v", "control", "1", "", 2.0), ("w", "control", "2", "", 4.0), control_role="vehicle")
    control = of_group(grouped(empty_folder).summary, "control")
    assert (control["n"], control["mean"]) == (2, pytest.approx(3.0))


def declare(folder, *factors: str) -> None:
    """Add the run that says which factors the study declares."""
    folder.add("runs", run_id="r", started_at=START, factors=list(factors))


def two_lines(folder, **more) -> None:
    """Add cell lines A (5 each) and B (45 each) with biological replicates 1 to 3, all of one treatment."""
    for line, value in (("A", 5.0), ("B", 45.0)):
        tubes = [(f"{line}{i}", "ctrl", str(i), "", value) for i in (1, 2, 3)]
        rows(folder, *tubes, cell_line=line, **more)


def test_rows_of_two_cell_lines_are_never_averaged_as_technical_replicates(empty_folder):
    two_lines(empty_folder)
    declare(empty_folder, "treatment")
    found = grouped(empty_folder)
    ctrl = of_group(found.summary, "ctrl")
    assert (ctrl["n"], ctrl["mean"]) == (6, pytest.approx(25.0))
    assert ctrl["sd"] == pytest.approx(math.sqrt(6 * 20**2 / 5))  # 21.9, not 0
    assert found.notes == (
        "This group mixes cell lines A and B. Such rows are counted as different replicates, and mean and SD "
        "go over all of them. Add cell_line to the factors of the study to tell them apart.",
    )


def test_excluded_and_valueless_rows_mix_nothing(empty_folder):
    rows(empty_folder, ("a", "DOX", "1", "", 5.0), ("b", "DOX", "2", "", 7.0), cell_line="A")
    rows(empty_folder, ("c", "DOX", "1", "", 45.0), cell_line="B", excluded=True)
    rows(empty_folder, ("d", "DOX", "1", "", math.nan), cell_line="C")
    found = grouped(empty_folder)
    dox = of_group(found.summary, "DOX")
    assert (dox["n"], dox["mean"], dox["sd"]) == (2, 6.0, pytest.approx(math.sqrt(2)))
    assert found.notes == ("1 replicate without a finite value, not in mean and n: d.",)


@pytest.mark.parametrize(
    ("one", "two", "said"),
    [
        ({"time_h": 24.0}, {"time_h": 48.0}, "times 24 h and 48 h"),
        ({"dose": 10.0, "dose_unit": "uM"}, {"dose": 2.0, "dose_unit": "uM"}, "doses 2 uM and 10 uM"),
        ({"dose": 10.0, "dose_unit": "uM"}, {"dose": 10.0, "dose_unit": "nM"}, "doses 10 uM and 10 nM"),
        ({"cell_line": "MCF-7"}, {"cell_line": ""}, "cell lines MCF-7 and (empty)"),
    ],
)
def test_rows_that_differ_in_a_common_factor_are_replicates_of_their_own(empty_folder, one, two, said):
    rows(empty_folder, ("a", "DOX", "1", "1", 10.0), ("b", "DOX", "1", "2", 20.0), **one)
    rows(empty_folder, ("c", "DOX", "1", "1", 45.0), **two)
    found = grouped(empty_folder)
    dox = of_group(found.summary, "DOX")
    assert (dox["n"], dox["mean"]) == (2, pytest.approx(30.0))  # of 15 and 45
    assert found.notes[0].startswith(f"This group mixes {said}. ")


def test_recipient_wells_of_two_preparations_are_two_replicates_and_no_warning(empty_folder):
    rows(empty_folder, ("a", "DOX", "1", "", 10.0), parent_sample="exo_1")
    rows(empty_folder, ("b", "DOX", "1", "", 30.0), parent_sample="exo_2")
    found = grouped(empty_folder)
    assert (of_group(found.summary, "DOX")["n"], found.notes) == (2, ())


def test_batch_separates_one_subject_only_where_no_biological_replicate_is_given(empty_folder):
    for treatment, biological in (("DOX", ""), ("PTX", "1")):
        for day, value in (("mon", 10.0), ("tue", 30.0)):
            tube = (f"{treatment}{day}", treatment, biological, day, value)
            rows(empty_folder, tube, subject="P1", batch=day)
    found = grouped(empty_folder)
    assert [of_group(found.summary, name)["n"] for name in ("DOX", "PTX")] == [2, 1]
    assert len(found.notes) == 1
    assert "once per batch" in found.notes[0]
    assert "DOXmon and DOXtue" in found.notes[0]


def test_subject_and_preparation_of_the_same_name_are_two_replicates(empty_folder):
    rows(empty_folder, ("a", "DOX", "", "", 10.0), subject="1")
    rows(empty_folder, ("b", "DOX", "", "", 30.0), preparation="1")
    rows(empty_folder, ("1", "DOX", "", "", 50.0))
    assert of_group(grouped(empty_folder).summary, "DOX")["n"] == 3


def test_only_the_groups_that_mix_are_named_and_marked_in_the_table(empty_folder):
    two_lines(empty_folder)
    rows(empty_folder, ("d", "DOX", "1", "", 9.0), cell_line="A")
    declare(empty_folder, "treatment")
    assert grouped(empty_folder).notes[0].startswith("The group ctrl mixes cell lines A and B. ")
    marked = {row.levels: row.mixes for row in grids(apoptosis(empty_folder)).groups[0].rows}
    assert marked == {("ctrl",): ("mixes cell lines A and B",), ("DOX",): ()}


def test_a_mixed_group_is_said_under_the_figure_and_in_the_table_of_the_page(empty_folder):
    two_lines(empty_folder)
    declare(empty_folder, "treatment")
    text = build_report(empty_folder.write()).read_text("utf-8")
    assert "This group mixes cell lines A and B." in text
    assert '<span class="mixes">! mixes cell lines A and B</span>' in text


def test_a_figure_over_fewer_factors_points_at_the_table_that_tells_them_apart(empty_folder):
    two_lines(empty_folder)
    declare(empty_folder, "treatment", "cell_line")
    assert grouped(empty_folder).notes[0].endswith("The table by group tells them apart.")
    both = grouped(empty_folder, factors=("treatment", "cell_line"))
    assert both.summary["n"].tolist() == [3, 3]
    assert both.summary["mean"].tolist() == [5.0, 45.0]
    assert both.notes == ()


def test_groups_that_mix_different_things_are_told_one_by_one(empty_folder):
    for place, name in enumerate(("A", "B", "C", "D", "E")):
        for dose in (1.0, 2.0 + place):
            tube = (f"{name}{dose}", name, "1", "", dose)
            rows(empty_folder, tube, dose=dose, dose_unit="uM")
    note = grouped(empty_folder).notes[0]
    assert note.startswith(
        "The group A mixes doses 1 uM and 2 uM; the group B mixes doses 1 uM and 3 uM; "
        "the group C mixes doses 1 uM and 4 uM; 2 more groups mix others. "
    )


def vehicle_and_plain(folder, *, excluded: str = "", **flag: bool) -> None:
    """Add c1 = 3 (vehicle), c2 = 6 and c3 = 12 (plain), all of the treatment ctrl."""
    for i, value in ((1, 3.0), (2, 6.0), (3, 12.0)):
        name = f"c{i}"
        role = {"control_role": "vehicle", **flag} if i == 1 else {"counts_as_sample": True}
        rows(folder, (name, "ctrl", str(i), "", value), excluded=name == excluded, **role)


@pytest.mark.parametrize(
    ("excluded", "n", "mean", "sd"),
    [
        ("", 3, 7.0, math.sqrt(21.0)),  # of 3, 6, 12
        ("c1", 2, 9.0, math.sqrt(18.0)),  # of 6, 12
        ("c2", 2, 7.5, math.sqrt(40.5)),  # of 3, 12
    ],
)
def test_a_control_that_counts_as_sample_has_its_n_beside_plain_rows(empty_folder, excluded, n, mean, sd):
    vehicle_and_plain(empty_folder, excluded=excluded, counts_as_sample=True)
    found = grouped(empty_folder)
    ctrl = of_group(found.summary, "ctrl")
    assert (ctrl["n"], ctrl["mean"], ctrl["sd"]) == (n, pytest.approx(mean), pytest.approx(sd))
    assert found.notes == ()


@pytest.mark.parametrize("flag", [{}, {"counts_as_sample": False}])
def test_a_control_that_is_not_said_to_count_gives_way_to_plain_rows(empty_folder, flag):
    vehicle_and_plain(empty_folder, **flag)
    found = grouped(empty_folder)
    assert (of_group(found.summary, "ctrl")["n"], of_group(found.summary, "ctrl")["mean"]) == (2, 9.0)
    assert found.notes == ("Control rows with a value that stand in the table of samples only: vehicle 1.",)


def test_an_unstained_tube_stays_out_even_where_every_sample_of_its_group_is_excluded(empty_folder):
    vehicle = {"control_role": "vehicle", "counts_as_sample": True}
    rows(empty_folder, ("v", "ctrl", "1", "", 3.0), excluded=True, **vehicle)
    rows(empty_folder, ("u", "ctrl", "", "", 90.0), control_role="unstained", counts_as_sample=False)
    assert of_group(grouped(empty_folder).summary, "ctrl")["n"] == 0


def test_a_vehicle_row_makes_a_factor_where_no_run_declares_one(empty_folder):
    rows(empty_folder, ("a", "DOX", "1", "", 9.0), ("b", "DOX", "2", "", 9.0))
    rows(empty_folder, ("v", "ctrl", "1", "", 3.0), control_role="vehicle", counts_as_sample=True)
    assert apoptosis(empty_folder).factors == ("treatment",)


def test_a_vehicle_tube_without_a_number_is_a_sample_without_a_number(empty_folder):
    vehicle_and_plain(empty_folder, counts_as_sample=True)
    empty_folder.rows["measurements"] = [row for row in empty_folder["measurements"] if row["sample"] != "c1"]
    tables, _ = load(empty_folder.write())
    concern = next(one for one in concerns(tables) if one.code == "no_number")
    assert [item.sample for item in concern.items] == ["c1"]


def test_levels_that_differ_in_a_late_digit_stay_two_levels(empty_folder):
    rows(empty_folder, ("a", "DOX", "1", "", 1.0), dose=20261118.0)
    rows(empty_folder, ("b", "DOX", "1", "", 3.0), dose=20261119.0)
    summary = grouped(empty_folder, factors=("dose",)).summary
    assert summary["dose"].tolist() == ["20261118", "20261119"]


def test_two_factors_make_one_group_per_pair(empty_folder):
    for line, treatment, value in (("MCF-7", "DOX", 1.0), ("MCF-7", "PTX", 2.0), ("MDA", "DOX", 4.0)):
        rows(empty_folder, (f"{line}{treatment}", treatment, "1", "", value), cell_line=line)
    summary = grouped(empty_folder, factors=("treatment", "cell_line")).summary
    assert summary[["treatment", "cell_line", "mean"]].to_numpy().tolist() == [
        ["DOX", "MCF-7", 1.0],
        ["DOX", "MDA", 4.0],
        ["PTX", "MCF-7", 2.0],
    ]


def test_groups_stand_in_the_order_of_the_sheet_and_doses_by_size(empty_folder):
    for dose in (10.0, 2.0, 100.0):
        rows(empty_folder, (f"d{dose}", "DOX", "1", "", dose), dose=dose, dose_unit="uM")
    rows(empty_folder, ("z", "control", "1", "", 0.0), dose=0.0, dose_unit="uM")
    assert list(grouped(empty_folder).summary["treatment"]) == ["DOX", "control"]
    doses = list(grouped(empty_folder, factors=("dose",)).summary["dose"])
    assert doses == ["0 uM", "2 uM", "10 uM", "100 uM"]


def test_factors_are_inferred_where_no_run_declares_them(empty_folder):
    rows(
        empty_folder, ("a", "DOX", "1", "", 1.0), ("b", "PTX", "1", "", 1.0), medium="RPMI", cell_line="T47D"
    )
    rows(empty_folder, ("c", "PTX", "2", "", 1.0), medium="DMEM", cell_line="MDA")
    pipeline = apoptosis(empty_folder)
    assert pipeline.factors == ("treatment", "cell_line", "medium")


def test_numbers_in_another_unit_are_never_averaged_together(empty_folder):
    rows(empty_folder, ("a", "DOX", "1", "", 50.0), ("b", "DOX", "2", "", 0.5))
    empty_folder["measurements"][1]["unit"] = "1"
    assert [one.unit for one in apoptosis(empty_folder).series] == ["%", "1"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=4), min_size=2, max_size=6))
def test_group_mean_equals_the_mean_of_the_means_of_tubes(cultures: list[list[float]]):
    values = pd.DataFrame(
        [
            {
                "sample": f"{i}.{j}",
                "subject": "",
                "preparation": "",
                "biological_replicate": str(i),
                "technical_replicate": str(j),
                "excluded": False,
                "qc": "ok",
                "value": value,
                "g": "DOX",
            }
            for i, tubes in enumerate(cultures)
            for j, value in enumerate(tubes)
        ]
    )
    values["g"] = pd.Categorical(values["g"])
    summary = groups.group_summary(groups.replicates(values, ("g",)), ("g",))
    means = [np.mean(tubes) for tubes in cultures]
    assert summary["mean"].iloc[0] == pytest.approx(np.mean(means), rel=1e-9, abs=1e-6)
    assert summary["sd"].iloc[0] == pytest.approx(np.std(means, ddof=1), rel=1e-6, abs=1e-6)
    assert summary["n"].iloc[0] == len(cultures)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, "–"),
        (None, "–"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (0.0, "0"),
        (12345.0, "12,345"),
        (12.3456, "12.35"),
        (0.5, "0.5000"),
        (2.5e8, "2.50 × 10⁸"),
        (-3.2e-7, "-3.20 × 10⁻⁷"),
        (99.999, "100.00"),
        (0.03125, "0.03125"),
        (0.0012, "0.001200"),
    ],
)
def test_numbers_are_written_for_a_reader(value, text):
    assert words.number(value) == text


def test_columns_share_their_decimals_and_tiny_numbers_keep_two_digits():
    places = words.decimals_of([91.7, 3.86, 0.0012], "%")
    assert [words.in_column(value, places) for value in (91.7, 3.86, 0.0012)] == ["91.70", "3.86", "0.0012"]


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_number_has_a_text_that_reads_back_close(value: float):
    text = words.number(value)
    assert text
    if math.isfinite(value) and 1e-3 <= abs(value) < 1e7:
        assert float(text.replace(",", "")) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize(
    ("ucum", "shown"),
    [
        ("%", "%"),
        ("{events}", "events"),
        ("1", ""),
        ("um", "µm"),
        ("{particles}/mL", "particles/mL"),
        ("ug/uL", "µg/µL"),
        ("", ""),
    ],
)
def test_units_are_written_as_on_an_axis(ucum, shown):
    assert words.unit_words(ucum) == shown


def test_json_that_is_broken_or_of_another_kind_is_taken_as_empty():
    read: Callable[[str], object] = lambda text: words.from_json(text, {})  # noqa: E731
    assert [read(text) for text in ("", "{", "[1]", '{"a": 1}')] == [{}, {}, {}, {"a": 1}]


def test_a_factor_that_only_another_analysis_fills_in_makes_no_groups() -> None:
    samples = pd.DataFrame({"treatment": ["control", "DOX"], "time_h": [np.nan, np.nan], "medium": ["", ""]})
    assert groups.study_factors(["treatment", "time_h", "medium", "unknown"], samples) == ("treatment",)
    assert groups.study_factors(["medium"], samples) == ("medium",)
