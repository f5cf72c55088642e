"""The assays by name, none of them imported until it is used; one line each."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from exoraw.io.errors import StudyError

if TYPE_CHECKING:
    from exoraw.assays.contract import Assay, Format, Probe

ENTRY_POINT_GROUP = "exoraw.assays"  # name = the assay, value = its package


@dataclass(frozen=True)
class Registered:
    """An assay by name; its package holds `formats.py` (FORMATS) and `assay.py` (ASSAY)."""

    name: str
    package: str


BUILT_IN = (
    Registered("flow", "exoraw.assays.flow"),
    Registered("blot", "exoraw.assays.blot"),
)


@cache
def registered() -> dict[str, Registered]:
    """Return the built-in assays and those of installed plug-ins; a plug-in never shadows ours."""
    found = {item.name: item for item in BUILT_IN}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        found.setdefault(point.name, Registered(point.name, point.value))
    return found


def load(name: str) -> Assay:
    """Import one assay. Raises StudyError with the known names where it is unknown."""
    known = registered()
    if name not in known:
        raise StudyError(f'There is no assay "{name}". Known: {", ".join(sorted(known))}.')
    assay: Assay = importlib.import_module(f"{known[name].package}.assay").ASSAY
    return assay


@cache
def formats() -> tuple[tuple[str, Format], ...]:
    """Return (assay name, format) of every registered assay, without importing its maths."""
    return tuple(
        (item.name, declared)
        for item in registered().values()
        for declared in importlib.import_module(f"{item.package}.formats").FORMATS
    )


def probe_of(declared: Format) -> Probe:
    """Import the function that reads this format's header."""
    module, _, function = declared.probe.partition(":")
    probe: Probe = getattr(importlib.import_module(module), function)
    return probe
