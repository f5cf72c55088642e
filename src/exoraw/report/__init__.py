"""One self-contained report.html from a results folder alone; it knows no assay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exoraw.report.build import build_report

__all__ = ["build_report"]


def __getattr__(name: str) -> Any:
    """Import the builder (matplotlib, pandas, jinja2) only when it is asked for."""
    if name == "build_report":
        from exoraw.report.build import build_report

        return build_report
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
