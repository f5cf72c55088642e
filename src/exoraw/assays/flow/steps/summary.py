"""The step `summary`: which figures the report draws, and the methods text with the numbers of this study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import exoraw
from exoraw.assays.contract import Earlier, Figure, Inputs, Method, Outcome, Params, TaskInput, Unit
from exoraw.assays.flow.controls import batches_of
from exoraw.assays.flow.review.applied import BY_HAND, hand_words
from exoraw.assays.flow.settings import FlowSettings
from exoraw.assays.flow.steps.planning import BATCH_COLUMNS, compensate_key, gate_key, thresholds_key
from exoraw.assays.flow.strategies import AnnexinPI
from exoraw.io.inventory import Inventory
from exoraw.study.view import StudyView

AXIS_WORDS = (("annexin", "Annexin V"), ("dead", "dead-cell dye"))
SOURCE_WORDS = {
    "vehicle": "the negative population of the stained untreated (vehicle) tube",
    "single stain": "the negative population of the single-stain tube",
    "valley": "the valley between negative and positive cells",
    "unstained": "the unstained tube",
    "fixed in the settings": "a fixed number set by the operator",
    BY_HAND: "a person's correction",
    "none": "no source that could be trusted",
}


class SummaryParams(Params):
    """What the methods text depends on."""

    settings: FlowSettings


@dataclass(frozen=True)
class Summary:
    """Declare the figures and write the methods paragraphs from what was really done."""

    name: str = "summary"
    version: int = 1
    columns: tuple[str, ...] = ("control_role", *BATCH_COLUMNS)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:  # noqa: ARG002  the contract's shape
        """One unit per pipeline; whatever succeeded is enough."""
        settings: FlowSettings = study.settings
        batches = [batch for batch in batches_of(study.rows, settings.batch_by) if batch.gated]
        if not batches or not isinstance(settings.strategy, AnnexinPI):
            return
        yield Unit(
            key=f"{study.pipeline}/summary",
            samples=(),
            inputs={
                "compensation": tuple(TaskInput(compensate_key(study.pipeline, b)) for b in batches),
                "thresholds": tuple(TaskInput(thresholds_key(study.pipeline, b)) for b in batches),
                "gate": tuple(TaskInput(gate_key(study.pipeline, row)) for b in batches for row in b.gated),
            },
            params=SummaryParams(settings=settings),
            needs="any",
        )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Put the paragraphs together."""
        params = unit.params
        assert isinstance(params, SummaryParams)
        strategy = params.settings.strategy
        assert isinstance(strategy, AnnexinPI)
        thresholds = [one.data for one in inputs.earlier.get("thresholds", ()) if one.ok]
        tubes = [one.data for one in inputs.earlier.get("gate", ()) if one.ok]
        texts = (
            ("Acquisition", _acquisition(tubes)),
            ("Compensation", compensation_words(tubes)),
            ("Gating of single cells", cleaning_words(tubes, thresholds, params.settings)),
            ("Annexin V and dead-cell gates", _gates(thresholds, strategy)),
            ("Quadrants and statistics", _quadrants(strategy)),
            ("MIFlowCyt items", _miflowcyt(tubes, not_gated(inputs.earlier.get("gate", ())))),
            ("Gates set by hand", hand_words(tubes)),
        )
        return Outcome(
            figures=_figures(strategy),
            methods=[Method(title, text, order) for order, (title, text) in enumerate(texts) if text],
        )


def _figures(strategy: AnnexinPI) -> list[Figure]:
    names = strategy.quadrants
    parts = " + ".join(getattr(names, part) for part in strategy.apoptotic)
    entities = tuple(f"population:{name}" for name in names.names)
    return [
        Figure(
            "apoptotic", "Apoptotic cells", "group_points", ("apoptotic_share",),
            caption=f"Share of single cells that are {parts}; every point is one biological replicate.",
            order=1,
        ),
        Figure(
            "quadrants", "Live, apoptotic and necrotic cells", "stacked_shares", ("quadrant_share",),
            entities,
            caption="Mean share of single cells in each quadrant; the four sum to 100 %.", order=2,
        ),
        Figure(
            "viable", "Viable cells", "group_points", ("viable_share",),
            caption="Share of single cells that are negative for Annexin V and for the dead-cell dye.",
            order=3,
        ),
    ]  # fmt: skip


# ----------------------------------------------------------------- paragraphs


def _acquisition(tubes: Sequence[Mapping[str, Any]]) -> str:
    if not tubes:
        return ""
    events = sorted(tube["events"] for tube in tubes)
    instruments = distinct(tube["instrument"] for tube in tubes) or [
        "an instrument that the files do not name"
    ]
    versions = distinct(tube["version"] for tube in tubes)
    channels = [distinct(tube["channels"][axis] for tube in tubes) for axis, _ in AXIS_WORDS]
    return (
        f"{len(tubes)} stained tubes were recorded on {joined(instruments)} (FCS {joined(versions)}), with "
        f"{events[len(events) // 2]:,} events per tube (median; {events[0]:,} to {events[-1]:,}). Annexin "
        f"V was read in {joined(channels[0])}, the dead-cell dye in {joined(channels[1])}. Files were read "
        f"and analysed with exoraw {exoraw.__version__}; raw values were not clipped."
    )


def compensation_words(tubes: Sequence[Mapping[str, Any]]) -> str:
    """Which tubes were compensated with which matrix."""
    if not tubes:
        return ""
    counts = dict.fromkeys(distinct(tube["matrix"] for tube in tubes), 0)
    for tube in tubes:
        counts[tube["matrix"]] += 1
    parts = [
        f"{count} tubes were not compensated"
        if source == "none"
        else f"{count} tubes with the matrix from {source}"
        for source, count in counts.items()
    ]
    return f"Spectral overlap was taken out once, before gating: {joined(parts)}."


def cleaning_words(
    tubes: Sequence[Mapping[str, Any]], thresholds: Sequence[Mapping[str, Any]], settings: FlowSettings
) -> str:
    """What was taken out before the gates, with the counts."""
    if not tubes:
        return ""
    total = sum(tube["events"] for tube in tubes)
    cells, singles = (sum(tube[name] for tube in tubes) for name in ("cells", "singlets"))
    methods = [name for name in distinct(tube["singlet_method"] for tube in tubes) if name != "none"]
    gates = sum(data["debris"] is not None for data in thresholds)
    said = []
    if settings.cleaning.debris:
        said.append(
            "Debris was taken out below the valley of forward scatter, one gate per batch (found in "
            f"{gates} of {len(thresholds)} batches; kept loose, because apoptotic cells lose forward "
            "scatter)."
        )
    if settings.cleaning.singlets:
        how = (
            f"by {joined(methods)} (median + 4 MAD)"
            if methods
            else "nowhere, as no pulse height or width was recorded"
        )
        said.append(f"Doublets were taken out {how}.")
    share = f"{100 * singles / total:.1f} % of all events" if total else "no events"
    said.append(f"Of {total:,} events, {cells:,} were cells and {singles:,} single cells ({share}).")
    return " ".join(said)


def _gates(thresholds: Sequence[Mapping[str, Any]], strategy: AnnexinPI) -> str:
    if not thresholds:
        return ""
    said = [
        "One pair of thresholds was used for all tubes of a batch. The border of a negative population lies "
        f"{strategy.thresholds.sigmas:g} standard deviations above its fitted mode (arcsinh scale)."
    ]
    for data in thresholds:
        said.append(f"{data['batch']}: {_pair_words(data['general'])}.")
        said += [
            f"Tubes with {treatment} used their own unstained control: {_pair_words(pair)}."
            for treatment, pair in data["matched"].items()
        ]
    return " ".join(said)


def _pair_words(pair: Mapping[str, Any]) -> str:
    parts = []
    for axis, words in AXIS_WORDS:
        found = pair[axis]
        if found["threshold"] is None:
            parts.append(f"{words} without a gate")
            continue
        interval = ""
        if found["ci_low"] is not None:
            interval = f", 95 % interval {found['ci_low']:,.0f} to {found['ci_high']:,.0f}"
        events = f", {found['n']:,} cells" if found["n"] else ""
        source = SOURCE_WORDS.get(found["source"], found["source"])
        parts.append(f"{words} {found['threshold']:,.0f} from {source}{events}{interval}")
    return "; ".join(parts)


def _quadrants(strategy: AnnexinPI) -> str:
    names = strategy.quadrants
    parts = joined([getattr(names, part) for part in strategy.apoptotic])
    return (
        f"Single cells were counted as {names.live} (Annexin V-, dead-cell dye-), {names.early} (+/-), "
        f"{names.late} (+/+) and {names.necrotic} (-/+); an event on a threshold counts as negative and "
        f"the four shares sum to 100 %. Apoptotic cells are {parts}. Intervals of shares are 95 % Wilson "
        "intervals of the cells counted (not of the replicates). Fluorescence is given as the median on "
        "the compensated linear scale."
    )


def _miflowcyt(tubes: Sequence[Mapping[str, Any]], failed: Sequence[str]) -> str:
    if not tubes:
        return ""
    volts = []
    for axis, words in AXIS_WORDS:
        found = distinct(tube["voltages"][axis] for tube in tubes)
        volts.append(
            f"{words} detector {joined(found)} V" if found else f"{words} detector voltage not in the files"
        )
    lost = f" Not gated: {joined(failed)}." if failed else ""
    return (
        f"Instrument: {joined(distinct(tube['instrument'] for tube in tubes)) or 'not in the files'}. "
        f"{'; '.join(volts)}. List-mode files are named in the table `files` with their SHA-256; "
        "compensation matrices, gates with % of parent and of total (table `objects_flow`) and a plot of "
        "every tube are kept with the results. To be added by the laboratory: clone, maker and catalogue "
        f"number of the reagents, filters and lasers.{lost}"
    )


def not_gated(gate: Sequence[Earlier]) -> list[str]:
    """Samples whose unit did not succeed."""
    return [sample for one in gate if not one.ok for sample in one.samples]


def distinct(values: Iterable[str]) -> list[str]:
    """Every word once, in order, without empty ones."""
    return [value for value in dict.fromkeys(values) if value]


def joined(parts: Sequence[str]) -> str:
    """Words as in a sentence: a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
