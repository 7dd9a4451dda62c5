"""Details of the chosen labelings: computed once and stored, so that a report needs no data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.datasets import KnownClasses
from clusterbench.labeling import Labels
from clusterbench.metrics import cluster_silhouettes
from clusterbench.metrics.computation import count_threads
from clusterbench.metrics.contingency import contingency
from clusterbench.metrics.external_metrics import adjusted_rand
from clusterbench.metrics.threads import in_threads
from clusterbench.naming import canonical_json
from clusterbench.results import FrameRecord, RunRecord
from clusterbench.results.details import DETAIL_COLUMNS, no_rows
from clusterbench.running.calibration_stage import frame_key
from clusterbench.running.cluster_profiles import data_card, medoids, profile_clusters
from clusterbench.running.planning import Plan, score_key
from clusterbench.running.progress import Progress
from clusterbench.seeding import stable_rng
from clusterbench.store import Store
from clusterbench.tables import CLASSES

_POINTS = 400
_STRATA = 40
_MOST_AXES = 200  # that are all computed
_SILHOUETTE_ROWS = 20_000  # silhouettes cost n^2; longer tables are sampled
_MOST_COMPARED = 400  # labelings whose agreement is computed: 79,800 pairs


def compute_details(
    plan: Plan, store: Store, chosen: pd.DataFrame, baselines: pd.DataFrame | None, progress: Progress
) -> list[FrameRecord]:
    """Compute what `Details` holds, unless it is in the store; return where it is stored.

    `chosen` are the cells (of all seeds) of the entries that passed the gate, `baselines` scores of random partitions.
    """
    frames: list[FrameRecord] = []
    groups = [(str(name), part) for name, part in chosen.dropna(subset="labels_sha256").groupby("dataset", sort=True)]
    progress.stage("details", len(groups))
    record = plan.record()
    for dataset, part in groups:
        every = sorted(set(part["labels_sha256"]))
        first = sorted(set(part.loc[part["seed"] == plan.benchmark.seeds[0], "labels_sha256"]))
        references = [(name, plan.spaces[dataset, name]) for name in plan.references[dataset]]
        known = plan.datasets[dataset].known_classes
        made = [space.content_hash for _, space in references]
        points = frame_key("points with values", made[0], _POINTS, plan.benchmark.ranking.seed)
        policies = [policy.value for policy in plan.benchmark.noise.policies]
        metrics = sorted(metric.stored_name for metric in plan.benchmark.scored_metrics)
        wanted = {
            "points": points,
            "point_labels": frame_key("point labels", points, first),
            "silhouettes": frame_key("silhouettes", made, [name for name, _ in references], first),
            "agreement": frame_key("agreement", first),
            "class_counts": frame_key("class counts", [classes.content_hash for classes in known], first),
            "profiles": frame_key(
                "profiles of every level", plan.datasets[dataset].content_hash, plan.benchmark.ranking.seed, first
            ),
            "medoids": frame_key("medoids", made[0], first),
            "columns": frame_key("columns", plan.datasets[dataset].content_hash),
            "policies": frame_key("policies", [score_key(space) for _, space in references], policies, metrics, every),
        }
        stored = {kind for kind, key in wanted.items() if store.frame(key) is not None}
        if stored < set(wanted):
            for kind, frame in _computed(plan, record, store, dataset, first, every).items():
                if kind not in stored:
                    store.put_frame(wanted[kind], frame)
        frames += [FrameRecord(kind, key, dataset) for kind, key in wanted.items()]
        progress.advance(1, dataset)
    if baselines is not None and len(baselines):
        bands = random_bands(baselines)
        key = frame_key("bands", bands.to_csv(index=False))
        if store.frame(key) is None:
            store.put_frame(key, bands)
        frames.append(FrameRecord("bands", key))
    return frames


def random_bands(scored: pd.DataFrame) -> pd.DataFrame:
    """Return mean and 5 to 95 % range of each index over the random partitions of each generator.

    `scored` has dataset, space, metric, k, generator, value.
    """
    defined = scored[np.isfinite(scored["value"].to_numpy(dtype=np.float64, na_value=np.nan))]
    key = ["dataset", "space", "metric", "k", "generator"]
    groups = defined.astype({"k": "int64", "value": "float64"}).groupby(key)["value"]
    table = groups.agg(mean="mean", n="size").reset_index()
    table["low"], table["high"] = groups.quantile(0.05).to_numpy(), groups.quantile(0.95).to_numpy()
    return pd.DataFrame(table[list(DETAIL_COLUMNS["bands"])])


def agreement(hashes: Sequence[str], labelings: Mapping[str, Labels]) -> pd.DataFrame:
    """Return the adjusted Rand index of every pair of labelings, each pair once.

    Source: Hubert & Arabie 1985, doi:10.1007/BF01908075. Noise counts as one group.
    """
    groups = [labelings[sha] + np.int32(1) for sha in hashes]
    rows = [
        (hashes[i], hashes[j], adjusted_rand(contingency(groups[i], groups[j])))
        for i in range(len(hashes))
        for j in range(i + 1, len(hashes))
    ]
    return pd.DataFrame(rows, columns=["one", "other", "ari"]).astype({"ari": "float64"})


def class_counts(known: Sequence[KnownClasses], hashes: Sequence[str], labelings: Mapping[str, Labels]) -> pd.DataFrame:
    """Return the rows of each known class in each cluster: `Details.class_counts` without the dataset."""
    parts = [no_rows("class_counts").drop(columns="dataset")]
    for classes in known:
        for sha in hashes:
            pairs = pd.DataFrame({"code": classes.codes, "cluster": labelings[sha]})
            counts = pairs[pairs["code"] >= 0].value_counts(sort=False).sort_index().rename("rows").reset_index()
            names = np.array(classes.names, dtype=object)[counts.pop("code")]
            parts.append(counts.assign(labels_sha256=sha, space=CLASSES + classes.name, **{"class": names}))
    return pd.concat(parts[1:] or parts, ignore_index=True)[list(parts[0])]


def sampled_view(values: NDArray[np.float64], seed: int) -> pd.DataFrame:
    """Return the first two principal components of a sample of rows.

    The components are those of all rows. The sample takes the same number of rows from each of 40 strata of the first
    component, so that sparse ends are shown; it depends on no labeling. Of `values`, shape (n, d), the result has at
    most 400 rows, by row: row, x, y, share_x, share_y, values (a JSON list: the row in the space).
    """
    centred = values - values.mean(axis=0)
    axes, shares = _leading_axes(centred, seed)
    # The sign of a component is free: its largest loading is made positive.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    plane = centred @ axes
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


def _leading_axes(centred: NDArray[np.float64], seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the first two principal axes of centred rows, shape (d, 2) or (1, 1), and their shares of the variance."""
    if min(centred.shape) <= _MOST_AXES:
        variances, axes = np.linalg.eigh(centred.T @ centred / max(len(centred) - 1, 1))
        order = np.argsort(variances)[::-1][:2]
        variances = np.maximum(variances, 0.0)
        return axes[:, order], variances[order] / max(float(variances.sum()), np.finfo(float).tiny)
    from scipy.sparse.linalg import svds  # the two axes alone: all of them cost the cube of the columns

    start = stable_rng(seed, "axes of the view").standard_normal(min(centred.shape))
    _, lengths, axes = svds(centred, k=2, v0=start)
    order = np.argsort(lengths)[::-1]
    return axes[order].T, lengths[order] ** 2 / max(float(np.square(centred).sum()), np.finfo(float).tiny)


def _stratified(component: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    if len(component) <= _POINTS:
        return np.arange(len(component))
    rng = stable_rng(seed, "points of the view")
    strata = np.array_split(np.argsort(component, kind="stable"), _STRATA)
    return np.sort(np.concatenate([rng.choice(stratum, _POINTS // _STRATA, replace=False) for stratum in strata]))


def _computed(
    plan: Plan, record: RunRecord, store: Store, dataset: str, first: Sequence[str], every: Sequence[str]
) -> dict[str, pd.DataFrame]:
    labelings = store.labelings(first)
    references = {name: plan.spaces[dataset, name] for name in plan.references[dataset]}
    names = {score_key(space): name for name, space in references.items()}
    scores = record.own_metrics(store.scores(list(names), labels=every))
    table, seed = plan.datasets[dataset], plan.benchmark.ranking.seed

    def silhouettes() -> dict[str, pd.DataFrame]:
        return {"silhouettes": _silhouettes({n: s.values for n, s in references.items()}, first, labelings, seed)}

    def others() -> dict[str, pd.DataFrame]:
        values = next(iter(references.values())).values
        view = sampled_view(values, seed)
        seen = [canonical_json([int(label) for label in labelings[sha][view["row"].to_numpy()]]) for sha in first]
        return {
            "points": view,
            "point_labels": pd.DataFrame({"labels_sha256": pd.Series(first, dtype=object), "labels": seen}),
            "agreement": agreement(first if len(first) <= _MOST_COMPARED else (), labelings),
            "class_counts": class_counts(table.known_classes, first, labelings),
            "profiles": profile_clusters(table, labelings, seed),
            "medoids": medoids(table, values, labelings),
            "columns": data_card(table),
            "policies": scores.assign(space=scores["space_hash"].map(names), policy=scores["noise"])[
                ["labels_sha256", "space", "policy", "metric", "value", "reason"]
            ].reset_index(drop=True),
        }

    # Silhouettes are computed without the GIL, on all cores; the others on one core.
    made = in_threads(lambda make: make(), [silhouettes, others], count_threads(None))
    return made[0] | made[1]


def _silhouettes(
    spaces: Mapping[str, NDArray[np.float64]], hashes: Sequence[str], labelings: Mapping[str, Labels], seed: int
) -> pd.DataFrame:
    parts = [no_rows("silhouettes").drop(columns="dataset")]
    for name, values in spaces.items():
        rows = np.arange(len(values))
        if len(rows) > _SILHOUETTE_ROWS:
            rng = stable_rng(seed, "rows of the silhouettes")
            rows = np.sort(rng.choice(len(values), _SILHOUETTE_ROWS, replace=False))
        silhouettes = cluster_silhouettes(np.ascontiguousarray(values[rows]), [labelings[sha][rows] for sha in hashes])
        silhouettes["labels_sha256"] = np.array(hashes, dtype=object)[silhouettes["labeling"].to_numpy(dtype=np.int64)]
        parts.append(silhouettes.drop(columns="labeling").assign(space=name, rows=len(rows)))
    return pd.concat(parts[1:] or parts, ignore_index=True)
