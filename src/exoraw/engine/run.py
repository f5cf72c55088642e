"""A whole run: plan, compute what is new, publish. `exoraw.run` and `exoraw.plan` are here."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from exoraw.assays import registry
from exoraw.engine.crumbs import crumbs_folder, interrupted_units, sweep_crumbs
from exoraw.engine.diskspace import check_disk
from exoraw.engine.executor import Executor, InProcess
from exoraw.engine.frontier import Frontier, failures
from exoraw.engine.interrupt import Interrupts, watching_for_interrupts
from exoraw.engine.limits import task_limits, worker_count
from exoraw.engine.options import Listener, RunOptions, RunOutcome, RunSummary, Silent
from exoraw.engine.orders import OrderBook
from exoraw.engine.plan import Node, Plan, Planner, make_plan
from exoraw.engine.project import Project, project_of, sound
from exoraw.engine.record import Record, RunLog, new_run_id
from exoraw.engine.tasks import Limits, Order, Receipt
from exoraw.io.errors import StoreError
from exoraw.store.commit import DiskFull
from exoraw.store.disk import explaining_full_disk
from exoraw.store.index import committed, sweep
from exoraw.store.lock import locked
from exoraw.study.load import load_study

__all__ = ["RunOptions", "RunSummary", "current_tasks", "plan", "run"]

_TICK_S = 0.5  # how often a run looks up from waiting: interrupts, publishing


def plan(study_path: Path | str, options: RunOptions | None = None) -> Plan:
    """Return what a run would do and why; nothing is run and no number is written.

    Raises
    ------
    StudyError : study, sheet or settings cannot be used; every reason at once
    """
    project = sound(project_of(load_study(Path(study_path))))
    return make_plan(project, committed(project.results), options)


def current_tasks(study_path: Path | str) -> tuple[Path, set[str]]:
    """Return the results folder and the task ids that the study as it stands now still uses."""
    project = sound(project_of(load_study(Path(study_path))))
    nodes = make_plan(project, committed(project.results))
    return project.results, {node.task_id for node in nodes if node.task_id}


def run(
    study_path: Path | str, options: RunOptions | None = None, listener: Listener | None = None
) -> RunSummary:
    """Analyse a study: compute what is new or changed, and bring the public tables up to date.

    Parameters
    ----------
    study_path : study.yaml or its folder
    options : what is executed, and where
    listener : who is told how it goes on

    Returns
    -------
    RunSummary; `exit_code` is 0 all ok, 1 some units failed, 3 disk full, 130 interrupted

    Raises
    ------
    StudyError : study, sheet, settings or cluster cannot be used; nothing was run
    StoreError : the results folder cannot be used (locked by another run, too small, of another version)
    """
    options, listener = options or RunOptions(), listener or Silent()
    loaded = load_study(Path(study_path))
    if options.dry_run:
        return _dry_run(sound(project_of(loaded)), options, listener)
    with (
        explaining_full_disk(loaded.results),
        locked(loaded.results),
        watching_for_interrupts(listener.message) as interrupts,
    ):
        at_work = _Run(sound(project_of(loaded)), options, listener, interrupts)
        with contextlib.closing(at_work):
            return at_work.execute()


def _dry_run(project: Project, options: RunOptions, listener: Listener) -> RunSummary:
    planned = make_plan(project, committed(project.results), options)
    listener.planned(planned.totals())
    return RunSummary(
        run_id="",
        outcome="complete",
        results=project.results,
        counts=planned.counts,
        failures=(),
        problems=project.problems,
        seconds=0.0,
        cpu_seconds=0.0,
    )


class _Run:
    """One run, under the lock of its results folder."""

    def __init__(
        self, project: Project, options: RunOptions, listener: Listener, interrupts: Interrupts
    ) -> None:
        self._project = project
        self._options = options
        self._listener = listener
        self._interrupts = interrupts
        self._run_id = new_run_id()
        self._log = RunLog(project.results, self._run_id)
        self._started = time.monotonic()
        self._cpu_seconds = 0.0
        self._disk_full = ""

    def execute(self) -> RunSummary:
        """Plan, compute, publish; return how it went."""
        results = self._project.results
        killed = interrupted_units(results)
        sweep_crumbs(results)
        sweep(results)
        index = committed(results)
        planner = Planner(self._project, index, self._options)
        planned = planner.plan()
        self._listener.planned(planned.totals())
        check_disk(results, planned, index)
        workers = worker_count(self._options, planned)
        limits = task_limits(self._project.loaded.study.limits, self._options, workers)
        self._record = Record(self._project, self._options, limits, self._run_id)
        self._record.unused_corrections(planned)
        self._say_how_it_starts(planned, killed)
        self._frontier = Frontier(planned, planner, self._run_id)
        return self._finish(self._compute(workers, limits))

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    def _say_how_it_starts(self, planned: Plan, killed: list[str]) -> None:
        counts = planned.counts
        work = counts.get("run", 0) + counts.get("wait", 0)
        self._log.write(f"{len(planned)} units planned, {counts.get('cached', 0)} still valid, {work} to run")
        for unit in killed:
            self._log.write(f"{unit}: an earlier run was stopped while this was computed; it starts over")

    def _compute(self, workers: int, limits: Limits) -> RunOutcome | None:
        """Work off what is ready; return why it ended early, None where it did not."""
        first = self._frontier.next()
        if first is None:
            self._record.begin(len(self._frontier))
            return None
        try:
            with self._executor(workers, limits) as executor:
                self._record.begin(len(self._frontier))  # a cluster that cannot be used is no run
                self._work(executor, limits, first)
        except KeyboardInterrupt:
            return "interrupted"
        if self._disk_full:
            return "disk_full"
        return "interrupted" if self._interrupts.asked and self._frontier.unreached else None

    @contextlib.contextmanager
    def _executor(self, workers: int, limits: Limits) -> Iterator[Executor]:
        crumbs = crumbs_folder(self._project.results, self._run_id)
        if self._options.scheduler:
            from exoraw.engine.external import external_workers

            crumbs.mkdir(parents=True)
            with external_workers(self._options.scheduler, self._project, self._tell) as executor:
                yield executor
        elif workers:
            from exoraw.engine.cluster import local_workers

            crumbs.mkdir(parents=True)
            with local_workers(workers, crumbs, limits.memory, self._packages()) as executor:
                yield executor
        else:
            self._tell("Computing in this process: a task has no time limit and a crash ends the run.")
            yield InProcess()

    def _packages(self) -> list[str]:
        names = dict.fromkeys(pipeline.assay.name for pipeline in self._project.pipelines)
        return [registry.registered()[name].package for name in names]

    def _tell(self, text: str) -> None:
        self._log.write(text)
        self._listener.message(text)

    def _work(self, executor: Executor, limits: Limits, first: Node) -> None:
        book = OrderBook(
            run_id=self._run_id,
            raw=str(self._project.raw),
            results=str(self._project.results),
            crumbs=str(crumbs_folder(self._project.results, self._run_id)),
            inventory=self._project.inventory,
            limits=limits,
            isolated=executor.isolated,
            study=str(self._project.loaded.folder),
            references={item.name: item for item in self._project.loaded.references},
        )
        node: Node | None = first
        stopping = False
        while True:
            if not stopping and executor.pending <= executor.window // 2:
                orders: list[Order] = []
                while node is not None and len(orders) + executor.pending < executor.window:
                    orders.append(book.order(node, self._frontier.rows))
                    self._listener.started(node.key, node.assay)
                    node = self._frontier.next()
                executor.submit(orders)
            if not executor.pending:
                return
            for receipt in executor.completed(_TICK_S):
                self._take(receipt)
            node = node or self._frontier.next()
            if not stopping and self._should_stop(executor):
                stopping = True
                executor.drop_waiting()
            self._publish_meanwhile()

    def _should_stop(self, executor: Executor) -> bool:
        if executor.broken:
            self._tell(executor.broken)
        return bool(self._interrupts.asked or self._disk_full or executor.broken)

    def _take(self, receipt: Receipt) -> None:
        """Note the end of a task."""
        row = receipt.row
        self._frontier.finish(receipt)
        self._cpu_seconds += row.cpu_seconds or 0.0
        for path in receipt.changed_files:
            self._record.changed(path)
        if receipt.disk_full and not self._disk_full:
            self._disk_full = row.error
            self._tell(row.error)
        seconds = f" in {row.seconds:.1f} s" if row.seconds is not None else ""
        ended = f"{row.unit}: {row.status}{seconds}"
        detail = "\n".join(part for part in (row.traceback, receipt.log) if part)
        self._log.write(f"{ended}: {row.error}" if row.error else ended, detail)
        self._listener.finished(receipt)

    def _publish_meanwhile(self) -> None:
        """Show what is there. A damaged part or a full disk is met again, and told, at the end."""
        with contextlib.suppress(StoreError):
            self._record.publish_when_due(self._frontier.rows.values())

    def _finish(self, ended_early: RunOutcome | None) -> RunSummary:
        rows = self._frontier.rows
        failed = failures(rows.values())
        outcome = ended_early or ("failed_tasks" if failed or self._frontier.unreached else "complete")
        counts = Counter(self._frontier.counts)
        try:
            self._record.finish(outcome, counts, self._cpu_seconds)
            if not self._interrupts.at_once:
                self._record.publish_at_end(rows.values())
        except DiskFull as error:
            outcome = "disk_full"
            self._tell(str(error))
        sweep_crumbs(self._project.results)
        self._log.write(f"ended: {outcome}; {', '.join(f'{n} {status}' for status, n in counts.items())}")
        return RunSummary(
            run_id=self._run_id,
            outcome=outcome,
            results=self._project.results,
            counts=counts,
            failures=failed,
            problems=self._project.problems,
            seconds=time.monotonic() - self._started,
            cpu_seconds=self._cpu_seconds,
        )
