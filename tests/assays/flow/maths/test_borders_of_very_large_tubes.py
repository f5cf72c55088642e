"""Borders of millions of events are found on a part of them, and that is said."""

from __future__ import annotations

import numpy as np

from exoraw.assays.flow import debris, singlets, viability
from exoraw.assays.flow.arrays import MOST_EVENTS
from exoraw.assays.flow.findings import FINDING_KINDS


def codes(found):
    return [one.code for one in found.findings]


def test_a_part_that_is_looked_at_is_said_and_moves_no_border(rng):
    n = MOST_EVENTS + 200_000
    area = np.where(rng.random(n) < 0.2, rng.lognormal(8.5, 0.3, n), rng.lognormal(11.5, 0.15, n))
    dye = np.where(rng.random(n) < 0.1, rng.lognormal(10, 0.3, n), rng.lognormal(4, 0.3, n))
    height = area * rng.normal(0.8, 0.02, n)
    few = slice(0, 200_000)
    whole = debris.debris_gate(area), viability.viability_gate(dye), singlets.singlet_gate(area, height)
    part = (
        debris.debris_gate(area[few]),
        viability.viability_gate(dye[few]),
        singlets.singlet_gate(area[few], height[few]),
    )
    for large, small in zip(whole, part, strict=True):
        assert "border_on_a_part" in codes(large)
        assert "border_on_a_part" not in codes(small)
    limits = [(one[0].threshold, one[1].border, one[2].limit) for one in (whole, part)]
    for signal, large, small in zip((area, dye, area / height), *limits, strict=True):
        assert abs(np.mean(signal > large) - np.mean(signal > small)) < 0.001
    assert len(whole[2].keep) == n
    assert "border_on_a_part" in {kind.code for kind in FINDING_KINDS}
