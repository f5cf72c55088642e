"""Drafted sheets: what file names and headers tell, and day two that changes nothing."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from exoraw.io.errors import StudyError
from exoraw.io.inventory import DatasetHeader, Header, Inventory, RawFile
from exoraw.study.check import check
from exoraw.study.draft import Analysis, analyses_for, draft, write_draft
from exoraw.study.load import load_study
from exoraw.study.sheet import read_sheet
from exoraw.study.spec import Column, ControlRole, NamePattern, SheetSpec

ROLES = ("unstained", "isotype", "fmo", "single_stain", "deab", "vehicle")
FLOW = SheetSpec(
    columns=(Column("stain", "dye"),),
    control_roles=tuple(ControlRole(name, "") for name in ROLES),
    keywords={
        "TUBE NAME": "sample",
        "$SMNO": "sample",
        "$FIL": "sample",
        "WELL ID": "well",
        "$DATE": "batch",
    },
)
SPECS = {"fcs": FLOW, "tiff": SheetSpec(), "fastq": SheetSpec(one_file_per_sample=False)}
ANALYSES = (Analysis("flow", ("fcs",), "annexin_pi", "Apoptosis"),)


def raw_file(
    path: str,
    format_: str = "fcs",
    fields: Mapping[str, str] | Iterable[Mapping[str, str]] = (),
    problem: str = "",
    acquired_at: str = "",
    duplicates: Mapping[int, int] | None = None,
) -> RawFile:
    """Return a file of an inventory; `fields` of one dataset or of several."""
    several = [fields] if isinstance(fields, Mapping) else list(fields)
    datasets = tuple(
        DatasetHeader(number, 100, dict(one), (duplicates or {}).get(number))
        for number, one in enumerate(several or [{}])
    )
    digest = hashlib.sha256(path.encode()).hexdigest()
    header = Header(datasets, acquired_at=acquired_at)
    return RawFile(path, digest, 100, 1, "" if problem else format_, header, problem)


def inventory_of(*files: RawFile | str) -> Inventory:
    """Return an inventory of files, or of FCS files of these names."""
    made = [raw_file(file) if isinstance(file, str) else file for file in files]
    return Inventory({file.path: file for file in sorted(made, key=lambda file: file.path)})


def cells_of(*files: RawFile | str, specs=SPECS, **kwargs) -> list[dict[str, str]]:
    return [dict(row.cells) for row in draft(inventory_of(*files), specs, **kwargs).rows]


# ------------------------------------------------------------------ what instruments write


@pytest.mark.parametrize(
    ("path", "format_", "expected"),
    [
        ("Specimen_001_MDA DOX 1_003.fcs", "fcs", {"sample": "MDA DOX 1", "specimen": "Specimen_001"}),
        ("Specimen_001_Tube_001.fcs", "fcs", {"sample": "Tube_001", "specimen": "Specimen_001"}),
        ("Specimen_001_B3_B03_017.fcs", "fcs", {"sample": "B3", "well": "B3", "specimen": "Specimen_001"}),
        ("day1/XY2026-01-31.0007.fcs", "fcs", {"sample": "XY2026-01-31.0007", "acquired": "2026-01-31"}),
        (
            "VID123_A1_1_02d06h30m.tif",
            "tiff",
            {"plate": "VID123", "well": "A1", "field": "1", "time_h": "54.5"},
        ),
        (
            "VID9_H12_4_2026y01m31d_12h30m.tif",
            "tiff",
            {"well": "H12", "field": "4", "imaged_at": "2026y01m31d_12h30m"},
        ),
        (
            "MCF7_DOX_10nM_24h_rep2.tif",
            "tiff",
            {
                "dose": "10",
                "dose_unit": "nM",
                "time_h": "24",
                "biological_replicate": "2",
                "cell_line": "MCF7",
            },
        ),
        (
            "MDA-MB-231_tech1_n3.tif",
            "tiff",
            {"technical_replicate": "1", "biological_replicate": "3", "cell_line": "MDA-MB-231"},
        ),
        ("DOX_5uM_PTX_10nM.tif", "tiff", {"sample": "DOX_5uM_PTX_10nM"}),
        ("any name.ome.tif", "tiff", {"sample": "any name"}),
    ],
)
def test_file_names_of_instruments_fill_their_columns(path: str, format_: str, expected: dict[str, str]):
    (cells,) = cells_of(raw_file(path, format_))
    assert {name: cells.get(name) for name in expected} == expected
    assert cells["file"] == path


def test_a_combination_of_doses_is_left_to_a_person():
    (cells,) = cells_of(raw_file("DOX_5uM_PTX_10nM.tif", "tiff"))
    assert "dose" not in cells


def test_lanes_and_reads_of_one_library_are_one_row_and_index_reads_are_left_out():
    names = [f"run/P1_S1_L00{lane}_R{read}_001.fastq.gz" for lane in (1, 2) for read in (1, 2)]
    other = "run/P2_S2_L001_R1_001.fastq.gz"
    index = "run/P1_S1_L001_I1_001.fastq.gz"
    made = draft(inventory_of(*(raw_file(name, "fastq") for name in (*names, other, index))), SPECS)
    first, second = made.rows
    assert first.cells["sample"] == "P1"
    assert first.cells["file"] == ";".join(sorted(names))
    assert second.cells["file"] == other
    assert made.remarks == (f"left out, index reads (barcodes) of a sequencing run: {index}",)


def test_two_libraries_of_one_sample_are_two_rows_with_names_of_their_own():
    cells = cells_of(*(raw_file(f"P1_S{n}_L001_R1_001.fastq.gz", "fastq") for n in (1, 2)))
    assert len({row["sample"] for row in cells}) == 2


def test_the_same_library_of_two_runs_is_not_merged():
    cells = cells_of(*(raw_file(f"run{n}/P1_S1_L001_R1_001.fastq.gz", "fastq") for n in (1, 2)))
    assert [row["sample"] for row in cells] == ["run1_P1", "run2_P1"]


def test_the_assays_own_patterns_come_first():
    own = replace(
        FLOW, name_patterns=(NamePattern("our robot", r"(?P<treatment>[A-Z]+)-(?P<sample>\d+)\.fcs$"),)
    )
    made = draft(inventory_of("DOX-17.fcs"), {"fcs": own})
    assert made.rows[0].cells["sample"] == "17"
    assert made.rows[0].cells["treatment"] == "DOX"
    assert ("treatment", "our robot") in {(origin.column, origin.source) for origin in made.origins}


def test_keywords_fill_what_the_name_does_not_say_in_order_of_trust():
    made = draft(
        inventory_of(
            raw_file(
                "x1.fcs",
                fields={"tube name": "MDA DOX", "$SMNO": "other", "WELL ID": "B3", "$DATE": "31-JAN-2026"},
            )
        ),
        SPECS,
    )
    cells = made.rows[0].cells
    assert cells["sample"] == "MDA DOX"
    assert "instrument_name" not in cells
    assert cells["well"] == "B3"
    assert cells["batch"] == "31-JAN-2026"
    sources = {origin.column: origin.source for origin in made.origins}
    assert sources["well"] == "keyword WELL ID of the file"


def test_a_name_at_the_instrument_that_differs_from_the_file_name_is_kept_beside_it():
    (cells,) = cells_of(
        raw_file("Specimen_001_B3_B03_017.fcs", fields={"TUBE NAME": "MDA DOX", "$SMNO": "other"})
    )
    assert (cells["sample"], cells["instrument_name"]) == ("B3", "MDA DOX")


def test_placeholders_of_instruments_are_no_names():
    (cells,) = cells_of(raw_file("x1.fcs", fields={"TUBE NAME": "N/A", "$SMNO": "Untitled", "WELL ID": " "}))
    assert "instrument_name" not in cells
    assert "well" not in cells


def test_every_dataset_is_a_row_and_repeats_of_the_same_events_are_none():
    cells = cells_of(raw_file("a.lmd", fields=[{}, {}, {}], duplicates={1: 0}))
    assert [row["dataset"] for row in cells] == ["0", "2"]
    assert len({row["sample"] for row in cells}) == 2


@pytest.mark.parametrize(
    ("name", "role", "stain"),
    [
        ("Unstained DOX.fcs", "unstained", None),
        ("no stain.fcs", "unstained", None),
        ("Isotype.fcs", "isotype", None),
        ("FMO PE.fcs", "fmo", "PE"),
        ("FITC only.fcs", "single_stain", "FITC"),
        ("PI_single.fcs", "single_stain", "PI"),
        ("Compensation-7AAD.fcs", "single_stain", "7AAD"),
        ("Compensations_Blank.fcs", "unstained", None),
        ("MDA DEAB 1.fcs", "deab", None),
        ("MDA_DMSO_1.fcs", "vehicle", None),
        ("Piper.fcs", None, None),
        ("isolated exosomes.fcs", None, None),
        ("controlled release.fcs", None, None),
    ],
)
def test_control_roles_are_guessed_from_words_and_marked_as_guessed(
    name: str, role: str | None, stain: str | None
):
    row = draft(inventory_of(name), SPECS).rows[0]
    assert row.cells.get("control_role") == role
    assert row.cells.get("stain") == stain
    assert ("control_role" in row.guessed) == (role is not None)


def test_an_assay_without_that_control_gets_no_guess():
    (cells,) = cells_of(raw_file("Unstained.tif", "tiff"))
    assert "control_role" not in cells


def test_folders_are_the_batch_where_there_are_several():
    assert [row["batch"] for row in cells_of("day1/a.fcs", "day2/a.fcs")] == ["day1", "day2"]
    assert [row["batch"] for row in cells_of("m1/x/a.fcs", "m2/x/b.fcs")] == ["m1/x", "m2/x"]
    assert "batch" not in cells_of("day1/a.fcs", "day1/b.fcs")[0]


def test_the_day_of_acquisition_is_the_batch_where_folders_do_not_tell():
    made = cells_of(
        raw_file("a.fcs", acquired_at="2026-01-30T10:00"), raw_file("b.fcs", acquired_at="2026-01-31T09:00")
    )
    assert [row["batch"] for row in made] == ["2026-01-30", "2026-01-31"]


def test_no_two_samples_have_one_name_and_what_was_added_is_said():
    made = draft(inventory_of("d1/a.fcs", "d2/a.fcs", "d2/A.fcs"), SPECS, taken=["d1_a"])
    names = [row.cells["sample"] for row in made.rows]
    assert len({name.casefold() for name in (*names, "d1_a")}) == 4
    assert all("to make it unique" in row.sources["sample"] for row in made.rows)


def test_files_that_cannot_be_used_are_left_out_with_the_reason():
    made = draft(
        inventory_of("a.fcs", raw_file("b.fcs", problem="still growing"), raw_file("c.nd2", "nd2")), SPECS
    )
    assert [row.cells["sample"] for row in made.rows] == ["a"]
    assert made.remarks == ("left out, nd2 files: c.nd2", "left out, still growing: b.fcs")


def test_nothing_in_a_draft_is_a_formula_for_a_spreadsheet():
    (cells,) = cells_of(raw_file('=HYPERLINK("x").fcs', fields={"WELL ID": "@SUM(A1)"}))
    assert cells["sample"] == 'HYPERLINK("x")'
    assert cells["well"] == "SUM(A1)"
    assert cells["file"] == './=HYPERLINK("x").fcs'


# ------------------------------------------------------------------ written beside the raw folder


@pytest.fixture
def place(tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("a.fcs", "b.fcs", "c.fcs"):
        (raw / name).write_bytes(name.encode())
    return tmp_path, raw


def write(place, *names: str, analyses=ANALYSES):
    folder, raw = place
    return write_draft(folder, raw, inventory_of(*names), SPECS, analyses)


def test_a_drafted_study_loads_and_checks_without_errors(place):
    done = write(place, "a.fcs", "b.fcs")
    assert (done.added, done.is_new) == (2, True)
    loaded = load_study(done.study)
    assert loaded.study.title == "raw"
    assert loaded.pipelines[0].preset == "annexin_pi"
    assert [row.files for row in loaded.sheet.rows] == [("a.fcs",), ("b.fcs",)]
    found = check(loaded, inventory_of("a.fcs", "b.fcs"), {"annexin_pi": FLOW})
    assert [str(problem) for problem in found if problem.severity == "error"] == []


def test_the_origin_of_every_column_is_written_and_guesses_are_marked(place):
    done = write(place, "a.fcs", "Unstained.fcs")
    rows = list(csv.DictReader(io.StringIO(done.origin.read_text(encoding="utf-8"))))
    assert {row["column"] for row in rows} == {"sample", "file", "control_role"}
    guess = next(row for row in rows if row["column"] == "control_role")
    assert guess["look_at_it"] == "yes"
    assert guess["sheet_rows"] == "2-3"
    assert 'the word "Unstained"' in guess["comes_from"]


def test_nothing_is_ever_written_into_the_raw_folder(place):
    _folder, raw = place
    before = sorted(raw.rglob("*"))
    with pytest.raises(StudyError, match="inside the raw folder"):
        write_draft(raw / "sub", raw, inventory_of("a.fcs"), SPECS, ANALYSES)
    write(place, "a.fcs")
    assert sorted(raw.rglob("*")) == before


def test_a_second_draft_without_new_files_changes_no_byte(place):
    first = write(place, "a.fcs", "b.fcs")
    before = {path: path.read_bytes() for path in (first.study, first.sheet, first.origin)}
    again = write(place, "a.fcs", "b.fcs")
    assert again.added == 0
    assert {path: path.read_bytes() for path in before} == before


EDITED = (
    "Sample;Filename;Behandlung;control_role\r\n"
    '"Müller; 1";a.fcs;0,50;\r\n'
    "\r\n"
    "x;b.fcs; DOX ;vehicle"
)  # a person's file: German, quoted, an empty line, blanks, no line end


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_day_two_adds_rows_and_keeps_every_byte_of_the_person(place, encoding: str):
    folder, _raw = place
    done = write(place, "a.fcs")
    before = EDITED.encode(encoding)
    done.sheet.write_bytes(before)
    study = done.study.read_bytes()
    again = write(place, "a.fcs", "b.fcs", "c.fcs", "Unstained.fcs")
    after = done.sheet.read_bytes()
    assert after.startswith(before)
    assert again.added == 2
    assert not again.is_new
    assert done.study.read_bytes() == study
    rows = read_sheet(folder / "samples.csv").rows
    assert [row.sample for row in rows] == ["Müller; 1", "x", "Unstained", "c"]
    assert rows[2].cells["control_role"] == "unstained"
    assert [row.row for row in rows] == [2, 4, 5, 6]
    origins = list(csv.DictReader(io.StringIO(again.origin.read_text(encoding="utf-8"))))
    assert origins[-1]["sheet_rows"] == "5-6"


def test_a_name_that_is_taken_is_not_drafted_again(place):
    write(place, "a.fcs")
    write(place, "a.fcs", "x/a.fcs")
    names = [row.sample for row in read_sheet(place[0] / "samples.csv").rows]
    assert len(set(names)) == 2


def test_cells_without_a_column_are_said(place):
    done = write(place, "a.fcs")
    done.sheet.write_text("sample,file\nA,a.fcs\n")
    again = write(place, "a.fcs", "Unstained.fcs")
    assert any("has no column control_role" in remark for remark in again.remarks)


def test_a_workbook_is_not_touched_and_new_rows_stand_beside_it(place):
    import xlsxwriter

    folder, _raw = place
    book = xlsxwriter.Workbook(str(folder / "samples.xlsx"))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["sample", "file"])
    sheet.write_row(1, 0, ["A", "a.fcs"])
    book.close()
    before = (folder / "samples.xlsx").read_bytes()
    done = write(place, "a.fcs", "b.fcs")
    assert (folder / "samples.xlsx").read_bytes() == before
    assert done.sheet.name == "new_samples.csv"
    assert [row.sample for row in read_sheet(done.sheet).rows] == ["b"]
    assert "copy them into samples.xlsx" in done.remarks[-1]


def test_a_study_of_another_raw_folder_is_left_alone(place, tmp_path):
    write(place, "a.fcs")
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(StudyError, match="another raw folder"):
        write_draft(place[0], other, inventory_of("a.fcs"), SPECS, ANALYSES)


def test_two_assays_in_one_folder_share_a_sheet_with_the_column_pipeline(place):
    analyses = (*ANALYSES, Analysis("imaging", ("tiff",)))
    folder, raw = place
    write_draft(folder, raw, inventory_of("a.fcs", raw_file("s.tif", "tiff")), SPECS, analyses)
    assert [row.cells["pipeline"] for row in load_study(folder).sheet.rows] == ["annexin_pi", "imaging"]


def test_the_analysis_is_found_by_the_files():
    (found,) = analyses_for({"flow": ("fcs",), "imaging": ("tiff",)}, inventory_of("a.fcs"))
    assert (found.assay, found.preset) == ("flow", "annexin_pi")
    with pytest.raises(StudyError, match="no preset"):
        analyses_for({"flow": ("fcs",)}, inventory_of("a.fcs"), "anexin")
    with pytest.raises(StudyError, match="known format"):
        analyses_for({"flow": ("fcs",)}, inventory_of(raw_file("a.txt", problem="foreign")))


NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\\0"), min_size=1, max_size=20
).filter(lambda name: name not in (".", "..") and not name.isspace())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(names=["-", "="], fields={})
@given(
    st.lists(NAMES, min_size=1, max_size=6, unique_by=str.casefold),
    st.dictionaries(st.sampled_from(["TUBE NAME", "$SMNO", "WELL ID"]), st.text(max_size=12)),
)
def test_whatever_files_are_called_the_draft_reads_back_and_names_each_once(tmp_path_factory, names, fields):
    folder = tmp_path_factory.mktemp("draft")
    raw = folder / "raw"
    raw.mkdir()
    files = [f"{name}.fcs" for name in names]
    for name in files:
        (raw / name).touch()
    inventory = inventory_of(*(raw_file(name, fields=fields) for name in files))
    holdable = [name for name in files if name == name.strip()]
    if not holdable:
        with pytest.raises(StudyError, match="a blank at its ends"):
            write_draft(folder, raw, inventory, SPECS, ANALYSES)
        return
    done = write_draft(folder, raw, inventory, SPECS, ANALYSES)
    rows = load_study(folder).sheet.rows
    assert len(rows) == done.added == len(holdable)
    assert len({row.sample for row in rows}) == len(holdable)
    assert sorted(path for row in rows for path in row.files) == sorted(holdable)
    assert write_draft(folder, raw, inventory, SPECS, ANALYSES).added == 0
