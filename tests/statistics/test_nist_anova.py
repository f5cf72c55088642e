"""NIST's Statistical Reference Datasets for one-way ANOVA, certified F values
(https://www.itl.nist.gov/div898/strd/anova).
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from exoraw.statistics import one_way_anova

CERTIFIED_F = {21: 2.1e1, 201: 2.01e2, 2001: 2.001e3}  # SmLs01-09, by replicates per treatment
ATOMIC_WEIGHT_OF_SILVER = (  # AtmWtAg: digits after 107.868, two spectrometers, 24 readings each
    "1568 1465 1572 1785 1446 1903 1526 1494 1616 1587 1519 1486 "
    "1419 1569 1508 1672 1385 1518 1662 1424 1360 1333 1610 1477",
    "1079 1344 1513 1197 1604 1385 1642 1365 1151 1082 1517 1448 "
    "1198 1482 1334 1609 1101 1512 1469 1360 1254 1261 1450 1368",
)
RESISTIVITY = (  # SiRstv: silicon resistivity, five instruments
    (196.3052, 196.1240, 196.1890, 196.2569, 196.3403),
    (196.3042, 196.3825, 196.1669, 196.3257, 196.0422),
    (196.1303, 196.2005, 196.2889, 196.0343, 196.1811),
    (196.2795, 196.1748, 196.1494, 196.1485, 195.9885),
    (196.2119, 196.1051, 196.1850, 196.0052, 196.2090),
)


def smls(constant: int, replicates: int) -> dict[str, np.ndarray]:
    """Simon and Lesage's sets: nine treatments at .4, .3, .5, .3, .5 ... above a constant, +-0.1 within."""
    groups = {}
    for treatment in range(9):
        level = 4 if treatment == 0 else (3 if treatment % 2 else 5)
        tenths = [level] + [level - 1, level + 1] * ((replicates - 1) // 2)
        groups[str(treatment)] = np.array([float(f"{constant}.{tenth}") for tenth in tenths])
    return groups


def digits(found: float, certified: float) -> float:
    """NIST's log relative error: correct significant digits."""
    return 15.0 if found == certified else -math.log10(abs(found - certified) / abs(certified))


def exact_f(groups: dict[str, np.ndarray]) -> float:
    """F of the numbers as double precision holds them, in exact fractions."""
    rows = [[Fraction(float(value)) for value in values] for values in groups.values()]
    means = [sum(row) / len(row) for row in rows]
    total = sum(len(row) for row in rows)
    grand = sum(sum(row) for row in rows) / total
    between = sum(len(row) * (mean - grand) ** 2 for row, mean in zip(rows, means, strict=True))
    within = sum((value - mean) ** 2 for row, mean in zip(rows, means, strict=True) for value in row)
    return float((between / (len(rows) - 1)) / (within / (total - len(rows))))


@pytest.mark.parametrize("replicates", CERTIFIED_F)
@pytest.mark.parametrize(("constant", "least"), [(1, 13.0), (1_000_000, 8.0)])
def test_one_way_anova_keeps_eight_digits_of_the_certified_f(constant, least, replicates):
    found = one_way_anova(smls(constant, replicates))
    assert digits(found.statistic, CERTIFIED_F[replicates]) >= least
    assert found.df == (8.0, 9.0 * (replicates - 1))


@pytest.mark.parametrize("replicates", [21, 201])
def test_with_thirteen_constant_digits_the_f_is_exact_for_the_numbers_that_doubles_can_hold(replicates):
    """A double holds 1000000000000.4 to 1.2e-4, so NIST's own F is out of reach (3 digits at most)."""
    groups = smls(1_000_000_000_000, replicates)
    found = one_way_anova(groups)
    assert digits(found.statistic, exact_f(groups)) >= 8.0
    assert 2.0 < digits(found.statistic, CERTIFIED_F[replicates]) < 5.0


def test_atomic_weight_of_silver_keeps_eight_digits():
    readings = [[float("107.868" + tail) for tail in row.split()] for row in ATOMIC_WEIGHT_OF_SILVER]
    groups = {str(i): row for i, row in enumerate(readings)}
    assert digits(one_way_anova(groups).statistic, 1.59467335677930e1) >= 8.0


def test_silicon_resistivity_keeps_eight_digits():
    groups = {str(i): row for i, row in enumerate(RESISTIVITY)}
    assert digits(one_way_anova(groups).statistic, 1.18046237440255) >= 8.0
