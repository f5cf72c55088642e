"""Presence of markers against their limits and controls, and binding against IgG and input."""

from __future__ import annotations

import pytest

from exoraw.assays.blot.binding import Lane, is_bound, percent_input
from exoraw.assays.blot.normalise import Estimate
from exoraw.assays.blot.presence import Seen, unproven, verdict

MARKERS, NEGATIVES = ("CD63", "CD81"), ("Calnexin",)


def seen(**values: float) -> dict[tuple[str, str], Seen]:
    """Lanes "EV" and "lysate", limit 10: seen(EV_CD63=50)."""
    found = {}
    for name, value in values.items():
        sample, marker = name.split("_")
        found[sample, marker] = Seen(sample, marker, value, 10.0)
    return found


def lane(value: float, limit: float = 10.0) -> Lane:
    return Lane(Estimate(value, value - 2, value + 2), limit)


def test_a_preparation_is_told_by_what_is_present_and_what_should_not_be() -> None:
    found = verdict("EV", seen(EV_CD63=50, EV_CD81=9.9, EV_Calnexin=11), MARKERS, NEGATIVES)
    assert found is not None
    assert (found.found, found.contaminants, found.percent) == (("CD63",), ("Calnexin",), 50.0)


def test_nothing_is_said_of_a_preparation_whose_marker_was_not_measured() -> None:
    assert verdict("EV", seen(EV_CD63=50), MARKERS, NEGATIVES) is None


def test_a_negative_control_that_no_lysate_shows_proves_nothing() -> None:
    dark = seen(EV_Calnexin=1, lysate_Calnexin=2)
    assert unproven("Calnexin", dark, ["lysate"])
    assert not unproven("Calnexin", seen(EV_Calnexin=1, lysate_Calnexin=99), ["lysate"])


@pytest.mark.parametrize(
    ("pulled", "igg", "bound"),
    [
        (100, 5, True),  # IgG unseen: held against its limit, 3 x 10
        (29, 5, False),
        (100, 40, False),  # IgG has a band of its own
        (123, 40, True),
        (121, 40, False),  # its interval reaches below the multiple
        (9, -3, False),  # below its own limit
    ],
)
def test_bound_needs_a_band_and_the_stated_multiple_of_igg(pulled: float, igg: float, bound: bool) -> None:
    assert is_bound(lane(pulled), lane(igg), 3.0) is bound


def test_percent_of_input_is_corrected_for_the_share_that_was_kept() -> None:
    found = percent_input(lane(500), lane(1000), 0.01)
    assert found is not None
    assert found.value == pytest.approx(0.5)
    assert found.low < 0.5 < found.high


def test_percent_of_input_never_lies_below_nothing_and_needs_an_input() -> None:
    found = percent_input(lane(-1), lane(1000), 0.01)
    assert found is not None
    assert found.value == found.low == 0.0
    assert percent_input(lane(500), lane(5), 0.01) is None
