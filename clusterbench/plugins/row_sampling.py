"""Fits to a sample of the rows: every other row is assigned by the rule that the plug-in declares."""

from dataclasses import replace
from typing import Any

import numpy as np

from clusterbench.labeling import NOISE, Labels
from clusterbench.plugins.algorithm import Algorithm, Assignment, Cutter, Floats, Params, Partition, as_partition
from clusterbench.seeding import RowSample

_ROWS = 100_000  # assigned in one call of a model


def cutter_of(algorithm: Algorithm, X: Floats, seed: int, params: Params, sample: RowSample | None) -> Cutter:
    """Build an algorithm on the rows of `X`, shape (n, d), or on a sample of them; its cuts label all n rows.

    The rows outside the sample get the cluster that the fitted model predicts, that of the nearest centroid, or that of
    the nearest row of the sample, as the algorithm declares. ValueError for an algorithm without such a rule.
    """
    if sample is None:
        return algorithm.build(X, seed, **params)
    rule = algorithm.assignment
    if rule is Assignment.NONE:
        raise ValueError(f"{algorithm.name} has no rule for rows outside the sample")
    is_fitted = sample.chosen(len(X))
    fitted = np.ascontiguousarray(X[is_fitted])
    fitted.flags.writeable = False
    cutter = algorithm.build(fitted, seed, **params)
    others = np.flatnonzero(~is_fitted)
    neighbour = _nearest(X, others, fitted) if rule is Assignment.NEAREST_NEIGHBORS else None
    about = f"fitted to a random {sample.rows:,} of {len(X):,} rows, to which counts and numbers of rows here refer"

    def cut_all(**cut: Any) -> Partition:
        part = as_partition(cutter(**cut), len(fitted))
        known = np.asarray(part.labels)
        labels = np.empty(len(X), dtype=known.dtype)
        labels[is_fitted] = known
        labels[others] = known[neighbour] if neighbour is not None else _assigned(X, others, fitted, part, rule)
        return replace(part, labels=labels, info={**part.info, "sample": about})

    return cut_all


def _assigned(X: Floats, others: Labels, fitted: Floats, part: Partition, rule: Assignment) -> Labels:
    """Return the clusters of the rows `others` by the fitted model, or by the centroids of the clusters."""
    if rule is Assignment.PREDICT:
        if not hasattr(part.model, "predict"):
            raise ValueError("declares that it predicts, but its partition has no model with predict")
        parts = np.array_split(others, -(-len(others) // _ROWS))
        return np.concatenate([part.model.predict(np.ascontiguousarray(X[rows])) for rows in parts])
    known = np.asarray(part.labels)
    clusters = np.unique(known[known >= 0])
    if not len(clusters):
        return np.full(len(others), NOISE)
    centroids = np.stack([fitted[known == cluster].mean(axis=0) for cluster in clusters])
    return np.asarray(clusters[_nearest(X, others, centroids)])


def _nearest(X: Floats, others: Labels, points: Floats) -> Labels:
    """Return the position of the nearest of the points, shape (m, d), for the rows `others`; ties: the first."""
    from sklearn.metrics import pairwise_distances_argmin

    parts = np.array_split(others, -(-len(others) // _ROWS))
    return np.concatenate([pairwise_distances_argmin(X[rows], points) for rows in parts])
