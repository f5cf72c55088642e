"""A spillover matrix from a batch's compensation controls: every dye's row, how firm it is, what is odd."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.density import MAD_TO_SIGMA, DensityError
from exoraw.assays.flow.single_stains import (
    StainPopulations,
    implausible_spillover,
    stain_populations,
    weak_stain,
)
from exoraw.assays.flow.spillover import Spillover, SpilloverError

NegativeSource = Literal["matched tube", "universal", "own events"]

MISLABELLED = 2.0  # times as bright in another channel as in its own: it is the stain of that channel
SATURATED_SHARE = 0.01  # of the positive events at a ceiling before it is said
NEGATIVE_COEFFICIENT, NEGATIVE_ERRORS = 0.01, 3.0  # under zero by more than both: not noise
UNLIKE_COEFFICIENT = 0.01  # by which the choice of the negative may move a coefficient
OWN_NEGATIVES = 200  # events that a tube must have to hold them against the universal negative
ALIKE = 0.95  # cosine between the rows of two dyes
RESAMPLINGS, RESAMPLING_SEED = 40, 20_261  # of the positive events, for the standard errors
MEDIAN_ERROR = 1.2533141373155001  # standard error of a median in units of that of a mean


@dataclass(frozen=True, eq=False)
class StainControl:
    """A tube that holds one dye only.

    Parameters
    ----------
    channel : the dye's own channel
    events : (n, channels) linear events, not compensated, of one scatter population
    name : of the tube, for messages
    negative : (n, channels) events of an unstained tube of the same particles (tube-matched); None takes
        the universal negative, or the tube's own negative events where there is none
    """

    channel: str
    events: FloatArray
    name: str = ""
    negative: FloatArray | None = None

    @property
    def label(self) -> str:
        """Name and channel, as messages say it."""
        return f"{self.name} ({self.channel})" if self.name else self.channel


@dataclass(frozen=True, eq=False)
class ControlRow:
    """What one control gave.

    Parameters
    ----------
    control : the tube
    negative : which negative events were used
    populations : positive and negative events; None where there is no row
    row, errors : (channels,) spillover coefficients and their standard errors
    saturated : share of the positive events at the end of any scale, 0 to 1; they give no row
    brightest : channel in which it is brightest
    why_not : reason in words why it gives no row; "" where it does
    """

    control: StainControl
    negative: NegativeSource
    populations: StainPopulations | None
    row: FloatArray
    errors: FloatArray
    saturated: float
    brightest: str
    why_not: str = ""

    @property
    def used(self) -> bool:
        """Whether its row stands in the matrix."""
        return not self.why_not


@dataclass(frozen=True, eq=False)
class ControlMatrix:
    """The matrix of a batch with everything behind it.

    Parameters
    ----------
    spillover : rows without a usable control are those of the identity
    rows : one per control, in the order given
    unsupported : channels whose row no control supports
    findings : of `stain_findings` and the compensation part of `gate_findings`
    """

    spillover: Spillover
    rows: tuple[ControlRow, ...]
    unsupported: tuple[str, ...]
    findings: tuple[Finding, ...]


def spillover_from_controls(
    controls: Sequence[StainControl],
    channels: Sequence[str],
    *,
    universal: FloatArray | None = None,
    ceilings: Sequence[float | None] | None = None,
    source: str = "single stains",
) -> ControlMatrix:
    """Estimate the matrix of k dyes; a control that cannot be trusted gives no row and a finding.

    Rows are those of `spillover_from_single_stains` (Bagwell & Adams 1993). A tube that is at least twice as
    bright in another channel as in its own is taken for mislabelled and not used.

    Parameters
    ----------
    controls : one tube per dye
    channels : name of every column
    universal : (n, channels) events of the unstained tube
    ceilings : end of every detector's scale, linear; None where unknown
    source : what the matrix says of its origin

    Raises
    ------
    SpilloverError : a control's channel is not among `channels`, no control gives a row, or the rows are so
        alike that dyes cannot be told apart
    """
    names = tuple(channels)
    unknown = [control.label for control in controls if control.channel not in names]
    if unknown or not controls:
        what = f"no such channel: {', '.join(unknown)}" if unknown else "no tube was given"
        raise SpilloverError(f"compensation controls: {what}. The channels are {', '.join(names)}.")
    tops = np.array([np.inf if top is None else top for top in (ceilings or [None] * len(names))])
    rows = _without_doubles([_row(control, names, universal, tops) for control in controls])
    used = [row for row in rows if row.used]
    if not used:
        reasons = "; ".join(f"{row.control.label}: {row.why_not}" for row in rows)
        raise SpilloverError(f"no compensation control gives a row: {reasons}.")
    matrix = np.eye(len(names))
    for row in used:
        matrix[names.index(row.control.channel)] = row.row
    spillover = _matrix(names, matrix, source)
    supported = {row.control.channel for row in used}
    unsupported = tuple(name for name in names if name not in supported)
    findings = (*_remarks(rows, names, universal), *_on_matrix(spillover, used, unsupported))
    return ControlMatrix(spillover, tuple(rows), unsupported, findings)


def _row(
    control: StainControl, names: tuple[str, ...], universal: FloatArray | None, tops: FloatArray
) -> ControlRow:
    """One control's row, or why it has none."""
    negative = control.negative if control.negative is not None else universal
    kind: NegativeSource = (
        "matched tube" if control.negative is not None else "own events" if universal is None else "universal"
    )
    primary = names.index(control.channel)
    inside = np.array((control.events < tops).all(axis=1))
    nothing = np.eye(len(names))[primary]
    blank = ControlRow(control, kind, None, nothing, np.full(len(names), np.nan), 0.0, control.channel)
    try:
        found = stain_populations(control.channel, primary, control.events[inside], negative)
    except (SpilloverError, DensityError) as error:
        brightest = _brightest(control, names, negative)
        full = float(np.mean(~inside)) if len(inside) else 0.0
        why = (
            f"{error}; {100 * full:.0f} % of its events are saturated"
            if full > SATURATED_SHARE
            else str(error)
        )
        return replace(blank, brightest=brightest, why_not=why, saturated=full)
    shift = found.median_positive - found.median_negative
    bright = control.events[:, primary] > found.threshold
    saturated = float(np.mean(~inside[bright]))
    row = shift / shift[primary]
    brightest = names[int(np.argmax(row))]
    why = ""
    if row.max() >= MISLABELLED:
        why = f"it is {row.max():.1f} times as bright in {brightest} as in its own channel"
    dark = control.events[inside & ~bright] if negative is None else negative
    errors = _errors(control.events[inside & bright], dark, primary, found)
    return ControlRow(control, kind, found, row, errors, saturated, brightest, why)


def _errors(positive: FloatArray, dark: FloatArray, primary: int, found: StainPopulations) -> FloatArray:
    """Standard errors of the coefficients: positives resampled, plus the counting error of the negatives."""
    used = positive[np.argsort(positive[:, primary])][-found.n_used :]
    draws = np.random.default_rng(RESAMPLING_SEED).integers(0, len(used), (RESAMPLINGS, len(used)))
    shifts = np.array([np.median(used[draw], axis=0) for draw in draws]) - found.median_negative
    rows = shifts / shifts[:, [primary]]
    shift = found.median_positive - found.median_negative
    sigma = np.median(np.abs(dark - found.median_negative), axis=0) * MAD_TO_SIGMA
    negative = MEDIAN_ERROR * sigma / np.sqrt(found.n_negative) / shift[primary]
    own = negative[primary] * shift / shift[primary]
    errors: FloatArray = np.sqrt(rows.var(axis=0) + negative**2 + own**2)
    errors[primary] = 0.0
    return errors


def _brightest(control: StainControl, names: tuple[str, ...], negative: FloatArray | None) -> str:
    """Channel with the brightest positive population of a tube that has none in its own; else its own."""
    shifts: dict[str, float] = {}
    for place, name in enumerate(names):
        try:
            found = stain_populations(name, place, control.events, negative)
        except (SpilloverError, DensityError):
            continue
        shifts[name] = float(found.median_positive[place] - found.median_negative[place])
    return max(shifts, key=lambda name: shifts[name], default=control.channel)


def _without_doubles(rows: list[ControlRow]) -> list[ControlRow]:
    """Of several usable controls of one channel, the brightest is used."""

    def light(row: ControlRow) -> float:
        return row.populations.separation if row.populations is not None else -1.0

    kept = []
    for row in rows:
        rivals = [one for one in rows if one.control.channel == row.control.channel and one.used]
        best = max(rivals, key=light, default=row)
        if row.used and row is not best:
            row = replace(row, why_not=f"{best.control.label} is brighter in the same channel")  # noqa: PLW2901
        kept.append(row)
    return kept


# ----------------------------------------------------------------- what is said of it


def _remarks(
    rows: list[ControlRow], names: tuple[str, ...], universal: FloatArray | None
) -> Iterator[Finding]:
    """Remarks on the controls, tube by tube."""
    for row in rows:
        if row.used and row.populations is not None:
            yield from weak_stain(row.populations)
            yield from _unlike(row, names, universal)
        elif row.brightest != row.control.channel:
            yield _mislabelled(row, rows)
        elif row.populations is not None:
            message = f"{row.control.label} was not used: {row.why_not}."
            yield _remark("single_stain_twice", "warning", message, row.control.channel)
        else:
            message = (
                f"{row.control.label} gives no spillover: {row.why_not}. The light of {row.control.channel} "
                "is not taken out of the other channels."
            )
            yield _remark("single_stain_unusable", "error", message, row.control.channel)
        if row.saturated > SATURATED_SHARE and row.used:
            message = (
                f"{100 * row.saturated:.0f} % of the positive events of {row.control.label} lie at the end "
                "of a detector's scale; its row was made from the others, which are dimmer."
            )
            yield _remark(
                "single_stain_saturated",
                "warning",
                message,
                row.control.channel,
                row.saturated,
                SATURATED_SHARE,
            )


def _mislabelled(row: ControlRow, rows: list[ControlRow]) -> Finding:
    """Say where the tube belongs, and whether two tubes are swapped."""
    own = row.control.channel
    other = next((one for one in rows if one.control.channel == row.brightest), None)
    swapped = other is not None and other.brightest == own
    hint = "Is it that dye's tube?"
    if swapped and other is not None:
        hint = f"It seems to be swapped with {other.control.label}."
    message = (
        f"The brightest channel of {row.control.label} is {row.brightest} ({row.why_not}). {hint} "
        "It was not used."
    )
    return _remark("single_stain_mislabelled", "error", message, own)


def _unlike(row: ControlRow, names: tuple[str, ...], universal: FloatArray | None) -> Iterator[Finding]:
    """Hold the tube's own negative events against the universal negative, by what it does to the row."""
    if row.negative != "universal" or universal is None or row.populations is None:
        return
    found, primary = row.populations, names.index(row.control.channel)
    own = row.control.events[row.control.events[:, primary] <= found.threshold]
    if len(own) < OWN_NEGATIVES:
        return
    shift = found.median_positive - np.median(own, axis=0)
    change = np.abs(shift / shift[primary] - row.row)
    worst = int(np.argmax(change))
    if change[worst] > max(UNLIKE_COEFFICIENT, NEGATIVE_ERRORS * row.errors[worst]):
        message = (
            f"The dim events of {row.control.label} lie elsewhere than the universal negative: with them the "
            f"spillover into {names[worst]} would be {shift[worst] / shift[primary]:.3f} instead of "
            f"{row.row[worst]:.3f}. Are both the same cells or beads?"
        )
        yield _remark(
            "negative_unlike_stain",
            "warning",
            message,
            row.control.channel,
            float(change[worst]),
            UNLIKE_COEFFICIENT,
        )


def _on_matrix(
    spillover: Spillover, used: Sequence[ControlRow], unsupported: tuple[str, ...]
) -> Iterator[Finding]:
    """Remarks on the matrix as a whole."""
    plain = list(implausible_spillover(spillover))
    yield from plain
    for row in used:
        for name, value, error in zip(spillover.channels, row.row, row.errors, strict=True):
            limit = -max(NEGATIVE_COEFFICIENT, NEGATIVE_ERRORS * error)
            told = any(one.value == value for one in plain)
            if value < limit and not told:
                message = (
                    f"Spillover of {row.control.channel} into {name} is {value:.3f} +- {error:.3f}: "
                    "less than nothing. Positive and negative events differ in their own light."
                )
                yield _remark(
                    "implausible_spillover", "info", message, row.control.channel, float(value), limit
                )
    yield from _alike(spillover)
    if unsupported:
        message = (
            f"No control supports the row of {', '.join(unsupported)}: light of dyes there is taken out of "
            "no other channel."
        )
        yield _remark("spillover_row_missing", "info", message, "", float(len(unsupported)), 0.0)


def _matrix(names: tuple[str, ...], matrix: FloatArray, source: str) -> Spillover:
    """The matrix; where dyes cannot be told apart the error names them."""
    try:
        return Spillover(names, matrix, source)
    except SpilloverError as error:
        pairs = ", ".join(f"{first} and {second}" for first, second, _ in _alike_pairs(names, matrix))
        raise SpilloverError(f"{error} Alike are: {pairs or 'more than two together'}.") from error


def _alike_pairs(names: Sequence[str], matrix: FloatArray) -> list[tuple[str, str, float]]:
    """Pairs of dyes whose rows point nearly the same way, with the cosine between them."""
    unit = matrix / np.linalg.norm(matrix, axis=1)[:, np.newaxis]
    cosine = np.triu(unit @ unit.T, 1)
    return [
        (names[one], names[other], float(cosine[one, other])) for one, other in np.argwhere(cosine > ALIKE)
    ]


def _alike(spillover: Spillover) -> Iterator[Finding]:
    """Name the pairs of dyes whose rows are nearly the same."""
    for first, second, similarity in _alike_pairs(spillover.channels, spillover.matrix):
        message = (
            f"{first} and {second} look nearly alike to the detectors (similarity {similarity:.2f}): "
            "what one loses in compensation the other gains. Was one single stain used for both?"
        )
        yield _remark("implausible_spillover", "warning", message, first, similarity, ALIKE)


def _remark(
    code: str,
    severity: Literal["info", "warning", "error"],
    message: str,
    channel: str,
    value: float | None = None,
    limit: float | None = None,
) -> Finding:
    return Finding(
        code, severity, message, entity=f"channel:{channel}" if channel else "", value=value, limit=limit
    )
