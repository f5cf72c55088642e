"""`exoraw explain`: where a number comes from: bytes, parameters, version, warnings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    what: Annotated[str, typer.Argument(help="A sample, a raw file, or the id of a measurement or task.")],
    results: Annotated[Path, typer.Argument(help="Results folder, study.yaml or its folder.")] = Path(),
) -> None:
    """Say for a sample, file or number which bytes, parameters and version it comes from."""
    from exoraw.cli.places import results_folder
    from exoraw.report.words import visible
    from exoraw.store.explain import explain, lines
    from exoraw.store.results import Results

    for line in lines(explain(Results(results_folder(results)), what)):
        typer.echo(visible(line))
