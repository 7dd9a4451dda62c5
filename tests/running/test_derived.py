"""What statistics rest on is kept, and made again only where something lacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from clusterbench.metrics import Metric
from clusterbench.running.calibration_bootstrap import complete, has_distinct_rows
from clusterbench.store import Store

from .conftest import Workspace

TOML = """
title = "Few values"
k = [2, 3, 6]
metrics = METRICS
reference_spaces = ["standard"]
datasets = [{ path = "table.csv" }]
ranking = { random_partitions = 5, bootstraps = 20 }
gate = { min_rows = 1 }
stability = { resamples = 0 }
structure = { permutations = 0 }
algorithms = [{ use = "kmeans", n_init = 1 }, { use = "random_labels" }]
[variants]
standard = [{ step = "standardize" }]
"""


def study(table: pd.DataFrame, folder: Path) -> Workspace:
    return Workspace(folder, "table", table=table)


def ranked_by(*metrics: str) -> str:
    return TOML.replace("METRICS", str(list(metrics)))


def test_a_k_above_the_distinct_rows_has_no_baseline_and_the_run_goes_on(tmp_path):
    yes_and_no = pd.DataFrame(np.random.default_rng(0).integers(0, 2, size=(120, 2)), columns=["a", "b"])
    found = study(yes_and_no, tmp_path).run(ranked_by("silhouette"))
    control = found.cells[found.cells["algorithm"] == "random_labels"].set_index("k")
    assert control.loc[6, "status"] == "ok"  # random labels split equal rows, which random partitions never do
    calibrated = sorted(frame.k for frame in found.record.frames_of("baselines"))
    assert calibrated == [2, 3, 4]  # k-means asked for 6 clusters finds the 4 that there are
    kmeans = found.board.table[found.board.table["algorithm"] == "kmeans"]
    assert kmeans["z:silhouette@standard"].notna().all()


def test_metrics_changed_later_give_the_board_that_a_fresh_store_gives(tmp_path):
    rng = np.random.default_rng(1)
    values = rng.normal(size=(90, 2)) + 2 * (np.arange(90) % 3)[:, None]
    clouds = study(pd.DataFrame(values, columns=["a", "b"]), tmp_path)
    clouds.run(ranked_by("silhouette"), results="old")
    later = ranked_by("silhouette", "davies_bouldin", "silhouette_macro")
    old, fresh = (clouds.run(later, results=results) for results in ("old", "fresh"))
    measured = ["fit_seconds", "peak_mb", "pareto"]
    pd.testing.assert_frame_equal(
        old.board.table.drop(columns=measured), fresh.board.table.drop(columns=measured), check_exact=True
    )
    assert old.board.headline == fresh.board.headline


def test_only_the_metrics_that_a_frame_lacks_are_computed_and_added(tmp_path):
    a, b, c = (Metric(name=name, direction="lower", formula="f", value=max) for name in "abc")
    new_b = replace(b, version=2)
    asked = []

    def make(*, metrics):
        asked.append([metric.name for metric in metrics])
        return pd.DataFrame({"metric": [metric.name for metric in metrics], "value": 1.0})

    with Store.writer(tmp_path) as store:
        complete(store, "key", [a, b], make)
        complete(store, "key", [b, a], make)
        complete(store, "key", [c, a], make)
        complete(store, "key", [new_b], make)
        stored = store.frame("key")
    assert asked == [["a", "b"], ["c"], ["b"]]
    assert stored is not None
    assert stored["metric"].tolist() == ["a", "b", "c", "b@2"]


def test_distinct_rows_are_looked_for_beyond_the_first_thousand():
    values = np.zeros((1500, 2))
    assert has_distinct_rows(values, 1)
    assert not has_distinct_rows(values, 2)
    values[-2:] = [[0, 1], [1, 0]]
    assert has_distinct_rows(values, 3)
    assert not has_distinct_rows(values, 4)
