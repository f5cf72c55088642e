"""`exoraw export --to ...`: the tables as files that other programs open, and the figures for a paper."""

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
    h5ad = "h5ad"
    crate = "crate"
    figures = "figures"


def command(
    results: Annotated[Path, typer.Argument(help="Results folder, study.yaml or its folder.")] = Path(),
    to: Annotated[Target, typer.Option("--to", help="Kind of file.")] = Target.xlsx,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where to write. Default: export/ in the results folder.")
    ] = None,
    redact: Annotated[bool, typer.Option("--redact", help="Take patient and operator names out.")] = False,
) -> None:
    """Write the results for Excel, Prism, SPSS, R, AnnData or as RO-Crate; every cell keeps its type."""
    from exoraw.cli.console import out, say
    from exoraw.cli.places import outside_raw, results_folder
    from exoraw.store.export import FORMATS, export
    from exoraw.store.results import Results

    place = None if folder is None else outside_raw(folder, results)
    if to is Target.figures:
        _publish(results_folder(results), place, redact=redact)
        return
    kind = next(kind for kind in FORMATS if kind == to.value)
    for path in export(Results(results_folder(results)), kind, place, redact=redact):
        say(out(), str(path))


def _publish(results: Path, folder: Path | None, *, redact: bool) -> None:
    """Write the figures for a paper, and say which could not be drawn."""
    from exoraw.cli.console import out, say
    from exoraw.report.published import publish_figures
    from exoraw.store.layout import EXPORT

    place = (folder or results / EXPORT) / "figures"
    written, left_out = publish_figures(results, place, redact=redact)
    for path in written:
        say(out(), str(path))
    for reason in left_out:
        say(out(), f"Not drawn: {reason}")
