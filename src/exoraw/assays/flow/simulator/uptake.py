"""An uptake study: MDA-MB-231 with PKH67-labelled exosomes over time, dye-only and no-exosome controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from exoraw.assays.contract import Simulated
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
    {"FITC": Stain("PKH67", "PKH67"), "7-AAD": Stain("7-AAD", "7-AAD")}, "Exosome uptake", "MDA-MB-231"
)
UPTAKE, NAIVE, AGGREGATE = "took up exosomes", "no exosomes", "dye aggregate"
HOURS = {"1": (0.28, 3.50), "4": (0.61, 3.70), "24": (0.92, 4.05)}  # share that took up, log10 of its light
UPTAKE_SPREAD = 0.32
REPLICATE_SPREAD = 0.03  # of the share, between cultures
DOSE, DOSE_UNIT = "20", "ug/mL"
FREE_DYE: Glow = (1.95, 0.24)  # what washing leaves of the dye on every cell
AGGREGATE_LIGHT: Glow = (3.6, 0.40)  # PKH forms particles of the size of exosomes (Puzar Dominkus 2018)
AGGREGATE_SHARE = 0.003  # of the cells carry one
DEAD_SHARE = 0.05
DEAD_LIGHT: Glow = (3.0, 0.40)
LIVE_7AAD: Glow = (2.00, 0.18)
DEAD_7AAD: Glow = (4.20, 0.18)
DEBRIS_LIGHT: dict[str, Glow] = {"FITC": (3.0, 0.6), "7-AAD": (2.6, 0.5)}  # free aggregates lie in the debris
UPTAKE_BORDER, DEAD_BORDER = 10**2.95, 10**3.2  # compensated: between the populations


def simulate_uptake_flow(
    raw: Path, seed: int, *, events: int = 6_500, faults: Mapping[str, FaultKind] | None = None
) -> Simulated:
    """Write the raw folder of an uptake study; return its sheet rows and its truth.

    Three days, each a culture and an instrument of its own: exosomes for 1, 4 and 24 h, cells with the
    dye alone, cells without exosomes; on the first day one tube with the dead-cell dye alone. 16 tubes.
    Truth is the share of the cells' own labels among the live single cells, and the ratio of their median
    light to that of the dye-only tube of the day.

    Parameters
    ----------
    raw : folder to write into
    seed : of everything that is drawn
    events : per tube
    faults : sample -> what happens while it is recorded
    """
    drawn = tuple(draw_study(_plans(seed), PANEL, seed, events, faults or {}))
    rows = write_tubes(raw, drawn, PANEL)
    return Simulated("uptake_flow", rows, ("time_h",), _truth(drawn), compare=(COMPARISON,))


COMPARISON = {
    "name": "Exosome uptake over time", "measure": "uptake_share", "factor": "time_h",
    "levels": ["1", "4", "24"], "unit": "biological_replicate", "test": "repeated measures anova",
    "pair_by": "batch",
}  # fmt: skip


def with_exosomes(share: float, median: float) -> Recipe:
    """Cells with labelled exosomes.

    Parameters
    ----------
    share : of the live cells that took exosomes up
    median : log10 of their light
    """
    return _tube({UPTAKE: (share, (median, UPTAKE_SPREAD)), NAIVE: (1.0 - share, FREE_DYE)})


def dye_only() -> Recipe:
    """Cells with dye that went through the same preparation without exosomes: background and aggregates."""
    return _tube({AGGREGATE: (AGGREGATE_SHARE, AGGREGATE_LIGHT), NAIVE: (1.0 - AGGREGATE_SHARE, FREE_DYE)})


def _tube(live: Mapping[str, tuple[float, Glow]]) -> Recipe:
    cells = [
        Population(name, share, {"FITC": glow, "7-AAD": LIVE_7AAD}) for name, (share, glow) in live.items()
    ]
    light = {"FITC": DEAD_LIGHT, "7-AAD": DEAD_7AAD}
    dead = Population("dead", DEAD_SHARE, light, size=DEAD_SIZE, grain=DEAD_GRAIN, dead=True)
    return Recipe((*cells, dead), debris_light=DEBRIS_LIGHT)


def _plans(seed: int) -> Iterator[PlannedTube]:
    rng = planning_rng(seed, PANEL)
    for day in range(DAYS):
        culture = {"subject": f"culture {day + 1}", "biological_replicate": str(day + 1)}
        given = {"treatment": "exosomes", "dose": DOSE, "dose_unit": DOSE_UNIT}
        for hours, (share, median) in HOURS.items():
            drawn = min(max(share + float(rng.normal(0.0, REPLICATE_SPREAD)), 0.01), 0.99)
            cells = {**given, "time_h": hours, **culture}
            yield PlannedTube(f"PKH {hours} h {day + 1}", day, with_exosomes(drawn, median), cells)
        plain = {"treatment": "none", **culture}
        yield PlannedTube(f"PKH dye only {day + 1}", day, dye_only(), {**plain, "control_role": "dye_only"})
        none = {**plain, "control_role": "no_exosome"}
        yield PlannedTube(f"PKH no exosomes {day + 1}", day, dye_only().with_dyes("7-AAD"), none)
        if day == 0:
            viability = {**plain, "control_role": "viability", "stain": "7-AAD"}
            killed = dye_only().with_dyes("7-AAD").with_dead(0.4)
            yield PlannedTube("PKH 7-AAD only", day, killed, viability)


def _truth(drawn: Sequence[DrawnTube]) -> dict[tuple[str, str, str], float]:
    controls = {one.plan.day: one.tube for one in drawn if one.plan.cells.get("control_role") == "dye_only"}
    truth = {}
    for one in drawn:
        if one.plan.is_sample:
            background = controls[one.plan.day].median_light("FITC")
            truth[one.plan.sample, "uptake_share", ""] = one.tube.share(UPTAKE)
            ratio = one.tube.median_light("FITC") / background
            truth[one.plan.sample, "median_fluorescence_ratio", "marker:PKH67"] = ratio
    return truth
