"""The conductor: the one place that walks a benchmark through the rooms."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.environment import current_environment, usable_cores
from clusterbench.errors import RequestError
from clusterbench.execution import (
    CellStatus,
    CutDone,
    Lane,
    Limits,
    Task,
    TaskDone,
    execute,
    scratch_folder,
)
from clusterbench.metrics import METRICS, score_labelings
from clusterbench.naming import canonical_json
from clusterbench.plugins import Registry
from clusterbench.running.planning import Plan, PlannedJob, score_key, versions_of
from clusterbench.running.progress import Progress
from clusterbench.store import JobFacts, Store

_RETRIED = (CellStatus.FAILED, CellStatus.TIMEOUT, CellStatus.OUT_OF_MEMORY)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run is carried out; none of it changes a label.

    Attributes
    ----------
    workers : int or None
        Processes; None takes the cores divided by `threads`; 0 runs inside this process. On a Dask cluster that
        is running already: most jobs submitted at one time, and None or 0 what its workers can take.
    threads : int
        Threads of each worker.
    limits : Limits
    retry : bool
        Whether cells that failed before are tried again.
    scheduler : str, optional
        Address of a Dask cluster to run on: ``tcp://HOST:PORT``.
    """

    workers: int | None = None
    threads: int = 1
    limits: Limits = field(default_factory=Limits)
    retry: bool = False
    scheduler: str | None = None

    @property
    def n_workers(self) -> int:
        if self.workers is not None:
            return self.workers
        if not self.is_here:
            return 0
        return max(1, usable_cores() // self.threads)

    @property
    def is_here(self) -> bool:
        """Whether the fits run on this machine."""
        return self.scheduler is None

    @property
    def has_workers(self) -> bool:
        """Whether the fits run in processes of their own, which can be watched and stopped."""
        return self.scheduler is not None or self.n_workers > 0

    @property
    def executor(self) -> str:
        """What carries the fits out: ``dask``, ``processes`` or ``this process``."""
        if self.scheduler is not None:
            return "dask"
        return "processes" if self.has_workers else "this process"


def is_open(status: CellStatus | None, *, retry: bool) -> bool:
    """Return whether a cell with this outcome, or with none, is to be fitted."""
    return status is None or (retry and status in _RETRIED)


def open_tasks(plan: Plan, store: Store, *, retry: bool) -> list[tuple[PlannedJob, tuple[str, ...]]]:
    """Return the jobs of `plan` with the cuts that have no outcome yet."""
    runnable = [planned for planned in plan.jobs if planned.obstacle is None]
    finished = store.finished_cells([planned.key for planned in runnable])
    merged: dict[str, tuple[PlannedJob, dict[str, None]]] = {}
    for planned in runnable:
        known = finished.get(planned.key, {})
        cuts = [cut for cut in planned.job.cuts if is_open(known.get(cut), retry=retry)]
        if cuts:  # two variants may yield one space: their jobs are one, and are fitted once
            merged.setdefault(planned.key, (planned, {}))[1].update(dict.fromkeys(cuts))
    return [(planned, tuple(cuts)) for planned, cuts in merged.values()]


def fit(
    plans: Sequence[Plan],
    store: Store,
    registry: Registry,
    settings: Settings,
    progress: Progress,
    *,
    stage: str = "fitting",
) -> int:
    """Fit every open cell of some plans; return how many. Each is in the store as soon as it is finished."""
    with scratch_folder() as folder:
        paths: dict[str, str] = {}
        works: dict[str, Work] = {}
        for plan in plans:
            for planned, cuts in open_tasks(plan, store, retry=settings.retry):
                job = planned.job
                if planned.space_hash not in paths:
                    paths[planned.space_hash] = save_space(plan.spaces[job.dataset, job.variant].values, folder)
                works[planned.key] = work_of(plan, planned, cuts, registry, paths[planned.space_hash])
        return carry_out(list(works.values()), store, settings, progress, stage=stage)


@dataclass(slots=True)
class Work:
    """A task on its way: what it is for, which of its cuts are open, and the seconds they took."""

    task: Task
    facts: JobFacts
    note: str
    open: set[str]
    seconds: float = 0.0


def work_of(plan: Plan, planned: PlannedJob, cuts: tuple[str, ...], registry: Registry, space_path: str) -> Work:
    """Return the work of a planned job: its task for a worker, its facts for the store."""
    job = planned.job
    algorithm = plan.benchmark.algorithm(job.algorithm)
    lane = Lane.TENSORFLOW if "tensorflow" in algorithm.packages else Lane.PLAIN
    task = Task(planned.key, registry.algorithms.where(job.algorithm), job.params, job.seed, cuts, space_path, lane)
    facts = JobFacts(
        space_hash=planned.space_hash,
        algorithm=job.algorithm,
        version=algorithm.version,
        params=job.params,
        seed=job.seed,
        n_rows=plan.datasets[job.dataset].n_rows,
        threads=1,
        total_seconds=0.0,
        environment=canonical_json({**_machine(), "packages": versions_of(algorithm)}),
    )
    return Work(task, facts, f"{job.dataset} / {job.variant} / {job.algorithm}", set(cuts))


@cache
def _machine() -> Mapping[str, Any]:
    """Return the Python, the CPU and the commit of this process."""
    here = current_environment()
    return {"python": here.python, "cpu": here.cpu, "git": asdict(here.git) if here.git else None}


def carry_out(works: Sequence[Work], store: Store, settings: Settings, progress: Progress, *, stage: str) -> int:
    """Have tasks performed and keep every outcome at once; return the number of cells."""
    total = sum(len(work.open) for work in works)
    progress.stage(stage, total)
    by_key = {work.task.key: work for work in works}
    tasks = [work.task for work in works]
    with closing(
        execute(
            tasks,
            workers=settings.n_workers,
            threads=settings.threads,
            limits=settings.limits,
            scheduler=settings.scheduler,
        )
    ) as events:
        for event in events:
            work = by_key[event.key]
            if isinstance(event, CutDone):
                store.put_cell(event)
                work.open.discard(event.cut)
                work.seconds += event.seconds
                progress.advance(1, work.note)
            elif isinstance(event, TaskDone):
                seconds = event.build_seconds + work.seconds
                facts = replace(work.facts, threads=settings.threads, total_seconds=seconds)
                store.put_job(event, facts, sorted(work.open))
                progress.advance(len(work.open), work.note)
                work.open.clear()
    return total


def save_space(values: NDArray[np.float64], folder: Path) -> str:
    """Write a space where workers can map it; return the path.

    Raises
    ------
    RequestError
        If the temporary folder has no room for it.
    """
    try:
        handle, path = tempfile.mkstemp(suffix=".npy", dir=folder)
        with os.fdopen(handle, "wb") as file:
            np.save(file, values)
    except OSError as error:
        raise RequestError(
            f"a space of {values.nbytes / 2**20:.0f} MB cannot be written to {str(folder)!r}: {error.strerror}",
            allowed="room in the temporary folder, or another one in TMPDIR",
        ) from error
    return path


def score(plan: Plan, store: Store, progress: Progress) -> int:
    """Score every labeling in its own and the reference spaces where it has no score yet; return how many scores.

    Only the metrics and noise policies that some labeling lacks are computed, so a metric more costs that metric alone.
    """
    wanted: dict[tuple[str, str], set[str]] = {}
    cells = store.cells([planned.key for planned in plan.jobs])
    labels_of = cells.dropna(subset="labels_sha256").groupby("job_key")["labels_sha256"].agg(set).to_dict()
    for planned in plan.jobs:
        job = planned.job
        for space in (job.variant, *plan.references[job.dataset]):
            wanted.setdefault((job.dataset, space), set()).update(labels_of.get(planned.key, set()))
    policies = [policy.value for policy in plan.benchmark.noise.policies]
    progress.stage("scoring", len(wanted))
    new = 0
    for (dataset, space), hashes in wanted.items():
        space_hash = score_key(plan.spaces[dataset, space])
        every = {(sha, policy, metric) for sha in hashes for policy in policies for metric in METRICS}
        gaps = every - store.scored(space_hash)
        if gaps:
            lacking, asked_policies, asked_metrics = (set(names) for names in zip(*gaps, strict=True))
            missing = sorted(lacking)
            labelings = store.labelings(missing)
            frame = score_labelings(
                plan.spaces[dataset, space].values,
                [labelings[sha] for sha in missing],
                metrics=[metric for metric in METRICS if metric in asked_metrics],
                noise=[policy for policy in policies if policy in asked_policies],
            )
            frame = frame.assign(labels_sha256=np.array(missing, dtype=object)[frame["labeling"].to_numpy()])
            store.put_scores(space_hash, frame)
            new += len(frame)
        progress.advance(1, f"{dataset} / {space}")
    return new


def estimate(
    plan: Plan, store: Store | None, todo: list[tuple[PlannedJob, tuple[str, ...]]]
) -> tuple[float, list[str]]:
    """Return the fitting seconds that earlier timings foretell, and the algorithms without any."""
    timings = store.timings() if store is not None else pd.DataFrame(columns=["algorithm", "n_rows", "seconds"])
    per_row = (timings["seconds"] / timings["n_rows"]).groupby(timings["algorithm"]).median().to_dict()
    seconds, unknown = 0.0, dict[str, None]()
    for planned, cuts in todo:
        name = planned.job.algorithm
        if name in per_row:
            share = len(cuts) / len(planned.job.cuts)
            seconds += per_row[name] * plan.datasets[planned.job.dataset].n_rows * share
        else:
            unknown[name] = None
    return seconds, list(unknown)
