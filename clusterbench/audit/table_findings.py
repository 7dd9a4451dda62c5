"""Findings about the table and the steps of a claim: rows dropped, columns that are no feature, idle scalers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.audit.audit_findings import Finding, FindingKind
from clusterbench.audit.claim_fits import ClaimFits, Steps
from clusterbench.datasets import ColumnRole
from clusterbench.datasets.column_roles import detect_role
from clusterbench.errors import RequestError
from clusterbench.labeling import Floats
from clusterbench.text import counted, listed, percent

SCALERS = ("standardize", "minmax", "robust", "power", "l2_normalize")
_FLAT = 1e-9  # relative difference of two matrices that are one


def rows_dropped(fits: ClaimFits) -> Iterator[Finding]:
    """Yield the rows of the source that the claim leaves out, or that its sizes do not count."""
    file, used = fits.claim.declared, fits.dataset.n_rows
    reasons = ["rows with a missing value"] if file.dataset.rows == "complete" else []
    reasons += [f"rows without: {rule.words}" for rule in file.filters]
    if used < fits.n_all:
        yield _dropped(fits.n_all - used, fits.n_all, "; ".join(reasons))
    for result in fits.claim.results:
        counts = sum(result.sizes or (used,)) + int(result.numbers.get("noise", 0))
        if result.sizes and counts < used:
            yield _dropped(used - counts, used, f"the sizes add up to {counts}", result.name)


def _dropped(count: int, of: int, why: str, result: str = "") -> Finding:
    return Finding(
        FindingKind.ROWS_DROPPED, f"{count} of {of} rows ({percent(count / of, 1)}) were left out: {why}", result
    )


def foreign_columns(fits: ClaimFits, steps: Steps) -> Iterator[Finding]:
    """Yield the columns that are no feature: ids, row numbers, known classes."""
    dropped = {name for step in steps if step["step"] == "drop" for name in np.atleast_1d(step["columns"])}
    found = []
    for name in fits.dataset.columns:
        if name in dropped:
            continue
        column = fits.dataset.frame[name]
        role = detect_role(column, name=name)
        known = [classes.name for classes in fits.dataset.known_classes if _is_same(column, classes.codes)]
        if known:
            found.append(f"{name} is the known classes {known[0]}")
        elif role is ColumnRole.CLASS:
            found.append(f"{name} is a label of {column.nunique()} classes")
        elif role is ColumnRole.ID or _counts_rows(column):
            found.append(f"{name} is an id or a row number: {column.nunique()} different whole numbers")
    if found:
        yield Finding(FindingKind.ID_COLUMN, f"{listed(found)}; clustered as if it were a measurement")


def _counts_rows(column: pd.Series) -> bool:
    """Whether values are consecutive whole numbers in the order of the rows, up or down."""
    steps = np.diff(column.to_numpy(dtype=np.float64))
    return len(steps) > 1 and bool((steps == 1).all() or (steps == -1).all())


def _is_same(column: pd.Series, codes: NDArray[np.int64]) -> bool:
    """Whether a column has one value for each class, and another for each other."""
    pairs = len(set(zip(column, codes, strict=True)))
    return pairs == column.nunique() == len(np.unique(codes)) > 1


def idle_scalers(fits: ClaimFits, steps: Steps) -> Iterator[Finding]:
    """Yield the scaling steps without which the space is the same, up to one factor and the origin."""
    for number, step in enumerate(steps):
        if step["step"] not in SCALERS:
            continue
        without = [*steps[:number], *steps[number + 1 :]]
        try:
            same = _same_up_to_scale(fits.space(steps), fits.space(without))
        except RequestError:
            continue  # the space does not exist without it
        if same:
            where = f"step {number + 1} of {counted(len(steps), 'step')}, {step['step']},"
            yield Finding(
                FindingKind.IDLE_SCALER, f"{where} changes no ratio of distances: without it the space is the same"
            )


def _same_up_to_scale(one: Floats, other: Floats) -> bool:
    if one.shape != other.shape:
        return False
    a, b = one - one.mean(axis=0), other - other.mean(axis=0)
    factor = float(np.linalg.norm(a)) / max(float(np.linalg.norm(b)), 1e-300)
    return bool(np.linalg.norm(a - factor * b) <= _FLAT * np.linalg.norm(a))
