"""What the last step of the toy assay gives beyond its total, when a study asks for it."""

from dataclasses import replace

from exoraw.assays.contract import Artefact, Comparison, Figure, Inputs, Measurement, Outcome, Unit


def group(outcome: Outcome, unit: Unit, inputs: Inputs) -> Outcome:
    """Give a number and an object that belong to all samples, in another unit than the vocabulary's."""
    number = Measurement("", "pool_mean", 4.0, entity="curve:all", members=unit.samples, unit="nmol/L")
    return replace(
        outcome, measurements=[number], objects=[{"sample": "", "entity": "curve:all", "size": 4.0}]
    )


def compare(outcome: Outcome, unit: Unit, inputs: Inputs) -> Outcome:
    """Give a test of the numbers that the pools wrote."""
    numbers = [pool.table("measurements") for pool in inputs.earlier["pools"]]
    values = [value for table in numbers if table for value in table["value"].to_pylist()]
    assert all(pool.table("objects") is None for pool in inputs.earlier["pools"])
    checks = {"state": "too few units", "values": values}
    test = Comparison(
        "pool_mean", "Welch t", factor="batch", group="b2", reference="b1", p=0.5, assumptions=checks
    )
    return replace(outcome, comparisons=[test])


def compare_twice(outcome: Outcome, unit: Unit, inputs: Inputs) -> Outcome:
    """Give the same test twice."""
    once = compare(outcome, unit, inputs)
    return replace(once, comparisons=[*once.comparisons, replace(once.comparisons[0], p=0.4)])


def figure(outcome: Outcome, unit: Unit, inputs: Inputs) -> Outcome:
    """Give a figure of a kind that only a later report may know."""
    drawn = Figure("curve", "Curve", "dose_response", ("toy_value",), options={"x": "dose", "log": True})
    return replace(outcome, figures=[drawn, Figure("plain", "Plain", "group_points", ("toy_value",))])


def matrix(outcome: Outcome, unit: Unit, inputs: Inputs) -> Outcome:
    """Give a count table for people."""
    content = ",".join(unit.samples).encode()
    return replace(outcome, artefacts=[Artefact("matrix", "counts.csv", content, "Counts.", public=True)])


EXTRAS = {act.__name__: act for act in (matrix, figure, group, compare, compare_twice)}
