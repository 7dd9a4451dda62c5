"""The store: labelings, cells, scores and runs in one SQLite file that survives `kill -9`."""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.labeling import Labeling, Labels
from clusterbench.statuses import CellStatus
from clusterbench.store.cleaning import Unused, remove_unused, unused
from clusterbench.store.database import Database
from clusterbench.store.packed_labels import packed_labels, unpacked_labels
from clusterbench.store.writer_lock import lock_for_writing
from clusterbench.task_outcomes import CutDone, TaskDone

if TYPE_CHECKING:
    import pyarrow as pa

STORE_NAME = "clusterbench.sqlite"
_MOST_KEYS = 500  # in one query


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What a job is and what it ran on."""

    space_hash: str
    algorithm: str
    version: int  # of the plug-in
    params: str  # JSON
    seed: int
    n_rows: int  # that were fitted
    threads: int
    total_seconds: float  # of this run; those of several runs are added up
    environment: str  # JSON, see `clusterbench.environment.Environment`


class Store:
    """Everything that was computed, under the hashes of what it was computed from.

    Open it with `Store.writer` (one at a time) or `Store.reader`; both are context managers. The keys of jobs, spaces
    and frames that a writer asks for or stores after `put_benchmark` are listed as used by that benchmark; when the
    writer is left without an exception, the list is complete, and replaces that of an earlier run.
    """

    def __init__(self, database: Database, lock: int | None) -> None:
        self._db, self._lock = database, lock
        self._benchmark: str | None = None
        self._used: set[tuple[str, str]] = set()
        self._unlisted: set[tuple[str, str]] = set()

    @classmethod
    def writer(cls, folder: Path) -> Store:
        """Open the store in `folder` for writing, creating both if they do not exist; one writer at a time."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = lock_for_writing(folder)
        except OSError as error:
            reason = error.strerror or str(error)
            raise RequestError(f"results folder {str(folder)!r} cannot be written: {reason}") from error
        try:
            return cls(Database(folder / STORE_NAME), lock)
        except BaseException:
            os.close(lock)
            raise

    @classmethod
    def reader(cls, folder: Path) -> Store:
        """Open the store in `folder` for reading, which never changes it; a run may be writing to it."""
        return cls(Database(folder / STORE_NAME, read_only=True), None)

    def close(self) -> None:
        """Close the file and release the lock."""
        try:
            self._db.close()
        finally:
            lock, self._lock = self._lock, None
            if lock is not None:
                os.close(lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and self._used:
                self._replace_uses()
        finally:
            self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all or nothing of what happens inside."""
        with self._db.transaction():
            yield
            self._db.put("uses", self._unlisted)
        self._unlisted.clear()

    @property
    def removed_rows(self) -> Mapping[str, int]:
        """Number of damaged rows that were removed when this writer was opened, by table."""
        return self._db.removed

    def _use(self, *keys: str) -> None:
        """Remember that the current benchmark uses these keys; the next transaction lists them."""
        if self._benchmark is not None:
            new = {(self._benchmark, key) for key in keys} - self._used
            self._used |= new
            self._unlisted |= new

    def _replace_uses(self) -> None:
        with self.transaction():
            for name in {name for name, _ in self._used}:
                self._db.execute("DELETE FROM uses WHERE benchmark = ?", (name,))
            self._db.put("uses", self._used)

    def unused(self, benchmark: str | None = None) -> list[Unused]:
        """Return what no benchmark uses, or none would use without `benchmark`."""
        return unused(self._db, benchmark)

    def remove_unused(self, benchmark: str | None = None) -> None:
        """Delete what `unused` returns."""
        remove_unused(self._db, benchmark)

    # --- cells -----------------------------------------------------------------------------------

    def finished_cells(self, job_keys: Collection[str]) -> dict[str, dict[str, CellStatus]]:
        """Return, per job, the cuts that have an outcome, with their status."""
        self._use(*job_keys)
        statuses: dict[str, dict[str, CellStatus]] = {}
        for key, cut, status in self._rows("SELECT job_key, cut, status FROM cells WHERE job_key IN ({})", job_keys):
            statuses.setdefault(key, {})[cut] = CellStatus(status)
        return statuses

    def put_cell(self, event: CutDone) -> None:
        """Store one finished cut and its labeling."""
        self._use(event.key)
        sha256 = event.labeling.sha256 if event.labeling else None
        info = json.dumps(dict(event.info), sort_keys=True)
        times = (float(event.build_seconds), float(event.peak_mb))
        outcome = (event.status.value, event.reason, sha256, float(event.seconds), event.inertia, info)
        with self.transaction():
            if event.labeling is not None:
                self._put_labeling(event.labeling)
            self._db.put("cells", [(event.key, event.cut, *outcome, *times)])

    def put_job(self, event: TaskDone, facts: JobFacts, open_cuts: Iterable[str]) -> None:
        """Store the facts, time and memory of a finished job; cuts without an outcome of their own get the job's."""
        self._use(event.key)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self.transaction():
            if event.status is not CellStatus.OK:
                outcome = (event.status.value, event.reason, None, 0.0, None, "{}", event.build_seconds, event.peak_mb)
                self._db.put("cells", [(event.key, cut, *outcome) for cut in open_cuts])
            before = self._db.rows("SELECT peak_mb, total_seconds FROM jobs WHERE key = ?", (event.key,))
            peak_mb, seconds = before[0] if before else (0.0, 0.0)
            job = (facts.space_hash, facts.algorithm, facts.version, facts.params, facts.seed, facts.n_rows)
            took = (event.build_seconds, max(peak_mb, event.peak_mb), seconds + facts.total_seconds)
            self._db.put("jobs", [(event.key, *job, facts.threads, *took, now, facts.environment)])

    def environments(self, job_keys: Collection[str]) -> dict[str, str]:
        """Return what each finished job ran on, as JSON: its threads, and its environment where it was recorded."""
        query = "SELECT key, json_set(environment, '$.threads', threads) FROM jobs WHERE key IN ({})"
        return dict(self._rows(query, job_keys))

    def cells(self, job_keys: Collection[str]) -> pd.DataFrame:
        """Return the cells of jobs: job_key, cut, status, reason, labels, times, memory, sizes."""
        of_cells = "job_key, cut, status, reason, labels_sha256, seconds, inertia, info, build_seconds, peak_mb"
        columns = f"{of_cells}, n_rows, n_noise, sizes"
        query = f"SELECT {columns} FROM cells LEFT JOIN labelings ON sha256 = labels_sha256 WHERE job_key IN ({{}})"
        return pd.DataFrame(self._rows(query, job_keys), columns=columns.split(", "))

    # --- labelings -------------------------------------------------------------------------------

    def _put_labeling(self, labeling: Labeling) -> None:
        if not self._db.rows("SELECT 1 FROM labelings WHERE sha256 = ?", (labeling.sha256,)):
            sizes, data = json.dumps(labeling.sizes), packed_labels(labeling.labels)
            row = (labeling.sha256, len(labeling.labels), labeling.n_noise, sizes, data)
            self._db.put("labelings", [row])

    def labels(self, sha256: str) -> Labels:
        """Return the labels of the one labeling whose hash starts with `sha256`."""
        low = sha256.lower()
        if not low or set(low) - set("0123456789abcdef"):
            raise RequestError(f"{sha256!r} is not the start of a SHA-256", allowed="hexadecimal digits")
        query = "SELECT sha256 FROM labelings WHERE sha256 >= ? AND sha256 < ? LIMIT 2"
        hashes = [row[0] for row in self._db.rows(query, (low, low + "g"))]
        if not hashes:
            raise RequestError(f"no labeling starts with {sha256!r}")
        if len(hashes) > 1:
            raise RequestError(f"more than one labeling starts with {sha256!r}", allowed="more digits")
        return self.labelings(hashes)[hashes[0]]

    def labelings(self, hashes: Collection[str]) -> dict[str, Labels]:
        """Return many labelings by their full hashes; changed ones are refused."""
        rows = list(self._rows("SELECT sha256, n_rows, data FROM labelings WHERE sha256 IN ({})", hashes))
        try:
            return {sha: unpacked_labels(sha, n_rows, data) for sha, n_rows, data in rows}
        except ValueError as error:
            raise self._db.unusable(str(error)) from error

    # --- scores ----------------------------------------------------------------------------------

    def scored(self, space_hash: str) -> set[tuple[str, str, str]]:
        """Return (labels, noise policy, metric) of every score in a space."""
        self._use(space_hash)
        query = "SELECT labels_sha256, noise, metric FROM scores WHERE space_hash = ?"
        return {(sha, noise, metric) for sha, noise, metric in self._db.rows(query, (space_hash,))}

    def put_scores(self, space_hash: str, scores: pd.DataFrame) -> None:
        """Store a frame of labels_sha256, noise, metric, value, status, reason."""
        self._use(space_hash)
        names = ["labels_sha256", "noise", "metric", "status", "reason"]
        columns = [scores[name].tolist() for name in names]  # far faster than to iterate over strings of Arrow
        rows = [
            (sha, space_hash, str(noise), metric, None if math.isnan(value) else value, str(status), reason)
            for sha, noise, metric, status, reason, value in zip(*columns, scores["value"].astype(float), strict=True)
        ]
        with self.transaction():
            self._db.put("scores", rows)

    def scores(
        self, space_hashes: Collection[str], noise: str | None = None, labels: Collection[str] | None = None
    ) -> pd.DataFrame:
        """Return all scores in some spaces, or those under one noise policy, or those of some labelings."""
        columns, policies = "labels_sha256, space_hash, noise, metric, value, status, reason", [noise] if noise else []
        query = f"SELECT {columns} FROM scores WHERE {{}} IN ({{{{}}}}){' AND noise = ?' * len(policies)}"
        if labels is None:
            rows = list(self._rows(query.format("space_hash"), space_hashes, *policies))
        else:
            query += f" AND space_hash IN ({', '.join('?' * len(space_hashes))})"
            found = self._rows(query.format("labels_sha256"), labels, *policies, *space_hashes)
            rows = sorted(found, key=lambda row: (row[1], row[0], *row[2:4]))  # as they are in the table
        return pd.DataFrame(rows, columns=columns.split(", ")).astype({"value": float})

    # --- derived frames, benchmarks, timings -----------------------------------------------------

    def put_frame(self, key: str, frame: pd.DataFrame) -> None:
        """Store a derived frame (calibration, draws) under the hash of what it was made from."""
        self._use(key)
        buffer = io.BytesIO()
        frame.to_parquet(buffer)
        with self.transaction():
            self._db.put("frames", [(key, buffer.getvalue())])

    def frame(self, key: str) -> pd.DataFrame | None:
        """Return the derived frame under `key`, or None."""
        self._use(key)
        rows = self._db.rows("SELECT data FROM frames WHERE key = ?", (key,))
        return pd.read_parquet(io.BytesIO(rows[0][0])) if rows else None

    def frames(self, keys: Collection[str]) -> dict[str, pa.Table]:
        """Return the derived frames under some keys, those that there are, as Arrow tables: quick to join."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._use(*keys)
        rows = self._rows("SELECT key, data FROM frames WHERE key IN ({})", keys)
        return {key: pq.read_table(pa.BufferReader(data), use_threads=False) for key, data in rows}

    def put_benchmark(self, name: str, record: str, manifest: str) -> None:
        """Store the record and the manifest of a run as JSON; its tables can be made again from them."""
        self._benchmark = name
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        with self.transaction():
            self._db.put("benchmarks", [(name, record, manifest, now)])

    def benchmarks(self) -> list[str]:
        """Return the names of the benchmarks in this store, the latest first."""
        return [row[0] for row in self._db.rows("SELECT name FROM benchmarks ORDER BY updated DESC, name")]

    def benchmark(self, name: str) -> tuple[str, str]:
        """Return record and manifest of a run as JSON."""
        rows = self._db.rows("SELECT plan, manifest FROM benchmarks WHERE name = ?", (name,))
        if not rows:
            raise RequestError(f"no benchmark {name!r} in this store", allowed=", ".join(self.benchmarks()) or "none")
        return rows[0][0], rows[0][1]

    def timings(self) -> pd.DataFrame:
        """Return algorithm, n_rows, seconds of every finished job, for estimates."""
        query = "SELECT algorithm, n_rows, total_seconds AS seconds FROM jobs"
        return pd.DataFrame(self._db.rows(query), columns=["algorithm", "n_rows", "seconds"])

    def _rows(self, query: str, keys: Collection[str], *more: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query over many keys, which stand for the braces in it; `more` are further values."""
        ordered = list(dict.fromkeys(keys))
        for start in range(0, len(ordered), _MOST_KEYS):
            chunk = ordered[start : start + _MOST_KEYS]
            yield from self._db.rows(query.format(", ".join("?" * len(chunk))), [*chunk, *more])
