"""What statistics rest on is kept, and made again only where something lacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.results import Run
from clusterbench.running import Settings, Silent, run
from clusterbench.running.derived_frames import complete, has_distinct_rows
from clusterbench.store import Store

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


def carried_out(table: pd.DataFrame, folder: Path, results: str, metrics: tuple[str, ...] = ("silhouette",)) -> Run:
    table.to_csv(folder / "table.csv", index=False)
    (folder / "table.toml").write_text(TOML.replace("METRICS", str(list(metrics))))
    settings = Settings(workers=0)
    return run(folder / "table.toml", results=folder / results, workspace=folder, settings=settings, progress=Silent())


def test_a_k_above_the_distinct_rows_has_no_baseline_and_the_run_goes_on(tmp_path):
    yes_and_no = pd.DataFrame(np.random.default_rng(0).integers(0, 2, size=(120, 2)), columns=["a", "b"])
    found = carried_out(yes_and_no, tmp_path, "results")
    control = found.cells[found.cells["algorithm"] == "random_labels"].set_index("k")
    assert control.loc[6, "status"] == "ok"  # random labels split equal rows, which random partitions never do
    calibrated = sorted(frame.k for frame in found.record.frames_of("baselines"))
    assert calibrated == [2, 3, 4]  # k-means asked for 6 clusters finds the 4 that there are
    kmeans = found.board.table[found.board.table["algorithm"] == "kmeans"]
    assert kmeans["z:silhouette@standard"].notna().all()


@pytest.fixture
def clouds() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(rng.normal(size=(90, 2)) + 2 * (np.arange(90) % 3)[:, None], columns=["a", "b"])


def test_metrics_changed_later_give_the_board_that_a_fresh_store_gives(clouds, tmp_path):
    carried_out(clouds, tmp_path, "old", ("silhouette",))
    for metrics in (("davies_bouldin",), ("silhouette", "silhouette_macro")):
        old, fresh = (carried_out(clouds, tmp_path, results, metrics) for results in ("old", f"fresh-{metrics[0]}"))
        measured = ["fit_seconds", "peak_mb", "pareto"]
        pd.testing.assert_frame_equal(
            old.board.table.drop(columns=measured), fresh.board.table.drop(columns=measured), check_exact=True
        )
        assert old.board.headline == fresh.board.headline


def test_only_the_metrics_that_a_frame_lacks_are_made_and_added(tmp_path):
    asked = []

    def make(*, metrics):
        asked.append(list(metrics))
        return pd.DataFrame({"metric": metrics, "value": 1.0})

    with Store.writer(tmp_path) as store:
        complete(store, "key", ["a", "b"], make)
        complete(store, "key", ["b", "a"], make)
        complete(store, "key", ["c", "a"], make)
        found = store.frame("key")
    assert asked == [["a", "b"], ["c"]]
    assert found is not None
    assert found["metric"].tolist() == ["a", "b", "c"]


def test_distinct_rows_are_looked_for_beyond_the_first_thousand():
    values = np.zeros((1500, 2))
    assert has_distinct_rows(values, 1)
    assert not has_distinct_rows(values, 2)
    values[-2:] = [[0, 1], [1, 0]]
    assert has_distinct_rows(values, 3)
    assert not has_distinct_rows(values, 4)
