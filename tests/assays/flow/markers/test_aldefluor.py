"""ALDH-high shares: the gate of the sample's own DEAB tube, gross and net, 0 and 100 % included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exoraw.assays.flow.markers.aldefluor import Aldefluor, aldefluor, deab_gate
from exoraw.assays.flow.markers.positivity import fixed_gate

SIZES = (5_000, 20_000, 50_000)


@pytest.fixture(scope="module")
def world(markers_bench):
    return markers_bench.ALDHS[0]


@pytest.fixture(scope="module")
def tubes(world):
    rng = np.random.default_rng(21)
    return world.test(rng, 8_000)[0], world.deab(rng, 8_000)


def codes(found: Aldefluor) -> dict[str, str]:
    return {remark.code: remark.severity for remark in found.findings}


def test_shares_meet_the_figure_in_short(markers_bench, world):
    for row in markers_bench.aldh_table(world, 5_000, range(25), events=1_000_000).values():
        assert abs(row.bias) <= 0.2 + 3 * row.spread / np.sqrt(25)
        assert row.coverage >= 80


@pytest.mark.slow
@pytest.mark.parametrize("n", SIZES)
def test_shares_meet_the_figure_on_500_seeds(markers_bench, world, n):
    for row in markers_bench.aldh_table(world, n, range(500)).values():
        assert abs(row.bias) <= 0.2
        assert 92 <= row.coverage <= 98


def test_net_is_test_minus_deab(tubes):
    found = aldefluor(*tubes, seed=1)
    assert found.gate.percentile == 99.5
    assert found.background.percent <= 0.5
    assert found.gross.percent == pytest.approx(100 * np.mean(tubes[0] > found.gate.threshold))
    assert found.net.points == pytest.approx(found.gross.percent - found.background.percent)
    assert found.net.ci_low < found.net.points < found.net.ci_high
    assert codes(found) == {}


def test_the_background_can_be_set(tubes):
    strict, loose = (aldefluor(*tubes, background=share, seed=1) for share in (0.1, 1.0))
    assert strict.gate.percentile == pytest.approx(99.9)
    assert strict.gate.threshold > loose.gate.threshold
    assert loose.background.percent == pytest.approx(1.0, abs=0.02)
    with pytest.raises(ValueError, match="above 0 and up to 50"):
        aldefluor(*tubes, background=0.0, seed=1)


def test_the_share_stands_at_three_backgrounds(tubes):
    found = aldefluor(*tubes, seed=1)
    assert [one.background for one in found.beside] == [1.0, 0.5, 0.1]
    assert found.beside[1].net.points == found.net.points


def test_no_aldh_high_cell_at_all_is_counted_as_none(world):
    rng = np.random.default_rng(1)
    silent = replace(world, high=0.0, shift=-0.12)
    found = aldefluor(silent.test(rng, 6_000)[0], silent.deab(rng, 6_000), seed=1)
    assert found.gross.percent < 0.2
    assert found.net.points < 0
    assert codes(found) == {"all_negative": "info", "net_below_zero": "info"}


def test_nothing_but_aldh_high_cells_is_counted_as_all(world):
    rng = np.random.default_rng(1)
    full = replace(world, high=1.0, factor=(2.0, 0.1))
    found = aldefluor(full.test(rng, 6_000)[0], full.deab(rng, 6_000), seed=1)
    assert found.gross.percent == 100.0
    assert found.gross.ci_high == 100.0
    assert 99.9 < found.gross.ci_low < 100.0
    assert codes(found) == {"all_positive": "info"}


def test_swapped_test_and_deab_tubes_are_found(world):
    rng = np.random.default_rng(1)
    strong = replace(world, high=0.6)
    found = aldefluor(strong.deab(rng, 6_000), strong.test(rng, 6_000)[0], seed=1)
    assert "control_brighter_than_sample" in codes(found)
    assert "DEAB tube" in next(
        one.message for one in found.findings if one.code == "control_brighter_than_sample"
    )


def test_a_missing_deab_tube_is_an_error_and_gives_no_share(tubes):
    found = aldefluor(tubes[0], None, seed=1)
    assert (found.gross, found.net, found.background) == (None, None, None)
    assert codes(found) == {"deab_missing": "error"}


def test_an_empty_deab_tube_is_an_error_and_gives_no_share(tubes):
    found = aldefluor(tubes[0], np.empty(0), seed=1)
    assert found.gross is None
    assert codes(found)["control_without_events"] == "error"


def test_a_weak_deab_tube_is_used_with_a_warning(tubes):
    found = aldefluor(tubes[0], tubes[1][:300], seed=1)
    assert codes(found)["weak_control"] == "warning"
    wide, narrow = (one.gross.ci_high - one.gross.ci_low for one in (found, aldefluor(*tubes, seed=1)))
    assert wide > narrow


def test_deab_that_did_not_block_every_cell_is_remarked_on(tubes):
    leaky = np.concatenate([tubes[1], tubes[1][:400] * 30])
    assert "control_with_own_positives" in codes(aldefluor(tubes[0], leaky, seed=1))


def test_a_gate_set_by_hand_still_subtracts_the_deab_tube_with_its_own_doubt(tubes):
    gate = fixed_gate(deab_gate(tubes[1], seed=1).threshold, marker="ALDH")
    found = aldefluor(*tubes, gate=gate, seed=1)
    assert found.net.points == pytest.approx(found.gross.percent - found.background.percent)
    counting = found.gross.ci_high - found.gross.ci_low
    assert found.net.ci_high - found.net.ci_low > counting
    alone = aldefluor(tubes[0], None, gate=gate, seed=1)
    assert alone.gross.percent == found.gross.percent
    assert alone.net is None
    assert codes(alone)["deab_missing"] == "warning"


def test_dead_cells_left_in_raise_the_share_and_the_deab_gate_shows_it(world):
    rng = np.random.default_rng(2)
    dirty = replace(world, cells=replace(world.cells, dead=0.03, dead_mean=4.0))
    found = aldefluor(dirty.test(rng, 8_000)[0], dirty.deab(rng, 8_000), seed=1)
    assert "control_with_own_positives" in codes(found)


def test_no_test_cells_are_an_error(tubes):
    found = aldefluor(np.empty(0), tubes[1], seed=1)
    assert codes(found)["no_events"] == "error"
    assert np.isnan(found.gross.percent)
