"""From planned tubes to a raw folder: tubes drawn one by one, faults put in, files and sheet rows written."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from exoraw.assays.flow.markers.counting_beads import BeadLot
from exoraw.assays.flow.simulator.beads import BEADS, with_beads
from exoraw.assays.flow.simulator.faults import FaultKind, FaultyTube, with_time_faults
from exoraw.assays.flow.simulator.instruments import INSTRUMENTS, Instrument
from exoraw.assays.flow.simulator.recording import Stain, TubeLabel
from exoraw.assays.flow.simulator.staining import DETECTORS, Recipe, Setup, Tube, draw_stained

DATES = ("03-MAR-2026", "10-MAR-2026", "17-MAR-2026")
SETUPS = (
    Setup(),
    Setup(gains=(1.25, 0.85, 1.1, 0.9), spill=1.15),
    Setup(gains=(0.9, 1.1, 0.95, 1.2), spill=0.85),
)
DAYS = len(DATES)
PLAIN_COLUMNS = {
    "treatment": "", "subject": "", "batch": "", "cell_line": "", "biological_replicate": "",
    "control_role": "", "stain": "",
}  # fmt: skip


@dataclass(frozen=True)
class PlannedTube:
    """One tube to be recorded.

    Parameters
    ----------
    sample : name on the sheet, unique in the study
    day : 0 to 2; one batch, one culture, one instrument
    recipe : what is in it
    cells : cells of its sheet row beside sample, file, batch and cell_line
    cells_per_ul : with counting beads: live single cells per microlitre
    """

    sample: str
    day: int
    recipe: Recipe
    cells: Mapping[str, str] = field(default_factory=dict)
    cells_per_ul: float | None = None

    @property
    def is_sample(self) -> bool:
        """Whether a result is wanted of it: it is no control, or one that is a sample too."""
        return self.cells.get("control_role", "") in ("", "vehicle")


@dataclass(frozen=True)
class Panel:
    """What a study stains and how its files say it.

    Parameters
    ----------
    stains : detector -> stain
    experiment : as the operator called it
    cell_line : of all tubes
    beads : counting beads in the tubes that name their cells per microlitre
    """

    stains: Mapping[str, Stain]
    experiment: str
    cell_line: str
    beads: BeadLot = BEADS

    @property
    def detectors(self) -> tuple[str, ...]:
        """Detectors in the order of the instrument."""
        return tuple(name for name in DETECTORS if name in self.stains)


@dataclass(frozen=True, eq=False)
class DrawnTube:
    """A planned tube, and what was drawn for it."""

    plan: PlannedTube
    faulty: FaultyTube

    @property
    def tube(self) -> Tube:
        """The tube as recorded, fault included."""
        return self.faulty.tube


def planning_rng(seed: int, panel: Panel) -> np.random.Generator:
    """The generator of what differs between cultures; each study has one of its own."""
    return np.random.default_rng([seed, zlib.crc32(panel.experiment.encode())])


def draw_study(
    plans: Iterable[PlannedTube], panel: Panel, seed: int, events: int, faults: Mapping[str, FaultKind]
) -> Iterator[DrawnTube]:
    """Draw every tube of a study from a seed of its own: a fault in one changes no other.

    Parameters
    ----------
    events : per tube, counting beads on top
    faults : sample -> what happens while it is recorded

    Raises
    ------
    ValueError : a fault is wanted in a sample that is not planned
    """
    planned = tuple(plans)
    unknown = [name for name in faults if name not in {plan.sample for plan in planned}]
    if unknown:
        known = ", ".join(plan.sample for plan in planned)
        raise ValueError(f"no tube is called {', '.join(unknown)}; the tubes are {known}.")
    for number, plan in enumerate(planned):
        rng = np.random.default_rng([seed, zlib.crc32(panel.experiment.encode()), number])
        tube = draw_stained(rng, plan.recipe, panel.detectors, SETUPS[plan.day], events)
        if plan.cells_per_ul is not None:
            tube = with_beads(rng, tube, panel.beads, plan.cells_per_ul)
        yield DrawnTube(plan, with_time_faults(tube, faults.get(plan.sample, "none"), seed + number))


def write_tubes(
    raw: Path, drawn: Sequence[DrawnTube], panel: Panel, instruments: Sequence[Instrument] = INSTRUMENTS
) -> tuple[dict[str, str], ...]:
    """Write every tube as the instrument of its day does; return the sheet rows.

    Parameters
    ----------
    raw : folder to write into; one folder per day is made in it
    """
    rows = []
    on_day = dict.fromkeys(range(DAYS), 0)
    for one in drawn:
        plan = one.plan
        on_day[plan.day] += 1
        folder = raw / f"day{plan.day + 1}"
        folder.mkdir(parents=True, exist_ok=True)
        instrument = instruments[plan.day % len(instruments)]
        label = TubeLabel(plan.sample, on_day[plan.day], DATES[plan.day], panel.cell_line)
        path = folder / instrument.file_name(label)
        stains = tuple(panel.stains[name] for name in panel.detectors)
        instrument.record(path, one.tube.recording(stains, panel.experiment), label)
        rows.append(_row(plan, path.relative_to(raw).as_posix(), panel))
    return tuple(rows)


def _row(plan: PlannedTube, path: str, panel: Panel) -> dict[str, str]:
    row = {"sample": plan.sample, "file": path, **PLAIN_COLUMNS}
    row |= {"batch": f"day{plan.day + 1}", "cell_line": panel.cell_line}
    if plan.cells_per_ul is not None:
        row |= _bead_cells(panel.beads)
    return row | dict(plan.cells)


def _bead_cells(lot: BeadLot) -> dict[str, str]:
    return {
        "bead_concentration": f"{lot.concentration:g}",
        "bead_volume_ul": f"{lot.volume:g}",
        "sample_volume_ul": f"{lot.sample_volume:g}",
    }
