"""`exoraw demo`: simulate a raw instrument folder with known truth and run it like any study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd


def command(
    folder: Annotated[Path, typer.Argument(help="New folder for raw files, study and results.")] = Path(
        "exoraw-demo"
    ),
    seed: Annotated[int, typer.Option("--seed", help="Seed of the simulated study.")] = 1,
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, help="Dask worker processes. Default: one per core.")
    ] = None,
) -> None:
    """Write a raw folder with the simulators, run it through Dask, open report.html afterwards."""
    from exoraw.cli.console import out, say
    from exoraw.cli.running import run_and_report
    from exoraw.engine.simulated import TRUTH_FILE, errors_against_truth, simulating_assays, write_study

    study = folder / "study.yaml"
    if study.is_file() and (folder / TRUTH_FILE).is_file():
        say(out(), f"{folder} already holds the demo; running it again. Finished work is not repeated.")
    else:
        study = write_study(folder, simulating_assays(), seed)
        say(out(), f"Raw instrument files with known truth: {folder / 'raw'}")
    code = run_and_report(study, workers=workers)
    if code == 0:
        _say_errors(errors_against_truth(folder / "results", folder / TRUTH_FILE))
    raise typer.Exit(code)


def _say_errors(errors: pd.DataFrame) -> None:
    from exoraw.cli.console import out
    from exoraw.engine.simulated import summarise

    missing = int(errors["value"].isna().sum())
    for row in summarise(errors):
        out().print(
            f"Against the truth: {row.measure}: median error {row.median:.2f} {row.unit}, "
            f"largest {row.worst:.2f} {row.unit} ({row.n} numbers)."
        )
    if missing:
        out().print(f"{missing} true values have no measured number; see the warnings in the report.")
