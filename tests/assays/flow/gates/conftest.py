"""Writes small FlowJo 10 workspaces for the tests, element by element as FlowJo does."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from xml.sax.saxutils import quoteattr

import pytest

SPACE = "http://www.isac-net.org/std/Gating-ML/v2.0/"
LINEAR = '<transforms:linear transforms:minRange="0" transforms:maxRange="262144" gain="1" >'
LOG = '<transforms:log transforms:offset="10" transforms:decades="4.5" >'
BIEX = """<transforms:biex transforms:length="256" transforms:maxRange="262144" transforms:neg="0.5"
 transforms:width="-100" transforms:pos="4.5" >"""
LOGICLE = """<transforms:logicle transforms:length="256" transforms:T="262144" transforms:A="0"
 transforms:W="0.7" transforms:M="4.5" >"""
FASINH = """<transforms:fasinh transforms:length="256" transforms:maxRange="262144" transforms:T="262144"
 transforms:A="0.5" transforms:M="4" transforms:W="-10" >"""
MILTENYI = '<transforms:miltenyi transforms:length="256" transforms:maxRange="262144" >'


@pytest.fixture
def flowjo() -> ModuleType:
    """The writers of this module."""
    return sys.modules[__name__]


def axis(channel: str, opening: str = LINEAR) -> str:
    """A parameter with its scale."""
    kind = opening.split(maxsplit=1)[0].strip("<")
    return f"{opening}<data-type:parameter data-type:name={quoteattr(channel)} /></{kind}>"


def dimension(channel: str, low: float | None = None, high: float | None = None) -> str:
    bounds = f' gating:min="{low!r}"' if low is not None else ""
    bounds += f' gating:max="{high!r}"' if high is not None else ""
    named = f"<data-type:fcs-dimension data-type:name={quoteattr(channel)} />"
    return f"<gating:dimension{bounds}>{named}</gating:dimension>"


def rectangle(*dimensions: str, inside: int = 1) -> str:
    return f'<gating:RectangleGate eventsInside="{inside}">{"".join(dimensions)}</gating:RectangleGate>'


def vertex(point: Sequence[float]) -> str:
    numbers = "".join(f'<gating:coordinate data-type:value="{float(value)!r}" />' for value in point)
    return f"<gating:vertex>{numbers}</gating:vertex>"


def polygon(x: str, y: str, corners: Sequence[Sequence[float]], inside: int = 1) -> str:
    content = dimension(x) + dimension(y) + "".join(vertex(each) for each in corners)
    return f'<gating:PolygonGate eventsInside="{inside}" quadId="-1">{content}</gating:PolygonGate>'


def ellipse(x: str, y: str, foci: Sequence[Sequence[float]], edge: Sequence[Sequence[float]]) -> str:
    content = dimension(x) + dimension(y)
    content += f"<gating:foci>{''.join(vertex(each) for each in foci)}</gating:foci>"
    content += f"<gating:edge>{''.join(vertex(each) for each in edge)}</gating:edge>"
    return f'<gating:EllipsoidGate eventsInside="1" gating:distance="1">{content}</gating:EllipsoidGate>'


def population(name: str, gate: str, *children: str, count: int = -1) -> str:
    return (
        f'<Population name={quoteattr(name)} owningGroup="" count="{count}" ><Graph type="x"/>'
        f'<Gate gating:id="ID1" >\n{gate}</Gate>{below(children)}</Population>'
    )


def boolean(kind: str, name: str, operands: Sequence[str], *children: str) -> str:
    named = "".join(f"<Dependent name={quoteattr(each)} />" for each in operands)
    content = f"<Dependents>{named}</Dependents>{below(children)}"
    return f'<{kind} name={quoteattr(name)} count="-1" >{content}</{kind}>'


def below(children: Sequence[str]) -> str:
    return f"<Subpopulations>\n{''.join(children)}</Subpopulations>" if children else ""


def matrix(rows: Mapping[str, Mapping[str, float]], prefix: str = "Comp-") -> str:
    names = "".join(f"<data-type:parameter data-type:name={quoteattr(each)} />" for each in rows)
    content = f"<data-type:parameters>{names}</data-type:parameters>"
    for dye, cells in rows.items():
        values = "".join(
            f'<transforms:coefficient data-type:parameter={quoteattr(name)} transforms:value="{value!r}" />'
            for name, value in cells.items()
        )
        content += (
            f"<transforms:spillover data-type:parameter={quoteattr(dye)} >{values}</transforms:spillover>"
        )
    head = (
        f'<transforms:spilloverMatrix spectral="0" prefix="{prefix}" suffix="" name="Acquisition-defined" >'
    )
    return f"{head}{content}</transforms:spilloverMatrix>"


def sample(
    name: str, channels: Sequence[str], axes: str, *populations: str, spill: str = "", keywords: bool = True
) -> str:
    words = f'<Keyword name="$PAR" value="{len(channels)}" />' + "".join(
        f'<Keyword name="$P{i}N" value={quoteattr(each)} />' for i, each in enumerate(channels, start=1)
    )
    return (
        f'<Sample><DataSet uri="file:/C:/my%20data/{name}" sampleID="1" />{spill}'
        f"<Transformations>{axes}</Transformations>"
        f"<Keywords>{words if keywords else ''}</Keywords>"
        f'<SampleNode name={quoteattr(name)} count="-1" >{below(populations)}</SampleNode></Sample>'
    )


def workspace(*samples: str) -> str:
    spaces = " ".join(
        f'xmlns:{word}="{SPACE}{place}"'
        for word, place in (
            ("gating", "gating"),
            ("transforms", "transformations"),
            ("data-type", "datatypes"),
        )
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Workspace version="20.0" {spaces} >\n'
        f"<Groups/><SampleList>\n{''.join(samples)}\n</SampleList></Workspace>\n"
    )
