"""`init`: write a drafted study beside the raw folder, and add rows for new files later, changing nothing."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

from exoraw.io.errors import StudyError
from exoraw.io.inventory import Inventory
from exoraw.study.cells import Grid
from exoraw.study.draft_rows import Draft, DraftRow, Origin, draft
from exoraw.study.draft_start import Started, new_pictures, own_formats, started, with_starts
from exoraw.study.draft_text import study_text
from exoraw.study.grid import read_grids
from exoraw.study.likely_presets import likeliest
from exoraw.study.load import STUDY_FILE, PipelineSource, load_study
from exoraw.study.presets import preset, presets
from exoraw.study.sheet import COMMON_COLUMNS, Sheet, match_columns, read_sheet
from exoraw.study.spec import SheetSpec
from exoraw.study.words import listed
from exoraw.study.writing import joined_bytes, replace_file

SHEET_FILE = "samples.csv"
ORIGIN_FILE = "samples.origin.csv"
NEW_ROWS_FILE = "new_samples.csv"
ORIGIN_COLUMNS = ("sheet_rows", "column", "comes_from", "cells", "example", "look_at_it")

__all__ = ["Analysis", "Draft", "DraftRow", "Origin", "Written", "analyses_for", "draft", "write_draft"]


@dataclass(frozen=True)
class Analysis:
    """An analysis that a drafted study asks for.

    Parameters
    ----------
    assay : name of the assay
    formats : formats of its files
    preset : name of the preset, "" = the assay's defaults
    title : what the preset does
    others : further presets of the assay, named in a comment
    """

    assay: str
    formats: tuple[str, ...]
    preset: str = ""
    title: str = ""
    others: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the analysis in the study."""
        return self.preset or self.assay


@dataclass(frozen=True)
class Written:
    """What `write_draft` did.

    Parameters
    ----------
    study : study file, written or found
    sheet : file that now holds the rows
    origin : file that says where every column comes from
    added : rows added
    is_new : whether study and sheet were drafted; False where rows were added to those of a person
    draft : the drafted rows
    remarks : in words, for the screen
    """

    study: Path
    sheet: Path
    origin: Path
    added: int
    is_new: bool
    draft: Draft
    remarks: tuple[str, ...]


def analyses_for(
    assays: Mapping[str, Collection[str]], inventory: Inventory, wanted: str = ""
) -> tuple[Analysis, ...]:
    """Return the analyses that fit the files.

    Parameters
    ----------
    assays : assay -> formats it reads
    inventory : the raw files
    wanted : name or path of a preset that is to be used; "" = by the files

    Returns
    -------
    one analysis per assay that has files, by its likeliest preset; the wanted one alone where it is given

    Raises
    ------
    StudyError
        No file is of a known format, or the wanted preset is unknown or belongs to an unknown assay.
    """
    found = {file.format for file in inventory if file.format and not file.problem}
    if wanted:
        chosen = preset(wanted)
        if chosen.assay not in assays:
            raise StudyError(f"The preset {wanted} is about {chosen.assay}, an assay that is not installed.")
        return (Analysis(chosen.assay, tuple(sorted(assays[chosen.assay])), wanted, chosen.title),)
    analyses = []
    for assay, formats in assays.items():
        if found & set(formats):
            fitting = likeliest(
                [item for item in presets() if item.assay == assay],
                [file for file in inventory if file.format in formats and not file.problem],
            )
            name, what = (fitting[0].name, fitting[0].title) if fitting else ("", "")
            others = tuple(item.name for item in fitting[1:])
            analyses.append(Analysis(assay, tuple(sorted(formats)), name, what, others))
    if not analyses:
        known = listed(sorted({name for formats in assays.values() for name in formats}))
        raise StudyError(
            f"No file in the folder is of a known format ({known}); `exoraw scan` says what is there."
        )
    return tuple(analyses)


def write_draft(
    folder: Path,
    raw: Path,
    inventory: Inventory,
    specs: Mapping[str, SheetSpec],
    analyses: Sequence[Analysis],
    *,
    title: str = "",
) -> Written:
    """Draft study.yaml and samples.csv, or add rows for new files to the sheet that is there.

    A sheet that a person has edited keeps every byte; rows are added at its end, in its own columns,
    separator and encoding. A workbook is not touched: its new rows go into new_samples.csv.

    Parameters
    ----------
    folder : folder for study.yaml, outside the raw folder
    raw : raw folder
    inventory : what lies in it
    specs : format -> what its assay understands of a sheet
    analyses : as `analyses_for` finds them; used where study.yaml is drafted
    title : of the study; the raw folder's name where empty

    Returns
    -------
    Written

    Raises
    ------
    StudyError
        The folder lies inside the raw folder, holds a study of another raw folder, or holds a study with
        errors, or the raw folder holds nothing to draft from; nothing is written then.
    """
    folder, raw = folder.resolve(), raw.resolve()
    if folder.is_relative_to(raw):
        raise StudyError(
            f"{folder} lies inside the raw folder, where nothing may be written. Name another folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    sheet = _existing_sheet(folder, raw)
    pipelines = _pipelines(sheet, analyses)
    drafted = _draft_new(sheet, inventory, specs, pipelines)
    starts: tuple[Started, ...] = ()
    if sheet is None:
        asked = [(item.name, item.formats, item.preset) for item in analyses]
        starts = started(raw, inventory, specs, asked)
        drafted = with_starts(drafted, starts, specs, named=pipelines is not None)
    if sheet is None and not drafted.rows:
        raise StudyError("\n".join(("There is no file to draft a sheet from.", *drafted.remarks)))
    if sheet is None:
        path = folder / SHEET_FILE
        first = 2
        replace_file(path, _csv(drafted.columns, drafted.rows).encode("utf-8-sig"))
        remarks: tuple[str, ...] = ()
    else:
        path, first, remarks = _add_rows(folder, sheet, drafted)
    _add_origins(folder / ORIGIN_FILE, drafted, first)
    study = folder / STUDY_FILE
    if not study.exists():
        text = study_text(folder, raw, analyses, drafted, title, path.name, starts)
        replace_file(study, text.encode("utf-8"))
    return Written(
        study,
        path,
        folder / ORIGIN_FILE,
        len(drafted.rows),
        sheet is None,
        drafted,
        (*drafted.remarks, *remarks),
    )


# ------------------------------------------------------------------ what is there


@dataclass(frozen=True)
class _Existing:
    """The sheet of a study that is there: its rows, the file that new rows belong into, the analyses."""

    sheet: Sheet
    path: Path
    pipelines: tuple[PipelineSource, ...] = ()


def _existing_sheet(folder: Path, raw: Path) -> _Existing | None:
    if (folder / STUDY_FILE).exists():
        loaded = load_study(folder)
        if loaded.raw != raw:
            message = (
                f"{folder / STUDY_FILE} is about another raw folder, {loaded.raw}. Name "
                "another folder (--study)."
            )
            raise StudyError(message)
        if loaded.study.sheets:
            path = folder / loaded.study.sheets[0].replace("\\", "/")
            return _Existing(loaded.sheet, path, loaded.pipelines)
        return _Existing(loaded.sheet, folder / NEW_ROWS_FILE, loaded.pipelines)
    for name in (SHEET_FILE, "samples.xlsx"):
        if (folder / name).exists():
            return _Existing(read_sheet(folder / name), folder / name)
    return None


def _pipelines(existing: _Existing | None, analyses: Sequence[Analysis]) -> dict[str, str] | None:
    """Return format -> analysis where rows must say which they belong to."""
    if existing is not None and existing.pipelines:
        names = [(source.assay, source.name) for source in existing.pipelines]
        by_assay = dict(reversed(names))  # the first analysis of an assay
        found = {name: by_assay.get(item.assay, "") for item in analyses for name in item.formats}
        return found if len(names) > 1 else None
    if len(analyses) < 2:
        return None
    return {name: item.name for item in analyses for name in item.formats}


def _draft_new(
    existing: _Existing | None,
    inventory: Inventory,
    specs: Mapping[str, SheetSpec],
    pipelines: Mapping[str, str] | None,
) -> Draft:
    rows = existing.sheet.rows if existing is not None else ()
    known = {(path, row.dataset) for row in rows for path in row.files}
    whole = {path for row in rows for path in row.files if not row.cells.get("dataset")}
    single = {(file.path, 0) for file in inventory if file.path in whole}
    taken = {row.sample for row in rows}
    own = own_formats(specs)
    each = {name: spec for name, spec in specs.items() if name not in own}
    others = Inventory({file.path: file for file in inventory if file.format not in own})
    found = draft(others, each, pipelines=pipelines, known=known | single, taken=taken)
    if existing is None or not own:
        return found
    said = new_pictures(inventory, own, {path for row in rows for path in row.files})
    return replace(found, remarks=(*found.remarks, *said))


# ------------------------------------------------------------------ writing


def _csv(columns: Sequence[str], rows: Iterable[DraftRow]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([row.cells.get(column, "") for column in columns] for row in rows)
    return text.getvalue()


def _add_rows(folder: Path, existing: _Existing, drafted: Draft) -> tuple[Path, int, tuple[str, ...]]:
    """Add rows to the sheet; return the file that holds them, its first new row, and what to say."""
    if not drafted.rows:
        return existing.path, 0, ("the sheet names every file already; nothing was added",)
    grid = read_grids(existing.path)[0] if existing.path.exists() else None
    if grid is None or not grid.delimiter:
        path = _free_name(folder)
        replace_file(path, _csv(drafted.columns, drafted.rows).encode("utf-8-sig"))
        advice = f"{path.name} holds rows for new files; copy them into {existing.path.name}"
        return (
            path,
            2,
            (advice if grid is not None else f"{path.name} holds rows for new files; add it to `samples`",),
        )
    line, unplaced = _lines_for(grid, drafted)
    replace_file(existing.path, joined_bytes(existing.path.read_bytes(), line, grid.encoding))
    said = f"{existing.path.name} has no column {listed(unplaced)}; those cells of the new rows were left out"
    return existing.path, len(grid.cells) + 1, (said,) if unplaced else ()


def _free_name(folder: Path) -> Path:
    path, number = folder / NEW_ROWS_FILE, 2
    while path.exists():
        path = folder / f"{Path(NEW_ROWS_FILE).stem}_{number}.csv"
        number += 1
    return path


def _lines_for(grid: Grid, drafted: Draft) -> tuple[str, list[str]]:
    """Return the new rows in the sheet's own columns, and the filled columns that it does not have."""
    header = next((row for row in grid.cells if any(cell.strip() for cell in row)), ())
    typed = [name.strip() for name in header]
    renamed = match_columns([name for name in typed if name], (*COMMON_COLUMNS, *drafted.columns))
    names = [renamed.get(name, name) for name in typed]
    text = StringIO()
    writer = csv.writer(text, delimiter=grid.delimiter, lineterminator=grid.newline)
    writer.writerows([row.cells.get(name, "") for name in names] for row in drafted.rows)
    filled = dict.fromkeys(column for row in drafted.rows for column in row.cells)
    return text.getvalue(), [column for column in filled if column not in names]


def _add_origins(path: Path, drafted: Draft, first: int) -> None:
    if not drafted.rows:
        return
    span = f"{first}-{first + len(drafted.rows) - 1}"
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    before = b""
    if path.exists():
        before = path.read_bytes()
    else:
        writer.writerow(ORIGIN_COLUMNS)
    for origin in drafted.origins:
        look = "yes" if origin.guessed else ""
        writer.writerow([span, origin.column, origin.source, origin.rows, origin.example, look])
    replace_file(path, joined_bytes(before, text.getvalue(), "utf-8"))
