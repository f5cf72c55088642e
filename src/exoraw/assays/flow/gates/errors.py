"""What is said when a gate cannot be used as it was drawn."""

from __future__ import annotations

from exoraw.io.errors import StudyError


class GateError(StudyError, ValueError):
    """A gate or a gating strategy that makes no sense, or that does not fit the events it is laid on."""
