"""Mean silhouettes of clusters, for the details of an entry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from clusterbench.labeling import canonical
from clusterbench.metrics.anchors import Sample
from clusterbench.metrics.batches import as_labelings, batches
from clusterbench.metrics.computation import count_threads
from clusterbench.metrics.conditioning import Table
from clusterbench.metrics.partitions import lay_out
from clusterbench.metrics.row_scores import cluster_totals
from clusterbench.metrics.score import NoisePolicy
from clusterbench.tables import Floats

_MEMORY = 512e6


def cluster_silhouettes(X: ArrayLike, labelings: ArrayLike | Sequence[ArrayLike]) -> pd.DataFrame:
    """Return the mean silhouette of each cluster, over all its rows; noise rows are left out.

    Parameters
    ----------
    X, labelings
        As for `score_labelings`.

    Returns
    -------
    DataFrame
        Columns labeling, cluster (as given), size, silhouette (NaN where undefined).
    """
    space, threads = Table.of(X).space, count_threads(None)
    given = as_labelings(labelings, len(space))
    means: dict[bytes, Floats] = {}
    frames = [pd.DataFrame(columns=["labeling", "cluster", "size", "silhouette"], dtype=np.float64)]
    for batch in batches(space, given, [NoisePolicy.DROP], _MEMORY, threads):
        if batch.keys:
            partitions = lay_out(batch.labels)
            sizes = partitions.pair_sizes
            total, _ = cluster_totals(space, partitions, Sample.everything(partitions), np.float64, threads)
            for p, key in enumerate(batch.keys):
                pairs = partitions.pairs(p)
                means[key] = np.where(sizes[pairs].max() == 1, np.nan, total[pairs] / sizes[pairs])
        for use in batch.uses:
            labels = given[use.labeling]
            names, first, counts = np.unique(labels, return_index=True, return_counts=True)
            part = names >= 0
            values = np.nan if use.reason else means[use.key][canonical(labels)[first[part]]]
            columns = {"labeling": use.labeling, "cluster": names[part], "size": counts[part], "silhouette": values}
            frames.append(pd.DataFrame(columns))
    return pd.concat(frames[1:] or frames, ignore_index=True)
