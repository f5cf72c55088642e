"""Count matrices (genes by samples) that a run left in results/matrices, copied beside an export."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

from exoraw.store.disk import write_file
from exoraw.store.export.tables import Source
from exoraw.store.matrices import MATRICES

_DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
_LOOKED_AT = 50  # rows that decide whether a file holds counts


def copy_count_matrices(source: Source, folder: Path) -> list[Path]:
    """Copy the count matrices to folder/matrices/<pipeline>/<name> and return the copies.

    A count matrix is a .csv or .tsv file (also .gz) whose first column names the rows, whose other columns
    are called like samples, and whose cells are whole numbers of 0 or more. Names of persons are replaced
    where the export takes them out.
    """
    samples = {name for name in source.results.arrow("samples")["sample"].to_pylist() if name}
    copies = []
    for path in _candidates(source.results.path / MATRICES):
        text = _read(path)
        if text is None or not _is_counts(text, _delimiter(path), samples):
            continue
        hidden = text if source.who is None else source.who.text(text)
        place = Path(MATRICES, path.parent.name, path.name.removesuffix(".gz"))
        if source.who is not None:
            place = Path(source.who.text(place.as_posix()))
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        write_file(folder / place, hidden.encode())
        copies.append(folder / place)
    return copies


def _candidates(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("*/*")):
        if path.is_file() and Path(path.name.removesuffix(".gz")).suffix in _DELIMITERS:
            yield path


def _delimiter(path: Path) -> str:
    return _DELIMITERS[Path(path.name.removesuffix(".gz")).suffix]


def _read(path: Path) -> str | None:
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return raw.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError):  # no text: no matrix of ours
        return None


def _is_counts(text: str, delimiter: str, samples: set[str]) -> bool:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    heading = next(rows, [])
    looked_at = [row for row, _ in zip(rows, range(_LOOKED_AT), strict=False)]
    if len(heading) < 3 or not looked_at or not set(heading[1:]) <= samples:
        return False
    return all(len(row) == len(heading) and all(cell.isdigit() for cell in row[1:]) for row in looked_at)
