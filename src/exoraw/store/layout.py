"""Where things lie in a results folder."""

from __future__ import annotations

from pathlib import Path

STORE = ".store"  # private: parts, commit rows, runs, lock
ROWS = "tasks"  # .store/tasks: commit rows
RUNS = "runs"  # .store/runs: one file a run
ROW = ".json"  # a commit row: cheap to write and to read by the thousand, and plain to the eye
PART = ".arrow"  # rows that one task wrote for one table
CLAIM = ".claim"  # an attempt number that is taken and will never be used again
MANIFEST = "exoraw.json"
PACKAGE = "datapackage.json"
FROZEN = "frozen"
EXPORT = "export"


def store(results: Path) -> Path:
    """Return the private folder."""
    return results / STORE


def rows_folder(results: Path) -> Path:
    """Return the folder of the commit rows."""
    return results / STORE / ROWS


def row_path(results: Path, name: str) -> Path:
    """Return the file of a commit row; `name` is <task_id>.<attempt>."""
    return results / STORE / ROWS / f"{name}{ROW}"


def claim_path(results: Path, name: str) -> Path:
    """Return the file that says an attempt number is taken."""
    return results / STORE / ROWS / f"{name}{CLAIM}"


def part_path(table: str, name: str) -> str:
    """Return a part's path relative to the results folder."""
    return f"{STORE}/{table}/{name}{PART}"


def public_path(results: Path, table: str) -> Path:
    """Return the file of a public table."""
    return results / f"{table}.parquet"
