"""The contract of planning: a step that breaks it is named before anything runs; identities and reasons."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic import Field

from exoraw.assays.contract import Assay, FileInput, Inputs, Outcome, Params, TaskInput, Unit
from exoraw.engine.keys import Identity, Settled, identify
from exoraw.engine.project import Pipeline
from exoraw.engine.reasons import why
from exoraw.engine.units import planned_units
from exoraw.io.errors import StudyError
from exoraw.io.inventory import Inventory, RawFile
from exoraw.store.rows import TaskRow
from exoraw.study.spec import SheetSpec
from exoraw.study.view import SampleRow, StudyView


class Settings(Params):
    cut: float = 1.0
    names: Mapping[str, int] = Field(default_factory=dict)


@dataclass(frozen=True)
class Planning:
    plan: Callable[[StudyView], Any]
    name: str = "gate"
    version: int = 1
    columns: tuple[str, ...] = ("batch",)

    def units(self, study: StudyView, files: Inventory) -> Any:
        return self.plan(study)

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        return Outcome()


INVENTORY = Inventory(
    {
        "a.fcs": RawFile("a.fcs", "1" * 64, 10, 0),
        "b.fcs": RawFile("b.fcs", "2" * 64, 20, 0),
        "gone.fcs": RawFile("gone.fcs", "", 0, 0, problem="it cannot be read: no."),
    }
)
VIEW = StudyView(
    "p",
    Settings(),
    (
        SampleRow("A", ("a.fcs",), 0, {"batch": "d1", "treatment": "DOX"}, 2),
        SampleRow("B", ("b.fcs",), 0, {"batch": "d2", "treatment": "PBS"}, 3),
    ),
)
GOOD = Unit("p/gate/A", ("A",), {"main": (FileInput("a.fcs"),), "control": ()}, Settings())


def planned(*steps: Planning) -> Any:
    assay = Assay("demo", "Demo", (), SheetSpec(), Settings, tuple(steps), (), (), "")
    return planned_units([Pipeline("p", assay, VIEW, Settings())], INVENTORY)


def fault(*steps: Planning) -> str:
    with pytest.raises(StudyError) as caught:
        planned(*steps)
    return str(caught.value)


def giving(*units: Unit) -> Planning:
    return Planning(lambda _study: units)


def test_a_sound_plan_knows_cells_sizes_and_earlier_units() -> None:
    later = Unit("p/sum/A", ("A",), {"gates": (TaskInput("p/gate/A"), TaskInput("p/gate/A"))}, Settings())
    first, second = planned(giving(GOOD), replace(giving(later), name="sum"))
    assert (first.place, first.bytes, first.cells, first.earlier) == (0, 10, {"A": {"batch": "d1"}}, ())
    assert (second.place, second.earlier) == (1, ("p/gate/A",))


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        (replace(GOOD, key="q/gate/A"), "does not begin with 'p/'"),
        (replace(GOOD, samples=("A", "A")), "a sample stands twice"),
        (replace(GOOD, samples=("C",)), "samples that the sheet does not hold: C"),
        (replace(GOOD, inputs={"@main": ()}), "begins with @"),
        (replace(GOOD, inputs={"main": ("a.fcs",)}), "is no input"),  # type: ignore[dict-item]
        (replace(GOOD, inputs={"gate": (TaskInput("p/gate/B"),)}), "no unit of an earlier step"),
        (replace(GOOD, inputs={"gate": (TaskInput("p/gate/A"),)}), "no unit of an earlier step"),
        (replace(GOOD, needs="some"), "needs is 'some'"),  # type: ignore[arg-type]
        (replace(GOOD, params={"cut": 1}), "params is a dict"),  # type: ignore[arg-type]
        (replace(GOOD, params=Settings(cut=float("nan"))), "params is not plain JSON"),
        (replace(GOOD, payload={"x": {1, 2}}), "payload is not plain JSON"),
    ],
)
def test_a_unit_that_breaks_the_contract_is_named(unit: Unit, words: str) -> None:
    said = fault(giving(unit))
    assert words in said
    assert 'The step "gate" of the analysis "p"' in said


def test_two_units_with_one_key_are_refused() -> None:
    assert "the key is used already, by the step gate of p" in fault(
        giving(GOOD), replace(giving(GOOD), name="sum")
    )


def test_a_column_that_a_step_does_not_declare_cannot_be_looked_at() -> None:
    step = Planning(lambda study: [replace(GOOD, payload={"t": row["treatment"]}) for row in study])
    with pytest.raises(StudyError, match='looked at the column "treatment"') as caught:
        planned(step)
    assert 'while planning the step "gate" of the analysis "p"' in caught.value.__notes__


def test_a_file_that_cannot_be_read_blocks_its_unit_alone() -> None:
    blocked = replace(GOOD, key="p/gate/B", inputs={"main": (FileInput("gone.fcs"),)})
    missing = replace(GOOD, key="p/gate/C", inputs={"main": (FileInput("nowhere.fcs"),)})
    found = planned(giving(GOOD, blocked, missing))
    assert [unit.blocked.partition(".fcs: ")[2] for unit in found] == [
        "",
        "it cannot be read: no.",
        "this file is not in the raw folder. Put it there or correct the sample sheet.",
    ]


# ----------------------------------------------------------------- identities


def identity(unit: Unit = GOOD, **changes: Any) -> Identity:
    facts: dict[str, Any] = {
        "assay": "demo",
        "step": "gate",
        "version": 1,
        "cells": {"A": {"batch": "d1"}, "B": {"batch": "d2"}},
        "inventory": INVENTORY,
        "earlier": {},
    }
    return identify(unit, **{**facts, **changes})


def test_everything_that_a_number_depends_on_changes_its_identity() -> None:
    swapped = {"main": (), "control": (FileInput("a.fcs"),)}
    two = {"main": (FileInput("a.fcs"), FileInput("b.fcs")), "control": ()}
    reversed_two = {"main": (FileInput("b.fcs"), FileInput("a.fcs")), "control": ()}
    different = [
        identity(),
        identity(version=2),
        identity(step="count"),
        identity(assay="other"),
        identity(cells={"A": {"batch": "d3"}}),
        identity(replace(GOOD, key="p/gate/Z")),
        identity(replace(GOOD, params=Settings(cut=2.0))),
        identity(replace(GOOD, payload={"batch": "d1"})),
        identity(replace(GOOD, samples=("A", "B"))),
        identity(replace(GOOD, inputs={"main": (FileInput("b.fcs"),), "control": ()})),
        identity(replace(GOOD, inputs={"main": (FileInput("a.fcs", 1),), "control": ()})),
        identity(replace(GOOD, inputs={"main": (FileInput("a.fcs"),)})),  # the role is not even looked for
        identity(replace(GOOD, inputs=swapped)),
        identity(replace(GOOD, inputs=two)),
        identity(replace(GOOD, inputs=reversed_two)),
    ]
    assert len({item.task_id for item in different}) == len(different)


def test_a_renamed_file_and_an_undeclared_cell_leave_the_identity_as_it_is() -> None:
    moved = Inventory({"new/name.fcs": replace(INVENTORY.files["a.fcs"], path="new/name.fcs")})
    unit = replace(GOOD, inputs={"main": (FileInput("new/name.fcs"),), "control": ()})
    assert identity(unit, inventory=moved).task_id == identity().task_id


def test_how_an_earlier_unit_failed_does_not_matter_but_that_it_failed_does() -> None:
    unit = replace(GOOD, inputs={"gate": (TaskInput("p/gate/B"),)})
    ids = [
        identity(unit, earlier={"p/gate/B": Settled("x", status, content)}).task_id
        for status, content in [("ok", "1"), ("ok", "2"), ("failed", ""), ("timeout", ""), ("skipped", "")]
    ]
    assert ids[0] == ids[1]
    assert len({*ids[2:]}) == 1
    assert ids[0] != ids[2]


def test_no_cell_stands_in_the_record_in_clear() -> None:
    assert "d1" not in json.dumps(json.loads(identity().inputs)["@sheet"])


# ----------------------------------------------------------------- reasons


def row(unit: Unit = GOOD, version: int = 1, **changes: Any) -> TaskRow:
    known = identity(unit, version=version, **changes)
    return TaskRow(
        task_id=known.task_id, unit=unit.key, status="ok", step="gate", step_version=version,
        params=known.params, inputs=known.inputs,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (lambda: identity(replace(GOOD, params=Settings(cut=2.5))), "settings changed: cut 1.0 -> 2.5"),
        (
            lambda: identity(replace(GOOD, params=Settings(names={"x": 1}))),
            "settings changed: names.x is new",
        ),
        (lambda: identity(cells={"A": {"batch": "d9"}}), "cell batch of A changed"),
        (lambda: identity(replace(GOOD, payload={"day": 1})), "planned differently: day"),
        (
            lambda: identity(replace(GOOD, inputs={"main": (FileInput("b.fcs"),), "control": ()})),
            "main: b.fcs is a new input; main: a.fcs is no longer an input",
        ),
        (
            lambda: identity(
                inventory=Inventory({"a.fcs": replace(INVENTORY.files["a.fcs"], sha256="9" * 64)})
            ),
            "input a.fcs changed",
        ),
    ],
)
def test_a_reason_names_what_is_different(now: Callable[[], Identity], words: str) -> None:
    assert why(now(), 1, row()) == words


def test_a_first_time_is_new_and_a_new_step_version_is_told() -> None:
    assert why(identity(), 1, None) == "new"
    assert why(identity(version=2), 2, row()) == "the step gate is now version 2, was 1"


def test_an_earlier_step_that_ran_again_is_named() -> None:
    unit = replace(GOOD, inputs={"gate": (TaskInput("p/gate/B"),)})
    before = row(unit, earlier={"p/gate/B": Settled("x", "ok")})
    now = identity(unit, earlier={"p/gate/B": Settled("y", "ok")})
    assert why(now, 1, before) == "earlier step ran again: p/gate/B"


def test_many_differences_are_counted() -> None:
    changed = replace(GOOD, params=Settings(cut=2.0), payload={"x": 1}, inputs={"main": (), "new": ()})
    said = why(identity(changed, cells={"A": {"batch": "x"}}), 2, row())
    assert said.count(";") == 3
    assert said.endswith("and 2 more")
