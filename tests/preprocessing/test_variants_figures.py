"""Figures: every step gives what the plain scikit-learn calls give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.preprocessing import MinMaxScaler, Normalizer, PowerTransformer, RobustScaler, StandardScaler

from clusterbench.datasets import Dataset
from clusterbench.preprocessing import DEFAULT_VARIANTS, fit_space, parse_steps


def space(dataset, *raw):
    return fit_space(dataset, parse_steps(list(raw), where="v"), where="v")


IMPUTED = [
    ({"strategy": "mean"}, SimpleImputer(strategy="mean")),
    ({"strategy": "median"}, SimpleImputer(strategy="median")),
    ({}, SimpleImputer(strategy="median")),
    ({"strategy": "most_frequent"}, SimpleImputer(strategy="most_frequent")),
    ({"strategy": "constant", "fill_value": -7}, SimpleImputer(strategy="constant", fill_value=-7.0)),
    ({"strategy": "constant"}, SimpleImputer(strategy="constant", fill_value=0.0)),
    ({"strategy": "knn"}, KNNImputer()),
    ({"strategy": "knn", "n_neighbors": 2, "weights": "distance"}, KNNImputer(n_neighbors=2, weights="distance")),
    ({"add_indicator": True}, SimpleImputer(strategy="median", add_indicator=True)),
]


@pytest.mark.parametrize(("arguments", "estimator"), IMPUTED)
def test_impute_is_scikit_learns(small, arguments, estimator):
    made = space(small, {"step": "impute", **arguments})
    assert np.array_equal(made.values, estimator.fit_transform(small.frame))


SCALED = [
    ({"step": "standardize"}, StandardScaler()),
    ({"step": "standardize", "with_mean": False}, StandardScaler(with_mean=False)),
    ({"step": "standardize", "with_std": False}, StandardScaler(with_std=False)),
    ({"step": "minmax"}, MinMaxScaler()),
    ({"step": "minmax", "feature_range": [-1, 1], "clip": True}, MinMaxScaler((-1.0, 1.0), clip=True)),
    ({"step": "robust"}, RobustScaler()),
    (
        {"step": "robust", "quantile_range": [5, 95], "with_centering": False, "unit_variance": True},
        RobustScaler(quantile_range=(5.0, 95.0), with_centering=False, unit_variance=True),
    ),
    ({"step": "robust", "with_scaling": False}, RobustScaler(with_scaling=False)),
    ({"step": "power"}, PowerTransformer()),
    ({"step": "power", "standardize": False}, PowerTransformer(standardize=False)),
    ({"step": "l2_normalize"}, Normalizer()),
    ({"step": "l2_normalize", "norm": "l1"}, Normalizer("l1")),
    ({"step": "l2_normalize", "norm": "max"}, Normalizer("max")),
    ({"step": "pca"}, PCA()),
    ({"step": "pca", "n_components": 2}, PCA(2)),
    ({"step": "pca", "n_components": 0.9, "whiten": True}, PCA(0.9, whiten=True)),
    ({"step": "pca", "n_components": 2, "svd_solver": "full"}, PCA(2, svd_solver="full")),
    (
        {"step": "pca", "n_components": 2, "svd_solver": "randomized", "random_state": 3, "iterated_power": 2},
        PCA(2, svd_solver="randomized", random_state=3, iterated_power=2),
    ),
    ({"step": "pca", "n_components": 2, "svd_solver": "arpack"}, PCA(2, svd_solver="arpack", random_state=0)),
    ({"step": "pca", "n_components": "mle"}, PCA("mle")),
]


@pytest.mark.parametrize(("raw", "estimator"), SCALED)
def test_a_step_is_scikit_learns(full, raw, estimator):
    assert np.array_equal(space(full, raw).values, estimator.fit_transform(full.frame))


@pytest.mark.parametrize(("raw", "estimator"), [pair for pair in SCALED if pair[0].get("n_components") != "mle"])
def test_a_step_on_some_columns_is_scikit_learns_on_these(full, raw, estimator):
    made = space(full, {**raw, "columns": ["c", "monetary"]})
    expected = estimator.fit_transform(full.frame[["a", "b", "c"]])
    if raw["step"] == "pca":
        assert made.columns == ("d", *(f"pca{i}" for i in range(expected.shape[1])))
        assert np.array_equal(made.values[:, 1:], expected)
    else:
        assert made.columns == ("a", "b", "c", "d")
        assert np.array_equal(made.values[:, :3], expected)
    assert np.array_equal(made.values[:, made.columns.index("d")], full.frame["d"])


def test_box_cox_is_scikit_learns_where_values_are_positive(full):
    made = space(full, {"step": "power", "method": "box-cox", "columns": "monetary"})
    assert np.array_equal(made.values[:, :2], PowerTransformer("box-cox").fit_transform(full.frame[["a", "b"]]))


def test_log1p_is_the_logarithm_of_one_plus_x(full):
    made = space(full, {"step": "log1p", "columns": "nonnegative"})
    expected = full.frame.to_numpy().copy()
    expected[:, [0, 1, 3]] = np.log1p(expected[:, [0, 1, 3]])
    assert np.array_equal(made.values, expected)


def test_clip_holds_values_between_two_quantiles(full):
    made = space(full, {"step": "clip", "lower": 0.1, "upper": 0.8})
    values = full.frame.to_numpy()
    bounds = np.quantile(values, [0.1, 0.8], axis=0)
    np.testing.assert_allclose(made.values, np.clip(values, *bounds), rtol=1e-15)
    assert np.all(made.values >= bounds[0])
    assert np.all(made.values <= bounds[1])


@pytest.mark.parametrize(
    ("given", "both"), [({"upper": 0.9}, (0, 0.9)), ({"lower": 0.2}, (0.2, 1)), ({}, (0.01, 0.99))]
)
def test_one_bound_of_clip_leaves_the_other_side_alone(full, given, both):
    made = space(full, {"step": "clip", **given})
    values = full.frame.to_numpy()
    bounds = [np.quantile(values, share, axis=0) for share in both]
    np.testing.assert_allclose(made.values, np.clip(values, *bounds), rtol=1e-15)


def test_clip_learns_from_the_values_that_are_there(small):
    made = space(small, {"step": "clip", "lower": 0.0, "upper": 0.5}, {"step": "impute", "strategy": "constant"})
    assert made.values[:, 1].max() == pytest.approx(np.nanmedian(small.frame["b"]), rel=1e-15)
    assert np.all(made.values[[3, 17, 40], 1] == 0.0)


def test_select_and_drop_keep_the_order_of_the_table(full):
    assert space(full, {"step": "select", "columns": ["d", "monetary"]}).columns == ("a", "b", "d")
    assert space(full, {"step": "drop", "columns": ["c", "a"]}).columns == ("b", "d")
    assert space(full, {"step": "select", "columns": "all"}).columns == full.columns
    assert np.array_equal(space(full, {"step": "drop", "columns": "c"}).values, full.frame[["a", "b", "d"]])


def test_override_gives_single_columns_another_filling(small):
    made = space(small, {"step": "impute", "override": {"b": "mean", "c": {"strategy": "constant", "fill_value": 9}}})
    frame = small.frame
    np.testing.assert_array_equal(made.values[:, 1], frame["b"].fillna(np.nanmean(frame["b"].to_numpy())))
    np.testing.assert_array_equal(made.values[:, 2], frame["c"].fillna(9.0))


def test_override_by_a_group_and_by_knn_sees_all_columns(small):
    made = space(small, {"step": "impute", "override": {"monetary": "knn"}})
    assert np.array_equal(made.values[:, :2], KNNImputer().fit_transform(small.frame)[:, :2])
    assert np.array_equal(made.values[:, 2:], SimpleImputer(strategy="median").fit_transform(small.frame)[:, 2:])


def test_an_indicator_stands_beside_overridden_columns_too(small):
    made = space(small, {"step": "impute", "add_indicator": True, "override": {"b": "mean"}})
    assert made.columns == ("a", "b", "c", "d", "missingindicator_b", "missingindicator_c")
    assert np.array_equal(made.values[:, 4:], small.frame[["b", "c"]].isna())


def test_imputing_some_columns_leaves_gaps_in_others_for_a_later_step(small):
    made = space(
        small, {"step": "impute", "columns": "b"}, {"step": "standardize"}, {"step": "impute", "strategy": "mean"}
    )
    by_hand = small.frame.to_numpy().copy()
    by_hand[:, [1]] = SimpleImputer(strategy="median").fit_transform(by_hand[:, [1]])
    by_hand = SimpleImputer().fit_transform(StandardScaler().fit_transform(by_hand))
    np.testing.assert_allclose(made.values, by_hand, atol=1e-12)


def by_hand(table: np.ndarray, variant: str) -> np.ndarray:
    """What a user would write on numpy arrays for each default variant."""
    filled = np.where(np.isnan(table), np.nanmedian(table, axis=0), table)
    logs = np.log1p(filled)
    recipes = {
        "raw": lambda: filled,
        "standard": lambda: (filled - filled.mean(axis=0)) / filled.std(axis=0),
        "minmax": lambda: MinMaxScaler().fit_transform(filled),
        "log1p": lambda: StandardScaler().fit_transform(logs),
        "pca": lambda: PCA(0.9).fit_transform(StandardScaler().fit_transform(logs)),
        "pca2": lambda: PCA(2).fit_transform(MinMaxScaler().fit_transform(logs)),
    }
    return recipes[variant]()


@pytest.mark.parametrize("variant", DEFAULT_VARIANTS)
def test_a_default_variant_is_the_chain_written_by_hand(small, variant):
    positive = Dataset("positive", small.frame.abs(), small.row_ids)
    made = space(positive, *DEFAULT_VARIANTS[variant])
    np.testing.assert_allclose(made.values, by_hand(positive.frame.to_numpy(), variant), atol=1e-12)


@pytest.mark.parametrize("variant", DEFAULT_VARIANTS)
def test_default_variants_of_the_real_table_are_the_chain_written_by_hand(real_table_folder, variant):
    frame = pd.read_csv(real_table_folder / "CC_GENERAL.csv").drop(columns="CUST_ID").astype(float)
    made = space(Dataset("cc-general", frame, frame.index), *DEFAULT_VARIANTS[variant])
    expected = by_hand(np.ascontiguousarray(frame.to_numpy()), variant)
    assert made.values.shape == expected.shape
    np.testing.assert_allclose(made.values, expected, atol=1e-9 if variant == "raw" else 1e-11)


def test_the_published_log_pca_recipe_needs_six_components(real_table_folder):
    frame = pd.read_csv(real_table_folder / "CC_GENERAL.csv").drop(columns="CUST_ID").astype(float)
    frequency = [name for name in frame if "FREQUENCY" in name]
    logged = [name for name in frame if name not in {*frequency, "PRC_FULL_PAYMENT", "TENURE"}]
    assert len(logged) == 10
    made = space(
        Dataset("cc-general", frame, frame.index),
        *({"step": "impute"}, {"step": "log1p", "columns": logged}, {"step": "pca", "n_components": 0.95}),
    )
    assert made.values.shape == (8950, 6)


def test_no_step_gives_the_table_as_it_is(full):
    made = space(full)
    assert np.array_equal(made.values, full.frame)
    assert made.columns == full.columns
