"""Rows as a store has them: the outcome of a fit, on what it ran, and its scores."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clusterbench.results import JobRecord, RunRecord
from clusterbench.store import Store
from clusterbench.tables import OWN
from clusterbench.verification.differences import RowKey

StoredScores = dict[tuple[str, str, str], float | str]
"""(space, noise policy, metric) to the value, or to the status where there is none."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredRow:
    """One cut of a job with its outcome, for all the seeds that share it."""

    key: RowKey
    status: str
    reason: str
    labels: str | None  # their SHA-256
    sizes: str
    environment: str  # JSON: the recorded facts of the environment of the job
    scores: StoredScores


def stored_rows(store: Store, jobs: Sequence[JobRecord], record: RunRecord) -> Iterator[StoredRow]:
    """Yield a row for each cut of some jobs, with its scores in the spaces and by the metrics of `record`.

    Raises
    ------
    RequestError
        If labels in the store are not those of their hash.
    """
    score_keys, keys = record.score_keys(), [job.key for job in jobs]
    scores = record.own_metrics(store.scores(list(dict.fromkeys(score_keys.values()))))
    by_place = dict(iter(scores.groupby(["labels_sha256", "space_hash"])))
    environments = store.environments(keys)
    cells = {(row["job_key"], row["cut"]): row for row in store.cells(keys).to_dict("records")}
    for job in jobs:
        spaces = {OWN: job.variant, **{name: name for name in record.references[job.dataset]}}
        for cut in job.cuts:
            cell = cells[job.key, cut]
            labels = cell["labels_sha256"] if isinstance(cell["labels_sha256"], str) else None
            store.labelings([labels] if labels else [])  # refuses changed labels
            of_row: StoredScores = {}
            for space, variant in spaces.items():
                frame = by_place.get((labels, score_keys[job.dataset, variant]), scores.iloc[:0])
                columns = ["noise", "metric", "value", "status"]
                for noise, metric, value, status in frame[columns].itertuples(index=False, name=None):
                    of_row[space, noise, metric] = float(value) if status == "ok" else str(status)
            yield StoredRow(
                key=RowKey(job.dataset, job.algorithm, job.params, job.variant, cut=cut, seeds=job.seeds),
                status=str(cell["status"]),
                reason=str(cell["reason"]),
                labels=labels,
                sizes=json.dumps(json.loads(cell["sizes"])) if labels else "",
                environment=environments.get(job.key, "{}"),
                scores=of_row,
            )
