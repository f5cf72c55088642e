"""The ground of every model that a person types: frozen, no unknown key, words as they were typed."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, WithJsonSchema

# An editor that checks against the JSON Schema must accept 007 or NO as a word; loading keeps its spelling.
Word = Annotated[str, WithJsonSchema({"type": ["string", "number", "boolean"]})]
Words = tuple[Word, ...]


class Strict(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def words_of(cell: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return one word or several as several."""
    return (cell,) if isinstance(cell, str) else cell
