"""How the units of the blot assay are named."""

from __future__ import annotations

from exoraw.assays.blot.steps.membranes import Membrane, Picture

LANE_COLUMNS = ("membrane", "lane")  # what a picture's lanes are read from


def quantify_key(pipeline: str, membrane: Membrane, picture: Picture) -> str:
    """Key of the unit that measures one picture."""
    page = f" page {picture.page + 1}" if picture.page else ""
    return f"{pipeline}/quantify/{membrane.name}/{picture.paths[0]}{page}"


def loading_key(pipeline: str) -> str:
    """Key of the unit that tests the loading proteins of all membranes."""
    return f"{pipeline}/loading"


def normalise_key(pipeline: str, membrane: Membrane) -> str:
    """Key of the unit that divides the volumes of one membrane."""
    return f"{pipeline}/normalise/{membrane.name}"


def bridge_key(pipeline: str, membrane: Membrane) -> str:
    """Key of the unit that refers a membrane without a control to others."""
    return f"{pipeline}/bridge/{membrane.name}"


def judge_key(pipeline: str, step: str, membrane: Membrane) -> str:
    """Key of the unit that judges presence or binding on one membrane."""
    return f"{pipeline}/{step}/{membrane.name}"
