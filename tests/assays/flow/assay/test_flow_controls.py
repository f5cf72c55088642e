"""Which tubes make a batch and which control serves which tube."""

from __future__ import annotations

import pytest

from exoraw.assays.flow.controls import (
    batches_of,
    best_match,
    components,
    is_stain,
    matched_treatments,
    serves,
)
from exoraw.assays.flow.fluorescent_drugs import compound_in
from exoraw.study.view import SampleRow


def row(sample: str, excluded: str = "", **cells: str) -> SampleRow:
    return SampleRow(sample, (f"{sample}.fcs",), 0, cells, 2, excluded)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("DOX + exosomes", "exosomes, doxorubicin"),
        ("DOX 1 µM", "dox"),
        ("Adriamycin (0.5 uM) and MSC-exo 10 µg/ml", "msc-exo/DOX"),
        ("DOX plus PTX", "PTX with DOX"),
    ],
)
def test_treatments_are_compared_by_their_parts_whatever_their_order_dose_and_spelling(
    one: str, other: str
) -> None:
    assert components(one) == components(other)


def test_a_control_serves_the_tubes_that_hold_all_its_parts() -> None:
    assert serves("DOX", "DOX + exosomes")
    assert not serves("DOX + exosomes", "DOX")
    assert not serves("DOX", "control")


def test_the_most_specific_control_is_taken_and_of_equal_ones_the_one_that_shines() -> None:
    assert best_match("DOX + exosomes", ["DOX", "DOX + exosomes"]) == "DOX + exosomes"
    assert best_match("DOX + exosomes", ["exosomes", "DOX"]) == "DOX"
    assert best_match("PTX", ["DOX"]) == ""


def test_only_treatments_apart_from_the_vehicle_have_controls_of_their_own() -> None:
    rows = [
        row("v", control_role="vehicle", treatment="DMSO"),
        row("u", control_role="unstained", treatment="DMSO"),
        row("e", control_role="unstained", treatment=""),
        row("d", control_role="unstained", treatment="DOX"),
    ]
    (batch,) = batches_of(rows, ("batch",))
    assert matched_treatments(batch) == ("DOX",)


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
