"""A population as an FCS file: stored values bit for bit, keywords kept, read back by ours and by FlowIO."""

from __future__ import annotations

import hashlib
import io
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw import __version__
from exoraw.assays.flow.fcs import FcsWriteError, read_fcs, write_fcs
from exoraw.assays.flow.gates import Dimension, NamedGate, Strategy, parse_strategy, populations_of, threshold
from exoraw.assays.flow.interop import write_population
from exoraw.assays.flow.interop.population_files import OFFSETS, write_populations
from exoraw.io.errors import FormatError

CHANGED = {*OFFSETS, "$TOT", "$BYTEORD", "$ORIGINALITY", "$LAST_MODIFIER"}


def made(folder, rng, **options):
    """A small file of 1,000 events with whole numbers, in whatever layout."""
    bits = options.get("bits", 16)
    top = min([bits] if isinstance(bits, int) else [each or 10 for each in bits])
    high = 1000 if options.get("datatype") == "A" else 2 ** min(top, 20)
    events = rng.integers(0, high, (1000, 3)).astype(float)
    keywords = {"$FIL": "übung.fcs", "LAB NOTE": "a | b / c", "EMPTY?": "-"}
    if options.get("version") == "2.0":
        keywords["$FIL"] = "ubung.fcs"
    given = {"datatype": "F", "keywords": keywords, "delimiter": "!", **options}
    return write_fcs(folder / "made.fcs", events, ["A", "B", "Time"], **given)


LAYOUTS = [
    {},
    {"datatype": "D", "byteorder": "big"},
    {"datatype": "I", "bits": 16, "version": "2.0", "byteorder": (2, 1)},
    {"datatype": "I", "bits": 32, "version": "3.0", "byteorder": (3, 4, 1, 2)},
    {"datatype": "I", "bits": (8, 16, 32), "byteorder": "big"},
    {"datatype": "I", "bits": 24, "version": "3.0"},
    {"datatype": "I", "bits": 10, "packed": True},
    {"datatype": "I", "bits": (10, 7, 12), "packed": True, "byteorder": "big"},
    {"datatype": "I", "bits": 10},
    {"datatype": "A", "bits": 6},
    {"datatype": "A", "bits": 0},
    {"datatype": "F", "version": "3.2", "datatypes": {"Time": "I"}},
    {"datatype": "I", "bits": 16, "amplification": {"A": (4.0, 1.0)}, "gains": {"B": 2.0}, "timestep": 0.01},
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=repr)
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_every_layout_is_copied_bit_for_bit(tmp_path, rng, layout, share):
    path = made(tmp_path, rng, **layout)
    mask = rng.random(1000) < share
    before = path.read_bytes()
    out = write_population(path, mask, tmp_path / "out.fcs", population=("cells", "CD44+/CD24-"))
    assert path.read_bytes() == before
    old, new = read_fcs(path), read_fcs(out)
    assert len(new) == mask.sum()
    np.testing.assert_array_equal(new.raw, old.raw[mask])
    np.testing.assert_array_equal(new.events, old.events[mask])
    assert new.version == ("3.2" if layout.get("version") == "3.2" else "3.1")
    assert {k: v for k, v in old.keywords.items() if k not in CHANGED}.items() <= new.keywords.items()
    assert new.keywords["$TOT"] == str(mask.sum())
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_the_file_says_where_it_comes_from_and_keeps_the_gates(tmp_path, rng):
    path = made(tmp_path, rng)
    data = read_fcs(path)
    strategy = Strategy(
        (
            NamedGate("bright", threshold(Dimension("A"), at_least=30_000.0)),
            NamedGate('"odd" | name/é', threshold(Dimension("B"), below=30_000.0), "bright"),
        )
    )
    tree = populations_of(strategy, data)
    out = write_populations(path, tree, tmp_path / "new", strategy=strategy)
    assert [p.name for p in out] == ["made.bright.fcs", "made.bright._odd_name_é.fcs"]
    words = read_fcs(out[1]).keywords
    assert words["EXORAW_POPULATION"] == 'bright/"odd" | name/é'
    assert words["EXORAW_SOURCE"] == "made.fcs"
    assert words["EXORAW_SOURCE_SHA256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert words["EXORAW_VERSION"] == __version__
    assert words["EXORAW_EVENTS"] == f"{tree.rows[1].count} of 1000"
    assert words["$ORIGINALITY"] == "DataModified"
    assert parse_strategy(words["EXORAW_GATES"]) == strategy
    again = write_populations(path, tree, tmp_path / "again", names=["bright"], strategy=strategy)
    assert again[0].read_bytes() == out[0].read_bytes()


def test_a_population_of_a_population_can_be_written(tmp_path, rng):
    path = made(tmp_path, rng)
    mask = rng.random(1000) < 0.5
    first = write_population(path, mask, tmp_path / "1.fcs", population="a")
    second = write_population(first, np.arange(mask.sum()) % 2 == 0, tmp_path / "2.fcs", population="b")
    np.testing.assert_array_equal(read_fcs(second).raw, read_fcs(path).raw[mask][::2])
    assert read_fcs(second).keywords["EXORAW_POPULATION"] == "b"


@pytest.mark.parametrize("mask", [np.ones(999, bool), np.ones((1000, 1), bool), np.ones(1000), np.arange(5)])
def test_a_mask_of_another_tube_is_refused(tmp_path, rng, mask):
    path = made(tmp_path, rng)
    with pytest.raises(FcsWriteError, match=r"has 1,000 events.*another tube"):
        write_population(path, mask, tmp_path / "out.fcs", population="a")
    assert not (tmp_path / "out.fcs").exists()


def test_the_tube_itself_is_never_written_over(tmp_path, rng):
    path = made(tmp_path, rng)
    before = path.read_bytes()
    with pytest.raises(FcsWriteError, match="never written over"):
        write_population(path, np.ones(1000, bool), path, population="a")
    (tmp_path / "link.fcs").symlink_to(path)
    with pytest.raises(FcsWriteError, match="never written over"):
        write_population(path, np.ones(1000, bool), tmp_path / "link.fcs", population="a")
    assert path.read_bytes() == before


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="!"), min_size=1, max_size=12)
        .map(str.strip)
        .filter(
            lambda key: (
                key.strip("\0").strip() and not key.startswith("$") and not key.upper().startswith("EXORAW")
            )
        ),
        st.text(st.characters(codec="utf-8", exclude_characters="!"), min_size=1, max_size=30),
        max_size=6,
    ),
    st.text(max_size=40),
)
@settings(max_examples=60, deadline=None)
def test_hostile_keywords_and_names_come_back(tmp_path_factory, keywords, population):
    folder = tmp_path_factory.mktemp("hostile")
    path = write_fcs(folder / "h.fcs", np.zeros((3, 1)), ["A"], keywords=keywords, delimiter="!")
    old = read_fcs(path)
    try:
        out = write_population(path, np.array([True, False, True]), folder / "o.fcs", population=population)
    except FcsWriteError:
        assert any(0xD800 <= ord(letter) < 0xE000 for letter in population)
        return
    new = read_fcs(out)
    kept = {key: value for key, value in old.keywords.items() if key not in CHANGED}
    assert kept.items() <= new.keywords.items()
    assert new.keywords["EXORAW_POPULATION"] == population.strip(" \0\t\r\n")


def real_files(shared):
    found = sorted(
        path for path in (shared / "data/flow").rglob("*") if path.suffix.lower() in {".fcs", ".lmd"}
    )
    assert len(found) > 30
    return found


def test_every_real_file_gives_its_population_bit_for_bit(shared, tmp_path, rng):
    written = 0
    for path in real_files(shared):
        try:
            old = read_fcs(path)
        except FormatError:
            continue
        mask = rng.random(len(old)) < 0.1
        out = write_population(path, mask, tmp_path / "o.fcs", population="tenth")
        new = read_fcs(out)
        np.testing.assert_array_equal(new.raw, old.raw[mask], err_msg=path.name)
        np.testing.assert_array_equal(new.events, old.events[mask], err_msg=path.name)
        assert (new.channels, new.markers, new.spillover) == (old.channels, old.markers, old.spillover)
        kept = {key: value for key, value in old.keywords.items() if key not in CHANGED}
        assert kept.items() <= new.keywords.items(), path.name
        written += 1
    assert written >= 30


def test_flowio_reads_the_same_values_from_population_and_tube(shared, tmp_path, rng):
    """FlowIO shares no code with us; what it reads of the tubes at all it must read of their populations."""
    import flowio

    same = 0
    for path in real_files(shared):
        if path.stat().st_size > 6_000_000:
            continue
        try:
            mask_of = len(read_fcs(path))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = flowio.FlowData(io.BytesIO(path.read_bytes()), use_header_offsets=True)
                tube = theirs.as_array(preprocess=False)
        except Exception:  # noqa: BLE001  whatever FlowIO raises on a file that it cannot read
            continue
        if theirs.event_count != mask_of or mask_of < 10:
            continue
        mask = rng.random(mask_of) < 0.2
        out = write_population(path, mask, tmp_path / "o.fcs", population="fifth")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = flowio.FlowData(io.BytesIO(out.read_bytes())).as_array(preprocess=False)
        np.testing.assert_array_equal(found, tube[mask], err_msg=path.name)
        same += 1
    assert same >= 15
