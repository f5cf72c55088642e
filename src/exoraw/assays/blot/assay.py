"""The blot and gel assay as the rest of the house sees it."""

from __future__ import annotations

from pathlib import Path

from exoraw.assays.blot.findings import FINDING_KINDS
from exoraw.assays.blot.formats import FORMATS
from exoraw.assays.blot.settings import BlotSettings
from exoraw.assays.blot.sheet import SHEET
from exoraw.assays.blot.steps.bridge import Bridge
from exoraw.assays.blot.steps.chip import JudgeChip
from exoraw.assays.blot.steps.loading import Loading
from exoraw.assays.blot.steps.normalise import Normalise
from exoraw.assays.blot.steps.presence import Presence
from exoraw.assays.blot.steps.quantify import Quantify
from exoraw.assays.blot.steps.summary import Summary
from exoraw.assays.blot.vocabulary import VOCABULARY
from exoraw.assays.contract import Assay, Simulated

METHODS_TEXT = (
    "Bands were measured on the imager's raw pixels; the background of every lane was taken off, volumes "
    "were "
    "normalised within a membrane, and every number carries an interval."
)


def _simulate(raw: Path, seed: int) -> tuple[Simulated, ...]:
    from exoraw.assays.blot.simulated_studies import simulate_studies

    return simulate_studies(raw, seed)


ASSAY = Assay(
    name="blot",
    title="Western blots and gels",
    formats=FORMATS,
    sheet=SHEET,
    settings=BlotSettings,
    steps=(Quantify(), Loading(), Normalise(), Bridge(), Presence(), JudgeChip(), Summary()),
    vocabulary=VOCABULARY,
    findings=FINDING_KINDS,
    methods_text=METHODS_TEXT,
    review_page="exoraw.assays.blot.review.page:PAGE",
    simulate=_simulate,
)
