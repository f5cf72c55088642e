"""A laboratory's study on disk and the command line, called in this process or as a process of its own."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import exoraw
from exoraw.cli.main import main

AN_HOUR = 3600.0
FEWER_BOOTSTRAPS = "    settings:\n      strategy:\n        thresholds: {bootstraps: 20}\n"
_DROP_FROM_BOUNDING_SET, _DAC_OVERRIDE, _DAC_READ_SEARCH = 24, 1, 2  # linux/prctl.h, linux/capability.h


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code and everything it said."""

    code: int
    said: str


def contents(folder: Path, without: tuple[str, ...] = ("results",)) -> dict[str, str]:
    """Name -> kind, modification time and digest of everything in a folder, links not followed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = os.fsencode(path.relative_to(folder)).decode("utf-8", "backslashreplace")
        if name.split("/")[0] in without or name in without:
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and _readable(path) else ""
        found[name] = f"{path.lstat().st_mode} {path.lstat().st_mtime_ns} {digest}"
    return found


def _readable(path: Path) -> bool:
    return not path.is_symlink() and path.stat().st_mode & 0o400 != 0


@dataclass
class Lab:
    """A study folder. Every command is checked: no traceback, and nothing written beside the results."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch
    growing: tuple[str, ...] = ()

    CONTROL = "raw/day1/Specimen_001_control 1_001.fcs"
    DOX = "raw/day1/Specimen_001_DOX 1_002.fcs"
    EXOSOMES = "raw/day1/Specimen_001_DOX + exosomes 1_003.fcs"

    def call(self, *words: object, writes: tuple[str, ...] = ()) -> Ended:
        """Run a command in this process."""
        ignored = ("results", *self.growing, *writes)
        before = contents(self.folder, ignored)
        self.patch.setattr(sys, "argv", ["exoraw", *map(str, words)])
        self.capture.readouterr()
        try:
            main()
            code = 0
        except SystemExit as ending:
            code = int(ending.code or 0)
        said = "".join(self.capture.readouterr())
        assert contents(self.folder, ignored) == before, f"{words} wrote outside the results folder"
        return well_said(Ended(code, said))

    def run(self, *words: object) -> Ended:
        """Run the study in this process."""
        return self.call("run", self.folder, "--workers", 0, *words)

    def check(self) -> Ended:
        """Check the study."""
        return self.call("check", self.folder)

    def spawn(self, *words: object, prepare: Callable[[], None] | None = None) -> subprocess.Popen[str]:
        """Start a command as the leader of a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "exoraw", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "COLUMNS": "200"},
            start_new_session=True,
            preexec_fn=prepare,
        )

    def end(self, process: subprocess.Popen[str]) -> Ended:
        """Wait for a started command."""
        said, _ = process.communicate(timeout=120)
        return well_said(Ended(process.returncode, said))

    def wait_for_tasks(self, process: subprocess.Popen[str], count: int) -> None:
        """Wait until a started run has committed so many tasks."""
        rows = self.path("results/.store/tasks")
        while len(list(rows.glob("*.json"))) < count:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.01)

    def path(self, name: str) -> Path:
        """A place in the study folder."""
        return self.folder / name

    def put(self, name: str, content: bytes) -> None:
        """Write a file that looks an hour old."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        age(path)

    def edit(self, name: str, change: Callable[[bytes], bytes]) -> None:
        """Change the bytes of a file."""
        self.put(name, change(self.path(name).read_bytes()))

    def add_rows(self, *rows: str) -> None:
        """Append rows to the sample sheet."""
        self.edit("samples.csv", lambda content: content + ("\n".join(rows) + "\n").encode())

    def add_settings(self, text: str) -> None:
        """Append to the pipeline entry of study.yaml."""
        self.edit("study.yaml", lambda content: content + text.encode())

    def table(self, name: str) -> pd.DataFrame:
        """A table of the results."""
        return exoraw.open(self.path("results")).table(name)

    def tasks(self) -> pd.DataFrame:
        """Tasks by what they are about: "gate/DOX 1"."""
        tasks = self.table("tasks")
        return tasks.set_index(tasks["unit"].str.removeprefix("annexin_pi/"))

    def apoptotic(self) -> pd.DataFrame:
        """The apoptotic share of every sample, with its marks."""
        found = self.table("measurements")
        return found[found["measure"] == "apoptotic_share"].set_index("sample")

    def findings_of(self, sample: str) -> dict[str, str]:
        """Code -> message of the remarks on a sample."""
        found = self.table("findings")
        found = found[found["sample"] == sample]
        return dict(zip(found["code"], found["message"], strict=True))


def well_said(ended: Ended) -> Ended:
    """Nobody in a lab should ever read Python."""
    for word in ("Traceback", "Error(", "Exception", "b'", "PosixPath", "<class", "This should not happen"):
        assert word not in ended.said, ended.said
    assert ended.code in (0, 1, 2, 3, 130), ended
    return ended


def age(path: Path) -> None:
    """Give a file the time of an hour ago: a young one may still be growing, which costs a second look."""
    then = time.time() - AN_HOUR
    os.utime(path, (then, then))


def obey_permissions() -> None:
    """Make root obey file permissions after the next exec (Linux); other accounts do anyway."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
            if libc.prctl(_DROP_FROM_BOUNDING_SET, capability, 0, 0, 0) != 0:
                raise OSError("the capability cannot be given up")


def write_at_most(size: int) -> Callable[[], None]:
    """No file of the process can grow beyond `size` bytes, as on a disk that is full."""
    import resource

    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.fixture(scope="session")
def finished(fixtures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small simulated study, run once; tests work on copies."""
    folder = tmp_path_factory.mktemp("finished") / "study"
    shutil.copytree(fixtures / "annexin_pi", folder)
    with (folder / "study.yaml").open("a", encoding="utf-8") as study:
        study.write(FEWER_BOOTSTRAPS)
    for path in folder.rglob("*"):
        age(path)
    done = subprocess.run(
        [sys.executable, "-m", "exoraw", "run", folder, "--workers", "0"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def lab(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Lab:
    """A copy of the finished study; the terminal has 80 columns."""
    shutil.copytree(finished, tmp_path / "study")
    monkeypatch.setenv("COLUMNS", "80")
    return Lab(tmp_path / "study", capsys, monkeypatch)


@pytest.fixture
def obeying_permissions() -> Callable[[], None]:
    """What makes a started command obey file permissions, also for root."""
    return obey_permissions


@pytest.fixture
def on_a_small_disk() -> Callable[[], None]:
    """What makes a started command run out of space."""
    return write_at_most(30_000)


@pytest.fixture
def new_lab(lab: Lab) -> Lab:
    """The same study before its first run."""
    shutil.rmtree(lab.path("results"))
    return lab
