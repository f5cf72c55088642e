"""How badly a simulated membrane was run, blotted and imaged; scenarios are named as the frozen ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SCENARIOS = ("clean", "tilt", "gradient", "smear", "neighbour", "faint", "speckle", "all")


@dataclass(frozen=True)
class Faults:
    """Strengths of the faults of one membrane.

    Parameters
    ----------
    slope : pixels down per pixel right
    smile : pixels that the middle lanes ran further than the outer ones
    gradient : height of the uneven background, in peaks of a median band
    smear : protein dragged along the lanes, in peaks of their band: lowest and highest
    neighbour : unspecific bands beside the row, in volumes of their band: lowest and highest
    dust : spots
    faint : all bands are 10 to 20 times weaker
    lane_jitter : of lane centres, in lane distances
    """

    slope: float = 0.0
    smile: float = 0.0
    gradient: float = 0.0
    smear: tuple[float, float] = (0.0, 0.0)
    neighbour: tuple[float, float] = (0.0, 0.0)
    dust: int = 0
    faint: bool = False
    lane_jitter: float = 0.02


def faults_of(scenario: str, rng: np.random.Generator) -> Faults:
    """Draw the faults of a scenario.

    Raises
    ------
    ValueError : no scenario of that name
    """
    if scenario not in SCENARIOS:
        raise ValueError(f"no scenario {scenario!r}; known are {', '.join(SCENARIOS)}")
    every = scenario == "all"
    crooked, uneven = every or scenario == "tilt", every or scenario == "gradient"
    beside = (0.05, 0.3) if every else (0.1, 0.6)
    return Faults(
        slope=rng.uniform(-0.03, 0.03) if crooked else 0.0,
        smile=rng.uniform(-14.0, 14.0) if crooked else 0.0,
        gradient=rng.uniform(0.05, 0.25) if uneven else 0.0,
        smear=(0.02, 0.16) if every or scenario == "smear" else (0.0, 0.0),
        neighbour=beside if every or scenario == "neighbour" else (0.0, 0.0),
        dust=25 if every or scenario == "speckle" else 0,
        faint=scenario == "faint",
        lane_jitter=0.03 if every else 0.02,
    )
