"""How the step `markers` takes what a person decided: of the tube and of its controls alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from exoraw.assays.contract import Finding
from exoraw.assays.flow.review.applied import BY_HAND, MADE, VIABILITY, InForce
from exoraw.assays.flow.review.cleaning import OUTLINE
from exoraw.assays.flow.review.decided import Decided, Gates, decided, together
from exoraw.assays.flow.steps.markers.counted import Border
from exoraw.assays.flow.strategies import CD44CD24, MarkerStrategy
from exoraw.study.view import Correction

CD24 = "cd24"
DECIDED = frozenset(  # measures that a marker's border decides; brightness does not depend on it
    (
        "cd44_pos_cd24_low_share",
        "marker_share",
        "aldh_high_share",
        "deab_share",
        "aldh_high_net_share",
        "uptake_share",
        "share_without_cleaning",
    )
)


@dataclass(frozen=True)
class ByHand:
    """What is decided for a tube of a marker panel.

    Parameters
    ----------
    made : farther corrections first
    gates : all of them together, without dyes that the strategy does not have
    strategy : that of the study; a border of CD24 that a person set takes the place of its own definition
    borders : by dye key, of a person or fixed in the settings
    ground : what the batch shares, with the person's border of dead cells and outline of the cells
    shared : what the batch shares, as it was found
    """

    made: tuple[Decided, ...]
    gates: Gates
    strategy: MarkerStrategy
    borders: dict[str, float | None]
    ground: Mapping[str, Any]
    shared: Mapping[str, Any]

    @property
    def decides(self) -> frozenset[str]:
        """Measures that the person's borders decide; none where only cells or dead cells were set."""
        return DECIDED if set(self.gates.borders) - {VIABILITY} else frozenset()

    def named(self, borders: Mapping[str, Border]) -> dict[str, Border]:
        """Return the borders that were used; those that a person set say so."""
        return {
            key: replace(border, source=BY_HAND) if key in self.gates.borders else border
            for key, border in borders.items()
        }

    def findings(self, automatic: Mapping[str, Border]) -> Iterator[Finding]:
        """Say who set which gate, when and why."""
        found = {key: {"automatic": one.threshold, "found_on": one.source} for key, one in automatic.items()}
        viability = self.shared["viability"]
        found[VIABILITY] = {"automatic": viability["border"], "found_on": viability.get("source", "")}
        yield from InForce(self.made, self.gates).findings(self.strategy.dyes, found)

    def facts(self, automatic: Mapping[str, Border]) -> dict[str, Any]:
        """Plain data beside the tube's own; nothing where nobody decided anything."""
        if not self.made:
            return {}
        return {
            MADE: [one.reach for one in self.made],
            "automatic": {
                key: {"threshold": one.threshold, "source": one.source} for key, one in automatic.items()
            },
        }


def markers_by_hand(
    corrections: Iterable[Correction], sample: str, shared: Mapping[str, Any], strategy: MarkerStrategy
) -> ByHand:
    """Read the corrections that reach a tube.

    Parameters
    ----------
    shared : plain data of the batch: debris gate, border of dead cells, its name

    Raises
    ------
    StudyError : a correction holds something else than gates
    """
    made = decided(corrections, sample=sample, batch=str(shared["batch"]))
    gates = together(made).known(dye.key for dye in strategy.dyes)
    borders = {**strategy.borders, **{key: value for key, value in gates.borders.items() if key != VIABILITY}}
    return ByHand(made, gates, _strategy(strategy, gates), borders, _ground(shared, gates), shared)


def _strategy(strategy: MarkerStrategy, gates: Gates) -> MarkerStrategy:
    """Return the strategy in which CD24 low means at or below the border that a person set."""
    if not isinstance(strategy, CD44CD24) or CD24 not in gates.borders:
        return strategy
    return strategy.model_copy(update={"cd24_low": "border", "cd24_low_value": gates.borders[CD24]})


def _ground(shared: Mapping[str, Any], gates: Gates) -> Mapping[str, Any]:
    changed = dict(shared)
    if VIABILITY in gates.borders:
        changed["viability"] = {
            **shared["viability"], "border": gates.borders[VIABILITY], "source": BY_HAND,
        }  # fmt: skip
    if gates.cells is not None:
        changed[OUTLINE] = [list(corner) for corner in gates.cells]
    return changed
