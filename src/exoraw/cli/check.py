"""`exoraw check`: every error of the sheet and the study at once, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    study: Annotated[Path, typer.Argument(help="study.yaml or its folder.")] = Path(),
) -> None:
    """Check study file and sample sheet: all errors at once, by row and column."""
    from exoraw.cli.console import EXIT_USAGE, out, plural, say, show_problems
    from exoraw.cli.places import study_file
    from exoraw.engine.project import open_project

    project = open_project(study_file(study))
    errors, warnings = show_problems(project.problems)
    rows = sum(len(pipeline.view.rows) for pipeline in project.pipelines)
    say(
        out(),
        f"{plural(rows, 'sample')}, {plural(len(project.inventory), 'raw file')}: "
        f"{plural(errors, 'error')}, {plural(warnings, 'warning')}.",
    )
    if errors:
        raise typer.Exit(EXIT_USAGE)
