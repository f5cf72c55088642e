"""The pages look like the report, and their documentation says what is there."""

from __future__ import annotations

import re
from pathlib import Path

from exoraw.assays.flow.review.looked import MOST_SHOWN
from exoraw.review.blinding import KEY_FILE

TOKEN = re.compile(r"(--[a-z-]+):\s*([^;]+);")


def tokens(path: Path) -> list[tuple[str, str]]:
    head = path.read_text("utf-8").partition("* { box-sizing")[0]
    return TOKEN.findall(head)


def test_colours_and_fonts_are_those_of_the_report(project):
    own = tokens(project / "src/exoraw/review/static/review.css")
    assert own == tokens(project / "src/exoraw/report/report.css")
    assert len(own) > 30


def test_the_page_of_the_documentation_names_what_is_there(project):
    text = (project / "docs/review.md").read_text("utf-8")
    assert f"{MOST_SHOWN:,}" in text
    assert KEY_FILE in text
    for word in (
        "gate_corrected",
        "gate_correction_unused",
        "exclusions.csv",
        "--blind",
        "--no-browser",
        "--who",
    ):
        assert word in text


def test_scripts_are_plain_and_strict(project):
    scripts = [
        *(project / "src/exoraw/review/static").glob("*.js"),
        *(project / "src/exoraw/assays/flow/review").glob("*.js"),
    ]
    assert len(scripts) == 4
    for script in scripts:
        text = script.read_text("utf-8")
        assert '"use strict";' in text
        assert "innerHTML" not in text  # names are text, never markup
        assert "eval(" not in text
