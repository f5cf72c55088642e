"""A small stand-in for the engine: units in order, inputs by hand, nothing else."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from exoraw.assays.contract import Earlier, FileInput, Inputs, Outcome, ReadyFile, TaskInput, Unit
from exoraw.assays.flow.assay import ASSAY
from exoraw.assays.flow.fcs import header
from exoraw.assays.flow.settings import FlowSettings
from exoraw.io.errors import ExorawError
from exoraw.io.inventory import Inventory, RawFile
from exoraw.study.view import SampleRow, StudyView


@dataclass
class Ran:
    """Outcomes and errors of a study, by unit key."""

    view: StudyView
    inventory: Inventory
    units: dict[str, Unit] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    errors: dict[str, ExorawError] = field(default_factory=dict)

    def of(self, step: str) -> dict[str, Outcome]:
        """Outcomes of a step by what follows its name in the key."""
        start = f"{self.view.pipeline}/{step}"
        return {
            key[len(start) :].lstrip("/"): outcome
            for key, outcome in self.outcomes.items()
            if key.startswith(start)
        }

    def value(self, sample: str, measure: str, entity: str = "", target: str = "") -> float:
        """The one number of a sample."""
        found = [
            one.value
            for one in self.of("gate")[sample].measurements
            if (one.measure, one.entity) == (measure, entity) and (not target or one.target == target)
        ]
        assert len(found) == 1, f"{len(found)} rows for {sample} {measure} {entity}"
        return found[0]

    def codes(self, sample: str) -> set[str]:
        """Codes of the findings that a sample's gate left."""
        return {finding.code for finding in self.of("gate")[sample].findings}


def inventory_of(raw: Path) -> Inventory:
    """Headers of every file below a folder; a file that cannot be read carries its problem."""
    found = {}
    for path in sorted(raw.rglob("*")):
        if path.is_file():
            name = path.relative_to(raw).as_posix()
            found[name] = _raw_file(path, name)
    return Inventory(found)


def _raw_file(path: Path, name: str) -> RawFile:
    import hashlib

    content = path.read_bytes()
    base = RawFile(name, hashlib.sha256(content).hexdigest(), len(content), 0)
    if not content.startswith(b"FCS"):
        return replace(base, problem="foreign")
    try:
        return replace(base, format="fcs", header=header(path))
    except ExorawError as error:
        return replace(base, format="fcs", problem=str(error))


def view_of(rows: Iterable[Mapping[str, str]], settings: Mapping[str, Any] | None = None) -> StudyView:
    """A study view from sheet rows; "excluded" carries a reason of exclusion, "sheet" the sheet's name."""
    outside = ("sample", "file", "excluded", "dataset", "sheet")
    made = []
    for line, row in enumerate(rows, start=2):
        cells = {key: value for key, value in row.items() if key not in outside}
        files = (row["file"],) if row.get("file") else ()
        dataset = int(row.get("dataset", "0"))
        sheet = row.get("sheet", "samples.csv")
        reason = row.get("excluded", "")
        made.append(SampleRow(row["sample"], files, dataset, cells, line, reason, source=sheet))
    return StudyView("annexin_pi", FlowSettings.model_validate(settings or {}), tuple(made))


def run_study(raw: Path, view: StudyView, steps: Iterable[str] | None = None) -> Ran:
    """Run every unit in order; an ExorawError is kept as the unit's error, anything else is raised."""
    ran = Ran(view, inventory_of(raw))
    for step in ASSAY.steps:
        if steps is not None and step.name not in steps:
            continue
        for unit in step.units(view.limited_to(step.columns), ran.inventory):
            assert unit.key not in ran.units
            ran.units[unit.key] = unit
            earlier = [
                item.key for items in unit.inputs.values() for item in items if isinstance(item, TaskInput)
            ]
            lost = [key for key in earlier if key not in ran.outcomes]
            if lost and (unit.needs == "all" or len(lost) == len(earlier)):
                continue
            try:
                ran.outcomes[unit.key] = step.run(unit, _inputs(unit, raw, ran))
            except ExorawError as error:
                ran.errors[unit.key] = error
    return ran


def _inputs(unit: Unit, raw: Path, ran: Ran) -> Inputs:
    files: dict[str, tuple[ReadyFile, ...]] = {}
    earlier: dict[str, tuple[Earlier, ...]] = {}
    for role, items in unit.inputs.items():
        named = [item for item in items if isinstance(item, FileInput)]
        tasks = [item for item in items if isinstance(item, TaskInput)]
        if tasks:
            earlier[role] = tuple(_earlier(item.key, ran) for item in tasks)
        else:
            files[role] = tuple(
                ReadyFile(raw / one.path, one.path, ran.inventory.files[one.path].file_id, one.dataset)
                for one in named
            )
    return Inputs(files, earlier)


def _earlier(key: str, ran: Ran) -> Earlier:
    outcome = ran.outcomes.get(key)
    if outcome is None:
        return Earlier(key, "", False, {}, (), ran.units[key].samples)
    return Earlier(key, "task", True, outcome.data, tuple(outcome.findings), ran.units[key].samples)


DRAWN = ("picture", "scatter", "byte_for_byte", "digests", "fixture", "real_sample")  # tests of pictures


@pytest.fixture(autouse=True)
def no_pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures cost more than all numbers together: only tests that look at them have them drawn."""
    if any(word in request.node.name for word in DRAWN):
        return
    monkeypatch.setattr("exoraw.assays.flow.steps.gate.pictures", lambda *_: ())
    monkeypatch.setattr("exoraw.assays.flow.steps.thresholds.control_picture", lambda *_: ())
    monkeypatch.setattr("exoraw.assays.flow.steps.compensate._picture", lambda *_: ())


@pytest.fixture(scope="session")
def run_flow() -> Callable[..., Ran]:
    """`run_flow(raw, rows, settings)`: the flow assay on a folder and sheet rows."""

    def run(
        raw: Path,
        rows: Iterable[Mapping[str, str]],
        settings: Mapping[str, Any] | None = None,
        steps: Iterable[str] | None = None,
    ) -> Ran:
        return run_study(raw, view_of(rows, settings), steps)

    return run


@pytest.fixture(scope="session")
def check_flow() -> Callable[..., list[str]]:
    """`check_flow(raw, rows, settings)`: what `exoraw check` says of flow, as text."""

    def check(
        raw: Path, rows: Iterable[Mapping[str, str]], settings: Mapping[str, Any] | None = None
    ) -> list[str]:
        problems = ASSAY.sheet.check(view_of(rows, settings), inventory_of(raw))
        return [f"{problem.severity}: {problem}" for problem in problems]

    return check


@pytest.fixture(scope="session")
def small_study(fixtures: Path) -> tuple[Path, list[dict[str, str]]]:
    """The raw folder and the sheet rows of fixtures/annexin_pi."""
    folder = fixtures / "annexin_pi"
    with (folder / "samples.csv").open(encoding="utf-8", newline="") as file:
        return folder / "raw", list(csv.DictReader(file))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-golden", action="store_true", help="write the digests of the flow fixture again"
    )
