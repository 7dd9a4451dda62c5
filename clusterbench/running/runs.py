"""A run from request to result, and a result read back from its store."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from clusterbench.benchmark import find_benchmark, load_benchmark
from clusterbench.errors import RequestError
from clusterbench.execution import Limits, LocalCluster
from clusterbench.metrics import device_name
from clusterbench.plugins import Registry, load_registry
from clusterbench.ranking import select_k
from clusterbench.results.derived import baselines_of
from clusterbench.results.manifests import make_manifest
from clusterbench.results.run_tables import cells_table, scores_table
from clusterbench.results.runs import Run, Tables, assemble, ranking_spec
from clusterbench.running.closeups import look_closely
from clusterbench.running.derived_frames import calibration, replicates
from clusterbench.running.fitting import Settings, fit, score
from clusterbench.running.machine_limits import limits_of
from clusterbench.running.planning import Plan, make_plan
from clusterbench.running.progress import LogProgress, Progress
from clusterbench.running.selection import Selection
from clusterbench.running.stability_refits import stability
from clusterbench.running.structure_tests import structure
from clusterbench.store import Store


def prepare(
    benchmark: str | Path, *, workspace: Path | None = None, quick: bool = False, only: Sequence[str] = ()
) -> tuple[Plan, Registry]:
    """Find, read and expand a benchmark; return its plan and the plug-in registry. Nothing is fitted."""
    root = workspace or Path.cwd()
    registry = load_registry(root)
    path = find_benchmark(benchmark, workspace=root)
    plan = make_plan(load_benchmark(path, registry), Selection.parse(only, quick=quick))
    try:
        ranking_spec(plan.record())  # wrong rules are told before hours of fits, not after them
    except RequestError as error:
        raise error.within(f"{path}: ranking") from error
    return plan, registry


def run(
    benchmark: str | Path,
    *,
    results: Path | str = "results",
    workspace: Path | None = None,
    quick: bool = False,
    only: Sequence[str] = (),
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run a benchmark and return its ranked result; what is in the store is not computed again.

    Parameters
    ----------
    benchmark : str or Path
        Name of a benchmark of the workspace or of those shipped, or the path of a TOML.
    results : Path or str
        Folder of the store.
    workspace : Path, optional
        Where ``benchmarks/`` and ``algorithms/`` are looked for first; default: the current folder.
    quick : bool
        First seed, every second k, at most 2,000 rows: a smaller benchmark of its own name.
    only : sequence of str
        Conditions such as ``algorithm=kmeans,gmm``.
    settings : Settings, optional
        Workers, threads, limits, retries, a Dask cluster.
    progress : Progress, optional

    Raises
    ------
    RequestError
        If the request is wrong; nothing was computed then.
    """
    plan, registry = prepare(benchmark, workspace=workspace, quick=quick, only=only)
    return run_plan(plan, registry, results=results, settings=settings, progress=progress)


def run_plan(
    plan: Plan,
    registry: Registry,
    *,
    results: Path | str = "results",
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run what `prepare` gave: see `run`."""
    settings, progress = settings or Settings(), progress or LogProgress()
    given = limits_of(plan.benchmark, settings)
    settings = replace(settings, limits=given if settings.has_workers else Limits())
    for warning in plan.warnings:
        progress.say(f"warning: {warning}")
    if not settings.has_workers and given != Limits():
        progress.say("warning: without workers (--jobs 0) nothing can be stopped, so no limit is kept")
    with Store.writer(Path(results)) as store, LocalCluster(settings.n_workers) as local:
        if settings.scheduler == "local":
            settings = replace(settings, scheduler=local)  # starts with the first job, and serves all stages of the run
        return _carry_through(plan, store, registry, settings, progress)


def _carry_through(plan: Plan, store: Store, registry: Registry, settings: Settings, progress: Progress) -> Run:
    """Walk `plan` through the rooms."""
    record, started = plan.record(), time.perf_counter()
    previous = _previous_manifest(store, plan.name)
    store.put_benchmark(plan.name, record, previous or make_manifest())  # so `status` sees a run that goes on
    _remember_rows(plan, store)
    n_fitted = fit([plan], store, registry, settings, progress)
    fitted = time.perf_counter()
    n_scored = score(plan, store, progress)
    cells = cells_table(store, plan.name, record)
    record["baselines"] = calibration(plan, store, cells, progress)
    tables = Tables(cells, scores_table(store, record, cells))
    chosen = _chosen(record, store, tables)
    first = chosen[chosen["seed"] == record["seeds"][0]]
    scored = time.perf_counter()
    record["stability"] = stability(plan, store, registry, first, settings, progress)
    record["replicates"] = _bootstrap(plan, store, chosen, progress)
    record["details"] = look_closely(plan, store, chosen, record["baselines"], progress)
    store.put_benchmark(plan.name, record, previous or make_manifest())
    asked = plan.benchmark.structure.permutations > 0
    board = assemble(store, plan.name, tables).board.table if asked else pd.DataFrame()
    record["structure"] = structure(plan, store, registry, ranking_spec(record), board, settings, progress)
    ended = time.perf_counter()
    manifest = {
        **make_manifest(),
        "workers": settings.n_workers,
        "threads": settings.threads,
        "executor": settings.executor,
        "device": device_name(),
        "limits": {"seconds": settings.limits.seconds, "memory_mb": settings.limits.memory_mb},
        "seeds": record["seeds"],
        "benchmark_sha256": hashlib.sha256(plan.benchmark.text.encode()).hexdigest(),
        "datasets": {name: entry["hash"] for name, entry in record["datasets"].items()},
        "cells": {"planned": plan.n_cells, "computed": n_fitted, "new_scores": n_scored},
        "seconds": {
            "fitting": round(fitted - started, 3),
            "scoring": round(scored - fitted, 3),
            "statistics": round(ended - scored, 3),
        },
    }
    if n_fitted == 0 and n_scored == 0 and previous is not None and "cells" in previous:
        manifest = previous  # nothing was computed: the numbers are still those of the earlier run
    store.put_benchmark(plan.name, record, manifest)
    return replace(assemble(store, plan.name, tables), computed=n_fitted)


def _chosen(record: Mapping[str, Any], store: Store, tables: Tables) -> pd.DataFrame:
    """Return the cells that the k policies choose, which are those a leaderboard shows."""
    cells, scores = tables
    baselines = baselines_of(store, record, record["baselines"])
    chosen = select_k(cells, scores, ranking_spec(record), baselines=baselines)
    keys = ["dataset", "variant", "algorithm", "params", "cut"]
    return chosen.loc[chosen["status"] == "ok", keys].drop_duplicates().merge(cells, on=keys)


def _bootstrap(plan: Plan, store: Store, chosen: pd.DataFrame, progress: Progress) -> dict[str, str]:
    if plan.benchmark.ranking.bootstraps == 0:
        return {}
    hashes = {str(dataset): sorted(set(part["labels_sha256"].dropna())) for dataset, part in chosen.groupby("dataset")}
    return replicates(plan, store, hashes, progress)


def _remember_rows(plan: Plan, store: Store) -> None:
    """Keep the row ids of each table, so that labels can be told by them."""
    for dataset in plan.datasets.values():
        key = f"rows:{dataset.content_hash}"
        if store.frame(key) is None:
            store.put_frame(key, pd.DataFrame({"row_id": dataset.row_ids.astype(str)}))


def _previous_manifest(store: Store, name: str) -> dict[str, Any] | None:
    return store.benchmark(name)[1] if name in store.benchmarks() else None
