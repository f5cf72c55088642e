"""The flow cytometry assay as the rest of the house sees it."""

from __future__ import annotations

from pathlib import Path

from exoraw.assays.contract import Assay, Simulated
from exoraw.assays.flow.findings import FINDING_KINDS
from exoraw.assays.flow.formats import FORMATS
from exoraw.assays.flow.settings import FlowSettings
from exoraw.assays.flow.sheet import SHEET
from exoraw.assays.flow.steps.compensate import Compensate
from exoraw.assays.flow.steps.gate import Gate
from exoraw.assays.flow.steps.lab_gates import ApplyLabGates, LabGatesSummary
from exoraw.assays.flow.steps.markers.controls import MarkerControls
from exoraw.assays.flow.steps.markers.summary import MarkerSummary
from exoraw.assays.flow.steps.markers.tube import GateMarkers
from exoraw.assays.flow.steps.summary import Summary
from exoraw.assays.flow.steps.thresholds import FindThresholds
from exoraw.assays.flow.vocabulary import VOCABULARY

METHODS_TEXT = (
    "List-mode files were read without clipping, compensated once, gated for debris, single and, where the "
    "panel has a dead-cell dye, live cells, and gated by borders that were found on the controls of the same "
    "batch."
)


def _simulate(raw: Path, seed: int) -> tuple[Simulated, ...]:
    from exoraw.assays.flow.simulated_studies import simulate_studies

    studies: tuple[Simulated, ...] = simulate_studies(raw, seed)
    return studies


ASSAY = Assay(
    name="flow",
    title="Flow cytometry",
    formats=FORMATS,
    sheet=SHEET,
    settings=FlowSettings,
    steps=(
        Compensate(),
        FindThresholds(),
        Gate(),
        Summary(),
        MarkerControls(),
        GateMarkers(),
        MarkerSummary(),
        ApplyLabGates(),
        LabGatesSummary(),
    ),
    vocabulary=VOCABULARY,
    findings=FINDING_KINDS,
    methods_text=METHODS_TEXT,
    review_page="exoraw.assays.flow.review.page:PAGE",
    simulate=_simulate,
)
