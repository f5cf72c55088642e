"""Prism files come back cell by cell from a reader that reads Prism's own files with the same code."""

from __future__ import annotations

import csv
import io
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree.ElementTree import Element

import defusedxml.ElementTree
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.store.export import export
from exoraw.store.export.cells import unescaped
from exoraw.store.export.prism.layout import sheets_of
from exoraw.store.export.prism.series import Grouping, Series, Value
from exoraw.store.export.prism.sheet import Cell, Column, Sheet, pzfx
from exoraw.store.export.prism.write import variables_text
from exoraw.store.export.signs import CONTROLS, with_signs
from exoraw.store.schemas import TABLES

MADE = datetime(2026, 11, 21, tzinfo=UTC)
WITH_TABLE = (
    "column", "column_cv", "column_cvn", "column_empty", "column_hugetable", "column_low-high", "column_sd",
    "column_sdn", "column_se", "column_sen", "column_unequal_lengths", "column_upper-lower-limits",
    "comma_decimal", "contingency", "parts_of_whole", "survival", "x_error_y_sdn", "x_y_no_rep", "x_y_rep",
)  # fmt: skip
NUMBERS = [0.0, -0.0, 1e-300, 5e-324, -1.5, 1.7976931348623157e308, 0.1, 1 / 3]


# ------------------------------------------------------------- a reader that knows nothing of the writer


@dataclass
class Read:
    """A table as it stands in a Prism file: titles, and cells as (text, excluded)."""

    kind: str
    attributes: dict[str, str]
    tags: list[str]
    row_titles: list[str]
    columns: list[tuple[str, list[list[tuple[str, bool]]]]]

    def values(self, title: str) -> list[list[float | None]]:
        (found,) = (subcolumns for name, subcolumns in self.columns if name == title)
        return [[number(text) for text, _ in cells] for cells in found]


def number(text: str) -> float | None:
    return float(text.replace(",", ".")) if text else None


def words(element: Element | None) -> str:
    return "" if element is None else "".join(element.itertext())


def read_pzfx(content: bytes) -> dict[str, Read]:
    root = defusedxml.ElementTree.fromstring(content)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    assert (root.tag, root.get("PrismXMLVersion")) == ("GraphPadPrismFile", "5.00")
    named = [reference.get("ID") for reference in root.findall("TableSequence/Ref")]
    tables = {e.get("ID"): e for e in root if e.tag in {"Table", "HugeTable"}}
    assert sorted(tables) == sorted(named)
    return {words(tables[name].find("Title")): _table(tables[name]) for name in named}


def _table(element: Element) -> Read:
    titles = [words(d) for d in element.findall("RowTitlesColumn/Subcolumn/d")]
    columns = []
    for column in (child for child in element if child.tag in {"XColumn", "YColumn"}):
        subcolumns = [
            [(words(d).strip(), d.get("Excluded") == "1") for d in sub.findall("d")]
            for sub in column.findall("Subcolumn")
        ]
        assert len(subcolumns) == int(column.get("Subcolumns", "0"))
        columns.append((words(column.find("Title")), subcolumns))
    tags = list(dict.fromkeys(child.tag for child in element))
    return Read(element.get("TableType", ""), dict(element.attrib), tags, titles, columns)


def grid(table: Read, *, keep_excluded: bool = True) -> list[list[float | None]]:
    """Return the numbers row by row, as R's package pzfx lays them out in its .tab files."""
    flat = [sub for _, subcolumns in table.columns for sub in subcolumns]
    long = max((len(cells) for cells in flat), default=0)
    padded = [cells + [("", False)] * (long - len(cells)) for cells in flat]
    return [
        [None if cut and not keep_excluded else number(text) for text, cut in row]
        for row in zip(*padded, strict=True)
    ]


def read_tab(path: Path) -> list[list[float | None]]:
    heading, *rows = csv.reader(path.read_text().splitlines(), delimiter="\t")
    skip = heading[0] == "ROWTITLE"
    return [[None if cell == "NA" else number(cell) for cell in row[skip:]] for row in rows]


@pytest.fixture
def real(shared: Path) -> Path:
    return shared / "data/plates/prism/pzfx_testdata"


@pytest.mark.parametrize("name", WITH_TABLE)
def test_reader_of_this_test_reads_prisms_own_files(real, name):
    ((_, table),) = read_pzfx((real / f"{name}.pzfx").read_bytes()).items()
    assert grid(table) == read_tab(real / f"{name}.tab")


def test_reader_of_this_test_reads_dates_and_tables_without_columns(real):
    (dates,) = read_pzfx((real / "x_date.pzfx").read_bytes()).values()
    assert grid(dates) == read_tab(real / "x_date_numeric.tab")
    (empty,) = read_pzfx((real / "empty.pzfx").read_bytes()).values()
    assert empty.columns == []


@pytest.mark.parametrize("kept", [True, False])
def test_reader_of_this_test_knows_what_prism_excludes(real, kept):
    (table,) = read_pzfx((real / "x_y_with_strike.pzfx").read_bytes()).values()
    name = f"x_y_with_strike_{'kept' if kept else 'excluded'}.tab"
    assert grid(table, keep_excluded=kept) == read_tab(real / name)


def one(sheet: Sheet) -> Read:
    (table,) = read_pzfx(pzfx([sheet], "study", ["about"], MADE)).values()
    return table


@pytest.mark.parametrize(
    ("kind", "name"),
    [("OneWay", "column"), ("TwoWay", "column_hugetable"), ("XY", "x_y_rep"), ("Survival", "survival")],
)
def test_table_has_the_attributes_and_the_order_of_prisms_own(real, kind, name):
    (theirs,) = read_pzfx((real / f"{name}.pzfx").read_bytes()).values()
    x = Column("X", ((Cell(1.0),),)) if kind in {"XY", "Survival"} else None
    ours = one(Sheet("t", kind, (Column("a", ((Cell(1.0),), (Cell(2.0),))),), ("r",), x))
    assert list(ours.attributes) == list(theirs.attributes)
    same = {"XFormat", "YFormat", "TableType", "EVFormat"} & set(theirs.attributes)
    assert {key: ours.attributes[key] for key in same} == {key: theirs.attributes[key] for key in same}
    order = [tag for tag in theirs.tags if tag in ours.tags]
    assert [tag for tag in ours.tags if tag in order] == order


def bits(values: list[float | None]) -> list[bytes | None]:
    return [None if value is None else struct.pack("<d", value) for value in values]


finite = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(NUMBERS))


@given(
    st.lists(st.tuples(finite, st.booleans()), min_size=1, max_size=6),
    st.text(max_size=20),
    st.text(max_size=20),
)
@settings(max_examples=150)
def test_every_cell_title_and_exclusion_comes_back(cells, title, row):
    column = Column(title, (tuple(Cell(value, cut) for value, cut in cells),))
    found = one(Sheet(title, "OneWay", (column,), tuple([row] * len(cells))))
    assert bits([number(text) for text, _ in found.columns[0][1][0]]) == bits([value for value, _ in cells])
    assert [cut for _, cut in found.columns[0][1][0]] == [cut for _, cut in cells]
    assert found.columns[0][0] == with_signs(title, CONTROLS)
    assert set(found.row_titles) == {with_signs(row, CONTROLS)}


def test_control_characters_are_shown_by_their_signs_and_nothing_else_changes():
    assert with_signs("a\0b\tc\nd\x1f\ufffe", CONTROLS) == "a␀b␉c␊d␟\ufffd"
    assert with_signs("=1+1 µ 😀 <&> ␀", CONTROLS) == "=1+1 µ 😀 <&> ␀"


def test_many_replicates_make_a_huge_table_as_in_prism(real):
    (theirs,) = read_pzfx((real / "column_hugetable.pzfx").read_bytes()).values()
    sheet = Sheet("t", "TwoWay", (Column("a", tuple((Cell(1.0),) for _ in range(53))),), ("r",))
    content = pzfx([sheet], "", [], MADE)
    assert b"<HugeTable ID=" in content
    assert theirs.attributes["Replicates"] == one(sheet).attributes["Replicates"] == "53"


# ---------------------------------------------------------------------------------------- from a study


def files(lab, **more) -> dict[str, Path]:
    return {path.name: path for path in export(lab.open(), "prism", **more)}


def tables(lab, name: str = "flow.pzfx", **more) -> dict[str, Read]:
    return read_pzfx(files(lab, **more)[name].read_bytes())


def info(path: Path) -> str:
    root = defusedxml.ElementTree.fromstring(path.read_bytes())
    return "\n".join(root.find("Info/Notes").itertext())


@pytest.fixture
def study(lab, make_table, make_number):
    """Return a function that fills a study: one number per sheet row, in the order of the rows."""

    def fill(rows: list[dict[str, object]], values: list[float | None], **more: object) -> None:
        for place, (cells, value) in enumerate(zip(rows, values, strict=True)):
            name = str(cells.get("sample", f"S{place}"))
            lab.sample(name, **{key: cell for key, cell in cells.items() if key != "sample"})
            lab.task(
                name, {"measurements": make_table("measurements", [make_number(name, value, "live", **more)])}
            )
        lab.publish()

    return fill


def test_one_factor_makes_a_column_table_in_the_order_of_the_sheet(lab, study):
    groups = ["vehicle", "b", "a", "vehicle", "b", "a"]
    study([{"treatment": name} for name in groups], [1.0, 2.0, 3.0, 4.0, None, 6.0])
    table = tables(lab)["live (%)"]
    assert table.kind == "OneWay"
    assert [title for title, _ in table.columns] == ["vehicle", "b", "a"]
    assert [table.values(name) for name in ("vehicle", "b", "a")] == [
        [[1.0, 4.0]],
        [[2.0, None]],
        [[3.0, 6.0]],
    ]
    assert "One value is one sample" in info(files(lab)["flow.pzfx"])


def test_values_of_a_patient_stand_in_one_row(lab, study):
    rows = [{"treatment": t, "subject": s} for t, s in (("x", "P1"), ("x", "P2"), ("y", "P2"), ("y", "P3"))]
    study(rows, [1.0, 2.0, 3.0, 4.0])
    table = tables(lab)["live (%)"]
    assert table.row_titles == ["subject P1", "subject P2", "subject P3"]
    assert table.values("x") == [[1.0, 2.0, None]]
    assert table.values("y") == [[None, 3.0, 4.0]]
    assert "Values in a row belong to the same subject" in info(files(lab)["flow.pzfx"])


def test_two_factors_make_a_grouped_table_with_replicates_side_by_side(lab, study):
    cells = [("a", "MCF-7"), ("a", "MCF-7"), ("b", "MCF-7"), ("a", "T47D"), ("b", "T47D")]
    study([{"treatment": t, "cell_line": c} for t, c in cells], [1.0, 2.0, 3.0, 4.0, 5.0])
    table = tables(lab)["live (%)"]
    assert (table.kind, table.attributes["Replicates"], table.row_titles) == ("TwoWay", "2", ["a", "b"])
    assert table.values("MCF-7") == [[1.0, 3.0], [2.0, None]]
    assert table.values("T47D") == [[4.0, 5.0], [None, None]]


def test_dose_makes_an_xy_table_and_a_dose_not_given_is_no_zero(lab, study):
    cells = [("d", 10.0), ("d", 0.5), ("d", 10.0), ("e", 0.5), ("e", None)]
    study(
        [{"treatment": t, "dose": d, "dose_unit": "nM" if d else None} for t, d in cells],
        [1.0, 2.0, 3.0, 4.0, 5.0],
    )
    table = tables(lab)["live (%)"]
    assert table.kind == "XY"
    assert table.values("dose (nM)") == [[0.5, 10.0, None]]
    assert table.values("d") == [[2.0, 1.0, None], [None, 3.0, None]]
    assert table.values("e") == [[4.0, None, 5.0], [None, None, None]]
    assert 'The row "not given" has no X' in info(files(lab)["flow.pzfx"])


def test_doses_in_different_units_make_no_common_axis(lab, study):
    study(
        [{"dose": 1.0, "dose_unit": u} for u in ("nM", "uM")] + [{"dose": 2.0, "dose_unit": "nM"}],
        [1.0, 2.0, 3.0],
    )
    assert tables(lab)["live (%)"].kind != "XY"


def test_dose_in_a_title_has_its_unit_and_the_same_number_in_another_unit_is_another_group(lab, study):
    rows = [{"time_h": 1.0, "dose": d, "dose_unit": u} for d, u in ((10.0, "nM"), (10.0, "uM"), (2.0, "nM"))]
    study(
        [*rows, {"time_h": 2.0, "dose": 2.0, "dose_unit": "nM"}, {"time_h": 2.0}], [1.0, 2.0, 3.0, 4.0, 5.0]
    )
    table = tables(lab)["live (%)"]
    assert [title for title, _ in table.columns] == ["time (h)", "10 nM", "10 uM", "2 nM", "not given"]
    assert table.values("2 nM") == [[3.0, 4.0]]
    assert table.values("not given") == [[None, 5.0]]


def test_grouped_values_of_a_patient_stand_in_one_subcolumn(lab, study):
    cells = [("a", "x", "P1"), ("a", "x", "P2"), ("b", "x", "P2"), ("a", "y", "P1"), ("b", "y", "P2")]
    study([{"treatment": t, "cell_line": c, "subject": s} for t, c, s in cells], [1.0, 2.0, 3.0, 4.0, 5.0])
    table = tables(lab)["live (%)"]
    assert table.values("x") == [[1.0, None], [2.0, 3.0]]
    assert table.values("y") == [[4.0, None], [None, 5.0]]


def test_time_makes_an_xy_table(lab, study):
    study([{"treatment": t, "time_h": h} for h in (24.0, 0.0) for t in ("a", "b")], [1.0, 2.0, 3.0, 4.0])
    table = tables(lab)["live (%)"]
    assert table.values("time (h)") == [[0.0, 24.0]]
    assert [table.values(name) for name in "ab"] == [[[3.0, 1.0]], [[4.0, 2.0]]]


def test_excluded_samples_are_there_and_excluded(lab, study):
    study([{"treatment": "a"}, {"treatment": "a", "excluded": True}], [1.0, 2.0])
    assert tables(lab)["live (%)"].columns == [("all samples", [[("1.0", False), ("2.0", True)]])]


def test_infinite_number_is_an_empty_cell_that_is_said(lab, study):
    study([{"treatment": "a"}, {"treatment": "b"}], [math.inf, 2.0])
    assert tables(lab)["live (%)"].values("a") == [[None]]
    assert "S0: Inf cannot stand in Prism" in info(files(lab)["flow.pzfx"])


def test_technical_replicates_are_named_as_what_they_are(lab, study):
    study([{"treatment": "a", "technical_replicate": str(n)} for n in (1, 2)], [1.0, 2.0])
    assert "technical replicates included: average them before a test" in info(files(lab)["flow.pzfx"])


def test_staining_controls_make_no_group(lab, study):
    study(
        [{"treatment": "a", "counts_as_sample": True}, {"treatment": "b", "counts_as_sample": False}],
        [1.0, 2.0],
    )
    assert [title for title, _ in tables(lab)["live (%)"].columns] == ["all samples"]
    assert "b" in files(lab)["tidy_flow.txt"].read_text("utf-8-sig")


def test_survival_table_has_a_row_per_subject_and_the_events_of_its_group(lab, study):
    rows = [
        {"treatment": "a", "subject": "M1", "survival_time_days": 12.0, "event": 1},
        {"treatment": "a", "subject": "M1", "survival_time_days": 12.0, "event": 1},
        {"treatment": "b", "subject": "M2", "survival_time_days": 30.5, "event": 0},
        {"treatment": "b", "subject": "M3", "survival_time_days": -1.0, "event": 1},
        {"treatment": "b", "subject": "M4", "survival_time_days": 3.0, "event": 2},
    ]
    study(rows, [1.0] * 5)
    table = tables(lab, "survival.pzfx")["Survival"]
    assert (table.kind, table.row_titles) == ("Survival", ["M1", "M2"])
    assert table.values("survival_time_days") == [[12.0, 30.5]]
    assert table.values("a") == [[1.0, None]]
    assert table.values("b") == [[None, 0.0]]
    said = info(files(lab)["survival.pzfx"])
    assert 'M3: survival_time_days "-1.0"' in said
    assert 'event "2" is no time with 1 or 0; left out' in said


def test_more_groups_than_prism_takes_stand_in_further_tables(lab, make_table, make_number):
    names = [f"S{place}" for place in range(300)]
    for name in names:
        lab.sample(name, treatment=f"t{name}")
    lab.task(
        "all", {"measurements": make_table("measurements", [make_number(n, 1.0, "live") for n in names])}
    )
    lab.publish()
    found = tables(lab)
    assert {name: len(table.columns) for name, table in found.items()} == {
        "live (%)": 256,
        "live (%) (2)": 44,
    }


def test_more_replicates_than_prism_takes_repeat_the_row(lab, make_table, make_number):
    names = [f"S{place}" for place in range(300)]
    for place, name in enumerate(names):
        lab.sample(name, treatment="a", cell_line="x" if place else "y", time_h=float(place == 1))
    numbers = [make_number(name, float(place), "live") for place, name in enumerate(names)]
    lab.task("all", {"measurements": make_table("measurements", numbers)})
    lab.publish()
    table = tables(lab)["live (%)"]
    assert table.attributes["Replicates"] == "256"
    assert table.values("time (h)") == [[0.0, 0.0, 1.0]]
    found = [value for cells in table.values("x") for value in cells if value is not None]
    assert sorted(found) == [float(place) for place in range(1, 300)]


def test_long_lists_of_tables_stand_in_several_files_and_the_rest_is_said(lab, monkeypatch, make_number):
    monkeypatch.setattr("exoraw.store.export.prism.write.MOST_TABLES", 2)
    monkeypatch.setattr("exoraw.store.export.prism.write.MOST_FILES", 2)
    lab.sample("S", treatment="a")
    numbers = [make_number("S", 1.0, "live", entity=f"lane:{place}") for place in range(5)]
    lab.task("S", {"measurements": pa.Table.from_pylist(numbers, schema=TABLES["measurements"].schema)})
    lab.publish()
    found = files(lab)
    assert [len(read_pzfx(found[name].read_bytes())) for name in ("flow.pzfx", "flow_2.pzfx")] == [2, 2]
    assert "1 further kinds of number stand in the text files alone" in info(found["flow_2.pzfx"])
    assert "lane:4" in found["tidy_flow.txt"].read_text("utf-8-sig")


def test_assay_with_controls_alone_makes_no_empty_prism_file(lab, study):
    study([{"control_role": "unstained", "counts_as_sample": False}], [1.0])
    assert sorted(files(lab)) == ["tidy_flow.txt", "variables_flow.txt"]


def test_hostile_study_comes_back_whole_and_unchanged_but_for_signs(filled, tmp_path):
    found = tables(filled)["late_apoptotic (%)"]
    assert [title for title, _ in found.columns] == ["control", "-DOX", "DOX"]
    assert found.row_titles == ["subject Anna Meier", "subject P12"]
    assert found.values("DOX") == [[None, 1e-300]]
    assert found.columns[2][1][0] == [("", False), ("1e-300", True)]
    assert filled.open().arrow("measurements")["value"].to_pylist()[4] == 1e-300


levels = st.sampled_from(["a", "a | b", "b", "b | a", "a ", " a", "a #2", "not given", "", None, "10 nM"])
sheets = st.fixed_dictionaries(
    {
        "treatment": levels,
        "cell_line": levels,
        "dose": st.sampled_from([None, 0.0, -0.0, 1.0, 10.0, math.nan, math.inf]),
        "dose_unit": st.sampled_from(["nM", "uM", "", None]),
        "time_h": st.sampled_from([None, 24.0, 1.0]),
        "subject": st.sampled_from(["P1", "P2", "P3", "P4", None]),
        "technical_replicate": st.none(),
    }
)


@given(
    st.lists(sheets, min_size=1, max_size=12),
    st.permutations(["treatment", "cell_line", "dose", "time_h"]),
    st.integers(0, 4),
    st.booleans(),
)
@settings(max_examples=400)
def test_no_number_is_lost_whatever_the_groups_are_called(rows, names, factors, paired):
    hidden = {} if paired else {"subject": None}
    values = tuple(Value(float(n), n % 3 == 0, f"S{n}", {**row, **hidden}) for n, row in enumerate(rows))
    for sheet in sheets_of(Series("t", values), Grouping(tuple(names[:factors]))):
        table = one(sheet)
        cells = [cell for title, subs in table.columns[sheet.x is not None :] for sub in subs for cell in sub]
        found = sorted((float(text), cut) for text, cut in cells if text)
        assert found == [(float(n), n % 3 == 0) for n in range(len(rows))]
        titles = [title for title, _ in table.columns]
        assert len(set(titles)) == len(titles)


# ---------------------------------------------------------------------- text for Multiple variables tables


def read_text(text: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter="\t")


@given(st.lists(st.tuples(st.text(max_size=30), st.floats()), min_size=1, max_size=5))
@settings(max_examples=150)
def test_text_for_multiple_variables_comes_back_cell_by_cell(rows):
    texts, values = [text for text, _ in rows], [value for _, value in rows]
    heading, *found = read_text(variables_text(pa.table({"=t\tx": texts, "v": values})))
    assert heading[:2] == ["'=t␉x", "v"]
    assert [unescaped(row[0]) for row in found] == [with_signs(text, CONTROLS) for text in texts]
    for row, value in zip(found, values, strict=True):
        if math.isfinite(value):
            assert struct.pack("<d", float(row[1])) == struct.pack("<d", value)
        elif math.isnan(value):
            assert row[1] == ""
        else:
            assert (row[1], heading[2], row[2]) == ("", "v text", "Inf" if value > 0 else "-Inf")


def test_variables_have_a_row_per_sample_and_tidy_a_row_per_number(filled):
    paths = files(filled)
    wide = list(read_text(paths["variables_flow.txt"].read_text("utf-8-sig")))
    tidy = list(read_text(paths["tidy_flow.txt"].read_text("utf-8-sig")))
    assert (len(wide), len(tidy)) == (4, 7)
    assert dict(zip(wide[0], wide[2], strict=True))["treatment"] == "'-DOX"
    assert {"sample", "treatment", "value", "excluded"} <= set(tidy[0])


def test_redacted_prism_files_name_nobody(filled, tmp_path):
    for path in export(filled.open(), "prism", tmp_path, redact=True):
        content = path.read_bytes()
        assert b"Meier" not in content
        assert b"P12" not in content
        assert b"subject_01" in content or path.suffix == ".pzfx"


def test_study_without_numbers_makes_no_prism_file(lab):
    lab.publish([])
    assert export(lab.open(), "prism") == []
