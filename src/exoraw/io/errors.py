"""The errors that a user of exoraw may meet, each with the file, the place, what was found and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class ExorawError(Exception):
    """Anything exoraw says on purpose; its text is written for the lab, not for the programmer."""


@dataclass
class FormatError(ExorawError):
    """A raw file that cannot be read as what it claims to be.

    Parameters
    ----------
    file : the file as the user knows it
    position : byte offset in the file, or None where the whole file is meant
    expected, found : in the words of the format ("12 ASCII digits", "'9999999x'")
    advice : what the user can do about it
    """

    file: Path
    position: int | None
    expected: str
    found: str
    advice: str = ""

    def __str__(self) -> str:
        place = "" if self.position is None else f" at byte {self.position:,}"
        tail = f" {self.advice}" if self.advice else ""
        return f"{self.file}{place}: expected {self.expected}, found {self.found}.{tail}"

    def __reduce__(self) -> tuple[type[FormatError], tuple[object, ...]]:
        fields = (self.file, self.position, self.expected, self.found, self.advice)
        return type(self), fields


class StudyError(ExorawError):
    """The study file, the sample sheet or the settings cannot be used; nothing was run."""


class StoreError(ExorawError):
    """The results folder cannot be used: locked, of another schema major, full or damaged."""


class UnknownNameError(ExorawError):
    """A person asked for a sample, file or number that the results do not hold, or that fits several."""
