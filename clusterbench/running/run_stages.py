"""A run, from request to result: plan, fit, score, choose k, statistics, rank."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from clusterbench.benchmark import find_benchmark, load_benchmark
from clusterbench.datasets import is_table_file
from clusterbench.environment import current_environment
from clusterbench.errors import RequestError
from clusterbench.execution import Executor, Limits
from clusterbench.naming import folder_name
from clusterbench.plugins import Registry, load_registry
from clusterbench.ranking import Candidates
from clusterbench.results import (
    Manifest,
    PartitionCounts,
    RunRecord,
    StageSeconds,
    StoredRun,
    cells_table,
    read_record,
    scores_table,
)
from clusterbench.results.details import read_details, row_ids_key
from clusterbench.results.known_classes import with_known_classes
from clusterbench.results.sampled_fits import with_sampled_fits
from clusterbench.results.stored_run import choose_run, rank_run, with_structure
from clusterbench.running.calibration_stage import calibration
from clusterbench.running.detail_stage import compute_details
from clusterbench.running.draw_stage import draw
from clusterbench.running.fitting import fit
from clusterbench.running.planning import Plan, make_plan
from clusterbench.running.progress import LogProgress, Progress
from clusterbench.running.score_stage import sampling_alerts, score
from clusterbench.running.selection import Selection
from clusterbench.running.settings import Settings, limits_of, recorded_limits
from clusterbench.running.structure_tests import structure
from clusterbench.store import Store


def prepare(
    benchmark: str | Path,
    *,
    workspace: Path | None = None,
    quick: bool = False,
    only: Sequence[str] = (),
    name: str | None = None,
    declared: Sequence[str] = (),
) -> tuple[Plan, Registry]:
    """Find, read and expand a benchmark; return its plan and the plug-in registry. Nothing is fitted.

    `name` is the name of the run in the store and of its report; default: that of the file. `declared` are lines for
    the ``[[datasets]]`` table of a table that is run without a benchmark file.
    """
    root = workspace or Path.cwd()
    registry = load_registry(root)
    path = find_benchmark(benchmark, workspace=root)
    plan = make_plan(load_benchmark(path, registry, declared), Selection.parse(only, quick=quick))
    plan = replace(plan, name=folder_name(plan.name if name is None else name + plan.selection.suffix))
    try:
        plan.record()  # checks the ranking rules before hours of fits, not after them
    except RequestError as error:
        raise error.within(f"{path}: ranking") from error
    return plan, registry


def run_plan(
    plan: Plan,
    registry: Registry,
    *,
    results: Path | str = "results",
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> StoredRun:
    """Fit, score and rank a plan of `prepare`; what is in the store is not computed again.

    Raises
    ------
    RequestError
        If the store or the cluster cannot be used.
    """
    settings, progress = settings or Settings(), progress or LogProgress()
    given = limits_of(plan.benchmark, settings)
    settings = replace(settings, limits=given if settings.has_workers else Limits())
    for warning in plan.warnings:
        progress.say(f"warning: {warning}")
    if not settings.has_workers and given != Limits():
        progress.say("warning: without workers (--jobs 0) nothing can be stopped, so no limit is kept")
    with Store.writer(Path(results)) as store, settings.new_executor() as executor:
        for table, count in store.removed_rows.items():
            progress.say(f"warning: {count} damaged rows of {table} were removed from the store and are computed again")
        return _execute(plan, store, registry, settings, executor, progress)


def _execute(
    plan: Plan, store: Store, registry: Registry, settings: Settings, executor: Executor, progress: Progress
) -> StoredRun:
    """Take a plan through all stages; each stage stores what it computed."""
    record, started = plan.record(), time.perf_counter()
    previous = _previous_manifest(store, plan.name, record)
    manifest = _manifest(plan, record, settings, previous)
    store.put_benchmark(plan.name, record.to_json(), manifest.to_json())  # `status` shows a run in progress
    _store_row_ids(plan, store)
    n_fitted = fit([plan], store, registry, settings, executor, progress)
    fitted = time.perf_counter()
    n_scored = score(plan, store, progress)
    cells = cells_table(store, plan.name, record)
    scores = scores_table(store, record, cells)
    frames, warnings = calibration(plan, store, cells, progress), (*record.warnings, *sampling_alerts(plan, store))
    record = replace(record, frames=tuple(frames), warnings=warnings)
    scored = time.perf_counter()
    record = replace(record, frames=(*record.frames, *draw(plan, store, registry, cells, settings, executor, progress)))
    candidates = choose_run(store, record, cells, scores)
    details = compute_details(plan, store, _chosen_cells(candidates, cells), candidates.baselines, progress)
    record = replace(record, frames=(*record.frames, *details))
    store.put_benchmark(plan.name, record.to_json(), manifest.to_json())
    board = rank_run(store, record, candidates, cells)
    made, findings = structure(plan, store, progress)
    record = replace(record, frames=(*record.frames, *made), structure=findings)
    board = with_sampled_fits(with_known_classes(with_structure(board, record), scores, record), record)
    if n_fitted or n_scored or previous is None:
        seconds = (fitted - started, scored - fitted, time.perf_counter() - scored)
        manifest = _manifest(plan, record, settings, None, StageSeconds(*(round(value, 3) for value in seconds)))
    store.put_benchmark(plan.name, record.to_json(), manifest.to_json())
    chosen, stored = candidates.criteria(), read_details(store, record, board.table)
    return StoredRun(plan.name, record, manifest, cells, scores, board, chosen, n_fitted, stored)


_NO_TIME = StageSeconds(0.0, 0.0, 0.0)


def _manifest(
    plan: Plan, record: RunRecord, settings: Settings, previous: Manifest | None, seconds: StageSeconds = _NO_TIME
) -> Manifest:
    """Return the manifest of a run.

    What was declared is always that of `plan`. A run that computes nothing keeps the environment and times of the
    `previous` one, since its numbers come from there.
    """
    now = Manifest(
        environment=current_environment(),
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        workers=settings.n_workers,
        threads=settings.threads,
        executor=settings.executor,
        limits=recorded_limits(settings.limits),
        seeds=plan.benchmark.seeds,
        benchmark_sha256=hashlib.sha256(plan.benchmark.text.encode()).hexdigest(),
        datasets={name: dataset.content_hash for name, dataset in plan.datasets.items()},
        partitions=_partitions(plan),
        seconds=seconds,
        rules=record.rules,
    )
    kept = ("environment", "finished", "workers", "threads", "executor", "seconds")
    return replace(now, **{name: getattr(previous, name) for name in kept if previous is not None})


def _partitions(plan: Plan) -> PartitionCounts:
    runnable = [planned for planned in plan.jobs if planned.obstacle is None]
    fits = {(planned.key, cut) for planned in runnable for cut in planned.job.cuts}
    cells = sum(len(planned.job.cuts) * len(planned.job.seeds) for planned in runnable)
    return PartitionCounts(asked=plan.n_cells, fitted=len(fits), shared=cells - len(fits))


def _chosen_cells(candidates: Candidates, cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells, of all seeds, that the k policies chose: those that a leaderboard shows."""
    chosen = candidates.chosen()
    keys = ["dataset", "variant", "algorithm", "params", "cut"]
    return chosen.loc[chosen["status"] == "ok", keys].drop_duplicates().merge(cells, on=keys)


def _store_row_ids(plan: Plan, store: Store) -> None:
    """Store the row ids of each table, so that labels can be written beside them."""
    for dataset in plan.datasets.values():
        key = row_ids_key(dataset.content_hash)
        if store.frame(key) is None:
            store.put_frame(key, pd.DataFrame({"row_id": dataset.row_ids.astype(str)}))


def _previous_manifest(store: Store, name: str, record: RunRecord) -> Manifest | None:
    """Return the manifest of the run that `record` replaces, or None.

    Refused is the run of another benchmark file, which is still there, and of other data or rules.
    """
    if name not in store.benchmarks():
        return None
    try:
        previous, manifest = read_record(store, name)
    except RequestError:  # of another version: this run replaces it
        return None
    here, there = Path(record.path).resolve(), Path(previous.path).resolve()
    same = (record.toml, record.datasets) == (previous.toml, previous.datasets)
    is_file = there.is_file() and not is_table_file(there.name)  # a table that was run has no benchmark file
    if here != there and is_file and not same:
        raise RequestError(
            f"the store has a run {name!r} of another file, {str(there)!r}, which that of {str(here)!r} would replace",
            allowed="another name (--name) or another --results folder",
        )
    return manifest
