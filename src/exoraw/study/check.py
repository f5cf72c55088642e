"""Check a study before anything runs: every error at once, by file, row and column."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from exoraw.io.errors import StudyError
from exoraw.io.inventory import Inventory
from exoraw.study.check_cells import check_cells
from exoraw.study.check_compare import check_compare
from exoraw.study.check_design import check_design
from exoraw.study.check_files import check_files
from exoraw.study.checked import Checked, checked
from exoraw.study.load import LoadedStudy
from exoraw.study.spec import Problem, SheetSpec
from exoraw.study.view import StudyView
from exoraw.study.words import listed

MOST_OF_A_KIND = 50  # problems of one column and severity that are listed; the rest is counted
_NOTHING: Mapping[str, Collection[str]] = MappingProxyType({})
_ORDER = {"error": 0, "warning": 1, "info": 2}


def check(
    loaded: LoadedStudy,
    inventory: Inventory,
    specs: Mapping[str, SheetSpec],
    *,
    views: Sequence[StudyView] = (),
    formats: Mapping[str, Collection[str]] = _NOTHING,
    measures: Mapping[str, Collection[str]] = _NOTHING,
) -> list[Problem]:
    """Check study, sheet and raw files against each other.

    Parameters
    ----------
    loaded : the study as loaded
    inventory : what lies in the raw folder
    specs : pipeline -> what its assay understands of a sheet
    views : what each analysis sees; the assay's own check runs for those that are given
    formats : pipeline -> formats that its assay reads; a pipeline that is left out takes any file
    measures : pipeline -> what its assay measures, for the comparisons

    Returns
    -------
    errors first, then warnings and remarks, each in the order of the sheet. With an error nothing may run
    """
    study = checked(loaded, inventory, specs, formats)
    found = [*loaded.problems, *loaded.sheet.problems]
    found.extend(check_cells(study))
    found.extend(check_files(study))
    found.extend(check_design(study))
    found.extend(check_compare(study, measures))
    found.extend(_assay_checks(study, views))
    distinct = list(dict.fromkeys(found))
    distinct.sort(key=lambda problem: (_ORDER[problem.severity], problem.file, problem.row or 0))
    return list(_shortened(distinct))


def _assay_checks(study: Checked, views: Iterable[StudyView]) -> Iterator[Problem]:
    for view in views:
        try:
            yield from study.spec(view.pipeline).check(view, study.inventory)
        except StudyError as error:
            yield Problem("error", f"{view.pipeline}: {error}")


def _shortened(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Pass on the first problems of every column; the rest of a wholly wrong column is counted."""
    rows: dict[tuple[str, str, str], list[int]] = {}
    last: dict[tuple[str, str, str], Problem] = {}
    for problem in problems:
        key = (problem.severity, problem.file, problem.column)
        if problem.row is None:
            yield problem
            continue
        seen = rows.setdefault(key, [])
        seen.append(problem.row)
        if len(seen) <= MOST_OF_A_KIND:
            yield problem
        last[key] = problem
    for (severity, file, column), seen in rows.items():
        more = seen[MOST_OF_A_KIND:]
        if more:
            kind = last[severity, file, column].severity
            where = listed((str(row) for row in more), 5)
            yield Problem(kind, f"{len(more)} more of this kind, in rows {where}", file, None, column)
