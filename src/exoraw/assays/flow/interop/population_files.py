"""The events of a population as an FCS file of their own: every keyword, every stored bit."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from exoraw import __version__
from exoraw.assays.flow.arrays import BoolArray
from exoraw.assays.flow.fcs import FcsData, FcsWriteError, read_fcs
from exoraw.assays.flow.fcs.segments import HEADER_BYTES, TOO_BIG
from exoraw.assays.flow.fcs.stored import Stored
from exoraw.assays.flow.gates.populations import Populations
from exoraw.assays.flow.gates.strategy import Strategy
from exoraw.assays.flow.gates.yaml_writing import strategy_yaml
from exoraw.study.words import shown

OFFSETS = (
    "$BEGINANALYSIS",
    "$BEGINDATA",
    "$BEGINSTEXT",
    "$ENDANALYSIS",
    "$ENDDATA",
    "$ENDSTEXT",
    "$NEXTDATA",
)  # places in the old file; all are written anew
POPULATION, SOURCE, SHA256 = "EXORAW_POPULATION", "EXORAW_SOURCE", "EXORAW_SOURCE_SHA256"
VERSION, EVENTS, GATES = "EXORAW_VERSION", "EXORAW_EVENTS", "EXORAW_GATES"
DELIMITERS = ("|", "/", "\f", "\x1e", "!", "~", "^", *(chr(code) for code in range(1, 32)))
BLOCK = 1 << 16  # events in memory at a time; a multiple of 8, so that a stream of bits can be cut there
_DIGITS = 15  # of an offset keyword: writing it does not move anything
_ALIGNMENT = 16  # of the data, as our writer does it
_CRC = b"00000000"  # no checksum was computed (FCS 3.1, 3.6)
_LITTLE, _BIG = "1,2,3,4", "4,3,2,1"  # the two byte orders of FCS 3.1
_UNSAFE = re.compile(r"[^\w.+-]+")


def write_population(
    path_in: str | Path,
    mask: BoolArray,
    path_out: str | Path,
    *,
    population: str | Sequence[str],
    dataset: int = 0,
    strategy: Strategy | None = None,
) -> Path:
    """Write the events of a population as an FCS 3.1 file.

    The stored values are copied, not computed: they are the tube's own, uncompensated, on its scales. Every
    keyword of the tube stays, but for the offsets, $TOT, and a byte order that FCS 3.1 does not know (the
    values are then stored in another order). $ORIGINALITY says DataModified, $LAST_MODIFIER exoraw; keywords
    that begin with EXORAW_ name population, source file, its sha256, and the version. Equal input gives equal
    bytes. Channels of several types ($PnDATATYPE) need FCS 3.2, and are written as that.

    Parameters
    ----------
    path_in : the tube
    mask : (n,) which of its events, such as `populations_of(strategy, data).mask(name)`
    path_out : the new file; it appears whole or not at all, and replaces an older one
    population : name, or path from the outermost gate
    dataset : of a file that holds several
    strategy : kept in the file as YAML, so that the gates travel with the events

    Returns
    -------
    path_out

    Raises
    ------
    FcsWriteError : a mask of another length, the tube itself as target, keywords that cannot be written
    FormatError : the tube cannot be read
    """
    source, target = Path(path_in), Path(path_out)
    data = read_fcs(source, dataset)
    rows = _rows(mask, data)
    if target.exists() and target.samefile(source):
        raise FcsWriteError(f"{target}: this is the tube itself; raw files are never written over.")
    added = {
        POPULATION: population if isinstance(population, str) else "/".join(population),
        SOURCE: source.name if dataset == 0 else f"{source.name}, dataset {dataset}",
        SHA256: _sha256(source),
        EVENTS: f"{len(rows)} of {len(data)}",
        VERSION: __version__,
        "$ORIGINALITY": "DataModified",
        "$LAST_MODIFIER": f"exoraw {__version__}",
    }
    if strategy is not None:
        added[GATES] = strategy_yaml(strategy)
    blocks, length = _encoded(data._stored, rows)
    before = _before(data, added, len(rows), length)
    _put(target, before, blocks, length)
    return target


def write_populations(
    path_in: str | Path,
    tree: Populations,
    folder: str | Path,
    *,
    names: Iterable[str] | None = None,
    dataset: int = 0,
    strategy: Strategy | None = None,
) -> list[Path]:
    """Write populations of a tube, a file each, called after tube and population ("d1_A3.CD44+.fcs").

    Parameters
    ----------
    tree : of this tube
    folder : for the files; made where it is missing
    names : of the populations; None = all
    dataset, strategy : as for `write_population`

    Raises
    ------
    GateError : a name that is no population
    FcsWriteError, FormatError : as for `write_population`
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    wanted = [tree[name] for name in names] if names is not None else tree.rows
    written: list[Path] = []
    for row in wanted:
        stem = f"{Path(path_in).stem}.{_UNSAFE.sub('_', '.'.join(row.path))[:150]}"
        target, number = place / f"{stem}.fcs", 2
        while target in written:
            target, number = place / f"{stem}.{number}.fcs", number + 1
        mask = tree.mask(row.name)
        path = write_population(
            path_in, mask, target, population=row.path, dataset=dataset, strategy=strategy
        )
        written.append(path)
    return written


def _rows(mask: BoolArray, data: FcsData) -> npt.NDArray[np.intp]:
    chosen = np.asarray(mask)
    if chosen.dtype != np.bool_ or chosen.shape != (len(data),):
        raise FcsWriteError(
            f"{data.path.name} has {len(data):,} events; a mask needs one yes or no for each, found "
            f"{chosen.dtype} of shape {chosen.shape}. Was it made from another tube?"
        )
    return np.flatnonzero(chosen)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# ----------------------------------------------------------------- the events


def _encoded(stored: Stored, rows: npt.NDArray[np.intp]) -> tuple[Iterator[bytes], int]:
    """Blocks of the DATA segment, and its length in bytes."""
    kind = stored.packing.kind
    if kind == "delimited":
        text = "".join(_digits(stored, rows)).encode("ascii")
        return iter([text]), len(text)
    length = -(-len(rows) * stored.packing.event_bits // 8)
    if kind == "bits":
        return _bits(stored, rows), length
    mixed = kind == "bytes" and stored.order.native_code is None and bool(stored.order.order)
    return (_reordered(stored, rows) if mixed else _copied(stored, rows)), length


def _parts(rows: npt.NDArray[np.intp]) -> Iterator[npt.NDArray[np.intp]]:
    return (rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK))


def _copied(stored: Stored, rows: npt.NDArray[np.intp]) -> Iterator[bytes]:
    return (stored.events_as_bytes[part].tobytes() for part in _parts(rows))


def _reordered(stored: Stored, rows: npt.NDArray[np.intp]) -> Iterator[bytes]:
    """The same values with their lowest byte first: 3,4,1,2 is no order of FCS 3.1."""
    for part in _parts(rows):
        old = stored.events_as_bytes[part]
        new = np.empty_like(old)
        start = 0
        for bits in stored.packing.widths:
            width = bits // 8
            places = stored.order.places(width)
            assert places is not None  # the reader would not have read it
            new[:, [start + place for place in places]] = old[:, start : start + width]
            start += width
        yield new.tobytes()


def _bits(stored: Stored, rows: npt.NDArray[np.intp]) -> Iterator[bytes]:
    """Events that are no whole number of bytes, cut out of a stream of bits and joined again."""
    event = stored.packing.event_bits
    order: Any = "big" if stored.order.native_code == ">" else "little"
    for part in _parts(rows):
        bits = np.empty((len(part), event), dtype=np.uint8)
        for place, row in enumerate(part.tolist()):
            first = row * event // 8
            piece = np.unpackbits(stored.data[first : (row + 1) * event // 8 + 1], bitorder=order)
            skip = row * event - 8 * first
            bits[place] = piece[skip : skip + event]
        yield np.packbits(bits.ravel(), bitorder=order).tobytes()


def _digits(stored: Stored, rows: npt.NDArray[np.intp]) -> Iterator[str]:
    for row in stored.table(stored.parameters)[rows].astype(np.int64).tolist():
        yield " ".join(map(str, row)) + "\n"


# ----------------------------------------------------------------- what stands before them


def _before(data: FcsData, added: Mapping[str, str], events: int, length: int) -> bytes:
    """HEADER and TEXT, filled up to where the data begin."""
    kept = {key: value for key, value in data.keywords.items() if key.upper() not in {*OFFSETS, "$TOT"}}
    words = {**kept, "$TOT": str(events), **_order(data), **added}
    delimiter = _delimiter(words)
    offsets = dict.fromkeys(OFFSETS, 0)
    text = len(_joined({**words, **_padded(offsets)}, delimiter))
    begin = -(-(HEADER_BYTES + text) // _ALIGNMENT) * _ALIGNMENT
    last = begin + length - 1
    if length:
        offsets.update({"$BEGINDATA": begin, "$ENDDATA": last})
    version = "3.2" if any(re.fullmatch(r"\$P\d+DATATYPE", key) for key in kept) else "3.1"
    near = (begin, last) if length and last <= TOO_BIG else (0, 0)
    numbers = (HEADER_BYTES, HEADER_BYTES + text - 1, *near, 0, 0)
    header = f"FCS{version}    {''.join(f'{number:8d}' for number in numbers)}".encode("ascii")
    return (header + _joined({**words, **_padded(offsets)}, delimiter)).ljust(begin)


def _order(data: FcsData) -> dict[str, str]:
    """The byte order in the words of FCS 3.1."""
    return {"$BYTEORD": _BIG if data._stored.order.native_code == ">" else _LITTLE}


def _padded(offsets: Mapping[str, int]) -> dict[str, str]:
    return {key: f"{value:0{_DIGITS}d}" for key, value in offsets.items()}


def _delimiter(words: Mapping[str, str]) -> str:
    """A character that stands in no keyword: readers disagree about what a doubled one means."""
    used = set("".join([*words, *words.values()]))
    free = next((mark for mark in DELIMITERS if mark not in used), None)
    if free is None:
        raise FcsWriteError("the keywords use every character that could stand between them.")
    return free


def _joined(words: Mapping[str, str], delimiter: str) -> bytes:
    """Keywords as TEXT (UTF-8). An empty value, which the standard forbids, becomes a blank."""
    strange = [key for key in words if not key.strip()]
    if strange:
        raise FcsWriteError(f"a keyword without a name ({shown(words[strange[0]])}) cannot be written.")
    parts = [part for key, value in words.items() for part in (key, value or " ")]
    try:
        return (delimiter + delimiter.join(parts) + delimiter).encode()
    except UnicodeEncodeError as error:
        raise FcsWriteError(
            f"{error.object[error.start]!r} is half a letter and no text can hold it."
        ) from error


def _put(target: Path, before: bytes, blocks: Iterator[bytes], length: int) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(before)
            written = sum(file.write(block) for block in blocks)
            if written != length:
                raise FcsWriteError(f"{target}: {written:,} bytes of data were written, {length:,} planned.")
            file.write(_CRC)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
