"""What file names tell of a sample: how instruments write them, and words that people put into them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from exoraw.study.spec import NamePattern
from exoraw.study.wells import normal_well

MERGE = "merge_"  # regex groups that begin so tell files of one row apart and are no column
TIME_PARTS = MappingProxyType({"time_days": 24.0, "time_hours": 1.0, "time_minutes": 1 / 60})

_FOLDER = r"(?:^|/)"
_WELL = r"[A-P](?:0?[1-9]|1\d|2[0-4])"
_FASTQ = r"\.f(?:ast)?q(?:\.gz)?$"
_FCS = r"\.(?:fcs|FCS)$"

GENERAL_PATTERNS = (
    NamePattern(
        "Illumina FASTQ name (sample_S1_L001_R1_001.fastq.gz)",
        _FOLDER
        + r"(?P<sample>[^/]+?)_(?P<library>S\d+)(?:_(?P<merge_lane>L\d{3}))?_(?P<merge_read>R[12])_\d{3}"
        + _FASTQ,
    ),
    NamePattern(
        "FASTQ name of a read pair (sample_R1.fastq.gz)",
        _FOLDER + r"(?P<sample>[^/]+?)(?:_(?P<merge_lane>L\d{1,3}))?_(?P<merge_read>R[12])" + _FASTQ,
    ),
    NamePattern(
        "Incucyte file name (VID123_A1_1_00d00h00m.tif)",
        _FOLDER
        + r"(?P<plate>[^/]+?)_(?P<well>"
        + _WELL
        + r")_(?P<field>\d{1,3})_"
        + r"(?P<time_days>\d{1,3})d(?P<time_hours>\d{2})h(?P<time_minutes>\d{2})m(?:_[^/]*)?\.\w+$",
    ),
    NamePattern(
        "Incucyte file name with a date (VID123_A1_1_2026y01m31d_12h30m.tif)",
        _FOLDER
        + r"(?P<plate>[^/]+?)_(?P<well>"
        + _WELL
        + r")_(?P<field>\d{1,3})_"
        + r"(?P<imaged_at>\d{4}y\d{2}m\d{2}d_\d{2}h\d{2}m)(?:_[^/]*)?\.\w+$",
    ),
    NamePattern(
        "FACSDiva HTS file name (Specimen_001_A1_A01_001.fcs)",
        _FOLDER + r"(?P<specimen>[^/]+?)_(?P<sample>" + _WELL + r")_(?P<well>[A-P]\d{2})(?:_\d{3})?" + _FCS,
    ),
    NamePattern(
        "FACSDiva Specimen_Tube file name (Specimen_001_Tube_001.fcs)",
        _FOLDER + r"(?P<specimen>Specimen_\d{3})_(?P<sample>Tube_\d{3}|[^/]+?)(?:_\d{3})?" + _FCS,
    ),
    NamePattern(
        "MACSQuant file name (2026-01-31.0001.fcs)",
        _FOLDER + r"(?P<sample>[^/]*?(?P<acquired>\d{4}-\d{2}-\d{2})\.\d{3,4})\.(?:fcs|FCS|mqd)$",
    ),
)

INDEX_READS = re.compile(r"_I[12]_\d{3}\.f(?:ast)?q(?:\.gz)?$")  # barcodes of a sequencing run, no sample

_START, _END = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"


@dataclass(frozen=True)
class _Token:
    """Words in a name from which columns can be guessed; `said` is what the origin list says."""

    said: str
    regex: re.Pattern[str]


_CELL_LINES = (  # of the breast, and those that every lab keeps
    r"MDA-?MB-?(?:231|436|453|468|157)|MCF-?(?:7|10A)|4T1|T-?47D|BT-?(?:20|474|549)|SK-?BR-?3"
    r"|HCC-?(?:38|1143|1395|1806|1937|1954)|SUM-?(?:149|159)(?:PT)?|HEK-?293T?|HeLa|HUVEC"
)

_TOKENS = (
    _Token(
        "guessed from a repeat in the file name (rep1, n2)",
        re.compile(
            _START + r"(?:bio)?(?:replicate|rep|n)[ "
            r"_-]?(?P<biological_replicate>[1-9]\d?)" + _END,
            re.IGNORECASE,
        ),
    ),
    _Token(
        "guessed from a technical repeat in the file name (tech1)",
        re.compile(
            _START + r"tech(?:nical)?[ _-]?(?:rep(?:licate)?)?[ "
            r"_-]?(?P<technical_replicate>[1-9]\d?)" + _END,
            re.IGNORECASE,
        ),
    ),
    _Token(
        "guessed from hours in the file name (24h)",
        re.compile(_START + r"(?P<time_h>\d{1,3}(?:\.\d)?)[ _-]?(?:h|hr|hrs|hours)" + _END, re.IGNORECASE),
    ),
    _Token(
        "guessed from a dose in the file name (10nM)",
        re.compile(_START + r"(?P<dose>\d{1,6}(?:[.,]\d{1,4})?)[ _-]?(?P<dose_unit>[pnuµμm]M)" + _END),
    ),
    _Token(
        "guessed from a cell line in the file name",
        re.compile(f"{_START}(?P<cell_line>{_CELL_LINES}){_END}", re.IGNORECASE),
    ),
)

_DYE = (
    r"(?P<stain>FITC|PE|APC|PI|7-?AAD|Annexin[ -]?V|Annexin|AnxV|PerCP(?:-Cy5\.5)?"
    r"|DAPI|BV421|AF488|AF647|Cy5|GFP|PKH26)"
)

# words in a name -> roles they may mean, the first that the assay knows is taken
_ROLES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(_START + r"FMO(?:[ _-]*" + _DYE + r")?" + _END, re.IGNORECASE), ("fmo",)),
    (
        re.compile(_START + r"(?:unstained|no[ _-]?stain|autofluorescence)" + _END, re.IGNORECASE),
        ("unstained",),
    ),
    (re.compile(_START + r"(?:isotype|iso|IgG\d?[ab]?)" + _END, re.IGNORECASE), ("isotype", "igg")),
    (re.compile(_START + r"DEAB" + _END, re.IGNORECASE), ("deab",)),
    (
        re.compile(
            _START + _DYE + r"[ _-]*(?:only|single|single[ _-]?stain(?:ed)?|ss|comp)" + _END, re.IGNORECASE
        ),
        ("single_stain",),
    ),
    (
        re.compile(
            _START + r"(?:single(?:[ "
            r"_-]?stain(?:ed)?)?|comp(?:ensations?)?|ss)[ _-]+" + _DYE + _END,
            re.IGNORECASE,
        ),
        ("single_stain",),
    ),
    (re.compile(_START + r"(?:viability|live[ _-]?dead)[ _-]?only" + _END, re.IGNORECASE), ("viability",)),
    (re.compile(_START + r"(?:NTC|no[ _-]?template)" + _END, re.IGNORECASE), ("ntc", "no_template")),
    (re.compile(_START + r"(?:blank|medium|water)" + _END, re.IGNORECASE), ("blank", "unstained", "ntc")),
    (re.compile(_START + r"(?:ladder|marker)" + _END, re.IGNORECASE), ("ladder", "marker")),
    (re.compile(_START + r"input" + _END, re.IGNORECASE), ("input",)),
    (
        re.compile(_START + r"(?:vehicle|DMSO|PBS|untreated|mock|ctrl|control)" + _END, re.IGNORECASE),
        ("vehicle", "control", "untreated"),
    ),
)


def matched(path: str, patterns: Iterable[NamePattern]) -> tuple[dict[str, str], str]:
    """Return the groups of the first pattern that fits a path, and what `init` says of it.

    Parameters
    ----------
    path : relative to the raw folder, forward slashes
    patterns : most specific first

    Returns
    -------
    group -> text of the groups that hold something, time parts added up to time_h; the pattern's source.
    ({}, "") where none fits
    """
    for pattern in patterns:
        found = re.search(pattern.regex, path)
        if found is not None:
            groups = {name: text for name, text in found.groupdict().items() if text}
            return _with_hours(groups), pattern.source
    return {}, ""


def _with_hours(groups: Mapping[str, str]) -> dict[str, str]:
    parts = [float(groups[name]) * hours for name, hours in TIME_PARTS.items() if name in groups]
    kept = {name: text for name, text in groups.items() if name not in TIME_PARTS}
    if parts:
        kept["time_h"] = format(sum(parts), ".6g")
    if kept.get("well"):
        kept["well"] = normal_well(kept["well"]) or kept["well"]
    return kept


def guessed_cells(name: str) -> dict[str, tuple[str, str]]:
    """Return column -> (cell, what it was guessed from) for the words in a file name."""
    found: dict[str, tuple[str, str]] = {}
    for token in _TOKENS:
        hits = list(token.regex.finditer(name))
        if len(hits) != 1:  # two doses in one name: a combination, which only a person can take apart
            continue
        for column, text in hits[0].groupdict().items():
            found.setdefault(column, (text, token.said))
    return found


def guessed_role(name: str, roles: Iterable[str]) -> tuple[str, str, str]:
    """Guess a control from the words in a name.

    Parameters
    ----------
    name : sample and file name
    roles : control roles that the assay knows

    Returns
    -------
    role, dye ("" where none is named) and the word that it was guessed from; ("", "", "") for a sample
    """
    known = set(roles)
    for regex, meanings in _ROLES:
        role = next((meaning for meaning in meanings if meaning in known), "")
        hit = regex.search(name) if role else None
        if hit is not None:
            return role, hit.groupdict().get("stain") or "", hit[0]
    return "", "", ""
