"""The step `summary`: figures of folds, and the methods text with what journals ask of a Western blot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import exoraw
from exoraw.assays.blot.settings import BlotSettings, Kind
from exoraw.assays.blot.steps.loading import loading_pictures
from exoraw.assays.blot.steps.measured import pictures_of
from exoraw.assays.blot.steps.membranes import donors_of, membranes_of
from exoraw.assays.blot.steps.normalise import ratios_of
from exoraw.assays.blot.steps.planning import loading_key, normalise_key, quantify_key
from exoraw.assays.blot.steps.words import distinct, joined, plural
from exoraw.assays.contract import Figure, Inputs, Method, Outcome, Params, TaskInput, Unit
from exoraw.io.inventory import Inventory
from exoraw.study.view import StudyView

BACKGROUND_WORDS = {
    "consensus": "the median of four methods (valley line, arPLS, SNIP, multi-Gaussian fit)",
    "valley": "a straight line between the valleys beside the band",
    "arpls": "arPLS (asymmetrically reweighted penalised least squares)",
    "snip": "SNIP (statistics-sensitive non-linear iterative peak clipping)",
    "multi_gauss": "a fit of Gaussians over a line",
    "rolling_ball": "a rolling ball of radius 50 pixels",
    "between_lanes": "the signal between the lanes at the same height",
    "box_border": "the median of a frame of three pixels around the band",
    "none": "nothing: no background was taken off",
}

TO_ADD = "To be added by the laboratory: "
LABORATORY: Mapping[Kind, str] = {
    "western_blot": "lysis buffer and amount of protein per lane; gel, transfer and membrane; blocking; "
    "antibodies with maker, catalogue number, lot, dilution and validation; substrate; stripping and order "
    "of probing; the range over which the signal is proportional.",
    "ev_markers": "how exosomes were prepared and how much was loaded (particles or protein); lysis buffer, "
    "reducing or not; gel, transfer, blocking; antibodies with maker, catalogue number, lot and dilution; "
    "substrate.",
    "chip_pcr_gel": "cross-linking and shearing; antibodies of the precipitation with maker, catalogue "
    "number and lot; primers with the length of the product; cycles; agarose and stain.",
}


class SummaryParams(Params):
    """What figures and methods text depend on."""

    settings: BlotSettings


@dataclass(frozen=True)
class Summary:
    """Declare the figures and write the methods paragraphs from what was really done."""

    name: str = "summary"
    version: int = 2
    columns: tuple[str, ...] = ("membrane", "lane", "control_role")

    def units(self, study: StudyView, files: Inventory) -> Iterable[Unit]:
        """One unit per pipeline; whatever succeeded is enough."""
        settings: BlotSettings = study.settings
        membranes = [one for one in membranes_of(study.rows, settings, files) if one.samples]
        if not membranes:
            return
        keys = [quantify_key(study.pipeline, one, picture) for one in membranes for picture in one.pictures]
        western = settings.kind == "western_blot"
        tested = western and bool(loading_pictures(study.pipeline, membranes))
        normalised = [one for one in membranes if western and ratios_of(one.blot.bands)]
        yield Unit(
            key=f"{study.pipeline}/summary",
            samples=(),
            inputs={
                "pictures": tuple(map(TaskInput, keys)),
                "loading": (TaskInput(loading_key(study.pipeline)),) if tested else (),
                "normalise": tuple(TaskInput(normalise_key(study.pipeline, one)) for one in normalised),
            },
            params=SummaryParams(settings=settings),
            needs={"pictures": "any", "loading": "optional", "normalise": "optional"},
            payload={
                "controls": {one.name: list(one.controls) for one in membranes},
                "bridged": {
                    one.name: [donor.name for donor in donors_of(one, membranes)]
                    for one in membranes
                    if western and donors_of(one, membranes)
                },
            },
        )

    def run(self, unit: Unit, inputs: Inputs) -> Outcome:
        """Put figures and paragraphs together."""
        params = unit.params
        assert isinstance(params, SummaryParams)
        pictures = pictures_of(inputs.earlier.get("pictures", ()))
        loading = inputs.one_earlier("loading")
        tests = loading.data["tests"] if loading is not None and loading.ok else []
        failed = [one.key for one in inputs.earlier.get("pictures", ()) if not one.ok]
        texts = (
            ("Imaging", _imaging(pictures)),
            ("Densitometry", _densitometry(pictures, params.settings)),
            ("Normalisation", _normalisation(params.settings, unit.payload)),
            ("Loading controls", _loading(tests)),
            ("What counts as present or bound", _rule(params.settings)),
            ("Minimal reporting", _wbmrs(pictures, failed, params.settings.kind)),
        )
        return Outcome(
            figures=list(_figures(params.settings)),
            methods=[Method(title, text, order) for order, (title, text) in enumerate(texts) if text],
        )


# ----------------------------------------------------------------- figures


def _figures(settings: BlotSettings) -> Iterator[Figure]:
    if settings.kind == "western_blot":
        pairs = distinct_pairs(settings)
        for order, (target, below) in enumerate(pairs):
            yield Figure(
                f"fold_{order + 1}", f"{target} / {below}", "group_points", ("fold_of_control",),
                (f"protein:{target}/{below}",), settings.group_by,
                f"{target} over {below}, fold of the control of the same membrane; every point is one "
                "biological replicate (one membrane).",
                order,
            )  # fmt: skip


def distinct_pairs(settings: BlotSettings) -> list[tuple[str, str]]:
    """Return every (protein, what it is normalised to) of the study, once."""
    return list(dict.fromkeys(pair for blot in settings.blots for pair in ratios_of(blot.bands)))


# ----------------------------------------------------------------- paragraphs


def _imaging(pictures: Sequence[Mapping[str, Any]]) -> str:
    if not pictures:
        return ""
    instruments = distinct(one["instrument"] for one in pictures) or ["an imager that the files do not name"]
    times = sorted({one["exposure_s"] for one in pictures if one["exposure_s"] is not None})
    if times:
        span = f"{times[0]:g} s" if len(times) == 1 else f"{times[0]:g} to {times[-1]:g} s"
        exposure = f"exposed {span}"
    else:
        exposure = "with exposure times that the files do not hold"
    sizes = sorted({one["pixel_size_um"] for one in pictures if one["pixel_size_um"]})
    pixel = f", {joined([f'{size:g}' for size in sizes])} um per pixel" if sizes else ""
    turned = sum(one["polarity"] != "signal bright" for one in pictures)
    said = (
        f" {plural(turned, 'picture')} with dark bands {'was' if turned == 1 else 'were'} turned round."
        if turned
        else ""
    )
    return (
        f"{plural(len(pictures), 'picture')} of "
        f"{plural(len({one['membrane'] for one in pictures}), 'membrane')} "
        f"{'was' if len(pictures) == 1 else 'were'} recorded on {joined(instruments)}, {exposure}{pixel} "
        f"({joined(distinct(one['layout'] for one in pictures))}). Raw pixels were read and analysed "
        "with exoraw "
        f"{exoraw.__version__}; contrast was changed for display only.{said}"
    )


def _densitometry(pictures: Sequence[Mapping[str, Any]], settings: BlotSettings) -> str:
    rows = [row for one in pictures for row in one["targets"]]
    if not rows:
        return ""
    by_points = sum(row["by_points"] for row in rows)
    unread = sum(row["state"] != "ok" for row in rows)
    stains = any(row["role"] == "total_protein" for row in rows)
    said = [
        f"Lanes were followed through smile and tilt, divided at the valleys between bands and straightened "
        f"({plural(len(rows) - by_points - unread, 'row')} of bands found automatically, {by_points} between "
        "two points that were given).",
        f"A band's volume is the sum of its raw signal minus the background: "
        f"{BACKGROUND_WORDS[settings.background]}.",
    ]
    if stains:
        said.append(
            "A total-protein stain was summed over the whole lane, above the signal between the lanes."
        )
    if unread:
        said.append(f"{plural(unread, 'row')} could be read in more than one way and got no number.")
    said.append(
        "Intervals of volumes are 95 % intervals from noise, disagreement of the methods and surroundings; a "
        "band counts as detected above three times the scatter of empty places."
    )
    return " ".join(said)


def _normalisation(settings: BlotSettings, lanes: Mapping[str, Any]) -> str:
    if settings.kind != "western_blot":
        return ""
    pairs = [f"{target} by {below}" for target, below in distinct_pairs(settings)]
    if not pairs:
        return ""
    named = [f"{joined(list(names))} (membrane {name})" for name, names in lanes["controls"].items() if names]
    reference = f" and given as fold of the control of the same membrane: {joined(named)}" if named else ""
    return (
        f"Within each membrane and lane, {joined(pairs)} was divided{reference}. Intervals of ratios "
        "hold the "
        "uncertainty of every volume in them (Donner and Zou 2012); they say nothing about biological "
        f"replicates, which are the membranes.{_bridged(lanes['bridged'])}"
    )


def _bridged(donors: Mapping[str, Sequence[str]]) -> str:
    """Which membranes borrow a control."""
    said = [f"{name} (control of {joined(list(lending))})" for name, lending in donors.items()]
    if not said:
        return ""
    return (
        f" Membranes without a control were tied to others by the bridge sample, the same material on both: "
        f"membrane {joined(said)}."
    )


def _rule(settings: BlotSettings) -> str:
    if settings.kind == "ev_markers":
        return (
            "A marker counts as present where its adjusted volume lies above the detection limit of its own "
            "picture (three times the scatter of empty places of the same size). The negative control counts "
            "only where a cell lysate on the same membrane shows it. No loading lane and no fold is used."
        )
    if settings.kind == "chip_pcr_gel":
        shares = joined([f"{100 * share:g} %" for share in sorted({b.input_share for b in settings.blots})])
        return (
            "A region counts as bound where the band of the immunoprecipitate lies above its detection limit "
            f"and the lower end of its 95 % interval above {settings.chip.over_igg:g} times that of IgG "
            "of the "
            f"same region and treatment. Brightness is given in % of the whole input ({shares} were kept). "
            "End-point PCR levels off, so no fold is given."
        )
    return ""


def _loading(tests: Sequence[Mapping[str, Any]]) -> str:
    said = []
    for test in tests:
        means = test["means"]
        if not means:
            continue
        span = max(means.values()) / min(means.values())
        if test["p"] is None:
            why = f"could not be tested across groups ({test['why']})"
            said.append(f"{test['target']} {why}; its group means span {span:.2f}-fold.")
        else:
            said.append(
                f"{test['target']} across groups: randomised block ANOVA of the logarithm, p = "
                f"{test['p']:.3g}; "
                f"group means span {span:.2f}-fold."
            )
    return " ".join(said)


def _wbmrs(pictures: Sequence[Mapping[str, Any]], failed: Sequence[str], kind: Kind) -> str:
    """What the Western Blot Minimal Reporting Standard asks (Gilda et al. 2015, PLoS ONE 10:e0135392)."""
    if not pictures:
        return ""
    dates = distinct((one["acquired_at"] or "")[:10] for one in pictures)
    unverified = distinct(one["layout"] for one in pictures if not one["verified"])
    said = [
        f"Recorded {joined(dates)}." if dates else "",
        _masses(pictures),
        _saturation(pictures),
        "Uncropped pictures with all bands, lane profiles, SHA-256 of every file (table `files`), exposure "
        "and settings are kept with the results; every band stands in the table `objects_blot`.",
        f"Formats that no real file has proven: {joined(unverified)}." if unverified else "",
        f"Not measured: {joined(list(failed))}." if failed else "",
        TO_ADD + LABORATORY[kind],
    ]
    return " ".join(part for part in said if part)


def _masses(pictures: Sequence[Mapping[str, Any]]) -> str:
    """Molecular weights as the ladder shows them, protein by protein."""
    found: dict[str, list[float]] = {}
    for one in pictures:
        for row in one["targets"]:
            if row["mass"] is not None:
                found.setdefault(row["name"], []).append(row["mass"])
    if not found:
        return "No ladder was given, so molecular weights are not stated."
    unit = next(
        one["mass_unit"] for one in pictures if any(row["mass"] is not None for row in one["targets"])
    )
    masses = [f"{name} {median(values):.0f} {unit}" for name, values in found.items()]
    return f"Molecular weights by the ladder beside the bands: {joined(masses)}."


def _saturation(pictures: Sequence[Mapping[str, Any]]) -> str:
    rows = [row for one in pictures for row in one["targets"]]
    bands, clipped = sum(row["bands"] for row in rows), sum(row["saturated"] for row in rows)
    if not bands:
        return ""
    if not clipped:
        return f"None of {bands} bands reaches the detector's ceiling."
    return f"{clipped} of {bands} bands {'reaches' if clipped == 1 else 'reach'} the detector's ceiling."
