"""Synthetic results folders for the report's tests: rows in, parquet files and evidence out."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exoraw.report import build_report
from exoraw.store.schemas import SCHEMA_MAJOR, SCHEMA_MINOR, TABLES

GROUPS = ("control", "exosomes", "DOX", "DOX + exosomes", "PTX", "PTX + exosomes")
SHARES = ("live", "early_apoptotic", "late_apoptotic", "necrotic")
DEATH = {  # late apoptotic %, early apoptotic %, necrotic %
    "control": (3.0, 4.0, 1.5),
    "exosomes": (4.5, 5.0, 2.0),
    "DOX": (22.0, 13.0, 5.0),
    "DOX + exosomes": (14.0, 11.0, 4.0),
    "PTX": (31.0, 17.0, 7.0),
    "PTX + exosomes": (20.0, 14.0, 5.0),
}
START = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)


class Folder:
    """A results folder in the making: append rows (dicts) to a table's list, then write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES if name != "objects"}
        self.redact: list[str] = []

    def __getitem__(self, table: str) -> list[dict[str, Any]]:
        return self.rows[table]

    def add(self, table: str, **row: Any) -> dict[str, Any]:
        """Append one row and return it."""
        self.rows[table].append(row)
        return row

    def number(self, sample: str, measure: str, value: float | None, **more: Any) -> None:
        """Append one measurement of the pipeline apoptosis."""
        key = f"{sample}{measure}{more.get('entity', '')}{len(self['measurements'])}"
        row = {
            "assay": "flow",
            "pipeline": "apoptosis",
            "unit": "%",
            "qc": "ok",
            "qc_codes": [],
            "entity": "",
            "target": "",
            "statistic": "",
            "curated": False,
            "task_id": "t",
        } | more
        self.add(
            "measurements",
            measurement_id=hashlib.sha256(key.encode()).hexdigest(),
            sample=sample,
            measure=measure,
            value=value,
            **row,
        )

    def sample(self, sample: str, **cells: Any) -> None:
        """Append one row of the sheet of the pipeline apoptosis."""
        row = {
            "pipeline": "apoptosis",
            "control_role": "",
            "excluded": False,
            "subject": "",
            "preparation": "",
            "sheet_row": len(self["samples"]) + 2,
            "files": [f"day1/{len(self['samples'])}.fcs"],
        }
        self.add("samples", sample=sample, **(row | cells))

    def evidence(self, sample: str, name: str, content: bytes, **more: Any) -> None:
        """Write a file of evidence and its row."""
        place = self.path / "evidence" / "task.1" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        row = {
            "task_id": "t",
            "assay": "flow",
            "pipeline": "apoptosis",
            "kind": "picture",
            "entity": "",
            "caption": f"Gates of {sample}",
            "sha256": hashlib.sha256(content).hexdigest(),
        } | more
        self.add("artefacts", path=place.relative_to(self.path).as_posix(), sample=sample, **row)

    def write(self, without: tuple[str, ...] = ()) -> Path:
        """Write every table that has a schema and is not in `without`."""
        self.path.mkdir(parents=True, exist_ok=True)
        manifest = {
            "schema": {"major": SCHEMA_MAJOR, "minor": SCHEMA_MINOR},
            "exoraw": "0.1.0",
            "redact": self.redact,
        }
        (self.path / "exoraw.json").write_text(json.dumps(manifest), "utf-8")
        for name, rows in self.rows.items():
            if name not in without:
                pq.write_table(_table(name, rows), self.path / f"{name}.parquet")
        return self.path


def _table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    schema = TABLES[name].schema
    extra = dict.fromkeys(key for row in rows for key in row if key not in schema.names)
    for key in extra:
        schema = schema.append(pa.field(key, pa.string()))
    return pa.Table.from_pylist([{field: row.get(field) for field in schema.names} for row in rows], schema)


def png(width: int, height: int, seed: int = 0) -> bytes:
    """Return a grey picture of noise as PNG, so that its size cannot be compressed away."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 256, (height, width), dtype=np.uint8)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _run(folder: Folder) -> None:
    versions = json.dumps({"numpy": "2.4.6", "pandas": "3.1.1", "dask": "2026.8.0", "pyarrow": "26.0.0"})
    folder.add(
        "runs",
        run_id="20261120T210000Z-ab12",
        started_at=START,
        finished_at=START + timedelta(seconds=94),
        outcome="complete",
        exoraw_version="0.1.0",
        python_version="3.11.7",
        platform="Linux x86_64",
        dependencies=versions,
        study_digest="9f" * 32,
        planned=31,
        ok=31,
        cached=0,
        failed=0,
        cpu_seconds=121.5,
        title="Exosomes and drug-induced apoptosis of MDA-MB-231",
        factors=["treatment"],
        options="{}",
    )


def _vocabulary(folder: Folder) -> None:
    for share in SHARES:
        folder.add(
            "vocabulary",
            measure=share,
            assay="flow",
            unit="%",
            low=0.0,
            high=100.0,
            term="",
            definition=f"Share of single cells in the {share.replace('_', ' ')} quadrant.",
        )
    folder.add(
        "vocabulary",
        measure="annexin_mfi",
        assay="flow",
        unit="{a.u.}",
        low=0.0,
        term="",
        definition="Median Annexin V fluorescence of single cells, linear scale.",
    )


def _figures(folder: Folder) -> None:
    folder.add(
        "figures",
        assay="flow",
        pipeline="apoptosis",
        name="quadrants",
        title="Cells by quadrant",
        kind="stacked_shares",
        measures=list(SHARES),
        entities=[],
        group_by=[],
        order=0,
        caption="Mean shares of single cells; thresholds per batch and cell line.",
    )
    for order, (measure, title) in enumerate(
        (
            ("late_apoptotic", "Late apoptotic cells"),
            ("early_apoptotic", "Early apoptotic cells"),
            ("annexin_mfi", "Annexin V fluorescence"),
        ),
        start=1,
    ):
        folder.add(
            "figures",
            assay="flow",
            pipeline="apoptosis",
            name=measure,
            title=title,
            kind="group_points",
            measures=[measure],
            entities=[],
            group_by=[],
            order=order,
            caption="",
        )


def _tube(folder: Folder, group: str, replicate: int, rng: np.random.Generator) -> None:
    name = f"MDA_{group.replace(' + ', '_')}_{replicate}"
    late, early, necrotic = (max(0.1, value * rng.normal(1, 0.08)) for value in DEATH[group])
    shares = {"late_apoptotic": late, "early_apoptotic": early, "necrotic": necrotic}
    shares["live"] = 100 - sum(shares.values())
    folder.sample(
        name,
        treatment=group,
        biological_replicate=str(replicate),
        cell_line="MDA-MB-231",
        batch="day1",
        files=[f"day1/{name}.fcs"],
    )
    for measure, value in shares.items():
        folder.number(name, measure, value, numerator=value * 80, denominator=8000.0, n=8000)
    folder.number(
        name, "annexin_mfi", 400 * late**0.6 * rng.normal(1, 0.05), unit="{a.u.}", statistic="median"
    )
    digest = hashlib.sha256(name.encode()).hexdigest()
    folder.add(
        "files",
        file_id=digest[:16],
        sha256=digest,
        path=f"day1/{name}.fcs",
        size=4_212_345,
        datasets=1,
        format="fcs",
        instrument_make="BD",
        instrument_model="FACSCanto II",
        instrument_serial="V96300001",
        acquired_at="2026-11-18T14:02:11",
        used_by=[name],
    )
    folder.evidence(
        name, f"{name}.png", png(240, 120, replicate), caption=f"{name}: debris, singlets, quadrants"
    )
    folder.add(
        "tasks",
        task_id=digest,
        attempt=1,
        assay="flow",
        pipeline="apoptosis",
        step="gate",
        step_version=1,
        unit=f"apoptosis/gate/{name}",
        samples=[name],
        status="ok",
        reason="new",
        params=json.dumps({"debris": {"method": "density"}, "annexin": "FITC-A", "pi": "PE-A"}),
        inputs=json.dumps({"tube": [{"kind": "file", "name": f"day1/{name}.fcs", "digest": digest}]}),
        seconds=0.41,
        cpu_seconds=0.39,
        peak_memory=210_000_000,
        started_at=START,
        versions=json.dumps({"numpy": "2.4.6", "scipy": "1.17.0"}),
    )


def six_groups(path: Path) -> Folder:
    """Return an apoptosis study: six groups of three biological replicates, all sound."""
    folder, rng = Folder(path), np.random.default_rng(7)
    _run(folder)
    _vocabulary(folder)
    _figures(folder)
    for group in GROUPS:
        for replicate in (1, 2, 3):
            _tube(folder, group, replicate, rng)
    folder.add(
        "methods",
        assay="flow",
        pipeline="apoptosis",
        title="Annexin V / PI",
        order=0,
        task_id="t",
        text="Single cells were gated on FSC-A and FSC-H. Thresholds for Annexin V and PI were set per "
        "batch from vehicle-treated cells at the negative mode + 2.81 SD.",
    )
    return folder


def with_trouble(folder: Folder) -> Folder:
    """Add what goes wrong in real studies: failed tasks, findings of all severities, exclusions, curation."""
    name = "MDA_PTX_3"
    folder.rows["measurements"] = [row for row in folder["measurements"] if row["sample"] != name]
    folder.rows["artefacts"] = [row for row in folder["artefacts"] if row["sample"] != name]
    failed = next(row for row in folder["tasks"] if row["samples"] == [name])
    failed.update(
        status="failed",
        error=f"day1/{name}.fcs at byte 58: expected 8 ASCII digits, found "
        "'9999999x'. The file is damaged; copy it again from the cytometer.",
    )
    folder.sample("MDA_unstained", control_role="unstained", batch="day1", treatment="")
    folder.sample(
        "MDA_bad_tube",
        treatment="DOX",
        biological_replicate="4",
        excluded=True,
        exclusion_reason="tube was left at room temperature for 3 h (AM, 18 Nov)",
    )
    for share, value in zip(SHARES, (30.0, 20.0, 40.0, 10.0), strict=True):
        folder.number("MDA_bad_tube", share, value)
    for i in (1, 2, 3):
        sample = f"MDA_DOX_{i}"
        folder.add(
            "findings",
            finding_id=f"f{i}",
            assay="flow",
            pipeline="apoptosis",
            sample=sample,
            entity="",
            file="",
            code="few_control_events",
            severity="warning",
            task_id="t",
            value=812.0 + i,
            limit=5000.0,
            message=f"The unstained control has {812 + i} events after gating.",
            meaning="A control tube has too few events to place a gate well.",
            advice="Record at least 5,000 gated events of every control.",
        )
        _mark(folder, sample, "warning", "few_control_events")
    folder.add(
        "findings",
        finding_id="f9",
        assay="flow",
        pipeline="apoptosis",
        sample="MDA_PTX_exosomes_1",
        entity="",
        file="",
        code="truncated",
        severity="error",
        task_id="t",
        value=8123.0,
        limit=10000.0,
        message="8,123 of the 10,000 events that $TOT declares are in the file.",
        meaning="A file holds fewer events than it declares.",
        advice="Export the tube again from the cytometer.",
    )
    _mark(folder, "MDA_PTX_exosomes_1", "error", "truncated")
    next(row for row in folder["measurements"] if row["sample"] == "MDA_control_1")["curated"] = True
    folder.add(
        "files",
        path="day1/notes.docx",
        size=18_221,
        problem="no format that any assay reads",
        used_by=[],
        format="",
    )
    return folder


def _mark(folder: Folder, sample: str, qc: str, code: str) -> None:
    for row in folder["measurements"]:
        if row["sample"] == sample:
            row.update(qc=qc, qc_codes=[code])


@pytest.fixture
def study(tmp_path: Path) -> Folder:
    """The sound six-group study with two of its figures, not yet written."""
    return _shorter(six_groups(tmp_path / "results"))


@pytest.fixture
def troubled(tmp_path: Path) -> Folder:
    """The six-group study with failures, findings, an exclusion and a curated number, not yet written."""
    return with_trouble(_shorter(six_groups(tmp_path / "results")))


def _shorter(folder: Folder) -> Folder:
    """Keep one figure of each kind: drawing is what takes time."""
    folder.rows["figures"] = folder["figures"][:2]
    return folder


@pytest.fixture(scope="session")
def sound_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the sound study, written once; tests only read it."""
    return build_report(six_groups(tmp_path_factory.mktemp("sound") / "results").write())


@pytest.fixture(scope="session")
def troubled_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the study with trouble, written once; tests only read it."""
    return build_report(with_trouble(six_groups(tmp_path_factory.mktemp("troubled") / "results")).write())


@pytest.fixture(scope="session")
def make_folder() -> Callable[[Path], Folder]:
    """Return the maker of empty results folders."""
    return Folder


@pytest.fixture
def empty_folder(tmp_path: Path) -> Folder:
    """A results folder without any row."""
    return Folder(tmp_path / "results")


VOID = frozenset({"meta", "link", "img", "br", "hr", "input", "use", "path", "rect", "col"})


class Parsed(HTMLParser):
    """A report as a reader meets it: its elements in order, the text of each, its ids and addresses."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.broken: list[str] = []
        self.words: list[tuple[tuple[str, ...], str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that closes itself."""
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Note where an end does not belong to the last beginning."""
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.broken.append(tag)

    def handle_data(self, data: str) -> None:
        """Note text with the elements around it."""
        if data.strip():
            self.words.append((tuple(self.open), data))

    def text(self) -> str:
        """Return all text outside the style sheet, runs of blanks as one."""
        return " ".join(" ".join(word for path, word in self.words if "style" not in path).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of every element of a kind."""
        return [attrs for name, attrs in self.elements if name == tag]

    def attribute(self, name: str) -> list[str]:
        """Return every value of an attribute."""
        return [attrs[name] for _, attrs in self.elements if name in attrs]


@pytest.fixture
def parsed() -> Callable[[Path], Parsed]:
    """Return a function that reads a report."""
    return lambda path: Parsed(path.read_text("utf-8"))


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Return the maker of pictures that do not compress."""
    return png
