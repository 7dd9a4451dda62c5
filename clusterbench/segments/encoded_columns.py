"""Columns that were made of a category or a date, and how they are made of the texts of new rows."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusterbench.datasets import ColumnRole, Dataset
from clusterbench.datasets.date_columns import date_part, date_readings
from clusterbench.errors import RequestError
from clusterbench.segments.column_source import ColumnSource
from clusterbench.segments.operations import Floats
from clusterbench.text import listed

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from clusterbench.preprocessing import Space, Step

_ENCODED = (ColumnRole.CATEGORY, ColumnRole.DATE)
_MOST_LEVELS = 20  # in a message


def without_encoders(
    dataset: Dataset, steps: Sequence[Step], space: Space
) -> tuple[Dataset, tuple[Step, ...], Space, dict[str, ColumnSource]]:
    """Return the table that the first steps of a variant, which encode categories and dates, made.

    Further returned are the steps after these, the space with their part of the pipeline, and the sources of the
    columns that were made. RequestError if a step that works on numbers goes before such a step.
    """
    count = max((at for at, step in enumerate(steps, start=1) if step.takes in _ENCODED), default=0)
    if early := [step.name for step in steps[:count] if step.takes is ColumnRole.NUMERIC]:
        what = f"step {early[0]} goes before {steps[count - 1].name}"
        raise RequestError(what, allowed="a variant whose steps for categories and dates come first")
    if not count:
        return dataset, tuple(steps), space, {}
    encoders = space.pipeline[:count]
    made = encoders.transform(dataset.frame)
    origins = {str(name): _origin(str(name), dataset) for name in made.columns}
    probes = {name: _probe(name, dataset, encoders) for name in {name for name in origins.values() if name}}
    sources = {name: _source(name, origin, dataset, probes[origin]) for name, origin in origins.items() if origin}
    table = replace(dataset, frame=made, coded={})
    return table, tuple(steps[count:]), replace(space, pipeline=space.pipeline[count:]), sources


def _origin(made: str, dataset: Dataset) -> str:
    """Return the category or date that a column was made of, "" of a column of numbers."""
    if made in dataset.columns and made not in dataset.coded:
        return ""
    fitting = (name for name in dataset.coded if made == name or made.startswith((f"{name}=", f"{name}.")))
    return max(fitting, key=len, default="")


def _probe(name: str, dataset: Dataset, encoders: Pipeline) -> pd.DataFrame:
    """Return what is made of each level of a category, of another one and of a missing value, in this order."""
    n_levels = len(dataset.coded[name].levels)
    rows = dataset.frame.iloc[np.zeros(n_levels + 2, dtype=np.int64)].reset_index(drop=True)
    rows[name] = [*map(float, range(n_levels + 1)), np.nan]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of levels that were not fitted
        made: pd.DataFrame = encoders.transform(rows)
    return made


def _source(made: str, origin: str, dataset: Dataset, probe: pd.DataFrame) -> ColumnSource:
    if dataset.coded[origin].role is ColumnRole.DATE:
        return ColumnSource(origin, part=made.removeprefix(f"{origin}."))
    *values, other, missing = (None if np.isnan(value) else float(value) for value in probe[made])
    known = {
        level: value for level, value in zip(dataset.coded[origin].levels, values, strict=True) if value is not None
    }
    return ColumnSource(origin, tuple(known), tuple(known.values()), other, missing)


def numbers_of(source: ColumnSource, texts: pd.Series, missing: Sequence[str]) -> Floats:
    """Return the numbers of texts or dates, shape (n,), NaN where missing; the words `missing` are no value.

    RequestError names a level that was not there in the fitted table, or a column that holds no dates.
    """
    given = texts.mask(texts.isin([word for word in missing if word not in source.levels]))
    present = given[given.notna()]
    numbers = np.full(len(given), np.nan if source.missing is None else source.missing)
    if source.part and len(present):
        ways = date_readings(given)
        if len(ways) != 1:
            raise RequestError(f"column {source.column!r} holds no dates of one form", allowed="2024-03-02")
        return date_part(ways[0].days, source.part)
    known = dict(zip(source.levels, source.values, strict=True))
    strange = sorted(set(map(str, present.unique())) - set(known)) if source.other is None else []
    if strange:
        allowed = listed(source.levels, most=_MOST_LEVELS)
        raise RequestError(f"column {source.column!r} has no level {strange[0][:60]!r}", allowed=allowed)
    numbers[given.notna().to_numpy()] = [known.get(str(text), source.other) for text in present]
    return numbers
