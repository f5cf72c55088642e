"""Stained cells with known class: scatter, Annexin V, PI, drug light, debris, doublets, detector noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exoraw.assays.flow.arrays import FloatArray

Kinds = npt.NDArray[np.intp]
CLASSES = ("live", "early apoptotic", "late apoptotic", "necrotic")
CHANNELS = ("FSC-A", "FSC-H", "FSC-W", "SSC-A", "FITC", "PE", "APC")
FITC, PE, APC = 4, 5, 6

# log10 of the dye signal per class. Live, stained cells sit 0.35 decade above unstained ones: that is what
# breaks gates from unstained tubes (21 points of error on untreated cells).
ANNEXIN_MEAN, ANNEXIN_SD = np.array([2.25, 3.6, 4.1, 2.7]), np.array([0.28, 0.35, 0.25, 0.30])
PI_MEAN, PI_SD = np.array([2.20, 2.45, 4.3, 4.2]), np.array([0.25, 0.25, 0.25, 0.30])
UNSTAINED_MEAN, UNSTAINED_SD = np.array([1.90, 1.85, 1.70]), np.array([0.25, 0.25, 0.25])
NOISE_SD = 60.0  # of a detector, linear units

# Scatter per class: apoptotic cells shrink (less forward scatter) and grow granular (more side scatter).
FSC_MEAN, FSC_CV = np.array([95e3, 82e3, 62e3, 66e3]), np.array([0.15, 0.17, 0.20, 0.20])
SSC_MEAN, SSC_CV = np.array([42e3, 55e3, 74e3, 60e3]), np.array([0.20, 0.22, 0.28, 0.28])
DEBRIS_FSC, DEBRIS_SSC = 6.5e3, 7.0e3
DEBRIS_SPREAD = 0.20  # decades
DEBRIS_ANNEXIN = (2.7, 0.45)  # log10: membrane pieces bind Annexin V
HEIGHT_PER_AREA, PULSE_CV, PULSE_WIDTH = 0.82, 0.03, 65_536.0
TOP = 262_143.0


@dataclass(frozen=True)
class Mixture:
    """What is in a tube.

    Parameters
    ----------
    shares : of the four classes among intact single cells, sum 1
    annexin, pi : whether the dye was added; without any the tube is unstained
    drug : median light of a fluorescent drug in (FITC, PE), linear; (0, 0) for none
    killed : share of cells killed on purpose, as in a single-stain tube
    """

    shares: tuple[float, float, float, float]
    annexin: bool = True
    pi: bool = True
    drug: tuple[float, float] = (0.0, 0.0)
    killed: float = 0.0


@dataclass(frozen=True)
class Day:
    """How the instrument stood on a day: gains of (FITC, PE), spill of FITC into PE and back."""

    gain: tuple[float, float] = (1.0, 1.0)
    fitc_into_pe: float = 0.18
    pe_into_fitc: float = 0.01

    @property
    def matrix(self) -> FloatArray:
        """(2, 2) spillover, row = dye."""
        return np.array([[1.0, self.fitc_into_pe], [self.pe_into_fitc, 1.0]])


@dataclass(frozen=True)
class SimulatedTube:
    """Events of a tube as the detectors see them, and what each is.

    Parameters
    ----------
    events : (n, 7) linear, uncompensated, in the order of `CHANNELS`
    seconds : (n,) time of every event
    kinds : (n,) 0 to 3 = class of an intact single cell, 4 = debris, 5 = doublet
    """

    events: FloatArray
    seconds: FloatArray
    kinds: Kinds

    def true_shares(self) -> FloatArray:
        """(4,) percent of the classes among the intact single cells that were really drawn."""
        counts = np.bincount(self.kinds[self.kinds < len(CLASSES)], minlength=len(CLASSES))
        return np.asarray(100.0 * counts / counts.sum())


def draw_tube(
    rng: np.random.Generator,
    mixture: Mixture,
    day: Day,
    n: int,
    *,
    debris: float = 0.08,
    doublets: float = 0.04,
) -> SimulatedTube:
    """Draw a tube of n events.

    Parameters
    ----------
    debris, doublets : their shares of all events
    """
    n_debris, n_doublets = round(n * debris), round(n * doublets)
    n_cells = n - n_debris - n_doublets
    kinds = _classes(rng, mixture, n_cells + 2 * n_doublets)
    cells = _cells(rng, mixture, day, kinds)
    joined = _doublets(rng, cells[n_cells : n_cells + n_doublets], cells[n_cells + n_doublets :])
    events = np.concatenate([cells[:n_cells], _debris(rng, mixture, day, n_debris), joined])
    labels = np.concatenate([kinds[:n_cells], np.full(n_debris, 4), np.full(n_doublets, 5)])
    events[:, FITC:] += rng.normal(0.0, NOISE_SD, (n, 3)) * np.array([*day.gain, 1.0])
    events[:, :FITC] = np.clip(events[:, :FITC], 0.0, TOP)
    events[:, FITC:] = np.minimum(events[:, FITC:], TOP)
    order = rng.permutation(n)
    seconds = np.sort(rng.uniform(0.0, n / 400.0, n))
    return SimulatedTube(events[order], seconds, labels[order])


def _classes(rng: np.random.Generator, mixture: Mixture, n: int) -> Kinds:
    kinds = rng.choice(len(CLASSES), n, p=mixture.shares)
    kinds[rng.random(n) < mixture.killed] = CLASSES.index("late apoptotic")
    return kinds


def _cells(rng: np.random.Generator, mixture: Mixture, day: Day, kinds: Kinds) -> FloatArray:
    """(n, 7) single cells without detector noise."""
    n = len(kinds)
    area = _lognormal(rng, FSC_MEAN[kinds], FSC_CV[kinds])
    height = area * HEIGHT_PER_AREA * rng.normal(1.0, PULSE_CV, n)
    side = _lognormal(rng, SSC_MEAN[kinds], SSC_CV[kinds])
    own = 10 ** rng.normal(UNSTAINED_MEAN, UNSTAINED_SD, (n, 3))
    light = own.copy()
    if mixture.annexin:
        light[:, 0] = 10 ** rng.normal(ANNEXIN_MEAN[kinds], ANNEXIN_SD[kinds])
    if mixture.pi:
        light[:, 1] = 10 ** rng.normal(PI_MEAN[kinds], PI_SD[kinds])
    if not (mixture.annexin and mixture.pi):  # a single stain's live cells lie where unstained ones do
        alive = kinds == 0
        light[alive] = own[alive]
    light[:, :2] = light[:, :2] @ day.matrix + _drug(rng, mixture, n)
    light[:, :2] *= np.array(day.gain)
    width = area / height * PULSE_WIDTH
    return np.column_stack([area, height, width, side, light])


def _drug(rng: np.random.Generator, mixture: Mixture, n: int) -> FloatArray:
    """(n, 2) light of the drug: every cell takes up more or less of it, in the same colours."""
    uptake = 10 ** rng.normal(0.0, 0.10, n)
    return np.asarray(uptake[:, np.newaxis] * np.array(mixture.drug))


def _debris(rng: np.random.Generator, mixture: Mixture, day: Day, n: int) -> FloatArray:
    area = DEBRIS_FSC * 10 ** rng.normal(0.0, DEBRIS_SPREAD, n)
    height = area * HEIGHT_PER_AREA * rng.normal(1.0, 2 * PULSE_CV, n)
    side = DEBRIS_SSC * 10 ** rng.normal(0.0, DEBRIS_SPREAD, n)
    light = 10 ** rng.normal(UNSTAINED_MEAN - 0.3, UNSTAINED_SD, (n, 3))
    if mixture.annexin:
        light[:, 0] = 10 ** rng.normal(*DEBRIS_ANNEXIN, n)
    light[:, :2] = light[:, :2] @ day.matrix * np.array(day.gain)
    return np.column_stack([area, height, area / height * PULSE_WIDTH, side, light])


def _doublets(rng: np.random.Generator, first: FloatArray, second: FloatArray) -> FloatArray:
    """Two cells in one pulse: areas and light add up, the height grows less."""
    both = first + second
    both[:, 1] = np.maximum(first[:, 1], second[:, 1]) * rng.uniform(1.0, 1.25, len(first))
    both[:, 2] = both[:, 0] / both[:, 1] * PULSE_WIDTH
    return both


def _lognormal(rng: np.random.Generator, mean: FloatArray, cv: FloatArray) -> FloatArray:
    sigma = np.sqrt(np.log1p(cv**2))
    return np.asarray(mean * np.exp(rng.normal(0.0, 1.0, len(mean)) * sigma - sigma**2 / 2))
