"""The text of a drafted study.yaml."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from exoraw.study.draft_rows import Draft
from exoraw.study.draft_start import Started

if TYPE_CHECKING:
    from exoraw.study.draft import Analysis

COMPARE_HEADING = (
    "",
    "# What is tested, and on which unit of replication: nothing is assumed (docs/study.md).",
    "# compare:",
)
COMPARE_EXAMPLE = (
    "- measure: apoptotic_share",
    "  factor: treatment",
    "  unit: biological_replicate   # one n: a culture, a patient, an animal",
    "  test: dunnett",
    "  reference: control",
)


def study_text(
    folder: Path,
    raw: Path,
    analyses: Sequence[Analysis],
    drafted: Draft,
    title: str,
    sheet: str,
    starts: Sequence[Started],
) -> str:
    """Return the text of a drafted study.yaml, with what a person may uncomment."""
    lines = [
        "# Drafted by exoraw from what the instruments wrote. Correct what is wrong; `exoraw "
        "check` says what is missing.",
        "# Every key is explained in docs/study.md and by `exoraw schema`.",
        "exoraw: 1",
        f"title: {_quoted(title or raw.name)}",
        "",
        "# Folder of raw instrument files, relative to this file. It is only read.",
        f"raw: {_quoted(_relative(raw, folder))}",
        "# One row per sample; where its columns come from stands in samples.origin.csv.",
        f"samples: {_quoted(sheet)}",
        "results: results",
        "",
        "# Columns of the sheet that make the groups of the figures, for example [treatment, dose].",
        f"factors: {json.dumps(_factors(drafted))}",
        "",
        "pipelines:",
    ]
    by_name = {one.name: one.start for one in starts}
    for analysis in analyses:
        start = by_name.get(analysis.name)
        lines.extend(_pipeline_lines(analysis, start.settings if start else ()))
    lines.extend(COMPARE_HEADING)
    example = starts[0].start.compare if len(starts) == len(analyses) == 1 else ()
    lines.extend(f"#   {line}" for line in example or COMPARE_EXAMPLE)
    return "\n".join(lines) + "\n"


def _pipeline_lines(analysis: Analysis, settings: Sequence[str]) -> Iterable[str]:
    if analysis.title:
        yield f"  # {' '.join(analysis.title.split())}"
    if analysis.others:
        yield f"  # Other presets for these files: {', '.join(analysis.others)}"
    key = "preset" if analysis.preset else "assay"
    yield f"  - {key}: {_quoted(analysis.name)}"
    if settings:
        yield "    settings:"
        yield from (f"      {line}" for line in settings)
    else:
        yield "    # settings:        # only what differs from the preset"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _relative(raw: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(raw, folder)).as_posix()
    except ValueError:  # another drive of Windows
        return raw.as_posix()


def _factors(drafted: Draft) -> list[str]:
    """Return the columns that hold several levels already; where none does, the treatment, to be filled."""
    found = []
    for column in ("treatment", "dose", "time_h", "cell_line"):
        levels = {row.cells.get(column, "") for row in drafted.rows} - {""}
        if len(levels) > 1:
            found.append(column)
    return found or ["treatment"]
