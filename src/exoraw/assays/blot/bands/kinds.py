"""Every remark that lanes and bands can get, with what it means in the lab and what to do about it."""

from __future__ import annotations

from exoraw.assays.contract import FindingKind

FINDING_KINDS = (
    FindingKind(
        "needs_points",
        "The picture can be read in more than one way, so the row has no numbers.",
        "Click the middle of the first and of the last band of the row (or give them as points).",
    ),
    FindingKind(
        "saturated_band",
        "Pixels of the band sit on the detector's ceiling: its volume is too low, by more the darker it is.",
        "Use a shorter exposure; a saturated band can only be called stronger, not how much.",
    ),
    FindingKind(
        "band_at_edge",
        "The band, or the background beside it, is cut off by the edge of the image.",
        "Use the uncropped image.",
    ),
    FindingKind(
        "touching_bands",
        "The band runs into the band of the next lane; where one ends and the other begins is uncertain.",
        "Load less, or leave lanes empty; look at the borders in the picture.",
    ),
    FindingKind(
        "neighbouring_band",
        "Another band of the same lane lies so close that it was told apart by a fit.",
        "Look at the lane's profile; run the gel longer if the two must be kept apart.",
    ),
    FindingKind(
        "off_row",
        "What was measured in this lane lies beside the line of its row: it may be another protein's band.",
        "Look at the box in the picture; where the row's own band is not there, report it as not detected.",
    ),
    FindingKind(
        "below_detection_limit",
        "The band is not above three times the scatter of empty places: it counts as absent.",
        "Report it as not detected; a fold from it means nothing.",
    ),
    FindingKind(
        "methods_disagree",
        "The methods of background give different volumes for this band.",
        "Look at the baseline in the lane's profile before you use the number.",
    ),
    FindingKind(
        "speckle_replaced",
        "A speckle on the band was replaced by its surroundings.",
        "Nothing, where the picture shows dust there; else choose another image.",
    ),
    FindingKind(
        "mw_extrapolated",
        "The band lies beyond the ladder's first or last band.",
        "Take its molecular weight as a rough value.",
    ),
    FindingKind(
        "unequal_lanes",
        "The lanes of the row are not equally wide.",
        "Look whether the borders lie between the bands; if not, click the row's first and last band.",
    ),
    FindingKind(
        "splice",
        "The picture changes abruptly along a vertical line: parts of several pictures may stand there.",
        "Compare bands only within one part; journals want the line drawn and the original shown.",
    ),
)
