"""Plate files: a magic line, then one JSON object, well -> signal."""

from exoraw.assays.contract import Format, Magic

FORMATS = (Format("wells", "Toy plate", (Magic(b"WELL1\n"),), (".wells",), "wellassay.reader:probe"),)
