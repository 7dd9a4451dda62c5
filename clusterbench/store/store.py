"""The store: labelings, cells, scores and runs in one SQLite file that survives kill -9."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clusterbench.errors import RequestError
from clusterbench.execution import CutDone, TaskDone
from clusterbench.labeling import Labeling, Labels, labels_sha256
from clusterbench.statuses import CellStatus
from clusterbench.store.database import Database
from clusterbench.store.writer_lock import WriterLock

STORE_NAME = "clusterbench.sqlite"

_PUT_CELL = "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_JOB = """
    INSERT INTO jobs VALUES (:key, :space_hash, :algorithm, :version, :params, :seed, :n_rows, :threads,
        :build_seconds, :peak_mb, :total_seconds, :now)
    ON CONFLICT (key) DO UPDATE SET build_seconds = excluded.build_seconds,
        peak_mb = max(peak_mb, excluded.peak_mb), total_seconds = total_seconds + excluded.total_seconds,
        threads = excluded.threads, finished_at = excluded.finished_at"""


class Store:
    """Everything that was computed, under the hashes of what it was computed from.

    Open it with `Store.writer` (one at a time) or `Store.reader`; both are context managers.
    """

    def __init__(self, database: Database, lock: WriterLock | None) -> None:
        self._db, self._lock = database, lock

    @classmethod
    def writer(cls, folder: Path) -> Store:
        """Open the store in `folder` for writing, making both when they are not there.

        Raises
        ------
        RequestError
            For a folder that cannot be written, an unusable store, or another writer.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = WriterLock(folder)
        except OSError as error:
            reason = error.strerror or str(error)
            raise RequestError(f"results folder {str(folder)!r} cannot be written: {reason}") from error
        try:
            return cls(Database(folder / STORE_NAME), lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def reader(cls, folder: Path) -> Store:
        """Open the store in `folder` for reading; a run may be writing to it at the same time.

        Raises
        ------
        RequestError
            If there is no store, or it cannot be used; it is never changed.
        """
        return cls(Database(folder / STORE_NAME, read_only=True), None)

    def close(self) -> None:
        """Close the file and give the right to write back."""
        try:
            self._db.close()
        finally:
            if self._lock is not None:
                self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def transaction(self) -> AbstractContextManager[None]:
        """Write all or nothing of what happens inside."""
        return self._db.transaction()

    # --- cells -----------------------------------------------------------------------------------

    def finished_cells(self, job_keys: Collection[str]) -> dict[str, dict[str, CellStatus]]:
        """Return, per job, the cuts that have an outcome, with their status."""
        found: dict[str, dict[str, CellStatus]] = {}
        for chunk in _chunks(job_keys):
            query = f"SELECT job_key, cut, status FROM cells WHERE job_key IN ({_marks(chunk)})"
            for key, cut, status in self._db.rows(query, chunk):
                found.setdefault(key, {})[cut] = CellStatus(status)
        return found

    def put_cell(self, event: CutDone) -> None:
        """Keep one finished cut and its labeling, for good."""
        with self.transaction():
            if event.labeling is not None:
                self._put_labeling(event.labeling)
            self._db.write(
                _PUT_CELL,
                (
                    event.key,
                    event.cut,
                    event.status.value,
                    event.reason,
                    event.labeling.sha256 if event.labeling else None,
                    event.seconds,
                    event.inertia,
                    json.dumps(dict(event.info), sort_keys=True),
                    event.build_seconds,
                    event.peak_mb,
                ),
            )

    def put_job(self, event: TaskDone, facts: Mapping[str, Any], open_cuts: Iterable[str]) -> None:
        """Keep what a job took; cuts without an outcome of their own get the job's.

        Parameters
        ----------
        event : TaskDone
        facts : mapping
            space_hash, algorithm, version, params, seed, n_rows, threads, total_seconds. The seconds of a job that
            was done in several runs add up.
        open_cuts : iterable of str
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        took = (event.build_seconds, event.peak_mb)
        values = {**facts, "key": event.key, "build_seconds": took[0], "peak_mb": took[1], "now": now}
        with self.transaction():
            if event.status is not CellStatus.OK:
                fate = (event.status.value, event.reason, None, 0.0, None, "{}", *took)
                self._db.write_many(_PUT_CELL, [(event.key, cut, *fate) for cut in open_cuts])
            self._db.write(_PUT_JOB, values)

    def cells(self, job_keys: Collection[str]) -> pd.DataFrame:
        """Return the cells of jobs: job_key, cut, status, reason, labels, times, memory, sizes."""
        query = """
            SELECT cells.job_key, cells.cut, cells.status, cells.reason, cells.labels_sha256, cells.seconds,
                   cells.inertia, cells.info, cells.build_seconds, cells.peak_mb,
                   labelings.n_rows, labelings.n_noise, labelings.sizes
            FROM cells LEFT JOIN labelings ON labelings.sha256 = cells.labels_sha256
            WHERE cells.job_key IN ({})"""
        return self._frame(query, job_keys)

    # --- labelings -------------------------------------------------------------------------------

    def _put_labeling(self, labeling: Labeling) -> None:
        if self._db.rows("SELECT 1 FROM labelings WHERE sha256 = ?", (labeling.sha256,)):
            return
        data = zlib.compress(np.ascontiguousarray(labeling.labels, dtype="<i4").tobytes(), level=1)
        row = (labeling.sha256, len(labeling.labels), labeling.n_noise, json.dumps(labeling.sizes), data)
        self._db.write("INSERT INTO labelings VALUES (?, ?, ?, ?, ?)", row)

    def labels(self, sha256: str) -> Labels:
        """Return the labels whose hash starts with `sha256`.

        Raises
        ------
        RequestError
            If no labeling, or more than one, starts so, or its labels are damaged.
        """
        if not sha256 or set(sha256.lower()) - set("0123456789abcdef"):
            raise RequestError(f"{sha256!r} is not the start of a SHA-256", allowed="hexadecimal digits")
        low = sha256.lower()
        rows = self._db.rows(
            "SELECT sha256, data FROM labelings WHERE sha256 >= ? AND sha256 < ? LIMIT 2", (low, low + "g")
        )
        if not rows:
            raise RequestError(f"no labeling starts with {sha256!r}")
        if len(rows) > 1:
            raise RequestError(f"more than one labeling starts with {sha256!r}", allowed="more digits")
        return self._labels_of(*rows[0], verify=True)

    def labelings(self, hashes: Collection[str], *, verify: bool = True) -> dict[str, Labels]:
        """Return many labelings by their full hashes.

        Parameters
        ----------
        hashes : collection of str
        verify : bool
            Refuse labels that do not have the hash they stand under; without it that is the caller's business.

        Raises
        ------
        RequestError
            If labels are damaged.
        """
        found: dict[str, Labels] = {}
        for chunk in _chunks(hashes):
            query = f"SELECT sha256, data FROM labelings WHERE sha256 IN ({_marks(chunk)})"
            found.update((sha, self._labels_of(sha, data, verify=verify)) for sha, data in self._db.rows(query, chunk))
        return found

    def _labels_of(self, sha256: str, data: bytes, *, verify: bool) -> Labels:
        try:
            labels = np.frombuffer(zlib.decompress(data), dtype="<i4").astype(np.int32)
        except (zlib.error, ValueError, TypeError) as error:
            raise self._db.unusable(f"the labels {sha256[:16]} are damaged ({error})") from error
        if verify and (found := labels_sha256(labels)) != sha256:
            raise self._db.unusable(f"the labels {sha256[:16]} were changed (their hash is {found[:16]})")
        return labels

    # --- scores ----------------------------------------------------------------------------------

    def scored(self, space_hash: str) -> set[tuple[str, str, str]]:
        """Return (labels, noise policy, metric) of every score in a space."""
        query = "SELECT labels_sha256, noise, metric FROM scores WHERE space_hash = ?"
        return {(sha, noise, metric) for sha, noise, metric in self._db.rows(query, (space_hash,))}

    def put_scores(self, space_hash: str, scores: pd.DataFrame) -> None:
        """Keep a frame of labels_sha256, noise, metric, value, status, reason."""
        columns = ["labels_sha256", "noise", "metric", "value", "status", "reason"]
        rows = [
            (sha, space_hash, str(noise), metric, None if pd.isna(value) else float(value), str(status), reason)
            for sha, noise, metric, value, status, reason in scores[columns].itertuples(index=False)
        ]
        with self.transaction():
            self._db.write_many("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def scores(self, space_hashes: Collection[str]) -> pd.DataFrame:
        """Return all scores in some spaces."""
        frame = self._frame("SELECT * FROM scores WHERE space_hash IN ({})", space_hashes)
        return frame.astype({"value": float})

    # --- derived frames, benchmarks, timings -----------------------------------------------------

    def put_frame(self, key: str, frame: pd.DataFrame) -> None:
        """Keep a derived frame (calibration, bootstrap) under the hash of what it was made from."""
        buffer = io.BytesIO()
        frame.to_parquet(buffer)
        with self.transaction():
            self._db.write("INSERT OR REPLACE INTO frames VALUES (?, ?)", (key, buffer.getvalue()))

    def frame(self, key: str) -> pd.DataFrame | None:
        """Return the derived frame under `key`, or None."""
        rows = self._db.rows("SELECT data FROM frames WHERE key = ?", (key,))
        return pd.read_parquet(io.BytesIO(rows[0][0])) if rows else None

    def put_benchmark(self, name: str, record: str, manifest: str) -> None:
        """Store the record and the manifest of a run as JSON; its tables can be made again from them."""
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        row = (name, record, manifest, now)
        with self.transaction():
            self._db.write("INSERT OR REPLACE INTO benchmarks VALUES (?, ?, ?, ?)", row)

    def benchmarks(self) -> list[str]:
        """Return the names of the benchmarks in this store, the latest first."""
        return [row[0] for row in self._db.rows("SELECT name FROM benchmarks ORDER BY updated DESC, name")]

    def benchmark(self, name: str) -> tuple[str, str]:
        """Return record and manifest of a run as JSON."""
        rows = self._db.rows("SELECT plan, manifest FROM benchmarks WHERE name = ?", (name,))
        if not rows:
            raise RequestError(f"no benchmark {name!r} in this store", allowed=", ".join(self.benchmarks()) or "none")
        return str(rows[0][0]), str(rows[0][1])

    def timings(self) -> pd.DataFrame:
        """Return algorithm, n_rows, seconds of every finished job, for estimates."""
        query = "SELECT algorithm, n_rows, total_seconds AS seconds FROM jobs"
        return pd.DataFrame(self._db.rows(query), columns=["algorithm", "n_rows", "seconds"])

    def _frame(self, query: str, keys: Collection[str]) -> pd.DataFrame:
        rows: list[tuple[Any, ...]] = []
        names: list[str] = []
        for chunk in _chunks(keys) or [[""]]:
            names, part = self._db.table(query.format(_marks(chunk)), chunk)
            rows.extend(part)
        return pd.DataFrame(rows, columns=names)


def _chunks(values: Collection[str], size: int = 500) -> list[list[str]]:
    ordered = list(dict.fromkeys(values))
    return [ordered[i : i + size] for i in range(0, len(ordered), size)]


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
