"""`exoraw scan FOLDER`: what raw files are there, by content, and which are not understood."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from exoraw.io.inventory import Inventory, RawFile


def command(
    folder: Annotated[Path, typer.Argument(help="Folder of raw instrument files; it is only read.")],
    every: Annotated[
        bool, typer.Option("--all", "-a", help="List every file, not only the unknown.")
    ] = False,
) -> None:
    """Show what is in a folder of raw files, by content; unknown files with the reason."""
    from exoraw.cli.console import complain, out, plural, say
    from exoraw.engine.inventory import take_inventory

    if not folder.is_dir():
        complain(f"{folder}: this is not a folder. Name the folder that holds the instrument's files.")
        raise typer.Exit(2)
    inventory = take_inventory(folder, cache=None)
    if len(inventory):
        _show_kinds(inventory)
    else:
        say(out(), f"There are no files in {folder}.")
    _show_files([raw for raw in inventory if every or raw.problem or not raw.format])
    if inventory.ignored:
        left = plural(inventory.ignored, "hidden or system file")
        say(out(), f"{left} left aside (such as .DS_Store, Thumbs.db or ~$...).")


def _show_kinds(inventory: Inventory) -> None:
    from rich.table import Table

    from exoraw.cli.console import out, plain, plural

    kinds: dict[tuple[str, str], list[RawFile]] = {}
    for raw in inventory:
        kinds.setdefault((raw.format or "not recognised", _instrument(raw)), []).append(raw)
    table = Table(title=f"{plural(len(inventory), 'file')}", title_justify="left")
    for heading in ("format", "instrument", "files", "datasets", "size"):
        table.add_column(heading, justify="left" if heading in ("format", "instrument") else "right")
    for (kind, instrument), files in sorted(kinds.items()):
        datasets = sum(len(raw.header.datasets) for raw in files)
        size = sum(raw.size for raw in files) / 1e6
        table.add_row(kind, plain(instrument), f"{len(files):,}", f"{datasets:,}", f"{size:,.1f} MB")
    out().print(table)


def _instrument(raw: RawFile) -> str:
    return " ".join(part for part in (raw.header.make, raw.header.model, raw.header.serial) if part)


def _show_files(files: list[RawFile]) -> None:
    from exoraw.cli.console import out, say

    console = out()
    for raw in files:
        state = raw.problem or raw.format or "not recognised as any format that exoraw reads"
        say(console, f"  {raw.path}: {state}")
