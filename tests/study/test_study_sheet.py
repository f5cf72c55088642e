"""Sample sheets as people save them: separators, encodings, headers, blanks, workbooks."""

from __future__ import annotations

import codecs
import csv
import datetime
import io
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exoraw.io.errors import StudyError
from exoraw.study import grid as grid_module
from exoraw.study.cells import column_letter
from exoraw.study.grid import csv_grid, read_grids
from exoraw.study.sheet import COMMON_COLUMNS, Sheet, read_sheet, sheet_from_grid

GERMAN = "Sample;File;Cell line;Dose;dose_unit\nA;a.fcs;MDA-MB-231;0,5;µM\n"


def sheet_of(data: str | bytes, known: tuple[str, ...] = ()) -> Sheet:
    content = data.encode() if isinstance(data, str) else data
    return sheet_from_grid(csv_grid(content, "samples.csv"), (*COMMON_COLUMNS, *known))


def cells_of(sheet: Sheet) -> list[dict[str, str]]:
    return [dict(row.cells) for row in sheet.rows]


def errors(sheet: Sheet) -> list[str]:
    return [str(problem) for problem in sheet.problems if problem.severity == "error"]


def remarks(sheet: Sheet) -> str:
    return "\n".join(str(problem) for problem in sheet.problems)


@pytest.mark.parametrize(
    "data",
    [
        GERMAN.encode(),
        codecs.BOM_UTF8 + GERMAN.replace("\n", "\r\n").encode(),
        GERMAN.encode("cp1252"),
        codecs.BOM_UTF16_LE + GERMAN.replace(";", "\t").encode("utf-16-le"),
        GERMAN.replace(",", "§").replace(";", ",").replace("0§5", '"0,5"').encode(),
        b"sep=;\r\n" + GERMAN.encode(),
        GERMAN.replace("\n", "\r").encode(),
        b"\n;;;;\n" + GERMAN.encode() + b";;;;\n;;;;\n\n",
        GERMAN.replace("\n", ";;;\n").encode(),
    ],
    ids=[
        "plain",
        "excel-utf8",
        "excel-german",
        "unicode-text",
        "quoted-commas",
        "sep-line",
        "old-mac",
        "empty-edges",
        "empty-columns",
    ],
)
def test_every_way_of_saving_gives_the_same_cells(data: bytes):
    sheet = sheet_of(data)
    assert errors(sheet) == []
    assert cells_of(sheet) == [
        {"sample": "A", "file": "a.fcs", "cell_line": "MDA-MB-231", "dose": "0,5", "dose_unit": "µM"}
    ]


def test_headers_are_matched_and_that_is_said():
    said = remarks(sheet_of("Sample ID,Filename,Cell-Line,siRNA\nA,a.fcs,x,y\n", ("sirna",)))
    assert 'samples.csv row 1, column "Sample ID": was read as the column sample' in said
    assert "was read as the column file" in said
    assert "was read as the column cell_line" in said
    assert "was read as the column sirna" in said


def test_a_header_that_is_nobodys_stays_as_typed():
    assert sheet_of("sample,My own Column\nA,1\n").columns == ("sample", "My own Column")


def test_a_matched_header_never_takes_the_place_of_the_real_one():
    sheet = sheet_of("sample,cell_line,Cell line\nA,x,y\n")
    assert sheet.columns == ("sample", "cell_line", "Cell line")
    assert sheet.rows[0].cells["cell_line"] == "x"


def test_rows_are_counted_as_the_spreadsheet_counts_them():
    text = 'sample,note\nA,"two\nlines"\n\n,\nB,x\n'
    sheet = sheet_of(text)
    assert [(row.sample, row.row) for row in sheet.rows] == [("A", 2), ("B", 5)]


def test_a_sample_name_with_a_blank_at_its_end_is_an_error_and_stays_as_typed():
    sheet = sheet_of("sample\nA \n")
    assert 'row 2, column "sample": the name "A " ends with a blank' in errors(sheet)[0]
    assert sheet.rows[0].sample == "A "


def test_a_hard_space_before_a_sample_name_is_seen():
    assert "begins with a blank" in errors(sheet_of("sample\n\u00a0A\n"))[0]


def test_blanks_around_other_cells_are_taken_away_aloud():
    sheet = sheet_of("sample,treatment\nA, DOX \n")
    assert sheet.rows[0].cells["treatment"] == "DOX"
    assert 'row 2, column "treatment": blanks around "DOX" were taken away' in remarks(sheet)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("sample,a,a\nA,1,2\n", "two columns have this name (B and C)"),
        ("sample,a\nA,1,2\n", 'cell C2 holds "2", but its column has no name. Text that holds ","'),
        ("sample,,b\nA,1,2\n", 'cell B2 holds "1", but its column has no name'),
        ('sample,a\nA,"open\n', "never closed"),
        ('sample,a\nA,"x"y\n', "text follows a closing quote"),
        ("sample,a\n", "holds a header and no samples"),
        ("", "is empty"),
        (";;;\n", "is empty"),
        ('sample\n"A\nB"\n', "line break"),
        ("sample,file\nA,/data/a.fcs\n", "must be relative to the raw folder"),
        ("sample,file\nA,C:\\data\\a.fcs\n", "must be relative to the raw folder"),
        ("sample,file\nA,../a.fcs\n", "stay inside it"),
        ("sample,file\nA,ok.fcs; ../a.fcs\n", "stay inside it"),
    ],
)
def test_broken_sheets_name_the_place_and_what_to_do(text: str, word: str):
    assert word in "\n".join(errors(sheet_of(text)))


def test_rows_before_a_broken_quote_are_kept():
    sheet = sheet_of('sample,a\nA,1\nB,2\nC,"open\n')
    assert [row.sample for row in sheet.rows] == ["A", "B"]
    assert "row 4" in errors(sheet)[0]


def test_files_are_split_and_spelled_with_slashes():
    row = sheet_of("sample,file\nA,day1\\a.fcs ; ./b.fcs\n").rows[0]
    assert row.files == ("day1/a.fcs", "b.fcs")


def test_a_cell_that_never_ends_is_refused():
    assert "131,072 characters" in errors(sheet_of("sample,a\nA," + "x" * 140_000 + "\n"))[0]


def test_a_sheet_of_very_many_columns_is_refused():
    assert "is this the right file" in errors(sheet_of("a," * 3000 + "\n"))[0]


# ------------------------------------------------------------------ workbooks


def workbook(path: Path, fill, name: str = "Sheet1") -> Path:
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet(name)
    fill(book, sheet)
    book.close()
    return path


def fill_rows(rows):
    def fill(_book, sheet):
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)

    return fill


def test_a_workbook_gives_the_same_cells_as_a_csv(tmp_path):
    path = workbook(
        tmp_path / "samples.xlsx", fill_rows([["Sample", "file", "dose", "n"], ["A", "a.fcs", 0.1, 1.0]])
    )
    sheet = read_sheet(path)
    assert errors(sheet) == []
    assert cells_of(sheet) == [{"sample": "A", "file": "a.fcs", "dose": "0.1", "n": "1"}]
    assert sheet.rows[0].row == 2


def test_numbers_have_the_fifteen_digits_that_excel_shows(tmp_path):
    rows = [["sample", "a", "b", "c"], ["A", 0.1 + 0.2, 1e-9, 123456789012]]
    cells = cells_of(read_sheet(workbook(tmp_path / "s.xlsx", fill_rows(rows))))[0]
    assert (cells["a"], cells["b"], cells["c"]) == ("0.3", "1e-09", "123456789012")


def test_dates_are_iso_and_a_date_where_none_belongs_is_said(tmp_path):
    def fill(book, sheet):
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        hours = book.add_format({"num_format": "[h]:mm"})
        sheet.write_row(0, 0, ["sample", "date", "treatment", "time_of_day", "duration"])
        sheet.write(1, 0, "A")
        sheet.write_datetime(1, 1, datetime.datetime(2026, 1, 5), day)
        sheet.write_datetime(1, 2, datetime.datetime(2026, 9, 2), day)
        sheet.write_datetime(1, 3, datetime.time(14, 30), book.add_format({"num_format": "hh:mm"}))
        sheet.write_number(1, 4, 1.5, hours)
        sheet.write_boolean(2, 1, True)
        sheet.write(2, 0, "B")

    sheet = read_sheet(workbook(tmp_path / "s.xlsx", fill))
    first, second = cells_of(sheet)
    assert (first["date"], first["treatment"], first["time_of_day"], first["duration"]) == (
        "2026-01-05", "2026-09-02", "14:30", "36:00",
    )  # fmt: skip
    assert second["date"] == "TRUE"
    said = remarks(sheet)
    assert 'row 2, column "treatment": Excel holds 2026-09-02 here' in said
    assert 'column "date"' not in said


def test_merged_cells_hold_what_the_person_sees_in_them(tmp_path):
    def fill(_book, sheet):
        sheet.write_row(0, 0, ["sample", "treatment"])
        sheet.write_column(1, 0, ["A", "B", "C"])
        sheet.merge_range(1, 1, 3, 1, "DOX")

    sheet = read_sheet(workbook(tmp_path / "s.xlsx", fill))
    assert [row.cells["treatment"] for row in sheet.rows] == ["DOX", "DOX", "DOX"]
    assert "B2:B4" in remarks(sheet)


def test_a_formula_that_failed_is_named_by_its_cell(tmp_path):
    def fill(_book, sheet):
        sheet.write_row(0, 0, ["sample", "dose"])
        sheet.write(1, 0, "A")
        sheet.write_formula(1, 1, "=NA()", None, "#N/A")

    assert any("cell B2" in error for error in errors(read_sheet(workbook(tmp_path / "s.xlsx", fill))))


def test_the_worksheet_called_samples_is_taken_else_the_first_filled_one(tmp_path):
    path = tmp_path / "s.xlsx"
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("empty")
    book.add_worksheet("one").write_column(0, 0, ["sample", "A"])
    hidden = book.add_worksheet("hidden")
    hidden.hide()
    hidden.write_column(0, 0, ["sample", "H"])
    book.close()
    assert [row.sample for row in read_sheet(path).rows] == ["A"]
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("notes").write_column(0, 0, ["sample", "N"])
    book.add_worksheet("Samples").write_column(0, 0, ["sample", "S"])
    book.close()
    assert [row.sample for row in read_sheet(path).rows] == ["S"]


def test_a_stray_cell_at_the_far_corner_is_named_instead_of_filling_the_memory(tmp_path):
    def fill(_book, sheet):
        sheet.write_column(0, 0, ["sample", "A"])
        sheet.write(1_048_575, 16_383, "x")

    with pytest.raises(StudyError, match=r"XFD1048576.*Ctrl\+End"):
        read_sheet(workbook(tmp_path / "s.xlsx", fill))


@pytest.mark.parametrize("ref", ["A9999999999", "ZZZZZ1", "a9999999", "A99999999999999999999"])
def test_cells_that_no_spreadsheet_has_are_refused_before_memory_is_taken(tmp_path, ref: str):
    path = workbook(tmp_path / "s.xlsx", fill_rows([["sample"], ["A"]]))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content.replace(b'r="A2"', f'r="{ref}"'.encode()))
    with pytest.raises(StudyError, match=r"Ctrl\+End"):
        read_sheet(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_workbook_with_damaged_xml_is_read_or_refused_in_words(tmp_path, data):
    source = tmp_path / "whole.xlsx"
    if not source.exists():
        workbook(source, fill_rows([["sample", "file"], ["A", "a.fcs"], ["B", 2.5]]))
    with zipfile.ZipFile(source) as archive:
        parts = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    hit = parts[data.draw(st.sampled_from(sorted(parts)))]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(hit) - 1))
        hit[place : place + data.draw(st.integers(0, 9))] = data.draw(
            st.sampled_from([b"", b"9", b"999999", b'"', b"<", b">", b"ZZZ", b"-", b"\0", b"\xff"])
        )
    path = tmp_path / "damaged.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, bytes(content))
    said = "read"
    try:
        read_grids(path)
    except StudyError as error:
        said = str(error)
    assert said == "read" or "damaged.xlsx" in said


def test_formatted_but_empty_cells_do_not_count(tmp_path):
    def fill(book, sheet):
        sheet.write_column(0, 0, ["sample", "A"])
        sheet.write_blank(900_000, 16_000, None, book.add_format({"bold": True}))

    assert [row.sample for row in read_sheet(workbook(tmp_path / "s.xlsx", fill)).rows] == ["A"]


def test_a_workbook_bomb_is_refused(tmp_path):
    path = workbook(tmp_path / "s.xlsx", fill_rows([["sample"], ["A"]]))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros.bin", b"\0" * 50_000_000)
    with pytest.raises(StudyError, match="unpacks to"):
        read_sheet(path)


@pytest.mark.parametrize("name", ["s.xlsx", "s.xls", "s.ods"])
def test_what_only_looks_like_a_workbook_is_refused(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"\xd0\xcf\x11\xe0 protected")
    with pytest.raises(StudyError, match=r"no Excel workbook|save it as \.xlsx"):
        read_sheet(path)


def test_the_lock_file_of_excel_is_named_for_what_it_is(tmp_path):
    (tmp_path / "~$samples.xlsx").write_bytes(b"x")
    with pytest.raises(StudyError, match=r"lock file of Excel\. Name the workbook itself, samples\.xlsx"):
        read_sheet(tmp_path / "~$samples.xlsx")


def test_a_file_that_is_locked_for_a_moment_is_waited_for(tmp_path, monkeypatch):
    path = tmp_path / "samples.csv"
    path.write_text("sample\nA\n")
    tries = []

    def busy(where: Path, limit: int) -> bytes:
        tries.append(where)
        if len(tries) < 3:
            raise PermissionError(13, "The process cannot access the file")
        return where.read_bytes()

    monkeypatch.setattr(grid_module, "read_bytes", busy)
    monkeypatch.setattr(grid_module, "RETRY_AFTER_S", 0.0)
    assert read_sheet(path).rows[0].sample == "A"
    assert len(tries) == 3


def test_a_file_that_stays_locked_says_to_close_it(tmp_path, monkeypatch):
    def locked(_where: Path, _limit: int) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(grid_module, "read_bytes", locked)
    monkeypatch.setattr(grid_module, "RETRY_AFTER_S", 0.0)
    with pytest.raises(StudyError, match="Close it in the program that holds it"):
        read_sheet(tmp_path / "samples.csv")


# ------------------------------------------------------------------ anything a person can type

NAMES = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs", "Cn", "Co", "Cf"], exclude_characters=",;"
    ),
    min_size=1,
    max_size=12,
)
CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=6),
    st.lists(NAMES, min_size=2, max_size=2, unique_by=str.casefold),
    st.sampled_from(",;\t"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_spreadsheet_writes_comes_back_cell_by_cell(rows, header, delimiter, encoding, newline):
    text = io.StringIO()
    names = [f"x{name}x" for name in header]
    csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows([names, *rows])
    sheet = sheet_from_grid(csv_grid(text.getvalue().encode(encoding), "samples.csv"), COMMON_COLUMNS)
    kept = [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    assert [[row.cells[name] for name in names] for row in sheet.rows] == kept


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_sheet_or_a_message(data):
    sheet, said = None, ""
    try:
        sheet = sheet_of(data)
    except StudyError as error:
        said = str(error)
    if sheet is None:
        assert "samples.csv" in said
        return
    assert all(set(row.cells) == set(sheet.columns) for row in sheet.rows)
    assert sheet.rows or errors(sheet)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_workbook_is_read_or_refused_in_words(tmp_path, data):
    source = tmp_path / "whole.xlsx"
    if not source.exists():
        workbook(source, fill_rows([["sample", "file"], ["A", "a.fcs"], ["B", 2.5]]))
    content = bytearray(source.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(len(content) // 2, len(content)))
    path = tmp_path / "damaged.xlsx"
    path.write_bytes(bytes(content[:end]))
    said = "read"
    try:
        read_grids(path)
    except StudyError as error:
        said = str(error)
    assert said == "read" or "damaged.xlsx" in said


@pytest.mark.parametrize(
    ("number", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (52, "AZ"), (703, "AAA"), (16384, "XFD")]
)
def test_columns_have_the_letters_of_the_spreadsheet(number: int, letters: str):
    assert column_letter(number) == letters
