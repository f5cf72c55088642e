"""Damaged and hostile files: a FormatError or a finding, in bounded time and memory, never silence."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from exoraw.assays.flow.fcs import FcsDataset, header, read_fcs, write_datasets, write_fcs
from exoraw.assays.flow.spillover import Spillover
from exoraw.io.errors import FormatError

CAMPAIGN = Path(__file__).with_name("fuzz_campaign.py")
EVENTS = np.arange(300, dtype=np.float32).reshape(100, 3)
NAMES = ["FSC-A", "PE-A", "Time"]


def run_campaign(count: int, seed: int, real: Path | None) -> dict[str, object]:
    command = [sys.executable, str(CAMPAIGN), "--count", str(count), "--seed", str(seed)]
    if real is not None:
        command += ["--real", str(real)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def assert_clean(found: Mapping[str, object], count: int) -> None:
    assert found["defects"] == []
    assert found["mutants"] == count
    outcomes = found["outcomes"]
    assert isinstance(outcomes, dict)
    assert set(outcomes) <= {"refused", "same", "warned", "noted", "recorded"}
    assert min(outcomes[kind] for kind in ("refused", "same", "warned")) > count / 20  # all were exercised
    assert outcomes.get("recorded", 0) < 0.03 * count  # only legal changes of a scale go without a warning


def test_three_hundred_damaged_files_are_refused_or_told_about():
    assert_clean(run_campaign(300, seed=11, real=None), 300)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", [101, 102])
def test_ten_thousand_damaged_files_are_refused_or_told_about_in_time_and_memory(shared: Path, seed: int):
    found = run_campaign(10_000, seed, shared / "data" / "flow")
    assert_clean(found, 10_000)
    assert isinstance(found["slowest_cpu_s"], float)
    assert found["slowest_cpu_s"] < 1.0
    assert isinstance(found["peak_mb"], float)
    assert found["peak_mb"] < 200.0


# ------------------------------------------------------------------------------- one damage, one remark


def edit(tmp_path: Path, old: bytes, new: bytes, **options: object) -> Path:
    """A sound file in which the same number of bytes was changed once."""
    assert len(old) == len(new)
    path = write_fcs(tmp_path / "edited.fcs", EVENTS, NAMES, timestep=0.5, **options)  # type: ignore[arg-type]
    content = path.read_bytes()
    assert content.count(old) >= 1
    path.write_bytes(content.replace(old, new, 1))
    return path


def codes(path: Path) -> set[str]:
    return {finding.code for finding in read_fcs(path).findings}


def test_truncated_file_keeps_whole_events_and_says_so(tmp_path: Path):
    path = write_fcs(tmp_path / "cut.fcs", EVENTS, NAMES, version="2.0")
    path.write_bytes(path.read_bytes()[:-7])
    data = read_fcs(path)
    np.testing.assert_array_equal(data.events, EVENTS[:99])
    (finding,) = [f for f in data.findings if f.code == "truncated"]
    assert (finding.severity, finding.value, finding.limit) == ("error", 99.0, 100.0)
    assert "says 100 events but holds 99" in finding.message


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"$BYTEORD/1,2,3,4", b"$BYTEORD/4,3,2,1", "byte_order_doubtful"),
        (b"$BYTEORD/1,2,3,4", b"$BYTEORD/4,3,2,1", "implausible_values"),
        (b"$TOT/100", b"$TOT/099", "data_length_mismatch"),
        (b"$TOT/100", b"$TOT/900", "truncated"),
        (b"$P1N/FSC-A", b"$P1N/PE-A ", "name_duplicate"),
        (b"/$P2N/PE-A", b"/$P2N/    ", "name_missing"),
        (b"$P2R/262144", b"$P2R/000000", "range_missing"),
        (b"$P2R/262144", b"$P2R/000020", "above_range"),
        (b"$TIMESTEP/0.5", b"$TIMESTEP/xxx", "time_step"),
        (b"$P3N/Time", b"$P3N/Tome", "time_step"),
        (b"$TIMESTEP/", b"$TIMESTOP/", "keyword_lookalike"),
        (b"$P3E/0,0", b"$P3E/9,9", "log_on_float"),
        (b"$P3E/0,0", b"$P3E/?,0", "amplification_odd"),
        (b"/$MODE/L", b"/#MODE/L", "keyword_missing"),
        (b"FCS3.1", b"FCS7.1", "version_unknown"),
        (b"$NEXTDATA/000000000000000", b"$NEXTDATA/000000000000070", "next_dataset"),
        (b"$BEGINSTEXT/000000000000000", b"$BEGINSTEXT/000000000000070", "stext_unreadable"),
        (b"$BEGINDATA/00000", b"$BEGINDATA/00001", "offsets_unreadable"),
        (b"$ENDDATA/00000", b"$ENDDATA/00001", "offsets_disagree"),
        (b"/$P3B/", b"/$P2B/", "keyword_duplicate"),
    ],
)
def test_a_changed_keyword_leaves_its_remark(tmp_path: Path, old: bytes, new: bytes, code: str):
    if code == "keyword_duplicate":
        new, old = b"/$P2B/99/$P3R/", b"/$P2B/32/$P3R/"
        path = write_fcs(tmp_path / "e.fcs", EVENTS, NAMES)
        content = path.read_bytes().replace(b"/$P3B/32", b"/$P2B/31")
        path.write_bytes(content)
    else:
        path = edit(tmp_path, old, new)
    assert code in codes(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"$PAR/3", b"$PAR/2", r"\$PAR = 3"),
        (b"$PAR/3", b"$PAR/4", r"no \$P4B"),
        (b"$PAR/3", b"$PAR/x", "a whole number"),
        (b"$DATATYPE/F", b"$DATATYPE/Q", "I, F, D or A"),
        (b"$MODE/L", b"$MODE/C", "list mode"),
        (b"$BYTEORD/1,2,3,4", b"$BYTEORD/1,1,1,1", "byte order"),
        (b"$TOT/100", b"$TOT/-10", "number of events"),
        (b"FCS3.1", b"FCS1.0", "FCS 2.0 or later"),
        (b"FCS3.1", b"PK\3\4ab", "'FCS' and a version"),
        (b"      58", b"  999999", "keywords"),
    ],
)
def test_what_cannot_be_read_is_refused_with_place_and_reason(
    tmp_path: Path, old: bytes, new: bytes, message: str
):
    path = edit(tmp_path, old, new)
    with pytest.raises(FormatError, match=message) as caught:
        read_fcs(path)
    assert str(path) in str(caught.value)
    assert caught.value.position is not None
    assert caught.value.expected
    assert caught.value.found


def test_unknown_channels_and_datasets_name_what_there_is(tmp_path: Path):
    path = write_fcs(tmp_path / "a.fcs", EVENTS, NAMES, markers=["", "CD24", ""])
    with pytest.raises(FormatError, match="Did you mean 'PE-A'"):
        read_fcs(path, channels=["PE-H"])
    with pytest.raises(FormatError, match="dataset number 3"):
        read_fcs(path, 3)
    with pytest.raises(FormatError, match="a channel named 'CD44'"):
        read_fcs(path).column("CD44")
    assert read_fcs(path).index("cd24") == 1


def test_a_dataset_that_nothing_points_to_is_told(tmp_path: Path):
    path = write_datasets(tmp_path / "two.fcs", [FcsDataset(EVENTS, NAMES), FcsDataset(EVENTS, NAMES)])
    content = path.read_bytes()
    (step,) = {int(part[:15]) for part in content.split(b"$NEXTDATA/")[1:] if int(part[:15])}
    path.write_bytes(content.replace(b"$NEXTDATA/%015d" % step, b"$NEXTDATA/" + b"0" * 15))
    assert {"next_dataset", "trailing_bytes"} <= codes(path)


# ------------------------------------------------------------------------------- hostile files


def raw_fcs(text: bytes, data: bytes = b"", version: bytes = b"3.0") -> bytes:
    begin, end = 58, 58 + len(text) - 1
    first, last = (end + 1, end + len(data)) if data else (0, 0)
    offsets = b"".join(b"%8d" % offset for offset in (begin, end, first, last, 0, 0))
    return b"FCS" + version + b"    " + offsets + text + data


def keywords(channels: int, **more: str) -> bytes:
    pairs = {"$PAR": str(channels), "$TOT": "4", "$DATATYPE": "I", "$MODE": "L", "$BYTEORD": "1,2,3,4"}
    pairs |= {"$NEXTDATA": "0", **{f"${key}": value for key, value in more.items()}}
    for n in range(1, channels + 1):
        pairs |= {f"$P{n}B": "16", f"$P{n}R": "1024", f"$P{n}E": "0,0", f"$P{n}N": f"C{n}"}
    return b"/" + b"".join(f"{key}/{value}/".encode() for key, value in pairs.items())


def hostile() -> dict[str, bytes]:
    big = 256
    matrix = ",".join([str(big), *(f"C{n}" for n in range(1, big + 1)), *["0.5"] * big * big])
    one = raw_fcs(keywords(1, NEXTDATA="58"), b"\0" * 8)
    letters = keywords(1, DATATYPE="A").replace(b"$P1B/16", b"$P1B/*")
    shared = b"/$NEXTDATA/58/" + b"a/b/" * 49_000
    heads = (b"FCS3.0    %8d%8d" % (60_000 - 58 * k, 59_999 - 58 * k + len(shared)) for k in range(1_000))
    crowd = b"".join(head.ljust(58) for head in heads).ljust(60_000) + shared
    return {
        "only delimiters": raw_fcs(b"/" * 3_900_000),
        "as many keywords as allowed": raw_fcs(b"/" + b"a/b/" * 49_000),
        "too many keywords": raw_fcs(b"/" + b"a/b/" * 60_000),
        "one endless value": raw_fcs(b"/$PAR/" + b"9" * 3_900_000 + b"/a/b/"),
        "escapes without end": raw_fcs(b"/k/v" + b"//" * 40_000 + b"x/"),
        "huge number of events": raw_fcs(keywords(1, TOT="9" * 18), b"\0" * 64),
        "huge number of channels": raw_fcs(keywords(1, PAR="9" * 9), b"\0" * 64),
        "ten thousand channels": raw_fcs(keywords(10_000, TOT="20"), b"\1" * 400_000),
        "dataset that points to itself": one.replace(b"$NEXTDATA/58/", b"$NEXTDATA/00/"),
        "a thousand datasets that share keywords": crowd,
        "matrix of 256 equal dyes": raw_fcs(keywords(big, SPILLOVER=matrix), b"\1" * big * 8),
        "text behind the end": raw_fcs(keywords(1))[:40],
        "bits without end": raw_fcs(keywords(1).replace(b"$P1B/16", b"$P1B/1"), b"\xff" * 1_000_000),
        "digits that are none": raw_fcs(letters, b"1 2 x 4 "),
        "a zip file": b"PK\3\4" + b"\0" * 500,
        "nothing but blanks": b" " * 5_000,
    }


@pytest.mark.parametrize("name", list(hostile()))
def test_hostile_files_cost_little_time_and_memory(tmp_path: Path, name: str):
    path = tmp_path / "hostile.fcs"
    path.write_bytes(hostile()[name])
    tracemalloc.start()
    started = time.process_time()
    try:
        for read in (read_fcs, header):
            try:
                read(path)
            except FormatError as error:
                assert error.expected  # noqa: PT017 (either outcome is right; only its cost is bounded)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        spent = time.process_time() - started
        tracemalloc.stop()
    assert peak < 150 * 2**20
    assert (
        spent < 20.0
    )  # a generous ceiling under a tracer and on a busy machine: quadratic work takes minutes


def test_a_damaged_dataset_does_not_hide_the_sound_one_before_it(tmp_path: Path):
    path = write_datasets(tmp_path / "two.fcs", [FcsDataset(EVENTS, NAMES), FcsDataset(EVENTS, NAMES)])
    content = bytearray(path.read_bytes())
    second = content.find(b"FCS3.1", 10)
    content[second + 10 : second + 26] = b" " * 16
    path.write_bytes(bytes(content))
    assert [dataset.size for dataset in header(path).datasets] == [100]
    np.testing.assert_array_equal(read_fcs(path).events, EVENTS)
    with pytest.raises(FormatError, match="place of the keywords"):
        read_fcs(path, 1)


# ------------------------------------------------------------------------------- rarer remarks


def replaced(path: Path, *changes: tuple[bytes, bytes]) -> Path:
    """The same file with bytes exchanged, once each."""
    content = path.read_bytes()
    for old, new in changes:
        assert len(old) == len(new)
        assert old in content
        content = content.replace(old, new, 1)
    path.write_bytes(content)
    return path


def text_end(path: Path, move: int) -> Path:
    """The same file with the declared end of the keywords moved."""
    end = int(path.read_bytes()[18:26])
    return replaced(path, (b"%8d" % end, b"%8d" % (end + move)))


def test_rarer_damage_leaves_its_own_remark(tmp_path: Path):
    path = tmp_path / "rare.fcs"
    whole = np.random.default_rng(3).integers(0, 30_000, (500, 3))
    broken = EVENTS.copy()
    broken[4, 1] = np.nan
    matrix = Spillover(("FSC-A", "PE-A"), np.array([[1.0, 0.2], [0.1, 1.0]]), "test")
    other = "2,FSC-A,PE-A,1,0.5,0.1,1"

    def sound(**options: object) -> Path:
        return write_fcs(path, EVENTS, NAMES, **options)  # type: ignore[arg-type]

    def integers(**options: object) -> Path:
        return write_fcs(path, whole, NAMES, datatype="I", **options)  # type: ignore[arg-type]

    made = {
        "not_finite": lambda: write_fcs(path, broken, NAMES),
        "bits_ignored": lambda: replaced(sound(), (b"$P1B/32", b"$P1B/16")),
        "log_and_gain": lambda: integers(amplification={"PE-A": (4, 1)}, gains={"PE-A": 2.0}),
        "log_offset_zero": lambda: replaced(integers(), (b"$P1E/0,0", b"$P1E/4,0")),
        "spillover_several": lambda: sound(spillover=matrix, keywords={"SPILL": other}),
        "spillover_unusable": lambda: sound(keywords={"SPILL": other.replace("PE-A", "XX-A")}),
        "spillover_dfc": lambda: write_fcs(
            path, whole, ["FL1-H", "FL2-H", "Time"], datatype="I", keywords={"$DFC1TO2": "12.5"}
        ),
        "text_unpaired": lambda: replaced(sound(timestep=0.5), (b"/$TIMESTEP/", b"/$TIMESTEP_")),
        "text_cut": lambda: text_end(sound(keywords={"$CYT": "Aria", "$SYS": "x"}), -200),
        "text_end": lambda: text_end(sound(keywords={"$CYT": "Aria"}), -1),
        "segments_overlap": lambda: text_end(sound(), +40),
        "keyword_unreadable": lambda: replaced(sound(gains={"PE-A": 2.0}), (b"$P2G/2.0", b"$P2G/x.0")),
        "parameters_beyond_par": lambda: sound(keywords={"$P9N": "ghost"}),
        "byte_order_doubtful": lambda: replaced(integers(bits=16), (b"1,2,3,4", b"4,3,2,1")),
        "implausible_values": lambda: replaced(
            write_fcs(path, EVENTS + 1, NAMES, ranges=[2**32] * 3), (b"$DATATYPE/F", b"$DATATYPE/I")
        ),
        "bits_masked": lambda: replaced(integers(ranges=[32_768] * 3), (b"$P2R/32768", b"$P2R/01024")),
        "precision_lost": lambda: write_fcs(path, whole + 2**60, NAMES, datatype="I", bits=64),
        "text_encoding": lambda: sound(version="3.0", keywords={"OPERATOR": "Zoë"}),
        "text_empty_values": lambda: replaced(sound(keywords={"AB": "x/y"}), (b"AB/x//y", b"ABxy//z")),
        "time_not_monotonic": lambda: write_fcs(path, EVENTS[::-1], NAMES, timestep=0.1),
    }
    for code, make in made.items():
        path.unlink(missing_ok=True)
        assert code in codes(make()), code


def test_a_gain_and_a_log_scale_stand_on_the_record(tmp_path: Path):
    def record(gain: float, decades: float) -> str:
        path = write_fcs(
            tmp_path / "g.fcs",
            EVENTS.astype(int),
            NAMES,
            datatype="I",
            ranges=[1024] * 3,
            gains={"FSC-A": gain},
            amplification={"PE-A": (decades, 1.0)},
        )
        (finding,) = [f for f in read_fcs(path).findings if f.code == "conversion"]
        return finding.message

    assert "divided by gain 2.0: FSC-A" in record(2.0, 4.0)
    assert "4.0 decades from 1.0 over 1024.0 steps: PE-A" in record(2.0, 4.0)
    assert len({record(2.0, 4.0), record(2.5, 4.0), record(2.0, 4.5)}) == 3
