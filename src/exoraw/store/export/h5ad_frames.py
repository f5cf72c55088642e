"""Texts, names and data frames as an .h5ad file (AnnData in HDF5) can hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from exoraw.store.export.cells import plain
from exoraw.store.export.signs import NUL, with_signs

_HALF_LETTERS = re.compile("[\ud800-\udfff]")
_RESERVED = frozenset({"_index", ".", ".."})  # anndata's own column, and HDF5's words for a place
NAMELESS = "(no name)"


def h5_text(text: str) -> str:
    """Return a text without what HDF5 refuses: NUL is shown as ␀, half a letter as U+FFFD."""
    return _HALF_LETTERS.sub("\ufffd", with_signs(text, NUL))


def h5_names(names: Iterable[str]) -> list[str]:
    """Return names as keys of an HDF5 file: unique, without "/", which would be a folder, shown as "|"."""
    clean = (h5_text(name).replace("/", "|") or NAMELESS for name in names)
    return _numbered([f"{name} " if name in _RESERVED else name for name in clean])


def h5_index(names: Iterable[str]) -> Any:
    """Return unique row names as a pandas Index of plain texts: anndata 0.12 cannot write others."""
    import pandas as pd

    return pd.Index(_numbered([h5_text(name) for name in names]), dtype=object)


def _numbered(names: Sequence[str]) -> list[str]:
    """The names, those that stand there already with a number: "a", "a #2"."""
    taken: set[str] = set()
    found: list[str] = []
    for name in names:
        unique, number = name, 2
        while unique in taken:
            unique, number = f"{name} #{number}", number + 1
        taken.add(unique)
        found.append(unique)
    return found


def h5_frame(columns: Mapping[str, Sequence[Any]], index: Any) -> Any:
    """Return columns as a data frame that anndata writes and reads back with its types.

    Numbers are float64 (missing: NaN) unless all are whole, yes and no are boolean (missing allowed), all
    else is text in categories (missing allowed).

    Parameters
    ----------
    columns : name -> cells, as Python values or arrays; names are made keys by `h5_names`
    index : of `h5_index`
    """
    import pandas as pd

    names = h5_names(columns)
    made = {name: _column(cells) for name, cells in zip(names, columns.values(), strict=True)}
    frame = pd.DataFrame({name: pd.Series(cells, index=index) for name, cells in made.items()}, index=index)
    frame.columns = pd.Index(names, dtype=object)
    return frame


def _column(cells: Sequence[Any]) -> Any:
    import pandas as pd

    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiub":
        return cells
    values = list(cells)
    given = [value for value in values if value is not None]
    if given and all(isinstance(value, bool) for value in given):
        return pd.array(values, dtype="boolean") if len(given) < len(values) else np.array(values)
    if given and all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        return _numbers(values)
    return categories([None if value is None else h5_text(_shown(value)) for value in values])


def _shown(value: object) -> str:
    shown = plain(value) if isinstance(value, list | datetime) else value
    return str(shown)


def _numbers(values: Sequence[float | None]) -> Any:
    """Whole numbers as such where every one is there; else float64."""
    if all(isinstance(value, int) and abs(value) < 2**63 for value in values):
        return np.array(values, dtype=np.int64)
    return np.array([np.nan if value is None else float(value) for value in values])


def categories(texts: Sequence[str | None]) -> Any:
    """Return texts as categories in the order of their first appearance; None is missing."""
    import pandas as pd

    levels = list(dict.fromkeys(text for text in texts if text is not None))
    places = {text: place for place, text in enumerate(levels)}
    codes = [-1 if text is None else places[text] for text in texts]
    return pd.Categorical.from_codes(codes, categories=pd.Index(levels, dtype=object))


def h5_words(words: Mapping[str, str]) -> dict[str, str]:
    """Return keywords and their values as texts under legal, unique keys."""
    return dict(zip(h5_names(words), (h5_text(str(value)) for value in words.values()), strict=True))
