"""Null studies: averaged per unit the tests keep their level, pooled wells and animals do not."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench" / "false_positives.py"


@pytest.fixture(scope="module")
def bench():
    spec = importlib.util.spec_from_file_location("false_positives", BENCH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["false_positives"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def shares(bench, design: str, studies: dict[str, int]):
    return {
        test: bench.measured(design, test, pooled, continuous, study, studies[test], 7)
        for test, pooled, continuous, study in bench.DESIGNS[design]()
        if test in studies
    }


def test_cages_keep_the_level_and_pooled_animals_do_not(bench):
    quick = {
        "welch on cage means, whole workflow": 60,
        "fisher, one animal a cage": 200,
        "log-rank, one animal a cage": 200,
        "youden cut, permutation-corrected": 200,
        "youden cut, log-rank on the same animals": 200,
        "student on animals": 200,
    }
    found = shares(bench, "animals in 5 cages", quick)
    assert set(found) == set(quick)
    for row in found.values():
        limit = 0.05 + 3.5 * (0.05 * 0.95 / row.studies) ** 0.5
        assert (row.share <= limit) is not row.pooled, row


def test_wells_averaged_per_culture_keep_the_level_and_pooled_wells_do_not(bench):
    found = shares(bench, "wells in 6 cultures", {"student": 300, "student on wells": 300})
    assert found["student"].share <= 0.1
    assert found["student on wells"].share > 0.12


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_every_test_keeps_between_four_and_six_percent_over_two_thousand_studies(bench):
    for row in bench.rows(2000):
        if row.pooled:
            continue
        assert row.share <= 0.06, row
        if row.continuous and "3 cultures" not in row.design:
            assert row.share >= 0.04, row
