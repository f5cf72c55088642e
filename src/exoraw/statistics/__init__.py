"""Group comparisons, dose-response curves and survival: arrays and tables in, tables out; knows no study and
no file.
"""

from __future__ import annotations

from exoraw.statistics.adjust import adjust_p
from exoraw.statistics.anova import kruskal_wallis, one_way_anova, welch_anova
from exoraw.statistics.assumptions import levene, shapiro
from exoraw.statistics.contingency import chi_square, fisher_exact
from exoraw.statistics.correlation import pearson, spearman
from exoraw.statistics.many import dunnett, tukey
from exoraw.statistics.means import paired_t, student_t, t_after_levene, welch_t
from exoraw.statistics.outcome import Check, Comparison, Effect, State, StatisticsError, comparisons_frame
from exoraw.statistics.ranks import mann_whitney, wilcoxon_signed_rank
from exoraw.statistics.replication import Pairs, Units, average_technical_replicates, paired_values
from exoraw.statistics.stars import STRICT, STRICT_OR_EQUAL, StarMap, stars_for

__all__ = [
    "STRICT",
    "STRICT_OR_EQUAL",
    "Check",
    "Comparison",
    "Effect",
    "Pairs",
    "StarMap",
    "State",
    "StatisticsError",
    "Units",
    "adjust_p",
    "average_technical_replicates",
    "chi_square",
    "comparisons_frame",
    "dunnett",
    "fisher_exact",
    "kruskal_wallis",
    "levene",
    "mann_whitney",
    "one_way_anova",
    "paired_t",
    "paired_values",
    "pearson",
    "shapiro",
    "spearman",
    "stars_for",
    "student_t",
    "t_after_levene",
    "tukey",
    "welch_anova",
    "welch_t",
    "wilcoxon_signed_rank",
]
