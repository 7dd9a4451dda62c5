"""Spaces: the matrix that a variant yields, with the fitted pipeline and its identity."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.datasets import ColumnRole, Dataset
from clusterbench.environment import package_version
from clusterbench.errors import RequestError, request_errors
from clusterbench.preprocessing.column_selection import Scope
from clusterbench.preprocessing.step import ENCODERS, Step, check_complete

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

# Raised when the same steps may give another matrix though no package changed.
_VERSION = 1
_PACKAGES = ("numpy", "scipy", "scikit-learn")
# Squares of such values, summed over a table, stay finite; distances need these squares.
_LARGEST = 1e140


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """The matrix in which algorithms are fitted and labelings are scored."""

    values: NDArray[np.float64]  # (n, d), C-contiguous, read-only, finite; the dataset's rows in their order
    columns: tuple[str, ...]
    pipeline: Pipeline  # fitted; takes a frame with the dataset's columns
    content_hash: str  # SHA-256 of the dataset's hash, the steps, their versions and columns, and versions of packages


def fit_space(dataset: Dataset, steps: Iterable[Step], *, where: str) -> Space:
    """Fit the pipeline of `steps` to `dataset`; without steps the space is the table as it is.

    Each step is scikit-learn's own, so the matrix is what the same calls by hand give.

    Raises
    ------
    RequestError
        If a step cannot work on the table, makes missing or overflowing values, or missing values are left. Named are
        `where`, such as ``variants.pca``, the step, the column and what to do.
    """
    if not dataset.n_rows or not dataset.columns:
        raise RequestError(
            f"dataset {dataset.name!r} has {dataset.n_rows} rows and {len(dataset.columns)} columns", where=where
        )
    bound = _bound_steps(steps, dataset, where=where)
    start = _start(dataset)
    try:
        _check_size(start, what=f"dataset {dataset.name!r} holds")
        pipeline, frame = _fit_all(bound, start)
        check_complete(frame, before="clustering")
    except RequestError as error:
        raise error.within(where) from error
    values = np.array(frame.to_numpy(dtype=np.float64), order="C", copy=True)
    values.setflags(write=False)
    return Space(values, tuple(map(str, frame.columns)), pipeline, _content_hash(dataset, bound))


def _bound_steps(steps: Iterable[Step], dataset: Dataset, *, where: str) -> list[Step]:
    """Resolve the columns of each step at its place in the pipeline."""
    scope, bound = Scope.of(dataset), []
    for number, step in enumerate(steps, start=1):
        with request_errors(step.origin, where=f"{where}: step {number}"):
            bound.append(step.bound(scope))
            scope = bound[-1].scope_after(scope, dataset.n_rows)
            if not scope.present:
                raise RequestError(f"no column is left after {step.describe()}")
    for name, column in scope.coded.items():
        raise RequestError(
            f"{column.role} column {name!r} is not made numbers",
            where=where,
            allowed=f'{{ step = "{ENCODERS[column.role]}" }} first, or {{ step = "drop", columns = "{name}" }}',
        )
    return bound


def _start(dataset: Dataset) -> pd.DataFrame:
    """Return the table column by column in memory, so that equal tables give equal bits.

    Sums over columns round differently over another layout, and the layout depends on how a file was read.
    """
    values = np.array(dataset.frame.to_numpy(dtype=np.float64), order="F", copy=True)
    return pd.DataFrame(values, columns=pd.Index(dataset.columns), copy=False)


def _fit_all(bound: list[Step], frame: pd.DataFrame) -> tuple[Pipeline, pd.DataFrame]:
    from sklearn.pipeline import Pipeline
    from threadpoolctl import threadpool_limits

    from clusterbench.preprocessing.transformers import pass_through

    fitted: list[tuple[str, Any]] = []
    # One thread, because a product split over threads may round differently.
    with threadpool_limits(1):
        for number, step in enumerate(bound, start=1):
            with request_errors(step.origin, where=f"step {number}"):
                transformer, frame = _fit_step(step, frame)
            fitted.append((f"{step.name}-{number}", transformer))
    return Pipeline(fitted or [("identity", pass_through().fit(frame))]), frame


def _fit_step(step: Step, frame: pd.DataFrame) -> tuple[Any, pd.DataFrame]:
    step.check(frame[step.working_columns(frame.columns)])
    transformer, words = step.transformer(), step.describe()
    # Warnings of arithmetic are hidden, because their causes are checked below, by column.
    with request_errors(f"{words} cannot be fitted"), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        made = transformer.fit_transform(frame)
    gaps = set(frame.columns[frame.isna().any()])
    if gaps.intersection(step.working_columns(frame.columns)) and step.takes is not ColumnRole.NUMERIC:
        gaps.update(made.columns)  # of a date that is missing, all parts are
    _check_output(frame, made, gaps, after=words)
    return transformer, made


def _check_output(given: pd.DataFrame, made: pd.DataFrame, gaps: set[str], *, after: str) -> None:
    """Raise RequestError if `made` has no column, another number of rows, texts, or missing values but in `gaps`."""
    if not made.shape[1]:
        raise RequestError(f"no column is left after {after}")
    if len(made) != len(given):
        raise RequestError(f"{after} made {len(made)} rows of {len(given)}", allowed="one row for each row")
    for (name, dtype), missing in zip(made.dtypes.items(), made.isna().sum(), strict=True):
        if not pd.api.types.is_numeric_dtype(dtype):
            raise RequestError(f"{after} made column {name!r} of dtype {dtype}", allowed="numbers")
        if missing and name not in gaps:
            raise RequestError(f"{after} made {missing} missing values in column {name!r}")
    _check_size(made, what=f"{after} made")


def _check_size(frame: pd.DataFrame, *, what: str) -> None:
    """Raise RequestError if a value is infinite or so large that distances overflow."""
    for name, value in frame.abs().max().items():
        if value > _LARGEST:
            allowed = f"values up to {_LARGEST:g} in magnitude"
            raise RequestError(f"{what} {value:g} in column {name!r}", allowed=allowed)


def _content_hash(dataset: Dataset, bound: list[Step]) -> str:
    identity = {
        "version": _VERSION,
        "dataset": dataset.content_hash,
        "steps": [step.identity() for step in bound],
        "packages": {name: package_version(name) for name in _PACKAGES},
    }
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
