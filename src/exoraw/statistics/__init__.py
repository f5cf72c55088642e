"""Group comparisons, dose-response curves and survival: arrays and tables in, tables out; knows no study."""

from __future__ import annotations

from exoraw.statistics.adjust import adjust_p, adjusted
from exoraw.statistics.anova import kruskal_wallis, one_way_anova, welch_anova
from exoraw.statistics.assumptions import levene, shapiro
from exoraw.statistics.contingency import chi_square, fisher_exact
from exoraw.statistics.correlation import pearson, spearman
from exoraw.statistics.cutpoint import survival_cut, youden_cut
from exoraw.statistics.hazards import Cox, cox
from exoraw.statistics.many import dunnett, tukey
from exoraw.statistics.means import paired_t, student_t, t_after_levene, welch_t
from exoraw.statistics.mixed import MixedModel, mixed_model
from exoraw.statistics.outcome import Check, Comparison, Effect, State, StatisticsError, comparisons_frame
from exoraw.statistics.questions import GROUP_TESTS, Question, Reference, compare, compare_with_and_without
from exoraw.statistics.ranks import mann_whitney, wilcoxon_signed_rank
from exoraw.statistics.reml import Random
from exoraw.statistics.replication import Pairs, Units, average_technical_replicates, paired_values
from exoraw.statistics.signatures import MarkerRule, signature
from exoraw.statistics.stars import STRICT, STRICT_OR_EQUAL, StarMap, stars_for
from exoraw.statistics.survival import KaplanMeier, by_group, kaplan_meier, log_rank
from exoraw.statistics.two_way import repeated_measures_anova, two_way_anova

__all__ = [
    "GROUP_TESTS",
    "STRICT",
    "STRICT_OR_EQUAL",
    "Check",
    "Comparison",
    "Cox",
    "Effect",
    "KaplanMeier",
    "MarkerRule",
    "MixedModel",
    "Pairs",
    "Question",
    "Random",
    "Reference",
    "StarMap",
    "State",
    "StatisticsError",
    "Units",
    "adjust_p",
    "adjusted",
    "average_technical_replicates",
    "by_group",
    "chi_square",
    "compare",
    "compare_with_and_without",
    "comparisons_frame",
    "cox",
    "dunnett",
    "fisher_exact",
    "kaplan_meier",
    "kruskal_wallis",
    "levene",
    "log_rank",
    "mann_whitney",
    "mixed_model",
    "one_way_anova",
    "paired_t",
    "paired_values",
    "pearson",
    "repeated_measures_anova",
    "shapiro",
    "signature",
    "spearman",
    "stars_for",
    "student_t",
    "survival_cut",
    "t_after_levene",
    "tukey",
    "two_way_anova",
    "welch_anova",
    "welch_t",
    "wilcoxon_signed_rank",
    "youden_cut",
]
