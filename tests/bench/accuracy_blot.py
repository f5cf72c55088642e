"""Errors of blot lanes and bands against known truth, beside ImageJ's numbers for the same pictures.

    python tests/bench/accuracy_blot.py                      everything, 12 fresh seeds a scene
    python tests/bench/accuracy_blot.py --first 7000 --seeds 30 --only simulated
    python tests/bench/accuracy_blot.py --only imagej haley actin ladder saturation

Simulated scenes are those of the frozen simulator (../shared/simulators/blot.py). Points are the middle of
the first and of the last band, moved by up to 3 pixels as a hand would. Errors are of lane ratios to lane 1,
in percent, median / 95th percentile; the interval's coverage is that of volumes and of ratios.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np

from exoraw.assays.blot.bands.whole_lane import lane_bands
from exoraw.assays.blot.lanes.geometry import PointPair
from exoraw.assays.blot.quantification import quantify

SHARED = Path(os.environ.get("EXORAW_SHARED", Path(__file__).resolve().parents[3] / "shared"))
SCENES = ("clean", "tilt", "gradient", "smear", "neighbour", "faint", "speckle", "all")
EVEN_GROUND = ("clean", "neighbour", "faint", "speckle")  # scenes that can be laid over each other
ROWS_APART = (40, 55, 70, 90, 110)  # pixels; bands have a half width (sigma) of 4 to 9
JITTER = 3.0
LADDER_NG = (40, 40, 48, 40, 32, 120, 40, 57, 45, 122)  # NEB N0550, upper ten bands
LADDER_LANES = ((340, 437), (567, 664), (793, 891), (1022, 1120))


@dataclass
class Errors:
    """What one scene came to."""

    ratios: list[float] = field(default_factory=list)
    covered: list[bool] = field(default_factory=list)
    ratio_covered: list[bool] = field(default_factory=list)
    lanes: int = 0
    right: int = 0
    flagged: int = 0

    def line(self) -> str:
        error = np.abs(self.ratios) * 100
        text = f"{np.median(error):5.2f} /{np.percentile(error, 95):6.2f}" if len(error) else "    - /     -"
        return (
            f"{text}   interval {np.mean(self.covered):5.1%}, of ratio {np.mean(self.ratio_covered):5.1%}"
            f"   lanes {self.lanes}, right {self.right}, flagged {self.flagged}"
        )


def frozen_simulator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("frozen_blot", SHARED / "simulators/blot.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def simulated(scene: str, seeds: Sequence[int], *, clicked: bool) -> Errors:
    """Fresh blots of one scene, with two points or with nothing given."""
    simulator, hand, errors = frozen_simulator(), np.random.default_rng(seeds[0]), Errors()
    for seed in seeds:
        made = simulator.simulate(np.random.default_rng(seed), scen=scene)
        image = np.clip(np.round(made["img"]), 0, 65_535).astype(np.uint16)
        middles, heights = made["xc"], made["curve"](made["xc"])
        ends = [(x + a, y + b) for x, y, (a, b) in zip(middles, heights, _moved(hand, 8), strict=True)]
        found = quantify(image, lanes=8, points=[(ends[0], ends[-1])] if clicked else None)
        errors.lanes += 8
        if found.state != "ok":
            errors.flagged += 8
            continue
        seen = np.array([band.centre for band in found])
        right = (np.abs(seen[:, 0] - middles) < made["lw"] / 2) & (
            np.abs(seen[:, 1] - heights) < 2.5 * made["sy"]
        )
        errors.right += int(right.sum())
        volumes = np.array([band.adjusted for band in found])
        low, high = np.array([band.interval for band in found]).T
        errors.covered += list((low <= made["truth"]) & (made["truth"] <= high))
        errors.ratios += list((volumes[1:] / volumes[0]) / made["ratios"][1:] - 1)
        relative = (high - low) / 2 / volumes
        off = np.abs(np.log(volumes[1:] / volumes[0] / made["ratios"][1:]))
        errors.ratio_covered += list(off < np.hypot(relative[1:], relative[0]))
    return errors


def _moved(hand: np.random.Generator, count: int) -> np.ndarray:
    return hand.uniform(-JITTER, JITTER, (count, 2))


def two_rows(seeds: Sequence[int]) -> None:
    """Two simulated rows on one picture, as a target and its loading protein are, at several distances."""
    simulator, hand = frozen_simulator(), np.random.default_rng(seeds[0])
    print("Two rows on one picture, two points a row: ratio error %, median / 95th percentile, largest")
    for scene in EVEN_GROUND:
        for apart in ROWS_APART:
            errors, covered, dim = [], [], 0
            for seed in seeds:
                upper, lower = (
                    simulator.simulate(np.random.default_rng(seed + more), scen=scene) for more in (0, 500)
                )
                image, truths = stacked(upper, lower, apart)
                ends = [
                    [tuple(at + _moved(hand, 1)[0]) for at in (middles[0], middles[-1])]
                    for middles in (np.stack(truth[:2], axis=1) for truth in truths)
                ]
                found = quantify(image, lanes=8, points=[(first, last) for first, last in ends])
                for number, (_, _, volumes) in enumerate(truths, start=1):
                    bands = [band for band in found if band.row == number]
                    ours = np.array([band.adjusted for band in bands])
                    errors += list(np.abs(ours / ours[0] / (volumes / volumes[0]) - 1)[1:] * 100)
                    low, high = np.array([band.interval for band in bands]).T
                    covered += list((low <= volumes) & (volumes <= high))
                    dim += sum(not band.detected for band in bands)
            size = f"{np.median(errors):.2f} / {np.percentile(errors, 95):.2f}, {np.max(errors):.1f}"
            sure = f"interval {np.mean(covered):.1%}, below the limit {dim} of {len(covered)}"
            print(f"  {scene:9s} {apart:3d} pixels apart: {size}   {sure}")


def stacked(upper: dict, lower: dict, apart: int) -> tuple[np.ndarray, list[tuple[np.ndarray, ...]]]:
    """Return one picture with the rows of two, and (x, y, volume) of each; the lower is moved to `apart`."""
    down = round(apart - (lower["y0"] - upper["y0"]))
    image = np.zeros((len(upper["img"]) + down, upper["img"].shape[1]))
    image[: len(upper["img"])] = upper["img"]
    image[len(upper["img"]) :] = np.median(upper["img"][-10:], axis=0)
    image[down:] += lower["img"] - np.median(lower["img"][:10])
    truths = [
        (made["xc"], made["curve"](made["xc"]) + by, made["truth"])
        for made, by in ((upper, 0), (lower, down))
    ]
    return np.clip(np.round(image), 0, 65_535).astype(np.uint16), truths


def beside_imagej() -> None:
    """The 15 pictures that ImageJ measured too."""
    folder = SHARED / "data/blots/sim"
    truth: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader((folder / "truth.csv").open()):
        truth.setdefault(row["file"], []).append(row)
    errors: dict[str, dict[str, list[float]]] = {}
    for name, rows in truth.items():
        ratios = np.array([float(row["true_ratio_to_lane1"]) for row in rows])
        ends = [(float(row["x_center"]), float(row["y_center"])) for row in rows]
        found = quantify(_tiff(folder / name), lanes=len(rows), points=[(ends[0], ends[-1])])
        gel = _column(folder / name.replace(".tif", "_imagej_gel.csv"), "gel_area_raw_units")
        ball = _column(folder / name.replace(".tif", "_imagej_boxes.csv"), "rb50")
        ours = np.array([band.adjusted for band in found])
        kind = errors.setdefault(rows[0]["scenario"], {})
        for method, volumes in (("exoraw", ours), ("ImageJ gel", gel), ("ImageJ ball 50", ball)):
            kind.setdefault(method, []).extend(np.abs((volumes / volumes[0] / ratios - 1)[1:]) * 100)
    print("The 15 pictures: ratio error %, median / 95th percentile")
    for scene, methods in errors.items():
        parts = [f"{name} {np.median(e):.2f} / {np.percentile(e, 95):.2f}" for name, e in methods.items()]
        print(f"  {scene:9s} {'   '.join(parts)}")


def _tiff(path: Path) -> np.ndarray:
    import tifffile

    return tifffile.imread(path)


def _column(path: Path, name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in csv.DictReader(path.open())])


Boxes = list[tuple[int, int, int, int]]


def author_rows(template: Path) -> list[Boxes]:
    """The authors' boxes of one picture (AlphaEase template), nine to a row, from left to right."""
    items = re.findall(r"Item\d+=\(\d+,(\d+),(\d+),(\d+),(\d+)\)", template.read_text(errors="replace"))
    boxes = [tuple(int(value) for value in item) for item in items]
    rows = [sorted(boxes[at : at + 9]) for at in range(0, len(boxes), 9)]
    return sorted(rows, key=lambda row: row[0][1])


def author_hits(found: Sequence, row: Boxes) -> int:
    """Authors' boxes of a row in which the middle of one of our bands lies."""
    return sum(
        any(x0 <= band.centre[0] <= x1 and y0 <= band.centre[1] <= y1 for band in found)
        for x0, y0, x1, y1 in row
    )


def haley() -> None:
    """198 author boxes of 12 pictures: with two points a row, and with nothing."""
    hit = boxes = 0
    counts = {"as many rows as boxed": [0, 0, 0], "two rows": [0, 0, 0]}
    for template in sorted((SHARED / "data/blots/haley2015").rglob("*.stp")):
        image, rows = _tiff(template.with_suffix(".tif")), author_rows(template)
        points: list[PointPair] = [(_middle(row[0]), _middle(row[-1])) for row in rows]
        clicked = quantify(image, lanes=9, points=points)
        hit += sum(author_hits(clicked, row) for row in rows)
        boxes += sum(len(row) for row in rows)
        for name, asked in (("as many rows as boxed", len(rows)), ("two rows", 2)):
            found = quantify(image, lanes=9, rows=asked)
            for row in rows:
                right = author_hits(found, row) == len(row)
                counts[name][0 if right else 1 if found.state == "needs_points" else 2] += 1
                if not right:
                    reasons = [reading.reason for reading in found.rows if reading.state != "ok"]
                    print(f"  {template.stem}, {name}: {'; '.join(reasons) or 'WRONG'}")
    print(f"Haley 2015, two points a row: {hit} of {boxes} author boxes hit")
    for name, (right, flagged, wrong) in counts.items():
        print(f"  nothing given, {name}: {right} rows right, {flagged} flagged, {wrong} wrong")


def _middle(box: tuple[int, int, int, int]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def actin() -> None:
    """ImageQuant 800: lane ratios beside ImageJ's gel analyzer."""
    folder = SHARED / "data/blots"
    image = _tiff(folder / "imagequant800/antiActin_20240710_131425_Ch_Chemi.tif")
    imagej = _column(folder / "imagej_reference/actin_side_by_side.csv", "ij_gel_raw_units")
    found = quantify(image, lanes=8)
    ours = np.array([band.adjusted for band in found])
    off = ours / ours[0] / (imagej / imagej[0]) - 1
    print(f"Actin, ratios beside ImageJ's: largest difference {np.abs(off).max():.1%} ({found.state})")


def ladder() -> None:
    """GelGenie's agarose ladder: share of mass of the upper ten bands."""
    image = _tiff(SHARED / "data/blots/gelgenie/ladder_reference_gel.tif")
    errors: list[float] = []
    for x0, x1 in LADDER_LANES:
        bands = [band for band in lane_bands(image, x0, x1) if band.y > 170][: len(LADDER_NG)]
        shares = np.array([band.adjusted for band in bands])
        errors += list(np.abs(shares / shares.sum() / (np.array(LADDER_NG) / sum(LADDER_NG)) - 1) * 100)
    print(
        f"Ladder, upper ten bands: mass share error {np.median(errors):.1f} % (median), {len(errors)} bands"
    )


def saturation(seeds: Sequence[int]) -> None:
    """Clip simulated blots at several ceilings; every band with 0.5 % clipped pixels must be flagged."""
    simulator = frozen_simulator()
    missed = hits = false = clean = 0
    for seed in seeds:
        made = simulator.simulate(np.random.default_rng(seed), scen=SCENES[seed % len(SCENES)])
        middles, heights = made["xc"], made["curve"](made["xc"])
        ceiling = int(np.quantile(made["img"], (0.98, 0.99, 0.996, 0.999)[seed % 4]))
        image = np.clip(np.round(made["img"]), 0, min(ceiling, 65_520)).astype(np.uint16)
        points = [((middles[0], heights[0]), (middles[-1], heights[-1]))]
        for band in quantify(image, lanes=8, points=points):
            x0, y0, x1, y1 = band.box
            share = float(np.mean(image[y0:y1, x0:x1] == image.max()))
            flagged = any(finding.code == "saturated_band" for finding in band.findings)
            hits += share >= 0.005 and flagged
            missed += share >= 0.005 and not flagged
            clean += share == 0
            false += share == 0 and flagged
    print(
        f"Saturation: {hits} of {hits + missed} clipped bands flagged, {false} false alarms on {clean} others"
    )


def everything_simulated(seeds: Sequence[int]) -> None:
    print(f"Simulated, seeds {seeds[0]} to {seeds[-1]}: ratio error %, median / 95th percentile")
    for clicked in (True, False):
        print("  two points a row" if clicked else "  nothing given")
        for scene in SCENES:
            print(f"    {scene:9s} {simulated(scene, seeds, clicked=clicked).line()}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first", type=int, default=5_000, help="first seed")
    parser.add_argument("--seeds", type=int, default=12)
    names = ("simulated", "two_rows", "imagej", "haley", "actin", "ladder", "saturation")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    work: dict[str, Callable[[], None]] = {
        "simulated": lambda: everything_simulated(seeds),
        "two_rows": lambda: two_rows(seeds),
        "imagej": beside_imagej,
        "haley": haley,
        "actin": actin,
        "ladder": ladder,
        "saturation": lambda: saturation(seeds),
    }
    for name in asked.only:
        work[name]()


if __name__ == "__main__":
    main()
