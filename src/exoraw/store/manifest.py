"""exoraw.json: what a results folder says of itself, and whether this exoraw can read it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exoraw import __version__
from exoraw.io.errors import StoreError
from exoraw.store import layout
from exoraw.store.disk import write_json
from exoraw.store.schemas import SCHEMA_MAJOR, SCHEMA_MINOR


@dataclass(frozen=True)
class Manifest:
    """Content of exoraw.json.

    Parameters
    ----------
    schema_major, schema_minor : version of the tables
    exoraw : version of exoraw that wrote the folder last
    redact : sheet columns that name persons, from the study's `redact`
    """

    schema_major: int
    schema_minor: int
    exoraw: str
    redact: tuple[str, ...] = ()


def write_manifest(results: Path, redact: Sequence[str]) -> bool:
    """Write exoraw.json where it would change; return whether it did."""
    content = {
        "what": "results folder of exoraw; open it with exoraw.open(...) or read the .parquet files",
        "schema": {"major": SCHEMA_MAJOR, "minor": SCHEMA_MINOR},
        "exoraw": __version__,
        "redact": list(redact),
    }
    if _read_json(results / layout.MANIFEST) == content:
        return False
    write_json(results / layout.MANIFEST, content)
    return True


def read_manifest(results: Path) -> Manifest:
    """Read exoraw.json.

    Raises
    ------
    StoreError : the folder is none of ours, or was written in another schema major
    """
    if not results.is_dir():
        raise StoreError(f"{results}: there is no such folder. Give the folder that `exoraw run` filled.")
    path = results / layout.MANIFEST
    content = _read_json(path)
    if content is None:
        raise StoreError(
            f"{results} is not a results folder of exoraw: it has no readable {layout.MANIFEST}. Give the "
            f"folder that `exoraw run` filled{_nearby(results)}."
        )
    try:
        schema = content["schema"]
        manifest = Manifest(
            schema_major=int(schema["major"]),
            schema_minor=int(schema["minor"]),
            exoraw=str(content["exoraw"]),
            redact=tuple(map(str, content.get("redact", ()))),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path} is damaged ({error!r}); `exoraw run` writes it anew.") from error
    _check_major(results, manifest)
    return manifest


def refuse_other_major(results: Path) -> None:
    """Raise StoreError where another schema major was written here; an absent manifest is no reason.

    Neither is a damaged one: the next run writes it anew.
    """
    if _read_json(results / layout.MANIFEST) is None:
        return
    read_manifest(results)


def _check_major(results: Path, manifest: Manifest) -> None:
    if manifest.schema_major != SCHEMA_MAJOR:
        raise StoreError(
            f"{results} was written by exoraw {manifest.exoraw} with tables of version "
            f"{manifest.schema_major}; this exoraw {__version__} reads version {SCHEMA_MAJOR}. Recompute "
            "from the raw files: set `results:` in study.yaml to a new folder and call `exoraw run`."
        )


def _read_json(path: Path) -> Mapping[str, Any] | None:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _nearby(folder: Path) -> str:
    found = sorted(path.parent for path in folder.glob(f"*/{layout.MANIFEST}"))
    return f", here probably {found[0]}" if found else ""
