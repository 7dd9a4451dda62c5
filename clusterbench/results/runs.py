"""Reading a finished run back from its store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from clusterbench.errors import RequestError, unknown
from clusterbench.execution import CellStatus
from clusterbench.ranking import KPolicy, Leaderboard, RankingSpec, leaderboard
from clusterbench.results.derived import baselines_of, collect
from clusterbench.results.details import Details, details_of
from clusterbench.results.run_tables import alternative_scores, cells_table, scores_table
from clusterbench.results.structure_alerts import alerts
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
