"""Annexin V against a dead-cell dye on the page: four quadrants of the single cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exoraw.assays.contract import Inputs, Unit
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.quadrants import QuadrantNames, Share, quadrants, share_of
from exoraw.assays.flow.review.looked import (
    SINGLES,
    Automatic,
    Looked,
    Panel,
    Population,
    debris_of,
    scatter_axes,
    shown_events,
    succeeded,
    with_events,
)
from exoraw.assays.flow.steps.compensated import compensated
from exoraw.assays.flow.steps.gated import GateParams
from exoraw.assays.flow.steps.scales import BatchScales
from exoraw.assays.flow.steps.tube import read_tube

APOPTOTIC = "apoptotic"
CORNERS = ((False, False), (True, False), (True, True), (False, True))  # live, early, late, necrotic


@dataclass(frozen=True)
class AnnexinScheme:
    """Quadrants of both dyes, and the sum of the apoptotic ones."""

    params: GateParams
    parent: str = SINGLES
    alive: tuple[str, ...] = ()

    @property
    def _keys(self) -> tuple[str, str]:
        first, second = self.params.tube.dyes
        return first.key, second.key

    @property
    def _apoptotic(self) -> tuple[str, ...]:
        names = self.params.quadrants
        parts = ((names.early, "early"), (names.late, "late"))
        return tuple(name for name, part in parts if part in self.params.apoptotic)

    def panels(self, axes: Sequence[str]) -> tuple[Panel, ...]:  # noqa: ARG002  the scheme's shape
        """Return the plot of the quadrants."""
        keys = self._keys
        return (Panel("quadrants", "Quadrants", *keys, SINGLES, keys, self.params.quadrants.names),)

    def populations(self) -> tuple[Population, ...]:
        """Return the quadrants and the apoptotic cells."""
        first, second = self._keys
        parts = [
            Population(name, {first: above[0], second: above[1]})
            for name, above in zip(self.params.quadrants.names, CORNERS, strict=True)
        ]
        return (*parts, Population(APOPTOTIC, sum=self._apoptotic))

    def shares(self, signal: FloatArray, borders: Mapping[str, float]) -> Sequence[Share]:
        """Count as the step `gate` does."""
        pair = [borders[key] for key in self._keys if key in borders]
        if len(pair) < 2:
            return ()
        names = self.params.quadrants
        called = QuadrantNames(names.live, names.early, names.late, names.necrotic, "/apoptotic")
        counted = quadrants(signal, (pair[0], pair[1]), called)
        total = sum(share.numerator for share in counted.quadrants if share.name in self._apoptotic)
        return (*counted.quadrants, share_of(APOPTOTIC, total, counted.n))


def look_at_annexin(unit: Unit, inputs: Inputs) -> Looked:
    """Read a tube as the step `gate` does.

    Raises
    ------
    StudyError : its batch has not been computed, or the file holds no events
    FormatError, UnknownChannelError : the file cannot be read
    """
    params = unit.params
    assert isinstance(params, GateParams)
    thresholds, decision = succeeded(inputs, "thresholds", "compensation")
    tube = with_events(read_tube(inputs.file("tube"), params.tube))
    signal, _, _ = compensated(tube, decision.data)
    data = thresholds.data
    scales = BatchScales.from_data(data)
    axes = {
        dye.key: scale.axis(match.label)
        for dye, match, scale in zip(
            params.tube.dyes, tube.stains, (scales.annexin, scales.dead), strict=True
        )
    }
    pair = data["matched"].get(data["assignment"].get(unit.samples[0])) or data["general"]
    automatic = Automatic(
        {dye: axis.get("automatic", axis["threshold"]) for dye, axis in pair.items()},
        {dye: str(axis.get("found_on", axis["source"])) for dye, axis in pair.items()},
        debris_of(data),
    )
    return Looked(
        params.tube, AnnexinScheme(params), tube, signal, shown_events(tube),
        {**axes, **scatter_axes(tube, scales.scatter)}, automatic,
    )  # fmt: skip
