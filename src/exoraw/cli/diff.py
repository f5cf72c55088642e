"""`exoraw diff A B`: which numbers differ between two views of a study, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    before: Annotated[Path, typer.Argument(help="Results folder or frozen view.")],
    after: Annotated[Path, typer.Argument(help="Results folder or frozen view.")],
) -> None:
    """Compare two results folders or frozen views, number by number; exit code 1 where they differ."""
    from exoraw.cli.places import results_folder
    from exoraw.report.words import visible
    from exoraw.store.freeze import diff

    difference = diff(results_folder(before), results_folder(after))
    for line in difference.lines():
        typer.echo(visible(line))
    if difference:
        raise typer.Exit(1)
