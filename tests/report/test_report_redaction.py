"""With redact, no name of a patient or operator is left anywhere in the file."""

from __future__ import annotations

from exoraw.report import build_report

NAMES = ("Anna Müller", "meier, karl")


def named_study(folder, picture):
    for i, name in enumerate(NAMES):
        surname = name.split()[-1] if i == 0 else "Meier"
        sample = f"{surname}_tube_{i}"
        folder.sample(
            sample, subject=name, operator="J. Doe", treatment="DOX", files=[f"day1/{surname}_{i}.fcs"]
        )
        folder.number(sample, "share", 10.0 + i, qc="warning", qc_codes=["few_events"])
        folder.evidence(sample, f"{surname}.png", picture(12, 12), caption=f"Gates of {sample}")
        folder.add(
            "findings",
            finding_id=str(i),
            pipeline="apoptosis",
            sample=sample,
            code="few_events",
            severity="warning",
            message=f"{surname} has 12 events",
            file=f"day1/{surname}_{i}.fcs",
        )
        folder.add("files", path=f"day1/{surname}_{i}.fcs", used_by=[sample], sha256="0" * 64)
        folder.add(
            "tasks",
            task_id=str(i),
            attempt=1,
            pipeline="apoptosis",
            unit=f"apoptosis/gate/{sample}",
            status="failed",
            samples=[sample],
            error=f"day1/{surname}_{i}.fcs is broken",
        )
    folder.sample("plain", treatment="DOX", files=["day1/plain.fcs"])
    folder.number("plain", "share", 20.0)
    folder.evidence("plain", "plain.png", picture(14, 14), caption="Gates of plain")
    return folder.write()


def test_names_stand_nowhere_in_a_redacted_report(empty_folder, picture):
    html = build_report(named_study(empty_folder, picture), redact=True).read_text("utf-8").lower()
    assert [name for name in ("anna", "müller", "mueller", "meier", "karl", "doe") if name in html] == []
    assert "names of persons taken out" in html


def test_names_stand_in_the_plain_report(empty_folder, picture):
    html = build_report(named_study(empty_folder, picture)).read_text("utf-8")
    assert "Müller" in html
    assert "Meier" in html


def test_pictures_that_may_show_a_name_are_left_out_and_that_is_said(empty_folder, picture, parsed):
    page = parsed(build_report(named_study(empty_folder, picture), redact=True))
    assert [image["alt"] for image in page.all("img")] == ["plain: Gates of plain"]
    assert page.text().count("a person's name may stand in it") == 2


def test_numbers_and_groups_survive_redaction(empty_folder, picture, parsed):
    folder = named_study(empty_folder, picture)
    plain = parsed(build_report(folder)).text()
    redacted = parsed(build_report(folder, redact=True)).text()
    wanted = "all samples 13.67 5.51 3"
    assert wanted in plain
    assert wanted in redacted
