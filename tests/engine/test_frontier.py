"""Any plan, any failures: every unit ends once, after what it needs; planned again nothing is left."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exoraw.assays.contract import Assay, Inputs, Outcome, Params, TaskInput, Unit
from exoraw.engine.frontier import Frontier, row_of
from exoraw.engine.options import RunOptions
from exoraw.engine.plan import Planner
from exoraw.engine.project import Pipeline
from exoraw.engine.tasks import Receipt
from exoraw.io.inventory import Inventory
from exoraw.store.rows import TaskRow
from exoraw.study.spec import SheetSpec
from exoraw.study.view import StudyView

LAYERS = 4


@dataclass(frozen=True)
class Layer:
    """A step whose units were drawn beforehand."""

    name: str
    drawn: tuple[Unit, ...]
    version: int = 1
    columns: tuple[str, ...] = ()

    def units(self, study: StudyView, files: Inventory) -> tuple[Unit, ...]:
        return self.drawn

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        return Outcome()


@st.composite
def layers(draw: st.DrawFn) -> tuple[Layer, ...]:
    made: list[Layer] = []
    keys: list[str] = []
    for number in range(draw(st.integers(1, LAYERS))):
        units = []
        for place in range(draw(st.integers(0, 4))):
            needed = draw(st.lists(st.sampled_from(keys), max_size=3)) if keys else []
            needs = draw(st.sampled_from(["all", "any"]))
            inputs = {"earlier": tuple(TaskInput(key) for key in needed)}
            units.append(Unit(f"p/{number}/{place}", (), inputs, Params(), needs))
        made.append(Layer(str(number), tuple(units)))
        keys += [unit.key for unit in units]
    return tuple(made)


def project(steps: tuple[Layer, ...]) -> Any:
    assay = Assay("demo", "Demo", (), SheetSpec(), Params, steps, (), (), "")
    pipeline = Pipeline("p", assay, StudyView("p", Params(), ()), Params())
    return SimpleNamespace(pipelines=(pipeline,), inventory=Inventory())


def work_off(planner: Planner, failing: set[str], index: dict[str, TaskRow]) -> tuple[Frontier, list[str]]:
    """Compute a plan; the units in `failing` fail. What is computed is committed to `index`."""
    frontier = Frontier(planner.plan(), planner, "run")
    order = []
    while (node := frontier.next()) is not None:
        order.append(node.key)
        status = "failed" if node.key in failing else "ok"
        row = row_of(node, "run").with_(status=status)
        index[row.task_id] = row
        frontier.finish(Receipt(row, committed=True))
    return frontier, order


@settings(max_examples=150, deadline=None)
@given(steps=layers(), data=st.data())
def test_every_unit_ends_once_after_what_it_needs(steps: tuple[Layer, ...], data: st.DataObject) -> None:
    units = {unit.key: unit for step in steps for unit in step.drawn}
    failing = set(data.draw(st.lists(st.sampled_from(sorted(units)), max_size=4))) if units else set()
    index: dict[str, TaskRow] = {}
    frontier, order = work_off(Planner(project(steps), {}, RunOptions()), failing, index)

    assert frontier.unreached == 0
    assert len(order) == len(set(order))
    rows = frontier.rows
    assert rows.keys() == units.keys()
    for key, unit in units.items():
        earlier = [item.key for item in unit.inputs["earlier"]]
        fine = [rows[other].status == "ok" for other in earlier]
        may_run = not earlier or (all(fine) if unit.needs == "all" else any(fine))
        assert (key in order) == may_run
        expected = "skipped" if not may_run else "failed" if key in failing else "ok"
        assert rows[key].status == expected
        if key in order:
            assert all(order.index(other) < order.index(key) for other in earlier if other in order)
    assert sum(frontier.counts.values()) == len(units)

    again, nothing = work_off(Planner(project(steps), index, RunOptions()), failing, dict(index))
    assert nothing == []
    assert {key: row.status for key, row in again.rows.items()} == {
        key: row.status for key, row in rows.items()
    }

    healed, retried = work_off(Planner(project(steps), index, RunOptions(retry=True)), set(), dict(index))
    assert {row.status for row in healed.rows.values()} <= {"ok"}
    assert failing & set(order) <= set(retried)
