"""CD44+/CD24- shares: the issue's figure, the definition on record, and no silent number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exoraw.assays.flow.markers.cd24_border import Cd24Low, cd24_border
from exoraw.assays.flow.markers.cd44_cd24 import QUADRANTS, STEM_LIKE, Cd44Cd24, cd44_cd24
from exoraw.assays.flow.markers.positivity import fixed_gate, positive_gate, positive_gates

SIZES = (5_000, 20_000, 50_000)
MARKERS = ("CD44", "CD24")
SMEAR = {"cd24_low": 1.0, "cd24_dim": (2.6, 0.4), "shares": (0.3, 0.7, 0.0, 0.0)}  # CD24 without a valley


@pytest.fixture(scope="module")
def world(markers_bench):
    return markers_bench.STEMS[0]


@pytest.fixture(scope="module")
def tubes(world):
    rng = np.random.default_rng(11)
    return world.isotypes(rng, 8_000), world.sample(rng, 8_000)[0]


@pytest.fixture(scope="module")
def gates(tubes):
    return positive_gates(tubes[0], markers=MARKERS, samples=tubes[1], seed=1)


def codes(found) -> dict[str, str]:
    return {remark.code: remark.severity for remark in found.findings}


def counted(sample, gates, definition=None, stained=None, seed=1) -> Cd44Cd24:
    return cd44_cd24(sample, gates[0], cd24_border(gates[1], definition, stained=stained), seed=seed)


def test_shares_meet_the_figure_in_short(markers_bench, world):
    rows = markers_bench.stem_table(world, 5_000, range(25), events=1_000_000)
    for row in rows.values():
        assert abs(row.bias) <= 0.2 + 3 * row.spread / np.sqrt(25)
    assert np.mean([row.coverage for row in rows.values()]) >= 83


@pytest.mark.slow
@pytest.mark.parametrize("n", SIZES)
def test_shares_meet_the_figure_on_500_seeds(markers_bench, world, n):
    row = markers_bench.stem_table(world, n, range(500))[STEM_LIKE]
    assert abs(row.bias) <= 0.2
    assert 92 <= row.coverage <= 98


@pytest.mark.slow
@pytest.mark.parametrize("place", [1, 2, 7, 8, 9])
def test_other_controls_and_definitions_meet_the_figure_too(markers_bench, place):
    row = markers_bench.stem_table(markers_bench.STEMS[place], 5_000, range(500))[STEM_LIKE]
    assert abs(row.bias) <= 0.2
    assert 92 <= row.coverage <= 98


def test_four_quadrants_sum_to_all_cells(tubes, gates):
    found = counted(tubes[1], gates)
    assert tuple(share.name for share in found.quadrants) == QUADRANTS
    assert sum(share.numerator for share in found.quadrants) == found.n == 8_000
    assert sum(share.percent for share in found.quadrants) == pytest.approx(100)
    assert found.stem_like.name == STEM_LIKE
    for share in found.quadrants:
        assert share.ci_low < share.percent < share.ci_high


def test_the_interval_is_wider_than_counting_alone_because_the_gate_is_in_doubt(world, tubes):
    gates = positive_gates(tubes[0][:1_500], markers=MARKERS, seed=1)
    sample, _ = replace(world, **SMEAR).sample(np.random.default_rng(3), 8_000)
    held = counted(sample, gates).stem_like
    by_hand = [fixed_gate(gate.threshold, marker=gate.marker) for gate in gates]
    counting = counted(sample, by_hand).stem_like
    assert counting.percent == held.percent
    assert held.ci_high - held.ci_low > 2 * (counting.ci_high - counting.ci_low)
    share = counting.percent / 100
    binomial = 2 * 1.96 * 100 * np.sqrt(share * (1 - share) / 8_000)
    assert counting.ci_high - counting.ci_low == pytest.approx(binomial, rel=0.2)


def test_the_share_stands_at_three_percentiles(tubes, gates):
    found = counted(tubes[1], gates)
    assert [one.percentile for one in found.beside] == [99.0, 99.5, 99.9]
    middle = found.beside[1]
    assert middle.share == found.stem_like
    for one in found.beside:
        above = (tubes[1][:, 0] > one.cd44_threshold) & (tubes[1][:, 1] <= one.cd24_border)
        assert one.share.percent == pytest.approx(100 * above.mean())


def test_every_definition_of_cd24_low_stands_on_record(tubes, gates):
    sample = tubes[1]
    negative = counted(sample, gates)
    low = counted(sample, gates, Cd24Low("multiple", 3.0))
    higher = counted(sample, gates, Cd24Low("percentile", 99.9))
    fixed = counted(sample, gates, Cd24Low("border", 900.0))
    assert negative.stem_like.percent < higher.stem_like.percent < low.stem_like.percent
    assert low.cd24_border == 3 * gates[1].threshold
    assert higher.cd24_border == gates[1].beside[2].threshold
    assert fixed.cd24_border == 900.0
    words = [found.definition.words for found in (negative, low, higher, fixed)]
    assert len(set(words)) == 4
    assert "3 times" in words[1]
    assert "99.9th" in words[2]
    assert "900" in words[3]


@pytest.mark.parametrize(
    ("rule", "value"),
    [("multiple", None), ("negative", 2.0), ("multiple", 0.5), ("percentile", 101.0), ("border", np.nan)],
)
def test_a_definition_that_makes_no_sense_is_refused(rule, value):
    with pytest.raises(ValueError, match="CD24 low"):
        Cd24Low(rule, value)


def test_a_valley_that_is_there_is_the_border(markers_bench, world, gates):
    clear = replace(world, cd24_low=0.0, cd24=(3.9, 0.2))
    sample, kinds = clear.sample(np.random.default_rng(5), 8_000)
    found = counted(sample, gates, Cd24Low("valley"), stained=sample[:, 1])
    assert gates[1].threshold < found.cd24_border < 5_000
    truth = 100 * np.mean(kinds == 0)
    assert found.stem_like.percent == pytest.approx(truth, abs=1.0)
    assert found.stem_like.ci_low < found.stem_like.percent < found.stem_like.ci_high


def test_a_valley_that_is_not_there_gives_no_number_and_an_error(world, gates):
    sample, _ = replace(world, shares=(0.97, 0.01, 0.01, 0.01)).sample(np.random.default_rng(6), 4_000)
    border = cd24_border(gates[1], Cd24Low("valley"), stained=sample[:, 1])
    assert border.threshold is None
    assert codes(border)["cd24_without_valley"] == "error"
    found = cd44_cd24(sample, gates[0], border, seed=1)
    assert found.quadrants == ()
    assert found.stem_like is None


@pytest.mark.parametrize("stained", [None, np.empty(0), np.full(5, np.nan), np.zeros(500)])
def test_a_valley_needs_stained_cells(gates, stained):
    border = cd24_border(gates[1], Cd24Low("valley"), stained=stained)
    assert border.threshold is None
    assert codes(border)["cd24_without_valley"] == "error"


def test_a_multiple_of_a_gate_below_zero_is_no_border():
    control = np.random.default_rng(1).normal(-500, 30, 6_000)
    border = cd24_border(positive_gate(control, seed=1), Cd24Low("multiple", 2.0))
    assert border.threshold is None
    assert codes(border)["cd24_border_undefined"] == "error"


def test_a_percentile_that_the_gate_was_not_made_at_is_no_border(gates):
    border = cd24_border(gates[1], Cd24Low("percentile", 98.0))
    assert border.threshold is None
    assert "99, 99.5, 99.9" in border.findings[-1].message


def test_a_border_below_the_gate_is_remarked_on(gates):
    border = cd24_border(gates[1], Cd24Low("border", 10.0))
    assert codes(border)["cd24_low_below_gate"] == "warning"


def test_without_any_cd24_control_only_a_fixed_border_counts(tubes, gates):
    none = positive_gate(None, seed=1, marker="CD24")
    assert cd44_cd24(tubes[1], gates[0], cd24_border(none), seed=1).quadrants == ()
    by_hand = fixed_gate(400.0, marker="CD24")
    assert len(cd44_cd24(tubes[1], gates[0], cd24_border(by_hand), seed=1).quadrants) == 4


def test_cd44_positive_throughout_is_legal_and_said(world, gates):
    sample, _ = replace(world, shares=(0.97, 0.03, 0.0, 0.0), cd44=(4.2, 0.2)).sample(
        np.random.default_rng(3), 6_000
    )
    found = counted(sample, gates)
    assert codes(found)["all_positive"] == "info"
    assert found.stem_like.percent > 95


def test_one_population_that_the_gate_cuts_is_remarked_on(world, gates):
    smear = replace(world, cd24_low=1.0, cd24_dim=(2.5, 0.35), shares=(0.0, 0.9, 0.1, 0.0))
    sample, _ = smear.sample(np.random.default_rng(3), 8_000)
    found = counted(sample, gates)
    said = [remark for remark in found.findings if remark.code == "one_population"]
    assert [remark.entity for remark in said] == ["marker:CD24"]
    assert said[0].severity == "warning"


def test_two_populations_get_no_remark(world, gates):
    clear = replace(world, cd24_low=0.0)
    assert codes(counted(clear.sample(np.random.default_rng(3), 8_000)[0], gates)) == {}


def test_a_share_that_swings_with_the_percentile_says_so(world, gates):
    found = counted(replace(world, **SMEAR).sample(np.random.default_rng(3), 8_000)[0], gates)
    assert codes(found)["gate_sensitive"] == "warning"


def test_an_isotype_of_200_events_makes_a_wide_interval_and_a_warning(world, tubes):
    small = positive_gates(tubes[0][:200], markers=MARKERS, seed=1)
    large = positive_gates(tubes[0], markers=MARKERS, seed=1)
    assert all("weak_control" in codes(gate) for gate in small)
    sample, _ = replace(world, **SMEAR).sample(np.random.default_rng(3), 8_000)
    wide, narrow = (counted(sample, gates).stem_like for gates in (small, large))
    assert wide.ci_high - wide.ci_low > 1.5 * (narrow.ci_high - narrow.ci_low)


def test_swapped_isotype_and_sample_are_an_error(tubes):
    wrong = positive_gates(tubes[1], markers=MARKERS, samples=tubes[0], seed=1)
    said = codes(wrong[0])
    assert said["control_brighter_than_sample"] == "warning"
    assert "control_with_own_positives" in said


def test_brightness_of_the_batch_does_not_move_the_share(world, tubes, gates):
    bright = positive_gates(3 * tubes[0], markers=MARKERS, seed=1)
    here, there = counted(tubes[1], gates), counted(3 * tubes[1], bright)
    assert there.stem_like.numerator == here.stem_like.numerator


def test_no_cells_are_an_error_and_events_without_number_are_said(tubes, gates):
    none = counted(np.empty((0, 2)), gates)
    assert codes(none)["no_events"] == "error"
    assert np.isnan(none.stem_like.percent)
    holed = counted(np.vstack([tubes[1], [[np.nan, 1.0]]]), gates)
    assert holed.n_not_finite == 1
    assert holed.stem_like.numerator == counted(tubes[1], gates).stem_like.numerator
    assert "few_events" in codes(counted(tubes[1][:500], gates))


def test_wrong_shapes_and_unequal_resamplings_are_refused(tubes, gates):
    with pytest.raises(ValueError, match=r"must be \(n, 2\)"):
        counted(np.zeros((4, 3)), gates)
    other = positive_gate(tubes[0][:, 1], seed=1, bootstraps=100)
    with pytest.raises(ValueError, match="200 resamplings"):
        cd44_cd24(tubes[1], gates[0], cd24_border(other), seed=1)
