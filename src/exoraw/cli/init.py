"""`exoraw init FOLDER`: draft study.yaml and samples.csv from what the instruments wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    folder: Annotated[Path, typer.Argument(help="Folder of raw instrument files; it is only read.")],
    study: Annotated[
        Path | None,
        typer.Option(
            "--study", help="Folder for study.yaml and samples.csv. Default: next to the raw folder."
        ),
    ] = None,
    preset: Annotated[
        str,
        typer.Option("--preset", help="Analysis to draft, for example annexin_pi. Default: by the files."),
    ] = "",
) -> None:
    """Draft study.yaml and samples.csv next to, never in, the raw folder; add rows for new files later."""
    from exoraw.cli.console import complain
    from exoraw.cli.drafting import draft_study, show_draft

    if not folder.is_dir():
        complain(f"{folder}: this is not a folder. Name the folder that holds the instrument's files.")
        raise typer.Exit(2)
    show_draft(draft_study(folder.resolve(), (study or folder.resolve().parent).resolve(), preset))
