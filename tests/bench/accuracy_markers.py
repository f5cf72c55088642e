"""Bias and interval coverage of CD44+/CD24- and ALDEFLUOR shares on simulated tubes.

    python tests/bench/accuracy_markers.py                       500 seeds; 5,000, 20,000, 50,000 events
    python tests/bench/accuracy_markers.py --seeds 200 --all     other controls, shares, definitions
    python tests/bench/accuracy_markers.py --speed               CPU time of one tube of 100,000 events

A seed makes the control tubes and one sample. The EXPECTED VALUE OF THE GATE is the share that the same rule
gives on infinitely many events (here 8 million of either tube). Bias is the mean difference from it; coverage
is how often the 95 % interval holds it. The error against the cells' own labels stands beside: it is what the
rule itself costs (dim positives below the gate, 0.5 % of the negatives above), and no interval holds it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.markers.aldefluor import aldefluor
from exoraw.assays.flow.markers.cd24_border import Cd24Low, cd24_border
from exoraw.assays.flow.markers.cd44_cd24 import cd44_cd24
from exoraw.assays.flow.markers.counting_beads import bead_gate
from exoraw.assays.flow.markers.fluorescence import fluorescence
from exoraw.assays.flow.markers.positivity import GateSettings, positive_gate, positive_gates
from exoraw.assays.flow.markers.uptake import UptakeControls, uptake

SIZES = (5_000, 20_000, 50_000)
INFINITE = 8_000_000
PIECE = 1_000_000
LIMIT_BIAS = 0.2  # points, the figure
LIMIT_COVERAGE = (92.0, 98.0)
MARKERS = ("CD44", "CD24")
NEGATIVE = Cd24Low()
Q = ("CD44+CD24-", "CD44+CD24+", "CD44-CD24+", "CD44-CD24-")


@dataclass(frozen=True)
class Cells:
    """How a batch of cells shines; log10 of linear units.

    Parameters
    ----------
    auto, auto_sd : autofluorescence of unstained cells; `auto_shared` of its variance is common to all
        channels (cell size)
    noise : of the detector, linear, Gaussian
    isotype : decades by which background staining lifts isotype and stained cells over unstained ones
    gain : brightness of the batch, a factor on all light
    dead : share of dead cells left in every tube; they bind any antibody (`dead_mean`, `dead_sd`)
    """

    auto: float = 1.95
    auto_sd: float = 0.24
    auto_shared: float = 0.6
    noise: float = 50.0
    isotype: float = 0.10
    gain: float = 1.0
    dead: float = 0.0
    dead_mean: float = 3.1
    dead_sd: float = 0.35

    def background(self, rng: np.random.Generator, n: int, channels: int, lift: float) -> FloatArray:
        """(n, channels) light of cells without the marker, without detector noise."""
        shared = rng.standard_normal((n, 1)) * np.sqrt(self.auto_shared)
        own = rng.standard_normal((n, channels)) * np.sqrt(1 - self.auto_shared)
        light = 10 ** (self.auto + lift + self.auto_sd * (shared + own))
        killed = np.flatnonzero(rng.random(n) < self.dead)
        light[killed] += 10 ** rng.normal(self.dead_mean, self.dead_sd, (len(killed), channels))
        return light

    def seen(self, rng: np.random.Generator, light: FloatArray) -> FloatArray:
        """Light as the detector writes it."""
        return np.asarray(self.gain * light + rng.normal(0.0, self.noise, light.shape))


@dataclass(frozen=True)
class Stem:
    """A CD44 / CD24 batch: shares of the quadrants and how bright the markers are.

    CD24 is a smear: `cd24_low` of its positive cells are dim ones, down into the isotype.
    """

    name: str
    cells: Cells = Cells()
    shares: tuple[float, float, float, float] = (0.30, 0.45, 0.15, 0.10)
    cd44: tuple[float, float] = (3.7, 0.28)
    cd24: tuple[float, float] = (3.7, 0.30)
    cd24_dim: tuple[float, float] = (2.9, 0.40)
    cd24_low: float = 0.35
    one_tube: bool = True
    fmo: bool = False
    rule: Cd24Low = NEGATIVE
    control_events: int | None = None

    def isotypes(self, rng: np.random.Generator, n: int) -> FloatArray:
        """(n, 2) the tube with both isotypes."""
        return self.cells.seen(rng, self.cells.background(rng, n, 2, self.cells.isotype))

    def sample(self, rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
        """(n, 2) stained cells, and (n,) the quadrant each belongs to."""
        kinds = rng.choice(4, n, p=self.shares)
        light = self.cells.background(rng, n, 2, self.cells.isotype)
        bright = np.flatnonzero(kinds <= 1)
        light[bright, 0] += 10 ** rng.normal(*self.cd44, len(bright))
        smear = np.flatnonzero((kinds == 1) | (kinds == 2))
        dim = rng.random(len(smear)) < self.cd24_low
        mean, sd = (np.where(dim, *pair) for pair in zip(self.cd24_dim, self.cd24, strict=True))
        light[smear, 1] += 10 ** rng.normal(mean, sd)
        return self.cells.seen(rng, light), kinds


@dataclass(frozen=True)
class Aldh:
    """An ALDEFLUOR batch: `high` of the cells are ALDH-high; the others keep some dye also under DEAB."""

    name: str
    cells: Cells = Cells(auto=2.6, auto_sd=0.22, noise=60.0)
    high: float = 0.06
    factor: tuple[float, float] = (0.85, 0.25)  # decades by which ALDH-high cells outshine the others
    shift: float = 0.06  # decades by which DEAB darkens also the ALDH-low cells
    control_events: int | None = None

    def deab(self, rng: np.random.Generator, n: int) -> FloatArray:
        """(n,) the sample's cells with DEAB."""
        return self.cells.seen(rng, self.cells.background(rng, n, 1, 0.0))[:, 0]

    def test(self, rng: np.random.Generator, n: int) -> tuple[FloatArray, FloatArray]:
        """(n,) the sample's cells, and (n,) 1 where a cell is ALDH-high."""
        kinds = (rng.random(n) < self.high).astype(int)
        light = self.cells.background(rng, n, 1, self.shift)[:, 0]
        bright = np.flatnonzero(kinds)
        light[bright] *= 10 ** rng.normal(*self.factor, len(bright))
        return self.cells.seen(rng, light), kinds


STEMS = (
    Stem("CD44+/CD24-"),
    Stem("isotypes in two tubes", one_tube=False),
    Stem("isotype and FMO", fmo=True),
    Stem("isotype of 500 events", control_events=500),
    Stem("isotype of 200 events", control_events=200),
    Stem("MDA-MB-231: 97 %", shares=(0.97, 0.02, 0.001, 0.009)),
    Stem("MCF-7: 1 %", shares=(0.01, 0.69, 0.25, 0.05)),
    Stem("CD24 low: 3 x the gate", rule=Cd24Low("multiple", 3.0)),
    Stem("CD24 low: 99.9th percentile", rule=Cd24Low("percentile", 99.9)),
    Stem("batch three times as bright", cells=Cells(gain=3.0)),
    Stem("0.3 % dead cells in all tubes", cells=Cells(dead=0.003)),
)
ALDHS = (
    Aldh("ALDEFLUOR"),
    Aldh("ALDH-high 0 %", high=0.0, shift=0.0),
    Aldh("ALDH-high 1 %", high=0.01),
    Aldh("ALDH-high 60 %", high=0.6),
    Aldh("ALDH-high 100 %", high=1.0, factor=(1.4, 0.2)),
    Aldh("DEAB tube of 500 events", control_events=500),
    Aldh("0.3 % dead cells", cells=Cells(auto=2.6, auto_sd=0.22, noise=60.0, dead=0.003, dead_mean=3.6)),
)


@dataclass(frozen=True)
class Found:
    """One share of one seed: percent, interval, percent by the cells' own labels."""

    percent: float
    low: float
    high: float
    labels: float


Measured = dict[str, Found]


def measure_stem(world: Stem, n: int, seed: int) -> Measured:
    """CD44+/CD24- and the other quadrants of one seed."""
    rng = np.random.default_rng([seed, n])
    controls = world.control_events or n
    tube = world.isotypes(rng, controls)
    fmos = [world.isotypes(rng, controls)[:, place] for place in (0, 1)] if world.fmo else [None, None]
    sample, kinds = world.sample(rng, n)
    if world.one_tube:
        cd44, cd24 = positive_gates(tube, markers=MARKERS, fmos=fmos, samples=sample, seed=seed)
    else:
        other = world.isotypes(rng, controls)
        cd44 = positive_gate(tube[:, 0], marker="CD44", fmo=fmos[0], sample=sample[:, 0], seed=2 * seed)
        cd24 = positive_gate(other[:, 1], marker="CD24", fmo=fmos[1], sample=sample[:, 1], seed=2 * seed + 1)
    found = cd44_cd24(sample, cd44, cd24_border(cd24, world.rule), seed=seed)
    labels = 100 * np.bincount(kinds, minlength=4) / n
    return {
        share.name: Found(share.percent, share.ci_low, share.ci_high, float(label))
        for share, label in zip(found.quadrants, labels, strict=True)
    }


def measure_aldh(world: Aldh, n: int, seed: int) -> Measured:
    """Gross and net ALDH-high share of one seed."""
    rng = np.random.default_rng([seed, n])
    deab = world.deab(rng, world.control_events or n)
    test, kinds = world.test(rng, n)
    found = aldefluor(test, deab, seed=seed)
    label = 100 * float(kinds.mean())
    return {
        "gross": Found(found.gross.percent, found.gross.ci_low, found.gross.ci_high, label),
        "net of DEAB": Found(found.net.points, found.net.ci_low, found.net.ci_high, label),
    }


def expected_stem(world: Stem, events: int = INFINITE) -> dict[str, float]:
    """Shares that the same rule gives on practically infinitely many events."""
    rng = np.random.default_rng(20_240_501)
    pieces = max(1, events // PIECE)
    size = min(events, PIECE)
    tube = np.concatenate([world.isotypes(rng, size) for _ in range(pieces)])
    gates = np.percentile(tube, 99.5, axis=0)
    if world.rule.rule == "multiple":
        gates[1] *= world.rule.value
    if world.rule.rule == "percentile":
        gates[1] = np.percentile(tube[:, 1], world.rule.value)
    counts = np.zeros(4)
    for _ in range(pieces):
        above = world.sample(rng, size)[0] > gates
        place = np.where(above[:, 0], np.where(above[:, 1], 1, 0), np.where(above[:, 1], 2, 3))
        counts += np.bincount(place, minlength=4)
    return dict(zip(Q, 100 * counts / counts.sum(), strict=True))


def expected_aldh(world: Aldh, events: int = INFINITE) -> dict[str, float]:
    """Gross and net share that the same rule gives on practically infinitely many events."""
    rng = np.random.default_rng(20_240_502)
    pieces = max(1, events // PIECE)
    size = min(events, PIECE)
    gate = np.percentile(np.concatenate([world.deab(rng, size) for _ in range(pieces)]), 99.5)
    gross = 100 * float(np.mean([np.mean(world.test(rng, size)[0] > gate) for _ in range(pieces)]))
    return {"gross": gross, "net of DEAB": gross - 0.5}


@dataclass(frozen=True)
class Row:
    """One line of the table: means over the seeds, in points; coverage in percent of the seeds."""

    expected: float
    bias: float
    spread: float
    coverage: float
    width: float
    label_bias: float
    label_error: float

    @property
    def meets(self) -> bool:
        """Whether the issue's figures hold."""
        return abs(self.bias) <= LIMIT_BIAS and LIMIT_COVERAGE[0] <= self.coverage <= LIMIT_COVERAGE[1]


def table(measure: Callable[[int], Measured], expected: dict[str, float], seeds: range) -> dict[str, Row]:
    """Bias, coverage and label error of every share over the seeds."""
    rows = [measure(seed) for seed in seeds]
    made = {}
    for name, truth in expected.items():
        got = np.array([[row[name].percent, row[name].low, row[name].high, row[name].labels] for row in rows])
        off = got[:, 0] - got[:, 3]
        made[name] = Row(
            truth,
            float(got[:, 0].mean() - truth),
            float(got[:, 0].std(ddof=1)),
            100 * float(np.mean((got[:, 1] <= truth) & (truth <= got[:, 2]))),
            float(np.mean(got[:, 2] - got[:, 1])),
            float(off.mean()),
            float(np.percentile(np.abs(off), 95)),
        )
    return made


def stem_table(world: Stem, n: int, seeds: range, events: int = INFINITE) -> dict[str, Row]:
    """Table of a CD44 / CD24 scene."""
    return table(lambda seed: measure_stem(world, n, seed), expected_stem(world, events), seeds)


def aldh_table(world: Aldh, n: int, seeds: range, events: int = INFINITE) -> dict[str, Row]:
    """Table of an ALDEFLUOR scene."""
    return table(lambda seed: measure_aldh(world, n, seed), expected_aldh(world, events), seeds)


def show(title: str, n: int, rows: dict[str, Row]) -> None:
    """Print the lines of one scene."""
    for name, row in rows.items():
        print(
            f"{title:30s} {n:7,d}  {name:12s} {row.expected:8.2f} {row.bias:+7.3f} {row.spread:6.2f} "
            f"{row.coverage:7.1f} {row.width:7.2f} {row.label_bias:+9.2f} {row.label_error:7.2f}"
            f"{'' if row.meets else '   outside'}",
            flush=True,
        )


def speed(events: int = 100_000) -> None:
    """CPU time of one tube, gates and findings included."""
    rng = np.random.default_rng(1)
    world = STEMS[0]
    tube, (sample, _) = world.isotypes(rng, events), world.sample(rng, events)
    deab, (test, _) = ALDHS[0].deab(rng, events), ALDHS[0].test(rng, events)
    settings = GateSettings()
    gates = positive_gates(tube, markers=MARKERS, samples=sample, seed=1, settings=settings)
    border = cd24_border(gates[1])
    bright = 10 ** rng.normal(4.8, 0.02, (events // 50, 2))
    beads = np.concatenate([tube[events // 50 :], bright])
    jobs: dict[str, Callable[[], object]] = {
        "gates of one isotype tube": lambda: positive_gates(tube, markers=MARKERS, samples=sample, seed=1),
        "CD44/CD24 of one sample": lambda: cd44_cd24(sample, gates[0], border, seed=1),
        "ALDEFLUOR, test and DEAB": lambda: aldefluor(test, deab, seed=1),
        "MFI against the isotype": lambda: fluorescence(sample[:, 0], tube[:, 0], seed=1),
        "uptake against a control": lambda: uptake(sample[:, 0], UptakeControls(tube[:, 0]), seed=1),
        "gate of counting beads": lambda: bead_gate(beads),
    }
    for name, job in jobs.items():
        times = []
        for _ in range(7):
            start = time.process_time()
            job()
            times.append(time.process_time() - start)
        print(f"{name:30s} {events:,} events: {1000 * np.median(times):.0f} ms CPU")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--all", action="store_true", help="the other scenes, at 5,000 events")
    parser.add_argument("--speed", action="store_true")
    chosen = parser.parse_args()
    if chosen.speed:
        speed()
        return
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    print(f"seeds {seeds.start} to {seeds.stop - 1}; points; limits: bias 0.2, coverage 92 to 98 %")
    print(f"{'':30s}  events  share        expected    bias     sd   cover   width   labels  p95 |.|")
    if not chosen.all:
        for n in SIZES:
            show(STEMS[0].name, n, stem_table(STEMS[0], n, seeds))
            show(ALDHS[0].name, n, aldh_table(ALDHS[0], n, seeds))
        return
    for world in STEMS[1:]:
        show(world.name, SIZES[0], stem_table(world, SIZES[0], seeds))
    for aldh in ALDHS[1:]:
        show(aldh.name, SIZES[0], aldh_table(aldh, SIZES[0], seeds))


if __name__ == "__main__":
    main()
