"""Is there structure at all? Blobs have it, a table of independent columns has not, and the report says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.datasets import Dataset
from clusterbench.ranking import AlertKind
from clusterbench.results import StructureFinding
from clusterbench.running import Settings, Silent, run
from clusterbench.running.structure_tests import permuted

TOML = """
title = "Structure"
seeds = [0]
k = [2, 3, 4]
reference_spaces = ["standard"]
[[datasets]]
path = "table.csv"
[variants]
standard = [{ step = "standardize" }]
[ranking]
random_partitions = 20
bootstraps = 0
[stability]
resamples = 0
[structure]
permutations = 3
[[algorithms]]
use = "kmeans"
n_init = 2
"""


def findings(table: np.ndarray, folder: Path, monkeypatch) -> tuple[StructureFinding, set[AlertKind]]:
    monkeypatch.chdir(folder)
    pd.DataFrame(table).add_prefix("c").to_csv("table.csv", index=False)
    Path("table.toml").write_text(TOML)
    done = run("table.toml", settings=Settings(workers=0), progress=Silent())
    (finding,) = done.record.structure
    return finding, {alert.kind for alert in done.board.alerts}


def test_blobs_beat_their_shuffled_tables(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(300, 4)) + 9 * (np.arange(300) % 2)[:, None]
    finding, alerts = findings(table, tmp_path, monkeypatch)
    assert finding.silhouette > 0.7 > max(shuffled.silhouette for shuffled in finding.shuffled)
    assert [sorted(shuffled.inertia) for shuffled in finding.shuffled] == [[2, 3, 4]] * 3
    assert finding.first_component.p < 0.05
    assert AlertKind.NO_STRUCTURE not in alerts


def test_the_scoring_of_every_shuffled_table_is_told(tmp_path, monkeypatch):
    class Steps(Silent):
        """Keeps the notes of each stage."""

        def __init__(self) -> None:
            self.notes: dict[str, tuple[int, list[str]]] = {}

        def stage(self, name: str, total: int) -> None:
            self.notes[name] = (total, [])

        def advance(self, steps: int = 1, note: str = "") -> None:
            list(self.notes.values())[-1][1].extend([note] * steps)

    monkeypatch.chdir(tmp_path)
    pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2))).add_prefix("c").to_csv("table.csv", index=False)
    Path("table.toml").write_text(TOML)
    told = Steps()
    run("table.toml", settings=Settings(workers=0), progress=told)
    tables = ["table", *(f"table (permuted {number})" for number in range(3))]
    assert told.notes["scoring without structure"] == (4, tables)


def test_independent_columns_raise_the_alarm(tmp_path, monkeypatch):
    rng = np.random.default_rng(4)
    finding, alerts = findings(rng.normal(size=(300, 4)), tmp_path, monkeypatch)
    assert finding.first_component.p > 0.05
    assert finding.distances.p > 0.05
    assert AlertKind.ONE_MODE in alerts
    assert len(finding.shuffled) == 3
    assert abs(finding.silhouette - np.mean([shuffled.silhouette for shuffled in finding.shuffled])) < 0.05


@pytest.mark.parametrize("number", [0, 1])
def test_a_permuted_table_keeps_every_marginal_and_loses_the_dependence(number):
    x = np.linspace(0, 1, 500)
    frame = pd.DataFrame({"x": x, "y": x**2, "z": np.where(x < 0.1, np.nan, -x)})
    dataset = Dataset("d", frame, pd.RangeIndex(500), truth=np.zeros(500, dtype=np.int64))
    shuffled = permuted(dataset, 0, number)
    for column in frame:
        np.testing.assert_array_equal(np.sort(shuffled.frame[column]), np.sort(frame[column]))
    assert abs(shuffled.frame["x"].corr(shuffled.frame["y"])) < 0.15
    assert shuffled.truth is None
    pd.testing.assert_frame_equal(permuted(dataset, 0, number).frame, shuffled.frame)
    assert not shuffled.frame.equals(permuted(dataset, 0, number + 1).frame)
