"""Survival, categories and dose-response that a study asks for, from raw files to table and figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from defusedxml import ElementTree

import exoraw
from exoraw.engine.options import RunOptions
from exoraw.engine.project import open_project
from exoraw.engine.run import run
from exoraw.io.errors import StudyError
from exoraw.report.build import build_report
from exoraw.report.published import publish_figures
from exoraw.statistics import chi_square, cox, fisher_exact, kaplan_meier, log_rank, survival_cut
from exoraw.statistics.curves import fit_curves
from exoraw.store.export.files import export
from exoraw.study.schema import study_schema

HERE = RunOptions(workers=0)
SURVIVAL = {"name": "os", "kind": "survival", "time": "os_months", "event": "death", "unit": "subject"}
COUNTS = {"name": "response", "kind": "categories", "factor": "arm", "outcome": "response", "unit": "subject"}
DOSES = {
    "name": "curve",
    "kind": "dose-response",
    "measure": "toy_value",
    "factor": "drug",
    "unit": "culture",
}


def put(study: Any, name: str, value: float, **cells: str) -> None:
    study.put(f"{name}.toy", b"TOY1\n" + json.dumps({"value": value}).encode())
    study.rows.append({"sample": name, "file": f"{name}.toy", "batch": "b1", **cells})


def patients(study: Any, count: int = 40, hazard_ratio: float = 3.0, tubes: int = 1) -> pd.DataFrame:
    """Two arms with exponential times; every patient has some tubes, whose mean is high in the first arm."""
    rng = np.random.default_rng(3)
    rows = []
    for i in range(count):
        arm = ("placebo", "drug")[i % 2]
        time = rng.exponential(12.0 if arm == "drug" else 12.0 / hazard_ratio) + 0.01
        event, time = time < 18, min(round(time, 2), 18.0)
        marker = rng.normal(5.0 if arm == "placebo" else 4.0)
        rows.append((f"p{i}", arm, time, event, marker))
        for tube in range(tubes):
            put(study, f"p{i}t{tube}", marker + (tube - (tubes - 1) / 2), subject=f"p{i}", arm=arm,
                os_months=f"{time:g}", death="dead" if event else "alive",
                response="yes" if (event and i % 3) else "no")  # fmt: skip
    study.write()
    return pd.DataFrame(rows, columns=["subject", "arm", "time", "event", "marker"])


def compared(study: Any, entry: dict[str, Any]) -> pd.DataFrame:
    study.compare = [entry]
    study.write()
    assert run(study.path, HERE).exit_code == 0
    return exoraw.open(study.results).table("comparisons")


def options(study: Any) -> dict[str, Any]:
    figures = exoraw.open(study.results).table("figures")
    (row,) = figures[figures["kind"] == "comparison"].to_dict("records")
    found: dict[str, Any] = json.loads(row["options"])
    return found


def recorded(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row["assumptions"])
    return found


def test_survival_by_a_sheet_column_is_log_rank_cox_and_medians_of_patients_not_tubes(toy_study: Any) -> None:
    truth = patients(toy_study)
    found = compared(toy_study, SURVIVAL | {"factor": "arm", "reference": "placebo"})
    assert list(found["test"]) == ["log-rank", "Cox", "Kaplan-Meier median", "Kaplan-Meier median"]
    arms = {arm: (own["time"], own["event"]) for arm, own in truth.groupby("arm")}
    whole, ratio, placebo, drug = found.to_dict("records")
    expected = log_rank({"drug": arms["drug"], "placebo": arms["placebo"]})
    assert whole["p"] == pytest.approx(expected.p, rel=1e-12)
    assert (whole["n_group"], whole["n_reference"], whole["replication_unit"]) == (20, 20, "subject")
    model = cox(truth["time"], truth["event"], pd.DataFrame({"drug": (truth["arm"] == "drug") * 1.0}))
    assert ratio["estimate"] == pytest.approx(np.exp(model.log_hazard[0]), rel=1e-12)
    assert (ratio["group"], ratio["reference"], ratio["estimate_of"]) == ("drug", "placebo", "hazard ratio")
    assert ratio["estimate"] < 1 / 1.5
    assert recorded(ratio)["choices"]["ties"] == "efron"
    assert placebo["estimate"] == pytest.approx(kaplan_meier(*arms["placebo"]).median)
    assert drug["group"] == "drug"
    assert list(found["kind"].unique()) == ["survival"]
    assert list(found["outcome"].unique()) == ["os_months, death"]
    assert [len(curve["time"]) for curve in options(toy_study)["curves"]] == [20, 20]


def test_a_measure_is_averaged_over_tubes_and_cut_at_the_median(toy_study: Any) -> None:
    truth = patients(toy_study, tubes=2)
    found = compared(toy_study, SURVIVAL | {"measure": "toy_value", "cut": "median"})
    high = truth["marker"] >= truth["marker"].median()
    groups = {"high": truth[high], "low": truth[~high]}
    expected = log_rank({name: (own["time"], own["event"]) for name, own in groups.items()})
    assert found["p"].iloc[0] == pytest.approx(expected.p, rel=1e-9)
    assert (found["group"].iloc[0], found["reference"].iloc[0]) == ("high", "low")
    assert float(recorded(found.iloc[0])["choices"]["cut"]) == pytest.approx(truth["marker"].median(), 1e-5)


def test_a_measure_that_is_not_cut_has_a_hazard_ratio_per_unit(toy_study: Any) -> None:
    truth = patients(toy_study)
    (row,) = compared(toy_study, SURVIVAL | {"measure": "toy_value", "ties": "breslow"}).to_dict("records")
    model = cox(truth["time"], truth["event"], truth[["marker"]], ties="breslow")
    assert row["estimate"] == pytest.approx(np.exp(model.log_hazard[0]), rel=1e-9)
    assert row["p"] == pytest.approx(model.p[0], rel=1e-9)
    assert (row["n_group"], recorded(row)["choices"]["events"]) == (40, str(truth["event"].sum()))
    assert options(toy_study)["halves"]


def test_youdens_cut_prints_the_corrected_p_and_no_p_for_its_hazard_ratio(toy_study: Any) -> None:
    truth = patients(toy_study)
    found = compared(toy_study, SURVIVAL | {"measure": "toy_value", "cut": "youden"})
    whole, ratio = found.iloc[0], found.iloc[1]
    choices = recorded(whole)["choices"]
    seed = int(choices["seed"])
    expected = survival_cut(truth["marker"], truth["time"], truth["event"], seed=seed)
    assert whole["p"] == expected.p
    assert float(choices["naive_p"]) == pytest.approx(expected.naive_p, rel=1e-5)
    assert whole["p"] > expected.naive_p
    assert pd.isna(ratio["p"])
    assert ratio["estimate"] > 0
    codes = set(exoraw.open(toy_study.results).findings()["code"])
    assert "cut_chosen_on_the_data" in codes


def test_counts_are_of_patients_and_fisher_is_taken_where_few_are_expected(toy_study: Any) -> None:
    patients(toy_study, 12, tubes=2)
    (row,) = compared(toy_study, COUNTS | {"reference": "placebo"}).to_dict("records")
    table = np.array(options(toy_study)["counts"])
    assert table.sum() == 12
    assert row["test"] == "Fisher exact"
    assert row["p"] == pytest.approx(fisher_exact(table).p)
    assert "below 5" in recorded(row)["choices"]["chosen"]
    assert recorded(row)["choices"]["counts"].startswith("placebo: ")


def test_enough_patients_are_compared_by_chi_square_with_yates_on_record(toy_study: Any) -> None:
    patients(toy_study, 60)
    (row,) = compared(toy_study, COUNTS | {"outcome_levels": ["yes", "no"]}).to_dict("records")
    expected = chi_square(options(toy_study)["counts"])
    assert row["p"] == pytest.approx(expected.p, rel=1e-12)
    assert recorded(row)["choices"]["yates"] == "yes"


TRUE_IC50 = {"DOX": 0.5, "CIS": 3.0}


def cultures(study: Any, top: float = 30.0, noise: float = 2.0) -> None:
    """Three cultures per drug, eight doses, two wells each: viability falls from 100 to 10."""
    rng = np.random.default_rng(8)
    for drug, ic50 in TRUE_IC50.items():
        for culture in range(3):
            own = ic50 * np.exp(rng.normal(0, 0.1))
            for dose in (0.0, *np.geomspace(top / 1000, top, 7)):
                for well in range(2):
                    value = 10 + 90 / (1 + (dose / own) ** 1.5) + rng.normal(0, noise)
                    put(study, f"{drug}{culture}_{dose:.3g}_{well}", value, drug=drug, culture=f"c{culture}",
                        dose=f"{dose:.6g}", dose_unit="uM")  # fmt: skip
    study.write()


def test_ic50s_are_those_of_one_curve_per_culture_and_their_ratio_is_near_the_truth(toy_study: Any) -> None:
    cultures(toy_study)
    found = compared(toy_study, DOSES | {"reference": "DOX"})
    test = found.iloc[0]
    assert (test["group"], test["reference"], test["n_group"], test["n_reference"]) == ("CIS", "DOX", 3, 3)
    assert test["estimate_of"] == "IC50 ratio"
    assert test["estimate"] == pytest.approx(6.0, rel=0.35)
    assert test["p"] < 0.01
    own = found[found["test"] == "4PL curve, relative IC50"].set_index("group")
    assert len(own) == 6
    rows = [row for row in toy_study.rows if row["drug"] == "CIS" and row["culture"] == "c1"]
    numbers = exoraw.open(toy_study.results).table("measurements").query("measure == 'toy_value'")
    value = numbers.set_index("sample")["value"]
    wells = pd.DataFrame(
        {"dose": [float(row["dose"]) for row in rows], "y": [value[r["sample"]] for r in rows]}
    )
    means = wells.groupby("dose")["y"].mean()
    fit = fit_curves(means.index, means.to_numpy())
    assert own.loc["CIS, c1", "estimate"] == pytest.approx(fit.relative.value[0], rel=1e-9)
    assert own.loc["CIS, c1", "ci_low"] == pytest.approx(fit.relative.low[0], rel=1e-6)
    assert own.loc["CIS, c1", "estimate_of"] == "relative IC50 (uM)"
    means_ = found[found["test"] == "mean of curves, relative IC50"].set_index("group")
    assert means_.loc["DOX", "estimate"] == pytest.approx(0.5, rel=0.2)


def test_an_ic50_outside_the_doses_is_never_a_number(toy_study: Any) -> None:
    cultures(toy_study, top=1.0, noise=0.5)
    found = compared(toy_study, DOSES | {"ic50": "absolute"})
    own = found[found["group"].str.startswith("CIS") & found["test"].str.contains("absolute")]
    assert len(own) == 4
    assert own["estimate"].isna().all()
    assert set(own["state"]) == {"not estimable"}
    assert "IC50 >1 uM: above the tested doses" in set(own["message"])
    assert own["message"].str.contains("IC50").all()
    (test,) = found[found["test"] == "welch"].to_dict("records")
    assert (test["state"], pd.isna(test["p"])) == ("not estimable", True)
    assert "ic50_outside_doses" in set(exoraw.open(toy_study.results).findings()["code"])


def faults(study: Any, entry: dict[str, Any]) -> str:
    study.compare = [entry]
    study.write()
    try:
        return "; ".join(str(problem) for problem in open_project(study.path).problems)
    except StudyError as error:
        return str(error)


def few(study: Any, **cells: str) -> None:
    """Six patients with one tube each; `cells` change the first of them."""
    for i in range(6):
        put(study, f"s{i}", float(i), subject=f"p{i}", arm=("placebo", "drug")[i % 2], os_months=f"{i + 1}",
            death=("yes", "no")[i // 3], response="yes", drug="DOX", culture="c1", dose=f"{i}",
            dose_unit="uM")  # fmt: skip
    study.rows[0].update(cells)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"os_months": "-3"}, 'row 2, column "os_months": compare[1] (os): the time "-3" is negative'),
        ({"os_months": "0"}, "the time is 0: the subject leaves before anyone is followed"),
        ({"os_months": "3 months"}, '"3 months" is no number, but a time must be one'),
        ({"os_months": ""}, "no os_months or no death in the rows 2; these take no part"),
        ({"death": "censord"}, "Did you mean censored? Name your own words with `seen:` and `censored:`"),
        ({"death": "2"}, '"2" says neither seen (1, yes, y, true, seen and'),
        ({"subject": "p1"}, 'subject "p1" has "2" here and "1" in row 2; one unit has one os_months'),
    ],
)
def test_times_and_events_that_cannot_be_read_are_told_by_row(
    toy_study: Any, cells: dict[str, str], message: str
) -> None:
    few(toy_study, **cells)
    assert message in faults(toy_study, SURVIVAL | {"factor": "arm"})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (SURVIVAL, "survival needs one of factor, measure or signature; found none"),
        (SURVIVAL | {"factor": "arm", "measure": "toy_value"}, "found factor and measure"),
        (SURVIVAL | {"kind": "survivl", "factor": "arm"}, "Did you mean survival?"),
        (SURVIVAL | {"factor": "arm", "time": "os_month"}, "no column \"os_month\". Did you mean os_months?"),
        (SURVIVAL | {"factor": "arm", "tme": "x"}, 'unknown key "tme" in compare[1]. Did you mean time?'),
        (SURVIVAL | {"factor": "response"}, 'have response = "yes"; nothing to compare'),
        (SURVIVAL | {"factor": "arm", "levels": ["drog"]}, "Did you mean drug?"),
        (SURVIVAL | {"measure": "toy_valu"}, "Did you mean toy_value?"),
        (SURVIVAL | {"measure": "toy_value", "cut": "medain"}, 'found "medain"'),
        (SURVIVAL | {"measure": "toy_value", "levels": ["low"]}, "does not use levels"),
        (
            SURVIVAL | {"signature": {"markers": [{"measure": "toy_value", "cut": 1}] * 4, "low_up_to": 2,
                                      "high_from": 4}},
            "a score of 3 is neither low nor high",
        ),
        (COUNTS, 'all samples that take part have response = "yes"; nothing to count'),
        (COUNTS | {"outcome": ""}, "categories needs one of outcome"),
        (COUNTS | {"measure": "toy_value"}, "categories needs one of outcome"),
        ({key: cell for key, cell in COUNTS.items() if key != "unit"}, 'the key "unit" of compare[1]'),
        (COUNTS | {"outcome": "arm", "factor": "subject", "test": "fisher"}, "this one is 6 x 2"),
        (DOSES | {"dose": "dos"}, "no column \"dos\". Did you mean dose?"),
        (DOSES | {"test": "paired t"}, "paired t needs pair_by"),
        (DOSES | {"control": "DOX", "reference": "DOX"}, "has no curve of its own"),
        (DOSES | {"test": "t-test"}, "compare[1].test"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_asked_names_key_and_nearest_word(
    toy_study: Any, entry: dict[str, Any], message: str
) -> None:
    few(toy_study)
    assert message in faults(toy_study, entry)


@pytest.mark.parametrize(
    ("cells", "change", "message"),
    [
        ({"dose": "1,250"}, {}, "a decimal comma, or a thousand?"),
        ({"dose": "high"}, {}, '"high" is no number'),
        ({"dose": "-1"}, {}, "is negative"),
        ({"dose": ""}, {}, "the dose is empty; write 0 for untreated"),
        ({"dose_unit": "nM"}, {}, "the doses stand in several units: nM (row 2), uM (row 3)"),
        ({"drug": "vehicle", "culture": "c2"}, {"control": "vehicle"}, "no vehicle for the culture c1"),
        ({"drug": "CIS"}, {}, 'drug = "CIS" has 1 different doses; a curve needs 4'),
    ],
)
def test_doses_that_cannot_be_read_are_told_by_row(
    toy_study: Any, cells: dict[str, str], change: dict[str, Any], message: str
) -> None:
    few(toy_study, **cells)
    assert message in faults(toy_study, DOSES | change)


def test_own_words_for_the_event_replace_the_usual_ones(toy_study: Any) -> None:
    few(toy_study)
    for i, row in enumerate(toy_study.rows):
        row["death"] = str(1 + i % 2)  # SPSS: 1 censored, 2 dead
    assert "neither" in faults(toy_study, SURVIVAL | {"factor": "arm"})
    assert faults(toy_study, SURVIVAL | {"factor": "arm", "seen": 2, "censored": 1}) == ""


def test_a_column_may_be_called_as_the_sheet_calls_it(toy_study: Any) -> None:
    few(toy_study)
    for row in toy_study.rows:
        row["Mouse"] = row.pop("subject")
    asked = SURVIVAL | {"factor": "arm", "unit": "Mouse"}
    assert "no column" not in faults(toy_study, asked)
    found = compared(toy_study, asked)
    assert set(found["replication_unit"]) == {"subject"}


def test_a_group_without_events_has_a_hazard_ratio_state_and_no_number(toy_study: Any) -> None:
    few(toy_study)
    for row in toy_study.rows:
        row["death"] = "yes" if row["arm"] == "drug" else "no"
    found = compared(toy_study, SURVIVAL | {"factor": "arm"}).set_index("test")
    assert found.loc["Cox", "state"] == "complete separation"
    assert pd.isna(found.loc["Cox", "estimate"])
    assert "comparison_not_tested" in set(exoraw.open(toy_study.results).findings()["code"])


def test_the_report_keeps_the_studys_order_and_tells_of_a_comparison_that_failed(toy_study: Any) -> None:
    few(toy_study)
    z, a = SURVIVAL | {"factor": "arm", "name": "zeta"}, SURVIVAL | {"factor": "arm", "name": "alpha"}
    failing = {
        "name": "middle",
        "measure": "pool_mean",
        "entity": "batch:none",
        "factor": "arm",
        "unit": "subject",
    }
    toy_study.compare = [z, failing, a]
    toy_study.write()
    assert run(toy_study.path, HERE).exit_code == 1
    page = build_report(toy_study.results).read_text("utf-8")
    table = page[page.index('id="p1-tests"') :]
    assert table.index("zeta") < table.index("middle") < table.index("alpha")
    assert "pool_mean has no entity" in table
    assert "failed" in table


def test_prism_gets_survival_and_dose_response_as_they_were_tested(toy_study: Any, tmp_path: Path) -> None:
    few(toy_study)
    toy_study.compare = [SURVIVAL | {"measure": "toy_value", "cut": "median"}, DOSES]
    toy_study.write()
    run(toy_study.path, HERE)
    export(exoraw.open(toy_study.results), "prism", tmp_path)
    root = ElementTree.parse(tmp_path / "prism" / "comparisons.pzfx").getroot()
    tables = {table.get("TableType"): table for table in root.iter("Table")}
    names = [column.findtext("Title") for column in tables["Survival"].iter("YColumn")]
    assert [str(name).split(" ")[0] for name in names] == ["low", "high"]
    times = [cell.text for cell in tables["Survival"].find("XColumn").iter("d")]
    assert [float(time) for time in times] == [1, 2, 3, 4, 5, 6]
    doses = [float(cell.text) for cell in tables["XY"].find("XColumn").iter("d")]
    assert doses == [0, 1, 2, 3, 4, 5]
    assert [float(cell.text) for cell in tables["XY"].find("YColumn").iter("d")] == [0, 1, 2, 3, 4, 5]


SIGNATURE = {
    "markers": [
        {"measure": "toy_value", "cut": 1.5},
        {"measure": "pool_mean", "entity": "batch:b1", "cut": 0, "counts": "high"},
    ],
    "low_up_to": 1,
    "high_from": 2,
}


def test_a_signature_counts_markers_per_patient(toy_study: Any) -> None:
    few(toy_study)
    found = compared(toy_study, SURVIVAL | {"signature": SIGNATURE, "least_n": 2})
    counts = found[found["test"] == "Kaplan-Meier median"].set_index("group")["n_group"]
    assert counts.to_dict() == {"low": 2, "high": 4}
    assert recorded(found.iloc[0])["choices"]["signature"] == "low up to 1, high from 2 of 2 markers"


def test_the_unit_of_the_doses_may_stand_in_the_study_where_no_column_has_it(toy_study: Any) -> None:
    few(toy_study)
    for row in toy_study.rows:
        del row["dose_unit"]
    assert "Or write the unit itself" in faults(toy_study, DOSES)
    compared(toy_study, DOSES | {"dose_unit": "uM"})
    assert options(toy_study)["dose_unit"] == "uM"


def test_every_kind_is_drawn_in_the_report_and_published_as_a_file(toy_study: Any, tmp_path: Path) -> None:
    patients(toy_study)
    for i, row in enumerate(toy_study.rows):
        row |= {"drug": "DOX", "culture": f"c{i % 3}", "dose": f"{2.0 ** (i % 13):g}", "dose_unit": "uM"}
    arm = {"factor": "arm", "reference": "placebo"}
    toy_study.compare = [
        SURVIVAL | arm | {"name": "groups", "time_unit": "months", "label": "Overall survival"},
        SURVIVAL | {"name": "number", "measure": "toy_value"},
        SURVIVAL | {"name": "searched", "measure": "toy_value", "cut": "youden"},
        COUNTS | arm | {"name": "response"},
        DOSES | {"name": "curves"},
    ]
    toy_study.write()
    assert run(toy_study.path, HERE).exit_code == 0
    page = build_report(toy_study.results).read_text("utf-8")
    assert "Not drawn" not in page
    assert "nothing is drawn" not in page
    written, left_out = publish_figures(toy_study.results, tmp_path / "figures")
    assert left_out == []
    drawn = {path.stem for path in written}
    assert {f"toys_{name}" for name in ("groups", "number", "searched", "response", "curves")} <= drawn


@pytest.mark.parametrize(
    "entry",
    [SURVIVAL | {"factor": "arm"}, SURVIVAL | {"measure": "toy_value", "cut": "youden"}, COUNTS, DOSES],
)
def test_where_every_sample_is_excluded_a_row_says_so(toy_study: Any, entry: dict[str, Any]) -> None:
    few(toy_study)
    toy_study.rows[0]["response"] = "no"
    lines = [f"sample,s{i},spilt,AB,2026-11-20" for i in range(6)]
    (toy_study.folder / "exclusions.csv").write_text(
        "\n".join(["kind,target,reason,who,when", *lines]) + "\n"
    )
    (row,) = compared(toy_study, entry).to_dict("records")
    assert row["state"] == "too few units"
    assert pd.isna(row["p"])
    assert row["message"]


def test_an_entry_that_the_json_schema_of_the_editor_takes_is_one_that_loads() -> None:
    schema = study_schema()
    kinds = {}
    for reference in schema["properties"]["compare"]["items"]["oneOf"]:
        model = schema["$defs"][reference["$ref"].rsplit("/", 1)[1]]
        kinds[model["properties"]["kind"]["const"]] = model
    assert set(kinds) == {"groups", "survival", "categories", "dose-response"}
    assert "kind" not in kinds["groups"]["required"]
    assert {"kind", "time", "event", "unit"} <= set(kinds["survival"]["required"])
    assert all(model["additionalProperties"] is False for model in kinds.values())
