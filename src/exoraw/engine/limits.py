"""How many workers, and what one task may use: what the study says, as far as this machine has it."""

from __future__ import annotations

from exoraw.engine import platform
from exoraw.engine.options import RunOptions
from exoraw.engine.plan import Plan
from exoraw.engine.tasks import Limits
from exoraw.study.model import Limits as StudyLimits

_SHARE_OF_MACHINE = 0.9  # of the memory, divided among the workers; the rest is for the system
_LEAST_MEMORY = 10**9  # bytes; below this even importing an assay fails


def worker_count(options: RunOptions, plan: Plan) -> int:
    """Return the number of worker processes: as asked, else one per core, never more than units to run."""
    work = plan.counts.get("run", 0) + plan.counts.get("wait", 0)
    asked = platform.usable_cores() if options.workers is None else options.workers
    return min(asked, work)


def task_limits(study: StudyLimits, options: RunOptions, workers: int) -> Limits:
    """Return the limits of one task.

    A limit that a person gives for this run is taken as it is; that of the study is lowered to a worker's
    share of this machine, so that one task fails before the system has to kill another.
    """
    timeout = study.timeout_s if options.timeout_s is None else options.timeout_s
    if options.memory_gb is not None:
        return Limits(timeout, int(options.memory_gb * 1e9))
    wanted = int(study.memory_gb * 1e9)
    if options.scheduler:
        return Limits(timeout, wanted)
    share = int(_SHARE_OF_MACHINE * platform.total_memory() / max(workers, 1))
    return Limits(timeout, max(min(wanted, share), _LEAST_MEMORY))
