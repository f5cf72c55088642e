"""Every deterministic group test gives R's number to nine digits on textbook sets."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exoraw.statistics import (
    adjust_p,
    chi_square,
    dunnett,
    fisher_exact,
    kruskal_wallis,
    levene,
    mann_whitney,
    one_way_anova,
    paired_t,
    pearson,
    shapiro,
    spearman,
    student_t,
    tukey,
    welch_anova,
    welch_t,
    wilcoxon_signed_rank,
)

NINE_DIGITS = 1e-9
R_NONCENTRAL = 1e-8  # R's pnt stops at 1e-12 in probability, which is this in the interval
R_UNIROOT = 1e-2  # fisher.test solves its odds ratio and interval to .Machine$double.eps^0.25


def close(found: float | None, expected: float, tolerance: float = NINE_DIGITS) -> bool:
    assert found is not None
    return math.isclose(found, expected, rel_tol=tolerance, abs_tol=tolerance * 1e-3)


@pytest.fixture(scope="module")
def reference(r_values):
    return r_values("group_tests")


@pytest.fixture(scope="module")
def two_groups(r_data):
    sleep, cars, placenta = r_data("sleep"), r_data("mtcars"), r_data("placenta")
    return {
        "sleep": (sleep.extra[sleep.group == 2], sleep.extra[sleep.group == 1]),
        "mtcars": (cars.mpg[cars.am == 1], cars.mpg[cars.am == 0]),
        "placenta": (placenta.value[:10], placenta.value[10:]),
    }


@pytest.fixture(scope="module")
def pairs(r_data, two_groups):
    depression, shoes, weights = r_data("depression"), r_data("shoes"), r_data("anorexia")
    family = weights[weights.Treat == "FT"]
    return {
        "sleep": two_groups["sleep"],
        "depression": (depression.second, depression["first"]),
        "shoes": (shoes.B, shoes.A),
        "anorexia": (family.Postwt, family.Prewt),
    }


GROUPED = {
    "PlantGrowth": ("weight", "group"),
    "InsectSprays": ("count", "spray"),
    "chickwts": ("weight", "feed"),
    "iris": ("Sepal.Width", "Species"),
}


@pytest.fixture(params=GROUPED)
def grouped(request, r_data):
    value, factor = GROUPED[request.param]
    frame = r_data(request.param)
    return request.param, {
        str(level): part[value].to_numpy(float) for level, part in frame.groupby(factor, sort=False)
    }


@pytest.mark.parametrize("case", ["sleep", "mtcars", "placenta"])
@pytest.mark.parametrize(("kind", "test"), [("student", student_t), ("welch", welch_t)])
def test_t_tests_give_the_numbers_of_r(reference, two_groups, case, kind, test):
    expected = reference(f"{case} {kind}")
    found = test(*two_groups[case])
    difference, g = found.effects
    assert close(found.statistic, expected["t"])
    assert close(found.df[0], expected["df"])
    assert close(found.p, expected["p"])
    assert close(difference.ci_low, expected["low"])
    assert close(difference.ci_high, expected["high"])
    assert close(g.value, expected["g"])
    assert close(g.ci_low, expected["g_low"], R_NONCENTRAL)
    assert close(g.ci_high, expected["g_high"], R_NONCENTRAL)


@pytest.mark.parametrize("case", ["sleep", "depression", "shoes", "anorexia"])
def test_paired_t_gives_the_numbers_of_r(reference, pairs, case):
    expected = reference(f"{case} paired")
    found = paired_t(*pairs[case])
    difference, g = found.effects
    assert close(found.statistic, expected["t"])
    assert close(found.p, expected["p"])
    assert close(difference.ci_low, expected["low"])
    assert close(difference.ci_high, expected["high"])
    assert close(g.value, expected["g"])
    assert close(g.ci_low, expected["g_low"], R_NONCENTRAL)
    assert close(g.ci_high, expected["g_high"], R_NONCENTRAL)


METHODS = {"exact": "exact", "normal": "normal", "plain": "normal without continuity"}


@pytest.mark.parametrize("case", ["sleep", "mtcars", "placenta"])
@pytest.mark.parametrize("method", METHODS)
def test_mann_whitney_gives_the_numbers_of_r_by_each_method(reference, two_groups, case, method):
    expected = reference(f"{case} mw {method}")
    found = mann_whitney(*two_groups[case], method=METHODS[method])
    assert found.statistic == expected["u"]
    assert close(found.p, expected["p"])
    if "hl" in expected:
        shift = found.effects[0]
        assert close(shift.value, expected["hl"])
        assert close(shift.ci_low, expected["low"])
        assert close(shift.ci_high, expected["high"])


@pytest.mark.parametrize("case", ["sleep", "depression", "shoes", "anorexia"])
@pytest.mark.parametrize("method", METHODS)
def test_signed_rank_gives_the_numbers_of_r_by_each_method(reference, pairs, case, method):
    expected = reference(f"{case} sr {method}")
    found = wilcoxon_signed_rank(*pairs[case], method=METHODS[method])
    assert found.statistic == expected["v"]
    assert close(found.p, expected["p"])
    if "hl" in expected:
        middle = found.effects[0]
        assert close(middle.value, expected["hl"])
        assert close(middle.ci_low, expected["low"])
        assert close(middle.ci_high, expected["high"])


def test_the_three_wilcoxon_methods_differ_on_the_sleep_data_and_each_is_on_record(pairs):
    found = [wilcoxon_signed_rank(*pairs["sleep"], method=method) for method in METHODS.values()]
    assert [round(result.p, 4) for result in found] == [0.0039, 0.0091, 0.0076]
    assert len({dict(result.choices)["method"] for result in found}) == 3


def test_one_way_anova_and_its_relatives_give_the_numbers_of_r(reference, grouped):
    case, groups = grouped
    for found, expected in (
        (one_way_anova(groups), reference(f"{case} anova")),
        (welch_anova(groups), reference(f"{case} welch")),
    ):
        assert close(found.statistic, expected["f"])
        assert close(found.df[1], expected["df2"])
        assert close(found.p, expected["p"])
    expected = reference(f"{case} anova")
    eta = one_way_anova(groups).effect("eta squared")
    assert close(eta.value, expected["eta"])
    assert close(eta.ci_low, expected["eta_low"], R_NONCENTRAL)
    assert close(eta.ci_high, expected["eta_high"], R_NONCENTRAL)
    ranks = kruskal_wallis(groups)
    assert close(ranks.statistic, reference(f"{case} kruskal")["h"])
    assert close(ranks.p, reference(f"{case} kruskal")["p"])


@pytest.mark.parametrize("centre", ["median", "mean"])
def test_levene_gives_the_numbers_of_r_for_both_centres(reference, grouped, two_groups, centre):
    case, groups = grouped
    found = levene(list(groups.values()), centre)
    assert close(found.statistic, reference(f"{case} levene {centre}")["f"])
    assert close(found.p, reference(f"{case} levene {centre}")["p"])
    arrays = [part.to_numpy(float) for part in two_groups["mtcars"]]
    assert close(levene(arrays, centre).p, reference(f"mtcars levene {centre}")["p"])


def test_shapiro_gives_the_numbers_of_r(reference, grouped):
    case, groups = grouped
    found = shapiro(np.concatenate([values - values.mean() for values in groups.values()]))
    assert close(found.statistic, reference(f"{case} shapiro")["w"])
    assert close(found.p, reference(f"{case} shapiro")["p"], 1e-6)


def test_tukey_gives_the_numbers_of_r(reference, grouped):
    case, groups = grouped
    for found in tukey(groups):
        pair = {
            1: f"{case} tukey {found.group}-{found.reference}",
            -1: f"{case} tukey {found.reference}-{found.group}",
        }
        sign, expected = next((s, reference(name)) for s, name in pair.items() if _has(reference, name))
        low, high = sorted((sign * expected["low"], sign * expected["high"]))
        assert close(found.p, expected["p"], 1e-9) or abs(found.p - expected["p"]) < 1e-9
        assert close(found.effects[0].value, sign * expected["diff"])
        assert close(found.effects[0].ci_low, low, 1e-8)
        assert close(found.effects[0].ci_high, high, 1e-8)


def _has(reference, name: str) -> bool:
    try:
        reference(name)
    except KeyError:
        return False
    return True


def test_dunnett_gives_the_double_integral_that_r_integrates(reference, grouped):
    case, groups = grouped
    for found in dunnett(groups, next(iter(groups))):
        expected = reference(f"{case} dunnett {found.group}")
        assert close(found.statistic, expected["t"])
        assert abs(found.p - expected["p"]) < 1e-9


@pytest.mark.parametrize(
    ("ours", "theirs"), [("holm", "holm"), ("benjamini-hochberg", "BH"), ("bonferroni", "bonferroni")]
)
def test_adjusted_p_values_are_those_of_r(reference, ours, theirs):
    raw = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719]
    raw += [0.6528, 0.7590, 1.000]
    expected = reference(f"adjust {theirs}")
    assert np.allclose(adjust_p(raw, ours), [expected[str(i)] for i in range(1, 16)], rtol=1e-14)


TABLES = {
    "tea": [[3, 1], [1, 3]],
    "convictions": [[2, 10], [15, 3]],
    "aspirin": [[189, 10845], [104, 10933]],
    "zero": [[0, 7], [6, 4]],
    "small": [[1, 9], [11, 3]],
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_give_the_numbers_of_r_with_and_without_yates(reference, name):
    for yates, label in ((True, "yates"), (False, "plain")):
        found = chi_square(TABLES[name], yates=yates)
        expected = reference(f"table {name} {label}")
        assert close(found.statistic, expected["chi2"])
        assert close(found.p, expected["p"])
        assert dict(found.choices)["yates"] == ("yes" if yates else "no")
    found = fisher_exact(TABLES[name])
    expected = reference(f"table {name} fisher")
    assert close(found.p, expected["p"])
    assert math.isclose(found.effects[0].value, expected["odds"], rel_tol=R_UNIROOT, abs_tol=1e-6)
    assert math.isclose(found.effects[0].ci_high, expected["high"], rel_tol=R_UNIROOT)


def test_a_larger_table_gives_the_chi_square_of_r(reference, r_data):
    found = chi_square(r_data("eye").to_numpy())
    assert close(found.statistic, reference("table eye plain")["chi2"])
    assert close(found.p, reference("table eye plain")["p"])
    assert found.df == (9.0,)


@pytest.mark.parametrize(
    ("case", "x", "y"), [("cars", "speed", "dist"), ("women", "height", "weight"), ("tuna", "x", "y")]
)
def test_correlations_give_the_numbers_of_r(reference, r_data, case, x, y):
    frame = r_data(case)
    found, expected = pearson(frame[x], frame[y]), reference(f"{case} pearson")
    assert close(found.effects[0].value, expected["r"])
    assert close(found.statistic, expected["t"])
    assert close(found.p, expected["p"])
    assert close(found.effects[0].ci_low, expected["low"])
    assert close(found.effects[0].ci_high, expected["high"])
    found, expected = spearman(frame[x], frame[y]), reference(f"{case} spearman")
    assert close(found.effects[0].value, expected["rho"])
    if case == "women":  # a perfect order: R's p is the rounding of 1 - rho^2, ours is two of 15! orders
        assert close(found.p, 2 / math.factorial(15))
    else:
        assert close(found.p, expected["p"])
