"""Two runs never work in one results folder; a killed one leaves no lock behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap

import pytest

from exoraw.io.errors import StoreError
from exoraw.store.lock import holds_lock, locked

_HOLDER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from exoraw.store.lock import locked
    with locked(Path(sys.argv[1])):
        print("locked", flush=True)
        time.sleep(600)
    """
)


@pytest.fixture
def other_run(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_second_run_is_refused_and_told_which_process_is_at_work(tmp_path, other_run):
    with (
        pytest.raises(StoreError, match=rf"Another run is at work .* \(process {other_run.pid}, since 20"),
        locked(tmp_path),
    ):
        pass
    assert not holds_lock(tmp_path)


def test_lock_of_a_killed_run_is_free_at_once(tmp_path, other_run):
    other_run.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    other_run.wait()
    with locked(tmp_path):
        assert holds_lock(tmp_path)


def test_lock_is_free_after_an_error_inside(tmp_path):
    with pytest.raises(ValueError, match="inside"), locked(tmp_path):
        raise ValueError("inside")
    with locked(tmp_path):
        assert holds_lock(tmp_path)
    assert not holds_lock(tmp_path)


def test_same_process_cannot_lock_twice(tmp_path):
    with locked(tmp_path), pytest.raises(StoreError, match="Another run"), locked(tmp_path):
        pass


def test_holder_is_named_by_process_and_time_and_nothing_else(tmp_path):
    with locked(tmp_path):
        holder = json.loads((tmp_path / ".store" / "lock.holder.json").read_text())
    assert set(holder) == {"pid", "since"}
    assert not (tmp_path / ".store" / "lock.holder.json").exists()
