"""The step `gate`: one tube from its file to quadrant shares, populations and pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exoraw.assays.contract import (
    Artefact,
    Earlier,
    FileInput,
    Finding,
    Inputs,
    Measurement,
    Outcome,
    Params,
    TaskInput,
    Unit,
)
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.controls import batches_of
from exoraw.assays.flow.debris import DebrisGate
from exoraw.assays.flow.margins import margin_events
from exoraw.assays.flow.plots import Corner, cleaning_plot, quadrant_plot
from exoraw.assays.flow.quadrants import QuadrantNames, Quadrants, Share, quadrants, share_of
from exoraw.assays.flow.settings import AnnexinPI, FlowSettings
from exoraw.assays.flow.settings import Quadrants as Names
from exoraw.assays.flow.steps.planning import BATCH_COLUMNS, compensate_key, gate_key, thresholds_key
from exoraw.assays.flow.steps.populations import population_rows, populations_of
from exoraw.assays.flow.steps.scales import BatchScales
from exoraw.assays.flow.steps.tube import (
    SATURATED_SHARE,
    Cleaned,
    Tube,
    TubeParams,
    clean,
    compensated,
    dye_name,
    of_sample,
    read_tube,
)
from exoraw.io.inventory import Inventory
from exoraw.study.view import StudyView

Z_95 = 1.959963984540054
SINGLE_CELLS = "population:single cells"


class GateParams(Params):
    """What a tube's numbers depend on beside its batch's gates."""

    tube: TubeParams
    quadrants: Names
    apoptotic: tuple[str, ...]


@dataclass(frozen=True)
class Gated:
    """A tube with everything that is said about it.

    Parameters
    ----------
    signal : (n, 2) compensated linear signal of every event
    pair : thresholds, linear; None where the batch has none
    counted : the quadrants, None without thresholds or without cells
    """

    sample: str
    file_id: str
    tube: Tube
    signal: FloatArray
    cleaned: Cleaned
    pair: tuple[float, float] | None
    counted: Quadrants | None
    matrix: str
    reference: str


@dataclass(frozen=True)
class Gate:
    """Gate every stained tube: vehicle controls are samples too."""

    name: str = "gate"
    version: int = 1
    columns: tuple[str, ...] = ("control_role", *BATCH_COLUMNS)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:  # noqa: ARG002  the contract's shape
        """One unit per tube that carries both dyes."""
        settings: FlowSettings = study.settings
        strategy: AnnexinPI = settings.strategy
        params = GateParams(
            tube=TubeParams.of(settings), quadrants=strategy.quadrants, apoptotic=strategy.apoptotic
        )
        for batch in batches_of(study.rows, settings.batch_by):
            earlier = {
                "compensation": (TaskInput(compensate_key(study.pipeline, batch)),),
                "thresholds": (TaskInput(thresholds_key(study.pipeline, batch)),),
            }
            for row in batch.gated:
                yield Unit(
                    key=gate_key(study.pipeline, row),
                    samples=(row.sample,),
                    inputs={"tube": (FileInput(row.files[0], row.dataset),), **earlier},
                    params=params,
                )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Read, clean, compensate once, count the quadrants, draw."""
        params = unit.params
        assert isinstance(params, GateParams)
        thresholds, decision = inputs.one_earlier("thresholds"), inputs.one_earlier("compensation")
        assert thresholds is not None
        assert decision is not None
        sample = unit.samples[0]
        file = inputs.file("tube")
        tube = read_tube(file, params.tube)
        signal, matrix, remarks = compensated(tube, decision.data)
        cleaned = clean(tube, _debris(thresholds.data), singlets=params.tube.cleaning.singlets)
        own = pair_of(thresholds.data, sample)
        pair = None if own is None else (own["annexin"]["threshold"], own["dead"]["threshold"])
        counted = _count(signal[cleaned.singlets], pair, params)
        gated = Gated(
            sample,
            file.file_id,
            tube,
            signal,
            cleaned,
            pair,
            counted,
            matrix,
            _reference(thresholds.data, own),
        )
        findings = [*tube.findings, *remarks, *cleaned.findings, *_inherited((thresholds, decision))]
        findings += _own_findings(gated, thresholds.data)
        return Outcome(
            measurements=list(_measurements(gated, params)),
            objects=population_rows(gated, params, own),
            findings=_unique(of_sample(findings, sample)),
            artefacts=list(_pictures(gated, thresholds.data)),
            data=_facts(gated, thresholds.data),
        )


def pair_of(data: Mapping[str, Any], sample: str) -> Mapping[str, Any] | None:
    """The batch's thresholds for this tube: those of its treatment where that has controls of its own."""
    treatment = data["assignment"].get(sample)
    pair: Mapping[str, Any] = data["matched"].get(treatment) or data["general"]
    found = pair["annexin"]["threshold"] is not None and pair["dead"]["threshold"] is not None
    return pair if found else None


def _debris(data: Mapping[str, Any]) -> DebrisGate | None:
    if data["debris_state"] == "off":
        return None
    return DebrisGate(data["debris"], data["debris_state"], 0.0, None, None, None, 0)


def _count(signal: FloatArray, pair: tuple[float, float] | None, params: GateParams) -> Quadrants | None:
    if pair is None:
        return None
    names = params.quadrants
    called = QuadrantNames(names.live, names.early, names.late, names.necrotic, "/apoptotic")
    return quadrants(signal, pair, called)


def _reference(data: Mapping[str, Any], own: Mapping[str, Any] | None) -> str:
    """What the gate refers to, in words: the sources of both thresholds and the batch."""
    if own is None:
        return ""
    sources = list(dict.fromkeys((own["annexin"]["source"], own["dead"]["source"])))
    return f"gate: {' / '.join(sources)} ({data['batch']})"


# ----------------------------------------------------------------- numbers


def _measurements(gated: Gated, params: GateParams) -> Iterator[Measurement]:
    yield _number(gated, "events", float(len(gated.tube)), n=len(gated.tube))
    for population in populations_of(gated, params):
        yield _number(
            gated, "population_events", float(population.count), entity=f"population:{population.name}",
            n=population.count,
        )  # fmt: skip
    singles = int(np.count_nonzero(gated.cleaned.singlets))
    yield _share(gated, "gated_share", share_of("", singles, len(gated.tube)))
    if gated.counted is None:
        yield from _absent_shares(gated, params)
    else:
        yield from _shares(gated, gated.counted, params)
    for column, match in enumerate((gated.tube.annexin, gated.tube.dead)):
        yield _median(gated, gated.signal[gated.cleaned.singlets, column], dye_name(match))


def _shares(gated: Gated, counted: Quadrants, params: GateParams) -> Iterator[Measurement]:
    live, early, late, _ = counted.quadrants
    for share in counted.quadrants:
        yield _share(gated, "quadrant_share", share, entity=f"population:{share.name}")
    parts = [part for part, name in ((early, "early"), (late, "late")) if name in params.apoptotic]
    apoptotic = share_of("", sum(part.numerator for part in parts), counted.n)
    yield _share(gated, "apoptotic_share", apoptotic)
    yield _share(gated, "viable_share", live)


def _absent_shares(gated: Gated, params: GateParams) -> Iterator[Measurement]:
    """The rows exist, without a number: the finding `no_gate` says why."""
    for name in params.quadrants.names:
        yield _number(gated, "quadrant_share", float("nan"), entity=f"population:{name}")
    yield _number(gated, "apoptotic_share", float("nan"))
    yield _number(gated, "viable_share", float("nan"))


def _share(gated: Gated, measure: str, share: Share, entity: str = "") -> Measurement:
    number = _number(gated, measure, share.percent, entity=entity, n=share.denominator)
    return replace(
        number,
        numerator=float(share.numerator),
        denominator=float(share.denominator),
        ci_low=_finite(share.ci_low),
        ci_high=_finite(share.ci_high),
        reference="" if measure == "gated_share" else gated.reference,
    )


def _median(gated: Gated, signal: FloatArray, dye: str) -> Measurement:
    """Median of the single cells with the 95 % interval of its rank (distribution-free)."""
    finite = np.sort(signal[np.isfinite(signal)])
    n = int(finite.size)
    number = _number(gated, "median_fluorescence", float("nan"), entity=SINGLE_CELLS, n=n)
    if not n:
        return replace(number, target=dye, statistic="median")
    reach = Z_95 * np.sqrt(n) / 2
    low, high = max(int(np.floor(n / 2 - reach)), 0), min(int(np.ceil(n / 2 + reach)), n - 1)
    return replace(
        number,
        value=float(np.median(finite)),
        target=dye,
        statistic="median",
        ci_low=float(finite[low]),
        ci_high=float(finite[high]),
    )


def _number(
    gated: Gated, measure: str, value: float, *, entity: str = "", n: int | None = None
) -> Measurement:
    kind = "population" if entity else "sample"
    return Measurement(
        gated.sample, measure, value, entity_type=kind, entity=entity, n=n, file_id=gated.file_id
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


# ----------------------------------------------------------------- remarks


def _inherited(earlier: Sequence[Earlier]) -> list[Finding]:
    """Remarks of the batch travel with every tube that was gated by it."""
    return [
        replace(remark, entity="") for one in earlier for remark in one.findings if remark.severity != "info"
    ]


def _own_findings(gated: Gated, data: Mapping[str, Any]) -> list[Finding]:
    found = list(_renamed(gated, data))
    if not len(gated.tube):
        message = (
            "The file holds no events: the tube has no shares. Was it empty, or the acquisition stopped?"
        )
        found.append(Finding("no_events", "error", message, value=0.0))
    elif gated.counted is None:
        message = (
            "The batch has no pair of gates that can be trusted, so this tube has no shares. Add a vehicle "
            "tube (control_role vehicle) or single stains to the batch, or set fixed thresholds."
        )
        found.append(Finding("no_gate", "error", message))
    if gated.counted is not None and len(gated.tube):
        found += gated.counted.findings
    treatment = data["assignment"].get(gated.sample)
    if treatment and data["matched"].get(treatment):
        found.append(_matched_remark(data, treatment))
    return found + _saturated(gated)


def _matched_remark(data: Mapping[str, Any], treatment: str) -> Finding:
    pair = data["matched"][treatment]
    shifts = ", ".join(
        f"{words} {pair[axis]['shift']:+,.0f}"
        for axis, words in (("annexin", "Annexin V"), ("dead", "dead-cell dye"))
    )
    message = (
        f'Gated with the unstained control of the treatment "{treatment}": the border was moved by the '
        "drug's "
        f"own light ({shifts})."
    )
    return Finding("matched_control_used", "info", message)


def _renamed(gated: Gated, data: Mapping[str, Any]) -> Iterator[Finding]:
    for axis, match in (("annexin", gated.tube.annexin), ("dead", gated.tube.dead)):
        before = data["channels"][axis]
        if before and before != match.channel:
            yield Finding(
                "channel_renamed",
                "warning",
                f'The controls call this channel "{before}", this file "{match.channel}". They were taken '
                "for the "
                "same detector; give the tube a batch of its own if they are not.",
            )


def _saturated(gated: Gated) -> list[Finding]:
    """Cells on the ceiling of a dye's detector: counted rightly, but medians above it are too low."""
    cells = gated.tube.measured[gated.cleaned.singlets]
    if not len(cells):
        return []
    matches = (gated.tube.annexin, gated.tube.dead)
    margins = margin_events(cells, [match.channel for match in matches], gated.tube.tops)
    return [
        Finding(
            "saturated_dye",
            "warning",
            f"{100 * channel.saturated_share:.1f} % of the single cells lie at the end of the "
            f"{channel.channel} scale. Their quadrant is right, a median that lies there is too low: lower "
            "the voltage next time.",
            value=channel.saturated_share,
            limit=SATURATED_SHARE,
        )
        for channel in margins.channels
        if channel.saturated_share > SATURATED_SHARE
    ]


def _unique(findings: Iterable[Finding]) -> list[Finding]:
    return list({(one.code, one.message, one.entity): one for one in findings}.values())


# ----------------------------------------------------------------- evidence


def _pictures(gated: Gated, data: Mapping[str, Any]) -> Iterator[Artefact]:
    if not len(gated.tube):
        return
    scales = BatchScales.from_data(data)
    singles = int(np.count_nonzero(gated.cleaned.singlets))
    if gated.pair is not None and gated.counted is not None:
        axes = (
            scales.annexin.axis(gated.tube.annexin.label),
            scales.dead.axis(gated.tube.dead.label),
        )
        corners = tuple(Corner(share.name, share.percent) for share in gated.counted.quadrants)
        note = f"{singles:,} single cells of {len(gated.tube):,} events"
        content = quadrant_plot(
            gated.signal[gated.cleaned.singlets], axes, gated.pair,
            (corners[0], corners[1], corners[2], corners[3]), gated.sample, note,
        )  # fmt: skip
        caption = f"{gated.sample}: {note}; {gated.reference}; compensation: {gated.matrix}."
        yield Artefact("picture", "quadrants.png", content, caption, gated.sample)
    yield from _cleaning_picture(gated, scales, data)


def _cleaning_picture(gated: Gated, scales: BatchScales, data: Mapping[str, Any]) -> Iterator[Artefact]:
    scatter, cleaned = gated.tube.scatter, gated.cleaned
    if scatter.area is None or scatter.side is None:
        return
    total = len(gated.tube)
    debris = 100 * (1 - np.count_nonzero(cleaned.cells) / total)
    doublets = 100 * (np.count_nonzero(cleaned.cells) - np.count_nonzero(cleaned.singlets)) / total
    note = f"taken out: {debris:.1f} % debris and margin events, {doublets:.1f} % doublets"
    content = cleaning_plot(
        scatter.area, scatter.side, scatter.height, cleaned.cells, cleaned.singlets,
        scales.scatter, data["debris"], gated.sample, note,
    )  # fmt: skip
    yield Artefact("picture", "cleaning.png", content, f"{gated.sample}: {note}.", gated.sample)


def _facts(gated: Gated, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the methods text says of this tube."""
    keywords = gated.tube.data.keywords
    conversion = [one.message for one in gated.tube.data.findings if one.code == "conversion"]
    return {
        "events": len(gated.tube),
        "cells": int(np.count_nonzero(gated.cleaned.cells)),
        "singlets": int(np.count_nonzero(gated.cleaned.singlets)),
        "singlet_method": gated.cleaned.singlet_method,
        "matrix": gated.matrix,
        "batch": data["batch"],
        "channels": {"annexin": gated.tube.annexin.label, "dead": gated.tube.dead.label},
        "voltages": {
            "annexin": str(keywords.get(f"$P{gated.tube.annexin.index + 1}V", "")),
            "dead": str(keywords.get(f"$P{gated.tube.dead.index + 1}V", "")),
        },
        "instrument": str(keywords.get("$CYT", "")).strip(),
        "version": gated.tube.data.version,
        "conversion": conversion,
    }
