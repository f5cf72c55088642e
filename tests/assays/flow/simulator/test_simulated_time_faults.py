"""Faults over time: how many events are bad, and that they show as they do on instruments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.assays.flow.simulator.faults import (
    BUBBLE,
    BUBBLE_SHARE,
    BUBBLES,
    CLOG_SHARE,
    DRIFT_DECADES,
    FAULT_KINDS,
    STEP_SHARE,
    FaultKind,
    with_time_faults,
)
from exoraw.assays.flow.simulator.staining import Setup, Tube, draw_stained
from exoraw.assays.flow.simulator.stem_cells import DEAD_SHARE, GROUPS, PANEL, stained

SHARES = {
    "none": 0.0,
    "clog": CLOG_SHARE,
    "rate_step": STEP_SHARE,
    "signal_step": STEP_SHARE,
    "air_bubbles": BUBBLES * BUBBLE_SHARE,
    "drift": 0.0,
}
EVENTS = 6_000


def drawn(seed: int, events: int = EVENTS) -> Tube:
    recipe = stained(GROUPS["control"], DEAD_SHARE["control"])
    return draw_stained(np.random.default_rng(seed), recipe, PANEL.detectors, Setup(), events)


@pytest.fixture(scope="module")
def tube() -> Tube:
    return drawn(1)


def rate(seconds: np.ndarray) -> float:
    return (len(seconds) - 1) / float(np.ptp(seconds))


def median_apc(tube: Tube, chosen: np.ndarray) -> float:
    return float(np.median(tube.events[chosen & tube.live, tube.columns.index("APC")]))


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_the_stated_share_of_the_events_is_bad(tube: Tube, kind: FaultKind) -> None:
    faulty = with_time_faults(tube, kind, 4)
    assert faulty.kind == kind
    assert faulty.bad.mean() == pytest.approx(SHARES[kind], abs=1e-3)


@settings(max_examples=30, deadline=None)
@given(kind=st.sampled_from(FAULT_KINDS), seed=st.integers(0, 2**32), events=st.integers(200, 3_000))
def test_time_never_runs_backwards_and_no_event_is_lost(kind: FaultKind, seed: int, events: int) -> None:
    whole = drawn(2, events)
    faulty = with_time_faults(whole, kind, seed)
    assert (np.diff(faulty.tube.seconds) >= 0).all()
    assert len(faulty.tube.events) == len(faulty.bad) == len(faulty.factor) == events
    assert faulty.bad.mean() == pytest.approx(SHARES[kind], abs=4 / events)
    assert np.isfinite(faulty.tube.events).all()


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_events_that_are_not_bad_are_as_they_were(tube: Tube, kind: FaultKind) -> None:
    faulty = with_time_faults(tube, kind, 4)
    untouched = faulty.factor == 1.0
    np.testing.assert_array_equal(faulty.tube.events[untouched], tube.events[untouched])
    if kind != "drift":
        assert untouched[~faulty.bad].all()


@pytest.mark.parametrize("kind", [kind for kind in FAULT_KINDS if kind != "air_bubbles"])
def test_cells_keep_their_labels(tube: Tube, kind: FaultKind) -> None:
    np.testing.assert_array_equal(with_time_faults(tube, kind, 4).tube.labels, tube.labels)


def test_the_input_is_not_changed(tube: Tube) -> None:
    before = tube.events.copy(), tube.seconds.copy()
    for kind in FAULT_KINDS:
        with_time_faults(tube, kind, 9)
    np.testing.assert_array_equal(tube.events, before[0])
    np.testing.assert_array_equal(tube.seconds, before[1])


@pytest.mark.parametrize("kind", ["clog", "air_bubbles", "rate_step"])
def test_one_seed_gives_one_fault_and_another_seed_another(tube: Tube, kind: FaultKind) -> None:
    first, again, other = (with_time_faults(tube, kind, seed).tube.events for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_clog_slows_the_flow_and_dims_the_cells(tube: Tube) -> None:
    faulty = with_time_faults(tube, "clog", 4)
    assert rate(faulty.tube.seconds[faulty.bad]) < 0.2 * rate(tube.seconds)
    assert median_apc(faulty.tube, faulty.bad) < 0.7 * median_apc(faulty.tube, ~faulty.bad)


def test_a_rate_step_triples_the_flow_and_leaves_the_median(tube: Tube) -> None:
    faulty = with_time_faults(tube, "rate_step", 4)
    assert rate(faulty.tube.seconds[faulty.bad]) == pytest.approx(3 * rate(tube.seconds), rel=0.1)
    assert median_apc(faulty.tube, faulty.bad) == pytest.approx(median_apc(tube, ~faulty.bad), rel=0.1)


def test_a_signal_step_leaves_the_flow_and_stands_at_either_end(tube: Tube) -> None:
    ends = set()
    for seed in range(12):
        faulty = with_time_faults(tube, "signal_step", seed)
        np.testing.assert_array_equal(faulty.tube.seconds, tube.seconds)
        assert median_apc(faulty.tube, faulty.bad) > 1.6 * median_apc(faulty.tube, ~faulty.bad)
        ends.add(bool(faulty.bad[0]))
    assert ends == {True, False}


def test_bubbles_are_no_cells_and_come_after_silence(tube: Tube) -> None:
    faulty = with_time_faults(tube, "air_bubbles", 4)
    assert faulty.tube.are(BUBBLE).sum() == faulty.bad.sum()
    assert not (faulty.tube.live & faulty.bad).any()
    starts = np.flatnonzero(np.diff(faulty.bad.astype(int)) == 1)
    assert len(starts) == BUBBLES
    assert (np.diff(faulty.tube.seconds)[starts] > 0.5).all()
    assert abs(median_of_bubbles(faulty.tube, faulty.bad)) < 20.0


def median_of_bubbles(tube: Tube, bad: np.ndarray) -> float:
    return float(np.median(tube.events[bad, tube.columns.index("APC")]))


def test_drift_dims_the_end_of_a_tube_evenly(tube: Tube) -> None:
    faulty = with_time_faults(tube, "drift", 4)
    n = len(tube.seconds)
    first, last = np.arange(n) < n // 10, np.arange(n) >= n - n // 10
    fall = median_apc(faulty.tube, last) / median_apc(faulty.tube, first)
    assert fall == pytest.approx(10 ** (-0.9 * DRIFT_DECADES), rel=0.1)
    assert (np.diff(faulty.factor) <= 0).all()


def test_an_unknown_fault_is_refused_with_the_known_ones(tube: Tube) -> None:
    with pytest.raises(ValueError, match="clog, rate_step, signal_step"):
        with_time_faults(tube, "clogg", 1)  # type: ignore[arg-type]
