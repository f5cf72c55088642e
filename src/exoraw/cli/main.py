"""`exoraw`: the commands by name, and what each way of ending means to the shell."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from exoraw import __version__
from exoraw.cli import (
    accuracy,
    check,
    clean,
    demo,
    diff,
    doctor,
    explain,
    export,
    freeze,
    init,
    report,
    retry,
    run,
    scan,
    schema,
)
from exoraw.cli.console import EXIT_INTERRUPTED, EXIT_STORE, EXIT_USAGE, complain
from exoraw.io.errors import ExorawError, StoreError

if TYPE_CHECKING:
    from typer._click.core import Context
    from typer._click.formatting import HelpFormatter


class GroupedCommands(TyperGroup):
    """Lists the commands by what they are for, as plain text.

    Typer's own coloured help imports rich's Markdown, which costs more than the rest of the start-up.
    """

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write one list of commands per panel."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            entry = self.get_command(ctx, name)
            if entry is not None:
                panel = str(getattr(entry, "rich_help_panel", ""))
                panels.setdefault(panel, []).append((name, (entry.help or "").partition("\n")[0]))
        for panel, rows in panels.items():
            with formatter.section(panel):
                formatter.write_dl(rows)


app = typer.Typer(
    name="exoraw",
    cls=GroupedCommands,
    help="Folders of raw instrument files in, one tidy results table with its evidence out.",
    epilog="Start with: exoraw demo. Then on your own data: scan, init, check, run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_FIRST, _DAILY, _KEEP = "Getting started", "Every day", "Looking after results"
for _panel, _module in (
    (_FIRST, demo),
    (_FIRST, scan),
    (_FIRST, init),
    (_FIRST, doctor),
    (_DAILY, check),
    (_DAILY, run),
    (_DAILY, retry),
    (_DAILY, report),
    (_DAILY, explain),
    (_DAILY, export),
    (_KEEP, freeze),
    (_KEEP, diff),
    (_KEEP, clean),
    (_KEEP, accuracy),
    (_KEEP, schema),
):
    app.command(rich_help_panel=_panel, name=_module.__name__.rpartition(".")[2])(_module.command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"exoraw {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version and stop."
    ),
) -> None:
    pass


_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Run the command line; every error on purpose ends in words, not in a traceback.

    Numerical libraries get one thread each, as on the workers: tasks are what runs in parallel, and small
    fits on several threads cost many times their CPU. A person's own setting is kept.
    """
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")
    try:
        app()
    except KeyboardInterrupt:
        complain("Interrupted.")
        sys.exit(EXIT_INTERRUPTED)
    except StoreError as error:
        complain(str(error))
        sys.exit(EXIT_STORE)
    except ExorawError as error:
        complain(str(error))
        sys.exit(EXIT_USAGE)


if __name__ == "__main__":
    main()
