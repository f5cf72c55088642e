"""Everything that `check` says of a sheet, with the place and the nearest valid word."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest

from exoraw.io.errors import StudyError
from exoraw.io.inventory import DatasetHeader, Header, Inventory, RawFile
from exoraw.study.check import MOST_OF_A_KIND, check
from exoraw.study.load import load_study
from exoraw.study.spec import Column, ControlRole, Problem, SheetSpec
from exoraw.study.views import views

SPEC = SheetSpec(
    columns=(
        Column("stain", "dye of a single stain", words=("FITC", "PI")),
        Column("membrane_nr", "membrane", kind="integer"),
        Column("load_ug", "protein loaded", kind="number"),
        Column("bead", "beads instead of cells", kind="boolean"),
    ),
    control_roles=(ControlRole("unstained", ""), ControlRole("isotype", ""), ControlRole("vehicle", "")),
)


def raw_file(
    path: str,
    format_: str = "fcs",
    fields: Mapping[str, str] | Iterable[Mapping[str, str]] = (),
    problem: str = "",
    acquired_at: str = "",
    duplicates: Mapping[int, int] | None = None,
) -> RawFile:
    """Return a file of an inventory; `fields` of one dataset or of several."""
    several = [fields] if isinstance(fields, Mapping) else list(fields)
    datasets = tuple(
        DatasetHeader(number, 100, dict(one), (duplicates or {}).get(number))
        for number, one in enumerate(several or [{}])
    )
    digest = hashlib.sha256(path.encode()).hexdigest()
    header = Header(datasets, acquired_at=acquired_at)
    return RawFile(path, digest, 100, 1, "" if problem else format_, header, problem)


def inventory_of(*files: RawFile | str) -> Inventory:
    """Return an inventory of files, or of FCS files of these names."""
    made = [raw_file(file) if isinstance(file, str) else file for file in files]
    return Inventory({file.path: file for file in sorted(made, key=lambda file: file.path)})


INVENTORY = inventory_of("a.fcs", "b.fcs", "day1/c.fcs")


def problems(
    make_study, sheet: str, *, study: str | None = None, inventory=INVENTORY, spec=SPEC, formats=None, **files
):
    kwargs = {"study": study} if study else {}
    loaded = load_study(make_study(sheet=sheet, **kwargs, **files))
    specs = {source.name: spec for source in loaded.pipelines}
    seen = views(loaded, {}, {}, specs)
    return check(loaded, inventory, specs, views=seen, formats=formats or {})


def lines(found: list[Problem], severity: str) -> list[str]:
    return [str(problem) for problem in found if problem.severity == severity]


def errors(*args, **kwargs) -> str:
    return "\n".join(lines(problems(*args, **kwargs), "error"))


def warnings(*args, **kwargs) -> str:
    return "\n".join(lines(problems(*args, **kwargs), "warning"))


def infos(*args, **kwargs) -> str:
    return "\n".join(lines(problems(*args, **kwargs), "info"))


HEAD = "sample,file,treatment,biological_replicate"


def test_a_sound_sheet_has_no_errors_and_no_warnings(make_study):
    found = problems(make_study, f"{HEAD}\nA,a.fcs,x,1\nB,b.fcs,y,1\nC,day1/c.fcs,y,2\n")
    assert lines(found, "error") == []
    assert lines(found, "warning") == []


def test_every_error_is_said_at_once(make_study):
    said = errors(
        make_study,
        "sample,file,treatment,control_role,dose,dataset,well,parent_sample\n"
        "A,a.fcs,x,isotyp,5 nM,0,A1,\n"
        "A,nope.fcs,x,,,-1,1A,Z\n"
        ",b.fcs,x,,,,,\n",
    )
    assert (
        'samples.csv row 2, column "control_role": "isotyp" is not one of unstained, isotype, '
        "vehicle. Did you mean isotype?" in said
    )
    assert (
        'row 2, column "dose": "5 nM" is no number. Write the unit into a column of its own (dose_unit).'
        in said
    )
    assert 'row 3, column "sample": the name "A" stands in row 2 too' in said
    assert 'row 3, column "file": "nope.fcs" is not in the raw folder' in said
    assert 'row 3, column "dataset": "-1" is no dataset' in said
    assert 'row 3, column "well": "1A" is no well' in said
    assert 'row 3, column "parent_sample": "Z" is the name of no row' in said
    assert 'row 4, column "sample": is empty' in said


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("A.fcs", "Did you mean a.fcs?"),
        ("c.fcs", "Did you mean day1/c.fcs?"),
        ("b", "Did you mean b.fcs?"),
        ("b.lmd", "Did you mean b.fcs?"),
        ("a.fcs | b.fcs", 'separated by ";"'),
        ("day1/cc.fcs", "Did you mean day1/c.fcs?"),
    ],
)
def test_a_missing_file_names_the_one_that_was_meant(make_study, typed: str, hint: str):
    assert hint in errors(make_study, f"{HEAD}\nA,{typed},x,1\n")


def test_an_empty_raw_folder_is_named_as_the_reason(make_study):
    assert "The raw folder holds no files" in errors(
        make_study, f"{HEAD}\nA,a.fcs,x,1\n", inventory=inventory_of()
    )


def test_a_file_of_two_rows_is_an_error_unless_the_assay_shares_files(make_study):
    sheet = f"{HEAD}\nA,a.fcs,x,1\nB,a.fcs,y,1\n"
    assert '"a.fcs" is named by samples.csv row 2 ("A") too' in errors(make_study, sheet)
    assert errors(make_study, sheet, spec=replace(SPEC, one_file_per_sample=False)) == ""


def test_two_datasets_of_one_file_are_two_samples(make_study):
    inventory = inventory_of(raw_file("a.fcs", fields=[{}, {}]))
    sheet = "sample,file,dataset,treatment\nA,a.fcs,0,x\nB,a.fcs,1,x\n"
    assert errors(make_study, sheet, inventory=inventory) == ""
    assert "has no dataset 2; it has 0 to 1" in errors(
        make_study, sheet.replace(",1,", ",2,"), inventory=inventory
    )


def test_a_dataset_that_repeats_another_is_said(make_study):
    inventory = inventory_of(raw_file("a.fcs", fields=[{}, {}], duplicates={1: 0}))
    sheet = "sample,file,dataset,treatment,subject\nA,a.fcs,1,x,1\n"
    assert "same measurements as dataset 0" in warnings(make_study, sheet, inventory=inventory)


def test_several_files_in_a_row_are_refused_where_the_assay_takes_one(make_study):
    assert "names 2 files, but flow takes one" in errors(make_study, f"{HEAD}\nA,a.fcs;b.fcs,x,1\n")


def test_files_of_another_format_are_named_with_what_the_analysis_reads(make_study):
    inventory = inventory_of(raw_file("a.fcs", "nd2"))
    said = errors(make_study, f"{HEAD}\nA,a.fcs,x,1\n", inventory=inventory, formats={"flow": {"fcs"}})
    assert '"a.fcs" is a nd2 file, but flow reads fcs' in said


def test_files_that_cannot_be_used_are_warned_of(make_study):
    inventory = inventory_of(
        raw_file("a.fcs", problem="still growing"), raw_file("z.fcs", problem="unreadable")
    )
    found = problems(make_study, f"{HEAD}\nA,a.fcs,x,1\n", inventory=inventory)
    assert 'row 2, column "file": "a.fcs" cannot be used: still growing' in "\n".join(lines(found, "warning"))
    assert "1 file of the raw folder cannot be used, unreadable: z.fcs" in "\n".join(lines(found, "info"))


def test_files_that_no_row_names_are_counted(make_study):
    assert "2 files of the raw folder stand in no row: b.fcs, day1/c.fcs" in infos(
        make_study, f"{HEAD}\nA,a.fcs,x,1\n"
    )


def test_a_copy_of_a_file_under_another_name_is_warned_of(make_study):
    copy = replace(raw_file("b.fcs"), sha256=raw_file("a.fcs").sha256)
    said = warnings(make_study, f"{HEAD}\nA,a.fcs,x,1\nB,b.fcs,x,2\n", inventory=inventory_of("a.fcs", copy))
    assert "under several names: a.fcs, b.fcs" in said


@pytest.mark.parametrize(
    ("column", "cell", "word"),
    [
        ("stain", "FITTC", "Did you mean FITC?"),
        ("membrane_nr", "1.5", "is no whole number"),
        ("membrane_nr", "one", "is no number"),
        ("load_ug", '"1,250"', "Its comma may mean 1250 or 1.250"),
        ("bead", "maybe", "neither yes nor no"),
        ("pipeline", "floww", "Did you mean flow?"),
    ],
)
def test_cells_are_held_against_what_the_assay_declares(make_study, column: str, cell: str, word: str):
    said = errors(make_study, f"{HEAD},{column}\nA,a.fcs,x,1,{cell}\n")
    assert f'row 2, column "{column}"' in said
    assert word in said


def test_words_in_another_case_are_read_and_said(make_study):
    found = problems(make_study, f"{HEAD},control_role,stain\nA,a.fcs,x,1,Isotype,fitc\n")
    assert lines(found, "error") == []
    assert '"Isotype" is read as isotype' in "\n".join(lines(found, "info"))
    assert '"fitc" is read as FITC' in "\n".join(lines(found, "info"))


def test_a_required_column_must_stand_there_and_be_filled(make_study):
    spec = replace(SPEC, columns=(Column("membrane", "which membrane", required=True),))
    assert 'the column "membrane" is missing; flow needs it: which membrane' in errors(
        make_study, f"{HEAD}\nA,a.fcs,x,1\n", spec=spec
    )
    assert 'row 2, column "Membrane": is empty; flow needs it' in errors(
        make_study, f"{HEAD},Membrane\nA,a.fcs,x,1,\nB,b.fcs,x,1,m\n", spec=spec
    )


def test_decimal_commas_are_numbers_where_they_can_be_nothing_else(make_study):
    assert errors(make_study, f'{HEAD},load_ug\nA,a.fcs,x,1,"0,5"\nB,b.fcs,x,1,"1,250"\n') == ""
    assert (
        errors(make_study, f"{HEAD},load_ug\nA,a.fcs,x,1,1,250\n".replace(",", ";").replace("1;250", "1,250"))
        == ""
    )


def test_a_misspelled_column_names_the_one_that_was_meant(make_study):
    assert (
        'column "biological_replicat": is no column that the analyses know. Did you mean '
        "biological_replicate?"
        in warnings(make_study, "sample,file,treatment,biological_replicat\nA,a.fcs,x,1\n")
    )


def test_a_unit_in_the_header_is_moved_to_its_own_column(make_study):
    assert "write nM into the column dose_unit" in warnings(make_study, f"{HEAD},Dose (nM)\nA,a.fcs,x,1,5\n")


def test_doses_need_a_unit_and_one_spelling(make_study):
    said = warnings(
        make_study,
        f"{HEAD},dose,dose_unit\nA,a.fcs,x,1,5,\nB,b.fcs,x,1,5,nM\nC,day1/c.fcs,x,2,5,uM\n",
    )
    assert 'row 2, column "dose_unit": the dose 5 has no unit' in said
    assert "doses stand in 2 units (nM, uM)" in said
    spelled = warnings(
        make_study, f"{HEAD},dose,dose_unit\nA,a.fcs,x,1,5,uM\nB,b.fcs,x,1,5,µM\nC,day1/c.fcs,x,2,0,\n"
    )
    assert '"µM" and "uM" of row 2 seem to be one unit' in spelled
    assert "units (" not in spelled
    assert "has no unit" not in spelled


def test_millimolar_and_micromolar_are_never_one_unit(make_study):
    assert "doses stand in 2 units" in warnings(
        make_study, f"{HEAD},dose,dose_unit\nA,a.fcs,x,1,5,mM\nB,b.fcs,x,1,5,µM\n"
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("DOX", "Dox", True),
        ("MDA-MB-231", "MDA MB 231", True),
        ("MDA-MB-231", "MDAMB231", True),
        ("1-1", "11", False),
        ("DOX 1", "DOX 2", False),
    ],
)
def test_levels_that_differ_only_by_spelling_are_warned_of(make_study, one: str, other: str, same: bool):
    said = warnings(make_study, f"{HEAD}\nA,a.fcs,{one},1\nB,b.fcs,{other},1\n")
    assert ("count as two groups" in said) == same


def test_sample_names_that_differ_only_by_case_are_warned_of(make_study):
    assert '"a" differs from "A" of row 2 only by case' in warnings(
        make_study, f"{HEAD}\nA,a.fcs,x,1\na,b.fcs,x,1\n"
    )


def test_missing_repeats_are_said(make_study):
    assert "no column says what an independent repeat is" in infos(
        make_study, "sample,file,treatment\nA,a.fcs,x\n"
    )
    assert "rows 3 say of no independent repeat" in infos(make_study, f"{HEAD}\nA,a.fcs,x,1\nB,b.fcs,y,\n")
    assert "fewer than 3 independent repeats in 2 of 2 groups: x, y" in infos(
        make_study, f"{HEAD}\nA,a.fcs,x,1\nB,b.fcs,y,1\n"
    )


def test_a_factor_that_is_no_column_is_an_error_with_the_nearest(make_study):
    said = errors(make_study, "sample,file,treatmnt\nA,a.fcs,x\n")
    assert 'study.yaml: factors: "treatment" is no column of samples.csv. Did you mean treatmnt?' in said


def test_a_column_to_redact_must_exist(make_study):
    study = "title: T\nraw: raw\nredact: [patiend]\npipelines: [{name: flow, assay: flow}]\n"
    assert 'redact: "patiend" is no column' in errors(
        make_study, f"{HEAD},patient_name\nA,a.fcs,x,1,y\n", study=study
    )


def test_parents_may_not_form_a_circle(make_study):
    sheet = f"{HEAD},parent_sample\nA,a.fcs,x,1,C\nB,b.fcs,x,1,A\nC,day1/c.fcs,x,1,B\n"
    said = errors(make_study, sheet)
    assert said.count("the parents form a circle") == 1
    assert "A -> C -> B -> A" in said


def test_a_long_line_of_parents_is_no_circle(make_study):
    rows = "\n".join(f"S{n},,x,1,S{n - 1}" if n else "S0,,x,1," for n in range(3000))
    assert errors(make_study, f"{HEAD},parent_sample\n{rows}\n") == ""


EXCLUDED = "kind,target,reason,who,when\n{row},clot,AB,2026-01-01\n"


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("sample,AA", 'there is no sample "AA"'),
        ("file,c.fcs", 'there is no file "c.fcs"'),
        ("well,P1:B9", 'there is no well "P1:B9"'),
        ("well,A1", "may be a well of P1, P2; write plate:well"),
    ],
)
def test_an_exclusion_of_nothing_is_an_error(make_study, row: str, word: str):
    sheet = f"{HEAD},plate,well\nA,a.fcs,x,1,P1,A1\nB,b.fcs,x,1,P2,A1\n"
    said = errors(make_study, sheet, exclusions__csv=EXCLUDED.format(row=row))
    assert 'exclusions.csv row 2, column "target"' in said
    assert word in said


def test_filters_that_match_nothing_are_said(make_study):
    study = (
        "title: T\nraw: raw\npipelines: [{name: flow, assay: flow, where: {assay: flw}}, "
        "{name: two, assay: flow}]\n"
    )
    found = problems(make_study, f"{HEAD},assay\nA,a.fcs,x,1,flow\n", study=study)
    assert 'where of flow: no row has "flw" in the column assay. Did you mean flow?' in "\n".join(
        lines(found, "warning")
    )
    assert "no row of the sheet belongs to flow" in "\n".join(lines(found, "error"))


def test_the_same_name_in_two_analyses_is_allowed(make_study):
    study = "title: T\nraw: raw\npipelines: [{name: one, assay: flow}, {name: two, assay: flow}]\n"
    assert errors(make_study, f"{HEAD},pipeline\nA,a.fcs,x,1,one\nA,b.fcs,x,1,two\n", study=study) == ""


def test_the_assays_own_check_speaks_and_its_study_error_is_kept(make_study):
    def own(view, files):
        yield Problem("warning", f"{view.pipeline} sees {len(view.rows)} rows and {len(files)} files")
        raise StudyError("no vehicle in batch 1")

    found = problems(make_study, f"{HEAD}\nA,a.fcs,x,1\n", spec=replace(SPEC, check=own))
    assert "flow sees 1 rows and 3 files" in lines(found, "warning")
    assert "flow: no vehicle in batch 1" in lines(found, "error")


def test_a_column_that_is_wrong_in_every_row_is_counted(make_study):
    rows = "\n".join(f"S{n},a.fcs,x,1,bad" for n in range(200))
    found = problems(make_study, f"{HEAD},dose\n{rows}\n", spec=replace(SPEC, one_file_per_sample=False))
    of_dose = [problem for problem in found if problem.column == "dose"]
    assert len(of_dose) == MOST_OF_A_KIND + 1
    assert "150 more of this kind, in rows 52, 53" in of_dose[-1].message or any(
        "150 more" in problem.message for problem in of_dose
    )


def test_ten_thousand_missing_files_are_checked_in_linear_time(make_study):
    inventory = inventory_of(*(f"day{n % 50}/tube_{n:05d}.fcs" for n in range(5000)))
    rows = "\n".join(f"S{n},day/tub_{n}.fcs,x,1" for n in range(5000))
    found = problems(make_study, f"{HEAD}\n{rows}\n", inventory=inventory)
    assert sum(problem.severity == "error" for problem in found) == MOST_OF_A_KIND + 1
