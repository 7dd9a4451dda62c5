"""Fitting: execute the jobs of a plan that have no outcome yet, and store each outcome as it arrives."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusterbench.environment import current_environment
from clusterbench.errors import RequestError
from clusterbench.execution import CutDone, Executor, Task, TaskDone, scratch_folder
from clusterbench.naming import canonical_json
from clusterbench.plugins import Algorithm, Registry
from clusterbench.running.planning import Plan, PlannedJob, versions_of
from clusterbench.running.progress import Progress
from clusterbench.running.settings import Settings
from clusterbench.statuses import FAILED_STATUSES
from clusterbench.store import JobFacts, Store


def unfinished_jobs(plan: Plan, store: Store, *, retry: bool) -> list[tuple[PlannedJob, tuple[str, ...]]]:
    """Return the jobs of `plan` with the cuts that have no outcome yet, or are to be tried again."""
    runnable = [planned for planned in plan.jobs if planned.obstacle is None]
    finished = store.finished_cells([planned.key for planned in runnable])
    merged: dict[str, tuple[PlannedJob, dict[str, None]]] = {}
    for planned in runnable:
        known = finished.get(planned.key, {})
        cuts = [cut for cut in planned.job.cuts if cut not in known or (retry and known[cut] in FAILED_STATUSES)]
        if cuts:  # two variants may give one space: their jobs have one key and are fitted once
            merged.setdefault(planned.key, (planned, {}))[1].update(dict.fromkeys(cuts))
    return [(planned, tuple(cuts)) for planned, cuts in merged.values()]


def fit(
    plans: Iterable[Plan],
    store: Store,
    registry: Registry,
    settings: Settings,
    executor: Executor,
    progress: Progress,
    *,
    stage: str = "fitting",
) -> int:
    """Fit every open cell of some plans, and store each as soon as it is finished; return how many."""
    with scratch_folder() as folder:
        paths: dict[str, str] = {}
        states: dict[str, PendingTask] = {}
        for plan in plans:
            for planned, cuts in unfinished_jobs(plan, store, retry=settings.retry):
                job = planned.job
                if planned.space_hash not in paths:
                    paths[planned.space_hash] = save_space(plan.spaces[job.dataset, job.variant].values, folder)
                states[planned.key] = pending_task(plan, planned, cuts, registry, paths[planned.space_hash])
        return execute_tasks(list(states.values()), store, settings, executor, progress, stage=stage)


@dataclass(slots=True)
class PendingTask:
    """A task, the facts of its job for the store, its open cuts, and the seconds of the finished ones."""

    task: Task
    facts: JobFacts
    note: str
    open: set[str]
    seconds: float = 0.0


def pending_task(
    plan: Plan, planned: PlannedJob, cuts: tuple[str, ...], registry: Registry, space_path: str
) -> PendingTask:
    """Return the task of a planned job with the facts for the store."""
    job = planned.job
    algorithm = plan.benchmark.algorithm(job.algorithm)
    where, uses_tensorflow = registry.algorithms.where(job.algorithm), "tensorflow" in algorithm.packages
    needed = (uses_tensorflow, tuple(algorithm.packages), planned.is_refit)
    task = Task(planned.key, where, job.params, job.seed, cuts, space_path, planned.sample, *needed)
    facts = JobFacts(
        space_hash=planned.space_hash,
        algorithm=job.algorithm,
        version=algorithm.version,
        params=job.params,
        seed=job.seed,
        n_rows=_fitted_rows(plan, planned),
        threads=1,
        total_seconds=0.0,
        environment=canonical_json(job_environment(algorithm)),
    )
    return PendingTask(task, facts, f"{job.dataset} / {job.variant} / {job.algorithm}", set(cuts))


def job_environment(algorithm: Algorithm) -> dict[str, object]:
    """Return the facts of the environment of a job's fits, with the packages that its plug-in uses."""
    here = _environment()
    return {**asdict(here), "packages": {**here.packages, **versions_of(algorithm)}}


_environment = cache(current_environment)


def execute_tasks(
    states: Sequence[PendingTask],
    store: Store,
    settings: Settings,
    executor: Executor,
    progress: Progress,
    *,
    stage: str,
) -> int:
    """Execute tasks; store each outcome as it arrives. Return the number of cells."""
    total = sum(len(state.open) for state in states)
    progress.stage(stage, total)
    by_key = {state.task.key: state for state in states}
    with closing(executor.execute([state.task for state in states])) as events:
        for event in events:
            state = by_key[event.key]
            if isinstance(event, CutDone):
                store.put_cell(event)
                state.open.discard(event.cut)
                state.seconds += event.seconds
                progress.advance(1, state.note)
            elif isinstance(event, TaskDone):
                seconds = event.build_seconds + state.seconds
                facts = replace(state.facts, threads=settings.threads, total_seconds=seconds)
                store.put_job(event, facts, sorted(state.open))
                progress.advance(len(state.open), state.note)
                state.open.clear()
    return total


def save_space(values: NDArray[np.float64], folder: Path) -> str:
    """Write a space to a file that workers can map; return the path. RequestError if there is no room for it."""
    try:
        handle, path = tempfile.mkstemp(suffix=".npy", dir=folder)
        with os.fdopen(handle, "wb") as file:
            np.save(file, values)
    except OSError as error:
        raise RequestError(
            f"a space of {values.nbytes / 2**20:.0f} MB cannot be written to {str(folder)!r}: {error.strerror}",
            allowed="free space in the temporary folder, or another one in TMPDIR",
        ) from error
    return path


def estimate(
    plan: Plan, store: Store | None, todo: list[tuple[PlannedJob, tuple[str, ...]]]
) -> tuple[float, list[str]]:
    """Return the fitting seconds estimated from earlier timings, and the algorithms without any."""
    timings = store.timings() if store is not None else pd.DataFrame(columns=["algorithm", "n_rows", "seconds"])
    known = {str(name): part for name, part in timings[timings["seconds"] > 0].groupby("algorithm")}
    seconds, unknown = 0.0, dict[str, None]()
    for planned, cuts in todo:
        algorithm = plan.benchmark.algorithm(planned.job.algorithm)
        if algorithm.name in known:
            whole = _seconds_at(_fitted_rows(plan, planned), known[algorithm.name], algorithm)
            seconds += whole * len(cuts) / len(planned.job.cuts)
        else:
            unknown[algorithm.name] = None
    return seconds, list(unknown)


def _seconds_at(n_rows: int, timings: pd.DataFrame, algorithm: Algorithm) -> float:
    """Return the seconds of a job with `n_rows` rows: a power law from the nearest number of rows that was timed.

    Its exponent is the slope of the medians on logarithmic scales. Beyond all that was timed it is at least 1, or 2 for
    an algorithm with a limit: with few rows most of the time does not depend on them.
    """
    medians = timings.groupby("n_rows")["seconds"].median()
    sizes, times = np.log(medians.index.to_numpy(dtype=np.float64)), np.log(medians.to_numpy())
    size = np.log(n_rows)
    power = float(np.clip(np.polyfit(sizes, times, 1)[0], 0.0, 3.0)) if len(sizes) > 1 else 0.0
    if len(sizes) == 1 or size > sizes.max():
        power = max(power, 1.0 if algorithm.max_rows is None else 2.0)
    nearest = np.abs(sizes - size).argmin()
    return float(np.exp(times[nearest] + power * (size - sizes[nearest])))


def _fitted_rows(plan: Plan, planned: PlannedJob) -> int:
    return planned.sample.rows if planned.sample is not None else plan.datasets[planned.job.dataset].n_rows
