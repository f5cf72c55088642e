"""Dose-response curves: the least squares of R, an IC50 only where the doses carry it, and n = biological
replicates.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.statistics import State, StatisticsError, welch_t
from exoraw.statistics.curves import (
    CurveState,
    Level,
    compare_curves,
    fit_curves,
    fit_replicates,
    fit_table,
)
from exoraw.statistics.questions import Reference

DOSES = np.repeat([0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10], 3).astype(float)
OPTIM_SLACK = 1e-9  # R's optim stops where another step gains less than this
with (Path(__file__).parent / "r" / "curves.csv").open(encoding="utf-8", newline="") as handle:
    R_CURVES = list(csv.DictReader(handle))


def curve(dose, ic50, slope=1.2, zero=100.0, end=10.0):
    dose = np.asarray(dose, dtype=float)
    with np.errstate(divide="ignore"):
        return end + (zero - end) / (1 + (dose / ic50) ** slope)


def noisy(rng, ic50, count=1, sd=4.0, **shape):
    return curve(DOSES, ic50, **shape) + rng.normal(0, sd, (count, DOSES.size))


@pytest.mark.parametrize("expected", R_CURVES, ids=lambda row: f"{row['set']}-{row['curve']}")
def test_fits_are_at_least_as_good_as_those_of_r_and_give_its_ed50(shared, expected):
    frame = pd.read_csv(shared / "data/plates/drc" / f"{expected['set']}.csv")
    if expected["column"]:
        frame = frame[frame[expected["column"]].astype(str) == expected["curve"]]
    found = fit_curves(frame[expected["dose"]], frame[expected["response"]])
    assert found.points[0] == int(expected["n"])
    assert found.squares[0] <= float(expected["rss"]) * (1 + OPTIM_SLACK)
    assert found.relative.raw[0] == pytest.approx(float(expected["ed50"]), rel=1e-3)
    assert abs(found.slope[0]) == pytest.approx(float(expected["slope"]), rel=1e-2)


def test_ryegrass_and_white_mustard_have_the_published_ed50(shared):
    folder = shared / "data/plates/drc"
    rye = pd.read_csv(folder / "ryegrass.csv")
    found = fit_curves(rye.conc, rye.rootl)
    assert found.relative.value[0] == pytest.approx(3.057955, rel=1e-6)
    assert found.log_ic50_se[0] * found.relative.raw[0] == pytest.approx(0.1857, rel=2e-3)
    mustard = fit_table(pd.read_csv(folder / "S.alba.csv"), "Dose", "DryMatter", ["Herbicide"]).table()
    assert dict(zip(mustard.curve, mustard.ic50, strict=True)) == pytest.approx(
        {"Glyphosate": 62.048, "Bentazone": 29.265}, rel=1e-4
    )


def test_a_curve_without_noise_is_recovered_whichever_way_it_runs():
    for zero, end in ((100.0, 5.0), (5.0, 100.0), (-3.0, -1.0)):
        found = fit_curves(DOSES, curve(DOSES, 0.2, 1.7, zero, end), intervals=False)
        assert found.relative.value[0] == pytest.approx(0.2, rel=1e-6)
        assert found.slope[0] == pytest.approx(math.copysign(1.7, zero - end), rel=1e-5)
        assert found.zero_level[0] == pytest.approx(zero, rel=1e-6)
        assert found.end_level[0] == pytest.approx(end, rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.02, 5), st.floats(0.6, 4), st.floats(1e-6, 1e6), st.floats(-1e3, 1e3))
def test_units_of_dose_and_response_do_not_change_the_fit(ic50, slope, unit, offset):
    plain = fit_curves(DOSES, curve(DOSES, ic50, slope), intervals=False)
    moved = fit_curves(DOSES * unit, curve(DOSES, ic50, slope) * 3 + offset, intervals=False)
    assert plain.relative.raw[0] == pytest.approx(ic50, rel=1e-4)
    assert moved.relative.raw[0] == pytest.approx(ic50 * unit, rel=1e-4)


def test_profile_intervals_cover_the_truth_nineteen_times_in_twenty(rng):
    found = fit_curves(DOSES, noisy(rng, 0.3, 600))
    for half, truth in ((found.relative, 0.3), (found.absolute, absolute_truth(0.3))):
        inside = (half.raw_low <= truth) & (truth <= half.raw_high)
        assert 0.92 <= inside.mean() <= 0.98


def absolute_truth(ic50, slope=1.2, zero=100.0, end=10.0):
    return ic50 * ((zero - zero / 2) / (zero / 2 - end)) ** (1 / slope)


@pytest.mark.parametrize("level", [Level(fraction=0.5), Level(value=50.0)])
def test_profile_ends_are_where_the_sum_of_squares_says(rng, level):
    """A slow, separate search: at each end, the best curve through it has SSmin (1 + F / df)."""
    from scipy import optimize, stats

    responses = noisy(rng, 0.4)[0]
    found = fit_curves(DOSES, responses, absolute=level)
    limit = found.squares[0] * (1 + stats.f.ppf(0.95, 1, found.df[0]) / found.df[0])

    def least_squares_at(dose, relative):
        def misfit(p):
            slope = math.exp(p[2])
            if relative:
                middle = dose
            else:
                target = p[1] * level.fraction if level.fraction else level.value
                ratio = (p[1] - target) / (target - p[0])
                if ratio <= 0:
                    return 1e12
                middle = dose / ratio ** (1 / slope)
            return float(np.sum((responses - curve(DOSES, middle, slope, p[1], p[0])) ** 2))

        start = [found.end_level[0], found.zero_level[0], math.log(found.slope[0])]
        for _ in range(4):
            solved = optimize.minimize(
                misfit, start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-10}
            )
            start = solved.x
        return solved.fun

    for half, relative in ((found.relative, True), (found.absolute, False)):
        for end in (half.raw_low[0], half.raw_high[0]):
            assert least_squares_at(end, relative) == pytest.approx(limit, rel=1e-5)


def test_states_tell_in_range_below_above_flat_and_never_reached(rng):
    responses = np.vstack([
        noisy(rng, 0.3), noisy(rng, 0.002, end=0.0), noisy(rng, 20.0, end=0.0, sd=0.05),
        100 + rng.normal(0, 4, (1, DOSES.size)), noisy(rng, 0.3, end=70.0), np.full((1, DOSES.size), 7.0),
    ])  # fmt: skip
    found = fit_curves(DOSES, responses, names=["in", "below", "above", "flat", "shallow", "constant"])
    assert list(found.relative.state) == [
        CurveState.IN_RANGE, CurveState.BELOW, CurveState.ABOVE, CurveState.FLAT, CurveState.IN_RANGE,
        CurveState.FLAT,
    ]  # fmt: skip
    assert found.absolute.state[4] == CurveState.NOT_REACHED
    assert list(found.relative.text[1:4]) == ["<0.01", ">10", "flat"]


def test_an_ic50_outside_the_doses_is_never_printed_as_a_number(rng):
    ic50 = np.exp(rng.uniform(np.log(1e-4), np.log(1e3), 120))
    responses = np.vstack([noisy(rng, value, end=rng.uniform(0, 60)) for value in ic50])
    found = fit_curves(DOSES, responses)
    table = found.table()
    for name in ("ic50", "ic50_absolute"):
        printed = table[name].dropna()
        assert printed.between(0.01, 10).all()
        assert (table[f"{name}_state"] != "in range").eq(table[name].isna()).all()
        for end in ("low", "high"):
            assert table[f"{name}_{end}"].dropna().between(0.01, 10).all()
        outside = table[f"{name}_state"].isin(["above", "below"])
        assert outside.sum() > 15
        assert table.loc[outside, f"{name}_text"].isin([">10", "<0.01"]).all()
        assert table.loc[outside, f"{name}_raw"].notna().all()


def test_every_curve_of_a_screen_has_a_state_and_flat_ones_are_called_flat(rng):
    found = fit_curves(DOSES, 100 + rng.normal(0, 5, (200, DOSES.size)), intervals=False)
    assert set(found.relative.state) <= set(CurveState)
    assert np.mean(found.relative.state == CurveState.FLAT) > 0.85


def test_an_ic50_that_the_doses_do_not_fix_says_so_and_has_an_open_interval(rng):
    found = fit_curves(DOSES, noisy(rng, 5.0, slope=3.0))
    assert found.relative.state[0] == CurveState.IN_RANGE
    assert found.relative.text_high[0] == ">10"
    assert np.isnan(found.relative.high[0])
    assert "report the interval" in found.remark[0]


def test_missing_wells_are_left_out_and_change_nothing_else(rng):
    responses = noisy(rng, 0.3)[0]
    keep = np.ones(DOSES.size, bool)
    keep[[2, 9, 20]] = False
    gaps = np.where(keep, responses, np.nan)
    with_gaps, without = fit_curves(DOSES, gaps), fit_curves(DOSES[keep], responses[keep])
    assert with_gaps.points[0] == DOSES.size - 3
    assert with_gaps.relative.raw[0] == pytest.approx(without.relative.raw[0], rel=1e-7)
    assert with_gaps.relative.raw_high[0] == pytest.approx(without.relative.raw_high[0], rel=1e-5)


def test_a_batch_gives_the_same_numbers_as_one_curve_at_a_time(rng):
    responses = np.vstack([noisy(rng, 0.1), noisy(rng, 1.0), noisy(rng, 0.5, slope=3.0)])
    together = fit_curves(DOSES, responses)
    for row in range(3):
        alone = fit_curves(DOSES, responses[row])
        assert alone.relative.raw[0] == pytest.approx(together.relative.raw[row], rel=1e-7)
        assert alone.relative.raw_low[0] == pytest.approx(together.relative.raw_low[row], rel=1e-5)


def test_a_known_plateau_is_kept(rng):
    found = fit_curves(DOSES, noisy(rng, 0.3, end=0.0), zero_level=100.0, end_level=0.0)
    assert (found.zero_level[0], found.end_level[0], found.df[0]) == (100.0, 0.0, 22)
    assert found.relative.raw_low[0] < 0.3 < found.relative.raw_high[0]


def test_too_few_doses_are_a_state():
    found = fit_curves([0, 1, 1, 10, 10, 10], [100, 60, 62, 20, 21, 22.0])
    assert found.relative.state[0] == CurveState.TOO_FEW
    assert "4 distinct doses" in found.remark[0]
    assert fit_curves(np.zeros(8), np.arange(8.0)).relative.state[0] == CurveState.TOO_FEW
    assert fit_curves(DOSES, np.full(DOSES.size, np.nan)).relative.state[0] == CurveState.TOO_FEW


def test_a_step_between_two_doses_says_that_the_slope_runs_away(rng):
    step = np.where(DOSES > 0.5, 5.0, 100.0) + rng.normal(0, 1, DOSES.size)
    found = fit_curves(DOSES, step)
    assert found.relative.state[0] == CurveState.IN_RANGE
    assert 0.3 <= found.relative.value[0] <= 1.0
    assert found.relative.raw_low[0] < 0.34
    assert found.relative.raw_high[0] > 0.9


@pytest.mark.parametrize(
    ("dose", "response", "message"),
    [
        ([-2, -1, 0, 1, 2], [1.0, 2, 3, 4, 5], "not their logarithms"),
        ([0, 1, np.inf, 3, 4], [1.0, 2, 3, 4, 5], "0 or more and finite"),
        ([0, 1, 2, 3, 4], [1.0, 2, np.inf, 4, 5], "response is infinite"),
        ([0, 1, 2], [1.0, 2, 3, 4, 5], "do not fit together"),
    ],
)
def test_impossible_doses_and_responses_are_refused_with_the_reason(dose, response, message):
    with pytest.raises(StatisticsError, match=message):
        fit_curves(dose, response)


@pytest.fixture
def screen(rng) -> pd.DataFrame:
    """Two drugs on four cultures, three wells a dose; cultures differ in their sensitivity."""
    rows = []
    for drug, ic50 in (("vehicle", 0.3), ("exosomes", 1.2)):
        for culture in range(4):
            own = ic50 * math.exp(rng.normal(0, 0.2))
            values = curve(DOSES, own) + rng.normal(0, 3, DOSES.size)
            rows += [
                {"drug": drug, "culture": culture, "dose": dose, "viability": value}
                for dose, value in zip(DOSES, values, strict=True)
            ]
    return pd.DataFrame(rows)


def test_curves_are_compared_on_cultures_and_not_on_pooled_wells(screen):
    curves = fit_replicates(screen, "dose", "viability", "drug", ["culture"])
    (found,) = compare_curves(curves, references=[Reference("vehicle")])
    assert found.n == (("exosomes", 4), ("vehicle", 4))
    assert found.unit == "culture"
    ratio = found.effects[0]
    assert ratio.name == "IC50 ratio"
    assert ratio.ci_low < 4.0 < ratio.ci_high
    assert found.p < 0.01
    log_ic50 = {drug: np.log(part.ic50) for drug, part in curves.table.groupby("drug")}
    assert found.p == pytest.approx(welch_t(log_ic50["exosomes"], log_ic50["vehicle"]).p, rel=1e-9)


def test_curves_can_be_paired_by_culture(screen):
    curves = fit_replicates(screen, "dose", "viability", "drug", ["culture"])
    (found,) = compare_curves(curves, test="paired t", references=[Reference("vehicle")], pair_by=["culture"])
    assert found.df == (3.0,)


def test_an_ic50_outside_the_doses_forbids_a_test_of_means_but_not_of_ranks(screen, rng):
    chosen = (screen.drug == "exosomes") & (screen.culture == 2)
    screen.loc[chosen, "viability"] = curve(DOSES, 60.0, 2.0, 100, 0) + rng.normal(0, 0.5, DOSES.size)
    curves = fit_replicates(screen, "dose", "viability", "drug", ["culture"])
    (refused,) = compare_curves(curves, references=[Reference("vehicle")])
    assert (refused.state, refused.p) == (State.NOT_ESTIMABLE, None)
    assert "exosomes 2: above" in refused.message
    (ranked,) = compare_curves(curves, test="mann-whitney", references=[Reference("vehicle")])
    assert ranked.p == pytest.approx(2 / 70)
    assert ranked.effects == ()
    assert dict(ranked.choices)["outside_doses"] == "1"


def test_a_flat_curve_forbids_every_comparison_and_is_named(screen, rng):
    screen.loc[(screen.drug == "vehicle") & (screen.culture == 0), "viability"] = 100.0
    curves = fit_replicates(screen, "dose", "viability", "drug", ["culture"])
    for test in ("welch", "mann-whitney"):
        (found,) = compare_curves(curves, test=test, references=[Reference("vehicle")])
        assert found.state is State.NOT_ESTIMABLE
        assert "vehicle 0: flat" in found.message
