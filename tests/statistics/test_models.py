"""Two factors, repeated measures and mixed models give the numbers of R's car, lme4 and lmerTest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from exoraw.statistics import State, StatisticsError, average_technical_replicates, paired_t, welch_t
from exoraw.statistics.mixed import Random, mixed_model
from exoraw.statistics.two_way import repeated_measures_anova, two_way_anova


@pytest.fixture(scope="module")
def reference(r_values):
    return r_values("models")


def as_units(frame: pd.DataFrame, value: str, factors: list[str]):
    return average_technical_replicates(frame.assign(animal=range(len(frame))), value, ["animal"], factors)


@pytest.mark.parametrize("case", ["tooth", "tooth_unbalanced", "warpbreaks"])
@pytest.mark.parametrize("sums", ["II", "III"])
def test_two_way_anova_gives_the_numbers_of_r_for_both_sums_of_squares(reference, r_data, case, sums):
    found = two_way_anova(as_units(r_data(case), "y", ["a", "b"]), "a", "b", sums=sums)
    for row in found:
        expected = reference(f"{case} {sums} {row.group}")
        assert row.statistic == pytest.approx(expected["f"], rel=1e-9)
        assert row.df[0] == expected["df"]
        assert row.p == pytest.approx(expected["p"], rel=1e-9)


def test_repeated_measures_give_the_numbers_of_r(reference, r_data):
    units = average_technical_replicates(r_data("sleepstudy"), "Reaction", ["Subject"], ["Days"])
    found = repeated_measures_anova(units, "Days", "Subject")
    expected, choices = reference("sleepstudy rm"), dict(found.choices)
    assert found.statistic == pytest.approx(expected["f"], rel=1e-9)
    assert found.p == pytest.approx(expected["gg_p"], rel=1e-9)
    assert float(choices["p_uncorrected"]) == pytest.approx(expected["p"], rel=1e-9)
    assert float(choices["p_huynh_feldt"]) == pytest.approx(expected["hf_p"], rel=1e-9)
    assert float(choices["epsilon_gg"]) == pytest.approx(expected["gg"], rel=1e-9)


def test_repeated_measures_of_two_levels_are_the_paired_t_test(rng):
    frame = pd.DataFrame({"s": [*"abcdef"] * 2, "arm": ["x"] * 6 + ["y"] * 6, "v": rng.normal(size=12)})
    found = repeated_measures_anova(average_technical_replicates(frame, "v", ["s"], ["arm"]), "arm", "s")
    assert found.p == pytest.approx(paired_t(frame.v[6:], frame.v[:6]).p, rel=1e-9)


MIXED = {
    "sleepstudy intercept": ("sleepstudy", "Reaction", ["Days"], [Random(("Subject",))]),
    "sleepstudy slope": ("sleepstudy", "Reaction", ["Days"], [Random(("Subject",), "Days")]),
    "pastes": ("pastes", "strength", ["half"], [Random(("batch",)), Random(("batch", "sample"))]),
    "machines": ("machines", "score", ["Machine"], [Random(("Worker",))]),
}
LME4 = 2e-5  # lme4's optimiser stops there; the deviance itself agrees far better
LMERTEST_DF = 2e-3  # lmerTest differentiates numerically


@pytest.mark.parametrize("case", MIXED)
def test_mixed_models_give_the_numbers_of_lme4_and_lmertest(reference, r_data, case):
    name, value, fixed, random = MIXED[case]
    model = mixed_model(r_data(name), value, fixed, random)
    assert model.state is State.OK
    assert model.reml <= reference(case)["reml"] + 1e-6
    assert model.reml == pytest.approx(reference(case)["reml"], abs=1e-5)
    assert model.residual_sd == pytest.approx(reference(case)["sigma"], rel=LME4)
    for i, row in enumerate(model.coefficients, start=1):
        expected = reference(f"{case} coef {i}")
        assert model.estimate[i - 1] == pytest.approx(expected["est"], rel=1e-7)
        assert model.standard_error[i - 1] == pytest.approx(expected["se"], rel=LME4)
        assert row.df[0] == pytest.approx(expected["df"], rel=LMERTEST_DF)
        assert row.p == pytest.approx(expected["p"], rel=0.02)
    for row in model.terms:
        expected = reference(f"{case} term {row.group}")
        assert row.statistic == pytest.approx(expected["f"], rel=1e-4)
        assert row.df == pytest.approx((expected["df1"], expected["df2"]), rel=LMERTEST_DF)
        assert row.p == pytest.approx(expected["p"], rel=0.02)


def cages(rng, spread: float, animals: int = 4) -> pd.DataFrame:
    rows = []
    for cage in range(10):
        level = rng.normal(0, spread)
        rows += [
            {"cage": f"c{cage}", "diet": "a" if cage < 5 else "b", "weight": level + rng.normal()}
            for _ in range(animals)
        ]
    return pd.DataFrame(rows)


def test_a_balanced_cage_design_is_the_t_test_of_cage_means(rng):
    frame = cages(rng, 2.0)
    model = mixed_model(frame, "weight", ["diet"], [Random(("cage",))])
    means = frame.groupby(["diet", "cage"]).weight.mean()
    direct = welch_t(means["b"], means["a"])
    assert model.term("diet").df[1] == pytest.approx(8.0, rel=1e-3)
    assert model.coefficients[1].effects[0].value == pytest.approx(direct.effects[0].value)


def test_cages_that_do_not_differ_never_count_animals_as_cages():
    rng = np.random.default_rng(5)
    for _ in range(40):
        model = mixed_model(cages(rng, 0.0), "weight", ["diet"], [Random(("cage",))])
        if model.random_sd[0][1] == 0:
            break
    assert model.random_sd[0][1] == 0
    assert model.term("diet").df[1] == pytest.approx(8.0)
    assert any(check.detail.startswith("estimated as zero") for check in model.term("diet").checks)


def test_an_interaction_of_treatment_and_day_is_a_term(rng):
    rows = [
        {
            "mouse": f"m{m}",
            "arm": "a" if m < 6 else "b",
            "day": d,
            "volume": d * (1 + (m >= 6)) + rng.normal(),
        }
        for m in range(12)
        for d in range(5)
    ]
    model = mixed_model(pd.DataFrame(rows), "volume", ["arm", "day", "arm:day"], [Random(("mouse",))])
    assert model.term("arm:day").p < 1e-6
    assert model.names == ("(Intercept)", "arm=b", "day", "arm=b:day")


def test_designs_that_cannot_be_fitted_have_a_state_or_a_message(rng):
    frame = cages(rng, 1.0)
    two = mixed_model(frame[frame.cage.isin(["c0", "c9"])], "weight", ["diet"], [Random(("cage",))])
    assert two.state is State.TOO_FEW
    alone = mixed_model(frame.drop_duplicates("cage"), "weight", ["diet"], [Random(("cage",))])
    assert alone.state is State.TOO_FEW
    twice = mixed_model(frame.assign(again=frame.diet), "weight", ["diet", "again"], [Random(("cage",))])
    assert twice.state is State.NOT_ESTIMABLE
    flat = mixed_model(frame.assign(weight=3.0), "weight", ["diet"], [Random(("cage",))])
    assert flat.state is State.ZERO_VARIANCE
    with pytest.raises(StatisticsError, match="Did you mean cage"):
        mixed_model(frame, "weight", ["diet"], [Random(("cagee",))])
    with pytest.raises(StatisticsError, match="needs a grouping"):
        mixed_model(frame, "weight", ["diet"], [])
    with pytest.raises(StatisticsError, match="one level only"):
        mixed_model(frame[frame.diet == "a"], "weight", ["diet"], [Random(("cage",))])


def test_two_factors_with_an_empty_or_small_combination_have_a_state(r_data):
    frame = r_data("tooth")
    empty = frame[~((frame.a == "OJ") & (frame.b == "d2"))]
    assert {row.state for row in two_way_anova(as_units(empty, "y", ["a", "b"]), "a", "b")} == {
        State.NOT_ESTIMABLE
    }
    small = frame.groupby(["a", "b"]).head(2)
    found = two_way_anova(as_units(small, "y", ["a", "b"]), "a", "b")
    assert {row.state for row in found} == {State.TOO_FEW}
    assert "has 2" in found[0].message
    flat = two_way_anova(as_units(frame.assign(y=1.0), "y", ["a", "b"]), "a", "b")
    assert {row.state for row in flat} == {State.ZERO_VARIANCE}
    with pytest.raises(StatisticsError, match="two or more levels"):
        two_way_anova(as_units(frame[frame.a == "OJ"], "y", ["a", "b"]), "a", "b")


def test_a_subject_that_misses_a_day_is_left_out_and_named(r_data):
    frame = r_data("sleepstudy").drop(index=3)
    units = average_technical_replicates(frame, "Reaction", ["Subject"], ["Days"])
    found = repeated_measures_anova(units, "Days", "Subject")
    assert found.n == (("subjects", 17),)
    assert any(check.detail == "left out: s308" for check in found.checks)


def test_a_unit_at_several_combinations_of_two_factors_is_pointed_out(r_data):
    frame = r_data("tooth").assign(animal=lambda t: t.groupby(["a", "b"]).cumcount())
    units = average_technical_replicates(frame, "y", ["animal"], ["a", "b"])
    (check,) = (c for c in two_way_anova(units, "a", "b")[0].checks if c.name.startswith("units differ"))
    assert not check.passed
    assert "mixed_model" in check.detail


def balanced(rng):
    rows = [
        {"drug": drug, "exo": exo, "cage": drug + exo + str(cage), "value": rng.normal(9 * (drug == "DOX"))}
        for drug in ("none", "DOX", "PTX") for exo in ("no", "yes") for cage in range(4) for _ in range(2)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_main_effect_of_a_mixed_model_is_that_of_the_two_way_anova_in_any_order_of_rows(rng):
    frame = balanced(rng)
    means = frame.groupby(["drug", "exo", "cage"], as_index=False)["value"].mean()
    units = average_technical_replicates(means, "value", ("cage",), ("drug", "exo"))
    expected = {one.group: one.statistic for one in two_way_anova(units, "drug", "exo")}
    for seed in range(3):
        shuffled = frame.sample(frac=1, random_state=seed)
        model = mixed_model(shuffled, "value", ["drug", "exo", "drug:exo"], [Random(("cage",))])
        if dict(model.random_sd)["(1 | cage)"] > 1e-6:  # else the cages add nothing and df differ
            for one in model.terms:
                assert one.statistic == pytest.approx(expected[one.group], rel=1e-5)
        again = mixed_model(frame, "value", ["drug", "exo", "drug:exo"], [Random(("cage",))])
        for one, other in zip(model.terms, again.terms, strict=True):
            assert one.statistic == pytest.approx(other.statistic, rel=1e-5)
