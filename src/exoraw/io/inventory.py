"""What is known of the raw files of a study from their headers alone: the inventory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class DatasetHeader:
    """One dataset of a file: an FCS dataset, a microscope scene, a plate.

    Parameters
    ----------
    index : position in the file, from 0
    size : events, pixels, reads or wells as the header declares them; None where it does not
    fields : the instrument's own keywords, as text ("$FIL", "TUBE NAME", "Objective")
    duplicate_of : index of the dataset that holds the same measurements in another form
    """

    index: int
    size: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)  # plain: it travels between processes
    duplicate_of: int | None = None


@dataclass(frozen=True)
class Header:
    """What a format's probe reads of a file without decoding its data."""

    datasets: tuple[DatasetHeader, ...] = ()
    make: str = ""
    model: str = ""
    serial: str = ""
    acquired_at: str = ""  # ISO 8601 as far as the instrument wrote it; no zone is invented


@dataclass(frozen=True)
class RawFile:
    """One file of the raw folder.

    Parameters
    ----------
    path : relative to the raw folder, with forward slashes
    sha256 : hex digest of the content; "" where it could not be read
    size : bytes
    mtime_ns : modification time when the digest was taken
    format : name of the recognised format ("fcs"), "" where unknown
    problem : why it cannot be used (unreadable, foreign, still growing), "" where it can
    """

    path: str
    sha256: str
    size: int
    mtime_ns: int
    format: str = ""
    header: Header = field(default_factory=Header)
    problem: str = ""

    @property
    def file_id(self) -> str:
        """Short stable name of the content at this path, as used in the tables."""
        return self.sha256[:16]


@dataclass(frozen=True)
class Inventory:
    """All files of the raw folder, by relative path, in sorted order."""

    files: Mapping[str, RawFile] = field(default_factory=lambda: MappingProxyType({}))
    ignored: int = 0  # hidden and system files (.DS_Store, Thumbs.db, ~$...), not listed

    def __iter__(self) -> Iterator[RawFile]:
        return iter(self.files.values())

    def __len__(self) -> int:
        return len(self.files)

    def get(self, path: str) -> RawFile | None:
        """Return the file at this relative path, or None."""
        return self.files.get(path)
