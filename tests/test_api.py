"""The Python API: tables and estimators in, a run to look at out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.cluster import DBSCAN, KMeans, MeanShift, SpectralClustering
from sklearn.metrics import adjusted_rand_score

import clusterbench
from clusterbench import RequestError
from clusterbench.running import Settings, Silent

QUICK = {"stability": {"resamples": 2}, "structure": {"permutations": 0}, "ranking": {"bootstraps": 20}}
STANDARD = {"standard": [{"step": "standardize"}]}
BLOBS = np.concatenate([np.random.default_rng(0).normal(size=(40, 2)) + 9 * i for i in range(3)])
CLASSES = np.repeat([0, 1, 2], 40)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return pd.DataFrame(BLOBS, columns=["income [EUR]", "age"], index=[f"customer {i}" for i in range(120)])


def run_table(table: object, folder, **values):
    given = {"options": QUICK, "variants": STANDARD, "k": range(2, 5), **values}
    return clusterbench.run(
        table, results=folder, workspace=folder, settings=Settings(workers=0), progress=Silent(), **given
    )


@pytest.fixture(scope="module")
def done(frame, tmp_path_factory):
    algorithms = [
        KMeans(n_init=2),
        ("spectral", SpectralClustering(affinity="nearest_neighbors")),
        "gmm",
        {"use": "agglomerative", "linkage": ["ward", "average"]},
        DBSCAN(eps=0.3, min_samples=4),
    ]
    return run_table(frame, tmp_path_factory.mktemp("run"), algorithms=algorithms)


def test_estimators_and_plugins_compete_under_their_names(done):
    assert set(done.leaderboard["algorithm"]) == {"kmeans_object", "spectral", "gmm", "agglomerative", "dbscan_object"}
    assert (done.cells["status"] != "failed").all()


def test_labels_are_indexed_like_the_frame_and_find_the_blobs(done, frame):
    labels = done.labels(rank=1)
    assert labels.index.equals(frame.index)
    assert adjusted_rand_score(CLASSES, labels) == 1.0


def test_an_estimator_object_gives_the_labels_of_scikit_learn(done):
    scaled = (BLOBS - BLOBS.mean(axis=0)) / BLOBS.std(axis=0)
    expected = KMeans(n_clusters=3, n_init=2, random_state=0).fit_predict(scaled)
    rows = done.cells[(done.cells["algorithm"] == "kmeans_object") & (done.cells["k"] == 3)]
    labels = done.details.labels[rows["labels_sha256"].iloc[0]]
    assert adjusted_rand_score(expected, labels) == 1.0


def test_a_rank_that_nobody_has_is_refused(done):
    with pytest.raises(RequestError, match="no entry of 'table' has rank 99"):
        done.labels(rank=99)


def test_a_report_is_written_where_it_is_asked_for(done, tmp_path):
    page = done.report(tmp_path / "report")
    assert page == tmp_path / "report" / "index.html"
    assert "spectral" in page.read_text()
    assert (tmp_path / "report" / "scores.csv").exists()


def test_a_run_shows_its_headline_and_first_entries(done):
    assert repr(done).startswith("<Run 'table':")
    assert done.headline in repr(done)
    assert done._repr_html_().count("<tr") <= 11
    assert "<strong>" in done._repr_html_()


def test_markup_in_names_is_escaped_in_a_notebook(frame, tmp_path):
    done = run_table({"<b>": frame}, tmp_path, algorithms=["kmeans"])
    assert "<b>" not in done._repr_html_().replace("<strong>", "")


class _Converts:
    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    def to_pandas(self) -> pd.DataFrame:
        return self.frame


@pytest.mark.parametrize("convert", [np.asarray, pa.Table.from_pandas, _Converts])
def test_any_table_in_memory_gives_the_same_partitions(convert, frame, done, tmp_path):
    again = run_table(convert(frame), tmp_path, algorithms=["gmm"])
    expected = done.cells.loc[done.cells["algorithm"] == "gmm", "labels_sha256"]
    assert again.cells["labels_sha256"].tolist() == expected.tolist()


def test_several_frames_are_ranked_apart_and_together(frame, tmp_path):
    done = run_table({"a": frame, "b": frame + 1.0}, tmp_path, algorithms=["kmeans", "gmm"])
    assert set(done.leaderboard["dataset"]) == {"(all)", "a", "b"}
    assert done.labels(dataset="b").index.equals(frame.index)
    with pytest.raises(RequestError, match="several datasets"):
        done.labels()


def test_known_classes_and_dropped_columns_are_no_features(frame, tmp_path):
    table = frame.assign(kind=CLASSES, note=1.0)
    done = run_table(table, tmp_path, algorithms=["kmeans"], drop=["note"], truth="kind")
    record = done.record.datasets["table"]
    assert (record.columns, record.true_k) == (("income [EUR]", "age"), 3)


def test_a_second_run_fits_nothing_and_a_stored_run_reads_back(frame, tmp_path):
    first = run_table(frame, tmp_path, algorithms=["kmeans"], name="mine")
    second = run_table(frame, tmp_path, algorithms=["kmeans"], name="mine")
    stored = clusterbench.load_run(tmp_path, "mine")
    assert (first.computed, second.computed) == (3, 0)
    pd.testing.assert_frame_equal(first.leaderboard, stored.leaderboard)
    assert first.labels().tolist() == stored.labels().tolist()


def test_default_variants_that_a_table_does_not_allow_are_left_out_with_a_warning(tmp_path):
    done = run_table(BLOBS - 100.0, tmp_path, algorithms=["kmeans"], variants=None)
    assert "log1p" not in set(done.cells["variant"])
    warnings = [str(alert) for alert in done.record.warnings]
    assert any(text.startswith("table: default variant log1p left out") for text in warnings)


@pytest.mark.parametrize(
    ("algorithms", "message"),
    [
        ([3], "3 is neither the name of an algorithm nor an estimator"),
        (["kmean"], "unknown algorithm 'kmean', did you mean 'kmeans'"),
        ([MeanShift()], "MeanShift has no number of clusters"),
        ([KMeans(init=lambda *values: values)], "KMeans: init = .* is no plain value"),
        ([type("Local", (KMeans,), {"__module__": "__main__"})()], "class Local is defined in __main__"),
    ],
)
def test_what_cannot_be_run_is_refused_by_name(algorithms, message, frame, tmp_path):
    with pytest.raises(RequestError, match=message):
        run_table(frame, tmp_path, algorithms=algorithms)


def test_bad_values_name_their_key(frame, tmp_path):
    with pytest.raises(RequestError, match=r"^k\[1\]: .*got 1"):
        run_table(frame, tmp_path, algorithms=["kmeans"], k=[1])
    with pytest.raises(RequestError, match="k cannot be changed here: a benchmark file declares"):
        clusterbench.run("iris", k=[2], results=tmp_path, progress=Silent())


def test_every_public_name_is_listed_and_imports():
    names = dir(clusterbench)
    assert {"run", "load_run", "Run", "Settings", "compare", "reproduce", "score_labelings"} < set(names)
    assert all(getattr(clusterbench, name) is not None for name in names)
