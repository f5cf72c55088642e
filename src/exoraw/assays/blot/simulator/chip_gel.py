"""An agarose gel of a ChIP-PCR: ladder, then input, IgG and immunoprecipitate of two promoters, 8 bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exoraw.assays.blot.simulator.drawing import (
    Band,
    Light,
    draw_band,
    draw_dust,
    draw_gradient,
    draw_smear,
    recorded,
)
from exoraw.assays.blot.simulator.faults import Faults
from exoraw.assays.blot.simulator.membrane import COLUMNS, ROWS, Membrane, lay_lanes
from exoraw.assays.blot.simulator.tiff_writer import Shot, write_tiff
from exoraw.assays.contract import Simulated

LADDER_BP = (1_500, 1_000, 900, 800, 700, 600, 500, 400, 300, 200, 100)
STRONG_BP = (1_000, 500)
LONGEST, SHORTEST = 1_800.0, 80.0
WELLS, FASTEST = 40.0, 400.0  # pixels: the slots, and where the shortest piece ran to
INPUT, IGG, IP = "input", "IgG", "STAT3 IP"
VOLUME = 7.0e6  # counts of 16 bits, of an average product
INPUT_SHARE = 0.01  # of the chromatin that is kept as input
DATE = "2026:05:18 14:20:00"
CAST_LIGHT = 900.0  # ethidium in the gel


@dataclass(frozen=True)
class Promoter:
    """A region that was amplified: its name, its length in base pairs, and whether STAT3 sits there."""

    name: str
    length: float
    bound: bool


PROMOTERS = (Promoter("MYC promoter", 180.0, True), Promoter("GAPDH gene body", 140.0, False))
TREATMENTS = ("control", "exosomes")


def simulate_chip_gel(raw: Path, seed: int) -> Simulated:
    """Write the gel; return its rows and what is bound.

    The truth holds `band_volume` (in grey levels of the 8-bit picture, noiseless) and `band_x`, `band_y`
    (pixels, of the band's centre) for every lane, and `bound` (1 or 0) for every immunoprecipitate.

    Parameters
    ----------
    raw : folder to write into
    seed : of everything that is drawn; the same seed gives the same bytes
    """
    rng = np.random.default_rng(seed)
    lanes = [(p, t, kind) for p in PROMOTERS for t in TREATMENTS for kind in (INPUT, IGG, IP)]
    gel = lay_lanes(rng, len(lanes) + 1, Faults(slope=rng.uniform(-0.01, 0.01), lane_jitter=0.01))
    light = _gel(rng)
    for rung in LADDER_BP:
        draw_band(light, _band(rng, gel, 0, rung, 0.5 * VOLUME * (2.2 if rung in STRONG_BP else 1.0)))
    truth: dict[tuple[str, str, str], float] = {}
    names = []
    for lane, (promoter, treatment, kind) in enumerate(lanes, start=1):
        strength = _strength(rng, promoter, kind)
        band = _band(rng, gel, lane, promoter.length, VOLUME * strength)
        draw_band(light, band)
        draw_smear(light, band, above=rng.uniform(20, 120), below=rng.uniform(20, 80))
        draw_band(light, _dimers(rng, gel, lane))
        name = f"{promoter.name}, {treatment}, {kind}"
        names.append(name)
        truth[(name, "band_volume", "band:product")] = band.volume / 256.0
        truth[(name, "band_x", "band:product")] = band.x
        truth[(name, "band_y", "band:product")] = band.y
        if kind == IP:
            truth[(name, "bound", "band:product")] = float(promoter.bound)
    draw_dust(light, rng, 15, 3_000.0)
    pixels = (recorded(light, rng, exposure=1.0, ceiling=65535) >> 8).astype(np.uint8)
    path = "gel/chip_pcr.tif"
    write_tiff(raw / path, [(pixels, Shot(0.4, DATE, channel="UV transillumination"))])
    return _simulated(lanes, names, path, truth)


def _strength(rng: np.random.Generator, promoter: Promoter, kind: str) -> float:
    """End-point PCR levels off, so that even 1 % input gives a full band; IgG gives next to none."""
    middle = {INPUT: 1.0, IGG: 0.015, IP: 0.7 if promoter.bound else 0.015}[kind]
    return float(middle * np.exp(rng.normal(0, 0.2)))


def _height(gel: Membrane, length: float, x: float) -> float:
    """Where a piece of `length` base pairs ran to."""
    share = math.log(LONGEST / length) / math.log(LONGEST / SHORTEST)
    return WELLS + 25.0 + share * (FASTEST - WELLS - 25.0) + gel.faults.slope * (x - COLUMNS / 2)


def _band(rng: np.random.Generator, gel: Membrane, lane: int, length: float, volume: float) -> Band:
    x = gel.centres[lane]
    sigma = rng.uniform(2.2, 2.8)
    width = gel.widths[lane]
    return Band(x, _height(gel, length, x), width, sigma, volume, gel.faults.slope, rng.uniform(0, 1.5), 1.1)


def _dimers(rng: np.random.Generator, gel: Membrane, lane: int) -> Band:
    """Primers that were left over: a wide faint band at the front."""
    x = gel.centres[lane]
    return Band(x, FASTEST + rng.uniform(4, 12), gel.widths[lane], 8.0, VOLUME * rng.uniform(0.02, 0.15))


def _gel(rng: np.random.Generator) -> Light:
    """The gel with its slots on the darker table."""
    light: Light = np.full((ROWS, COLUMNS), 700.0, dtype=np.float32)
    light[12:-12, 14:-14] += np.float32(CAST_LIGHT * rng.uniform(1.5, 3.0))
    draw_gradient(light, rng, 700.0)
    light[int(WELLS) - 2 : int(WELLS) + 2, 40:-40] += np.float32(300.0)
    return light


def _simulated(
    lanes: list[tuple[Promoter, str, str]],
    names: list[str],
    path: str,
    truth: dict[tuple[str, str, str], float],
) -> Simulated:
    rows = tuple(
        {
            "sample": name,
            "file": path,
            "membrane": "1",
            "lane": str(lane),
            "region": promoter.name,
            "treatment": treatment,
            "chip_role": kind,
            "biological_replicate": "1",
        }
        for lane, (name, (promoter, treatment, kind)) in enumerate(zip(names, lanes, strict=True), start=2)
    )
    bands = {"product": {"image": path, "role": "product"}}
    blot = {
        "replicate": 1,
        "lanes": ["ladder", *names],
        "ladder": list(LADDER_BP),
        "input_share": INPUT_SHARE,
        "bands": bands,
    }
    return Simulated("chip_pcr_gel", rows, ("treatment",), truth, {"blots": [blot]})
