"""Load a study: study.yaml, sheets, plate maps, presets, exclusions, corrections; all errors at once."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from exoraw.io.errors import StudyError
from exoraw.study.corrections import read_corrections
from exoraw.study.exclusions import Exclusion, read_exclusions
from exoraw.study.model import PipelineEntry, Study
from exoraw.study.plates import plate_rows
from exoraw.study.presets import preset
from exoraw.study.problems import StudyProblems
from exoraw.study.references import read_reference
from exoraw.study.sheet import (
    SEPARATOR,
    Sheet,
    SheetRow,
    joined,
    read_sheet,
    require_columns,
    whole_file_cell,
)
from exoraw.study.spec import Problem
from exoraw.study.tree import Node, at_line, empty_mapping, merged, read_tree
from exoraw.study.validation import validated
from exoraw.study.view import Correction, Reference
from exoraw.study.words import did_you_mean, shown

STUDY_FILE = "study.yaml"
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class PipelineSource:
    """One analysis of the study, its preset resolved.

    Parameters
    ----------
    name : stands in tables, unit keys and report; unique in the study
    assay : name of the assay
    settings : the preset's settings with those of study.yaml laid on them; unchecked
    where : rows of the sheet: column -> words
    sheet : the sheet it is limited to, "" = all
    preset : name of the preset, "" where none is used
    title : of the preset
    tree : the settings with the lines they stand in
    line : line of the entry in study.yaml
    """

    name: str
    assay: str
    settings: Mapping[str, Any]
    where: Mapping[str, tuple[str, ...]]
    sheet: str
    preset: str
    title: str
    tree: Node
    line: int


@dataclass(frozen=True)
class LoadedStudy:
    """A study whose files could all be read; single cells may still be wrong, which `check` reports.

    Parameters
    ----------
    path, folder : study.yaml and the folder it lies in
    study : what study.yaml says
    raw, results : absolute folders
    digest : sha256 over study file, sheets, plate maps, exclusions and references as read
    sheet : rows of all sheets and plate maps
    pipelines : the analyses, in the order of study.yaml
    exclusions, corrections : what people decided
    references : the files that analyses compare with
    problems : remarks from reading
    """

    path: Path
    folder: Path
    study: Study
    raw: Path
    results: Path
    digest: str
    sheet: Sheet
    pipelines: tuple[PipelineSource, ...]
    exclusions: tuple[Exclusion, ...] = ()
    corrections: tuple[Correction, ...] = ()
    problems: tuple[Problem, ...] = field(default=())
    references: tuple[Reference, ...] = field(default=())

    def pipeline(self, name: str) -> PipelineSource:
        """Return the analysis of this name; KeyError where there is none."""
        return next(entry for entry in self.pipelines if entry.name == name)


def load_study(path: Path) -> LoadedStudy:
    """Read a study.

    Parameters
    ----------
    path : study.yaml or the folder that holds it

    Returns
    -------
    LoadedStudy

    Raises
    ------
    StudyError
        study.yaml, a sheet, a plate map or a preset cannot be used. All reasons at once (StudyProblems),
        those of study.yaml with their lines.
    """
    path = _study_file(Path(path))
    tree = read_tree(path)
    study = validated(Study, tree)
    loading = _Loading(path, study, tree)
    loading.check_folders()
    sources = loading.pipelines()
    sheet = loading.sheet(sources)
    nothing: tuple[tuple[Exclusion, ...], str] = ((), "")
    exclusions, exclusions_digest = loading.attempt(
        lambda: read_exclusions(loading.folder, loading.remarks), nothing
    )
    no_corrections: tuple[Correction, ...] = ()
    corrections = loading.attempt(lambda: read_corrections(loading.folder), no_corrections)
    references = loading.references()
    if loading.errors:
        raise StudyProblems([*loading.errors, *(p for p in sheet.problems if p.severity == "error")])
    return LoadedStudy(
        path,
        loading.folder,
        study,
        loading.raw,
        loading.results,
        _digest(path, sheet, exclusions_digest, references),
        sheet,
        sources,
        exclusions,
        corrections,
        tuple(loading.remarks),
        references,
    )


def settings_of(source: PipelineSource, model: type[M]) -> M:
    """Check the settings of an analysis against the assay's model.

    Raises
    ------
    StudyProblems
        With the line in study.yaml or in the preset, the value found, and the nearest valid key. A number
        where the model wants text is taken as typed.
    """
    return validated(model, source.tree)


def raw_folder(path: Path) -> Path | None:
    """Return the raw folder that a study file names, absolute; None where the file cannot be read."""
    try:
        tree = read_tree(path)
        return _Loading(path.resolve(), validated(Study, tree), tree).raw
    except StudyError:
        return None


def _study_file(path: Path) -> Path:
    found = path / STUDY_FILE if path.is_dir() else path
    if not found.is_file():
        advice = "Name the study file or its folder; `exoraw init RAW_FOLDER` drafts one."
        raise StudyError(f"There is no {found.name} in {found.parent}. {advice}")
    return found.resolve()


def _digest(path: Path, sheet: Sheet, exclusions: str, references: tuple[Reference, ...]) -> str:
    digest = hashlib.sha256(path.read_bytes())
    for name, content in sorted(sheet.digests.items()):
        digest.update(f"\n{name}:{content}".encode())
    digest.update(f"\n{exclusions}".encode())
    for reference in references:
        digest.update(f"\n{reference.name}:{reference.sha256}".encode())
    return digest.hexdigest()


class _Loading:
    """Everything that is read beside study.yaml, with the errors met on the way."""

    def __init__(self, path: Path, study: Study, tree: Node) -> None:
        self.folder = path.parent
        self.study = study
        self.tree = tree
        self.file = path.name
        self.raw = self._folder(study.raw)
        self.results = self._folder(study.results)
        self.errors: list[Problem] = []
        self.remarks: list[Problem] = []

    def _folder(self, typed: str) -> Path:
        return (self.folder / Path(typed.replace("\\", "/")).expanduser()).resolve()

    def _line(self, *steps: str | int) -> int:
        node = self.tree
        for step in steps:
            node = node.child(step) or node
        return node.line

    def _error(self, message: str, *steps: str | int) -> None:
        self.errors.append(at_line(self._line(*steps), message, self.file))

    T = TypeVar("T")

    def attempt(self, read: Callable[[], T], otherwise: T) -> T:
        """Return what `read` returns; keep its StudyError for the list."""
        try:
            return read()
        except StudyProblems as error:
            self.errors.extend(error.problems)
        except StudyError as error:
            self.errors.append(Problem("error", str(error)))
        return otherwise

    def check_folders(self) -> None:
        if not self.raw.is_dir():
            siblings = [entry.name for entry in self.raw.parent.iterdir()] if self.raw.parent.is_dir() else []
            hint = did_you_mean(self.raw.name, siblings)
            self._error(f"raw: the folder {shown(self.study.raw)} does not exist ({self.raw}).{hint}", "raw")
        if self.results.is_relative_to(self.raw):
            self._error(
                "results: lies inside the raw folder, which is only read; name a folder beside it", "results"
            )
        elif self.raw.is_relative_to(self.results):
            self._error("results: holds the raw folder; name a folder beside it", "results")
        if self.folder.is_relative_to(self.raw):
            message = (
                f"raw: {self.file} lies inside the raw folder, where nothing may be written; "
                "keep study.yaml, sheet and results outside it, for example one folder up"
            )
            self._error(message, "raw")
        if self.results.exists() and not self.results.is_dir():
            self._error(f"results: {shown(self.study.results)} is a file, not a folder", "results")

    def references(self) -> tuple[Reference, ...]:
        found: dict[str, Reference] = {}
        for index, entry in enumerate(self.study.references):
            if entry.name in found:
                self._error(f"references: {shown(entry.name)} is the name of two files", "references", index)
                continue
            try:
                found[entry.name] = read_reference(entry, self.folder, self.raw)
            except StudyError as error:
                self._error(f"references: {error}", "references", index)
        return tuple(found.values())

    # -------------------------------------------------------------- analyses

    def pipelines(self) -> tuple[PipelineSource, ...]:
        sources: list[PipelineSource] = []
        for index, entry in enumerate(self.study.pipelines):
            source = self._pipeline(index, entry)
            if source is None:
                continue
            if source.name in {other.name for other in sources}:
                message = (
                    f"pipelines: {shown(source.name)} is the name of two analyses; give one "
                    "of them another name"
                )
                self._error(message, "pipelines", index)
            if "/" in source.name or not source.name.isprintable():
                self._error(
                    f"pipelines: the name {shown(source.name)} may hold no / or line break",
                    "pipelines",
                    index,
                )
            sources.append(source)
        return tuple(sources)

    def _pipeline(self, index: int, entry: PipelineEntry) -> PipelineSource | None:
        line = self._line("pipelines", index)
        node = self.tree.child("pipelines")
        node = node.child(index) if node is not None else None
        typed = node.child("settings") if node is not None else None
        settings = (
            typed if typed is not None and typed.entries is not None else empty_mapping(self.file, line)
        )
        assay, title = entry.assay or "", ""
        if entry.preset is not None:
            try:
                found = preset(entry.preset, self.folder)
            except StudyProblems as error:
                self.errors.extend(error.problems)
                return None
            except StudyError as error:
                self._error(f"preset: {error}", "pipelines", index, "preset")
                return None
            settings, assay, title = merged(found.tree, settings), found.assay, found.title
        where = {
            column: (words,) if isinstance(words, str) else words for column, words in entry.where.items()
        }
        return PipelineSource(
            entry.title, assay, settings.plain(), where, entry.sheet or "",
            entry.preset or "", title, settings, line,
        )  # fmt: skip

    # -------------------------------------------------------------- rows

    def sheet(self, sources: tuple[PipelineSource, ...]) -> Sheet:
        known = (
            *self.study.factors,
            *self.study.redact,
            *(column for source in sources for column in source.where),
        )
        sheets = [sheet for name in self.study.sheets if (sheet := self._read(name, known)) is not None]
        whole = joined(sheets) if sheets else Sheet("", (), ())
        whole = self.attempt(lambda: plate_rows(whole, self.study.plates, self.folder, self.raw), whole)
        if not self.errors and not sheets and not self.study.plates:
            self._error("samples: neither a sample sheet nor a plate map is named", "samples")
        return replace(whole, rows=tuple(map(self._with_names_as_on_disk, whole.rows)))

    def _read(self, name: str, known: tuple[str, ...]) -> Sheet | None:
        path = self.folder / name.replace("\\", "/")
        if not path.is_file():
            siblings = [entry.name for entry in self.folder.iterdir() if not entry.name.startswith("~$")]
            hint = did_you_mean(path.name, [other for other in siblings if other != self.file])
            self._error(f"samples: the sheet {shown(name)} does not exist in {path.parent}.{hint}", "samples")
            return None
        sheet = self.attempt(lambda: read_sheet(path, known), None)
        if sheet is not None:
            self.attempt(lambda: require_columns(sheet), None)
        return sheet

    def _with_names_as_on_disk(self, row: SheetRow) -> SheetRow:
        """Spell file names as the disk does: composed or decomposed letters, a semicolon within a name."""
        cell = row.cells.get("file", "")
        if cell.isascii() and SEPARATOR not in cell:
            return row
        spelled = whole_file_cell(cell) if SEPARATOR in cell and _is_file(self.raw, cell) else cell
        if spelled == cell and not cell.isascii():
            spelled = SEPARATOR.join(_on_disk(self.raw, name) for name in row.files)
        return replace(row, cells={**row.cells, "file": spelled})


def _is_file(raw: Path, name: str) -> bool:
    try:
        return (raw / name).is_file()
    except (OSError, ValueError):  # longer than the system allows, or a NUL
        return False


def _on_disk(raw: Path, name: str) -> str:
    forms = (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))
    return next((form for form in forms if _is_file(raw, form)), name)
