"""AnnData files: every number at its sample and kind, read back by anndata and by plain h5py."""

from __future__ import annotations

import math
import struct
import sys

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.io.errors import StoreError
from exoraw.store.export import export
from exoraw.store.export.h5ad import NUMBERS, QC_LEVELS
from exoraw.store.export.h5ad_frames import h5_frame, h5_index, h5_names, h5_text

anndata = pytest.importorskip("anndata")

HOSTILE = ["=1+1", "a/b", "", ".", "_index", "NUL\0", "ä😀", "\ud800half", "x" * 300, "a\nb", " ", "a|b"]


def back(results, folder):
    (path,) = export(results, "h5ad", folder)
    assert path == folder / "h5ad" / "flow.h5ad"
    return path, anndata.read_h5ad(path)


def text(cell):
    return "" if cell is None else cell


def test_every_number_stands_at_its_sample_and_kind(filled, tmp_path):
    _, found = back(filled.open(), tmp_path)
    assert list(found.obs_names) == ["A1", "=1+1", "µ-Müller 😀"]
    assert list(found.obs["treatment"]) == ["control", "-DOX", "DOX"]
    assert list(found.obs["excluded"]) == [False, False, True]
    assert set(found.layers) == {*NUMBERS, "qc", "curated"}
    table = filled.open().arrow("measurements").to_pylist()
    kinds = found.var[["measure", "entity", "target", "statistic"]].astype(str)
    for row in table:
        wanted = [text(row[name]) for name in kinds.columns]
        column = int(np.flatnonzero((kinds == wanted).all(axis=1))[0])
        place = list(found.obs_names).index(row["sample"])
        assert struct.pack("<d", found.X[place, column]) == struct.pack("<d", row["value"])
        for name in NUMBERS:
            cell = found.layers[name][place, column]
            assert (math.isnan(cell) and row[name] is None) or cell == row[name]
        assert QC_LEVELS[int(found.layers["qc"][place, column])] == row["qc"]
    definition = found.var.set_index("measure")["definition"]
    assert definition["live"] == "share of live cells of all single cells"


def test_findings_and_provenance_travel_with_the_numbers(filled, tmp_path):
    _, found = back(filled.open(), tmp_path)
    assert list(found.uns["findings"]["message"]) == ["no events left"]
    assert found.uns["provenance"]["written_by"].startswith("exoraw ")
    assert list(found.uns["qc_levels"]) == list(QC_LEVELS)
    table = filled.open().arrow("measurements")
    assert list(found.uns["measurements"]["value"]) == table["value"].to_pylist()
    assert list(found.uns["measurements"]["measurement_id"]) == table["measurement_id"].to_pylist()


def test_plain_h5py_reads_the_same_numbers(filled, tmp_path):
    path, found = back(filled.open(), tmp_path)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["X"][()], found.X)
        np.testing.assert_array_equal(file["layers/denominator"][()], found.layers["denominator"])
        index = file["obs"][file["obs"].attrs["_index"]].asstr()[()]
        assert list(index) == list(found.obs_names)
        group = file["obs/treatment"]
        levels = group["categories"].asstr()[()]
        assert [levels[code] for code in group["codes"][()]] == list(found.obs["treatment"])


def test_a_number_of_several_samples_is_not_lost(lab, make_table, make_number, tmp_path):
    lab.sample("A1", treatment="DOX")
    row = lab.row("A1")
    numbers = [
        make_number("A1", 5.0, task_id=row.task_id),
        make_number("", 3e-9, "ic50", entity="curve:DOX", unit="mol/L", members=["A1"], task_id=row.task_id),
    ]
    lab.task("A1", {"measurements": make_table("measurements", numbers)})
    lab.publish()
    _, found = back(lab.open(), tmp_path)
    assert list(found.obs_names) == ["A1"]
    assert list(found.var["measure"]) == ["late_apoptotic"]
    assert list(found.uns["numbers_of_groups"]["value"]) == [3e-9]
    assert list(found.uns["numbers_of_groups"]["unit"]) == ["mol/L"]


def test_a_missing_number_is_nan_and_its_qc_is_kept(lab, make_table, make_number, tmp_path):
    lab.sample("A1", dose=None)
    lab.sample("B1", dose=2.5)
    for name, value in (("A1", None), ("B1", 7.0)):
        row = lab.row(name)
        number = make_number(name, value, task_id=row.task_id, qc="error" if value is None else "ok")
        lab.task(name, {"measurements": make_table("measurements", [number])})
    lab.publish()
    _, found = back(lab.open(), tmp_path)
    assert math.isnan(found.X[0, 0])
    assert found.layers["qc"][:, 0].tolist() == [3.0, 0.0]
    assert math.isnan(found.obs["dose"].iloc[0])
    assert found.obs["dose"].iloc[1] == 2.5


def test_hostile_names_of_samples_columns_and_measures_come_back(lab, make_table, make_number, tmp_path):
    names = ["=1+1", "a/b", "a|b", "NUL\0", "ä😀", "_index", "x" * 300, "a\nb"]
    for name in names:
        lab.sample(name, **{"who/what": name, "_index": name, "yes": name == "a/b"})
        row = lab.row(f"u{len(name)}{name[0]}{hash(name)}")
        number = make_number(name, 1.5, task_id=row.task_id, entity=f"population:{name}", target=name)
        lab.task(row.unit.split("/", 2)[2], {"measurements": make_table("measurements", [number])})
    lab.publish()
    _, found = back(lab.open(), tmp_path)
    assert list(found.obs_names) == [h5_text(name) for name in names]
    assert list(found.obs["who|what"]) == [h5_text(name) for name in names]
    assert list(found.obs["_index "]) == [h5_text(name) for name in names]
    assert sorted(found.var["target"]) == sorted(h5_text(name) for name in names)
    assert np.nansum(found.X) == 1.5 * len(names)


@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20)), max_size=12))
@settings(max_examples=150, deadline=None)
def test_names_become_legal_unique_keys(names):
    keys = h5_names(names)
    assert len(set(keys)) == len(names)
    for key in keys:
        assert key
        assert "/" not in key
        assert "\0" not in key
        assert key not in {".", "..", "_index"}
        key.encode()


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.text(max_size=10)),
            st.one_of(st.none(), st.floats()),
            st.one_of(st.none(), st.booleans()),
            st.integers(-(2**63), 2**63 - 1),
        ),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=40, deadline=None)
def test_every_cell_of_a_frame_comes_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("f") / "f.h5ad"
    texts, numbers, flags, whole = (list(column) for column in zip(*rows, strict=True))
    index = h5_index(str(i) for i in range(len(rows)))
    frame = h5_frame({"t": texts, "x": numbers, "b": flags, "i": whole}, index)
    var = h5_frame({}, h5_index(["x"]))
    anndata.AnnData(np.zeros((len(rows), 1)), obs=frame, var=var).write_h5ad(path)
    found = anndata.read_h5ad(path).obs
    for place, (word, number, flag, count) in enumerate(rows):
        cell = found["t"].iloc[place]
        assert (word is None and not isinstance(cell, str)) or cell == h5_text(word)
        if any(each is not None for each in numbers):
            expected = math.nan if number is None else number
            value = found["x"].iloc[place]
            assert value == expected or (math.isnan(value) and math.isnan(expected))
        if flag is not None:
            assert bool(found["b"].iloc[place]) is flag
        assert int(found["i"].iloc[place]) == count


def test_redacted_files_name_nobody(filled, tmp_path):
    (path,) = export(filled.open(), "h5ad", tmp_path, redact=True)
    content = path.read_bytes()
    for name in ("Meier", "P12"):
        assert name.encode() not in content


def test_an_absent_package_is_said_with_the_extra_that_installs_it(filled, monkeypatch):
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(StoreError, match=r'package anndata.*pip install "exoraw\[anndata\]"'):
        export(filled.open(), "h5ad")
