"""Details of the chosen labelings, as stored with a run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from clusterbench.labeling import Labels
from clusterbench.results.records import RunRecord
from clusterbench.results.stored_frames import DRAWS, read_frames
from clusterbench.store import Store

MOST_PROFILED = 40  # columns that a labeling is described by
PROFILED_ROWS = 50_000  # of longer tables a sample describes the clusters
_MOST_LABELS = 20_000_000  # labels that a run holds in memory, for all entries together


DETAIL_COLUMNS: dict[str, dict[str, str]] = {
    "silhouettes": {"dataset": "object", "labels_sha256": "object", "space": "object", "cluster": "int64",
                    "size": "int64", "silhouette": "float64", "rows": "int64"},
    "policies": {"dataset": "object", "labels_sha256": "object", "space": "object", "policy": "object",
                 "metric": "object", "value": "float64", "reason": "object"},
    "agreement": {"dataset": "object", "one": "object", "other": "object", "ari": "float64"},
    "points": {"dataset": "object", "row": "int64", "x": "float64", "y": "float64", "share_x": "float64",
               "share_y": "float64", "values": "object"},
    "point_labels": {"dataset": "object", "labels_sha256": "object", "labels": "object"},
    "class_counts": {"dataset": "object", "labels_sha256": "object", "space": "object", "class": "object",
                     "cluster": "int64", "rows": "int64"},
    "profiles": {"dataset": "object", "labels_sha256": "object", "cluster": "int64", "column": "object",
                 "role": "object", "value": "float64", "rest": "float64", "standardised": "float64",
                 "delta": "float64"},
    "medoids": {"dataset": "object", "labels_sha256": "object", "cluster": "int64", "row_id": "object"},
    "columns": {"dataset": "object", "column": "object", "role": "object", "unit": "object", "distinct": "int64",
                "missing": "float64", "zeros": "float64", "low": "float64", "median": "float64", "high": "float64"},
    "bands": {"dataset": "object", "space": "object", "metric": "object", "k": "int64", "generator": "object",
              "mean": "float64", "low": "float64", "high": "float64", "n": "int64"},
}  # fmt: skip


def no_rows(kind: str) -> pd.DataFrame:
    """Return an empty frame of one kind of details, with its columns."""
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in DETAIL_COLUMNS[kind].items()})


@dataclass(frozen=True, slots=True, eq=False)
class Details:
    """Details of the chosen labelings, in the columns of `DETAIL_COLUMNS`; all are empty where nothing was computed.

    Attributes
    ----------
    silhouettes : DataFrame
        Mean silhouette of each cluster of the first seed in each reference space (NaN where undefined), and the number
        of rows used: all, or a sample of a large table.
    policies : DataFrame
        Scores under every declared noise policy, of the labelings of all seeds.
    agreement : DataFrame
        Adjusted Rand index of pairs of labelings (one < other); noise counts as one group.
    points, point_labels : DataFrame
        At most 400 rows, the same number from each of 40 strata of the first principal component of the first reference
        space, with shares of the variance and the row in that space as JSON; and their clusters, -1 for noise, as JSON.
    class_counts : DataFrame
        Rows of each known class (in the order of the classes) in each cluster, -1 for noise; none where there are none.
    profiles : DataFrame
        Of each cluster and column, the median (``value``; of 0 and 1 the mean), that of all other rows (``rest``), the
        value in standard deviations of all rows from their mean, after log1p where a column is skewed
        (``standardised``), and Cliff's delta against the other rows. Levels of a category are columns of 0 and 1.
    medoids : DataFrame
        The id of the row of each cluster that is nearest to its mean in the first reference space.
    columns : DataFrame
        Of each column of a dataset, role, unit, distinct values, shares of missing values and zeros, and its range with
        the median; dates are days since 1970-01-01.
    bands : DataFrame
        Mean, 5 % and 95 % quantile of the scores of random partitions, by generator.
    jaccards : mapping
        (dataset, variant, algorithm, params, cut) to the mean Jaccard similarity of each cluster over draws.
    labels : mapping of str to ndarray
        Labels of the first seed of each entry by hash; empty where they would not fit in memory.
    row_ids : mapping of str to tuple of str
        Row ids of each dataset.
    """

    silhouettes: pd.DataFrame = field(default_factory=lambda: no_rows("silhouettes"))
    policies: pd.DataFrame = field(default_factory=lambda: no_rows("policies"))
    agreement: pd.DataFrame = field(default_factory=lambda: no_rows("agreement"))
    points: pd.DataFrame = field(default_factory=lambda: no_rows("points"))
    point_labels: pd.DataFrame = field(default_factory=lambda: no_rows("point_labels"))
    class_counts: pd.DataFrame = field(default_factory=lambda: no_rows("class_counts"))
    profiles: pd.DataFrame = field(default_factory=lambda: no_rows("profiles"))
    medoids: pd.DataFrame = field(default_factory=lambda: no_rows("medoids"))
    columns: pd.DataFrame = field(default_factory=lambda: no_rows("columns"))
    bands: pd.DataFrame = field(default_factory=lambda: no_rows("bands"))
    jaccards: Mapping[tuple[str, ...], tuple[float, ...]] = field(default_factory=dict)
    labels: Mapping[str, Labels] = field(default_factory=dict)
    row_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_details(store: Store, record: RunRecord, table: pd.DataFrame) -> Details:
    """Read the details of a stored run; `table` is that of its leaderboard."""
    frames = {kind: read_frames(store, record, kind) for kind in DETAIL_COLUMNS}
    joined = {kind: frame[list(DETAIL_COLUMNS[kind])] for kind, frame in frames.items() if frame is not None}
    labels, ids = _labels(store, record, table)
    return Details(**joined, jaccards=_jaccards(store, record), labels=labels, row_ids=ids)


def row_ids_key(content_hash: str) -> str:
    """Return the key of the row ids of a dataset."""
    return f"rows:{content_hash}"


def _labels(
    store: Store, record: RunRecord, table: pd.DataFrame
) -> tuple[dict[str, Labels], dict[str, tuple[str, ...]]]:
    known = table.dropna(subset="labels_sha256").drop_duplicates(["dataset", "labels_sha256"])
    n_rows = {name: dataset.n_rows for name, dataset in record.datasets.items()}
    if sum(n_rows.get(dataset, 0) for dataset in known["dataset"]) > _MOST_LABELS:
        return {}, {}
    ids = {name: store.frame(row_ids_key(dataset.content_hash)) for name, dataset in record.datasets.items()}
    names = {name: tuple(map(str, frame["row_id"])) for name, frame in ids.items() if frame is not None}
    return store.labelings([str(sha) for sha in known["labels_sha256"]]), names


def _jaccards(store: Store, record: RunRecord) -> dict[tuple[str, ...], tuple[float, ...]]:
    """Return the means over draws; nothing for a cut of which a draw failed."""
    frame = read_frames(store, record, DRAWS)
    if frame is None:
        return {}
    means: dict[tuple[str, ...], tuple[float, ...]] = {}
    for cut, part in frame.groupby(["dataset", "variant", "algorithm", "params", "cut"], sort=False):
        values = [json.loads(text) for text in part["jaccards"]]
        if all(values):
            means[tuple(map(str, cut))] = tuple(np.nanmean(np.array(values, dtype=np.float64), axis=0).tolist())
    return means
