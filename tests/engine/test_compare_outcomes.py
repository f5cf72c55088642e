"""Survival, categories and dose-response that a study asks for, from raw files to table and figure."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import exoraw
from exoraw.engine.options import RunOptions
from exoraw.engine.project import open_project
from exoraw.engine.run import run
from exoraw.io.errors import StudyError
from exoraw.statistics import chi_square, cox, fisher_exact, kaplan_meier, log_rank, survival_cut
from exoraw.statistics.curves import fit_curves

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


def patients(study: Any, count: int = 40, hazard_ratio: float = 3.0, tubes: int = 2) -> pd.DataFrame:
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
    truth = patients(toy_study)
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
    patients(toy_study, 12)
    (row,) = compared(toy_study, COUNTS | {"reference": "placebo"}).to_dict("records")
    table = np.array(options(toy_study)["counts"])
    assert table.sum() == 12
    assert row["test"] == "Fisher exact"
    assert row["p"] == pytest.approx(fisher_exact(table).p)
    assert "below 5" in recorded(row)["choices"]["chosen"]
    assert recorded(row)["choices"]["counts"].startswith("placebo: ")


def test_enough_patients_are_compared_by_chi_square_with_yates_on_record(toy_study: Any) -> None:
    patients(toy_study, 60, tubes=1)
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
