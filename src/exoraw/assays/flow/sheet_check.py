"""What can be said about a flow study from its sheet and the headers of its files, before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from exoraw.assays.flow.channel_clash import one_channel_twice
from exoraw.assays.flow.controls import (
    DEAB,
    DYE_ONLY,
    FMO,
    ISOTYPE,
    NO_EXOSOME,
    SINGLE_STAIN,
    UNSTAINED,
    VEHICLE,
    VIABILITY_ONLY,
    Batch,
    batches_of,
    is_stain,
)
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.panel import (
    Panel,
    UnknownChannelError,
    find_channel,
    labelled_otherwise,
    otherwise,
    panel_of,
)
from exoraw.assays.flow.review.check import check_corrections
from exoraw.assays.flow.settings import FlowSettings
from exoraw.assays.flow.sheet_check_annexin import check_annexin_controls
from exoraw.assays.flow.sheet_check_markers import check_control_for, check_marker_controls
from exoraw.assays.flow.strategies import ADVISED_CONTROL_EVENTS, MARKER_STRATEGIES, AnnexinPI, LabGates
from exoraw.io.inventory import DatasetHeader, Inventory
from exoraw.study.spec import Problem
from exoraw.study.view import SampleRow, StudyView

STUDY_FILE = "study.yaml"
NAMES_SHOWN = 5
CONTROLS = (VEHICLE, UNSTAINED, SINGLE_STAIN, FMO, ISOTYPE, DEAB, NO_EXOSOME, DYE_ONLY)
VOLTAGE_TOLERANCE = 0.5  # volts; instruments write whole volts or one decimal


def check_flow_sheet(study: StudyView, files: Inventory) -> Iterable[Problem]:
    """All remarks on a sheet whose rows and files are sound as such."""
    settings: FlowSettings = study.settings
    yield from _stains_are_named(study.rows, settings.strategy.dyes)
    yield from _channels_exist(study.rows, files, settings.strategy.dyes)
    yield from _files_have_events(study.rows, files)
    yield from _matrix_file_exists(files, settings)
    yield from _gates_file_exists(files, settings)
    yield from check_control_for(study.rows)
    batches = batches_of(study.rows, settings.batch_by)
    yield from check_corrections(study, batches, settings.strategy.dyes)
    for batch in batches:
        for remark in BATCH_CHECKS:
            yield from remark(batch, files, settings)
        if isinstance(settings.strategy, AnnexinPI):
            yield from check_annexin_controls(batch, settings.strategy)
        elif isinstance(settings.strategy, MARKER_STRATEGIES):
            yield from check_marker_controls(batch, settings.strategy)


# ----------------------------------------------------------------- rows and files


def _stains_are_named(rows: Iterable[SampleRow], dyes: Sequence[Dye]) -> Iterator[Problem]:
    names = [name for dye in dyes for name in dye.names]
    settings = " or ".join(dict.fromkeys(dye.setting for dye in dyes))
    for row in rows:
        if row["control_role"] not in (SINGLE_STAIN, FMO, VIABILITY_ONLY) or row.excluded:
            continue
        if not row["stain"].strip():
            yield Problem(
                "error",
                f'"{row.sample}" is a {row["control_role"]} tube, but no dye is named. Write one of '
                f"{', '.join(names[:NAMES_SHOWN])} ...",
                row.source, row.row, "stain",
            )  # fmt: skip
        elif not is_stain(row, names):
            yield Problem(
                "warning",
                f'"{row["stain"]}" is none of the dyes of this pipeline ({", ".join(names)}); the tube is '
                f"not used. If it is one, add the name to {settings} in the settings.",
                row.source, row.row, "stain",
            )  # fmt: skip


def _channels_exist(rows: Iterable[SampleRow], files: Inventory, dyes: Sequence[Dye]) -> Iterator[Problem]:
    """One problem per different message, with the rows it stands for."""
    said: dict[str, list[SampleRow]] = {}
    clashes: dict[str, list[SampleRow]] = {}
    doubted: dict[str, list[SampleRow]] = {}
    read = 0
    for row, header in _headers(rows, files):
        panel = panel_of(header)
        if not panel.channels:
            continue
        read += 1
        matches = []
        for dye in dyes:
            try:
                match = find_channel(
                    dye.names, panel.channels, panel.markers, what=dye.title, absent=dye.absent
                )
            except UnknownChannelError as error:
                said.setdefault(str(error), []).append(row)
                continue
            matches.append(match)
            if labelled_otherwise(match, dye.names):
                doubted.setdefault(otherwise(match, dye.title), []).append(row)
        if len(matches) == len(dyes) and (clash := one_channel_twice(matches, dyes)):
            clashes.setdefault(clash, []).append(row)
    for message, where in (said | clashes).items():
        yield Problem(
            "error", _of_files(message, where), where[0].source, where[0].row, "file",
            confined=len(where) < read,  # a channel that no file has is an error of the settings
        )  # fmt: skip
    for message, where in doubted.items():
        yield Problem("warning", _of_files(message, where), where[0].source, where[0].row, "file")


def _of_files(message: str, where: list[SampleRow]) -> str:
    more = f" Same in {len(where) - 1} more files." if len(where) > 1 else ""
    return f"{where[0].files[0]}: {message}{more}"


def _files_have_events(rows: Iterable[SampleRow], files: Inventory) -> Iterator[Problem]:
    for row, header in _headers(rows, files):
        if header.size == 0:
            yield Problem(
                "warning",
                f"{row.files[0]} holds no events; it will have a row in the table without a share.",
                row.source, row.row, "file",
            )  # fmt: skip


def _matrix_file_exists(files: Inventory, settings: FlowSettings) -> Iterator[Problem]:
    path = settings.compensation.csv
    if path and files.get(path) is None:
        yield Problem(
            "error",
            f'compensation.csv is "{path}", which is not in the raw folder. The path is relative to it.',
            STUDY_FILE,
        )


def _gates_file_exists(files: Inventory, settings: FlowSettings) -> Iterator[Problem]:
    strategy = settings.strategy
    if isinstance(strategy, LabGates) and files.get(strategy.file) is None:
        yield Problem(
            "error",
            f'strategy.file is "{strategy.file}", which is not in the raw folder; the path is relative.',
            STUDY_FILE,
        )


# ----------------------------------------------------------------- batches


def _controls_have_events(batch: Batch, files: Inventory, settings: FlowSettings) -> Iterator[Problem]:
    """A warning for every weak control; one note for those that are merely small."""
    minimum = settings.strategy.weak_below
    small: list[tuple[SampleRow, int]] = []
    for row, header in _headers(batch.role(*CONTROLS), files):
        if header.size is None or header.size >= ADVISED_CONTROL_EVENTS:
            continue
        if header.size >= minimum:
            small.append((row, header.size))
            continue
        yield Problem(
            "warning",
            f'control "{row.sample}" has {header.size:,} events (fewer than {minimum:,}: the gate from it is '
            f"weak; {ADVISED_CONTROL_EVENTS:,} are advised). Record a larger control if cells are left.",
            row.source, row.row, "file",
        )  # fmt: skip
    if small:
        fewest, size = min(small, key=lambda item: item[1])
        count = f"{len(small)} controls have" if len(small) > 1 else "1 control has"
        advised = f"fewer than {ADVISED_CONTROL_EVENTS:,} events ({fewest.sample}: {size:,})"
        yield Problem(
            "info",
            f"{batch.name}: {count} {advised}; "
            "the gates will be less certain. Record larger controls if cells are left.",
            fewest.source, fewest.row, "file",
        )  # fmt: skip


def _compensation_is_possible(batch: Batch, _files: Inventory, settings: FlowSettings) -> Iterator[Problem]:
    if settings.compensation.source != "single_stains" or not batch.rows:
        return
    for dye in settings.strategy.dyes:
        if not any(is_stain(row, dye.names) for row in batch.role(SINGLE_STAIN)):
            yield Problem(
                "error",
                f"{batch.name}: compensation is to come from single stains, but no tube carries "
                f'{dye.title} alone (control_role "single_stain", stain "{dye.target}").',
                batch.rows[0].source, batch.rows[0].row, "control_role",
            )  # fmt: skip


def _matrices_agree(batch: Batch, files: Inventory, settings: FlowSettings) -> Iterator[Problem]:
    if settings.compensation.source not in ("auto", "keyword"):
        return
    rows = [*batch.stained, *batch.role(ISOTYPE, DEAB, NO_EXOSOME, DYE_ONLY)]
    found = [(row, panel_of(header).spillover) for row, header in _headers(rows, files)]
    without = [row for row, has in found if not has]
    if without and len(without) < len(found):
        yield Problem(
            "warning",
            f"{batch.name}: {len(without)} of {len(found)} tubes carry no spillover matrix while others do "
            f"({_named(without)}). They would be compared uncompensated; use single stains or a CSV matrix.",
            without[0].source, without[0].row, "file",
        )  # fmt: skip


def _voltages_agree(batch: Batch, files: Inventory, settings: FlowSettings) -> Iterator[Problem]:
    """Voltages of the stained channels, controls against samples of the batch."""
    for dye in settings.strategy.dyes:
        seen: dict[float, list[SampleRow]] = {}
        channel = ""
        for row, header in _headers(batch.rows, files):
            found = _voltage(panel_of(header), dye.names)
            if found is not None:
                channel = found[0]
                key = next((v for v in seen if abs(v - found[1]) <= VOLTAGE_TOLERANCE), found[1])
                seen.setdefault(key, []).append(row)
        if len(seen) > 1:
            usual = max(seen, key=lambda volts: len(seen[volts]))
            odd = [row for volts, rows in seen.items() if volts != usual for row in rows]
            others = ", ".join(f"{volts:g} V" for volts in seen if volts != usual)
            yield Problem(
                "warning",
                f"{batch.name}: the detector {channel} ran at {usual:g} V, at {others} for {_named(odd)}. "
                "Tubes of different voltages share no gate: give them a batch of their own, or record again.",
                odd[0].source, odd[0].row, "file",
            )  # fmt: skip


BatchCheck = Callable[[Batch, Inventory, FlowSettings], Iterator[Problem]]
BATCH_CHECKS: tuple[BatchCheck, ...] = (
    _controls_have_events,
    _compensation_is_possible,
    _matrices_agree,
    _voltages_agree,
)


# ----------------------------------------------------------------- headers


def _headers(rows: Iterable[SampleRow], files: Inventory) -> Iterator[tuple[SampleRow, DatasetHeader]]:
    """Rows whose file is in the raw folder and readable, with the header of their dataset."""
    for row in rows:
        raw = files.get(row.files[0]) if row.files and not row.excluded else None
        if raw is None or raw.problem or raw.format != "fcs":
            continue
        for header in raw.header.datasets:
            if header.index == row.dataset:
                yield row, header


def _voltage(panel: Panel, names: tuple[str, ...]) -> tuple[str, float] | None:
    try:
        match = find_channel(names, panel.channels, panel.markers, what="dye")
        return match.channel, float(panel.voltages[match.index])
    except (UnknownChannelError, ValueError):
        return None


def _named(rows: list[SampleRow]) -> str:
    names = ", ".join(row.sample for row in rows[:NAMES_SHOWN])
    return names if len(rows) <= NAMES_SHOWN else f"{names} and {len(rows) - NAMES_SHOWN} more"
