"""Errors of folds on simulated experiments: target and loading images of one membrane, shifted by reprobing.

Every scenario of the simulator, one membrane per seed with six lanes, two clicked points per row (1.5 pixels
off, each way). Figures to reach: median error of a fold at most 4 %, and the 95 % interval holds the truth in
90 to 98 % of the bands.

    python tests/bench/accuracy_blot_folds.py --seeds 3000 3020
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from exoraw.assays.blot.normalise import Estimate, fold, ratio
from exoraw.assays.blot.reading import read_image
from exoraw.assays.blot.simulator import SCENARIOS, BlotDesign, simulate_experiment
from exoraw.assays.blot.steps.reading import Row, measure
from exoraw.assays.contract import Simulated

CLICK_SD = 1.5  # pixels


@dataclass(frozen=True)
class FoldError:
    """One fold: what was divided by what, its relative error in %, and whether its interval holds the truth.

    `width` is half of the interval relative to the fold, in %.
    """

    pair: str
    percent: float
    covered: bool
    width: float


def fold_errors(seed: int, scenario: str) -> list[FoldError]:
    """Return the errors of every fold of one simulated membrane; control lanes have none."""
    with tempfile.TemporaryDirectory(prefix="exoraw-folds-") as place:
        design = BlotDesign(membranes=1, scenario=scenario, series=False)
        study = simulate_experiment(Path(place), seed, design)
        volumes = _volumes(Path(place), study, np.random.default_rng([seed, 7]))
    return list(_errors(study, volumes))


def _volumes(
    raw: Path, study: Simulated, rng: np.random.Generator
) -> dict[str, dict[str, tuple[Estimate, bool]]]:
    blot = study.settings["blots"][0]
    samples = [name for name in blot["lanes"] if name != "ladder"]
    found = {}
    for target, band in blot["bands"].items():
        row = Row(target, band["role"], 1, _points(study, samples, target, rng))
        read = measure(read_image(raw / band["image"]), len(samples), [row], 1, "consensus")[0]
        found[target] = {
            samples[one.lane - 1]: (Estimate(one.adjusted, *one.interval), one.detected) for one in read.bands
        }
    return found


def _points(study: Simulated, samples: list[str], target: str, rng: np.random.Generator) -> Any:
    pair = []
    for name in (samples[0], samples[-1]):
        x, y = (study.truth[(name, f"band_{axis}", f"band:{target}")] for axis in "xy")
        pair.append((x + rng.normal(0, CLICK_SD), y + rng.normal(0, CLICK_SD)))
    return (pair[0], pair[1])


def _errors(study: Simulated, volumes: dict[str, dict[str, tuple[Estimate, bool]]]) -> Iterator[FoldError]:
    control = study.settings["blots"][0]["control"]
    for (sample, measure_name, entity), true in study.truth.items():
        if measure_name != "fold" or sample == control:
            continue
        target, _, below = entity.removeprefix("protein:").partition("/")
        for under in (below,) if below else ("GAPDH", "total protein"):
            got = _fold(volumes, sample, control, target, under)
            if got is not None:
                yield FoldError(
                    f"{target}/{under}",
                    100 * (got.value / true - 1),
                    got.low <= true <= got.high,
                    100 * (got.high - got.low) / 2 / got.value,
                )


def _fold(
    volumes: dict[str, dict[str, tuple[Estimate, bool]]], sample: str, control: str, target: str, under: str
) -> Estimate | None:
    top, bottom = volumes.get(target, {}), volumes.get(under, {})
    lanes = [(top.get(name), bottom.get(name)) for name in (sample, control)]
    ratios = []
    for above, below in lanes:
        if above is None or below is None or not (above[1] and below[1]):
            return None
        found = ratio(above[0], below[0])
        if found is None:
            return None
        ratios.append(found)
    return fold(ratios[0], [ratios[1]])


def summary(errors: Iterable[FoldError]) -> str:
    """Return one line: n, median and p95 error, coverage, median half width."""
    kept = list(errors)
    if not kept:
        return "no fold"
    size = np.abs([one.percent for one in kept])
    covered = 100 * np.mean([one.covered for one in kept])
    width = np.median([one.width for one in kept])
    return (
        f"n {len(kept):4d}  median {np.median(size):5.2f} %  p95 {np.percentile(size, 95):6.2f} %  "
        f"covered {covered:5.1f} %  interval +-{width:.1f} %"
    )


def main() -> None:
    """Print the figures per scenario and per pair of proteins."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs=2, type=int, default=(3000, 3020))
    parser.add_argument("--scenarios", nargs="*", default=SCENARIOS)
    asked = parser.parse_args()
    every: list[FoldError] = []
    for scenario in asked.scenarios:
        found = [one for seed in range(*asked.seeds) for one in fold_errors(seed, scenario)]
        band = [one for one in found if not one.pair.endswith("total protein")]
        print(f"{scenario:10s} {summary(band)}", flush=True)
        every += found
    for pair in dict.fromkeys(one.pair for one in every):
        print(f"{pair:24s} {summary(one for one in every if one.pair == pair)}")
    bands = [one for one in every if not one.pair.endswith("total protein")]
    print(f"{'all band over band':24s} {summary(bands)}")


if __name__ == "__main__":
    main()
