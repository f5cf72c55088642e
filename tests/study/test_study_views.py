"""What each analysis sees of a sheet, and the sheet as a table of the results."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoraw.store.schemas import SAMPLES
from exoraw.study.load import load_study
from exoraw.study.numbers import as_whole, decimal_commas, normalised_number
from exoraw.study.spec import Column, ControlRole, SheetSpec
from exoraw.study.table import samples_table
from exoraw.study.views import views

TWO = (
    "title: T\nraw: raw\nfactors: [treatment]\npipelines:\n  - "
    "{name: one, assay: flow, where: {kind: [flow, both]}}\n  - {name: two, assay: blot}\n"
)
SPEC = SheetSpec(
    columns=(Column("load_ug", "", kind="number"), Column("stain", "", words=("FITC",))),
    control_roles=(ControlRole("fmo", ""),),
)


def seen(folder, specs=None):
    loaded = load_study(folder)
    return loaded, views(loaded, {"one": "settings"}, {"one": "flow", "two": "blot"}, specs or {})


def test_rows_belong_to_the_analyses_whose_filter_they_fit_or_that_they_name(make_study):
    sheet = "sample,kind,pipeline\nA,flow,\nB,both,\nC,blot,\nD,flow,two\nE,flow,one;two\n"
    _, (one, two) = seen(make_study(TWO, sheet))
    assert [row.sample for row in one] == ["A", "B", "E"]
    assert [row.sample for row in two] == ["A", "B", "C", "D", "E"]
    assert (one.settings, two.settings) == ("settings", None)


def test_a_view_may_be_limited_to_a_sheet(make_study):
    study = (
        "title: T\nraw: raw\nsamples: [samples.csv, b.csv]\npipelines: "
        "[{name: one, assay: flow, sheet: b.csv}]\n"
    )
    _, (one,) = seen(make_study(study, b__csv="sample\nZ\n"))
    assert [(row.sample, row.source, row.row) for row in one] == [("Z", "b.csv", 2)]


def test_numbers_are_spelled_with_a_point_in_number_columns_only(make_study):
    sheet = "sample;dose;time_h;load_ug;treatment\nA;0,5;1,250;2,5;0,5\n"
    _, (_, two) = seen(make_study(TWO.replace(", where: {kind: [flow, both]}", ""), sheet), {"two": SPEC})
    assert dict(two.rows[0].cells) == {"dose": "0.5", "time_h": "1.250", "load_ug": "2.5", "treatment": "0,5"}


def test_wells_words_and_headers_are_those_of_the_assay(make_study):
    sheet = "sample,well,Load ug,Stain,control_role\nA,b03,1,fitc,FMO\n"
    _, (_, two) = seen(make_study(TWO.replace(", where: {kind: [flow, both]}", ""), sheet), {"two": SPEC})
    row = two.rows[0]
    assert (row["well"], row["load_ug"], row["stain"], row["control_role"]) == ("B3", "1", "FITC", "fmo")


def test_the_same_sheet_saved_in_another_way_gives_the_same_cells(make_study):
    plain = TWO.replace(", where: {kind: [flow, both]}", "")
    _, (_, first) = seen(make_study(plain, "sample,dose,treatment\nA,0.5,x\n"), {"two": SPEC})
    _, (_, second) = seen(make_study(plain, "Sample;Dose;Treatment\r\nA;0,5;x\r\n"), {"two": SPEC})
    assert first.rows[0].declared_cells() == second.rows[0].declared_cells()


EXCLUSIONS = """kind,target,reason,who,when
sample,A,clot,AB,d
file,b.fcs,bubble,AB,d
well,P1:C03,edge,AB,d
sample,A,late,AB,d
"""


def test_excluded_rows_carry_their_reasons(make_study):
    sheet = "sample,file,plate,well\nA,a.fcs,,\nB,b.fcs,,\nC,,P1,c3\nD,,P2,C3\n"
    folder = make_study(TWO.replace(", where: {kind: [flow, both]}", ""), sheet, exclusions__csv=EXCLUSIONS)
    _, (_, two) = seen(folder)
    assert [row.excluded for row in two] == ["clot; late", "bubble", "edge", ""]


def test_views_can_be_handed_to_another_process(make_study):
    _, pair = seen(make_study(TWO, "sample,kind\nA,flow\n"))
    assert [view.rows[0].sample for view in pickle.loads(pickle.dumps(pair))] == ["A", "A"]


def test_the_table_has_the_schema_and_the_studys_own_columns(make_study):
    sheet = (
        "sample,file,kind,dose,dose_unit,treatment,passage,code,score\n"
        'A,a.fcs;b.fcs,flow,"0,5",nM,DOX,12,007,"1,5"\nB,,flow,,,PTX,,1,2\n'
    )
    loaded, pair = seen(make_study(TWO, sheet))
    table = samples_table(loaded, pair)
    fixed = pa.schema([table.schema.field(name) for name in SAMPLES.schema.names])
    assert fixed.equals(SAMPLES.schema)
    rows = table.to_pylist()
    assert len(rows) == 4
    assert rows[0]["pipeline"] == "one"
    assert rows[0]["files"] == ["a.fcs", "b.fcs"]
    assert rows[0]["dose"] == 0.5
    assert rows[1]["dose"] is None
    assert table.schema.field("passage").type == pa.float64()
    assert [row["passage"] for row in rows] == [12.0, None, 12.0, None]
    assert table.schema.field("code").type == pa.string()
    assert [row["score"] for row in rows] == [1.5, 2.0, 1.5, 2.0]
    assert rows[0]["excluded"] is False
    assert rows[0]["sheet_row"] == 2


def test_the_table_says_which_controls_count_as_samples(make_study):
    roles = (ControlRole("vehicle", "", counts_as_sample=True), ControlRole("unstained", ""))
    sheet = "sample,kind,control_role\nA,flow,\nB,flow,Vehicle\nC,flow,unstained\n"
    specs = {"one": SheetSpec(control_roles=roles)}
    loaded, pair = seen(make_study(TWO, sheet), specs)
    table = samples_table(loaded, pair, specs)
    assert table["pipeline"].to_pylist() == ["one"] * 3 + ["two"] * 3
    assert table["counts_as_sample"].to_pylist() == [True, True, False, True, None, None]
    assert samples_table(loaded, pair)["counts_as_sample"].to_pylist() == [True, None, None] * 2


def test_a_table_without_rows_still_has_its_columns(make_study):
    loaded, _ = seen(make_study(TWO, "sample,kind\nA,flow\n"))
    assert samples_table(loaded, ()).num_rows == 0
    assert "treatment" in samples_table(loaded, ()).column_names


@pytest.mark.parametrize(
    ("cell", "comma", "plain"),
    [
        ("5", False, "5"), ("0,5", False, "0.5"), ("1,250", False, None), ("1,250", True, "1.250"),
        ("0,125", False, "0.125"), ("1e3", False, "1e3"), ("\u22125", False, "-5"), ("1.000,5", True, None),
        ("1_000", False, None), ("nan", False, None), ("inf", False, None), ("1e999", False, None),
        ("", False, None), ("٣", False, None), (".5", False, ".5"), ("5.", False, "5."),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_type_them(cell: str, comma: bool, plain: str | None):
    assert normalised_number(cell, comma_is_decimal=comma) == plain


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_survives_point_and_comma(value: float):
    text = repr(value)
    assert float(normalised_number(text) or "nan") == value
    assert float(normalised_number(text.replace(".", ","), comma_is_decimal=True) or "nan") == value


@given(st.text(max_size=20))
def test_any_text_is_a_finite_number_or_none(text: str):
    for comma in (False, True):
        plain = normalised_number(text, comma_is_decimal=comma)
        assert plain is None or abs(float(plain)) < float("inf")
    assert as_whole(text) is None or isinstance(as_whole(text), int)
    assert isinstance(decimal_commas([text]), bool)
