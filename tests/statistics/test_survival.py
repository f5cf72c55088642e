"""Survival gives R's numbers, pays for a searched cut, and says where a hazard ratio does not exist."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from exoraw.statistics import State, StatisticsError
from exoraw.statistics.cutpoint import survival_cut, youden_cut
from exoraw.statistics.hazards import cox
from exoraw.statistics.signatures import MarkerRule, signature
from exoraw.statistics.survival import by_group, kaplan_meier, log_rank

CASES = {
    "aml": ("arm", ["arm"]),
    "ovarian": ("rx", ["age", "rx", "resid.ds"]),
    "veteran": ("trt", ["trt", "karno", "diagtime", "age", "prior"]),
    "lung": ("sex", ["age", "sex", "ph.ecog", "wt.loss"]),
    "gbsg": ("grade", ["age", "meno", "size", "nodes", "pgr", "hormon"]),
}


@pytest.fixture(scope="module")
def reference(r_values):
    return r_values("survival")


@pytest.fixture(params=CASES)
def case(request, r_data):
    return request.param, r_data(request.param), *CASES[request.param]


@pytest.mark.parametrize("interval", ["log", "log-log", "plain"])
def test_kaplan_meier_gives_the_numbers_of_r_for_each_interval(reference, case, interval):
    name, data, *_ = case
    curve = kaplan_meier(data.time, data.event, interval=interval)
    for i in range(curve.time.size):
        try:
            expected = reference(f"{name} km {interval} {i + 1}")
        except KeyError:
            continue
        assert curve.time[i] == expected["time"]
        assert curve.at_risk[i] == expected["risk"]
        assert curve.survival[i] == pytest.approx(expected["s"], rel=1e-9, abs=1e-14)
        for found, wanted in ((curve.ci_low[i], expected["low"]), (curve.ci_high[i], expected["high"])):
            assert found == pytest.approx(wanted, rel=1e-9, nan_ok=True)
    expected = reference(f"{name} km {interval}")
    for found, wanted in zip(
        (curve.median, curve.median_low, curve.median_high), expected.values(), strict=True
    ):
        assert (found is None and math.isnan(wanted)) or found == pytest.approx(wanted)


def test_log_rank_gives_the_numbers_of_r(reference, case):
    name, data, group, _ = case
    found = log_rank(by_group(data.time, data.event, data[group]))
    expected = reference(f"{name} logrank")
    assert found.statistic == pytest.approx(expected["chi2"], rel=1e-9)
    assert found.df == (expected["df"],)
    assert found.p == pytest.approx(expected["p"], rel=1e-9)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_cox_gives_the_numbers_of_r_for_both_ways_to_handle_ties(reference, case, ties):
    name, data, _, covariates = case
    model = cox(data.time, data.event, data[covariates], ties=ties)
    expected = reference(f"{name} cox {ties}")
    assert (model.n, model.events) == (expected["n"], expected["events"])
    assert model.log_likelihood_null == pytest.approx(expected["null"], rel=1e-9)
    assert model.log_likelihood == pytest.approx(expected["loglik"], rel=1e-9)
    assert model.likelihood_ratio == pytest.approx(expected["lr"], rel=1e-7)
    assert model.score == pytest.approx(expected["score"], rel=1e-6)
    assert model.wald == pytest.approx(expected["wald"], rel=1e-6)
    for i, (covariate, row) in enumerate(zip(covariates, model.comparisons(), strict=True)):
        wanted = reference(f"{name} cox {ties} {covariate}")
        assert model.log_hazard[i] == pytest.approx(wanted["coef"], rel=1e-6)
        assert model.standard_error[i] == pytest.approx(wanted["se"], rel=1e-6)
        assert row.p == pytest.approx(wanted["p"], rel=1e-6)
        assert row.effects[0].ci_low == pytest.approx(wanted["low"], rel=1e-6)
        assert row.effects[0].ci_high == pytest.approx(wanted["high"], rel=1e-6)
        assert dict(row.choices)["ties"] == ties


def test_the_score_test_of_cox_without_ties_is_the_log_rank_test(rng):
    time, event = rng.exponential(10, 60), rng.random(60) < 0.7
    group = np.repeat([0, 1], 30)
    model = cox(time, event, pd.DataFrame({"group": group}))
    assert model.score == pytest.approx(log_rank(by_group(time, event, group)).statistic, rel=1e-9)


def test_numbers_at_risk_stand_below_the_figure():
    curve = kaplan_meier([1, 2, 2, 5, 7], [1, 1, 0, 0, 1])
    assert curve.numbers_at_risk([0, 1, 2, 3, 5, 6, 7, 8]).tolist() == [5, 5, 4, 2, 2, 1, 1, 0]
    assert curve.survival.tolist() == pytest.approx([0.8, 0.6, 0.6, 0.0])


def test_a_median_that_is_not_reached_is_none():
    curve = kaplan_meier([1, 2, 3, 4, 5], [1, 0, 0, 0, 0])
    assert (curve.median, curve.median_high) == (None, None)


@pytest.mark.parametrize(
    ("time", "event", "message"),
    [
        ([-1, 2, 3], [1, 0, 1], "0 or more"),
        ([1, np.inf, 3], [1, 0, 1], "finite"),
        ([1, 2, 3], [1, 2, 2], "1/2 coding"),
        ([1, 2], [1, 0, 1], "2 times but 3 events"),
    ],
)
def test_impossible_times_and_events_are_refused(time, event, message):
    with pytest.raises(StatisticsError, match=message):
        kaplan_meier(time, event)


def test_zero_times_and_missing_ones_are_on_record():
    groups = {"a": ([0, 2, 3, np.nan], [1, 0, 1, 1]), "b": ([1, 4, 6], [0, 1, 1])}
    choices = dict(log_rank(groups).choices)
    assert (choices["zero_times"], choices["dropped"]) == ("1", "1")


def test_curves_without_events_or_with_two_animals_are_not_tested():
    quiet = {"a": ([1, 2, 3], [0, 0, 0]), "b": ([1, 2, 3], [0, 0, 0])}
    assert log_rank(quiet).state is State.NOT_ESTIMABLE
    small = {"a": ([1, 2], [1, 1]), "b": ([1, 2, 3], [1, 0, 1])}
    assert log_rank(small).state is State.TOO_FEW
    assert log_rank(small, least_n=2).p is not None
    apart = {"a": ([1, 2, 3], [0, 0, 0]), "b": ([7, 8, 9], [1, 1, 1])}
    assert log_rank(apart).state is State.NOT_ESTIMABLE


def test_complete_separation_has_no_hazard_ratio():
    frame = pd.DataFrame({"marker": [1, 1, 1, 1, 0, 0, 0, 0]})
    model = cox([1, 2, 3, 4, 9, 9, 9, 9], [1, 1, 1, 1, 0, 0, 0, 0], frame)
    assert model.state is State.SEPARATION
    assert "no finite value" in model.message
    (row,) = model.comparisons()
    assert (row.p, row.effects) == (None, ())


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1, 1, 1, 1, 1, 1]}, "does not vary"),
        ({"a": [1, 2, 3, 4, 5, 7], "b": [2, 4, 6, 8, 10, 14]}, "repeat each other"),
    ],
)
def test_covariates_that_say_nothing_new_are_a_state(columns, message):
    model = cox([1, 2, 3, 4, 5, 6], [1, 0, 1, 1, 0, 1], pd.DataFrame(columns))
    assert model.state is State.NOT_ESTIMABLE
    assert message in model.message


def test_covariates_of_text_are_refused():
    with pytest.raises(StatisticsError, match="0/1 columns"):
        cox([1, 2, 3], [1, 1, 0], pd.DataFrame({"arm": ["a", "b", "a"]}))


def test_units_and_offsets_of_covariates_do_not_change_z(rng):
    time, event, age = rng.exponential(5, 80), rng.random(80) < 0.8, rng.normal(50, 10, 80)
    plain = cox(time, event, pd.DataFrame({"age": age})).comparisons()[0]
    moved = cox(time, event, pd.DataFrame({"age": age * 1e-6 + 1e3})).comparisons()[0]
    assert moved.statistic == pytest.approx(plain.statistic, rel=1e-5)


def test_youden_cut_is_the_best_of_all_cuts(rng):
    marker = np.round(rng.normal(0, 1, 60), 1)
    event = rng.random(60) < 1 / (1 + np.exp(-marker))
    found = youden_cut(marker, event)
    best = 0.0
    for cut in np.unique(marker):
        high = marker >= cut
        if 6 <= high.sum() <= 54:
            best = max(best, abs(high[event].mean() + (~high)[~event].mean() - 1))
    assert found.youden == pytest.approx(best)
    assert found.sensitivity + found.specificity - 1 == pytest.approx(best)
    pairs = marker[event][:, None] - marker[~event]
    assert found.auc == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
    assert found.auc_low < found.auc < found.auc_high


def test_the_search_and_the_plain_log_rank_test_agree_on_the_chosen_cut(rng):
    marker, time, event = rng.normal(size=70), np.round(rng.exponential(10, 70)), rng.random(70) < 0.6
    found = survival_cut(marker, time, event, seed=1, permutations=200)
    direct = log_rank(by_group(time, event, np.where(found.high, "high", "low")))
    assert found.statistic == pytest.approx(direct.statistic, rel=1e-9)
    assert found.naive_p == pytest.approx(direct.p, rel=1e-9)
    again = survival_cut(marker, time, event, seed=1, permutations=200)
    assert (again.p, again.seed, again.permutations) == (found.p, 1, 200)


def test_a_searched_cut_pays_for_the_search(rng):
    naive, corrected = [], []
    for seed in range(60):
        found = survival_cut(
            rng.normal(size=50), rng.exponential(10, 50), rng.random(50) < 0.6, seed=seed, permutations=99
        )
        naive.append(found.naive_p < 0.05)
        corrected.append(found.p <= 0.05)
    assert np.mean(naive) > 0.15
    assert np.mean(corrected) < 0.15


def test_a_marker_that_cannot_be_cut_is_refused():
    with pytest.raises(StatisticsError, match="same outcome"):
        youden_cut([1, 2, 3], [1, 1, 1])
    with pytest.raises(StatisticsError, match="cannot be cut"):
        youden_cut([1.0] * 20, [0, 1] * 10)


MARKERS = pd.DataFrame(
    {"a": [0, 1, 1, 1, 1, 1], "b": [0, 0, 1, 1, 1, np.nan], "c": [0, 0, 1, 1, 1, 1], "d": [0, 0, 0, 1, 1, 1]}
)
RULES = [MarkerRule(name, 0.5) for name in "abcd"]


def test_a_signature_with_an_undefined_middle_asks_what_it_is():
    with pytest.raises(StatisticsError, match="a score of 3 is neither low"):
        signature(MARKERS, RULES, low_up_to=2, high_from=4)
    found = signature(MARKERS, RULES, low_up_to=2, high_from=4, middle="leave out")
    assert found.group.tolist() == ["low", "low", "undefined", "high", "high", "missing"]
    assert "1 of 6 units have a score of 3, classed as undefined" in found.message
    assert "1 units miss a marker" in found.message


def test_the_middle_of_a_signature_can_be_a_class_of_its_own_or_none_at_all():
    for middle, name in (("low", "low"), ("high", "high"), ("own group", "middle")):
        assert signature(MARKERS, RULES, low_up_to=2, high_from=4, middle=middle).group[2] == name
    assert signature(MARKERS, RULES, low_up_to=2, high_from=3).group[2] == "high"


def test_a_marker_may_count_when_it_is_low():
    rules = [MarkerRule("a", 0.5, "low"), MarkerRule("b", 0.5)]
    found = signature(MARKERS, rules, low_up_to=0, high_from=1)
    assert found.score[:4].tolist() == [1.0, 0.0, 1.0, 1.0]


@pytest.mark.parametrize(("low", "high"), [(2, 2), (-1, 2), (3, 9)])
def test_limits_that_do_not_fit_the_signature_are_refused(low, high):
    with pytest.raises(StatisticsError, match="do not fit"):
        signature(MARKERS, RULES, low_up_to=low, high_from=high)
