"""The remarks that time quality and the ledger of the cleaning can leave: what they mean, what to do."""

from __future__ import annotations

from exoraw.assays.contract import FindingKind

FINDING_KINDS: tuple[FindingKind, ...] = (
    FindingKind(
        "time_absent",
        "The file tells no usable time; the order of the events stood in for it.",
        "Nothing, unless the flow rate matters: then record the Time channel.",
    ),
    FindingKind(
        "time_incomplete",
        "Some events have no time; theirs was taken from their neighbours.",
        "Export the file again from the instrument's software.",
    ),
    FindingKind(
        "time_not_monotonic",
        "The clock goes back inside the file; the events were sorted by time to judge them.",
        "Nothing where it is a few steps; else use the file that the instrument wrote.",
    ),
    FindingKind(
        "time_starts_again",
        "The clock starts again inside the file: it ran over, or acquisitions were joined.",
        "Make sure that all of the file is one tube.",
    ),
    FindingKind(
        "time_not_judged",
        "Too few events to judge the tube over time; nothing was taken out.",
        "Record at least 1,500 events.",
    ),
    FindingKind(
        "margins_judged_over_time",
        "Most events lie at the end of a scale; they were judged over time like the others.",
        "Check the voltages: most of the tube cannot be measured.",
    ),
    FindingKind(
        "counter_not_judged",
        "A channel only rises, as clocks and event counters do; it was not judged over time.",
        "Nothing.",
    ),
    FindingKind(
        "flow_disturbed",
        "The flow rate fell (clog), rose (burst, back-flush) or paused; those events were taken out.",
        "Filter the sample; look at the picture of the tube over time.",
    ),
    FindingKind(
        "flow_rate_changes",
        "The usual flow rate changes during the tube (speed changed, sample running out); nothing was cut "
        "for it.",
        "Check that coincidence (doublets) does not rise with the rate.",
    ),
    FindingKind(
        "signal_step",
        "A signal changes suddenly (air, clog, voltage or laser); the shorter part was taken out.",
        "Look at the picture; record the tube again where much was taken out.",
    ),
    FindingKind(
        "signal_undecided",
        "Signals change suddenly and no part that holds half of the tube agrees; nothing was taken out.",
        "Look at the picture over time; record the tube again.",
    ),
    FindingKind(
        "signal_drift",
        "A signal moves slowly from the beginning to the end of the tube; nothing was cut.",
        "Let lasers and fluidics warm up, mix the sample; compare tubes of the same age only.",
    ),
    FindingKind(
        "time_quality_removes_much",
        "The tube was disturbed for a large part of its time.",
        "Look at the picture; record the tube again.",
    ),
)
