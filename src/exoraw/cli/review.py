"""`exoraw review STUDY`: pages on this computer where a person corrects what the analysis decided."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from exoraw.engine.options import RunSummary


def command(
    study: Annotated[Path, typer.Argument(help="study.yaml or its folder.")] = Path(),
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1. Default: a free one.")
    ] = 0,
    blind: Annotated[
        bool, typer.Option("--blind", help="Hide sample names, groups and file names; shuffled order.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Only write the address; open no browser.")
    ] = False,
    who: Annotated[str, typer.Option("--who", help="Your initials, for the record of corrections.")] = "",
) -> None:
    """Correct gates by hand in the browser; what a correction touches is computed again."""
    from exoraw.cli.console import out, say
    from exoraw.cli.places import study_file

    place = study_file(study)
    _need_server()
    from exoraw.review.serve import Wish, serve

    def said(address: str) -> None:
        say(out(), f"Review pages: {address}")
        say(out(), "Only this computer and only this address can reach them. Ctrl-C ends.")

    serve(place, Wish(port, blind, not no_browser, who.strip()), said=said, published=_write_report)


def _write_report(summary: RunSummary) -> None:
    from exoraw.cli.places import RESULTS_MARK
    from exoraw.report.build import build_report

    if (summary.results / RESULTS_MARK).is_file():
        build_report(summary.results)


def _need_server() -> None:
    """Raise StudyError with the command that installs the web server where it is missing."""
    from importlib.util import find_spec

    from exoraw.io.errors import StudyError

    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise StudyError(
            f"The review pages need {' and '.join(missing)}. Install with: pip install 'exoraw[review]'"
        )
