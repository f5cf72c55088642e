"""A surface-marker study: CD44, EpCAM and CXCR4 of MCF-7 with and without exosomes, isotypes every day."""

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

MARKERS = {"CD44": "APC", "EpCAM": "FITC", "CXCR4": "PE"}
PANEL = Panel(
    {
        "FITC": Stain("EpCAM", "FITC"),
        "PE": Stain("CXCR4", "PE"),
        "7-AAD": Stain("7-AAD", "7-AAD"),
        "APC": Stain("CD44", "APC"),
    },
    "Surface markers",
    "MCF-7",
)
# log10 of the light per marker: EpCAM strong, CD44 middling, CXCR4 barely over its isotype.
UNTREATED: dict[str, Glow] = {"CD44": (3.20, 0.30), "EpCAM": (4.05, 0.22), "CXCR4": (2.75, 0.26)}
CHANGE = {"control": {}, "exosomes": {"CD44": 0.25, "EpCAM": -0.15, "CXCR4": 0.20}}  # decades: towards EMT
REPLICATE_SPREAD = 0.04  # decades between cultures
ISOTYPE: dict[str, Glow] = {"APC": (2.25, 0.24), "FITC": (2.20, 0.22), "PE": (2.30, 0.24)}
STICKY: dict[str, Glow] = {"APC": (3.2, 0.4), "FITC": (3.2, 0.4), "PE": (3.1, 0.4)}
DEAD_SHARE = 0.06
LIVE_7AAD: Glow = (2.00, 0.18)
DEAD_7AAD: Glow = (4.20, 0.18)
DEBRIS_LIGHT: dict[str, Glow] = {
    "APC": (2.4, 0.5), "FITC": (2.5, 0.5), "PE": (2.2, 0.4), "7-AAD": (2.6, 0.5),
}  # fmt: skip
DEAD_BORDER = 10**3.2  # compensated: between live and dead cells


def simulate_surface_mfi(
    raw: Path, seed: int, *, events: int = 6_500, faults: Mapping[str, FaultKind] | None = None
) -> Simulated:
    """Write the raw folder of a surface-marker study; return its sheet rows and its truth.

    Three days, each a culture and an instrument of its own: control, exosomes, the isotype tube. On the
    first day also unstained and the four single stains; the other days are compensated by the matrix in
    their files. 14 tubes. Truth is the ratio of medians, sample to isotype of the same day, of the light
    that the live single cells really gave, before noise and spill.

    Parameters
    ----------
    raw : folder to write into
    seed : of everything that is drawn
    events : per tube
    faults : sample -> what happens while it is recorded
    """
    drawn = tuple(draw_study(_plans(seed), PANEL, seed, events, faults or {}))
    rows = write_tubes(raw, drawn, PANEL)
    return Simulated("surface_mfi", rows, ("treatment",), _truth(drawn), SETTINGS, COMPARISONS)


SETTINGS = {
    "strategy": {"markers": [{"name": marker, "channels": [dye]} for marker, dye in MARKERS.items()]},
}
COMPARISONS = tuple(
    {
        "name": marker, "measure": "median_fluorescence_ratio", "entity": f"marker:{marker}",
        "factor": "treatment", "levels": ["control", "exosomes"], "unit": "biological_replicate",
        "test": "paired t", "pair_by": "batch", "reference": "control", "plot": "paired",
    }
    for marker in MARKERS
)  # fmt: skip


def stained(markers: Mapping[str, Glow], dead: float = DEAD_SHARE) -> Recipe:
    """A stained tube.

    Parameters
    ----------
    markers : marker -> light of its antibody
    dead : share of all single cells
    """
    return _tube({MARKERS[name]: glow for name, glow in markers.items()}, dead)


def isotype(dead: float = DEAD_SHARE) -> Recipe:
    """The tube with the three isotype antibodies, and the dead-cell dye."""
    return _tube(ISOTYPE, dead)


def _tube(antibodies: Mapping[str, Glow], dead: float) -> Recipe:
    live = Population("live", 1.0, {**antibodies, "7-AAD": LIVE_7AAD})
    light = {**STICKY, "7-AAD": DEAD_7AAD}
    killed = Population("dead", dead, light, size=DEAD_SIZE, grain=DEAD_GRAIN, dead=True)
    return Recipe((live, killed), debris_light=DEBRIS_LIGHT)


def _plans(seed: int) -> Iterator[PlannedTube]:
    rng = planning_rng(seed, PANEL)
    for day in range(DAYS):
        culture = {"subject": f"culture {day + 1}", "biological_replicate": str(day + 1)}
        for group, change in CHANGE.items():
            markers = {
                name: (median + change.get(name, 0.0) + float(rng.normal(0.0, REPLICATE_SPREAD)), spread)
                for name, (median, spread) in UNTREATED.items()
            }
            cells = {"treatment": group, **culture}
            yield PlannedTube(f"MFI {group} {day + 1}", day, stained(markers), cells)
        plain = {"treatment": "control", **culture}
        yield PlannedTube(f"MFI isotype {day + 1}", day, isotype(), {**plain, "control_role": "isotype"})
        if day == 0:
            yield from _first_day(plain)


def _first_day(plain: Mapping[str, str]) -> Iterator[PlannedTube]:
    """Unstained, and single stains: half the cells are of a line without the markers, or were killed."""
    yield PlannedTube("MFI unstained", 0, isotype().with_dyes(), {**plain, "control_role": "unstained"})
    bright = {**{MARKERS[name]: (4.1, 0.2) for name in MARKERS}, "7-AAD": LIVE_7AAD}
    plain_cells = Population("negative", 0.5, {**ISOTYPE, "7-AAD": LIVE_7AAD})
    killed = isotype(0.35).cells[-1]
    mixture = Recipe((Population("positive", 0.5, bright), plain_cells, killed), debris_light=DEBRIS_LIGHT)
    for dye in PANEL.detectors:
        cells = {**plain, "control_role": "single_stain", "stain": dye}
        yield PlannedTube(f"MFI {dye} only", 0, mixture.with_dyes(dye), cells)


def _truth(drawn: Sequence[DrawnTube]) -> dict[tuple[str, str, str], float]:
    controls = {one.plan.day: one.tube for one in drawn if one.plan.cells.get("control_role") == "isotype"}
    return {
        (one.plan.sample, "median_fluorescence_ratio", f"marker:{marker}"): one.tube.median_light(dye)
        / controls[one.plan.day].median_light(dye)
        for one in drawn
        if one.plan.is_sample
        for marker, dye in MARKERS.items()
    }
