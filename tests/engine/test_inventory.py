"""What the engine sees of a raw folder, and that it leaves it alone."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from exoraw.engine import inventory
from exoraw.engine.inventory import take_inventory
from exoraw.io.errors import StudyError

LONG_AGO = 1_700_000_000


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


def put(raw: Path, name: str, content: bytes = b"TOY1\n{}") -> Path:
    path = raw / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def test_files_are_recognised_by_content_whatever_their_name(raw: Path) -> None:
    put(raw, "day 1/Tube_001.fcs", b'TOY1\n{"value": 3}')
    found = take_inventory(raw)
    file = found.get("day 1/Tube_001.fcs")
    assert file is not None
    assert (file.format, file.problem, file.header.make) == ("toy", "", "Toys Inc")
    assert file.header.datasets[0].fields == {"value": "3"}
    assert len(file.sha256) == 64
    assert file.file_id == file.sha256[:16]


def test_a_name_that_promises_what_the_content_does_not_hold_is_told(raw: Path) -> None:
    put(raw, "a.toy", b"%PDF-1.7 report")
    problem = take_inventory(raw).files["a.toy"].problem
    assert "the name says Toy instrument file" in problem
    assert "looks like a PDF document" in problem


def test_a_foreign_file_is_listed_with_what_it_starts_with(raw: Path) -> None:
    put(raw, "notes.txt", b"thawed on Monday")
    file = take_inventory(raw).files["notes.txt"]
    assert file.format == ""
    assert "no assay reads this kind of file" in file.problem
    assert "thawed" in file.problem


def test_an_empty_file_is_told_apart(raw: Path) -> None:
    put(raw, "a.toy", b"")
    assert take_inventory(raw).files["a.toy"].problem == "the file is empty (0 bytes)."


def test_whatever_a_probe_raises_is_a_problem_of_that_file_alone(raw: Path) -> None:
    put(raw, "a.bad", b"BADPROBE")
    put(raw, "b.toy")
    put(raw, "c.toy", b"TOY1\nnot json")
    found = take_inventory(raw)
    assert "ZeroDivisionError: a fault of the probe" in found.files["a.bad"].problem
    assert found.files["b.toy"].problem == ""
    assert "JSONDecodeError" in found.files["c.toy"].problem
    assert all(file.sha256 for file in found)


def test_hidden_and_system_files_are_counted_not_listed(raw: Path) -> None:
    for name in (".DS_Store", "Thumbs.db", "~$plate.xlsx", "._a.toy", "sub/desktop.ini", "@eaDir/a.toy"):
        put(raw, name)
    put(raw, "a.toy")
    found = take_inventory(raw)
    assert list(found.files) == ["a.toy"]
    assert found.ignored == 6


def test_a_link_that_leaves_the_folder_is_not_followed(raw: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret.toy"
    outside.write_bytes(b"TOY1\n{}")
    (raw / "file.toy").symlink_to(outside)
    (raw / "folder").symlink_to(tmp_path)
    (raw / "gone.toy").symlink_to(raw / "nothing")
    put(raw, "real/a.toy")
    (raw / "again").symlink_to(raw / "real")
    (raw / "b.toy").symlink_to(raw / "real" / "a.toy")
    found = take_inventory(raw)
    assert list(found.files) == ["b.toy", "file.toy", "folder", "gone.toy", "real/a.toy"]
    for name in ("file.toy", "folder"):
        assert "leaves the raw folder" in found.files[name].problem
        assert found.files[name].sha256 == ""
    assert "points to nothing" in found.files["gone.toy"].problem
    assert found.files["b.toy"].sha256 == found.files["real/a.toy"].sha256


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_pipe_is_not_opened(raw: Path) -> None:
    os.mkfifo(raw / "pipe.toy")
    assert "not a file" in take_inventory(raw).files["pipe.toy"].problem


def test_an_unreadable_file_is_a_problem_not_a_crash(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(raw, "a.toy")
    put(raw, "b.toy")
    genuine = Path.open

    def refusing(path: Path, *args: object, **keywords: object) -> object:
        if path.name == "a.toy":
            raise PermissionError(13, "Permission denied")
        return genuine(path, *args, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", refusing)  # root may read everything, so chmod would not do
    found = take_inventory(raw)
    assert found.files["a.toy"].problem == "it cannot be read: Permission denied."
    assert found.files["b.toy"].problem == ""


def test_a_name_that_is_no_text_is_a_problem(raw: Path) -> None:
    try:
        (Path(os.fsdecode(os.fsencode(raw) + b"/bad\xff.toy"))).write_bytes(b"TOY1\n{}")
    except OSError:
        pytest.skip("this file system takes only valid text as names")
    (name,) = take_inventory(raw).files
    assert "no valid text" in take_inventory(raw).files[name].problem
    name.encode()


def test_a_file_that_grows_between_two_looks_is_still_being_written(
    raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "SECOND_LOOK_S", 0.3)
    path = raw / "run.toy"
    path.write_bytes(b"TOY1\n{}")
    put(raw, "old.toy")
    stop = threading.Event()

    def instrument() -> None:
        while not stop.wait(0.02):
            with path.open("ab") as stream:
                stream.write(b" ")

    thread = threading.Thread(target=instrument)
    thread.start()
    try:
        found = take_inventory(raw)
    finally:
        stop.set()
        thread.join()
    assert found.files["run.toy"].problem == inventory.STILL_GROWING
    assert found.files["run.toy"].sha256 == ""
    assert found.files["old.toy"].problem == ""


def test_a_recent_file_that_rests_is_used(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "SECOND_LOOK_S", 0.05)
    (raw / "new.toy").write_bytes(b"TOY1\n{}")
    assert take_inventory(raw).files["new.toy"].problem == ""


def test_digests_are_remembered_and_a_change_is_seen(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "digests.json"
    put(raw, "a.toy")
    put(raw, "b.toy", b'TOY1\n{"value": 1}')
    first = take_inventory(raw, cache)
    calls: list[object] = []
    genuine = inventory._digest
    monkeypatch.setattr(inventory, "_digest", lambda handle: calls.append(handle) or genuine(handle))
    assert take_inventory(raw, cache) == first
    assert calls == []
    put(raw, "b.toy", b'TOY1\n{"value": 2}')  # same size, and the copy kept the old time
    second = take_inventory(raw, cache)
    assert len(calls) == 1
    assert second.files["a.toy"] == first.files["a.toy"]
    assert second.files["b.toy"].sha256 != first.files["b.toy"].sha256
    assert second.files["b.toy"].header.datasets[0].fields == {"value": "2"}


def test_a_very_young_file_is_not_remembered(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inventory, "SECOND_LOOK_S", 0.0)
    cache = tmp_path / "digests.json"
    path = raw / "a.toy"
    path.write_bytes(b'TOY1\n{"value": 1}')
    moment = time.time_ns()
    os.utime(path, ns=(moment, moment))
    first = take_inventory(raw, cache).files["a.toy"]
    path.write_bytes(b'TOY1\n{"value": 2}')
    os.utime(path, ns=(moment, moment))  # same size, same time: only the content tells
    assert take_inventory(raw, cache).files["a.toy"].sha256 != first.sha256


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": 0}', b'{"version": 1, "stamp": 1, "files": 3}']
)
def test_a_damaged_cache_is_an_empty_one(raw: Path, tmp_path: Path, content: bytes) -> None:
    cache = tmp_path / "digests.json"
    cache.write_bytes(content)
    put(raw, "a.toy")
    assert take_inventory(raw, cache).files["a.toy"].format == "toy"
    assert "a.toy" in json.loads(cache.read_bytes())["files"]


def test_a_raw_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="does not exist"):
        take_inventory(tmp_path / "nowhere")


def test_many_files_in_many_folders_are_listed_in_order(raw: Path) -> None:
    for number in range(400):
        put(raw, f"{number % 20:02}/{number:04}.toy", b"TOY1\n{}" + b" " * number)
    found = take_inventory(raw)
    assert len(found) == 400
    assert list(found.files) == sorted(found.files)
    assert len({file.sha256 for file in found}) == 400
