"""A small stand-in for the engine: units of the blot assay in order, inputs by hand, nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exoraw.assays.blot.assay import ASSAY
from exoraw.assays.blot.formats import FORMATS
from exoraw.assays.blot.settings import BlotSettings
from exoraw.assays.blot.simulated_studies import with_points
from exoraw.assays.blot.simulator import (
    BlotDesign,
    Group,
    simulate_chip_gel,
    simulate_ev_markers,
    simulate_experiment,
)
from exoraw.assays.blot.steps import quantify
from exoraw.assays.contract import (
    ColumnsFromSettings,
    CorrectionInput,
    Earlier,
    FileInput,
    Inputs,
    Measurement,
    Outcome,
    ReadyFile,
    TaskInput,
    Unit,
)
from exoraw.assays.registry import probe_of
from exoraw.io.errors import ExorawError, FormatError
from exoraw.io.inventory import Inventory, RawFile
from exoraw.study.view import Correction, SampleRow, StudyView

GROUPS = (Group("ctrl", 1.0, 1.0), Group("IL-6", 1.1, 3.2), Group("DOX", 0.7, 0.5), Group("exo", 1.3, 1.8))


PICTURES = quantify.pictures


@dataclass
class Ran:
    """Outcomes and errors of a study, by unit key."""

    view: StudyView
    inventory: Inventory
    units: dict[str, Unit] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    errors: dict[str, ExorawError] = field(default_factory=dict)

    def of(self, step: str) -> list[Outcome]:
        """Outcomes of a step."""
        return [one for key, one in self.outcomes.items() if key.split("/")[1] == step]

    def numbers(self, measure: str) -> dict[tuple[str, str], Measurement]:
        """(sample, entity) -> number of a measure."""
        every = [one for outcome in self.outcomes.values() for one in outcome.measurements]
        return {(one.sample, one.entity): one for one in every if one.measure == measure}

    def codes(self, step: str) -> set[str]:
        """Codes of the findings of a step."""
        return {finding.code for outcome in self.of(step) for finding in outcome.findings}

    def messages(self, step: str, code: str) -> list[str]:
        """Messages of one kind of finding."""
        return [f.message for outcome in self.of(step) for f in outcome.findings if f.code == code]


def inventory_of(raw: Path) -> Inventory:
    """Headers of every file below a folder; a file that cannot be read carries its problem."""
    found = {}
    for path in sorted(raw.rglob("*")):
        if path.is_file():
            name = path.relative_to(raw).as_posix()
            found[name] = _raw_file(path, name)
    return Inventory(found)


def _raw_file(path: Path, name: str) -> RawFile:
    content = path.read_bytes()
    base = RawFile(name, hashlib.sha256(content).hexdigest(), len(content), 0)
    problem = "of no format that exoraw knows"
    for declared in FORMATS:
        if any(content[m.offset : m.offset + len(m.value)] == m.value for m in declared.magics):
            try:
                return replace(base, format=declared.name, header=probe_of(declared)(path))
            except FormatError as error:
                problem = str(error)
    return replace(base, problem=problem)


def view_of(
    rows: Iterable[Mapping[str, str]], settings: Mapping[str, Any], corrections: Iterable[Correction] = ()
) -> StudyView:
    """A study view from sheet rows; "excluded" carries a reason of exclusion."""
    made = []
    for line, row in enumerate(rows, start=2):
        cells = {key: value for key, value in row.items() if key not in ("sample", "file", "excluded")}
        files = tuple(row.get("file", "").split(";")) if row.get("file") else ()
        made.append(SampleRow(row["sample"], files, 0, cells, line, row.get("excluded", "")))
    return StudyView("blots", BlotSettings.model_validate(settings), tuple(made), tuple(corrections))


def run_study(raw: Path, view: StudyView) -> Ran:
    """Run every unit in order; an ExorawError is kept as the unit's error, anything else is raised."""
    ran = Ran(view, inventory_of(raw))
    for step in ASSAY.steps:
        columns = step.columns_for(view.settings) if isinstance(step, ColumnsFromSettings) else step.columns
        for unit in step.units(view.limited_to(columns), ran.inventory):
            assert unit.key not in ran.units
            ran.units[unit.key] = unit
            if _lacks_inputs(unit, raw, ran):
                continue
            try:
                ran.outcomes[unit.key] = _outcome(step, unit, _inputs(unit, raw, ran))
            except ExorawError as error:
                ran.errors[unit.key] = error
    return ran


MEASURED: dict[str, Outcome] = {}  # what pictures came to: tests that ask the same of the same bytes share it


def _outcome(step: Any, unit: Unit, inputs: Inputs) -> Outcome:
    if step.name != "quantify":
        return step.run(unit, inputs)
    files = [(role, f.relative, f.file_id, f.dataset) for role, found in inputs.files.items() for f in found]
    asked = (unit, files, inputs.earlier, inputs.corrections, quantify.pictures is PICTURES)
    key = hashlib.sha256(repr(asked).encode()).hexdigest()
    if key not in MEASURED:
        MEASURED[key] = step.run(unit, inputs)
    return MEASURED[key]


def _lacks_inputs(unit: Unit, raw: Path, ran: Ran) -> bool:
    files = [item for items in unit.inputs.values() for item in items if isinstance(item, FileInput)]
    if any(not (raw / item.path).is_file() for item in files):
        return True
    for role, items in unit.inputs.items():
        earlier = [item.key for item in items if isinstance(item, TaskInput)]
        lost = [key for key in earlier if key not in ran.outcomes]
        needs = unit.needs if isinstance(unit.needs, str) else unit.needs.get(role, "all")
        if lost and (needs == "all" or (needs == "any" and len(lost) == len(earlier))):
            return True
    return False


def _inputs(unit: Unit, raw: Path, ran: Ran) -> Inputs:
    files: dict[str, tuple[ReadyFile, ...]] = {}
    earlier: dict[str, tuple[Earlier, ...]] = {}
    corrections: dict[str, tuple[Correction, ...]] = {}
    for role, items in unit.inputs.items():
        files[role] = tuple(
            ReadyFile(raw / one.path, one.path, ran.inventory.files[one.path].sha256, one.dataset)
            for one in items
            if isinstance(one, FileInput)
        )
        earlier[role] = tuple(_earlier(one.key, ran) for one in items if isinstance(one, TaskInput))
        corrections[role] = tuple(one.correction for one in items if isinstance(one, CorrectionInput))
    return Inputs(files, earlier, corrections)


def _earlier(key: str, ran: Ran) -> Earlier:
    outcome = ran.outcomes.get(key)
    if outcome is None:
        return Earlier(key, "", False, {}, (), ran.units[key].samples)
    return Earlier(key, "task", True, outcome.data, tuple(outcome.findings), ran.units[key].samples)


@dataclass
class Study:
    """A simulated experiment as a person hands it in; change `rows` and `blots`, then run or check it."""

    raw: Path
    rows: list[dict[str, str]]
    settings: dict[str, Any]
    truth: Mapping[tuple[str, str, str], float]
    corrections: list[Correction] = field(default_factory=list)

    @property
    def blots(self) -> list[dict[str, Any]]:
        """The table of membranes."""
        blots: list[dict[str, Any]] = self.settings["blots"]
        return blots

    def run(self) -> Ran:
        """Run every step."""
        return run_study(self.raw, view_of(self.rows, self.settings, self.corrections))

    def check(self) -> list[str]:
        """What `exoraw check` says."""
        found = ASSAY.sheet.check(view_of(self.rows, self.settings), inventory_of(self.raw))
        return [f"{problem.severity}: {problem}" for problem in found]

    def click(self, sample: str, target: str) -> tuple[float, float]:
        """Where a person clicks a band."""
        x, y = (self.truth[sample, f"band_{axis}", f"band:{target}"] for axis in "xy")
        return (round(x + 1.0, 1), round(y - 1.0, 1))


def study_in(raw: Path, seed: int = 5, **design: Any) -> Study:
    """Simulate; every row of bands gets its two points."""
    asked = {"groups": GROUPS, "membranes": 1, "scenario": "clean", "series": False, "total_protein": False}
    made = simulate_experiment(raw, seed, BlotDesign(**{**asked, **design}))
    blots = [
        {**blot, "bands": {k: dict(v) for k, v in blot["bands"].items()}} for blot in made.settings["blots"]
    ]
    study = Study(raw, [dict(row) for row in made.rows], {"blots": blots}, made.truth)
    for blot in blots:
        for target, band in blot["bands"].items():
            if (blot["lanes"][1], "band_x", f"band:{target}") in made.truth:
                band["first"], band["last"] = (study.click(blot["lanes"][i], target) for i in (1, -1))
    return study


@pytest.fixture
def afresh() -> Callable[[], None]:
    """`afresh()`: what was measured is measured again."""
    return MEASURED.clear


DRAWN = ("picture", "overlay", "same_pictures", "profile")  # tests that look at pictures


@pytest.fixture(autouse=True)
def no_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most tests look at numbers, and pictures cost more than these."""
    if not any(word in request.node.name for word in DRAWN):
        monkeypatch.setattr("exoraw.assays.blot.steps.quantify.pictures", lambda *_: ())


@pytest.fixture
def chip_study() -> Callable[..., Study]:
    """`chip_study(raw, seed=3)`: the simulated ChIP gel as a person hands it in."""
    return lambda raw, seed=3: handed_in(raw, seed, "chip_pcr_gel")


@pytest.fixture
def ev_study() -> Callable[..., Study]:
    """`ev_study(raw, seed=3)`: the simulated exosome markers as a person hands them in."""
    return lambda raw, seed=3: handed_in(raw, seed, "ev_markers")


def handed_in(raw: Path, seed: int, preset: str) -> Study:
    """A study of the demo, with its clicked points and its preset's background."""
    write = {"chip_pcr_gel": simulate_chip_gel, "ev_markers": simulate_ev_markers}[preset]
    made = with_points(write(raw, seed), np.random.default_rng([seed, 5]))
    settings = {**made.settings, "kind": preset}
    if preset == "chip_pcr_gel":
        settings["background"] = "between_lanes"
    return Study(raw, [dict(row) for row in made.rows], settings, made.truth)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """One clean membrane with four lanes: STAT3, p-STAT3, GAPDH."""
    return study_in(tmp_path)


@pytest.fixture
def simulated(tmp_path: Path) -> Callable[..., Study]:
    """`simulated(seed, membranes=3, scenario="all", ...)`: another design."""

    def made(seed: int = 5, **design: Any) -> Study:
        return study_in(tmp_path, seed, **design)

    return made


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Ran]:
    """The clean membrane, run once."""
    made = study_in(tmp_path_factory.mktemp("blot"))
    return made, made.run()
