"""Which channel of a file the words of the lab mean: "FITC", "Annexin V", "PI", "FSC"."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from exoraw.assays.flow.fcs.parameters import TIME_NAMES
from exoraw.io.errors import StudyError
from exoraw.io.inventory import DatasetHeader

Pulse = Literal["area", "height", "width"]

# endings that instruments give a channel for the part of the pulse it holds
PULSE_WORDS: dict[str, Pulse] = {
    "a": "area", "area": "area", "int": "area", "lina": "area", "loga": "area",
    "h": "height", "height": "height", "peak": "height", "linh": "height", "logh": "height",
    "w": "width", "width": "width",
}  # fmt: skip
# what follows "PE" or "APC" in the name of a tandem dye, whose light lies elsewhere: "PE-Cy7", "APC-H7"
ACCEPTOR = re.compile(r"(?:cy|cyanine|vio|cf|dazzle|fire|texas|txred|tr|alexa|af|efluor|ef)\d*|[hr]\d+")
NEIGHBOURS_SHOWN = 3
CHANNELS_SHOWN = 20  # spectral cytometers have sixty, which nobody reads in a message
SPILLOVER_KEYWORDS = ("$SPILLOVER", "SPILL", "SPILLOVER", "$COMP")


class UnknownChannelError(StudyError):
    """No channel, or more than one, answers to a name of the settings."""


@dataclass(frozen=True)
class Panel:
    """The parameters of one dataset as its header names them.

    Parameters
    ----------
    channels, markers, voltages : $PnN, $PnS and $PnV, in order, "" where absent
    spillover : whether the header carries a matrix keyword
    clock : name of the time channel, "" where there is none
    """

    channels: tuple[str, ...]
    markers: tuple[str, ...]
    voltages: tuple[str, ...]
    spillover: bool
    clock: str = ""


def panel_of(header: DatasetHeader) -> Panel:
    """Read the panel from a header's keywords, whatever their case."""
    fields = {key.strip().upper(): value.strip() for key, value in header.fields.items()}
    count = _whole(fields.get("$PAR", "")) or _highest(fields)
    numbers = range(1, count + 1)
    names = tuple(fields.get(f"$P{n}N", "") for n in numbers)
    timed = (fields.get(f"$P{n}TYPE", "").upper() == "TIME" for n in numbers)
    clocks = [name for name, typed in zip(names, timed, strict=True) if typed or name.upper() in TIME_NAMES]
    return Panel(
        names,
        tuple(fields.get(f"$P{n}S", "") for n in numbers),
        tuple(fields.get(f"$P{n}V", "") for n in numbers),
        any(fields.get(key) for key in SPILLOVER_KEYWORDS),
        clocks[0] if clocks else "",
    )


@dataclass(frozen=True)
class Match:
    """One channel of a file and how it was found.

    Parameters
    ----------
    index : column of the event table
    channel, marker : $PnN and $PnS as the file writes them
    asked : the word of the settings that found it
    by : "channel" where $PnN answered, "marker" where $PnS did
    """

    index: int
    channel: str
    marker: str
    asked: str
    by: Literal["channel", "marker"]

    @property
    def label(self) -> str:
        """Channel with its marker: "FITC-A (Annexin V)"."""
        return (
            f"{self.channel} ({self.marker})" if self.marker and self.marker != self.channel else self.channel
        )


def find_channel(
    asked: Sequence[str], channels: Sequence[str], markers: Sequence[str], *, what: str, absent: str = ""
) -> Match:
    """Return the one channel that the first answering word of `asked` means.

    Every word is tried in four ways, the strictest first: as $PnN, as $PnS, as $PnN without the ending
    for area, height or width, and as whole words inside $PnS or $PnN ("PI" in "PI/PE-Cy5-A", never in
    "spin"). Where area, height and width of one signal answer, the area is meant.

    Parameters
    ----------
    asked : names in order of preference
    channels, markers : $PnN and $PnS of the file
    what : what the channel is for, for the message ("the dead-cell dye")
    absent : what to do where the panel has no such dye, the last sentence of the message

    Raises
    ------
    UnknownChannelError : nothing answers (with the nearest names) or several do (with the candidates)
    """
    for word in asked:
        found = _answers(word, channels, markers)
        if len(found) > 1:
            names = ", ".join(_label(channels[i], markers[i]) for i in found)
            raise UnknownChannelError(
                f'"{word}" ({what}) could mean {len(found)} channels: {names}. '
                "Write the one that is meant in the settings, spelt as the file spells it."
            )
        if found:
            index = found[0]
            by: Literal["channel", "marker"] = "channel" if _speaks(word, channels[index]) else "marker"
            return Match(index, channels[index], markers[index], word, by)
    raise UnknownChannelError(f"{_unknown(asked, channels, markers, what)} {absent}".strip())


def find_pulse(asked: Sequence[str], pulse: Pulse, channels: Sequence[str]) -> int | None:
    """Return the column of a scatter signal's area, height or width; None where it was not recorded.

    A bare name ("FSC") counts as the area where no other area exists: analog instruments write one
    signal only. Where several lasers see the signal (SSC, SSC-B) the first in the file is taken.
    """
    for word in asked:
        hits = [i for i, name in enumerate(channels) if _stem(name) == _squeeze(word)]
        same = [i for i in hits if _pulse(channels[i]) == pulse]
        if same:
            return same[0]
        if pulse == "area":
            bare = [i for i in hits if _pulse(channels[i]) is None]
            height = [i for i in hits if _pulse(channels[i]) == "height"]
            if bare or height:
                return (bare or height)[0]
    return None


def labelled_otherwise(match: Match, asked: Sequence[str]) -> bool:
    """Whether the channel was found by its detector's name while $PnS names something else ("CD44").

    A channel that the settings write out as the file spells it is the person's own decision.
    """
    marker = match.marker.strip()
    if match.by == "marker" or not marker or match.asked.casefold() == match.channel.strip().casefold():
        return False
    of_detector = _squeeze(marker) in _squeeze(match.channel) or _speaks(_stem(match.channel), marker)
    return not of_detector and not any(_speaks(word, marker) for word in asked)


def otherwise(match: Match, what: str) -> str:
    """What a person is told of a channel that is labelled otherwise."""
    return (
        f'{match.channel} was taken for {what} because "{match.asked}" is in its name, but the file labels '
        f'it "{match.marker}". If it is the right one, write "{match.channel}" in the settings of '
        "study.yaml; else write the name of the channel that is meant."
    )


def answers_to(word: str, channels: Sequence[str], markers: Sequence[str]) -> bool:
    """Whether any channel answers to this word."""
    return bool(_answers(word, channels, markers))


def same_dye(one: str, other: str) -> bool:
    """Whether two names of a dye mean the same: case, blanks, dashes and "-A" do not matter."""
    return _stem(one) == _stem(other) or _squeeze(one) == _squeeze(other)


# ----------------------------------------------------------------- how names are compared


def _answers(word: str, channels: Sequence[str], markers: Sequence[str]) -> list[int]:
    """Columns that answer to a word in the strictest way that has an answer; area before height."""
    exact = word.strip().casefold()
    ways: tuple[tuple[Sequence[str], Callable[[str], bool]], ...] = (
        (channels, lambda name: name.strip().casefold() == exact),
        (markers, lambda name: name.strip().casefold() == exact),
        (channels, lambda name: _stem(name) == _squeeze(word)),
        (markers, lambda name: _speaks(word, name)),
        (channels, lambda name: _speaks(word, name)),
    )
    answers = ([i for i, name in enumerate(names) if speaks(name)] for names, speaks in ways)
    return _one_pulse(next((found for found in answers if found), []), channels, markers)


def _one_pulse(found: list[int], channels: Sequence[str], markers: Sequence[str]) -> list[int]:
    """Keep the areas where any of several answers is one, else the heights."""
    if len(found) < 2:
        return found
    for pulse in ("area", "height"):
        kept = [i for i in found if pulse in (_pulse(channels[i]), _pulse(markers[i]))]
        if kept:
            return kept
    return found


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", name.casefold()))


def _squeeze(name: str) -> str:
    return "".join(_words(name))


def _pulse(name: str) -> Pulse | None:
    words = _words(name)
    if len(words) > 1:
        for word in reversed(words[1:]):
            if word in PULSE_WORDS:
                return PULSE_WORDS[word]
    return None


def _stem(name: str) -> str:
    """The name without blanks, dashes, "lin" / "log" and the word for area, height or width."""
    words = _words(name)
    kept = (word for word in words[1:] if word not in PULSE_WORDS and word not in {"lin", "log"})
    return "".join((*words[:1], *kept))


def _speaks(word: str, name: str) -> bool:
    """Whether the word stands in the name as whole words ("Annexin V" in "AnnexinV-FITC-A").

    The first half of a tandem dye is not the dye: "PE" does not stand in "PE-Cy7".
    """
    target, words = _squeeze(word), _words(name)
    if not target:
        return False
    return any(
        "".join(words[start:end]) == target and not (words[end:] and ACCEPTOR.fullmatch(words[end]))
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    )


def _label(channel: str, marker: str) -> str:
    return f"{channel} ({marker})" if marker.strip() and marker != channel else channel


def _unknown(asked: Sequence[str], channels: Sequence[str], markers: Sequence[str], what: str) -> str:
    names = [name for name in (*channels, *markers) if name.strip()]
    folded = {name.casefold(): name for name in names}
    near: list[str] = []
    for word in asked:
        near += [folded[hit] for hit in difflib.get_close_matches(word.casefold(), folded, n=2, cutoff=0.5)]
    unique = list(dict.fromkeys(near))[:NEIGHBOURS_SHOWN]
    hint = f" Did you mean {' or '.join(unique)}?" if unique else ""
    labels = [_label(c, m) for c, m in zip(channels, markers, strict=True)]
    more = f" and {len(labels) - CHANNELS_SHOWN} more" if len(labels) > CHANNELS_SHOWN else ""
    recorded = (", ".join(labels[:CHANNELS_SHOWN]) or "none") + more
    wanted = " or ".join(f'"{word}"' for word in asked)
    return (
        f"No channel of this file answers to {wanted} ({what}).{hint} Channels in the file: {recorded}. "
        "Write the name of the right one into the settings of study.yaml."
    )


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _highest(fields: Mapping[str, str]) -> int:
    numbers = [_whole(key[2:-1]) for key in fields if key.startswith("$P") and key.endswith("N")]
    return max(numbers, default=0)
