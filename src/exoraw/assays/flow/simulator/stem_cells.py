"""A CD44 / CD24 study: MDA-MB-231 with and without salinomycin, matched isotypes, an FMO, single stains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from exoraw.assays.contract import Simulated
from exoraw.assays.flow.markers.counting_beads import BeadLot
from exoraw.assays.flow.simulator.beads import cells_per_volume
from exoraw.assays.flow.simulator.faults import FaultKind
from exoraw.assays.flow.simulator.recording import Stain
from exoraw.assays.flow.simulator.staining import DEAD_GRAIN, DEAD_SIZE, Glow, Population, Recipe
from exoraw.assays.flow.simulator.writing import (
    DAYS,
    DrawnTube,
    Panel,
    PlannedTube,
    draw_study,
    planning_rng,
    write_tubes,
)

PANEL = Panel(
    {"PE": Stain("CD24", "PE"), "7-AAD": Stain("7-AAD", "7-AAD"), "APC": Stain("CD44", "APC")},
    "CD44 CD24",
    "MDA-MB-231",
)
STEM = "CD44+CD24-"
CLASSES = (STEM, "CD44+CD24+", "CD44-CD24+", "CD44-CD24-")
# CD44+/CD24- is most of this line (Sheridan 2006); salinomycin takes stem-like cells away (Gupta 2009).
GROUPS: dict[str, tuple[float, float, float, float]] = {
    "control": (0.88, 0.08, 0.015, 0.025),
    "salinomycin": (0.61, 0.24, 0.06, 0.09),
}
DEAD_SHARE = {"control": 0.06, "salinomycin": 0.14}
CELLS_PER_UL = {"control": 850.0, "salinomycin": 420.0}
REPLICATE_PRECISION = 300.0  # of the Dirichlet draw: cultures differ by 2 to 3 points

# log10 of the stain's own light. A negative cell binds as much antibody as isotype.
ISOTYPE: dict[str, Glow] = {"APC": (2.25, 0.24), "PE": (1.50, 0.28)}
CD44: Glow = (4.25, 0.24)
CD24: Glow = (3.55, 0.26)
STICKY: dict[str, Glow] = {"APC": (3.20, 0.40), "PE": (3.10, 0.40)}  # dead cells hold any antibody
LIVE_7AAD: Glow = (2.00, 0.18)
DEAD_7AAD: Glow = (4.20, 0.18)
DEBRIS_LIGHT: dict[str, Glow] = {"APC": (2.6, 0.5), "PE": (2.0, 0.4), "7-AAD": (2.6, 0.5)}
CD44_BORDER, CD24_BORDER, DEAD_BORDER = 10**3.15, 10**2.75, 10**3.2  # compensated: between the populations


def simulate_cd44_cd24(
    raw: Path,
    seed: int,
    *,
    events: int = 7_000,
    faults: Mapping[str, FaultKind] | None = None,
    beads: BeadLot | None = None,
) -> Simulated:
    """Write the raw folder of a CD44 / CD24 study; return its sheet rows and its truth.

    Three days, each a culture and an instrument of its own: control, salinomycin, the isotype tube. On the
    first day also FMO without CD24-PE, unstained, single stains of PE, 7-AAD and APC; the other days are
    compensated by the matrix in their files. 14 tubes. Truth is the share of the cells' own labels among
    the live single cells; with beads also the live single cells per microlitre.

    Parameters
    ----------
    raw : folder to write into
    seed : of everything that is drawn
    events : per tube
    faults : sample -> what happens while it is recorded
    beads : counting beads in the samples, on top of their events; None for none
    """
    panel = PANEL if beads is None else replace(PANEL, beads=beads)
    drawn = tuple(draw_study(_plans(seed, beads is not None), panel, seed, events, faults or {}))
    rows = write_tubes(raw, drawn, panel)
    truth = {key: value for one in drawn if one.plan.is_sample for key, value in _truth(one, beads)}
    return Simulated("cd44_cd24", rows, ("treatment",), truth, compare=(COMPARISON,))


COMPARISON = {
    "name": "CD44+/CD24- cells", "measure": "cd44_pos_cd24_low_share", "factor": "treatment",
    "levels": ["control", "salinomycin"], "unit": "biological_replicate", "test": "paired t",
    "pair_by": "batch", "reference": "control", "plot": "paired",
}  # fmt: skip


def stained(shares: tuple[float, float, float, float], dead: float) -> Recipe:
    """A stained tube: shares of `CLASSES` among its live cells, and dead cells.

    Parameters
    ----------
    dead : share of all single cells
    """
    live = tuple(
        Population(name, share, {**_antibodies(name), "7-AAD": LIVE_7AAD})
        for name, share in zip(CLASSES, shares, strict=True)
    )
    return Recipe((*live, _dead(dead)), debris_light=DEBRIS_LIGHT)


def isotype(dead: float) -> Recipe:
    """The tube with isotype antibodies in the markers' place, and the dead-cell dye."""
    cells = Population("isotype", 1.0, {**ISOTYPE, "7-AAD": LIVE_7AAD})
    return Recipe((cells, _dead(dead)), debris_light=DEBRIS_LIGHT)


def _antibodies(name: str) -> dict[str, Glow]:
    return {
        "APC": CD44 if "CD44+" in name else ISOTYPE["APC"],
        "PE": CD24 if "CD24+" in name else ISOTYPE["PE"],
    }


def _dead(share: float) -> Population:
    return Population(
        "dead", share, {**STICKY, "7-AAD": DEAD_7AAD}, size=DEAD_SIZE, grain=DEAD_GRAIN, dead=True
    )


def _plans(seed: int, counted: bool) -> Iterator[PlannedTube]:
    rng = planning_rng(seed, PANEL)
    for day in range(DAYS):
        culture = {"subject": f"culture {day + 1}", "biological_replicate": str(day + 1)}
        for group, usual in GROUPS.items():
            a, b, c, d = rng.dirichlet(np.array(usual) * REPLICATE_PRECISION)
            per_ul = CELLS_PER_UL[group] * float(rng.lognormal(0.0, 0.08)) if counted else None
            yield PlannedTube(
                f"CSC {group} {day + 1}", day, stained((a, b, c, d), DEAD_SHARE[group]),
                {"treatment": group, **culture}, per_ul,
            )  # fmt: skip
        plain = {"treatment": "control", **culture}
        yield PlannedTube(
            f"CSC isotype {day + 1}",
            day,
            isotype(DEAD_SHARE["control"]),
            {**plain, "control_role": "isotype"},
        )
        if day == 0:
            yield from _first_day(plain)


def _first_day(plain: Mapping[str, str]) -> Iterator[PlannedTube]:
    """Unstained, FMO and single stains; these on a mixture of lines that has all that is to be seen."""
    usual = stained(GROUPS["control"], DEAD_SHARE["control"])
    mixture = stained((0.35, 0.20, 0.10, 0.35), 0.35)
    yield PlannedTube("CSC unstained", 0, usual.with_dyes(), {**plain, "control_role": "unstained"})
    fmo = {**plain, "control_role": "fmo", "stain": "PE"}
    yield PlannedTube("CSC FMO CD24", 0, usual.with_dyes("APC", "7-AAD"), fmo)
    for dye in PANEL.detectors:
        cells = {**plain, "control_role": "single_stain", "stain": dye}
        yield PlannedTube(f"CSC {dye} only", 0, mixture.with_dyes(dye), cells)


def _truth(one: DrawnTube, beads: BeadLot | None) -> Iterator[tuple[tuple[str, str, str], float]]:
    yield (one.plan.sample, "cd44_pos_cd24_low_share", ""), one.tube.share(STEM)
    if beads is not None:
        yield (one.plan.sample, "cells_per_volume", ""), cells_per_volume(one.tube, beads)
