"""The remarks that compensation, gates and thresholds can leave: what they mean, what the lab can do."""

from __future__ import annotations

from exoraw.assays.contract import Finding, FindingKind
from exoraw.assays.flow.arrays import MOST_EVENTS

COMPENSATION = (
    FindingKind(
        "weak_single_stain",
        "A single-stain tube has too few positive events, or they are hardly brighter than its negatives.",
        "Record at least 500 positive events as bright as the samples, or use compensation beads.",
    ),
    FindingKind(
        "implausible_spillover",
        "A spillover value is over 1 or clearly negative, or two dyes look nearly alike.",
        "Look at the single stains of the two dyes; record them again if they are dim or mixed up.",
    ),
    FindingKind(
        "compensation_residual",
        "After compensation a single stain's bright cells are still shifted in the other channel.",
        "Make the matrix from this batch's single stains, recorded with the samples' voltages.",
    ),
    FindingKind(
        "compensated_twice",
        "Cells bright in one dye lie below the negative cells in another channel.",
        "The file probably held compensated values already: set compensation.source to none for it.",
    ),
)
GATES = (
    FindingKind(
        "border_on_a_part",
        "A border was found on a part of the events, evenly spread over a very large tube or batch.",
        "Nothing: all events were counted; a million of them place a border to a thousandth of the cells.",
    ),
    FindingKind(
        "no_debris_gate",
        "Too few events to find debris; nothing was gated away.",
        "Record more events, or pool the batch's controls.",
    ),
    FindingKind(
        "debris_gate_removes_much",
        "The debris gate removes more than half of the events.",
        "Look at the scatter plot: is the large peak at low forward scatter debris?",
    ),
    FindingKind(
        "no_singlet_gate",
        "Doublets could not be told apart and are still among the cells.",
        "Record the height (FSC-H) or the width of forward scatter.",
    ),
    FindingKind(
        "singlet_gate_removes_much",
        "The singlet gate removes more than 30 % of the events.",
        "Filter or dissociate the sample; check whether it holds two kinds of cells.",
    ),
)
THRESHOLDS = (
    FindingKind(
        "no_threshold",
        "No control and no valley gave a threshold; the tubes have no quadrants.",
        "Add a vehicle tube with both dyes to the batch, or set a fixed threshold in the study.",
    ),
    FindingKind(
        "threshold_fallback",
        "The threshold comes from a lesser method because no stained control could be used.",
        "Add a vehicle tube with both dyes to every batch and cell line.",
    ),
    FindingKind(
        "control_not_used",
        "A control tube was passed over, with the reason.",
        "Look at its histogram; compensation tubes are often no controls for a threshold.",
    ),
    FindingKind(
        "weak_control",
        "The control behind a threshold has fewer cells than asked for.",
        "Record 5,000 cells or more in every control.",
    ),
    FindingKind(
        "negative_not_unimodal",
        "The control's negative cells are not one even population.",
        "Look at its histogram; clumps, debris or two cell types may be in it.",
    ),
    FindingKind(
        "vehicle_mostly_positive",
        "Fewer than half of the vehicle's cells are negative.",
        "Check the health of the untreated culture and the handling before staining.",
    ),
    FindingKind(
        "thresholds_disagree",
        "Two methods put the threshold so far apart that over 5 % of the stained cells lie between them.",
        "Look at the overlay of the controls; set a fixed threshold if you know better.",
    ),
    FindingKind(
        "threshold_uncertain",
        "Over 3 % of the stained cells lie inside the threshold's own 95 % interval.",
        "Record more events in the control.",
    ),
    FindingKind(
        "control_unlike_samples",
        "The negative cells of the samples lie elsewhere than those of the control.",
        "Check the voltages, and whether the drug fluoresces: add a treatment-matched unstained tube.",
    ),
    FindingKind(
        "treated_mostly_positive",
        "Over 95 % of the treated cells lie above a threshold.",
        "Check that control and samples were recorded with the same settings.",
    ),
    FindingKind(
        "drug_fluorescence",
        "The treatment's own fluorescence was measured and the threshold raised by it.",
        "Nothing to do; the shift stands beside the threshold.",
    ),
    FindingKind(
        "drug_counts_as_stain",
        "Unstained treated cells lie above the threshold: the drug's light counts as staining.",
        "Add an untreated unstained tube beside the treated one, or use a far-red dead-cell dye.",
    ),
    FindingKind(
        "threshold_in_peak",
        "A threshold cuts through a main population of a tube.",
        "Look at the tube's plot; check voltages and the batch it was assigned to.",
    ),
    FindingKind(
        "cells_near_border",
        "Over 5 % of a tube's cells lie so near to a border that its populations overlap there.",
        "Trust the sum of the neighbouring quadrants more than each; a brighter dye separates them better.",
    ),
    FindingKind(
        "no_events",
        "No cells are left after the gates, so there are no shares.",
        "Look at the gates of this tube.",
    ),
    FindingKind(
        "few_events",
        "Fewer than 1,000 cells are left after the gates.",
        "Record more events; the interval beside each share says how wide it is.",
    ),
    FindingKind(
        "events_without_value",
        "Events without a number in one of the two channels were not counted.",
        "The file holds NaN or infinite values: export it again from the instrument.",
    ),
)
FINDING_KINDS: tuple[FindingKind, ...] = (*COMPENSATION, *GATES, *THRESHOLDS)


def border_on_a_part(what: str, n: int) -> tuple[Finding, ...]:
    """Say that a border was found on every k-th of very many events.

    Parameters
    ----------
    what : which border, as the message begins ("The debris gate")
    n : events that there are
    """
    if n <= MOST_EVENTS:
        return ()
    message = f"{what} was found on an evenly spread part of its {n:,} events; all of them were counted."
    return (Finding("border_on_a_part", "info", message, value=float(n), limit=float(MOST_EVENTS)),)
