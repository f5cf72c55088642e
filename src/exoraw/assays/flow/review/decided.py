"""What a person decided about gates: borders of dyes and the outline of the cells, for one tube or many.

A correction of the kind "gate" holds linear numbers on the compensated scale, so that another axis of the
plots changes nothing. What is nearest to the tube counts: tube, then batch, then strategy; each gate by
itself, so a border of the batch and an outline of one tube go together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from exoraw.assays.contract import Params
from exoraw.assays.flow.arrays import FloatArray
from exoraw.io.errors import StudyError
from exoraw.study.view import Correction

KIND = "gate"  # of the corrections of this page
STRATEGY = "strategy"  # target: every batch of the analysis
LARGEST_SIGNAL = 1e12  # linear; no detector comes near, and what lies beyond is a slip
MOST_CORNERS = 100
CELLS = "cells"  # the population that an outline on forward and side scatter makes

Reach = Literal["sample", "batch", "strategy"]
REACHES: Mapping[Reach, str] = {
    "sample": "this tube",
    "batch": "the batch",
    "strategy": "all batches",
}

Signal = Annotated[float, Field(ge=-LARGEST_SIGNAL, le=LARGEST_SIGNAL, allow_inf_nan=False)]
Corner = tuple[Signal, Signal]


class Gates(Params):
    """The gates of a correction; one that is left out stays automatic.

    Parameters
    ----------
    borders : dye (its key in the strategy: "annexin") -> border, linear and compensated
    cells : corners of the outline of the cells on forward and side scatter (area), linear
    """

    borders: dict[str, Signal] = Field(default_factory=dict)
    cells: Annotated[tuple[Corner, ...], Field(min_length=3, max_length=MOST_CORNERS)] | None = None

    @property
    def outline(self) -> FloatArray | None:
        """(k, 2) corners of the cells; None where they are gated automatically."""
        return None if self.cells is None else np.array(self.cells)

    def over(self, before: Gates) -> Gates:
        """Return these gates, and those of `before` for what they leave out."""
        cells = before.cells if self.cells is None else self.cells
        return Gates(borders={**before.borders, **self.borders}, cells=cells)

    def known(self, dyes: Iterable[str]) -> Gates:
        """Return the gates without the borders of dyes that the strategy does not have."""
        kept = set(dyes)
        return Gates(
            borders={dye: border for dye, border in self.borders.items() if dye in kept}, cells=self.cells
        )


NO_GATES = Gates()


@dataclass(frozen=True)
class Decided:
    """A correction that reaches a tube, read."""

    correction: Correction
    reach: Reach
    gates: Gates

    @property
    def signed(self) -> str:
        """Who, when and why, for a sentence."""
        one = self.correction
        return f"{one.who}, {one.when[:10]}: {one.why}"


def target_of(reach: Reach, *, sample: str, batch: str) -> str:
    """Return what a correction is about, as its file names it: "sample:DOX 1", "batch:day1", "strategy"."""
    named = {"sample": f"sample:{sample}", "batch": f"batch:{batch}", "strategy": STRATEGY}
    return named[reach]


def read_gates(value: Mapping[str, object]) -> Gates:
    """Read the value of a correction. Raises StudyError with what was found and what was expected."""
    try:
        return Gates.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the gates"
        unknown = first["type"] == "extra_forbidden"
        wrong = "expected borders (dye: number) and cells (corners)" if unknown else first["msg"]
        raise StudyError(f"{place}: {wrong}; found {str(first['input'])[:60]!r}.") from error


def corrections_for(
    corrections: Iterable[Correction], *, sample: str | None, batch: str
) -> Iterator[tuple[Reach, Correction]]:
    """Yield the corrections of gates that reach a batch, or a tube in it; the farther ones first.

    Parameters
    ----------
    sample : name of the tube; None for what the batch as a whole takes
    batch : name of the batch
    """
    found = {one.target: one for one in corrections if one.kind == KIND}
    reaches: tuple[Reach, ...] = ("strategy", "batch") if sample is None else ("strategy", "batch", "sample")
    for reach in reaches:
        target = target_of(reach, sample=sample or "", batch=batch)
        if target in found:
            yield reach, found[target]


def decided(corrections: Iterable[Correction], *, sample: str | None, batch: str) -> tuple[Decided, ...]:
    """Return what reaches a batch or a tube, read. Raises StudyError where a file holds something else."""
    made = []
    for reach, one in corrections_for(corrections, sample=sample, batch=batch):
        try:
            made.append(Decided(one, reach, read_gates(one.value)))
        except StudyError as error:
            raise StudyError(f"{one.path}: {error} Correct the file or remove it.") from error
    return tuple(made)


def together(made: Iterable[Decided]) -> Gates:
    """Return all gates that are decided, the nearer in the place of the farther."""
    gates = NO_GATES
    for one in made:
        gates = one.gates.over(gates)
    return gates
