"""Damaged bytes of a store: refused by name, or computed again; never a traceback, never a changed number."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from clusterbench.store import STORE_NAME

STORE = Path("results", STORE_NAME)
PAGE = 4096


def damaged(data: bytes, seed: int) -> bytes:
    """Zero a page, flip a bit, or overwrite some bytes."""
    rng = random.Random(seed)
    found = bytearray(data)
    kind = seed % 3
    if kind == 0:
        at = PAGE * rng.randrange(len(data) // PAGE)
        found[at : at + PAGE] = bytes(PAGE)
    elif kind == 1:
        found[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    else:
        for _ in range(rng.randrange(1, 20)):
            found[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(found)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_bytes_end_in_a_message_or_in_the_same_tables(own, call, seed):
    whole = STORE.read_bytes()
    tables = {name: Path("reports", "blobs", name).read_bytes() for name in ("scores.csv", "leaderboard.csv")}
    STORE.write_bytes(damaged(whole, seed))
    for arguments in (
        ("status",),
        ("export", "--out", "out"),
        ("report", "--reports", "again"),
        ("run", "blobs.toml", "--jobs", "0", "--reports", "again"),
    ):
        ended = call(*arguments)
        assert "Traceback" not in ended.err
        assert ended.status in (0, 2)
        if ended.status == 2:
            assert str(STORE) in ended.err
        elif arguments[0] == "export":
            assert {name: Path("out", name).read_bytes() for name in tables} == tables
        elif arguments[0] == "run":
            scores = Path("again/blobs/scores.csv").read_bytes()
            assert sorted(scores.splitlines()) == sorted(tables["scores.csv"].splitlines())


def test_a_flipped_bit_in_a_score_is_refused_and_mended_by_the_next_run(own, call):
    with sqlite3.connect(STORE) as connection:
        connection.execute("UPDATE scores SET value = value * (1 + 1e-15) WHERE metric = 'silhouette'")
        changed = connection.total_changes
    connection.close()
    scores = Path("reports/blobs/scores.csv").read_bytes()
    for verb in (("status",), ("report",), ("export", "--out", "out")):
        ended = call(*verb)
        assert ended.status == 2
        assert f"'{STORE}' has damaged rows (their checksums are wrong): {changed} of scores" in ended.err
        assert "run the benchmark again" in ended.err
    ended = call("run", "blobs.toml", "--jobs", "0")
    assert ended.status == 0
    assert f"warning: {changed} damaged rows of scores were removed" in ended.err
    assert Path("reports/blobs/scores.csv").read_bytes() == scores
    assert call("status").status == 0
