"""GraphPad Prism: one .pzfx file per assay, and text files for its Multiple variables tables."""

from __future__ import annotations

from exoraw.store.export.prism.write import write_prism

__all__ = ["write_prism"]
