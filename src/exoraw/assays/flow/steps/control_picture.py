"""The picture of a batch's controls: every control over the others, the border used and its rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from exoraw.assays.contract import Artefact
from exoraw.assays.flow.annexin import AnnexinThresholds, AxisThreshold
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.steps.scales import BatchScales

if TYPE_CHECKING:
    from exoraw.assays.flow.plots import Line

WORDS = {
    "vehicle": "vehicle",
    "single_annexin": "Annexin V only",
    "single_dead": "dead-cell dye only",
    "unstained": "unstained",
    "treated": "samples",
}
AXIS_NAMES = ("Annexin V", "dead-cell dye")


def control_picture(
    batch: str,
    names: Mapping[str, Sequence[str]],
    pools: Mapping[str, FloatArray],
    general: AnnexinThresholds,
    matched: Mapping[str, AnnexinThresholds],
    scales: BatchScales,
) -> tuple[Artefact, ...]:
    """Draw the overlay; nothing where the batch has no control that can be read."""
    if not pools:
        return ()
    from exoraw.assays.flow.plots import Curve, control_plot  # planning and checking need no matplotlib

    curves = tuple(
        [Curve(_name(role), signal[:, column], _colour(role, pools)) for role, signal in pools.items()]
        for column in (0, 1)
    )
    lines = (
        _lines(general.annexin, {name: pair.annexin for name, pair in matched.items()}),
        _lines(general.dna, {name: pair.dna for name, pair in matched.items()}),
    )
    axes = (scales.annexin.axis(AXIS_NAMES[0]), scales.dead.axis(AXIS_NAMES[1]))
    tubes = ", ".join(name for group in names.values() for name in group)
    sources = _source(general.annexin), _source(general.dna)
    note = f"Annexin V border from {sources[0]}, dead-cell dye border from {sources[1]}"
    if sources[0] == sources[1]:
        note = f"both borders from {sources[0]}"
    content = control_plot(axes, (curves[0], curves[1]), lines, batch, note)
    caption = (
        f"Controls of {batch} ({tubes}), each scaled to its own peak. Red: the border that is used; "
        "dashed: what the other sources would have given."
    )
    return (Artefact("picture", "controls.png", content, caption),)


def _name(role: str) -> str:
    return WORDS.get(role) or f"unstained, {role.partition(':')[2]}"


def _colour(role: str, pools: Mapping[str, FloatArray]) -> int:
    """The same colour for the same role in every batch; treatment-matched tubes follow."""
    if role in WORDS:
        return list(WORDS).index(role)
    return len(WORDS) + [name for name in pools if name not in WORDS].index(role)


def _source(axis: AxisThreshold) -> str:
    if axis.threshold is None:
        return "nothing that can be trusted"
    return (
        "fixed numbers"
        if axis.source == "none"
        else f"the {axis.source} tube".replace("valley tube", "valley")
    )


def _lines(axis: AxisThreshold, matched: Mapping[str, AxisThreshold]) -> list[Line]:
    from exoraw.assays.flow.plots import Line

    lines = [
        Line(candidate.threshold, candidate.source, used=False)
        for candidate in axis.candidates
        if candidate.threshold is not None and candidate.source != axis.source
    ]
    if axis.threshold is not None:
        lines.append(Line(axis.threshold, f"{axis.threshold:,.0f}", used=True))
    for treatment, pair in matched.items():
        if pair.threshold is not None and pair.threshold != axis.threshold:
            lines.append(Line(pair.threshold, f"{treatment} {pair.threshold:,.0f}", used=True))
    return lines
