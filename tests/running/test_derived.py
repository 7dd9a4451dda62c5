"""What statistics rest on is kept, and made again only where something lacks."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clusterbench.metrics import METRICS, SCORING_VERSION, Metric, calibrate, score_labelings
from clusterbench.ranking import AlertKind
from clusterbench.running.side_by_side import side_by_side
from clusterbench.store import Store

from .conftest import Workspace

TOML = """
title = "Few values"
k = [2, 3, 6]
metrics = METRICS
reference_spaces = ["standard"]
datasets = [{ path = "table.csv" }]
ranking = { k_policies = ["calibrated"], order = "mean_rank", random_partitions = 5, bootstraps = 20 }
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
    values = np.random.default_rng(0).integers(0, 2, size=(1150, 2))
    values[:1050, 0] = 0  # only the last rows have all four combinations
    yes_and_no = pd.DataFrame(values, columns=["a", "b"])
    found = study(yes_and_no, tmp_path).run(ranked_by("silhouette"))
    control = found.cells[found.cells["algorithm"] == "random_labels"].set_index("k")
    assert set(control.loc[6, "status"]) == {"ok"}  # random labels split equal rows, which random partitions never do
    calibrated = sorted(frame.k for frame in found.record.frames_of("baselines"))
    assert calibrated == [2, 3, 4]  # k-means asked for 6 clusters finds the 4 that there are
    space = found.record.jobs[0].space_hash
    texts = [json.dumps(["random partitions", SCORING_VERSION, space, k, 5, 0]) for k in calibrated]
    keys = {hashlib.sha256(text.encode()).hexdigest() for text in texts}
    assert {frame.key for frame in found.record.frames_of("baselines")} == keys
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


OWN = Metric(name="own", direction="lower", formula="f", value=lambda X, labels: 0.0)
SPREAD = """
from clusterbench.metrics import Metric
METRIC = Metric(name="spread", direction="lower", formula="f", value=lambda X, labels: float(labels.std()))
"""


def test_only_the_metrics_that_a_stored_frame_lacks_are_computed(tmp_path, monkeypatch):
    computed = []

    def recording(*arguments, metrics, **options):
        computed.append([metric.name for metric in metrics])
        return calibrate(*arguments, metrics=metrics, **options)

    monkeypatch.setattr("clusterbench.running.calibration_stage.calibrate", recording)
    values = np.random.default_rng(1).normal(size=(90, 2)) + 2 * (np.arange(90) % 3)[:, None]
    clouds = study(pd.DataFrame(values, columns=["a", "b"]), tmp_path)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "spread.py").write_text(SPREAD)
    for metrics in (["silhouette"], ["silhouette"], ["spread", "silhouette"]):
        clouds.run(ranked_by(*metrics).replace("k = [2, 3, 6]", "k = [3]"))
    assert computed[1:] == [["spread"]]
    assert {"silhouette", "davies_bouldin"} <= set(computed[0])


def test_spaces_scored_side_by_side_are_those_scored_one_by_one(tmp_path, monkeypatch):
    values = np.random.default_rng(1).normal(size=(90, 2)) + 2 * (np.arange(90) % 3)[:, None]
    clouds = study(pd.DataFrame(values, columns=["a", "b"]), tmp_path)
    twice = ranked_by("silhouette").replace('["standard"]', '["standard", "equal", "raw"]')
    twice += 'equal = [{ step = "standardize" }]\nraw = []\n'
    scores, frames = [], []
    for at_once in (1, 2):
        for stage in ("score_stage", "calibration_stage"):
            counted = lambda sizes, *_, n=at_once: (n, [n] * len(sizes))  # noqa: E731
            monkeypatch.setattr(f"clusterbench.running.{stage}.side_by_side", counted)
        found = clouds.run(twice, results=str(at_once))
        with Store.reader(tmp_path / str(at_once)) as store:
            scores.append(found.scores)
            frames.append([store.frame(frame.key) for frame in found.record.frames])
    pd.testing.assert_frame_equal(*scores, check_exact=True)
    for one, other in zip(*frames, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    baseline = frames[1][[frame.kind for frame in found.record.frames].index("baselines")]
    assert not baseline.duplicated(["generator", "replicate", "metric"]).any()


def test_spaces_of_equally_many_labelings_share_the_cores(monkeypatch):
    monkeypatch.setattr("clusterbench.running.side_by_side.count_threads", lambda _: 8)
    assert side_by_side([100, 90, 50, 20, 20], 5_000, []) == (2, [4, 4, 8, 8, 8])
    assert side_by_side([100, 100], 20_000, []) == (1, [8, 8])
    assert side_by_side([100], 5_000, METRICS.values()) == (2, [8])
    assert side_by_side([100, 100], 5_000, [*METRICS.values(), OWN]) == (1, [8, 8])
    monkeypatch.setattr("clusterbench.running.side_by_side.count_threads", lambda _: 1)
    assert side_by_side([100, 100], 5_000, []) == (1, [1, 1])


WHERE = """
import threading
from clusterbench.metrics import Metric
METRIC = Metric(
    name="where", direction="lower", formula="f",
    value=lambda X, labels: float(threading.current_thread() is threading.main_thread()),
)
"""


def test_the_function_of_a_metric_is_called_in_the_main_thread(tmp_path):
    values = np.random.default_rng(1).normal(size=(90, 2))
    clouds = study(pd.DataFrame(values, columns=["a", "b"]), tmp_path)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "where.py").write_text(WHERE)
    found = clouds.run(ranked_by("silhouette", "where").replace('["standard"]', '["standard", "raw"]') + "raw = []\n")
    called = found.scores[found.scores["metric"] == "where"]
    assert set(called["space"]) >= {"standard", "raw"}
    assert set(called["value"]) == {1.0}


def test_statistics_of_a_long_table_are_those_of_samples_which_the_page_says(tmp_path, monkeypatch):
    rng = np.random.default_rng(1)
    values = rng.normal(size=(900, 2)) + 2 * (np.arange(900) % 3)[:, None]
    clouds = study(pd.DataFrame(values, columns=["a", "b"]), tmp_path)
    toml = ranked_by("calinski_harabasz", "silhouette").replace("random_partitions = 5", "random_partitions = 40")
    whole = clouds.run(toml, results="whole")
    sampled = functools.partial(score_labelings, exact_rows=300, anchors=100)
    monkeypatch.setattr("clusterbench.running.score_stage.score_labelings", sampled)
    monkeypatch.setattr("clusterbench.running.calibration_stage._ROWS", 300)
    part = clouds.run(toml, results="part")
    keys = [{frame.key for frame in run.record.frames_of("baselines")} for run in (whole, part)]
    assert keys[0].isdisjoint(keys[1])
    column = "z:calinski_harabasz@standard"
    zs = [run.board.table.set_index("algorithm")[column].loc["kmeans"] for run in (whole, part)]
    assert zs[0] == pytest.approx(zs[1], rel=0.4)  # 3 times, if the index did not grow with the rows
    kinds, texts = ([getattr(one, name) for one in part.record.warnings] for name in ("kind", "text"))
    assert AlertKind.SAMPLED_SCORES not in [one.kind for one in whole.record.warnings]
    assert "standard error is at most 0.0" in texts[kinds.index(AlertKind.SAMPLED_SCORES)]
