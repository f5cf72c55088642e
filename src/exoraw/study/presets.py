"""Presets: ready-made settings of an assay, found by name among the shipped ones or by path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

import exoraw
from exoraw.io.errors import StudyError
from exoraw.study.strict import Strict, Word
from exoraw.study.tree import Node, empty_mapping, read_tree
from exoraw.study.validation import validated
from exoraw.study.words import did_you_mean, listed, shown

SUFFIXES = (".yaml", ".yml")


class PresetFile(Strict):
    """What may stand in a preset file."""

    exoraw: Literal[1] = Field(1, description="Version of this file's form.")
    preset: Word = Field("", description="Its name; the file's name where left out.")
    title: Word = Field(min_length=1, description="What it does, in a line.")
    assay: str = Field(min_length=1, description="Assay that the settings belong to.")
    description: str = Field("", description="When to use it, and what it assumes.")
    signs: list[Word] = Field(
        default_factory=list,
        description="Words in file names and labels that speak for it when `init` drafts a study.",
    )
    usual: bool = Field(False, description="Whether `init` takes it where no word speaks for any preset.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of the assay.")


@dataclass(frozen=True)
class Preset:
    """A preset as read.

    Parameters
    ----------
    name : as the file says, or its name without suffix
    title, description : in words
    assay : name of the assay
    settings : as typed, unchecked: only the assay knows them
    source : file it was read from
    signs, usual : words in file names and labels that speak for it; whether it is the one without any
    tree : the settings with their lines, for messages
    """

    name: str
    title: str
    assay: str
    settings: Mapping[str, Any]
    source: Path
    tree: Node
    description: str = ""
    signs: tuple[str, ...] = ()
    usual: bool = False


def shipped_folders() -> tuple[Path, ...]:
    """Return the folders of shipped presets: in the installed package, or in a checkout."""
    package = Path(exoraw.__file__).resolve().parent
    checkout = package.parents[1]
    candidates = [package / "presets"]
    if (checkout / "pyproject.toml").is_file():
        candidates.append(checkout / "pipelines")
    return tuple(folder for folder in candidates if folder.is_dir())


@cache
def _shipped_files() -> dict[str, Path]:
    files: dict[str, Path] = {}
    for folder in shipped_folders():
        for path in sorted(folder.iterdir()):
            if path.suffix in SUFFIXES and path.is_file():
                files.setdefault(path.stem, path)
    return files


def presets() -> tuple[Preset, ...]:
    """Return every shipped preset, by name."""
    return tuple(_read(path) for _, path in sorted(_shipped_files().items()))


def preset_names() -> tuple[str, ...]:
    """Return the names of the shipped presets, without reading them."""
    return tuple(sorted(_shipped_files()))


def preset(name_or_path: str, folder: Path | None = None) -> Preset:
    """Find a preset.

    Parameters
    ----------
    name_or_path : name of a shipped preset, or a path that ends in .yaml
    folder : folder that a relative path starts from; the current one where None

    Returns
    -------
    Preset

    Raises
    ------
    StudyError
        Unknown name (with the nearest known one), a missing file, or a file that is no preset.
    """
    shipped = _shipped_files()
    if name_or_path in shipped:
        return _read(shipped[name_or_path])
    if not name_or_path.endswith(SUFFIXES):
        hint = did_you_mean(name_or_path, shipped)
        known = f"Shipped presets: {listed(shipped)}; or give the path of a .yaml file."
        raise StudyError(f"There is no preset {shown(name_or_path)}.{hint} {known}")
    path = (folder or Path()) / name_or_path.replace("\\", "/")
    if not path.is_file():
        raise StudyError(f"The preset file {path} does not exist.")
    return _read(path)


def _read(path: Path) -> Preset:
    try:
        tree = read_tree(path)
    except OSError as error:
        raise StudyError(f"The preset file {path} cannot be read: {error.strerror or error}.") from error
    checked = validated(PresetFile, tree)
    settings = tree.child("settings") or empty_mapping(path.name)
    return Preset(
        checked.preset or path.stem,
        checked.title,
        checked.assay,
        checked.settings,
        path,
        settings,
        checked.description,
        tuple(checked.signs),
        checked.usual,
    )
