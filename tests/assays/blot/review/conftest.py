"""A finished study of one membrane to correct, and a person who sits at its pages."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image

import exoraw
from exoraw.assays.blot.simulator import BlotDesign, Group, simulate_experiment
from exoraw.engine.options import RunOptions, RunSummary
from exoraw.review.app import make_app, page_files
from exoraw.review.guard import Session
from exoraw.review.serve import listening
from exoraw.review.sitting import Sitting

GROUPS = (Group("ctrl", 1.0, 1.0), Group("IL-6", 1.1, 3.2), Group("exo", 1.3, 1.8))
SEED = 5
PHOSPHO, SECOND = "p-STAT3", "p-STAT3 S727"  # two rows of one picture
BELOW, ABOVE = 120, -110  # pixels: the second row, and a third one that nobody asked for; all are as strong
AN_HOUR = 3600.0


@dataclass
class Lab:
    """A study folder with its truth, and who sits at its review pages."""

    folder: Path
    runs: list[RunSummary] = field(default_factory=list)

    def sitting(self, *, blind: bool = False) -> Sitting:
        """Sit down."""
        return Sitting(self.folder, blind=blind, published=self.runs.append)

    def table(self, name: str) -> list[dict[str, Any]]:
        """Rows of a table of the results."""
        found: list[dict[str, Any]] = exoraw.open(self.folder / "results").arrow(name).to_pylist()
        return found

    def numbers(self, measure: str, entity: str) -> dict[str, tuple[float, bool]]:
        """Sample -> (number, whether it is marked as curated)."""
        return {
            row["sample"]: (row["value"], row["curated"])
            for row in self.table("measurements")
            if (row["measure"], row["entity"]) == (measure, entity)
        }

    def codes(self) -> set[str]:
        """Codes of all findings."""
        return {row["code"] for row in self.table("findings")}

    def tasks(self) -> dict[str, str]:
        """Unit -> the task whose numbers stand in the results."""
        return {row["unit"]: row["task_id"] for row in self.table("tasks")}

    def true(self, sample: str, measure: str, entity: str) -> float:
        """What the simulator drew."""
        found: float = json.loads((self.folder / "truth.json").read_text("utf-8"))[
            "|".join((sample, measure, entity))
        ]
        return found

    def click(self, sample: str, target: str) -> list[float]:
        """Where a person clicks a band: a pixel beside its middle."""
        drawn = f"band:{PHOSPHO if target == SECOND else target}"
        x, y = (self.true(sample, f"band_{axis}", drawn) for axis in "xy")
        return [round(x + 1.0, 1), round(y - 1.0 + BELOW * (target == SECOND), 1)]

    def row(self, target: str) -> list[list[float]]:
        """Both clicks on a row."""
        return [self.click("ctrl 1", target), self.click("exo 1", target)]

    def kept(self, pattern: str = "*.json") -> list[dict[str, Any]]:
        """Corrections beside the study."""
        return [
            json.loads(path.read_text("utf-8")) for path in sorted(self.folder.glob(f"corrections/{pattern}"))
        ]


def _ladder(protein: str) -> dict[str, str]:
    return {"ladder_image": f"membrane1/ladder of {protein}.tif"}


def _draw(folder: Path) -> None:
    """One membrane: two rows beside a third in one picture, STAT3 and GAPDH as two pages of one file."""
    made = simulate_experiment(
        folder / "raw",
        SEED,
        BlotDesign(groups=GROUPS, membranes=1, scenario="clean", series=False, total_protein=False),
    )
    place = folder / "raw/membrane1"
    phospho = np.asarray(Image.open(place / "p-STAT3.tif"))
    rows = [phospho, *(np.roll(phospho, way, axis=0) for way in (BELOW, ABOVE))]
    Image.fromarray(np.maximum.reduce(rows)).save(place / "p-STAT3.tif")
    pages = [Image.fromarray(np.asarray(Image.open(place / f"{name}.tif"))) for name in ("STAT3", "GAPDH")]
    pages[0].save(place / "probes.tif", save_all=True, append_images=pages[1:])
    for name in ("STAT3", "GAPDH"):
        (place / f"{name}.tif").unlink()
    (folder / "truth.json").write_text(json.dumps({"|".join(key): v for key, v in made.truth.items()}))
    with (folder / "samples.csv").open("w", encoding="utf-8", newline="") as file:
        columns = [name for name in made.rows[0] if name != "file"]
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(made.rows)
    (blot,) = made.settings["blots"]
    phospho_rows = {"image": "membrane1/p-STAT3.tif", "rows": 2, "total": "STAT3", **_ladder(PHOSPHO)}
    bands = {
        "STAT3": {"image": "membrane1/probes.tif", "page": 1, **_ladder("STAT3")},
        PHOSPHO: {**phospho_rows, "row": 1},
        SECOND: {**phospho_rows, "row": 2},
        "GAPDH": {"image": "membrane1/probes.tif", "page": 2, "role": "loading", **_ladder("GAPDH")},
    }
    entry = {"preset": "western_blot", "settings": {"blots": [{**blot, "bands": bands}]}}
    study = {"title": "One blot", "raw": "raw", "samples": "samples.csv", "pipelines": [entry]}
    (folder / "study.yaml").write_text(json.dumps(study), "utf-8")


@pytest.fixture(scope="session")
def finished_blot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study, run once; both rows of p-STAT3 need points."""
    folder = tmp_path_factory.mktemp("blot") / "study"
    (folder / "raw").mkdir(parents=True)
    _draw(folder)
    then = time.time() - AN_HOUR  # a young file may still be growing, and costs a second look
    for path in folder.rglob("*"):
        os.utime(path, (then, then))
    assert exoraw.run(folder, RunOptions(workers=0)).exit_code == 0
    return folder


@pytest.fixture
def lab(finished_blot: Path, tmp_path: Path) -> Lab:
    """A copy of a test's own."""
    shutil.copytree(finished_blot, tmp_path / "study")
    return Lab(tmp_path / "study")


@pytest.fixture(scope="module")
def looking(finished_blot: Path) -> Sitting:
    """A sitting for tests that change nothing."""
    return Lab(finished_blot).sitting()


@pytest.fixture(scope="module")
def truth(finished_blot: Path) -> Lab:
    """What is known of the study."""
    return Lab(finished_blot)


@pytest.fixture
def run_now() -> Callable[[Sitting], dict[str, Any]]:
    """`run_now(sitting)`: compute what waits, and wait for it."""

    def run(sitting: Sitting) -> dict[str, Any]:
        sitting.run()
        end = time.monotonic() + 120
        while (progress := sitting.progress())["state"] == "running":
            assert time.monotonic() < end
            time.sleep(0.02)
        return progress

    return run


@pytest.fixture
def address() -> Iterator[Callable[..., str]]:
    """`address(lab, blind=False)`: where the pages of a study are served until the test ends."""
    with contextlib.ExitStack() as stack:

        def served(lab: Lab, *, blind: bool = False) -> str:
            listener = stack.enter_context(contextlib.closing(listening(0)))
            session = Session("the-token-of-this-session", listener.getsockname()[1])
            sitting = lab.sitting(blind=blind)
            app = make_app(sitting, session, page_files(sitting.analyses))
            server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
            thread.start()
            stack.callback(thread.join, 10)
            stack.callback(setattr, server, "should_exit", True)
            return session.address

        yield served
