"""Rows as the store has them: what was declared, on what it ran, the outcome and its scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from clusterbench.labeling import labels_sha256
from clusterbench.results import JobRecord
from clusterbench.statuses import CellStatus
from clusterbench.store import Store
from clusterbench.tables import OWN
from clusterbench.verification.differences import RowKey
from clusterbench.verification.targets import Target

Scores = dict[tuple[str, str, str], tuple[float, str]]
"""(space, noise policy, metric) to (value, status)."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredRow:
    """One cut of a job with its outcome, for all the seeds that share it.

    Attributes
    ----------
    job : JobRecord
        With this one cut.
    status : str
        How the fit ended, before the gate.
    labels, actual_labels : str or None
        SHA-256 under which the labels are stored, and that of the labels which are stored there.
    sizes : tuple of int
        Of the clusters.
    environment : str
        The recorded facts of the environment of the job as JSON.
    spaces : mapping of str to str
        The variant of each space in which the labels are scored.
    scores : Scores
    """

    job: JobRecord
    status: str
    labels: str | None
    actual_labels: str | None
    sizes: tuple[int, ...]
    environment: str
    spaces: Mapping[str, str]
    scores: Scores

    @property
    def id(self) -> tuple[str, str]:
        """Key of the job, and cut."""
        return self.job.key, self.job.cuts[0]

    @property
    def key(self) -> RowKey:
        job = self.job
        return RowKey(job.dataset, job.algorithm, job.params, job.variant, cut=job.cuts[0], seeds=job.seeds)


def stored_rows(store: Store, target: Target) -> Iterator[StoredRow]:
    """Yield every row of a target."""
    record, score_keys = target.record, target.record.score_keys()
    stored = record.own_metrics(store.scores(list(dict.fromkeys(score_keys.values()))))
    by_place = dict(iter(stored.groupby(["labels_sha256", "space_hash"])))
    environments = store.environments([job.key for job in record.jobs])
    identity = ["dataset", "variant", "algorithm", "params", "job_key"]
    for job in record.jobs:
        same = (target.cells[identity] == [job.dataset, job.variant, job.algorithm, job.params, job.key]).all(axis=1)
        spaces = {OWN: job.variant, **{name: name for name in record.references[job.dataset]}}
        for row in target.cells[same].drop_duplicates("cut").to_dict("records"):
            sha = row["labels_sha256"] if isinstance(row["labels_sha256"], str) else None
            labels = store.labelings([sha], verify=False).get(sha) if sha else None
            scores: Scores = {}
            for space, variant in spaces.items():
                frame = by_place.get((sha, score_keys[job.dataset, variant]))
                scores |= {} if frame is None else scores_of(space, frame)
            yield StoredRow(
                job=replace(job, cuts=(row["cut"],)),
                status=CellStatus.OK.value if sha else str(row["status"]),
                labels=sha,
                actual_labels=None if labels is None else labels_sha256(labels),
                sizes=tuple(row["sizes"]) if sha else (),
                environment=environments.get(job.key, "{}"),
                spaces=spaces,
                scores=scores,
            )


def scores_of(space: str, frame: pd.DataFrame) -> Scores:
    """Return the scores of one labeling in one space."""
    rows = frame[["noise", "metric", "value", "status"]].itertuples(index=False, name=None)
    return {(space, str(noise), str(metric)): (float(value), str(status)) for noise, metric, value, status in rows}
