"""`exoraw doctor`: can this machine run exoraw, and what is missing."""

from __future__ import annotations

import typer


def command() -> None:
    """Check this machine: Python, packages, memory, disk, Dask."""
    from exoraw.cli.console import EXIT_SOME_FAILED, out, plain
    from exoraw.engine.doctor import doctor

    failed = False
    for check in doctor():
        mark = "[green]ok[/]  " if check.ok else "[bold red]fail[/]"
        out().print(f"{mark} {plain(check.name)}: {plain(check.message)}", soft_wrap=True)
        failed = failed or not check.ok
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)
