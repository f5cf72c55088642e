"""The commands as a person calls them, on the simulated study of the demo and through the real cluster."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest

import exoraw
from exoraw.engine.simulated import simulating_assays, write_study

REPORT_LIMIT = 3_000_000  # bytes; the bound for the demo


@dataclass(frozen=True)
class Ended:
    code: int
    said: str


def call(*words: object, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Ended:
    """Call the installed command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "exoraw", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=240,
        env={**os.environ, "COLUMNS": "200", **(env or {})},
        check=False,
    )
    return Ended(done.returncode, done.stdout + done.stderr)


def tree_hash(folder: Path) -> str:
    """Digest of names, bytes and modification times of everything below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(f"{path.relative_to(folder)} {path.lstat().st_mtime_ns} ".encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def test_a_small_demo_ends_with_numbers_near_the_truth_and_a_report(tmp_path: Path) -> None:
    (blot,) = simulating_assays("blot")
    small = replace(
        blot, simulate=lambda raw, seed: blot.simulate(raw, seed)[1:]
    )  # without its largest study
    demo = tmp_path / "study"
    write_study(demo, [small], seed=1)
    ended = call("demo", demo, "--workers", 2)
    assert ended.code == 0, ended.said
    assert "Against the truth: band_present" in ended.said
    assert len(close_to_truth(demo)) >= 25


@pytest.mark.slow
def test_the_whole_demo_ends_with_numbers_near_the_truth_and_a_report(tmp_path: Path) -> None:
    made = os.environ.get("EXORAW_DEMO")  # a demo that was run before: CI runs it as a user does
    demo = Path(made) if made else tmp_path / "study"
    if not made:
        ended = call("demo", demo)
        assert ended.code == 0, ended.said
    found = close_to_truth(demo)
    assert len(found) >= 200
    assert found["pipeline"].nunique() == 8


def close_to_truth(demo: Path) -> pd.DataFrame:
    """Return the numbers of a demo that have a truth, every one of them near it."""
    measurements = exoraw.open(demo / "results").table("measurements")
    truth = pd.read_csv(demo / "truth.csv", dtype={"entity": "string"}, keep_default_na=False)
    measurements = measurements[measurements["measure"].isin(set(truth["measure"]))]
    joined = truth.merge(measurements, on=["pipeline", "sample", "measure", "entity"], validate="one_to_one")
    assert len(joined) == len(truth)
    assert (joined["value"] - joined["truth"]).abs().max() <= 2.5
    assert 50_000 < (demo / "results/report.html").stat().st_size < REPORT_LIMIT
    return joined


def test_workers_give_the_tables_of_one_process_and_a_second_run_computes_nothing(new_lab, finished) -> None:
    before = tree_hash(new_lab.path("raw"))
    first = call("run", new_lab.folder, "--workers", 2)
    assert first.code == 0, first.said
    difference = new_lab.call("diff", finished / "results", new_lab.path("results"))
    assert difference.code == 0, difference.said
    again = new_lab.run()
    assert again.code == 0, again.said
    assert tree_hash(new_lab.path("raw")) == before
    runs = new_lab.table("runs").sort_values("run_id")
    assert runs["ok"].iloc[-1] == 0
    assert runs["cached"].iloc[-1] == runs["planned"].iloc[-1] > 5


def test_dry_run_says_why_and_runs_nothing(lab) -> None:
    lines = lab.path("samples.csv").read_text(encoding="utf-8").splitlines()
    lab.put("samples.csv", "\n".join([*lines[:-1], lines[-1].replace("DOX 1", "DOX 9")]).encode())
    digests = lab.path(
        "results/.store/digests.json"
    )  # what is learnt of raw files is kept: reading takes hours
    digests.unlink()
    folder_time = digests.parent.stat().st_mtime_ns
    untouched = tree_hash(lab.path("results"))
    ended = lab.call("run", lab.folder, "--dry-run")
    assert ended.code == 0, ended.said
    assert "Nothing was run." in ended.said
    assert "to run" in ended.said
    digests.unlink(missing_ok=True)
    os.utime(digests.parent, ns=(folder_time, folder_time))
    assert tree_hash(lab.path("results")) == untouched


def test_check_reports_all_errors_at_once_with_the_nearest_word(new_lab) -> None:
    sheet = pd.read_csv(new_lab.path("samples.csv"), dtype="string", keep_default_na=False)
    control = sheet.index[sheet["control_role"] == "unstained"][0]
    sheet.loc[control, "control_role"] = "unstaind"
    sheet.loc[0, "file"] = sheet.loc[0, "file"] + "x"
    sheet.to_csv(new_lab.path("samples.csv"), index=False)
    ended = new_lab.check()
    assert ended.code == 2
    assert new_lab.run().code == 2  # a wrong word could change gates: nothing runs
    assert not new_lab.path("results/measurements.parquet").exists()
    assert f"row {control + 2}" in ended.said
    assert "unstained?" in ended.said
    assert "row 2" in ended.said
    assert "2 errors" in ended.said


def test_a_missing_and_a_foreign_file_fail_alone_and_the_rest_is_finished(lab) -> None:
    sheet = pd.read_csv(lab.path("samples.csv"), dtype="string", keep_default_na=False)
    missing, foreign = sheet.index[~sheet["control_role"].isin(["unstained", "single_stain", "vehicle"])][:2]
    sheet.loc[missing, "file"] = "flow/not_there.fcs"
    lab.put("raw/flow/picture.fcs", b"\x89PNG not an FCS file")
    sheet.loc[foreign, "file"] = "flow/picture.fcs"
    sheet.to_csv(lab.path("samples.csv"), index=False)
    ended = lab.run()
    assert ended.code == 1, ended.said
    tasks = lab.tasks()
    broken = {f"gate/{sheet.loc[row, 'sample']}" for row in (missing, foreign)}
    assert set(tasks.index[tasks["status"] != "ok"]) == broken
    assert "not_there.fcs" in tasks.loc[f"gate/{sheet.loc[missing, 'sample']}", "error"]
    assert "picture.fcs" in tasks.loc[f"gate/{sheet.loc[foreign, 'sample']}", "error"]
    assert "not_there.fcs" in lab.path("results/report.html").read_text(encoding="utf-8")


def test_explain_leads_from_a_number_to_its_bytes(lab) -> None:
    number = lab.table("measurements").iloc[0]
    files = lab.table("files").set_index("file_id")
    ended = lab.call("explain", number["sample"], lab.folder)
    assert ended.code == 0, ended.said
    assert files.loc[number["file_id"], "sha256"] in ended.said.replace("\n", "")
    by_id = lab.call("explain", number["measurement_id"], lab.folder)
    assert by_id.code == 0, by_id.said
    assert number["measure"] in by_id.said


def test_an_unknown_sample_is_answered_with_the_nearest_names(lab) -> None:
    ended = lab.call("explain", "DOX 1x", lab.folder)
    assert ended.code == 2, ended.said
    assert "DOX 1" in ended.said.replace("DOX 1x", "")


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_export_writes_files(lab, tmp_path: Path, kind: str) -> None:
    ended = lab.call("export", lab.folder, "--to", kind, "--folder", tmp_path / "out")
    assert ended.code == 0, ended.said
    assert [path for path in (tmp_path / "out").rglob(f"*.{kind}") if path.stat().st_size > 100]


def test_freeze_keeps_a_view_that_diff_reads(lab) -> None:
    assert lab.call("freeze", "submitted", lab.folder).code == 0
    assert lab.call("freeze", "submitted", lab.folder).code == 3  # a frozen view is never overwritten
    same = lab.call("diff", lab.path("results/frozen/submitted"), lab.path("results"))
    assert same.code == 0, same.said


def test_clean_keeps_everything_the_study_uses(lab) -> None:
    ended = lab.call("clean", lab.folder, "--yes")
    assert ended.code == 0, ended.said
    again = lab.run()
    assert again.code == 0, again.said
    assert lab.table("runs").sort_values("run_id")["ok"].iloc[-1] == 0


def test_init_drafts_a_sheet_that_check_understands(lab, tmp_path: Path) -> None:
    raw = tmp_path / "other/raw"
    shutil.copytree(lab.path("raw"), raw)
    before = tree_hash(raw)
    ended = lab.call("init", raw)
    assert ended.code == 0, ended.said
    assert tree_hash(raw) == before
    sheet = pd.read_csv(raw.parent / "samples.csv", dtype="string", keep_default_na=False)
    files = {path.relative_to(raw).as_posix() for path in raw.rglob("*") if path.is_file()}
    named = {path.strip().removeprefix("./") for cell in sheet["file"] for path in cell.split(";")}
    assert named == files
    assert len(sheet) == 7
    assert (raw.parent / "study.yaml").is_file()
    checked = lab.call("check", raw.parent)
    assert "samples.csv" in checked.said or checked.code == 0


def test_init_a_second_time_keeps_what_was_typed_and_adds_new_files(lab, tmp_path: Path) -> None:
    raw = tmp_path / "other/raw"
    shutil.copytree(lab.path("raw"), raw)
    late = sorted(path for path in raw.rglob("*") if path.is_file())[-1]
    kept = late.read_bytes()
    late.unlink()
    assert lab.call("init", raw).code == 0
    sheet = raw.parent / "samples.csv"
    text = sheet.read_text(encoding="utf-8-sig")
    late.write_bytes(kept)
    ended = lab.call("init", raw)
    assert ended.code == 0, ended.said
    after = sheet.read_text(encoding="utf-8-sig")
    assert after.startswith(text.rstrip("\n"))
    assert late.name in after
    assert late.name not in text


def test_scan_lists_what_it_does_not_understand_with_the_reason(lab) -> None:
    lab.put("raw/notes.docx", b"PK\x03\x04 not an instrument file")
    ended = lab.call("scan", lab.path("raw"))
    assert ended.code == 0, ended.said
    assert "fcs" in ended.said
    assert "notes.docx" in ended.said


@pytest.mark.parametrize("words", [("run", "nowhere"), ("check", "nowhere"), ("scan", "nowhere")])
def test_a_missing_folder_is_said_in_words(lab, tmp_path: Path, words: tuple[str, str]) -> None:
    ended = lab.call(words[0], tmp_path / words[1])
    assert ended.code == 2
    assert "nowhere" in ended.said


def test_schema_is_json_schema() -> None:
    import json

    ended = call("schema")
    assert ended.code == 0
    schema = json.loads(ended.said)
    assert schema["type"] == "object"
    assert "batch_by" in json.dumps(schema["$defs"]["PipelineEntry"])  # the assays' settings complete too


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['exoraw', '--help']\n"
        "from exoraw.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'dask', 'distributed', 'pydantic', 'rich.console'}\n"
        "sys.exit(len(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
