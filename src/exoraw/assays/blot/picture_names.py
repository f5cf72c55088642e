"""What the names of pictures tell: which protein of which membrane, and which one is the ladder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exoraw.assays.blot.settings import Kind, Role

# In order of trust where one picture was exported twice: the imager's own file first.
SUFFIXES = ("1sc", "gel", "tif", "tiff", "scn", "png", "jpg", "jpeg")
_EDGE, _END = r"(?:^|(?<=[\s_.\-(]))", r"(?=$|[\s_.\-)])"
_MEMBRANE = re.compile(
    _EDGE + r"(?:replicate|rep|blot|membrane|mem|gel|western|wb|exp|n|r)[\s_.\-]?(\d{1,3})" + _END, re.I
)
_LAST_NUMBER = re.compile(r"[\s_\-](\d{1,2})$")
_EXPOSURE = re.compile(_EDGE + r"\d+(?:[.,]\d+)?[\s_]?(?:s|sec|secs|seconds|min|ms)" + _END, re.I)
_DATE = re.compile(_EDGE + r"(?:20)?\d{2}[\-_.]?\d{2}[\-_.]?\d{2}" + _END)
_LADDER = re.compile(_EDGE + r"(?:ladder|marker|markers|colorimetric|epi[\s_\-]?white)" + _END, re.I)
_FILLER = re.compile(_EDGE + r"(?:of|chemi|ch|raw|img|image|exposure)" + _END, re.I)
_PHOSPHO = re.compile(r"^(?:phospho|p)[\s_\-]?(?=[A-Z0-9])")
_LOADING = re.compile(
    r"^(?:gapdh|(?:beta|b|β)?[\s\-]?actin|actb|(?:alpha|beta|a|b|α|β)?[\s\-]?tubulin|tub[ab]\w*|vinculin|"
    r"lamin[\s\-]?\w*|histone[\s\-]?h3|h3|cyclophilin\w*|hsc70|ppia)$",
    re.I,
)
_STAIN = re.compile(r"ponceau|stain[\s_\-]?free|total[\s_\-]?protein|revert|coomassie|no[\s_\-]?stain", re.I)
_NOT_EXOSOMAL = re.compile(
    r"^(?:calnexin|canx|gm130|golga2|grp94|calreticulin|cyto(?:chrome)?[\s\-]?c)$", re.I
)


@dataclass(frozen=True)
class Named:
    """One picture by its name.

    Parameters
    ----------
    path : in the raw folder
    membrane : name of the membrane, "1" where nothing tells
    protein : what is left of the name; "" where nothing is
    ladder : whether it shows the ladder alone
    """

    path: str
    membrane: str
    protein: str
    ladder: bool


def named(paths: Sequence[str]) -> tuple[Named, ...]:
    """Return what the names of pictures tell; of one picture in several formats the best one is kept."""
    folders = {path.rpartition("/")[0] for path in paths}
    return tuple(_named(path, len(folders) > 1) for path in _best(paths))


def role_of(protein: str, kind: Kind) -> Role:
    """Return what a protein is there for, by its name; a person looks at it."""
    if kind == "chip_pcr_gel":
        return "product"
    if kind == "ev_markers":
        return "negative_control" if _NOT_EXOSOMAL.match(protein) else "marker"
    if _STAIN.search(protein):
        return "total_protein"
    return "loading" if _LOADING.match(protein) else "target"


def total_form(protein: str, others: Iterable[str]) -> str:
    """Return the total form of a phospho-protein among the others, "" where there is none."""
    bare = _PHOSPHO.sub("", protein)
    if bare == protein:
        return ""
    same = (
        other
        for other in others
        if _plain(other) in (_plain(bare), f"t{_plain(bare)}", f"total{_plain(bare)}")
    )
    return next(same, "")


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-]", "", name).casefold()


def _best(paths: Sequence[str]) -> list[str]:
    kept: dict[str, str] = {}
    for path in sorted(paths, key=lambda one: (_rank(one), one)):
        kept.setdefault(path.rpartition(".")[0].casefold(), path)
    return sorted(kept.values())


def _rank(path: str) -> int:
    suffix = path.rpartition(".")[2].casefold()
    return SUFFIXES.index(suffix) if suffix in SUFFIXES else len(SUFFIXES)


def _named(path: str, by_folder: bool) -> Named:
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    stem = _DATE.sub(" ", _EXPOSURE.sub(" ", stem)).strip(" _.-")
    hit = _MEMBRANE.search(stem) or _LAST_NUMBER.search(stem)
    own = hit.group(1).lstrip("0") or "0" if hit else ""
    if hit is not None:
        stem = f"{stem[: hit.start()]} {stem[hit.end() :]}"
    ladder = bool(_LADDER.search(stem))
    stem = _FILLER.sub(" ", _LADDER.sub(" ", stem) if ladder else stem)
    protein = re.sub(r"[\s_.]+", " ", stem).strip(" -_.").replace("/", "-")
    of_folder = folder.rpartition("/")[2] if by_folder else ""
    return Named(path, " ".join(part for part in (of_folder, own) if part) or "1", protein, ladder)
