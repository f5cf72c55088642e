"""What tubes were treated with, and which tube's control serves which: by compound and dose."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from exoraw.assays.flow.controls import UNSTAINED, VEHICLE, Batch
from exoraw.assays.flow.fluorescent_drugs import compound_in
from exoraw.study.view import SampleRow

DOSE = re.compile(r"\(?\b(\d+(?:[.,]\d+)?)\s*([mμunp]?m|[mμun]?g/ml|%)(?:\b|(?<=%))\)?")
TREATMENT_COLUMNS = ("treatment", "dose", "dose_unit")
# how labs write that nothing was done; what the vehicle tubes are called comes on top
PLAIN = ("", "none", "untreated", "control", "ctrl", "ctl", "mock", "vehicle", "no treatment", "-", "nt")


@dataclass(frozen=True)
class Treatment:
    """The compounds a tube was given, each with its dose.

    Parameters
    ----------
    doses : (compound, dose) in sorted order: "DOX 1 µM + exosomes" is (doxorubicin, 1um), (exosomes, "");
        "" where the sheet names no dose
    """

    doses: tuple[tuple[str, str], ...] = ()

    @property
    def compounds(self) -> frozenset[str]:
        """The compounds without their doses."""
        return frozenset(name for name, _ in self.doses)

    @property
    def text(self) -> str:
        """One spelling, whatever the sheet's: "doxorubicin 1um + exosomes"."""
        return " + ".join(f"{name} {dose}".strip() for name, dose in self.doses)

    @property
    def shines(self) -> bool:
        """Whether a cytometer sees one of the compounds without any stain."""
        return any(compound_in(name) is not None for name in self.compounds)

    def serves(self, tube: Treatment) -> bool:
        """Whether a control of this treatment serves that tube: all its compounds are in the tube."""
        return self.compounds <= tube.compounds

    def same_dose(self, tube: Treatment) -> bool:
        """Whether no compound has another dose in the tube; a dose that is not on the sheet is no other."""
        given = dict(tube.doses)
        return all(not dose or not given.get(name) or given[name] == dose for name, dose in self.doses)


NOTHING = Treatment()


def treatment_of(row: SampleRow) -> Treatment:
    """Read the sheet's `treatment`; `dose` and `dose_unit` count for what has no dose in the text."""
    general = _dose(row["dose"], row["dose_unit"]) if row["dose"] else ""
    return _parsed(row["treatment"], general)


def _parsed(text: str, general: str) -> Treatment:
    if _plain(text):
        return NOTHING
    folded = text.casefold().replace("µ", "μ").replace("\0", " ")
    left = DOSE.finditer(folded)
    marked = DOSE.sub(" \0 ", folded)  # a comma or slash within a dose parts nothing
    doses: dict[str, str] = {}
    for part in re.split(r"[+,/&;]|\b(?:and|with|plus)\b", marked):
        own = [_dose(dose[1], dose[2]) for dose in islice(left, part.count("\0"))]
        name = _compound_name(" ".join(part.replace("\0", " ").split()))
        if name:
            doses[name] = own[0] if own else general
    return Treatment(tuple(sorted(doses.items())))


def _plain(text: str) -> bool:
    return " ".join(text.casefold().split()) in PLAIN


def _dose(number: str, unit: str) -> str:
    """A dose in one spelling: "1,0 µM" and "1 uM" are "1um"."""
    try:
        number = f"{float(number.replace(',', '.')):g}"
    except ValueError:
        number = number.strip()
    return number + "".join(unit.casefold().split()).replace("µ", "u").replace("μ", "u")


def _compound_name(part: str) -> str:
    """One name for the spellings of a compound that shines: "dox" and "adriamycin" are doxorubicin."""
    compound = compound_in(part)
    return compound.name if compound is not None and part in compound.words else part


def untreated(batch: Batch) -> frozenset[frozenset[str]]:
    """Compounds that count as no treatment: none, and whatever the vehicle tubes are called.

    An excluded vehicle tube makes no gate any more, but its word for "untreated" stays what it was.
    """
    vehicles = (row for row in batch.rows if row["control_role"] == VEHICLE)
    return frozenset({NOTHING.compounds} | {treatment_of(row).compounds for row in vehicles})


def matched_controls(batch: Batch) -> tuple[Treatment, ...]:
    """Treatments that have an unstained tube of their own in this batch, in the sheet's order."""
    return distinct(batch.role(UNSTAINED), untreated(batch))


def distinct(rows: Iterable[SampleRow], plain: Collection[frozenset[str]]) -> tuple[Treatment, ...]:
    """The treatments of these rows, each once, without those that count as none."""
    found = (treatment_of(row) for row in rows)
    return tuple(dict.fromkeys(one for one in found if one.compounds not in plain))


def best_match(tube: Treatment, available: Sequence[Treatment]) -> Treatment | None:
    """The available treatment whose control fits this tube best, None where none serves it.

    The one with most compounds in common; of equal ones that of the same dose; of equal ones the one that
    shines by itself, which is why controls are matched.
    """
    fitting = [one for one in available if one.serves(tube)]
    return max(fitting, key=lambda one: (len(one.doses), one.same_dose(tube), one.shines), default=None)
