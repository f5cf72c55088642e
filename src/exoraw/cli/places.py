"""Which study and which results folder a command means, from what a person typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from exoraw.io.errors import StudyError

STUDY_FILE = "study.yaml"
RESULTS_MARK = "exoraw.json"


def study_file(typed: Path) -> Path:
    """Return the study file for a path to it or to its folder. Raises StudyError where there is none."""
    place = typed / STUDY_FILE if typed.is_dir() else typed
    if not place.is_file():
        raise StudyError(
            f"{place}: there is no study file here. Make one with: exoraw init FOLDER_OF_RAW_FILES, "
            "or name it: exoraw run path/to/study.yaml."
        )
    return place


def results_folder(typed: Path) -> Path:
    """Return the results folder for a path to it, to a study file or to a study's folder.

    Raises StudyError where there are no results yet.
    """
    if (typed / RESULTS_MARK).is_file():
        return typed
    if not typed.exists() or (typed.is_dir() and not (typed / STUDY_FILE).is_file()):
        raise StudyError(
            f"{typed}: there is neither a study nor a results folder here. Give study.yaml, its folder, or "
            "the folder that exoraw run filled."
        )
    from exoraw.study.load import load_study

    results = load_study(study_file(typed)).results
    if not (results / RESULTS_MARK).is_file():
        raise StudyError(f"{results}: there are no results yet. Fill it with: exoraw run {typed}")
    return results


def outside_raw(target: Path, typed: Path) -> Path:
    """Return a place to write to. Raises StudyError where it lies in the raw folder of the study.

    Parameters
    ----------
    target : file or folder that a person asked for
    typed : the study or results folder that the command is about; of a results folder the study is looked
        for in the folders above it
    """
    from exoraw.study.load import raw_folder

    study = next((found for found in _studies_near(typed)), None)
    raw = raw_folder(study) if study is not None else None
    if raw is not None and target.resolve().is_relative_to(raw):
        raise StudyError(
            f"{target} lies inside the raw folder {raw}, which is only read. Name a place outside it."
        )
    return target


def _studies_near(typed: Path) -> Iterator[Path]:
    """Yield the study files of a path and of the two folders above it (results, frozen view)."""
    start = typed.resolve()
    if start.is_file():
        yield start
    for folder in (start, *start.parents[:3]):
        if (folder / STUDY_FILE).is_file():
            yield folder / STUDY_FILE
