"""What a cytometer is given to write: the events of a tube, its detectors, what was stained, the matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.spillover import Spillover

SCATTER = ("FSC-A", "FSC-H", "FSC-W", "SSC-A")


@dataclass(frozen=True)
class TubeLabel:
    """What the operator typed: tube name, number of the tube, day as DD-MON-YYYY, cell line."""

    name: str
    number: int
    date: str
    cells: str


@dataclass(frozen=True)
class Stain:
    """A stain: what it binds ("CD44") and what it shines with ("APC"); of 7-AAD both are one.

    Parameters
    ----------
    target : as on the vial
    dye : as on the vial
    """

    target: str
    dye: str

    @property
    def full(self) -> str:
        """CD44-APC, or only 7-AAD."""
        return self.target if self.target == self.dye else f"{self.target}-{self.dye}"


@dataclass(frozen=True, eq=False)
class Recording:
    """One tube as an instrument saw it.

    Parameters
    ----------
    events : (n, m) linear, uncompensated
    seconds : (n,) time of every event
    detectors : (m,) names of the columns, those of `SCATTER` or the dye a detector is made for
    stains : detector -> stain that was to be seen there
    experiment : as the operator called it
    spillover : the operator's matrix on `detectors`; None where none was made
    """

    events: FloatArray
    seconds: FloatArray
    detectors: tuple[str, ...]
    stains: Mapping[str, Stain] = field(default_factory=dict)
    experiment: str = ""
    spillover: Spillover | None = None
