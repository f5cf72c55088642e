"""A study made ready: raw files looked at, assays loaded, settings checked, rows handed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exoraw.assays import registry
from exoraw.assays.comparing import Compare, unit_key
from exoraw.assays.contract import Assay, Params, Step
from exoraw.engine.inventory import take_inventory
from exoraw.io.errors import StudyError
from exoraw.io.inventory import Inventory
from exoraw.store import layout
from exoraw.study.check import check
from exoraw.study.check_compare import comparisons_of
from exoraw.study.compare_entries import AnyComparison
from exoraw.study.load import LoadedStudy, PipelineSource, load_study, settings_of
from exoraw.study.problems import StudyProblems, errors_in
from exoraw.study.spec import Problem, SheetSpec
from exoraw.study.tree import at_line
from exoraw.study.view import StudyView
from exoraw.study.views import views

DIGESTS = "digests.json"  # .store/digests.json: what the last look at the raw folder found


@dataclass(frozen=True)
class Pipeline:
    """One analysis of the study: the assay, its validated settings, its rows, and what is compared of it."""

    name: str
    assay: Assay
    view: StudyView
    settings: Params
    compare: tuple[AnyComparison, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the assay, and behind them the comparisons that the study asks for."""
        if not self.compare:
            return self.assay.steps
        controls = tuple(role.name for role in self.assay.sheet.control_roles if role.counts_as_sample)
        return (*self.assay.steps, Compare(self.compare, controls))


@dataclass(frozen=True)
class Project:
    """A study, opened.

    `problems` lists everything that is wrong with sheet and study, errors and warnings; with an error in
    it nothing may run (`sound`), and `pipelines` may be incomplete.
    """

    loaded: LoadedStudy
    inventory: Inventory
    pipelines: tuple[Pipeline, ...]
    problems: tuple[Problem, ...]

    @property
    def raw(self) -> Path:
        """The raw folder; only read."""
        return self.loaded.raw

    @property
    def comparisons(self) -> tuple[str, ...]:
        """Unit keys of the comparisons, those of one analysis in the order of study.yaml."""
        return tuple(unit_key(one.name, entry) for one in self.pipelines for entry in one.compare)

    @property
    def results(self) -> Path:
        """The folder that a run fills."""
        return self.loaded.results


@dataclass(frozen=True)
class _Chosen:
    """A pipeline entry with its assay and settings."""

    name: str
    assay: Assay
    settings: Params


def open_project(study_path: Path) -> Project:
    """Load a study, look at its raw folder and check both against what the assays understand.

    Raises
    ------
    StudyError : the study cannot be read at all, or its folders cannot be used
    """
    return project_of(load_study(study_path))


def project_of(loaded: LoadedStudy) -> Project:
    """Look at the raw folder of a loaded study and check both against what the assays understand."""
    inventory = take_inventory(loaded.raw, layout.store(loaded.results) / DIGESTS)
    problems: list[Problem] = []
    chosen = [found for source in loaded.pipelines if (found := _choose(source, loaded, problems))]
    specs: Mapping[str, SheetSpec] = {item.name: item.assay.sheet for item in chosen}
    measures = {item.name: [word.name for word in item.assay.vocabulary] for item in chosen}
    pipelines = _with_views(loaded, chosen, specs, measures)
    problems += check(
        loaded,
        inventory,
        specs,
        views=[pipeline.view for pipeline in pipelines],
        formats={item.name: {declared.name for declared in item.assay.formats} for item in chosen},
        measures=measures,
    )
    return Project(loaded, inventory, pipelines, tuple(problems))


def sound(project: Project) -> Project:
    """Return a project that may run. Raises StudyError with every error at once."""
    errors = errors_in(project.problems)
    if errors:
        raise StudyProblems(errors)
    return project


def _choose(source: PipelineSource, loaded: LoadedStudy, problems: list[Problem]) -> _Chosen | None:
    """Load an entry's assay and check its settings; None and the reasons in `problems` where that fails."""
    try:
        assay = registry.load(source.assay)
        return _Chosen(source.name, assay, settings_of(source, assay.settings))
    except StudyProblems as error:
        problems.extend(error.problems)
    except StudyError as error:
        problems.append(at_line(source.line, str(error), loaded.path.name))
    return None


def _with_views(
    loaded: LoadedStudy,
    chosen: list[_Chosen],
    specs: Mapping[str, SheetSpec],
    measures: Mapping[str, Sequence[str]],
) -> tuple[Pipeline, ...]:
    settings = {item.name: item.settings for item in chosen}
    assays = {item.name: item.assay.name for item in chosen}
    found: dict[str, StudyView] = {view.pipeline: view for view in views(loaded, settings, assays, specs)}
    compare = comparisons_of(loaded, measures)
    return tuple(
        Pipeline(item.name, item.assay, found[item.name], item.settings, compare.get(item.name, ()))
        for item in chosen
    )
