"""The step behind every analysis: the comparisons that a study asks for, tested on what was measured."""

from __future__ import annotations

from exoraw.assays.comparing.findings import FINDINGS
from exoraw.assays.comparing.step import STEP, Compare, unit_key

__all__ = ["FINDINGS", "STEP", "Compare", "unit_key"]
