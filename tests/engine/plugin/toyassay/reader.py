"""Reads toy files."""

import json
from pathlib import Path

from exoraw.io.errors import FormatError
from exoraw.io.inventory import DatasetHeader, Header

MAGIC = b"TOY1\n"


def read(path: Path) -> dict:
    content = path.read_bytes()
    if not content.startswith(MAGIC):
        raise FormatError(path, 0, repr(MAGIC), repr(content[:5]), "Export it again.")
    found = json.loads(content[len(MAGIC) :] or b"{}")
    if not isinstance(found, dict):
        raise FormatError(path, None, "an object", "a list")
    return found


def probe(path: Path) -> Header:
    fields = {name: str(value) for name, value in read(path).items()}
    return Header((DatasetHeader(0, 1, fields),), make="Toys Inc")


def broken_probe(path: Path) -> Header:
    raise ZeroDivisionError("a fault of the probe")


def noisy_probe(path: Path) -> Header:
    if not path.read_bytes().endswith(b"noise"):
        raise FormatError(path, None, "noise", "none")
    return Header((DatasetHeader(0, 1, {}),))


def text_probe(path: Path) -> Header:
    if b"lines" not in path.read_bytes():
        raise FormatError(path, None, "the word lines", "something else")
    return Header((DatasetHeader(0, 1, {}),))
