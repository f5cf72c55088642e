"""A finished study to correct, the app around it, and a browser that looks at it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

import exoraw
from exoraw.assays import registry
from exoraw.engine import recognise
from exoraw.engine.options import RunOptions, RunSummary
from exoraw.review.app import make_app, page_files
from exoraw.review.guard import TOKEN_HEADER, Session
from exoraw.review.serve import listening
from exoraw.review.sitting import Sitting

PLUGIN = Path(__file__).parent / "plugin"
AN_HOUR = 3600.0
SECOND_DAY = "day2"
FEWER_BOOTSTRAPS = "    settings:\n      strategy:\n        thresholds: {bootstraps: 0}\n"
PLATES = {
    "P1": {"A1": 1.0, "A2": 2.0, "B1": 3.0},
    "P2": {"A1": 4.0, "A2": 500.0},
    "P3": {"A1": 7.0},
}
TREATMENTS = {"A1": "vehicle", "A2": "DOX", "B1": "Paclitaxel 10 nM"}


def forget_assays() -> None:
    """Look for plug-ins again."""
    for known in (registry.registered, registry.formats, recognise.probe_stamp):
        known.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def _well_assay() -> Iterator[None]:
    """The assay of the plates, found like that of any third party."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(PLUGIN))
    forget_assays()
    yield
    patch.undo()
    forget_assays()


def age(folder: Path) -> None:
    """Give everything the time of an hour ago: a young file may still be growing, and costs a second look."""
    then = time.time() - AN_HOUR
    for path in [folder, *folder.rglob("*")]:
        os.utime(path, (then, then))


@pytest.fixture(scope="session")
def finished_plates(_well_assay: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of three plates, run once."""
    folder = tmp_path_factory.mktemp("plates") / "study"
    (folder / "raw").mkdir(parents=True)
    lines = ["sample,plate,well,batch,treatment"]
    for plate, wells in PLATES.items():
        (folder / f"raw/{plate}_export.wells").write_bytes(b"WELL1\n" + json.dumps(wells).encode())
        for well in wells:
            treatment = TREATMENTS[well]
            lines.append(f"{treatment} on {plate},{plate},{well},week {plate[1]},{treatment}")
    (folder / "samples.csv").write_text("\n".join(lines) + "\n", "utf-8")
    study = {
        "title": "Three plates",
        "raw": "raw",
        "samples": "samples.csv",
        "pipelines": [{"name": "viability", "assay": "wells"}],
    }
    (folder / "study.yaml").write_text(json.dumps(study), "utf-8")
    age(folder)
    assert exoraw.run(folder, RunOptions(workers=0)).exit_code == 0
    return folder


def add_second_day(folder: Path) -> None:
    """A second batch: the tubes of the first with other names, in a folder of their own."""
    shutil.copytree(folder / "raw/day1", folder / f"raw/{SECOND_DAY}")
    lines = (folder / "samples.csv").read_text("utf-8").splitlines()
    again = [line.replace(" 1,day1/", " 2,day2/").replace("day1", SECOND_DAY) for line in lines[1:]]
    (folder / "samples.csv").write_text("\n".join([*lines, *again]) + "\n", "utf-8")


@pytest.fixture(scope="session")
def finished_tubes(fixtures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small simulated flow study as two batches, run once."""
    folder = tmp_path_factory.mktemp("tubes") / "study"
    shutil.copytree(fixtures / "annexin_pi", folder)
    with (folder / "study.yaml").open("a", encoding="utf-8") as study:
        study.write(FEWER_BOOTSTRAPS)
    add_second_day(folder)
    age(folder)
    assert exoraw.run(folder, RunOptions(workers=0)).exit_code == 0
    return folder


@dataclass
class Lab:
    """A study folder and who sits at its review pages."""

    folder: Path
    runs: list[RunSummary] = field(default_factory=list)

    def sitting(self, *, blind: bool = False) -> Sitting:
        """Sit down."""
        return Sitting(self.folder, blind=blind, published=self.runs.append)

    def value(self, sample: str, measure: str, entity: str = "") -> tuple[float, bool]:
        """A number of the results, and whether it is marked as curated."""
        rows = exoraw.open(self.folder / "results").arrow("measurements").to_pylist()
        key = (sample, measure, entity)
        found = [row for row in rows if (row["sample"], row["measure"], row["entity"]) == key]
        assert len(found) == 1
        return found[0]["value"], found[0]["curated"]

    def findings(self, code: str) -> list[dict[str, Any]]:
        """All findings of a code."""
        rows = exoraw.open(self.folder / "results").arrow("findings").to_pylist()
        return [row for row in rows if row["code"] == code]


@pytest.fixture
def lab_of() -> Callable[[Path], Lab]:
    """`lab_of(folder)`: a study folder of a test's own."""
    return Lab


@pytest.fixture
def plates(finished_plates: Path, tmp_path: Path) -> Lab:
    """A copy of the plates."""
    shutil.copytree(finished_plates, tmp_path / "plates")
    return Lab(tmp_path / "plates")


@pytest.fixture
def tubes(finished_tubes: Path, tmp_path: Path) -> Lab:
    """A copy of the flow study."""
    shutil.copytree(finished_tubes, tmp_path / "tubes")
    return Lab(tmp_path / "tubes")


def wait_for_run(sitting: Sitting) -> dict[str, Any]:
    """Wait until the run of a sitting has ended."""
    end = time.monotonic() + 120
    while (progress := sitting.progress())["state"] == "running":
        assert time.monotonic() < end
        time.sleep(0.02)
    return progress


@pytest.fixture
def run_now() -> Callable[[Sitting], dict[str, Any]]:
    """`run_now(sitting)`: compute what waits, and wait for it."""

    def run(sitting: Sitting) -> dict[str, Any]:
        sitting.run()
        return wait_for_run(sitting)

    return run


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode()

    @property
    def json(self) -> Any:
        """The content as JSON."""
        return json.loads(self.content)


@dataclass(frozen=True)
class Served:
    """A server at work, and requests to it exactly as they are written: no client puts them right."""

    lab: Lab
    sitting: Sitting
    session: Session

    @property
    def own(self) -> dict[str, str]:
        """What exoraw's own page sends with a change."""
        return {
            "Origin": f"http://127.0.0.1:{self.session.port}",
            TOKEN_HEADER: self.session.token,
            "Content-Type": "application/json",
            **self.cookie,
        }

    @property
    def cookie(self) -> dict[str, str]:
        """What a browser sends that opened the address from the terminal."""
        return {"Cookie": f"{self.session.cookie}={self.session.token}"}

    def ask(self, method: str, path: str, headers: Mapping[str, str | None], content: Any = None) -> Answer:
        """Send one request; a header that is None is left out."""
        wanted = {"Host": f"127.0.0.1:{self.session.port}", **headers}
        connection = http.client.HTTPConnection("127.0.0.1", self.session.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            if isinstance(content, bytes) and "Content-Length" not in wanted:
                wanted["Content-Length"] = str(len(content))
            for name, value in wanted.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(content if isinstance(content, bytes) else None)
            got = connection.getresponse()
            headers_got = {name.lower(): value for name, value in got.getheaders()}
            return Answer(got.status, headers_got, got.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str | None) -> Answer:
        """Ask as a guest."""
        return self.ask("GET", path, {**self.cookie, **headers})

    def post(self, path: str, body: Any) -> Answer:
        """Change something as exoraw's own page does."""
        return self.ask("POST", path, self.own, json.dumps(body).encode())


@contextlib.contextmanager
def at_work(lab: Lab, *, blind: bool = False) -> Iterator[Served]:
    """The pages of a study on a free port of this computer."""
    listener = listening(0)
    session = Session("the-token-of-this-session", listener.getsockname()[1])
    sitting = lab.sitting(blind=blind)
    app = make_app(sitting, session, page_files(sitting.analyses))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield Served(lab, sitting, session)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture(scope="module")
def served_to_all(finished_plates: Path) -> Iterator[Served]:
    """The plates, served; for tests that change nothing."""
    with at_work(Lab(finished_plates)) as served:
        yield served


@pytest.fixture
def serving() -> Iterator[Callable[..., Served]]:
    """`serving(lab, blind=False)`: a study of its own, served until the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda lab, *, blind=False: stack.enter_context(at_work(lab, blind=blind))
