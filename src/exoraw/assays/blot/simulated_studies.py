"""The simulated studies as a person would hand them in: points clicked, truth in the words of the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from exoraw.assays.blot.simulator.studies import simulate_studies as simulated
from exoraw.assays.contract import Simulated

Key = tuple[str, str, str]
CLICK_SD = 1.5  # pixels: how far from a band's middle a person clicks, in each direction


def simulate_studies(raw: Path, seed: int) -> tuple[Simulated, ...]:
    """Write every study of the blot simulators under `raw`, with two clicked points for every row of bands.

    The truth that is kept is what a paper shows: folds, presence, binding. Volumes are counts of one picture.

    Parameters
    ----------
    raw : folder to write into
    seed : of everything that is drawn; the same seed gives the same bytes
    """
    rng = np.random.default_rng([seed, 5])
    return tuple(with_points(study, rng) for study in simulated(raw, seed))


def with_points(study: Simulated, rng: np.random.Generator) -> Simulated:
    """Return a study with two clicked points a row, and its truth in the words of the table."""
    blots = [_with_points(blot, study.truth, rng) for blot in study.settings["blots"]]
    loadings = _loadings(study.settings["blots"])
    truth = {key: value for old, value in study.truth.items() for key in _in_our_words(old, loadings)}
    return replace(study, settings={**study.settings, "blots": blots}, truth=truth)


def _with_points(
    blot: Mapping[str, Any], truth: Mapping[Key, float], rng: np.random.Generator
) -> dict[str, Any]:
    samples = [name for name in blot["lanes"] if name != "ladder"]
    bands = {}
    for target, band in blot["bands"].items():
        places = [_place(truth, name, target) for name in (samples[0], samples[-1])]
        if all(place is not None for place in places):
            ends = [[round(float(v + rng.normal(0, CLICK_SD)), 1) for v in place or ()] for place in places]
            bands[target] = {**band, "first": ends[0], "last": ends[1]}
        else:
            bands[target] = dict(band)
    return {**blot, "bands": bands}


def _place(truth: Mapping[Key, float], sample: str, target: str) -> tuple[float, float] | None:
    entity = f"band:{target}"
    x, y = truth.get((sample, "band_x", entity)), truth.get((sample, "band_y", entity))
    return None if x is None or y is None else (x, y)


def _loadings(blots: list[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            name
            for blot in blots
            for name, band in blot["bands"].items()
            if band["role"] in ("loading", "total_protein")
        )
    )


def _in_our_words(key: Key, loadings: tuple[str, ...]) -> Iterator[Key]:
    """A fold without a second protein holds for everything that is proportional to what was loaded."""
    sample, measure, entity = key
    if measure == "fold":
        whole = "/" in entity
        for loading in loadings[:1] if whole else loadings:
            yield sample, "fold_of_control", entity if whole else f"{entity}/{loading}"
    elif measure == "present":
        yield sample, "band_present", entity
    elif measure == "bound":
        yield sample, "bound", entity
