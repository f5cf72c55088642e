"""Marker blots of exosome preparations: CD63, CD81, TSG101 present, Calnexin absent, lysates beside."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from exoraw.assays.blot.simulator.drawing import recorded
from exoraw.assays.blot.simulator.faults import Faults
from exoraw.assays.blot.simulator.ladder_picture import write_ladder_picture
from exoraw.assays.blot.simulator.membrane import (
    LADDER_KDA,
    lay_lanes,
    light_of,
    random_pose,
    row_of_bands,
)
from exoraw.assays.blot.simulator.tiff_writer import Shot, write_tiff
from exoraw.assays.contract import Simulated

# marker: weight in kDa, strength in lysate and in exosomes (0 = absent), relative to an average band
MARKERS = {
    "CD63": (45.0, 0.35, 1.2),
    "CD81": (24.0, 0.25, 1.0),
    "TSG101": (46.0, 0.8, 0.7),
    "Calnexin": (90.0, 1.3, 0.0),
}
PREPARATIONS = 3
VOLUME = 2.2e6
DATE = "2026:04:13 16:05:00"
SCATTER = 0.35  # natural logarithm, from preparation to preparation
EXPOSURE_S = 30.0


def simulate_ev_markers(raw: Path, seed: int) -> Simulated:
    """Write one image per marker: ladder, three cell lysates, three exosome preparations; no loading lane.

    The truth holds `present` (1 or 0), `band_volume` (counts, noiseless) and `band_x`, `band_y` (pixels, of
    the band's centre, also where none is) per sample and marker.

    Parameters
    ----------
    raw : folder to write into
    seed : of everything that is drawn; the same seed gives the same bytes
    """
    rng = np.random.default_rng(seed)
    names = [f"{kind} {n}" for kind in ("lysate", "EV") for n in range(1, PREPARATIONS + 1)]
    faults = Faults(slope=rng.uniform(-0.02, 0.02), smile=rng.uniform(-8, 8), gradient=0.08, dust=12)
    membrane = lay_lanes(rng, len(names) + 1, faults)
    truth: dict[tuple[str, str, str], float] = {}
    images = {}
    ladders = {}
    for marker, (weight, lysate, exosomes) in MARKERS.items():
        strength = np.repeat([lysate, exosomes], PREPARATIONS) * np.exp(rng.normal(0, SCATTER, len(names)))
        pose = random_pose(rng)
        lanes = tuple(range(1, len(names) + 1))
        row = row_of_bands(rng, membrane, lanes, weight, VOLUME * strength)
        bands = tuple(pose.applied(band) for band in row)
        light = light_of(rng, tuple(b for b in bands if b.volume > 0), faults, pose, rng.uniform(150, 400))
        images[marker] = f"markers/{marker}.tif"
        pixels = recorded(light, rng, exposure=1.0, ceiling=65520)
        write_tiff(raw / images[marker], [(pixels, Shot(EXPOSURE_S, DATE, white_zero=marker == "CD81"))])
        ladders[marker] = f"markers/ladder of {marker}.tif"
        write_ladder_picture(raw / ladders[marker], rng.spawn(1)[0], membrane, pose, DATE)
        for name, band in zip(names, bands, strict=True):
            truth[(name, "band_volume", f"band:{marker}")] = band.volume
            truth[(name, "band_x", f"band:{marker}")] = band.x
            truth[(name, "band_y", f"band:{marker}")] = band.y
            truth[(name, "present", f"band:{marker}")] = float(band.volume > 0)
    bands_entry = {
        marker: {
            "image": path,
            "role": "negative_control" if marker == "Calnexin" else "marker",
            "ladder_image": ladders[marker],
        }
        for marker, path in images.items()
    }
    blot = {
        "replicate": 1,
        "lanes": ["ladder", *names],
        "ladder": list(LADDER_KDA),
        "bands": bands_entry,
    }
    rows = _rows(names, ";".join((*images.values(), *ladders.values())))
    return Simulated("ev_markers", rows, ("preparation_kind",), truth, {"blots": [blot]})


def _rows(names: list[str], images: str) -> tuple[dict[str, str], ...]:
    return tuple(
        {
            "sample": name,
            "file": images,
            "membrane": "1",
            "lane": str(lane),
            "preparation_kind": name.split()[0],
            "biological_replicate": name.split()[1],
        }
        for lane, name in enumerate(names, start=2)
    )
