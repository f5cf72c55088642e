"""The toy assay: one number per file, a pool per batch, a summary of the pools."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from exoraw.assays.contract import (
    Artefact,
    Assay,
    CorrectionInput,
    FileInput,
    Finding,
    FindingKind,
    Inputs,
    Measure,
    Measurement,
    Method,
    Outcome,
    Params,
    ReferenceInput,
    TaskInput,
    Unit,
)
from exoraw.io.inventory import Inventory
from exoraw.study.spec import Column, ControlRole, SheetSpec
from exoraw.study.view import StudyView
from toyassay.acts import ACTS
from toyassay.extras import EXTRAS
from toyassay.formats import FORMATS
from toyassay.reader import read


class Settings(Params):
    factor: float = 1.0
    swap: bool = False
    needs: str | dict[str, str] = "any"
    count_samples: bool = True
    group_by: tuple[str, ...] = ()  # columns that the last step looks at
    keyed: tuple[str, ...] | None = None  # those of them that enter its key; None = all
    extras: tuple[str, ...] = ()  # further things the last step gives: see `toyassay.extras`


class MeasureParams(Params):
    factor: float


class PoolParams(Params):
    count_samples: bool


@dataclass(frozen=True)
class MeasureStep:
    name: str = "measure"
    version: int = 1
    columns: tuple[str, ...] = ("control_role", "partner")

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        for row in study:
            roles = {"main": tuple(FileInput(path) for path in row.files)}
            partner = row["partner"]
            first, second = ("partner", "other") if not study.settings.swap else ("other", "partner")
            roles[first] = (FileInput(partner),) if partner else ()
            roles[second] = ()
            mine = [item for item in study.corrections if item.target == f"sample:{row.sample}"]
            roles["correction"] = tuple(CorrectionInput(item) for item in mine)
            yield Unit(
                f"{study.pipeline}/measure/{row.sample}",
                (row.sample,),
                roles,
                MeasureParams(factor=study.settings.factor),
            )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        file = inputs.file("main")
        content = read(file.path)
        ACTS.get(content.get("act", ""), lambda _content: None)(content)
        value = float(content.get("value", 1.0)) * unit.params.factor
        sample = unit.samples[0]
        note = content.get("note")
        findings = (
            [Finding("noted", "info", note if isinstance(note, str) else "a note", sample)] if note else []
        )
        if math.isnan(value):
            findings.append(Finding("no_value", "warning", "no value in the file", sample))
        return Outcome(
            methods=[Method(f"Note of {sample}", note)] if isinstance(note, str) else [],
            measurements=[Measurement(sample, "toy_value", value, file_id=file.file_id, n=1)],
            objects=[{"sample": sample, "entity": "part:1", "size": value}],
            findings=findings,
            artefacts=[
                Artefact(
                    "matrix", "value.csv", f"{value}\n".encode(), content.get("caption", "The value."), sample
                )
            ],
            data={"value": None if math.isnan(value) else value},
            seed=content.get("seed"),
        )


@dataclass(frozen=True)
class PoolStep:
    name: str = "pool"
    version: int = 1
    columns: tuple[str, ...] = ("batch",)

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        batches: dict[str, list[str]] = {}
        for row in study:
            batches.setdefault(row["batch"] or "none", []).append(row.sample)
        for batch, samples in batches.items():
            values = tuple(TaskInput(f"{study.pipeline}/measure/{sample}") for sample in samples)
            by_role = isinstance(study.settings.needs, dict)  # then its first sample has a role of its own
            yield Unit(
                f"{study.pipeline}/pool/{batch}",
                tuple(samples),
                {"first": values[:1], "values": values[1:]} if by_role else {"values": values},
                PoolParams(count_samples=study.settings.count_samples),
                needs=study.settings.needs,
                payload={"batch": batch},
            )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        values = [item for items in inputs.earlier.values() for item in items if item.ok]
        numbers = [item.data["value"] for item in values if item.data["value"] is not None]
        checks = [float(item.matrices["value.csv"].read_text()) for item in values]
        assert sum(numbers) == sum(number for number in checks if not math.isnan(number))
        notes = sum(finding.code == "noted" for item in values for finding in item.findings)
        mean = sum(numbers) / len(numbers) if numbers else math.nan
        entity = f"batch:{unit.payload['batch']}"
        findings = [] if numbers else [Finding("no_value", "warning", "nothing to pool")]
        return Outcome(
            measurements=[
                Measurement(sample, "pool_mean", mean, entity_type="batch", entity=entity)
                for sample in unit.samples
            ],
            findings=findings,
            methods=[Method(f"Pool {unit.payload['batch']}", f"{len(values)} values, {notes} notes.")],
            data={"mean": None if math.isnan(mean) else mean},
        )


@dataclass(frozen=True)
class TotalStep:
    name: str = "total"
    version: int = 1
    columns: tuple[str, ...] = ("batch",)

    def columns_for(self, settings: Settings) -> tuple[str, ...]:
        return (*self.columns, *settings.group_by)

    def units(self, study: StudyView, files: Inventory) -> Iterator[Unit]:
        assert all(isinstance(row[column], str) for row in study for column in study.settings.group_by)
        batches = dict.fromkeys(row["batch"] or "none" for row in study)
        pools = tuple(TaskInput(f"{study.pipeline}/pool/{batch}") for batch in batches)
        if pools:
            samples = tuple(row.sample for row in study)
            payload = {"extras": list(study.settings.extras)} if study.settings.extras else {}
            roles = {"pools": pools}
            if study.references:
                roles["reference"] = tuple(
                    ReferenceInput(name, item.sha256) for name, item in study.references.items()
                )
            yield Unit(
                f"{study.pipeline}/total/all",
                samples,
                roles,
                Params(),
                payload=payload,
                columns=study.settings.keyed,
            )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        means = [pool.data["mean"] or 0.0 for pool in inputs.earlier["pools"]]
        files = inputs.references.get("reference", ())
        standards = {item.name: [item.version, item.path.read_text()] for item in files}
        outcome = Outcome(data={"total": sum(means), **({"standards": standards} if standards else {})})
        for name in unit.payload.get("extras", ()):
            outcome = EXTRAS[name](outcome, unit, inputs)
        return outcome


ASSAY = Assay(
    name="toy",
    title="Toys",
    formats=FORMATS,
    sheet=SheetSpec(
        columns=(Column("partner", "a second file"),),
        control_roles=(ControlRole("vehicle", "a control"),),
        one_file_per_sample=True,
    ),
    settings=Settings,
    steps=(MeasureStep(), PoolStep(), TotalStep()),
    vocabulary=(
        Measure("toy_value", "the number in the file", "1", low=-1000.0, high=1000.0),
        Measure("pool_mean", "mean of a batch", "1"),
    ),
    findings=(
        FindingKind("noted", "The file asks for a note.", "Nothing."),
        FindingKind("no_value", "There is no value.", "Measure again."),
    ),
    methods_text="Toys were counted.",
)
