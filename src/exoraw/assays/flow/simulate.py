"""A six-group apoptosis study with known truth, written as the raw files of three instruments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from exoraw.assays.contract import Simulated
from exoraw.assays.flow.simulator.cells import CLASSES, Day, Mixture, SimulatedTube, draw_tube
from exoraw.assays.flow.simulator.instruments import INSTRUMENTS, Instrument, TubeLabel
from exoraw.assays.flow.simulator.variants import Variant, write_variants

Shares = tuple[float, float, float, float]

DOX, PTX, EXOSOMES = "DOX", "PTX", "exosomes"
# Live, early, late, necrotic as such papers show them: exosomes make drug-treated cells die more.
GROUPS: dict[str, Shares] = {
    "control": (0.93, 0.03, 0.03, 0.01),
    EXOSOMES: (0.89, 0.06, 0.04, 0.01),
    DOX: (0.62, 0.18, 0.17, 0.03),
    f"{DOX} + {EXOSOMES}": (0.45, 0.27, 0.24, 0.04),
    PTX: (0.60, 0.20, 0.16, 0.04),
    f"{PTX} + {EXOSOMES}": (0.46, 0.26, 0.23, 0.05),
}
DRUG_LIGHT = {DOX: (45.0, 620.0)}  # in FITC and PE: doxorubicin shines where PI does
UNTREATED_SHARES: Shares = GROUPS["control"]
REPLICATE_PRECISION = 400.0  # of the Dirichlet draw: biological replicates differ by 2 to 3 points
CELL_LINE = "MDA-MB-231"
DATES = ("03-MAR-2026", "10-MAR-2026", "17-MAR-2026")
DAYS = (
    Day((1.0, 1.0), 0.18, 0.010),
    Day((1.25, 0.85), 0.15, 0.012),
    Day((0.9, 1.1), 0.20, 0.008),
)


@dataclass(frozen=True)
class Design:
    """How large a study is.

    Parameters
    ----------
    groups : treatments; the first is the vehicle control
    instruments : one per batch
    events : per tube
    """

    groups: tuple[str, ...] = tuple(GROUPS)
    instruments: tuple[Instrument, ...] = INSTRUMENTS
    events: int = 8_000


@dataclass(frozen=True)
class TubePlan:
    """One tube to be written: its sheet row beside sample and file, and what is in it."""

    sample: str
    tube: str
    mixture: Mixture
    cells: dict[str, str] = field(default_factory=dict)
    is_sample: bool = True


def simulate(raw: Path, seed: int, design: Design | None = None) -> Simulated:
    """Write the raw folder of a study; return its sheet rows and its truth.

    Per batch (one day, one instrument): every group once, of which the control is the vehicle tube, and
    the controls unstained, unstained with doxorubicin, Annexin V only, PI only.

    Parameters
    ----------
    raw : folder to write into; one folder per day is made in it
    seed : of everything that is drawn
    design : how large; six groups on three days by default
    """
    chosen = design or Design()
    rng = np.random.default_rng(seed)
    rows: list[dict[str, str]] = []
    truth: dict[tuple[str, str, str], float] = {}
    for batch, instrument in enumerate(chosen.instruments):
        folder = raw / f"day{batch + 1}"
        folder.mkdir(parents=True, exist_ok=True)
        for number, plan in enumerate(_tubes(rng, chosen, batch), start=1):
            label = TubeLabel(plan.tube, number, DATES[batch % len(DATES)], CELL_LINE)
            day = DAYS[batch % len(DAYS)]
            tube = draw_tube(rng, plan.mixture, day, chosen.events)
            path = folder / instrument.file_name(label)
            instrument.write(path, tube, day, label)
            rows.append(_row(plan, path.relative_to(raw).as_posix(), batch))
            if plan.is_sample:
                truth.update(_truth(plan.sample, tube))
    return Simulated("annexin_pi", tuple(rows), ("treatment",), truth, compare=_compare(chosen))


def _compare(design: Design) -> tuple[dict[str, Any], ...]:
    """What a paper on these groups would test: all against untreated and the drug, the rescue by pairs."""
    control = design.groups[0]
    references = [{"level": control}]
    if DOX in design.groups:
        references.append({"level": DOX, "symbol": "#"})
    unit = ["treatment", "biological_replicate"]  # a culture of its own for every treatment
    found: list[dict[str, Any]] = [
        {
            "name": "Apoptosis", "measure": "apoptotic_share", "factor": "treatment", "unit": unit,
            "test": "dunnett", "references": references,
        },
    ]  # fmt: skip
    both = f"{DOX} + {EXOSOMES}"
    if both in design.groups:
        found.append(
            {
                "name": "Late apoptosis by day", "measure": "quadrant_share",
                "entity": "population:late apoptotic", "factor": "treatment", "levels": [DOX, both],
                "unit": "biological_replicate", "test": "paired t", "pair_by": "batch", "reference": DOX,
                "plot": "paired",
            }
        )  # fmt: skip
    return tuple(found)


def _tubes(rng: np.random.Generator, design: Design, batch: int) -> Iterator[TubePlan]:
    replicate = batch + 1
    for position, group in enumerate(design.groups):
        shares = rng.dirichlet(np.array(GROUPS[group]) * REPLICATE_PRECISION)
        mixture = Mixture((shares[0], shares[1], shares[2], shares[3]), drug=_light(group))
        cells = {"treatment": group, "biological_replicate": str(replicate)}
        if position == 0:
            cells["control_role"] = "vehicle"
        yield TubePlan(f"{group} {replicate}", f"{group} {replicate}", mixture, cells)
    yield from _controls(design, replicate)


def _controls(design: Design, replicate: int) -> Iterator[TubePlan]:
    control = design.groups[0]
    plain = {"treatment": control, "biological_replicate": str(replicate)}
    tubes = [
        ("unstained", Mixture(UNTREATED_SHARES, annexin=False, pi=False), {"control_role": "unstained"}),
        (
            "FITC only",
            Mixture(UNTREATED_SHARES, pi=False, killed=0.5),
            {"control_role": "single_stain", "stain": "FITC"},
        ),
        (
            "PI only",
            Mixture(UNTREATED_SHARES, annexin=False, killed=0.5),
            {"control_role": "single_stain", "stain": "PI"},
        ),
    ]
    if any(DOX in group for group in design.groups):
        unstained = Mixture(GROUPS[DOX], annexin=False, pi=False, drug=DRUG_LIGHT[DOX])
        tubes.append(("unstained DOX", unstained, {"control_role": "unstained", "treatment": DOX}))
    for name, mixture, cells in tubes:
        yield TubePlan(f"{name} {replicate}", name, mixture, {**plain, **cells}, is_sample=False)


def _light(group: str) -> tuple[float, float]:
    return next((light for drug, light in DRUG_LIGHT.items() if drug in group), (0.0, 0.0))


def _row(plan: TubePlan, path: str, batch: int) -> dict[str, str]:
    row = {
        "sample": plan.sample,
        "file": path,
        "control_role": "",
        "stain": "",
        "batch": f"day{batch + 1}",
        "cell_line": CELL_LINE,
    }
    return {**row, **plan.cells}


def _truth(sample: str, tube: SimulatedTube) -> dict[tuple[str, str, str], float]:
    """Shares of the cells that were really drawn: what a perfect gate would count."""
    shares = tube.true_shares()
    found = {
        (sample, "quadrant_share", f"population:{name}"): float(share)
        for name, share in zip(CLASSES, shares, strict=True)
    }
    found[(sample, "apoptotic_share", "")] = float(shares[1] + shares[2])
    found[(sample, "viable_share", "")] = float(shares[0])
    return found


__all__ = ["Design", "Variant", "simulate", "write_variants"]
