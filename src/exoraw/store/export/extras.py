"""Packages that only some exports need: imported when asked for, with a clear word where they are absent."""

from __future__ import annotations

import importlib
from typing import Any

from exoraw.io.errors import StoreError

_INSTALL = 'pip install "exoraw[export]"'


def extra(package: str, files: str) -> Any:
    """Return an optional package.

    Parameters
    ----------
    package : its import name
    files : what it writes, for the message ("SPSS files (.sav)")

    Raises
    ------
    StoreError : it is not installed; the message names the command that installs it
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise StoreError(
            f"{files} are written by the package {package}, which cannot be imported here ({error}). "
            f"Install it with {_INSTALL} and run the same command again."
        ) from error
