"""read_exoraw.R: reads the .rds files, puts the groups in the study's order, shows the models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from exoraw import __version__
from exoraw.store.export.analysed import described_levels, joined_name, study_factors
from exoraw.store.export.signs import NUL, with_signs
from exoraw.store.export.tables import Source

_UNITS = ("subject", "preparation", "biological_replicate", "batch")  # what samples are nested in
_EMPTY = 'c("", NA)'
_PLAIN_NAME = re.compile("[A-Za-z][A-Za-z0-9_.]*")
_R_WORDS = frozenset(
    ("if", "else", "repeat", "while", "function", "for", "in", "next", "break", "TRUE", "FALSE", "NULL", "NA")
)
_SERIES = ("assay", "pipeline", "measure", "entity", "target", "statistic")

_READ = """\
# Reads the tables that exoraw wrote. Run it as it is, or line by line in RStudio.
# Data frames: tables$measurements and so on; measurements, one number a row, is the one to begin with.

folder <- local({{
  sourced <- tryCatch(sys.frame(1)$ofile, error = function(e) NULL)
  called <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
  if (!is.null(sourced)) dirname(sourced)
  else if (length(called) > 0) dirname(gsub("~+~", " ", called[1], fixed = TRUE))
  else "."  # in RStudio: Session > Set Working Directory > To Source File Location
}})

table_names <- c({tables})
tables <- lapply(setNames(table_names, table_names), function(name) {{
  readRDS(file.path(folder, paste0(name, ".rds")))
}})

# Groups in the order of the sample sheet; the first level is what a model compares with.
in_order <- function(data, levels) {{
  for (column in intersect(names(levels), names(data))) {{
    data[[column]] <- factor(data[[column]], levels = levels[[column]])
  }}
  data
}}
with_numbers <- grep("^(measurements$|wide_)", table_names, value = TRUE)
tables[with_numbers] <- lapply(tables[with_numbers], in_order, levels = list({joined}))
tables["samples"] <- lapply(tables["samples"], in_order, levels = list({sheet}))
measurements <- tables$measurements
"""

_MODEL = """
# A share (cells of all cells) is modelled by its counts. Without the sample term, noise from tube to tube
# would be taken for an effect. Other shares: change the names here.
shares <- measurements[{conditions}, ]
{aliases}shares <- droplevels(shares)

formula <- {formula}
if (requireNamespace("lme4", quietly = TRUE)) {{
  model <- tryCatch(
    lme4::glmer(formula, family = binomial, data = shares),
    error = function(problem) message("The model could not be fitted: ", conditionMessage(problem))
  )
  if (!is.null(model)) print(summary(model))
}} else {{
  message("The model needs lme4: install.packages(\\"lme4\\")")
}}
"""

_NO_MODEL = """
# No model is shown: no share (numerator and denominator) of samples in two or more groups is there.
"""

_COUNTS = """
# Counts per gene: edgeR, quasi-likelihood. A skeleton: look at the filter and the design before you use it.
counts <- as.matrix(read.table({path}, header = TRUE, sep = {separator}, quote = "\\"",
  row.names = 1, check.names = FALSE, comment.char = ""))
sheet <- tables$samples[match(colnames(counts), tables$samples$sample), ]
complete <- complete.cases(sheet[c({columns})]) & !(sheet$excluded %in% TRUE)
sheet <- droplevels(sheet[complete, ])
{aliases}if (requireNamespace("edgeR", quietly = TRUE)) {{
  design <- model.matrix(~ {fixed}, data = sheet)
  genes <- edgeR::DGEList(counts[, complete])
  genes <- genes[edgeR::filterByExpr(genes, design), , keep.lib.sizes = FALSE]
  genes <- edgeR::estimateDisp(edgeR::calcNormFactors(genes), design)
  print(edgeR::topTags(edgeR::glmQLFTest(edgeR::glmQLFit(genes, design), coef = 2)))
}} else {{
  message("Counts need edgeR: install.packages(\\"BiocManager\\"); BiocManager::install(\\"edgeR\\")")
}}
"""


@dataclass(frozen=True)
class Share:
    """The share that the script shows its model on.

    Parameters
    ----------
    series : the cells of _SERIES that name it
    fixed : factors with two or more levels in its rows
    unit : the column that samples are nested in; empty where no column tells
    """

    series: Mapping[str, str]
    fixed: tuple[str, ...]
    unit: str


def r_script(source: Source, tables: Mapping[str, pa.Table], matrices: Sequence[Path]) -> str:
    """Return the script: ASCII alone, so that it reads the same in every locale.

    Parameters
    ----------
    tables : the tables written beside it
    matrices : count matrices beside it, relative to its folder
    """
    factors = study_factors(source)
    samples = source.table("samples")
    texts = [name for name in factors if pa.types.is_string(samples[name].type)]
    levels = {name: described_levels(samples, name) for name in texts}
    parts = [
        f"# exoraw {__version__}\n",
        _READ.format(
            tables=_words(tables),
            joined=_level_list({joined_name(name): found for name, found in levels.items()}),
            sheet=_level_list(levels),
        ),
    ]
    shown = [name for row in source.table("figures")["measures"].to_pylist() for name in row or ()]
    share = _share(tables["measurements"], [joined_name(name) for name in factors], shown)
    parts.append(_NO_MODEL if share is None else _model(share, tables["measurements"]))
    if factors:
        parts += [_counts(path, factors) for path in matrices]
    return "".join(parts)


def r_string(text: str) -> str:
    """Return a text as R source, in ASCII."""
    signs = {'"': '\\"', "\\": "\\\\"}
    shown = (signs.get(c) or (c if " " <= c <= "~" else f"\\U{{{ord(c):x}}}") for c in with_signs(text, NUL))
    return f'"{"".join(shown)}"'


def _words(words: Iterable[str]) -> str:
    return ", ".join(r_string(word) for word in words)


def _level_list(levels: Mapping[str, Sequence[str]]) -> str:
    rows = [f"  {r_string(name)} = c({_words(found)})" for name, found in levels.items()]
    return "\n" + ",\n".join(rows) + "\n" if rows else ""


def _aliases(frame: str, names: Sequence[str]) -> tuple[list[str], str]:
    """Return names that a formula takes, and the R lines that give them to a data frame's columns."""
    shown, lines = [], []
    for number, name in enumerate(names, 1):
        if _PLAIN_NAME.fullmatch(name) and name not in _R_WORDS:
            shown.append(name)
        else:
            shown.append(f"group_{number}")
            lines.append(f"{frame}$group_{number} <- {frame}[[{r_string(name)}]]\n")
    return shown, "".join(lines)


def _share(numbers: pa.Table, factors: Sequence[str], shown: Sequence[str]) -> Share | None:
    """Return the share of two or more groups that a figure shows, else the one with the most rows."""
    filled = pc.and_(pc.is_valid(numbers["numerator"]), pc.is_valid(numbers["denominator"]))
    rows = numbers.filter(pc.and_(filled, pc.not_equal(numbers["sample"], "")))
    series: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows.to_pylist():
        if row["excluded"] is not True and row.get("counts_as_sample") is not False:
            series.setdefault(tuple(row[name] or "" for name in _SERIES), []).append(row)
    best: Share | None = None
    most = (0, 0)
    for cells, found in series.items():
        fixed = tuple(name for name in factors if name in found[0] and _varies(found, name))
        measure = cells[_SERIES.index("measure")]
        rank = len(shown) - shown.index(measure) if measure in shown else 0
        if fixed and (rank, len(found)) > most:
            unit = next((name for name in _UNITS if name not in fixed and _nests(found, name)), "")
            best, most = Share(dict(zip(_SERIES, cells, strict=True)), fixed, unit), (rank, len(found))
    return best


def _varies(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return len({row[name] for row in rows} - {None, ""}) > 1


def _nests(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return name in rows[0] and all(row[name] not in {None, ""} for row in rows) and _varies(rows, name)


def _model(share: Share, numbers: pa.Table) -> str:
    conditions = [
        f"measurements${name} %in% {r_string(cell) if cell else _EMPTY}"
        for name, cell in share.series.items()
    ]
    conditions += ["!is.na(measurements$numerator)", "!(measurements$excluded %in% TRUE)"]
    if "counts_as_sample" in numbers.column_names:
        conditions.append("!(measurements$counts_as_sample %in% FALSE)")
    shown, aliases = _aliases("shares", share.fixed)
    random = f"(1 | {share.unit}/sample)" if share.unit else "(1 | sample)"
    return _MODEL.format(
        conditions="\n  " + " &\n  ".join(conditions),
        aliases=aliases,
        formula=f"cbind(numerator, denominator - numerator) ~ {' + '.join(shown)} + {random}",
    )


def _counts(path: Path, factors: Sequence[str]) -> str:
    shown, aliases = _aliases("sheet", factors)
    return _COUNTS.format(
        path=f"file.path(folder, {_words(path.parts)})",
        separator=r_string(",") if path.suffix == ".csv" else '"\\t"',
        columns=_words(factors),
        aliases=aliases,
        fixed=" + ".join(shown),
    )
