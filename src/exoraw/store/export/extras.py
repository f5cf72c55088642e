"""Packages that only some exports need: imported when asked for, with a clear word where they are absent."""

from __future__ import annotations

import importlib
from typing import Any

from exoraw.io.errors import StoreError


def extra(package: str, files: str, name: str = "export") -> Any:
    """Return an optional package.

    Parameters
    ----------
    package : its import name
    files : what it writes, for the message ("SPSS files (.sav)")
    name : of the extra of exoraw that installs it

    Raises
    ------
    StoreError : it is not installed; the message names the command that installs it
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise StoreError(
            f"{files} are written by the package {package}, which cannot be imported here ({error}). "
            f'Install it with pip install "exoraw[{name}]" and run the same command again.'
        ) from error
