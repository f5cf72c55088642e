"""Which control tube serves which stained tube: by subject, treatment, replicate and what the sheet says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from exoraw.assays.flow.controls import DEAB, DYE_ONLY, FMO, ISOTYPE, NO_EXOSOME, UNSTAINED, Batch, is_stain
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.strategies import Aldefluor, MarkerStrategy, UptakeFlow
from exoraw.assays.flow.treatments import treatment_of, untreated
from exoraw.study.view import SampleRow

CONTROL_FOR = "control_for"  # sheet column: the samples that a control tube serves, by name
PLACES = ("subject", "biological_replicate", "preparation", "plate", "time_h")
MATCH_COLUMNS = (CONTROL_FOR, *PLACES, "treatment", "dose", "dose_unit")
_LISTED = re.compile(r"\s*;\s*")
_ROLE_WORDS = re.compile(r"deab|aldefluor|aldh|baaa?|isotype|iso|test|control|ctrl|fmo", re.IGNORECASE)


Plain = Collection[frozenset[str]]  # the compounds that count as no treatment in a batch
Known = Literal["control_for", "columns", "name", "batch"]


@dataclass(frozen=True)
class Match:
    """The control tubes of one role that serve a tube.

    Parameters
    ----------
    rows : tubes of the role that fit equally well, in sheet order; empty where none fits
    differs : sheet columns in which the best of them differ from the tube ("subject", "treatment")
    known : what says that they belong to the tube: the column control_for, columns with the same words, the
        name; "batch" where nothing does but that they were recorded together
    """

    rows: tuple[SampleRow, ...] = ()
    differs: tuple[str, ...] = ()
    known: Known = "batch"


NO_MATCH = Match()


@dataclass(frozen=True)
class Served:
    """A stained tube with its controls.

    Parameters
    ----------
    tube : the stained tube
    main : isotype, DEAB or no-exosome tubes, in the strategy's order of preference; `role` names which
    fmo : per dye key, the tubes that leave this dye out
    beside : further controls by role, which show what the chosen one cannot (uptake: cells without dye)
    refused : the nearest control where only the sample's own may serve and this one is another's
    """

    tube: SampleRow
    role: str
    main: Match
    fmo: dict[str, Match]
    beside: dict[str, Match] = field(default_factory=dict)
    refused: Match = NO_MATCH

    @property
    def of_another(self) -> SampleRow | None:
        """The one DEAB tube there would be, were it not another sample's."""
        return self.refused.rows[0] if self.refused.rows else None


def served_tubes(batch: Batch, strategy: MarkerStrategy) -> tuple[Served, ...]:
    """Every stained tube of a batch with the controls that serve it."""
    gated = [dye for dye in strategy.dyes if dye.key != "viability"]
    plain = untreated(batch)
    return tuple(_served(row, batch, strategy, gated, plain) for row in batch.gated)


def control_roles(strategy: MarkerStrategy) -> tuple[str, ...]:
    """Control roles that may anchor the gate, best first."""
    if isinstance(strategy, Aldefluor):
        return (DEAB,)
    if isinstance(strategy, UptakeFlow):
        return (DYE_ONLY, NO_EXOSOME, UNSTAINED)
    return (ISOTYPE, UNSTAINED)


def is_own(strategy: MarkerStrategy) -> bool:
    """Whether only the same sample's control may anchor the gate (ALDEFLUOR with DEAB)."""
    return isinstance(strategy, Aldefluor)


def ownership_unsure(served: Served, batch: Batch, strategy: MarkerStrategy) -> bool:
    """Whether only the sample's own control will do, and nothing but the batch says that this one is it."""
    if not is_own(strategy) or not served.main.rows:
        return False
    if served.main.known == "batch":
        return len(served.main.rows) > 1 or len(batch.gated) > 1
    return len(served.main.rows) > 1 and served.main.known == "columns"


def _served(
    row: SampleRow, batch: Batch, strategy: MarkerStrategy, dyes: Sequence[Dye], plain: Plain
) -> Served:
    fmo = {
        dye.key: match
        for dye in dyes
        if (
            match := best_controls(
                row, [one for one in batch.role(FMO) if is_stain(one, dye.names)], plain=plain
            )
        ).rows
    }
    own = is_own(strategy)
    refused = NO_MATCH
    for role in control_roles(strategy):
        match = best_controls(row, batch.role(role), plain=() if own else plain)
        if own and match.differs:
            refused = match
        elif match.rows:
            return Served(row, role, match, fmo, _beside(row, batch, strategy, role, plain))
    return Served(row, "", NO_MATCH, fmo, {}, refused)


def _beside(
    row: SampleRow, batch: Batch, strategy: MarkerStrategy, used: str, plain: Plain
) -> dict[str, Match]:
    """Uptake: the other controls, because free dye is seen only where both kinds stand side by side."""
    if not isinstance(strategy, UptakeFlow):
        return {}
    others = [role for role in control_roles(strategy) if role != used]
    found = {role: best_controls(row, batch.role(role), plain=plain) for role in others}
    return {role: match for role, match in found.items() if match.rows}


def best_controls(tube: SampleRow, candidates: Iterable[SampleRow], *, plain: Plain) -> Match:
    """The candidates that fit the tube best.

    A control that names the tube in `control_for` serves it and no other. Of the rest the ones that differ
    from it in the fewest columns, then agree with it in the most; an empty cell of a control differs from
    nothing. Where that leaves several, a name that is the tube's but for the role's word decides
    ("P1 DEAB" for "P1 ALDEFLUOR").

    Parameters
    ----------
    plain : treatments that a control may have whatever the tube got: none, the vehicle's. Empty where only
        the sample's own control will do
    """
    every = list(candidates)
    named = tuple(row for row in every if tube.sample in names_in(row[CONTROL_FOR]))
    if named:
        return Match(named, known="control_for")
    free = [row for row in every if not names_in(row[CONTROL_FOR])]
    if not free:
        return NO_MATCH
    ranked = {row.sample: (len(differences(tube, row, plain)), -len(_agreements(tube, row))) for row in free}
    best = min(ranked.values())
    fitting = [row for row in free if ranked[row.sample] == best]
    of_name = [row for row in fitting if _stem(row.sample) == _stem(tube.sample)]
    chosen = tuple(of_name or fitting)
    known: Known = "columns" if best[1] else "name" if of_name else "batch"
    return Match(chosen, differences(tube, chosen[0], plain), known)


def differences(tube: SampleRow, control: SampleRow, plain: Plain) -> tuple[str, ...]:
    """Columns in which a control says something else than the tube."""
    found = [name for name in PLACES if control[name] and control[name] != tube[name]]
    if control["treatment"].strip() and not _same_treatment(tube, control, plain):
        found.append("treatment")
    return tuple(found)


def _same_treatment(tube: SampleRow, control: SampleRow, plain: Plain) -> bool:
    said, given = treatment_of(control), treatment_of(tube)
    return said.compounds in plain or (said.compounds == given.compounds and said.same_dose(given))


def _agreements(tube: SampleRow, control: SampleRow) -> tuple[str, ...]:
    found = [name for name in PLACES if control[name] and control[name] == tube[name]]
    if control["treatment"].strip() and _same_treatment(tube, control, ()):
        found.append("treatment")
    return tuple(found)


def names_in(cell: str) -> tuple[str, ...]:
    """Samples that a cell of `control_for` names; a comma may belong to a name, a semicolon never."""
    return tuple(name for name in _LISTED.split(cell.strip()) if name)


def _stem(name: str) -> str:
    return re.sub(r"[^0-9a-z]+", " ", _ROLE_WORDS.sub(" ", name).casefold()).strip()
