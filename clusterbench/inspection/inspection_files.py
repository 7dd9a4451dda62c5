"""An inspection as a page that needs no network, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clusterbench import __version__
from clusterbench.datasets import ColumnRole
from clusterbench.inspection.findings import findings, strongest_pairs
from clusterbench.inspection.histograms import Histogram
from clusterbench.inspection.table_inspection import SEED, Inspection, Level
from clusterbench.naming import folder_name, path_inside
from clusterbench.report import write_atomically
from clusterbench.report.model import Table, text_table
from clusterbench.report.number_text import NOTHING, JsonValue, amount, fixed, json_value, share, slug
from clusterbench.report.templating import part, template
from clusterbench.text import counted, listed, printable

_PACKAGE = "clusterbench.inspection"
_MOST_CARDS = 150
_MOST_IN_TABLE = 1_000
_MOST_IN_MATRIX = 30
_MOST_PAIRS = 30
_MOST_LEVELS = 12
_SHADES = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A histogram with the ends of its axis."""

    title: str
    svg: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Card:
    """A column as the page shows it."""

    name: str
    role: str
    facts: str
    pictures: tuple[Drawn, ...]
    levels: tuple[tuple[str, str, float], ...]  # name, share in words, share


@dataclass(frozen=True, slots=True)
class Cell:
    """A field of the matrix of correlations."""

    text: str
    shade: str  # class of its colour: u1 to u4 above 0, d1 to d4 below, "" near it


def write_inspection(inspection: Inspection, reports: Path) -> list[Path]:
    """Write page and JSON of an inspection into ``inspect`` of the folder `reports`; return their paths.

    Raises
    ------
    RequestError
        If the folder cannot be written.
    """
    name = folder_name(inspection.name.replace("/", "-"))
    texts = {"html": inspection_html(inspection), "json": inspection_json(inspection)}
    return [write_atomically(path_inside(reports, f"inspect/{name}.{end}"), text) for end, text in texts.items()]


def inspection_html(inspection: Inspection) -> str:
    """Return the page: one file without a script."""
    page = template("inspection.html.j2", _PACKAGE, slug=slug).render(
        style=part("page.css") + part("inspection.css", _PACKAGE),
        name=printable(inspection.name),
        size=f"{inspection.n_rows:,} rows, {inspection.column_counts}",
        terms=[(term, printable(text)) for term, text in _terms(inspection)],
        findings=[printable(text) for text in findings(inspection)],
        cards=[_card(inspection, str(name)) for name in inspection.facts.index[:_MOST_CARDS]],
        more_cards=max(0, len(inspection.facts) - _MOST_CARDS),
        table=_fact_table(inspection),
        patterns=_pattern_table(inspection),
        matrix=_matrix(inspection) if 2 <= len(inspection.numbers) <= _MOST_IN_MATRIX else [],
        names=[printable(name) for name in inspection.numbers],
        pairs=_pair_table(inspection),
        classes=_class_table(inspection),
    )
    return page + "\n"


def inspection_json(inspection: Inspection) -> str:
    """Return all that an inspection holds as JSON; its columns are described in docs/tables.md."""
    document: dict[str, JsonValue] = {
        "dataset": inspection.name,
        "source": inspection.source,
        "content_hash": inspection.content_hash,
        "clusterbench": __version__,
        "rows": inspection.n_rows,
        "sample": {"rows": inspection.sampled, "seed": SEED},
        "roles": {name: str(role) for name, role in inspection.roles.items()},
        "findings": findings(inspection),
        "columns": [_column_document(inspection, str(name)) for name in inspection.facts.index],
        "classes": {name: _level_documents(levels) for name, levels in inspection.classes.items()},
        "missing_patterns": [{"columns": one.columns, "rows": one.rows} for one in inspection.patterns],
        "n_missing_patterns": inspection.n_patterns,
        "sums": [{"total": one.total, "addends": one.addends, "share": one.share} for one in inspection.sums],
        "repeated_rows": inspection.repeated_rows,
        "far_out_rows": inspection.far_out_rows,
        "correlations": {
            "columns": inspection.numbers,
            "pearson": _matrix_document(inspection.pearson),
            "spearman": _matrix_document(inspection.spearman),
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _column_document(inspection: Inspection, name: str) -> JsonValue:
    more: dict[str, JsonValue] = {fact: json_value(value) for fact, value in _facts(inspection, name).items()}
    if name in inspection.histograms:
        raw, log = inspection.histograms[name]
        more |= {"histogram": _histogram_document(raw)} | ({"log1p_histogram": _histogram_document(log)} if log else {})
    if name in inspection.levels:
        more["levels"] = _level_documents(inspection.levels[name])
    if name in inspection.dates:
        more |= dict(zip(("first", "median", "last"), inspection.dates[name], strict=True))
    return {"name": name, **more}


def _histogram_document(one: Histogram) -> JsonValue:
    return {"low": one.low, "high": one.high, "counts": one.counts}


def _level_documents(levels: Iterable[Level]) -> list[JsonValue]:
    return [{"name": level.name, "rows": level.rows} for level in levels]


def _matrix_document(matrix: pd.DataFrame) -> list[JsonValue]:
    return [[json_value(round(value, 6)) for value in row] for row in matrix.to_numpy().tolist()]


def _terms(inspection: Inspection) -> Iterator[tuple[str, str]]:
    yield "Source", inspection.source
    yield "Hash", inspection.content_hash
    for role in ColumnRole:
        if names := [name for name, one in inspection.roles.items() if one is role]:
            yield f"{str(role).capitalize()} ({len(names)})", listed(names, most=40)
    sample = (
        f"; pictures, correlations, sums, patterns of missing values of {inspection.sampled:,}, drawn with seed {SEED}"
    )
    yield "Computed of", f"all rows{sample if inspection.sampled < inspection.n_rows else ''}"
    is_hidden = (inspection.levels or inspection.classes) and not inspection.with_levels
    hidden = "; levels and classes are numbered by size (--levels shows their names)" if is_hidden else ""
    yield "Values", f"no rows; the smallest and the largest of each column{hidden}"


def _card(inspection: Inspection, name: str) -> Card:
    facts = _facts(inspection, name)
    titled = zip(("values", "log(1 + value)"), inspection.histograms.get(name, ()), strict=False)
    levels = inspection.levels.get(name, ())
    total = max(1, sum(level.rows for level in levels))
    return Card(
        printable(name),
        ", ".join(filter(None, (facts["role"], printable(facts["unit"])))),
        "; ".join(_words(inspection, name, facts)),
        tuple(_drawn(inspection, name, title, one) for title, one in titled if one is not None),
        tuple(
            (printable(level.name), share(level.rows / total), 100 * level.rows / total)
            for level in levels[:_MOST_LEVELS]
        ),
    )


def _drawn(inspection: Inspection, name: str, title: str, one: Histogram) -> Drawn:
    first, _, last = inspection.dates.get(name, (amount(one.low), "", amount(one.high)))
    return Drawn(title, one.svg(f"{name}: {title}"), first, last)


def _words(inspection: Inspection, name: str, facts: Mapping[str, Any]) -> Iterator[str]:
    if inspection.missing[name]:
        yield f"{inspection.missing[name]:,} missing ({fixed(facts['missing_percent'], 1)} %)"
    if name in inspection.dates:
        first, median, last = inspection.dates[name]
        yield f"{first} to {last}, median {median}"
    elif name in inspection.levels:
        n_levels = sum(level.rows > 0 for level in inspection.levels[name])
        yield counted(n_levels, "level") + (f", the {_MOST_LEVELS} largest here" if n_levels > _MOST_LEVELS else "")
    elif facts["role"] == ColumnRole.BINARY:
        yield f"{share(facts['mean'])} are 1"
    else:
        if facts["zero_percent"]:
            yield f"{fixed(facts['zero_percent'], 1)} % zero"
        yield f"median {amount(facts['q50'])}, 90 % from {amount(facts['q5'])} to {amount(facts['q95'])}"
        if facts["far_out"] > 0:
            yield f"{fixed(facts['far_out'], 1)} % far out"


def _facts(inspection: Inspection, name: str) -> dict[str, Any]:
    return {str(fact): value for fact, value in inspection.facts.loc[name].items()}


def _fact_table(inspection: Inspection) -> Table:
    amounts = ("q0", "q5", "q50", "q95", "q100", "mean", "std", "skew", "log_skew")
    header = ("Column", "Role", "Missing %", "Zero %", "Far out %", "Distinct", "Min", "5 %", "Median", "95 %", "Max")
    rows = []
    for name in map(str, inspection.facts.index[:_MOST_IN_TABLE]):
        facts = _facts(inspection, name)
        percent = [fixed(facts[key], 1) for key in ("missing_percent", "zero_percent", "far_out")]
        rows.append((name, facts["role"], *percent, f"{facts['distinct']:,}", *(amount(facts[key]) for key in amounts)))
    titles = (*header, "Mean", "SD", "Skewness", "Of log(1 + value)")
    caption = "Values of each feature"
    if len(inspection.facts) > len(rows):
        caption += f", the first {len(rows):,} of {len(inspection.facts):,}; the JSON beside this page has all"
    return text_table(caption, titles, rows, numeric=range(2, len(titles)))


def _pattern_table(inspection: Inspection) -> Table:
    rows = [
        (listed(one.columns, most=12) or "none: complete", f"{one.rows:,}", share(one.rows / inspection.sampled))
        for one in inspection.patterns
    ]
    shown = f"the {len(rows)} most frequent of {inspection.n_patterns}"
    caption = f"Columns that are missing together{f', {shown}' if inspection.n_patterns > len(rows) else ''}"
    return text_table(caption, ("Missing", "Rows", "Share"), rows, numeric=(1, 2))


def _matrix(inspection: Inspection) -> list[tuple[str, list[Cell]]]:
    """Return a row per column of numbers: Pearson below the diagonal, Spearman above it."""
    size = len(inspection.numbers)
    values = np.where(np.tri(size, k=-1), inspection.pearson.to_numpy(), inspection.spearman.to_numpy())
    return [
        (printable(name), [_cell(value, is_own=place == at) for place, value in enumerate(values[at].tolist())])
        for at, name in enumerate(inspection.numbers)
    ]


def _cell(value: float, *, is_own: bool) -> Cell:
    if is_own or value != value:
        return Cell("" if is_own else NOTHING, "")
    strength = sum(abs(value) >= least for least in _SHADES)
    return Cell(fixed(value, 2), f"{'u' if value > 0 else 'd'}{strength}" if strength else "")


def _pair_table(inspection: Inspection) -> Table:
    pairs = strongest_pairs(inspection)[:_MOST_PAIRS]
    rows = [(one, other, fixed(pearson, 3), fixed(spearman, 3)) for one, other, pearson, spearman in pairs]
    header = ("Column", "Column", "Pearson", "Spearman")
    n_numbers = sum(role is ColumnRole.NUMERIC or role is ColumnRole.BINARY for role in inspection.roles.values())
    several = (
        f", of the first {len(inspection.numbers)} columns of numbers" if n_numbers > len(inspection.numbers) else ""
    )
    return text_table(f"The strongest pairs by Spearman{several}", header, rows, numeric=(2, 3))


def _class_table(inspection: Inspection) -> Table:
    rows = [
        (column, level.name, f"{level.rows:,}")
        for column, levels in inspection.classes.items()
        for level in levels[:_MOST_LEVELS]
    ]
    return text_table("Known classes by size", ("Column", "Class", "Rows"), rows, numeric=(2,))
