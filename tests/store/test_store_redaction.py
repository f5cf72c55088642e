"""No name of a person leaves with --redact, and pairing survives."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoraw.store.redaction import pseudonyms, pseudonyms_of, redact


def _sheet(**columns: list[object]) -> pa.Table:
    rows = max((len(column) for column in columns.values()), default=0)
    return pa.table(
        {"pipeline": ["p"] * rows, "sample": pa.array([f"S{i}" for i in range(rows)], pa.string()), **columns}
    )


def test_same_person_has_the_same_pseudonym_in_every_table(filled):
    results = filled.open()
    who = pseudonyms_of(results)
    samples = redact(results.arrow("samples"), who)
    assert samples["subject"].to_pylist() == ["subject_01", "subject_01", "subject_02"]
    assert samples["files"].to_pylist()[0] == ["day1/subject_01_A1.fcs"]
    numbers = redact(results.arrow("measurements"), who)
    assert set(numbers["sample"].to_pylist()) == set(samples["sample"].to_pylist())
    assert numbers["value"].equals(results.arrow("measurements")["value"])


@pytest.mark.parametrize(
    "text",
    [
        "Anna Meier", "anna meier", "MEIER, Anna", "Meier_Anna_tube3.fcs", "Anna-Meier", "day1/meier.fcs",
        "the tube of Frau Meier was empty", '{"name": "Anna  Meier"}',
    ],
)  # fmt: skip
def test_name_is_found_in_every_way_of_writing_it(text):
    who = pseudonyms(_sheet(patient=["Anna Meier", "P12"]))
    assert "meier" not in who.text(text).lower()
    assert "anna" not in who.text(text).lower()
    assert "patient_01" in who.text(text)


@pytest.mark.parametrize(
    "text", ["Müller", "Mu\u0308ller", "Mueller", "Muller", json.dumps("MÜLLER"), json.dumps({"n": "Müller"})]
)
def test_umlauts_are_found_however_they_are_written(text):
    assert "operator_01" in pseudonyms(_sheet(operator=["Müller"])).text(text)


def test_words_that_only_contain_a_name_stay():
    who = pseudonyms(_sheet(subject=["Li", "P1", "Ann", "7", "4711"]))
    for text in ("line Lipid li", "P12 P1x xP1", "Annexin V", "7 events of 17", "24711 events"):
        assert who.text(text) == text
    assert who.text("Li_P1_Ann_4711.fcs") == "subject_01_subject_02_subject_03_subject_05.fcs"


def test_short_numbers_are_replaced_in_their_own_column_only():
    sheet = _sheet(subject=["7", "8"], dose_text=["7", "70"])
    found = redact(sheet, pseudonyms(sheet))
    assert found["subject"].to_pylist() == ["subject_01", "subject_02"]
    assert found["dose_text"].to_pylist() == ["7", "70"]


def test_first_name_that_two_persons_share_tells_nobody_apart():
    who = pseudonyms(_sheet(patient=["Anna Meier", "Anna Schulz"]))
    assert who.text("Anna was late; Schulz was not") == "name was late; patient_02 was not"


def test_capitals_do_not_make_another_person_of_somebody():
    sheet = _sheet(patient=["Anna Meier", "ANNA MEIER", "Muller", "Müller"])
    who = pseudonyms(sheet)
    assert redact(sheet, who)["patient"].to_pylist() == [
        "patient_01",
        "patient_01",
        "patient_02",
        "patient_03",
    ]
    assert who.text("Muller muller Müller mueller") == "patient_02 patient_02 patient_03 patient_03"
    assert who.text("anna") == "patient_01"


def test_column_that_the_study_lists_is_redacted_and_numbers_in_it_become_pseudonyms():
    sheet = _sheet(initials=["AM", None, ""], mrn=[48151623, 48151623, 4])
    found = redact(sheet, pseudonyms(sheet, redact=("Initials",)))
    assert found["initials"].to_pylist() == ["initials_01", None, ""]
    assert found["mrn"].to_pylist() == ["mrn_01", "mrn_01", "mrn_02"]


def test_names_from_file_headers_can_be_given():
    assert pseudonyms(_sheet(), names=["Operator Zed"]).text("by Operator Zed") == "by name_01"


def test_sheet_without_persons_is_left_as_it_is():
    sheet = _sheet(treatment=["a", "b"])
    assert redact(sheet, pseudonyms(sheet)).equals(sheet)


names = st.text(st.characters(categories=["L"], max_codepoint=0x17F), min_size=3, max_size=8)


@given(st.lists(names, min_size=1, max_size=4, unique_by=str.casefold), st.text(max_size=8))
def test_no_listed_name_survives_as_a_word(people, around):
    who = pseudonyms(_sheet(patient=list(people)))
    for person in people:
        found = who.text(f"{around} {person} {around}_{person}.fcs")
        assert f" {person} " not in found
        assert f"_{person}.fcs" not in found


@given(st.lists(names, min_size=2, max_size=6, unique_by=str.casefold))
def test_different_persons_stay_different(people):
    sheet = _sheet(patient=list(people))
    cells = redact(sheet, pseudonyms(sheet))["patient"].to_pylist()
    assert len(set(cells)) == len(people)
