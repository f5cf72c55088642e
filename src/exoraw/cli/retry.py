"""`exoraw retry`: run again what failed, crashed or timed out; nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    study: Annotated[Path, typer.Argument(help="study.yaml or its folder.")] = Path(),
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, help="Dask worker processes. Default: one per core.")
    ] = None,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Say more; -vv says all.")] = 0,
) -> None:
    """Run failed, crashed and timed-out tasks again."""
    from exoraw.cli.places import study_file
    from exoraw.cli.running import run_and_report

    raise typer.Exit(run_and_report(study_file(study), workers=workers, retry=True, verbose=verbose))
