"""A disk that fills up while a study is computed: what is committed stays, the next run goes on."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import exoraw
from exoraw.engine.doctor import doctor
from exoraw.engine.options import RunOptions
from exoraw.engine.run import run
from exoraw.store import disk
from exoraw.store.index import committed


def test_a_disk_that_fills_up_stops_the_run_and_keeps_what_is_there(
    toy_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        toy_study.add(f"s{number}", value=number)
    genuine, written = os.write, [0]

    def write(handle: int, content: Any) -> int:
        if written[0] > 60_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        written[0] += len(content)
        return genuine(handle, content)

    monkeypatch.setattr(disk.os, "write", write)
    summary = run(toy_study.path, RunOptions(workers=0))
    assert (summary.outcome, summary.exit_code) == ("disk_full", 3)
    monkeypatch.undo()
    kept = committed(toy_study.results)
    assert 0 < len(kept) < 8
    assert {row.status for row in kept.values()} == {"ok"}
    resumed = run(toy_study.path, RunOptions(workers=0))
    assert resumed.counts == {"ok": 10 - len(kept), "cached": len(kept)}
    numbers = exoraw.open(toy_study.results).table("measurements")
    assert len(numbers) == 16


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 12 MB, where this account may mount one."""
    place = tmp_path / "small"
    place.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    if mount is None or unmount is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)], check=False, capture_output=True
    )
    if made.returncode != 0:
        pytest.skip("this machine does not let us mount a small file system")
    yield place
    subprocess.run([unmount, str(place)], check=True)


def test_a_real_small_disk_stops_two_workers_without_loss(
    toy_study: Any, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from exoraw.engine import diskspace

    toy_study.folder = small_disk / "study"
    toy_study.folder.mkdir()
    for number in range(12):
        toy_study.add(f"s{number}", value=number)
    monkeypatch.setattr(diskspace, "RESERVE", 0)
    monkeypatch.setattr(diskspace, "NEW_TASK", 0)
    monkeypatch.setattr(diskspace, "BLOCKS", 0)
    filler = small_disk / "filler"
    with filler.open("wb") as stream:
        stream.write(b"x" * (shutil.disk_usage(small_disk).free - 120_000))
    summary = run(toy_study.path, RunOptions(workers=2))
    assert (summary.outcome, summary.exit_code) == ("disk_full", 3)
    kept = committed(toy_study.results)
    filler.unlink()
    resumed = run(toy_study.path, RunOptions(workers=0))
    assert resumed.counts == {"ok": 14 - len(kept), "cached": len(kept)}
    assert len(exoraw.open(toy_study.results).table("measurements")) == 24


def test_the_doctor_tries_everything_a_run_needs(tmp_path: Path) -> None:
    checks = {check.name: check for check in doctor(tmp_path)}
    assert list(checks) == [
        "Python", "system", "packages", "assays", "cores", "memory", "disk", "temporary folder",
        "results folder", "Dask",
    ]  # fmt: skip
    assert [check.message for check in checks.values() if not check.ok] == []
    assert "toy" in checks["assays"].message
    assert checks["Dask"].message == "one worker was started, answered and ended"
    assert not list(tmp_path.iterdir())


def test_the_doctor_says_what_to_do_about_a_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from exoraw.engine import doctor as module

    def refuse(*_arguments: Any, **_keywords: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module.tempfile, "TemporaryDirectory", refuse)
    check = module._tried("results folder", lambda: module._write_and_rename(tmp_path))
    assert not check.ok
    assert check.message == (
        f"{tmp_path} cannot be written: Permission denied. Choose a folder in which you may write."
    )
