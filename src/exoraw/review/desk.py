"""The study as the review pages see it: planned as it stands now, with what was computed last."""

from __future__ import annotations

import importlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from exoraw.assays.contract import Earlier, Inputs, ReviewDesk, ReviewPage, TaskInput, Unit
from exoraw.engine.inputs import check_unchanged, earlier_of, resolve
from exoraw.engine.keys import Identity
from exoraw.engine.limits import task_limits
from exoraw.engine.options import RunOptions
from exoraw.engine.orders import OrderBook
from exoraw.engine.plan import Node, Plan, make_plan
from exoraw.engine.project import Pipeline, Project, project_of, sound
from exoraw.io.errors import StudyError
from exoraw.store.index import committed
from exoraw.store.results import Results
from exoraw.store.rows import TaskRow
from exoraw.study.load import load_study

KEPT = 4  # things that pages asked to remember: a tube of a million events is 40 MB
_NOBODY = "review"  # run id of orders that are only looked at


@dataclass(frozen=True)
class Analysis:
    """An analysis of the study that has a page."""

    pipeline: Pipeline
    page: ReviewPage

    @property
    def name(self) -> str:
        """Name of the analysis in study.yaml."""
        return self.pipeline.name


@dataclass(frozen=True)
class Opened:
    """A study opened for review; it is opened again after every change.

    Parameters
    ----------
    project : the study
    plan : what a run would do now
    current : unit key -> the row whose numbers the results show: the one that is still valid, else that of
        the last run
    published : unit key -> task id in the results as they lie there
    analyses : those with a page
    """

    project: Project
    plan: Plan
    current: Mapping[str, TaskRow]
    published: Mapping[str, str]
    analyses: tuple[Analysis, ...]

    @property
    def folder(self) -> Path:
        """Folder of study.yaml, beside which corrections lie."""
        return self.project.loaded.folder

    def node(self, key: str) -> Node | None:
        """Return a unit in the plan."""
        return next((node for node in self.plan if node.key == key), None)


def open_for_review(study: Path) -> Opened:
    """Open a study.

    Raises
    ------
    StudyError : it cannot be read, nothing of it has run yet, or none of its analyses has a page
    """
    project = sound(project_of(load_study(study)))
    index = committed(project.results)
    if not index:
        raise StudyError(
            f"{project.results} holds no results yet, so there is nothing to correct. Run the study first: "
            f"exoraw run {project.loaded.path}"
        )
    analyses = tuple(Analysis(one, page_of(one)) for one in project.pipelines if one.assay.review_page)
    if not analyses:
        names = ", ".join(sorted({one.assay.name for one in project.pipelines}))
        raise StudyError(f"There is no review page for {names}; the numbers of this study cannot be dragged.")
    plan = make_plan(project, index)
    published = _published(project.results)
    return Opened(project, plan, _current(plan, index, published), published, analyses)


def page_of(pipeline: Pipeline) -> ReviewPage:
    """Import the page that the assay of an analysis names."""
    module, _, name = str(pipeline.assay.review_page).partition(":")
    return cast("ReviewPage", getattr(importlib.import_module(module), name))


def _published(results: Path) -> dict[str, str]:
    """Return unit key -> task id of the tables that people open."""
    rows = Results(results).arrow("tasks").select(["unit", "task_id"]).to_pylist()
    return {row["unit"]: row["task_id"] for row in rows}


def _current(plan: Plan, index: Mapping[str, TaskRow], published: Mapping[str, str]) -> dict[str, TaskRow]:
    """Return the rows whose numbers are shown. After a correction the old ones are, until it has run."""
    shown = {unit: index[task] for unit, task in published.items() if task in index}
    return shown | {node.key: node.row for node in plan if node.row is not None}


class Memory:
    """Remembers the last few things that were made, by name."""

    def __init__(self) -> None:
        self._made: OrderedDict[Hashable, Any] = OrderedDict()

    def kept(self, name: Hashable, make: Callable[[], Any]) -> Any:
        """Return what was made for this name, or make it now."""
        if name not in self._made:
            self._made[name] = make()
        self._made.move_to_end(name)
        while len(self._made) > KEPT:
            self._made.popitem(last=False)
        return self._made[name]


def desk_of(opened: Opened, analysis: Analysis, memory: Memory, *, blind: bool) -> ReviewDesk:
    """Return what the page of an analysis may look at."""
    return ReviewDesk(
        view=analysis.pipeline.view,
        files=opened.project.inventory,
        blind=blind,
        ready=lambda key: ready(opened, key),
        outcome=lambda key: outcome(opened, key),
        kept=lambda name, make: memory.kept((analysis.name, name), make),
    )


def outcome(opened: Opened, key: str) -> Earlier | None:
    """Return the newest outcome of a unit; None where there is none that succeeded."""
    row = opened.current.get(key)
    if row is None or row.status != "ok":
        return None
    return earlier_of(opened.project.results, row)


def ready(opened: Opened, key: str) -> tuple[Unit, Inputs]:
    """Return a unit and its inputs as a worker would get them, with the newest earlier outcomes.

    Raises
    ------
    KeyError : no such unit is planned
    StudyError : a raw file cannot be read any more, or has changed
    """
    node = opened.node(key)
    if node is None:
        raise KeyError(key)
    if node.planned.blocked:
        raise StudyError(node.planned.blocked)
    project = opened.project
    options = RunOptions(workers=0)
    book = OrderBook(
        run_id=_NOBODY,
        raw=str(project.raw),
        results=str(project.results),
        crumbs="",
        inventory=project.inventory,
        limits=task_limits(project.loaded.study.limits, options, 0),
        isolated=False,
        study=str(project.loaded.folder),
        references={item.name: item for item in project.loaded.references},
    )
    known = replace(node, identity=node.identity or Identity("", "{}", "{}"))
    order = book.order(known, dict(_earlier_rows(opened, node)))
    try:
        check_unchanged(order)
    except OSError as error:
        raise StudyError(
            f"A raw file of {key} cannot be read any more: {error.strerror or error}."
        ) from error
    return node.unit, resolve(order)


def _earlier_rows(opened: Opened, node: Node) -> Iterator[tuple[str, TaskRow]]:
    for items in node.unit.inputs.values():
        for item in items:
            if isinstance(item, TaskInput):
                absent = TaskRow(
                    task_id="", unit=item.key, status="skipped", run_id=_NOBODY, assay=node.assay,
                    pipeline=node.pipeline, step="",
                )  # fmt: skip
                yield item.key, opened.current.get(item.key, absent)
