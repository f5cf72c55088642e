"""What the flow assay understands of a sample sheet, and what it says about one before anything runs."""

from __future__ import annotations

from types import MappingProxyType

from exoraw.assays.flow.sheet_check import check_flow_sheet
from exoraw.study.spec import Column, ControlRole, NamePattern, SheetSpec

COLUMNS = (
    Column(
        "stain",
        "dye of a single-stain tube, or the dye left out of an FMO tube, as settings or file name it: "
        "FITC, Annexin V, PI",
    ),
    Column("batch", "tubes stained and recorded together (day, plate); they share controls and gates"),
    Column("cell_line", "cell line; gates are never shared between cell lines"),
    Column(
        "treatment",
        "treatment; an unstained or single-stain tube with a treatment serves the tubes that share it "
        '("DOX" serves "DOX + exosomes")',
    ),
    Column(
        "control_for",
        "samples that this control tube serves, by name, separated by ;. Empty: found by subject, treatment "
        "and replicate",
    ),
    Column(
        "bead_concentration",
        "counting beads per microlitre, from the vial's label (it differs from lot to lot)",
        "number",
    ),
    Column("bead_volume_ul", "microlitres of counting beads added to the tube", "number"),
    Column("sample_volume_ul", "microlitres of sample the beads were added to, without the beads", "number"),
    Column("specimen", "specimen as the instrument's software names it (FACSDiva)"),
    Column("experiment", "experiment as the instrument's software names it"),
)

CONTROL_ROLES = (
    ControlRole(
        "vehicle",
        "stained, untreated or vehicle-treated cells; a control and a sample at once",
        counts_as_sample=True,
    ),
    ControlRole("unstained", "cells without any dye; with a treatment: serves that treatment"),
    ControlRole("single_stain", "cells or beads with one dye, named in the column stain"),
    ControlRole("fmo", "every dye but the one named in the column stain"),
    ControlRole("positive", "stained cells killed on purpose (staurosporine, heat); gated like a sample"),
    ControlRole("isotype", "isotype antibodies in the place of the markers' (CD44/CD24, surface markers)"),
    ControlRole("deab", "ALDEFLUOR with DEAB, of the same sample"),
    ControlRole("no_exosome", "cells without labelled exosomes (uptake)"),
    ControlRole("dye_only", "cells with the dye alone, no exosomes (uptake)"),
    ControlRole("viability", "dead-cell dye only; serves as its single stain"),
)

FOLDER = r"(?:^|(?:^|/)(?P<batch>[^/]+)/)"  # the folder a file lies in is most often the day
ENDING = r"\.(?:[Ff][Cc][Ss]|[Ll][Mm][Dd])$"
WELL = r"[A-P](?:0?[1-9]|1\d|2[0-4])"

NAME_PATTERNS = (
    NamePattern(
        "FACSDiva HTS file name (Specimen_001_A1_A01_001.fcs)",
        FOLDER + r"(?P<sample>(?P<specimen>[^/]+?)_" + WELL + r")_(?P<well>[A-P]\d{2})_\d{3}" + ENDING,
    ),
    NamePattern(
        "FACSDiva Specimen_Tube file name (Specimen_001_Tube_001.fcs)",
        FOLDER + r"(?P<specimen>Specimen_\d{3})_(?P<sample>Tube_\d{3}|[^/]+?)(?:_\d{3})?" + ENDING,
    ),
    NamePattern(
        "CytExpert file name (01-Well-A1.fcs)",
        FOLDER + r"(?P<sample>\d{2}-Well-(?P<well>" + WELL + r"))(?:[ _-][^/]*)?" + ENDING,
    ),
    NamePattern("CytExpert file name (01-Tube-1.fcs)", FOLDER + r"(?P<sample>\d{2}-Tube-[^/]+?)" + ENDING),
    NamePattern(
        "MACSQuant file name (name2010-01-12.008.fcs)",
        FOLDER + r"(?P<sample>[^/]*\d{4}-\d{2}-\d{2}\.\d{3,4})" + ENDING,
    ),
    NamePattern(
        "BD Accuri file name (B01 name.fcs)",
        FOLDER + r"(?P<well>[A-H](?:0[1-9]|1[0-2])) (?P<sample>[^/]+)" + ENDING,
    ),
    NamePattern("Attune plate file name (F5.fcs)", FOLDER + r"(?P<sample>(?P<well>" + WELL + r"))" + ENDING),
    NamePattern(
        "Attune file name (Experiment_Group_Sample.fcs)",
        FOLDER + r"(?P<experiment>Experiment[^/_]*)_Group[^/_]*_(?P<sample>[^/]+?)" + ENDING,
    ),
    NamePattern(
        "Beckman Coulter list-mode name (name 00001234 003.LMD)",
        FOLDER + r"(?P<sample>[^/]+?)(?: \d{8})? \d{3}\.[Ll][Mm][Dd]$",
    ),
    NamePattern("FCS file name", FOLDER + r"(?P<sample>[^/]+?)" + ENDING),
)

KEYWORDS = MappingProxyType(
    {
        "TUBE NAME": "sample",
        "GTI$SAMPLEID": "sample",
        "GTISAMPLEID": "sample",
        "@SAMPLEID1": "sample",
        "SAMPLE ID": "sample",
        "$SMNO": "sample",
        "$FIL": "sample",
        "WELL ID": "well",
        "$WELLID": "well",
        "$PLATEID": "plate",
        "PLATE ID": "plate",
        "PLATE NAME": "plate",
        "$DATE": "batch",
        "$CELLS": "cell_line",
        "$SRC": "specimen",
        "EXPERIMENT NAME": "experiment",
        "$EXP": "experiment",
    }
)

SHEET = SheetSpec(
    columns=COLUMNS,
    control_roles=CONTROL_ROLES,
    name_patterns=NAME_PATTERNS,
    keywords=KEYWORDS,
    one_file_per_sample=True,
    check=check_flow_sheet,
)
