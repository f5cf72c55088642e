"""One number per well; a person may type another one, or leave a well out."""

from collections.abc import Iterable
from dataclasses import dataclass

from exoraw.assays.contract import (
    Assay,
    CorrectionInput,
    FileInput,
    Finding,
    FindingKind,
    Inputs,
    Measure,
    Measurement,
    Outcome,
    Params,
    Unit,
)
from exoraw.io.inventory import Inventory
from exoraw.study.spec import Column, SheetSpec
from exoraw.study.view import SampleRow, StudyView
from wellassay.formats import FORMATS
from wellassay.reader import read


def plates(study: StudyView) -> dict[str, list[SampleRow]]:
    found: dict[str, list[SampleRow]] = {}
    for row in study.rows:
        found.setdefault(row["plate"], []).append(row)
    return found


def key_of(study: StudyView, plate: str) -> str:
    return f"{study.pipeline}/read/{plate}"


@dataclass(frozen=True)
class ReadPlate:
    name: str = "read"
    version: int = 1
    columns: tuple[str, ...] = ("plate", "well")

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        for plate, rows in plates(study).items():
            mine = (item for item in study.corrections if item.target.startswith(f"well:{plate}:"))
            yield Unit(
                key_of(study, plate),
                tuple(row.sample for row in rows),
                {
                    "plate": (FileInput(f"{plate}_export.wells"),),
                    "correction": tuple(CorrectionInput(item) for item in mine),
                },
                Params(),
                payload={"wells": {row.sample: row["well"] for row in rows}},
            )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        signals = read(inputs.file("plate").path)
        typed = {
            item.target.rpartition(":")[2]: item.value["signal"] for item in inputs.corrections["correction"]
        }
        wells = unit.payload["wells"]
        return Outcome(
            measurements=[
                Measurement(sample, "signal", float(typed.get(well, signals[well])), curated=well in typed)
                for sample, well in wells.items()
            ],
            findings=[
                Finding("bright", "warning", f"{sample} is bright.", sample)
                for sample, well in wells.items()
                if signals[well] > 100
            ],
        )


ASSAY = Assay(
    name="wells",
    title="Plates",
    formats=FORMATS,
    sheet=SheetSpec(
        columns=(Column("plate", "the plate"), Column("well", "the well")), one_file_per_sample=False
    ),
    settings=Params,
    steps=(ReadPlate(),),
    vocabulary=(Measure("signal", "light of a well", "1"),),
    findings=(FindingKind("bright", "A well is bright.", "Look at it."),),
    methods_text="Plates were read.",
    review_page="wellassay.page:PAGE",
)
