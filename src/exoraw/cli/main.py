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
    review,
    run,
    scan,
    schema,
)
from exoraw.cli.console import EXIT_INTERRUPTED, EXIT_OK, EXIT_STORE, EXIT_USAGE, complain, err, show_problems
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
    (_DAILY, review),
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


_DEBUG = "EXORAW_DEBUG"
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
    except BrokenPipeError:  # the reader of a pipe has seen enough: exoraw explain ... | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_OK)
    except Exception as error:  # noqa: BLE001  the last place before the shell
        sys.exit(_say_in_words(error))


def _say_in_words(error: Exception) -> int:
    """Print why a command ended; return its exit code.

    What nobody foresaw is a defect of exoraw: it is said in one line too, and its traceback is there for
    whoever mends it, with EXORAW_DEBUG=1.
    """
    if os.environ.get(_DEBUG):
        raise error
    if isinstance(error, ExorawError):
        problems = getattr(error, "problems", ())
        if problems:
            show_problems(problems, err())
        else:
            complain(str(error))
        return EXIT_STORE if isinstance(error, StoreError) else EXIT_USAGE
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        complain(f"{place}{error.strerror or error}. Check the path, its permissions and the disk.")
        return EXIT_STORE
    complain(
        f"This should not happen: {type(error).__name__}: {error}. It is a defect of exoraw {__version__}; "
        "your raw files and finished results are as they were. Please report it with what the same command "
        f"shows after {_DEBUG}=1."
    )
    return EXIT_STORE


if __name__ == "__main__":
    main()
