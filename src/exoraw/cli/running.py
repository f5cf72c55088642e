"""A run from the command line: progress, report, and a last word on what came out."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exoraw.cli.console import EXIT_OK, EXIT_USAGE, out, plain, plural, say, show_problems
from exoraw.cli.places import RESULTS_MARK

if TYPE_CHECKING:
    from exoraw.engine.options import RunSummary
    from exoraw.engine.plan import Node, Plan

REPORT = "report.html"
_SHOWN_LINES = 20  # warnings, failures, and doubtful numbers on the screen; the report holds all
_SHOWN_REASONS = 40  # tasks listed one by one in a dry run; the rest is counted


def run_and_report(study: Path, *, verbose: int = 0, **options: Any) -> int:
    """Run a study, write report.html, say what came out; return the exit code.

    Parameters
    ----------
    study : the study file
    verbose : 0 failures only, 1 every task's end, 2 every task's start
    options : fields of `RunOptions`
    """
    from exoraw.cli.progress import listening
    from exoraw.engine.options import RunOptions
    from exoraw.engine.run import run
    from exoraw.report.build import build_report

    with listening(verbose) as listener:
        summary = run(study, RunOptions(**options), listener)
    _say_problems(summary)
    _say_failures(summary, listener.said)
    published = (summary.results / RESULTS_MARK).is_file()  # not after a first run that was torn down
    if published:
        build_report(summary.results)
        _say_doubtful_numbers(summary.results)
    _last_word(summary)
    return summary.exit_code


def _say_problems(summary: RunSummary) -> None:
    """Print the first warnings of `check`; errors of single rows are said by the tasks that failed."""
    warnings = [problem for problem in summary.problems if problem.severity == "warning"]
    show_problems(warnings[:_SHOWN_LINES])
    if len(warnings) > _SHOWN_LINES:
        say(out(), f"... and {len(warnings) - _SHOWN_LINES:,} more warnings; exoraw check lists them.")


def _say_failures(summary: RunSummary, said: Collection[str]) -> None:
    """Name what did not succeed, but for what the listener said when it happened."""
    rest = [row for row in summary.failures if row.unit not in said]
    for row in rest[:_SHOWN_LINES]:
        out().print(f"[red]{row.status}[/] {plain(row.unit)}: {plain(row.error)}", soft_wrap=True)
    if len(rest) > _SHOWN_LINES:
        say(out(), f"... and {len(rest) - _SHOWN_LINES:,} more failures; the report lists them.")


def _last_word(summary: RunSummary) -> None:
    console = out()
    counted = ", ".join(
        f"{count:,} {_COUNTED.get(status, status)}" for status, count in summary.counts.items() if count
    )
    ended = f"{_HOW_IT_ENDED[summary.outcome]} Tasks: {counted or 'none'}. {summary.seconds:.1f} s."
    console.print(ended, soft_wrap=True)
    if any(count for status, count in summary.counts.items() if status in _TRIED_AGAIN):
        say(console, "exoraw retry tries failed tasks again; a file that you replace runs by itself.")
    say(console, f"Tables: {summary.results}")
    if (summary.results / REPORT).is_file():
        say(console, f"Report: {summary.results / REPORT}")


def _say_doubtful_numbers(results: Path) -> None:
    """Name the samples whose numbers carry an error, and count the warnings: not only the report knows."""
    from exoraw.store.results import Results

    console = out()
    findings = [row for row in Results(results).arrow("findings").to_pylist() if row["task_id"]]
    errors = [row for row in findings if row["severity"] == "error" and row["sample"]]
    for row in errors[:_SHOWN_LINES]:
        say(console, f"{row['sample']}: {row['message']}", "error")
    if len(errors) > _SHOWN_LINES:
        say(console, f"... and {len(errors) - _SHOWN_LINES:,} more; the report lists them.")
    doubtful = {row["sample"] for row in findings if row["severity"] == "warning" and row["sample"]}
    if doubtful:
        say(
            console,
            f"The numbers of {plural(len(doubtful), 'sample')} carry warnings; the report names them.",
        )


_COUNTED = {
    "ok": "computed",
    "cached": "kept from earlier runs",
    "timeout": "took too long",
    "held": "left out",
}
_TRIED_AGAIN = ("failed", "crashed", "timeout")
_HOW_IT_ENDED = {
    "complete": "[green]Done.[/]",
    "failed_tasks": "[yellow]Done, but some tasks failed; the rest is there.[/]",
    "interrupted": "[yellow]Interrupted; what is finished stays. Run again to go on.[/]",
    "disk_full": "[red]Stopped: the disk is full. What is finished stays. Make room and run again.[/]",
}


def show_plan(study: Path, *, refresh: bool = False) -> int:
    """Print what a run would do and why; return the exit code."""
    from exoraw.engine.options import RunOptions
    from exoraw.engine.project import open_project
    from exoraw.engine.run import plan
    from exoraw.study.problems import errors_in

    problems = open_project(study).problems
    show_problems(problem for problem in problems if problem.severity != "info")
    if errors_in(problems):
        return EXIT_USAGE
    planned = plan(study, RunOptions(dry_run=True, refresh=refresh))
    _show_tasks([node for node in planned if node.state != "cached" or _failed_before(node)])
    say(out(), _sum_of(planned))
    return EXIT_OK


def _show_tasks(nodes: list[Node]) -> None:
    """Print one line a task: on a narrow terminal a table of three columns breaks every name."""
    console = out()
    width = max((len(_state_words(node)) for node in nodes), default=0)
    for node in nodes[:_SHOWN_REASONS]:
        say(console, f"{_state_words(node):<{width}}  {node.key}: {node.reason}")
    if len(nodes) > _SHOWN_REASONS:
        say(console, f"... and {len(nodes) - _SHOWN_REASONS:,} more.")


_STATES = {
    "cached": "failed before",
    "run": "runs",
    "wait": "runs later",
    "skip": "skipped",
    "held": "held",
    "blocked": "cannot run",
}


def _state_words(node: Node) -> str:
    return _STATES[node.state]


def _failed_before(node: Node) -> bool:
    return node.row is not None and node.row.status != "ok"


def _sum_of(planned: Plan) -> str:
    counts = planned.counts
    to_run = counts.get("run", 0) + counts.get("wait", 0)
    failed = sum(node.state == "cached" and _failed_before(node) for node in planned)
    rest = counts.get("skip", 0) + counts.get("held", 0) + counts.get("blocked", 0)
    parts = [f"{plural(to_run, 'task')} to run", f"{counts.get('cached', 0) - failed:,} up to date"]
    parts += [f"{failed:,} failed before"] if failed else []
    parts += [f"{rest:,} cannot run"] if rest else []
    return f"{', '.join(parts)}. Nothing was run."
