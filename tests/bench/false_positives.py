"""How often each test calls a study without any effect significant, in the three designs of the papers.

Run: python tests/bench/false_positives.py --studies 2000
Each study is drawn anew and answered by the functions a user calls: "whole workflow" rows go through
`compare` on the table of wells or tubes, the others get the means per unit that it computes. "POOLED"
rows show what happens when the wells, tubes or animals are taken for units of replication. The last
column is the Monte-Carlo error of the share.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from exoraw.statistics import (
    Comparison,
    Question,
    Random,
    Reference,
    average_technical_replicates,
    by_group,
    chi_square,
    compare,
    cox,
    dunnett,
    fisher_exact,
    kruskal_wallis,
    log_rank,
    mann_whitney,
    mixed_model,
    one_way_anova,
    pearson,
    repeated_measures_anova,
    spearman,
    student_t,
    survival_cut,
    t_after_levene,
    tukey,
    two_way_anova,
    welch_anova,
    wilcoxon_signed_rank,
)
from exoraw.statistics.curves import compare_curves, fit_replicates

ALPHA = 0.05
Test = Callable[..., Comparison | tuple[Comparison, ...]]
Study = Callable[[np.random.Generator], float]
BETWEEN, WITHIN = (
    1.0,
    0.6,
)  # standard deviation of cultures (subjects, cages) and of their wells (tubes, animals)


@dataclass(frozen=True)
class Row:
    """One test in one design: share of studies with the smallest adjusted p below .05."""

    design: str
    test: str
    share: float
    studies: int
    pooled: bool
    continuous: bool

    @property
    def error(self) -> float:
        """Monte-Carlo standard error of the share."""
        return math.sqrt(max(self.share * (1 - self.share), 1e-12) / self.studies)


def cultures(rng: np.random.Generator, count: int, groups: int = 3, wells: int = 3) -> pd.DataFrame:
    """Wells in cultures: every treatment on its own cultures."""
    level = np.repeat(rng.normal(0, BETWEEN, groups * count), wells)
    labels = product("abcdef"[:groups], range(count), range(wells))
    frame = pd.DataFrame(labels, columns=["treatment", "culture", "well"])
    return frame.assign(value=level + rng.normal(0, WITHIN, len(frame)))


def subjects(rng: np.random.Generator, count: int, arms: int = 2, tubes: int = 3) -> pd.DataFrame:
    """Tubes in subjects: every subject in every arm; subject and subject-by-arm vary."""
    own = np.repeat(rng.normal(0, 2 * BETWEEN, count), arms * tubes)
    visit = np.repeat(rng.normal(0, BETWEEN, count * arms), tubes)
    frame = pd.DataFrame(
        product(range(count), "abcdef"[:arms], range(tubes)), columns=["subject", "arm", "tube"]
    )
    return frame.assign(value=own + visit + rng.normal(0, WITHIN, len(frame)))


def cages(rng: np.random.Generator, count: int, animals: int = 4) -> pd.DataFrame:
    """Animals in cages: every cage on one diet; survival depends on the cage as well."""
    frame = pd.DataFrame(product("ab", range(count), range(animals)), columns=["diet", "cage", "animal"])
    frame["cage"] = frame.diet + frame.cage.astype(str)
    level = np.repeat(rng.normal(0, BETWEEN, 2 * count), animals)
    return frame.assign(value=level + rng.normal(0, 1.0, len(frame)))


def smallest_p(results: tuple[Comparison, ...] | Comparison) -> float:
    """Return the smallest p after adjustment; 1 where nothing was tested."""
    rows = results if isinstance(results, tuple) else (results,)
    found = [row.p if row.p_adjusted is None else row.p_adjusted for row in rows]
    return min((p for p in found if p is not None), default=1.0)


def culture_tests(count: int) -> Iterator[tuple[str, bool, bool, Study]]:
    """Yield (test, pooled, continuous, one study)."""

    def averaged(rng: np.random.Generator, groups: int) -> dict[str, np.ndarray]:
        values = cultures(rng, count, groups).value.to_numpy().reshape(groups, count, -1).mean(axis=2)
        return dict(zip("abcdef", values, strict=False))

    def two(test: Test) -> Study:
        def study(rng: np.random.Generator) -> float:
            values = averaged(rng, 2)
            return smallest_p(test(values["b"], values["a"]))

        return study

    def three(test: Test, *extra: str) -> Study:
        return lambda rng: smallest_p(test(averaged(rng, 3), *extra))

    question = Question("value", "treatment", ("treatment", "culture"), "welch", (Reference("a"),))
    yield (
        "welch, whole workflow",
        False,
        True,
        lambda rng: smallest_p(compare(cultures(rng, count, 2), question)),
    )
    yield (
        "welch + holm, 3 groups, whole workflow",
        False,
        False,
        lambda rng: smallest_p(compare(cultures(rng, count, 3), question)),
    )
    yield "student", False, True, two(student_t)
    yield "student or welch after levene", False, True, two(t_after_levene)
    yield "mann-whitney", False, False, two(mann_whitney)
    yield "one-way anova, 3 groups", False, True, three(one_way_anova)
    yield "welch anova, 3 groups", False, True, three(welch_anova)
    yield "kruskal-wallis, 3 groups", False, False, three(kruskal_wallis)
    yield "tukey, 3 groups", False, True, three(tukey)
    yield "dunnett, 3 groups", False, True, three(dunnett, "a")

    def two_way(rng: np.random.Generator) -> float:
        frame = cultures(rng, count, 4)
        frame["drug"], frame["exosomes"] = frame.treatment.isin(["b", "d"]), frame.treatment.isin(["c", "d"])
        units = average_technical_replicates(frame, "value", ["treatment", "culture"], ["drug", "exosomes"])
        return float(two_way_anova(units, "drug", "exosomes")[2].p or 1.0)

    yield "two-way anova, interaction", False, True, two_way

    def pooled(rng: np.random.Generator) -> float:
        frame = cultures(rng, count, 2)
        return float(
            student_t(frame.value[frame.treatment == "b"], frame.value[frame.treatment == "a"]).p or 1.0
        )

    yield "student on wells", True, True, pooled


def subject_tests(count: int) -> Iterator[tuple[str, bool, bool, Study]]:
    """Yield (test, pooled, continuous, one study)."""

    def pairs(test: Test) -> Study:
        def study(rng: np.random.Generator) -> float:
            values = subjects(rng, count).value.to_numpy().reshape(count, 2, -1).mean(axis=2)
            return smallest_p(test(values[:, 1], values[:, 0]))

        return study

    question = Question("value", "arm", ("subject",), "paired t", (Reference("a"),), pair_by=("subject",))
    yield (
        "paired t, whole workflow",
        False,
        True,
        lambda rng: smallest_p(compare(subjects(rng, count), question)),
    )
    yield "wilcoxon", False, False, pairs(wilcoxon_signed_rank)

    def repeated(rng: np.random.Generator) -> float:
        units = average_technical_replicates(subjects(rng, count, 3), "value", ["subject"], ["arm"])
        return float(repeated_measures_anova(units, "arm", "subject").p or 1.0)

    yield (
        "repeated measures anova, 3 arms",
        False,
        False,
        repeated,
    )  # Greenhouse-Geisser is conservative by design

    def mixed(rng: np.random.Generator) -> float:
        random = [Random(("subject",)), Random(("subject", "arm"))]
        model = mixed_model(subjects(rng, count), "value", ["arm"], random)
        return float(model.term("arm").p or 1.0)

    yield "mixed model (1|subject/arm)", False, True, mixed
    for name, test in (("pearson", pearson), ("spearman", spearman)):
        yield name, False, name == "pearson", _correlation(test, count)

    def pooled(rng: np.random.Generator) -> float:
        frame = subjects(rng, count)
        return float(student_t(frame.value[frame.arm == "b"], frame.value[frame.arm == "a"]).p or 1.0)

    def pooled_pairs(rng: np.random.Generator) -> float:
        question = Question(
            "value", "arm", ("subject", "tube"), "paired t", (Reference("a"),), pair_by=("subject", "tube")
        )
        return smallest_p(compare(subjects(rng, count), question))

    yield "paired t on tubes", True, True, pooled_pairs
    yield "student on tubes", True, False, pooled


def _correlation(test: Callable[..., Comparison], count: int) -> Study:
    return lambda rng: float(test(rng.normal(size=count), rng.normal(size=count)).p or 1.0)


def cage_tests(count: int) -> Iterator[tuple[str, bool, bool, Study]]:
    """Yield (test, pooled, continuous, one study)."""
    question = Question("value", "diet", ("cage",), "welch", (Reference("a"),))
    yield (
        "welch on cage means, whole workflow",
        False,
        True,
        lambda rng: smallest_p(compare(cages(rng, count), question)),
    )

    def mixed(rng: np.random.Generator) -> float:
        model = mixed_model(cages(rng, count), "value", ["diet"], [Random(("cage",))])
        return float(model.term("diet").p or 1.0)

    yield "mixed model (1|cage)", False, True, mixed

    def counts(rng: np.random.Generator) -> list[list[int]]:
        responders = rng.random((2, 2 * count)) < 0.4
        return [[int(row.sum()), int((~row).sum())] for row in responders]

    yield "fisher, one animal a cage", False, False, lambda rng: float(fisher_exact(counts(rng)).p or 1.0)
    yield (
        "chi-square with yates, one animal a cage",
        False,
        False,
        lambda rng: float(chi_square(counts(rng)).p or 1.0),
    )

    def survival(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        size = 6 * count
        time, censoring = rng.exponential(10, size), rng.uniform(5, 30, size)
        return np.minimum(time, censoring), time <= censoring, np.repeat([0, 1], size // 2)

    yield (
        "log-rank, one animal a cage",
        False,
        False,
        lambda rng: float(log_rank(by_group(*survival(rng))).p or 1.0),
    )

    def cox_p(rng: np.random.Generator) -> float:
        time, event, group = survival(rng)
        return smallest_p(cox(time, event, pd.DataFrame({"diet": group})).comparisons())

    yield "cox, one animal a cage", False, False, cox_p

    def cut(rng: np.random.Generator) -> tuple[float, float]:
        time, event, _ = survival(rng)
        if event.all():
            return 1.0, 1.0  # no cut exists; the function refuses
        found = survival_cut(
            rng.normal(size=time.size), time, event, seed=int(rng.integers(2**31)), permutations=199
        )
        return found.p, found.naive_p

    yield "youden cut, permutation-corrected", False, False, lambda rng: cut(rng)[0]
    yield "youden cut, log-rank on the same animals", True, False, lambda rng: cut(rng)[1]

    def pooled(rng: np.random.Generator) -> float:
        frame = cages(rng, count)
        return float(student_t(frame.value[frame.diet == "b"], frame.value[frame.diet == "a"]).p or 1.0)

    yield "student on animals", True, True, pooled


def curve_tests(count: int) -> Iterator[tuple[str, bool, bool, Study]]:
    """Yield the comparison of IC50s on cultures."""
    doses = np.repeat([0, 0.01, 0.03, 0.1, 0.3, 1, 3, 10], 3).astype(float)

    def study(rng: np.random.Generator) -> float:
        parts = []
        for drug, culture in product("ab", range(count)):
            own = 0.3 * math.exp(rng.normal(0, 0.3))
            response = 100 / (1 + doses / own) + rng.normal(0, 3, doses.size)
            parts.append(pd.DataFrame({"drug": drug, "culture": culture, "dose": doses, "value": response}))
        curves = fit_replicates(pd.concat(parts), "dose", "value", "drug", ["culture"])
        return smallest_p(compare_curves(curves, references=[Reference("a")]))

    yield "IC50 of curves, welch", False, True, study


DESIGNS = {
    "wells in 3 cultures": lambda: culture_tests(3),
    "wells in 6 cultures": lambda: culture_tests(6),
    "tubes in 6 subjects": lambda: subject_tests(6),
    "tubes in 10 subjects": lambda: subject_tests(10),
    "animals in 5 cages": lambda: cage_tests(5),
    "animals in 8 cages": lambda: cage_tests(8),
}


def rows(studies: int, seed: int = 20261120, only: str = "", curves: int = 0) -> Iterator[Row]:
    """Yield one row per design and test; `curves` studies of fitted curves as well (slower)."""
    for design, tests in DESIGNS.items():
        for test, pooled, continuous, study in tests():
            if only in f"{design}: {test}":
                yield measured(design, test, pooled, continuous, study, studies, seed)
    if curves:
        for test, pooled, continuous, study in curve_tests(5):
            yield measured("curves on 5 cultures", test, pooled, continuous, study, curves, seed)


def measured(
    design: str, test: str, pooled: bool, continuous: bool, study: Study,
    studies: int, seed: int,
) -> Row:  # fmt: skip
    """Return the share of null studies that come out significant."""
    rng = np.random.default_rng([seed, *map(ord, design + test)])
    share = float(np.mean([study(rng) < ALPHA for _ in range(studies)]))
    return Row(design, test, share, studies, pooled, continuous)


def main() -> int:
    """Print the table; exit 1 where a test leaves its limits by more than two Monte-Carlo errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument(
        "--curves", type=int, default=0, help="studies of fitted curves (seconds each hundred)"
    )
    parser.add_argument("--only", default="", help="part of 'design: test'")
    options = parser.parse_args()
    print("| design | test | false positives at .05 | Monte-Carlo error |\n|---|---|---|---|")
    bad = 0
    for row in rows(options.studies, only=options.only, curves=options.curves):
        print(
            f"| {row.design} | {'POOLED: ' * row.pooled}{row.test} | {row.share:.1%} | {row.error:.1%} |",
            flush=True,
        )
        small = "3 cultures" in row.design
        low = 0.04 if row.continuous and not small else 0.0
        bad += not row.pooled and not low <= row.share <= 0.06
    print(f"\n{bad} rows outside their limits (at most 6 %; at least 4 % for continuous tests with n >= 5)")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
