"""Everything the page shows, put together from the tables; the templates only lay it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exoraw.report import (
    cards,
    comparison_rows,
    concerns,
    evidence,
    grids,
    pipeline,
    provenance,
    verdict,
    words,
)
from exoraw.report.cards import Card
from exoraw.report.comparison_rows import ComparisonRow
from exoraw.report.concerns import Concern
from exoraw.report.evidence import Budget, Evidence
from exoraw.report.grids import Grids
from exoraw.report.pipeline import Pipeline
from exoraw.report.provenance import Sheet
from exoraw.report.tables import Tables
from exoraw.report.verdict import Verdict


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of the methods text."""

    title: str
    text: str


@dataclass(frozen=True)
class Section:
    """One pipeline of the report."""

    id: str
    name: str
    assay: str
    samples: int
    numbers: int
    cards: tuple[Card, ...]
    cards_note: str
    grids: Grids
    comparisons: tuple[ComparisonRow, ...]
    comparisons_note: str
    evidence: Evidence
    methods: tuple[Paragraph, ...]
    settings: Sheet
    exclusions: Sheet
    vocabulary: Sheet


@dataclass(frozen=True)
class Page:
    """The whole report."""

    title: str
    verdict: Verdict
    facts: tuple[tuple[str, str], ...]
    concerns: tuple[Concern, ...]
    sections: tuple[Section, ...]
    runs: Sheet
    versions: Sheet
    task_totals: Sheet
    tasks: Sheet
    files: Sheet
    redacted: bool


def page(tables: Tables, report: Path, *, redacted: bool, hidden: frozenset[str] = frozenset()) -> Page:
    """Put the report together.

    Parameters
    ----------
    tables : already redacted where `redacted`
    report : where the report will lie, for links to evidence
    hidden : evidence that may not be shown because a person's name may stand in the picture
    """
    found = concerns.concerns(tables)
    known = pipeline.pipelines(tables)
    sections = tuple(_sections(known, tables.folder, report, hidden))
    return Page(
        title=_title(tables), verdict=verdict.verdict(tables, found), facts=tuple(_facts(tables)),
        concerns=tuple(found), sections=sections, runs=provenance.runs(tables),
        versions=provenance.versions(tables), task_totals=provenance.task_totals(tables),
        tasks=provenance.tasks(tables), files=provenance.files(tables), redacted=redacted,
    )  # fmt: skip


def _title(tables: Tables) -> str:
    titles = [title for title in tables.runs.sort_values("run_id")["title"] if title]
    return titles[-1] if titles else "Results"


def _facts(tables: Tables) -> Iterator[tuple[str, str]]:
    if len(tables.runs):
        last = tables.runs.sort_values("run_id").iloc[-1]
        yield "Last run", f"{provenance.moment(last['started_at'])} UTC"
        yield "exoraw", last["exoraw_version"] or words.NO_VALUE
        if last["study_digest"]:
            yield "Study", last["study_digest"][:12]
    yield "Raw files", words.count(len(tables.files))


def _sections(
    known: Sequence[Pipeline], folder: Path, report: Path, hidden: frozenset[str]
) -> Iterator[Section]:
    budget, room = Budget(), cards.MOST_FIGURES
    for i, one in enumerate(known, start=1):
        drawn, note = cards.cards(one, f"p{i}", room)
        room -= len(drawn)
        comparisons, comparisons_note = comparison_rows.comparison_rows(one)
        methods = one.methods.sort_values("order", kind="stable").to_dict("records")
        yield Section(
            id=f"p{i}", name=one.name or "Results", assay=one.assay, samples=len(one.samples),
            numbers=len(one.measurements), cards=tuple(drawn), cards_note=note, grids=grids.grids(one),
            comparisons=comparisons, comparisons_note=comparisons_note,
            evidence=evidence.evidence(one, folder, report, budget, hidden),
            methods=tuple(Paragraph(row["title"], row["text"]) for row in methods),
            settings=provenance.settings(one), exclusions=provenance.exclusions(one),
            vocabulary=provenance.vocabulary(one),
        )  # fmt: skip
