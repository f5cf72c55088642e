"""Toy files: a magic line, then one JSON object."""

from exoraw.assays.contract import Format, Magic

FORMATS = (
    Format("toy", "Toy instrument file", (Magic(b"TOY1\n"),), (".toy",), "toyassay.reader:probe"),
    Format("bad", "File whose probe fails", (Magic(b"BADPROBE"),), (".bad",), "toyassay.reader:broken_probe"),
)
