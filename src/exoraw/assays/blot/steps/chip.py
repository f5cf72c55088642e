"""The step `chip`: which regions are bound, by the immunoprecipitate against its input and IgG lanes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from exoraw.assays.blot.binding import Lane, is_bound, percent_input
from exoraw.assays.blot.normalise import Estimate
from exoraw.assays.blot.settings import BlotSettings
from exoraw.assays.blot.steps.agreement import trusted_volumes
from exoraw.assays.blot.steps.measured import Volume, rows_by_hand
from exoraw.assays.blot.steps.membranes import Membrane, membranes_of
from exoraw.assays.blot.steps.planning import judge_key, quantify_key
from exoraw.assays.contract import Finding, Inputs, Measurement, Outcome, Params, TaskInput, Unit
from exoraw.io.inventory import Inventory
from exoraw.study.view import SampleRow, StudyView
from exoraw.study.words import fold

INPUT, IGG = "input", "igg"
Volumes = Mapping[tuple[str, str], Volume]


class ChipParams(Params):
    """What the verdicts of a gel depend on."""

    over_igg: float
    input_share: float
    products: tuple[str, ...]


@dataclass(frozen=True)
class Trio:
    """One immunoprecipitate with the input and the IgG lane of its region and treatment ("" where absent)."""

    pulled: str
    whole: str
    igg: str


@dataclass(frozen=True)
class JudgeChip:
    """Judge the regions of every gel."""

    name: str = "chip"
    version: int = 2
    columns: tuple[str, ...] = ()

    def columns_for(self, settings: BlotSettings) -> tuple[str, ...]:
        """Return the columns that tell which lanes belong together."""
        return ("membrane", "lane", "chip_role", "region", "biological_replicate", *settings.group_by)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        """One unit per gel."""
        settings: BlotSettings = study.settings
        if settings.kind != "chip_pcr_gel":
            return
        for membrane in membranes_of(study.rows, settings, files):
            trios = trios_of(membrane, settings.group_by)
            if not trios:
                continue
            keys = [quantify_key(study.pipeline, membrane, one) for one in membrane.pictures]
            yield Unit(
                key=judge_key(study.pipeline, self.name, membrane),
                samples=membrane.samples,
                inputs={"pictures": tuple(map(TaskInput, keys))},
                params=ChipParams(
                    over_igg=settings.chip.over_igg,
                    input_share=membrane.blot.input_share,
                    products=tuple(membrane.blot.bands),
                ),
                needs="any",
                payload={"membrane": membrane.name, "trios": [vars(trio) for trio in trios]},
            )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Hold every immunoprecipitate against its limit, its IgG and its input."""
        params = unit.params
        assert isinstance(params, ChipParams)
        volumes, wrong = trusted_volumes(inputs.earlier.get("pictures", ()))
        numbers: list[Measurement] = []
        findings: list[Finding] = [*wrong, _end_point()]
        shown = rows_by_hand(volumes)
        for trio in (Trio(**one) for one in unit.payload["trios"]):
            for product in params.products:
                rows, remarks = _judged(trio, product, volumes, params)
                numbers += [replace(one, curated=product in shown) for one in rows]
                findings += remarks
        return Outcome(
            measurements=numbers,
            findings=list(dict.fromkeys(findings)),
            data={"membrane": unit.payload["membrane"], "trios": len(unit.payload["trios"])},
        )


def trios_of(membrane: Membrane, group_by: Sequence[str]) -> list[Trio]:
    """Return every immunoprecipitate with the input and the IgG of its region, treatment and replicate."""
    lanes: dict[tuple[str, ...], dict[str, str]] = {}
    pulled: list[SampleRow] = []
    for row in membrane.rows:
        role = fold(row["chip_role"])
        if row.excluded or not role:
            continue
        if role in (INPUT, IGG):
            lanes.setdefault(_belongs(row, group_by), {}).setdefault(role, row.sample)
        else:
            pulled.append(row)
    found = []
    for row in pulled:
        own = lanes.get(_belongs(row, group_by), {})
        found.append(Trio(row.sample, own.get(INPUT, ""), own.get(IGG, "")))
    return found


def _belongs(row: SampleRow, group_by: Sequence[str]) -> tuple[str, ...]:
    columns = dict.fromkeys(("region", "biological_replicate", *group_by))
    return tuple(row[column] for column in columns)


def _end_point() -> Finding:
    message = (
        "End-point PCR levels off, so the brightness of a band does not tell how much was bound: bound "
        "or not "
        "bound is reported, with the volumes of the bands."
    )
    return Finding("end_point_pcr", "info", message)


# ----------------------------------------------------------------- one immunoprecipitate


def _judged(
    trio: Trio, product: str, volumes: Volumes, params: ChipParams
) -> tuple[list[Measurement], list[Finding]]:
    entity = f"band:{product}"
    pulled, whole, igg = (_lane(name, product, volumes) for name in (trio.pulled, trio.whole, trio.igg))
    findings = list(_remarks(trio, product, (pulled, whole, igg)))
    for name in (trio.pulled, trio.whole, trio.igg):
        findings += _carried(trio.pulled, entity, volumes.get((name, product)))
    row = Measurement(trio.pulled, "bound", float("nan"), "band", entity, product)
    if pulled is not None and igg is not None and whole is not None and whole.detected:
        limit = max(igg.volume.value, igg.limit)
        words = f"{params.over_igg:g} x IgG ({trio.igg}: {limit:.4g}); detection limit {pulled.limit:.4g}"
        row = replace(row, value=float(is_bound(pulled, igg, params.over_igg)), reference=words)
    numbers = [row]
    share = None
    if pulled is not None and whole is not None:
        share = percent_input(pulled, whole, params.input_share)
    if share is not None:
        numbers.append(
            Measurement(
                trio.pulled,
                "percent_input",
                share.value,
                "band",
                entity,
                product,
                ci_low=share.low,
                ci_high=share.high,
                reference=f"{trio.whole} ({100 * params.input_share:g} % input)",
            )
        )
    return numbers, findings


def _lane(sample: str, product: str, volumes: Volumes) -> Lane | None:
    one = volumes.get((sample, product))
    return None if one is None else Lane(Estimate(one.value, one.low, one.high), one.limit)


def _remarks(
    trio: Trio, product: str, lanes: tuple[Lane | None, Lane | None, Lane | None]
) -> Iterator[Finding]:
    pulled, whole, igg = lanes
    entity = f"band:{product}"
    if pulled is None:
        yield Finding("not_measured", "error", f"{product} has no volume in this lane.", trio.pulled, entity)
    if whole is None:
        message = f"{product}: no input lane with a volume belongs to {trio.pulled}, so nothing can be said."
        yield Finding("no_input", "error", message, trio.pulled, entity)
    elif not whole.detected:
        message = f"{product}: the input ({trio.whole}) shows no band, so PCR or chromatin failed."
        yield Finding("input_failed", "error", message, trio.pulled, entity, whole.volume.value, whole.limit)
    if igg is None:
        message = (
            f"{product}: no IgG lane with a volume belongs to {trio.pulled}: unspecific binding is unknown."
        )
        yield Finding("no_igg", "error", message, trio.pulled, entity)
    elif igg.detected:
        message = f"{product}: IgG ({trio.igg}) has a band of its own ({igg.volume.value:.4g})."
        yield Finding("igg_bound", "info", message, trio.pulled, entity, igg.volume.value, igg.limit)


def _carried(sample: str, entity: str, volume: Volume | None) -> Iterator[Finding]:
    if volume is None:
        return
    for finding in volume.findings:
        if finding.severity != "info" and not finding.sample:  # of the whole picture: said once
            yield replace(finding, entity="")
        elif finding.severity != "info":
            message = f"{volume.sample}: {finding.message}"
            yield replace(finding, sample=sample, entity=entity, message=message)
