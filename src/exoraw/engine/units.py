"""All units of a study, as its assays plan them, held against the contract before anything runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from exoraw.assays.contract import (
    ColumnsFromSettings,
    FileInput,
    Input,
    Params,
    ReferenceInput,
    Step,
    TaskInput,
    Unit,
)
from exoraw.engine.keys import canonical
from exoraw.io.errors import StudyError
from exoraw.io.inventory import Inventory
from exoraw.study.view import Reference, StudyView

if TYPE_CHECKING:
    from exoraw.engine.project import Pipeline


@dataclass(frozen=True)
class PlannedUnit:
    """A unit in its place in the study.

    Parameters
    ----------
    place : position in the plan; earlier units always stand before
    cells : sample -> cells of the columns that the step declares
    earlier : keys of the earlier units it names, each once
    bytes : size of its raw files, for the estimate of the time left
    blocked : why its raw files cannot be used at all; "" where they can
    """

    place: int
    unit: Unit
    pipeline: str
    assay: str
    step: str
    version: int
    cells: Mapping[str, Mapping[str, str]]
    earlier: tuple[str, ...]
    bytes: int
    blocked: str

    @property
    def key(self) -> str:
        """Key of the unit."""
        return self.unit.key


def planned_units(pipelines: Iterable[Pipeline], inventory: Inventory) -> tuple[PlannedUnit, ...]:
    """Plan every step of every pipeline.

    Raises
    ------
    StudyError : a step breaks the contract of an assay or fails to plan
    """
    found: dict[str, PlannedUnit] = {}
    for pipeline in pipelines:
        for step in pipeline.steps:
            own = {key: one.unit.samples for key, one in found.items() if one.pipeline == pipeline.name}
            view = replace(pipeline.view.limited_to(_columns(step, pipeline)), planned=own)
            cells = {row.sample: row.declared_cells() for row in view.rows}
            before = frozenset(found)
            for unit in _units(pipeline, step, view, inventory):
                _check(unit, pipeline, step, cells, found, before)
                found[unit.key] = PlannedUnit(
                    place=len(found),
                    unit=unit,
                    pipeline=pipeline.name,
                    assay=pipeline.assay.name,
                    step=step.name,
                    version=step.version,
                    cells={sample: _keyed_cells(unit, cells[sample]) for sample in unit.samples},
                    earlier=tuple(dict.fromkeys(_earlier(unit))),
                    bytes=sum(raw.size for path in _paths(unit) if (raw := inventory.get(path))),
                    blocked=_blocked(unit, inventory),
                )
    return tuple(found.values())


def _columns(step: Step, pipeline: Pipeline) -> tuple[str, ...]:
    """Return the columns that a step may look at."""
    if not isinstance(step, ColumnsFromSettings):
        return step.columns
    with _telling_place(pipeline, step):
        return tuple(step.columns_for(pipeline.settings))


def _keyed_cells(unit: Unit, declared: Mapping[str, str]) -> Mapping[str, str]:
    """Return those cells of a row that the numbers of a unit depend on."""
    if unit.columns is None:
        return declared
    return {column: cell for column, cell in declared.items() if column in unit.columns}


@contextlib.contextmanager
def _telling_place(pipeline: Pipeline, step: Step) -> Iterator[None]:
    """Note step and analysis on whatever an assay's planning raises."""
    try:
        yield
    except Exception as error:
        error.add_note(f'while planning the step "{step.name}" of the analysis "{pipeline.name}"')
        raise


def _units(pipeline: Pipeline, step: Step, view: StudyView, inventory: Inventory) -> Iterator[Unit]:
    with _telling_place(pipeline, step):
        yield from step.units(view, inventory)


def _check(
    unit: Unit,
    pipeline: Pipeline,
    step: Step,
    cells: Mapping[str, Mapping[str, str]],
    found: Mapping[str, PlannedUnit],
    before: frozenset[str],
) -> None:
    """Raise StudyError where a unit breaks the contract: a fault of the assay, said with its place."""
    faults = [
        *_faults_of_names(unit, pipeline.name, cells, found),
        *_faults_of_inputs(unit, before, pipeline.view.references),
        *_faults_of_values(unit),
    ]
    if faults:
        raise StudyError(
            f'The step "{step.name}" of the analysis "{pipeline.name}" planned the unit {unit.key!r} against '
            f"the contract of an assay: {'; '.join(faults)}. This is a fault of the assay, please report it."
        )


def _faults_of_names(
    unit: Unit, pipeline: str, cells: Mapping[str, Mapping[str, str]], found: Mapping[str, PlannedUnit]
) -> Iterator[str]:
    if unit.key in found:
        other = found[unit.key]
        yield f"the key is used already, by the step {other.step} of {other.pipeline}"
    if not unit.key.startswith(f"{pipeline}/"):
        yield f"its key does not begin with {pipeline + '/'!r}"
    if len(set(unit.samples)) != len(unit.samples):
        yield "a sample stands twice in it"
    hidden = sorted({*(unit.columns or ())} - {column for row in cells.values() for column in row})
    if hidden and cells:
        yield f"columns that the step does not declare: {', '.join(hidden)}"
    strangers = [sample for sample in unit.samples if sample not in cells]
    if strangers:
        yield f"samples that the sheet does not hold: {', '.join(strangers)}"
    if any(role.startswith("@") or not role for role in unit.inputs):
        yield "a role is empty or begins with @"


def _faults_of_inputs(
    unit: Unit, before: frozenset[str], references: Mapping[str, Reference]
) -> Iterator[str]:
    for role, items in unit.inputs.items():
        for item in items:
            if not isinstance(item, Input):
                yield f"role {role}: {item!r} is no input"
            elif isinstance(item, ReferenceInput) and not _is_known(item, references):
                yield f"role {role}: {item.name!r} is no reference of the study with this digest"
            elif isinstance(item, TaskInput) and item.key not in before:
                yield f"role {role}: {item.key!r} is no unit of an earlier step"
    yield from _faults_of_needs(unit)


def _is_known(item: ReferenceInput, references: Mapping[str, Reference]) -> bool:
    return item.name in references and references[item.name].sha256 == item.sha256


def _faults_of_needs(unit: Unit) -> Iterator[str]:
    if not isinstance(unit.needs, Mapping):
        if unit.needs not in ("all", "any"):
            yield f"needs is {unit.needs!r} instead of all or any"
        return
    for role, needs in unit.needs.items():
        if role not in unit.inputs:
            yield f"needs names the role {role!r}, which it does not have"
        if needs not in ("all", "any", "optional"):
            yield f"needs of the role {role} is {needs!r} instead of all, any or optional"


def _faults_of_values(unit: Unit) -> Iterator[str]:
    if not isinstance(unit.params, Params):
        yield f"params is a {type(unit.params).__name__}, not Params"
        return
    for name, value in (("payload", dict(unit.payload)), ("params", unit.params.model_dump(mode="json"))):
        try:
            canonical(value)
        except (TypeError, ValueError) as error:
            yield f"{name} is not plain JSON ({error})"


def _earlier(unit: Unit) -> Iterator[str]:
    for items in unit.inputs.values():
        yield from (item.key for item in items if isinstance(item, TaskInput))


def _paths(unit: Unit) -> Iterator[str]:
    for items in unit.inputs.values():
        yield from dict.fromkeys(item.path for item in items if isinstance(item, FileInput))


def _blocked(unit: Unit, inventory: Inventory) -> str:
    """Say why a raw file cannot be read at all. A foreign or empty file is left to the step to refuse."""
    for path in _paths(unit):
        raw = inventory.get(path)
        if raw is None:
            return f"{path}: this file is not in the raw folder. Put it there or correct the sample sheet."
        if not raw.sha256:
            return f"{path}: {raw.problem}"
    return ""
