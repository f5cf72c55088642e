"""Comparisons that a study asks for, from raw files to the table: truth, cache, bad input."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from scipy import stats

import exoraw
from exoraw.engine.options import RunOptions
from exoraw.engine.plan import make_plan
from exoraw.engine.project import open_project
from exoraw.engine.run import run
from exoraw.io.errors import StudyError
from exoraw.store.explain import explain
from exoraw.store.index import committed

HERE = RunOptions(workers=0)
CONTROL = {1: (10.0, 11.0), 2: (12.5, 12.1), 3: (9.0, 9.6), 4: (11.0, 10.2)}
DRUG = {1: (14.0, 15.0), 2: (17.1, 16.3), 3: (12.0, 13.0), 4: (15.5, 14.9)}
WELCH = {
    "name": "effect", "measure": "toy_value", "factor": "treatment", "unit": "culture",
    "reference": "control", "test": "welch",
}  # fmt: skip


def filled(study: Any, *, batch_of: dict[str, str] | None = None) -> Any:
    """Two wells in each of four cultures of two treatments."""
    for treatment, cultures in (("control", CONTROL), ("drug", DRUG)):
        for culture, wells in cultures.items():
            for well, value in enumerate(wells):
                name = f"{treatment[0]}{culture}{well}"
                batch = (batch_of or {}).get(treatment, f"b{culture % 2}")
                study.put(f"{name}.toy", b"TOY1\n" + json.dumps({"value": value}).encode())
                row = {"sample": name, "file": f"{name}.toy", "batch": batch, "treatment": treatment}
                study.rows.append({**row, "culture": f"{treatment[0]}{culture}", "subject": str(culture)})
    study.write()
    return study


def compared(study: Any) -> pd.DataFrame:
    return exoraw.open(study.results).table("comparisons")


def codes(study: Any) -> set[str]:
    return set(exoraw.open(study.results).findings()["code"])


def averages(cultures: dict[int, tuple[float, ...]]) -> list[float]:
    return [sum(wells) / len(wells) for wells in cultures.values()]


def test_wells_are_averaged_per_culture_before_the_test(toy_study: Any) -> None:
    toy_study.compare = [WELCH]
    summary = run(filled(toy_study).path, HERE)
    assert summary.exit_code == 0
    (row,) = compared(toy_study).to_dict("records")
    expected = stats.ttest_ind(averages(DRUG), averages(CONTROL), equal_var=False)
    assert row["p"] == pytest.approx(expected.pvalue, rel=1e-12)
    assert (row["group"], row["reference"], row["n_group"], row["n_reference"]) == ("drug", "control", 4, 4)
    assert (row["name"], row["state"], row["replication_unit"]) == ("effect", "ok", "culture")
    assert row["estimate"] == pytest.approx(sum(averages(DRUG)) / 4 - sum(averages(CONTROL)) / 4)
    assert 0.01 < row["p"] < 0.05
    assert row["stars"] == "*"
    recorded = json.loads(row["assumptions"])
    assert recorded["choices"]["technical_replicates"] == "mean of 2 to 2 rows per unit"
    assert recorded["choices"]["rows"] == "16"


def test_pairs_two_ways_and_correlations_are_those_of_scipy(toy_study: Any) -> None:
    paired = WELCH | {"name": "paired", "test": "paired t", "unit": "subject", "pair_by": "subject"}
    mann = WELCH | {"name": "ranks", "test": "mann-whitney"}
    toy_study.compare = [paired, mann]
    run(filled(toy_study).path, HERE)
    found = compared(toy_study).set_index("name")["p"]
    assert found["paired"] == pytest.approx(stats.ttest_rel(averages(DRUG), averages(CONTROL)).pvalue)
    assert found["ranks"] == pytest.approx(stats.mannwhitneyu(averages(DRUG), averages(CONTROL)).pvalue)


def test_the_figure_carries_every_unit_as_a_point_and_the_stars(toy_study: Any) -> None:
    toy_study.compare = [WELCH]
    run(filled(toy_study).path, HERE)
    figures = exoraw.open(toy_study.results).table("figures")
    (row,) = figures[figures["kind"] == "comparison"].to_dict("records")
    options = json.loads(row["options"])
    assert [group["label"] for group in options["groups"]] == ["control", "drug"]
    assert options["groups"][1]["values"] == pytest.approx(averages(DRUG))
    assert options["marks"] == [{"group": "drug", "reference": "control", "text": "*", "symbol": "*"}]
    (legend,) = options["stars"]
    assert legend == "* p < 0.05, ** p < 0.01, *** p < 0.001 vs control"  # one comparison: nothing to adjust


def test_a_comparison_runs_again_only_when_its_numbers_or_cells_change(toy_study: Any) -> None:
    toy_study.compare = [WELCH]
    run(filled(toy_study).path, HERE)
    assert run(toy_study.path, HERE).counts == {"cached": 20}
    toy_study.rows[0]["note"] = "a remark that nobody compares"
    toy_study.write()
    assert "ok" not in run(toy_study.path, HERE).counts
    before = float(compared(toy_study)["p"].iloc[0])
    toy_study.rows[0]["culture"] = "c9"
    toy_study.write()
    project = open_project(toy_study.path)
    plan = make_plan(project, committed(project.results))
    assert [node.key for node in plan if node.state == "run"] == ["toys/compare/effect"]
    assert run(toy_study.path, HERE).counts["ok"] == 1
    assert float(compared(toy_study)["p"].iloc[0]) != before


def test_an_excluded_sample_is_left_out_and_both_answers_can_be_asked_for(toy_study: Any) -> None:
    toy_study.compare = [WELCH | {"exclusions": "both"}]
    filled(toy_study)
    lines = ["kind,target,reason,who,when", "sample,d10,spilt,AB,2026-11-20"]
    (toy_study.folder / "exclusions.csv").write_text("\n".join(lines) + "\n", "utf-8")
    run(toy_study.path, HERE)
    found = compared(toy_study).set_index("exclusions")
    assert set(found.index) == {"applied", "ignored"}
    without = [[15.0], *list(DRUG.values())[1:]]
    expected = stats.ttest_ind([sum(w) / len(w) for w in without], averages(CONTROL), equal_var=False)
    assert found.loc["applied", "p"] == pytest.approx(expected.pvalue)
    assert found.loc["ignored", "p"] != found.loc["applied", "p"]


def test_two_units_a_group_give_points_and_no_p_unless_asked(toy_study: Any) -> None:
    toy_study.compare = [WELCH, WELCH | {"name": "asked", "least_n": 2}]
    filled(toy_study)
    toy_study.rows = [row for row in toy_study.rows if row["subject"] in "12"]
    toy_study.write()
    run(toy_study.path, HERE)
    found = compared(toy_study).set_index("name")
    assert pd.isna(found.loc["effect", "p"])
    assert found.loc["effect", "state"] == "too few units"
    assert found.loc["effect", "stars"] == ""
    assert 0 < found.loc["asked", "p"] < 1
    assert "comparison_not_tested" in codes(toy_study)


def test_groups_that_share_no_batch_are_said(toy_study: Any) -> None:
    toy_study.compare = [WELCH]
    run(filled(toy_study, batch_of={"control": "monday", "drug": "tuesday"}).path, HERE)
    findings = exoraw.open(toy_study.results).findings()
    (said,) = findings.loc[findings["code"] == "confounded_with_batch", "message"]
    assert said == "effect: control and drug share no batch: their difference may be that of the batch"


def test_a_failed_file_takes_no_part_and_is_named(toy_study: Any) -> None:
    toy_study.compare = [WELCH]
    filled(toy_study)
    toy_study.put("d10.toy", b"TOY1\n" + json.dumps({"act": "fail"}).encode())
    assert run(toy_study.path, HERE).exit_code == 1
    (row,) = compared(toy_study).to_dict("records")
    assert (row["n_group"], row["state"]) == (4, "ok")
    findings = exoraw.open(toy_study.results).findings()
    (said,) = findings.loc[findings["code"] == "comparison_without_value", "message"]
    assert said == "effect: no number for d10"


def test_a_group_that_varies_not_at_all_has_a_state_and_no_p(toy_study: Any) -> None:
    toy_study.compare = [WELCH]
    filled(toy_study)
    for row in toy_study.rows:
        toy_study.put(row["file"], b'TOY1\n{"value": 3.0}')
    run(toy_study.path, HERE)
    (row,) = compared(toy_study).to_dict("records")
    assert pd.isna(row["p"])
    assert row["state"] == "zero variance"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"measure": "toy_valu"}, "no analysis measures 'toy_valu'. Did you mean toy_value?"),
        ({"factor": "treatmnt"}, "the sheet has no column 'treatmnt'. Did you mean treatment?"),
        ({"reference": "controll"}, "no row has treatment = 'controll'. Did you mean control?"),
        ({"where": {"batch": "b7"}}, "no row has batch = 'b7'"),
        ({"unit": "cultur"}, "the sheet has no column 'cultur'. Did you mean culture?"),
        ({"pipeline": "toy"}, "there is no analysis 'toy'. Did you mean toys?"),
    ],
)
def test_what_cannot_be_compared_is_said_before_anything_runs(
    toy_study: Any, change: dict[str, Any], message: str
) -> None:
    toy_study.compare = [WELCH | change]
    with pytest.raises(StudyError) as caught:
        run(filled(toy_study).path, HERE)
    told = str(caught.value).replace('"', "'").replace("“", "'").replace("”", "'")
    assert message in told
    assert not (toy_study.results / "measurements.parquet").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test": "wilcoxon"}, "wilcoxon needs pair_by"),
        ({"test": "dunnett", "reference": ""}, "dunnett needs reference or references"),
        ({"test": "pearson"}, "pearson needs second_measure"),
        ({"test": "t-test"}, "student"),
        ({"stars": {"limits": [0.01, 0.05]}}, "fall"),
        ({"test": "tukey"}, "tukey does not use reference"),
        ({"pair_by": "subject"}, "welch does not use pair_by"),
        ({"second_factor": "batch"}, "welch does not use second_factor"),
        ({"levels": ["drug", "drug"]}, 'levels: "drug" is named twice'),
        ({"references": [{"level": "control", "symbol": "#"}]}, 'references: "control" is named twice'),
        ({"test": "paired t", "pair_by": "treatment"}, '"treatment" is named twice'),
        ({"plot": "paired"}, "paired draws pairs"),
    ],
)
def test_a_question_that_is_not_complete_names_what_is_missing(
    toy_study: Any, change: dict[str, Any], message: str
) -> None:
    toy_study.compare = [WELCH | change]
    with pytest.raises(StudyError, match=message):
        run(filled(toy_study).path, HERE)


def test_names_that_make_one_task_are_an_error(toy_study: Any) -> None:
    toy_study.compare = [WELCH | {"name": "n/a"}, WELCH | {"name": "n per a"}]
    with pytest.raises(StudyError, match="used by another comparison"):
        run(filled(toy_study).path, HERE)


@pytest.mark.parametrize(
    ("cells", "change", "message"),
    [
        ({"culture": ""}, {}, "culture is empty in the rows 2"),
        ({"treatment": ""}, {}, "treatment is empty in the rows 2"),
        ({}, {"where": {"treatment": "drug"}, "reference": ""}, "all samples that take part have treatment"),
        (
            {"batch": "lonely", "control_role": "blank"},
            {"where": {"batch": "lonely"}},
            "no sample takes part",
        ),
    ],
)
def test_rows_that_cannot_be_compared_are_said_before_anything_runs(
    toy_study: Any, cells: dict[str, str], change: dict[str, Any], message: str
) -> None:
    toy_study.compare = [WELCH | change]
    filled(toy_study)
    toy_study.rows[0].update(cells)
    toy_study.write()
    told = "; ".join(str(problem) for problem in open_project(toy_study.path).problems)
    assert message in told


def test_rows_of_other_levels_may_leave_the_factor_empty(toy_study: Any) -> None:
    toy_study.compare = [WELCH | {"levels": ["control", "drug"]}]
    filled(toy_study)
    toy_study.put("x.toy", b'TOY1\n{"value": 99.0}')
    toy_study.rows.append({"sample": "x", "file": "x.toy", "batch": "b1", "treatment": "", "culture": "x"})
    toy_study.write()
    run(toy_study.path, HERE)
    (row,) = compared(toy_study).to_dict("records")
    assert (row["n_group"], row["n_reference"], row["state"]) == (4, 4, "ok")


def exclude(study: Any, *samples: str) -> None:
    lines = ["kind,target,reason,who,when", *(f"sample,{name},spilt,AB,2026-11-20" for name in samples)]
    (study.folder / "exclusions.csv").write_text("\n".join(lines) + "\n", "utf-8")


def third_group(study: Any) -> None:
    """A third treatment with one well in each of three cultures."""
    for culture, value in enumerate((20.0, 21.5, 19.0), 1):
        study.put(f"x{culture}.toy", b"TOY1\n" + json.dumps({"value": value}).encode())
        study.rows.append(
            {"sample": f"x{culture}", "file": f"x{culture}.toy", "batch": f"b{culture % 2}",
             "treatment": "both", "culture": f"x{culture}", "subject": str(culture)}
        )  # fmt: skip
    study.write()


@pytest.mark.parametrize("test", ["welch", "dunnett", "paired t"])
def test_a_group_that_exclusions_emptied_has_a_row_that_says_so_and_the_others_are_tested(
    toy_study: Any, test: str
) -> None:
    pairs = {"pair_by": "subject", "unit": "subject"} if test == "paired t" else {}
    toy_study.compare = [WELCH | {"test": test, **pairs}]
    third_group(filled(toy_study))
    exclude(toy_study, "x1", "x2", "x3")
    assert run(toy_study.path, HERE).exit_code == 0
    found = compared(toy_study).set_index("group")
    assert found.loc["drug", "state"] == "ok"
    assert found.loc["both", "state"] == "too few units"
    assert found.loc["both", "message"] == "no unit of both is left"
    assert pd.isna(found.loc["both", "p"])


def test_the_order_of_the_levels_is_the_sheets_whatever_is_excluded(toy_study: Any) -> None:
    toy_study.compare = [WELCH | {"reference": "", "exclusions": "both"}]
    third_group(filled(toy_study))
    exclude(toy_study, "c10", "c11")
    run(toy_study.path, HERE)
    pairs = [(row["group"], row["reference"]) for row in compared(toy_study).to_dict("records")]
    assert pairs[:3] == pairs[3:] == [("drug", "control"), ("both", "control"), ("both", "drug")]


def test_a_mixed_model_names_its_baseline_and_does_not_follow_the_order_of_rows(toy_study: Any) -> None:
    mixed = {key: WELCH[key] for key in ("measure", "factor", "unit", "reference")}
    mixed |= {"name": "mixed", "test": "mixed model", "random": [["subject"]], "reference": "drug"}
    toy_study.compare = [mixed]
    third_group(filled(toy_study))
    run(toy_study.path, HERE)
    before = compared(toy_study)
    rows = before[before["reference"] == "drug"].set_index("group")
    assert set(rows.index) == {"control", "both"}
    assert rows.loc["control", "estimate"] < 0 < rows.loc["both", "estimate"]
    toy_study.rows.reverse()
    toy_study.write()
    run(toy_study.path, RunOptions(workers=0, refresh=True))
    after = compared(toy_study).set_index(["group", "reference"])["p"]
    for key, p in before.set_index(["group", "reference"])["p"].items():
        assert after[key] == pytest.approx(p, rel=1e-4)  # REML stops within 1e-6 of its maximum


def test_a_mixed_model_with_one_unit_in_a_group_has_no_p(toy_study: Any) -> None:
    mixed = {key: WELCH[key] for key in ("measure", "factor", "unit", "reference")}
    toy_study.compare = [mixed | {"name": "m", "test": "mixed model", "random": [["subject"]]}]
    third_group(filled(toy_study))
    exclude(toy_study, "x2", "x3")
    run(toy_study.path, HERE)
    (row,) = compared(toy_study).to_dict("records")
    assert (row["state"], row["message"]) == ("too few units", "fewer than 3 units: both (1)")


def test_animals_of_several_litters_are_told_apart_by_all_columns_that_pair(toy_study: Any) -> None:
    toy_study.compare = [
        {"name": "rm", "measure": "toy_value", "factor": "treatment", "unit": ["litter", "pup"],
         "test": "repeated measures anova", "pair_by": ["pup", "litter"]}
    ]  # fmt: skip
    for litter, pup, control, drug in (
        (1, 1, 5.0, 9.0),
        (1, 2, 6.0, 9.5),
        (2, 1, 1.0, 6.0),
        (2, 2, 2.0, 5.5),
    ):
        for treatment, value in (("control", control), ("drug", drug)):
            name = f"{treatment}{litter}{pup}"
            toy_study.put(f"{name}.toy", b"TOY1\n" + json.dumps({"value": value}).encode())
            toy_study.rows.append(
                {"sample": name, "file": f"{name}.toy", "batch": "b", "treatment": treatment,
                 "litter": str(litter), "pup": str(pup)}
            )  # fmt: skip
    toy_study.write()
    run(toy_study.path, HERE)
    (row,) = compared(toy_study).to_dict("records")
    paired = stats.ttest_rel([9.0, 9.5, 6.0, 5.5], [5.0, 6.0, 1.0, 2.0])
    assert row["statistic"] == pytest.approx(paired.statistic**2)
    assert row["n_group"] == 4


def test_a_sample_is_explained_by_its_own_tasks_and_a_comparison_by_its_name(toy_study: Any) -> None:
    toy_study.compare = [WELCH]
    run(filled(toy_study).path, HERE)
    results = exoraw.open(toy_study.results)
    told = explain(results, "d10")
    assert ("compared in", "effect") in told.facts
    assert all("/compare/" not in task.unit for task in told.tasks)
    by_name = explain(results, "effect")
    assert ("group", "drug") in by_name.facts
    (task,) = by_name.tasks
    assert (task.unit, task.earlier) == ("toys/compare/effect", ())
    (identity,) = compared(toy_study)["comparison_id"]
    assert explain(results, identity[:8]).facts == by_name.facts


def test_two_comparisons_of_one_name_are_an_error(toy_study: Any) -> None:
    toy_study.compare = [WELCH, WELCH | {"test": "student"}]
    with pytest.raises(StudyError, match="used by another comparison"):
        run(filled(toy_study).path, HERE)
