"""Draft a study from a raw folder, and tell the person what came from where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from exoraw.cli.console import out, plain, plural, say

if TYPE_CHECKING:
    from exoraw.study.draft import Origin, Written


def draft_study(raw: Path, folder: Path, preset: str) -> Written:
    """Write study.yaml and samples.csv into `folder`, or add rows for new files to the sheet there.

    Raises
    ------
    StudyError : no file is understood, the preset is unknown, or the folder lies inside the raw folder
    """
    from exoraw.assays import registry
    from exoraw.engine.inventory import take_inventory
    from exoraw.study.draft import analyses_for, write_draft

    readable: dict[str, list[str]] = {}
    for assay, declared in registry.formats():
        readable.setdefault(assay, []).append(declared.name)
    inventory = take_inventory(raw, cache=None)
    analyses = analyses_for(readable, inventory, preset)
    specs = {name: registry.load(analysis.assay).sheet for analysis in analyses for name in analysis.formats}
    return write_draft(folder, raw, inventory, specs, analyses)


def show_draft(written: Written) -> None:
    """Say which files were written, where each column comes from, and what is left to do."""
    from rich.table import Table

    console = out()
    verb = "Drafted" if written.is_new else "Added to what was there"
    say(console, f"{verb}: {plural(written.added, 'row')} in {written.sheet}")
    table = Table(box=None, pad_edge=False)
    for heading in ("column", "comes from", "rows", "for example"):
        table.add_column(heading, overflow="fold")
    for column, source, rows, example in _origins(written.draft.origins):
        table.add_row(plain(column), plain(source), str(rows), plain(example))
    if written.draft.origins:
        console.print(table)
    for remark in written.remarks:
        say(console, remark)
    say(
        console,
        f"Next: fill {written.sheet.name} in Excel (treatment, replicate, control_role), "
        f"then: exoraw check {written.study.parent}",
    )


_GUESS = "a guess by words in the file names: please look at it"


def _origins(origins: Iterable[Origin]) -> Iterator[tuple[str, str, int, str]]:
    """Yield column, source, rows and examples; the guesses of a column, one per word, are put together."""
    together: dict[tuple[str, str], list[Origin]] = {}
    for origin in origins:
        together.setdefault((origin.column, _GUESS if origin.guessed else origin.source), []).append(origin)
    for (column, source), same in together.items():
        examples = dict.fromkeys(origin.example for origin in same)
        yield column, source, sum(origin.rows for origin in same), ", ".join(examples)
