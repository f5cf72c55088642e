"""An ALDEFLUOR study: SUM159 with and without exosomes, every sample with its own DEAB tube."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from exoraw.assays.contract import Simulated
from exoraw.assays.flow.simulator.faults import FaultKind
from exoraw.assays.flow.simulator.recording import Stain
from exoraw.assays.flow.simulator.staining import DEAD_GRAIN, DEAD_SIZE, Glow, Population, Recipe
from exoraw.assays.flow.simulator.writing import (
    DAYS,
    Panel,
    PlannedTube,
    draw_study,
    planning_rng,
    write_tubes,
)

PANEL = Panel(
    {"FITC": Stain("ALDEFLUOR", "ALDEFLUOR"), "7-AAD": Stain("7-AAD", "7-AAD")}, "ALDEFLUOR", "SUM159"
)
HIGH, LOW = "ALDH-high", "ALDH-low"
GROUPS = {"control": 0.06, "exosomes": 0.13}  # share of ALDH-high cells; SUM159 shows 3 to 10 %
NONE, NEARLY_ALL = 0.0, 0.985
KNOCKOUT, SORTED = "ALDH1A1 knockout", "ALDH-high sorted"  # legal extremes: DEAB anchors the gate
REPLICATE_PRECISION = 600.0  # of the beta draw: cultures differ by about 1 point
DEAD_SHARE = 0.08

# log10 of BODIPY-aminoacetate's light. ALDH-low cells keep a little of it; DEAB stops even that, but
# for a few cells in which it works badly.
LOW_LIGHT: Glow = (2.93, 0.17)
HIGH_LIGHT: Glow = (3.95, 0.21)
DEAB_LIGHT: Glow = (2.90, 0.17)
UNINHIBITED = 0.001
DEAD_LIGHT: Glow = (3.85, 0.30)  # dead cells lie where ALDH-high ones do: take them out first
LIVE_7AAD: Glow = (2.00, 0.18)
DEAD_7AAD: Glow = (4.20, 0.18)
DEBRIS_LIGHT: dict[str, Glow] = {"FITC": (2.2, 0.4), "7-AAD": (2.6, 0.5)}
HIGH_GRAIN = 0.85  # ALDH-high cells have low side scatter (Ginestier 2007)
ALDH_BORDER, DEAD_BORDER = 10**3.43, 10**3.2  # compensated: between the populations


def simulate_aldefluor(
    raw: Path, seed: int, *, events: int = 6_500, faults: Mapping[str, FaultKind] | None = None
) -> Simulated:
    """Write the raw folder of an ALDEFLUOR study; return its sheet rows and its truth.

    Three days, each a culture and an instrument of its own: control and exosomes, each with its DEAB tube.
    On the first day also knock-out cells (0 %), sorted cells (98.5 %), each with DEAB, an unstained tube
    and one with the dead-cell dye alone. 18 tubes. Truth is the share of ALDH-high labels among the live
    single cells of the test tube: gross, nothing of the DEAB tube taken off.

    Parameters
    ----------
    raw : folder to write into
    seed : of everything that is drawn
    events : per tube
    faults : sample -> what happens while it is recorded
    """
    drawn = tuple(draw_study(_plans(seed), PANEL, seed, events, faults or {}))
    rows = write_tubes(raw, drawn, PANEL)
    truth = {
        (one.plan.sample, "aldh_high_share", ""): one.tube.share(HIGH) for one in drawn if one.plan.is_sample
    }
    return Simulated("aldefluor", rows, ("treatment",), truth, compare=(COMPARISON,))


COMPARISON = {
    "name": "ALDH-high cells", "measure": "aldh_high_share", "factor": "treatment",
    "levels": ["control", "exosomes"], "unit": "biological_replicate", "test": "paired t",
    "pair_by": "batch", "reference": "control", "plot": "paired",
}  # fmt: skip


def aldefluor_tube(high: float, dead: float = DEAD_SHARE) -> Recipe:
    """Cells with ALDEFLUOR.

    Parameters
    ----------
    high : share of ALDH-high among the live cells
    dead : share of all single cells
    """
    return _tube({HIGH: (high, HIGH_LIGHT, HIGH_GRAIN), LOW: (1.0 - high, LOW_LIGHT, 1.0)}, dead)


def deab_tube(high: float, dead: float = DEAD_SHARE) -> Recipe:
    """The same cells with ALDEFLUOR and DEAB: inhibited, but for one in a thousand of the ALDH-high ones."""
    left = high * UNINHIBITED
    return _tube({HIGH: (left, HIGH_LIGHT, HIGH_GRAIN), "inhibited": (1.0 - left, DEAB_LIGHT, 1.0)}, dead)


def _tube(live: Mapping[str, tuple[float, Glow, float]], dead: float) -> Recipe:
    cells = [
        Population(name, share, {"FITC": glow, "7-AAD": LIVE_7AAD}, grain=grain)
        for name, (share, glow, grain) in live.items()
    ]
    light = {"FITC": DEAD_LIGHT, "7-AAD": DEAD_7AAD}
    killed = Population("dead", dead, light, size=DEAD_SIZE, grain=DEAD_GRAIN, dead=True)
    return Recipe((*cells, killed), debris_light=DEBRIS_LIGHT)


def _plans(seed: int) -> Iterator[PlannedTube]:
    rng = planning_rng(seed, PANEL)
    for day in range(DAYS):
        for group, usual in GROUPS.items():
            a, b = np.array([usual, 1.0 - usual]) * REPLICATE_PRECISION
            yield from _pair(
                f"ALDH {group} {day + 1}", group, day, f"culture {day + 1}", float(rng.beta(a, b))
            )
    yield from _pair(KNOCKOUT, KNOCKOUT, 0, "clone 4", NONE)
    yield from _pair(SORTED, SORTED, 0, "sort 1", NEARLY_ALL)
    plain = {"treatment": "control", "subject": "culture 1", "biological_replicate": "1"}
    usual_tube = aldefluor_tube(GROUPS["control"])
    yield PlannedTube("ALDH unstained", 0, usual_tube.with_dyes(), {**plain, "control_role": "unstained"})
    killed = aldefluor_tube(GROUPS["control"], dead=0.4).with_dyes("7-AAD")
    viability = {**plain, "control_role": "viability", "stain": "7-AAD"}
    yield PlannedTube("ALDH 7-AAD only", 0, killed, viability)


def _pair(name: str, group: str, day: int, subject: str, high: float) -> Iterator[PlannedTube]:
    """A sample and its own DEAB tube."""
    cells = {"treatment": group, "subject": subject, "biological_replicate": str(day + 1)}
    yield PlannedTube(name, day, aldefluor_tube(high), cells)
    yield PlannedTube(f"{name} DEAB", day, deab_tube(high), {**cells, "control_role": "deab"})
