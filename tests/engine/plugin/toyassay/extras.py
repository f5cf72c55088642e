"""What the last step of the toy assay gives beyond its total, when a study asks for it."""

from dataclasses import replace

from exoraw.assays.contract import Inputs, Measurement, Outcome, Unit


def group(outcome: Outcome, unit: Unit, inputs: Inputs) -> Outcome:
    """Give a number and an object that belong to all samples, in another unit than the vocabulary's."""
    number = Measurement("", "pool_mean", 4.0, entity="curve:all", members=unit.samples, unit="nmol/L")
    return replace(
        outcome, measurements=[number], objects=[{"sample": "", "entity": "curve:all", "size": 4.0}]
    )


EXTRAS = {"group": group}
