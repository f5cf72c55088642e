"""`exoraw run STUDY`: analyse everything that is new or changed, then write the report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    study: Annotated[Path, typer.Argument(help="study.yaml or its folder.")] = Path(),
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would run and why; run nothing.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=0, help="Dask worker processes. Default: one per core. 0: in this process."
        ),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of an existing Dask cluster (tcp://...).")
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Compute everything again.")] = False,
    timeout: Annotated[
        float | None, typer.Option("--timeout", min=1, help="Longest time for one task, in seconds.")
    ] = None,
    memory: Annotated[
        float | None, typer.Option("--memory", min=0.2, help="Most memory for one task, in GB.")
    ] = None,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Say more; -vv says all.")] = 0,
) -> None:
    """Run a study; what is finished and unchanged is not computed again."""
    from exoraw.cli.places import study_file
    from exoraw.cli.running import run_and_report, show_plan

    place = study_file(study)
    if dry_run:
        raise typer.Exit(show_plan(place, refresh=refresh))
    code = run_and_report(
        place,
        workers=workers,
        scheduler=scheduler,
        refresh=refresh,
        timeout_s=timeout,
        memory_gb=memory,
        verbose=verbose,
    )
    raise typer.Exit(code)
