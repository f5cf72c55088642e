"""What lies in a raw folder: every file by content, with digest, header and why it is unusable."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from exoraw.assays.contract import Format
from exoraw.engine import recognise
from exoraw.engine.digests import DigestCache, Remembered, load_cache, save_cache
from exoraw.engine.platform import usable_cores
from exoraw.io.errors import StudyError
from exoraw.io.inventory import Header, Inventory, RawFile

RECENT_S = 10.0  # a file written this recently may still be growing: it is looked at twice
SECOND_LOOK_S = 1.0  # instruments flush at least this often while they export
UNSTABLE_S = 2.0  # a clock tick of the coarsest file system (FAT): such a digest is not remembered
STILL_GROWING = "it is still being written. Run again when the instrument or the copy has finished."
_HASH_THREADS = 8
_BLOCK = 1 << 20

_SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
_SYSTEM_FOLDERS = frozenset(
    {"$recycle.bin", "system volume information", "lost+found", "@eadir", "__macosx", "#recycle"}
)


@dataclass
class _Walk:
    """What a walk over the folder met, before any file was opened."""

    regular: dict[str, os.stat_result] = field(default_factory=dict)
    unusable: dict[str, RawFile] = field(default_factory=dict)
    ignored: int = 0


def take_inventory(raw: Path, cache: Path | None = None) -> Inventory:
    """Look at every file below `raw`, by content. Nothing is written there.

    Parameters
    ----------
    raw : the raw folder
    cache : file that remembers digests and headers of unchanged files; None = none

    Returns
    -------
    every file in sorted order. Unreadable, unknown, growing files, links that leave the folder and files
    that no parser accepts are there too, with `problem` in words

    Raises
    ------
    StudyError : the folder does not exist or cannot be listed
    """
    if not raw.is_dir():
        raise StudyError(
            f"The raw folder {raw} does not exist or is not a folder. Check `raw:` in the study."
        )
    root = raw.resolve()
    walk = _Walk()
    _visit(root, root, walk)
    known = recognise.formats()
    remembered = load_cache(cache, recognise.probe_stamp())
    growing = _growing(root, walk)
    looked = _look_at_all(root, walk, growing, known, remembered)
    files = dict(sorted({**looked, **walk.unusable}.items()))
    if cache is not None:
        _remember(cache, files, walk, remembered)
    return Inventory(MappingProxyType(files), ignored=walk.ignored)


def _remember(cache: Path, files: dict[str, RawFile], walk: _Walk, remembered: DigestCache) -> None:
    """Keep what was learnt of sound files; a probe's failure may lie in the machine and is tried again."""
    young = _unstable(walk)
    keep = {
        path: Remembered(file, walk.regular[path].st_ctime_ns)
        for path, file in files.items()
        if file.sha256 and path not in young and not (file.format and file.problem)
    }
    if keep != dict(remembered.files) or not remembered.headers_valid:
        save_cache(cache, remembered.stamp, keep)


# ----------------------------------------------------------------- the walk


def _visit(folder: Path, root: Path, walk: _Walk) -> None:
    for entry in _entries(folder, root, walk):
        path = Path(entry.path)
        if _ignored(entry):
            walk.ignored += 1
        elif entry.is_symlink():
            _visit_link(path, root, walk)
        elif entry.is_dir(follow_symlinks=False):
            _visit(path, root, walk)
        else:
            _note(path, _relative(path, root), walk)


def _entries(folder: Path, root: Path, walk: _Walk) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if folder == root:
            raise StudyError(f"The raw folder {root} cannot be listed: {error.strerror}.") from error
        relative = _relative(folder, root)
        walk.unusable[relative] = _unusable(relative, f"the folder cannot be listed: {error.strerror}")
        return []


def _ignored(entry: os.DirEntry[str]) -> bool:
    """Return whether the system or Office left it, not an instrument."""
    name = entry.name.lower()
    hidden = name.startswith((".", "~$"))
    return (
        hidden or name in _SYSTEM_FILES or (name in _SYSTEM_FOLDERS and entry.is_dir(follow_symlinks=False))
    )


def _visit_link(path: Path, root: Path, walk: _Walk) -> None:
    relative = _relative(path, root)
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        walk.unusable[relative] = _unusable(relative, "it is a link that points to nothing")
        return
    if not target.is_relative_to(root):
        walk.unusable[relative] = _unusable(
            relative,
            "it is a link that leaves the raw folder and was not followed. Copy the file itself here",
        )
    elif target.is_dir():
        walk.ignored += 1  # its files are met at their own place
    else:
        _note(path, relative, walk)


def _note(path: Path, relative: str, walk: _Walk) -> None:
    try:
        found = path.stat()
        relative.encode()
    except OSError as error:
        walk.unusable[relative] = _unusable(relative, f"it cannot be read: {error.strerror}")
        return
    except UnicodeEncodeError:
        shown = relative.encode("utf-8", "backslashreplace").decode()
        walk.unusable[shown] = _unusable(shown, "its name is no valid text. Rename it")
        return
    if stat.S_ISREG(found.st_mode):
        walk.regular[relative] = found
    else:
        walk.unusable[relative] = _unusable(relative, "it is a pipe, socket or device, not a file")


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _unusable(relative: str, why: str) -> RawFile:
    return RawFile(relative, "", 0, 0, problem=f"{why}.")


# ----------------------------------------------------------------- the files


def _growing(root: Path, walk: _Walk) -> frozenset[str]:
    """Return recent files that change between two looks: the instrument is still writing."""
    now = time.time()
    recent = [path for path, found in walk.regular.items() if now - found.st_mtime < RECENT_S]
    if not recent:
        return frozenset()
    time.sleep(SECOND_LOOK_S)
    return frozenset(path for path in recent if _changed(root / path, walk.regular[path]))


def _changed(path: Path, before: os.stat_result) -> bool:
    try:
        after = path.stat()
    except OSError:
        return True
    return (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns)


def _unstable(walk: _Walk) -> frozenset[str]:
    now = time.time()
    return frozenset(path for path, found in walk.regular.items() if now - found.st_mtime < UNSTABLE_S)


def _look_at_all(
    root: Path, walk: _Walk, growing: frozenset[str], known: Sequence[Format], remembered: DigestCache
) -> dict[str, RawFile]:
    """Digest in threads (sha256 releases the GIL), read headers one after the other."""
    needed = recognise.bytes_needed(known)
    looked: dict[str, RawFile] = {}
    todo: list[str] = []
    for path, found in walk.regular.items():
        cached = remembered.recognised(path, found)
        if path in growing:
            looked[path] = RawFile(path, "", found.st_size, found.st_mtime_ns, problem=STILL_GROWING)
        elif cached is not None:
            looked[path] = cached
        else:
            todo.append(path)
    if todo:
        with ThreadPoolExecutor(min(_HASH_THREADS, 2 * usable_cores(), len(todo))) as pool:
            read = pool.map(lambda path: _read(root, path, walk.regular[path], needed, remembered), todo)
            for path, (file, head) in zip(todo, read, strict=True):
                looked[path] = file if file.problem else _with_header(root, file, head, known)
    return looked


def _read(
    root: Path, path: str, found: os.stat_result, needed: int, remembered: DigestCache
) -> tuple[RawFile, bytes]:
    """Return digest and first bytes of one file; every failure is its `problem`."""
    file = RawFile(path, "", found.st_size, found.st_mtime_ns)
    try:
        with (root / path).open("rb", buffering=0) as handle:
            head = handle.read(needed)
            digest = remembered.digest(path, found) or _digest(handle.fileno())
            after = os.fstat(handle.fileno())
    except OSError as error:
        return replace(file, problem=f"it cannot be read: {error.strerror or error}."), b""
    if (after.st_size, after.st_mtime_ns) != (found.st_size, found.st_mtime_ns):
        return replace(file, problem=STILL_GROWING), b""
    return replace(file, sha256=digest), head


def _digest(handle: int) -> str:
    """Return the sha256 of an open file, from its beginning."""
    digest = hashlib.sha256()
    for block in _blocks(handle):
        digest.update(block)
    return digest.hexdigest()


def _blocks(handle: int) -> Iterator[memoryview]:
    buffer = bytearray(_BLOCK)
    view = memoryview(buffer)
    os.lseek(handle, 0, os.SEEK_SET)
    with os.fdopen(os.dup(handle), "rb", buffering=0) as stream:
        while count := stream.readinto(buffer):
            yield view[:count]


def digest_of(path: Path) -> str:
    """Return the sha256 of a file as hex digits. Raises OSError."""
    with path.open("rb", buffering=0) as handle:
        return _digest(handle.fileno())


def _with_header(root: Path, file: RawFile, head: bytes, known: Sequence[Format]) -> RawFile:
    found = recognise.recognise(root / file.path, file.path, head, known)
    header: Header = found.header
    return replace(file, format=found.format, header=header, problem=found.problem)
