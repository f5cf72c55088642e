"""What the blot assay understands of a sample sheet: a row is one sample in one lane of one membrane."""

from __future__ import annotations

from exoraw.assays.blot.drafting import draft_blots
from exoraw.assays.blot.sheet_check import check_blot_sheet
from exoraw.study.spec import Column, ControlRole, NamePattern, SheetSpec

COLUMNS = (
    Column("membrane", "membrane or gel the lane belongs to, as in the settings (blots: membrane)"),
    Column("lane", "number of the lane from the left, the ladder's counted", kind="integer"),
    Column("treatment", "treatment; groups of the figures"),
    Column("preparation_kind", "what was loaded, of EV markers", words=("EV", "lysate", "other")),
    Column("chip_role", "ChIP: input, IgG, or the name of the immunoprecipitate (STAT3 IP)"),
    Column("region", "ChIP: promoter or region that the primers amplify"),
)

CONTROL_ROLES = (
    ControlRole(
        "vehicle", "the control that folds refer to; a control and a sample at once", counts_as_sample=True
    ),
    ControlRole("bridge", "the same material on every membrane; ties membranes together, is no sample"),
    ControlRole("positive", "known to have the protein; shows that the antibody works"),
    ControlRole("negative", "known not to have the protein"),
)

ENDING = r"\.(?:tiff?|TIFF?|gel|GEL|png|PNG|jpe?g|JPE?G|1sc|1SC|scn|SCN)$"

NAME_PATTERNS = (
    NamePattern(
        "picture of a blot (membrane folder / protein)", r"(?P<membrane>[^/]+)/(?P<sample>[^/]+?)" + ENDING
    ),
    NamePattern("picture of a blot", r"(?P<sample>[^/]+?)" + ENDING),
)

SHEET = SheetSpec(
    columns=COLUMNS,
    control_roles=CONTROL_ROLES,
    name_patterns=NAME_PATTERNS,
    one_file_per_sample=False,
    check=check_blot_sheet,
    start=draft_blots,
)
