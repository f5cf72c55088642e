"""Which study and which results folder a command means, from what a person typed."""

from __future__ import annotations

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
    from exoraw.study.load import load_study

    results = load_study(study_file(typed)).results
    if not (results / RESULTS_MARK).is_file():
        raise StudyError(f"{results}: there are no results yet. Fill it with: exoraw run {typed}")
    return results
