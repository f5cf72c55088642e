"""`exoraw freeze NAME`: keep the results as they are now, for the paper that was submitted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    name: Annotated[str, typer.Argument(help="Name of the frozen view, for example submitted-2026-11.")],
    results: Annotated[Path, typer.Argument(help="Results folder, study.yaml or its folder.")] = Path(),
) -> None:
    """Keep the current tables under a name; later runs never change them."""
    from exoraw.cli.console import out, say
    from exoraw.cli.places import results_folder
    from exoraw.store.freeze import freeze

    say(out(), f"Frozen: {freeze(results_folder(results), name)}")
