"""Which versions computed a number: recorded with every task, never part of its identity."""

from __future__ import annotations

import json
import platform
import re
from functools import cache
from importlib import metadata

import exoraw
from exoraw.assays.registry import ENTRY_POINT_GROUP

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@cache
def dependency_versions() -> str:
    """Return package -> version as JSON: Python, exoraw and everything exoraw asks for that is installed."""
    found = {"python": platform.python_version(), "exoraw": exoraw.__version__}
    for name in sorted(_asked_for()):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # an extra that is not installed
    return json.dumps(found)


@cache
def versions_for(assay: str) -> str:
    """Return the same, with the version of the plug-in that brings the assay."""
    found = json.loads(dependency_versions())
    for point in metadata.entry_points(group=ENTRY_POINT_GROUP, name=assay):
        if point.dist is not None:
            found[point.dist.name] = point.dist.version
    return json.dumps(found)


def _asked_for() -> set[str]:
    try:
        required = metadata.requires("exoraw") or []
    except metadata.PackageNotFoundError:  # run from a source folder that was never installed
        required = []
    names = {match.group().lower() for line in required if (match := _NAME.match(line))}
    return names - {"exoraw"}
