"""Where messages go, and the exit codes that scripts rely on."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from exoraw.study.spec import Problem

EXIT_OK = 0
EXIT_SOME_FAILED = 1  # some files failed, the rest is there
EXIT_USAGE = 2  # usage, study or sheet
EXIT_STORE = 3  # store or disk
EXIT_INTERRUPTED = 130

_MARK = {"error": "[bold red]error[/]", "warning": "[yellow]warning[/]", "info": "[cyan]note[/]"}


def out() -> Console:
    """Return the console for results (standard output)."""
    from rich.console import Console

    return Console(highlight=False)


def err() -> Console:
    """Return the console for messages (standard error)."""
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False)


def complain(message: str) -> None:
    """Print an error for a person on standard error."""
    from rich.markup import escape

    err().print(f"{_MARK['error']} {escape(message)}", soft_wrap=True)


def show_problems(problems: Iterable[Problem]) -> tuple[int, int]:
    """Print all problems, errors first; return how many errors and warnings there are."""
    from rich.markup import escape

    order = {"error": 0, "warning": 1, "info": 2}
    ranked = sorted(problems, key=lambda problem: order[problem.severity])
    console = out()
    for problem in ranked:
        console.print(f"{_MARK[problem.severity]} {escape(str(problem))}", soft_wrap=True)
    count = [problem.severity for problem in ranked]
    return count.count("error"), count.count("warning")


def plural(count: int, one: str, many: str = "") -> str:
    """Return "1 file", "2 files"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
