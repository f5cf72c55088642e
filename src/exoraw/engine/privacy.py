"""Places of this machine taken out of texts that leave it: they name people, projects and computers."""

from __future__ import annotations

import getpass
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from exoraw.assays.contract import Outcome
from exoraw.engine.tasks import Order

_SHORTEST_NAME = 3  # letters of a user name that is looked for; shorter ones stand in ordinary words
_TEXT_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "findings": ("message",),
        "artefacts": ("caption",),
        "figures": ("title", "caption"),
        "methods": ("title", "text"),
    }
)


def without_folders(text: str, order: Order) -> str:
    """Take the places of this machine out of a text.

    What lies in the raw folder or beside the study is shown relative to it, what lies in the results folder
    as "results/..."; home becomes "~", the folder for temporary files "tmp", and the user's name in any
    other absolute path "~".
    """
    if "/" not in text and "\\" not in text:
        return text
    for pattern, inside, alone in _places(order.raw, order.results, order.study):
        text = pattern.sub(partial(_shown, inside, alone), text)
    name = _user_pattern()
    return name.sub(r"\g<before>~", text) if name else text


def _shown(inside: str, alone: str, found: re.Match[str]) -> str:
    return inside if found["more"] else alone


def cleaned(outcome: Outcome, order: Order) -> Outcome:
    """Return an outcome whose texts for people hold no place of this machine."""
    if not isinstance(outcome, Outcome):
        return outcome  # said by the check of the contract
    changes: dict[str, Any] = {
        field: [_cleaned_item(item, names, order) for item in getattr(outcome, field)]
        for field, names in _TEXT_FIELDS.items()
        if getattr(outcome, field)
    }
    return replace(outcome, **changes) if changes else outcome


def _cleaned_item(item: Any, names: tuple[str, ...], order: Order) -> Any:
    texts = {name: getattr(item, name, None) for name in names}
    changed = {
        name: clean
        for name, text in texts.items()
        if isinstance(text, str) and (clean := without_folders(text, order)) != text
    }
    return replace(item, **changed) if changed else item


@cache
def _places(raw: str, results: str, study: str) -> tuple[tuple[re.Pattern[str], str, str], ...]:
    """Return (what to find, what it becomes before something inside it, and alone), deepest folder first."""
    known = [
        (raw, "", "raw"),
        (results, "results/", "results"),
        (study, "", "the folder of the study"),
        (tempfile.gettempdir(), "tmp/", "tmp"),
        *((str(home), "~/", "~") for home in _home()),
    ]
    found: dict[str, tuple[str, str]] = {}
    for folder, inside, alone in known:
        for spelled in _spellings(folder):
            found.setdefault(spelled, (inside, alone))
    deepest_first = sorted(found, key=len, reverse=True)
    return tuple((_pattern(folder), *found[folder]) for folder in deepest_first)


def _home() -> tuple[Path, ...]:
    try:
        return (Path.home(),)
    except RuntimeError:  # an account without one
        return ()


def _spellings(folder: str) -> set[str]:
    """Return how a folder may stand in a text: as called, resolved, with either slash, as Python's repr."""
    if not folder or len(Path(folder).parts) < 2:
        return set()
    plain = {folder.rstrip("/\\"), str(Path(folder).resolve())}
    slashed = plain | {text.replace("\\", "/") for text in plain}
    return slashed | {text.replace("\\", "\\\\") for text in slashed}


def _pattern(folder: str) -> re.Pattern[str]:
    """Match a folder, not one whose name only begins or ends like it."""
    return re.compile(
        rf"(?<![\w.~-]){re.escape(folder)}(?:(?P<more>[/\\]{{1,2}}(?=[^\s/\\]))|(?![\w-])[/\\]*)"
    )


@cache
def _user_pattern() -> re.Pattern[str] | None:
    """Match the user's name as one folder of an absolute path."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name
        return None
    if len(name) < _SHORTEST_NAME:
        return None
    inside = r"[^/\\\s:\"'<>|]"
    return re.compile(
        rf"(?P<before>(?<![\w.~/\\-])(?:[A-Za-z]:)?[/\\]{{1,2}}(?:{inside}+[/\\]{{1,2}})*){re.escape(name)}(?![\w-])"
    )
