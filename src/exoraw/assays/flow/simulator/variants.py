"""One small file of every FCS variant, with the events a reader must find in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.fcs import FcsDataset, write_datasets

NAMES = ("FSC-A", "SSC-A", "FITC-A", "PE-A", "Time")
EVENTS = 200
TIMESTEP = 0.01


@dataclass(frozen=True, eq=False)
class Variant:
    """A file that was written and what stands in it.

    Parameters
    ----------
    name : what is special about it
    path : the file
    events : one (n, channels) array per dataset, linear scale, as `read_fcs` must return them
    """

    name: str
    path: Path
    events: tuple[FloatArray, ...]


@dataclass(frozen=True)
class _Recipe:
    name: str
    options: dict[str, Any]
    kind: str = "real"
    log: dict[str, tuple[float, float]] = field(default_factory=dict)


def write_variants(folder: Path, seed: int) -> list[Variant]:
    """Write one file per variant: versions, data types, widths, byte orders, log scales, several datasets.

    Parameters
    ----------
    folder : an existing folder
    seed : of the values
    """
    rng = np.random.default_rng(seed)
    written = [_written(folder, recipe, rng) for recipe in _recipes()]
    return [*written, _two_datasets(folder, rng)]


def _recipes() -> Iterator[_Recipe]:
    for version in ("2.0", "3.0", "3.1", "3.2"):
        for datatype in ("F", "D"):
            for order in ("little", "big"):
                options: dict[str, Any] = {"version": version, "datatype": datatype, "byteorder": order}
                yield _Recipe(f"{version} {datatype} {order}", options)
        for bits in (8, 16, 24, 32):
            for order in ("little", "big"):
                options = {"version": version, "datatype": "I", "byteorder": order, "bits": bits}
                yield _Recipe(f"{version} I{bits} {order}", options, f"whole{bits}")
    for version in ("2.0", "3.0"):
        yield _Recipe(f"{version} A", {"version": version, "datatype": "A", "bits": 0}, "whole16")
        yield _Recipe(f"{version} I10 in words", {"version": version, "datatype": "I", "bits": 10}, "whole10")
        yield _Recipe(
            f"{version} I10 packed",
            {"version": version, "datatype": "I", "bits": 10, "packed": True},
            "whole10",
        )
        mixed = {"version": version, "datatype": "I", "bits": (16, 32, 16, 24, 32)}
        yield _Recipe(f"{version} mixed widths", mixed, "whole16")
        log = {"FITC-A": (4.0, 1.0), "PE-A": (4.5, 0.1)}
        logged = {"version": version, "datatype": "I", "bits": 16, "amplification": log}
        yield _Recipe(f"{version} log amplifiers", logged, "whole16", log)
    types = {"FSC-A": "I", "Time": "D"}
    yield _Recipe("3.2 mixed types", {"version": "3.2", "datatype": "F", "datatypes": types}, "whole16")
    yield _Recipe("3.0 order 3,4,1,2", {"version": "3.0", "byteorder": (3, 4, 1, 2), "datatype": "F"})
    yield _Recipe("3.1 supplemental TEXT", {"version": "3.1", "supplemental": {"COMMENT": "a / b"}})
    yield _Recipe("3.1 blank HEADER offsets", {"version": "3.1", "header_offsets": False})
    yield _Recipe("3.0 delimiter |", {"version": "3.0", "delimiter": "|", "keywords": {"$SRC": "a|b"}})


def _written(folder: Path, recipe: _Recipe, rng: np.random.Generator) -> Variant:
    stored = _stored(rng, recipe.kind)
    ranges = _ranges(recipe.kind)
    dataset = FcsDataset(stored, NAMES, ranges=ranges, timestep=TIMESTEP, **recipe.options)
    path = folder / (recipe.name.replace(" ", "_").replace(",", "").replace("|", "pipe") + ".fcs")
    write_datasets(path, [dataset])
    return Variant(recipe.name, path, (_linear(stored, recipe, ranges),))


def _two_datasets(folder: Path, rng: np.random.Generator) -> Variant:
    both = [_stored(rng, "real"), _stored(rng, "real")]
    path = write_datasets(
        folder / "two_datasets.fcs", [FcsDataset(one, NAMES, version="3.1") for one in both]
    )
    return Variant("two datasets", path, tuple(one.astype(np.float64) for one in both))


def _stored(rng: np.random.Generator, kind: str) -> FloatArray:
    """Values as they lie in the file: float32 numbers, or whole numbers of so many bits."""
    if kind == "real":
        return rng.normal(500.0, 3000.0, (EVENTS, len(NAMES))).astype(np.float32)
    top = 2 ** min(int(kind.removeprefix("whole")), 18)
    return rng.integers(0, top, (EVENTS, len(NAMES))).astype(np.float64)


def _ranges(kind: str) -> list[float]:
    bits = 18 if kind == "real" else min(int(kind.removeprefix("whole")), 18)
    return [float(2**bits)] * len(NAMES)


def _linear(stored: FloatArray, recipe: _Recipe, ranges: list[float]) -> FloatArray:
    """What the stored values mean: FCS 3.1, $PnE, value = f2 * 10 ** (f1 * x / range)."""
    linear = stored.astype(np.float64)
    for name, (decades, lowest) in recipe.log.items():
        column = NAMES.index(name)
        linear[:, column] = lowest * 10 ** (decades * stored[:, column] / ranges[column])
    return linear
