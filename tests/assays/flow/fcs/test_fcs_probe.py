"""What the inventory learns from HEADER and keywords: dates, instruments, repeated datasets."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from exoraw.assays.flow.fcs import FcsDataset, header, write_datasets, write_fcs
from exoraw.io.errors import FormatError

EVENTS = np.ones((5, 2), np.float32)
NAMES = ["FSC-A", "FITC-A"]


def probed(tmp_path: Path, **keywords: str):
    return header(write_fcs(tmp_path / "a.fcs", EVENTS, NAMES, keywords=keywords))


@pytest.mark.parametrize(
    ("date", "time", "iso"),
    [
        ("28-JUL-2015", "21:23:41", "2015-07-28T21:23:41"),
        ("24-Jun-03", "15:59:18", "2003-06-24T15:59:18"),
        ("11-Jun-98", "07:56:18.50", "1998-06-11T07:56:18"),
        ("21 Dec 2010", "9:05:00:31", "2010-12-21T09:05:00"),
        ("2015-Jul-28", "21:23:41", "2015-07-28T21:23:41"),
        ("28-06-2006", "nonsense", "2006-06-28"),
        ("28-06-2006", "25:00:00", "2006-06-28"),
        ("31-Foo-2006", "21:23:41", ""),
        ("99-JAN-2006", "21:23:41", ""),
        ("yesterday", "21:23:41", ""),
    ],
)
def test_dates_as_instruments_write_them_become_iso(tmp_path: Path, date: str, time: str, iso: str):
    assert probed(tmp_path, **{"$DATE": date, "$BTIM": time}).acquired_at == iso


def test_the_date_and_time_of_version_3_2_wins(tmp_path: Path):
    found = probed(tmp_path, **{"$DATE": "28-JUL-2015", "$BEGINDATETIME": "2026-11-20T09:30:00+01:00"})
    assert found.acquired_at == "2026-11-20T09:30:00+01:00"


@pytest.mark.parametrize(
    ("cytometer", "make"),
    [
        ("LSRFortessa", "BD"),
        ("CytoFLEX S", "Beckman Coulter"),
        ("Attune NxT", "Thermo Fisher"),
        ("MACSQuant 16", "Miltenyi Biotec"),
        ("Aurora", "Cytek"),
        ("home-made", ""),
    ],
)
def test_the_maker_is_known_from_the_cytometer_s_name(tmp_path: Path, cytometer: str, make: str):
    found = probed(tmp_path, **{"$CYT": cytometer, "CYTNUM": "H48"})
    assert (found.make, found.model, found.serial) == (make, cytometer, "H48")


def test_a_header_can_be_sent_to_a_worker(tmp_path: Path):
    found = probed(tmp_path, **{"TUBE NAME": "MDA_DOX_1"})
    assert pickle.loads(pickle.dumps(found)) == found
    assert found.datasets[0].fields["TUBE NAME"] == "MDA_DOX_1"


def test_very_long_keywords_stay_out_of_the_inventory(tmp_path: Path):
    found = probed(tmp_path, HISTORY="x" * 5_000, NOTE="y" * 100)
    assert "HISTORY" not in found.datasets[0].fields
    assert found.datasets[0].fields["NOTE"] == "y" * 100


def test_equal_counts_alone_make_no_repeated_dataset(tmp_path: Path):
    def two(first: str, second: str) -> list[int | None]:
        path = write_datasets(
            tmp_path / "two.lmd",
            [
                FcsDataset(EVENTS, NAMES, "2.0", keywords={"@CYTOMETERID": "AE1", "@TUBENO": first}),
                FcsDataset(EVENTS, NAMES, "3.0", keywords={"@CYTOMETERID": "AE1", "@TUBENO": second}),
            ],
        )
        return [dataset.duplicate_of for dataset in header(path).datasets]

    assert two("1", "1") == [None, 0]
    assert two("1", "2") == [None, None]


def test_an_unreadable_number_of_events_is_no_reason_to_hide_the_file(tmp_path: Path):
    path = write_fcs(tmp_path / "a.fcs", EVENTS, NAMES)
    path.write_bytes(path.read_bytes().replace(b"$TOT/5", b"$TOT/x"))
    assert header(path).datasets[0].size is None


def test_another_kind_of_file_is_refused(tmp_path: Path):
    path = tmp_path / "a.fcs"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    with pytest.raises(FormatError, match="'FCS' and a version"):
        header(path)
