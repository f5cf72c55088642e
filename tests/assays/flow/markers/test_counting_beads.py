"""Absolute counts: the beads are found among cells, pairs and all, and the interval is exact."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from exoraw.assays.flow.markers.counting_beads import BeadLot, bead_gate, cells_per_microlitre

LOT = BeadLot(concentration=1_000.0, volume=50.0, sample_volume=300.0)


def tube(n_cells: int, n_beads: int, pairs: int = 0, seed: int = 0, cv: float = 0.04) -> np.ndarray:
    """Cells (dim in both channels, a tenth dead and brighter), single beads, pairs; linear."""
    rng = np.random.default_rng(seed)
    cells = 10 ** rng.normal(2.2, 0.3, (n_cells, 2))
    cells[: n_cells // 10] *= 10 ** rng.normal(0.9, 0.3, (n_cells // 10, 1))
    beads = np.array([60_000.0, 40_000.0]) * (1 + cv * rng.standard_normal((n_beads + 2 * pairs, 2)))
    double = beads[n_beads : n_beads + pairs] + beads[n_beads + pairs :]
    events = np.concatenate([cells, beads[:n_beads], double])
    return events + rng.normal(0, 40, events.shape)


def codes(found) -> dict[str, str]:
    return {remark.code: remark.severity for remark in found.findings}


@pytest.mark.parametrize("n_beads", [60, 600, 5_000])
@pytest.mark.parametrize("cv", [0.01, 0.04, 0.10])
def test_beads_are_found_among_cells(n_beads, cv):
    found = bead_gate(tube(30_000, n_beads, cv=cv))
    assert found.beads == pytest.approx(n_beads, rel=0.02, abs=2)
    assert found.centre == pytest.approx((60_000, 40_000), rel=0.03)
    assert codes(found) == {}


def test_beads_that_outnumber_the_cells_are_found():
    assert bead_gate(tube(1_000, 8_000)).beads == pytest.approx(8_000, rel=0.01)


def test_pairs_of_beads_count_as_two_and_are_said():
    found = bead_gate(tube(20_000, 1_800, pairs=100))
    assert np.count_nonzero(found.double) == pytest.approx(100, abs=3)
    assert found.beads == pytest.approx(2_000, rel=0.01)
    assert codes(found) == {"bead_doublets": "warning"}


def test_many_pairs_are_not_taken_for_the_beads():
    found = bead_gate(tube(20_000, 1_000, pairs=600))
    assert found.centre[0] == pytest.approx(60_000, rel=0.03)
    assert found.beads == pytest.approx(2_200, rel=0.02)


def test_beads_at_the_end_of_the_scale_are_found_and_their_hidden_pairs_said():
    found = bead_gate(np.minimum(tube(20_000, 1_500, pairs=30), 50_000.0))
    assert found.beads == pytest.approx(1_500, rel=0.05)
    assert "beads_saturated" in codes(found)


def test_a_tube_without_beads_has_none():
    found = bead_gate(tube(20_000, 0))
    assert found.beads == 0
    assert found.centre is None
    count = cells_per_microlitre(5_000, found, LOT)
    assert count.per_microlitre is None
    assert codes(count) == {"no_beads": "error"}


def test_a_bright_but_wide_population_of_cells_is_no_bead_cluster():
    rng = np.random.default_rng(3)
    stained = np.concatenate([tube(20_000, 0), 10 ** rng.normal(4.6, 0.25, (5_000, 2))])
    assert bead_gate(stained).beads == 0


def test_empty_and_dark_tubes_have_no_beads():
    assert codes(bead_gate(np.empty((0, 2)))) == {"no_beads": "error"}
    assert codes(bead_gate(np.full((500, 2), -5.0))) == {"no_beads": "error"}
    assert codes(bead_gate(np.full((500, 2), np.nan))) == {"no_beads": "error"}


def test_cells_per_microlitre_is_the_makers_formula():
    count = cells_per_microlitre(20_000, 2_000, LOT)
    assert count.per_microlitre == pytest.approx(10 * 1_000 * 50 / 300)
    assert count.ci_low < count.per_microlitre < count.ci_high
    assert codes(count) == {}


def test_the_interval_is_the_exact_one_of_two_poisson_counts():
    count = cells_per_microlitre(30, 20, BeadLot(1.0, 1.0, 1.0))
    exact = stats.binomtest(30, 50).proportion_ci(method="exact")
    assert count.ci_low == pytest.approx(exact.low / (1 - exact.low))
    assert count.ci_high == pytest.approx(exact.high / (1 - exact.high))


def test_the_interval_holds_the_true_concentration():
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(1_000):
        count = cells_per_microlitre(int(rng.poisson(300)), int(rng.poisson(600)), BeadLot(1.0, 1.0, 1.0))
        held += count.ci_low <= 0.5 <= count.ci_high
    assert 935 <= held <= 985


def test_no_cells_are_a_count_of_zero_with_an_upper_end():
    count = cells_per_microlitre(0, 1_000, LOT)
    assert count.per_microlitre == count.ci_low == 0.0
    assert 0 < count.ci_high < 1.0


@pytest.mark.parametrize(
    ("beads", "said"),
    [
        (0, {"no_beads": "error"}),
        (300, {"few_beads": "warning"}),
        (800, {"beads_below_advised": "info"}),
        (1_000, {}),
    ],
)
def test_few_beads_are_said(beads, said):
    assert codes(cells_per_microlitre(1_000, beads, LOT)) == said


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan")])
def test_a_lot_without_volume_is_refused(wrong):
    with pytest.raises(ValueError, match="sample volume must be above zero"):
        BeadLot(1_000.0, 50.0, wrong)
    with pytest.raises(ValueError, match="cannot be negative"):
        cells_per_microlitre(-1, 10, LOT)
    with pytest.raises(ValueError, match=r"must be \(n, 2\)"):
        bead_gate(np.zeros((5, 3)))
