"""Every marker strategy from files to numbers, against the truth that was drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from exoraw.assays.flow.assay import ASSAY
from exoraw.assays.flow.simulate_markers import BEADS

Studies = Callable[..., Any]
KINDS = ("cd44_cd24", "aldefluor", "surface_mfi", "uptake_flow")


@pytest.fixture(scope="module")
def counted(studies: Studies) -> dict[str, Any]:
    stained = studies("cd44_cd24", beads=BEADS).having(beads={"channels": ["PE", "APC"]})
    left_out = ("ALDH exosomes 1", "MFI exosomes 1", "PKH 4 h 1", "PKH 24 h 1")
    others = {}
    for kind in KINDS[1:]:
        study = studies(kind)
        others[kind] = study.only(*(r["sample"] for r in study.rows if r["sample"] not in left_out))
    return {kind: study.run(drawn=True) for kind, study in {"cd44_cd24": stained, **others}.items()}


@pytest.mark.parametrize(
    ("kind", "measure", "most"),
    [
        ("cd44_cd24", "cd44_pos_cd24_low_share", 1.5),
        ("aldefluor", "aldh_high_share", 1.5),
        ("uptake_flow", "uptake_share", 1.0),
    ],
)
def test_shares_lie_near_the_labels_of_the_cells_that_were_drawn(
    counted: dict[str, Any], kind: str, measure: str, most: float
) -> None:
    done = counted[kind]
    assert done.tubes
    for sample in done.tubes:
        row = done.row(sample, measure)
        assert row.value == pytest.approx(done.truth[sample, measure, ""], abs=most)
        assert row.value == pytest.approx(100 * row.numerator / row.denominator)
        assert row.ci_low <= row.value <= row.ci_high


def test_ratios_to_the_isotype_lie_within_a_tenth_of_the_light_that_was_drawn(
    counted: dict[str, Any],
) -> None:
    done = counted["surface_mfi"]
    for (sample, measure, entity), true in done.truth.items():
        if sample in done.tubes:
            row = done.row(sample, measure, entity)
            assert row.value == pytest.approx(true, rel=0.1)
            assert row.ci_low < row.value < row.ci_high
            assert "isotype" in row.reference


def test_quadrants_sum_to_one_hundred_percent_and_to_the_live_single_cells(counted: dict[str, Any]) -> None:
    for sample, outcome in counted["cd44_cd24"].tubes.items():
        shares = [one for one in outcome.measurements if one.measure == "marker_share"]
        assert sum(one.value for one in shares) == pytest.approx(100.0, abs=1e-9)
        live = counted["cd44_cd24"].value(sample, "population_events", "population:live single cells")
        assert sum(one.numerator for one in shares) == live


def test_cells_per_microlitre_lie_inside_the_counting_error_of_the_truth(counted: dict[str, Any]) -> None:
    done = counted["cd44_cd24"]
    for sample in done.tubes:
        row, true = done.row(sample, "cells_per_volume"), done.truth[sample, "cells_per_volume", ""]
        assert row.ci_low < true < row.ci_high
        assert row.value == pytest.approx(true, rel=0.02)
        assert row.value == pytest.approx(BEADS.per_microlitre * row.numerator / row.denominator)


def test_beads_are_a_population_of_their_own(counted: dict[str, Any]) -> None:
    rows = {row["population"]: row for row in counted["cd44_cd24"].tubes["CSC control 1"].objects}
    assert rows["counting beads"]["parent"] == "all events"
    beads = counted["cd44_cd24"].row("CSC control 1", "cells_per_volume").denominator
    assert rows["counting beads"]["count"] <= beads <= 1.05 * rows["counting beads"]["count"]
    assert rows["counting beads"]["count"] + rows["steadily recorded"]["count"] <= rows["all events"]["count"]


def test_beads_are_not_counted_as_dead_cells(studies: Studies) -> None:
    tube = studies("cd44_cd24", beads=BEADS).only("CSC control 1").having(cd44_border=1e3, cd24_border=5e2)
    tube.settings["cleaning"] = {"debris": False, "singlets": False}
    aware = tube.having(beads={"channels": ["PE", "APC"]}).run()
    dead = ("CSC control 1", "dead_share")
    assert tube.run().value(*dead) > aware.value(*dead) + 5


def test_the_share_at_three_percentiles_stands_beside_the_share(counted: dict[str, Any]) -> None:
    for kind, sample in (("cd44_cd24", "CSC control 1"), ("aldefluor", "ALDH control 1")):
        beside = [
            one for one in counted[kind].tubes[sample].measurements if one.measure == "share_at_percentile"
        ]
        words = "controls" if kind == "cd44_cd24" else "DEAB"
        assert [one.statistic for one in beside] == [f"{at:g} % of {words}" for at in (99, 99.5, 99.9)]
        values = [one.value for one in beside]
        assert kind == "cd44_cd24" or values == sorted(values, reverse=True)


def test_a_sample_without_any_aldh_high_cell_is_a_result(counted: dict[str, Any]) -> None:
    done = counted["aldefluor"]
    assert done.value("ALDH1A1 knockout", "aldh_high_share") < 1.5
    assert abs(done.value("ALDH1A1 knockout", "aldh_high_net_share")) < 1.0
    assert done.value("ALDH-high sorted", "aldh_high_share") > 95
    net = done.value("ALDH control 1", "aldh_high_net_share")
    gross, deab = done.value("ALDH control 1", "aldh_high_share"), done.value("ALDH control 1", "deab_share")
    assert net == pytest.approx(gross - deab)


def test_dead_cells_are_taken_out_at_the_batch_s_border(counted: dict[str, Any]) -> None:
    for kind, share in (("cd44_cd24", 6.0), ("aldefluor", 8.0), ("uptake_flow", 5.0)):
        done = counted[kind]
        assert done.batch("controls").data["viability"]["source"] in ("valley", "live population")
        sample = next(name for name in done.tubes if "salinomycin" not in name)
        assert done.value(sample, "dead_share") == pytest.approx(share, abs=1.5)


def test_free_dye_is_said_where_both_uptake_controls_stand_side_by_side(
    counted: dict[str, Any], studies: Studies
) -> None:
    assert counted["uptake_flow"].findings("PKH 1 h 1", "free_dye_seen")
    assert "PKH dye only 1" in counted["uptake_flow"].row("PKH 1 h 1", "uptake_share").reference
    dark = studies("uptake_flow").only("PKH 1 h 1", "PKH no exosomes 1").run()
    assert dark.findings("PKH 1 h 1", "dye_aggregates_unknown")
    assert "tube without exosomes" in dark.row("PKH 1 h 1", "uptake_share").reference


def test_every_measure_and_every_finding_stands_in_the_lists_of_the_assay(counted: dict[str, Any]) -> None:
    measures = {measure.name for measure in ASSAY.vocabulary}
    codes = {kind.code for kind in ASSAY.findings}
    for done in counted.values():
        for outcome in done.ran.outcomes.values():
            assert {one.measure for one in outcome.measurements} <= measures
            assert {one.code for one in outcome.findings} <= codes


def test_figures_name_measures_and_entities_that_exist(counted: dict[str, Any]) -> None:
    for done in counted.values():
        measured = {(one.measure, one.entity) for o in done.tubes.values() for one in o.measurements}
        for figure in done.batch("summary").figures:
            for measure in figure.measures:
                for entity in figure.entities or ("",):
                    assert (measure, entity) in measured or entity == ""


def test_pictures_say_what_they_show_and_stay_small(counted: dict[str, Any]) -> None:
    for kind, done in counted.items():
        for sample, outcome in done.tubes.items():
            names = [one.name for one in outcome.artefacts]
            assert names[:2] == (["quadrants.png", "markers.png"] if kind == "cd44_cd24" else names[:2])
            assert {"markers.png", "cleaning.png"} <= set(names)
            assert all(one.sample == sample and len(one.content) < 40_000 for one in outcome.artefacts)
        assert [one.name for one in done.batch("controls").artefacts] == ["controls.png"]


def test_methods_hold_the_definition_of_cd24_low_and_the_kind_of_control(counted: dict[str, Any]) -> None:
    text = " ".join(one.text for one in counted["cd44_cd24"].batch("summary").methods)
    assert "99.5th percentile" in text
    assert "isotype" in text
    assert "at or below the CD24 gate" in text
    assert "DEAB" in " ".join(one.text for one in counted["aldefluor"].batch("summary").methods)


# ----------------------------------------------------------------- choices of the lab


@pytest.fixture(scope="module")
def pair(studies: Studies) -> Any:
    """One stained tube and its isotype."""
    return studies("cd44_cd24").only("CSC salinomycin 1", "CSC isotype 1")


STEM = ("CSC salinomycin 1", "cd44_pos_cd24_low_share")


def test_cd24_low_in_the_valley_of_the_batch_is_near_the_truth(pair: Any) -> None:
    done = pair.having(cd24_low="valley").run()
    assert done.value(*STEM) == pytest.approx(done.truth[(*STEM, "")], abs=1.0)
    border = done.tubes[STEM[0]].objects[0]["cd24_threshold"]
    assert border == done.batch("controls").data["cd24_valley"]["threshold"]


def test_without_a_valley_there_is_an_error_and_no_share(studies: Studies) -> None:
    isotypes = studies("cd44_cd24").only("CSC isotype 1")
    isotypes.rows[0] |= {"sample": "plain", "control_role": ""}
    control = studies("cd44_cd24").of("CSC isotype 1")
    isotypes.rows.append(dict(control))
    done = isotypes.having(cd24_low="valley").run()
    assert done.findings("plain", "cd24_without_valley")[0].severity == "error"
    assert np.isnan(done.value("plain", "cd44_pos_cd24_low_share"))


def test_fixed_borders_are_used_as_they_are_and_need_no_control(studies: Studies) -> None:
    alone = studies("cd44_cd24").only("CSC salinomycin 1")
    fixed = alone.having(cd44_border=1_412.0, cd24_border=562.0).run()
    row = fixed.tubes[STEM[0]].objects[0]
    assert (row["cd44_threshold"], row["cd24_threshold"]) == (1_412.0, 562.0)
    assert row["cd44_threshold_source"] == "set by a person"
    assert fixed.value(*STEM) == pytest.approx(fixed.truth[(*STEM, "")], abs=1.0)
    low = alone.having(cd44_border=1_412.0, cd24_low="border", cd24_low_value=562.0).run()
    assert low.value(*STEM) == pytest.approx(fixed.value(*STEM))


def test_a_wider_cd24_low_takes_in_more_cells(pair: Any) -> None:
    plain, wide = pair.run(), pair.having(cd24_low="multiple", cd24_low_value=4.0).run()
    assert wide.value(*STEM) >= plain.value(*STEM)
    ratio = (
        wide.tubes[STEM[0]].objects[0]["cd24_threshold"] / plain.tubes[STEM[0]].objects[0]["cd24_threshold"]
    )
    assert ratio == pytest.approx(4.0)


def test_without_a_dead_cell_dye_the_dead_stay_and_it_is_said(studies: Studies) -> None:
    pair = studies("aldefluor").only("ALDH control 1", "ALDH control 1 DEAB")
    with_dye, without = pair.run(), pair.having(viability={"names": None}).run()
    assert "no_viability_dye" in {one.code for one in without.batch("controls").findings}
    live = ("ALDH control 1", "population_events", "population:live single cells")
    assert without.value(*live) > 1.05 * with_dye.value(*live)
    assert not any(one.measure == "dead_share" for one in without.tubes["ALDH control 1"].measurements)


def test_the_tube_with_the_dead_cell_dye_alone_is_its_single_stain(studies: Studies) -> None:
    study = studies("aldefluor")
    unit = next(
        unit
        for step in ASSAY.steps
        if step.name == "compensate"
        for unit in step.units(_auto(study).limited_to(step.columns), _inventory(study))
    )
    roles = {role: len(files) for role, files in unit.inputs.items()}
    assert roles["single_stain:viability"] == 1
    assert roles["single_stain:aldh"] == 0


def _auto(study: Any) -> Any:
    study.settings["compensation"] = {"source": "auto"}
    return study.view()


def _inventory(study: Any) -> Any:
    import sys

    return sys.modules["flow_stand_in"].inventory_of(study.raw)
