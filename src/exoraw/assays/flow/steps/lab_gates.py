"""The steps of a lab's own gates: every tube by the gates of a file, and what the report says of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exoraw.assays.contract import (
    Artefact,
    Figure,
    FileInput,
    Finding,
    Inputs,
    Measurement,
    Method,
    Outcome,
    Params,
    ReadyFile,
    TaskInput,
    Unit,
)
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.controls import batches_of
from exoraw.assays.flow.fcs import FcsData, read_fcs
from exoraw.assays.flow.gates.apply import GatedTube, check_populations, gate_tube, population_rows
from exoraw.assays.flow.gates.events import AS_GIVEN, Dimension, Events
from exoraw.assays.flow.gates.files import TubeGates, read_gate_file
from exoraw.assays.flow.gates.populations import Population
from exoraw.assays.flow.gates.strategy import dimensions_of
from exoraw.assays.flow.panel import find_channel
from exoraw.assays.flow.quadrants import share_of
from exoraw.assays.flow.settings import FlowSettings
from exoraw.assays.flow.spillover import Spillover
from exoraw.assays.flow.spillover_csv import spillover_from_csv
from exoraw.assays.flow.spillover_names import fit_to_channels
from exoraw.assays.flow.steps.markers.counted import finite
from exoraw.assays.flow.steps.measures import median_of
from exoraw.assays.flow.steps.planning import BATCH_COLUMNS
from exoraw.assays.flow.steps.tube import ON_RECORD_ONLY, of_sample
from exoraw.assays.flow.strategies import LabGates
from exoraw.io.inventory import Inventory
from exoraw.study.view import SampleRow, StudyView

MOST_FIGURES = 12  # populations drawn by group; all of them stand in the table
MOST_PICTURES = 4  # ways through the tree drawn per tube


class LabGatesParams(Params):
    """What a tube's counts depend on beside the gates."""

    strategy: LabGates
    source: str
    csv: str


@dataclass(frozen=True)
class ApplyLabGates:
    """Lay the gates of a file on every tube."""

    name: str = "lab_gates"
    version: int = 1
    columns: tuple[str, ...] = ("control_role", *BATCH_COLUMNS)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:  # noqa: ARG002  the contract's shape
        """One unit per stained tube."""
        settings: FlowSettings = study.settings
        strategy = settings.strategy
        if not isinstance(strategy, LabGates):
            return
        source = settings.compensation.source
        params = LabGatesParams(strategy=strategy, source=source, csv=settings.compensation.csv)
        for row in _gated(study, settings):
            inputs = {
                "tube": (FileInput(row.files[0], row.dataset),),
                "gates": (FileInput(strategy.file),),
            }
            if source == "csv":
                inputs["matrix"] = (FileInput(settings.compensation.csv),)
            yield Unit(
                key=lab_gates_key(study.pipeline, row),
                samples=(row.sample,),
                inputs=inputs,
                params=params,
                columns=(),
            )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Read tube and gates, count, draw, write populations where asked."""
        params = unit.params
        assert isinstance(params, LabGatesParams)
        sample, file = unit.samples[0], inputs.file("tube")
        data = read_fcs(file.path, dataset=file.dataset)
        gates = read_gate_file(inputs.file("gates").path).for_tube(
            Path(file.relative).name, template=params.strategy.template
        )
        matrix, remarks = _matrix(data, gates, params, inputs)
        gated = gate_tube(
            gates.strategy, data, matrix=matrix, source=gates.source, counts=gates.counts, scales=gates.scales
        )
        wanted = _wanted(gated, params.strategy)
        findings = [*data.findings, *gates.findings, *remarks, *gated.findings, *_empty(data)]
        return Outcome(
            measurements=list(_numbers(gated, data, wanted, sample, file, params.strategy)),
            objects=population_rows(gated, sample, file.file_id),
            findings=[
                *of_sample([one for one in findings if one.code not in ON_RECORD_ONLY], sample),
                *_without_median(wanted, sample, params.strategy),
            ],
            artefacts=[
                *_pictures(gated, wanted, sample),
                *_exported(gated, file, params.strategy.export, sample),
            ],
            data={
                "source": gates.source,
                "populations": [row.name for row in wanted],
                "gates": len(gates.strategy.gates),
                "matrix": "none" if matrix is None else matrix.source,
            },
        )


def lab_gates_key(pipeline: str, row: SampleRow) -> str:
    """Key of the unit that lays the gates on a tube."""
    return f"{pipeline}/lab_gates/{row.sample}"


def _gated(study: StudyView, settings: FlowSettings) -> Iterator[SampleRow]:
    for batch in batches_of(study.rows, settings.batch_by):
        yield from batch.gated


# ----------------------------------------------------------------- compensation


def _matrix(
    data: FcsData, gates: TubeGates, params: LabGatesParams, inputs: Inputs
) -> tuple[Spillover | None, tuple[Finding, ...]]:
    """The matrix for dimensions that name none.

    A workspace and GatingML say themselves what is compensated by what; a strategy in YAML without any
    matrix is laid on signal that is compensated by the tube's own.
    """
    if params.source == "none":
        return None, ()
    if params.source == "csv":
        found = spillover_from_csv(inputs.file("matrix").path)
        return fit_to_channels(found, data.channels, data.markers)
    own = inputs.file("gates").path.suffix.casefold() in (".yaml", ".yml") and not gates.strategy.matrices
    if params.source == "keyword" or own:
        if data.spillover is None:
            message = "The file carries no usable spillover matrix: its gates lie on uncompensated signal."
            return None, (Finding("not_compensated", "warning", message),)
        return fit_to_channels(data.spillover, data.channels, data.markers)
    return None, ()


# ----------------------------------------------------------------- numbers


def _wanted(gated: GatedTube, strategy: LabGates) -> list[Population]:
    """The populations that become numbers. Raises GateError where a name of the settings is none."""
    check_populations(gated, (*strategy.populations, *strategy.export))
    if not strategy.populations:
        return list(gated.tree.rows)
    return [gated.tree[name] for name in strategy.populations]


def _numbers(
    gated: GatedTube,
    data: FcsData,
    wanted: Sequence[Population],
    sample: str,
    file: ReadyFile,
    strategy: LabGates,
) -> Iterator[Measurement]:
    total = len(gated.events)
    counts = {row.name: row.count for row in gated.tree.rows}
    yield Measurement(sample, "events", float(total), n=total, file_id=file.file_id)
    for row in wanted:
        entity = f"population:{row.name}"
        parent = counts[row.path[-2]] if len(row.path) > 1 else total
        yield Measurement(
            sample, "population_events", float(row.count), "population", entity, n=row.count,
            file_id=file.file_id,
        )  # fmt: skip
        for measure, whole in (("share_of_parent", parent), ("share_of_total", total)):
            share = share_of("", row.count, whole)
            yield Measurement(
                sample, measure, share.percent, "population", entity, numerator=float(share.numerator),
                denominator=float(share.denominator), n=share.denominator, ci_low=finite(share.ci_low),
                ci_high=finite(share.ci_high), reference=gated.source, file_id=file.file_id,
            )  # fmt: skip
        yield from _medians(gated, data, row, sample, file, strategy.medians)


def _medians(
    gated: GatedTube,
    data: FcsData,
    row: Population,
    sample: str,
    file: ReadyFile,
    names: Sequence[str],
) -> Iterator[Measurement]:
    """Median of a population in the channels asked for, on the scale that its gates see."""
    for name in names:
        channel = find_channel((name,), data.channels, data.markers, what="channel of strategy.medians")
        found = median_of(_signal(gated, channel.channel)[gated.tree.mask(row.name)])
        yield Measurement(
            sample, "median_fluorescence", found.value, "population", f"population:{row.name}", target=name,
            statistic="median", n=found.n, file_id=file.file_id, ci_low=found.ci_low, ci_high=found.ci_high,
        )  # fmt: skip


def _without_median(wanted: Sequence[Population], sample: str, strategy: LabGates) -> Iterator[Finding]:
    """Populations without events have no median."""
    for row in wanted if strategy.medians else ():
        if not row.count:
            message = f"{row.name} holds no events of this tube, so it has no median."
            yield Finding("empty_population", "info", message, sample, f"population:{row.name}", value=0.0)


def _signal(gated: GatedTube, channel: str) -> FloatArray:
    """A channel as the gates see it: compensated by the matrix of the first gate on it, if any."""
    table = Events(gated.events, gated.channels, matrices=gated.strategy.matrices, from_file=gated.from_file)
    seen = {d.channel: d.compensation for named in gated.strategy.gates for d in dimensions_of(named.gate)}
    holding = [name for name, matrix in gated.strategy.matrices.items() if channel in matrix.channels]
    compensation = seen.get(channel, holding[0] if holding else AS_GIVEN)
    return table.column(Dimension(channel, None, compensation))


def _empty(data: FcsData) -> list[Finding]:
    if len(data):
        return []
    message = "The file holds no events: the tube has no shares. Was it empty, or the acquisition stopped?"
    return [Finding("no_events", "error", message, value=0.0)]


# ----------------------------------------------------------------- pictures and files


def _pictures(gated: GatedTube, wanted: Sequence[Population], sample: str) -> Iterator[Artefact]:
    """The ways to the populations that are no other's parent."""
    if not len(gated.events):
        return
    from exoraw.assays.flow.gates.picture import hierarchy_plot

    parents = {name for row in gated.tree.rows for name in row.path[:-1]}
    leaves = [row for row in wanted if row.name not in parents]
    for place, row in enumerate(leaves[:MOST_PICTURES]):
        note = f"{row.count:,} of {len(gated.events):,} events; gates: {gated.source}"
        content = hierarchy_plot(gated, row.name, backgate=row.name, title=sample, note=note)
        left = ", ".join(one.name for one in leaves[MOST_PICTURES:])
        rest = f" Not drawn: {left}." if left and place == 0 else ""
        caption = (
            f"{sample}: the way to {row.name}, gate by gate; violet dots are its events in every step.{rest}"
        )
        yield Artefact("picture", f"gates_{place + 1}.png", content, caption, sample)


def _exported(gated: GatedTube, file: ReadyFile, names: Sequence[str], sample: str) -> Iterator[Artefact]:
    """Populations as FCS files, each named by sample and population."""
    if not names:
        return
    from exoraw.assays.flow.interop.population_files import write_population

    with tempfile.TemporaryDirectory(prefix="exoraw-population-") as place:
        for number, name in enumerate(names):
            row = gated.tree[name]
            path = write_population(
                file.path, gated.tree.mask(name), Path(place) / f"{number}.fcs",
                population=row.path, dataset=file.dataset, strategy=gated.strategy,
            )  # fmt: skip
            words = f"{sample}.{name}"
            title = "".join(one if one.isalnum() or one in "-+." else "_" for one in words)
            caption = f"{sample}: the {row.count:,} events of {name}, values as stored in the tube's file."
            yield Artefact("table", f"{title}.fcs", path.read_bytes(), caption, sample, public=True)


# ----------------------------------------------------------------- report


@dataclass(frozen=True)
class LabGatesSummary:
    """Declare the figures and write the methods paragraph."""

    name: str = "lab_gates_summary"
    version: int = 1
    columns: tuple[str, ...] = ("control_role", *BATCH_COLUMNS)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:  # noqa: ARG002  the contract's shape
        """One unit per pipeline; whatever succeeded is enough."""
        settings: FlowSettings = study.settings
        rows = list(_gated(study, settings)) if isinstance(settings.strategy, LabGates) else []
        if rows:
            yield Unit(
                key=f"{study.pipeline}/summary",
                samples=(),
                inputs={"tubes": tuple(TaskInput(lab_gates_key(study.pipeline, row)) for row in rows)},
                params=LabGatesParams(
                    strategy=settings.strategy,
                    source=settings.compensation.source,
                    csv=settings.compensation.csv,
                ),
                needs="any",
            )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Name the populations that the tubes have."""
        params = unit.params
        assert isinstance(params, LabGatesParams)
        tubes = [one.data for one in inputs.earlier.get("tubes", ()) if one.ok]
        names = list(dict.fromkeys(name for tube in tubes for name in tube["populations"]))
        figures = [
            Figure(
                f"population_{place}", name, "group_points", ("share_of_parent",), (f"population:{name}",),
                caption=f"Share of {name} in its parent; every point is one biological replicate.",
                order=place,
            )
            for place, name in enumerate(names[:MOST_FIGURES])
        ]  # fmt: skip
        return Outcome(figures=figures, methods=[Method("Gating", _methods(tubes, params, names), 0)])


def _methods(tubes: Sequence[Mapping[str, Any]], params: LabGatesParams, names: Sequence[str]) -> str:
    import exoraw

    matrices = list(dict.fromkeys(str(tube["matrix"]) for tube in tubes))
    drawn = ""
    if len(names) > MOST_FIGURES:
        drawn = f" Figures show the first {MOST_FIGURES} of {len(names)} populations."
    return (
        f"{len(tubes)} tubes were gated by the gates of {params.strategy.file} ({len(names)} populations) "
        f"with exoraw {exoraw.__version__}. Signal for gates that name no matrix was compensated by: "
        f"{', '.join(matrices) or 'nothing'}. Shares are given of the parent population and of all events, "
        f"with 95 % Wilson intervals of the cells counted (not of the replicates).{drawn}"
    )
