"""`exoraw export --to csv|parquet|xlsx`: the tables as files that other programs open."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Target(StrEnum):
    """A kind of export file."""

    csv = "csv"
    parquet = "parquet"
    xlsx = "xlsx"


def command(
    results: Annotated[Path, typer.Argument(help="Results folder, study.yaml or its folder.")] = Path(),
    to: Annotated[Target, typer.Option("--to", help="Kind of file.")] = Target.xlsx,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where to write. Default: export/ in the results folder.")
    ] = None,
    redact: Annotated[bool, typer.Option("--redact", help="Take patient and operator names out.")] = False,
) -> None:
    """Write the results as files for Excel, R, SPSS or Prism; every cell keeps its type."""
    from exoraw.cli.console import out
    from exoraw.cli.places import results_folder
    from exoraw.store.export import export
    from exoraw.store.results import Results

    for path in export(Results(results_folder(results)), to.value, folder, redact=redact):
        out().print(str(path), soft_wrap=True)
