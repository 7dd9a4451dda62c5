"""The long tables of a run, made from its record and the store."""

import json
from collections.abc import Collection

import pandas as pd

from clusterbench.ranking import Gate, gate_reason
from clusterbench.results.records import RunRecord
from clusterbench.statuses import CellStatus
from clusterbench.store import Store
from clusterbench.tables import CELL_COLUMNS, CELL_KEY, SCORE_COLUMNS


def cells_table(store: Store, name: str, record: RunRecord) -> pd.DataFrame:
    """Return one row per cell of a run: `CELL_COLUMNS` and `n_rows`, `sizes`, `info`, `space_hash`.

    A cell without an outcome yet is left out; a cell that cannot run is ``skipped`` with its obstacle.
    """
    samples = {job.key: job.sample.rows for job in record.jobs if job.sample is not None}
    planned = pd.DataFrame(
        [
            (job.dataset, job.algorithm, job.params, job.variant, cut, seed, job.key, job.space_hash, job.obstacle)
            for job in record.jobs
            for seed in job.seeds
            for cut in job.cuts
        ],
        columns=[*CELL_KEY, "job_key", "space_hash", "obstacle"],
    )
    stored = store.cells([job.key for job in record.jobs])
    cells = planned.merge(stored, on=["job_key", "cut"], how="left")
    skipped = cells["obstacle"].notna() & cells["status"].isna()
    cells.loc[skipped, "status"] = CellStatus.SKIPPED.value
    cells.loc[skipped, "reason"] = cells.loc[skipped, "obstacle"]
    cells = cells[cells["status"].notna()].reset_index(drop=True)
    cells["benchmark"] = name
    cells["k"] = pd.array([json.loads(cut).get("k") for cut in cells["cut"]], dtype="Int64")
    cells["n_rows"] = cells["dataset"].map({name: dataset.n_rows for name, dataset in record.datasets.items()})
    cells["fitted_rows"] = cells["job_key"].map(samples).astype("Int64")
    cells["fit_seconds"] = cells["build_seconds"] + cells["seconds"]
    add_sizes(cells)
    judge(cells, record.gate)
    return cells[[*CELL_COLUMNS, "n_rows", "sizes", "info", "space_hash", "job_key"]]


def add_sizes(cells: pd.DataFrame) -> None:
    """Add the numbers of clusters and their smallest and largest sizes."""
    sizes = [json.loads(text) if isinstance(text, str) else None for text in cells["sizes"]]
    cells["sizes"] = pd.Series(sizes, dtype=object, index=cells.index)
    counts = {
        "n_clusters": [None if s is None else len(s) for s in sizes],
        "smallest": [s[-1] if s else None for s in sizes],
        "largest": [s[0] if s else None for s in sizes],
    }
    for column, values in counts.items():
        cells[column] = pd.array(values, dtype="Int64")
    cells["noise_share"] = cells["n_noise"].astype(float) / cells["n_rows"]


def judge(cells: pd.DataFrame, gate: Gate) -> None:
    """Turn ``ok`` into ``undefined`` or ``rejected`` where the labeling is no clustering or fails the gate."""
    ok, verdicts = cells["status"] == CellStatus.OK.value, {}
    columns = (cells.loc[ok, name] for name in ("sizes", "n_noise", "n_rows"))
    for place, sizes, n_noise, n_rows in zip(cells.index[ok], *columns, strict=True):
        status, reason = CellStatus.REJECTED, gate_reason(sizes, int(n_noise), int(n_rows), gate)
        if len(sizes) < 2:
            one = "one cluster plus noise" if n_noise else "one cluster"
            status, reason = CellStatus.UNDEFINED, f"{one} is not a clustering" if sizes else "all rows are noise"
        if reason:
            verdicts[place] = (status.value, reason)
    if verdicts:
        cells.loc[list(verdicts), ["status", "reason"]] = list(verdicts.values())


def scores_table(store: Store, record: RunRecord, cells: pd.DataFrame, *, policy: str | None = None) -> pd.DataFrame:
    """Return one row per cell, space and metric: `SCORE_COLUMNS`, under one noise policy (default: the declared)."""
    return _scores_of(_stored_scores(store, record, policy or record.noise.value), record, cells)


def alternative_scores(store: Store, record: RunRecord, cells: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return, per further noise policy of the run, the scores of the cells that have noise; no others change.

    Empty where no cell that may be ranked has noise.
    """
    noisy = cells[(cells["status"] == CellStatus.OK.value) & (cells["noise_share"] > 0)]
    others = [policy.value for policy in record.policies if policy is not record.noise]
    if noisy.empty or not others:
        return {}
    labels = noisy["labels_sha256"].unique()
    return {policy: _scores_of(_stored_scores(store, record, policy, labels), record, noisy) for policy in others}


def _stored_scores(store: Store, record: RunRecord, policy: str, labels: Collection[str] | None = None) -> pd.DataFrame:
    return record.own_metrics(store.scores(list(dict.fromkeys(record.score_keys().values())), policy, labels))


def _scores_of(stored: pd.DataFrame, record: RunRecord, cells: pd.DataFrame) -> pd.DataFrame:
    hashes = record.score_keys()
    places = [
        (dataset, variant, space, hashes[dataset, variant if space == "own" else space])
        for dataset, variant in dict.fromkeys(zip(cells["dataset"], cells["variant"], strict=True))
        for space in ("own", *record.references[dataset], *record.known_classes(dataset))
    ]
    spaces = pd.DataFrame(places, columns=["dataset", "variant", "space", "score_space"])
    known = cells[cells["labels_sha256"].notna()].drop(columns=["status", "reason", "space_hash"])
    table = known.merge(spaces, on=["dataset", "variant"]).merge(
        stored.rename(columns={"space_hash": "score_space"}), on=["labels_sha256", "score_space"]
    )
    return table[list(SCORE_COLUMNS)]
