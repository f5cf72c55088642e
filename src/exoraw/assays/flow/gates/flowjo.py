"""FlowJo 10 workspaces (.wsp): which sample has which gates, scales and matrix.

A gate that cannot be read as FlowJo draws it is listed with its place, together with every population that
hangs on it; a strategy is handed out only when nothing is missing from it, or when the caller says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import numpy as np

from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.flowjo_gates import Tube
from exoraw.assays.flow.gates.flowjo_populations import Refusal, read_populations
from exoraw.assays.flow.gates.flowjo_scales import Axis, FlowJoMatrix, axes_of, matrix_of
from exoraw.assays.flow.gates.strategy import Strategy
from exoraw.assays.flow.gates.xml_reading import Element, read_xml
from exoraw.study.words import did_you_mean, listed, shown

MOST_PARAMETERS = 10_000
NOT_GATES = frozenset(  # the look of plots, tables and layouts: most of a workspace
    {"Graph", "Layouts", "LayoutEditor", "TableEditor", "Scripts", "exportRecipes", "BatchSettings",
     "Columns", "Cytometers", "WindowPosition", "TextTraits", "Statistic", "Groups", "SOPS"}
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class WorkspaceSample:
    """One tube of a workspace.

    Parameters
    ----------
    name : as FlowJo shows it
    file : name of the FCS file that it was linked to, "" where unknown
    readable : the gates that could be read; incomplete where there are refusals
    refusals : every population that could not be read, and why
    counts : events that FlowJo counted, by the population's name in `readable`; never recounted ones left out
    axes : FlowJo's scales, for plots, by parameter
    matrix : of the tube, or None
    """

    name: str
    file: str
    readable: Strategy
    refusals: tuple[Refusal, ...]
    counts: Mapping[str, int]
    axes: Mapping[str, Axis] = field(repr=False)
    matrix: FlowJoMatrix | None = field(repr=False)

    def strategy(self) -> Strategy:
        """The whole strategy of the tube; GateError that lists what is missing where something is."""
        if self.refusals:
            reasons = "\n".join(f"  {refusal}" for refusal in self.refusals)
            count = len(self.refusals)
            raise GateError(
                f"sample {shown(self.name)}: {count} population{'s' if count > 1 else ''} of the workspace "
                "cannot "
                f"be read:\n{reasons}"
            )
        return self.readable


@dataclass(frozen=True, eq=False)
class Workspace:
    """A FlowJo workspace: its samples in order."""

    path: Path
    samples: tuple[WorkspaceSample, ...]

    def sample(self, name: str) -> WorkspaceSample:
        """Return the sample of this name or file; GateError where there is none, or several."""
        found = [each for each in self.samples if name in {each.name, each.file}]
        if len(found) == 1:
            return found[0]
        names = [each.name for each in self.samples]
        if found:
            raise GateError(f"{self.path.name}: {len(found)} samples are called {shown(name)}.")
        raise GateError(
            f"{self.path.name}: no sample is called {shown(name)} ({listed(names)})."
            f"{did_you_mean(name, names)}"
        )


def read_workspace(path: str | Path) -> Workspace:
    """Read a FlowJo 10 workspace (.wsp).

    Raises
    ------
    FormatError : no workspace of FlowJo 10, or damaged. A gate that is not supported is no error here: it
        is a refusal of its sample, and `WorkspaceSample.strategy` raises it
    """
    samples: list[WorkspaceSample] = []
    root = read_xml(Path(path), skip=NOT_GATES, part="Sample", use=lambda each: samples.append(_sample(each)))
    if root.name != "Workspace":
        raise root.wrong("a FlowJo workspace", shown(root.name), "GatingML is read by read_gatingml.")
    if root.first("SampleList") is None:
        found = f"none; its version is {root.attributes.get('version', 'unknown')}"
        raise root.wrong("a FlowJo 10 workspace with a SampleList", found)
    return Workspace(Path(path), tuple(samples))


def _sample(element: Element) -> WorkspaceSample:
    node = element.need("SampleNode")
    axes, matrix = axes_of(element), matrix_of(element)
    keywords = _keywords(element)
    tree = read_populations(node, Tube(axes, matrix, _channels(keywords), _timestep(keywords)))
    held = {}
    if matrix is not None and matrix.spillover is not None:
        held = {matrix.spillover.source: matrix.spillover}
    try:
        strategy = Strategy(tree.gates, held)
    except GateError as error:
        expected = f"gates of sample {shown(node.get('name'))} that fit together"
        raise node.wrong(expected, str(error).removesuffix("."), "Correct them in FlowJo.") from error
    return WorkspaceSample(
        node.get("name"), _file(element), strategy, tree.refusals, tree.counts, axes, matrix
    )


def _file(sample: Element) -> str:
    data = sample.first("DataSet")
    uri = data.attributes.get("uri", "") if data is not None else ""
    return PurePosixPath(unquote(uri)).name


def _keywords(sample: Element) -> dict[str, str]:
    holder = sample.first("Keywords")
    words = holder.all("Keyword") if holder is not None else ()
    return {each.get("name").upper(): each.attributes.get("value", "").strip() for each in words}


def _channels(keywords: Mapping[str, str]) -> tuple[str, ...]:
    """$PnN of the file; FlowJo adds its compensated parameters beyond $PAR."""
    parameters = keywords.get("$PAR", "")
    most = int(parameters) if parameters.isdecimal() and len(parameters) < 6 else 0
    names = (keywords.get(f"$P{n}N") for n in range(1, min(most, MOST_PARAMETERS) + 1))
    return tuple(name for name in names if name)


def _timestep(keywords: Mapping[str, str]) -> float | None:
    try:
        step = float(keywords.get("$TIMESTEP", ""))
    except ValueError:
        return None
    return step if np.isfinite(step) and step > 0 else None
