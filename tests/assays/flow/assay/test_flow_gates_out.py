"""Gates leave as GatingML that selects the same events in another program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exoraw.assays.contract import ReadyFile
from exoraw.assays.flow import read_fcs, write_fcs
from exoraw.assays.flow.gates import populations_of, read_gatingml
from exoraw.assays.flow.settings import FlowSettings
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.steps.compensated import compensated
from exoraw.assays.flow.steps.gates_out import marker_gates, quadrant_gates
from exoraw.assays.flow.steps.tube import Tube, TubeParams, read_tube

NAMES = ["FSC-A", "FSC-H", "SSC-A", "FITC-A", "PE-A"]
MATRIX = Spillover(("FITC-A", "PE-A"), np.array([[1.0, 0.2], [0.05, 1.0]]), "the file")
QUADRANTS = ("live", "early apoptotic", "late apoptotic", "necrotic")
DEBRIS = 20_000.0


@pytest.fixture
def tube(tmp_path: Path) -> Tube:
    rng = np.random.default_rng(8)
    scatter = rng.normal(50_000, 20_000, (3000, 3))
    stain = rng.lognormal(6, 2, (3000, 2)) @ MATRIX.matrix
    events = np.column_stack([scatter, stain]).astype(np.float32)
    write_fcs(tmp_path / "a.fcs", events, NAMES, version="3.1", spillover=MATRIX)
    return read_tube(ReadyFile(tmp_path / "a.fcs", "a.fcs", "id", 0), TubeParams.of(FlowSettings()))


@pytest.mark.parametrize("source", ["keyword", "single_stains", "none"])
def test_quadrants_select_the_same_events_from_their_file(tube: Tube, tmp_path: Path, source: str) -> None:
    decision = {"source": source, "note": "stains", "channels": [], "matrix": [[1.0, 0.1], [0.0, 1.0]]}
    signal, _, _ = compensated(tube, decision)
    border = float(np.sort(signal[:, 0])[1500]), 700.0  # one cell lies on the border: it is negative
    artefact = quadrant_gates(tube, border, QUADRANTS, DEBRIS, decision, "A")
    (tmp_path / "gates.xml").write_bytes(artefact.content)
    tree = populations_of(read_gatingml(tmp_path / "gates.xml"), read_fcs(tmp_path / "a.fcs"))
    cells = tube.scatter.area >= DEBRIS
    positive = signal[:, 0] > border[0], signal[:, 1] > border[1]
    expected = {
        "live": ~positive[0] & ~positive[1],
        "early apoptotic": positive[0] & ~positive[1],
        "late apoptotic": positive[0] & positive[1],
        "necrotic": ~positive[0] & positive[1],
    }
    for name, mask in expected.items():
        np.testing.assert_array_equal(tree.mask(name), mask & cells)


def test_a_single_marker_leaves_as_a_threshold(tube: Tube, tmp_path: Path) -> None:
    decision = {"source": "none"}
    (artefact,) = marker_gates(tube, {"annexin": 900.0}, ("annexin", "dead"), None, decision, "A")
    (tmp_path / "gates.xml").write_bytes(artefact.content)
    tree = populations_of(read_gatingml(tmp_path / "gates.xml"), read_fcs(tmp_path / "a.fcs"))
    np.testing.assert_array_equal(tree.mask("FITC-A positive"), tube.data.events[:, tube.columns[0]] > 900)


def test_a_panel_without_a_border_leaves_nothing(tube: Tube) -> None:
    assert (
        list(marker_gates(tube, {"annexin": None}, ("annexin", "dead"), None, {"source": "none"}, "A")) == []
    )
