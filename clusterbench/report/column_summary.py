"""What became of the columns of a table before anything was clustered, on one line."""

import json
import tomllib
from collections.abc import Iterator, Mapping

import pandas as pd

from clusterbench.datasets import ColumnRole
from clusterbench.results import StoredRun
from clusterbench.text import counted, listed, printable

_NOUNS = {
    ColumnRole.NUMERIC: ("number", ""),
    ColumnRole.BINARY: ("column of 0 and 1", "columns of 0 and 1"),
    ColumnRole.CATEGORY: ("category", "categories"),
    ColumnRole.DATE: ("date", ""),
}
_MOST_NAMED = 4


def columns_of(run: StoredRun, dataset: str) -> pd.DataFrame:
    """Return the stored facts of the columns of a dataset, one row per column."""
    frame = run.details.columns
    return frame[frame["dataset"] == dataset]


def column_facts(run: StoredRun, dataset: str) -> str:
    """Return kinds, encodings, missing values and what was left out; "" where the columns were not stored.

    Encodings and fillings are those of the first reference space.
    """
    columns = columns_of(run, dataset)
    if columns.empty:
        return ""
    steps = _steps(run, dataset)
    parts = [_kinds(columns, steps), *_missing(columns, steps), *_left_out(run, dataset)]
    return printable("; ".join(parts))


def _steps(run: StoredRun, dataset: str) -> dict[str, Mapping[str, object]]:
    """Return the steps of the first reference space, by name."""
    spaces = run.record.references.get(dataset, ())
    variant = run.record.variants.get(spaces[0]) if spaces else None
    return {} if variant is None else {step["step"]: step for step in json.loads(variant.steps)}


def _kinds(columns: pd.DataFrame, steps: Mapping[str, object]) -> str:
    parts = []
    for role, nouns in _NOUNS.items():
        part = columns[columns["role"] == role]
        if part.empty:
            continue
        how = ""
        if role == ColumnRole.CATEGORY and "one_hot" in steps:
            how = f" ({counted(int(part['distinct'].sum()), 'level')}, as columns of 0 and 1)"
        elif role == ColumnRole.CATEGORY and "ordinal" in steps:
            how = " (levels as numbers)"
        elif role == ColumnRole.DATE and "date_parts" in steps:
            how = f" (as {listed([str(one) for one in _values(steps['date_parts'], 'parts')])})"
        parts.append(f"{counted(len(part), *nouns)}{how}")
    return ", ".join(parts)


def _values(step: object, name: str) -> list[object]:
    value = step.get(name) if isinstance(step, Mapping) else None
    return value if isinstance(value, list) else []


def _missing(columns: pd.DataFrame, steps: Mapping[str, Mapping[str, object]]) -> Iterator[str]:
    with_gaps = columns[columns["missing"] > 0.0]
    encoded = with_gaps["role"] == ColumnRole.CATEGORY if "one_hot" in steps else with_gaps["role"] == ""
    strategy = steps["impute"].get("strategy") if "impute" in steps else None
    fillings = (("a level of its own", with_gaps[encoded]), (f"filled by {strategy}", with_gaps[~encoded]))
    parts = [f"{listed(list(part['column']), most=_MOST_NAMED)} ({how})" for how, part in fillings if len(part)]
    if parts:
        yield f"missing values: {', '.join(parts)}"


def _left_out(run: StoredRun, dataset: str) -> Iterator[str]:
    """Yield the columns that the benchmark file declares to be no features."""
    declared = tomllib.loads(run.record.toml).get("datasets", [])
    if len(declared) != 1 or len(run.record.datasets) != 1:
        return
    for key, words in (("drop", "left out"), ("id", "id"), ("truth", "known classes")):
        names = declared[0].get(key, [])
        if names:
            yield f"{words}: {listed([names] if isinstance(names, str) else list(map(str, names)), most=_MOST_NAMED)}"
