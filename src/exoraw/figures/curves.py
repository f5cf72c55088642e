"""Dose-response curves: every unit, mean and SD per dose, the fitted curve with its band, and the IC50."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from exoraw.figures import look, page, scale, words
from exoraw.figures.asked import Axis
from exoraw.figures.bands import Band, curve_band
from exoraw.figures.legend import Key, arrange_legend, write_legend
from exoraw.figures.look import Column
from exoraw.figures.page import FigureError, Plot
from exoraw.figures.scale import Scale
from exoraw.figures.spread import ErrorBar, Spread, few_words, mean_and_error
from exoraw.statistics.curves.fit import CurveFits, CurveState, HalfDose, fit_curves

FloatArray = NDArray[np.float64]
HEIGHT: dict[Column, float] = {"single": 122.0, "one_and_half": 140.0, "double": 165.0}  # pt
RIGHT, ABOVE = 9.0, 5.0  # pt
ZERO_ROOM = 17.0  # pt of the dose axis for a dose of 0, left of the break
BREAK = 2.4  # pt, half height of the two strokes of the break
STEPS = 160  # doses at which a curve is drawn
BAND = 0.16
NO_CURVE = (CurveState.TOO_FEW, CurveState.NOT_CONVERGED, CurveState.FLAT)
UNIT_DOT, MEAN_DOT, CAP = 2.1, 4.4, 2.2  # pt


@dataclass(frozen=True, eq=False)
class DoseCurve:
    """One curve.

    Parameters
    ----------
    name : of the drug or cell line
    dose : (m,) one unit for all, 0 for untreated
    response : (m,) one per unit of replication and dose (wells averaged before); NaN where there is none
    half : what the key says of its IC50 instead of that of the drawn curve: the mean over one curve per unit
    marked : dose that is marked with `half`; None marks none
    """

    name: str
    dose: ArrayLike
    response: ArrayLike
    half: str = ""
    marked: float | None = None


@dataclass(frozen=True)
class CurveStyle:
    """How dose-response curves are drawn.

    Parameters
    ----------
    dose : label of the dose axis; dose_unit : of the doses
    half : which IC50 is marked and written: "relative" (middle between the plateaus) or "absolute" (half of
        the own response without drug)
    quantity : its name ("IC50", "EC50", "GI50")
    error : SD of the units, or SEM
    zero_level, end_level : plateaus that are known and not fitted
    replicate, column, notes : as `GroupStyle`
    """

    dose: str = "Dose"
    dose_unit: str = ""
    half: Literal["relative", "absolute"] = "relative"
    quantity: str = "IC50"
    error: ErrorBar = "SD"
    zero_level: float | None = None
    end_level: float | None = None
    replicate: str = ""
    column: Column = "single"
    notes: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A curve with its fit."""

    name: str
    dose: FloatArray
    response: FloatArray
    fits: CurveFits
    half: HalfDose
    said: str = ""
    marked: float | None = None

    @property
    def ic50(self) -> float:
        """Return the dose that is marked, NaN where none is."""
        if self.said:
            return math.nan if self.marked is None else self.marked
        return float(self.half.value[0])

    @property
    def drawn(self) -> bool:
        """Say whether the fit is a curve to show; a flat one describes its noise only."""
        return self.half.state[0] not in NO_CURVE and bool(np.isfinite(self.fits.relative.raw[0]))


@dataclass(frozen=True)
class DoseScale:
    """A log dose axis whose untreated wells stand left of a break.

    zero : whether a dose of 0 stands on it; log : the axis of the others, `offset` pt from the left end
    """

    log: Scale
    zero: bool

    @property
    def offset(self) -> float:
        """Return the pt that the untreated take."""
        return ZERO_ROOM if self.zero else 0.0

    def points(self, dose: ArrayLike) -> FloatArray:
        """Return the pt from the left end of the axis."""
        doses = np.asarray(dose, dtype=np.float64)
        return np.where(doses == 0, ZERO_ROOM / 2 - 3.0, self.log.points(doses) + self.offset)


def dose_response(curves: Sequence[DoseCurve], axis: Axis, style: CurveStyle | None = None) -> Figure:
    """Draw dose-response curves with points, mean and error bar per dose, 4PL fit, its band and its IC50.

    An IC50 is marked only where it lies inside the doses; else its state stands in the key (>10, flat).

    Parameters
    ----------
    curves : one per drug or cell line
    axis : the response; a logarithmic one is not offered
    style : a single column if not given

    Raises
    ------
    FigureError : no curve, no positive dose, a logarithmic response axis, nothing finite
    StatisticsError : negative doses, infinite responses (from `exoraw.statistics.curves`)
    """
    style = style or CurveStyle()
    if axis.log:
        raise FigureError("dose-response curves are drawn on a linear response axis; set log to False")
    fitted = [_fitted(curve, style) for curve in curves]
    there = [one.dose[np.isfinite(one.response)] for one in fitted]
    if not any((doses > 0).any() for doses in there):
        raise FigureError("no curve has a response at a dose above 0, so there is nothing to draw")
    with look.house_style():
        return _page(fitted, axis, style)


def _fitted(curve: DoseCurve, style: CurveStyle) -> _Fitted:
    dose, response = (np.asarray(a, dtype=np.float64).ravel() for a in (curve.dose, curve.response))
    fits = fit_curves(dose, response, zero_level=style.zero_level, end_level=style.end_level)
    half = fits.relative if style.half == "relative" else fits.absolute
    known = np.isfinite(dose)
    name = words.one_line(curve.name) if curve.name else ""
    return _Fitted(name, dose[known], response[known], fits, half, curve.half, curve.marked)


def _page(fitted: Sequence[_Fitted], axis: Axis, style: CurveStyle) -> Figure:
    page_width, height = page.column_width(style.column), HEIGHT[style.column]
    spreads = [_spreads(one, style) for one in fitted]
    reach = [value for one in fitted for value in one.response]
    reach += [end for rows in spreads for _, s in rows for end in (s.centre, s.low, s.high)]
    responses = scale.linear_scale(reach, height, from_zero=axis.from_zero)
    label = page.value_label(axis.label, axis.unit, responses.exponent, height)
    left = page.left_room(responses, label)
    width = page_width - left - RIGHT
    doses = _dose_scale(fitted, width)
    dose_label = page.value_label(style.dose, style.dose_unit, 0, width)
    legend = arrange_legend(_keys(fitted, style), page_width - 2 * page.EDGE)
    bands = [_band(one, style) for one in fitted]
    notes = page.note_lines(_notes(fitted, bands, spreads, style), page_width - 2 * page.EDGE)
    bottom = page.horizontal_room(dose_label) + page.notes_room(notes) + page.EDGE
    plot = page.plot_on_page(
        width, height, page.Margins(left, RIGHT, legend.room + ABOVE, bottom), page_width
    )
    page.value_axis(plot, responses, label)
    _dose_axis(plot, doses, dose_label)
    for i, (one, rows, band) in enumerate(zip(fitted, spreads, bands, strict=True)):
        _draw_points(plot, one, rows, doses, i)
        _draw_curve(plot, one, band, doses, i)
    write_legend(plot, legend, page.EDGE - left, height + legend.room)
    page.write_notes(plot, notes)
    return plot.figure


def _dose_scale(fitted: Sequence[_Fitted], width: float) -> DoseScale:
    every = np.concatenate([one.dose[np.isfinite(one.response)] for one in fitted])
    zero = bool((every == 0).any())
    return DoseScale(scale.log_scale(every[every > 0], width - (ZERO_ROOM if zero else 0.0)), zero)


def _dose_axis(plot: Plot, doses: DoseScale, label: Sequence[str]) -> None:
    """Draw the dose axis; a dose of 0 stands left of two strokes that break it."""
    log, texts = doses.log, list(doses.log.labels)
    ticks = [float(x) + doses.offset for x in log.points(log.ticks)]
    minor = tuple(float(x) + doses.offset for x in log.points(log.minor))
    if doses.zero:
        ticks, texts = [float(doses.points(0.0)), *ticks], ["0", *texts]
    whole = Scale(0.0, plot.width, plot.width, False, tuple(ticks), tuple(texts), minor)
    page.horizontal_axis(plot, whole, label)
    if not doses.zero:
        return
    plot.axes.spines["bottom"].set_bounds(ZERO_ROOM, plot.width)
    plot.line([0.0, ZERO_ROOM - 3.0], [0.0, 0.0])
    for x in (ZERO_ROOM - 3.0, ZERO_ROOM):
        plot.line([x - 1.2, x + 1.2], [-BREAK, BREAK], label="break")


def _spreads(one: _Fitted, style: CurveStyle) -> list[tuple[float, Spread]]:
    """Return what stands for every dose with a response."""
    there = np.isfinite(one.response)
    return [
        (float(dose), mean_and_error(one.response[there & (one.dose == dose)], style.error))
        for dose in np.unique(one.dose[there])
    ]


def _draw_points(
    plot: Plot, one: _Fitted, rows: Sequence[tuple[float, Spread]], doses: DoseScale, i: int
) -> None:
    axes, colour, marker = plot.axes, look.colour(i), look.MARKERS[i % len(look.MARKERS)]
    there = np.isfinite(one.response)
    axes.scatter(
        doses.points(one.dose[there]), one.response[there], s=UNIT_DOT**2, marker=marker, zorder=3,
        facecolors=look.tint(colour, 0.5), edgecolors="none", clip_on=False, label="units",
    )  # fmt: skip
    for dose, spread in rows:
        x = float(doses.points(dose))
        if math.isfinite(spread.low):
            ends = [spread.low, spread.high]
            axes.plot([x, x], ends, color=colour, linewidth=0.7, zorder=4, label="error")
            for end in ends:
                axes.plot([x - CAP, x + CAP], [end, end], color=colour, linewidth=0.7, zorder=4, label="cap")
        axes.plot(
            [x], [spread.centre], linestyle="none", marker=marker, markersize=MEAN_DOT,
            markerfacecolor=colour, markeredgecolor=look.PAPER, markeredgewidth=0.4,
            zorder=5, clip_on=False, label="mean",
        )  # fmt: skip


def _band(one: _Fitted, style: CurveStyle) -> tuple[FloatArray, Band] | None:
    """Return doses and band of a curve over its own doses."""
    if not one.drawn:
        return None
    positive = one.dose[(one.dose > 0) & np.isfinite(one.response)]
    grid = np.geomspace(positive.min(), positive.max(), STEPS)
    fixed = {"zero_fixed": style.zero_level is not None, "end_fixed": style.end_level is not None}
    return grid, curve_band(one.dose, one.response, one.fits, grid, **fixed)


def _draw_curve(
    plot: Plot, one: _Fitted, drawn: tuple[FloatArray, Band] | None, doses: DoseScale, i: int
) -> None:
    if drawn is None:
        return
    (grid, band), colour = drawn, look.colour(i)
    xs, (low, high) = doses.points(grid), plot.axes.get_ylim()
    if np.isfinite(band.low).all():
        plot.axes.fill_between(
            xs, np.clip(band.low, low, high), np.clip(band.high, low, high), facecolor=colour, alpha=BAND,
            linewidth=0, zorder=1,
        )  # fmt: skip
    plot.axes.plot(xs, band.curve, color=colour, linewidth=look.DATA_LINE, label="curve", zorder=3,
                   linestyle=look.DASHES[i % len(look.DASHES)])  # fmt: skip
    ic50 = one.ic50
    if math.isfinite(ic50) and grid[0] <= ic50 <= grid[-1]:
        x = float(doses.points(ic50))
        top = float(np.interp(math.log(ic50), np.log(grid), band.curve))
        plot.axes.plot([x, x], [low, top], color=colour, linewidth=look.THIN_LINE, zorder=2, label="IC50",
                       linestyle=(0, (1, 1.6)))  # fmt: skip


def _keys(fitted: Sequence[_Fitted], style: CurveStyle) -> list[Key]:
    keys = []
    for i, one in enumerate(fitted):
        marker, dash = look.MARKERS[i % len(look.MARKERS)], look.DASHES[i % len(look.DASHES)]
        said = one.said or half_dose_words(one.half, style)
        name, tail = (one.name, f": {said}") if one.name else (said, "")
        keys.append(Key(name, look.colour(i), marker=marker, dash=dash if one.drawn else None, tail=tail))
    return keys


def half_dose_words(half: HalfDose, style: CurveStyle) -> str:
    """Return an IC50 as the key says it: "IC50 3.1 µM (2.7 to 3.6)", "IC50 >10 µM", "no IC50: flat"."""
    state, unit = half.state[0], f" {words.one_line(style.dose_unit)}" if style.dose_unit else ""
    if state in (CurveState.ABOVE, CurveState.BELOW):
        sign, limit = str(half.text[0])[0], float(str(half.text[0])[1:])
        return f"{style.quantity} {sign}{words.number(limit)}{unit}"
    if state != CurveState.IN_RANGE:
        return f"no {style.quantity}: {state}"
    ends = [_end_words(str(text)) for text in (half.text_low[0], half.text_high[0])]
    interval = f" ({ends[0]} to {ends[1]})" if all(ends) else ""
    return f"{style.quantity} {words.number(float(half.value[0]))}{unit}{interval}"


def _end_words(text: str) -> str:
    if not text:
        return ""
    sign = text[0] if text[0] in "<>" else ""
    return f"{sign}{words.number(float(text[len(sign) :]))}"


def _notes(
    fitted: Sequence[_Fitted],
    bands: Sequence[tuple[FloatArray, Band] | None],
    spreads: Sequence[Sequence[tuple[float, Spread]]],
    style: CurveStyle,
) -> list[str]:
    unit = (
        f"small points: each {words.one_line(style.replicate)}" if style.replicate else "small points: units"
    )
    notes = [f"Large points: mean ± {style.error}; {unit}. Curves: 4PL with 95% band of the curve."]
    notes += few_words(spread for rows in spreads for _, spread in rows)
    if any(not one.said and math.isfinite(float(one.half.value[0])) for one in fitted):
        kind = (
            "middle between the plateaus"
            if style.half == "relative"
            else "half of the own untreated response"
        )
        notes.append(f"{style.quantity}: {kind}; in brackets 95% profile-likelihood interval.")
    without = [one.name or "the curve" for one, band in zip(fitted, bands, strict=True)
               if band is not None and not np.isfinite(band[1].low).all()]  # fmt: skip
    if without:
        notes.append(f"No band for {words.listed(without)}: its points do not settle all four parameters.")
    missing = sum(int(np.count_nonzero(~np.isfinite(one.response))) for one in fitted)
    if missing:
        notes.append(f"Not drawn: {missing} without a response.")
    return [*notes, *style.notes]
