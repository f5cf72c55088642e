"""What a person is told of a tube's time quality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exoraw.assays.contract import Finding
from exoraw.assays.flow.quality.rate import FlowRate
from exoraw.assays.flow.quality.steps import MOST_LOST, Unsteady

MUCH = 0.2  # of the events taken out: the tube itself is doubtful
NOTABLE_RATE_CHANGE = 1.5  # of the usual rate within one tube
SHOWN_CHANNELS = 5
FEWEST_INSIDE = 0.5  # of the events inside the scales; with fewer, margin events are judged too
WORDS = {
    "clog": "the flow rate fell (clog)",
    "burst": "the flow rate rose (burst, back-flush)",
    "pause": "nothing came for a while (pause, air)",
}


def rate_remarks(flow: FlowRate | None, shares: Sequence[tuple[str, float]]) -> Iterator[Finding]:
    """Say what the flow rate cost, and whether the speed changed."""
    found = [(reason, share) for reason, share in shares if reason in WORDS]
    if found:
        parts = "; ".join(f"{WORDS[reason]}: {100 * share:.1f} % of the events" for reason, share in found)
        total = sum(share for _, share in found)
        yield Finding("flow_disturbed", "warning", f"Taken out, because {parts}.", value=total, limit=0.0)
    if flow is not None and flow.change > NOTABLE_RATE_CHANGE:
        message = (
            f"The usual flow rate changes by a factor of {flow.change:.1f} during the tube (another speed, "
            "or the sample runs out); nothing was taken out for it."
        )
        yield Finding("flow_rate_changes", "info", message, value=flow.change, limit=NOTABLE_RATE_CHANGE)


def signal_remarks(
    shares: Sequence[tuple[str, float]],
    channel: Sequence[str],
    signal: Unsteady,
    drifts: Sequence[tuple[str, float]],
) -> Iterator[Finding]:
    """Say what sudden changes of signals cost, and which channels drift."""
    lost = {reason: share for reason, share in shares if reason in ("disturbed", "step")}
    if lost:
        where = "in " + _some(_channels(channel, signal)) if signal.disturbed.any() else "and stay elsewhere"
        message = (
            f"Signals change suddenly {where}: {100 * lost.get('disturbed', 0.0):.1f} % of the events "
            f"were taken out for short disturbances, {100 * lost.get('step', 0.0):.1f} % because they lie "
            "behind a step, elsewhere than most of the tube."
        )
        yield Finding("signal_step", "warning", message, value=sum(lost.values()), limit=0.0)
    if signal.undecided:
        message = (
            "Signals change suddenly and no part that holds half of the tube agrees with itself, so nothing "
            f"was taken out for it (a cut would cost {100 * signal.lost:.0f} % of the tube). Look at the "
            "picture; record the tube again."
        )
        yield Finding("signal_undecided", "warning", message, value=signal.lost, limit=MOST_LOST)
    if drifts:
        ordered = sorted(drifts, key=lambda drift: -drift[1])
        names = _some([f"{name} (by {100 * shift:.0f} points)" for name, shift in ordered])
        message = (
            f"Signals drift slowly during the tube: {names}. That many points more or fewer of the events "
            "lie below the tube's quantiles at one end than at the other; nothing was taken out."
        )
        yield Finding("signal_drift", "warning", message, value=ordered[0][1], limit=0.0)


def margins_remark(judged: float) -> Finding:
    """Say that margin events had to be judged too."""
    message = (
        f"Only {100 * judged:.0f} % of the events lie inside the scales; all events were judged over time, "
        "those at the end of a scale too."
    )
    return Finding("margins_judged_over_time", "warning", message, value=judged, limit=FEWEST_INSIDE)


def counter_remarks(names: Sequence[str]) -> Iterator[Finding]:
    """Name the channels that only count."""
    if names:
        message = (
            f"{_some(names)} only rise{'s' * (len(names) == 1)} from the first event to the last, as clocks "
            "and event counters do; not judged over time."
        )
        yield Finding("counter_not_judged", "info", message, value=float(len(names)))


def too_much(removed: float) -> Iterator[Finding]:
    """Say when the tube itself is doubtful."""
    if removed > MUCH:
        message = (
            f"{100 * removed:.0f} % of the events were recorded while flow or signals were disturbed and "
            "were taken out. Look at the picture over time; record the tube again if you can."
        )
        yield Finding("time_quality_removes_much", "warning", message, value=removed, limit=MUCH)


def _channels(channel: Sequence[str], signal: Unsteady) -> list[str]:
    """Channels that deviate most in the disturbed slices, the most frequent first."""
    names = [name for name, away in zip(channel, signal.disturbed, strict=True) if away]
    return sorted(set(names), key=lambda name: -names.count(name))


def _some(names: Sequence[str]) -> str:
    more = len(names) - SHOWN_CHANNELS
    return ", ".join(names[:SHOWN_CHANNELS]) + (f" and {more} more" if more > 0 else "")
