"""An error of the study that lists everything that is wrong with it, each with its place."""

from __future__ import annotations

from collections.abc import Iterable

from exoraw.io.errors import StudyError
from exoraw.study.spec import Problem


class StudyProblems(StudyError):  # noqa: N818  the problems are the content
    """Everything that is wrong with a study, at once; `problems` holds it one by one."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[StudyProblems], tuple[object, ...]]:
        return type(self), (self.problems,)


def errors_in(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return those problems that keep a study from being run; errors of single rows do not."""
    return tuple(problem for problem in problems if problem.severity == "error" and not problem.confined)
