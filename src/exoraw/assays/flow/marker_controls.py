"""Which control tube serves which stained tube: by subject, treatment, replicate and what the sheet says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exoraw.assays.flow.controls import DEAB, DYE_ONLY, FMO, ISOTYPE, NO_EXOSOME, UNSTAINED, Batch, is_stain
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.strategies import Aldefluor, MarkerStrategy, UptakeFlow
from exoraw.assays.flow.treatments import treatment_of
from exoraw.study.view import SampleRow

CONTROL_FOR = "control_for"  # sheet column: the samples that a control tube serves, by name
PLACES = ("subject", "biological_replicate", "preparation", "plate", "time_h")
MATCH_COLUMNS = (CONTROL_FOR, *PLACES, "treatment", "dose", "dose_unit")
_LISTED = re.compile(r"\s*[;,]\s*")
_ROLE_WORDS = re.compile(r"deab|aldefluor|aldh|baaa?|isotype|iso|test|control|ctrl|fmo", re.IGNORECASE)


@dataclass(frozen=True)
class Match:
    """The control tubes of one role that serve a tube.

    Parameters
    ----------
    rows : tubes of the role that fit equally well, in sheet order; empty where none fits
    differs : sheet columns in which the best of them differ from the tube ("subject", "treatment")
    """

    rows: tuple[SampleRow, ...] = ()
    differs: tuple[str, ...] = ()


NO_MATCH = Match()


@dataclass(frozen=True)
class Served:
    """A stained tube with its controls.

    Parameters
    ----------
    tube : the stained tube
    main : isotype, DEAB or no-exosome tubes, in the strategy's order of preference; `role` names which
    fmo : per dye key, the tubes that leave this dye out
    """

    tube: SampleRow
    role: str
    main: Match
    fmo: dict[str, Match]

    @property
    def samples(self) -> tuple[str, ...]:
        """Names of all controls, in order: tubes with equal ones share their gates."""
        rows = [*self.main.rows, *(row for match in self.fmo.values() for row in match.rows)]
        return tuple(dict.fromkeys(row.sample for row in rows))


def served_tubes(batch: Batch, strategy: MarkerStrategy) -> tuple[Served, ...]:
    """Every stained tube of a batch with the controls that serve it."""
    gated = [dye for dye in strategy.dyes if dye.key != "viability"]
    return tuple(_served(row, batch, strategy, gated) for row in batch.gated)


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


def _served(row: SampleRow, batch: Batch, strategy: MarkerStrategy, dyes: Sequence[Dye]) -> Served:
    fmo = {
        dye.key: match
        for dye in dyes
        if (match := best_controls(row, [one for one in batch.role(FMO) if is_stain(one, dye.names)])).rows
    }
    for role in control_roles(strategy):
        match = best_controls(row, batch.role(role))
        if is_own(strategy) and match.differs:
            match = NO_MATCH
        if match.rows:
            return Served(row, role, match, fmo)
    return Served(row, "", NO_MATCH, fmo)


def best_controls(tube: SampleRow, candidates: Iterable[SampleRow]) -> Match:
    """The candidates that fit the tube best.

    A control that names the tube in `control_for` serves it and no other. Of the rest the ones that differ
    from it in the fewest columns, then agree with it in the most; an empty cell of a control differs from
    nothing. Where that leaves several, a name that is the tube's but for the role's word decides
    ("P1 DEAB" for "P1 ALDEFLUOR").
    """
    every = list(candidates)
    named = tuple(row for row in every if tube.sample in _listed(row[CONTROL_FOR]))
    if named:
        return Match(named)
    free = [row for row in every if not _listed(row[CONTROL_FOR])]
    if not free:
        return NO_MATCH
    ranked = {row.sample: (len(differences(tube, row)), -len(_agreements(tube, row))) for row in free}
    best = min(ranked.values())
    fitting = [row for row in free if ranked[row.sample] == best]
    of_name = [row for row in fitting if _stem(row.sample) == _stem(tube.sample)]
    chosen = tuple(of_name or fitting)
    return Match(chosen, differences(tube, chosen[0]))


def differences(tube: SampleRow, control: SampleRow) -> tuple[str, ...]:
    """Columns in which a control says something else than the tube."""
    found = [name for name in PLACES if control[name] and control[name] != tube[name]]
    said = treatment_of(control)
    if said.doses and said != treatment_of(tube):
        found.append("treatment")
    return tuple(found)


def _agreements(tube: SampleRow, control: SampleRow) -> tuple[str, ...]:
    found = [name for name in PLACES if control[name] and control[name] == tube[name]]
    said = treatment_of(control)
    if said.doses and said == treatment_of(tube):
        found.append("treatment")
    return tuple(found)


def _listed(cell: str) -> tuple[str, ...]:
    return tuple(name for name in _LISTED.split(cell.strip()) if name)


def _stem(name: str) -> str:
    return re.sub(r"[^0-9a-z]+", " ", _ROLE_WORDS.sub(" ", name).casefold()).strip()
