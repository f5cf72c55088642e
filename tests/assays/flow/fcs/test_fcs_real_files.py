"""Every real FCS file against FlowIO wherever FlowIO reads it, and against what the manifest knows."""

from __future__ import annotations

import csv
import re
import warnings
from pathlib import Path

import flowio
import numpy as np
import pytest

from exoraw.assays.flow.fcs import FcsData, header, read_fcs
from exoraw.assays.flow.fcs.findings import FINDINGS, remark

# What FlowIO 1.4 cannot read, and why; everything else must be read by both and be equal.
FLOWIO_REFUSES = {
    "Data003.fcs": "24-bit integers",
    "sample006.fcs": "24-bit integers",
    "Cytek xP5.fcs": "24-bit integers",
    "Beckman Coulter - Cytomics FC500.LMD": "10-bit integers in 16-bit words",
    "aq1endun9epg7tm.fcs": "zero events",
    "Partec - CyFlow v2.9.fcs": "a hundred blanks before $DATATYPE",
}
# FlowIO needs the HEADER's offsets here: those among the keywords point 434 and 46 bytes elsewhere.
HEADER_IS_RIGHT = ("Accuri - C6.fcs", "Beckman Coulter - Cyan.fcs")
TIMESTEP_OF_X = ("variable_int_example.fcs",)  # FlowIO's conversion dies on $TIMESTEP = xxxxxxxxx


def fcs_files(shared: Path) -> list[Path]:
    folder = shared / "data" / "flow"
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".fcs", ".lmd"))


@pytest.fixture(scope="module")
def every_file(shared: Path) -> list[Path]:
    files = fcs_files(shared)
    assert len(files) > 30
    return files


def flowio_reads(path: Path) -> flowio.FlowData | None:
    """FlowIO's reading of the first dataset, with the fewest flags that let it read; None where it fails."""
    flag_sets = [
        {},
        {"ignore_offset_error": True},
        {"ignore_offset_discrepancy": True, "ignore_offset_error": True},
    ]
    if path.name in HEADER_IS_RIGHT:
        flag_sets = [{"use_header_offsets": True, "ignore_offset_error": True}]
    for flags in flag_sets:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = flowio.FlowData(path, nextdata_offset=0, **flags)
            except Exception:  # noqa: BLE001 (59 % of its errors are undocumented types)
                continue
        if found.events is not None and found.event_count:
            return found
    return None


def test_raw_values_equal_flowio_wherever_flowio_reads(every_file: list[Path]):
    read_by_both = 0
    for path in every_file:
        theirs = flowio_reads(path)
        if theirs is None:
            assert path.name in FLOWIO_REFUSES, f"FlowIO fails on {path.name} for a reason we do not know"
            continue
        assert path.name not in FLOWIO_REFUSES, f"FlowIO reads {path.name} now"
        ours = read_fcs(path)
        raw = theirs.as_array(preprocess=False)
        assert ours.raw.shape == raw.shape, path.name
        np.testing.assert_array_equal(ours.raw.astype(np.float64), raw, err_msg=path.name)
        read_by_both += 1
    assert read_by_both == len(every_file) - len(FLOWIO_REFUSES)


def test_linear_values_equal_flowio_outside_the_time_channel(every_file: list[Path]):
    compared = 0
    for path in every_file:
        theirs = flowio_reads(path)
        if theirs is None or path.name in TIMESTEP_OF_X or "discrepancy" in path.name:
            continue
        ours = read_fcs(path)
        linear = theirs.as_array(preprocess=True)
        for place, parameter in enumerate(ours.parameters):
            if parameter.is_time:
                continue  # FlowIO multiplies by $TIMESTEP and divides by the gain; we do neither to events
            expected = linear[:, place]
            np.testing.assert_allclose(
                ours.events[:, place], expected, rtol=1e-12, atol=0, err_msg=f"{path.name} {parameter.name}"
            )
            compared += 1
    assert compared > 400


def test_time_in_seconds_is_ticks_times_timestep_without_the_gain(every_file: list[Path]):
    seen = 0
    for path in every_file:
        theirs = flowio_reads(path)
        ours = read_fcs(path)
        if theirs is None or ours.time_seconds is None or theirs.time_index is None:
            continue
        step = float(theirs.text["timestep"])
        ticks = theirs.as_array(preprocess=False)[:, theirs.time_index]
        np.testing.assert_allclose(ours.time_seconds, ticks * step, rtol=1e-12, err_msg=path.name)
        seen += 1
    assert seen > 10


def test_every_file_has_the_shape_the_manifest_knows(shared: Path):
    folder = shared / "data" / "flow"
    with (folder / "MANIFEST.tsv").open(newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    checked = 0
    for row in rows:
        shape = re.search(r"(\d+) ?x ?(\d+)$", row["format"] or "") if row["format"] else None
        if shape is None or (folder / row["file"]).suffix.lower() not in (".fcs", ".lmd"):
            continue
        data = read_fcs(folder / row["file"])
        assert data.events.shape == (int(shape[1]), int(shape[2])), row["file"]
        assert data.version == row["format"][3:6], row["file"]
        truth = re.fullmatch(r"(\d+) x (\d+)", row["known_truth"] or "")
        if truth:
            assert data.events.shape == (int(truth[1]), int(truth[2])), row["file"]
        checked += 1
    assert checked > 30


def test_every_finding_of_every_file_is_listed_with_meaning_and_advice(every_file: list[Path]):
    known = {kind.code for kind in FINDINGS}
    seen: set[str] = set()
    for path in every_file:
        for dataset in header(path).datasets:
            seen |= {finding.code for finding in read_fcs(path, dataset.index).findings}
    assert seen <= known
    assert {"offsets_disagree", "bits_masked", "spillover_identity", "log_offset_zero", "conversion"} <= seen
    assert all(kind.meaning and kind.advice for kind in FINDINGS)


def test_the_documentation_page_lists_every_finding_as_the_code_has_it(project: Path):
    page = (project / "docs" / "formats" / "fcs.md").read_text()
    for kind in FINDINGS:
        severity = remark(kind.code, "").severity
        assert f"| `{kind.code}` | {severity} | {kind.meaning} | {kind.advice} |" in page


def test_header_counts_the_events_that_the_reader_finds(every_file: list[Path]):
    for path in every_file:
        probed = header(path)
        for dataset in probed.datasets:
            data = read_fcs(path, dataset.index)
            assert dataset.size == len(data), path.name
            assert dataset.fields["$PAR"].lstrip("0") == str(len(data.channels))


def zoo(shared: Path, name: str) -> FcsData:
    (path,) = [p for p in fcs_files(shared) if p.name.startswith(name)]
    return read_fcs(path)


@pytest.mark.parametrize(
    ("name", "events"),
    [("coulter", 18110), ("Beckman Coulter - Cytomics FC500", 27072), ("Beckman Coulter - Gallios", 26383)],
)
def test_second_set_of_an_lmd_repeats_the_events_of_the_first(shared: Path, name: str, events: int):
    (path,) = [p for p in fcs_files(shared) if p.name.startswith(name)]
    first, second = header(path).datasets
    assert (first.size, first.duplicate_of) == (events, None)
    assert (second.size, second.duplicate_of) == (events, 0)
    old, new = read_fcs(path, 0), read_fcs(path, 1)
    # 10-bit and 20-bit forward scatter of the same cells rank them alike
    ranks = [np.argsort(np.argsort(data.events[:, 0])) for data in (old, new)]
    assert np.corrcoef(ranks)[0, 1] > 0.9


def test_instrument_serial_and_date_are_read_as_written(shared: Path):
    (path,) = [p for p in fcs_files(shared) if p.name == "B01 KC-A-W---91-US.fcs"]
    probed = header(path)
    assert (probed.make, probed.model, probed.serial) == ("BD", "BD Accuri C6 Plus", "R660517590125")
    assert probed.acquired_at == "2019-02-19T21:28:25"


def test_header_offsets_win_where_those_of_the_keywords_lie_over_the_keywords(shared: Path):
    data = zoo(shared, "Accuri - C6")
    (finding,) = [f for f in data.findings if f.code == "offsets_disagree"]
    assert "2,960" in finding.message
    assert "2,526" in finding.message
    assert data.column("Time").min() >= 0
    assert np.all(np.diff(data.column("Time")) >= 0)  # only the right place gives a clock that runs forward


def test_garbage_above_ten_bits_is_masked_and_counted(shared: Path):
    data = zoo(shared, "System II")
    assert data.raw.max() == 1023
    (finding,) = [f for f in data.findings if f.code == "bits_masked"]
    assert finding.value == 6 * len(data)


def test_matrix_with_parameter_numbers_gets_channel_names(shared: Path):
    codes = {f.code for f in zoo(shared, "Accuri - C6").findings}
    assert {"spillover_numbers", "spillover_identity"} <= codes


def test_the_matrix_of_the_file_is_the_one_flowio_shows(shared: Path):
    (path,) = [p for p in fcs_files(shared) if p.name == "Activation_1.fcs"]
    data = read_fcs(path)
    parts = flowio.FlowData(path).text["spill"].split(",")
    n = int(parts[0])
    assert data.spillover is not None
    assert data.spillover.channels == tuple(parts[1 : 1 + n])
    expected = np.array(parts[1 + n :], dtype=float).reshape(n, n)
    np.testing.assert_allclose(data.spillover.matrix, expected / expected.diagonal()[:, None])


def test_time_that_says_x_is_not_known_instead_of_wrong(shared: Path):
    data = zoo(shared, "variable_int_example")
    assert data.time_seconds is None
    assert "time_step" in {f.code for f in data.findings}


def test_columns_by_marker_name_are_the_same_as_in_the_whole_file(shared: Path):
    (path,) = [p for p in fcs_files(shared) if p.name == "Beckman Coulter - Cytomics FC500.LMD"]
    whole = read_fcs(path)
    part = read_fcs(path, channels=["CD4-PE", "FS Lin"])
    assert part.channels == ("FL2 Log", "FS Lin")
    np.testing.assert_array_equal(part.events[:, 0], whole.column("CD4-PE"))
    np.testing.assert_array_equal(part.raw[:, 1], whole.raw[:, whole.index("FS Lin")])
