"""What a step gives back: numbers, objects, remarks, pictures, figures and paragraphs of the methods text.

Assays take these from `exoraw.assays.contract`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from exoraw.study.spec import Severity


@dataclass(frozen=True)
class Measurement:
    """One number. Its definition comes from the assay's vocabulary.

    A fraction carries numerator and denominator. NaN is legal only with a finding that says why.

    Parameters
    ----------
    sample : row of the sheet; "" for a number that belongs to several rows (an IC50, a fold of two groups)
    entity : path below the sample ("population:live", "lane:3/band:2"), "" for the sample itself; where
        `sample` is "" it names what the number is about ("curve:DOX/exo")
    members : the rows behind a number without a sample, all of them samples of the unit. The number is
        given those cells of the sheet on which its members agree
    unit : UCUM unit where it is not the vocabulary's: an IC50 has the unit of the study's doses
    """

    sample: str
    measure: str
    value: float
    entity_type: str = "sample"
    entity: str = ""
    target: str = ""
    statistic: str = ""
    numerator: float | None = None
    denominator: float | None = None
    n: int | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    reference: str = ""
    file_id: str = ""
    curated: bool = False
    members: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True)
class Finding:
    """A remark that travels with a number. `code` stands in the assay's list of findings.

    It touches every measurement of the same task, sample (also as one of its members) and entity (and below
    it); an empty sample touches the whole task.
    """

    code: str
    severity: Severity
    message: str
    sample: str = ""
    entity: str = ""
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Artefact:
    """A picture or a matrix, kept under evidence/<task_id>/<name>.

    A public one is also copied to results/matrices/<pipeline>/<name>, where people look for count tables;
    its name is unique among those of its pipeline.
    """

    kind: Literal["picture", "matrix", "table"]
    name: str  # file name with suffix: "gates.png", "spillover.csv"
    content: bytes
    caption: str
    sample: str = ""
    entity: str = ""
    public: bool = False


@dataclass(frozen=True)
class Figure:
    """A figure the report draws from measurements and samples, without knowing the assay.

    Parameters
    ----------
    name, title : "late_apoptotic", "Late apoptotic cells"
    kind : a kind that the report draws (it owns the list): "group_points" (every biological replicate as a
        point over the group's mean and SD) or
        "stacked_shares" (mean share of each entity per group, stacked to 100 %)
    measures : measures drawn; for "stacked_shares" the parts in drawing order
    entities : restrict to these entities, in order; () = all
    group_by : sheet columns on the x axis, in order; () = the study's factors
    order : where it stands in its section, small first
    options : plain JSON for its kind ({"x": "dose", "log": true}); stored as JSON text
    """

    name: str
    title: str
    kind: str
    measures: tuple[str, ...]
    entities: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    caption: str = ""
    order: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Method:
    """A paragraph of the methods text, with the numbers of this study in it."""

    title: str
    text: str
    order: int = 0


@dataclass(frozen=True)
class Comparison:
    """One test, as it stands in the table `comparisons`; the meaning of every field stands in its schema.

    What names it is unique in its pipeline: name, measures, entity, target, factor, group, reference, unit
    of replication, test, adjustment and exclusions. An estimate that does not exist is None, and
    `assumptions` says why.
    """

    measure: str
    test: str
    second_measure: str = ""
    entity: str = ""
    target: str = ""
    factor: str = ""
    group: str = ""
    reference: str = ""
    n_group: int | None = None
    n_reference: int | None = None
    replication_unit: str = ""
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    statistic: float | None = None
    df: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    adjustment: str = ""
    stars: str = ""
    assumptions: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    exclusions: str = ""
    state: str = ""
    message: str = ""
    kind: str = ""
    outcome: str = ""
    estimate_of: str = ""


@dataclass(frozen=True)
class Outcome:
    """All that a unit gives. `objects`: one dict per object with equal keys (scalars only).

    The `sample` of an object is a sample of the unit, or "" where it belongs to several.

    `data` is plain JSON (no NaN) for later units; `seed` the random seed used, if any.
    """

    measurements: Sequence[Measurement] = ()
    objects: Sequence[Mapping[str, Any]] = ()
    findings: Sequence[Finding] = ()
    artefacts: Sequence[Artefact] = ()
    figures: Sequence[Figure] = ()
    methods: Sequence[Method] = ()
    comparisons: Sequence[Comparison] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
