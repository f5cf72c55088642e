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
from exoraw.assays.flow.steps.summary import Summary
from exoraw.assays.flow.steps.thresholds import FindThresholds
from exoraw.assays.flow.vocabulary import VOCABULARY

METHODS_TEXT = (
    "Cells were stained with Annexin V and a dead-cell dye. List-mode files were read without clipping, "
    "compensated once, gated for debris and single cells, and divided into quadrants by one pair of "
    "thresholds per batch that was found on the controls of that batch."
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
    steps=(Compensate(), FindThresholds(), Gate(), Summary()),
    vocabulary=VOCABULARY,
    findings=FINDING_KINDS,
    methods_text=METHODS_TEXT,
    simulate=_simulate,
)
