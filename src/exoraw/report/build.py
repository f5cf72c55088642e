"""Writing report.html: one file that needs no network, no script and nothing but the results folder."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from exoraw.report import words
from exoraw.report.page import Page, page
from exoraw.report.source import load, load_redacted
from exoraw.store.disk import write_file

REPORT = "report.html"
POLICY = "default-src 'none'; img-src data:; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"


def build_report(results: Path, out: Path | None = None, redact: bool = False) -> Path:
    """Write the report of a results folder.

    Parameters
    ----------
    results : folder that `exoraw run` filled, or a frozen view
    out : file to write; results/report.html where it is None
    redact : take the names of patients and operators out, also from file names, captions and messages

    Returns
    -------
    the file, replaced as a whole: a reader sees the old report or the new one

    Raises
    ------
    StoreError : no results folder, another schema major, a damaged table, or a full disk
    """
    target = Path(results) / REPORT if out is None else Path(out)
    tables, hidden = (load_redacted if redact else load)(Path(results))
    content = render(page(tables, target, redacted=redact, hidden=hidden))
    target.parent.mkdir(parents=True, exist_ok=True)
    write_file(target, content.encode("utf-8"))
    return target


def render(content: Page) -> str:
    """Return the page as HTML; the same content gives the same bytes."""
    style = _stylesheet()
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    policy = POLICY.format(style=digest)
    own = Markup(style)  # noqa: S704 (the package's own style sheet)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(page=content, style=own, policy=policy, words=words)
    )


@cache
def _stylesheet() -> str:
    return files("exoraw.report").joinpath("report.css").read_text("utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("exoraw.report"), autoescape=True, undefined=StrictUndefined,
        finalize=_finalize, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


def _finalize(value: Any) -> Any:
    """Show hidden characters of every text that goes into the page; our own markup passes unchanged."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return words.visible(value)
