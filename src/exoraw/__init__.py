"""exoraw: folders of raw instrument files in, one tidy results table with its evidence out."""

__version__ = "0.1.0"
