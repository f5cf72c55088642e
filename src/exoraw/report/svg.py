"""A Figure as inline SVG that a strict content policy accepts and that follows the page's colours.

Matplotlib writes style attributes, which a policy without 'unsafe-inline' refuses, ids that collide
between figures, a date and fixed colours; here they become plain attributes, unique ids, nothing, classes.
"""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree as ET

from markupsafe import Markup
from matplotlib.figure import Figure

from exoraw.report import style
from exoraw.report.words import visible

CSS_PIXELS = 96  # of an inch
SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
CLASSES = {
    style.INK: "ink", style.MUTED: "muted", style.GRID: "grid", style.PAPER: "paper",
    **{colour: f"tint{i}" for i, colour in enumerate(style.GROUP_COLOURS)},
}  # fmt: skip
_FONT = re.compile(r"(?:(?P<slant>italic|oblique) )?(?:(?P<weight>\d+|bold) )?(?P<size>[\d.]+)px ")
_DROPPED = {f"{{{SVG}}}metadata", "metadata", f"{{{SVG}}}style", "style"}


def inline_svg(figure: Figure, name: str, description: str) -> Markup:
    """Return a figure as one <svg> element for an HTML page; the same figure gives the same bytes.

    Parameters
    ----------
    name : unique in the page; every id of the figure starts with it
    description : what a screen reader says
    """
    root = ET.fromstring(_drawn(figure, name))  # noqa: S314 (written by matplotlib one line above)
    _drop(root)
    _plain_attributes(root)
    _unique_ids(root, name)
    width, height = figure.get_size_inches() * CSS_PIXELS
    kept = {"viewBox": root.attrib["viewBox"], "width": f"{width:.0f}", "height": f"{height:.0f}",
            "role": "img", "aria-label": visible(description)}  # fmt: skip
    root.attrib.clear()
    root.attrib.update(kept)
    text = ET.tostring(root, encoding="unicode")
    return Markup(re.sub(r"\s*\n\s*", "\n", text))  # noqa: S704 (serialised by ElementTree, which escapes)


def _drawn(figure: Figure, name: str) -> bytes:
    buffer = io.BytesIO()
    with style.house_style(**{"svg.hashsalt": name}):
        figure.savefig(
            buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    return buffer.getvalue()


def _drop(root: ET.Element) -> None:
    """Take out metadata and style sheets, and write every tag without its namespace prefix."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in _DROPPED:
                parent.remove(child)
        parent.tag = parent.tag.removeprefix(f"{{{SVG}}}")


def _plain_attributes(root: ET.Element) -> None:
    root.set("stroke-linejoin", "round")  # what matplotlib's style sheet says for all
    for element in root.iter():
        if f"{{{XLINK}}}href" in element.attrib:
            element.set("href", element.attrib.pop(f"{{{XLINK}}}href"))
        declared = [
            pair.partition(":") for pair in element.attrib.pop("style", "").split(";") if pair.strip()
        ]
        for key, _, value in declared:
            _set(element, key.strip(), value.strip())


def _set(element: ET.Element, key: str, value: str) -> None:
    if key == "font":
        found = _FONT.match(value)
        if found:
            element.set("font-size", found["size"])
        if found and found["weight"]:
            element.set("font-weight", found["weight"])
        return
    if key == "font-family":
        return  # the page's own
    if key in ("fill", "stroke") and value in CLASSES:
        kind = f"{key}-{CLASSES[value]}"
        element.set("class", f"{element.get('class', '')} {kind}".strip())
        return
    element.set(key, value)


def _unique_ids(root: ET.Element, name: str) -> None:
    """Keep the ids that are referred to, with the figure's name before them; drop the others."""
    used: set[str] = set()
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "href":
                used.add(value.removeprefix("#"))
            used.update(re.findall(r"url\(#([^)]+)\)", value))
    for element in root.iter():
        identity = element.attrib.pop("id", None)
        if identity in used:
            element.set("id", f"{name}-{identity}")
        for key, value in list(element.attrib.items()):
            if key == "href":
                element.set(key, f"#{name}-{value.removeprefix('#')}")
            elif "url(#" in value:
                element.set(key, value.replace("url(#", f"url(#{name}-"))
