"""Plate maps laid over the sheet: they fill the rows of their wells, or make them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from exoraw.io.errors import StudyError
from exoraw.study.grid import read_grids
from exoraw.study.model import PlateEntry
from exoraw.study.plate_maps import WellCell, WellGrid, read_plate_map
from exoraw.study.problems import StudyProblems
from exoraw.study.sheet import SEPARATOR, Sheet, SheetRow, whole_file_cell
from exoraw.study.spec import Problem
from exoraw.study.wells import normal_well, row_and_column
from exoraw.study.words import listed, shown

MOST_FILES = 100_000  # of one pattern
_WELL_IN_NAME = re.compile(r"(?<![A-Za-z0-9])(?:A[A-Fa-f]|[A-Za-z])0{0,2}[1-9]\d?(?![A-Za-z0-9])")


def plate_rows(sheet: Sheet, plates: Sequence[PlateEntry], folder: Path, raw: Path) -> Sheet:
    """Return the sheet with what the plate maps say of each well.

    A plate that has rows in the sheet (columns plate and well) gets their empty cells filled; any other
    plate makes a row for each well of its map, named plate_well where no grid is called sample.

    Parameters
    ----------
    sheet : rows of the sample sheets, possibly none
    plates : the entries of study.yaml
    folder : folder of study.yaml; maps lie relative to it
    raw : raw folder; only file names are looked at

    Returns
    -------
    Sheet, with the plates' problems among its own

    Raises
    ------
    StudyProblems
        A map that cannot be read, a plate named twice, an unusable pattern; all at once.
    """
    if not plates:
        return sheet
    laying = _Laying(sheet, plates, raw)
    for entry in plates:
        laying.entry(entry, folder)
    if laying.errors:
        raise StudyProblems(laying.errors)
    return laying.result()


class _Laying:
    """Lays plate maps over the rows of a sheet, collecting what is wrong."""

    def __init__(self, sheet: Sheet, plates: Sequence[PlateEntry], raw: Path) -> None:
        self.sheet = sheet
        self.raw = raw
        self.names = [name for entry in plates for name in entry.names]
        self.rows = list(sheet.rows)
        self.columns = dict.fromkeys(sheet.columns)
        self.problems: list[Problem] = list(sheet.problems)
        self.errors: list[Problem] = []
        self.digests = dict(sheet.digests)
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            self.errors.append(
                Problem("error", f"plates: {listed(map(shown, twice))} is named twice", "study.yaml")
            )

    def result(self) -> Sheet:
        columns = tuple(self.columns)
        rows = tuple(
            replace(row, cells={name: row.cells.get(name, "") for name in columns}) for row in self.rows
        )
        source = ", ".join(self.digests) or self.sheet.source
        return replace(
            self.sheet, source=source, columns=columns, rows=rows, problems=tuple(self.problems),
            digests=self.digests,
        )  # fmt: skip

    def entry(self, entry: PlateEntry, folder: Path) -> None:
        path = folder / entry.map.replace("\\", "/")
        try:
            grids = read_plate_map(path, (*self.sheet.columns, *entry.every_well), entry.wells)
        except StudyProblems as error:
            self.errors.extend(error.problems)
            return
        except StudyError as error:
            self.errors.append(Problem("error", f"plates: {error}", "study.yaml"))
            return
        self.digests[path.name] = read_grids(path)[0].sha256
        cells = _cells_by_well(grids, entry.every_well)
        for name in entry.names:
            existing = self._rows_of(name)
            if existing:
                self._fill(name, existing, cells)
            else:
                self._make(name, entry, cells)

    def _rows_of(self, plate: str) -> dict[str, int]:
        """Return well -> index of its row, for the rows of the sheet on this plate."""
        found: dict[str, int] = {}
        for index, row in enumerate(self.sheet.rows):
            named = row.cells.get("plate", "")
            well = normal_well(row.cells.get("well", ""))
            if well and (named == plate or (not named and len(self.names) == 1)):
                found.setdefault(well, index)
        return found

    def _fill(self, plate: str, rows: Mapping[str, int], cells: Mapping[str, Mapping[str, WellCell]]) -> None:
        for well, index in rows.items():
            filled = dict(self.rows[index].cells)
            filled["plate"] = plate
            for column, cell in cells.get(well, {}).items():
                typed = filled.get(column, "")
                if typed and typed != cell.text:
                    message = (
                        f"{shown(typed)} here, but {shown(cell.text)} in the plate map (cell {cell.cell})"
                    )
                    row = self.rows[index]
                    self.problems.append(Problem("error", message, row.source, row.row, column))
                filled[column] = cell.text
            self.columns.update(dict.fromkeys(filled))
            self.rows[index] = replace(self.rows[index], cells=filled)
        idle = [well for well in cells if well not in rows]
        if idle:
            message = (
                f"wells of the plate map of {plate} without a row in {self.sheet.source}: {listed(idle)}"
            )
            self.problems.append(Problem("info", message, self.sheet.source))

    def _make(self, plate: str, entry: PlateEntry, cells: Mapping[str, Mapping[str, WellCell]]) -> None:
        files = self._files(plate, entry)
        source = Path(entry.map).name
        for well in sorted(cells, key=row_and_column):
            described = cells[well]
            made = {column: cell.text for column, cell in described.items()}
            made = {"sample": f"{plate}_{well}", "plate": plate, "well": well, **made}
            made["file"] = made.get("file") or self._file_cell(plate, well, entry, files)
            first = min((cell for cell in described.values()), key=lambda cell: cell.row)
            self.columns.update(dict.fromkeys(("sample", "file", *made)))
            self.rows.append(SheetRow(first.row, made, source))
        unknown = sorted(set(files) - set(cells), key=row_and_column)
        if unknown:
            message = f"files of wells of plate {plate} that the map leaves empty: {listed(unknown)}"
            self.problems.append(Problem("info", message, source))

    def _file_cell(self, plate: str, well: str, entry: PlateEntry, files: Mapping[str, Sequence[str]]) -> str:
        if entry.file is not None:
            return whole_file_cell(_named(entry.file, plate))
        if entry.files is None:
            return ""
        found = files.get(well, ())
        if not found:
            message = (
                f"well {well} of plate {plate} is in the map, but no file of "
                f"{_named(entry.files, plate)} names it"
            )
            self.problems.append(Problem("warning", message, Path(entry.map).name))
        return whole_file_cell(found[0]) if len(found) == 1 else SEPARATOR.join(found)

    def _files(self, plate: str, entry: PlateEntry) -> dict[str, list[str]]:
        """Return well -> files whose names hold it."""
        if entry.files is None:
            return {}
        pattern = _named(entry.files, plate)
        found: dict[str, list[str]] = defaultdict(list)
        for path in self._matching(pattern):
            wells = {
                normal_well(well) for well in _WELL_IN_NAME.findall(path.rsplit("/", 1)[-1].rsplit(".", 1)[0])
            }
            if len(wells) > 1:
                message = (
                    f"{path} holds several wells in its name ({listed(sorted(wells))}); "
                    "name its row in the sheet"
                )
                self.errors.append(Problem("error", message, "study.yaml"))
            for well in wells:
                found[well].append(path)
        if not found and not self.errors:
            message = (
                f"plates: no file of {shown(pattern)} in the raw folder holds a well (such "
                "as A01) in its name"
            )
            self.errors.append(Problem("error", message, "study.yaml"))
        return found

    def _matching(self, pattern: str) -> list[str]:
        if pattern.startswith("/") or ".." in pattern.split("/") or re.match(r"[A-Za-z]:", pattern):
            message = f"plates: {shown(pattern)} must be relative to the raw folder and stay inside it"
            self.errors.append(Problem("error", message, "study.yaml"))
            return []
        try:
            found = sorted(
                path.relative_to(self.raw).as_posix() for path in self.raw.glob(pattern) if path.is_file()
            )
        except (ValueError, OSError, NotImplementedError, re.error) as error:
            self.errors.append(
                Problem("error", f"plates: {shown(pattern)} is no pattern: {error}", "study.yaml")
            )
            return []
        if len(found) > MOST_FILES:
            message = f"plates: {shown(pattern)} matches {len(found):,} files; narrow it"
            self.errors.append(Problem("error", message, "study.yaml"))
            return []
        return found


def _named(pattern: str, plate: str) -> str:
    return pattern.replace("\\", "/").replace("{plate}", plate)


def _cells_by_well(
    grids: Sequence[WellGrid], every_well: Mapping[str, str]
) -> dict[str, dict[str, WellCell]]:
    """Return well -> column -> cell for every well that a grid says something of."""
    found: dict[str, dict[str, WellCell]] = defaultdict(dict)
    for grid in grids:
        for well, cell in grid.wells.items():
            found[well][grid.column] = cell
    for cells in found.values():
        row = min(cell.row for cell in cells.values())
        for column, text in every_well.items():
            cells.setdefault(column, WellCell(text, "every_well of study.yaml", row))
    return dict(found)
