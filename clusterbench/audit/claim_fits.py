"""The table of a claim, the spaces made of it, and the fits and scores of its results; each is computed once."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.audit.claim import Claim, ClaimedResult, RowFilter
from clusterbench.audit.claimed_numbers import Agreement, compare_numbers, worst
from clusterbench.datasets import Dataset, DatasetSpec, load_dataset
from clusterbench.errors import RequestError, unknown
from clusterbench.labeling import Floats, Labeling
from clusterbench.metrics import METRICS, score_labelings
from clusterbench.naming import Cut, canonical_json
from clusterbench.plugins import Cutter, as_partition, kept_generators, kept_state
from clusterbench.preprocessing import fit_space, parse_steps

Steps = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The labeling that a fit gave, and the objective of the algorithm."""

    labeling: Labeling
    inertia: float | None


@dataclass(slots=True)
class ClaimFits:
    """Fits and scores for one claim, on one table."""

    claim: Claim
    dataset: Dataset
    n_all: int  # rows of the source
    _spaces: dict[str, Floats] = field(default_factory=dict)
    _fits: dict[str, Fit] = field(default_factory=dict)
    _built: tuple[str, Cutter] | None = None  # the last build, which serves further cuts

    def space(self, steps: Steps) -> Floats:
        """Return the matrix that some steps make of the table, shape (n, d)."""
        key = canonical_json(list(steps))
        if key not in self._spaces:
            parsed = parse_steps(list(steps), where="steps", known=self.claim.registry.steps)
            self._spaces[key] = fit_space(self.dataset, parsed, where="steps").values
        return self._spaces[key]

    def fit(
        self, result: ClaimedResult, steps: Steps, seed: int, *, cut: Cut | None = None, **params: Any
    ) -> Fit:  # fmt: skip
        """Fit a result in a space; `cut` and `params` replace its own."""
        chosen = cut or result.cut
        build = canonical_json([result.algorithm.name, result.params | params, list(steps), seed])
        key = build + chosen.text
        if key not in self._fits:
            if self._built is None or self._built[0] != build:
                self._built = build, build_rows(result, self.space(steps), seed, **params)
            self._fits[key] = cut_rows(self._built[1], self.dataset.n_rows, chosen)
        return self._fits[key]

    def agreement(self, result: ClaimedResult, fit: Fit, scored_in: Steps, *, noise: str = "zero") -> Agreement:
        """Return how the claimed numbers agree with those of a fit, scored in a space."""
        return worst(compare_numbers(result, fit.labeling, fit.inertia, self.scores(result, fit, scored_in, noise)))

    def scores(self, result: ClaimedResult, fit: Fit, scored_in: Steps, noise: str = "zero") -> dict[str, float]:
        """Return the claimed metrics of a fit in a space."""
        return scores_of(
            self.space(scored_in), fit.labeling, [name for name in result.numbers if name in METRICS], noise
        )


def fit_rows(result: ClaimedResult, X: Floats, seed: int, cut: Cut, **params: Any) -> Fit:
    """Fit the algorithm of a result to rows, shape (n, d)."""
    return cut_rows(build_rows(result, X, seed, **params), len(X), cut)


def build_rows(result: ClaimedResult, X: Floats, seed: int, **params: Any) -> Cutter:
    """Build the algorithm of a result on rows, shape (n, d); `params` replace its own."""
    resolved = result.algorithm.resolve({**result.params, **params})
    with kept_state(), kept_generators(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return result.algorithm.build(np.ascontiguousarray(X), seed, **resolved)


def cut_rows(cutter: Cutter, n_rows: int, cut: Cut) -> Fit:
    """Cut a build."""
    with kept_state(), kept_generators(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        partition = as_partition(cutter(**cut.arguments), n_rows)
    return Fit(Labeling.of(partition.labels), partition.inertia)


def scores_of(X: Floats, labeling: Labeling, metrics: Sequence[str], noise: str = "zero") -> dict[str, float]:
    """Return the value of each metric, NaN where it is undefined."""
    if not metrics:
        return {}
    table = score_labelings(X, [labeling.labels], metrics=metrics, noise=noise)
    return dict(zip(table["metric"], table["value"].astype(float), strict=True))


def silhouettes(X: Floats, labelings: Iterable[NDArray[Any]]) -> NDArray[np.float64]:
    """Return the silhouette of each labeling, NaN where it is undefined."""
    given = list(labelings)
    return score_labelings(X, given, metrics="silhouette")["value"].to_numpy(dtype=np.float64)


def load_table(claim: Claim, **changes: Any) -> ClaimFits:
    """Load the table of a claim and filter its rows; `changes` replace keys of its declaration."""
    file = claim.declared
    spec = file.dataset.model_copy(update=changes)
    base = claim.path.parent
    dataset = load_dataset(spec, base=base)
    n_all = dataset.n_rows if spec.rows == "all" else _rows_of_source(spec, claim)
    kept = np.ones(dataset.n_rows, dtype=bool)
    for number, rule in enumerate(file.filters, start=1):
        kept &= _kept(dataset.frame, rule, where=f"filters[{number}]")
    if not kept.all():
        dataset = dataset.take(np.flatnonzero(kept))
    return ClaimFits(claim, dataset, n_all)


def _rows_of_source(spec: DatasetSpec, claim: Claim) -> int:
    return load_dataset(spec.model_copy(update={"rows": "all"}), base=claim.path.parent).n_rows


def _kept(frame: pd.DataFrame, rule: RowFilter, *, where: str) -> NDArray[np.bool_]:
    for name in (rule.column, *(rule.equals_sum or ())):
        if name not in frame.columns:
            raise unknown("column", name, frame.columns, where=where)
    values = frame[rule.column]
    if rule.equals_sum is not None:
        total = frame[list(rule.equals_sum)].sum(axis=1)
        return np.asarray(np.floor(total) == np.floor(values))
    low, high = rule.low, rule.high
    if rule.iqr is not None:
        first, third = values.quantile([0.25, 0.75])
        low, high = first - rule.iqr * (third - first), third + rule.iqr * (third - first)
    return np.asarray(values.between(-np.inf if low is None else low, np.inf if high is None else high))


def other_table(fits: ClaimFits) -> ClaimFits | None:
    """Return the same claim on all rows instead of the complete ones, or the other way; None where that is no table."""
    rows = "all" if fits.claim.declared.dataset.rows == "complete" else "complete"
    try:
        other = load_table(fits.claim, rows=rows)
    except RequestError:
        return None
    return other if other.dataset.n_rows != fits.dataset.n_rows else None


def with_imputation(fits: ClaimFits, steps: Steps) -> Steps:
    """Return steps that fill missing values first, where there are any and nothing fills them."""
    missing = bool(fits.dataset.frame.isna().any(axis=None))
    return [{"step": "impute"}, *steps] if missing and not any(s["step"] == "impute" for s in steps) else list(steps)
