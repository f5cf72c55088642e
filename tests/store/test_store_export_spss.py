"""SPSS files come back cell by cell from pyreadstat; what SPSS cannot hold is said beside them."""

from __future__ import annotations

import math
import re
import struct
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.io.errors import StoreError
from exoraw.store.export import export
from exoraw.store.export.analysed import meanings
from exoraw.store.export.cells import number_text
from exoraw.store.export.signs import NUL, Remarks, with_signs
from exoraw.store.export.spss import LARGEST, LONGEST_TEXT, number_format, spss_sheet, write_sav
from exoraw.store.export.spss_names import LONGEST_NAME, spss_names

HOSTILE = [
    "=1+1",
    "-DOX",
    "ä µ Ω 漢字 😀",
    "x" * 300,
    " leading",
    "",
    "a\tb\r\nc",
    "a\0b",
    "'q",
    '"',
    "🧬" * 80,
]
NUMBERS = [0.0, -0.0, 1e-300, 5e-324, -1.5, 1e308, 0.1, 1 / 3, math.inf, -math.inf, math.nan, None]


def back(name: str, table: pa.Table) -> tuple[list[list[object]], object, Remarks]:
    """Return columns, metadata and remarks of a table that went through a file."""
    remarks = Remarks()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.sav"
        write_sav(pyreadstat, path, spss_sheet(name, table, remarks), name)
        frame, meta = pyreadstat.read_sav(str(path))
    return [frame.iloc[:, place].tolist() for place in range(frame.shape[1])], meta, remarks


def same(found: float, expected: float | None) -> bool:
    if expected is None or math.isnan(expected):
        return math.isnan(found)
    return struct.pack("<d", found) == struct.pack("<d", expected)


def test_hostile_cells_come_back_and_what_spss_cannot_hold_stands_beside():
    cells = [*HOSTILE, None]
    table = pa.table({"=text": cells, "IC50 (nM)": pa.array(NUMBERS, pa.float64())})
    (texts, numbers, beside), meta, remarks = back("wide_x", table)
    assert texts == [with_signs(cell or "", NUL).rstrip(" ") for cell in cells]
    for found, value in zip(numbers, NUMBERS, strict=True):
        assert same(found, None if value is None or math.isinf(value) else value)
    assert [cell for cell in beside if cell] == ["Inf", "-Inf"]
    assert meta.column_names == ["text", "IC50_nM", "IC50_nM_text"]
    assert meta.column_labels == ["=text", "IC50 (nM)", "IC50 (nM) text"]
    assert any("␀" in line for line in remarks.lines)
    assert 'wide_x: "IC50 (nM)" has 2 numbers that SPSS cannot hold; see its _text.' in remarks.lines


@given(
    st.lists(
        st.tuples(st.text(max_size=40), st.one_of(st.sampled_from(NUMBERS), st.floats())),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=100, deadline=None)
def test_every_text_and_number_comes_back_or_is_said(rows):
    texts, values = [text for text, _ in rows], [value for _, value in rows]
    columns, _, remarks = back("wide_x", pa.table({"t": texts, "v": pa.array(values, pa.float64())}))
    assert columns[0] == [with_signs(text, NUL).rstrip(" ") for text in texts]
    lost = [v is not None and not math.isnan(v) and abs(v) >= LARGEST for v in values]
    for found, value, gone in zip(columns[1], values, lost, strict=True):
        assert same(found, None if gone else value)
    if any(lost):
        assert columns[2] == [number_text(v) if gone else "" for v, gone in zip(values, lost, strict=True)]
        assert any("cannot hold" in line for line in remarks.lines)
    else:
        assert len(columns) == 2


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_whole_numbers_come_back_or_stand_as_text(values):
    columns, _, _ = back("wide_x", pa.table({"n": pa.array(values, pa.int64())}))
    for place, value in enumerate(values):
        if value is not None and abs(value) > 2**53:
            assert columns[1][place] == str(value)
            assert math.isnan(columns[0][place])
        else:
            assert same(columns[0][place], None if value is None else float(value))


@given(st.lists(st.text(max_size=90), max_size=12))
def test_names_are_legal_and_unique_whatever_the_headings(headings):
    names = spss_names(headings)
    assert len(names) == len(headings)
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert 1 <= len(name.encode()) <= LONGEST_NAME
        assert name[0].isalpha()
        assert all(c == "_" or c.isalnum() or (c.isalpha() and c <= "\uffff") for c in name)
        assert name.upper() not in {
            "ALL",
            "AND",
            "BY",
            "EQ",
            "GE",
            "GT",
            "LE",
            "LT",
            "NE",
            "NOT",
            "OR",
            "TO",
            "WITH",
        }


def test_names_stay_as_near_to_the_heading_as_spss_allows():
    headings = [
        "value",
        "Value",
        "live (%)",
        "live [%]",
        "2nd",
        "_x",
        "with",
        "µ-Müller 😀",
        "",
        "x" * 80,
        "x" * 81,
    ]
    assert spss_names(headings) == [
        "value", "Value_2", "live", "live_2", "v_2nd", "x", "v_with", "µ_Müller", "v",
        "x" * 64, "x" * 62 + "_2",
    ]  # fmt: skip


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_spss_writer_takes_every_name_and_label(heading):
    (cells,), meta, _ = back("wide_x", pa.table({heading: ["a"]}))
    assert cells == ["a"]
    assert meta.column_names == spss_names([heading])
    label = meanings("wide_x").get(heading, heading)  # what the schema knows, else the heading
    assert (meta.column_labels[0] or "").rstrip(" ") == with_signs(label, NUL).rstrip(" ")


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), min_size=1, max_size=6))
def test_no_number_but_zero_is_shown_as_zero(values):
    found = re.fullmatch(r"([FE])(\d+)\.(\d+)", number_format(values))
    width, decimals = int(found[2]), int(found[3])
    assert width <= 40
    assert decimals <= 16
    for value in values:
        shown = f"{value:.{decimals}f}" if found[1] == "F" else f"{value:.{decimals}E}"
        assert value == 0 or float(shown) != 0
        assert len(shown) <= width


def test_tiny_ic50_has_an_exponent_and_a_percentage_a_decimal_point():
    assert number_format([3e-9, 2.0]).startswith("E")
    assert number_format([12.5, 0.25]) == "F8.4"
    assert number_format([7.0, 8000.0]) == "F8.0"
    assert number_format([]) == "F8.0"


def test_text_longer_than_spss_allows_is_cut_at_a_letter_and_said():
    (cells,), _, remarks = back("findings", pa.table({"message": ["short", "ä" * 20_000]}))
    assert cells[0] == "short"
    assert LONGEST_TEXT - 2 <= len(cells[1].encode()) <= LONGEST_TEXT
    assert cells[1].endswith("ä [cut: see notes.txt]")
    assert "findings: message: cut after 32,767 bytes in row 2; the CSV export has it all." in remarks.lines


def test_yes_and_no_have_value_labels_and_missing_stays_missing():
    (cells,), meta, _ = back("samples", pa.table({"excluded": [True, False, None]}))
    assert cells[:2] == [1.0, 0.0]
    assert math.isnan(cells[2])
    assert meta.variable_value_labels == {"excluded": {0.0: "no", 1.0: "yes"}}


def test_lists_and_times_are_texts():
    table = pa.table({"files": [["a", "b"], None], "at": [datetime(2026, 11, 21, tzinfo=UTC), None]})
    columns, _, _ = back("wide_x", table)
    assert columns == [["a; b", ""], ["2026-11-21T00:00:00Z", ""]]


def test_table_without_rows_keeps_the_types_of_its_columns():
    table = pa.table({"a": pa.array([], pa.string()), "b": pa.array([], pa.float64())})
    columns, meta, _ = back("wide_x", table)
    assert columns == [[], []]
    assert [kind[0] for kind in meta.original_variable_types.values()] == ["A", "F"]


def test_study_has_a_file_per_table_with_labels_from_the_schema(filled):
    paths = {path.name: path for path in export(filled.open(), "spss")}
    assert {"measurements.sav", "wide_flow.sav", "samples.sav", "comparisons.sav", "notes.txt"} <= set(paths)
    frame, meta = pyreadstat.read_sav(str(paths["measurements.sav"]))
    table = filled.open().joined()
    assert frame["value"].tolist() == table["value"].to_pylist()
    assert frame["sample"].tolist() == table["sample"].to_pylist()
    assert frame["treatment"].tolist() == table["treatment"].to_pylist()
    assert meta.column_names_to_labels["value"] == "the number, in `unit`"
    assert meta.column_names_to_labels["treatment"] == "treatment"
    assert meta.original_variable_types["value"] == "E20.12"
    notes = paths["notes.txt"].read_text("utf-8")
    assert 'wide_flow: late_apoptotic is the column "late_apoptotic (%)".' in notes


def test_redacted_spss_files_name_nobody(filled, tmp_path):
    for path in export(filled.open(), "spss", tmp_path, redact=True):
        if path.suffix == ".sav":
            frame, meta = pyreadstat.read_sav(str(path))
            content = frame.to_csv() + str(meta.column_labels)
        else:
            content = path.read_text("utf-8")
        assert "Meier" not in content
        assert "P12" not in content


def test_absent_package_is_said_with_the_command_that_installs_it(filled, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(StoreError, match=r'package pyreadstat.*pip install "exoraw\[export\]"'):
        export(filled.open(), "spss")
