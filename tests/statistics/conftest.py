"""Values that R computed, read from the CSV next to the script that wrote them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

R_FOLDER = Path(__file__).parent / "r"
Reference = Callable[[str], dict[str, float]]


@pytest.fixture(scope="session")
def r_values() -> Callable[[str], Reference]:
    """File name -> (case -> {quantity: value})."""

    def load(name: str) -> Reference:
        cases: dict[str, dict[str, float]] = {}
        with (R_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                cases.setdefault(row["case"], {})[row["quantity"]] = float(row["value"].replace("NA", "nan"))
        return cases.__getitem__

    return load


@pytest.fixture(scope="session")
def r_data() -> Callable[[str], pd.DataFrame]:
    """Textbook set by its R name."""
    return lambda name: pd.read_csv(R_FOLDER / "data" / f"{name}.csv")
