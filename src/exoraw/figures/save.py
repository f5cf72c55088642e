"""A figure as files: SVG and PDF whose text stays text, PNG for print; the same figure, the same bytes."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.text import Text

from exoraw.figures import look
from exoraw.figures.page import FigureError

Format = Literal["svg", "png", "pdf"]
PRINT_DPI = 600  # of a PNG: what journals ask for figures of lines and text
# No date, no version: the bytes of a figure hang on its content only.
_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None, "ModDate": None},
}
_FONT_IN_SVG = re.compile(r"(font: [^;\"']*?[\d.]+px) [^;\"]*")


def save(
    figure: Figure, path_without_suffix: Path | str, formats: Sequence[Format] = ("svg", "png", "pdf")
) -> tuple[Path, ...]:
    """Write a figure in several formats beside each other; a file is there whole or not at all.

    Parameters
    ----------
    path_without_suffix : folder (made where missing) and name; the format's suffix is added to it
    formats : "svg", "png" (600 dpi), "pdf" (fonts embedded as TrueType)

    Returns
    -------
    paths, in the order of `formats`

    Raises
    ------
    FigureError : a format that is not offered
    """
    base = Path(path_without_suffix)
    unknown = [name for name in formats if name not in _METADATA]
    if unknown:
        raise FigureError(f"figures are written as svg, png or pdf; {unknown[0]!r} is not one of them")
    base.parent.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in formats:
        path = base.with_name(f"{base.name}.{name}")
        _write_whole(path, figure_bytes(figure, name))
        paths.append(path)
    return tuple(paths)


def figure_bytes(figure: Figure, name: Format) -> bytes:
    """Return a figure as the bytes of one format."""
    if name == "svg":
        return svg_text(figure).encode()
    return _drawn(figure, name)


def svg_text(figure: Figure) -> str:
    """Return a figure as SVG text; its letters stay text in Arial or Helvetica, whatever this machine has."""
    text = _drawn(figure, "svg").decode()
    return _FONT_IN_SVG.sub(rf"\1 {look.SVG_FONTS}", text)


def unwritable(figure: Figure) -> str:
    """Return the letters that no font of this machine holds: boxes in PNG and PDF, still text in SVG."""
    letters = {letter for text in figure.findobj(Text) for letter in text.get_text() if not letter.isspace()}
    known = [get_font(findfont(FontProperties(family=name))) for name in look.fonts()]
    return "".join(sorted(x for x in letters if not any(font.get_char_index(ord(x)) for font in known)))


def _drawn(figure: Figure, name: str) -> bytes:
    buffer = io.BytesIO()
    with look.house_style():
        figure.savefig(buffer, format=name, dpi=PRINT_DPI if name == "png" else 72, metadata=_METADATA[name])
    return buffer.getvalue()


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
