"""Small studies written to disk, and inventories made by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from exoraw.io.inventory import DatasetHeader, Header, Inventory, RawFile

STUDY = """exoraw: 1
title: Apoptosis
raw: raw
samples: samples.csv
factors: [treatment]
pipelines:
  - {name: flow, assay: flow}
"""
SHEET = """sample,file,treatment,biological_replicate
A,a.fcs,vehicle,1
B,b.fcs,DOX,1
"""

MakeStudy = Callable[..., Path]


@pytest.fixture
def make_study(tmp_path: Path) -> MakeStudy:
    """Write study.yaml, samples.csv and empty raw files; return the folder."""

    def make(
        study: str = STUDY,
        sheet: str | None = SHEET,
        raw: Iterable[str] = ("a.fcs", "b.fcs"),
        **files: str | bytes,
    ) -> Path:
        (tmp_path / "raw").mkdir(exist_ok=True)
        for name in raw:
            path = tmp_path / "raw" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
        (tmp_path / "study.yaml").write_text(study, encoding="utf-8")
        if sheet is not None:
            (tmp_path / "samples.csv").write_text(sheet, encoding="utf-8")
        for name, content in files.items():
            path = tmp_path / name.replace("__", ".")
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return make


def raw_file(
    path: str,
    format_: str = "fcs",
    fields: Mapping[str, str] | Iterable[Mapping[str, str]] = (),
    problem: str = "",
    acquired_at: str = "",
    duplicates: Mapping[int, int] | None = None,
) -> RawFile:
    """Return a file of an inventory; `fields` of one dataset or of several."""
    several = [fields] if isinstance(fields, Mapping) else list(fields)
    datasets = tuple(
        DatasetHeader(number, 100, dict(one), (duplicates or {}).get(number))
        for number, one in enumerate(several or [{}])
    )
    digest = hashlib.sha256(path.encode()).hexdigest()
    header = Header(datasets, acquired_at=acquired_at)
    return RawFile(path, digest, 100, 1, "" if problem else format_, header, problem)


def inventory_of(*files: RawFile | str) -> Inventory:
    """Return an inventory of files, or of FCS files of these names."""
    made = [raw_file(file) if isinstance(file, str) else file for file in files]
    return Inventory({file.path: file for file in sorted(made, key=lambda file: file.path)})
