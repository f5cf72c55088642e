"""Writing files beside the study: whole or not at all, and never over what a person typed."""

from __future__ import annotations

import os
from pathlib import Path

from exoraw.io.errors import StudyError


def joined_bytes(before: bytes, text: str, encoding: str) -> bytes:
    """Return a text file with lines added at its end, in its own encoding; the old bytes are untouched.

    Raises StudyError where the encoding has no such letter.
    """
    codec = "utf-8" if encoding == "utf-8-sig" else encoding
    try:
        added = text.encode(codec)
        newline = "\n".encode(codec)
        carriage = "\r".encode(codec)
    except UnicodeEncodeError as error:
        letter = text[error.start]
        raise StudyError(
            f'The file is saved as {encoding} and cannot hold "{letter}". Save it as "CSV UTF-8".'
        ) from error
    if before and not before.endswith((newline, carriage)):
        before += carriage + newline if carriage + newline in before else newline
    return before + added


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises StudyError where it cannot be written, for example because it is open in Excel on Windows.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)  # noqa: PTH105  the one call whose atomicity is documented
    except OSError as error:
        part.unlink(missing_ok=True)
        advice = "Close it in other programs and check the disk."
        raise StudyError(f"{path} cannot be written: {error.strerror or error}. {advice}") from error
