"""From live cells and their controls to the numbers of a strategy."""

from __future__ import annotations

from dataclasses import replace

from exoraw.assays.contract import Finding, Measurement
from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.controls import DYE_ONLY, NO_EXOSOME, UNSTAINED
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.markers import aldefluor as aldh
from exoraw.assays.flow.markers import cd44_cd24 as stem
from exoraw.assays.flow.markers.cd24_border import Cd24Border, Cd24Low, cd24_border, valley_border
from exoraw.assays.flow.markers.positivity import (
    GateSettings,
    PositiveGate,
    fixed_gate,
    positive_gate,
    positive_gates,
)
from exoraw.assays.flow.markers.uptake import UptakeControls, uptake
from exoraw.assays.flow.steps.markers.brightness import brightness, index_of, intensities, share_above
from exoraw.assays.flow.steps.markers.counted import Border, Controls, Counted, Numbers
from exoraw.assays.flow.steps.markers.live_cells import VIABILITY
from exoraw.assays.flow.strategies import (
    CD44CD24,
    Aldefluor,
    ControlGate,
    MarkerStrategy,
    SurfaceMFI,
    UptakeFlow,
)

BorderByHand = dict[str, float | None]
DYED = "exosome dye+"  # name of the population


def gate_settings(gate: ControlGate) -> GateSettings:
    """The settings of a person as the maths takes them."""
    return GateSettings(
        percentile=gate.percentile,
        beside=gate.beside,
        bootstraps=gate.bootstraps,
        minimum=gate.minimum_control_events,
    )


def border_of(gate: PositiveGate) -> Border:
    """A gate as tables and pictures take it."""
    return Border(gate.threshold, gate.source, gate.n, gate.ci_low, gate.ci_high)


# ----------------------------------------------------------------- CD44+/CD24-


def count_cd44_cd24(
    cells: FloatArray,
    controls: Controls,
    strategy: CD44CD24,
    by_hand: BorderByHand,
    numbers: Numbers,
    seed: int,
) -> Counted:
    """CD44+/CD24- cells and the other three quadrants.

    Parameters
    ----------
    cells : (n, 2) compensated linear CD44 and CD24 of live single cells
    by_hand : borders that a person set, by dye key
    """
    settings = gate_settings(strategy.gate)
    cd44, cd24 = _two_gates(cells, controls, settings, by_hand, seed)
    border = _low_border(cd24, controls, strategy, seed)
    found = stem.cd44_cd24(cells, cd44, border, seed=seed)
    low = replace(border_of(cd24), threshold=border.threshold)
    quadrants = found.quadrants or (None,) * len(stem.QUADRANTS)
    measurements = [numbers.share("cd44_pos_cd24_low_share", found.stem_like)]
    measurements += [
        numbers.share("marker_share", share, f"population:{name}")
        for name, share in zip(stem.QUADRANTS, quadrants, strict=True)
    ]
    measurements += [
        numbers.share(
            "share_at_percentile",
            one.share,
            f"population:{stem.STEM_LIKE}",
            f"{one.percentile:g} % of controls",
        )
        for one in found.beside
    ]
    return Counted(
        tuple(measurements),
        tuple((share.name, share.numerator) for share in found.quadrants),
        {"cd44": border_of(cd44), "cd24": low},
        found.definition.words,
        (*cd44.findings, *border.findings, *found.findings),
    )


def _two_gates(
    cells: FloatArray, controls: Controls, settings: GateSettings, by_hand: BorderByHand, seed: int
) -> tuple[PositiveGate, PositiveGate]:
    """The gates of CD44 and CD24 on one isotype tube; a person's own border takes the place of either."""
    names, keys = ("CD44", "CD24"), ("cd44", "cd24")
    fmos = [controls.fmo.get(key) for key in keys]
    if controls.main is None:
        found = [
            positive_gate(
                None, fmo=fmo, seed=seed + place, marker=name, percentile=settings.percentile,
                beside=settings.beside, bootstraps=settings.bootstraps, minimum=settings.minimum,
                sample=cells[:, place], ceiling=controls.tops[place],
            )
            for place, (name, fmo) in enumerate(zip(names, fmos, strict=True))
        ]  # fmt: skip
    else:
        found = list(
            positive_gates(
                controls.main, markers=names, fmos=fmos, samples=cells, ceilings=controls.tops,
                settings=settings, seed=seed, called=controls.called,
            )
        )  # fmt: skip
    for place, key in enumerate(keys):
        value = by_hand.get(key)
        if value is not None:
            found[place] = fixed_gate(value, marker=names[place], bootstraps=settings.bootstraps)
    return found[0], found[1]


def _low_border(cd24: PositiveGate, controls: Controls, strategy: CD44CD24, seed: int) -> Cd24Border:
    """The border of CD24 low; a fixed one and the batch's valley need no control of CD24."""
    if controls.cd24_valley is not None:
        return valley_border(*controls.cd24_valley, cd24)
    low = Cd24Low(strategy.cd24_low, strategy.cd24_low_value)
    if low.rule == "border" and low.value is not None and cd24.threshold is None:
        cd24 = fixed_gate(low.value, marker="CD24", bootstraps=strategy.gate.bootstraps)
    return cd24_border(cd24, low, seed=seed)


# ----------------------------------------------------------------- ALDEFLUOR


def count_aldefluor(
    cells: FloatArray,
    controls: Controls,
    strategy: Aldefluor,
    by_hand: BorderByHand,
    numbers: Numbers,
    seed: int,
) -> Counted:
    """ALDH-high cells, gross and net of the sample's own DEAB tube.

    Parameters
    ----------
    cells : (n, 1) compensated linear ALDEFLUOR signal of live single cells
    """
    settings = gate_settings(strategy.gate)
    value = by_hand.get("aldh")
    gate = None if value is None else fixed_gate(value, marker=aldh.MARKER, bootstraps=settings.bootstraps)
    found = aldh.aldefluor(
        cells[:, 0],
        None if controls.main is None else controls.main[:, 0],
        background=round(100 - settings.percentile, 9),
        gate=gate,
        settings=settings,
        seed=seed,
        ceiling=controls.tops[0],
    )
    net = found.net
    measurements: list[Measurement] = [
        numbers.share("aldh_high_share", found.gross),
        numbers.share("deab_share", found.background),
        numbers.value(
            "aldh_high_net_share",
            float("nan") if net is None else net.points,
            ci_low=None if net is None else net.ci_low,
            ci_high=None if net is None else net.ci_high,
            n=found.n,
            reference=numbers.reference,
        ),
    ]
    for one in found.beside:
        words = f"{100 - one.background:g} % of DEAB"
        measurements.append(
            numbers.share("share_at_percentile", one.gross, f"population:{aldh.ALDH_HIGH}", words)
        )
    gross = found.gross
    populations = () if gross is None else ((aldh.ALDH_HIGH, gross.numerator),)
    return Counted(
        tuple(measurements),
        populations,
        {"aldh": border_of(found.gate)},
        f"the gate leaves {100 - settings.percentile:g} % of the DEAB tube above it",
        found.findings + _no_value(net is None, "aldh_high_net_share"),
    )


def _no_value(absent: bool, measure: str) -> tuple[Finding, ...]:
    if not absent:
        return ()
    message = f"{measure} has no value: it needs the sample's own DEAB tube."
    return (Finding("no_net_share", "warning", message),)


# ----------------------------------------------------------------- any markers


def count_surface_markers(
    cells: FloatArray,
    at_end: BoolArray,
    controls: Controls,
    strategy: SurfaceMFI,
    by_hand: BorderByHand,
    numbers: Numbers,
    seed: int,
) -> Counted:
    """Brightness of every marker, and the share of cells above its control or a person's border.

    Parameters
    ----------
    cells : (n, markers) compensated linear signal of live single cells
    at_end : (n, markers) which of them lay at the end of the detector's scale
    """
    settings = gate_settings(strategy.gate)
    measurements: list[Measurement] = []
    findings: list[Finding] = []
    borders: dict[str, Border] = {}
    populations: list[tuple[str, int]] = []
    markers = [dye for dye in strategy.dyes if dye.key != VIABILITY]
    for column, dye in enumerate(markers):
        value = by_hand.get(dye.key)
        if value is None:
            gate = _gate_of(cells, controls, column, dye, settings, seed)
        else:
            gate = fixed_gate(value, marker=dye.target, bootstraps=settings.bootstraps)
        share = share_above(cells[:, column], gate, f"{dye.target}+", seed)
        numbered, remarks = brightness(cells, at_end, controls, dye, column, numbers, seed)
        measurements += [*numbered, numbers.share("marker_share", share, f"marker:{dye.target}")]
        findings += [*gate.findings, *remarks]
        borders[dye.key] = border_of(gate)
        if share is not None:
            populations.append((f"{dye.target}+", share.numerator))
    note = f"ratio and difference to the {controls.called}" if controls.main is not None else "no isotype"
    return Counted(tuple(measurements), tuple(populations), borders, note, tuple(findings))


def _gate_of(
    cells: FloatArray, controls: Controls, column: int, dye: Dye, settings: GateSettings, seed: int
) -> PositiveGate:
    """The gate of one marker on its own control."""
    return positive_gate(
        None if controls.main is None else controls.main[:, column],
        percentile=settings.percentile,
        fmo=controls.fmo.get(dye.key),
        beside=settings.beside,
        bootstraps=settings.bootstraps,
        minimum=settings.minimum,
        seed=seed + column,
        marker=dye.target,
        called=controls.called,
        sample=cells[:, column],
        ceiling=controls.tops[column],
    )


# ----------------------------------------------------------------- uptake


def count_uptake(
    cells: FloatArray,
    at_end: BoolArray,
    controls: Controls,
    strategy: UptakeFlow,
    by_hand: BorderByHand,
    numbers: Numbers,
    seed: int,
) -> Counted:
    """Cells brighter than the best control there is, and how much brighter all of them are.

    Parameters
    ----------
    cells : (n, 1) compensated linear signal of the exosomes' dye on live single cells
    """
    settings = gate_settings(strategy.gate)
    (dye,) = (dye for dye in strategy.dyes if dye.key != VIABILITY)
    signal = cells[:, 0]
    found = uptake(
        signal, _uptake_controls(controls), dye=dye.target, settings=settings, saturated=at_end[:, 0],
        ceiling=controls.tops[0], seed=seed,
    )  # fmt: skip
    gate, share = found.gate, found.positive
    value = by_hand.get(dye.key)
    if value is not None:
        gate = fixed_gate(value, marker=dye.target, bootstraps=settings.bootstraps)
        share = share_above(signal, gate, DYED, seed)
    beside = [
        numbers.share(
            "share_at_percentile", share_above(signal, replace(gate, threshold=one.threshold,
            resampled=one.resampled), DYED, seed), f"population:{DYED}", f"{one.percentile:g} % of controls",
        )
        for one in gate.beside
    ]  # fmt: skip
    numbered = intensities(found.brightness, dye, numbers)
    index, remarks = index_of(signal, controls, dye, 0, numbers, seed)
    return Counted(
        (numbers.share("uptake_share", share), *beside, *numbered, *index),
        () if share is None else ((DYED, share.numerator),),
        {dye.key: border_of(gate)},
        f"border from the {controls.called}" if controls.main is not None else "no control",
        (*found.findings, *remarks),
    )


def _uptake_controls(controls: Controls) -> UptakeControls:
    """The controls by what was in them: the dye without exosomes, or no dye at all.

    A tube "without exosomes" never saw the dye, so it tells as little of free dye as unstained cells do.
    """
    tubes = dict(controls.beside)
    if controls.main is not None:
        tubes[controls.role] = controls.main
    dark = tubes.get(NO_EXOSOME, tubes.get(UNSTAINED))
    alone = tubes.get(DYE_ONLY)
    return UptakeControls(
        dye_only=None if alone is None else alone[:, 0], unstained=None if dark is None else dark[:, 0]
    )


# ----------------------------------------------------------------- every strategy


def count(
    cells: FloatArray,
    at_end: BoolArray,
    controls: Controls,
    strategy: MarkerStrategy,
    by_hand: BorderByHand,
    numbers: Numbers,
    seed: int,
) -> Counted:
    """Count a tube as its strategy says; see the function of each.

    Parameters
    ----------
    cells : (n, markers) compensated linear signal of live single cells
    at_end : (n, markers) which of them lay at the end of the detector's scale
    """
    if isinstance(strategy, CD44CD24):
        return count_cd44_cd24(cells, controls, strategy, by_hand, numbers, seed)
    if isinstance(strategy, Aldefluor):
        return count_aldefluor(cells, controls, strategy, by_hand, numbers, seed)
    if isinstance(strategy, UptakeFlow):
        return count_uptake(cells, at_end, controls, strategy, by_hand, numbers, seed)
    return count_surface_markers(cells, at_end, controls, strategy, by_hand, numbers, seed)
