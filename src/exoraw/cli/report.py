"""`exoraw report`: write report.html again from the results alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    results: Annotated[Path, typer.Argument(help="Results folder, study.yaml or its folder.")] = Path(),
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Where to write it. Default: report.html in the results folder."),
    ] = None,
    redact: Annotated[bool, typer.Option("--redact", help="Take patient and operator names out.")] = False,
) -> None:
    """Write report.html from a results folder: one file, no network, readable without scripts."""
    from exoraw.cli.console import out, say
    from exoraw.cli.places import outside_raw, results_folder
    from exoraw.report.build import build_report

    place = None if to is None else outside_raw(to, results)
    say(out(), f"Report: {build_report(results_folder(results), place, redact=redact)}")
