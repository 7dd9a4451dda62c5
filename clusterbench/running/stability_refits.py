"""Stability: compare the chosen labelings with labelings of resampled rows.

A resample holds the distinct rows of a bootstrap sample (about 63 % of the table), as in Hennig's ``clusterboot``:
duplicated rows would change densities and medoids. A refit is a fit job with its own key, so it is stored, run in
parallel and resumed like any other. Source: Hennig 2007, doi:10.1016/j.csda.2006.11.025.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.benchmark import FitJob
from clusterbench.execution import CellStatus, scratch_folder
from clusterbench.labeling import Labels
from clusterbench.naming import canonical_json
from clusterbench.plugins import Registry
from clusterbench.results import FrameRecord
from clusterbench.results.stored_frames import STABILITY
from clusterbench.running.calibration_bootstrap import frame_key
from clusterbench.running.fitting import PendingTask, execute_tasks, is_open, pending_task, save_space
from clusterbench.running.planning import Plan, PlannedJob, job_key
from clusterbench.running.progress import Progress
from clusterbench.running.settings import Settings
from clusterbench.seeding import stable_rng
from clusterbench.store import Store

_KEYS = ["dataset", "variant", "algorithm", "params", "cut"]


@dataclass(frozen=True, slots=True)
class _Resample:
    """One refit: the entry, the hash of its labeling, the number of the resample, and the job."""

    entry: tuple[str, str, str, str, str]
    original: str
    number: int
    planned: PlannedJob


def stability(
    plan: Plan, store: Store, registry: Registry, chosen: pd.DataFrame, settings: Settings, progress: Progress
) -> list[FrameRecord]:
    """Refit every chosen entry on resampled rows; return where the agreement of the refits is stored.

    Parameters
    ----------
    chosen : DataFrame
        Cells (of the first seed) of the entries that passed the gate.
    """
    n_resamples = plan.benchmark.stability.resamples
    if n_resamples == 0 or chosen.empty:
        return []
    resamples = list(_resamples(plan, chosen, n_resamples))
    known = _outcomes(store, resamples)
    todo = [r for r, status in zip(resamples, known, strict=True) if is_open(status, retry=settings.retry)]
    with scratch_folder() as folder:
        states = _open_tasks(plan, todo, registry, folder)
        execute_tasks(states, store, settings, progress, stage="resampling")
    made_of = [[resample.planned.key, resample.original] for resample in resamples]
    lost = [
        i for i, status in enumerate(_outcomes(store, resamples) if states else known) if status is not CellStatus.OK
    ]
    key = frame_key("stability with its refits", made_of, *([lost] if lost else []))  # some may be there another time
    if store.frame(key) is None:
        store.put_frame(key, _compare(plan, store, resamples))
    return [FrameRecord(STABILITY, key)]


def _outcomes(store: Store, resamples: Sequence[_Resample]) -> list[CellStatus | None]:
    """Return the status of every refit; None if it has none yet."""
    finished = store.finished_cells([resample.planned.key for resample in resamples])
    return [finished.get(r.planned.key, {}).get(r.planned.job.cuts[0]) for r in resamples]


def resampled_rows(n_rows: int, seed: int, number: int) -> NDArray[np.int64]:
    """Return the distinct rows of bootstrap sample `number`, ascending; the same for every entry."""
    rng = stable_rng(seed, f"stability {number}")
    rows: NDArray[np.int64] = np.unique(rng.integers(0, n_rows, n_rows))
    return rows


def _resamples(plan: Plan, chosen: pd.DataFrame, n_resamples: int) -> Iterator[_Resample]:
    seed = plan.benchmark.ranking.seed
    for row in chosen[[*_KEYS, "seed", "labels_sha256"]].itertuples(index=False):
        dataset, variant, name, params, cut, first_seed, sha = map(str, row)
        algorithm = plan.benchmark.algorithm(name)
        for number in range(n_resamples):
            job = FitJob(dataset, variant, name, params, (int(first_seed),), (cut,))
            space = plan.spaces[dataset, variant].content_hash
            space_hash = hashlib.sha256(f"{space}:resample:{seed}:{number}".encode()).hexdigest()
            planned = PlannedJob(job, job_key(job, algorithm, space_hash), space_hash, None)
            yield _Resample((dataset, variant, name, params, cut), sha, number, planned)


def _open_tasks(plan: Plan, todo: Sequence[_Resample], registry: Registry, folder: Path) -> list[PendingTask]:
    """Return the tasks of the refits; those that differ only in the cut share a build."""
    paths: dict[str, str] = {}
    merged: dict[str, tuple[_Resample, list[str]]] = {}
    for resample in todo:
        merged.setdefault(resample.planned.key, (resample, []))[1].append(resample.planned.job.cuts[0])
    states = []
    for resample, cuts in merged.values():
        job, space_hash = resample.planned.job, resample.planned.space_hash
        if space_hash not in paths:
            values = plan.spaces[job.dataset, job.variant].values
            rows = resampled_rows(len(values), plan.benchmark.ranking.seed, resample.number)
            paths[space_hash] = save_space(np.ascontiguousarray(values[rows]), folder)
        planned = replace(resample.planned, job=replace(job, cuts=tuple(dict.fromkeys(cuts))))
        states.append(pending_task(plan, planned, planned.job.cuts, registry, paths[space_hash]))
    return states


def _compare(plan: Plan, store: Store, resamples: Sequence[_Resample]) -> pd.DataFrame:
    from sklearn.metrics import adjusted_rand_score

    cells = store.cells([resample.planned.key for resample in resamples]).set_index(["job_key", "cut"])
    hashes = dict(cells["labels_sha256"])
    labelings = store.labelings([*cells["labels_sha256"].dropna(), *(r.original for r in resamples)])
    rows_of: dict[tuple[str, int], NDArray[np.int64]] = {}
    results: dict[tuple[str, ...], list[tuple[float, NDArray[np.float64]]]] = {}
    for resample in resamples:
        results.setdefault(resample.entry, [])
        sha = hashes.get((resample.planned.key, resample.planned.job.cuts[0]))
        if not isinstance(sha, str):
            results[resample.entry].append((np.nan, np.array([])))
            continue
        where = (resample.entry[0], resample.number)
        if where not in rows_of:
            n_rows = plan.datasets[where[0]].n_rows
            rows_of[where] = resampled_rows(n_rows, plan.benchmark.ranking.seed, resample.number)
        original = labelings[resample.original]
        before, after = original[rows_of[where]], labelings[sha]
        n_clusters = int(original.max()) + 1
        ari = float(adjusted_rand_score(apart(before), apart(after)))
        results[resample.entry].append((ari, jaccards(before, after, n_clusters)))
    return pd.DataFrame([_summary(entry, refits) for entry, refits in results.items()])


def apart(labels: Labels) -> NDArray[np.int64]:
    """Return labels in which every noise row is its own group, since noise is no cluster to be reproduced."""
    return np.where(labels >= 0, labels, -1 - np.arange(len(labels), dtype=np.int64))


def jaccards(before: Labels, after: Labels, n_clusters: int) -> NDArray[np.float64]:
    """Return, for each cluster of `before`, its best Jaccard similarity with a cluster of `after` (NaN: not drawn).

    Parameters
    ----------
    before, after : ndarray of int, shape (n,)
        Labels of the same rows; -1 is noise and no cluster.
    n_clusters : int
        Clusters of the original labeling.
    """
    best = np.full(n_clusters, np.nan)
    width = int(after.max()) + 2
    for cluster in range(n_clusters):
        inside = before == cluster
        if inside.any():
            both = np.bincount(after[inside] + 1, minlength=width)[1:]
            either = inside.sum() + np.bincount(after + 1, minlength=width)[1:] - both
            best[cluster] = float(np.max(both / either)) if len(both) else 0.0
    return best


def _summary(entry: tuple[str, ...], refits: Sequence[tuple[float, NDArray[np.float64]]]) -> Mapping[str, object]:
    """Return one row; if a refit failed, there is no stability, since the mean of the others would be biased."""
    aris = [ari for ari, _ in refits]
    failed = int(np.isnan(aris).sum())
    whole = bool(refits) and not failed
    per_cluster = np.nanmean(np.vstack([values for _, values in refits]), axis=0) if whole else np.array([])
    return {
        **dict(zip(_KEYS, entry, strict=True)),
        "mean_ari": float(np.mean(aris)) if whole else np.nan,
        "min_ari": float(np.min(aris)) if whole else np.nan,
        "mean_jaccard": float(np.nanmean(per_cluster)) if whole else np.nan,
        "cluster_jaccard": canonical_json([round(float(value), 6) for value in per_cluster]),
        "resamples": len(refits) - failed,
        "refits": canonical_json(aris if whole else []),
        "reason": f"{failed} of {len(refits)} refits on resampled rows failed" if failed else "",
    }
