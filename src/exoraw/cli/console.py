"""Where messages go, how they are written, and the exit codes that scripts rely on."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from exoraw.study.spec import Problem

LINE_BREAK = " ↵ "  # how a line break inside a name or message is shown: every message is one line

EXIT_OK = 0
EXIT_SOME_FAILED = 1  # some files failed, the rest is there
EXIT_USAGE = 2  # usage, study or sheet
EXIT_STORE = 3  # store or disk
EXIT_INTERRUPTED = 130

_MARK = {"error": "[bold red]error[/]", "warning": "[yellow]warning[/]", "info": "[cyan]note[/]"}
_RANK = {"error": 0, "warning": 1, "info": 2}


def out() -> Console:
    """Return the console for results (standard output)."""
    from rich.console import Console

    return Console(highlight=False)


def err() -> Console:
    """Return the console for messages (standard error)."""
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False)


def plain(text: str) -> str:
    """Make a text safe to print: no markup, and characters that hide or reorder a line shown by their code.

    File and sample names come from elsewhere: a line break or a right-to-left mark in one must not forge
    a message, and bytes that are no text must not end the program.
    """
    from rich.markup import escape

    from exoraw.report.words import visible

    return escape(visible(text).replace("\t", " ").replace("\n", LINE_BREAK))


def say(console: Console, text: str, severity: str = "") -> None:
    """Print one message on one line, whatever the width of the terminal, with its severity in front."""
    mark = f"{_MARK[severity]} " if severity else ""
    console.print(mark + plain(text), soft_wrap=True)


def complain(message: str) -> None:
    """Print an error for a person on standard error."""
    say(err(), message, "error")


def show_problems(problems: Iterable[Problem], console: Console | None = None) -> tuple[int, int]:
    """Print all problems, errors first; return how many errors and warnings there are.

    What several rows have in common is said once, with the rows.
    """
    ranked = sorted(problems, key=lambda problem: _RANK[problem.severity])
    together: dict[tuple[str, str, str, str], list[Problem]] = {}
    for problem in ranked:
        key = (problem.severity, problem.file, problem.column, problem.message)
        together.setdefault(key, []).append(problem)
    for same in together.values():
        say(console or out(), _with_rows(same), same[0].severity)
    count = [problem.severity for problem in ranked]
    return count.count("error"), count.count("warning")


def _with_rows(same: list[Problem]) -> str:
    first = same[0]
    if len(same) == 1:
        return str(first)
    rows = row_words(problem.row for problem in same if problem.row is not None)
    column = f', column "{first.column}"' if first.column else ""
    return f"{first.file} {rows}{column}: {first.message}"


def row_words(rows: Iterable[int]) -> str:
    """Write row numbers as a person would: "rows 2, 4 to 9 and 12"."""
    spans: list[list[int]] = []
    for row in sorted(set(rows)):
        if spans and row == spans[-1][1] + 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    words = [
        f"{first} to {last}" if last > first + 1 else ", ".join(map(str, dict.fromkeys((first, last))))
        for first, last in spans
    ]
    listed = ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1] if words else ""
    return f"rows {listed}"


def plural(count: int, one: str, many: str = "") -> str:
    """Return "1 file", "2 files"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
