"""Reading one tube: only what the gates need is held, and the matrix still sees every channel it names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from exoraw.assays.contract import ReadyFile
from exoraw.assays.flow.compensation import compensate
from exoraw.assays.flow.fcs import write_fcs
from exoraw.assays.flow.panel import UnknownChannelError
from exoraw.assays.flow.settings import FlowSettings
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.steps.compensated import compensated
from exoraw.assays.flow.steps.tube import TubeParams, read_tube

PARAMS = TubeParams.of(FlowSettings())
KEYWORD = {"source": "keyword"}
NAMES = ["Time", "FSC-A", "FSC-H", "SSC-A", "APC-A", "V450-A", "PE-A", "BV605-A", "FITC-A"]
MATRIX = Spillover(
    ("FITC-A", "PE-A", "APC-A"), np.array([[1.0, 0.2, 0.0], [0.02, 1.0, 0.1], [0.0, 0.05, 1.0]]), "the file"
)


def write(path: Path, names: list[str], spillover: Spillover | None) -> npt.NDArray[np.float32]:
    events = np.random.default_rng(4).normal(5000, 900, (400, len(names))).astype(np.float32)
    volts = {f"$P{n}V": str(300 + n) for n in range(1, len(names) + 1)}
    write_fcs(path, events, names, version="3.0", spillover=spillover, timestep=0.01, keywords=volts)
    return events


def ready(path: Path) -> ReadyFile:
    return ReadyFile(path, path.name, "id", 0)


def test_only_the_channels_that_the_gates_look_at_are_held(tmp_path: Path) -> None:
    events = write(tmp_path / "a.fcs", NAMES, None)
    tube = read_tube(ready(tmp_path / "a.fcs"), PARAMS)
    assert set(tube.data.channels) == {"FITC-A", "PE-A", "FSC-A", "FSC-H", "SSC-A", "Time"}
    assert tube.data.parameters[tube.stains[0].index].number == NAMES.index("FITC-A") + 1
    np.testing.assert_array_equal(tube.measured(np.ones(len(tube), dtype=bool)), events[:, [8, 6]])
    np.testing.assert_array_equal(tube.scatter.side, events[:, 3])


def test_a_matrix_over_further_channels_takes_their_light_out_too(tmp_path: Path) -> None:
    events = write(tmp_path / "a.fcs", NAMES, MATRIX)
    signal, _, findings = compensated(read_tube(ready(tmp_path / "a.fcs"), PARAMS), KEYWORD)
    whole = compensate(events, NAMES, MATRIX)
    np.testing.assert_allclose(signal, whole[:, [8, 6]], rtol=1e-5)
    assert findings == ()


def test_two_other_channels_of_one_name_do_not_hinder(tmp_path: Path) -> None:
    path = tmp_path / "a.fcs"
    events = write(path, NAMES, None)
    path.write_bytes(path.read_bytes().replace(b"/V450-A/", b"/SSC-W /").replace(b"/BV605-A/", b"/SSC-W  /"))
    tube = read_tube(ready(path), PARAMS)
    assert len(tube.data.channels) == len(NAMES)
    np.testing.assert_array_equal(tube.measured(np.ones(len(tube), dtype=bool)), events[:, [8, 6]])


def test_a_channel_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    write(tmp_path / "a.fcs", [name for name in NAMES if name != "FITC-A"], None)
    with pytest.raises(UnknownChannelError, match=r"V450-A, PE-A, BV605-A"):
        read_tube(ready(tmp_path / "a.fcs"), PARAMS)
