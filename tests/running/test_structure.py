"""Is there structure at all? Blobs have it, a table of independent columns has not, and the report says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.datasets import Dataset, KnownClasses
from clusterbench.ranking import AlertKind
from clusterbench.results import StructureFinding
from clusterbench.running import Silent
from clusterbench.running.structure_tests import permuted

from .conftest import Workspace

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
random_partitions = 5
bootstraps = 0
[stability]
resamples = 0
[structure]
permutations = 3
[[algorithms]]
use = "kmeans"
n_init = 2
"""


class Steps(Silent):
    """Keeps the notes of each stage."""

    def __init__(self) -> None:
        self.notes: dict[str, tuple[int, list[str]]] = {}

    def stage(self, name: str, total: int) -> None:
        self.notes[name] = (total, [])

    def advance(self, steps: int = 1, note: str = "") -> None:
        list(self.notes.values())[-1][1].extend([note] * steps)


def run_table(values: np.ndarray, folder: Path, progress: Silent) -> tuple[StructureFinding, set[AlertKind]]:
    """Run the benchmark on a table; return what was found of its structure and the kinds of its alerts."""
    study = Workspace(folder, "table", table=pd.DataFrame(values).add_prefix("c"))
    done = study.run(TOML, progress=progress)
    (finding,) = done.record.structure
    return finding, {alert.kind for alert in done.board.alerts}


def test_blobs_beat_their_shuffled_tables(tmp_path):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(200, 4)) + 9 * (np.arange(200) % 2)[:, None]
    finding, alerts = run_table(table, tmp_path, Silent())
    assert finding.silhouette > 0.7 > max(shuffled.silhouette for shuffled in finding.shuffled)
    assert [sorted(shuffled.inertia) for shuffled in finding.shuffled] == [[2, 3, 4]] * 3
    assert finding.first_component.p < 0.05
    assert AlertKind.NO_STRUCTURE not in alerts


def test_independent_columns_raise_an_alert_and_every_shuffled_table_is_a_step_of_the_progress(tmp_path):
    steps = Steps()
    finding, alerts = run_table(np.random.default_rng(4).normal(size=(200, 4)), tmp_path, steps)
    assert finding.first_component.p > 0.05
    assert finding.distances.p > 0.05
    assert AlertKind.ONE_MODE in alerts
    assert len(finding.shuffled) == 3
    assert abs(finding.silhouette - np.mean([shuffled.silhouette for shuffled in finding.shuffled])) < 0.05
    tables = ["table", *(f"table (permuted {number})" for number in range(3))]
    assert steps.notes["scoring shuffled tables"] == (4, tables)


@pytest.mark.parametrize("number", [0, 1])
def test_a_permuted_table_keeps_every_marginal_and_loses_the_dependence(number):
    x = np.linspace(0, 1, 500)
    frame = pd.DataFrame({"x": x, "y": x**2, "z": np.where(x < 0.1, np.nan, -x)})
    classes = (KnownClasses("kind", np.zeros(500, dtype=np.int64), ("a",)),)
    dataset = Dataset("d", frame, pd.RangeIndex(500), known_classes=classes)
    shuffled = permuted(dataset, 0, number)
    for column in frame:
        np.testing.assert_array_equal(np.sort(shuffled.frame[column]), np.sort(frame[column]))
    assert abs(shuffled.frame["x"].corr(shuffled.frame["y"])) < 0.15
    assert shuffled.truth is None
    pd.testing.assert_frame_equal(permuted(dataset, 0, number).frame, shuffled.frame)
    assert not shuffled.frame.equals(permuted(dataset, 0, number + 1).frame)
