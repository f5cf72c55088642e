"""The remarks that compensation, gates and thresholds can leave: what they mean, what the lab can do."""

from __future__ import annotations

from exoraw.assays.contract import FindingKind

FINDING_KINDS: tuple[FindingKind, ...] = ()
