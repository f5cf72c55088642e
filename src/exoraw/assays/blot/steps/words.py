"""Numbers and lists as a sentence has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def distinct(values: Iterable[str]) -> list[str]:
    """Return every word once, in order, without empty ones."""
    return [value for value in dict.fromkeys(values) if value]


def joined(parts: Sequence[str]) -> str:
    """Return words as in a sentence: a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def plural(count: int, word: str) -> str:
    """Return a count with its word: "1 picture", "3 pictures"."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
