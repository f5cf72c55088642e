"""Whether a marker is there: against the detection limit of its own picture, with controls that prove it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["EV", "lysate", "other"]


@dataclass(frozen=True)
class Seen:
    """One marker in one lane.

    Parameters
    ----------
    sample, marker : whose lane, which marker
    value, limit : adjusted volume, and the detection limit of that place
    """

    sample: str
    marker: str
    value: float
    limit: float

    @property
    def present(self) -> bool:
        """Whether the band lies above its detection limit (3 x the scatter of empty places, IUPAC 1976)."""
        return self.value > self.limit


@dataclass(frozen=True)
class Verdict:
    """What a preparation shows of what is expected of exosomes.

    Parameters
    ----------
    found, expected : markers that are present, and all that were looked for
    contaminants : negative-control proteins that are present
    """

    found: tuple[str, ...]
    expected: tuple[str, ...]
    contaminants: tuple[str, ...]

    @property
    def percent(self) -> float:
        """Share of the expected markers that are present, %."""
        return 100 * len(self.found) / len(self.expected)


def verdict(
    sample: str, seen: Mapping[tuple[str, str], Seen], markers: Sequence[str], negatives: Sequence[str]
) -> Verdict | None:
    """Judge one preparation; None where not every marker could be measured.

    Source
    ------
    MISEV2023 (Welsh et al. 2024, J Extracell Vesicles 13:e12404): at least one transmembrane and one
    cytosolic marker present, and the absence of a protein of other compartments shown beside a cell lysate
    """
    lanes = [seen.get((sample, marker)) for marker in markers]
    if not markers or any(one is None for one in lanes):
        return None
    found = tuple(one.marker for one in lanes if one is not None and one.present)
    against = [seen.get((sample, name)) for name in negatives]
    return Verdict(
        found, tuple(markers), tuple(one.marker for one in against if one is not None and one.present)
    )


def unproven(name: str, seen: Mapping[tuple[str, str], Seen], positives: Sequence[str]) -> bool:
    """Whether no lane that should have a protein shows it, so that its absence elsewhere proves nothing.

    Parameters
    ----------
    name : the protein
    positives : lanes that should have it (cell lysates); where there are none, any lane counts
    """
    lanes = [
        one
        for (sample, marker), one in seen.items()
        if marker == name and (not positives or sample in positives)
    ]
    return bool(seen) and not any(one.present for one in lanes)
