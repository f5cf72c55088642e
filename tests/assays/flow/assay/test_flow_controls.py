"""Which tubes make a batch and which control serves which tube."""

from __future__ import annotations

import pytest

from exoraw.assays.flow.controls import (
    batches_of,
    is_stain,
)
from exoraw.assays.flow.fluorescent_drugs import compound_in
from exoraw.assays.flow.treatments import Treatment, best_match, matched_controls, treatment_of
from exoraw.study.view import SampleRow


def row(sample: str, excluded: str = "", **cells: str) -> SampleRow:
    return SampleRow(sample, (f"{sample}.fcs",), 0, cells, 2, excluded)


def treatment(text: str, dose: str = "", unit: str = "") -> Treatment:
    return treatment_of(row("s", treatment=text, dose=dose, dose_unit=unit))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("DOX + exosomes", "exosomes, doxorubicin"),
        ("DOX 1 µM", "dox 1,0 uM"),
        ("Adriamycin (0.5 uM) and MSC-exo 10 µg/ml", "msc-exo 10ug/mL / DOX 0,5 µm"),
        ("DOX plus PTX", "PTX with DOX"),
        ("untreated", ""),
        ("Ctrl", "none"),
    ],
)
def test_treatments_are_compared_by_their_parts_whatever_their_order_and_spelling(
    one: str, other: str
) -> None:
    assert treatment(one) == treatment(other)
    assert treatment(one).text == treatment(other).text


def test_the_dose_may_stand_in_the_text_or_in_a_column_of_its_own() -> None:
    assert treatment("DOX 1 µM") == treatment("DOX", "1", "uM")
    assert treatment("DOX 1 µM").text == "doxorubicin 1um"
    assert treatment("DOX 1 µM", "5", "uM").doses == (("doxorubicin", "1um"),)
    assert treatment("", "0", "uM") == treatment("control")


def test_a_control_serves_the_tubes_that_hold_all_its_parts() -> None:
    assert treatment("DOX").serves(treatment("DOX + exosomes"))
    assert treatment("DOX 1 uM").serves(treatment("DOX 5 uM"))
    assert not treatment("DOX + exosomes").serves(treatment("DOX"))
    assert not treatment("DOX").serves(treatment("control"))


def test_a_dose_that_is_not_written_down_is_no_other_dose() -> None:
    assert treatment("DOX").same_dose(treatment("DOX 5 uM"))
    assert treatment("DOX 5 uM").same_dose(treatment("DOX"))
    assert not treatment("DOX 1 uM").same_dose(treatment("DOX 5 uM + exosomes"))


def best(tube: str, *available: str) -> str:
    found = best_match(treatment(tube), [treatment(one) for one in available])
    return "" if found is None else found.text


def test_the_most_specific_control_is_taken_then_that_of_its_dose_then_the_one_that_shines() -> None:
    assert best("DOX + exosomes", "DOX", "DOX + exosomes") == "doxorubicin + exosomes"
    assert best("DOX + exosomes", "exosomes", "DOX") == "doxorubicin"
    assert best("DOX 5 uM + exosomes", "DOX 1 uM", "DOX 5 uM", "DOX 10 uM") == "doxorubicin 5um"
    assert best("DOX 2 uM", "DOX 1 uM") == "doxorubicin 1um"
    assert best("PTX", "DOX") == ""


def test_only_treatments_apart_from_the_vehicle_and_untreated_have_controls_of_their_own() -> None:
    rows = [
        row("v", control_role="vehicle", treatment="DMSO"),
        row("u", control_role="unstained", treatment="DMSO"),
        row("e", control_role="unstained", treatment=""),
        row("n", control_role="unstained", treatment="Untreated"),
        row("d", control_role="unstained", treatment="DOX"),
    ]
    (batch,) = batches_of(rows, ("batch",))
    assert [one.text for one in matched_controls(batch)] == ["doxorubicin"]


def test_an_excluded_control_is_no_control_but_an_excluded_sample_is_still_gated() -> None:
    rows = [row("v", "clogged", control_role="vehicle"), row("s", "spilt", control_role="")]
    (batch,) = batches_of(rows, ("batch",))
    assert batch.role("vehicle") == ()
    assert [one.sample for one in batch.gated] == ["v", "s"]


def test_batches_keep_the_order_of_the_sheet_and_have_unique_names() -> None:
    rows = [
        row("1", batch="b", cell_line="x"),
        row("2", batch="a", cell_line=""),
        row("3", batch="b|x", cell_line=""),
        row("4", batch="b", cell_line="x"),
    ]
    batches = batches_of(rows, ("batch", "cell_line"))
    assert [batch.name for batch in batches] == ["b | x", "a | -", "b\\|x | -"]
    assert [one.sample for one in batches[0].rows] == ["1", "4"]


@pytest.mark.parametrize("cell", ["FITC", "annexin v", "Annexin V-FITC", "AnnexinV (FITC)"])
def test_a_stain_cell_is_understood_as_dye_or_marker(cell: str) -> None:
    assert is_stain(row("s", stain=cell), ("Annexin V", "FITC"))
    assert not is_stain(row("s", stain=cell), ("PI",))


@pytest.mark.parametrize(
    ("treatment", "name"),
    [
        ("DOX 1 uM", "doxorubicin"),
        ("exoDOX", "doxorubicin"),
        ("Curcumin-exosomes", "curcumin"),
        ("PKH67 exosomes", "PKH67"),
    ],
)
def test_drugs_and_labels_that_shine_are_known(treatment: str, name: str) -> None:
    compound = compound_in(treatment)
    assert compound is not None
    assert compound.name == name


@pytest.mark.parametrize("treatment", ["doxycycline", "PTX", "control", "", "paradox"])
def test_other_words_are_not_taken_for_a_drug_that_shines(treatment: str) -> None:
    found = compound_in(treatment)
    assert found is None or treatment == "paradox"
