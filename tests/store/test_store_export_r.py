"""R itself reads every .rds (and haven every .sav) back cell by cell, and runs the script beside them."""

from __future__ import annotations

import math
import os
import shutil
import struct
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pyreadstat
import pytest
import rdata
from hypothesis import given, settings
from hypothesis import strategies as st
from rdata.missing import is_na

from exoraw.store.export import export
from exoraw.store.export.cells import plain
from exoraw.store.export.r import write_rds
from exoraw.store.export.r_script import r_string
from exoraw.store.export.signs import NUL, Remarks, with_signs
from exoraw.store.export.spss import spss_sheet, write_sav

NUMBERS = [
    0.0,
    -0.0,
    1e-300,
    5e-324,
    -1.5,
    1.7976931348623157e308,
    0.1,
    1 / 3,
    math.inf,
    -math.inf,
    math.nan,
    None,
]
TEXTS = [
    "=1+1", "-DOX", "ä µ Ω 漢字 😀", "x" * 300, " leading", "trailing ", "", None, "a\tb\r\nc", "a\0b", "NA",
    '"\\',
]  # fmt: skip

# Writes a data frame as lines of text that lose nothing: numbers in hexadecimal, texts as their bytes.
DUMP = r"""
hex <- function(text) paste0("s", paste(charToRaw(enc2utf8(text)), collapse = ""))
cell <- function(value) {
  if (is.character(value)) vapply(value, function(v) if (is.na(v)) "NA" else hex(v), "")
  else if (is.double(value)) ifelse(is.nan(value), "NaN", ifelse(is.na(value), "NA", sprintf("%a", value)))
  else as.character(ifelse(is.na(value), "NA", value))
}
path <- commandArgs(TRUE)[1]
data <- if (grepl("[.]rds$", path)) readRDS(path) else haven::zap_formats(haven::read_sav(path))
data[] <- lapply(data, function(column) if (inherits(column, "haven_labelled")) unclass(column) else column)
stopifnot(is.data.frame(data))
cat(nrow(data), "\n")
for (place in seq_along(data)) {
  cat(hex(names(data)[place]), typeof(data[[place]]), cell(data[[place]]), sep = "\t")
  cat("\n")
}
"""


@cache
def rscript() -> str:
    found = shutil.which("Rscript")
    if found is None:
        pytest.skip("Rscript is not installed: R cannot read the files back")
    return found


NO_PACKAGES = {"R_LIBS": "", "R_LIBS_SITE": "/nowhere", "R_LIBS_USER": "/nowhere"}  # but R's own


@cache
def has(package: str, *, bare: bool = False) -> bool:
    code = f'quit(status = !requireNamespace("{package}", quietly = TRUE))'
    environment = {**os.environ, **(NO_PACKAGES if bare else {})}
    done = subprocess.run([rscript(), "-e", code], check=False, capture_output=True, env=environment)
    return done.returncode == 0


def run_r(
    script: Path, *words: str, locale: str = "C.UTF-8", bare: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a script; `bare` hides the packages that R itself does not bring (lme4, edgeR)."""
    command = [rscript(), "--vanilla", str(script), *words]
    environment = {**os.environ, "LC_ALL": locale, **(NO_PACKAGES if bare else {})}
    return subprocess.run(command, capture_output=True, check=False, encoding="utf-8", env=environment)


def read_in_r(path: Path, folder: Path) -> list[tuple[str, str, list[object]]]:
    """Return (name, type, cells) of every column as R holds it; NA is None."""
    script = folder / "dump.R"
    script.write_text(DUMP)
    done = run_r(script, str(path))
    assert done.returncode == 0, done.stderr
    rows, *lines = done.stdout.splitlines()
    found = []
    for line in lines:
        name, kind, *cells = line.split("\t")
        assert len(cells) == int(rows) or not int(rows)
        found.append((_value(name), kind, [_value(cell) for cell in cells[: int(rows)]]))
    return found


def _value(cell: str) -> object:
    if cell == "NA":
        return None
    if cell.startswith("s"):
        return bytes.fromhex(cell[1:]).decode()
    if cell in {"TRUE", "FALSE"}:
        return cell == "TRUE"
    return float.fromhex(cell) if "x" in cell else float(cell.replace("Inf", "inf"))


def same(found: object, expected: object) -> bool:
    if isinstance(expected, float) and math.isnan(expected):
        return isinstance(found, float) and math.isnan(found)
    if isinstance(expected, float):
        return isinstance(found, float) and struct.pack("<d", found) == struct.pack("<d", expected)
    if isinstance(expected, int) and not isinstance(expected, bool):
        return found == expected
    return found is expected or found == expected


def expected_cells(column: pa.ChunkedArray) -> list[object]:
    cells = [plain(value) for value in column.to_pylist()]
    return [with_signs(cell, NUL) if isinstance(cell, str) else cell for cell in cells]


@pytest.fixture
def hostile() -> pa.Table:
    return pa.table(
        {
            "=text 😀 `'\"": pa.array(TEXTS, pa.string()),
            "real": pa.array(NUMBERS, pa.float64()),
            "whole": pa.array([None, -7, 2**31 - 1, *range(9)], pa.int64()),
            "large": pa.array([None, 2**31, -(2**31), 2**53, *range(8)], pa.int64()),
            "huge": pa.array([None, 2**63 - 1, *range(10)], pa.int64()),
            "flag": pa.array([True, False, None] * 4),
            "list": pa.array([["a", "b"], [], None, ["="]] * 3),
            "time": pa.array([datetime(2026, 11, 21, tzinfo=UTC), None] * 6, pa.timestamp("us", tz="UTC")),
            "void": pa.nulls(12, pa.string()),
        }
    )


def write(path: Path, table: pa.Table) -> Remarks:
    remarks = Remarks()
    write_rds(path, "t", table, remarks)
    return remarks


def test_r_reads_every_hostile_cell_back(hostile, tmp_path):
    remarks = write(tmp_path / "t.rds", hostile)
    found = read_in_r(tmp_path / "t.rds", tmp_path)
    assert [name for name, _, _ in found] == hostile.column_names
    kinds = [kind for _, kind, _ in found]
    text = "character"
    assert kinds == [text, "double", "integer", "double", text, "logical", text, text, text]
    for (name, kind, cells), column in zip(found, hostile.columns, strict=True):
        wanted = expected_cells(column)
        if name == "huge":
            wanted = [None if cell is None else str(cell) for cell in wanted]
        assert all(same(a, b) for a, b in zip(cells, wanted, strict=True)), (name, kind, cells, wanted)
    assert len(remarks.lines) == 2
    assert any("␀" in line for line in remarks.lines)
    assert any('"huge" is text' in line for line in remarks.lines)


@pytest.mark.parametrize("rows", [0, 1])
def test_r_reads_short_tables(rows, tmp_path):
    table = pa.table({"a": pa.array(["x"] * rows, pa.string()), "b": pa.array([1.5] * rows, pa.float64())})
    write(tmp_path / "t.rds", table)
    found = read_in_r(tmp_path / "t.rds", tmp_path)
    assert [(name, cells) for name, _, cells in found] == [("a", ["x"] * rows), ("b", [1.5] * rows)]


def test_haven_reads_every_hostile_cell_of_an_spss_file_back(hostile, tmp_path):
    if not has("haven"):
        pytest.skip("R's package haven is not installed")
    sheet = spss_sheet("wide_x", hostile, Remarks())
    write_sav(pyreadstat, tmp_path / "t.sav", sheet, "x")
    found = read_in_r(tmp_path / "t.sav", tmp_path)
    assert [name for name, _, _ in found] == list(sheet.columns)
    for (name, _, cells), wanted in zip(found, sheet.columns.values(), strict=True):
        for cell, value in zip(cells, wanted, strict=True):
            if isinstance(value, str):
                assert (cell or "") == value.rstrip(" "), name
            else:
                assert same(cell, None if math.isnan(value) else value), name


maybe_text = st.one_of(st.none(), st.text(max_size=30))
maybe_real = st.one_of(st.sampled_from(NUMBERS), st.floats())


@given(st.lists(st.tuples(maybe_text, maybe_real), max_size=5))
@settings(max_examples=80, deadline=None)
def test_rdata_reads_every_cell_back(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "cells.rds"
    texts, values = [text for text, _ in rows], [value for _, value in rows]
    write(path, pa.table({"t": pa.array(texts, pa.string()), "v": pa.array(values, pa.float64())}))
    frame = rdata.read_rds(path)
    found = [None if cell is None or cell is np.nan else cell for cell in frame["t"].astype(object).tolist()]
    assert [cell if isinstance(cell, str) else None for cell in found] == [
        t and with_signs(t, NUL) for t in texts
    ]
    for cell, value in zip(frame["v"].to_numpy(), values, strict=True):
        assert is_na(cell) if value is None else same(float(cell), value)


# ------------------------------------------------------------------------------------------- the script


@pytest.fixture
def shares(lab, make_table, make_number):
    """A study of two hostile groups and three patients, two tubes each, with counts behind the shares."""
    order = ["vehicle", 'DOX "µ" \\ 😀\0']
    for patient in range(3):
        for group, treatment in enumerate(order):
            for tube in range(2):
                name = f"{patient} {group} {tube}"
                lab.sample(name, treatment=treatment, subject=f"P{patient}", counts_as_sample=True)
                cells = {"numerator": 200.0 + 40 * group + 7 * patient + 3 * tube, "denominator": 1000.0}
                number = make_number(name, cells["numerator"] / 10, "live", **cells)
                lab.task(name, {"measurements": make_table("measurements", [number])})
    lab.publish()
    return lab


def test_r_reads_every_table_of_a_study_and_the_script_runs(shares, tmp_path):
    paths = {path.name: path for path in export(shares.open(), "r", tmp_path / "a folder with ä")}
    joined = shares.open().joined()
    found = read_in_r(paths["measurements.rds"], tmp_path)
    assert [name for name, _, _ in found] == joined.column_names
    for (name, _, cells), column in zip(found, joined.columns, strict=True):
        assert all(same(a, b) for a, b in zip(cells, expected_cells(column), strict=True)), name
    done = run_r(paths["read_exoraw.R"])
    assert done.returncode == 0, done.stderr
    if has("lme4"):
        assert "cbind(numerator, denominator - numerator) ~ treatment" in " ".join(done.stdout.split())
        assert "subject" in done.stdout
    else:
        assert 'install.packages("lme4")' in done.stderr


def test_script_puts_groups_in_the_order_of_the_sheet_in_any_locale(shares, tmp_path):
    paths = {path.name: path for path in export(shares.open(), "r", tmp_path)}
    script = tmp_path / "levels.R"
    script.write_text(
        f'source("{paths["read_exoraw.R"]}")\n'
        "for (name in c('measurements', 'samples', 'wide_flow')) {\n"
        "  column <- tables[[name]]$treatment\n"
        "  bytes <- vapply(levels(column), function(v) paste(charToRaw(v), collapse = ''), '')\n"
        "  cat('levels', bytes, sum(is.na(column)), '\\n')\n"
        "}\n"
    )
    levels = ["vehicle", 'DOX "µ" \\ 😀␀']
    wanted = " ".join(["levels", *(level.encode().hex() for level in levels), "0"])
    for locale in ("C", "C.UTF-8"):
        done = run_r(script, locale=locale, bare=True)
        assert done.returncode == 0, done.stderr
        assert has("lme4", bare=True) or 'install.packages("lme4")' in done.stderr
        assert [line.strip() for line in done.stdout.splitlines() if line.startswith("levels")] == [
            wanted
        ] * 3


def test_script_is_plain_ascii_and_says_what_the_model_needs(shares, tmp_path):
    script = next(path for path in export(shares.open(), "r", tmp_path) if path.suffix == ".R").read_text(
        "ascii"
    )
    assert "~ treatment + (1 | subject/sample)" in script
    assert 'requireNamespace("lme4"' in script
    assert "edgeR" not in script
    assert "list(\n  \"treatment\" = c(\"vehicle\", \"DOX \\\"\\U{b5}" in script  # fmt: skip


def test_factor_that_r_takes_for_no_name_gets_one(lab, make_table, make_number, tmp_path):
    for place, group in enumerate("abab"):
        lab.sample(f"S{place}", **{"drug (µM)": group})
        number = make_number(f"S{place}", 20.0, "live", numerator=20.0 + place, denominator=100.0)
        lab.task(f"S{place}", {"measurements": make_table("measurements", [number])})
    lab.publish()
    began = datetime(2026, 11, 21, tzinfo=UTC)
    runs = make_table("runs", [{"run_id": "r", "started_at": began, "factors": ["drug (µM)"]}])
    pa.parquet.write_table(runs, lab.results / "runs.parquet")
    paths = {path.name: path for path in export(lab.open(), "r", tmp_path)}
    assert 'shares$group_1 <- shares[["drug (\\U{b5}M)"]]' in paths["read_exoraw.R"].read_text()
    done = run_r(paths["read_exoraw.R"])
    assert done.returncode == 0, done.stderr


def test_study_without_shares_gets_a_script_without_a_model(filled, tmp_path):
    filled.sheet.clear()
    lab = filled
    lab.sample("A1")
    lab.publish([])
    paths = {path.name: path for path in export(lab.open(), "r", tmp_path)}
    assert "No model is shown" in paths["read_exoraw.R"].read_text()
    assert run_r(paths["read_exoraw.R"], bare=True).returncode == 0


def test_count_matrix_is_copied_and_gets_an_edger_skeleton(shares, tmp_path):
    samples = shares.open().arrow("samples")["sample"].to_pylist()
    folder = shares.results / "matrices" / "mirna"
    folder.mkdir(parents=True)
    rows = [
        ["gene", *samples],
        *([f"g{n}", *[str(n * 10 + k) for k in range(len(samples))]] for n in range(30)),
    ]
    (folder / "counts.tsv").write_text("\n".join("\t".join(row) for row in rows))
    (folder / "design.csv").write_text("sample,treatment\nA,b\n")
    paths = {path.name: path for path in export(shares.open(), "r", tmp_path)}
    assert paths["counts.tsv"] == tmp_path / "r" / "matrices" / "mirna" / "counts.tsv"
    assert "design.csv" not in paths
    script = paths["read_exoraw.R"].read_text()
    assert 'file.path(folder, "matrices", "mirna", "counts.tsv")' in script
    check = tmp_path / "check.R"
    check.write_text(
        f'source("{paths["read_exoraw.R"]}")\ncat("counts", dim(counts), sum(complete), sum(counts), "\\n")\n'
    )
    done = run_r(check, bare=True)
    assert done.returncode == 0, done.stderr
    assert has("edgeR", bare=True) or 'BiocManager::install("edgeR")' in done.stderr
    total = sum(n * 10 + k for n in range(30) for k in range(12))
    assert f"counts 30 12 12 {total}" in done.stdout


def test_redacted_r_files_name_nobody(filled, tmp_path):
    folder = filled.results / "matrices" / "Meier"
    folder.mkdir(parents=True)
    (folder / "counts.csv").write_text("gene,A1,=1+1\nAnna Meier,1,2\n")
    written = export(filled.open(), "r", tmp_path, redact=True)
    assert any(path.name == "counts.csv" for path in written)
    for path in written:
        content = str(rdata.read_rds(path).to_dict()) if path.suffix == ".rds" else path.read_text("utf-8")
        assert "Meier" not in content + str(path.relative_to(tmp_path))
        assert "P12" not in content


@given(st.text())
def test_text_in_the_script_is_one_r_string_in_ascii(text):
    source = r_string(text)
    assert source.isascii()
    assert source.isprintable()
    inner = source[1:-1].replace("\\\\", "").replace('\\"', "")
    assert '"' not in inner
