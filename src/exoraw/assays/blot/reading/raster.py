"""A decoded picture before anything is decided about it: stored samples and what the file says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from exoraw.assays.contract import Finding

Pixels = npt.NDArray[Any]
Meaning = Literal["grey", "rgb", "palette"]


@dataclass(frozen=True)
class Capture:
    """How the picture was taken, as far as the file tells; "" and None where it does not.

    Parameters
    ----------
    exposure_s : seconds of exposure
    pixel_size_um : micrometres from pixel to pixel
    make, model, serial, software : the imager and the program that wrote the file
    acquired_at : ISO 8601; a zone only where the file has one
    channel : "Chemiluminescence", "700": the light that was recorded
    settings : further settings in the imager's words ("Binning": "5x5")
    """

    exposure_s: float | None = None
    pixel_size_um: float | None = None
    make: str = ""
    model: str = ""
    serial: str = ""
    software: str = ""
    acquired_at: str = ""
    channel: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def instrument(self) -> str:
        """Maker and model as one name, the maker not twice."""
        if self.make and self.model.lower().startswith(self.make.split()[0].lower()):
            return self.model
        return " ".join(part for part in (self.make, self.model) if part)


@dataclass(frozen=True)
class Raster:
    """The stored samples of one page.

    Parameters
    ----------
    format : name of the file format ("blot_tiff")
    layout : what the decoder had to do, in words ("16-bit grey, LZW")
    pixels : (rows, columns) or (rows, columns, 3), as stored, in the byte order of this machine
    meaning : grey, rgb, or palette (the pixels are then indices into `palette`)
    palette : (2 ** bits, 3) uint16 colours, of a palette picture
    bits : of one sample as stored
    white_level : largest value that a sample can have; None for floating point, which has none
    says_white_zero : the file says that 0 is white (MinIsWhite); it decides nothing
    lossy : JPEG
    gamma : exponent that the file says was applied to the light; None where it says nothing
    pages : pictures in the file, thumbnails not counted
    """

    format: str
    layout: str
    pixels: Pixels
    bits: int
    white_level: float | None
    capture: Capture = field(default_factory=Capture)
    meaning: Meaning = "grey"
    palette: npt.NDArray[np.uint16] | None = None
    says_white_zero: bool = False
    lossy: bool = False
    gamma: float | None = None
    pages: int = 1
    findings: tuple[Finding, ...] = ()
