"""Which control serves which tube: by column, by name, by the sheet's word; and what re-runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from exoraw.assays.flow.assay import ASSAY
from exoraw.assays.flow.controls import batches_of
from exoraw.assays.flow.marker_controls import Served, served_tubes
from exoraw.assays.flow.strategies import CD44CD24, Aldefluor, MarkerStrategy, UptakeFlow
from exoraw.study.view import SampleRow


def rows(*cells: dict[str, str]) -> tuple[SampleRow, ...]:
    return tuple(
        SampleRow(
            cell["sample"], (f"{cell['sample']}.fcs",), 0,
            {key: value for key, value in cell.items() if key not in ("sample", "excluded")}, line,
            cell.get("excluded", ""),
        )
        for line, cell in enumerate(cells, start=2)
    )  # fmt: skip


def tube(sample: str, **cells: str) -> dict[str, str]:
    return {"sample": sample, **cells}


def served(strategy: MarkerStrategy, *cells: dict[str, str]) -> dict[str, Served]:
    (batch,) = batches_of(rows(*cells), ("batch",))
    return {one.tube.sample: one for one in served_tubes(batch, strategy)}


def names(one: Served) -> list[str]:
    return [row.sample for row in one.main.rows]


def test_the_control_of_the_same_subject_serves() -> None:
    found = served(
        CD44CD24(),
        tube("a", subject="P1"), tube("b", subject="P2"),
        tube("iso 1", subject="P1", control_role="isotype"),
        tube("iso 2", subject="P2", control_role="isotype"),
    )  # fmt: skip
    assert names(found["a"]) == ["iso 1"]
    assert names(found["b"]) == ["iso 2"]
    assert found["a"].main.differs == ()


def test_an_isotype_of_untreated_cells_serves_every_treatment_but_the_treated_one_serves_its_own() -> None:
    found = served(
        CD44CD24(),
        tube("untreated", treatment="control"),
        tube("dox", treatment="DOX 1 uM"), tube("ptx", treatment="PTX"),
        tube("iso", treatment="control", control_role="isotype"),
        tube("iso dox", treatment="DOX 1 uM", control_role="isotype"),
    )  # fmt: skip
    assert {key: names(one) for key, one in found.items()} == {
        "untreated": ["iso"], "dox": ["iso dox"], "ptx": ["iso"],
    }  # fmt: skip
    assert found["ptx"].main.differs == ()


def test_a_control_of_another_treatment_serves_where_there_is_no_better_and_says_so() -> None:
    found = served(
        CD44CD24(), tube("ptx", treatment="PTX"), tube("iso", treatment="DOX", control_role="isotype")
    )
    assert names(found["ptx"]) == ["iso"]
    assert found["ptx"].main.differs == ("treatment",)


def test_the_name_of_the_vehicle_counts_as_no_treatment() -> None:
    found = served(
        CD44CD24(),
        tube("dmso", treatment="DMSO", control_role="vehicle"), tube("dox", treatment="DOX"),
        tube("iso", treatment="DMSO", control_role="isotype"),
    )  # fmt: skip
    assert found["dox"].main.differs == ()


@pytest.mark.parametrize("column", ["treatment", "subject", "biological_replicate"])
def test_a_deab_tube_of_another_sample_never_serves(column: str) -> None:
    found = served(
        Aldefluor(), tube("b", **{column: "two"}), tube("a DEAB", control_role="deab", **{column: "control"})
    )
    assert names(found["b"]) == []
    assert found["b"].of_another is not None
    assert found["b"].refused.differs == (column,)


def test_a_deab_tube_is_known_by_its_name_where_the_columns_are_empty() -> None:
    found = served(
        Aldefluor(),
        tube("P1 ALDEFLUOR"), tube("P2 ALDEFLUOR"),
        tube("P1 DEAB", control_role="deab"), tube("P2 DEAB", control_role="deab"),
    )  # fmt: skip
    assert names(found["P1 ALDEFLUOR"]) == ["P1 DEAB"]
    assert found["P2 ALDEFLUOR"].main.known == "name"


def test_the_word_of_the_sheet_comes_before_every_column() -> None:
    found = served(
        Aldefluor(),
        tube("a", subject="P1"), tube("b", subject="P2"),
        tube("x", subject="P1", control_role="deab", control_for="b"),
        tube("y", subject="P2", control_role="deab", control_for="a; c"),
    )  # fmt: skip
    assert names(found["a"]) == ["y"]
    assert names(found["b"]) == ["x"]


def test_a_control_that_serves_others_by_name_serves_nobody_else() -> None:
    found = served(CD44CD24(), tube("a"), tube("b"), tube("iso", control_role="isotype", control_for="b"))
    assert names(found["a"]) == []
    assert found["a"].role == ""


def test_a_comma_may_belong_to_a_name() -> None:
    found = served(
        CD44CD24(), tube("DOX, 24 h"), tube("iso", control_role="isotype", control_for="DOX, 24 h; b")
    )
    assert names(found["DOX, 24 h"]) == ["iso"]


def test_an_excluded_control_serves_nobody() -> None:
    found = served(CD44CD24(), tube("a"), tube("iso", control_role="isotype", excluded="spilt"))
    assert names(found["a"]) == []


def test_an_fmo_is_matched_by_the_dye_it_leaves_out() -> None:
    found = served(
        CD44CD24(),
        tube("a"), tube("iso", control_role="isotype"),
        tube("fmo", control_role="fmo", stain="PE"), tube("other", control_role="fmo", stain="BV421"),
    )  # fmt: skip
    assert {key: [row.sample for row in match.rows] for key, match in found["a"].fmo.items()} == {
        "cd24": ["fmo"]
    }


def test_uptake_prefers_the_dye_alone_and_keeps_the_others_beside_it() -> None:
    found = served(
        UptakeFlow(),
        tube("a", time_h="4"),
        tube("none", control_role="no_exosome"), tube("dye", control_role="dye_only"),
    )  # fmt: skip
    assert found["a"].role == "dye_only"
    assert list(found["a"].beside) == ["no_exosome"]


# ----------------------------------------------------------------- check and re-runs


def test_a_control_for_that_names_no_sample_is_an_error_with_the_nearest_name(
    studies: Callable[..., Any],
) -> None:
    study = studies("aldefluor")
    study.of("ALDH control 1 DEAB")["control_for"] = "ALDH contrl 1"
    (problem,) = [one for one in study.check() if "control_for" in one and one.startswith("error")]
    assert 'Did you mean "ALDH control 1"?' in problem


def test_check_names_the_tubes_without_a_control(studies: Callable[..., Any]) -> None:
    study = studies("cd44_cd24").only("CSC control 1", "CSC salinomycin 1")
    assert any("no isotype tube for CSC control 1, CSC salinomycin 1" in one for one in study.check())
    deabless = studies("aldefluor").only("ALDH exosomes 1", "ALDH control 1 DEAB")
    told = deabless.check()
    assert any("has another treatment; it is not used" in one for one in told)


def test_a_sound_sheet_leaves_neither_errors_nor_warnings(studies: Callable[..., Any]) -> None:
    for kind in ("cd44_cd24", "aldefluor", "surface_mfi", "uptake_flow"):
        assert [one for one in studies(kind).check() if not one.startswith("info")] == []


def test_a_changed_label_plans_the_same_units(studies: Callable[..., Any]) -> None:
    study = studies("cd44_cd24")
    before = planned(study)
    study.of("CSC salinomycin 1")["treatment"] = "salinomycin 2 uM"
    assert planned(study) == before


def test_another_control_changes_the_unit_of_its_tube_only(studies: Callable[..., Any]) -> None:
    study = studies("aldefluor")
    before = planned(study)
    study.of("ALDH control 1 DEAB")["excluded"] = "clogged"
    changed = {key for key, unit in planned(study).items() if unit != before[key]}
    assert changed == {"aldefluor/markers/ALDH control 1", "aldefluor/controls/day1 | SUM159"}


def planned(study: Any) -> dict[str, Any]:
    """Everything that enters the identity of a unit, of every step."""
    import sys

    files = sys.modules["flow_stand_in"].inventory_of(study.raw)
    return {
        unit.key: (unit.inputs, unit.params, unit.payload, unit.columns == () or unit.samples == ())
        for step in ASSAY.steps
        for unit in step.units(study.view().limited_to(step.columns), files)
    }
