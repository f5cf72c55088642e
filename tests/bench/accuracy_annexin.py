"""Quadrant error of the Annexin V / PI thresholds on the frozen simulator, beside other methods.

    python tests/bench/accuracy_annexin.py                     50 seeds, the issue's scene
    python tests/bench/accuracy_annexin.py --first 3000 --seeds 50 --all      every scene

A seed makes one batch: two single stains (half positive), an unstained tube, a vehicle tube, and two
tubes that are measured, one untreated, one treated. Spillover and thresholds come from the controls
only; the error is the largest difference of a quadrant from the tube's true classes, in points.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from exoraw.assays.flow.annexin import AnnexinThresholds, ThresholdSettings, annexin_thresholds
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.compensation import compensate, spillover_from_single_stains
from exoraw.assays.flow.density import density, landscape, left_side_sigma
from exoraw.assays.flow.quadrants import quadrants
from exoraw.assays.flow.spillover import Spillover

CHANNELS = ("FITC-A", "PI-A")
SIGMAS = 2.81
LIMITS = (1.5, 2.5)  # the figure: p95 of untreated and treated
METHODS = (
    "exoraw",
    "exoraw, no vehicle tube",
    "left-side MAD, cofactor 150",
    "single stain's negatives",
    "valley of the stained tubes",
    "unstained 99.5 %",
    "vehicle, not compensated",
)


@dataclass(frozen=True)
class Scene:
    """How a batch is made: events per tube, shares, noise, and what is wrong with its controls."""

    name: str
    n: int = 20_000
    untreated: tuple[float, ...] | None = None  # None: the simulator's own
    treated: tuple[float, ...] | None = None
    vehicle: tuple[float, ...] | None = None
    n_vehicle: int | None = None
    n_single: int | None = None
    noise: float = 60.0
    spillover_error: float = 0.0  # standard deviation added to both coefficients


SCENES = (
    Scene("as the issue says"),
    Scene("2,000 events a tube", n=2_000),
    Scene("5,000 events a tube", n=5_000),
    Scene("100,000 events a tube", n=100_000),
    Scene("vehicle of 200 events", n_vehicle=200),
    Scene("vehicle of 1,000 events", n_vehicle=1_000),
    Scene("single stains of 500 events", n_single=500),
    Scene("spillover off by 0.02 (sd)", spillover_error=0.02),
    Scene("noise 20", noise=20.0),
    Scene("noise 150", noise=150.0),
    Scene("1 % apoptotic", treated=(0.985, 0.005, 0.005, 0.005)),
    Scene("90 % dead", treated=(0.10, 0.15, 0.65, 0.10)),
    Scene("vehicle 40 % apoptotic", vehicle=(0.57, 0.15, 0.25, 0.03)),
    Scene("vehicle 75 % dead", vehicle=(0.25, 0.20, 0.45, 0.10)),
)


def simulator(shared: Path) -> ModuleType:
    """Import the frozen simulator by its path."""
    spec = importlib.util.spec_from_file_location("frozen_annexin", shared / "simulators" / "annexin.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True)
class Batch:
    """Raw tubes of one seed, the measured tubes' true shares, and the spillover from the stains."""

    raw: Mapping[str, FloatArray]
    tubes: Mapping[str, FloatArray]  # compensated
    truth: Mapping[str, FloatArray]  # percent, in the order of the simulator's classes


def make_batch(world: ModuleType, scene: Scene, seed: int) -> Batch:
    """Simulate and compensate one batch."""
    rng = np.random.default_rng(seed)
    n, noise = scene.n, scene.noise
    n_single = scene.n_single or n
    stains = {
        CHANNELS[0]: world.single_stain(rng, "FITC", n=n_single, noise=noise),
        CHANNELS[1]: world.single_stain(rng, "PI", n=n_single, noise=noise),
    }
    raw = {"single_annexin": stains[CHANNELS[0]], "single_pi": stains[CHANNELS[1]]}
    raw["unstained"] = world.unstained(rng, n=n, noise=noise)
    untreated = scene.untreated or world.UNTREATED
    raw["vehicle"], _ = world.stained(rng, scene.n_vehicle or n, scene.vehicle or untreated, noise)
    truth = {}
    for name, shares in (("untreated", untreated), ("treated", scene.treated or world.TREATED)):
        raw[name], classes = world.stained(rng, n, shares, noise)
        truth[name] = np.bincount(classes, minlength=4) / n * 100
    spillover = spillover_from_single_stains(stains, CHANNELS).spillover
    if scene.spillover_error:
        wrong = spillover.matrix + rng.normal(0, scene.spillover_error, (2, 2)) * (1 - np.eye(2))
        spillover = Spillover(CHANNELS, wrong, "single stains, disturbed")
    tubes = {name: compensate(events, CHANNELS, spillover) for name, events in raw.items()}
    return Batch(raw, tubes, truth)


def thresholds(tubes: Mapping[str, FloatArray], *leave_out: str, bootstraps: int = 0) -> AnnexinThresholds:
    """Thresholds of a batch as the assay asks for them: all stained tubes of the batch pooled."""
    given = {name: events for name, events in tubes.items() if name not in {"untreated", *leave_out}}
    given["treated"] = np.vstack([tubes["untreated"], tubes["treated"]])
    return annexin_thresholds(given, settings=ThresholdSettings(bootstraps=bootstraps), seed=1)  # type: ignore[arg-type]


def left_side_mad(linear: FloatArray, cofactor: float = 150.0) -> float:
    """Mode + 2.81 left-side sigma on one fixed axis, the method as it is usually written."""
    display = np.arcsinh(linear / cofactor)
    mode = max(landscape(density(display)).peaks, key=lambda peak: peak.height).position
    return float(cofactor * np.sinh(mode + SIGMAS * left_side_sigma(display, mode)))


def axis_dependence(world: ModuleType, seed: int) -> dict[float, float]:
    """Annexin threshold of one vehicle tube by left-side MAD, on axes with different cofactors."""
    vehicle = make_batch(world, SCENES[0], seed).tubes["vehicle"][:, 0]
    return {cofactor: left_side_mad(vehicle, cofactor) for cofactor in (50.0, 150.0, 600.0)}


def pairs(batch: Batch, found: AnnexinThresholds) -> dict[str, tuple[float, float] | None]:
    """Threshold pair of every method; None where a method has none."""

    def candidate(source: str) -> tuple[float, float] | None:
        chosen = [
            next(item.threshold for item in axis.candidates if item.source == source)
            for axis in (found.annexin, found.dna)
        ]
        return None if None in chosen else (float(chosen[0] or 0), float(chosen[1] or 0))

    vehicle = batch.tubes["vehicle"]
    return {
        METHODS[0]: found.pair,
        METHODS[1]: thresholds(batch.tubes, "vehicle").pair,
        METHODS[2]: (left_side_mad(vehicle[:, 0]), left_side_mad(vehicle[:, 1])),
        METHODS[3]: candidate("single stain"),
        METHODS[4]: candidate("valley"),
        METHODS[5]: candidate("unstained"),
        METHODS[6]: thresholds(batch.raw).pair,
    }


def error(events: FloatArray, pair: tuple[float, float], truth: FloatArray) -> float:
    """Largest quadrant error in points."""
    got = np.array([share.percent for share in quadrants(events, pair).quadrants])
    return float(np.abs(got - truth).max())


def errors(world: ModuleType, scene: Scene, seeds: Iterable[int]) -> tuple[dict[str, FloatArray], list[int]]:
    """Errors by method, (seeds, 2) for untreated and treated, and the number of findings per seed."""
    rows: dict[str, list[tuple[float, float]]] = {method: [] for method in METHODS}
    remarks = []
    for seed in seeds:
        batch = make_batch(world, scene, seed)
        found = thresholds(batch.tubes, bootstraps=50)
        remarks.append(sum(remark.severity != "info" for remark in found.findings))
        for method, pair in pairs(batch, found).items():
            tubes = batch.raw if method == METHODS[6] else batch.tubes
            row = [
                np.nan if pair is None else error(tubes[name], pair, batch.truth[name])
                for name in ("untreated", "treated")
            ]
            rows[method].append((row[0], row[1]))
    return {method: np.array(values) for method, values in rows.items()}, remarks


def naive(world: ModuleType, seeds: Iterable[int]) -> list[float]:
    """95th percentile of the simulator's own naive gate, untreated and treated."""
    return [
        float(
            np.percentile(
                [world.naive_unstained_gate(np.random.default_rng(seed), shares) for seed in seeds], 95
            )
        )
        for shares in (world.UNTREATED, world.TREATED)
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("EXORAW_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    parser.add_argument("--shared", type=Path, default=default, help="folder with simulators/annexin.py")
    parser.add_argument("--first", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--all", action="store_true", help="every scene, not only the issue's")
    chosen = parser.parse_args()
    world = simulator(chosen.shared)
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    plain = naive(world, seeds)
    print(f"seeds {seeds.start} to {seeds.stop - 1}; p95 of the largest quadrant error, untreated / treated")
    print(f"the simulator's naive gate: {plain[0]:.1f} / {plain[1]:.1f}; limits {LIMITS[0]} / {LIMITS[1]}")
    moved = axis_dependence(world, seeds.start)
    words = ", ".join(f"{limit:,.0f} at cofactor {cofactor:.0f}" for cofactor, limit in moved.items())
    print(f"one vehicle tube's annexin threshold by left-side MAD: {words}")
    for scene in SCENES if chosen.all else SCENES[:1]:
        found, remarks = errors(world, scene, seeds)
        warned = np.count_nonzero(remarks)
        print(f"\n{scene.name}   (seeds with a warning: {warned} of {len(remarks)})")
        for method, values in found.items():
            p95, median = np.nanpercentile(values, 95, axis=0), np.nanmedian(values, axis=0)
            missing = int(np.isnan(values[:, 0]).sum())
            note = f"   none in {missing} seeds" if missing else ""
            print(
                f"  {method:30s} p95 {p95[0]:5.2f} / {p95[1]:5.2f}   median {median[0]:5.2f} / "
                f"{median[1]:5.2f}{note}"
            )


if __name__ == "__main__":
    main()
