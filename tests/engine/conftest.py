"""A study of toy files: an assay that a plug-in brings, found in this process and in every worker."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import exoraw
from exoraw.assays import registry
from exoraw.engine import recognise

PLUGIN = Path(__file__).parent / "plugin"
LONG_AGO = 1_700_000_000  # s since 1970: files that nobody is writing any more


def forget_assays() -> None:
    for known in (registry.registered, registry.formats, recognise.probe_stamp):
        known.cache_clear()


@pytest.fixture(autouse=True)
def _toy_assay(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(PLUGIN))
    paths = [str(PLUGIN), *filter(None, [os.environ.get("PYTHONPATH", "")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    forget_assays()
    yield
    monkeypatch.undo()
    forget_assays()


@dataclass
class ToyStudy:
    """A study folder that a test changes between runs."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=lambda: {"timeout_s": 60, "memory_gb": 4})
    rows: list[dict[str, str]] = field(default_factory=list)
    references: list[dict[str, str]] = field(default_factory=list)
    compare: list[dict[str, Any]] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.folder / "study.yaml"

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def add(self, sample: str, *, batch: str = "b1", **content: Any) -> Path:
        """Add a raw file and its row; `content` is what the file holds."""
        path = self.put(f"{sample}.toy", b"TOY1\n" + json.dumps(content).encode())
        self.rows.append({"sample": sample, "file": path.name, "batch": batch})
        self.write()
        return path

    def put(self, name: str, content: bytes) -> Path:
        """Write a raw file that looks long finished."""
        path = self.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (LONG_AGO, LONG_AGO))
        return path

    def write(self) -> None:
        """Write study.yaml and samples.csv."""
        self.raw.mkdir(parents=True, exist_ok=True)
        columns = list(
            dict.fromkeys(["sample", "file", "batch", *(name for row in self.rows for name in row)])
        )
        with (self.folder / "samples.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, columns, restval="")
            writer.writeheader()
            writer.writerows(self.rows)
        study = {
            "title": "Toys",
            "raw": "raw",
            "samples": "samples.csv",
            "pipelines": [{"name": "toys", "assay": "toy", "settings": self.settings}],
            "limits": self.limits,
        }
        if self.references:
            study["references"] = self.references
        if self.compare:
            study["compare"] = self.compare
        self.path.write_text(json.dumps(study), encoding="utf-8")


@pytest.fixture
def toy_study(tmp_path: Path) -> ToyStudy:
    study = ToyStudy(tmp_path / "study")
    study.folder.mkdir()
    return study


def tree_digest(folder: Path) -> str:
    """Digest of every byte, name and modification time below a folder."""
    digest = hashlib.sha256()
    for path in sorted([folder, *folder.rglob("*")]):
        digest.update(f"{path.relative_to(folder)} {path.lstat().st_mtime_ns}\n".encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


@pytest.fixture
def raw_stays_untouched(toy_study: ToyStudy) -> Iterator[Callable[[], None]]:
    """Call it when the raw folder is complete; at the end of the test the folder must be the same."""
    before: list[str] = []
    yield lambda: before.append(tree_digest(toy_study.raw))
    assert before
    assert tree_digest(toy_study.raw) == before[0]
    assert sys.path  # the plug-in is still there: the fixture ends before that of the assay


CHANGING = (  # what may differ between two runs that give the same numbers
    "run_id",
    "started_at",
    "seconds",
    "cpu_seconds",
    "peak_memory",
    "parts",
    "attempt",
    "reason",
    "traceback",
)


def _content(results: Path) -> dict[str, list[dict[str, Any]]]:
    opened = exoraw.open(results)
    tables = {}
    for name in set(opened.names) - {"runs"}:
        table = opened.arrow(name)
        left = [*CHANGING, *(["path"] if name == "artefacts" else [])]  # the attempt stands in it
        tables[name] = table.drop_columns(
            [column for column in left if column in table.column_names]
        ).to_pylist()
    return tables


@pytest.fixture
def content() -> Callable[[Path], dict[str, list[dict[str, Any]]]]:
    """Reads every public table, without what may differ between two runs."""
    return _content
