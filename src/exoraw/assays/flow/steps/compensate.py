"""The step `compensate`: one decision per batch on the spillover matrix, with the matrix on record."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exoraw.assays.contract import (
    Artefact,
    FileInput,
    Finding,
    Input,
    Inputs,
    Outcome,
    Params,
    ReadyFile,
    Unit,
)
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.controls import UNSTAINED, Batch, batches_of
from exoraw.assays.flow.fluorescent_drugs import compound_in
from exoraw.assays.flow.main_population import main_population
from exoraw.assays.flow.panel import UnknownChannelError
from exoraw.assays.flow.settings import Compensation, FlowSettings
from exoraw.assays.flow.spillover import Spillover, SpilloverError
from exoraw.assays.flow.spillover_csv import spillover_from_csv
from exoraw.assays.flow.stain_controls import ControlMatrix, StainControl, spillover_from_controls
from exoraw.assays.flow.steps.planning import BATCH_COLUMNS, compensate_key, present
from exoraw.assays.flow.steps.tube import Tube, TubeParams, read_tube
from exoraw.assays.flow.strategies import LabGates
from exoraw.assays.flow.treatments import TREATMENT_COLUMNS, treatment_of, untreated
from exoraw.io.errors import FormatError
from exoraw.io.inventory import Inventory
from exoraw.study.view import SampleRow, StudyView

STAIN = "single_stain:"  # + key of the dye: the role of its single stains


class CompensateParams(Params):
    """What a batch's matrix depends on."""

    tube: TubeParams
    compensation: Compensation


@dataclass(frozen=True)
class Compensate:
    """Decide per batch: single stains, the files' own matrices, a CSV, or none."""

    name: str = "compensate"
    version: int = 3
    columns: tuple[str, ...] = ("control_role", "stain", *TREATMENT_COLUMNS, *BATCH_COLUMNS)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        """One unit per batch; its samples are none, so that no label of a tube can re-run it."""
        settings: FlowSettings = study.settings
        if isinstance(settings.strategy, LabGates):  # its file says what is compensated by what
            return
        for batch in batches_of(study.rows, settings.batch_by):
            if not batch.gated:
                continue
            yield Unit(
                key=compensate_key(study.pipeline, batch),
                samples=(),
                inputs=_inputs(batch, files, settings),
                params=CompensateParams(tube=TubeParams.of(settings), compensation=settings.compensation),
                payload={"batch": batch.name},
            )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Estimate, read or pass on the batch's matrix."""
        params = unit.params
        assert isinstance(params, CompensateParams)
        source = params.compensation.source
        if source == "csv":
            return _from_csv(inputs.file("matrix"))
        if source in ("keyword", "none"):
            return Outcome(data={"source": source, "note": source, "channels": [], "matrix": []})
        return _from_single_stains(inputs, params, str(unit.payload["batch"]))


def single_stain_tubes(batch: Batch, names: Sequence[str]) -> tuple[SampleRow, ...]:
    """Single stains of a dye. Tubes with a drug that shines serve only where there is no other."""
    (tubes,) = batch.single_stains((names,))
    plain = tuple(row for row in tubes if compound_in(row["treatment"]) is None)
    return plain or tubes


def _inputs(batch: Batch, files: Inventory, settings: FlowSettings) -> Mapping[str, tuple[Input, ...]]:
    source = settings.compensation.source
    if source == "csv":
        return {"matrix": (FileInput(settings.compensation.csv),)}
    if source in ("keyword", "none"):
        return {}
    plain = untreated(batch)
    unstained = [row for row in batch.role(UNSTAINED) if treatment_of(row).compounds in plain]
    chosen = {STAIN + dye.key: single_stain_tubes(batch, dye.names) for dye in settings.strategy.dyes}
    chosen[UNSTAINED] = tuple(unstained)
    return {role: tuple(item for _, item in present(rows, files)) for role, rows in chosen.items()}


def _from_csv(file: ReadyFile) -> Outcome:
    matrix = spillover_from_csv(file.path)
    return _with_matrix("csv", matrix, f"{file.relative}", ())


def _from_single_stains(inputs: Inputs, params: CompensateParams, batch: str) -> Outcome:
    """Estimate from the batch's own tubes; where that is not possible, say so and pass on the files' own."""
    explicit = params.compensation.source == "single_stains"
    dyes = params.tube.dyes
    try:
        stains = [_events(inputs.files.get(STAIN + dye.key, ()), params.tube) for dye in dyes]
        unstained = _events(inputs.files.get(UNSTAINED, ()), params.tube)
    except (FormatError, UnknownChannelError) as error:
        if explicit:
            raise
        return _fallback(batch, f"a control cannot be used: {error}")
    missing = [dye.title for dye, found in zip(dyes, stains, strict=True) if not found]
    if missing:
        reason = f"the batch has no single-stain tube for {' and '.join(missing)}"
        if explicit:
            raise SpilloverError(
                f"{batch}: {reason}. Add one (control_role single_stain, its dye in stain), or set "
                "compensation.source to auto."
            )
        return _fallback(batch, reason, severe=False)
    names = tuple(tubes[0].channels[place] for place, tubes in enumerate(stains))
    return _estimated(names, stains, unstained, explicit=explicit, batch=batch)


def _estimated(
    names: tuple[str, ...], stains: list[list[Tube]], unstained: list[Tube], *, explicit: bool, batch: str
) -> Outcome:
    try:
        found = _estimate(names, stains, unstained)
    except SpilloverError as error:
        if explicit:
            raise
        return _fallback(batch, str(error))
    if found.unsupported and not explicit:
        reasons = "; ".join(row.why_not for row in found.rows if not row.used)
        return _fallback(batch, f"no control supports {' and '.join(found.unsupported)}: {reasons}")
    outcome = _with_matrix("single_stains", found.spillover, "single stains of the batch", found.findings)
    return replace(outcome, artefacts=(*outcome.artefacts, *_picture(found, batch)))


def _estimate(names: tuple[str, ...], stains: list[list[Tube]], unstained: list[Tube]) -> ControlMatrix:
    """Estimate inside the main scatter population; on all events where its positives lie elsewhere.

    Killed cells are smaller than live ones: the positive half of a PI tube may be an island of its own.
    """
    try:
        found = _estimate_on(names, stains, unstained, _main)
    except SpilloverError:
        return _estimate_on(names, stains, unstained, _whole)
    if not found.unsupported:
        return found
    whole = _estimate_on(names, stains, unstained, _whole)
    return whole if len(whole.unsupported) < len(found.unsupported) else found


def _estimate_on(
    names: tuple[str, ...],
    stains: list[list[Tube]],
    unstained: list[Tube],
    part: Callable[[Tube], FloatArray],
) -> ControlMatrix:
    controls = [StainControl(name, _pooled(tubes, part)) for name, tubes in zip(names, stains, strict=True)]
    negative = _pooled(unstained, part) if unstained else None
    return spillover_from_controls(controls, names, universal=negative, ceilings=stains[0][0].tops)


def _picture(matrix: ControlMatrix, batch: str) -> tuple[Artefact, ...]:
    """Every pair of dyes before and after compensation, on the batch's own single stains."""
    if sum(row.used for row in matrix.rows) < 2:
        return ()
    from exoraw.assays.flow.compensation_pictures import compensation_picture

    drawn = compensation_picture(matrix, title=batch)
    caption = (
        f"Single stains of {batch} before and after compensation; after it the medians of positive and "
        f"negative events lie under each other. {drawn.note}"
    )
    return (Artefact("picture", "compensation.png", drawn.png, caption.strip()),)


def _fallback(batch: str, reason: str, *, severe: bool = True) -> Outcome:
    """Pass on to the matrices that the files carry."""
    message = (
        f"{batch}: no matrix was made from single stains ({reason}); each tube is compensated with the "
        "matrix that its own file carries."
    )
    finding = Finding("matrix_of_file_used", "warning" if severe else "info", message)
    return Outcome(
        data={"source": "keyword", "note": "keyword", "channels": [], "matrix": []}, findings=(finding,)
    )


def _with_matrix(source: str, matrix: Spillover, note: str, findings: Sequence[Finding]) -> Outcome:
    data: dict[str, Any] = {
        "source": source,
        "note": note,
        "channels": list(matrix.channels),
        "matrix": [[float(value) for value in row] for row in matrix.matrix],
    }
    picture = Artefact(
        "matrix",
        "spillover.csv",
        _as_csv(matrix),
        f"Spillover matrix from {note}: row = dye, column = detector.",
    )
    return Outcome(data=data, findings=tuple(findings), artefacts=(picture,))


def _as_csv(matrix: Spillover) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["", *matrix.channels])
    for name, row in zip(matrix.channels, matrix.matrix, strict=True):
        writer.writerow([name, *(f"{value:.6f}" for value in row)])
    return buffer.getvalue().encode()


def _events(files: Iterable[ReadyFile], params: TubeParams) -> list[Tube]:
    return list(_read(files, params))


def _read(files: Iterable[ReadyFile], params: TubeParams) -> Iterator[Tube]:
    for file in files:
        tube = read_tube(file, params)
        if len(tube):
            yield tube


def _pooled(tubes: Sequence[Tube], part: Callable[[Tube], FloatArray]) -> FloatArray:
    """(n, dyes) uncompensated signal of a part of every tube."""
    return np.concatenate([part(tube) for tube in tubes])


def _whole(tube: Tube) -> FloatArray:
    return tube.measured(tube.in_range)


def _main(tube: Tube) -> FloatArray:
    """Events of the main scatter population: positives and negatives of one autofluorescence."""
    area, side = tube.scatter.area, tube.scatter.side
    if area is None or side is None:
        return _whole(tube)
    return tube.measured(tube.in_range & main_population(area, side).keep)
