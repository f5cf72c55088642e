"""The RO-Crate names every file that it holds, with its sha256, and opens like a results folder."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest

import exoraw
from exoraw.cli.export import Target
from exoraw.store.export import FORMATS, export


def unpack(path: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """Return @id -> entity of an unpacked crate."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        archive.extractall(folder)
    metadata = json.loads((folder / "ro-crate-metadata.json").read_text("utf-8"))
    assert metadata["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    graph = metadata["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    assert len(entities) == len(graph)
    return entities


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [value["@id"]] if set(value) == {"@id"} else [r for v in value.values() for r in references(v)]
    return [r for item in value for r in references(item)] if isinstance(value, list) else []


@pytest.fixture
def crate(filled, tmp_path):
    """A crate of a study that lies beside its results, unpacked: folder and entities."""
    place = filled.results.parent
    (place / "study.yaml").write_text("exoraw: 1\nsamples: samples.csv\nresults: results\n")
    (place / "samples.csv").write_text("sample\nA1\n")
    (place / "private.txt").write_text("nothing of the study")
    (place / "corrections").mkdir()
    (place / "corrections" / "gate.yaml").write_text("x: 1\n")
    (filled.results / "report.html").write_text("<html></html>")
    (path,) = export(filled.open(), "crate", tmp_path / "out")
    return tmp_path / "crate", unpack(path, tmp_path / "crate")


def test_structure_is_that_of_ro_crate_1_1(crate):
    _, entities = crate
    descriptor, root = entities["ro-crate-metadata.json"], entities["./"]
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert root["@type"] == "Dataset"
    assert all(root[word] for word in ("name", "description", "datePublished", "license"))
    known = {*entities, "https://w3id.org/ro/crate/1.1"}
    assert {r for entity in entities.values() for r in references(list(entity.values()))} <= known
    assert all(entity["@type"] and entity["@id"] for entity in entities.values())


def test_every_file_is_named_with_its_size_and_digest_and_no_other_lies_there(crate):
    folder, entities = crate
    files = {unquote(name): entity for name, entity in entities.items() if entity["@type"] == "File"}
    lying = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert lying == {*files, "ro-crate-metadata.json"}
    assert {part["@id"] for part in entities["./"]["hasPart"]} == {entity["@id"] for entity in files.values()}
    for name, entity in files.items():
        content = (folder / name).read_bytes()
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert int(entity["contentSize"]) == len(content)
        assert entity["description"]
        assert "/" in entity["encodingFormat"]


def test_tables_evidence_report_and_study_are_in_it_and_nothing_else_of_the_folder(crate):
    folder, entities = crate
    names = {unquote(name) for name, entity in entities.items() if entity["@type"] == "File"}
    assert {
        "measurements.parquet",
        "samples.parquet",
        "exoraw.json",
        "datapackage.json",
        "report.html",
    } <= names
    assert {"study/study.yaml", "study/samples.csv", "study/corrections/gate.yaml"} <= names
    assert sum(name.endswith("gates.png") for name in names) == 3
    assert not any("private" in name for name in names)
    assert len(exoraw.open(folder).table("measurements")) == 6


def test_software_and_open_licence_are_named(crate):
    _, entities = crate
    assert entities["#exoraw"]["softwareVersion"] == exoraw.__version__
    assert entities["#run"]["instrument"] == {"@id": "#exoraw"}
    assert entities[entities["./"]["license"]["@id"]]["name"] == "No licence chosen yet"


def test_the_same_results_make_the_same_crate(filled, tmp_path):
    first, second = (export(filled.open(), "crate", tmp_path / name)[0].read_bytes() for name in ("a", "b"))
    assert first == second


def test_redacted_crate_names_nobody_and_holds_only_pictures_that_can_name_nobody(
    filled, tmp_path, make_table
):
    (filled.results.parent / "study.yaml").write_text("title: Anna Meier")
    (filled.results / "report.html").write_text("Anna Meier")
    (path,) = export(filled.open(), "crate", tmp_path, redact=True)
    entities = unpack(path, tmp_path / "crate")
    names = [unquote(name) for name, entity in entities.items() if entity["@type"] == "File"]
    assert not {"report.html", "study/study.yaml"} & set(names)
    pictures = [name for name in names if name.endswith(".png")]
    assert len(pictures) == 2  # the file of A1 carries her name, so its picture may
    for found in (tmp_path / "crate").rglob("*"):
        if found.is_file():
            text = str(pq.read_table(found).to_pydict()) if found.suffix == ".parquet" else ""
            assert "Meier" not in text + found.read_bytes().decode(errors="ignore")
            assert "P12" not in text
    assert "replaced by pseudonyms" in entities["./"]["description"]


def test_command_line_offers_every_format():
    assert set(FORMATS) <= {target.value for target in Target}


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE is POSIX")
def test_full_disk_is_said_by_every_export_and_leaves_no_temporary_file(filled, tmp_path):
    program = textwrap.dedent(
        """
        import resource, sys
        from pathlib import Path
        import exoraw
        from exoraw.store.disk import DiskFull
        from exoraw.store.export import export
        results, out = exoraw.open(sys.argv[1]), Path(sys.argv[2])
        kinds = ("prism", "spss", "r", "crate")
        for to in kinds:
            export(results, to, out / "before")
        resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))
        for to in kinds:
            try:
                export(results, to, out / "after")
            except DiskFull as error:
                print(to, "full:", error)
        """
    )
    command = [sys.executable, "-c", program, str(filled.results), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.count("larger than this disk or account allows") == 4
    assert not [path for path in (tmp_path / "after").rglob("*") if path.name.startswith(".")]


def test_folder_without_runs_or_evidence_makes_a_crate(lab, tmp_path):
    lab.publish([])
    (path,) = export(lab.open(), "crate", tmp_path)
    assert unpack(path, tmp_path / "crate")["./"]["name"] == "Results of exoraw"
