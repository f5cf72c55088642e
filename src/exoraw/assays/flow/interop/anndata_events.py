"""The events of a tube as an AnnData object, for scanpy and pytometry; and back.

Names follow pytometry: `var["channel"]`, `var["marker"]`, the keywords in `uns["meta"]`, and the matrix in
`uns["meta"]["spill"]` as long as X is not compensated. Once it is, the matrix stands in `uns["spillover"]`
alone, so that `pytometry.pp.compensate` refuses instead of taking the light out twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from exoraw import __version__
from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.compensation import compensate
from exoraw.assays.flow.fcs import FcsData
from exoraw.assays.flow.gates.errors import GateError
from exoraw.assays.flow.gates.populations import Populations, populations
from exoraw.assays.flow.gates.scales import Scale
from exoraw.assays.flow.gates.strategy import Strategy
from exoraw.assays.flow.gates.tubes import populations_of
from exoraw.assays.flow.gates.yaml_reading import parse_strategy
from exoraw.assays.flow.gates.yaml_writing import strategy_yaml
from exoraw.assays.flow.interop.event_table import EventTable
from exoraw.assays.flow.interop.missing import MissingExtraError
from exoraw.assays.flow.panel import PULSE_WORDS
from exoraw.assays.flow.spillover import Spillover
from exoraw.store.export.h5ad_frames import h5_frame, h5_index, h5_names, h5_text, h5_words
from exoraw.study.words import did_you_mean, listed, shown

RAW, COMPENSATED, TRANSFORMED = "raw", "compensated", "transformed"  # layers, in the order of work


def to_anndata(
    data: FcsData | EventTable,
    sample: str,
    *,
    spillover: Spillover | None = None,
    scales: Mapping[str, Scale] | None = None,
    strategy: Strategy | None = None,
    tree: Populations | None = None,
    factors: Mapping[str, object] | None = None,
) -> Any:
    """Return the events of a tube as AnnData: a row an event, a column a channel.

    `layers["raw"]` is the linear signal as the file stores it; `layers["compensated"]` is there with a
    matrix, `layers["transformed"]` with scales (a channel without a scale stays linear in it). X is the last
    of them; `uns["exoraw"]["X"]` says which. `obs` has `sample`, the factors, and a boolean for every
    population; `uns["populations"]` has their counts, and `uns["exoraw"]["gates"]` the strategy as YAML.
    `write_h5ad(path)` writes it; tubes are joined by `anndata.concat`.

    Parameters
    ----------
    data : a file as `read_fcs` gives it, or a table of events
    sample : name of the tube; event 0 is called "<sample>:0"
    spillover : matrix to take out, such as `data.spillover`; None = as stored
    scales : channel -> scale of the layer "transformed"
    strategy : its gates; they see what was measured and compensate themselves
    tree : populations that were counted already, on the same events; by default those of `strategy`
    factors : column -> value that all events share (treatment, subject)

    Raises
    ------
    MissingExtraError : (an ImportError) anndata is not installed
    GateError : a gate or scale that does not fit the channels, populations of another tube
    SpilloverError : the matrix names channels that the events do not have
    """
    anndata = _anndata()
    layers = _layers(data, spillover, scales or {})
    if tree is None and strategy is not None:
        tree = _counted(strategy, data)
    names = h5_index(h5_names(data.channels))
    last = next(name for name in (TRANSFORMED, COMPENSATED, RAW) if name in layers)
    found = anndata.AnnData(
        X=layers[last].copy(),
        obs=_events(data, sample, tree, factors or {}),
        var=_channels(data, names),
        layers=layers,
    )
    found.uns["meta"] = h5_words(data.keywords)
    if spillover is not None:
        found.uns["spillover"] = _matrix(spillover)
    elif isinstance(data, FcsData) and data.spillover is not None:
        found.uns["spillover"] = _matrix(data.spillover)
        found.uns["meta"]["spill"] = _pytometry_matrix(data.spillover)
    found.uns["exoraw"] = _about(data, last, strategy)
    found.uns["findings"] = _remarks(data.findings)
    if tree is not None:
        found.uns["populations"] = _counts(tree)
    return found


def from_anndata(found: Any, *, layer: str = RAW) -> EventTable:
    """Return the events of an AnnData object as a table that gates, FlowCytometryTools and FCS files take.

    Parameters
    ----------
    found : of `to_anndata`, or with `var["channel"]` as pytometry makes it
    layer : "raw", "compensated", "transformed" or any other that is there; "X" for X

    Raises
    ------
    GateError : no such layer; several samples in one object
    """
    layers = ["X", *found.layers]
    if layer not in layers:
        raise GateError(f"there is no layer {shown(layer)} ({listed(layers)}).{did_you_mean(layer, layers)}")
    samples = sorted(set(found.obs["sample"].astype(str))) if "sample" in found.obs else [""]
    if len(samples) > 1:
        raise GateError(
            f"the object holds {len(samples)} tubes ({listed(samples)}); take one: "
            'found[found.obs["sample"] == name].'
        )
    events = np.array(found.X if layer == "X" else found.layers[layer])
    events.setflags(write=False)
    names = found.var.get("channel", found.var_names)
    markers = found.var.get("marker", [""] * found.n_vars)
    meta = found.uns.get("meta", {})
    file = str(found.uns.get("exoraw", {}).get("file", ""))
    return EventTable(
        sample=samples[0],
        events=events,
        channels=tuple(str(name) for name in names),
        markers=tuple(str(name) for name in markers),
        keywords={str(key): value for key, value in meta.items() if isinstance(value, str)},
        path=Path(file) if file else None,
        findings=_state(layer),
    )


def anndata_strategy(found: Any) -> Strategy:
    """Return the gates that `to_anndata` kept in an object; GateError where it has none."""
    text = found.uns.get("exoraw", {}).get("gates", "")
    if not text:
        raise GateError('the object holds no gates (uns["exoraw"]["gates"]).')
    return parse_strategy(str(text))


def _state(layer: str) -> tuple[Finding, ...]:
    if layer in {RAW, COMPENSATED}:
        return ()
    message = f"Events of the layer {layer}: no linear signal; take no means, medians or ratios of them."
    return (Finding("values_transformed", "warning", message),)


def _anndata() -> Any:
    try:
        import anndata
    except ImportError as error:
        raise MissingExtraError("anndata", "anndata", error) from error
    return anndata


def _layers(
    data: FcsData | EventTable, spillover: Spillover | None, scales: Mapping[str, Scale]
) -> dict[str, FloatArray]:
    layers: dict[str, FloatArray] = {RAW: np.array(data.events)}
    linear = layers[RAW]
    if spillover is not None:
        linear = layers[COMPENSATED] = compensate(linear, data.channels, spillover)
    strange = sorted(set(scales) - set(data.channels))
    if strange:
        raise GateError(
            f"a scale is given for {listed(strange)}, which the tube does not have "
            f"({listed(data.channels, 30)}).{did_you_mean(strange[0], data.channels)}"
        )
    if scales:
        shown_layer = linear.copy()
        for name, scale in scales.items():
            place = data.channels.index(name)
            shown_layer[:, place] = scale.forward(linear[:, place])
        layers[TRANSFORMED] = shown_layer
    return layers


def _counted(strategy: Strategy, data: FcsData | EventTable) -> Populations:
    if isinstance(data, FcsData):
        return populations_of(strategy, data)
    return populations(strategy, data.events, data.channels)


def _events(
    data: FcsData | EventTable, sample: str, tree: Populations | None, factors: Mapping[str, object]
) -> Any:
    """Row of every event: its tube, the factors, and the populations it belongs to."""
    import pandas as pd

    count = len(data)
    index = pd.Index([f"{h5_text(sample)}:{row}" for row in range(count)], dtype=object)
    rows = tree.rows if tree is not None else ()
    names = h5_names(["sample", *factors, *(row.name for row in rows)])
    made: dict[str, Any] = {}
    for name, value in zip(names, [sample, *factors.values()], strict=False):
        made[name] = np.full(count, value) if _is_number(value) else _same_word(str(value), count)
    for name, row in zip(names[1 + len(factors) :], rows, strict=True):
        assert tree is not None
        mask = tree.mask(row.name)
        if len(mask) != count:
            raise GateError(
                f"population {shown(row.name)} was counted on {len(mask):,} events, the tube has {count:,}: "
                "it is "
                "of another tube."
            )
        made[name] = mask.copy()
    frame = pd.DataFrame({name: pd.Series(cells, index=index) for name, cells in made.items()}, index=index)
    frame.columns = pd.Index(list(made), dtype=object)
    return frame


def _same_word(word: str, count: int) -> Any:
    """A column that says the same of every event."""
    import pandas as pd

    levels = pd.Index([h5_text(word)], dtype=object)
    return pd.Categorical.from_codes(np.zeros(count, dtype=np.int8), categories=levels)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _channels(data: FcsData | EventTable, names: Any) -> Any:
    """Column of every channel: name, marker, number, top of the linear range, voltage, part of the pulse."""
    parameters = data.parameters if isinstance(data, FcsData) else ()
    tops = [np.nan if each.linear_top is None else each.linear_top for each in parameters]
    columns: dict[str, Any] = {
        "channel": list(data.channels),
        "marker": list(data.markers),
        "signal_type": [_pulse(name) for name in data.channels],
    }
    if parameters:
        columns |= {
            "n": [each.number for each in parameters],
            "range": np.array(tops, dtype=np.float64),
            "voltage": np.array([_voltage(data, each.number) for each in parameters]),
        }
    return h5_frame(columns, names)


def _pulse(channel: str) -> str:
    """Area, height or width of a dye's pulse, "other" for scatter and time: pytometry's `signal_type`."""
    if channel.upper().startswith(("FSC", "SSC")):
        return "other"
    word = channel.replace("_", "-").rpartition("-")[2].casefold()
    return PULSE_WORDS.get(word, "other") if "-" in channel.replace("_", "-") else "other"


def _voltage(data: FcsData | EventTable, number: int) -> float:
    try:
        return float(data.keywords.get(f"$P{number}V", "nan"))
    except ValueError:
        return float("nan")  # a laboratory's own words; they stand in uns["meta"]


def _matrix(spillover: Spillover) -> dict[str, Any]:
    return {
        "channels": np.array([h5_text(name) for name in spillover.channels], dtype=object),
        "matrix": np.array(spillover.matrix),
        "source": h5_text(spillover.source),
    }


def _pytometry_matrix(spillover: Spillover) -> Any:
    """Rows are dyes, columns detectors, both called as in `var_names`."""
    names = h5_names(spillover.channels)
    columns: dict[str, Any] = {name: spillover.matrix[:, place] for place, name in enumerate(names)}
    return h5_frame(columns, h5_index(names))


def _about(data: FcsData | EventTable, last: str, strategy: Strategy | None) -> dict[str, Any]:
    known = data.path is not None and data.path.is_file()
    about: dict[str, Any] = {
        "version": __version__,
        "file": "" if data.path is None else h5_text(data.path.name),
        "sha256": _sha256(data.path) if known and data.path is not None else "",
        "dataset": data.dataset if isinstance(data, FcsData) else 0,
        "X": last,
    }
    if strategy is not None:
        about["gates"] = h5_text(strategy_yaml(strategy))
    return about


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remarks(findings: tuple[Finding, ...]) -> Any:
    columns = {
        "code": [each.code for each in findings],
        "severity": [str(each.severity) for each in findings],
        "message": [each.message for each in findings],
    }
    return h5_frame(columns, h5_index(str(place) for place in range(len(findings))))


def _counts(tree: Populations) -> Any:
    rows = tree.rows
    columns: dict[str, Sequence[Any]] = {
        "population": [row.name for row in rows],
        "path": ["/".join(row.path) for row in rows],
        "count": [row.count for row in rows],
        "percent_parent": [_percent(row.share_of_parent) for row in rows],
        "percent_total": [_percent(row.share_of_total) for row in rows],
    }
    return h5_frame(columns, h5_index(h5_names(row.name for row in rows)))


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share
