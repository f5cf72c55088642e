"""What travels to a worker together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import exoraw
from exoraw.assays.contract import Params, Unit
from exoraw.engine.bundles import LARGEST, Pace
from exoraw.engine.options import RunOptions
from exoraw.engine.run import run
from exoraw.engine.tasks import Limits, Order, Receipt
from exoraw.store.rows import TaskRow


def order(number: int, step: str = "gate", submission: int = 0) -> Order:
    row = TaskRow(
        task_id=f"{number:032}",
        unit=f"p/{step}/{number}",
        status="failed",
        run_id="r",
        pipeline="p",
        step=step,
    )
    unit = Unit(row.unit, (), {}, Params())
    return Order("raw", "results", "crumbs", row, unit, {}, {}, Limits(60, 10**9), "1", submission=submission)


def done(one: Order, seconds: float, status: str = "ok") -> Receipt:
    return Receipt(one.row.with_(status=status, seconds=seconds), committed=True)


def sizes(pace: Pace, orders: list[Order]) -> list[int]:
    bundles = pace.bundles(orders)
    assert [one for bundle in bundles for one in bundle] == orders
    return [len(bundle) for bundle in bundles]


def test_a_step_of_which_nothing_is_known_goes_one_by_one() -> None:
    assert sizes(Pace(), [order(n) for n in range(3)]) == [1, 1, 1]


@pytest.mark.parametrize(("seconds", "size"), [(0.01, LARGEST), (0.1, 5), (0.2, 2), (0.4, 1), (60.0, 1)])
def test_a_bundle_takes_about_half_a_second(seconds: float, size: int) -> None:
    pace = Pace()
    pace.note(done(order(0), seconds))
    assert max(sizes(pace, [order(n) for n in range(40)])) == size


def test_steps_are_not_mixed_and_what_was_handed_out_before_goes_alone() -> None:
    pace = Pace()
    pace.note(done(order(0), 0.01))
    mixed = [order(1), order(2), order(3, "count"), order(4), order(5, submission=1), order(6, submission=1)]
    assert sizes(pace, mixed) == [2, 1, 1, 1, 1]


def test_a_step_whose_tasks_fail_goes_one_by_one() -> None:
    pace = Pace()
    pace.note(done(order(0), 0.001, "crashed"))
    assert sizes(pace, [order(1), order(2)]) == [1, 1]
    pace.note(replace(done(order(0), 0.3)))
    assert sizes(pace, [order(1), order(2)]) == [1, 1]


def test_short_tasks_around_a_crash_are_all_finished_and_only_the_crash_is_labelled(toy_study: Any) -> None:
    for number in range(60):
        toy_study.add(f"s{number}", batch="b", value=number, act="segfault" if number in (31, 33) else "")
    summary = run(toy_study.path, RunOptions(workers=1))
    assert {row.unit: row.status for row in summary.failures if row.status == "crashed"} == {
        "toys/measure/s31": "crashed",
        "toys/measure/s33": "crashed",
    }
    numbers = exoraw.open(toy_study.results).table("measurements")
    assert (numbers["measure"] == "toy_value").sum() == 58
    assert not list(Path(toy_study.results, ".store").glob("crumbs"))
