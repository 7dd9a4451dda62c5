"""A run from request to result, and a result read back from its store."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from clusterbench.benchmark import find_benchmark, load_benchmark
from clusterbench.conductor._conduct import Settings, fit, score
from clusterbench.conductor._derived import baselines_of, calibration, collect, replicates
from clusterbench.conductor._details import Details, details_of, look_closely
from clusterbench.conductor._machine import limits_of
from clusterbench.conductor._manifest import make_manifest
from clusterbench.conductor._plan import Plan, make_plan
from clusterbench.conductor._progress import LogProgress, Progress
from clusterbench.conductor._selection import Selection
from clusterbench.conductor._stability import stability
from clusterbench.conductor._structure import alerts, structure
from clusterbench.conductor._tables import alternative_scores, cells_table, scores_table
from clusterbench.errors import RequestError, unknown
from clusterbench.execution import CellStatus, Limits, LocalCluster
from clusterbench.plugins import Registry, load_registry
from clusterbench.ranking import KPolicy, Leaderboard, RankingSpec, leaderboard, select_k
from clusterbench.scoring import device_name
from clusterbench.store import Store


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: everything a report needs, without the data.

    Attributes
    ----------
    name : str
    plan : mapping
        The recorded plan: title, TOML, datasets, variants, algorithms, gate, noise policy, jobs.
    manifest : mapping
        Versions, CPU, commit, timings.
    cells, scores : DataFrame
        The long tables (`CELL_COLUMNS`, `SCORE_COLUMNS`).
    board : Leaderboard
    computed : int
        Cells that were fitted now; the others were in the store.
    details : Details
        The entries of the board looked at closely.
    """

    name: str
    plan: Mapping[str, Any]
    manifest: Mapping[str, Any]
    cells: pd.DataFrame
    scores: pd.DataFrame
    board: Leaderboard
    computed: int = 0
    details: Details = field(default_factory=Details)

    @property
    def n_failed(self) -> int:
        """Cells that ended without an outcome of their own: failed, out of time or out of memory."""
        bad = (CellStatus.FAILED, CellStatus.TIMEOUT, CellStatus.OUT_OF_MEMORY)
        return int(self.cells["status"].isin([status.value for status in bad]).sum())


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


def load_run(results: Path | str, name: str | None = None) -> Run:
    """Read a finished run back from its store; `name` defaults to the latest."""
    with Store.reader(Path(results)) as store:
        return assemble(store, name)


class Tables(NamedTuple):
    """Cells and scores of a run."""

    cells: pd.DataFrame
    scores: pd.DataFrame


def assemble(store: Store, name: str | None = None, tables: Tables | None = None) -> Run:
    """Make tables and leaderboard of a stored run; `tables` if they are at hand."""
    names = store.benchmarks()
    plan, manifest = store.benchmark(name or (names[0] if names else ""))
    name = name or names[0]
    if tables is None:
        cells = cells_table(store, name, plan)
        tables = Tables(cells, scores_table(store, plan, cells))
    cells, scores = tables
    board = leaderboard(
        cells,
        scores,
        ranking_spec(plan),
        baselines=baselines_of(store, plan, plan.get("baselines", {})),
        replicates=collect(store, plan.get("replicates", {}), ("dataset", "space")),
        stability=store.frame(plan.get("stability") or ""),
        alternatives=alternative_scores(store, plan, cells),
    )
    board = replace(board, alerts=(*alerts(plan.get("structure", {})), *board.alerts))
    return Run(name, plan, manifest, cells, scores, board, details=details_of(store, plan, board.table))


def ranking_spec(plan: Mapping[str, Any]) -> RankingSpec:
    """Return the ranking rules that a recorded plan declares."""
    table = plan["ranking"]
    true_k = {name: entry["true_k"] for name, entry in plan["datasets"].items() if entry["true_k"]}
    return RankingSpec(
        reference_spaces=tuple(dict.fromkeys(space for spaces in plan["references"].values() for space in spaces)),
        metrics=tuple(plan["metrics"]),
        weights=table["weights"],
        k_policies=tuple(KPolicy(policy) for policy in table["k_policies"]),
        fixed_k=table["fixed_k"],
        true_k=true_k,
        controls=frozenset(name for name, entry in plan["algorithms"].items() if entry["control"]),
        seed=table["seed"],
        n_bootstrap=table["bootstraps"],
    )


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


def row_ids(store: Store, sha256: str, dataset: str | None = None) -> list[str] | None:
    """Return the ids of the rows that a labeling names, or None where they are not known.

    Raises
    ------
    RequestError
        If equal labels were found in tables whose ids differ, and `dataset` does not say which is meant.
    """
    found: dict[str, list[str] | None] = {}
    for name in store.benchmarks():
        plan, _ = store.benchmark(name)
        cells = store.cells([job["key"] for job in plan["jobs"]])
        keys = set(cells.loc[cells["labels_sha256"] == sha256, "job_key"])
        for table in {job["dataset"]: None for job in plan["jobs"] if job["key"] in keys}:
            frame = store.frame(f"rows:{plan['datasets'][table]['hash']}")
            found.setdefault(table, None if frame is None else [str(row) for row in frame["row_id"]])
    if dataset is not None and dataset not in found:
        raise unknown("dataset", dataset, found, where=f"labels {sha256[:12]}")
    ids = list(found.values()) if dataset is None else [found[dataset]]
    if any(other != ids[0] for other in ids[1:]):
        names = ", ".join(f"--dataset {name}" for name in found)
        raise RequestError(f"labels {sha256[:12]} are those of tables with different row ids", allowed=names)
    return ids[0] if ids else None


def store_status(store: Store) -> dict[str, dict[str, int]]:
    """Return, per benchmark, the number of cells by status; ``to do`` are those without an outcome."""
    found = {}
    for name in store.benchmarks():
        plan, _ = store.benchmark(name)
        cells = cells_table(store, name, plan)
        counts = {str(state): int(count) for state, count in cells["status"].value_counts().items()}
        planned = sum(len(job["cuts"]) * len(job["seeds"]) for job in plan["jobs"])
        found[name] = {**counts, "to do": planned - len(cells)}
    return found


def _previous_manifest(store: Store, name: str) -> dict[str, Any] | None:
    return store.benchmark(name)[1] if name in store.benchmarks() else None
