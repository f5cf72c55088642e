"""Exports come back from independent readers cell by cell, whatever the cells hold."""

from __future__ import annotations

import csv
import io
import math
import re
import subprocess
import sys
import textwrap

import pandas as pd
import pyarrow as pa
import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as st

from exoraw.io.errors import StoreError
from exoraw.store.export import export
from exoraw.store.export.cells import csv_cell, escaped, looks_like_formula, number_text, unescaped
from exoraw.store.export.text import csv_text
from exoraw.store.export.workbook import LONGEST_TEXT, Workbook

TEXTS = [
    "=1+1", "+A1", "-DOX", "@SUM(1)", "\t=1", "\r=1", "'=quoted", "''=twice", "'plain", "-1.5", "+3e-4", "=",
    "-", "http://example.org/x", "mailto:a@b.c", "internal:Sheet1!A1", 'say "hi", twice', "two\nlines",
    "ä µ Ω 漢字 😀", "x" * 300, " leading", "trailing ", "_x0041_", "00123", "1e5", "TRUE", "NaN",
    "2026-11-20", ";", ",", "＝1",
]  # fmt: skip
NUMBERS = [
    0.0, -0.0, 1e-300, 5e-324, -1.5, 1.7976931348623157e308, 0.1, 1 / 3, math.inf, -math.inf, math.nan, None,
]  # fmt: skip


@pytest.fixture
def hostile() -> pa.Table:
    rows = max(len(TEXTS), len(NUMBERS))
    return pa.table(
        {
            "=text": TEXTS + [None] * (rows - len(TEXTS)),
            "real": pa.array((NUMBERS * 3)[:rows], pa.float64()),
            "whole": pa.array([None, -7, *range(rows - 2)], pa.int64()),
            "flag": pa.array([True, False, None, *[True] * (rows - 3)]),
            "list": pa.array([["a", "b"], [], None, *[["="]] * (rows - 3)]),
        }
    )


def _same_number(found: object, expected: float | None, relative: float) -> bool:
    if expected is None or math.isnan(expected):
        return found in ("", None)
    return isinstance(found, float) and math.isclose(found, expected, rel_tol=relative, abs_tol=0.0)


@given(st.text())
def test_escaped_text_comes_back_and_never_starts_like_a_formula(text):
    assert unescaped(escaped(text)) == text
    assert not looks_like_formula(escaped(text)) or escaped(text).startswith("'")
    assert not escaped(text).startswith(("=", "@", "\t", "\r"))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_in_csv_is_the_same_number_and_has_no_apostrophe(value):
    assert float(csv_cell(value)) == value
    assert not csv_cell(value).startswith("'")


def test_number_that_is_text_stays_a_number_and_other_signs_are_escaped():
    assert escaped("-1.5") == "-1.5"
    assert escaped("+3e-4") == "+3e-4"
    assert escaped("-DOX") == "'-DOX"
    assert escaped("-1.5+cmd") == "'-1.5+cmd"
    assert [number_text(value) for value in (math.inf, -math.inf, math.nan)] == ["Inf", "-Inf", ""]


def test_csv_comes_back_cell_by_cell(hostile):
    heading, *rows = csv.reader(io.StringIO(csv_text(hostile), newline=""))
    assert heading == ["'=text", "real", "whole", "flag", "list"]
    assert [unescaped(row[0]) for row in rows] == [text or "" for text in hostile["=text"].to_pylist()]
    for row, value in zip(rows, hostile["real"].to_pylist(), strict=True):
        assert _same_number(float(row[1].replace("Inf", "inf")) if row[1] else "", value, 0.0)
    assert [row[2] for row in rows] == ["" if v is None else str(v) for v in hostile["whole"].to_pylist()]
    assert [row[3] for row in rows][:3] == ["TRUE", "FALSE", ""]
    assert [row[4] for row in rows][:4] == ["a; b", "", "", "'="]


def test_csv_is_read_by_pandas_with_the_right_types(filled):
    files = {path.name: path for path in export(filled.open(), "csv")}
    numbers = pd.read_csv(files["measurements.csv"])
    assert numbers["value"].tolist() == filled.open().table("measurements")["value"].tolist()
    assert numbers["treatment"].tolist()[2] == "'-DOX"
    assert files["measurements.csv"].read_bytes().startswith(b"\xef\xbb\xbf")
    wide = pd.read_csv(files["wide_flow.csv"])
    assert wide["late_apoptotic (%)"].tolist() == [1.0, -0.25, 1e-300]
    assert wide["live population:all (%)"].tolist() == [99.0, 100.25, 100.0]
    assert wide["treatment"].tolist() == ["control", "'-DOX", "DOX"]


def test_csv_without_the_excel_mark(filled):
    paths = export(filled.open(), "csv", byte_order_mark=False)
    assert all(not path.read_bytes().startswith(b"\xef\xbb\xbf") for path in paths)


def _control_characters(text: str) -> str:
    """Undo the escapes of a workbook (_x000D_), which calamine before 0.4 leaves to its caller."""
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)


def test_workbook_comes_back_cell_by_cell(hostile, tmp_path):
    book = Workbook(tmp_path / "book.xlsx", tmp_path)
    book.add("hostile", hostile)
    book.close([("written by", "a test")])
    sheets = python_calamine.CalamineWorkbook.from_path(tmp_path / "book.xlsx")
    assert sheets.sheet_names == ["hostile", "about"]
    heading, *rows = sheets.get_sheet_by_name("hostile").to_python()
    assert heading == hostile.column_names
    for row, text in zip(rows, hostile["=text"].to_pylist(), strict=True):
        assert (text or "") in (row[0], _control_characters(row[0]))
    for row, value in zip(rows, hostile["real"].to_pylist(), strict=True):
        if value is not None and abs(value) > 1e308:  # Excel's cells end there
            assert row[1] == number_text(value)
        else:
            assert _same_number(row[1], value, 1e-15)
    assert [row[2] for row in rows][:3] == ["", -7, 0]
    assert [row[3] for row in rows][:3] == [True, False, ""]


def test_workbook_holds_no_formula_and_no_link(hostile, tmp_path):
    import zipfile

    book = Workbook(tmp_path / "book.xlsx", tmp_path)
    book.add("hostile", hostile)
    book.close([])
    with zipfile.ZipFile(tmp_path / "book.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        assert not any("rels" in name and "sheet1" in name for name in archive.namelist())
        styles = archive.read("xl/styles.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert 'quotePrefix="1"' in styles


def test_table_with_more_rows_than_a_sheet_is_split_with_a_remark(tmp_path):
    book = Workbook(tmp_path / "book.xlsx", tmp_path, most_rows=11, most_columns=2)
    book.add("measurements", pa.table({"a": range(25), "b": range(25), "c": range(25)}))
    book.close([])
    sheets = python_calamine.CalamineWorkbook.from_path(tmp_path / "book.xlsx")
    assert sheets.sheet_names == ["measurements", "measurements (2)", "measurements (3)", "about"]
    read = [sheets.get_sheet_by_name(name).to_python() for name in sheets.sheet_names]
    assert [len(rows) - 1 for rows in read[:3]] == [10, 10, 5]
    assert [row[0] for rows in read[:3] for row in rows[1:]] == list(range(25))
    remarks = " ".join(row[1] for row in read[3])
    assert "25 rows stand on 3 sheets" in remarks
    assert "the last 1 are left out" in remarks


def test_text_longer_than_a_cell_is_cut_and_says_so(tmp_path):
    book = Workbook(tmp_path / "book.xlsx", tmp_path)
    book.add("findings", pa.table({"message": ["x" * 40_000]}))
    book.close([])
    (_, row) = (
        python_calamine.CalamineWorkbook.from_path(tmp_path / "book.xlsx").get_sheet_by_index(0).to_python()
    )
    assert len(row[0]) == LONGEST_TEXT
    assert row[0].endswith("[cut: the whole text is in the .parquet file]")


def test_workbook_of_a_study_has_its_sheets_in_order(filled):
    (path,) = export(filled.open(), "xlsx")
    assert path == filled.results / "export" / "exoraw.xlsx"
    sheets = python_calamine.CalamineWorkbook.from_path(path)
    assert sheets.sheet_names == ["measurements", "wide flow", "findings", "samples", "vocabulary", "about"]
    heading, first, *_ = sheets.get_sheet_by_name("wide flow").to_python()
    row = dict(zip(heading, first, strict=True))
    assert (row["sample"], row["late_apoptotic (%)"]) == ("A1", 1.0)
    frame = pd.read_excel(path, sheet_name="measurements", engine="calamine")
    assert frame["sample"].tolist()[2] == "=1+1"


def test_workbook_of_an_empty_study_opens(lab):
    lab.publish([])
    (path,) = export(lab.open(), "xlsx")
    assert "measurements" in python_calamine.CalamineWorkbook.from_path(path).sheet_names


def test_parquet_export_is_equal_to_the_tables(filled, tmp_path):
    paths = {path.stem: path for path in export(filled.open(), "parquet", tmp_path)}
    assert paths["samples"] == tmp_path / "parquet" / "samples.parquet"
    for name in filled.open().names:
        assert pa.parquet.read_table(paths[name]).equals(filled.open().arrow(name))
    assert pa.parquet.read_table(paths["wide_flow"]).num_rows == 3


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_redacted_export_holds_no_name_in_any_byte_of_text(filled, kind, tmp_path):
    import zipfile

    for path in export(filled.open(), kind, tmp_path, redact=True):
        if kind == "xlsx":
            with zipfile.ZipFile(path) as archive:
                content = b"".join(archive.read(name) for name in archive.namelist())
        elif kind == "parquet":
            content = str(pa.parquet.read_table(path).to_pydict()).encode()
        else:
            content = path.read_bytes()
        assert b"Meier" not in content
        assert b"P12" not in content


def test_unknown_format_is_refused_with_the_known_ones(filled):
    with pytest.raises(StoreError, match="csv, parquet, xlsx, prism, spss, r, h5ad, crate"):
        export(filled.open(), "docx")


def test_two_kinds_of_number_with_the_same_heading_get_two_columns(lab, make_table, make_number):
    lab.sample("A1")
    numbers = [
        make_number("A1", 1.0, "live", target="x y"),
        make_number("A1", 2.0, "live", entity="x", target="y"),
    ]
    lab.task("A1", {"measurements": make_table("measurements", numbers)})
    lab.publish()
    wide = pd.read_csv(next(path for path in export(lab.open(), "csv") if path.name == "wide_flow.csv"))
    assert wide["live x y (%)"].tolist() == [1.0]
    assert wide["live x y (%) #2"].tolist() == [2.0]


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is POSIX")
def test_full_disk_during_an_export_or_publication_is_said_and_leaves_no_temporary_file(filled, make_table):
    ids = [f"{i:060d}" for i in range(40_000)]
    filled.task("big", {"objects_flow": pa.table({"object_id": ids, "sample": ids})})
    filled.publish()
    program = textwrap.dedent(
        """
        import resource, sys
        from pathlib import Path
        import exoraw
        from exoraw.store.commit import DiskFull
        from exoraw.store.export import export
        from exoraw.store.index import committed
        from exoraw.store.schemas import TABLES
        from exoraw.store.view import publish
        root = Path(sys.argv[1])
        names = ("samples", "files", "vocabulary", "findings")
        empty = {name: TABLES[name].schema.empty_table() for name in names}
        rows = list(committed(root).values())
        (root / "objects_flow.parquet").unlink()
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))
        results = exoraw.open(root)
        for work in (
            lambda: publish(root, rows, **empty, final=True),
            lambda: export(results, "csv"),
            lambda: export(results, "parquet"),
            lambda: export(results, "xlsx"),
        ):
            try:
                work()
            except DiskFull as error:
                print("full:", error)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(filled.results)], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("larger than this disk or account allows") == 4
    assert list(filled.results.rglob("*.tmp")) == []
    assert {path.name for path in (filled.results / "export").iterdir()} == {"csv", "parquet"}
    assert len(filled.open().table("measurements")) == 6
