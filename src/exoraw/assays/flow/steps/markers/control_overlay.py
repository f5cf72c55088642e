"""The picture of a batch's controls: every isotype, FMO or DEAB tube over the others, with its percentile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from exoraw.assays.contract import Artefact
from exoraw.assays.flow.controls import UNSTAINED
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.steps.markers.live_cells import VIABILITY, LiveCells
from exoraw.assays.flow.steps.markers.own_controls import FMO_ROLE
from exoraw.assays.flow.steps.scales import AxisScale

CONTROLS_SHOWN = 7  # as many as there are colours; the others are named in the caption
FEWEST_EVENTS = 20


def control_overlay(
    ground: Mapping[str, Any],
    cells: Mapping[str, LiveCells],
    roles: Mapping[str, str],
    dyes: Sequence[Dye],
    percentile: float,
) -> list[Artefact]:
    """Draw the controls of a batch, one panel per marker; nothing where there is none.

    Parameters
    ----------
    ground : `data` of the step: axes and border of the dead-cell dye
    cells, roles : by name of the control tube
    """
    drawn = {name: one for name, one in cells.items() if np.count_nonzero(one.live) >= FEWEST_EVENTS}
    if not drawn:
        return []
    from exoraw.assays.flow.marker_plots import Panel, overlay_plot
    from exoraw.assays.flow.plot_parts import Curve, Line

    shown = list(drawn)[:CONTROLS_SHOWN]
    anchors = _anchors(shown, roles)
    panels = []
    for place, dye in enumerate(dyes):
        masks = {
            name: drawn[name].cleaned.singlets if dye.key == VIABILITY else drawn[name].live for name in shown
        }
        values = {
            name: drawn[name].signal[masks[name], place] for name in shown if _shows(roles[name], dye.key)
        }
        curves = [
            Curve(f"{name} ({_words(roles[name])})", values[name], at)
            for at, name in enumerate(shown)
            if name in values
        ]
        if dye.key == VIABILITY:
            border = ground["viability"]["border"]
            lines = [] if border is None else [Line(border, f"dead above {border:,.0f}", used=True)]
        else:
            gating = [name for name in values if name in anchors or roles[name] == FMO_ROLE + dye.key]
            tops = [float(np.percentile(values[name], percentile)) for name in gating]
            lines = [Line(top, f"{top:,.0f}", used=False) for top in sorted(set(tops))[-2:]]
        axis = AxisScale(**ground["scales"][dye.key]).axis(dye.title)
        panels.append(Panel(axis, tuple(curves), tuple(lines)))
    rest = f"; not drawn: {', '.join(list(drawn)[CONTROLS_SHOWN:])}" if len(drawn) > CONTROLS_SHOWN else ""
    note = f"dashed: {percentile:g} % of a control's cells lie below (the two highest)"
    content = overlay_plot(panels, str(ground["batch"]), note)
    caption = (
        f"Controls of {ground['batch']}, live single cells, each scaled to its own peak. Dashed: "
        f"{percentile:g} % of a control's cells lie below. A tube is gated by its own controls{rest}."
    )
    return [Artefact("picture", "controls.png", content, caption)]


def _shows(role: str, dye: str) -> bool:
    """An FMO tube is a control of the dye it leaves out and of no other; it has all dead cells, though."""
    return not role.startswith(FMO_ROLE) or dye in (VIABILITY, role.removeprefix(FMO_ROLE))


def _anchors(names: Sequence[str], roles: Mapping[str, str]) -> list[str]:
    """The tubes that gates may stand on: unstained ones only where there is no better control."""
    better = [name for name in names if roles[name] != UNSTAINED and not roles[name].startswith(FMO_ROLE)]
    return better or [name for name in names if roles[name] == UNSTAINED]


def _words(role: str) -> str:
    words = {"deab": "DEAB", "no_exosome": "no exosomes", "dye_only": "dye alone"}
    return "FMO" if role.startswith(FMO_ROLE) else words.get(role, role)
