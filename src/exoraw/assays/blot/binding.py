"""ChIP-PCR on a gel: is a region bound? The band against its own limit, the IgG control and the input."""

from __future__ import annotations

from dataclasses import dataclass

from exoraw.assays.blot.normalise import Estimate, ratio


@dataclass(frozen=True)
class Lane:
    """The product of one lane: its adjusted volume with interval, and its detection limit."""

    volume: Estimate
    limit: float

    @property
    def detected(self) -> bool:
        """Whether it lies above its detection limit."""
        return self.volume.value > self.limit


def is_bound(pulled: Lane, igg: Lane, over_igg: float) -> bool:
    """Return whether a region counts as bound.

    The immunoprecipitate's band lies above its own detection limit, and the lower end of its 95 % interval
    above `over_igg` times the band of IgG, or what IgG could have without being seen.

    Parameters
    ----------
    pulled, igg : the lanes of one region and treatment on one gel
    over_igg : more than 1
    """
    return pulled.detected and pulled.volume.low > over_igg * max(igg.volume.value, igg.limit)


def percent_input(pulled: Lane, whole: Lane, share: float) -> Estimate | None:
    """Return the immunoprecipitate's brightness in % of that of the whole input.

    The input lane holds `share` of the chromatin, so the whole is the lane divided by it (the correction for
    1 % input). Brightness after an end-point PCR levels off: this is a description of bands, not of DNA.

    Parameters
    ----------
    pulled, whole : lanes of the immunoprecipitate and of the input
    share : of the chromatin that was kept as input, 0 to 1

    Returns
    -------
    % with its interval; None where the input has no band; never below 0
    """
    found = ratio(pulled.volume, whole.volume) if whole.detected else None
    if found is None:
        return None
    values = (max(100 * share * value, 0.0) for value in (found.value, found.low, found.high))
    return Estimate(*values)
