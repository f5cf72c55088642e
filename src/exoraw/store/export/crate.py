"""An RO-Crate (version 1.1): tables, evidence, report and study in one .zip, each file with its sha256."""

from __future__ import annotations

import hashlib
import json
import mimetypes
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import pyarrow.parquet as pq

from exoraw import __version__
from exoraw.store import layout
from exoraw.store.disk import replacing
from exoraw.store.export.tables import Source
from exoraw.store.matrices import MATRICES
from exoraw.store.schemas import table_named

METADATA = "ro-crate-metadata.json"
_PROFILE = "https://w3id.org/ro/crate/1.1"  # the RO-Crate community's specification
_CONTEXT = [f"{_PROFILE}/context", {"sha256": "https://schema.org/sha256"}]  # 1.1 does not know the word yet
_STUDY = "study.yaml"
_BESIDE_STUDY = ("exclusions.csv", "corrections/*")
_BLOCK = 2**20
_SMALL_ALREADY = frozenset({".png", ".parquet", ".gz", ".zip", ".jpg", ".pdf"})
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip knows: the same content makes the same bytes
_TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}


@dataclass(frozen=True)
class Content:
    """A file for the crate.

    Parameters
    ----------
    path : in the crate, forward slashes
    source : where it lies now
    description : in words
    """

    path: str
    source: Path
    description: str


def write_crate(source: Source, path: Path) -> Path:
    """Write the crate and return its path. Unpacked, it opens with `exoraw.open` like a results folder.

    With names of persons taken out, only what is known to be free of them goes in: the tables, and the
    pictures of samples whose names name nobody. Report, study files and matrices then stay out.

    Raises
    ------
    DiskFull : no space
    """
    scratch = TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.", ignore_cleanup_errors=True)
    with (
        replacing(path) as temporary,
        scratch as folder,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        files = [_add(archive, content) for content in _contents(source, Path(folder))]
        metadata = json.dumps(_graph(source, files), indent=2, ensure_ascii=False, allow_nan=False)
        archive.writestr(_entry(METADATA), metadata)
    return path


def _contents(source: Source, scratch: Path) -> Iterator[Content]:
    results = source.results
    for name in results.names:
        yield Content(f"{name}.parquet", _table_file(source, name, scratch), _about_table(name))
    yield Content(layout.MANIFEST, results.path / layout.MANIFEST, "Version of the tables.")
    yield from _evidence(source)
    if source.who is not None:
        return
    for name, words in (
        (layout.PACKAGE, "All columns, in the words of Frictionless."),
        ("report.html", "The report: figures, evidence, methods text."),
    ):
        if (results.path / name).is_file():
            yield Content(name, results.path / name, words)
    for found in sorted((results.path / MATRICES).glob("*/*")):
        yield Content(found.relative_to(results.path).as_posix(), found, "Matrix that a run left.")
    for found in _study_files(results.path.parent):
        place = found.relative_to(results.path.parent).as_posix()
        yield Content(f"study/{place}", found, "What was asked, as typed.")


def _study_files(folder: Path) -> list[Path]:
    """Return study.yaml beside the results, the files of its folder that it names, and people's decisions."""
    study = folder / _STUDY
    if not study.is_file():
        return []
    text = study.read_text("utf-8", errors="replace")
    named = [path for path in sorted(folder.iterdir()) if path.is_file() and path.name in text]
    decided = [path for pattern in _BESIDE_STUDY for path in sorted(folder.glob(pattern)) if path.is_file()]
    return list(dict.fromkeys([study, *named, *decided]))


def _about_table(name: str) -> str:
    return f"Table {name}: one row is one {table_named(name).grain}."


def _table_file(source: Source, name: str, scratch: Path) -> Path:
    if source.who is None:
        return layout.public_path(source.results.path, name)
    pieces = source.pieces(name)
    first = next(pieces)
    path = scratch / f"{name}.parquet"
    with pq.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for table in pieces:
            writer.write_table(table)
    return path


def _evidence(source: Source) -> Iterator[Content]:
    """Return the evidence that is there; with names taken out, pictures that can name nobody."""
    results = source.results
    plain = results.arrow("artefacts").to_pylist()
    hidden = source.table("artefacts").to_pylist()
    named = set() if source.who is None else _named_samples(source)
    for old, new in zip(plain, hidden, strict=True):
        if source.who is not None and (old != new or old["sample"] in named or old["kind"] != "picture"):
            continue
        path = results.path / old["path"]
        if path.is_file():
            yield Content(old["path"], path, old["caption"] or f"Evidence of {old['sample']}")


def _named_samples(source: Source) -> set[str]:
    """Return the samples whose names or file names a person's name stands in."""
    before = source.results.arrow("samples").select(["sample", "files"]).to_pylist()
    after = source.table("samples").select(["sample", "files"]).to_pylist()
    return {old["sample"] for old, new in zip(before, after, strict=True) if old != new}


def _add(archive: zipfile.ZipFile, content: Content) -> dict[str, Any]:
    """Copy a file into the crate and return how the metadata describe it."""
    digest, size = hashlib.sha256(), 0
    entry = _entry(content.path)
    with content.source.open("rb") as file, archive.open(entry, "w", force_zip64=True) as target:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
            target.write(block)
    return {
        "@id": quote(content.path),
        "@type": "File",
        "name": content.path,
        "description": content.description,
        "encodingFormat": _media_type(content.path),
        "contentSize": str(size),
        "sha256": digest.hexdigest(),
    }


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, _ZIP_TIME)
    small = Path(path).suffix.lower() in _SMALL_ALREADY
    entry.compress_type = zipfile.ZIP_STORED if small else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _media_type(path: str) -> str:
    return _TYPES.get(Path(path).suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"


def _graph(source: Source, files: list[dict[str, Any]]) -> Mapping[str, Any]:
    runs = source.table("runs").to_pylist()
    last = runs[-1] if runs else {}
    parts = [{"@id": file["@id"]} for file in files]
    ended = last.get("finished_at") or last.get("started_at")
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": last.get("title") or "Results of exoraw",
        "description": _description(source),
        "datePublished": (ended or datetime.now(UTC)).date().isoformat(),
        "license": {"@id": "#licence"},
        "hasPart": parts,
        "mentions": {"@id": "#run"},
    }
    licence = {
        "@id": "#licence",
        "@type": "CreativeWork",
        "name": "No licence chosen yet",
        "description": "Whoever publishes the data chooses it, for example CC BY 4.0, and writes it here.",
    }
    descriptor = {
        "@id": METADATA,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": _PROFILE},
    }
    return {"@context": _CONTEXT, "@graph": [descriptor, root, *_made_by(last, parts), licence, *files]}


def _made_by(run: Mapping[str, Any], parts: list[dict[str, str]]) -> tuple[dict[str, Any], ...]:
    """Return the software and what it did: the last run of the study."""
    software = {
        "@id": "#exoraw",
        "@type": "SoftwareApplication",
        "name": "exoraw",
        "softwareVersion": run.get("exoraw_version") or __version__,
        "softwareRequirements": run.get("dependencies") or "{}",
    }
    action: dict[str, Any] = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"exoraw run {run.get('run_id') or ''}".strip(),
        "instrument": {"@id": "#exoraw"},
        "result": parts,
    }
    for word, column in (("startTime", "started_at"), ("endTime", "finished_at")):
        if run.get(column) is not None:
            action[word] = run[column].isoformat()
    return software, action


def _description(source: Source) -> str:
    words = (
        "Tables computed by exoraw from raw instrument files, with the evidence behind the numbers. The raw "
        "files are not in the crate: files.parquet names each with its sha256."
    )
    if source.who is None:
        return words
    return (
        f"{words} Names of persons are replaced by pseudonyms; report, study files, matrices and the "
        "pictures that may show a name were left out."
    )
