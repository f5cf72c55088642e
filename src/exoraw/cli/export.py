"""`exoraw export --to csv|parquet|xlsx|prism|spss|r|crate`: the tables as files that other programs open."""

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
    prism = "prism"
    spss = "spss"
    r = "r"
    crate = "crate"


def command(
    results: Annotated[Path, typer.Argument(help="Results folder, study.yaml or its folder.")] = Path(),
    to: Annotated[Target, typer.Option("--to", help="Kind of file.")] = Target.xlsx,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where to write. Default: export/ in the results folder.")
    ] = None,
    redact: Annotated[bool, typer.Option("--redact", help="Take patient and operator names out.")] = False,
) -> None:
    """Write the results as files for Excel, Prism, SPSS or R, or as RO-Crate; every cell keeps its type."""
    from exoraw.cli.console import out, say
    from exoraw.cli.places import outside_raw, results_folder
    from exoraw.store.export import export
    from exoraw.store.results import Results

    place = None if folder is None else outside_raw(folder, results)
    for path in export(Results(results_folder(results)), to.value, place, redact=redact):
        say(out(), str(path))
