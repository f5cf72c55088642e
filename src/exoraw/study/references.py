"""Reference files that an analysis compares with: miRNA databases, standard curves. Only read, and hashed."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from exoraw.io.errors import StudyError
from exoraw.study.model import ReferenceEntry
from exoraw.study.view import Reference
from exoraw.study.words import did_you_mean, shown


def read_reference(entry: ReferenceEntry, folder: Path, raw: Path) -> Reference:
    """Find a reference file and take its digest.

    Parameters
    ----------
    entry : as typed in study.yaml
    folder : folder of study.yaml
    raw : the raw folder, in which no reference may lie

    Raises
    ------
    StudyError : it does not exist, lies in the raw folder or cannot be read
    """
    path = (folder / Path(entry.file.replace("\\", "/")).expanduser()).resolve()
    if not path.is_file():
        siblings = [item.name for item in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = did_you_mean(path.name, siblings)
        raise StudyError(f"the file {shown(entry.file)} does not exist beside study.yaml.{hint}")
    if path.is_relative_to(raw):
        raise StudyError(
            f"the file {shown(entry.file)} lies inside the raw folder, which is for what instruments wrote; "
            "keep it beside study.yaml"
        )
    try:
        stat = path.stat()
        sha256 = _digest(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise StudyError(f"the file {shown(entry.file)} cannot be read: {error.strerror}") from error
    return Reference(entry.name, path, entry.version, sha256, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _digest(path: Path, _size: int, _mtime_ns: int) -> str:
    """Return the sha256 of a file; a file of this size and time is read once a process."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
