"""The ledger of the cleaning adds up, and says what the cleaning does to a number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoraw.assays.flow.quality import cleaning_ledger


@given(st.integers(0, 2**31), st.integers(0, 300), st.integers(0, 5))
def test_what_is_removed_and_what_is_kept_is_the_tube(seed, n, steps):
    rng = np.random.default_rng(seed)
    masks = [(f"step {place}", rng.random(n) < rng.random()) for place in range(steps)]
    ledger = cleaning_ledger(n, masks)
    assert sum(entry.removed for entry in ledger.entries) + ledger.kept == n
    expected = np.logical_and.reduce([mask for _, mask in masks]) if masks else np.ones(n, dtype=bool)
    np.testing.assert_array_equal(ledger.keep, expected)
    assert all(entry.removed <= entry.alone for entry in ledger.entries)


def test_each_step_is_booked_against_what_the_steps_before_it_left():
    first = np.array([False, False, True, True])
    second = np.array([False, True, False, True])
    ledger = cleaning_ledger(4, [("margins", first), ("doublets", second)])
    margins, doublets = ledger.entries
    assert (margins.before, margins.removed, margins.share) == (4, 2, 0.5)
    assert (doublets.before, doublets.removed, doublets.alone) == (2, 1, 2)
    assert doublets.share_of_tube == 0.25
    assert ledger.words == "4 events: margins 50.0 %, doublets 25.0 %; 1 left (25.0 %)"


def test_a_mask_of_another_tube_and_a_step_twice_are_refused():
    with pytest.raises(ValueError, match="debris has shape"):
        cleaning_ledger(4, [("debris", np.ones(3, dtype=bool))])
    with pytest.raises(ValueError, match="more than once: time"):
        cleaning_ledger(1, [("time", np.ones(1, dtype=bool)), ("time", np.ones(1, dtype=bool))])
