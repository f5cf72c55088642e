"""How the steps take what a person decided: borders in the place of those found, marked and signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from exoraw.assays.contract import Finding, FindingKind, Measurement
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.review.decided import REACHES, Decided, Gates, decided, together
from exoraw.study.view import Correction

BY_HAND = "corrected by hand"  # source of such a border
CORRECTED, UNUSED = "gate_corrected", "gate_correction_unused"
BESIDE = ("automatic", "found_on")  # what stays on record of a border that was found
NOT_GATED = frozenset(  # what no outline of the cells decides
    (
        "events",
        "share_without_cleaning",
        "population:all events",
        "population:in range",
        "population:steadily recorded",
    )
)
ROLE = "correction"  # of the inputs
VIABILITY = "viability"  # key of a panel's dead-cell dye
BEFORE_DEATH = frozenset(("population:cells", "population:single cells"))  # counted before dead cells go
MADE = "by_hand"  # in the data of a batch and of a tube

CORRECTION_KINDS = (
    FindingKind(
        CORRECTED,
        "A person set this gate on the review page; who, when and why stand in the message.",
        "Nothing to do; exoraw review shows the gate and can take the correction back.",
    ),
    FindingKind(
        UNUSED,
        "A gate that a person set cannot be used here; the automatic one counts.",
        "Look at the tube in `exoraw review` and set the gate again, or take the correction back.",
    ),
)


def by_hand(pair: Mapping[str, Mapping[str, Any]], gates: Gates) -> dict[str, dict[str, Any]]:
    """Return a pair of borders (plain data, by dye) with those of a person in their place.

    What was found stays beside: `automatic` and `found_on`. The interval of the border found says nothing
    of the one that was set.
    """
    changed = {dye: dict(axis) for dye, axis in pair.items()}
    for dye, border in gates.borders.items():
        if dye in changed:
            axis = changed[dye]
            axis.setdefault("automatic", axis["threshold"])
            axis.setdefault("found_on", axis["source"])
            axis |= {
                "threshold": border,
                "source": BY_HAND,
                "n": 0,
                "ci_low": None,
                "ci_high": None,
                "shift": 0.0,
            }
    return changed


def batch_by_hand(data: Mapping[str, Any], made: Sequence[Decided]) -> dict[str, Any]:
    """Return what changes in the plain data of a batch's borders, with who decided it for its tubes.

    Nothing where nobody decided anything.
    """
    if not made:
        return {}
    gates = together(made)
    matched = {name: by_hand(pair, gates) for name, pair in data["matched"].items()}
    return {"general": by_hand(data["general"], gates), "matched": matched, MADE: recorded(made)}


def recorded(made: Iterable[Decided]) -> list[dict[str, Any]]:
    """Return corrections as plain data, for the units of a batch's tubes."""
    return [{**vars(one.correction), "value": dict(one.correction.value), "reach": one.reach} for one in made]


def read_back(data: Iterable[Mapping[str, Any]]) -> tuple[Decided, ...]:
    """Return what `recorded` wrote."""
    found = []
    for item in data:
        fields = {name: value for name, value in item.items() if name != "reach"}
        correction = Correction(**fields)
        found.append(Decided(correction, item["reach"], Gates.model_validate(correction.value)))
    return tuple(found)


def in_force(
    batch: Mapping[str, Any], own: Iterable[Correction], sample: str, dyes: Sequence[Dye]
) -> InForce:
    """Return what is decided for a tube.

    Parameters
    ----------
    batch : plain data of the batch's gates, in which `batch_by_hand` left the batch's corrections
    own : corrections of the tube itself
    """
    made = (*read_back(batch.get(MADE, ())), *decided(own, sample=sample, batch=batch["batch"]))
    return InForce(made, together(made).known(dye.key for dye in dyes))


def hand_words(tubes: Sequence[Mapping[str, Any]]) -> str:
    """Say for the methods text how many tubes have a person's gates; "" where none has.

    Parameters
    ----------
    tubes : plain data of the gated tubes
    """
    reaches = [tuple(dict.fromkeys(tube[MADE])) for tube in tubes if tube.get(MADE)]
    if not reaches:
        return ""
    counts = {words: sum(reach in found for found in reaches) for reach, words in REACHES.items()}
    parts = ", ".join(f"for {words}: {count}" for words, count in counts.items() if count)
    return (
        f"In {len(reaches)} of {len(tubes)} tubes a gate was set by a person who looked at the plot "
        f"({parts}). Their numbers are marked as curated; who, when, why and the automatic gate stand with "
        "each tube."
    )


@dataclass(frozen=True)
class InForce:
    """What is decided for a tube, of the batch's and its own.

    Parameters
    ----------
    made : farther ones first
    gates : all of them together, without dyes that the strategy does not have
    """

    made: tuple[Decided, ...]
    gates: Gates

    @property
    def facts(self) -> dict[str, Any]:
        """What the methods text says of it; nothing where nobody decided anything."""
        return {MADE: [one.reach for one in self.made]} if self.made else {}

    def findings(self, dyes: Sequence[Dye], found: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
        """Say who set which gate, when and why, and which part of a correction fits nothing here.

        Parameters
        ----------
        found : dye -> border as plain data; `automatic` and `found_on` are told where they stand there
        """
        titles = {dye.key: dye.title for dye in dyes}
        for one in self.made:
            unknown = sorted(set(one.gates.borders) - set(titles))
            if unknown:
                yield Finding(
                    UNUSED,
                    "warning",
                    f"{one.correction.path} sets a border of {', '.join(unknown)}, which this analysis does "
                    f"not have (it has {', '.join(titles)}). That border was not used.",
                )
            parts = [
                _border_words(titles[dye], dye, border, found)
                for dye, border in one.gates.borders.items()
                if dye in titles and self.gates.borders.get(dye) == border
            ]
            if one.gates.cells is not None and self.gates.cells == one.gates.cells:
                parts.append(f"the cells were outlined with {len(one.gates.cells)} corners")
            if parts:
                message = f"By hand, for {REACHES[one.reach]}: {'; '.join(parts)}. {one.signed}."
                yield Finding(CORRECTED, "info", message)


def _border_words(title: str, dye: str, border: float, found: Mapping[str, Mapping[str, Any]]) -> str:
    axis = found.get(dye, {})
    automatic, source = axis.get("automatic"), axis.get("found_on")
    instead = "" if automatic is None else f" instead of {automatic:,.0f} ({source})"
    return f"the {title} border is {border:,.0f}{instead}"


def marked(
    numbers: Iterable[Measurement],
    gates: Gates,
    of_gates: frozenset[str],
    alone: frozenset[str] = frozenset(),
) -> Iterator[Measurement]:
    """Mark the numbers that a person's gates went into as curated.

    Parameters
    ----------
    of_gates : measures and entities that a border decides; an outline of the cells decides all that is
        counted in them
    alone : entities that hang on a border of their own, which nobody set
    """
    for one in numbers:
        decided_here = one.entity not in alone and (one.measure in of_gates or one.entity in of_gates)
        by_border = bool(gates.borders) and decided_here
        counted_in_gates = not NOT_GATED & {one.measure, one.entity}
        by_outline = gates.cells is not None and counted_in_gates
        by_death = VIABILITY in gates.borders and counted_in_gates and one.entity not in BEFORE_DEATH
        yield replace(one, curated=True) if by_border or by_outline or by_death else one
