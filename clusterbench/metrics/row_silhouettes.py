"""Silhouettes of rows and of clusters, for the drill-down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from clusterbench.errors import RequestError
from clusterbench.metrics.batches import Batch, batches
from clusterbench.metrics.computation import at_least
from clusterbench.metrics.conditioning import Table
from clusterbench.metrics.engine import count_threads, in_threads, row_scorer
from clusterbench.metrics.noise_policies import as_labelings, as_policies
from clusterbench.metrics.partition_layout import lay_out
from clusterbench.metrics.row_blocks import tasks
from clusterbench.metrics.score import NoisePolicy
from clusterbench.tables import Floats


def silhouette_samples(
    X: ArrayLike,
    labelings: ArrayLike | Sequence[ArrayLike],
    *,
    noise: str = "zero",
    memory_mb: float = 512,
    threads: int | None = None,
) -> Floats:
    """Return the silhouette of every row in every labeling, exactly, whatever the number of rows.

    Parameters
    ----------
    X, labelings, memory_mb, threads
        As for `score_labelings`; the budget does not hold the result.
    noise : str
        One policy. Noise rows are 0 under ``zero``, NaN under ``drop``.

    Returns
    -------
    ndarray of float64, shape (m, n)
        The mean over its numbers is the score. A labeling whose silhouette is undefined is NaN throughout.
    """
    space = Table.of(X).space
    policies = as_policies(noise)
    if len(policies) != 1:
        raise RequestError(f"noise = {[str(policy) for policy in policies]}", allowed="one policy")
    policy = policies[0]
    at_least("memory_mb", memory_mb, 0)
    at_least("threads", 1 if threads is None else threads, 1)
    given = as_labelings(labelings, len(space))
    found = np.full((len(given), len(space)), np.nan)
    workers = count_threads(threads)
    scored_at: dict[bytes, int] = {}
    for batch in batches(space, given, [policy], memory_mb * 1e6, workers):
        for use in batch.uses:
            if not use.reason:
                scored_at.setdefault(use.key, use.labeling)
        if batch.keys:
            _fill(found, [scored_at[key] for key in batch.keys], space, batch, workers)
        for use in batch.uses:
            if not use.reason:
                found[use.labeling] = found[scored_at[use.key]]
    if policy is NoisePolicy.ZERO:
        for row, labels in zip(found, given, strict=True):
            if not np.isnan(row).all():
                row[labels < 0] = 0.0
    return found


def _fill(found: Floats, places: list[int], space: Floats, batch: Batch, workers: int) -> None:
    """Fill the rows `places` of `found` with the silhouettes of the batch's partitions."""

    score = row_scorer(space, lay_out(batch.labels, batch.ks), np.arange(len(space)), np.float64)

    def keep(part: slice) -> None:
        found[places, part] = score(part).s

    in_threads(keep, tasks(len(space)), workers)
    for place, labels, k in zip(places, batch.labels, batch.ks, strict=True):
        if k == np.count_nonzero(labels >= 0):  # every row is a cluster of its own: undefined
            found[place] = np.nan


def cluster_silhouettes(
    X: ArrayLike, labelings: ArrayLike | Sequence[ArrayLike], *, memory_mb: float = 512, threads: int | None = None
) -> pd.DataFrame:
    """Return the mean silhouette of each cluster; noise rows take no part.

    Returns
    -------
    DataFrame
        Columns labeling, cluster (as given), size, silhouette (NaN where undefined).
    """
    samples = silhouette_samples(X, labelings, noise="drop", memory_mb=memory_mb, threads=threads)
    frames = []
    for position, labels in enumerate(as_labelings(labelings, samples.shape[1])):
        part = labels >= 0
        rows = pd.DataFrame({"cluster": labels[part], "silhouette": samples[position, part]})
        table = rows.groupby("cluster")["silhouette"].agg(size="size", silhouette="mean").reset_index()
        table.insert(0, "labeling", position)
        frames.append(table)
    if not frames:
        return pd.DataFrame(columns=["labeling", "cluster", "size", "silhouette"])
    return pd.concat(frames, ignore_index=True)
