"""Tubes as AnnData: values, populations and matrices come back from .h5ad; nothing is compensated twice."""

from __future__ import annotations

import hashlib
import sys

import h5py
import numpy as np
import pytest

from exoraw import __version__
from exoraw.assays.flow.compensation import compensate
from exoraw.assays.flow.fcs import read_fcs, write_fcs
from exoraw.assays.flow.gates import (
    Dimension,
    GateError,
    NamedGate,
    Strategy,
    populations,
    populations_of,
    threshold,
)
from exoraw.assays.flow.interop import (
    MissingExtraError,
    anndata_strategy,
    from_anndata,
    from_fcmeasurement,
    to_anndata,
    to_fcmeasurement,
)
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.transforms import Logicle

anndata = pytest.importorskip("anndata")
CHANNELS = ("FSC-A", "FITC-A", "PE/A", "Time")


@pytest.fixture
def tube(tmp_path, rng):
    events = np.column_stack(
        [rng.normal(6e4, 9e3, 500), rng.normal(900, 900, 500), rng.normal(300, 200, 500), np.arange(500)]
    )
    matrix = Spillover(("FITC-A", "PE/A"), np.array([[1, 0.15], [0.01, 1]]), "test")
    path = write_fcs(
        tmp_path / "t.fcs", events.astype(np.float32), CHANNELS, markers=["", "CD24", "CD44", ""],
        spillover=matrix, delimiter="|", ranges=[262144] * 4,
        keywords={"$P2V": "450", "LAB/NOTE": "a/b", "EMPTY": "-"},
    )  # fmt: skip
    return read_fcs(path)


@pytest.fixture
def strategy():
    return Strategy(
        (
            NamedGate("cells", threshold(Dimension("FSC-A"), at_least=55_000.0)),
            NamedGate("CD44+/CD24-", threshold(Dimension("FITC-A", Logicle()), below=0.4), "cells"),
            NamedGate("CD44+|CD24-", threshold(Dimension("PE/A"), at_least=300.0), "cells"),
        )
    )


def back(found, folder):
    found.write_h5ad(folder / "t.h5ad")
    return anndata.read_h5ad(folder / "t.h5ad")


def test_everything_comes_back_from_h5ad(tube, strategy, tmp_path):
    scales = {"FITC-A": Logicle(), "PE/A": Logicle()}
    made = to_anndata(
        tube,
        "µ 1",
        spillover=tube.spillover,
        scales=scales,
        strategy=strategy,
        factors={"treatment": "DOX", "dose": 2.5},
    )
    found = back(made, tmp_path)
    compensated = compensate(tube.events, tube.channels, tube.spillover)
    np.testing.assert_array_equal(found.layers["raw"], tube.events)
    np.testing.assert_array_equal(found.layers["compensated"], compensated)
    expected = Logicle().forward(compensated[:, 1]).astype(np.float32)
    np.testing.assert_array_equal(found.layers["transformed"][:, 1], expected)
    np.testing.assert_array_equal(found.layers["transformed"][:, 0], tube.events[:, 0])
    np.testing.assert_array_equal(found.X, found.layers["transformed"])
    assert list(found.var["channel"]) == list(CHANNELS)
    assert list(found.var_names) == ["FSC-A", "FITC-A", "PE|A", "Time"]
    assert list(found.var["marker"]) == ["", "CD24", "CD44", ""]
    assert found.var["voltage"].iloc[1] == 450
    assert np.isnan(found.var["voltage"].iloc[0])
    assert list(found.var["range"]) == [262144] * 4
    assert set(found.obs["sample"]) == {"µ 1"}
    assert set(found.obs["treatment"]) == {"DOX"}
    assert set(found.obs["dose"]) == {2.5}
    about = found.uns["exoraw"]
    assert about["sha256"] == hashlib.sha256(tube.path.read_bytes()).hexdigest()
    assert (about["version"], about["file"], about["X"]) == (__version__, "t.fcs", "transformed")
    np.testing.assert_array_equal(found.uns["spillover"]["matrix"], tube.spillover.matrix)
    assert list(found.uns["spillover"]["channels"]) == ["FITC-A", "PE/A"]
    assert found.uns["meta"]["LAB|NOTE"] == "a/b"
    assert "conversion" in list(found.uns["findings"]["code"])


def test_populations_are_booleans_with_their_counts_and_gates(tube, strategy, tmp_path):
    found = back(to_anndata(tube, "s", strategy=strategy), tmp_path)
    tree = populations_of(strategy, tube)
    columns = {"cells": "cells", "CD44+/CD24-": "CD44+|CD24-", "CD44+|CD24-": "CD44+|CD24- #2"}
    for name, column in columns.items():
        assert found.obs[column].dtype == bool
        np.testing.assert_array_equal(found.obs[column].to_numpy(), tree.mask(name))
    table = found.uns["populations"]
    assert list(table["population"]) == [row.name for row in tree.rows]
    assert list(table.index) == list(columns.values())
    assert list(table["count"]) == [row.count for row in tree.rows]
    assert list(table["path"]) == ["/".join(row.path) for row in tree.rows]
    assert anndata_strategy(found) == strategy
    again = populations(anndata_strategy(found), from_anndata(found).events, from_anndata(found).channels)
    assert [row.count for row in again.rows] == [row.count for row in tree.rows]


def test_plain_h5py_finds_layers_and_populations(tube, strategy, tmp_path):
    to_anndata(tube, "s", strategy=strategy).write_h5ad(tmp_path / "t.h5ad")
    with h5py.File(tmp_path / "t.h5ad") as file:
        np.testing.assert_array_equal(file["layers/raw"][()], tube.events)
        assert file["obs/cells"][()].sum() == populations_of(strategy, tube)["cells"].count
        assert file["uns/exoraw/sha256"].asstr()[()] == hashlib.sha256(tube.path.read_bytes()).hexdigest()


def test_the_matrix_stands_where_pytometry_takes_it_only_while_x_is_uncompensated(tube, tmp_path):
    before = back(to_anndata(tube, "s"), tmp_path)
    spill = before.uns["meta"]["spill"]
    assert list(spill.columns) == list(spill.index) == ["FITC-A", "PE|A"]
    np.testing.assert_array_equal(spill.to_numpy(), tube.spillover.matrix)
    after = to_anndata(tube, "s", spillover=tube.spillover)
    assert "spill" not in after.uns["meta"]
    assert list(before.var["signal_type"]) == ["other", "area", "other", "other"]


def test_tubes_are_joined_by_anndata_itself(tube, strategy):
    made = [to_anndata(tube, name, strategy=strategy) for name in ("a", "b")]
    joined = anndata.concat(made, merge="same", uns_merge="same")
    assert joined.shape == (1000, 4)
    assert joined.obs_names.is_unique
    assert joined.obs["cells"].sum() == 2 * made[0].obs["cells"].sum()
    assert list(joined.var["channel"]) == list(CHANNELS)
    with pytest.raises(GateError, match=r"2 tubes \(a, b\)"):
        from_anndata(joined)


def test_a_layer_comes_back_as_a_table_that_other_programs_take(tube):
    made = to_anndata(tube, "s", scales={"FITC-A": Logicle()})
    table = from_anndata(made)
    np.testing.assert_array_equal(table.events, tube.events)
    assert (table.channels, table.markers, table.sample) == (tube.channels, tube.markers, "s")
    assert table.findings == ()
    assert [each.code for each in from_anndata(made, layer="X").findings] == ["values_transformed"]
    with pytest.raises(GateError, match=r"no layer.*Did you mean compensated|no layer"):
        from_anndata(made, layer="compensate")
    through = from_fcmeasurement(to_fcmeasurement(table, "s"))
    np.testing.assert_array_equal(to_anndata(through, "s").X, tube.events)


def test_what_does_not_fit_is_refused(tube, strategy, monkeypatch):
    other = populations_of(strategy, read_fcs(tube.path))
    few = populations(strategy, tube.events[:10], tube.channels)
    assert to_anndata(tube, "s", tree=other).n_obs == 500
    with pytest.raises(GateError, match="of another tube"):
        to_anndata(tube, "s", tree=few)
    with pytest.raises(GateError, match=r"FITC-H.*Did you mean FITC-A"):
        to_anndata(tube, "s", scales={"FITC-H": Logicle()})
    with pytest.raises(GateError, match="holds no gates"):
        anndata_strategy(to_anndata(tube, "s"))
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(MissingExtraError, match=r'pip install "exoraw\[anndata\]"') as caught:
        to_anndata(tube, "s")
    assert isinstance(caught.value, ImportError)


def test_real_files_are_written_and_read_back(shared, tmp_path):
    both_ways(shared, tmp_path, ("zoo/Partec - PAS.FCS", "zoo_flowio/G11.fcs"))


@pytest.mark.slow
def test_larger_real_files_are_written_and_read_back(shared, tmp_path):
    names = (
        "zoo/Accuri - C6.fcs", "zoo/Partec - PAS.FCS", "zoo/Applied Biosystems - Attune.fcs",
        "zoo_flowio/G11.fcs", "cytoexplorer/Compensation-PE.fcs", "flowcal/Data001.fcs",
        "zoo/Beckman Coulter - Gallios.LMD",
    )  # fmt: skip
    both_ways(shared, tmp_path, names)


def both_ways(shared, tmp_path, names):
    for name in names:
        data = read_fcs(shared / "data/flow" / name)
        found = back(to_anndata(data, name, spillover=data.spillover), tmp_path)
        np.testing.assert_array_equal(found.layers["raw"], data.events, err_msg=name)
        assert tuple(found.var["channel"]) == data.channels, name
        assert tuple(found.var["marker"]) == data.markers, name


def test_an_empty_tube_is_an_empty_object(tmp_path):
    path = write_fcs(tmp_path / "e.fcs", np.zeros((0, 2)), ["A", "B"])
    found = back(to_anndata(read_fcs(path), "e"), tmp_path)
    assert found.shape == (0, 2)
