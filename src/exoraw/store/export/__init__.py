"""Files for other programs: CSV for anything, Parquet for R and Python, XLSX, Prism, SPSS, R, RO-Crate."""

from __future__ import annotations

from exoraw.store.export.files import FORMATS, export

__all__ = ["FORMATS", "export"]
