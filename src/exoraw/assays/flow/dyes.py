"""A dye of a strategy: what it is called, and the names by which a file's channel answers to it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from exoraw.assays.contract import Params


def _as_names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_as_names),
    Field(min_length=1, description="channel ($PnN) or marker ($PnS) names, the first that answers is taken"),
]


class Dye(Params):
    """One stained channel that a strategy looks at.

    Parameters
    ----------
    key : short and unique in the strategy ("annexin", "cd44"); columns of tables are named by it
    title : on plots and in messages
    names : channel or marker names, the first that answers is taken
    setting : where a person writes another name
    detectors : those of `names` that only say what a detector can see, and `seen`, the dye seen there
    absent : what to do where a panel has no such dye, a sentence for the message; "" where it must have one
    """

    key: str
    title: str
    names: Names
    setting: str
    detectors: tuple[str, ...] = ()
    seen: str = ""
    absent: str = ""

    @property
    def target(self) -> str:
        """Name in the table, whatever the instruments call the channel."""
        return self.names[0]
