"""A finished run, read back from its store."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from clusterbench.errors import RequestError, unknown
from clusterbench.ranking import (
    CRITERIA_COLUMNS,
    Alert,
    AlertKind,
    Candidates,
    Leaderboard,
    choose_candidates,
    rank_candidates,
)
from clusterbench.results.details import Details, read_details, row_ids_key
from clusterbench.results.draw_tables import draw_tables
from clusterbench.results.known_classes import with_known_classes
from clusterbench.results.manifests import Manifest
from clusterbench.results.records import RunRecord
from clusterbench.results.run_tables import alternative_scores, cells_table, scores_table
from clusterbench.results.sampled_fits import with_sampled_fits
from clusterbench.results.stored_frames import read_baselines
from clusterbench.statuses import FAILED_STATUSES
from clusterbench.store import Store
from clusterbench.structure import StructureVerdict


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A finished run: everything a report needs, without the data.

    `cells` and `scores` are the long tables, with the columns `CELL_COLUMNS` and `SCORE_COLUMNS`; `criteria` are the
    numbers by which k was chosen: `Candidates.criteria`.
    """

    name: str
    record: RunRecord  # what was declared
    manifest: Manifest  # versions, CPU, commit, limits, counts and timings
    cells: pd.DataFrame
    scores: pd.DataFrame
    board: Leaderboard
    criteria: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(CRITERIA_COLUMNS)))
    computed: int = 0  # partitions that were fitted now; the others were in the store
    details: Details = field(default_factory=Details)

    @property
    def n_failed(self) -> int:
        """Cells that failed, or ran out of time or memory."""
        return int(self.cells["status"].isin([status.value for status in FAILED_STATUSES]).sum())


def load_stored_run(results: Path | str, name: str | None = None) -> StoredRun:
    """Read a finished run back from its store.

    Parameters
    ----------
    results : Path or str
        Folder of the store.
    name : str, optional
        Name of the benchmark; default: the latest.

    Raises
    ------
    RequestError
        If there is no such store or run, or another version wrote it.
    """
    with Store.reader(Path(results)) as store:
        return read_run(store, name)


def read_run(store: Store, name: str | None = None) -> StoredRun:
    """Read a run back and rank it: see `load_stored_run`."""
    names = store.benchmarks()
    name = name or (names[0] if names else "")
    record, manifest = read_record(store, name)
    cells = cells_table(store, name, record)
    scores = scores_table(store, record, cells)
    candidates = choose_run(store, record, cells, scores)
    board = with_structure(rank_run(store, record, candidates, cells), record)
    board = with_sampled_fits(with_known_classes(board, scores, record), record)
    details = read_details(store, record, board.table)
    return StoredRun(name, record, manifest, cells, scores, board, candidates.criteria(), details=details)


def read_record(store: Store, name: str) -> tuple[RunRecord, Manifest]:
    """Return the record and the manifest of a run."""
    record, manifest = store.benchmark(name)
    return RunRecord.from_json(record, name=name), Manifest.from_json(manifest, name=name)


def choose_run(store: Store, record: RunRecord, cells: pd.DataFrame, scores: pd.DataFrame) -> Candidates:
    """Choose a cut for every entry of a run by what its store holds of random partitions and draws."""
    baselines, draws = read_baselines(store, record), draw_tables(store, record)
    return choose_candidates(cells, scores, record.ranking, baselines=baselines, draws=draws)


def rank_run(store: Store, record: RunRecord, candidates: Candidates, cells: pd.DataFrame) -> Leaderboard:
    """Rank the chosen entries of a run, also by what its store holds of other noise policies."""
    return rank_candidates(candidates, alternatives=alternative_scores(store, record, cells))


def with_structure(board: Leaderboard, record: RunRecord) -> Leaderboard:
    """Return a leaderboard with an alert, before its own, for every dataset without structure."""
    alerts = [
        Alert(AlertKind.NO_STRUCTURE, finding.text, finding.dataset)
        for finding in record.structure
        if finding.verdict is StructureVerdict.NOT_FOUND
    ]
    return replace(board, alerts=(*alerts, *board.alerts))


def row_ids(store: Store, sha256: str, dataset: str | None = None) -> list[str] | None:
    """Return the ids of the rows that a labeling names, or None where they are not known.

    Raises
    ------
    RequestError
        If equal labels occur in tables whose ids differ, and `dataset` does not say which is meant.
    """
    ids_of: dict[str, list[str] | None] = {}
    for name in store.benchmarks():
        record, _ = read_record(store, name)
        cells = store.cells([job.key for job in record.jobs])
        keys = set(cells.loc[cells["labels_sha256"] == sha256, "job_key"])
        for table in {job.dataset: None for job in record.jobs if job.key in keys}:
            frame = store.frame(row_ids_key(record.datasets[table].content_hash))
            ids_of.setdefault(table, None if frame is None else [str(row) for row in frame["row_id"]])
    if dataset is not None and dataset not in ids_of:
        raise unknown("dataset", dataset, ids_of, where=f"labels {sha256[:12]}")
    ids = list(ids_of.values()) if dataset is None else [ids_of[dataset]]
    if any(other != ids[0] for other in ids[1:]):
        names = ", ".join(f"--dataset {name}" for name in ids_of)
        raise RequestError(f"labels {sha256[:12]} are those of tables with different row ids", allowed=names)
    return ids[0] if ids else None


def store_status(store: Store) -> dict[str, dict[str, int]]:
    """Return, per benchmark, the number of cells by status; ``to do`` are those without an outcome."""
    counts_of = {}
    for name in store.benchmarks():
        record, _ = read_record(store, name)
        cells = cells_table(store, name, record)
        counts = {str(state): int(count) for state, count in cells["status"].value_counts().items()}
        planned = sum(len(job.cuts) * len(job.seeds) for job in record.jobs)
        counts_of[name] = {**counts, "to do": planned - len(cells)}
    return counts_of
