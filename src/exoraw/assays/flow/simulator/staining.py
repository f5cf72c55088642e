"""Tubes of any panel: stained populations with known labels, dead cells, debris, doublets, detector noise."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.simulator.recording import SCATTER, Recording, Stain
from exoraw.assays.flow.spillover import Spillover

Labels = npt.NDArray[np.intp]
Glow = tuple[float, float]  # a dye's light: log10 of its median, standard deviation in decades

DETECTORS = ("FITC", "PE", "7-AAD", "APC")
# Row = dye. The pairs as on two-laser instruments: FITC into PE, PE into the far red, 7-AAD into APC.
SPILL = np.array(
    [
        [1.000, 0.170, 0.030, 0.000],
        [0.012, 1.000, 0.220, 0.002],
        [0.001, 0.060, 1.000, 0.070],
        [0.000, 0.001, 0.030, 1.000],
    ]
)
OWN_LIGHT, OWN_SPREAD = np.array([1.95, 1.85, 1.75, 1.60]), 0.20  # log10: what cells shine without any dye
NOISE_SD = 45.0  # of a detector's electronics, linear units
PHOTONS = 6.0  # variance per unit of light: the counting noise that compensation spreads (Nguyen 2013)

FSC_MEAN, FSC_CV = 95e3, 0.16
SSC_MEAN, SSC_CV = 42e3, 0.22
LIGHT_BY_SIZE = 0.6  # larger cells carry more of every dye: light grows with this power of forward scatter
DEAD_SIZE, DEAD_GRAIN = 0.62, 1.45  # dead cells are smaller and more granular
DEBRIS_FSC, DEBRIS_SSC, DEBRIS_SPREAD = 6.5e3, 7.0e3, 0.20
DEBRIS_DIMMER = 0.8  # decades below the cells
HEIGHT_PER_AREA, PULSE_CV, PULSE_WIDTH = 0.82, 0.03, 65_536.0
TOP = 262_143.0
RATE = 400.0  # events a second
DEBRIS, DOUBLET = "debris", "doublet"


@dataclass(frozen=True)
class Population:
    """Cells of one label.

    Parameters
    ----------
    name : its label
    share : of the live cells, or of all single cells for a dead population
    light : detector -> light of the dye there; a detector that is not named shows the cells' own light
    size, grain : forward and side scatter relative to a usual cell
    dead : whether its membrane is open
    """

    name: str
    share: float
    light: Mapping[str, Glow] = field(default_factory=dict)
    size: float = 1.0
    grain: float = 1.0
    dead: bool = False

    def with_dyes(self, dyes: Collection[str]) -> Population:
        """The same cells when only these dyes were added."""
        return replace(self, light={name: glow for name, glow in self.light.items() if name in dyes})


@dataclass(frozen=True)
class Recipe:
    """What is in a tube.

    Parameters
    ----------
    cells : live populations, shares sum to 1; dead ones come on top
    debris, doublets : their shares of all events
    debris_light : detector -> light that pieces of membrane bind
    """

    cells: tuple[Population, ...]
    debris: float = 0.08
    doublets: float = 0.04
    debris_light: Mapping[str, Glow] = field(default_factory=dict)

    def with_dyes(self, *dyes: str) -> Recipe:
        """The same tube when only these dyes were added; none makes it unstained."""
        light = {name: glow for name, glow in self.debris_light.items() if name in dyes}
        return replace(self, cells=tuple(one.with_dyes(dyes) for one in self.cells), debris_light=light)

    def with_dead(self, share: float) -> Recipe:
        """The same tube after cells were killed on purpose: dead ones are this share of all single cells."""
        return replace(
            self, cells=tuple(replace(one, share=share) if one.dead else one for one in self.cells)
        )

    @property
    def shares(self) -> FloatArray:
        """Of each population among all single cells, sum 1."""
        dead = sum(one.share for one in self.cells if one.dead)
        return np.array([one.share if one.dead else one.share * (1.0 - dead) for one in self.cells])


@dataclass(frozen=True)
class Setup:
    """How the instrument stood on a day: gains of `DETECTORS`, and its spill relative to the usual."""

    gains: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    spill: float = 1.0

    def matrix(self, detectors: tuple[str, ...]) -> FloatArray:
        """(m, m) true spillover of these detectors, row = dye."""
        chosen = [DETECTORS.index(name) for name in detectors]
        whole = np.eye(len(DETECTORS)) + (SPILL - np.eye(len(DETECTORS))) * self.spill
        return np.asarray(whole[np.ix_(chosen, chosen)])


@dataclass(frozen=True, eq=False)
class Tube:
    """Events of a tube as the detectors see them, and what each is.

    Parameters
    ----------
    events : (n, 4 + m) linear, uncompensated: `SCATTER`, then the detectors
    seconds : (n,) time of every event, ascending
    labels : (n,) index into `names`
    names : labels: the populations, then debris, doublet, whatever was added
    dead : names of the populations with an open membrane
    light : (n, m) what perfect compensation of a detector without noise would show
    detectors : m names of `DETECTORS`
    matrix : (m, m) true spillover, row = dye
    """

    events: FloatArray
    seconds: FloatArray
    labels: Labels
    names: tuple[str, ...]
    dead: tuple[str, ...]
    light: FloatArray
    detectors: tuple[str, ...]
    matrix: FloatArray

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of `events`."""
        return (*SCATTER, *self.detectors)

    def are(self, *names: str) -> BoolArray:
        """(n,) which events carry one of these labels."""
        return np.isin(self.labels, [self.names.index(name) for name in names])

    @property
    def live(self) -> BoolArray:
        """(n,) which events are live single cells."""
        first = self.names.index(DEBRIS)
        return (self.labels < first) & ~self.are(*self.dead)

    def share(self, *names: str) -> float:
        """Percent of the live single cells that carry one of these labels."""
        return 100.0 * float(np.count_nonzero(self.are(*names) & self.live) / np.count_nonzero(self.live))

    def median_light(self, detector: str, *names: str) -> float:
        """Median light of the live single cells in a detector, of all of them or of those labels."""
        chosen = self.live & self.are(*names) if names else self.live
        return float(np.median(self.light[chosen, self.detectors.index(detector)]))

    def recording(self, stains: tuple[Stain, ...], experiment: str) -> Recording:
        """What the instrument is given to write: with the matrix as operators make it, to three digits."""
        matrix = Spillover(self.detectors, np.round(self.matrix, 3), "operator")
        by_detector = dict(zip(self.detectors, stains, strict=True))
        return Recording(self.events, self.seconds, self.columns, by_detector, experiment, matrix)


def draw_stained(
    rng: np.random.Generator, recipe: Recipe, detectors: tuple[str, ...], setup: Setup, n: int
) -> Tube:
    """Draw a tube of n events.

    Signal of a detector = sum over the dyes of (light x gain x spillover) + noise, whose variance is that
    of the electronics plus a part that grows with the light (photon counting): after compensation bright
    cells spread in the neighbouring detector, as they do on instruments (Nguyen 2013, Cytometry A 83:306).

    Parameters
    ----------
    detectors : in the order of `DETECTORS`
    """
    n_debris, n_doublets = round(n * recipe.debris), round(n * recipe.doublets)
    n_cells = n - n_debris - n_doublets
    kinds = rng.choice(len(recipe.cells), n_cells + 2 * n_doublets, p=recipe.shares)
    cells = _cells(rng, recipe, detectors, kinds)
    single, first, second = np.split(cells, [n_cells, n_cells + n_doublets])
    everything = np.concatenate(
        [single, _debris(rng, recipe, detectors, n_debris), _joined(rng, first, second)]
    )
    names = (*(one.name for one in recipe.cells), DEBRIS, DOUBLET)
    labels = np.concatenate(
        [kinds[:n_cells], np.repeat([len(names) - 2, len(names) - 1], [n_debris, n_doublets])]
    )
    order = rng.permutation(n)
    everything, labels = everything[order], labels[order]
    seconds = np.sort(rng.uniform(0.0, n / RATE, n))
    light = everything[:, len(SCATTER) :] * _gains(setup, detectors)
    events = np.column_stack([everything[:, : len(SCATTER)], light])
    dead = tuple(one.name for one in recipe.cells if one.dead)
    matrix = setup.matrix(detectors)
    return Tube(as_detected(rng, events, matrix), seconds, labels, names, dead, light, detectors, matrix)


def as_detected(rng: np.random.Generator, true: FloatArray, matrix: FloatArray) -> FloatArray:
    """(n, 4 + m) events with the dyes' spill, the detectors' noise and the end of their scale."""
    scatter, light = true[:, : len(SCATTER)], true[:, len(SCATTER) :] @ matrix
    noise = rng.normal(0.0, 1.0, light.shape) * np.sqrt(NOISE_SD**2 + PHOTONS * light)
    return np.column_stack([np.clip(scatter, 0.0, TOP), np.minimum(light + noise, TOP)])


def _gains(setup: Setup, detectors: tuple[str, ...]) -> FloatArray:
    return np.array([setup.gains[DETECTORS.index(name)] for name in detectors])


def _cells(rng: np.random.Generator, recipe: Recipe, detectors: tuple[str, ...], kinds: Labels) -> FloatArray:
    """(n, 4 + m) single cells before spill and noise."""
    n = len(kinds)
    size = np.array([one.size for one in recipe.cells])[kinds]
    grain = np.array([one.grain for one in recipe.cells])[kinds]
    relative = _lognormal(rng, n, FSC_CV)
    scatter = _pulse(rng, FSC_MEAN * size * relative, SSC_MEAN * grain * _lognormal(rng, n, SSC_CV))
    median, spread = _glows([one.light for one in recipe.cells], detectors)
    dyes = 10 ** (median[kinds] + spread[kinds] * rng.normal(0.0, 1.0, (n, len(detectors))))
    own = 10 ** rng.normal(_own(detectors), OWN_SPREAD, (n, len(detectors)))
    return np.column_stack([scatter, (dyes + own) * relative[:, np.newaxis] ** LIGHT_BY_SIZE])


def _debris(rng: np.random.Generator, recipe: Recipe, detectors: tuple[str, ...], n: int) -> FloatArray:
    spread = 10 ** rng.normal(0.0, DEBRIS_SPREAD, (n, 2))
    median, width = _glows([recipe.debris_light], detectors)
    own = 10 ** rng.normal(_own(detectors) - DEBRIS_DIMMER, OWN_SPREAD, (n, len(detectors)))
    dyes = 10 ** (median + width * rng.normal(0.0, 1.0, (n, len(detectors))))
    return np.column_stack([_pulse(rng, DEBRIS_FSC * spread[:, 0], DEBRIS_SSC * spread[:, 1]), own + dyes])


def _joined(rng: np.random.Generator, first: FloatArray, second: FloatArray) -> FloatArray:
    """Two cells in one pulse: areas and light add up, the height grows less."""
    both = first + second
    both[:, 1] = np.maximum(first[:, 1], second[:, 1]) * rng.uniform(1.0, 1.25, len(first))
    both[:, 2] = both[:, 0] / both[:, 1] * PULSE_WIDTH
    return both


def _pulse(rng: np.random.Generator, area: FloatArray, side: FloatArray) -> FloatArray:
    """(n, 4) scatter signals of single particles."""
    height = area * HEIGHT_PER_AREA * rng.normal(1.0, PULSE_CV, len(area))
    return np.column_stack([area, height, area / height * PULSE_WIDTH, side])


def _glows(lights: list[Mapping[str, Glow]], detectors: tuple[str, ...]) -> tuple[FloatArray, FloatArray]:
    """(populations, m) log10 medians and spreads; no dye is a median of minus infinity: no light."""
    dark: Glow = (-np.inf, 0.0)
    both = np.array([[light.get(name, dark) for name in detectors] for light in lights])
    return both[..., 0], both[..., 1]


def _own(detectors: tuple[str, ...]) -> FloatArray:
    return OWN_LIGHT[[DETECTORS.index(name) for name in detectors]]


def _lognormal(rng: np.random.Generator, n: int, cv: float) -> FloatArray:
    """Values of median 1."""
    return np.asarray(np.exp(rng.normal(0.0, np.sqrt(np.log1p(cv**2)), n)))
