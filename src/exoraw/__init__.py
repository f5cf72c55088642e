"""exoraw: folders of raw instrument files in, one tidy results table with its evidence out.

>>> import exoraw  # doctest: +SKIP
>>> exoraw.run("study.yaml")  # as `exoraw run` does
>>> exoraw.open("results").table("measurements")  # a pandas DataFrame
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from typing import Any

    from exoraw.engine.run import plan, run
    from exoraw.store.results import Results as open  # noqa: A004, N813  exoraw.open(...) as users write it

__version__ = "0.1.0"
__all__ = ["__version__", "open", "plan", "run"]

_WHERE = {
    "open": ("exoraw.store.results", "Results"),
    "plan": ("exoraw.engine.run", "plan"),
    "run": ("exoraw.engine.run", "run"),
}


def __getattr__(name: str) -> Any:
    """Import `open`, `plan` and `run` when they are first used: `import exoraw` itself costs nothing."""
    if name not in _WHERE:
        raise AttributeError(f"module 'exoraw' has no attribute {name!r}")
    module, attribute = _WHERE[name]
    return getattr(importlib.import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
