"""Other estimators of scikit-learn as algorithms, against the estimators themselves."""

from __future__ import annotations

import importlib
from functools import partial

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from clusterbench.errors import RequestError
from clusterbench.plugins import REQUIRED, CutRange, check_algorithm, number_complaint, sklearn_algorithm, small_table

SEEDED = ["MiniBatchKMeans", "BisectingKMeans", "SpectralClustering"]
UNSEEDED = ["Birch", "AgglomerativeClustering", "FeatureAgglomeration"]


def wrap(name: str, **other):
    fields = {"name": "wrapped", "summary": "s", "reference": "r", **other}
    return sklearn_algorithm(f"sklearn.cluster:{name}", **fields)


def direct(name: str, **params):
    return getattr(importlib.import_module("sklearn.cluster"), name)(**params)


@pytest.fixture(scope="module")
def X():
    return small_table()


WRAPPED = [
    ("MiniBatchKMeans", {"batch_size": 40, "n_init": 2}),
    ("MiniBatchKMeans", {"n_init": 3, "init": "random", "reassignment_ratio": 0.1}),
    ("BisectingKMeans", {"bisecting_strategy": "largest_cluster"}),
    ("BisectingKMeans", {"n_init": 2, "init": "k-means++"}),
    ("SpectralClustering", {"gamma": 0.1, "n_init": 2}),
    ("SpectralClustering", {"affinity": "nearest_neighbors", "n_neighbors": 30, "assign_labels": "cluster_qr"}),
    ("Birch", {"threshold": 1.0}),
    ("Birch", {"threshold": 0.3, "branching_factor": 10}),
    ("AgglomerativeClustering", {"linkage": "average", "metric": "manhattan"}),
]


@pytest.mark.parametrize(("name", "params"), WRAPPED)
def test_each_cut_is_a_fit_of_the_estimator(X, name, params):
    seed = 12
    algorithm = wrap(name)
    cutter = algorithm.build(X, seed, **algorithm.resolve(params))
    seeds = {"random_state": seed} if name in SEEDED else {}
    for k in (4, 3):
        found = cutter(k=k)
        expected = direct(name, n_clusters=k, **params, **seeds).fit(X)
        np.testing.assert_array_equal(found.labels, expected.labels_)
        assert found.inertia == getattr(expected, "inertia_", None)
        assert type(found.model) is type(expected)


@pytest.mark.parametrize("name", [*SEEDED, *UNSEEDED])
def test_whether_the_seed_matters_is_read_off_the_constructor(name):
    algorithm = wrap(name)
    assert algorithm.is_deterministic({}) is (name in UNSEEDED)
    assert wrap(name, deterministic=True).is_deterministic({})
    assert not wrap(name, deterministic=lambda params: params["x"] > 1).is_deterministic({"x": 1})


HOUSEKEEPING = {"random_state", "n_jobs", "verbose", "copy", "copy_x", "memory", "n_clusters"}


@pytest.mark.parametrize("name", [*SEEDED, *UNSEEDED])
def test_build_parameters_are_the_constructors_own(name):
    own = direct(name).get_params()
    assert wrap(name).parameters == {key: value for key, value in own.items() if key not in HOUSEKEEPING}


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("MiniBatchKMeans", {"batch_size": 0}, "wrapped: The 'batch_size' parameter of MiniBatchKMeans must be an int"),
        ("MiniBatchKMeans", {"tol": -1.0}, "wrapped: The 'tol' parameter of MiniBatchKMeans must be a float"),
        (
            "BisectingKMeans",
            {"bisecting_strategy": "x"},
            "'bisecting_strategy' parameter of BisectingKMeans must be a str",
        ),
        ("Birch", {"threshold": 0.0}, "'threshold' parameter of Birch must be a float in the range"),
        ("Birch", {"branching_factor": 1}, "'branching_factor' parameter of Birch must be an int in the range"),
        ("SpectralClustering", {"assign_labels": "kmean"}, "'assign_labels' parameter of SpectralClustering"),
        ("MeanShift", {"max_iter": -1}, "'max_iter' parameter of MeanShift must be an int"),
        ("Birch", {"treshold": 1.0}, "unknown argument of wrapped 'treshold', did you mean 'threshold'?"),
        ("MiniBatchKMeans", {"n_clusters": 3}, "unknown argument of wrapped 'n_clusters'"),
        ("MiniBatchKMeans", {"random_state": 3}, "unknown argument of wrapped 'random_state'"),
        ("BisectingKMeans", {"verbose": 1}, "unknown argument of wrapped 'verbose'"),
    ],
)
def test_a_wrong_parameter_is_refused_in_scikit_learns_words_or_by_name(name, params, said):
    with pytest.raises(RequestError) as caught:
        wrap(name).resolve(params, where="b.toml: algorithms.wrapped")
    assert str(caught.value).startswith("b.toml: algorithms.wrapped: ")
    assert said in str(caught.value)


def test_mean_shift_is_cut_by_its_bandwidth(X):
    X = X[::3]
    bandwidth = CutRange("bandwidth", (4.0, 8.0), partial(number_complaint, low=0, open_low=True))
    algorithm = wrap("MeanShift", cuts=(bandwidth,))
    cutter = algorithm.build(X, 0, **algorithm.resolve({"cluster_all": False, "bin_seeding": True}))
    counts = []
    for value in bandwidth.default:
        found = cutter(bandwidth=value)
        expected = direct("MeanShift", bandwidth=value, cluster_all=False, bin_seeding=True).fit_predict(X)
        np.testing.assert_array_equal(found.labels, expected)
        counts.append(len(set(np.asarray(found.labels).tolist()) - {-1}))
    assert counts == sorted(counts, reverse=True)
    assert bandwidth.check(-1) == bandwidth.check(0) == "a number above 0"
    assert not algorithm.needs_k
    assert "bandwidth" not in algorithm.parameters


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("MiniBatchKMeans", {"defaults": {"n_init": 3}}),
        ("SpectralClustering", {"defaults": {"gamma": 0.2}}),
        ("Birch", {"grid": {"threshold": (0.5, 1.0)}}),
        ("MeanShift", {"cuts": (CutRange("bandwidth", (3.0, 6.0)),), "defaults": {"bin_seeding": True}}),
        ("OPTICS", {"cuts": (CutRange("min_samples", (8,)),), "noise": True, "defaults": {"max_eps": 30.0}}),
        ("DBSCAN", {"cuts": (CutRange("eps", (1.0, 2.0)),), "noise": True}),
    ],
)
def test_each_of_them_conforms(name, other):
    assert [check for check in check_algorithm(wrap(name, **other), X=small_table()[::3]) if not check.ok] == []


def test_an_infinite_default_of_an_estimator_must_be_replaced_by_one_that_a_file_can_hold():
    optics = wrap("OPTICS", cuts=(CutRange("min_samples", (10,)),), noise=True)
    names = [check.name for check in check_algorithm(optics, X=small_table()[::3]) if not check.ok]
    assert names == ["plain_parameters"]


def test_noise_that_a_wrapped_estimator_does_not_declare_is_found():
    eps = (CutRange("eps", (1.0,)),)
    names = [check.name for check in check_algorithm(wrap("DBSCAN", cuts=eps)) if not check.ok]
    assert names == ["noise_declared"]


def test_a_mixture_that_starts_from_random_rows_can_be_wrapped_with_its_own_objective(X):
    mixture = sklearn_algorithm(
        "sklearn.mixture:BayesianGaussianMixture",
        name="bayes",
        summary="s",
        reference="r",
        k="n_components",
        inertia="lower_bound_",
        defaults={"max_iter": 300},
    )
    found = mixture.build(X, 1, **mixture.resolve({}))(k=3)
    module = importlib.import_module("sklearn.mixture")
    expected = module.BayesianGaussianMixture(n_components=3, max_iter=300, random_state=1).fit(X)
    np.testing.assert_array_equal(found.labels, expected.predict(X))
    assert found.inertia == expected.lower_bound_
    assert adjusted_rand_score(np.arange(114) % 3, np.asarray(found.labels)[:114]) > 0.9


def test_a_constructor_argument_without_default_must_be_given(tmp_path, monkeypatch):
    (tmp_path / "own_estimator.py").write_text(
        "class Halves:\n"
        "    def __init__(self, column, n_clusters=2):\n"
        "        self.column, self.n_clusters = column, n_clusters\n"
        "    def fit(self, X):\n"
        "        self.labels_ = (X[:, self.column] > 0).astype(int)\n"
        "        return self\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    halves = sklearn_algorithm("own_estimator:Halves", name="halves", summary="s", reference="r", packages={})
    assert halves.parameters == {"column": REQUIRED}
    with pytest.raises(RequestError, match="halves needs the argument 'column'"):
        halves.resolve({})
    rows = np.array([[1.0, -1.0], [-1.0, 1.0]])
    found = halves.build(rows, 0, **halves.resolve({"column": 1}))(k=2)
    assert (found.labels.tolist(), found.inertia, found.info) == ([0, 1], None, {})
