"""The small study of fixtures/annexin_pi: `python -m exoraw.assays.flow.simulator.fixture FOLDER`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from exoraw.assays.flow.simulate import DOX, EXOSOMES, Design, simulate
from exoraw.assays.flow.simulator.instruments import FacsDiva

SEED = 20_260_303
DESIGN = Design(
    groups=("control", DOX, f"{DOX} + {EXOSOMES}"),
    instruments=(FacsDiva(("FSC-A", "FSC-H", "SSC-A", "FITC", "PE")),),
    events=3_000,
)
COLUMNS = (
    "sample", "file", "control_role", "stain", "batch", "cell_line", "treatment", "biological_replicate",
)  # fmt: skip
STUDY = """\
# A small simulated apoptosis study. Written by: python -m exoraw.assays.flow.simulator.fixture
exoraw: 1
title: Annexin V / PI, simulated, one day
raw: raw
samples: samples.csv
factors: [treatment]
pipelines:
  - name: annexin_pi
    preset: annexin_pi
"""


def write_fixture(folder: Path) -> None:
    """Write raw files, samples.csv, study.yaml and truth.csv; the same bytes every time."""
    simulated = simulate(folder / "raw", SEED, DESIGN)
    _write(folder / "samples.csv", COLUMNS, simulated.rows)
    truth = [
        {"sample": sample, "measure": measure, "entity": entity, "truth": f"{value:.6f}"}
        for (sample, measure, entity), value in simulated.truth.items()
    ]
    _write(folder / "truth.csv", ("sample", "measure", "entity", "truth"), truth)
    (folder / "study.yaml").write_bytes(STUDY.encode())


def _write(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    write_fixture(Path(sys.argv[1]))
