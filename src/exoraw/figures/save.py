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
_TAG = re.compile(r"<[^>]*>")  # matplotlib escapes < and > in texts and attributes
_FONT = re.compile(r"font-family: [^;\"]*|(?<=font: )([^;\"]*?[\d.]+px) [^;\"]*")  # since, and before, 3.11
_FAMILY = f"font-family: {look.SVG_FONTS}"
_USED = re.compile(r"(?:url\(#|href=\"#)([^)\"]+)")
_ID = re.compile(r" id=\"([^\"]*)\"")
_STYLE_SHEET = re.compile(r"\s*<defs>\s*<style[^>]*>[^<]*</style>\s*</defs>")


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
    """Return a figure as one <svg> element, for a file of its own or inside a page.

    Letters stay text in Arial or Helvetica, whatever fonts this machine has. It holds no style sheet (that
    would colour the page around it) and only the ids that it uses itself.
    """
    text = _drawn(figure, "svg").decode()
    body = _STYLE_SHEET.sub("", text[text.index("<svg") :], count=1)
    used = set(_USED.findall(body))
    plain = _TAG.sub(lambda tag: _plain_tag(tag[0], used), body)
    return plain.replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1)


def _plain_tag(tag: str, used: set[str]) -> str:
    kept = _ID.sub(lambda found: found[0] if found[1] in used else "", tag)
    return _FONT.sub(lambda found: f"{found[1]} {look.SVG_FONTS}" if found[1] else _FAMILY, kept)


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
