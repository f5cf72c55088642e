"""Small studies written to disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

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
