"""The close looks at the chosen labelings: each number against an independent one, and all from the store alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from clusterbench import run
from clusterbench.datasets import DatasetSpec, dataset_from
from clusterbench.labeling import canonical
from clusterbench.results import StoredRun, load_stored_run, scores_table
from clusterbench.running import Settings, Silent, agreement, profile_clusters, random_bands, sampled_view
from clusterbench.store import Store

TOML = """
title = "Blobs"
seeds = [0, 1]
k = [2, 3]
reference_spaces = ["raw", "standard"]
[[datasets]]
path = "blobs.csv"
[variants]
raw = []
standard = [{ step = "standardize" }]
[ranking]
random_partitions = 5
bootstraps = 5
[stability]
resamples = 2
[structure]
permutations = 0
[[algorithms]]
use = "kmeans"
n_init = 1
[[algorithms]]
use = "dbscan"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(3)
    table = rng.normal(size=(500, 3)) + 5 * np.array([[0, 0, 0], [1, 1, 0], [0, 1, 1]])[np.arange(500) % 3]
    pd.DataFrame(table, columns=["a", "b", "c"]).to_csv(place / "blobs.csv", index=False)
    (place / "blobs.toml").write_text(TOML)
    return place


@pytest.fixture(scope="module")
def done(folder: Path) -> StoredRun:
    settings = Settings(workers=0)
    return run(folder / "blobs.toml", results=folder / "results", settings=settings, progress=Silent())


@pytest.fixture(scope="module")
def table(folder: Path) -> np.ndarray:
    return pd.read_csv(folder / "blobs.csv").to_numpy()


def test_cluster_silhouettes_are_those_of_scikit_learn(done: StoredRun, table: np.ndarray) -> None:
    found = done.details.silhouettes
    raw = found[found["space"] == "raw"]
    assert set(found["space"]) == {"raw", "standard"}
    for sha, part in raw.groupby("labels_sha256"):
        labels = done.details.labels[str(sha)]
        kept = labels >= 0
        samples = silhouette_samples(table[kept], labels[kept])
        expected = [samples[labels[kept] == cluster].mean() for cluster in part["cluster"]]
        np.testing.assert_allclose(part["silhouette"], expected, rtol=1e-6)
        assert part["size"].tolist() == [(labels == cluster).sum() for cluster in part["cluster"]]


def test_profiles_are_medians_in_and_outside_a_cluster_with_cliffs_delta(done: StoredRun, table: np.ndarray) -> None:
    profiles = done.details.profiles
    assert set(profiles["labels_sha256"]) == set(done.board.table["labels_sha256"])
    for row in profiles.itertuples():
        values = table[:, ["a", "b", "c"].index(row.column)]
        inside = done.details.labels[row.labels_sha256] == row.cluster
        assert row.value == pytest.approx(np.median(values[inside]))
        assert row.rest == pytest.approx(np.median(values[~inside]))
        assert row.standardised == pytest.approx((row.value - values.mean()) / values.std())
        pairs = np.sign(values[inside][:, None] - values[~inside])
        assert row.delta == pytest.approx(pairs.mean())


def test_a_medoid_has_the_least_sum_of_squared_distances_in_its_cluster(done: StoredRun, table: np.ndarray) -> None:
    for row in done.details.medoids.itertuples():
        inside = np.flatnonzero(done.details.labels[row.labels_sha256] == row.cluster)
        sums = [((table[inside] - table[one]) ** 2).sum() for one in inside]
        assert row.row_id == done.details.row_ids["blobs"][inside[int(np.argmin(sums))]]


def test_columns_have_their_ranges_and_shares(done: StoredRun, table: np.ndarray) -> None:
    columns = done.details.columns
    assert columns["column"].tolist() == ["a", "b", "c"]
    assert columns["role"].tolist() == ["numeric"] * 3
    np.testing.assert_allclose(columns[["low", "median", "high"]], np.quantile(table, [0, 0.5, 1], axis=0).T)
    assert columns[["missing", "zeros"]].to_numpy().tolist() == [[0.0, 0.0]] * 3


KINDS = """
title = "Kinds"
seeds = [0]
k = [2]
reference_spaces = ["raw"]
[[datasets]]
path = "kinds.csv"
roles = { region = "category", since = "date" }
[variants]
raw = [{ step = "drop", columns = ["region", "since"] }, { step = "log1p" }]
[ranking]
random_partitions = 0
bootstraps = 0
[stability]
resamples = 0
[structure]
permutations = 0
[[algorithms]]
use = "kmeans"
"""


def test_kinds_of_columns_are_profiled_as_shares_levels_and_days(tmp_path: Path) -> None:
    first = np.arange(120) < 60
    region = np.where(first, "north", np.where(np.arange(120) % 2, "south", "west"))
    wealth = np.where(first, 1.0, 400.0) * np.random.default_rng(0).lognormal(0.0, 1.5, 120)
    since = np.where(first, "2024-01-01", "2020-05-06")
    frame = pd.DataFrame({"wealth": wealth, "member": first.astype(int), "region": region, "since": since})
    frame.to_csv(tmp_path / "kinds.csv", index=False)
    (tmp_path / "kinds.toml").write_text(KINDS)
    done = run(tmp_path / "kinds.toml", results=tmp_path / "results", settings=Settings(workers=0), progress=Silent())
    (sha,) = done.board.table["labels_sha256"]
    profiles, inside = done.details.profiles.set_index(["cluster", "column"]), done.details.labels[sha] == 0
    mine = profiles.loc[0]
    levels = dict.fromkeys(["member", "region=north", "region=south", "region=west"], "binary")
    assert mine["role"].to_dict() == {"wealth": "numeric", "since": "date", **levels}
    north = region == "north"
    assert mine.loc["region=north", "value"] == pytest.approx(north[inside].mean())
    assert mine.loc["region=north", "delta"] == pytest.approx(north[inside].mean() - north[~inside].mean())
    days = (pd.to_datetime(pd.Series(since)) - pd.Timestamp(0)).dt.days
    assert mine.loc["since", "value"] == days[inside].median()
    logs = np.log1p(wealth)
    scaled = (np.log1p(np.median(wealth[inside])) - logs.mean()) / logs.std()
    assert mine.loc["wealth", "standardised"] == pytest.approx(scaled)
    card = done.details.columns.set_index("column")
    assert card.loc["since", ["low", "high"]].tolist() == [days.min(), days.max()]
    assert card.loc["member", "zeros"] == 0.5


def test_every_level_of_a_category_is_profiled_and_can_describe_its_cluster() -> None:
    levels = [f"l{number:02}" for number in range(45) for _ in range(4)]  # 45 levels of 4 rows, 2 of 1 row, 4 missing
    frame = pd.DataFrame({"code": [*levels, "x", "y", *[None] * 4], "x": 0.0, "pair": ["no"] * 90 + ["yes"] * 96})
    dataset = dataset_from(frame, DatasetSpec(memory="codes", roles={"code": "category", "pair": "category"}))
    labels = np.array([*np.repeat(np.arange(45), 4), 45, 45, *[46] * 4], dtype=np.int32)
    profiles = profile_clusters(dataset, {"sha": labels}, 0)
    columns = set(profiles["column"])
    assert {"code=(other)", "code=(missing)"} < columns
    assert "pair=no" not in columns
    of_their_own = profiles[profiles["delta"] == 1.0]
    assert of_their_own["column"].tolist() == [
        *(f"code=l{number:02}" for number in range(45)),
        "code=(other)",
        "code=(missing)",
    ]
    assert of_their_own["cluster"].tolist() == list(range(47))
    pair = profiles[(profiles["column"] == "pair=yes") & (profiles["cluster"] == 0)].iloc[0]
    assert (pair["value"], pair["rest"], pair["delta"]) == (0.0, *[pytest.approx(96 / 182)], pytest.approx(-96 / 182))


def test_agreement_is_the_adjusted_rand_index_of_every_pair(done: StoredRun) -> None:
    found = done.details.agreement
    hashes = done.board.table["labels_sha256"].unique()
    assert len(found) == len(hashes) * (len(hashes) - 1) // 2
    for one, other, ari in found[["one", "other", "ari"]].itertuples(index=False):
        assert ari == pytest.approx(adjusted_rand_score(done.details.labels[one], done.details.labels[other]))


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=2, max_size=40))
def test_agreement_is_that_of_scikit_learn_for_any_labels(pairs: list[tuple[int, int]]) -> None:
    one, other = (canonical(np.array(labels)) for labels in zip(*pairs, strict=True))
    (found,) = agreement(["a", "b"], {"a": one, "b": other})["ari"]
    assert found == pytest.approx(adjusted_rand_score(one, other))


def test_scores_under_every_policy_are_those_of_the_store(done: StoredRun, folder: Path) -> None:
    found = done.details.policies
    assert set(found["policy"]) == {"zero", "drop", "cluster", "nearest"}
    chosen = set(done.board.table["labels_sha256"])
    with Store.reader(folder / "results") as store:
        for policy, part in found.groupby("policy"):
            scores = scores_table(store, done.record, done.cells, policy=str(policy))
            scores = scores[scores["space"] != "own"].drop_duplicates(["labels_sha256", "space", "metric"])
            both = part.merge(scores, on=["labels_sha256", "space", "metric"], suffixes=("", "_stored"))
            assert len(both) == len(part)
            assert chosen <= set(part["labels_sha256"])
            pd.testing.assert_series_equal(both["value"], both["value_stored"], check_names=False)


def test_the_view_is_the_plane_of_the_first_components(done: StoredRun, table: np.ndarray) -> None:
    points = done.details.points
    assert len(points) == 400
    assert points["row"].is_unique
    expected = PCA(2, svd_solver="full").fit(table)
    plane = expected.transform(table)[points["row"]]
    for column, axis in zip("xy", plane.T, strict=True):
        np.testing.assert_allclose(points[column].abs(), np.abs(axis), atol=1e-3)
    shares = points[["share_x", "share_y"]].iloc[0].to_numpy()
    np.testing.assert_allclose(shares, expected.explained_variance_ratio_, atol=1e-4)
    seen = done.details.point_labels.set_index("labels_sha256")["labels"]
    for sha in done.board.table["labels_sha256"]:
        assert json.loads(seen[sha]) == done.details.labels[sha][points["row"]].tolist()


def test_the_sample_holds_both_ends_and_no_row_twice() -> None:
    values = np.random.default_rng(0).lognormal(size=(3000, 2))
    view = sampled_view(values, 7)
    assert len(view) == 400
    assert view["row"].is_monotonic_increasing
    order = np.argsort(np.argsort((values - values.mean(axis=0)) @ _first_axis(values)))
    strata = np.bincount(order[view["row"]] * 40 // 3000, minlength=40)
    assert set(strata.tolist()) == {10}
    pd.testing.assert_frame_equal(view, sampled_view(values, 7))


def _first_axis(values: np.ndarray) -> np.ndarray:
    axis = PCA(1).fit(values).components_[0]
    return axis * np.sign(axis[np.abs(axis).argmax()])


def test_few_rows_are_all_shown_and_one_column_is_a_line() -> None:
    view = sampled_view(np.arange(5.0)[:, None], 0)
    assert view["row"].tolist() == [0, 1, 2, 3, 4]
    assert view["x"].tolist() == [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert set(view["y"]) == {0.0}
    assert (view["share_x"].iloc[0], view["share_y"].iloc[0]) == (1.0, 0.0)


def test_the_view_of_many_columns_shows_the_same_plane_as_that_of_few():
    rng = np.random.default_rng(4)
    values = rng.normal(size=(230, 2)) @ (rng.normal(size=(2, 300)) * [[3.0], [1.0]]) + rng.normal(size=(230, 300))
    pca = PCA(2).fit(values)
    plane = pca.transform(values)
    view = sampled_view(values, 0)
    for name, component in zip("xy", plane.T, strict=True):
        sign = np.sign(np.dot(view[name], component))
        np.testing.assert_allclose(view[name], sign * component, atol=1e-3)
    np.testing.assert_allclose(
        view.loc[0, ["share_x", "share_y"]].astype(float), pca.explained_variance_ratio_, atol=1e-4
    )
    pd.testing.assert_frame_equal(view, sampled_view(values, 0))


def test_bands_are_means_and_quantiles_over_the_random_partitions_of_each_generator() -> None:
    values = np.random.default_rng(1).normal(size=40)
    scored = pd.DataFrame({"dataset": "d", "space": "s", "metric": "m", "k": 3, "value": [*values, np.nan]})
    both = pd.concat([scored.assign(generator="a"), scored.assign(generator="b", value=7.0)])
    row, other = random_bands(both).to_dict("records")
    assert (row["generator"], other["generator"], other["mean"]) == ("a", "b", 7.0)
    assert row["n"] == 40
    assert row["mean"] == pytest.approx(values.mean())
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.quantile(values, [0.05, 0.95])))


def test_all_of_it_comes_back_from_the_store_without_the_data(done: StoredRun, folder: Path) -> None:
    (folder / "blobs.csv").rename(folder / "gone.csv")
    try:
        again = load_stored_run(folder / "results").details
    finally:
        (folder / "gone.csv").rename(folder / "blobs.csv")
    for name in ("silhouettes", "policies", "agreement", "points", "point_labels", "bands"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(done.details, name))
        assert len(getattr(again, name))
    assert again.jaccards == done.details.jaccards
    assert again.row_ids == done.details.row_ids == {"blobs": tuple(map(str, range(500)))}
    assert {sha: labels.tolist() for sha, labels in again.labels.items()} == {
        sha: labels.tolist() for sha, labels in done.details.labels.items()
    }


def test_a_second_run_stores_no_details_again(done: StoredRun, folder: Path, monkeypatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(Store, "put_frame", refuse)
    again = run(folder / "blobs.toml", results=folder / "results", settings=Settings(workers=0), progress=Silent())
    assert again.computed == 0
    pd.testing.assert_frame_equal(again.details.agreement, done.details.agreement)


def test_every_cluster_of_an_entry_has_its_stability(done: StoredRun) -> None:
    for row in done.board.table.to_dict("records"):
        key = tuple(str(row[name]) for name in ("dataset", "variant", "algorithm", "params", "cut"))
        assert len(done.details.jaccards[key]) == row["k"]
        assert all(0.0 <= value <= 1.0 for value in done.details.jaccards[key])
