"""Plate maps as people draw them, laid over sheets or making the rows themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.io.errors import StudyError
from exoraw.study.load import load_study
from exoraw.study.plate_maps import read_plate_map
from exoraw.study.wells import (
    ROWS_AND_COLUMNS,
    PlateSize,
    normal_well,
    row_and_column,
    row_letters,
    row_number,
)

MAP = """Cell line,1,2,3
A,MDA,MDA,MCF7
B,MDA,,MCF7

,dose,
,1,2,3
A,0,1,10
B,0,,10
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "map.csv"
    path.write_text(text, encoding="utf-8")
    return path


def said_by(path: Path, wells: int | None = None) -> str:
    with pytest.raises(StudyError) as caught:
        read_plate_map(path, (), wells)
    return str(caught.value)


def test_titles_stand_in_the_corner_or_in_the_row_above(tmp_path):
    line, dose = read_plate_map(written(tmp_path, MAP))
    assert (line.column, dose.column) == ("cell_line", "dose")
    assert {well: cell.text for well, cell in line.wells.items()} == {
        "A1": "MDA", "A2": "MDA", "A3": "MCF7", "B1": "MDA", "B3": "MCF7",
    }  # fmt: skip
    assert dose.wells["B3"].text == "10"
    assert dose.wells["B3"].cell == "D8"


def test_grids_may_stand_side_by_side(tmp_path):
    text = "treatment,1,2,,dose,1,2\nA,DOX,PTX,,A,1,5\nB,DOX,PTX,,B,1,5\n"
    treatment, dose = read_plate_map(written(tmp_path, text))
    assert treatment.wells["B2"].text == "PTX"
    assert dose.wells["B2"].text == "5"


def test_doses_that_count_up_are_not_taken_for_a_header(tmp_path):
    (grid,) = read_plate_map(written(tmp_path, "dose,1,2,3\nA,1,2,3\nB,1,2,3\n"))
    assert grid.wells["B3"].text == "3"


def test_a_part_of_a_plate_may_be_drawn(tmp_path):
    (grid,) = read_plate_map(written(tmp_path, "dose,5,6\nC,1,2\nD,3,4\n"))
    assert set(grid.wells) == {"C5", "C6", "D5", "D6"}


@pytest.mark.parametrize("wells", sorted(ROWS_AND_COLUMNS))
def test_every_plate_size_is_read_whole(tmp_path, wells: int):
    rows, columns = ROWS_AND_COLUMNS[wells]
    lines = [",".join(["treatment", *map(str, range(1, columns + 1))])]
    lines += [
        ",".join([row_letters(row), *(f"{row}x{column}" for column in range(1, columns + 1))])
        for row in range(1, rows + 1)
    ]
    (grid,) = read_plate_map(written(tmp_path, "\n".join(lines)), (), wells)
    assert len(grid.wells) == wells
    assert grid.wells[f"{row_letters(rows)}{columns}"].text == f"{rows}x{columns}"


def test_one_worksheet_a_column_needs_no_titles(tmp_path):
    path = tmp_path / "map.xlsx"
    book = xlsxwriter.Workbook(str(path))
    for name, value in (("treatment", "DOX"), ("dose", 2.0)):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 1, [1, 2])
        sheet.write_column(1, 0, ["A", "B"])
        sheet.write(1, 1, value)
    book.close()
    treatment, dose = read_plate_map(path)
    assert (treatment.column, treatment.wells["A1"].text) == ("treatment", "DOX")
    assert (dose.column, dose.wells["A1"].text) == ("dose", "2")


@pytest.mark.parametrize(
    ("text", "wells", "word"),
    [
        ("a,b\nc,d\n", None, "holds no grid"),
        (",1,2\nA,x,y\n", None, "the grid whose corner is cell A1 has no title"),
        ("dose,1,2\nA,1,2\n\ndose,1,2\nA,3,4\n", None, 'two grids have the title "dose" (at A1 and A4)'),
        ("dose,1,2,3,4\nA,1,1,1,9\n", 6, "cell E2 (dose) is well A4, which a 6-well plate does not have"),
    ],
)
def test_errors_of_a_map_name_the_cell(tmp_path, text: str, wells: int | None, word: str):
    assert word in said_by(written(tmp_path, text), wells)


STUDY = "title: T\nraw: raw\nsamples: {samples}\nplates:\n  - {plate}\npipelines: [{{assay: flow}}]\n"


def study_with(make_study, plate: str, samples: str = "[]", **kwargs):
    return load_study(make_study(STUDY.format(plate=plate, samples=samples), map__csv=MAP, **kwargs))


def test_a_map_makes_a_row_for_each_well_and_finds_its_file(make_study):
    raw = ["P1/x_A01.fcs", "P1/x_A02.fcs", "P1/x_A03.fcs", "P1/x_B01.fcs", "P1/x_B03.fcs", "P1/x_B02.fcs"]
    loaded = study_with(
        make_study, '{name: P1, map: map.csv, files: "{plate}/*.fcs", every_well: {batch: 01}}', raw=raw
    )
    rows = {row.sample: row for row in loaded.sheet.rows}
    assert set(rows) == {"P1_A1", "P1_A2", "P1_A3", "P1_B1", "P1_B3"}
    assert rows["P1_A3"].files == ("P1/x_A03.fcs",)
    assert rows["P1_A3"].cells["cell_line"] == "MCF7"
    assert rows["P1_A3"].cells["dose"] == "10"
    assert rows["P1_A3"].cells["batch"] == "01"
    assert rows["P1_A3"].source == "map.csv"
    assert any("map leaves empty: B2" in problem.message for problem in loaded.sheet.problems)


def test_plates_may_share_a_layout(make_study):
    loaded = study_with(make_study, '{name: [P1, P2], map: map.csv, file: "{plate}.xlsx"}')
    assert len(loaded.sheet.rows) == 10
    assert {row.files for row in loaded.sheet.rows} == {("P1.xlsx",), ("P2.xlsx",)}
    assert {row.cells["plate"] for row in loaded.sheet.rows} == {"P1", "P2"}


def test_a_well_without_its_file_is_said(make_study):
    loaded = study_with(make_study, '{name: P1, map: map.csv, files: "*.fcs"}', raw=["x_A01.fcs"])
    said = [problem.message for problem in loaded.sheet.problems]
    assert "well A2 of plate P1 is in the map, but no file of *.fcs names it" in said


def test_a_map_fills_the_rows_of_a_sheet_that_names_plate_and_well(make_study):
    sheet = "sample,file,plate,well,treatment\nA,a.fcs,P1,a01,x\nB,b.fcs,P1,B3,y\nC,c.fcs,,,z\n"
    loaded = study_with(make_study, "{name: P1, map: map.csv}", "samples.csv", sheet=sheet)
    cells = [row.cells for row in loaded.sheet.rows]
    assert [cell["cell_line"] for cell in cells] == ["MDA", "MCF7", ""]
    assert [cell["treatment"] for cell in cells] == ["x", "y", "z"]
    assert len(cells) == 3


def test_a_sheet_and_a_map_that_disagree_are_an_error_with_both_places(make_study):
    sheet = "sample,file,plate,well,dose\nA,a.fcs,P1,A3,7\n"
    loaded = study_with(make_study, "{name: P1, map: map.csv}", "samples.csv", sheet=sheet)
    assert 'samples.csv row 2, column "dose": "7" here, but "10" in the plate map (cell D7)' in [
        str(problem) for problem in loaded.sheet.problems
    ]


@pytest.mark.parametrize(
    ("plate", "word"),
    [
        ("{name: [P1, P1], map: map.csv}", '"P1" is named twice'),
        ("{name: P1, map: other.csv}", "other.csv does not exist"),
        ("{name: P1, map: map.csv, file: a, files: b}", "give either file"),
        ('{name: P1, map: map.csv, files: "../*.fcs"}', "stay inside it"),
        ('{name: P1, map: map.csv, files: "nothing/*.fcs"}', "no file of"),
        ("{name: P1, map: map.csv, wells: 7}", "should be 6, 12, 24"),
    ],
)
def test_errors_of_the_plate_entry_are_said_in_words(make_study, plate: str, word: str):
    with pytest.raises(StudyError) as caught:
        study_with(make_study, plate)
    assert word in str(caught.value)


def test_a_file_that_names_two_wells_is_refused(make_study):
    with pytest.raises(StudyError, match="several wells in its name"):
        study_with(make_study, '{name: P1, map: map.csv, files: "*.fcs"}', raw=["C6_A01.fcs"])


@pytest.mark.parametrize(
    ("text", "well"),
    [
        ("A1", "A1"),
        ("a01", "A1"),
        ("B 03", "B3"),
        ("AF48", "AF48"),
        ("H012", "H12"),
        ("A0", ""),
        ("1A", ""),
        ("", ""),
    ],
)
def test_wells_are_understood_as_people_write_them(text: str, well: str):
    assert normal_well(text) == well


@given(st.integers(1, 32), st.integers(1, 48))
def test_wells_and_their_places_agree(row: int, column: int):
    well = f"{row_letters(row)}{column}"
    assert row_and_column(well) == (row, column)
    assert row_number(row_letters(row)) == row
    assert PlateSize(1536).holds(well)
    assert PlateSize(96).holds(well) == (row <= 8 and column <= 12)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from(list('AB12, \n";dose:')), max_size=80))
def test_any_text_is_a_map_or_a_message(tmp_path_factory, text: str):
    path = written(tmp_path_factory.mktemp("map"), text)
    said = "read"
    try:
        read_plate_map(path)
    except StudyError as error:
        said = str(error)
    assert said == "read" or "map.csv" in said
