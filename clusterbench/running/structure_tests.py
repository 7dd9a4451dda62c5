"""Structure tests: dip tests, and the first entry's fit job on tables without structure.

A shuffled table has every column permuted independently: its marginals are those of the data, its columns are
independent. The alert compares silhouettes. z is shown for the data and a few of the shuffled tables but decides
nothing: where clusters are well separated, random centroids find them too and z is small. The first entry is not chosen
anew for every shuffled table, so that passing the test is no proof.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.benchmark import FitJob
from clusterbench.datasets import Dataset
from clusterbench.plugins import Registry
from clusterbench.preprocessing import fit_space
from clusterbench.ranking import KPolicy, choose_candidates
from clusterbench.results import DipRecord, ShuffledTable, StructureFinding
from clusterbench.results.run_tables import cells_table, scores_table
from clusterbench.results.stored_frames import read_baselines
from clusterbench.running.calibration_stage import calibration
from clusterbench.running.fitting import fit
from clusterbench.running.planning import Plan, PlannedJob, job_key
from clusterbench.running.progress import Progress, Silent
from clusterbench.running.score_stage import score
from clusterbench.running.settings import Settings
from clusterbench.seeding import stable_rng
from clusterbench.statuses import CellStatus
from clusterbench.store import Store
from clusterbench.structure import dip_test, spread_ties

_DISTANCE_ROWS = 400  # 79,800 distances: enough for a stable dip
_CALIBRATED = 3  # shuffled tables with a z: random partitions of each cost more than its fits


def structure(
    plan: Plan,
    store: Store,
    registry: Registry,
    board: pd.DataFrame,
    settings: Settings,
    progress: Progress,
) -> tuple[StructureFinding, ...]:
    """Test each dataset of `plan` for structure; `board` is the table of its leaderboard."""
    n_permutations = plan.benchmark.structure.permutations
    if n_permutations == 0:
        return ()
    findings = {name: _dips(plan, name, plan.benchmark.ranking.seed) for name in plan.datasets}
    first_jobs = {name: job for name in plan.datasets if (job := _first_job(plan, board, name)) is not None}
    nulls = {
        name: [_null_plan(plan, name, number, first_job) for number in range(n_permutations)]
        for name, first_job in first_jobs.items()
    }
    fit([null for group in nulls.values() for null in group], store, registry, settings, progress, stage="structure")
    progress.stage("scoring shuffled tables", len(first_jobs) * (1 + n_permutations))
    for name, first_job in first_jobs.items():
        observed = _best(replace(plan, jobs=(first_job,)), store)
        progress.advance(1, name)
        shuffled = []
        for number, null in enumerate(nulls[name]):
            shuffled.append(_best(null, store, with_z=number < _CALIBRATED))
            progress.advance(1, f"{name} (permuted {number})")
        findings[name] = replace(findings[name], silhouette=observed.silhouette, z=observed.z, shuffled=tuple(shuffled))
    return tuple(findings.values())


def permuted(dataset: Dataset, seed: int, number: int) -> Dataset:
    """Return the dataset with every column shuffled by itself."""
    frame = dataset.frame.copy()
    for column in frame.columns:
        rng = stable_rng(seed, f"permutation {number} {column}")
        frame[column] = rng.permutation(frame[column].to_numpy())
    return replace(dataset, name=f"{dataset.name} (permuted {number})", frame=frame, known_classes=())


def _dips(plan: Plan, name: str, seed: int) -> StructureFinding:
    from scipy.spatial.distance import pdist
    from sklearn.decomposition import PCA

    values = plan.spaces[name, plan.references[name][0]].values
    rng = stable_rng(seed, f"dip {name}")
    rows = np.sort(rng.choice(len(values), min(_DISTANCE_ROWS, len(values)), replace=False))
    first_component = PCA(1, svd_solver="full").fit_transform(values)[:, 0]
    return StructureFinding(name, _dip(first_component, seed), _dip(pdist(values[rows]), seed))


def _dip(sample: NDArray[np.float64], seed: int) -> DipRecord:
    test = dip_test(spread_ties(sample), seed=seed)
    return DipRecord(float(test.dip), float(test.p), len(sample))


def _first_job(plan: Plan, board: pd.DataFrame, name: str) -> PlannedJob | None:
    """Return the job of the first entry of a dataset that is no control."""
    rows = board[(board["dataset"] == name) & ~board["control"].astype(bool) & ~board["oracle"].astype(bool)]
    if rows.empty:
        return None
    first = rows.iloc[0]
    for planned in plan.jobs:
        job = planned.job
        if (job.dataset, job.variant, job.algorithm, job.params) == (
            name,
            first["variant"],
            first["algorithm"],
            first["params"],
        ):
            return planned
    return None


def _null_plan(plan: Plan, name: str, number: int, first_job: PlannedJob) -> Plan:
    """Return a plan with one job: that of the first entry, on a shuffled table."""
    bench, job = plan.benchmark, first_job.job
    shuffled = permuted(plan.datasets[name], bench.ranking.seed, number)
    spaces = {
        (name, variant): fit_space(shuffled, bench.variants[variant], where=f"variants.{variant} on {shuffled.name}")
        for variant in dict.fromkeys((job.variant, *plan.references[name]))
    }
    first_seed = FitJob(name, job.variant, job.algorithm, job.params, job.seeds[:1], job.cuts)
    space_hash = spaces[name, job.variant].content_hash
    planned = PlannedJob(
        first_seed, job_key(first_seed, bench.algorithm(job.algorithm), space_hash), space_hash, first_job.obstacle
    )
    return replace(
        plan,
        datasets={name: shuffled},
        spaces=spaces,
        references={name: plan.references[name]},
        jobs=(planned,),
        warnings=(),
    )


def _best(plan: Plan, store: Store, *, with_z: bool = True) -> ShuffledTable:
    """Score the one fitted job of `plan`; return the best over its cuts that pass the gate."""
    quiet = Silent()
    score(plan, store, quiet)
    record = plan.record()
    cells = cells_table(store, plan.name, record)
    objective = cells.dropna(subset=["k", "inertia"])
    inertia = {int(k): float(value) for k, value in zip(objective["k"], objective["inertia"], strict=True)}
    if not (cells["status"] == CellStatus.OK).any():
        return ShuffledTable(None, None, inertia)
    baselines: pd.DataFrame | None = None
    policies: tuple[KPolicy, ...] = (KPolicy.SILHOUETTE,)
    if with_z and plan.benchmark.ranking.random_partitions > 1:
        calibrated = replace(record, frames=tuple(calibration(plan, store, cells, quiet)))
        baselines = read_baselines(store, calibrated)
        policies = (KPolicy.CALIBRATED, KPolicy.SILHOUETTE)
    spec = replace(record.ranking, k_policies=policies, fixed_k=None, true_k={})
    chosen = choose_candidates(cells, scores_table(store, record, cells), spec, baselines=baselines).chosen()
    passed = chosen[chosen["status"] == CellStatus.OK]
    z = _maximum(passed["z"]) if baselines is not None else None
    return ShuffledTable(_maximum(passed["silhouette"]), z, inertia)


def _maximum(values: pd.Series) -> float | None:
    largest = values.max()
    return None if pd.isna(largest) else float(largest)
