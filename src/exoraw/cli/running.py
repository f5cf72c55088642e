"""A run from the command line: progress, report, and a last word on what came out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from exoraw.cli.console import EXIT_OK, EXIT_USAGE, out, plural, show_problems

if TYPE_CHECKING:
    from exoraw.engine.options import RunSummary
    from exoraw.engine.plan import Plan

_SHOWN_LINES = 20  # warnings, and failures, on the screen; the report holds all
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
    report = build_report(summary.results)
    _last_word(summary, report)
    return summary.exit_code


def _say_problems(summary: RunSummary) -> None:
    """Print the first warnings of `check`; errors of single rows are said again by the tasks that failed."""
    warnings = [problem for problem in summary.problems if problem.severity == "warning"]
    show_problems(warnings[:_SHOWN_LINES])
    if len(warnings) > _SHOWN_LINES:
        out().print(f"... and {len(warnings) - _SHOWN_LINES:,} more warnings; `exoraw check` lists them.")


def _last_word(summary: RunSummary, report: Path) -> None:
    from rich.markup import escape

    console = out()
    for row in summary.failures[:_SHOWN_LINES]:
        console.print(f"[red]{row.status}[/] {escape(row.unit)}: {escape(row.error)}", soft_wrap=True)
    if len(summary.failures) > _SHOWN_LINES:
        console.print(
            f"... and {len(summary.failures) - _SHOWN_LINES:,} more failures; the report lists them."
        )
    counted = ", ".join(f"{count:,} {status}" for status, count in summary.counts.items() if count)
    console.print(f"{_HOW_IT_ENDED[summary.outcome]} Tasks: {counted or 'none'}. {summary.seconds:.1f} s.")
    console.print(f"Tables: {summary.results}", soft_wrap=True)
    console.print(f"Report: {report}", soft_wrap=True)


_HOW_IT_ENDED = {
    "complete": "[green]Done.[/]",
    "failed_tasks": "[yellow]Done, but some tasks failed; the rest is there.[/]",
    "interrupted": "[yellow]Interrupted; what is finished stays. Run again to go on.[/]",
    "disk_full": "[red]Stopped: the disk is full. What is finished stays. Make room and run again.[/]",
}


def show_plan(study: Path, *, refresh: bool = False) -> int:
    """Print what a run would do and why; return the exit code."""
    from rich.markup import escape
    from rich.table import Table

    from exoraw.engine.options import RunOptions
    from exoraw.engine.project import open_project
    from exoraw.engine.run import plan

    errors, _ = show_problems(open_project(study).problems)
    if errors:
        return EXIT_USAGE
    planned = plan(study, RunOptions(dry_run=True, refresh=refresh))
    table = Table(box=None, pad_edge=False)
    for heading in ("task", "state", "why"):
        table.add_column(heading, overflow="fold")
    nodes = [node for node in planned if node.state != "cached"]
    for node in nodes[:_SHOWN_REASONS]:
        table.add_row(escape(node.key), _STATES[node.state], escape(node.reason))
    if nodes:
        out().print(table)
    if len(nodes) > _SHOWN_REASONS:
        out().print(f"... and {len(nodes) - _SHOWN_REASONS:,} more.")
    out().print(_sum_of(planned))
    return EXIT_OK


_STATES = {
    "cached": "up to date",
    "run": "runs",
    "wait": "runs later",
    "skip": "skipped",
    "held": "held",
    "blocked": "cannot run",
}


def _sum_of(planned: Plan) -> str:
    counts = planned.counts
    to_run = counts.get("run", 0) + counts.get("wait", 0)
    rest = counts.get("skip", 0) + counts.get("held", 0) + counts.get("blocked", 0)
    text = f"{plural(to_run, 'task')} to run, {counts.get('cached', 0):,} up to date"
    return f"{text}, {rest:,} cannot run. Nothing was run." if rest else f"{text}. Nothing was run."
