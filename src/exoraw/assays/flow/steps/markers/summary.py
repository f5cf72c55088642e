"""The step `marker_summary`: figures and methods paragraphs of a marker strategy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exoraw.assays.contract import Figure, Inputs, Method, Outcome, TaskInput, Unit
from exoraw.assays.flow.controls import batches_of
from exoraw.assays.flow.review.applied import hand_words
from exoraw.assays.flow.settings import FlowSettings
from exoraw.assays.flow.steps.planning import BATCH_COLUMNS, compensate_key, controls_key, markers_key
from exoraw.assays.flow.steps.summary import (
    SummaryParams,
    cleaning_words,
    compensation_words,
    distinct,
    joined,
    not_gated,
)
from exoraw.assays.flow.strategies import (
    CD44CD24,
    MARKER_STRATEGIES,
    Aldefluor,
    MarkerStrategy,
    UptakeFlow,
)
from exoraw.io.inventory import Inventory
from exoraw.study.view import StudyView


@dataclass(frozen=True)
class MarkerSummary:
    """Declare the figures and write the methods paragraphs."""

    name: str = "marker_summary"
    version: int = 1
    columns: tuple[str, ...] = ("control_role", *BATCH_COLUMNS)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:  # noqa: ARG002  the contract's shape
        """One unit per pipeline; whatever succeeded is enough."""
        settings: FlowSettings = study.settings
        if not isinstance(settings.strategy, MARKER_STRATEGIES):
            return
        batches = [batch for batch in batches_of(study.rows, settings.batch_by) if batch.gated]
        if not batches:
            return
        yield Unit(
            key=f"{study.pipeline}/summary",
            samples=(),
            inputs={
                "compensation": tuple(TaskInput(compensate_key(study.pipeline, b)) for b in batches),
                "controls": tuple(TaskInput(controls_key(study.pipeline, b)) for b in batches),
                "tubes": tuple(
                    TaskInput(markers_key(study.pipeline, row)) for b in batches for row in b.gated
                ),
            },
            params=SummaryParams(settings=settings),
            needs="any",
        )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Put the paragraphs together."""
        params = unit.params
        assert isinstance(params, SummaryParams)
        strategy = params.settings.strategy
        assert isinstance(strategy, MARKER_STRATEGIES)
        grounds = [one.data for one in inputs.earlier.get("controls", ()) if one.ok]
        tubes = [one.data for one in inputs.earlier.get("tubes", ()) if one.ok]
        texts = (
            ("Acquisition", _acquisition(tubes, strategy)),
            ("Compensation", compensation_words(tubes)),
            ("Gating of live single cells", _cleaning(tubes, grounds, params.settings, strategy)),
            (TITLES[strategy.kind], _gates(tubes, strategy)),
            ("MIFlowCyt items", _miflowcyt(tubes, strategy, not_gated(inputs.earlier.get("tubes", ())))),
            ("Gates set by hand", hand_words(tubes)),
        )
        return Outcome(
            figures=figures(strategy),
            methods=[Method(title, text, order) for order, (title, text) in enumerate(texts) if text],
        )


TITLES = {
    "cd44_cd24": "CD44 and CD24 gates",
    "aldefluor": "ALDEFLUOR gates",
    "surface_mfi": "Marker fluorescence",
    "uptake_flow": "Uptake gates",
}
POINT = "every point is one biological replicate."


def figures(strategy: MarkerStrategy) -> list[Figure]:
    """The result plots of a strategy."""
    if isinstance(strategy, CD44CD24):
        low = "CD24 negative" if strategy.cd24_low == "negative" else "CD24 negative or low"
        parts = tuple(
            f"population:{name}" for name in ("CD44+CD24-", "CD44+CD24+", "CD44-CD24+", "CD44-CD24-")
        )
        return [
            Figure(
                "stem_like", "CD44+/CD24- cells", "group_points", ("cd44_pos_cd24_low_share",),
                caption=f"Share of live single cells that are CD44 positive and {low}; {POINT}", order=1,
            ),
            Figure(
                "quadrants", "CD44 / CD24 populations", "stacked_shares", ("marker_share",), parts,
                caption="Mean share of live single cells in each population; the four sum to 100 %.", order=2,
            ),
        ]  # fmt: skip
    if isinstance(strategy, Aldefluor):
        return [
            Figure(
                "aldh", "ALDH-high cells, net of DEAB", "group_points", ("aldh_high_net_share",),
                caption=f"Share of live single cells above the DEAB border, minus DEAB's own; {POINT}",
                order=1,
            ),
            Figure(
                "aldh_gross", "ALDH-high cells, gross", "group_points", ("aldh_high_share",),
                caption=f"Share of live single cells above the border of the sample's DEAB tube; {POINT}",
                order=2,
            ),
        ]  # fmt: skip
    if isinstance(strategy, UptakeFlow):
        return [
            Figure(
                "uptake", "Cells with exosomes", "group_points", ("uptake_share",),
                caption=f"Share of live single cells above the border of the control; {POINT}", order=1,
            ),
            Figure(
                "uptake_ratio", "Exosome dye per cell", "group_points", ("median_fluorescence_ratio",),
                caption=f"Median fluorescence of live single cells over the control's; {POINT}", order=2,
            ),
        ]  # fmt: skip
    return [
        Figure(
            f"ratio_{place}", f"{marker.name}, ratio to isotype", "group_points",
            ("median_fluorescence_ratio",), (f"marker:{marker.name}",),
            caption=f"Median fluorescence of {marker.name} over that of the isotype; {POINT}", order=place,
        )
        for place, marker in enumerate(strategy.markers)
    ]  # fmt: skip


# ----------------------------------------------------------------- paragraphs

Facts = Sequence[Mapping[str, Any]]


def _acquisition(tubes: Facts, strategy: MarkerStrategy) -> str:
    if not tubes:
        return ""
    import exoraw

    events = sorted(tube["events"] for tube in tubes)
    instruments = distinct(tube["instrument"] for tube in tubes) or [
        "an instrument that the files do not name"
    ]
    versions = distinct(tube["version"] for tube in tubes)
    read = [
        f"{dye.title} in {joined(distinct(tube['channels'][dye.key] for tube in tubes))}"
        for dye in strategy.dyes
    ]
    return (
        f"{len(tubes)} stained tubes were recorded on {joined(instruments)} (FCS {joined(versions)}), with "
        f"{events[len(events) // 2]:,} events per tube (median; {events[0]:,} to {events[-1]:,}). Read were "
        f"{joined(read)}. Files were read and analysed with exoraw {exoraw.__version__}; raw values were not "
        "clipped."
    )


def _cleaning(tubes: Facts, grounds: Facts, settings: FlowSettings, strategy: MarkerStrategy) -> str:
    if not tubes:
        return ""
    said = [cleaning_words(tubes, grounds, settings)]
    if strategy.viability.names is None:
        said.append("No dead-cell dye was in the panel; dead cells were not taken out.")
        return " ".join(said)
    words = {
        "valley": "the valley between live and dead cells",
        "live population": "2.81 sigma above the fitted live population",
        "fixed in the settings": "a fixed number set by the operator",
        "none": "no border (none could be found)",
    }
    borders = [
        f"{ground['batch']}: {words.get(ground['viability']['source'], ground['viability']['source'])}"
        + ("" if ground["viability"]["border"] is None else f" ({ground['viability']['border']:,.0f})")
        for ground in grounds
    ]
    live = sum(tube["live"] for tube in tubes)
    said.append(
        f"Dead cells were taken out by the dead-cell dye ({'; '.join(borders)}); {live:,} live single cells "
        "were left."
    )
    return " ".join(said)


def _gates(tubes: Facts, strategy: MarkerStrategy) -> str:
    if not tubes:
        return ""
    percentile = strategy.gate.percentile
    roles = distinct(_role_words(tube["control"]["role"]) for tube in tubes)
    fmo = sorted({key for tube in tubes for key in tube["control"]["fmo"]})
    said = [
        f"The border of a marker is the {percentile:g}th percentile of the live single cells of the tube's "
        f"own control ({joined(roles) or 'none was found'}), matched by subject, treatment and replicate "
        "within the batch; a cell on the border counts as negative."
    ]
    if fmo:
        titles = [dye.title for dye in strategy.dyes if dye.key in fmo]
        said.append(
            f"Where there was an FMO tube ({joined(titles)}), the larger of the two borders was taken."
        )
    said += distinct(f"{tube['note'][:1].upper()}{tube['note'][1:]}." for tube in tubes if tube["note"])
    if strategy.borders and any(value is not None for value in strategy.borders.values()):
        fixed = [f"{key} {value:,.0f}" for key, value in strategy.borders.items() if value is not None]
        said.append(f"Set by the operator: {joined(fixed)}.")
    said.append(
        f"Intervals (95 %) come from {strategy.gate.bootstraps} resamplings of the control's and the "
        "sample's cells (not of the replicates). Fluorescence is given on the compensated linear scale."
    )
    return " ".join(said)


def _role_words(role: str) -> str:
    return {"deab": "DEAB", "no_exosome": "cells without exosomes", "dye_only": "the dye alone"}.get(
        role, role
    )


def _miflowcyt(tubes: Facts, strategy: MarkerStrategy, failed: Sequence[str]) -> str:
    if not tubes:
        return ""
    volts = []
    for dye in strategy.dyes:
        found = distinct(tube["voltages"][dye.key] for tube in tubes)
        volts.append(
            f"{dye.title} detector {joined(found)} V"
            if found
            else f"{dye.title} detector voltage not in the files"
        )
    lost = f" Not counted: {joined(failed)}." if failed else ""
    return (
        f"Instrument: {joined(distinct(tube['instrument'] for tube in tubes)) or 'not in the files'}. "
        f"{'; '.join(volts)}. List-mode files are named in the table `files` with their SHA-256; "
        "compensation matrices, gates with % of parent and of total (table `objects_flow`) and plots of "
        "every tube are kept with the results. To be added by the laboratory: clone, maker and catalogue "
        f"number of the antibodies and dyes, filters and lasers.{lost}"
    )
