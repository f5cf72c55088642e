"""Gates as data: shapes, strategies, populations; YAML and GatingML 2.0 both ways, FlowJo 10 in."""

from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.events import NO_MATRIX, Dimension, Events
from exoraw.assays.flow.gates.flowjo import Workspace, WorkspaceSample, read_workspace
from exoraw.assays.flow.gates.flowjo_populations import Refusal
from exoraw.assays.flow.gates.gatingml_reading import read_gatingml
from exoraw.assays.flow.gates.gatingml_writing import gatingml
from exoraw.assays.flow.gates.in_polygon import in_polygon
from exoraw.assays.flow.gates.populations import Population, Populations, populations
from exoraw.assays.flow.gates.scales import Biex, Fasinh, FlowJoLog, Linear, Log, Scale
from exoraw.assays.flow.gates.shapes import (
    Boolean,
    Divider,
    Ellipsoid,
    Gate,
    Polygon,
    Quadrant,
    Quadrants,
    Range,
    Rectangle,
    Reference,
    interval,
    mask,
    threshold,
)
from exoraw.assays.flow.gates.strategy import NamedGate, Strategy
from exoraw.assays.flow.gates.tubes import populations_of
from exoraw.assays.flow.gates.yaml_reading import parse_strategy, read_strategy, strategy_of
from exoraw.assays.flow.gates.yaml_writing import strategy_yaml

__all__ = [
    "NO_MATRIX",
    "Biex",
    "Boolean",
    "Dimension",
    "Divider",
    "Ellipsoid",
    "Events",
    "Fasinh",
    "FlowJoLog",
    "Gate",
    "GateError",
    "Linear",
    "Log",
    "NamedGate",
    "Polygon",
    "Population",
    "Populations",
    "Quadrant",
    "Quadrants",
    "Range",
    "Rectangle",
    "Reference",
    "Refusal",
    "Scale",
    "Strategy",
    "Workspace",
    "WorkspaceSample",
    "gatingml",
    "in_polygon",
    "interval",
    "mask",
    "parse_strategy",
    "populations",
    "populations_of",
    "read_gatingml",
    "read_strategy",
    "read_workspace",
    "strategy_of",
    "strategy_yaml",
    "threshold",
]
