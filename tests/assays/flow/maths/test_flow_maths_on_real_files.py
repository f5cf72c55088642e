"""Every real file goes through every gate: an answer or a finding, never an exception or a broken number."""

from __future__ import annotations

import numpy as np
import pytest

from exoraw.assays.flow.annexin import ThresholdSettings, annexin_thresholds
from exoraw.assays.flow.annexin_findings import tube_findings
from exoraw.assays.flow.debris import debris_gate
from exoraw.assays.flow.fcs import read_fcs
from exoraw.assays.flow.main_population import main_population
from exoraw.assays.flow.margins import margin_events
from exoraw.assays.flow.quadrants import quadrants
from exoraw.assays.flow.singlets import singlet_gate
from exoraw.assays.flow.transforms import estimate_arcsinh, estimate_logicle
from exoraw.io.errors import FormatError

SUFFIXES = {".fcs", ".lmd"}
EVENTS = 15_000  # of each file: enough to find populations


def real_files(shared):
    flow = shared / "data" / "flow"
    return sorted(path for path in flow.rglob("*") if path.suffix.lower() in SUFFIXES)


def test_every_real_file_goes_through_all_of_the_maths(shared):
    gone_through = 0
    for path in real_files(shared):
        try:
            data = read_fcs(path)
        except FormatError:
            continue
        _through_the_maths(data.events[:EVENTS], data.channels)
        gone_through += 1
    assert gone_through >= 25


def _through_the_maths(events, channels):
    margins = margin_events(events, channels, [None] * len(channels))
    assert 0 <= margins.share <= 1
    area, height = events[:, 0], events[:, min(1, events.shape[1] - 1)]
    gate = debris_gate(area)
    assert 0 <= gate.removed_share < 1
    assert (gate.threshold is None) == (gate.state != "valley")
    assert singlet_gate(area, height).keep.shape == area.shape
    assert 0 <= main_population(area, height).share <= 1
    pair = events[:, -3:-1] if events.shape[1] >= 3 else events[:, :2]
    for column in pair.T:
        for axis in (
            estimate_arcsinh(column),
            estimate_logicle(column, t=max(float(column.max(initial=1)), 1)),
        ):
            back = axis.inverse(axis.forward(column))
            np.testing.assert_allclose(back, column, rtol=1e-9, atol=1e-6)
    found = annexin_thresholds(
        {"vehicle": pair, "treated": pair, "unstained": pair[::2]}, settings=ThresholdSettings(bootstraps=3)
    )
    tube_findings(pair, found)
    if any(remark.severity == "error" for remark in found.findings):
        assert None in (found.annexin.threshold, found.dna.threshold)
        return
    counted = quadrants(pair, found.pair)
    assert sum(share.numerator for share in counted.quadrants) == counted.n


@pytest.mark.parametrize("n", [0, 1, 9, 49, 50, 200])
@pytest.mark.parametrize("kind", ["noise", "constant", "integers", "infinite", "huge"])
def test_odd_tubes_give_an_answer_or_a_finding(n, kind):
    rng = np.random.default_rng(n)
    events = {
        "noise": rng.normal(0, 1, (n, 2)),
        "constant": np.full((n, 2), 7.0),
        "integers": rng.integers(0, 4, (n, 2)).astype(float),
        "infinite": np.where(rng.random((n, 2)) < 0.3, np.inf, 1.0),
        "huge": rng.normal(0, 1e30, (n, 2)),
    }[kind]
    found = annexin_thresholds(
        {"vehicle": events, "treated": events, "unstained": events, "unstained_treated": events},
        settings=ThresholdSettings(bootstraps=3),
    )
    assert found.findings
    for axis in (found.annexin, found.dna):
        assert axis.threshold is None or np.isfinite(axis.threshold)
    debris_gate(events[:, 0])
    singlet_gate(events[:, 0], events[:, 1])
    main_population(events[:, 0], events[:, 1])
