"""A results folder opened in Python: types, factors, exclusions, and clear words where it is not one."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import exoraw
from exoraw.io.errors import StoreError
from exoraw.store.results import Results
from exoraw.store.schemas import MEASUREMENTS


def test_exoraw_open_returns_the_tables(filled):
    results = exoraw.open(str(filled.results))
    assert isinstance(results, Results)
    assert len(results.table("measurements")) == 6
    assert "measurements" in results.names


def test_importing_exoraw_imports_neither_pandas_nor_pyarrow():
    program = "import sys, exoraw; print(sorted({'pandas', 'pyarrow', 'numpy', 'dask'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_unknown_attribute_of_the_package_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'opem'"):
        exoraw.opem  # noqa: B018
    assert {"open", "run", "plan"} <= set(dir(exoraw))


def test_types_in_pandas_do_not_depend_on_empty_cells(filled):
    numbers = filled.open().table("measurements")
    assert numbers["value"].dtype == np.dtype("float64")
    assert numbers["n"].dtype == pd.Int64Dtype()
    assert numbers["n"].tolist()[:2] == [4, pd.NA]
    assert numbers["curated"].dtype == pd.BooleanDtype()
    assert pd.api.types.is_string_dtype(numbers["sample"])
    assert numbers["qc_codes"].tolist() == [[]] * 6
    tasks = filled.open().table("tasks")
    assert isinstance(tasks["started_at"].dtype, pd.DatetimeTZDtype)


def test_empty_table_has_the_same_types_as_a_filled_one(lab, filled):
    full = filled.open().table("measurements").dtypes
    filled.publish([])
    assert filled.open().table("measurements").dtypes.equals(full)


def test_factors_are_joined_by_pipeline_and_sample(filled):
    numbers = filled.open().measurements()
    assert numbers["treatment"].tolist() == ["control"] * 2 + ["-DOX"] * 2 + ["DOX"] * 2
    assert numbers["excluded"].tolist() == [False] * 4 + [True] * 2
    assert "dose" not in numbers  # empty for every sample
    assert len(filled.open().measurements(with_samples=False).columns) == len(MEASUREMENTS.fields)


def test_numbers_of_excluded_samples_are_marked_dropped_or_alone(filled):
    results = filled.open()
    assert len(results.measurements()) == 6
    assert set(results.measurements(excluded="drop")["sample"]) == {"A1", "=1+1"}
    assert set(results.measurements(excluded="only")["sample"]) == {"µ-Müller 😀"}
    assert len(results.measurements(with_samples=False, excluded="drop")) == 4


def test_number_of_something_that_is_no_sheet_row_stays_with_empty_factors(filled, make_table, make_number):
    filled.task("batch 1", {"measurements": make_table("measurements", [make_number("batch 1", 1.0)])})
    filled.publish()
    row = filled.open().measurements().set_index("sample").loc["batch 1"]
    assert pd.isna(row["treatment"])


def test_sheet_column_called_like_a_number_column_gets_another_name(lab):
    lab.sample("A1", unit="ward 3", value="x")
    lab.task("A1")
    lab.publish()
    numbers = lab.open().measurements()
    assert numbers["unit"].tolist() == ["%"]
    assert numbers["sheet_unit"].tolist() == ["ward 3"]
    assert numbers["sheet_value"].tolist() == ["x"]


def test_objects_of_an_assay_that_has_none_are_an_error_with_what_there_is(filled):
    with pytest.raises(StoreError, match=r'no table "objects_flow"\. There are: .*measurements'):
        filled.open().objects("flow")
    with pytest.raises(StoreError, match="Did you mean measurements"):
        filled.open().table("measurments")


def test_findings_can_be_asked_for_by_severity(filled):
    assert filled.open().findings("error")["code"].tolist() == ["no_events"]
    assert len(filled.open().findings("info")) == 0
    assert len(filled.open().findings()) == 1


def test_summary_in_a_notebook_shows_failures_first_and_escapes_them(filled):
    page = filled.open()._repr_html_()
    assert page.index("annexin/gate/B1 (failed)") < page.index("3 tasks ok")
    assert "<b>no events</b>" not in page
    assert "&lt;b&gt;no events&lt;/b&gt;" in page
    assert repr(filled.open()).startswith("Results(")


def test_another_schema_major_is_refused_with_the_command_that_recomputes(filled):
    path = filled.results / "exoraw.json"
    content = json.loads(path.read_text())
    content["schema"]["major"] = 2
    path.write_text(json.dumps(content))
    with pytest.raises(StoreError, match=r"tables of version 2; .* reads version 1.*exoraw run"):
        filled.open()


def test_newer_minor_version_is_read(filled):
    path = filled.results / "exoraw.json"
    content = json.loads(path.read_text())
    content["schema"]["minor"] = 99
    content["added_later"] = 1
    path.write_text(json.dumps(content))
    assert len(filled.open().table("measurements")) == 6


def test_folder_that_is_no_results_folder_is_named_with_the_one_that_probably_is(filled):
    with pytest.raises(StoreError, match=r"here probably .*results"):
        Results(filled.results.parent)
    with pytest.raises(StoreError, match="there is no such folder"):
        Results(filled.results / "nowhere")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"schema": 1, "exoraw": ""}', "\x00"])
def test_damaged_manifest_is_said(filled, content):
    (filled.results / "exoraw.json").write_text(content)
    with pytest.raises(StoreError, match=r"exoraw\.json"):
        filled.open()


def test_damaged_table_is_named(filled):
    (filled.results / "measurements.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(StoreError, match=r"measurements\.parquet cannot be read"):
        filled.open().table("measurements")
