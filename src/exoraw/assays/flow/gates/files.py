"""A lab's gates from a file: a strategy (.yaml), GatingML 2.0 (.xml) or a FlowJo 10 workspace (.wsp)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exoraw.assays.contract import Finding
from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.flowjo import Workspace, WorkspaceSample, read_workspace
from exoraw.assays.flow.gates.gatingml_reading import read_gatingml
from exoraw.assays.flow.gates.scales import Scale
from exoraw.assays.flow.gates.strategy import Strategy
from exoraw.assays.flow.gates.yaml_reading import read_strategy
from exoraw.study.words import did_you_mean, listed, shown

YAML, GATINGML, WORKSPACE = (".yaml", ".yml"), (".xml", ".gatingml"), (".wsp",)


@dataclass(frozen=True)
class TubeGates:
    """The gates that hold for one tube.

    Parameters
    ----------
    strategy : whole
    source : file, and tube of the workspace that they come from, in words
    counts : what FlowJo counted, by population; empty for other files
    scales : on which FlowJo shows a channel, for pictures
    findings : gates of another tube
    """

    strategy: Strategy
    source: str
    counts: Mapping[str, int] = field(default_factory=dict)
    scales: Mapping[str, Scale] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class GateFile:
    """A file of gates: one strategy for every tube, or a workspace with gates tube by tube."""

    path: Path
    strategy: Strategy | None
    workspace: Workspace | None

    def for_tube(self, file: str, *, template: str = "") -> TubeGates:
        """Return the gates of a tube.

        FlowJo keeps the gates of a group in every tube of it. A tube that the workspace does not hold gets
        those of the tube called `template`, or of the only one; a finding says so.

        Parameters
        ----------
        file : name of its FCS file
        template : name or file of the tube of the workspace whose gates hold for tubes that it lacks

        Raises
        ------
        GateError : the workspace has no gates for the tube, several that could hold, or gates that cannot be
            read as FlowJo draws them: each with its place and what to do
        """
        if self.workspace is None:
            assert self.strategy is not None
            return TubeGates(self.strategy, self.path.name)
        own = [each for each in self.workspace.samples if file in {each.file, each.name}]
        if len(own) > 1:
            raise GateError(
                f"{self.path.name}: {len(own)} tubes of the workspace are linked to {shown(file)}; keep one."
            )
        if own:
            return self._of(own[0])
        other = self._template(self.workspace, file, template)
        message = (
            f"{self.path.name} holds no gates for {file}; those of {shown(other.name)} were used. Add the "
            "tube to "
            "the workspace if its gates differ."
        )
        return self._of(other, (Finding("gates_of_other_tube", "warning", message),))

    def _template(self, workspace: Workspace, file: str, template: str) -> WorkspaceSample:
        if template:
            return workspace.sample(template)
        if len(workspace.samples) == 1:
            return workspace.samples[0]
        names = [each.file or each.name for each in workspace.samples]
        raise GateError(
            f"{self.path.name}: the workspace has no tube {shown(file)} ({listed(names)})."
            f"{did_you_mean(file, names)} Add it in FlowJo, or name the tube whose gates hold for the others "
            "(template)."
        )

    def _of(self, tube: WorkspaceSample, findings: tuple[Finding, ...] = ()) -> TubeGates:
        strategy = tube.strategy()  # raises with every population that cannot be read
        if not strategy.gates:
            raise GateError(f"{self.path.name}: tube {shown(tube.name)} has no gates. Draw them in FlowJo.")
        scales = {name: axis.scale for name, axis in tube.axes.items() if axis.scale is not None}
        if tube.matrix is not None:
            scales |= {
                bare: scale for name, scale in list(scales.items()) if (bare := tube.matrix.detector(name))
            }
        return TubeGates(strategy, f"{self.path.name}, tube {tube.name}", tube.counts, scales, findings)


def read_gate_file(path: str | Path) -> GateFile:
    """Read a file of gates; its ending says what it is.

    Raises
    ------
    FormatError, StudyError : damaged, or not what its ending says
    GateError : another ending
    """
    place = Path(path)
    ending = place.suffix.casefold()
    if ending in YAML:
        return GateFile(place, read_strategy(place), None)
    if ending in GATINGML:
        return GateFile(place, read_gatingml(place), None)
    if ending in WORKSPACE:
        return GateFile(place, None, read_workspace(place))
    raise GateError(
        f"{place.name}: gates are read from {listed((*YAML, *GATINGML, *WORKSPACE))}, found "
        f"{shown(ending)}. A "
        "FlowJo 9 workspace (.jo) must be opened in FlowJo 10 and saved as .wsp."
    )
