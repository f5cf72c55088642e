"""A blot or gel as the rest of the assay sees it: signal bright, with all that is known of the recording."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from exoraw.assays.blot.reading.polarity import Polarity
from exoraw.assays.blot.reading.raster import Capture, Pixels
from exoraw.assays.contract import Finding


@dataclass(frozen=True)
class BlotImage:
    """One picture of a membrane or gel.

    Parameters
    ----------
    path : the file
    page : from 0
    pages : pictures in the file
    pixels : (rows, columns), read-only, bands bright; the stored samples unchanged where they were so, else
        the white level minus them; whole numbers keep their type, decoded .gel and luminance are float32
    polarity : "signal bright" (as stored) or "inverted" (turned round)
    polarity_evidence : what in the pixels showed it
    format : "blot_tiff", "typhoon_gel", "blot_png", "blot_jpeg", "biorad_1sc", "biorad_scn"
    layout : how it was stored, in words ("16-bit grey, LZW")
    verified : whether a real imager's file of this format and layout has passed our tests
    raw_dtype : numpy's name of a stored sample ("uint16")
    bits : of a stored sample
    white_level : largest value that a sample can have; None for floating point
    ceiling : value at which the detector clipped, found from the pixels; None where nothing is clipped
    capture : exposure, pixel size, instrument, date, channel as the file tells
    findings : every remark about this picture
    """

    path: Path
    page: int
    pages: int
    pixels: Pixels
    polarity: Polarity
    polarity_evidence: str
    format: str
    layout: str
    verified: bool
    raw_dtype: str
    bits: int
    white_level: float | None
    ceiling: float | None
    capture: Capture
    findings: tuple[Finding, ...]

    @property
    def exposure_s(self) -> float | None:
        """Seconds of exposure, None where the file does not tell."""
        return self.capture.exposure_s

    @property
    def pixel_size_um(self) -> float | None:
        """Micrometres from pixel to pixel, None where the file does not tell."""
        return self.capture.pixel_size_um

    @property
    def instrument(self) -> str:
        """Maker and model, "" where the file does not tell."""
        return self.capture.instrument

    @property
    def acquired_at(self) -> str:
        """ISO 8601, "" where the file does not tell."""
        return self.capture.acquired_at

    @property
    def channel(self) -> str:
        """The light that was recorded: "Chemiluminescence", "700"; "" where nothing tells."""
        return self.capture.channel
