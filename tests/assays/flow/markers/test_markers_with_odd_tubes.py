"""Odd tubes (tiny, constant, huge, full of holes) give a number or a finding, never a crash."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exoraw.assays.flow.markers.aldefluor import aldefluor
from exoraw.assays.flow.markers.cd24_border import Cd24Low, cd24_border
from exoraw.assays.flow.markers.cd44_cd24 import cd44_cd24
from exoraw.assays.flow.markers.counting_beads import bead_gate
from exoraw.assays.flow.markers.findings import FINDING_KINDS
from exoraw.assays.flow.markers.fluorescence import fluorescence, staining_index
from exoraw.assays.flow.markers.positivity import positive_gate
from exoraw.assays.flow.markers.uptake import UptakeControls, uptake

KNOWN = {kind.code for kind in FINDING_KINDS}


def _made(kind: str, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    made = {
        "normal": rng.normal(50, 60, n),
        "log-normal": 10 ** rng.normal(3, 0.4, n),
        "constant": np.full(n, 7.0),
        "two values": np.where(rng.random(n) < 0.5, 1.0, 2.0),
        "integers": np.floor(10 ** rng.normal(1, 0.5, n)),
        "huge": 10 ** rng.normal(30, 2, n),
        "below zero": -(10 ** rng.normal(2, 0.4, n)),
        "holed": np.where(rng.random(n) < 0.3, np.nan, rng.normal(50, 60, n)),
        "infinite": np.full(n, np.inf),
        "clipped": np.clip(rng.normal(50, 60, n), 0, 100),
    }
    return made[kind]


KINDS = ("normal", "log-normal", "constant", "two values", "integers", "huge", "below zero", "holed")
tubes = st.builds(
    _made,
    st.sampled_from((*KINDS, "infinite", "clipped")),
    st.sampled_from((0, 1, 2, 3, 11, 60, 700)),
    st.integers(0, 50),
)
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def checked(findings) -> None:
    assert {remark.code for remark in findings} <= KNOWN
    for remark in findings:
        assert "nan" not in remark.message.split()
        assert remark.message.endswith((".", ")"))


@given(tubes, st.one_of(st.none(), tubes), st.one_of(st.none(), tubes))
@few
def test_any_control_gives_a_gate_or_an_error(sample, control, fmo):
    gate = positive_gate(control, fmo=fmo, sample=sample, seed=1)
    checked(gate.findings)
    if gate.threshold is None:
        assert any(remark.severity == "error" for remark in gate.findings)
    else:
        assert np.isfinite([gate.threshold, gate.ci_low, gate.ci_high]).all()
        assert gate.ci_low <= gate.ci_high
        if gate.n < 500:
            assert any(remark.code == "weak_control" for remark in gate.findings)


@given(tubes, tubes, tubes, st.sampled_from(("negative", "multiple", "percentile", "border", "valley")))
@few
def test_any_tube_s_quadrants_sum_to_its_cells(one, other, control, rule):
    n = min(len(one), len(other))
    sample = np.column_stack([one[:n], other[:n]])
    gate = positive_gate(control, seed=1)
    value = {"multiple": 2.0, "percentile": 99.9, "border": 40.0}.get(rule)
    border = cd24_border(gate, Cd24Low(rule, value), stained=sample[:, 1])
    found = cd44_cd24(sample, gate, border, seed=1)
    checked((*border.findings, *found.findings))
    assert sum(share.numerator for share in found.quadrants) == (found.n if found.quadrants else 0)
    for share in found.quadrants:
        if found.n:
            assert 0 <= share.ci_low <= share.ci_high <= 100


@given(tubes, st.one_of(st.none(), tubes))
@few
def test_any_pair_of_tubes_gives_shares_intensities_and_uptake(test, control):
    aldh = aldefluor(test, control, seed=1)
    checked(aldh.findings)
    assert (aldh.gross is None) == (aldh.gate.threshold is None)
    light = fluorescence(test, control, seed=1)
    checked(light.findings)
    for one in (light.median, light.arithmetic_mean, light.geometric_mean, light.robust_cv):
        assert one is None or np.isfinite(one.value)
    eaten = uptake(test, UptakeControls(dye_only=control), seed=1)
    checked(eaten.findings)
    index, said = staining_index(test, test if control is None else control, seed=1)
    checked(said)
    assert (index is None) == bool(said)


@given(tubes, tubes)
@few
def test_any_two_channels_give_beads_or_say_there_are_none(one, other):
    n = min(len(one), len(other))
    gate = bead_gate(np.column_stack([one[:n], other[:n]]))
    checked(gate.findings)
    assert (gate.beads == 0) == (gate.centre is None)
    assert not (gate.single & gate.double).any()


@pytest.mark.parametrize("kind", ["float32", "int64", "read-only", "strided"])
def test_tubes_may_come_in_any_layout_and_stay_as_they_are(kind):
    plain = np.round(_made("log-normal", 3_000, 1))
    given_tube = {
        "float32": plain.astype(np.float32),
        "int64": plain.astype(np.int64),
        "read-only": plain.copy(),
        "strided": np.column_stack([plain, -plain])[:, 0],
    }[kind]
    given_tube.flags.writeable = False
    before = given_tube.copy()
    assert positive_gate(given_tube, seed=1).threshold == positive_gate(plain, seed=1).threshold
    assert fluorescence(given_tube, seed=1).median == fluorescence(plain, seed=1).median
    assert (given_tube == before).all()
