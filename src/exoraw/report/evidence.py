"""The pictures behind the numbers: embedded while they fit, linked with a note beyond, never dropped."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from exoraw.report import groups
from exoraw.report.pipeline import Pipeline
from exoraw.report.tables import SEVERITIES

EMBEDDED_BYTES = 1_350_000  # of pictures as stored; base64 adds a third, so a report stays below 3 MB
LARGEST_PICTURE = 1_500_000  # a larger one is linked
MOST_LINKS = 400

_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


@dataclass(frozen=True)
class Picture:
    """One picture or file of evidence.

    Parameters
    ----------
    source : data: URL, "" where it is not embedded
    link : relative path from the report to the file, "" where it cannot be reached
    size : (width, height) in pixels, (0, 0) where unknown
    note : why it is not embedded, or what is wrong with the file
    """

    caption: str
    sample: str
    path: str
    source: str
    link: str
    note: str
    size: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Album:
    """The pictures of one group of samples, sample by sample, so that its replicates stand side by side."""

    title: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Evidence:
    """All evidence of a pipeline: embedded albums, linked pictures, other files, and a note."""

    albums: tuple[Album, ...]
    linked: tuple[Picture, ...]
    files: tuple[Picture, ...]
    note: str


class Budget:
    """How many bytes of pictures a report may still take in."""

    def __init__(self, left: int = EMBEDDED_BYTES) -> None:
        self.left = left

    def take(self, size: int) -> bool:
        """Take `size` bytes if they are there; say whether they were."""
        if size > min(self.left, LARGEST_PICTURE):
            return False
        self.left -= size
        return True


def evidence(
    pipeline: Pipeline, folder: Path, report: Path, budget: Budget, hidden: frozenset[str] = frozenset()
) -> Evidence:
    """Collect a pipeline's evidence; samples with errors and warnings come first into the budget.

    Parameters
    ----------
    folder : results folder
    report : where the report will lie, for the links
    hidden : paths that may be neither shown nor linked, because a name may stand in the picture
    """
    rows = [dict(row) for row in pipeline.artefacts.to_dict("records")]
    pictures = [row for row in rows if row["kind"] == "picture"]
    order = _worst_first(pipeline, pictures)
    made = {row["path"]: _picture(row, folder, report, budget, hidden) for row in order}
    albums = _albums(pipeline, [made[row["path"]] for row in pictures if made[row["path"]].source])
    linked = [made[row["path"]] for row in pictures if not made[row["path"]].source]
    others = [_file(row, folder, report, hidden) for row in rows if row["kind"] != "picture"]
    return Evidence(albums, tuple(linked[:MOST_LINKS]), tuple(others[:MOST_LINKS]),
                    _note(len(pictures), len(linked), len(others)))  # fmt: skip


def _note(pictures: int, linked: int, others: int) -> str:
    said = []
    if linked:
        said.append(f"{pictures - linked:,} of {pictures:,} pictures are shown; the others are listed below")
    if linked > MOST_LINKS or others > MOST_LINKS:
        said.append(f"lists end after {MOST_LINKS} entries, all are in artefacts.parquet")
    return f"{'; '.join(said)}." if said else ""


def _worst_first(pipeline: Pipeline, rows: list[dict[Any, Any]]) -> list[dict[Any, Any]]:
    rank = {severity: i for i, severity in enumerate(SEVERITIES)}
    worst: dict[str, int] = {}
    for name, qc in zip(pipeline.measurements["sample"], pipeline.measurements["qc"], strict=True):
        worst[name] = min(worst.get(name, len(rank)), rank.get(qc, len(rank)))
    return sorted(rows, key=lambda row: worst.get(row["sample"], len(rank)))


def _albums(pipeline: Pipeline, pictures: Iterable[Picture]) -> tuple[Album, ...]:
    """Group pictures by the group of their sample, in the order of the sheet; those of no sample first."""
    titles = _album_titles(pipeline)
    place = {name: i for i, name in enumerate(titles, start=1)}
    ordered = sorted(pictures, key=lambda one: place.get(one.sample, 0 if not one.sample else len(place) + 1))
    held: dict[str, list[Picture]] = {}
    for picture in ordered:
        title = titles.get(picture.sample, "Other" if picture.sample else "Of several samples")
        held.setdefault(title, []).append(picture)
    return tuple(Album(title, tuple(own)) for title, own in held.items())


def _album_titles(pipeline: Pipeline) -> dict[str, str]:
    """Return sample -> its group: the levels of its factors; a control without levels stands by its role."""
    columns = [groups.level_cells(pipeline.samples, factor) for factor in pipeline.factors]
    titles = {}
    for i, name in enumerate(pipeline.samples["sample"]):
        levels = [str(column.iloc[i]) for column in columns]
        role = pipeline.samples["control_role"].iloc[i]
        titles[name] = f"Controls: {role}" if role and not any(levels) else groups.group_label(levels)
    return titles


def _picture(
    row: Mapping[Any, Any], folder: Path, report: Path, budget: Budget, hidden: frozenset[str]
) -> Picture:
    kept = _file(row, folder, report, hidden)
    if not kept.link:
        return kept
    place = _inside(folder, row["path"])
    if place is None or not budget.take(place.stat().st_size):
        note = "linked, because the pictures above fill this report"
        return Picture(kept.caption, kept.sample, kept.path, "", kept.link, note)
    content = place.read_bytes()
    kind = next((kind for magic, kind in _KINDS if content.startswith(magic)), "")
    if not kind:
        return Picture(kept.caption, kept.sample, kept.path, "", kept.link, "neither PNG nor JPEG")
    changed = row["sha256"] and hashlib.sha256(content).hexdigest() != row["sha256"]
    note = "this file was changed after it was computed" if changed else ""
    source = f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
    return Picture(kept.caption, kept.sample, kept.path, source, kept.link, note, _png_size(content))


def _png_size(content: bytes) -> tuple[int, int]:
    """Return (width, height) from a PNG's header; (0, 0) for anything else."""
    if len(content) < 24 or not content.startswith(_KINDS[0][0]):
        return (0, 0)
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def _file(row: Mapping[Any, Any], folder: Path, report: Path, hidden: frozenset[str]) -> Picture:
    """Return a file of evidence as a link, or the reason why there is none."""
    caption, sample, path = row["caption"], row["sample"], row["path"]
    if path in hidden:
        return Picture(caption, sample, "", "", "", "left out: a person's name may stand in it")
    place = _inside(folder, path)
    if place is None:
        return Picture(caption, sample, path, "", "", "not shown: it lies outside the results folder")
    if not place.is_file():
        return Picture(caption, sample, path, "", "", "missing in the results folder")
    return Picture(caption, sample, path, "", _link(place, report), "")


def _inside(folder: Path, path: str) -> Path | None:
    """Return the file, or None where the path leads out of the results folder or cannot be a path."""
    try:
        place = (folder / path).resolve()
        return place if place.is_relative_to(folder.resolve()) else None
    except (OSError, ValueError):
        return None


def _link(place: Path, report: Path) -> str:
    try:
        relative = os.path.relpath(place, report.resolve().parent)
    except ValueError:  # another drive (Windows)
        return place.as_uri()
    return quote(relative.replace(os.sep, "/"))
