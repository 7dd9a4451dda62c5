"""Rows as the store has them: what was declared, what came out, how it scored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from clusterbench.benchmark import FitJob
from clusterbench.labeling import labels_sha256
from clusterbench.results import JobRecord
from clusterbench.statuses import CellStatus
from clusterbench.store import Store
from clusterbench.verification.targets import Target

Scores = dict[tuple[str, str, str], tuple[float, str]]
"""(space, noise policy, metric) to (value, status)."""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One row: a cut of a job with its outcome.

    Attributes
    ----------
    job : FitJob
        With this one cut.
    key, space_hash : str
        Of the job and of its space.
    status : str
        How the fit ended; the gate is not asked.
    sha256 : str or None
        Identity of the labels, None where there are none.
    sizes : tuple of int
    kept_sha256 : str or None
        Hash of the labels that the store holds under that identity.
    scores : Scores
    """

    job: FitJob
    key: str
    space_hash: str
    status: str
    sha256: str | None
    sizes: tuple[int, ...]
    kept_sha256: str | None
    scores: Scores

    @property
    def cut(self) -> str:
        return self.job.cuts[0]


def records_of(store: Store, found: Target) -> Iterator[Record]:
    """Give every row that is meant, once for all the seeds that it stands for."""
    hashes = found.record.score_keys()
    stored = store.scores(list(dict.fromkeys(hashes.values())))
    by_place = dict(iter(stored.groupby(["labels_sha256", "space_hash"])))
    identity = ["dataset", "variant", "algorithm", "params", "job_key"]
    for job in found.record.jobs:
        same = (found.cells[identity] == [job.dataset, job.variant, job.algorithm, job.params, job.key]).all(axis=1)
        for row in found.cells[same].drop_duplicates("cut").to_dict("records"):
            sha = row["labels_sha256"] if isinstance(row["labels_sha256"], str) else None
            kept = store.labelings([sha], verify=False).get(sha) if sha else None
            scores: Scores = {}
            for space in ("own", *found.record.references[job.dataset]):
                place = hashes[job.dataset, job.variant if space == "own" else space]
                scores |= scores_of(space, by_place.get((sha, place)))
            yield Record(
                _job(job, row["cut"]),
                job.key,
                job.space_hash,
                CellStatus.OK.value if sha else str(row["status"]),
                sha,
                tuple(row["sizes"]) if sha else (),
                None if kept is None else labels_sha256(kept),
                scores,
            )


def scores_of(space: str, frame: pd.DataFrame | None) -> Scores:
    """Return the scores of one labeling in one space, {} where there are none."""
    if frame is None:
        return {}
    columns = ["noise", "metric", "value", "status"]
    return {
        (space, str(noise), metric): (float(value), str(status))
        for noise, metric, value, status in frame[columns].itertuples(index=False)
    }


def _job(job: JobRecord, cut: str) -> FitJob:
    return FitJob(job.dataset, job.variant, job.algorithm, job.params, job.seeds, (cut,))
