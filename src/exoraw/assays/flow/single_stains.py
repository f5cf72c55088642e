"""Spillover from single-stain controls, cells or beads: what each dye does to every detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from exoraw.assays.contract import Finding
from exoraw.assays.flow.annexin_candidates import valley_candidate
from exoraw.assays.flow.arrays import FloatArray
from exoraw.assays.flow.density import MAD_TO_SIGMA, MIN_PEAK_SHARE, DensityError
from exoraw.assays.flow.negative import negative_population
from exoraw.assays.flow.spillover import Spillover, SpilloverError

NEGATIVE_PERCENTILE = 99.5  # of the negative control, below which nothing counts as positive
NEGATIVE_SIGMAS = 2.81  # the same for a tube's own negatives (99.75th percentile of a normal)
BRIGHT_EVENTS = 2000  # the brighter half of the positives, but no fewer than this, gives the row
LEAST_EVENTS = 30  # fewer positives give no row at all
EXCESS = 3.0  # times the share that the percentile leaves above: without a valley, fewer are none
WEAK_EVENTS = 500  # fewer positives: a coefficient of 0.2 is known to about +-0.01
WEAK_SEPARATION = 5.0  # (median positive - median negative) / (2 sigma of the negatives), the stain index
MAX_COEFFICIENT = 1.0
MIN_COEFFICIENT = -0.05  # autofluorescence that differs between positive and negative cells gives -0.01
MAX_CONDITION = 100.0  # noise of a compensated channel grows by at most about this factor


@dataclass(frozen=True)
class StainPopulations:
    """The positive and the negative events of one single-stain tube.

    Parameters
    ----------
    channel : primary channel of the dye
    threshold : linear signal above which events are positive
    n_positive, n_used : positive events; the brightest of them that gave the row
    n_negative : negative events, of the tube itself or of the universal negative
    median_positive, median_negative : (channels,) linear
    separation : stain index in the primary channel
    """

    channel: str
    threshold: float
    n_positive: int
    n_used: int
    n_negative: int
    median_positive: FloatArray
    median_negative: FloatArray
    separation: float


@dataclass(frozen=True)
class SpilloverEstimate:
    """A matrix from single stains, the populations behind each row, and the remarks."""

    spillover: Spillover
    populations: tuple[StainPopulations, ...]
    findings: tuple[Finding, ...]


def spillover_from_single_stains(
    stains: Mapping[str, FloatArray],
    channels: Sequence[str],
    negative: FloatArray | None = None,
    *,
    source: str = "single stains",
) -> SpilloverEstimate:
    """Estimate the spillover matrix (Bagwell & Adams 1993; medians as in flowCore and CytoExploreR).

    Row of a dye = (median of its positive events - median of the negative events), divided by the same
    in its primary channel. Positive events lie above a verified valley of the tube, else above the
    negatives' upper end; of these the brighter half is taken (2,000 events at least), where the
    positive cells' own autofluorescence weighs least. Gate the tubes to one scatter population first
    (`main_population`).

    Parameters
    ----------
    stains : primary channel -> (n, channels) linear events of the tube that holds this dye only
    channels : name of every column; channels without a stain get an identity row
    negative : (n, channels) linear events of an unstained tube of the same cells or beads (universal
        negative); None takes each tube's own negative events
    source : what the matrix says of its origin

    Raises
    ------
    SpilloverError : a stain's channel is not among `channels`, or tubes hold no positive events (all
        are listed)
    """
    names = tuple(channels)
    unknown = [name for name in stains if name not in names]
    if unknown or not stains:
        raise SpilloverError(
            f"single stains: no such channel: {', '.join(unknown)}. The channels are {', '.join(names)}."
            if unknown
            else "single stains: no tube was given."
        )
    found: list[StainPopulations] = []
    problems: list[str] = []
    for name, events in stains.items():
        try:
            found.append(stain_populations(name, names.index(name), events, negative))
        except (SpilloverError, DensityError) as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise SpilloverError(f"single stains that give no spillover: {'; '.join(problems)}.")
    matrix = np.eye(len(names))
    for populations in found:
        primary = names.index(populations.channel)
        shift = populations.median_positive - populations.median_negative
        matrix[primary] = shift / shift[primary]
    spillover = Spillover(names, matrix, source)
    remarks = [remark for populations in found for remark in weak_stain(populations)]
    return SpilloverEstimate(spillover, tuple(found), (*remarks, *implausible_spillover(spillover)))


def stain_populations(
    channel: str, primary: int, events: FloatArray, negative: FloatArray | None
) -> StainPopulations:
    """Split a tube into positive and negative events by its primary channel.

    Parameters
    ----------
    channel, primary : name and column of the dye's own channel
    events, negative : (n, channels) linear; negative None takes the tube's own negative events

    Raises
    ------
    SpilloverError : no positive population, too few negative events, or positives dimmer than negatives
    DensityError : too few finite events to look for populations
    """
    tube = _finite(events)
    reference = None if negative is None else _finite(negative)
    threshold = _threshold(tube[:, primary], None if reference is None else reference[:, primary])
    positive = tube[tube[:, primary] > threshold]
    used = positive[np.argsort(positive[:, primary])][-max(BRIGHT_EVENTS, len(positive) // 2) :]
    unlit = tube[tube[:, primary] <= threshold] if reference is None else reference
    if len(unlit) < LEAST_EVENTS:
        raise SpilloverError(
            f"only {len(unlit)} negative events; add an unstained tube of the same cells or beads"
        )
    lit, dark = np.median(used, axis=0), np.median(unlit, axis=0)
    if lit[primary] <= dark[primary]:
        raise SpilloverError("its positive events are dimmer than the negative control")
    sigma = float(np.median(np.abs(unlit[:, primary] - dark[primary]))) * MAD_TO_SIGMA
    separation = float(lit[primary] - dark[primary]) / (2 * sigma) if sigma > 0 else np.inf
    return StainPopulations(channel, threshold, len(positive), len(used), len(unlit), lit, dark, separation)


def _threshold(bright: FloatArray, reference: FloatArray | None) -> float:
    """Signal above which a tube's events are positive: a verified valley, else the negatives' end."""
    least = LEAST_EVENTS
    floor = -np.inf if reference is None else float(np.percentile(reference, NEGATIVE_PERCENTILE))
    valley = valley_candidate(bright, lowest_share=MIN_PEAK_SHARE)
    if valley.usable and valley.threshold is not None and valley.threshold > floor:
        floor = valley.threshold
    else:
        least = max(least, int(EXCESS * (1 - NEGATIVE_PERCENTILE / 100) * bright.size))
        if reference is None:
            floor = negative_population(bright).upper(NEGATIVE_SIGMAS)
    positive = int(np.count_nonzero(bright > floor))
    if positive < least:
        raise SpilloverError(
            f"no positive population ({positive} of {bright.size} events above {floor:,.0f}); is it the "
            "right tube, and was the dye added?"
        )
    return floor


def _finite(events: FloatArray) -> FloatArray:
    values = np.asarray(events, dtype=np.float64)
    return values[np.isfinite(values).all(axis=1)]


def weak_stain(populations: StainPopulations) -> list[Finding]:
    """Remark on few positive events, and on positive events that are hardly brighter than the negative."""
    remarks = []
    if populations.n_positive < WEAK_EVENTS:
        message = (
            f"The single stain of {populations.channel} has {populations.n_positive} positive events; "
            f"{WEAK_EVENTS} or more make its spillover firm."
        )
        value, limit = float(populations.n_positive), float(WEAK_EVENTS)
        remarks.append(_remark("weak_single_stain", message, populations.channel, value, limit))
    if populations.separation < WEAK_SEPARATION:
        message = (
            f"The positive events of the single stain of {populations.channel} are hardly brighter than the "
            f"negative ones (stain index {populations.separation:.1f}); stain brighter, or use beads."
        )
        value = populations.separation
        remarks.append(_remark("weak_single_stain", message, populations.channel, value, WEAK_SEPARATION))
    return remarks


def implausible_spillover(spillover: Spillover) -> tuple[Finding, ...]:
    """Remark on values no optics make: over 1, clearly negative, or rows that are nearly alike."""
    remarks = []
    for dye, row in zip(spillover.channels, spillover.matrix, strict=True):
        for detector, value in zip(spillover.channels, row, strict=True):
            if dye == detector or MIN_COEFFICIENT <= value <= MAX_COEFFICIENT:
                continue
            reason = (
                "the dye is brighter there than in its own channel; are two single stains swapped?"
                if value > MAX_COEFFICIENT
                else "light cannot be negative; positive and negative events are different cells or beads."
            )
            limit = MAX_COEFFICIENT if value > MAX_COEFFICIENT else MIN_COEFFICIENT
            message = f"Spillover of {dye} into {detector} is {value:.3f}: {reason}"
            remarks.append(_remark("implausible_spillover", message, dye, float(value), limit))
    if spillover.condition > MAX_CONDITION:
        message = (
            f"The spillover matrix has condition number {spillover.condition:.0f}: two dyes look nearly "
            "alike, so compensated values carry up to that many times the noise."
        )
        remarks.append(_remark("implausible_spillover", message, "", spillover.condition, MAX_CONDITION))
    return tuple(remarks)


def _remark(code: str, message: str, channel: str, value: float, limit: float) -> Finding:
    entity = f"channel:{channel}" if channel else ""
    return Finding(code, "warning", message, entity=entity, value=value, limit=limit)
