"""What goes wrong in a lab, on the finished command line: it is said in words and everything else is done.

Every call also checks that no traceback is shown and that nothing but the results folder is written: the raw
folder keeps its bytes and times (tests/cli/conftest.py).
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

import exoraw

GOOD = ("gate/control 1", "gate/DOX 1", "gate/DOX + exosomes 1")
HEADER = "sample,file,control_role,stain,batch,cell_line,treatment,biological_replicate"
EXCLUSIONS = "kind,target,reason,who,when\n"


def row(sample: str, file: str, replicate: int = 2) -> str:
    return f"{sample},{file},,,day1,MDA-MB-231,DOX,{replicate}"


def reannounced(content: bytes, events: int, end: int) -> bytes:
    """An FCS file of the fixture that declares fewer events."""
    place = b"%8d" % end
    declared = content.replace(b"$TOT/3000/", b"$TOT/%04d/" % events).replace(b"   72831", place, 1)
    return declared.replace(b"$ENDDATA/000000000072831", b"$ENDDATA/%015d" % end)


def shifted(content: bytes) -> bytes:
    """An FCS file whose HEADER points 100 bytes too far and whose keywords point anywhere."""
    moved = content.replace(b"     832   72831", b"     932   72931", 1)
    return moved.replace(b"$BEGINDATA/000000000000832", b"$BEGINDATA/000000000009999").replace(
        b"$ENDDATA/000000000072831", b"$ENDDATA/000000099972831"
    )


@contextlib.contextmanager
def an_instrument_that_writes(path: Path) -> Iterator[None]:
    """A file that grows while the block runs."""
    stop = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            while not stop.wait(0.05):
                file.write(b"\0" * 24)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()


# ------------------------------------------------------------------ raw files


def put_broken_files(lab) -> dict[str, str]:
    """Put one file of every kind of damage into the raw folder; file -> words its message must hold."""
    good = lab.path(lab.DOX).read_bytes()
    day = lab.path("raw/day1")
    for name, content in {
        "corrupt": good[:70] + bytes(range(256)) + good[326:],
        "cut in the keywords": good[:200],
        "empty": b"",
        "beyond": good.replace(b"     832   72831", b"99999000 9999999").replace(
            b"A/000000000000832/$ENDDATA/000000000072831", b"A/000000099999832/$ENDDATA/000000999972831"
        ),
        "picture": b"\x89PNG\r\n\x1a\n" + bytes(500),
        "letter": b"FCS3.0 is not here, sorry\n" * 20,
    }.items():
        lab.put(f"raw/day1/{name}.fcs", content)
    (day / "outside.fcs").symlink_to("/etc/hostname")
    (day / "dangling.fcs").symlink_to("nothing.fcs")
    (day / "loop").symlink_to(".")
    os.mkfifo(day / "pipe.fcs")
    with socket.socket(socket.AF_UNIX) as listener, contextlib.chdir(day):
        listener.bind("socket.fcs")
    return {
        "corrupt": "$PAR",
        "cut in the keywords": "200 bytes",
        "empty": "empty",
        "beyond": "the place of the data",
        "picture": "89 50 4E 47",
        "letter": "not here, sorry",
        "outside": "leaves the raw folder",
        "dangling": "points to nothing",
        "pipe": "a pipe, socket or device",
        "socket": "a pipe, socket or device",
        "not there": "not in the raw folder",
    }


def put_doubtful_files(lab) -> dict[str, tuple[str, float]]:
    """Put files that can be read with a remark; sample -> code of the remark, events that are there."""
    good = lab.path(lab.DOX).read_bytes()
    for name, content in {
        "truncated": good[:40_000],
        "zero": reannounced(good, 0, 831)[:832],
        "offsets": shifted(good),
        "no name": good.replace(b"$P5N/PE-A/", b"$XXX/PE-A/"),
    }.items():
        lab.put(f"raw/day1/{name}.fcs", content)
    return {
        "truncated": ("truncated", 1632),
        "zero": ("no_events", 0),
        "offsets": ("offsets_disagree", 2996),
        "no name": ("name_missing", 3000),
    }


def test_every_broken_file_is_named_with_its_reason_and_the_rest_is_finished(lab) -> None:
    broken = put_broken_files(lab)
    doubtful = put_doubtful_files(lab)
    growing = lab.path("raw/day1/growing.fcs")
    growing.write_bytes(lab.path(lab.DOX).read_bytes())
    lab.growing = ("raw/day1/growing.fcs", "raw/day1")
    lab.add_rows(*(row(name, f"day1/{name}.fcs") for name in (*broken, *doubtful, "growing")))
    before = lab.apoptotic()["value"]

    with an_instrument_that_writes(growing):
        scanned = lab.call("scan", lab.path("raw"))
        ended = lab.run()
    assert scanned.code == 0
    for name in set(broken) - {"not there", "beyond"}:
        assert f"day1/{name}.fcs: " in scanned.said
    assert ended.code == 1, ended.said
    tasks = lab.tasks()
    assert set(tasks.index[tasks["status"] != "ok"]) == {f"gate/{name}" for name in (*broken, "growing")}
    for name, words in broken.items():
        error = tasks.loc[f"gate/{name}", "error"]
        assert f"day1/{name}.fcs" in error
        assert words in error
        assert ended.said.count(error) == 1, "said once, not when it happens and at the end"
    assert "still being written" in tasks.loc["gate/growing", "error"]
    pd.testing.assert_series_equal(lab.apoptotic()["value"][before.index], before)
    for name, (code, events) in doubtful.items():
        assert code in lab.findings_of(name)
        numbers = lab.table("measurements").query("sample == @name")
        assert numbers.query("measure == 'events'")["value"].item() == events
        assert set(numbers["qc"]) <= {"warning", "error"}
    assert "error truncated: The file says 3,000 events but holds 1,632" in ended.said
    report = lab.path("results/report.html").read_text("utf-8")
    assert all(f"day1/{name}.fcs" in report for name in broken)


def test_check_names_every_broken_file_before_anything_runs(new_lab) -> None:
    broken = put_broken_files(new_lab)
    put_doubtful_files(new_lab)
    new_lab.add_rows(*(row(name, f"day1/{name}.fcs") for name in (*broken, "zero")))
    ended = new_lab.check()
    assert ended.code == 2
    for number, name in enumerate(broken, start=9):
        if name != "beyond":  # only the reader can know
            assert f'samples.csv row {number}, column "file"' in ended.said, name
    assert "holds no events" in ended.said
    assert not new_lab.path("results").exists()
    planned = new_lab.call("run", new_lab.folder, "--dry-run")
    assert planned.code == 0, "a missing file fails its row alone, and the plan says so"
    assert "Nothing was run." in planned.said
    assert not new_lab.path("results").exists()


def test_files_and_folders_that_may_not_be_read_are_named(lab, obeying_permissions) -> None:
    lab.put("raw/day2/locked/tube.fcs", b"FCS3.0")
    lab.path(lab.EXOSOMES).chmod(0)
    lab.path("raw/day2/locked").chmod(0)
    try:
        ended = lab.end(lab.spawn("run", lab.folder, "--dry-run", prepare=obeying_permissions))
        scanned = lab.end(lab.spawn("scan", lab.path("raw"), prepare=obeying_permissions))
    finally:
        lab.path("raw/day2/locked").chmod(0o700)
    assert 'row 4, column "file": "day1/Specimen_001_DOX + exosomes 1_003.fcs" cannot be used' in ended.said
    assert "4 up to date, 1 cannot run" in ended.said
    assert "Permission denied" in ended.said
    assert "day2/locked: the folder cannot be listed: Permission denied" in scanned.said


def test_hostile_names_change_neither_the_screen_nor_a_spreadsheet(lab, tmp_path: Path) -> None:
    tube = lab.path(lab.DOX).read_bytes()
    files = {
        "=cmd|' -C calc'!A0": "x" * 251 + ".fcs",
        "-1+1": "new\nline.fcs",
        "<script>alert(1)</script>": "[bold]x[/bold].fcs",
        "n" * 200: "mark \u202egnp.fcs",
    }
    for number, name in enumerate(files.values()):
        lab.put(f"raw/day1/{name}", tube.replace(b"03-MAR-2026", b"%02d-MAY-2026" % (number + 1)))
    strange = os.fsdecode(os.fsencode(lab.path("raw/day1")) + b"/lat\xe9in.fcs")
    shutil.copy(lab.path(lab.DOX), strange)
    lab.add_rows(*(row(sample, f'"day1/{name}"', 7) for sample, name in files.items()))
    scanned = lab.call("scan", lab.path("raw"), "--all")
    assert "lat\\udce9in.fcs" in scanned.said
    for said in (scanned.said, lab.check().said, lab.run().said):
        assert "\u202e" not in said
        assert "\nline.fcs" not in said
    assert "[bold]x[/bold].fcs" in scanned.said
    assert set(files) <= set(lab.apoptotic().index)
    report = lab.path("results/report.html").read_text("utf-8")
    assert "<script>alert" not in report
    assert "&lt;script&gt;alert" in report
    assert "\u202e" not in report
    assert lab.call("explain", "n" * 200, lab.folder).said.count("\u202e") == 0
    exported = tmp_path / "out"
    assert lab.call("export", lab.folder, "--to", "csv", "--folder", exported).code == 0
    with (exported / "csv/samples.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for line in csv.DictReader(file) for cell in line.values() if cell]
    assert not [cell for cell in cells if cell[0] in "=+@" or cell == "-1+1"]
    assert any("=cmd" in cell for cell in cells)


# ------------------------------------------------------------------ controls and settings


def test_a_channel_that_no_file_has_stops_before_anything_runs(lab) -> None:
    lab.add_settings("        annexin: [BV421]\n")
    before = lab.path("results/measurements.parquet").read_bytes()
    for ended in (lab.check(), lab.run()):
        assert ended.code == 2
        assert 'No channel of this file answers to "BV421"' in ended.said
        assert "FITC-A (Annexin V)" in ended.said
    assert lab.path("results/measurements.parquet").read_bytes() == before


def test_a_control_of_200_events_is_said_before_the_run_and_stands_on_every_number(lab) -> None:
    lab.edit(lab.CONTROL, lambda content: reannounced(content, 200, 5631)[: 832 + 200 * 24])
    checked = lab.check()
    assert checked.code == 0
    assert 'warning samples.csv row 2, column "file": control "control 1" has 200 events' in checked.said
    ended = lab.run()
    assert ended.code == 0, ended.said
    assert "3 samples carry warnings" in ended.said
    for sample in ("DOX 1", "DOX + exosomes 1"):
        assert "weak_control" in lab.findings_of(sample)
        assert lab.apoptotic().loc[sample, "qc"] == "warning"


def test_a_missing_control_is_a_failed_task_and_a_warning_on_what_it_should_have_gated(lab) -> None:
    lab.path(lab.CONTROL).unlink()
    ended = lab.run()
    assert ended.code == 1
    assert "failed annexin_pi/gate/control 1: day1/Specimen_001_control 1_001.fcs: " in ended.said
    assert lab.tasks()["status"].to_dict()["gate/DOX 1"] == "ok"
    assert "control 1" in lab.findings_of("DOX 1")["control_absent"]
    assert lab.apoptotic().loc["DOX 1", "qc"] == "warning"


def test_an_excluded_control_no_longer_makes_gates(lab) -> None:
    before = lab.apoptotic()["value"]
    lab.put("exclusions.csv", f"{EXCLUSIONS}sample,control 1,clogged,AB,2026-01-31\n".encode())
    assert lab.run().code == 0
    tasks = lab.tasks()
    thresholds = tasks.loc["thresholds/day1 | MDA-MB-231"]
    assert "control 1_001.fcs is no longer an input" in thresholds["reason"]
    assert "control 1_001.fcs" not in thresholds["inputs"]
    assert lab.apoptotic().loc["DOX 1", "value"] != before["DOX 1"]
    assert "drug_counts_as_stain" not in lab.findings_of("DOX 1"), "the untreated unstained tube still serves"
    assert "control 1" in lab.apoptotic().index, "it is still computed and shown"
    samples = lab.table("samples").set_index("sample")
    assert samples.loc["control 1", "excluded"]


def test_an_excluded_sample_keeps_its_number_with_the_reason_and_runs_nothing(lab) -> None:
    before = lab.apoptotic()["value"]
    lab.put("exclusions.csv", f"{EXCLUSIONS}sample,DOX 1,air bubble in it,AB,2026-01-31\n".encode())
    ended = lab.run()
    assert ended.code == 0
    assert "0 tasks to run" in ended.said
    pd.testing.assert_series_equal(lab.apoptotic()["value"], before)
    samples = lab.table("samples").set_index("sample")
    assert samples.index[samples["excluded"]].tolist() == ["DOX 1"]
    assert "air bubble in it" in lab.path("results/report.html").read_text("utf-8")
    assert "air bubble in it" in lab.call("explain", "DOX 1", lab.folder).said


# ------------------------------------------------------------------ study file and sheet


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text + "titel: x\n", ["line 13", '"titel"', "Did you mean title?"]),
        (lambda text: text + "limits: {timeout_s: 12:30}\n", ["line 13", "12:30", "number"]),
        (lambda text: text + "\tx: 1\n", ["line 13", "not with the tab key"]),
        (lambda text: text + "a: &x 1\n", ["line 13", "anchors"]),
        (lambda text: text + "c: !!python/object/apply:os.system ['touch pwned']\n", ["line 13", "tag"]),
        (lambda text: text + "# " + "x" * 10_000_000 + "\n", ["study.yaml", "262,144 bytes"]),
        (lambda _text: "a: " + "[" * 20_000, ["levels of nesting"]),
        (lambda _text: "", ["an empty file"]),
        (lambda _text: "\0\1\2", ["binary file"]),
        (lambda text: text.replace("raw: raw", "raw: nowhere"), ["line 4", "nowhere", "does not exist"]),
        (lambda text: text + "results: raw/results\n", ["line 13", "inside the raw folder"]),
        (lambda text: text + "results: .\n", ["line 13", "holds the raw folder"]),
        (lambda text: text.replace("[treatment]", "[tretment]"), ["tretment", "Did you mean treatment?"]),
        (lambda text: text.replace("preset: a", "preset: x"), ["line 9", "Did you mean annexin_pi?"]),
        (lambda text: text.replace("exoraw: 1", "exoraw: 2"), ["line 2", "exoraw"]),
        (lambda text: text + "raw: other\n", ["line 13", "second time"]),
        (
            lambda text: text.replace("samples.csv", "sampels.csv"),
            ["sampels.csv", "Did you mean samples.csv?"],
        ),
    ],
)
def test_what_is_wrong_with_a_study_file_is_said_with_line_and_nearest_word(new_lab, change, words) -> None:
    new_lab.edit("study.yaml", lambda content: change(content.decode()).encode())
    ended = new_lab.check()
    assert ended.code == 2
    for word in words:
        assert word in ended.said
    assert len(ended.said) < 2_000
    assert not new_lab.path("results").exists()
    assert not Path("pwned").exists()


def as_windows_excel(text: str) -> bytes:
    return text.replace(",", ";").encode("utf-16")


def as_german_excel(text: str) -> bytes:
    dosed = text.replace(",", ";").replace("replicate\n", "replicate;dose;dose_unit\n")
    return ("\ufeff" + dosed.replace(";1\n", ";1;0,5;uM\n")).encode()


def as_old_excel(text: str) -> bytes:
    return (
        text.replace(",", "\t").replace("\n", "\r\n").replace("MDA-MB-231", "Zellen für µM").encode("cp1252")
    )


@pytest.mark.parametrize("write", [as_windows_excel, as_german_excel, as_old_excel])
def test_sheets_of_any_office_program_are_read(new_lab, write) -> None:
    new_lab.edit("samples.csv", lambda content: write(content.decode()))
    ended = new_lab.check()
    assert ended.code == 0, ended.said
    assert "7 samples, 7 raw files: 0 errors" in ended.said


def test_a_sheet_that_is_open_in_excel_and_one_in_xlsx_give_the_same_study(lab) -> None:
    sheet = pd.read_csv(lab.path("samples.csv"), dtype="string", keep_default_na=False)
    sheet.to_excel(lab.path("samples.xlsx"), index=False, engine="xlsxwriter")
    lab.path("samples.csv").unlink()
    lab.put("~$samples.xlsx", b"\x05user" + b" " * 160)
    lab.edit("study.yaml", lambda content: content.replace(b"samples.csv", b"samples.xlsx"))
    ended = lab.call("run", lab.folder, "--dry-run")
    assert ended.code == 0, ended.said
    assert "0 tasks to run, 6 up to date" in ended.said


def test_all_errors_of_a_sheet_are_said_at_once_by_row_and_column(new_lab) -> None:
    new_lab.edit("samples.csv", lambda content: content.replace(b"fcs,vehicle", b"fcs,vehikel"))
    shutil.copy2(new_lab.path(new_lab.DOX), new_lab.path("raw/day1/copy of DOX.fcs"))
    new_lab.add_rows(
        row("DOX 1", "day1/Specimen_001_DOX 1_002.fcs"),
        row("copy", "day1/copy of DOX.fcs"),
        row("away", "day1/Specimen_001_DOX 1_02.fcs"),
        row("password", "/etc/passwd"),
        row("up", "../study.yaml"),
    )
    ended = new_lab.check()
    assert ended.code == 2
    for words in (
        'row 2, column "control_role": "vehikel" is not one of',
        "Did you mean vehicle?",
        'row 9, column "sample": the name "DOX 1" stands in row 3 too',
        'row 9, column "file"',
        "the same file stands in the raw folder under several names",
        'row 11, column "file": "day1/Specimen_001_DOX 1_02.fcs" is not in the raw folder. Did you mean',
        'row 12, column "file": "/etc/passwd" must be relative',
        'row 13, column "file": "../study.yaml" must be relative',
    ):
        assert words in ended.said
    run = new_lab.run()
    assert run.code == 2
    assert run.said.count("error ") >= 4, "each error has its own mark"
    assert not new_lab.path("results/measurements.parquet").exists()


# ------------------------------------------------------------------ day two, and looking after results


def test_day_two_runs_only_what_is_new_and_says_why(lab) -> None:
    for path in sorted(lab.path("raw/day1").iterdir()):
        lab.put(f"raw/day2/{path.name}", path.read_bytes().replace(b"03-MAR-2026", b"04-MAR-2026"))
    drafted = lab.call("init", lab.path("raw"), writes=("samples.csv", "samples.origin.csv"))
    assert drafted.code == 0
    assert "7 rows" in drafted.said
    assert "day2/Specimen_001_DOX 1_002.fcs" in lab.path("samples.csv").read_text("utf-8-sig")
    first = lab.path("samples.csv").read_text("utf-8-sig").splitlines()[:8]
    second = [line.replace("day1", "day2").replace(" 1,", " 2,", 1) for line in first[1:]]
    renamed = [line[:-1] + "2" if line.endswith(",1") else line for line in second]
    lab.put("samples.csv", "\n".join([*first, *renamed, ""]).replace("only 1,day2", "only 2,day2").encode())
    planned = lab.call("run", lab.folder, "--dry-run")
    assert "6 tasks to run, 5 up to date. Nothing was run." in planned.said
    old = lab.tasks()["task_id"]
    ended = lab.run()
    assert ended.code == 0, ended.said
    tasks = lab.tasks()
    assert all(tasks.loc[unit, "task_id"] == old[unit] for unit in GOOD)
    assert tasks.loc["gate/DOX 2", "reason"] == "new"
    assert "thresholds/day2 | MDA-MB-231 is a new input" in tasks.loc["summary", "reason"]
    assert lab.table("runs").sort_values("started_at")["ok"].iloc[-1] == 6


def test_a_changed_setting_is_planned_run_compared_and_cleaned_with_reasons(lab) -> None:
    assert lab.call("freeze", "submitted", lab.folder).code == 0
    frozen = {path: path.read_bytes() for path in lab.path("results/frozen").rglob("*.parquet")}
    lab.edit("study.yaml", lambda content: content.replace(b"s: 20}", b"s: 20, sigmas: 3.5}"))
    lab.edit("study.yaml", lambda content: content.replace(b"title: Annexin", b"title: NO # Annexin"))
    before = {path.name for path in lab.path("results").rglob("*")}
    planned = lab.call("run", lab.folder, "--dry-run")
    assert "sigmas 2.81 -> 3.5" in planned.said
    assert {path.name for path in lab.path("results").rglob("*")} == before
    assert lab.run().code == 0
    different = lab.call("diff", lab.path("results/frozen/submitted"), lab.folder)
    assert different.code == 1
    assert re.search(r"changed: DOX .*quadrant_share", different.said)
    assert lab.table("runs").sort_values("started_at")["title"].iloc[-1] == "NO", "a word stays a word"
    assert "sigmas" in different.said
    assert lab.call("clean", lab.folder).said.startswith("Would remove")
    removed = lab.call("clean", lab.folder, "--yes")
    assert removed.said.startswith("Removed: ")
    assert ": 0 files, 0.0 MB" in lab.call("clean", lab.folder).said
    assert {path: path.read_bytes() for path in frozen} == frozen
    assert lab.call("freeze", "../evil", lab.folder).code != 0
    assert not lab.path("evil").exists()


def test_a_failed_file_is_kept_as_failed_retried_on_request_and_run_anew_when_replaced(lab) -> None:
    good = lab.path(lab.DOX).read_bytes()
    lab.edit(lab.DOX, lambda content: content[:300])
    assert lab.run().code == 1
    planned = lab.call("run", lab.folder, "--dry-run")
    assert "failed before  annexin_pi/gate/DOX 1" in planned.said
    assert "5 up to date, 1 failed before" in planned.said
    retried = lab.call("retry", lab.folder, "--workers", 0)
    assert retried.code == 1
    assert lab.tasks().loc["gate/DOX 1", "reason"] == "retry: failed before"
    told = lab.call("explain", "DOX 1", lab.folder)
    assert "error: day1/Specimen_001_DOX 1_002.fcs at byte" in told.said
    lab.put(lab.DOX, good)
    assert "6 up to date" in lab.call("run", lab.folder, "--dry-run").said


def test_explain_answers_for_samples_files_numbers_and_tasks_in_words(lab) -> None:
    number = lab.apoptotic().loc["DOX 1"]
    for what in (
        "DOX 1",
        "day1/Specimen_001_DOX 1_002.fcs",
        number["measurement_id"][:12],
        number["task_id"],
    ):
        ended = lab.call("explain", what, lab.folder)
        assert ended.code == 0
        assert "sha256 17b286109730bce6" in ended.said
        assert ended.said.count("numpy") == 1, "versions stand there once"
        for python in ("['", "{'", "None", "True"):
            assert python not in ended.said
    unknown = lab.call("explain", "DOX1", lab.folder)
    assert unknown.code == 2
    assert "Did you mean DOX 1" in unknown.said


def test_exports_open_in_other_programs_and_hold_the_same_numbers(lab, tmp_path: Path) -> None:
    for kind in ("csv", "parquet", "xlsx"):
        assert lab.call("export", lab.folder, "--to", kind, "--folder", tmp_path).code == 0
    expected = lab.apoptotic().loc["DOX 1", "value"]
    with (tmp_path / "csv/measurements.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [line for line in csv.DictReader(file) if line["measure"] == "apoptotic_share"]
    assert {float(line["value"]) for line in rows if line["sample"] == "DOX 1"} == {expected}
    table = pq.read_table(tmp_path / "parquet/measurements.parquet").to_pandas()
    assert len(table) == len(lab.table("measurements"))
    workbook = CalamineWorkbook.from_path(tmp_path / "exoraw.xlsx")
    assert "measurements" in workbook.sheet_names
    heads, *cells = workbook.get_sheet_by_name("measurements").to_python()
    place = heads.index("value")
    assert pytest.approx(expected, rel=1e-12) in [line[place] for line in cells]


def test_figures_for_a_paper_are_exported_in_three_formats(lab, tmp_path: Path) -> None:
    ended = lab.call("export", lab.folder, "--to", "figures", "--folder", tmp_path)
    assert ended.code == 0, ended.said
    written = sorted(path.suffix for path in (tmp_path / "figures").iterdir())
    assert written.count(".svg") == written.count(".png") == written.count(".pdf") > 0
    assert "Not drawn" not in ended.said


def test_nothing_is_exported_into_the_raw_folder(lab) -> None:
    for words in (
        ("export", lab.folder, "--folder", lab.path("raw/out")),
        ("export", lab.path("results"), "--folder", lab.path("raw")),
        ("report", lab.folder, "--to", lab.path("raw/report.html")),
        ("report", lab.path("results"), "--to", lab.path("results/../raw/day1/report.html")),
        ("init", lab.path("raw"), "--study", lab.path("raw/day1")),
    ):
        ended = lab.call(*words)
        assert ended.code == 2, words
        assert "raw folder" in ended.said


@pytest.mark.parametrize("words", [("export", "--folder"), ("report", "--to")])
def test_a_place_that_cannot_be_written_is_named(lab, words) -> None:
    ended = lab.call(words[0], lab.folder, words[1], "/proc/nowhere/file")
    assert ended.code == 3
    assert "/proc/nowhere" in ended.said


# ------------------------------------------------------------------ results folder, disk, processes


def test_results_of_another_table_version_are_left_as_they_are(lab) -> None:
    manifest = json.loads(lab.path("results/exoraw.json").read_text("utf-8"))
    manifest["schema"]["major"] += 1
    lab.path("results/exoraw.json").write_text(json.dumps(manifest), "utf-8")
    kept = lab.path("results/measurements.parquet").read_bytes()
    for words in (
        ("run", "--workers", "0"),
        ("run", "--dry-run"),
        ("report",),
        ("export",),
        ("clean", "--yes"),
    ):
        ended = lab.call(words[0], lab.folder, *words[1:])
        assert ended.code == 3, words
        assert "new folder and call `exoraw run`" in ended.said
    assert lab.path("results/measurements.parquet").read_bytes() == kept
    assert json.loads(lab.path("results/exoraw.json").read_text("utf-8")) == manifest


def test_damaged_results_are_said_and_mended_by_the_next_run(lab) -> None:
    before = lab.apoptotic()["value"]
    lab.path("results/measurements.parquet").write_bytes(b"PAR1 no more")
    for path in lab.path("results/.store/runs").iterdir():
        path.write_bytes(b"x")
    for path in list(lab.path("results/.store/measurements").glob("*"))[:1]:
        path.write_bytes(path.read_bytes()[:50])
    ended = lab.call("report", lab.folder)
    assert ended.code == 3
    assert "Run `exoraw run` again" in ended.said
    assert lab.run().code == 0
    pd.testing.assert_series_equal(lab.apoptotic()["value"], before)


def test_a_disk_that_fills_up_stops_the_run_and_loses_nothing(new_lab, on_a_small_disk) -> None:
    ended = new_lab.end(new_lab.spawn("run", new_lab.folder, "--workers", "0", prepare=on_a_small_disk))
    assert ended.code == 3, ended.said
    assert "Make room" in ended.said or "free some space" in ended.said
    assert not list(new_lab.path("results").glob(".*.tmp"))
    done = len(list(new_lab.path("results/.store/tasks").glob("*.json")))
    assert f"{done} up to date" in new_lab.call("run", new_lab.folder, "--dry-run").said


def test_a_killed_coordinator_leaves_no_process_and_the_next_run_goes_on(lab, finished: Path) -> None:
    shutil.rmtree(lab.path("results"))
    process = lab.spawn("run", lab.folder, "--workers", "1")
    lab.wait_for_tasks(process, 1)
    second = lab.run()
    assert second.code == 3
    assert str(process.pid) in second.said, "the run that holds the folder is named"
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.kill()
    process.communicate()
    done = len(list(lab.path("results/.store/tasks").glob("*.json")))
    assert not psutil.wait_procs(children, timeout=10)[1]
    resumed = lab.run()
    assert resumed.code == 0, resumed.said
    assert f"{6 - done:,} task" in resumed.said, "what was committed is not computed again"
    same = lab.call("diff", finished / "results", lab.folder)
    assert same.code == 0, same.said


def test_ctrl_c_finishes_what_runs_and_the_next_run_goes_on(new_lab) -> None:
    process = new_lab.spawn("run", new_lab.folder, "--workers", "1")
    new_lab.wait_for_tasks(process, 1)
    os.killpg(process.pid, signal.SIGINT)
    ended = new_lab.end(process)
    assert ended.code == 130, ended.said
    assert "what is running is finished first" in ended.said
    assert "Run again to go on" in ended.said
    done = exoraw.open(new_lab.path("results")).table("tasks")
    assert set(done["status"]) == {"ok"}
    assert 1 <= len(done) < 6
    assert f"{len(done)} up to date" in new_lab.call("run", new_lab.folder, "--dry-run").said


def test_a_pipe_that_is_closed_early_is_no_error(lab) -> None:
    process = lab.spawn("explain", "DOX 1", lab.folder)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.returncode in (0, 1)
