"""A marker's gate on its isotype and FMO: the right height, an honest interval, no bad control in silence."""

from __future__ import annotations

import numpy as np
import pytest

from exoraw.assays.flow import findings as flow_findings
from exoraw.assays.flow.markers.findings import FINDING_KINDS
from exoraw.assays.flow.markers.positivity import (
    GateSettings,
    PositiveGate,
    fixed_gate,
    positive_gate,
    positive_gates,
)


def isotype(n: int, seed: int = 0, lift: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 10 ** rng.normal(2.0 + lift, 0.25, n) + rng.normal(0, 50, n)


def codes(gate: PositiveGate) -> dict[str, str]:
    return {remark.code: remark.severity for remark in gate.findings}


def test_a_good_isotype_gives_its_percentile_without_a_remark():
    control = isotype(20_000)
    gate = positive_gate(control, seed=1, marker="CD44")
    assert gate.source == "isotype"
    assert gate.n == 20_000
    assert np.mean(control > gate.threshold) == pytest.approx(0.005, abs=1e-4)
    assert gate.ci_low < gate.threshold < gate.ci_high
    assert gate.findings == ()


def test_the_three_percentiles_stand_side_by_side():
    gate = positive_gate(isotype(20_000), seed=1)
    assert [one.percentile for one in gate.beside] == [99.0, 99.5, 99.9]
    low, middle, high = (one.threshold for one in gate.beside)
    assert low < middle == gate.threshold < high


def test_the_interval_holds_the_true_percentile_in_about_95_of_100_controls():
    truth = np.percentile(isotype(1_000_000, seed=999), 99.5)
    gates = [positive_gate(isotype(5_000, seed), seed=seed, beside=()) for seed in range(60)]
    held = np.mean([gate.ci_low <= truth <= gate.ci_high for gate in gates])
    assert 0.86 <= held <= 0.99


def test_the_same_seed_gives_the_same_gate():
    control = isotype(3_000)
    one, other = positive_gate(control, seed=5), positive_gate(control, seed=5)
    assert (one.resampled == other.resampled).all()
    assert not (one.resampled == positive_gate(control, seed=6).resampled).all()


def test_of_isotype_and_fmo_the_larger_gate_is_taken():
    low, high = isotype(6_000, 1), isotype(6_000, 2, lift=0.1)
    gate = positive_gate(low, fmo=high, seed=1)
    assert gate.source == "FMO (larger than isotype)"
    assert gate.threshold == positive_gate(high, seed=1).threshold
    assert positive_gate(high, fmo=low, seed=1).source == "isotype (larger than FMO)"
    assert codes(gate) == {}


def test_isotype_and_fmo_far_apart_are_remarked_on():
    gate = positive_gate(isotype(6_000, 1), fmo=isotype(6_000, 2, lift=0.5), seed=1, marker="CD24")
    assert codes(gate)["controls_disagree"] == "warning"
    assert gate.findings[-1].entity == "marker:CD24"


def test_an_fmo_alone_serves_and_says_so():
    gate = positive_gate(None, fmo=isotype(6_000), seed=1)
    assert gate.source == "FMO"
    assert codes(gate) == {"gate_from_fmo_alone": "info"}


def test_an_empty_isotype_beside_an_fmo_is_an_error_that_the_fmo_survives():
    gate = positive_gate(np.empty(0), fmo=isotype(6_000), seed=1)
    assert gate.source == "FMO"
    assert codes(gate) == {"control_without_events": "error", "gate_from_fmo_alone": "info"}


@pytest.mark.parametrize("control", [None, np.empty(0), np.full(50, np.nan)])
def test_no_control_means_no_gate_and_an_error(control):
    gate = positive_gate(control, seed=1, marker="CD44")
    assert gate.threshold is None
    assert gate.source == "none"
    assert codes(gate)["no_marker_control"] == "error"


def test_a_control_of_one_value_is_no_control():
    gate = positive_gate(np.zeros(1_000), seed=1)
    assert gate.threshold is None
    assert codes(gate)["control_without_spread"] == "error"


@pytest.mark.parametrize(
    ("n", "code", "severity"),
    [(200, "weak_control", "warning"), (2_000, "control_below_advised", "info")],
)
def test_a_small_isotype_is_used_with_a_remark(n, code, severity):
    gate = positive_gate(isotype(n), seed=1)
    assert gate.threshold is not None
    assert codes(gate)[code] == severity


def test_percentiles_beyond_a_small_control_are_named():
    gate = positive_gate(isotype(150), seed=1)
    remark = next(one for one in gate.findings if one.code == "percentile_beyond_control")
    assert "99.5 % and 99.9 %" in remark.message
    assert remark.limit == 999.0
    assert gate.threshold == isotype(150).max()


def test_a_stained_tube_taken_for_an_isotype_is_found_by_its_second_population():
    rng = np.random.default_rng(7)
    swapped = np.concatenate([isotype(7_000), 10 ** rng.normal(3.8, 0.3, 3_000)])
    gate = positive_gate(swapped, seed=1, marker="CD44")
    remark = next(one for one in gate.findings if one.code == "control_with_own_positives")
    assert remark.value == pytest.approx(30, abs=2)


@pytest.mark.parametrize("share", [0.008, 0.02])
def test_a_few_dead_cells_that_lift_the_gate_are_found(share):
    rng = np.random.default_rng(8)
    n = 10_000
    dirty = isotype(n)
    dirty[: int(share * n)] += 10 ** rng.normal(3.6, 0.3, int(share * n))
    gate = positive_gate(dirty, seed=1)
    assert gate.threshold > 2 * positive_gate(isotype(n), seed=1).threshold
    assert "control_with_own_positives" in codes(gate)


def test_good_isotypes_are_not_called_dirty():
    said = [codes(positive_gate(isotype(n, seed), seed=1)) for seed in range(4) for n in (500, 5_000, 20_000)]
    assert not any("control_with_own_positives" in one for one in said)


@pytest.mark.parametrize("piled", [0.02, 0.3, 0.6, 0.97])
def test_cells_piled_up_on_the_detector_s_floor_are_no_population_of_their_own(piled):
    control = isotype(10_000)
    clipped = np.maximum(control, np.quantile(control, piled))
    gate = positive_gate(clipped, seed=1)
    assert gate.threshold == positive_gate(control, seed=1).threshold
    assert codes(gate) == {}


@pytest.mark.parametrize(("lift", "severity"), [(0.4, "warning"), (1.0, "error")])
def test_an_isotype_that_outshines_the_sample_is_a_swapped_tube(lift, severity):
    gate = positive_gate(isotype(5_000, 1, lift=lift), seed=1, sample=isotype(5_000, 2))
    assert codes(gate)["control_brighter_than_sample"] == severity


def test_an_isotype_slightly_above_a_negative_marker_is_no_swap():
    gate = positive_gate(isotype(5_000, 1, lift=0.08), seed=1, sample=isotype(5_000, 2))
    assert codes(gate) == {}


@pytest.mark.parametrize("ceiling", [None, 1_000.0])
def test_a_saturated_control_is_remarked_on(ceiling):
    control = np.minimum(10 ** np.random.default_rng(1).normal(2.6, 0.3, 10_000), 1_000.0)
    assert "control_saturated" in codes(positive_gate(control, seed=1, ceiling=ceiling))


def test_events_without_a_number_are_left_out_and_said():
    control = isotype(6_000)
    holed = np.concatenate([control, [np.nan, np.inf]])
    gate = positive_gate(holed, seed=1)
    assert gate.threshold == positive_gate(control, seed=1).threshold
    assert codes(gate) == {"events_without_value": "warning"}


def test_two_markers_of_one_tube_get_the_gates_they_would_get_alone():
    tube = np.column_stack([isotype(6_000, 1), isotype(6_000, 2)])
    pair = positive_gates(tube, markers=("CD44", "CD24"), seed=1)
    for place, gate in enumerate(pair):
        assert gate.threshold == positive_gate(tube[:, place], seed=1).threshold
    assert [gate.marker for gate in pair] == ["CD44", "CD24"]


def test_a_gate_set_by_hand_has_no_doubt_and_no_remarks():
    gate = fixed_gate(850.0, marker="CD44")
    assert gate.is_by_hand
    assert set(gate.resampled) == {850.0}
    assert gate.findings == ()
    with pytest.raises(ValueError, match="must be a number"):
        fixed_gate(float("nan"))


def test_wrong_settings_are_refused_with_the_reason():
    with pytest.raises(ValueError, match="between 50 and 100"):
        GateSettings(percentile=100.0)
    with pytest.raises(ValueError, match=r"must be \(n,\)"):
        positive_gate(np.zeros((3, 2)), seed=1)
    with pytest.raises(ValueError, match=r"must be \(n, 2\)"):
        positive_gates(np.zeros((3, 3)), markers=("CD44", "CD24"), seed=1)


def test_without_resampling_there_is_no_interval():
    gate = positive_gate(isotype(5_000), seed=1, bootstraps=0)
    assert gate.ci_low is None
    assert gate.threshold is not None


def test_every_kind_of_finding_is_declared_once_and_means_the_same_everywhere():
    kinds = {kind.code: kind for kind in FINDING_KINDS}
    assert len(kinds) == len(FINDING_KINDS)
    for kind in flow_findings.FINDING_KINDS:
        assert kinds.get(kind.code, kind) == kind


def test_an_isotype_s_message_says_what_was_found_and_expected():
    gate = positive_gate(isotype(200), seed=1, marker="CD44")
    message = next(one.message for one in gate.findings if one.code == "weak_control")
    assert "200 cells" in message
    assert "5,000" in message
    assert "CD44" in message
