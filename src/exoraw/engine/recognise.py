"""Which instrument format a file is, told from its bytes; its name is only used to word a message."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import exoraw
from exoraw.assays import registry
from exoraw.assays.contract import Format
from exoraw.io.errors import FormatError
from exoraw.io.inventory import Header

_SHOWN_BYTES = 8

# What else lies in instrument folders, so that a message can name it; (bytes, offset, words).
_COMMON = (
    (b"%PDF", 0, "a PDF document"),
    (b"PK\x03\x04", 0, "a zip archive or an Office document"),
    (b"\xd0\xcf\x11\xe0", 0, "an older Office document or an instrument's OLE file"),
    (b"\x1f\x8b", 0, "a gzip archive"),
    (b"\x89PNG", 0, "a PNG picture"),
    (b"\xff\xd8\xff", 0, "a JPEG picture"),
    (b"II*\x00", 0, "a TIFF picture"),
    (b"MM\x00*", 0, "a TIFF picture"),
    (b"7z\xbc\xaf", 0, "a 7-Zip archive"),
    (b"Rar!", 0, "a RAR archive"),
    (b"SQLite format 3", 0, "a SQLite database"),
    (b"<?xml", 0, "an XML document"),
    (b"\x89HDF", 0, "an HDF5 file"),
    (b"MZ", 0, "a Windows program"),
    (b"ftyp", 4, "a video"),
)


@dataclass(frozen=True)
class Recognised:
    """The format of a file ("" where unknown), its header, and why it cannot be used ("" where it can)."""

    format: str
    header: Header
    problem: str


def formats() -> tuple[Format, ...]:
    """Return the formats of every registered assay; one that two assays share counts once."""
    return tuple({declared.name: declared for _assay, declared in registry.formats()}.values())


def bytes_needed(known: Sequence[Format]) -> int:
    """Return how many leading bytes tell all known formats apart."""
    ends = [magic.offset + len(magic.value) for declared in known for magic in declared.magics]
    return max([*ends, *(offset + len(value) for value, offset, _words in _COMMON)])


def recognise(path: Path, relative: str, head: bytes, known: Sequence[Format]) -> Recognised:
    """Tell the format of a file from its first bytes and read its header, guarded.

    Several formats may begin alike (gzip, zip, TIFF, text): their probes are asked in turn until one reads
    the header; where none does, the problem of the likeliest is told.

    Whatever a probe raises becomes the `problem` of this file; the other files are not touched by it.
    """
    problems: list[Recognised] = []
    for declared, certain in _by_content(head, relative, known):
        found = _probed(path, relative, declared)
        if not found.problem:
            return found
        if certain:
            problems.append(found)
    return problems[0] if problems else Recognised("", Header(), _why_unknown(head, relative, known))


def _probed(path: Path, relative: str, declared: Format) -> Recognised:
    """Read the header of a file as one format."""
    try:
        header = registry.probe_of(declared)(path)
    except FormatError as error:
        words = str(error).removeprefix(f"{path}").lstrip(": ")
        return Recognised(declared.name, Header(), words or "it is damaged.")
    except Exception as error:  # noqa: BLE001  a probe is an assay's code: its failure is a remark on this file
        words = f"its header could not be read ({type(error).__name__}: {error})"
        return Recognised(declared.name, Header(), words.replace(str(path), relative))
    return Recognised(declared.name, header, "")


def _by_content(head: bytes, relative: str, known: Sequence[Format]) -> list[tuple[Format, bool]]:
    """Return the formats that a file can be, best first, and whether its problem is that format's.

    The longest matching magic comes first; the name decides only between equals. A text format, which has
    no magic, may be any file: it is certain only where the name says so.
    """
    if not head:
        return []
    suffix = PurePosixPath(relative).suffix.lower()
    matches = [
        (len(magic.value), suffix in declared.suffixes, -place)
        for place, declared in enumerate(known)
        for magic in declared.magics
        if head[magic.offset : magic.offset + len(magic.value)] == magic.value
    ]
    ranked: dict[int, bool] = {}
    for length, named, place in sorted(matches, reverse=True):
        ranked.setdefault(-place, length > 0 or named)
    return [(known[place], certain) for place, certain in ranked.items()]


def _why_unknown(head: bytes, relative: str, known: Sequence[Format]) -> str:
    if not head:
        return "the file is empty (0 bytes)."
    suffix = PurePosixPath(relative).suffix.lower()
    looks = next(
        (f", which looks like {words}" for value, at, words in _COMMON if head[at:].startswith(value)), ""
    )
    found = f"{_shown(head[:_SHOWN_BYTES])}{looks}"
    claimed = next((declared for declared in known if suffix in declared.suffixes), None)
    if claimed:
        expected = " or ".join(dict.fromkeys(_shown(magic.value) for magic in claimed.magics if magic.value))
        return (
            f"the name says {claimed.title}, but the content does not: expected {expected}, found {found}. "
            "Export or copy it again from the instrument."
        )
    return f"no assay reads this kind of file; it starts with {found}."


def _shown(start: bytes) -> str:
    """Write bytes for a person: text in quotes, anything else by its codes ("89 50 4E 47")."""
    text = "".join(chr(code) if 32 <= code < 127 else "·" for code in start)
    return f'"{text}"' if 2 * text.count("·") < len(text) else start.hex(" ").upper()


@cache
def probe_stamp() -> str:
    """Return a digest that changes when the code that reads headers may have changed."""
    sources = sorted({declared.probe.partition(":")[0] for declared in formats()})
    packages = sorted({item.package for item in registry.registered().values()})
    seen = [exoraw.__version__, repr(formats())]
    for name in [*packages, *sources]:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent
            seen += [_stat_line(path) for path in sorted(folder.rglob("*.py"))]
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()


def _stat_line(path: Path) -> str:
    stat = path.stat()
    return f"{path.name} {stat.st_size} {stat.st_mtime_ns}"
