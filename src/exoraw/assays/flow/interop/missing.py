"""What is said when a package that only some labs need is not installed."""

from __future__ import annotations

from exoraw.io.errors import ExorawError


class MissingExtraError(ExorawError, ImportError):
    """An optional package is not installed, or cannot be imported here.

    Parameters
    ----------
    package : as it is called on the package index
    extra : of exoraw, that installs it
    reason : what the import said
    """

    def __init__(self, package: str, extra: str, reason: object) -> None:
        super().__init__(
            f"{package} cannot be imported here ({reason}). It comes with an extra of exoraw: "
            f'pip install "exoraw[{extra}]", then run the same again.'
        )
