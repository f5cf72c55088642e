"""The step `presence`: which markers a preparation has, and whether its negative control is clean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from exoraw.assays.blot.presence import Seen, Verdict, unproven, verdict
from exoraw.assays.blot.settings import BlotSettings
from exoraw.assays.blot.steps.agreement import trusted_volumes
from exoraw.assays.blot.steps.measured import Volume, rows_by_hand
from exoraw.assays.blot.steps.membranes import POSITIVE, membranes_of
from exoraw.assays.blot.steps.planning import judge_key, quantify_key
from exoraw.assays.contract import Finding, Inputs, Measurement, Outcome, Params, TaskInput, Unit
from exoraw.io.inventory import Inventory
from exoraw.study.view import SampleRow, StudyView

EV, LYSATE = "EV", "lysate"
SeenBands = Mapping[tuple[str, str], Seen]


class PresenceParams(Params):
    """What is looked for."""

    markers: tuple[str, ...]
    negatives: tuple[str, ...]


@dataclass(frozen=True)
class Presence:
    """Judge the markers of every membrane."""

    name: str = "presence"
    version: int = 2
    columns: tuple[str, ...] = ("membrane", "lane", "control_role", "preparation_kind")

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        """One unit per membrane."""
        settings: BlotSettings = study.settings
        if settings.kind != "ev_markers":
            return
        for membrane in membranes_of(study.rows, settings, files):
            if not membrane.samples:
                continue
            bands = membrane.blot.bands
            yield Unit(
                key=judge_key(study.pipeline, self.name, membrane),
                samples=membrane.samples,
                inputs={
                    "pictures": tuple(
                        TaskInput(quantify_key(study.pipeline, membrane, one)) for one in membrane.pictures
                    )
                },
                params=PresenceParams(
                    markers=tuple(name for name, band in bands.items() if band.role == "marker"),
                    negatives=tuple(name for name, band in bands.items() if band.role == "negative_control"),
                ),
                needs="any",
                payload={
                    "membrane": membrane.name,
                    "preparations": [row.sample for row in membrane.rows if row["preparation_kind"] == EV],
                    "positives": [row.sample for row in membrane.rows if _shows_it(row)],
                },
            )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Hold every band against its limit, every preparation against what is expected."""
        params = unit.params
        assert isinstance(params, PresenceParams)
        volumes, remarks = trusted_volumes(inputs.earlier.get("pictures", ()))
        seen = {key: Seen(*key, one.value, one.limit) for key, one in volumes.items()}
        findings = [*remarks, *_carried(volumes), *_missing(unit, params, seen)]
        numbers = [*_bands(unit, params, seen), *_verdicts(unit, params, seen)]
        findings += _proof(unit, params, seen)
        findings += _contaminated(unit, params, seen)
        return Outcome(
            measurements=list(_marked(numbers, params, rows_by_hand(volumes))),
            findings=list(dict.fromkeys(findings)),
            data={"membrane": unit.payload["membrane"], "present": _present(seen)},
        )


def _shows_it(row: SampleRow) -> bool:
    return not row.excluded and (row["preparation_kind"] == LYSATE or row["control_role"] == POSITIVE)


def _present(seen: SeenBands) -> list[dict[str, object]]:
    return [{"sample": one.sample, "marker": one.marker, "present": one.present} for one in seen.values()]


# ----------------------------------------------------------------- numbers


def _marked(
    numbers: Iterable[Measurement], params: PresenceParams, shown: frozenset[str]
) -> Iterator[Measurement]:
    """Mark what a person's points went into: a band's own row, and the verdict over all of them."""
    every = not shown.isdisjoint((*params.markers, *params.negatives))
    for one in numbers:
        yield replace(one, curated=one.target in shown if one.target else every)


def _bands(unit: Unit, params: PresenceParams, seen: SeenBands) -> Iterator[Measurement]:
    for sample in unit.samples:
        for name in (*params.markers, *params.negatives):
            one = seen.get((sample, name))
            row = Measurement(sample, "band_present", float("nan"), "band", f"band:{name}", name)
            if one is not None:
                row = replace(
                    row,
                    value=float(one.present),
                    reference=f"detection limit {one.limit:.4g}, adjusted volume {one.value:.4g}",
                )
            yield row


def _verdicts(unit: Unit, params: PresenceParams, seen: SeenBands) -> Iterator[Measurement]:
    for sample in unit.payload["preparations"]:
        found = verdict(sample, seen, params.markers, params.negatives)
        if found is not None:
            yield Measurement(
                sample, "ev_markers_found", found.percent, numerator=float(len(found.found)),
                denominator=float(len(found.expected)), reference=_words(found),
            )  # fmt: skip


def _words(found: Verdict) -> str:
    there = ", ".join(found.found) or "none"
    beside = f"; also {', '.join(found.contaminants)}" if found.contaminants else ""
    return f"present: {there} of {', '.join(found.expected)}{beside}"


# ----------------------------------------------------------------- remarks


def _carried(volumes: Mapping[tuple[str, str], Volume]) -> Iterator[Finding]:
    """What makes a band doubtful makes its presence doubtful; a saturated band is present all the same."""
    for (sample, target), volume in volumes.items():
        for finding in volume.findings:
            if finding.severity != "info" and finding.code != "saturated_band":
                yield replace(finding, sample=sample if finding.sample else "", entity=f"band:{target}")


def _missing(unit: Unit, params: PresenceParams, seen: SeenBands) -> Iterator[Finding]:
    for name in (*params.markers, *params.negatives):
        lost = [sample for sample in unit.samples if (sample, name) not in seen]
        for sample in lost:
            message = f"{name} has no volume in this lane, so nothing is said about it: see its picture."
            yield Finding("not_measured", "error", message, sample, f"band:{name}")


def _proof(unit: Unit, params: PresenceParams, seen: SeenBands) -> Iterator[Finding]:
    positives: Sequence[str] = unit.payload["positives"]
    for name in params.negatives:
        if any(marker == name for _, marker in seen) and (not positives or unproven(name, seen, positives)):
            where = (
                "no cell lysate lies on the membrane" if not positives else "the cell lysates do not show it"
            )
            message = f"{name} is the negative control, but {where}: its absence proves nothing."
            yield Finding("negative_control_unproven", "warning", message, entity=f"band:{name}")
    for name in params.markers:
        if any(marker == name for _, marker in seen) and unproven(name, seen, ()):
            message = f"{name} is absent in every lane: did the antibody or the transfer fail?"
            yield Finding("marker_unproven", "warning", message, entity=f"band:{name}")


def _contaminated(unit: Unit, params: PresenceParams, seen: SeenBands) -> Iterator[Finding]:
    for sample in unit.payload["preparations"]:
        for name in params.negatives:
            one = seen.get((sample, name))
            if one is not None and one.present:
                message = (
                    f"{name}, which exosomes do not have, is present in this preparation "
                    f"({one.value:.4g}, limit "
                    f"{one.limit:.4g}): cell debris or other membranes are in it."
                )
                yield Finding(
                    "negative_control_present", "warning", message, sample, "", one.value, one.limit
                )
