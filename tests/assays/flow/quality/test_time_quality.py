"""Time quality: disturbed events go, clean tubes stay, drift is said, and any clock is understood."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.assays.flow.quality import FINDING_KINDS, judged_channels, time_quality
from exoraw.assays.flow.quality.time_picture import time_picture

NAMES = ("FSC-A", "FITC-A", "PE-A", "APC-A")


def steady(rng, n=30_000, rate=1000.0):
    """Two populations in every channel, arrivals by chance."""
    positive = rng.random((n, len(NAMES))) < 0.4
    log = np.where(positive, 3.8, 2.2) + rng.normal(0, 0.25, (n, len(NAMES)))
    return np.cumsum(rng.exponential(1 / rate, n)), 10**log


def codes(quality):
    return {finding.code for finding in quality.findings}


@pytest.fixture(scope="module")
def bench(project: Path):
    spec = importlib.util.spec_from_file_location(
        "accuracy_time_quality", project / "tests/bench/accuracy_time_quality.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


# ------------------------------------------------------------------------------------ what is cut


def test_a_clean_tube_keeps_every_event_and_says_nothing(rng):
    quality = time_quality(*steady(rng), names=NAMES)
    assert quality.keep.all()
    assert quality.removals == ()
    assert quality.findings == ()


def test_a_clog_is_taken_out_and_named(rng):
    time, signals = steady(rng)
    waits = np.diff(time, prepend=0)
    waits[12_000:13_000] *= 8
    quality = time_quality(np.cumsum(waits), signals, names=NAMES)
    assert np.mean(~quality.keep[12_000:13_000]) > 0.9
    assert np.mean(~quality.keep) < 0.045
    assert quality.share("clog") > 0.03
    assert "flow_disturbed" in codes(quality)


def test_a_burst_is_taken_out(rng):
    time, signals = steady(rng)
    waits = np.diff(time, prepend=0)
    waits[12_000:13_000] /= 6
    quality = time_quality(np.cumsum(waits), signals, names=NAMES)
    assert np.mean(~quality.keep[12_000:13_000]) > 0.9
    assert quality.share("burst") > 0.03


def test_a_pause_costs_the_events_beside_it_only(rng):
    time, signals = steady(rng)
    time[15_000:] += 3.0
    quality = time_quality(time, signals, names=NAMES)
    assert not quality.keep[14_980:15_020].any()
    assert np.count_nonzero(~quality.keep) == 50
    assert [removal.reason for removal in quality.removals] == ["pause"]


def test_the_shorter_side_of_a_step_goes(rng):
    time, signals = steady(rng)
    signals[22_000:, 2] *= 1.6
    quality = time_quality(time, signals, names=NAMES)
    assert np.mean(~quality.keep[22_000:]) > 0.97
    assert np.mean(~quality.keep[:22_000]) < 0.01
    assert "signal_step" in codes(quality)


def test_a_step_of_a_tenth_of_the_spread_is_left_alone(rng):
    time, signals = steady(rng)
    signals[22_000:, 2] *= 10**0.025
    assert time_quality(time, signals, names=NAMES).keep.all()


def test_air_at_the_very_beginning_is_found(rng):
    time, signals = steady(rng)
    signals[:600] = 10 ** rng.normal(1.0, 0.5, (600, len(NAMES)))
    quality = time_quality(time, signals, names=NAMES)
    assert np.mean(~quality.keep[:600]) > 0.9
    assert np.mean(~quality.keep[600:]) < 0.01


def test_what_follows_a_short_disturbance_stays(rng):
    time, signals = steady(rng)
    signals[9_000:11_000, 1] *= 3
    quality = time_quality(time, signals, names=NAMES)
    assert np.mean(~quality.keep[9_000:11_000]) > 0.97
    assert quality.keep[11_500:].all()
    assert quality.keep[:8_500].all()


def test_slow_drift_is_said_and_not_cut(rng):
    time, signals = steady(rng)
    signals[:, 3] *= 10 ** np.linspace(0, 0.4, len(signals))
    quality = time_quality(time, signals, names=NAMES)
    assert quality.keep.all()
    assert [drift.channel for drift in quality.drifts] == ["APC-A"]
    assert "APC-A" in next(one.message for one in quality.findings if one.code == "signal_drift")


def test_where_no_half_agrees_nothing_is_cut_and_that_is_said(rng):
    time, signals = steady(rng)
    for part, factor in enumerate((1.0, 3.0, 9.0, 27.0)):
        signals[part * 7_500 : (part + 1) * 7_500, 1] *= factor
    quality = time_quality(time, signals, names=NAMES)
    assert quality.share("step") == 0
    assert "signal_undecided" in codes(quality)


def test_margin_events_do_not_count_but_go_with_their_slice(rng):
    time, signals = steady(rng)
    margin = rng.random(len(time)) < 0.2
    signals[margin] = 262_143.0
    signals[margin & (np.arange(len(time)) < 3_000)] = 0.0  # a step of margin events alone
    quality = time_quality(time, signals, names=NAMES, usable=~margin)
    assert quality.keep.all()
    signals[9_000:11_000] *= 3
    assert np.mean(~time_quality(time, signals, names=NAMES, usable=~margin).keep[9_000:11_000]) > 0.9


# ------------------------------------------------------------------------------------ any clock


@pytest.mark.parametrize("time", [None, np.full(30_000, 7.0), np.full(30_000, np.nan)])
def test_without_a_usable_clock_the_order_stands_in(rng, time):
    _, signals = steady(rng)
    signals[9_000:11_000, 1] *= 3
    quality = time_quality(time, signals, names=NAMES)
    assert "time_absent" in codes(quality)
    assert quality.bins.flow is None
    assert np.mean(~quality.keep[9_000:11_000]) > 0.97


def test_a_clock_that_ran_over_is_counted_on(rng):
    time, signals = steady(rng)
    quality = time_quality(np.mod(time, 9.0), signals, names=NAMES)
    assert "time_starts_again" in codes(quality)
    assert quality.keep.all()
    assert quality.bins.clock.elapsed[-1] == pytest.approx(time[-1] - time[0], rel=0.01)


def test_events_stored_in_another_order_are_judged_by_their_time(rng):
    time, signals = steady(rng)
    signals[9_000:11_000, 1] *= 3
    order = rng.permutation(len(time))
    quality = time_quality(time[order], signals[order], names=NAMES)
    assert "time_not_monotonic" in codes(quality)
    bad = (order >= 9_000) & (order < 11_000)
    assert np.mean(~quality.keep[bad]) > 0.97
    assert np.mean(~quality.keep[~bad]) < 0.02


def test_neighbours_that_swapped_are_a_remark_and_no_loss(rng):
    time, signals = steady(rng)
    time[100:30_000:500], time[101:30_000:500] = time[101:30_000:500].copy(), time[100:30_000:500].copy()
    quality = time_quality(time, signals, names=NAMES)
    (remark,) = [one for one in quality.findings if one.code == "time_not_monotonic"]
    assert remark.severity == "info"
    assert quality.keep.all()


def test_some_missing_times_are_filled_and_said(rng):
    time, signals = steady(rng)
    time[rng.random(len(time)) < 0.01] = np.nan
    quality = time_quality(time, signals, names=NAMES)
    assert codes(quality) == {"time_incomplete"}
    assert quality.keep.all()


def test_a_coarse_clock_makes_no_false_clogs(rng):
    time, signals = steady(rng)
    assert time_quality(np.floor(time * 10), signals, names=NAMES).keep.all()


def test_a_clock_that_stops_at_its_end_makes_no_burst(rng):
    time, signals = steady(rng)
    quality = time_quality(np.minimum(np.floor(time * 100), 2_047.0), signals, names=NAMES)
    assert quality.keep.all()
    (said,) = quality.findings
    assert said.code == "time_absent"
    assert "stops" in said.message


@pytest.mark.parametrize("n", [0, 1, 200, 1_400])
def test_too_few_events_are_all_kept_and_said(rng, n):
    time, signals = steady(rng, n=n)
    quality = time_quality(time, signals, names=NAMES)
    assert quality.keep.shape == (n,)
    assert quality.keep.all()
    assert "time_not_judged" in codes(quality)
    assert quality.bins is None


def test_a_tube_outside_its_scales_is_judged_with_its_margin_events(rng):
    time, signals = steady(rng)
    quality = time_quality(time, signals, names=NAMES, usable=np.zeros(len(time), dtype=bool))
    assert codes(quality) == {"margins_judged_over_time"}


def test_counters_are_recognised_and_not_judged(rng):
    time, signals = steady(rng)
    signals[:, 0] = np.arange(len(time))
    quality = time_quality(time, signals, names=("Event", *NAMES[1:]))
    assert quality.keep.all()
    assert codes(quality) == {"counter_not_judged"}


def test_shapes_that_do_not_fit_are_refused(rng):
    time, signals = steady(rng, n=2_000)
    with pytest.raises(ValueError, match="3 channel names"):
        time_quality(time, signals, names=NAMES[:3])
    with pytest.raises(ValueError, match="time has shape"):
        time_quality(time[:-1], signals, names=NAMES)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**31), st.sampled_from(["nan", "wild", "integers", "backwards", "infinite", "constant"])
)
def test_odd_numbers_give_a_mask_and_only_declared_findings(seed, kind):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(0, 6_000))
    time, signals = np.cumsum(rng.random(n)), rng.normal(0, 100, (n, 3))
    if kind == "nan":
        signals[rng.random((n, 3)) < 0.1] = np.nan
        time[rng.random(n) < 0.5] = np.nan
    elif kind == "wild":
        time, signals = rng.normal(0, 1e30, n), signals * 1e30
    elif kind == "integers":
        time, signals = np.floor(time / 50), np.floor(signals / 100)
    elif kind == "backwards":
        time = time[::-1]
    elif kind == "infinite":
        time[rng.random(n) < 0.2] = np.inf
        signals[rng.random((n, 3)) < 0.05] = -np.inf
    else:
        time, signals = np.zeros(n), np.full((n, 3), 5.0)
    quality = time_quality(time, signals, names=("a", "b", "c"))
    assert quality.keep.shape == (n,)
    assert 0 <= quality.removed_share <= 1
    assert codes(quality) <= {kind.code for kind in FINDING_KINDS}
    union = np.zeros(n, dtype=bool)
    for removal in quality.removals:
        union |= removal.events
    np.testing.assert_array_equal(~quality.keep, union)


def test_judging_twice_gives_the_same_mask_and_units_do_not_matter(rng):
    time, signals = steady(rng)
    signals[9_000:11_000, 1] *= 3
    first = time_quality(time, signals, names=NAMES)
    np.testing.assert_array_equal(first.keep, time_quality(time * 1e4, signals, names=NAMES).keep)
    logged = time_quality(time, np.log10(signals), names=NAMES)
    assert np.mean(first.keep == logged.keep) > 0.999


def test_areas_are_judged_and_widths_clocks_and_doubled_heights_are_not():
    channels = ("Time", "FSC-A", "FSC-H", "FSC-W", "SSC-H", "FL1 LOG", "Event", "HDR-TM", "PE-Cy7-A", "TIME2")
    assert [channels[place] for place in judged_channels(channels)] == [
        "FSC-A",
        "SSC-H",
        "FL1 LOG",
        "PE-Cy7-A",
    ]


# ------------------------------------------------------------------------------------ the figure


def test_simulated_clogs_and_steps_are_found_and_clean_tubes_stay(bench):
    """A short form of the campaign; 640 tubes stand in docs/methods/flow_quality.md."""
    found = {fault: [] for fault in bench.FAULTS}
    for seed in range(5_000, 5_064):
        tube = bench.simulate(seed, bench.FAULTS[seed % len(bench.FAULTS)])
        quality = time_quality(tube.time, tube.signals, names=[str(place) for place in range(bench.CHANNELS)])
        lost = float(np.mean(~quality.keep & ~tube.bad))
        caught = bool(tube.bad.any() and np.mean(~quality.keep[tube.bad]) > 0.5)
        found[tube.fault].append((caught, lost))
    for fault in ("clean", "slow drift"):
        assert max(lost for _, lost in found[fault]) <= 0.01, fault
    cut = [caught for fault in bench.CUT for caught, _ in found[fault]]
    assert np.mean(cut) >= 0.95


@pytest.mark.slow
def test_five_hundred_tubes_reach_the_figure_of_the_issue(bench):
    caught, clean = [], []
    for seed in range(20_000, 20_560):
        tube = bench.simulate(seed, bench.FAULTS[seed % len(bench.FAULTS)])
        quality = time_quality(tube.time, tube.signals, names=[str(place) for place in range(bench.CHANNELS)])
        if tube.fault in bench.CUT:
            caught.append(np.mean(~quality.keep[tube.bad]) > 0.5)
        elif tube.fault in ("clean", "slow drift"):
            clean.append(np.mean(~quality.keep))
    assert np.mean(caught) >= 0.95
    assert np.mean(clean) <= 0.01
    assert np.quantile(clean, 0.95) <= 0.01


# ------------------------------------------------------------------------------------ real files


def test_every_real_file_gets_a_mask_and_steady_ones_lose_little(shared, bench):
    removed = {}
    for path in bench.real_files(shared):
        judged = bench.judge_file(path)
        if judged is not None:
            quality, signals, _ = judged
            assert quality.keep.shape == (len(signals),)
            removed[path.name] = quality.removed_share
    assert len(removed) >= 30
    assert removed["Compensation-PE.fcs"] == 0
    assert np.median(list(removed.values())) <= 0.01
    assert max(removed.values()) <= 0.15


def test_a_real_accuri_tube_that_settles_loses_its_beginning(shared, bench):
    path = shared / "data/flow/zoo/Accuri - C6.fcs"
    quality, _, _ = bench.judge_file(path)
    assert not quality.keep[:1_500].any()
    assert quality.keep[10_000:].mean() > 0.98


# ------------------------------------------------------------------------------------ the picture


def test_the_picture_is_a_png_whose_bytes_repeat(rng):
    time, signals = steady(rng, n=6_000)
    signals[2_000:2_600] *= 4
    quality = time_quality(time, signals, names=NAMES)
    drawn = time_picture(quality, signals, NAMES, title="DOX_1 $5 <b>")
    assert drawn.startswith(b"\x89PNG")
    assert drawn == time_picture(quality, signals, NAMES, title="DOX_1 $5 <b>")


def test_a_tube_that_was_not_judged_has_no_picture(rng):
    time, signals = steady(rng, n=200)
    with pytest.raises(ValueError, match="too few events"):
        time_picture(time_quality(time, signals, names=NAMES), signals, NAMES, title="x")
