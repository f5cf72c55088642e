"""Densities, margins, debris, singlets, the main population and quadrants against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from exoraw.assays.flow.debris import debris_gate
from exoraw.assays.flow.density import DensityError, density, landscape, left_side_sigma, resampled_valley
from exoraw.assays.flow.fcs import read_fcs
from exoraw.assays.flow.main_population import main_population
from exoraw.assays.flow.margins import detector_floor, margin_events
from exoraw.assays.flow.negative import bootstrap_upper, negative_population
from exoraw.assays.flow.quadrants import QuadrantNames, quadrants, share_of
from exoraw.assays.flow.singlets import singlet_gate


def cells(rng, n, mode=6e4, sd=0.12):
    return mode * 10 ** rng.normal(0, sd, n)


# ------------------------------------------------------------------------------------ density


def test_a_density_integrates_to_one_and_equals_scipy(rng):
    values = rng.normal(2, 0.5, 5000)
    found = density(values, bandwidth=0.1)
    step = found.positions[1] - found.positions[0]
    assert found.heights.sum() * step == pytest.approx(1, abs=2e-3)
    reference = stats.gaussian_kde(values, bw_method=0.1 / values.std(ddof=1))(found.positions)
    assert np.abs(found.heights - reference).max() < 0.02 * reference.max()


def test_the_bandwidth_is_near_the_best_one_for_a_normal(rng):
    found = density(rng.normal(0, 1, 10_000))
    best = 1.06 * 10_000**-0.2
    assert 0.6 * best < found.bandwidth < 1.3 * best


@pytest.mark.parametrize("n", [1000, 10_000, 100_000])
def test_two_populations_and_their_valley_are_found(rng, n):
    values = np.concatenate([rng.normal(1, 0.3, int(0.8 * n)), rng.normal(4, 0.3, int(0.2 * n))])
    seen = landscape(density(values))
    assert [round(peak.position) for peak in seen.peaks] == [1, 4]
    assert seen.peaks[0].share == pytest.approx(0.8, abs=0.01)
    assert sum(peak.share for peak in seen.peaks) == pytest.approx(1, abs=1e-9)
    assert 2 < seen.valleys[0].position < 3.2
    assert seen.valleys[0].depth > 0.9


def test_one_population_is_one_peak_in_nearly_all_of_200_samples():
    alone = sum(
        len(landscape(density(np.random.default_rng(seed).normal(0, 1, 2000))).peaks) == 1
        for seed in range(200)
    )
    assert alone >= 196


def test_a_population_of_half_a_percent_is_no_peak(rng):
    values = np.concatenate([rng.normal(0, 0.3, 9950), rng.normal(4, 0.3, 50)])
    assert len(landscape(density(values)).peaks) == 1


def test_left_side_sigma_ignores_what_lies_right(rng):
    values = np.concatenate([rng.normal(0, 0.5, 20_000), rng.normal(5, 1, 20_000)])
    assert left_side_sigma(values, 0.0) == pytest.approx(0.5, abs=0.02)
    assert left_side_sigma(np.ones(5), 1.0) == 0.0


@pytest.mark.parametrize("values", [np.array([]), np.arange(9.0), np.full(100, 3.0), np.full(50, np.nan)])
def test_no_density_from_too_few_or_equal_values(values):
    with pytest.raises(DensityError):
        density(values)


def test_resampled_valleys_lie_around_the_valley(rng):
    values = np.concatenate([rng.normal(1, 0.5, 8000), rng.normal(4, 0.5, 2000)])
    shape = density(values)
    valley = landscape(shape).valleys[0].position
    places = resampled_valley(shape, 1, 4, 50, 7)
    assert abs(np.median(places) - valley) < 0.3
    assert 0 < places.std() < 0.5


# ------------------------------------------------------------------------------------ negatives


@pytest.mark.parametrize("positive", [0.0, 0.05, 0.4])
@pytest.mark.parametrize("noise", [20, 60, 150])
def test_the_upper_end_of_the_negatives_is_their_own_percentile(rng, positive, noise):
    negative = 10 ** rng.normal(2.25, 0.28, 30_000) + rng.normal(0, noise, 30_000)
    bright = 10 ** rng.normal(4, 0.3, int(30_000 * positive / (1 - positive)))
    found = negative_population(np.concatenate([negative, bright]))
    above = np.mean(negative > found.upper(2.81))
    assert 0.0005 < above < 0.008  # 0.0025 nominal
    assert found.share == pytest.approx(1 - positive, abs=0.02)
    assert found.misfit < 0.03


def test_gaussian_negatives_around_zero_are_fitted_as_such(rng):
    values = rng.normal(5, 100, 50_000)
    found = negative_population(values)
    assert found.mode == pytest.approx(5, abs=6)
    assert found.upper(2.81) == pytest.approx(286, rel=0.06)
    assert found.upper(-2) == pytest.approx(-195, rel=0.08)


def test_a_smaller_lower_peak_does_not_hide_the_negatives(rng):
    values = np.concatenate([rng.normal(-3000, 100, 300), 10 ** rng.normal(2.5, 0.2, 9700)])
    assert negative_population(values).mode == pytest.approx(10**2.5, rel=0.1)


def test_the_resampled_upper_end_covers_the_true_one():
    covered = 0
    truth = 100 * np.sinh(1.0 + 2.81 * 0.5)
    for seed in range(20):
        values = 100 * np.sinh(np.random.default_rng(seed).normal(1.0, 0.5, 3000))
        low, high = np.percentile(bootstrap_upper(values, 2.81, 40, seed), [2.5, 97.5])
        covered += low <= truth <= high
    assert 16 <= covered <= 20


@pytest.mark.parametrize("share_below", [0.02, 0.15, 0.35])
def test_cells_on_the_floor_of_a_log_amplifier_are_part_of_the_negatives(rng, share_below):
    signal = 10 ** rng.normal(2.25, 0.28, 30_000) + rng.normal(0, 60, 30_000)
    bright = 10 ** rng.normal(4, 0.3, 10_000)
    floor = float(np.quantile(signal, share_below))
    shown = np.maximum(np.concatenate([signal, bright]), floor)
    found = negative_population(shown, floor)
    whole = negative_population(np.concatenate([signal, bright]))
    assert found.upper(2.81) == pytest.approx(whole.upper(2.81), rel=0.12)
    assert found.share == pytest.approx(0.75, abs=0.02)
    assert 0.0005 < np.mean(signal > found.upper(2.81)) < 0.008


def test_a_floor_that_was_not_told_is_taken_for_a_population(rng):
    signal = 10 ** rng.normal(2.25, 0.28, 30_000) + rng.normal(0, 60, 30_000)
    floor = float(np.quantile(signal, 0.15))
    shown = np.maximum(signal, floor) + rng.normal(0, 0.5, 30_000)  # compensation spreads the pile
    assert negative_population(shown).upper(2.81) < 0.2 * negative_population(shown, floor + 2).upper(2.81)


def test_a_tube_that_lies_on_the_floor_has_no_negatives_to_fit(rng):
    shown = np.concatenate([np.ones(5000), rng.uniform(2, 9, 49)])
    with pytest.raises(DensityError, match="above the lowest value"):
        negative_population(shown, 1.0)


def test_the_resampled_upper_end_of_censored_cells_covers_the_whole_ones():
    covered = 0
    truth = 100 * np.sinh(1.0 + 2.81 * 0.5)
    for seed in range(12):
        signal = 100 * np.sinh(np.random.default_rng(seed).normal(1.0, 0.5, 3000))
        floor = float(np.quantile(signal, 0.2))
        shown = np.maximum(signal, floor)
        low, high = np.percentile(bootstrap_upper(shown, 2.81, 40, seed, floor), [2.5, 97.5])
        covered += low <= truth <= high
        assert high / low < 1.5
    assert covered >= 9


def test_no_negatives_from_nothing():
    for values in (np.zeros(40), np.full(1000, 7.0), np.array([np.nan] * 100)):
        with pytest.raises(DensityError):
            negative_population(values)


# ------------------------------------------------------------------------------------ margins


def test_a_detector_has_a_floor_where_many_events_share_the_lowest_value(rng):
    signal = rng.normal(100, 50, 5000)
    assert detector_floor(signal) is None
    assert detector_floor(np.maximum(signal, 40.0)) == 40.0
    assert detector_floor(np.append(np.maximum(signal, 40.0), np.nan)) == 40.0
    assert detector_floor(np.full(100, 7.0)) is None  # no scale at all
    assert detector_floor(np.empty(0)) is None


def test_margin_events_count_range_and_plateau_and_floor():
    values = np.column_stack(
        [
            np.r_[np.full(20, 1023.0), np.arange(980.0)],  # $PnR 1024: saturated
            np.r_[np.full(20, 900.0), np.arange(0, 900, 900 / 980)],  # clips below $PnR
            np.r_[np.zeros(30), np.linspace(1, 800, 970)],  # floor of a log amplifier
            np.r_[300000.0, np.linspace(1, 800, 999)],  # float over $PnR
            np.linspace(1, 800, 1000),
        ]
    )
    found = margin_events(values, list("abcde"), [1024, 1024, 1024, 262144, None])
    assert [channel.ceiling_source for channel in found.channels] == [
        "range",
        "plateau",
        "none",
        "range",
        "none",
    ]
    assert [channel.n_saturated for channel in found.channels] == [20, 20, 0, 1, 0]
    assert [channel.n_low for channel in found.channels] == [0, 0, 30, 0, 0]
    assert found.share == pytest.approx(0.03)  # the first events of every column are the same events
    assert found.channels[0].saturated_share == pytest.approx(0.02)


def test_margins_of_no_events_and_of_a_constant_channel():
    assert margin_events(np.empty((0, 1)), ["a"], [1024]).share == 0.0
    constant = margin_events(np.full((100, 1), 5.0), ["a"], [1024]).channels[0]
    assert (constant.n_saturated, constant.ceiling) == (0, None)


# ------------------------------------------------------------------------------------ debris


@pytest.mark.parametrize("share", [0.02, 0.2, 0.6])
def test_debris_is_cut_at_its_valley(rng, share):
    debris = cells(rng, int(20_000 * share), mode=4e3, sd=0.2)
    good = cells(rng, int(20_000 * (1 - share)))
    gate = debris_gate(np.concatenate([debris, good]))
    assert gate.state == "valley"
    assert gate.keeps(good).mean() > 0.998
    assert gate.keeps(debris).mean() < 0.1
    assert gate.removed_share == pytest.approx(share, abs=0.02)
    assert bool(gate.findings) == (share > 0.5)


@pytest.mark.parametrize("apoptotic", [0.0, 0.1, 0.5, 0.8])
def test_shrunken_apoptotic_cells_are_never_taken_for_debris(rng, apoptotic):
    shrunken = cells(rng, int(20_000 * apoptotic), mode=6e4 * 0.45, sd=0.1)
    gate = debris_gate(np.concatenate([cells(rng, int(20_000 * (1 - apoptotic)), sd=0.08), shrunken]))
    assert gate.state == "no debris population"
    assert gate.removed_share == 0
    assert gate.keeps(shrunken).all()


def test_with_debris_and_apoptotic_cells_only_debris_goes(rng):
    debris = cells(rng, 3000, mode=4e3, sd=0.15)
    shrunken = cells(rng, 5000, mode=2.7e4, sd=0.1)
    gate = debris_gate(np.concatenate([cells(rng, 12_000, sd=0.08), shrunken, debris]))
    assert gate.state == "valley"
    assert gate.keeps(shrunken).mean() > 0.99
    assert gate.keeps(debris).mean() < 0.05
    assert gate.removes(debris) > 0.95


def test_too_few_events_gate_nothing_and_say_so(rng):
    gate = debris_gate(cells(rng, 400))
    assert (gate.state, gate.threshold) == ("too few events", None)
    assert [remark.code for remark in gate.findings] == ["no_debris_gate"]
    assert gate.keeps(np.array([1.0, np.nan])).tolist() == [True, False]


def test_real_debris_is_found_on_the_macsquant_and_none_on_the_spleen(shared):
    flow = shared / "data" / "flow"
    quant = read_fcs(flow / "zoo" / "Miltenyi Biotec - MACSQuant Analyzer.fcs")
    gate = debris_gate(quant.column("FSC-A"))
    assert gate.state == "valley"
    assert 0.005 < gate.removed_share < 0.03
    spleen = read_fcs(flow / "cytoexplorer" / "Activation_1.fcs")
    assert debris_gate(spleen.column("FSC-A")).state == "no debris population"


# ------------------------------------------------------------------------------------ singlets


def pulses(rng, n=20_000, doublets=0.08):
    n_pairs = int(n * doublets)
    height = cells(rng, n, sd=0.1)
    area = height * rng.normal(1.15, 0.03, n)
    area[:n_pairs] *= rng.normal(1.8, 0.08, n_pairs)
    return area, height, np.arange(n) < n_pairs


@pytest.mark.parametrize("method", ["ratio", "regression"])
def test_doublets_are_found_by_area_against_height(rng, method):
    area, height, pair = pulses(rng)
    gate = singlet_gate(area, height, method=method)
    assert np.mean(gate.keep[pair]) < 0.02
    assert np.mean(gate.keep[~pair]) > 0.97
    assert gate.findings == ()


def test_the_ratio_limit_is_peacoqc_s(rng):
    area, height, _ = pulses(rng)
    ratio = area / height
    limit = np.median(ratio) + 4 * stats.median_abs_deviation(ratio, scale="normal")
    gate = singlet_gate(area, height)
    assert gate.limit == pytest.approx(limit, rel=1e-9)
    np.testing.assert_array_equal(gate.keep, ratio < limit)


def test_width_stands_in_for_height(rng):
    width = np.r_[rng.normal(100, 3, 19_000), rng.normal(150, 5, 1000)]
    gate = singlet_gate(np.ones(20_000), width=width)
    assert gate.method == "width"
    assert gate.keep[:19_000].mean() > 0.999
    assert not gate.keep[19_000:].any()


@pytest.mark.parametrize(
    ("area", "height", "said"),
    [
        (np.ones(1000), None, "Neither the height nor the width"),
        (np.ones(100), np.ones(100), "too few"),
        (np.ones(1000), np.ones(1000), "share one"),
        (np.ones(1000), -np.ones(1000), "No event has a usable"),
    ],
)
def test_without_a_pulse_shape_all_events_stay_and_a_finding_says_why(area, height, said):
    gate = singlet_gate(area, height)
    assert (gate.method, gate.keep.all(), gate.removed_share) == ("none", True, 0.0)
    assert [remark.code for remark in gate.findings] == ["no_singlet_gate"]
    assert said in gate.findings[0].message


def test_a_gate_that_removes_much_says_so(rng):
    area, height, _ = pulses(rng, doublets=0.4)
    assert [remark.code for remark in singlet_gate(area, height).findings] == ["singlet_gate_removes_much"]


# ------------------------------------------------------------------------------------ main population


def test_the_main_population_is_the_largest_island(rng):
    main = 10 ** rng.normal([4.8, 4.2], [0.05, 0.08], (8000, 2))
    other = 10 ** rng.normal([4.4, 4.9], [0.05, 0.08], (4000, 2))
    both = np.vstack([main, other])
    found = main_population(both[:, 0], both[:, 1])
    assert found.found
    assert found.keep[:8000].mean() > 0.9
    assert found.keep[8000:].mean() < 0.01
    assert found.share == found.keep.mean()


def test_few_events_are_all_kept(rng):
    found = main_population(np.r_[1.0, -1.0, np.nan], np.ones(3))
    assert not found.found
    assert found.keep.tolist() == [True, False, False]


# ------------------------------------------------------------------------------------ quadrants


@given(st.integers(0, 400), st.integers(0, 2**31))
def test_quadrants_sum_to_all_cells_and_to_100_percent(n, seed):
    events = np.random.default_rng(seed).normal(0, 100, (n, 2))
    found = quadrants(events, (10.0, -20.0))
    assert sum(share.numerator for share in found.quadrants) == found.n == n
    if n:
        assert sum(share.percent for share in found.quadrants) == pytest.approx(100, abs=1e-9)
        assert (
            found.apoptotic.numerator
            == found["early apoptotic"].numerator + found["late apoptotic"].numerator
        )
        for share in found.quadrants:
            assert 0 <= share.ci_low <= share.percent <= share.ci_high <= 100
    else:
        assert [remark.code for remark in found.findings] == ["no_events"]


def test_every_corner_has_its_own_name():
    events = np.array([[0, 0], [9, 0], [9, 9], [0, 9], [5, 5]], dtype=float)
    names = QuadrantNames("Q4", "Q3", "Q2", "Q1 dead", "apoptosis")
    found = quadrants(events, (5.0, 5.0), names)
    assert [(share.name, share.numerator) for share in found.quadrants] == [
        ("Q4", 2),  # an event on the threshold lies below it
        ("Q3", 1),
        ("Q2", 1),
        ("Q1 dead", 1),
    ]
    assert found["apoptosis"].percent == 40
    with pytest.raises(KeyError):
        found["live"]


def test_names_that_do_not_tell_the_quadrants_apart_are_refused():
    with pytest.raises(ValueError, match="five different words"):
        QuadrantNames(necrotic="live")


def test_wilson_interval_equals_scipy():
    for k, n in ((0, 10), (3, 10), (10, 10), (17, 2000)):
        reference = stats.binomtest(k, n).proportion_ci(method="wilson")
        share = share_of("x", k, n)
        assert share.ci_low == pytest.approx(100 * reference.low, abs=1e-9)
        assert share.ci_high == pytest.approx(100 * reference.high, abs=1e-9)


def test_lost_and_few_events_are_remarked_on_and_no_threshold_is_refused():
    events = np.array([[1.0, np.nan], [1.0, 1.0]])
    found = quadrants(events, (0.0, 0.0))
    assert (found.n, found.n_not_finite) == (1, 1)
    assert {remark.code for remark in found.findings} == {"few_events", "events_without_value"}
    with pytest.raises(ValueError, match="two thresholds"):
        quadrants(events, (np.nan, 0.0))


def test_quadrants_of_flowkit_s_diamond_count_as_in_flowjo(shared):
    path = shared / "data" / "flow" / "flowkit" / "simple_diamond_example" / "test_data_diamond_01.fcs"
    divider = (49536.60093896714, 49866.83420593368)  # of its FlowJo workspace
    live, early, late, necrotic = quadrants(read_fcs(path).events, divider).quadrants
    counts = [share.numerator for share in (necrotic, late, early, live)]  # FlowJo's Q1 to Q4
    assert counts == [49_671, 50_596, 50_330, 49_403]
