"""The house rules that a reader relies on: arrows point one way, modules and functions stay short."""

from __future__ import annotations

import ast
import importlib.util
import re
import statistics
import tomllib
from functools import cache
from pathlib import Path

import pytest

LAYERS = {  # package -> packages it may import; the ground floor imports nothing of ours
    "io": set(),
    "statistics": set(),
    "figures": {"io", "statistics"},
    "store": {"io"},
    "study": {"io", "store"},
    "assays": {"io", "statistics", "store", "study"},
    "engine": {"io", "statistics", "figures", "store", "study", "assays"},
    "report": {"io", "statistics", "figures", "store", "assays"},
    "review": {"io", "store", "study", "assays", "engine"},
    "cli": {"io", "store", "study", "assays", "engine", "report", "review", "statistics", "figures"},
}
LONGEST_MODULE = 400
LONGEST_FUNCTION_P90 = 30
ENGINE_ONLY = {"dask", "distributed"}


def modules(project: Path) -> list[Path]:
    found = sorted((project / "src/exoraw").rglob("*.py"))
    assert len(found) > 40
    return found


@cache
def imported_names(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(str(node.module))
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def package_of(path: Path, project: Path) -> str:
    return path.relative_to(project / "src/exoraw").parts[0]


def test_imports_point_one_way(project: Path) -> None:
    wrong = []
    for path in modules(project):
        package = package_of(path, project)
        if package.endswith(".py"):  # the top level only hands over
            continue
        for name in imported_names(path):
            parts = name.split(".")
            inside = parts[0] == "exoraw" and len(parts) > 1 and parts[1] in LAYERS
            if inside and parts[1] != package and parts[1] not in LAYERS[package]:
                wrong.append(f"{path.relative_to(project)} imports {name}")
    assert wrong == []


def test_an_assay_imports_no_other_assay(project: Path) -> None:
    house = {"contract", "registry"}
    wrong = []
    for path in modules(project):
        parts = path.relative_to(project / "src/exoraw").parts
        if parts[0] != "assays" or len(parts) < 3:
            continue
        for name in imported_names(path):
            target = name.split(".")
            if target[:2] == ["exoraw", "assays"] and len(target) > 2 and target[2] not in {parts[1], *house}:
                wrong.append(f"{path.relative_to(project)} imports {name}")
    assert wrong == []


def test_only_the_engine_knows_dask(project: Path) -> None:
    wrong = [
        str(path.relative_to(project))
        for path in modules(project)
        if package_of(path, project) != "engine"
        and any(name.split(".")[0] in ENGINE_ONLY for name in imported_names(path))
    ]
    assert wrong == []


def test_modules_and_functions_stay_short(project: Path) -> None:
    long_modules = {}
    lengths = []
    for path in modules(project):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > LONGEST_MODULE:
            long_modules[str(path.relative_to(project))] = text.count("\n")
        lengths += [
            node.end_lineno - node.lineno + 1
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
        ]
    assert long_modules == {}
    assert statistics.quantiles(lengths, n=10)[-1] <= LONGEST_FUNCTION_P90


def test_no_module_is_called_utils(project: Path) -> None:
    assert [path for path in modules(project) if path.stem in {"utils", "util", "helpers", "misc"}] == []


def test_every_dependency_has_its_reason(project: Path) -> None:
    declared = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    reasons = (project / "docs/dependencies.md").read_text(encoding="utf-8")
    extras = [name for group in declared["optional-dependencies"].values() for name in group]
    entries = [*declared["dependencies"], *extras]
    names = {re.split(r"[><=!;\[]", entry)[0].strip() for entry in entries} - {"exoraw"}
    assert len(names) > 10
    assert {name for name in names if name.casefold() not in reasons.casefold()} == set()


def load_lock_check(project: Path):
    spec = importlib.util.spec_from_file_location("check_lock", project / ".ci/check_lock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_lock_file_names_public_hosts_only(project: Path) -> None:
    check = load_lock_check(project)
    assert check.foreign_hosts((project / "uv.lock").read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    "line",
    [
        'url = "https://mirror.example.org/simple/numpy.whl"',
        'registry = "http://10.0.0.1:8080/simple"',
        'registry = "https://user@nexus.example.org/simple"',
    ],
)
def test_a_private_registry_in_the_lock_file_is_found(project: Path, line: str) -> None:
    assert load_lock_check(project).foreign_hosts(line) != set()
