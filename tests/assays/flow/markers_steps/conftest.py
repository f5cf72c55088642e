"""Small simulated marker studies, run in process by the stand-in for the engine of the Annexin tests."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from exoraw.assays.contract import Finding, Measurement, Outcome, Simulated
from exoraw.assays.flow.assay import ASSAY
from exoraw.assays.flow.simulate_markers import MARKER_STUDIES
from exoraw.assays.flow.steps.markers import controls, tube
from exoraw.study.view import StudyView

EVENTS = 3_000  # some 2,500 live single cells: enough for a gate at 99.5 %
SEED = 11


def _stand_in() -> Any:
    place = Path(__file__).parents[1] / "assay" / "conftest.py"
    spec = importlib.util.spec_from_file_location("flow_stand_in", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["flow_stand_in"] = module
    spec.loader.exec_module(module)
    return module


engine = _stand_in()


@dataclass
class Counted:
    """Outcomes of a marker study."""

    ran: Any
    truth: Mapping[tuple[str, str, str], float]

    @property
    def tubes(self) -> dict[str, Outcome]:
        """Outcomes of the stained tubes by sample."""
        found: dict[str, Outcome] = self.ran.of("markers")
        return found

    def row(self, sample: str, measure: str, entity: str = "", statistic: str = "") -> Measurement:
        """The one number of a sample."""
        found = [
            one
            for one in self.tubes[sample].measurements
            if (one.measure, one.entity) == (measure, entity)
            and (not statistic or one.statistic == statistic)
        ]
        assert len(found) == 1, f"{len(found)} rows for {sample} {measure} {entity}"
        return found[0]

    def value(self, sample: str, measure: str, entity: str = "", statistic: str = "") -> float:
        """Its value."""
        return self.row(sample, measure, entity, statistic).value

    def findings(self, sample: str, code: str) -> list[Finding]:
        """Findings of a sample with this code."""
        return [one for one in self.tubes[sample].findings if one.code == code]

    def codes(self, sample: str) -> set[str]:
        """Codes of a sample's findings."""
        return {one.code for one in self.tubes[sample].findings}

    def batch(self, step: str) -> Outcome:
        """The outcome of a step of the only batch."""
        (found,) = self.ran.of(step).values()
        outcome: Outcome = found
        return outcome


@dataclass
class Study:
    """A simulated study on disk: rows and settings may be edited before it is run."""

    kind: str
    raw: Path
    rows: list[dict[str, str]]
    settings: dict[str, Any]
    truth: Mapping[tuple[str, str, str], float]

    def of(self, sample: str) -> dict[str, str]:
        """The sheet row of a sample."""
        return next(row for row in self.rows if row["sample"] == sample)

    def file(self, sample: str) -> Path:
        """The file of a sample."""
        return self.raw / self.of(sample)["file"]

    def only(self, *samples: str) -> Study:
        """The same study with these rows, in sheet order."""
        return replace(self, rows=[dict(row) for row in self.rows if row["sample"] in samples])

    def having(self, **strategy: Any) -> Study:
        """The same study with other settings of the strategy."""
        return replace(
            self, settings={**self.settings, "strategy": {**self.settings["strategy"], **strategy}}
        )

    def view(self) -> StudyView:
        """As the steps see it."""
        made: StudyView = engine.view_of(self.rows, self.settings)
        return replace(made, pipeline=self.kind)

    def run(self, steps: Iterable[str] | None = None, *, drawn: bool = False) -> Counted:
        """Run it; most tests look at numbers, and the pictures cost more than these."""
        with pytest.MonkeyPatch.context() as patch:
            if not drawn:
                patch.setattr(tube, "pictures", lambda *_: ())
                patch.setattr(controls, "control_overlay", lambda *_: [])
            return Counted(engine.run_study(self.raw, self.view(), steps), self.truth)

    def check(self) -> list[str]:
        """What `exoraw check` says of it."""
        problems = ASSAY.sheet.check(self.view(), engine.inventory_of(self.raw))
        return [f"{problem.severity}: {problem}" for problem in problems]


def written(project: Path, folder: Path, kind: str, **options: Any) -> Study:
    """Simulate the first day of a study; every tube is compensated by the matrix in its file."""
    made: Simulated = MARKER_STUDIES[kind](folder, SEED, **{"events": EVENTS, **options})
    preset = yaml.safe_load((project / "pipelines" / f"{kind}.yaml").read_text(encoding="utf-8"))
    settings = preset["settings"] | {"compensation": {"source": "keyword"}}
    settings["strategy"] = settings["strategy"] | dict(made.settings).get("strategy", {})
    rows = [dict(row) for row in made.rows if row["batch"] == "day1"]
    return Study(kind, folder, rows, settings, made.truth)


@pytest.fixture(scope="session")
def studies(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Study]:
    """`studies("cd44_cd24")`: the first day of a small study, written once; do not change its files."""
    known: dict[str, Study] = {}

    def study(kind: str, **options: Any) -> Study:
        name = f"{kind} {sorted(options)}"
        if name not in known:
            known[name] = written(project, tmp_path_factory.mktemp(kind), kind, **options)
        made = known[name]
        return made.only(*(row["sample"] for row in made.rows))

    return study


@pytest.fixture
def copied(studies: Callable[..., Study], tmp_path: Path) -> Callable[..., Study]:
    """`copied("aldefluor", samples)`: these tubes of a study in a folder of their own, to be damaged."""
    import shutil

    def copy(kind: str, samples: Sequence[str]) -> Study:
        study = studies(kind).only(*samples)
        for row in study.rows:
            (tmp_path / row["file"]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(study.raw / row["file"], tmp_path / row["file"])
        return replace(study, raw=tmp_path)

    return copy
