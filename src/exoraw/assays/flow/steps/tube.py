"""One tube on its way to the gates: read, margins, compensation (once), debris, single cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from exoraw.assays.contract import Finding, Params, ReadyFile
from exoraw.assays.flow.arrays import BoolArray, FloatArray
from exoraw.assays.flow.debris import DebrisGate
from exoraw.assays.flow.dyes import Dye
from exoraw.assays.flow.fcs import FcsData, header, read_fcs
from exoraw.assays.flow.margins import Margins, detector_floor, margin_events
from exoraw.assays.flow.panel import (
    Match,
    Panel,
    Pulse,
    find_channel,
    find_pulse,
    labelled_otherwise,
    otherwise,
    panel_of,
)
from exoraw.assays.flow.quality.channels import judged_channels
from exoraw.assays.flow.quality.time import TimeQuality, time_quality
from exoraw.assays.flow.settings import Cleaning, FlowSettings, Scatter
from exoraw.assays.flow.singlets import singlet_gate
from exoraw.study.spec import Severity

SATURATED_SHARE = 0.01  # of cells on the ceiling of a dye's detector: medians above it are too low
MARGIN_SHARE = 0.10  # of events on the edge of scatter: voltages or thresholds are off
PULSES: tuple[Pulse, ...] = ("area", "height", "width")
ON_RECORD_ONLY = frozenset({"conversion", "time_step", "text_empty_values", "data_end_off_by_one"})


class TubeParams(Params):
    """What reading and cleaning one tube depends on."""

    dyes: tuple[Dye, ...]
    scatter: Scatter
    cleaning: Cleaning

    @classmethod
    def of(cls, settings: FlowSettings) -> TubeParams:
        """Take them from the settings of the assay."""
        return cls(dyes=settings.strategy.dyes, scatter=settings.scatter, cleaning=settings.cleaning)


@dataclass(frozen=True)
class Scattered:
    """The scatter signals of a tube, linear; None where the instrument did not record one."""

    area: FloatArray | None
    height: FloatArray | None
    width: FloatArray | None
    side: FloatArray | None
    tops: tuple[float | None, float | None, float | None]  # $PnR of area, side, height
    forward: str = ""  # name of the channel of the area


@dataclass(frozen=True)
class Tube:
    """A tube, read.

    Parameters
    ----------
    stains : channel of every dye of the strategy, in its order
    columns : of `data.events`, of the stained channels
    scatter : the scatter signals, (n,) each
    on_scale : (n,) mask without the events at the end of a scatter scale
    in_range : (n,) of these the ones recorded while flow and signals were steady
    quality : what was seen over time, without its slices (`over_time` gives these again); None where it is
        switched off or the tube is empty
    tops : $PnR of the stained channels, linear; None where unknown
    data : the file, for its matrix and its keywords; its events are those of the needed channels only
    recorded, labels : names of all channels of the file, and what their labels say
    findings : of the reader and of the margins
    """

    stains: tuple[Match, ...]
    columns: tuple[int, ...]
    scatter: Scattered
    on_scale: BoolArray
    in_range: BoolArray
    quality: TimeQuality | None
    tops: tuple[float | None, ...]
    data: FcsData
    recorded: tuple[str, ...]
    labels: tuple[str, ...]
    findings: tuple[Finding, ...]

    def __len__(self) -> int:
        return len(self.data)

    def measured(self, events: BoolArray) -> FloatArray:
        """(k, dyes) linear signal of these events, not compensated, from a mask of all of them."""
        return np.column_stack([self.data.events[events, column] for column in self.columns])

    def margins(self, events: BoolArray) -> Iterator[Margins]:
        """Which of these events lie at the ends of a dye's detector, dye by dye."""
        for match, column, top in zip(self.stains, self.columns, self.tops, strict=True):
            yield margin_events(self.data.events[events, column, np.newaxis], [match.channel], [top])

    @property
    def forward_channel(self) -> str:
        """Name of the channel of forward scatter area, "" where there is none."""
        return self.scatter.forward

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the stained channels."""
        return tuple(match.channel for match in self.stains)

    def voltage(self, match: Match) -> float | None:
        """Voltage of a channel's detector, None where the file does not give one."""
        text = self.data.keywords.get(f"$P{self.data.parameters[match.index].number}V", "")
        try:
            return float(str(text).replace(",", "."))
        except ValueError:
            return None

    @property
    def floors(self) -> tuple[float | None, ...]:
        """Lowest value that each dye's detector can show, where events pile up on it."""
        return tuple(detector_floor(self.data.events[:, column]) for column in self.columns)


@dataclass(frozen=True)
class Cleaned:
    """Masks of a tube's populations, each a part of the one before: in range, cells, single cells."""

    in_range: BoolArray
    cells: BoolArray
    singlets: BoolArray
    singlet_method: str
    findings: tuple[Finding, ...]


def read_tube(file: ReadyFile, params: TubeParams) -> Tube:
    """Read a tube and find its channels.

    Raises
    ------
    FormatError : the file cannot be read
    UnknownChannelError : a stained channel is not there, or several could be meant
    """
    panel = _panel(file)
    needed = None if panel is None else _needed(panel, params)
    data = read_fcs(file.path, dataset=file.dataset, channels=needed)
    stains = tuple(
        find_channel(dye.names, data.channels, data.markers, what=dye.title, absent=dye.absent)
        for dye in params.dyes
    )
    scatter = _scatter(data, params.scatter)
    on_scale, margins = _on_scale(data, params)
    quality = over_time(data, on_scale) if params.cleaning.time and len(data) else None
    if quality is not None:  # what a picture needs is as large as the tube; most tubes have none
        quality = replace(quality, bins=None)
    kept = tuple(finding for finding in data.findings if finding.code not in ON_RECORD_ONLY)
    columns = tuple(match.index for match in stains)
    return Tube(
        stains,
        columns,
        scatter,
        on_scale,
        on_scale if quality is None else on_scale & quality.keep,
        quality,
        tuple(data.ranges[column] for column in columns),
        data,
        data.channels if panel is None else panel.channels,
        data.markers if panel is None else panel.markers,
        (
            *kept,
            *margins,
            *(quality.findings if quality else ()),
            *_guessed(stains, params.dyes),
            *_labelled(stains, params.dyes),
        ),
    )


def _panel(file: ReadyFile) -> Panel | None:
    """The file's channels; None where a name is missing or double, so that none can be asked for by name."""
    found = [one for one in header(file.path).datasets if one.index == file.dataset]
    panel = panel_of(found[0]) if found else None
    if panel is None or not panel.channels:
        return None
    names = {name.casefold() for name in panel.channels if name}
    return panel if len(names) == len(panel.channels) else None


def _needed(panel: Panel, params: TubeParams) -> list[str]:
    """Names of the channels that the gates look at: the dyes, scatter and the clock."""
    columns: list[int | None] = [
        find_channel(dye.names, panel.channels, panel.markers, what=dye.title, absent=dye.absent).index
        for dye in params.dyes
    ]
    forward, side = params.scatter.forward, params.scatter.side
    columns += [find_pulse(forward, pulse, panel.channels) for pulse in PULSES]
    columns.append(find_pulse(side, "area", panel.channels))
    names = [panel.channels[index] for index in dict.fromkeys(columns) if index is not None]
    return names if panel.clock in ("", *names) else [*names, panel.clock]


def clean(tube: Tube, debris: DebrisGate | None, *, singlets: bool) -> Cleaned:
    """Take out debris with the batch's gate and doublets with the tube's own.

    Parameters
    ----------
    debris : gate of the batch; None where it is switched off or forward scatter was not recorded
    singlets : whether doublets are taken out
    """
    area = tube.scatter.area
    if area is None or not len(tube):
        return Cleaned(tube.in_range, tube.in_range, tube.in_range, "none", ())
    cells = tube.in_range if debris is None else tube.in_range & debris.keeps(area)
    if not singlets or not cells.any():
        return Cleaned(tube.in_range, cells, cells, "none", ())
    height, width = tube.scatter.height, tube.scatter.width
    gate = singlet_gate(
        area[cells],
        None if height is None else height[cells],
        None if width is None else width[cells],
    )
    kept = cells.copy()
    kept[cells] = gate.keep
    return Cleaned(tube.in_range, cells, kept, gate.method, gate.findings)


def of_sample(
    findings: Sequence[Finding], sample: str, apart: frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """Put the sample's name on findings, of whichever axis or channel, so that they touch its numbers.

    Parameters
    ----------
    apart : entities with numbers of their own ("marker:CD63"), which alone a remark on them touches
    """
    return tuple(
        replace(one, sample=sample, entity=one.entity if one.entity in apart else "") for one in findings
    )


def _scatter(data: FcsData, names: Scatter) -> Scattered:
    area = find_pulse(names.forward, "area", data.channels)
    height = find_pulse(names.forward, "height", data.channels)
    width = find_pulse(names.forward, "width", data.channels)
    side = find_pulse(names.side, "area", data.channels)
    if height == area:
        height = None

    def column(index: int | None) -> FloatArray | None:
        return None if index is None else data.events[:, index]

    tops = tuple(None if index is None else data.ranges[index] for index in (area, side, height))
    forward = "" if area is None else data.channels[area]
    ends = (tops[0], tops[1], tops[2])
    return Scattered(column(area), column(height), column(width), column(side), ends, forward)


def over_time(data: FcsData, on_scale: BoolArray) -> TimeQuality:
    """Time quality on the channels that are held: scatter and the strategy's dyes."""
    judged = judged_channels(data.channels)
    time = data.time_ticks if data.timestep is None else data.time_seconds
    names = [data.channels[place] for place in judged]
    return time_quality(time, data.events, names=names, columns=judged, usable=on_scale)


def _on_scale(data: FcsData, params: TubeParams) -> tuple[BoolArray, tuple[Finding, ...]]:
    """Mask of events that touch no end of a scatter scale. Dye detectors only leave a finding.

    The brightest late apoptotic cells sit at the end of the dye's scale: taking them out would take the
    effect out.
    """
    everything = np.ones(len(data), dtype=bool)
    found = [
        index
        for names in (params.scatter.forward, params.scatter.side)
        if (index := find_pulse(names, "area", data.channels)) is not None
    ]
    if not params.cleaning.margins or not found or not len(data):
        return everything, ()
    names = [data.channels[index] for index in found]
    margins = margin_events(data.events[:, found], names, [data.ranges[index] for index in found])
    removed = margins.saturated | margins.low
    if margins.share <= MARGIN_SHARE:
        return ~removed, ()
    severity: Severity = "warning"
    message = (
        f"{100 * margins.share:.1f} % of the events lie at the end of the {' or '.join(names)} scale and "
        "were taken out. Lower the scatter voltage, or raise the threshold of the trigger."
    )
    return ~removed, (Finding("margin_events", severity, message, value=margins.share, limit=MARGIN_SHARE),)


def _labelled(stains: Sequence[Match], dyes: Sequence[Dye]) -> Iterator[Finding]:
    """A channel whose label names another stain may hold that stain."""
    for match, dye in zip(stains, dyes, strict=True):
        if labelled_otherwise(match, dye.names):
            yield Finding("channel_labelled_otherwise", "warning", otherwise(match, dye.title))


def _guessed(stains: Sequence[Match], dyes: Sequence[Dye]) -> Iterator[Finding]:
    """A detector's name says what it can see, not which dye was in the tube: that is kept on record."""
    for match, dye in zip(stains, dyes, strict=True):
        twice = any(match.index == other.index for other in stains if other is not match)
        if twice or match.asked.casefold() not in {name.casefold() for name in dye.detectors}:
            continue
        message = (
            f'No channel is labelled {dye.title}; "{match.channel}" was taken because {dye.seen} is '
            f"often seen there. Name the channel in {dye.setting} if another one is meant."
        )
        yield Finding("channel_by_detector", "info", message)
