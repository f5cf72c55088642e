"""What every entry of `compare:` says, whatever is asked: its name, its rows, what one n is, its stars."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from exoraw.study.strict import Strict, Word, Words, words_of

Adjustment = Literal["holm", "benjamini-hochberg", "bonferroni", "none"]


class StarsEntry(Strict):
    """Which p earns how many stars."""

    limits: tuple[float, ...] = Field((0.05, 0.01, 0.001), description="Falling limits, one star more each.")
    or_equal: bool = Field(False, description="Whether p equal to a limit earns its star (<= instead of <).")
    none: str = Field("", description='What stands where no limit is passed: nothing, or "ns".')

    @model_validator(mode="after")
    def _falling(self) -> Self:
        falling = all(wide > narrow for wide, narrow in pairwise(self.limits))
        if not self.limits or not falling or not all(0 < limit < 1 for limit in self.limits):
            raise ValueError("the limits must fall and lie between 0 and 1, as in [0.05, 0.01, 0.001]")
        return self


class ReferenceLevel(Strict):
    """A group that the others are compared with, and the symbol of its comparisons."""

    level: Word = Field(description="Word of the factor's column.")
    symbol: str = Field("*", min_length=1, description='Symbol in the figure: "*", or "#" for a second one.')


class Asked(Strict):
    """What every comparison says: its name, the rows it is about, and what one n is."""

    COLUMN_KEYS: ClassVar[tuple[str, ...]] = ()  # keys whose words are columns of the sheet

    name: Word = Field("", description="Name in tables and report; measure and factor where left out.")
    pipeline: Word = Field("", description="Analysis it is about; left out where there is only one.")
    unit: Word | Words = Field(
        description="Column or columns that name one independent repeat (biological_replicate, subject). "
        "Everything measured on one unit is averaged before a test; nothing is assumed."
    )
    where: dict[str, Word | Words] = Field(
        default_factory=dict, description="Rows that count: column -> word or words ({cell_line: MCF-7})."
    )
    stars: StarsEntry = Field(default_factory=StarsEntry, description="Star map of the journal or paper.")
    least_n: int = Field(
        3, ge=2, description="Units a group needs for a test; 2 asks for one that a reviewer will doubt."
    )
    exclusions: Literal["applied", "ignored", "both"] = Field(
        "applied", description="Whether excluded samples are left out, kept, or both are shown side by side."
    )

    @property
    def title(self) -> str:
        """Name as it stands in tables and report."""
        return self.name or " ".join(filter(None, self.named_after))

    @property
    def named_after(self) -> tuple[str, ...]:
        """Words of the title where the entry has no name of its own."""
        return (self.name,)

    @property
    def key(self) -> str:
        """Name as it stands in the key of its task: no "/", one spelling of every letter."""
        return unicodedata.normalize("NFC", self.title.replace("/", " per ")).strip()

    @property
    def numbers(self) -> tuple[tuple[str, str, str], ...]:
        """Measure, entity and target of every number that is compared."""
        return ()

    @property
    def grouping(self) -> str:
        """The sheet column that makes the groups; "" where none does."""
        return ""

    @property
    def named_levels(self) -> Words:
        """Levels of `grouping` that the entry names beside its `levels`."""
        return ()

    @property
    def chosen_levels(self) -> Words:
        """Levels of `grouping` that are compared; () = all that the sheet has."""
        return ()

    @property
    def named_columns(self) -> tuple[tuple[str, Words], ...]:
        """Every key that names columns of the sheet, with its columns."""
        own = tuple((key, tuple(filter(None, words_of(getattr(self, key))))) for key in self.COLUMN_KEYS)
        return (*own, ("unit", words_of(self.unit)), ("where", tuple(self.where)))

    def with_columns(self, meant: Callable[[str], str]) -> Self:
        """Return the same entry with every column called as the sheet calls it."""
        changed: dict[str, Any] = {"where": {meant(name): cell for name, cell in self.where.items()}}
        for key in (*self.COLUMN_KEYS, "unit"):
            cell = getattr(self, key)
            changed[key] = meant(cell) if isinstance(cell, str) else tuple(map(meant, cell))
        return self.model_copy(update=changed)
