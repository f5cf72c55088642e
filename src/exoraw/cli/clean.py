"""`exoraw clean`: remove what no current number needs, after saying how much that is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    study: Annotated[Path, typer.Argument(help="study.yaml or its folder.")] = Path(),
    yes: Annotated[bool, typer.Option("--yes", help="Remove; without it only say what would go.")] = False,
) -> None:
    """Remove stored outcomes that the current study no longer uses; frozen views stay."""
    from exoraw.cli.console import out
    from exoraw.cli.places import study_file
    from exoraw.engine.run import plan
    from exoraw.store.clean import clean
    from exoraw.store.index import committed
    from exoraw.study.load import load_study

    place = study_file(study)
    results = load_study(place).results
    nodes = tuple(plan(place))
    waiting = {node.key for node in nodes if node.task_id is None}  # may turn out to be up to date
    keep = {node.task_id for node in nodes if node.task_id}
    keep |= {row.task_id for row in committed(results).values() if row.unit in waiting}
    cleaned = clean(results, keep, dry_run=not yes)
    verb = "Removed" if yes else "Would remove (add --yes to do it)"
    out().print(f"{verb}: {cleaned.files:,} files, {cleaned.bytes / 1e6:,.1f} MB.")
