"""Drugs and labels that shine by themselves, and where: they shift cells without any stain on them."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class FluorescentCompound:
    """A compound that a cytometer sees.

    Parameters
    ----------
    name : what the lab calls it
    words : whole words of a treatment label that mean it, lower case
    seen_in : detectors that see it with the usual lasers
    """

    name: str
    words: tuple[str, ...]
    seen_in: str


# Emission as published for the free compound: anthracyclines 480/560-595 nm; mitoxantrone 610/685 nm;
# curcumin 420/530 nm; camptothecins 370/430-530 nm; sunitinib 430/540 nm; berberine 420/550 nm;
# PKH67 490/502 nm, PKH26 551/567 nm, DiO, DiI, DiD and CFSE as their makers state.
COMPOUNDS = (
    FluorescentCompound(
        "doxorubicin",
        ("dox", "doxorubicin", "adriamycin", "adr", "doxil", "caelyx"),
        "PI, PE, PerCP",
    ),
    FluorescentCompound("daunorubicin", ("dnr", "daunorubicin", "daunomycin"), "PI, PE, PerCP"),
    FluorescentCompound("epirubicin", ("epirubicin", "epi"), "PI, PE, PerCP"),
    FluorescentCompound("idarubicin", ("ida", "idarubicin"), "PI, PE, PerCP"),
    FluorescentCompound("mitoxantrone", ("mitoxantrone", "mitox", "mxt"), "APC, APC-Cy7, PerCP-Cy5.5"),
    FluorescentCompound("curcumin", ("curcumin",), "FITC, PE"),
    FluorescentCompound("topotecan", ("topotecan", "tpt", "camptothecin", "cpt", "irinotecan"), "DAPI, FITC"),
    FluorescentCompound("sunitinib", ("sunitinib", "sutent"), "FITC"),
    FluorescentCompound("berberine", ("berberine", "bbr"), "FITC, PE"),
    FluorescentCompound("hypericin", ("hypericin",), "PE-Cy5, PerCP"),
    FluorescentCompound("chlorin e6", ("ce6", "chlorin"), "PerCP-Cy5.5, APC"),
    FluorescentCompound("PKH67", ("pkh67", "dio", "cfse", "gfp", "egfp"), "FITC"),
    FluorescentCompound("PKH26", ("pkh26", "dii", "rfp", "mcherry"), "PE, PI"),
    FluorescentCompound("DiD", ("did", "dir"), "APC"),
)
LOADED_ENDINGS = ("dox", "dnr", "ce6")  # "exoDOX": vesicles loaded with the drug


def compound_in(treatment: str) -> FluorescentCompound | None:
    """Return the first fluorescent compound that a treatment label names, or None."""
    words = re.findall(r"[^\W_]+", treatment.casefold())
    for compound in COMPOUNDS:
        for word in words:
            if word in compound.words:
                return compound
            if any(word.endswith(end) and end in compound.words for end in LOADED_ENDINGS):
                return compound
    return None
