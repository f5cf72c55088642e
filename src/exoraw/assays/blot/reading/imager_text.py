"""What imagers write about themselves in free text: exposure, date, instrument, binning, channel.

Written by ImageQuant 800 as "Exposure time = 3.5 s", by Bio-Rad as XML, by others as "Exposure: 10 sec".
"""

from __future__ import annotations

import math
import re

from exoraw.assays.blot.reading.raster import Capture

_PAIR = re.compile(r"^[ \t]*([A-Za-z][\w&/() .-]{0,60}?)[ \t]*[=:][ \t]*(.*?)[ \t]*$", re.MULTILINE)
_EXPOSURE = re.compile(r"(?i)^exposure[ _]?(?:time|duration)?(?:[ _]?\((?P<unit>ms|s|sec|min)\))?$")
_AMOUNT = re.compile(r"^([0-9]+(?:\.[0-9]+)?)\s*(ms|msec|s|sec|seconds?|min|minutes?)?$", re.IGNORECASE)
_SECONDS = {"ms": 1e-3, "msec": 1e-3, "min": 60.0, "minute": 60.0, "minutes": 60.0}
_DATE = re.compile(r"^(\d{4})[:/-](\d\d)[:/-](\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?)?")
_DAY_FIRST = re.compile(r"^(\d{1,2})-([A-Za-z]{3})-(\d{4})(?: (\d\d):(\d\d)(?::(\d\d))?)?")
_ZONE = re.compile(r"UTC([+-]\d\d:?\d\d)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CHANNELS = ("imaging mode", "channel", "led&filter", "application")
_KEPT = ("binning", "filter", "light", "iris", "exposure mode", "gain", "tray position", "firmware1")
LONGEST = 200  # letters of a setting
LONGEST_EXPOSURE_S = 86_400.0


def capture_from_text(text: str) -> Capture:
    """Read "key = value" or "key: value" lines of an image description.

    Parameters
    ----------
    text : the whole description; text without such lines gives an empty Capture
    """
    pairs = {key.strip().lower(): value.strip() for key, value in _PAIR.findall(text[:64_000])}
    return Capture(
        exposure_s=next(
            (s for key, value in pairs.items() if (s := _exposure(key, value)) is not None), None
        ),
        model=pairs.get("instrument", "")[:LONGEST],
        serial=pairs.get("serial number", "")[:LONGEST],
        software=pairs.get("software", "")[:LONGEST],
        acquired_at=iso_date(pairs.get("date time", ""), pairs.get("time zone", "")),
        channel=next((pairs[key] for key in _CHANNELS if pairs.get(key)), "")[:LONGEST],
        settings={key: pairs[key][:LONGEST] for key in _KEPT if pairs.get(key)},
    )


def _exposure(key: str, value: str) -> float | None:
    match = _EXPOSURE.match(key)
    return seconds(value, match["unit"] or "") if match else None


def seconds(value: str, unit: str = "") -> float | None:
    """Seconds of "3.5 s", "250 ms", "2 min" or "10" (in `unit`); None where it is no sensible time."""
    match = _AMOUNT.match(value.strip())
    if match is None:
        return None
    found = float(match[1]) * _SECONDS.get((match[2] or unit).lower(), 1.0)
    return found if math.isfinite(found) and 0.0 < found <= LONGEST_EXPOSURE_S else None


def iso_date(written: str, zone: str = "") -> str:
    """ISO 8601 of "2024:07:10 13:14:25" or "15-Dec-2015 11:55"; "" where it is none. No zone is invented."""
    match = _DATE.match(written.strip())
    if match:
        year, month, day, *clock = match.groups()
    elif match := _DAY_FIRST.match(written.strip()):
        word = match[2].lower()
        if word not in _MONTHS:
            return ""
        year, month, day = match[3], f"{_MONTHS.index(word) + 1:02d}", f"{int(match[1]):02d}"
        clock = list(match.groups()[3:])
    else:
        return ""
    if not 1 <= int(month) <= 12 or not 1 <= int(day) <= 31:
        return ""
    hour, minute, second = clock
    if hour is None or minute is None or int(hour) > 23 or int(minute) > 59:
        return f"{year}-{month}-{day}"
    time = f"{hour}:{minute}" + (f":{second}" if second else "")
    found = _ZONE.search(zone)
    return f"{year}-{month}-{day}T{time}{found[1] if found else ''}"


def channel_in_name(stem: str) -> str:
    """Channel of a LI-COR pair by the name of its file: "700" or "800", else ""."""
    match = re.search(r"(?:^|[_\- .])(700|800)(?:[_\- ]?nm)?$", stem)
    return match[1] if match else ""
