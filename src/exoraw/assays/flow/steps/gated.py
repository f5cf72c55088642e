"""A tube with its gates: what the numbers, the populations and the pictures are made from."""

from __future__ import annotations

from dataclasses import dataclass

from exoraw.assays.contract import Params
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.quadrants import Quadrants
from exoraw.assays.flow.steps.tube import Cleaned, Tube, TubeParams
from exoraw.assays.flow.strategies import Quadrants as Names


class GateParams(Params):
    """What a tube's numbers depend on beside its batch's gates."""

    tube: TubeParams
    quadrants: Names
    apoptotic: tuple[str, ...]


@dataclass(frozen=True)
class Gated:
    """A tube with everything that is said about it.

    Parameters
    ----------
    signal : (n, 2) compensated linear signal of every event
    pair : thresholds, linear; None where the batch has none
    counted : the quadrants, None without thresholds or without cells
    """

    sample: str
    file_id: str
    tube: Tube
    signal: FloatArray
    cleaned: Cleaned
    pair: tuple[float, float] | None
    counted: Quadrants | None
    matrix: str
    reference: str
