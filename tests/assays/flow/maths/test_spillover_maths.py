"""Spillover matrices, compensation once, tables of labs, and single stains."""

from __future__ import annotations

import csv
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path as Polygon

from exoraw.assays.flow.compensation import (
    compensate,
    overcompensated,
    spillover_from_csv,
    spillover_from_single_stains,
)
from exoraw.assays.flow.fcs import read_fcs
from exoraw.assays.flow.main_population import main_population
from exoraw.assays.flow.single_stains import implausible_spillover
from exoraw.assays.flow.singlets import singlet_gate
from exoraw.assays.flow.spillover import Spillover, SpilloverError
from exoraw.io.errors import FormatError

NAMES = ("FITC-A", "PE-A", "APC-A")
MATRIX = np.array([[1.0, 0.18, 0.001], [0.01, 1.0, 0.002], [0.0, 0.004, 1.0]])
STAINS = {
    "FITC": "Alexa Fluor 488-A",
    "PE": "PE-A",
    "APC": "Alexa Fluor 647-A",
    "7AAD": "7-AAD-A",
}
FIGURE = {"FITC": 0.005, "PE": 0.005, "APC": 0.015, "7AAD": 0.015}  # issue 4


def simulated_stain(rng, primary, n=10_000, share=0.5, brightness=4.1, noise=60.0):
    signal = 10 ** rng.normal(1.9, 0.25, (n, 3))
    lit = rng.random(n) < share
    signal[lit, primary] = 10 ** rng.normal(brightness, 0.25, np.count_nonzero(lit))
    return signal @ MATRIX + rng.normal(0, noise, (n, 3))


# ------------------------------------------------------------------------------------ the matrix


def test_a_matrix_in_percent_is_the_same_matrix():
    assert Spillover(NAMES, MATRIX * 100, "x") == Spillover(NAMES, MATRIX, "x")


def test_a_matrix_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="read-only"):
        Spillover(NAMES, MATRIX, "x").matrix[0, 0] = 2


def test_a_matrix_survives_the_trip_to_a_worker():
    sent = Spillover(NAMES, MATRIX, "x")
    assert pickle.loads(pickle.dumps(sent)) == sent


@pytest.mark.parametrize(
    ("names", "matrix", "said"),
    [
        (NAMES[:2], MATRIX, "2 channel names but 3 x 3 numbers"),
        ((), np.empty((0, 0)), "0 channel names"),
        (("A", "A"), np.eye(2), "named more than once: A"),
        (("A", "B"), np.array([[1, np.nan], [0, 1]]), "the value for A in B is nan"),
        (("A", "B"), np.array([[1, 0.1], [0.2, 0]]), "B has 0 in its own channel"),
        (("A", "B"), np.array([[1, 1], [1, 1.0000001]]), "nearly the same row"),
        (("A", "B"), np.ones((2, 2)), "nearly the same row"),
    ],
)
def test_an_unusable_matrix_says_what_is_wrong_with_it(names, matrix, said):
    with pytest.raises(SpilloverError, match=re.escape(said)):
        Spillover(names, matrix, "spillover.csv")


def test_identity_is_known_as_no_matrix():
    assert Spillover(NAMES, np.eye(3), "$SPILLOVER").is_identity
    assert not Spillover(NAMES, MATRIX, "$SPILLOVER").is_identity


# ------------------------------------------------------------------------------------ compensate


@given(
    st.integers(0, 2**31), st.floats(0, 0.6), st.permutations(["Time", "PE-A", "FSC-A", "FITC-A", "APC-A"])
)
def test_compensation_undoes_mixing_wherever_the_columns_stand(seed, spill, order):
    rng = np.random.default_rng(seed)
    matrix = np.eye(3) + spill * rng.random((3, 3)) * (1 - np.eye(3))
    spillover = Spillover(NAMES, matrix, "x")
    true = rng.normal(0, 1e4, (50, 5))
    measured = true.copy()
    columns = [order.index(name) for name in NAMES]
    measured[:, columns] = true[:, columns] @ matrix
    np.testing.assert_allclose(compensate(measured, order, spillover), true, rtol=0, atol=1e-7)


def test_compensation_equals_flowutils(rng):
    from flowutils.compensate import compensate as reference

    events = rng.normal(0, 1e4, (5000, 3))
    ours = compensate(events, NAMES, Spillover(NAMES, MATRIX, "x"))
    np.testing.assert_allclose(ours, reference(events, MATRIX, [0, 1, 2]), rtol=0, atol=1e-8)


def test_events_are_not_changed_in_place_and_float32_stays_float32(rng):
    events = rng.normal(0, 1e4, (100, 3)).astype(np.float32)
    before = events.copy()
    result = compensate(events, NAMES, Spillover(NAMES, MATRIX, "x"))
    assert result.dtype == np.float32
    np.testing.assert_array_equal(events, before)
    exact = before.astype(np.float64) @ np.linalg.inv(MATRIX)
    np.testing.assert_allclose(result, exact, rtol=1e-6, atol=1e-2)


def test_integers_become_floats_and_no_events_stay_none():
    spillover = Spillover(NAMES, MATRIX, "x")
    assert compensate(np.array([[1, 2, 3]]), NAMES, spillover).dtype == np.float64
    assert compensate(np.empty((0, 3)), NAMES, spillover).shape == (0, 3)


def test_more_events_than_one_chunk_are_all_compensated(rng):
    events = rng.normal(0, 1e4, ((1 << 17) + 7, 3))
    result = compensate(events, NAMES, Spillover(NAMES, MATRIX, "x"))
    np.testing.assert_allclose(result @ MATRIX, events, atol=1e-6)


def test_every_channel_that_the_file_lacks_is_named_with_its_nearest():
    spillover = Spillover(("FITC-A", "PE-H", "Cy5"), np.eye(3), "spillover.csv")
    with pytest.raises(SpilloverError) as caught:
        compensate(np.zeros((2, 2)), ("FITC-A", "PE-A"), spillover)
    message = str(caught.value)
    assert '"PE-H" (nearest: "PE-A")' in message
    assert '"Cy5"' in message
    assert "FITC-A, PE-A" in message


def test_a_name_too_few_is_an_error_not_a_guess():
    with pytest.raises(SpilloverError, match="one name per column"):
        compensate(np.zeros((2, 3)), ("FITC-A", "PE-A"), Spillover(("PE-A",), np.eye(1), "x"))


# ------------------------------------------------------------------------------------ tables


@pytest.mark.parametrize(
    "text",
    [
        '"","FITC-A","PE-A"\n"FITC-A",1,0.18\n"PE-A",0.01,1\n',  # CytoExploreR (R's write.csv)
        "FITC-A,PE-A\n1,0.18\n0.01,1\n",  # FlowKit
        "\ufeff,FITC-A :: CD3,PE-A :: CD4\r\nFITC-A :: CD3,1,0.18\r\nPE-A :: CD4,0.01,1\r\n",  # FlowJo
        "FITC-A;PE-A\n1;0.18\n0.01;1\n",
        "\tComp-FITC-A\tComp-PE-A\nComp-FITC-A\t1\t0.18\nComp-PE-A\t0.01\t1\n\n",
        ",FITC-A,PE-A\nPE-A,0.01,1\nFITC-A,1,0.18\n",  # rows in another order
        ",FITC-A,PE-A\nFITC-A,100,18\nPE-A,1,100\n",  # percent
    ],
)
def test_every_layout_of_a_matrix_table_reads_alike(tmp_path, text):
    path = tmp_path / "matrix.csv"
    path.write_text(text, encoding="utf-8")
    found = spillover_from_csv(path)
    assert found.channels == ("FITC-A", "PE-A")
    np.testing.assert_allclose(found.matrix, [[1, 0.18], [0.01, 1]], rtol=1e-15)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "rows of numbers"),
        ("FITC-A,PE-A\n", "rows of numbers"),
        ("FITC-A,PE-A\n1,0.18\n", "2 rows, one per channel"),
        ("FITC-A,PE-A\n1,0.18\n0.01\n", "2 numbers in line 3"),
        ("FITC-A,PE-A\n1,x\n0.01,1\n", 'a number in line 2, column PE-A, found "x"'),
        (",FITC-A,PE-A\nFITC-A,1,0.18\nAPC-A,0.01,1\n", "APC-A, PE-A"),
        (",FITC-A,PE-A\nFITC-A,1,0.18\nFITC-A,0.01,1\n", "PE-A"),
    ],
)
def test_a_broken_table_names_its_line(tmp_path, text, said):
    path = tmp_path / "matrix.csv"
    path.write_text(text)
    with pytest.raises((FormatError, SpilloverError), match=re.escape(said)):
        spillover_from_csv(path)


@given(st.binary(max_size=300))
def test_any_bytes_as_a_table_raise_only_our_errors(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("matrix") / "m.csv"
    path.write_bytes(data)
    with pytest.raises((FormatError, SpilloverError)):
        spillover_from_csv(path)


def test_tables_of_the_peers_read(shared):
    flow = shared / "data" / "flow"
    cyto = spillover_from_csv(flow / "cytoexplorer" / "Compensation-Spillover-Matrix.csv")
    assert len(cyto.channels) == 11
    assert cyto.coefficient("Alexa Fluor 488-A", "PE-A") == 0.180901
    kit = spillover_from_csv(flow / "flowkit" / "comp_complete_example.csv")
    assert kit.coefficient("Ax488-A", "PE-A") == 0.2986


# ------------------------------------------------------------------------------------ single stains


@pytest.mark.parametrize("share", [0.5, 0.03, 0.97])
@pytest.mark.parametrize("universal", [True, False])
def test_simulated_stains_give_their_matrix(rng, share, universal):
    stains = {name: simulated_stain(rng, column, share=share) for column, name in enumerate(NAMES)}
    negative = simulated_stain(rng, 0, share=0.0) if universal else None
    found = spillover_from_single_stains(stains, NAMES, negative)
    np.testing.assert_allclose(found.spillover.matrix, MATRIX, atol=0.004)
    codes = {remark.code for remark in found.findings}
    assert codes <= ({"weak_single_stain"} if share == 0.03 else set())
    for populations in found.populations:
        assert abs(populations.n_positive - share * 10_000) < 150


def test_a_stain_with_few_or_dim_positives_is_remarked_on(rng):
    few = simulated_stain(rng, 0, n=5000, share=0.02)
    dim = simulated_stain(rng, 1, brightness=2.7)
    negative = simulated_stain(rng, 0, share=0.0)
    found = spillover_from_single_stains({"FITC-A": few, "PE-A": dim}, NAMES, negative)
    weak = [remark for remark in found.findings if remark.code == "weak_single_stain"]
    assert {remark.entity for remark in weak} == {"channel:FITC-A", "channel:PE-A"}


def test_stains_without_positive_events_are_all_named(rng):
    stains = {name: simulated_stain(rng, column, share=0.0) for column, name in enumerate(NAMES)}
    with pytest.raises(SpilloverError, match=r"FITC-A: no positive.*PE-A: no positive.*APC-A: no positive"):
        spillover_from_single_stains(stains, NAMES)
    with pytest.raises(SpilloverError, match="no such channel: Cy7"):
        spillover_from_single_stains({"Cy7": stains["PE-A"]}, NAMES)


def test_a_channel_without_a_stain_keeps_its_light(rng):
    found = spillover_from_single_stains({"FITC-A": simulated_stain(rng, 0)}, NAMES)
    np.testing.assert_array_equal(found.spillover.matrix[1:], np.eye(3)[1:])


def test_swapped_single_stains_are_implausible(rng):
    fitc, pe = simulated_stain(rng, 0), simulated_stain(rng, 1, brightness=3.4)
    swapped = {"FITC-A": pe, "PE-A": fitc, "APC-A": simulated_stain(rng, 2)}
    try:
        codes = {remark.code for remark in spillover_from_single_stains(swapped, NAMES).findings}
        assert "implausible_spillover" in codes
    except SpilloverError as error:
        assert "no positive population" in str(error)  # noqa: PT017 - either answer is loud


def test_values_that_no_optics_make_are_remarked_on():
    wrong = Spillover(("A", "B"), np.array([[1, 1.4], [-0.2, 1]]), "x")
    values = [remark.value for remark in implausible_spillover(wrong)]
    assert values == [1.4, -0.2]
    alike = Spillover(("A", "B"), np.array([[1, 0.999], [0.999, 1]]), "x")
    assert ["condition number" in remark.message for remark in implausible_spillover(alike)] == [True]
    assert implausible_spillover(Spillover(NAMES, MATRIX, "x")) == ()


# ------------------------------------------------------------------------------------ real stains


def published(shared: Path) -> Spillover:
    return spillover_from_csv(shared / "data" / "flow" / "cytoexplorer" / "Compensation-Spillover-Matrix.csv")


def scatter_gated(shared: Path, tube: str):
    data = read_fcs(shared / "data" / "flow" / "cytoexplorer" / f"Compensation-{tube}.fcs")
    keep = main_population(data.column("FSC-A"), data.column("SSC-A")).keep
    keep[keep] = singlet_gate(data.column("FSC-A")[keep], data.column("FSC-H")[keep]).keep
    return data.events[keep], data.channels


def lab_gated(shared: Path, tube: str):
    """Inside the polygons that the lab drew in CytoExploreR."""
    folder = shared / "data" / "flow" / "cytoexplorer"
    data = read_fcs(folder / f"Compensation-{tube}.fcs")
    template = (folder / "Compensation-gatingTemplate.csv").read_text()
    drawn = re.findall(r"boundaries = structure\(c\(([^)]*)\), \.Dim = c\((\d+)L", template)
    keep = np.ones(len(data.events), dtype=bool)
    for (numbers, corners), other in zip(drawn, ("SSC-A", "FSC-H"), strict=True):
        polygon = np.array(next(csv.reader([numbers])), dtype=float).reshape(2, int(corners)).T
        points = np.column_stack([data.column("FSC-A"), data.column(other)])
        keep &= Polygon(polygon).contains_points(points)
    return data.events[keep], data.channels


@pytest.mark.parametrize("gated", [scatter_gated, lab_gated])
def test_real_single_stains_give_the_published_matrix(shared, gated):
    truth = published(shared)

    def tube(name):
        events, channels = gated(shared, name)
        return events[:, [channels.index(channel) for channel in truth.channels]]

    stains = {channel: tube(name) for name, channel in STAINS.items()}
    found = spillover_from_single_stains(stains, truth.channels, tube("Unstained"))
    for name, channel in STAINS.items():
        row = truth.channels.index(channel)
        assert np.abs(found.spillover.matrix[row] - truth.matrix[row]).max() <= FIGURE[name], name
    assert found.findings == ()


def test_a_second_compensation_mirrors_the_shoulder_and_is_noticed(shared):
    """FITC+ cells' PE median: far above zero uncompensated, near zero once, as far below twice."""
    spillover = published(shared)
    events, channels = scatter_gated(shared, "FITC")
    once = compensate(events, channels, spillover)
    twice = compensate(once, channels, spillover)
    bright = events[:, channels.index("Alexa Fluor 488-A")] > 5000
    pe = channels.index("PE-A")
    shoulder, level, mirrored = (float(np.median(stage[bright, pe])) for stage in (events, once, twice))
    assert 1300 < shoulder < 1700
    assert abs(level) < 60
    assert -1700 < mirrored < -1300
    assert overcompensated(events, channels, spillover) == ()
    assert overcompensated(once, channels, spillover) == ()
    noticed = {remark.entity for remark in overcompensated(twice, channels, spillover)}
    assert "channel:PE-A" in noticed
