"""Damaged bytes: a reader refuses them by name, a writer removes the damaged rows; nothing is read wrongly."""

from __future__ import annotations

import random
import shutil
import sqlite3
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from clusterbench.errors import RequestError
from clusterbench.execution import CellStatus, TaskDone
from clusterbench.store import STORE_NAME, Store, register, seal

from .conftest import FACTS

KEY = "a" * 64
PAGE = 4096


def content(store: Store) -> list[object]:
    """Everything that a store returns."""
    cells = store.cells([KEY])
    labelings = store.labelings(list(cells["labels_sha256"].dropna()))
    tables = [cells, store.scores(["space"]), store.frame("frame"), store.timings()]
    texts = [store.benchmark(name) for name in store.benchmarks()]
    return [
        *(None if table is None else table.to_csv() for table in tables),
        {sha: labels.tolist() for sha, labels in labelings.items()},
        store.environments([KEY]),
        store.scored("space"),
        store.finished_cells([KEY]),
        texts,
    ]


def finished(contents: list[object]) -> set[tuple[str, CellStatus]]:
    return set(contents[-2].get(KEY, {}).items())


@pytest.fixture(scope="module")
def whole(tmp_path_factory, make_cell):
    """A store with rows in every table."""
    folder = tmp_path_factory.mktemp("whole")
    with Store.writer(folder) as store:
        store.put_benchmark("wine", '{"title": "Wine"}', '{"python": "3.11"}')
        for k in range(2, 8):
            store.put_cell(make_cell(k=k, n_rows=400))
        store.put_job(TaskDone(KEY, CellStatus.TIMEOUT, "killed", 1.5, 8.0), FACTS, ['{"k":9}'])
        hashes = [make_cell(k=k, n_rows=400).labeling.sha256 for k in range(2, 8)]
        scores = pd.DataFrame({"labels_sha256": hashes, "noise": "zero", "value": 0.1, "status": "ok", "reason": ""})
        for metric in ("silhouette", "davies_bouldin"):
            store.put_scores("space", scores.assign(metric=metric))
        store.put_frame("frame", pd.DataFrame({"mean": [0.1, 0.2]}))
    return folder


def damaged(data: bytes, seed: int) -> bytes:
    """Zero or fill a page, flip a bit, or overwrite some bytes."""
    rng = random.Random(seed)
    found = bytearray(data)
    kind = seed % 4
    if kind < 2:
        at = PAGE * rng.randrange(len(data) // PAGE)
        found[at : at + PAGE] = (b"\0", b"\xff")[kind] * PAGE
    elif kind == 2:
        found[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    else:
        for _ in range(rng.randrange(1, 12)):
            found[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(found)


def opened(open_store: Callable[[Path], Store], folder: Path) -> tuple[list[object], bool] | str:
    """Return the content of a store and whether rows were removed, or the message of the refusal."""
    try:
        with open_store(folder) as store:
            return content(store), bool(store.removed_rows)
    except RequestError as error:
        return str(error)


@pytest.mark.parametrize("seeds", [range(start, start + 40) for start in (0, 40)], ids=str)
def test_damaged_bytes_are_never_read(whole, tmp_path, seeds):
    data = (whole / STORE_NAME).read_bytes()
    expected, _ = opened(Store.reader, whole)
    outcomes = set()
    for seed in seeds:
        harmed = damaged(data, seed)
        (tmp_path / STORE_NAME).write_bytes(harmed)
        read = opened(Store.reader, tmp_path)
        assert STORE_NAME in read if isinstance(read, str) else read == (expected, False), seed
        assert (tmp_path / STORE_NAME).read_bytes() == harmed
        written = opened(Store.writer, tmp_path)
        if isinstance(written, str):
            assert STORE_NAME in written
        else:
            assert written[1] or written[0] == expected, seed
            assert finished(written[0]) <= finished(expected)
        outcomes |= {"refused" if isinstance(read, str) else "harmless"}
        outcomes |= {"refused"} if isinstance(written, str) else {"removed"} if written[1] else set()
        for leftover in tmp_path.glob(f"{STORE_NAME}-*"):
            leftover.unlink()
    assert outcomes == {"harmless", "refused", "removed"}


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("scores", "value = value * (1 + 1e-15)"),
        ("scores", "reason = reason || ' '"),
        ("scores", "space_hash = 'spade'"),
        ("cells", "info = '{'"),
        ("cells", "inertia = NULL"),
        ("labelings", "sizes = '[1]'"),
        ("labelings", "n_rows = 399"),
        ("jobs", "environment = '{}'"),
        ("frames", "data = substr(data, 2)"),
        ("frames", "data = CAST(data AS TEXT)"),
        ("benchmarks", "plan = CAST(plan AS BLOB)"),
        ("benchmarks", "manifest = CAST(x'7bff7d' AS TEXT)"),
        ("uses", "key = 'b'"),
    ],
)
def test_a_changed_value_is_refused_by_a_reader_and_removed_by_a_writer(whole, tmp_path, table, change):
    shutil.copy(whole / STORE_NAME, tmp_path)
    with closing(sqlite3.connect(tmp_path / STORE_NAME)) as connection, connection:
        where = f"WHERE ({', '.join(keys(connection, table))}) IN (SELECT {', '.join(keys(connection, table))} FROM"
        changed = connection.execute(f"UPDATE {table} SET {change} {where} {table} LIMIT 1)").rowcount
    assert changed == 1
    with pytest.raises(RequestError, match=f"has damaged rows .*: 1 of {table} .*run the benchmark again"):
        Store.reader(tmp_path)
    with Store.writer(tmp_path) as store:
        assert store.removed_rows == {table: 1}
        hashes = store.cells([KEY])["labels_sha256"].dropna()
        assert len(store.labelings(list(hashes))) == len(hashes)  # a cell goes with its labeling
    with Store.reader(tmp_path) as store:
        assert store.removed_rows == {}


def keys(connection: sqlite3.Connection, table: str) -> list[str]:
    return [name for _, name, _, _, _, key in connection.execute(f"PRAGMA table_info({table})") if key]


def test_labels_are_never_unpacked_beyond_the_rows_of_their_table(tmp_path, make_cell):
    cell = make_cell()
    with Store.writer(tmp_path) as store:
        store.put_cell(cell)
    with closing(sqlite3.connect(tmp_path / STORE_NAME)) as connection, connection:
        connection.execute("UPDATE labelings SET data = ?", (zlib.compress(bytes(20_000_000)),))
        register(connection)
        seal(connection, "labelings")
    with Store.reader(tmp_path) as store:
        tracemalloc.start()
        with pytest.raises(RequestError, match="are damaged"):
            store.labels(cell.labeling.sha256)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.stop()
