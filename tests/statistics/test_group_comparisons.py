"""Comparisons obey the unit of replication, and say why where there is no number."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exoraw.statistics import (
    STRICT,
    STRICT_OR_EQUAL,
    StarMap,
    State,
    StatisticsError,
    adjust_p,
    average_technical_replicates,
    chi_square,
    comparisons_frame,
    dunnett,
    fisher_exact,
    kruskal_wallis,
    mann_whitney,
    one_way_anova,
    paired_t,
    pearson,
    spearman,
    stars_for,
    student_t,
    t_after_levene,
    tukey,
    welch_anova,
    welch_t,
    wilcoxon_signed_rank,
)
from exoraw.statistics.means import two_sided_t
from exoraw.statistics.questions import GROUP_TESTS, Question, Reference, compare, compare_with_and_without

TWO_GROUP_TESTS = [student_t, welch_t, t_after_levene, mann_whitney, paired_t, wilcoxon_signed_rank]
MANY_GROUP_TESTS = [one_way_anova, welch_anova, kruskal_wallis]


@pytest.fixture
def wells(rng) -> pd.DataFrame:
    """Four cultures a treatment, three wells each; cultures differ far more than wells."""
    rows = []
    for treatment, shift in (("control", 0.0), ("exosomes", 3.0), ("drug", 6.0)):
        for culture in range(4):
            level = shift + rng.normal(0, 1)
            rows += [
                {"treatment": treatment, "culture": f"{treatment}{culture}", "day": culture, "well": well}
                | {"viability": level + rng.normal(0, 0.1), "excluded": False}
                for well in range(3)
            ]
    return pd.DataFrame(rows)


def question(**changes) -> Question:
    asked = {"value": "viability", "factor": "treatment", "unit": ("culture",)}
    return Question(**(asked | changes))


def test_wells_are_averaged_and_n_counts_cultures(wells):
    found = compare(wells, question(references=(Reference("control"),)))
    assert [(result.group, dict(result.n)["control"]) for result in found] == [("exosomes", 4), ("drug", 4)]
    assert {result.unit for result in found} == {"culture"}
    means = wells.groupby(["treatment", "culture"]).viability.mean()
    direct = welch_t(means["drug"], means["control"])
    assert found[1].p == pytest.approx(direct.p, rel=1e-12)
    assert dict(found[1].choices)["technical_replicates"] == "mean of 3 to 3 rows per unit"


def test_the_unit_of_replication_has_no_default():
    with pytest.raises(StatisticsError, match="name the columns that define one independent unit"):
        average_technical_replicates(pd.DataFrame({"v": [1.0]}), "v", [])


@pytest.mark.parametrize("test", GROUP_TESTS)
def test_every_test_that_is_offered_answers_with_n_p_and_an_effect(wells, test):
    asked = question(
        test=test, unit=("treatment", "day"), pair_by=("day",), references=(Reference("control"),)
    )
    for result in compare(wells, asked):
        assert result.state is State.OK
        assert 0 < result.p <= 1
        assert result.effects
        assert result.unit == "treatment x day"
        assert math.isfinite(result.effects[0].value)


def test_two_references_bring_their_own_symbols(wells):
    asked = question(references=(Reference("control"), Reference("drug", StarMap(symbol="#"))))
    stars = {(result.group, result.reference): result.stars for result in compare(wells, asked)}
    assert set(stars[("drug", "control")]) == {"*"}
    assert set(stars[("control", "drug")]) == {"#"}


def test_pairs_are_matched_by_subject_and_incomplete_ones_are_named():
    frame = pd.DataFrame(
        {
            "subject": ["s1", "s2", "s3", "s4", "s1", "s2", "s3"],
            "arm": ["before"] * 4 + ["after"] * 3,
            "value": [1.0, 2.0, 3.0, 9.0, 2.5, 2.7, 4.1],
        }
    )
    asked = Question("value", "arm", ("subject",), "paired t", (Reference("before"),), pair_by=("subject",))
    (found,) = compare(frame, asked)
    assert found.p == pytest.approx(paired_t([2.5, 2.7, 4.1], [1.0, 2.0, 3.0]).p)
    assert any(check.detail == "left out: s4" for check in found.checks)


def test_a_pair_with_two_units_on_a_side_is_refused(wells):
    asked = question(
        test="paired t", references=(Reference("control"),), pair_by=("well",), unit=("culture", "well")
    )
    with pytest.raises(StatisticsError, match="more than one unit"):
        compare(wells, asked)


def test_a_paired_test_without_pairing_columns_is_refused(wells):
    with pytest.raises(StatisticsError, match="needs pairs"):
        compare(wells, question(test="paired t"))


def test_units_that_occur_in_both_groups_of_an_unpaired_test_are_pointed_out(wells):
    found = compare(wells, question(unit=("day",), references=(Reference("control"),)))
    assert any(not check.passed and "paired test" in check.detail for check in found[0].checks)


def test_results_with_and_without_exclusions_stand_side_by_side(wells):
    wells.loc[wells.culture == "drug0", "excluded"] = True
    both = compare_with_and_without(wells, question(levels=("control", "drug")), "excluded")
    assert list(both.exclusions) == ["applied", "ignored"]
    assert list(both.n_group) == [3, 4]


def test_a_subgroup_is_taken_before_anything_is_averaged(wells):
    asked = question(where={"day": [0, 1, 2]}, levels=("control", "drug"))
    assert compare(wells, asked)[0].n_total == 6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": "viabilty"}, "Did you mean viability"),
        ({"factor": "treatmnt"}, "Did you mean treatment"),
        ({"unit": ("cultur",)}, "Did you mean culture"),
        ({"references": (Reference("controll"),)}, "Did you mean control"),
        ({"levels": ("control", "exosome")}, "Did you mean exosomes"),
        ({"where": {"day": [7]}}, "day has no level 7"),
        ({"test": "anova"}, "not one of"),
        ({"test": "dunnett"}, "needs a reference"),
        ({"levels": ("control",)}, "one level only"),
        ({"value": "culture"}, "holds text where numbers are needed"),
    ],
)
def test_a_typo_is_answered_with_the_nearest_word(wells, changes, message):
    with pytest.raises(StatisticsError, match=message):
        compare(wells, question(**changes))


def test_an_empty_unit_cell_is_refused_with_its_row(wells):
    wells.loc[5, "culture"] = " "
    with pytest.raises(StatisticsError, match=r"'culture' is empty in 1 rows \(first: 5\)"):
        compare(wells, question())


@pytest.mark.parametrize("test", TWO_GROUP_TESTS)
def test_two_animals_are_shown_but_not_tested_unless_asked(test):
    found = test([1.0, 2.0], [3.0, 5.0])
    assert (found.state, found.p) == (State.TOO_FEW, None)
    assert "group has 2" in found.message
    assert test([1.0, 2.0], [3.0, 5.0], least_n=2).p is not None


@pytest.mark.parametrize("test", TWO_GROUP_TESTS)
@pytest.mark.parametrize("group", [[], [4.0]])
def test_one_animal_is_never_tested_whatever_is_asked(test, group):
    found = test(group, [3.0, 5.0, 6.0][: len(group)] or [], least_n=0)
    assert (found.state, found.p) == (State.TOO_FEW, None)


@pytest.mark.parametrize("test", TWO_GROUP_TESTS)
def test_groups_that_do_not_vary_have_no_p(test):
    found = test([2.0, 2.0, 2.0, 2.0], [2.0, 2.0, 2.0, 2.0])
    assert found.state in {State.ZERO_VARIANCE, State.ALL_TIES}
    assert found.p is None
    assert found.message


@pytest.mark.parametrize("test", [student_t, welch_t, paired_t])
def test_constant_groups_that_differ_keep_their_difference_but_have_no_p(test):
    found = test([0.3, 0.1 + 0.2, 0.3], [0.1, 0.1, 0.1])
    assert (found.state, found.p) == (State.ZERO_VARIANCE, None)
    assert found.effects[0].value == pytest.approx(0.2)
    assert found.effects[0].ci_low is None


@pytest.mark.parametrize("test", TWO_GROUP_TESTS)
def test_an_infinite_value_is_a_state(test):
    found = test([1.0, np.inf, 2.0], [3.0, np.inf, 6.0])
    assert (found.state, found.p) == (State.NOT_FINITE, None)


@pytest.mark.parametrize("test", [*TWO_GROUP_TESTS, pearson, spearman])
def test_a_value_too_large_to_be_squared_is_a_state_and_not_p_equal_to_one(test):
    found = test([1e200, -1e200, 2e200, 1.0], [3e201, 5.0, 6.0, 8.0])
    assert (found.state, found.p) == (State.NOT_FINITE, None)


def test_an_infinite_df_is_no_obstacle_to_the_table():
    found = replace(welch_t([1.0, 2, 3], [4.0, 5, 7]), df=(math.inf,))
    assert json.loads(comparisons_frame([found]).assumptions[0])["df"] == [None]


@pytest.mark.parametrize("test", MANY_GROUP_TESTS)
def test_many_groups_with_bad_values_have_a_state(test):
    constant = {name: [1.0, 1.0, 1.0] for name in "abc"}
    assert test(constant).state in {State.ZERO_VARIANCE, State.ALL_TIES}
    assert test({"a": [1.0, 2.0, 3.0], "b": [1.0, np.nan, 2.0]}).state is State.TOO_FEW
    assert test({"a": [1.0, 2.0, 3.0], "b": [1.0, np.inf, 2.0]}).state is State.NOT_FINITE
    with pytest.raises(StatisticsError, match="two or more groups"):
        test({"a": [1.0, 2.0, 3.0]})


def test_families_with_bad_values_have_a_state():
    constant = {name: [1.0, 1.0, 1.0] for name in "abc"}
    assert [result.state for result in tukey(constant)] == [State.ZERO_VARIANCE] * 3
    assert [result.state for result in dunnett(constant, "a")] == [State.ZERO_VARIANCE] * 2
    assert {(one.group, one.reference) for one in dunnett(constant, "a")} == {("b", "a"), ("c", "a")}
    with pytest.raises(StatisticsError, match="not one of the groups"):
        dunnett(constant, "d")


def test_a_group_with_too_few_units_leaves_the_family_and_the_others_are_tested():
    groups = {"a": [1.0, 2.0, 3.0], "b": [5.0, 6.0, 7.5], "c": [2.0, np.nan, 3.0], "d": [1.5, 2.5, 2.0]}
    whole = {name: values for name, values in groups.items() if name != "c"}
    for found, expected in ((dunnett(groups, "a"), dunnett(whole, "a")), (tukey(groups), tukey(whole))):
        tested = [one for one in found if one.state is State.OK]
        assert [(one.group, one.reference, one.p) for one in tested] == [
            (one.group, one.reference, one.p) for one in expected
        ]
        rest = [one for one in found if one.state is State.TOO_FEW]
        assert len(tested) + len(rest) == len(found)
        assert rest
        assert all("c" in (one.group, one.reference) and one.n_of("c") == 2 for one in rest)
    assert [one.state for one in dunnett(groups, "c")] == [State.TOO_FEW] * 3


def test_missing_values_are_dropped_and_counted():
    found = welch_t([1.0, 2.0, np.nan, 4.0], [3.0, 5.0, 9.0])
    assert dict(found.choices)["missing_dropped"] == "1"
    assert found.n == (("group", 3), ("reference", 3))


def test_three_against_three_ranks_say_that_they_cannot_reach_significance():
    found = mann_whitney([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
    assert found.p == pytest.approx(0.1)
    assert any(check.name == "p < 0.05 can be reached" and not check.passed for check in found.checks)


def test_pairs_of_unequal_length_are_refused():
    with pytest.raises(StatisticsError, match="found 3 and 2"):
        paired_t([1.0, 2.0, 3.0], [1.0, 2.0])
    with pytest.raises(StatisticsError, match="come in pairs"):
        pearson([1.0, 2.0, 3.0], [1.0, 2.0])


def test_rounding_noise_between_equal_pairs_is_not_ranked():
    left = np.array([0.1 + 0.2, 0.7 + 0.1, 1.1 + 2.2])
    found = wilcoxon_signed_rank(left, [0.3, 0.8, 3.3])
    assert found.state is State.ALL_TIES


@pytest.mark.parametrize(
    "table", [[[1.5, 2], [3, 4]], [[-1, 2], [3, 4]], [[np.nan, 2], [3, 4]], [1, 2], [[1, 2]]]
)
@pytest.mark.parametrize("test", [chi_square, fisher_exact])
def test_a_table_that_holds_no_counts_is_refused(test, table):
    with pytest.raises(StatisticsError):
        test(table)


@pytest.mark.parametrize("test", [chi_square, fisher_exact])
def test_a_table_with_an_empty_column_has_no_p(test):
    assert test([[0, 4], [0, 6]]).state is State.NOT_ESTIMABLE


def test_an_empty_cell_leaves_the_odds_ratio_unbounded_and_not_a_number():
    effect = fisher_exact([[8, 0], [2, 6]]).effects[0]
    assert effect.value is None
    assert effect.ci_high is None
    assert effect.ci_low > 1


def test_a_line_has_no_pearson_p_and_a_constant_none_either():
    assert pearson([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0]).state is State.NOT_ESTIMABLE
    for test in (pearson, spearman):
        assert test([1.0, 2.0, 3.0], [5.0, 5.0, 5.0]).state is State.ZERO_VARIANCE
        assert test([1.0, 2.0, np.nan], [5.0, 6.0, 5.0]).state is State.TOO_FEW
        assert test([1.0, 2.0, np.inf], [5.0, 6.0, 5.0]).state is State.NOT_FINITE


@pytest.mark.parametrize(
    ("p", "strict", "or_equal"),
    [
        (0.05, "", "*"),
        (0.049, "*", "*"),
        (0.01, "*", "**"),
        (0.005, "**", "***"),
        (0.0009, "***", "***"),
        (1.0, "", ""),
    ],
)
def test_stars_follow_the_map_at_its_edges(p, strict, or_equal):
    assert stars_for(p, STRICT) == strict
    assert stars_for(p, STRICT_OR_EQUAL) == or_equal


def test_no_p_no_stars_and_never_ns():
    assert stars_for(None, StarMap(none="ns")) == ""
    assert stars_for(0.2, StarMap(none="ns")) == "ns"
    assert STRICT_OR_EQUAL.legend == "* p ≤ 0.05, ** p ≤ 0.01, *** p ≤ 0.005"


@pytest.mark.parametrize("limits", [(), (0.01, 0.05), (1.5,), (0.05, 0.0)])
def test_a_star_map_that_does_not_fall_is_refused(limits):
    with pytest.raises(StatisticsError):
        StarMap(limits)


def test_the_table_of_comparisons_is_plain_json_even_for_undefined_results():
    results = [
        welch_t([1.0], [2.0]), fisher_exact([[8, 0], [2, 6]]),
        one_way_anova({"a": [1.0, 2, 4], "b": [2.0, 5, 6]}),
        student_t([1.0, 1, 1], [2.0, 2, 2]), spearman([1.0, 2, 3, 4], [4.0, 3, 2, 1]),
    ]  # fmt: skip
    table = comparisons_frame(results)
    for text in table.assumptions:
        assert json.loads(text)["state"] in set(State)
    assert table.p.isna().tolist() == [True, False, False, True, False]


def test_dunnett_of_one_group_is_students_t():
    groups = {"c": [1.0, 2.5, 3.1, 2.2], "x": [3.0, 4.5, 4.1, 6.0, 3.9]}
    (found,) = dunnett(groups, "c")
    assert found.p == pytest.approx(student_t(groups["x"], groups["c"]).p, rel=1e-9)


def test_mann_whitney_exact_agrees_with_every_permutation():
    rng = np.random.default_rng(4)
    for _ in range(20):
        a, b = rng.integers(0, 5, 4).astype(float), rng.integers(0, 5, 5).astype(float)
        both = np.concatenate([a, b])
        if np.ptp(both) == 0:
            continue
        ranks = pd.Series(both).rank().to_numpy()
        from itertools import combinations

        sums = np.array([ranks[list(chosen)].sum() for chosen in combinations(range(9), 4)])
        expected = np.mean(np.abs(sums - sums.mean()) >= abs(ranks[:4].sum() - sums.mean()) - 1e-9)
        assert mann_whitney(a, b).p == pytest.approx(expected, abs=1e-12)


VALUES = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=12)


@given(VALUES, VALUES)
def test_swapping_two_groups_keeps_p_and_turns_the_difference(a, b):
    for test in (student_t, welch_t, mann_whitney):
        forth, back = test(a, b), test(b, a)
        assert forth.state == back.state
        if forth.p is not None:
            assert forth.p == pytest.approx(back.p, rel=1e-6, abs=1e-12)
            assert forth.effects[0].value == pytest.approx(-back.effects[0].value, rel=1e-6, abs=1e-9)


@given(st.lists(st.one_of(st.floats(0, 1), st.just(math.nan)), max_size=20))
def test_adjusted_p_values_are_never_smaller_and_keep_their_order(p):
    raw = np.array(p, dtype=float)
    known = ~np.isnan(raw)
    for method in ("holm", "benjamini-hochberg", "bonferroni"):
        found = adjust_p(raw, method)
        assert np.array_equal(np.isnan(found), ~known)
        assert np.all(found[known] >= raw[known] - 1e-15)
        assert np.all(found[known] <= 1)
        order = np.argsort(raw[known], kind="stable")
        assert np.all(np.diff(found[known][order]) >= -1e-15)


def test_p_of_huge_t_stays_above_zero_without_cancellation():
    assert two_sided_t(40.0, 30.0) == pytest.approx(1.04e-27, rel=0.01)


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_p_outside_its_range_is_refused(p):
    with pytest.raises(StatisticsError):
        adjust_p([0.1, p])


def test_with_two_units_a_group_levene_is_not_defined_instead_of_decided_by_rounding(rng):
    for _ in range(100):
        pair = [rng.normal(5, 1, 2), rng.normal(5, 3, 2)]
        found = t_after_levene(*pair, least_n=2)
        assert "Student" in found.test
        assert not any(check.name.startswith("Levene") and check.p is not None for check in found.checks)


def test_a_familys_p_is_never_zero_and_lies_between_one_test_alone_and_bonferroni(rng):
    groups = {name: rng.normal(shift, 1, 6) for name, shift in zip("abcd", (0, 1, 100, 1e4), strict=True)}
    for family, size in ((dunnett(groups, "a"), 3), (tukey(groups), 6)):
        for one in family:
            alone = float(dict(one.choices)["unadjusted_p"])
            assert 0 < alone <= one.p * (1 + 1e-9)
            assert one.p <= min(1.0, size * alone) * (1 + 1e-9)
