"""Dose-response curves: four-parameter logistic fits in batches, their IC50 with a state, and their
comparison.
"""

from __future__ import annotations

from exoraw.statistics.curves.compare import ReplicateCurves, compare_curves, fit_replicates
from exoraw.statistics.curves.fit import CurveFits, CurveState, HalfDose, fit_curves, fit_table
from exoraw.statistics.curves.model import Level

__all__ = [
    "CurveFits",
    "CurveState",
    "HalfDose",
    "Level",
    "ReplicateCurves",
    "compare_curves",
    "fit_curves",
    "fit_replicates",
    "fit_table",
]
