"""`exoraw accuracy`: the error of every number against simulated truth."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    assay: Annotated[str, typer.Argument(help="Assay, for example flow. Default: all.")] = "",
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Simulated studies per assay.")] = 5,
    first_seed: Annotated[int, typer.Option("--first-seed", help="Seed of the first study.")] = 1,
) -> None:
    """Simulate studies with known truth, analyse them, and print the error per measure."""
    from rich.table import Table

    from exoraw.cli.console import out
    from exoraw.engine.simulated import accuracy

    table = Table(title=f"Error against simulated truth, {seeds} studies", title_justify="left")
    for heading in (
        "assay",
        "measure",
        "unit",
        "numbers",
        "bias",
        "median |error|",
        "95th percentile",
        "worst",
    ):
        table.add_column(heading, justify="left" if heading in ("assay", "measure", "unit") else "right")
    for row in accuracy(assay, range(first_seed, first_seed + seeds)):
        figures = (row.bias, row.median, row.p95, row.worst)
        table.add_row(row.assay, row.measure, row.unit, str(row.n), *(f"{figure:.2f}" for figure in figures))
    out().print(table)
