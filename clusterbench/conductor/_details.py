"""What a page tells of the chosen labelings beyond their ranks; kept in the store, so that a report needs no data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.benchmark import canonical_json
from clusterbench.conductor._derived import collect, frame_key
from clusterbench.conductor._plan import Plan, score_key
from clusterbench.conductor._progress import Progress
from clusterbench.labeling import Labels
from clusterbench.ranking import stable_rng
from clusterbench.scoring import METRICS, cluster_silhouettes
from clusterbench.store import Store

_POINTS = 400
_STRATA = 40
_SILHOUETTE_ROWS = 20_000  # silhouettes cost n^2; of more rows a sample is looked at
_MOST_COMPARED = 400  # labelings whose agreement is computed: 79,800 pairs
_MOST_LABELS = 20_000_000  # labels that a run holds in memory, for all entries together
_COLUMNS: dict[str, dict[str, str]] = {
    "silhouettes": {"dataset": "object", "labels_sha256": "object", "space": "object", "cluster": "int64",
                    "size": "int64", "silhouette": "float64", "rows": "int64"},
    "policies": {"dataset": "object", "labels_sha256": "object", "space": "object", "policy": "object",
                 "metric": "object", "value": "float64", "reason": "object"},
    "agreement": {"dataset": "object", "one": "object", "other": "object", "ari": "float64"},
    "points": {"dataset": "object", "row": "int64", "x": "float64", "y": "float64", "share_x": "float64",
               "share_y": "float64", "values": "object"},
    "point_labels": {"dataset": "object", "labels_sha256": "object", "labels": "object"},
    "bands": {"dataset": "object", "space": "object", "metric": "object", "k": "int64", "mean": "float64",
              "low": "float64", "high": "float64", "n": "int64"},
}  # fmt: skip


def _nothing(kind: str) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in _COLUMNS[kind].items()})


@dataclass(frozen=True, slots=True, eq=False)
class Details:
    """The chosen labelings looked at closely. All frames are empty where nothing was computed.

    Attributes
    ----------
    silhouettes : DataFrame
        dataset, labels_sha256, space (a reference), cluster, size, silhouette (mean of the cluster; NaN where
        undefined), rows (looked at: all, or a sample of a large table). Labelings of the first seed.
    policies : DataFrame
        dataset, labels_sha256, space, policy, metric, value, reason: scores under every declared noise policy, of the
        labelings of all seeds.
    agreement : DataFrame
        dataset, one, other (labels_sha256, one < other), ari: adjusted Rand index; noise counts as one group.
    points : DataFrame
        dataset, row, x, y (first two principal components of the first reference space), share_x, share_y (of the
        variance), values (JSON: the row in that space): at most 400 rows, the same number from each of 40 strata of
        the first component.
    point_labels : DataFrame
        dataset, labels_sha256, labels: a JSON list of the clusters of `points`, -1 for noise.
    bands : DataFrame
        dataset, space, metric, k, mean, low, high (5 % and 95 % quantile), n: scores of random partitions.
    jaccards : mapping
        (dataset, variant, algorithm, params, cut) to the mean Jaccard similarity of each cluster under resampling.
    labels : mapping of str to ndarray
        Labels of the first seed of each entry by hash; empty where they would not fit in memory.
    row_ids : mapping of str to tuple of str
        Names of the rows of each dataset.
    """

    silhouettes: pd.DataFrame = field(default_factory=lambda: _nothing("silhouettes"))
    policies: pd.DataFrame = field(default_factory=lambda: _nothing("policies"))
    agreement: pd.DataFrame = field(default_factory=lambda: _nothing("agreement"))
    points: pd.DataFrame = field(default_factory=lambda: _nothing("points"))
    point_labels: pd.DataFrame = field(default_factory=lambda: _nothing("point_labels"))
    bands: pd.DataFrame = field(default_factory=lambda: _nothing("bands"))
    jaccards: Mapping[tuple[str, ...], tuple[float, ...]] = field(default_factory=dict)
    labels: Mapping[str, Labels] = field(default_factory=dict)
    row_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def look_closely(
    plan: Plan, store: Store, chosen: pd.DataFrame, baselines: Mapping[str, str], progress: Progress
) -> dict[str, str]:
    """Compute what `Details` holds, unless it is in the store; return the keys of the frames by kind and dataset.

    Parameters
    ----------
    chosen : DataFrame
        The cells (of all seeds) of the entries that passed the gate.
    baselines : mapping of str to str
        Keys of the scores of random partitions.
    """
    keys: dict[str, str] = {}
    groups = [(str(name), part) for name, part in chosen.dropna(subset="labels_sha256").groupby("dataset", sort=True)]
    progress.stage("details", len(groups))
    for dataset, part in groups:
        every = sorted(set(part["labels_sha256"]))
        first = sorted(set(part.loc[part["seed"] == plan.benchmark.seeds[0], "labels_sha256"]))
        references = [(name, plan.spaces[dataset, name]) for name in plan.references[dataset]]
        made = [space.content_hash for _, space in references]
        points = frame_key("points with values", made[0], _POINTS, plan.benchmark.ranking.seed)
        policies = [policy.value for policy in plan.benchmark.noise.policies]
        wanted = {
            "points": points,
            "point_labels": frame_key("point labels", points, first),
            "silhouettes": frame_key("silhouettes", made, [name for name, _ in references], first),
            "agreement": frame_key("agreement", first),
            "policies": frame_key(
                "policies", [score_key(space) for _, space in references], policies, sorted(METRICS), every
            ),
        }
        found = {kind for kind, key in wanted.items() if store.frame(key) is not None}
        if found < set(wanted):
            for kind, frame in _computed(plan, store, dataset, first, every).items():
                if kind not in found:
                    store.put_frame(wanted[kind], frame)
        keys |= {canonical_json([kind, dataset]): key for kind, key in wanted.items()}
        progress.advance(1, dataset)
    if baselines:
        key = frame_key("bands", sorted(METRICS), sorted(baselines.items()))
        if store.frame(key) is None:
            scored = collect(store, baselines, ("dataset", "space", "k"))
            store.put_frame(key, random_bands(scored) if scored is not None else _nothing("bands"))
        keys[canonical_json(["bands", ""])] = key
    return keys


def details_of(store: Store, plan: Mapping[str, Any], table: pd.DataFrame) -> Details:
    """Read what was kept of a stored run; `table` is that of its leaderboard."""
    frames: dict[str, list[pd.DataFrame]] = {kind: [] for kind in _COLUMNS}
    for name, key in plan.get("details", {}).items():
        kind, dataset = json.loads(name)
        frame = store.frame(key)
        if frame is not None and kind in frames:
            frames[kind].append(frame if kind == "bands" else frame.assign(dataset=dataset))
    joined = {
        kind: pd.concat(parts, ignore_index=True)[list(_COLUMNS[kind])] for kind, parts in frames.items() if parts
    }
    labels, ids = _labels(store, plan, table)
    return Details(**joined, jaccards=_jaccards(store, plan), labels=labels, row_ids=ids)


def random_bands(scored: pd.DataFrame) -> pd.DataFrame:
    """Return mean and 5 to 95 % range of each index over random partitions, both generators together.

    Parameters
    ----------
    scored : DataFrame
        dataset, space, metric, k, value.
    """
    defined = scored[np.isfinite(scored["value"].to_numpy(dtype=np.float64, na_value=np.nan))]
    groups = defined.astype({"k": "int64", "value": "float64"}).groupby(["dataset", "space", "metric", "k"])["value"]
    table = groups.agg(mean="mean", n="size").reset_index()
    table["low"], table["high"] = groups.quantile(0.05).to_numpy(), groups.quantile(0.95).to_numpy()
    return pd.DataFrame(table[list(_COLUMNS["bands"])])


def agreement(hashes: Sequence[str], labelings: Mapping[str, Labels]) -> pd.DataFrame:
    """Return the adjusted Rand index of every pair of labelings, each pair once.

    Source: Hubert & Arabie 1985, doi:10.1007/BF01908075. Noise counts as one group.
    """
    groups = [np.unique(labelings[sha], return_inverse=True)[1].reshape(-1) for sha in hashes]
    sizes = [np.bincount(group) for group in groups]
    rows = [
        (hashes[i], hashes[j], _adjusted_rand(groups[i], groups[j], sizes[i], sizes[j]))
        for i in range(len(hashes))
        for j in range(i + 1, len(hashes))
    ]
    return pd.DataFrame(rows, columns=["one", "other", "ari"]).astype({"ari": "float64"})


def _adjusted_rand(
    one: NDArray[np.int64], other: NDArray[np.int64], one_sizes: NDArray[np.int64], other_sizes: NDArray[np.int64]
) -> float:
    both = _pairs(np.bincount(one * len(other_sizes) + other))
    mine, theirs, every = _pairs(one_sizes), _pairs(other_sizes), _pairs(np.array([len(one)]))
    expected = mine * theirs / every if every else 0.0
    highest = (mine + theirs) / 2.0
    return 1.0 if highest == expected else (both - expected) / (highest - expected)


def _pairs(sizes: NDArray[np.int64]) -> float:
    counts = sizes.astype(np.float64)
    return float((counts * (counts - 1.0)).sum() / 2.0)


def sampled_view(values: NDArray[np.float64], seed: int) -> pd.DataFrame:
    """Return the first two principal components of a sample of rows.

    The components are those of all rows. The sample holds as many rows of each of 40 strata of the first component,
    so that thin ends are seen; it depends on no labeling.

    Parameters
    ----------
    values : ndarray, shape (n, d)
    seed : int

    Returns
    -------
    DataFrame
        row, x, y, share_x, share_y, values (a JSON list: the row in the space); at most 400 rows, by row.
    """
    centred = values - values.mean(axis=0)
    variances, axes = np.linalg.eigh(centred.T @ centred / max(len(values) - 1, 1))
    order = np.argsort(variances)[::-1][:2]
    # The sign of a component is free: its largest loading is made positive.
    axes = axes[:, order] * np.sign(axes[np.abs(axes[:, order]).argmax(axis=0), order])
    plane = centred @ axes
    shares = np.maximum(variances[order], 0.0) / max(float(np.maximum(variances, 0.0).sum()), np.finfo(float).tiny)
    if plane.shape[1] == 1:
        plane, shares = np.column_stack([plane, np.zeros(len(plane))]), np.append(shares, 0.0)
    rows = _stratified(plane[:, 0], seed)
    return pd.DataFrame(
        {
            "row": rows,
            "x": plane[rows, 0].round(4),
            "y": plane[rows, 1].round(4),
            "share_x": round(float(shares[0]), 4),
            "share_y": round(float(shares[1]), 4),
            "values": [json.dumps([float(f"{value:.6g}") for value in row]) for row in values[rows]],
        }
    )


def _stratified(component: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    if len(component) <= _POINTS:
        return np.arange(len(component))
    rng = stable_rng(seed, "points of the view")
    strata = np.array_split(np.argsort(component, kind="stable"), _STRATA)
    return np.sort(np.concatenate([rng.choice(stratum, _POINTS // _STRATA, replace=False) for stratum in strata]))


def _computed(
    plan: Plan, store: Store, dataset: str, first: Sequence[str], every: Sequence[str]
) -> dict[str, pd.DataFrame]:
    labelings = store.labelings(first)
    references = {name: plan.spaces[dataset, name] for name in plan.references[dataset]}
    view = sampled_view(next(iter(references.values())).values, plan.benchmark.ranking.seed)
    rows = view["row"].to_numpy()
    seen = [canonical_json([int(label) for label in labelings[sha][rows]]) for sha in first]
    compared = first if len(first) <= _MOST_COMPARED else ()
    seed = plan.benchmark.ranking.seed
    scores = store.scores([score_key(space) for space in references.values()])
    names = {score_key(space): name for name, space in references.items()}
    mine = scores[scores["labels_sha256"].isin(set(every))]
    return {
        "points": view,
        "point_labels": pd.DataFrame({"labels_sha256": pd.Series(first, dtype=object), "labels": seen}),
        "silhouettes": _silhouettes({n: s.values for n, s in references.items()}, first, labelings, seed),
        "agreement": agreement(compared, labelings),
        "policies": mine.assign(space=mine["space_hash"].map(names), policy=mine["noise"])[
            ["labels_sha256", "space", "policy", "metric", "value", "reason"]
        ].reset_index(drop=True),
    }


def _silhouettes(
    spaces: Mapping[str, NDArray[np.float64]], hashes: Sequence[str], labelings: Mapping[str, Labels], seed: int
) -> pd.DataFrame:
    parts = [_nothing("silhouettes").drop(columns="dataset")]
    for name, values in spaces.items():
        rows = np.arange(len(values))
        if len(rows) > _SILHOUETTE_ROWS:
            rng = stable_rng(seed, "rows of the silhouettes")
            rows = np.sort(rng.choice(len(values), _SILHOUETTE_ROWS, replace=False))
        found = cluster_silhouettes(np.ascontiguousarray(values[rows]), [labelings[sha][rows] for sha in hashes])
        found["labels_sha256"] = np.array(hashes, dtype=object)[found["labeling"].to_numpy(dtype=np.int64)]
        parts.append(found.drop(columns="labeling").assign(space=name, rows=len(rows)))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def _labels(
    store: Store, plan: Mapping[str, Any], table: pd.DataFrame
) -> tuple[dict[str, Labels], dict[str, tuple[str, ...]]]:
    known = table.dropna(subset="labels_sha256").drop_duplicates(["dataset", "labels_sha256"])
    n_rows = {name: int(entry["n_rows"]) for name, entry in plan["datasets"].items()}
    if sum(n_rows.get(dataset, 0) for dataset in known["dataset"]) > _MOST_LABELS:
        return {}, {}
    ids = {name: store.frame(f"rows:{entry['hash']}") for name, entry in plan["datasets"].items()}
    names = {name: tuple(map(str, frame["row_id"])) for name, frame in ids.items() if frame is not None}
    return store.labelings([str(sha) for sha in known["labels_sha256"]]), names


def _jaccards(store: Store, plan: Mapping[str, Any]) -> dict[tuple[str, ...], tuple[float, ...]]:
    frame = store.frame(plan.get("stability") or "")
    if frame is None or "cluster_jaccard" not in frame.columns:
        return {}
    keys = frame[["dataset", "variant", "algorithm", "params", "cut"]].itertuples(index=False, name=None)
    values = (tuple(float(value) for value in json.loads(text)) for text in frame["cluster_jaccard"])
    return {tuple(map(str, key)): value for key, value in zip(keys, values, strict=True)}
