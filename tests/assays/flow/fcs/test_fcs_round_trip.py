"""What is written is what is read, for every variant of the standard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flowio
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exoraw.assays.flow.fcs import FcsDataset, FcsWriteError, header, read_fcs, write_datasets, write_fcs
from exoraw.assays.flow.spillover import Spillover

COMMON = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ORDERS = ["little", "big"]
ODD_ORDERS = [(3, 4, 1, 2), (2, 1, 4, 3)]
DELIMITERS = st.sampled_from(list("/|!\\\f\t*#;:\x1e~@."))
QUIET = {"conversion", "time_step", "several_datasets"}  # remarks that a sound file may have


def names(count: int) -> list[str]:
    return [f"FL{n}-A" for n in range(1, count + 1)]


def codes(path: Path, dataset: int = 0) -> set[str]:
    return {finding.code for finding in read_fcs(path, dataset).findings}


@COMMON
@given(
    data=st.data(),
    widths=st.lists(st.sampled_from([8, 16, 24, 32, 40, 48, 56, 64]), min_size=1, max_size=5),
    order=st.sampled_from(ORDERS),
    version=st.sampled_from(["2.0", "3.0", "3.1", "3.2"]),
    delimiter=DELIMITERS,
    count=st.integers(0, 50),
)
def test_integers_of_any_width_come_back(tmp_path, data, widths, order, version, delimiter, count):
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    events = np.stack(
        [
            rng.integers(0, 2**w, count, dtype=np.uint64, endpoint=False)
            if w < 64
            else rng.integers(0, 2**63, count, dtype=np.uint64)
            for w in widths
        ],
        axis=1,
    )
    path = write_fcs(
        tmp_path / "i.fcs",
        events,
        names(len(widths)),
        version=version,
        datatype="I",
        bits=widths,
        byteorder=order,
        delimiter=delimiter,
    )
    back = read_fcs(path)
    np.testing.assert_array_equal(back.raw, events)
    np.testing.assert_array_equal(back.events, events.astype(np.float64))
    expected = QUIET | ({"no_events"} if count == 0 else set()) | {"precision_lost"}
    assert codes(path) <= expected


@COMMON
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 40),
    columns=st.integers(1, 6),
    datatype=st.sampled_from(["F", "D"]),
    order=st.sampled_from([*ORDERS, *ODD_ORDERS]),
    version=st.sampled_from(["2.0", "3.0"]),
)
def test_decimals_in_every_byte_order_come_back(tmp_path, seed, count, columns, datatype, order, version):
    if datatype == "D" and isinstance(order, tuple):
        order = (5, 6, 7, 8, 1, 2, 3, 4)
    dtype = np.float32 if datatype == "F" else np.float64
    events = np.random.default_rng(seed).normal(0, 1000, (count, columns)).astype(dtype)
    path = write_fcs(
        tmp_path / "f.fcs", events, names(columns), version=version, datatype=datatype, byteorder=order
    )
    back = read_fcs(path)
    np.testing.assert_array_equal(back.events, events)
    assert back.events.dtype == dtype
    assert codes(path) <= QUIET | {"no_events"}


@COMMON
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 60),
    widths=st.lists(st.integers(1, 33), min_size=1, max_size=5),
    order=st.sampled_from(ORDERS),
    packed=st.booleans(),
)
def test_odd_bits_come_back_packed_or_in_words(tmp_path, seed, count, widths, order, packed):
    """How they lie is nowhere said: only the length of the data tells it."""
    rng = np.random.default_rng(seed)
    events = np.stack([rng.integers(0, 2**w, count, dtype=np.uint64) for w in widths], axis=1)
    path = write_fcs(
        tmp_path / "b.fcs",
        events,
        names(len(widths)),
        version="2.0",
        datatype="I",
        bits=widths,
        byteorder=order,
        packed=packed,
    )
    from exoraw.assays.flow.fcs.stored import possible_packings

    back = read_fcs(path)
    ways = possible_packings(back.parameters)
    length = ways[-1].data_bytes(count) if packed else ways[0].data_bytes(count)
    ambiguous = sum(way.data_bytes(count) in (length, length - 1) for way in ways) > 1
    if not ambiguous:
        np.testing.assert_array_equal(back.raw, events)
        if any(width % 8 for width in widths):
            assert "bits_stored_wider" in codes(path)


@COMMON
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 40),
    widths=st.one_of(
        st.lists(st.integers(3, 12), min_size=1, max_size=4),
        st.integers(1, 4).map(lambda n: [0] * n),
    ),
)
def test_digits_come_back_with_and_without_separators(tmp_path, seed, count, widths):
    rng = np.random.default_rng(seed)
    events = np.stack([rng.integers(0, 10 ** (w or 6), count) for w in widths], axis=1)
    path = write_fcs(tmp_path / "a.fcs", events, names(len(widths)), version="3.0", datatype="A", bits=widths)
    np.testing.assert_array_equal(read_fcs(path).events, events.astype(np.float64))


@COMMON
@given(
    seed=st.integers(0, 2**32 - 1),
    types=st.lists(st.sampled_from(["I", "F", "D"]), min_size=2, max_size=6),
    order=st.sampled_from(ORDERS),
    common=st.sampled_from(["I", "F", "D"]),
)
def test_mixed_types_of_version_3_2_come_back(tmp_path, seed, types, order, common):
    rng = np.random.default_rng(seed)
    columns = [
        rng.integers(0, 2**24, 30).astype(float)
        if t == "I"
        else rng.normal(0, 1e3, 30).astype(np.float32 if t == "F" else np.float64).astype(float)
        for t in types
    ]
    events = np.stack(columns, axis=1)
    channels = names(len(types))
    path = write_fcs(
        tmp_path / "m.fcs",
        events,
        channels,
        version="3.2",
        datatype=common,
        datatypes={c: t for c, t in zip(channels, types, strict=True) if t != common},
        bits=24 if "I" in types else None,
        byteorder=order,
    )
    back = read_fcs(path)
    np.testing.assert_array_equal(back.events, events)
    assert tuple(p.datatype for p in back.parameters) == tuple(types)


PLAIN = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/")
WRITTEN = st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_categories=["Cc"])
KEYS = st.text(PLAIN, min_size=1, max_size=12).filter(lambda key: not key.startswith("$"))
VALUES = (
    st.text(WRITTEN, min_size=1, max_size=30)
    .map(str.strip)
    .filter(lambda value: value and value[0] != "/" and value[-1] != "/")
)


@COMMON
@given(keywords=st.dictionaries(KEYS, VALUES, max_size=8))
def test_keywords_with_delimiters_and_accents_come_back(tmp_path, keywords):
    folded = {key.upper() for key in keywords}
    if len(folded) < len(keywords) or folded & {"SPILL", "SPILLOVER"}:
        return
    path = write_fcs(tmp_path / "k.fcs", np.ones((3, 1), np.float32), ["FSC-A"], keywords=keywords)
    back = read_fcs(path).keywords
    assert {key: back[key] for key in keywords} == keywords


def test_supplemental_keywords_gains_logs_and_markers_come_back(tmp_path):
    events = np.array([[0, 512, 100], [1023, 1024, 200]], np.uint32)
    path = write_fcs(
        tmp_path / "s.fcs",
        events,
        ["FL1-A", "FL2-A", "Time"],
        version="3.0",
        datatype="I",
        ranges=[1024, 2048, 65536],
        amplification={"FL1-A": (4, 1)},
        gains={"FL2-A": 8.0, "Time": 0.01},
        timestep=0.5,
        markers=["CD44", "CD24", ""],
        supplemental={"NOTE": "from the second TEXT"},
        keywords={"$DATE": "20-NOV-2026", "$BTIM": "13:05:07"},
    )
    back = read_fcs(path)
    np.testing.assert_allclose(back.column("CD44"), [1.0, 10 ** (4 * 1023 / 1024)])
    np.testing.assert_allclose(back.column("FL2-A"), [64.0, 128.0])
    np.testing.assert_allclose(back.column("Time"), [100, 200])
    np.testing.assert_allclose(back.time_seconds, [50.0, 100.0])
    np.testing.assert_array_equal(back.raw, events)
    assert back.keywords["NOTE"] == "from the second TEXT"
    assert header(path).acquired_at == "2026-11-20T13:05:07"
    assert back.saturated() == {"FL1-A": 1, "FL2-A": 0}
    assert back.at_floor() == {"FL1-A": 1, "FL2-A": 0}


def test_several_datasets_are_samples_of_their_own(tmp_path):
    first, second, third = (np.full((n, 2), n, np.float32) for n in (3, 5, 0))
    path = write_datasets(
        tmp_path / "three.fcs",
        [
            FcsDataset(first, ["A", "B"]),
            FcsDataset(second, ["C", "D"], version="3.0", supplemental={"X": "1"}, byteorder="big"),
            FcsDataset(third, ["E", "F"], version="2.0"),
        ],
    )
    assert [d.size for d in header(path).datasets] == [3, 5, 0]
    assert [d.duplicate_of for d in header(path).datasets] == [None, None, None]
    for number, events in enumerate((first, second, third)):
        np.testing.assert_array_equal(read_fcs(path, number).events, events)
        assert codes(path, number) <= QUIET | {"no_events"}


def test_offsets_that_do_not_fit_the_header_are_read_from_the_keywords(tmp_path):
    events = np.random.default_rng(0).normal(0, 100, (100, 3)).astype(np.float32)
    path = write_fcs(tmp_path / "o.fcs", events, names(3), header_offsets=False)
    assert path.read_bytes()[26:42].split() == [b"0", b"0"]
    np.testing.assert_array_equal(read_fcs(path).events, events)
    assert codes(path) <= QUIET


@pytest.mark.slow
def test_a_file_over_the_header_s_limit_is_written_and_read(tmp_path):
    events = np.random.default_rng(0).normal(0, 100, (1_600_000, 16)).astype(np.float32)
    path = write_fcs(tmp_path / "large.fcs", events, names(16), byteorder="big")
    assert path.stat().st_size > 99_999_999
    np.testing.assert_array_equal(read_fcs(path, channels=["FL16-A"]).events[:, 0], events[:, 15])


@pytest.mark.parametrize("version", ["2.0", "3.0", "3.1", "3.2"])
def test_a_spillover_matrix_comes_back(tmp_path, version):
    matrix = np.array([[1.0, 0.123456789], [0.01, 1.0]])
    path = write_fcs(
        tmp_path / "m.fcs",
        np.ones((2, 3), np.float32),
        ["FITC-A", "PE-A", "Time"],
        version=version,
        spillover=Spillover(("FITC-A", "PE-A"), matrix, "test"),
    )
    back = read_fcs(path, channels=["PE-A"]).spillover
    assert back is not None
    assert back.channels == ("FITC-A", "PE-A")
    np.testing.assert_array_equal(back.matrix, matrix)


@pytest.mark.parametrize("datatype", ["I", "F", "D"])
@pytest.mark.parametrize("order", ORDERS)
def test_flowio_reads_what_we_write(tmp_path, datatype, order):
    events = np.random.default_rng(1).integers(0, 1000, (200, 4))
    path = write_fcs(
        tmp_path / "w.fcs",
        events,
        names(4),
        datatype=datatype,
        byteorder=order,
        markers=["CD9", "", "CD63", "CD81"],
    )
    theirs = flowio.FlowData(path)
    np.testing.assert_array_equal(theirs.as_array(preprocess=False), events)
    assert theirs.pnn_labels == names(4)
    assert theirs.pns_labels == ["CD9", "", "CD63", "CD81"]


def test_the_same_columns_whether_alone_or_together(tmp_path):
    events = np.random.default_rng(2).normal(0, 1000, (30_000, 5)).astype(np.float32)
    for order in ORDERS:
        path = write_fcs(tmp_path / f"{order}.fcs", events, names(5), byteorder=order)
        part = read_fcs(path, channels=["FL4-A", "FL1-A"])
        np.testing.assert_array_equal(part.events, events[:, [3, 0]])
        np.testing.assert_array_equal(part.raw, events[:, [3, 0]])


def test_arrays_cannot_be_changed_by_accident(tmp_path):
    path = write_fcs(tmp_path / "r.fcs", np.ones((2, 2), np.float32), names(2))
    data = read_fcs(path)
    for array in (data.events, data.raw):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 5


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = write_fcs(tmp_path / "x.fcs", np.ones((2, 1), np.float32), ["A"])
    before = path.read_bytes()

    def full_disk(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("exoraw.assays.flow.fcs.writer.os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_fcs(path, np.zeros((5, 1), np.float32), ["A"])
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_negative_or_broken_numbers_are_not_written_as_integers(tmp_path):
    for value in (-1.0, 0.5, 256.0, np.nan):
        with pytest.raises(FcsWriteError, match="whole numbers from 0"):
            write_fcs(tmp_path / "x.fcs", np.full((2, 1), value), ["A"], datatype="I", bits=8)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"version": "3.1", "byteorder": (3, 4, 1, 2)}, "only little and big"),
        ({"datatypes": {"A": "I"}}, "need FCS 3.2"),
        ({"gains": {"Q": 2.0}}, "no channel is called Q"),
        ({"delimiter": "ab"}, "cannot separate"),
        ({"keywords": {"X": ""}}, "cannot be written"),
        ({"keywords": {"$TOT": "5"}}, "set by the writer"),
        ({"version": "2.0", "supplemental": {"X": "1"}}, "need FCS 3.0"),
        ({"version": "3.0", "keywords": {"X": "λ"}}, "FCS 3.1"),
        ({"version": "9.9"}, "does not exist"),
        ({"datatype": "I", "bits": [8, 8]}, "2 widths"),
        ({"datatype": "I", "bits": 65}, "no width"),
    ],
)
def test_what_the_standard_cannot_express_is_refused(tmp_path, options: dict[str, Any], message: str):
    with pytest.raises(FcsWriteError, match=message):
        write_fcs(tmp_path / "no.fcs", np.ones((2, 1)), ["A"], **options)
