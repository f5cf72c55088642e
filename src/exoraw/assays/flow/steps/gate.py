"""The step `gate`: one tube from its file to quadrant shares, populations and pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exoraw.assays.contract import (
    Artefact,
    CorrectionInput,
    Earlier,
    FileInput,
    Finding,
    Inputs,
    Outcome,
    TaskInput,
    Unit,
)
from exoraw.assays.flow.annexin_findings import tube_findings
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.controls import batches_of
from exoraw.assays.flow.debris import DebrisGate
from exoraw.assays.flow.fcs import FcsData
from exoraw.assays.flow.panel import Match
from exoraw.assays.flow.quadrants import QuadrantNames, Quadrants, quadrants
from exoraw.assays.flow.review.applied import ROLE, InForce, by_hand, in_force, marked
from exoraw.assays.flow.review.cleaning import clean_with_outline, outline_findings
from exoraw.assays.flow.review.decided import corrections_for
from exoraw.assays.flow.settings import FlowSettings
from exoraw.assays.flow.steps.compensated import compensated, compensated_twice
from exoraw.assays.flow.steps.evidence import pictures
from exoraw.assays.flow.steps.gated import Gated, GateParams
from exoraw.assays.flow.steps.gates_out import quadrant_gates
from exoraw.assays.flow.steps.measures import measurements
from exoraw.assays.flow.steps.planning import BATCH_COLUMNS, compensate_key, gate_key, thresholds_key
from exoraw.assays.flow.steps.populations import population_rows
from exoraw.assays.flow.steps.recorded import thresholds_of
from exoraw.assays.flow.steps.tube import SATURATED_SHARE, TubeParams, of_sample, read_tube
from exoraw.assays.flow.strategies import AnnexinPI
from exoraw.io.inventory import Inventory
from exoraw.study.view import StudyView


@dataclass(frozen=True)
class Gate:
    """Gate every stained tube: vehicle controls are samples too."""

    name: str = "gate"
    version: int = 8
    columns: tuple[str, ...] = ("control_role", *BATCH_COLUMNS)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:  # noqa: ARG002  the contract's shape
        """One unit per tube that carries both dyes."""
        settings: FlowSettings = study.settings
        strategy = settings.strategy
        if not isinstance(strategy, AnnexinPI):
            return
        params = GateParams(
            tube=TubeParams.of(settings), quadrants=strategy.quadrants, apoptotic=strategy.apoptotic
        )
        for batch in batches_of(study.rows, settings.batch_by):
            earlier = {
                "compensation": (TaskInput(compensate_key(study.pipeline, batch)),),
                "thresholds": (TaskInput(thresholds_key(study.pipeline, batch)),),
            }
            for row in batch.gated:
                made = corrections_for(study.corrections, sample=row.sample, batch=batch.name)
                own = tuple(CorrectionInput(one) for reach, one in made if reach == "sample")
                yield Unit(
                    key=gate_key(study.pipeline, row),
                    samples=(row.sample,),
                    inputs={"tube": (FileInput(row.files[0], row.dataset),), ROLE: own, **earlier},
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
        remarks += compensated_twice(tube, signal, decision.data)
        made = in_force(thresholds.data, inputs.corrections.get(ROLE, ()), sample, params.tube.dyes)
        cleaned = clean_with_outline(
            tube, _debris(thresholds.data), made.gates.outline, singlets=params.tube.cleaning.singlets
        )
        own = pair_of(thresholds.data, sample, made)
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
        findings += [*made.findings(params.tube.dyes, own or {}), *outline_findings(tube, made.gates.outline)]
        if own is not None:
            findings += tube_findings(
                signal[cleaned.singlets], thresholds_of(own), (tube.floors[0], tube.floors[1])
            )
        return Outcome(
            measurements=list(marked(measurements(gated, params), made.gates, _of_gates(params))),
            objects=population_rows(gated, params, own),
            findings=_unique(of_sample(findings, sample)),
            artefacts=[*pictures(gated, thresholds.data), *_gates(gated, params, thresholds, decision)],
            data={**_facts(gated, thresholds.data), **made.facts},
        )


def pair_of(data: Mapping[str, Any], sample: str, made: InForce) -> Mapping[str, Any] | None:
    """The thresholds for this tube: by hand, else of its treatment's own controls, else of the batch."""
    treatment = data["assignment"].get(sample)
    pair: Mapping[str, Any] = by_hand(data["matched"].get(treatment) or data["general"], made.gates)
    found = pair["annexin"]["threshold"] is not None and pair["dead"]["threshold"] is not None
    return pair if found else None


def _gates(gated: Gated, params: GateParams, thresholds: Earlier, decision: Earlier) -> Iterator[Artefact]:
    """The tube's gates for other programs."""
    if gated.pair is not None and len(gated.tube):
        names = params.quadrants
        order = (names.live, names.early, names.late, names.necrotic)
        debris = thresholds.data["debris"]
        yield quadrant_gates(gated.tube, gated.pair, order, debris, decision.data, gated.sample)


def _debris(data: Mapping[str, Any]) -> DebrisGate | None:
    if data["debris_state"] == "off":
        return None
    return DebrisGate(data["debris"], data["debris_state"], 0.0, None, None, None, 0)


def _of_gates(params: GateParams) -> frozenset[str]:
    """Measures and populations that the borders decide."""
    named = (f"population:{name}" for name in params.quadrants.names)
    shares = ("quadrant_share", "apoptotic_share", "viable_share", "share_without_cleaning")
    return frozenset((*shares, *named))


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


# ----------------------------------------------------------------- remarks


def _inherited(earlier: Sequence[Earlier]) -> list[Finding]:
    """Remarks of the batch travel with every tube that was gated by it."""
    return [remark for one in earlier for remark in one.findings if remark.severity != "info"]


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
        found += _matched_remarks(data, treatment, gated.sample)
    return found + _saturated(gated)


def _matched_remarks(data: Mapping[str, Any], treatment: str, sample: str) -> Iterator[Finding]:
    pair = data["matched"][treatment]
    axes = (("annexin", "Annexin V"), ("dead", "dead-cell dye"))
    moved = [f"{words} {pair[axis]['shift']:+,.0f}" for axis, words in axes if pair[axis]["shift"]]
    did = f"the drug's own light moved the border ({', '.join(moved)})" if moved else "the border stayed"
    message = f'Gated with the unstained control of the treatment "{treatment}": {did}.'
    yield Finding("matched_control_used", "info", message)
    if sample in data["other_dose"]:
        message = (
            f'The unstained control of "{treatment}" got another dose than this tube. Its light, and so the '
            "border, may be off. Add an unstained tube of the same dose to the batch."
        )
        yield Finding("matched_control_other_dose", "warning", message)


def _renamed(gated: Gated, data: Mapping[str, Any]) -> Iterator[Finding]:
    for axis, match in zip(("annexin", "dead"), gated.tube.stains, strict=True):
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
    singlets = gated.cleaned.singlets
    if not singlets.any():
        return []
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
        for (channel,) in (one.channels for one in gated.tube.margins(singlets))
        if channel.saturated_share > SATURATED_SHARE
    ]


def _unique(findings: Iterable[Finding]) -> list[Finding]:
    return list({(one.code, one.message, one.entity): one for one in findings}.values())


def _facts(gated: Gated, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the methods text says of this tube."""
    annexin, dead = gated.tube.stains
    conversion = [one.message for one in gated.tube.data.findings if one.code == "conversion"]
    return {
        "events": len(gated.tube),
        "cells": int(np.count_nonzero(gated.cleaned.cells)),
        "singlets": int(np.count_nonzero(gated.cleaned.singlets)),
        "singlet_method": gated.cleaned.singlet_method,
        "matrix": gated.matrix,
        "batch": data["batch"],
        "channels": {"annexin": annexin.label, "dead": dead.label},
        "voltages": {
            "annexin": _voltage(gated.tube.data, annexin),
            "dead": _voltage(gated.tube.data, dead),
        },
        "instrument": str(gated.tube.data.keywords.get("$CYT", "")).strip(),
        "version": gated.tube.data.version,
        "conversion": conversion,
    }


def _voltage(data: FcsData, match: Match) -> str:
    return str(data.keywords.get(f"$P{data.parameters[match.index].number}V", ""))
