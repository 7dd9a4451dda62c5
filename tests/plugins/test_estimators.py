"""scikit-learn estimators as algorithms."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.cluster import KMeans, MeanShift
from sklearn.mixture import GaussianMixture

from clusterbench.errors import RequestError
from clusterbench.plugins import (
    Assignment,
    CutRange,
    check_algorithm,
    missing_packages,
    sklearn_algorithm,
    small_table,
    warm_imports,
)

KMEANS = sklearn_algorithm("sklearn.cluster:KMeans", name="km", summary="s", reference="r", defaults={"n_init": 4})


@pytest.fixture(scope="module")
def X():
    return small_table()


def test_each_cut_is_the_estimator_with_the_seed_unchanged(X):
    cutter = KMEANS.build(X, 42, **KMEANS.resolve({}))
    for k in (4, 2):
        expected = KMeans(k, n_init=4, random_state=42).fit(X)
        found = cutter(k=k)
        np.testing.assert_array_equal(found.labels, expected.labels_)
        assert found.inertia == expected.inertia_
        assert found.info["n_iter"] == expected.n_iter_
        np.testing.assert_array_equal(found.model.cluster_centers_, expected.cluster_centers_)


def test_parameters_are_the_constructors_less_cut_seed_and_housekeeping():
    assert KMEANS.parameters == {"init": "k-means++", "n_init": 4, "max_iter": 300, "tol": 1e-4, "algorithm": "lloyd"}


def test_values_are_checked_by_scikit_learns_own_constraints():
    with pytest.raises(RequestError, match=r"km: The 'algorithm' parameter of KMeans must be a str among"):
        KMEANS.resolve({"algorithm": "loyd"})
    with pytest.raises(RequestError, match="km: The 'n_init' parameter of KMeans must be"):
        KMEANS.resolve({"n_init": 0})
    assert KMEANS.resolve({"n_init": "auto"})["n_init"] == "auto"


def test_an_estimator_without_labels_predicts_them_and_may_name_k_otherwise(X):
    mixture = sklearn_algorithm(
        "sklearn.mixture:GaussianMixture",
        name="gm",
        summary="s",
        reference="r",
        k="n_components",
        extras=lambda fitted, X: {"bic": fitted.bic(X)},
    )
    found = mixture.build(X, 3, **mixture.resolve({"covariance_type": "tied"}))(k=3)
    expected = GaussianMixture(3, covariance_type="tied", random_state=3).fit(X)
    np.testing.assert_array_equal(found.labels, expected.predict(X))
    assert found.info["bic"] == expected.bic(X)
    assert found.info["converged"] is True
    assert "n_components" not in mixture.parameters


def test_a_warning_of_the_fit_is_kept_in_the_info(X):
    mixture = sklearn_algorithm(
        "sklearn.mixture:GaussianMixture",
        name="gm",
        summary="s",
        reference="r",
        k="n_components",
        defaults={"max_iter": 1},
    )
    info = mixture.build(X, 0, **mixture.resolve({}))(k=4).info
    assert info["converged"] is False
    assert [text.partition(":")[0] for text in info["warnings"]] == ["ConvergenceWarning"]


def test_without_a_random_state_an_algorithm_is_deterministic_and_cuts_keep_their_names(X):
    shift = sklearn_algorithm(
        "sklearn.cluster:MeanShift", name="shift", summary="s", reference="r", cuts=(CutRange("bandwidth", (3.0, 5.0)),)
    )
    X = X[::3]
    assert shift.is_deterministic({})
    assert not KMEANS.is_deterministic({})
    assert "bandwidth" not in shift.parameters
    found = shift.build(X, 0, **shift.resolve({}))(bandwidth=4.0)
    np.testing.assert_array_equal(found.labels, MeanShift(bandwidth=4.0).fit_predict(X))


def test_any_of_scikit_learns_estimators_conforms_in_at_most_ten_lines():
    algorithm = sklearn_algorithm(
        "sklearn.cluster:BisectingKMeans",
        name="bisecting_kmeans",
        summary="splits the largest cluster by 2-means until k are there",
        reference="Steinbach, Karypis & Kumar 2000",
        assignment=Assignment.PREDICT,
    )
    checks = check_algorithm(algorithm)
    assert [check for check in checks if not check.ok] == []


def test_declaring_an_algorithm_imports_no_library():
    code = (
        "import sys; from clusterbench.plugins import *;"
        "a = sklearn_algorithm('sklearn.cluster:KMeans', name='k', summary='', reference='');"
        "load_registry();"
        "heavy = {'sklearn', 'scipy', 'hdbscan', 'sklearn_extra', 'tensorflow', 'keras', 'numba', 'fastcluster'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root, timeout=120)


def wrap(estimator, **more):
    return sklearn_algorithm(estimator, **{"name": "wrapped", "summary": "s", "reference": "r", **more})


def test_the_class_itself_is_the_same_algorithm_as_its_name(X):
    by_class, by_name = wrap(MeanShift), wrap("sklearn.cluster:MeanShift")
    assert by_class.parameters == by_name.parameters
    assert by_class.packages == by_name.packages == {"sklearn": "scikit-learn"}
    kmeans = wrap(KMeans, defaults={"n_init": 2})
    expected = KMeans(3, n_init=2, random_state=7).fit(X).labels_
    np.testing.assert_array_equal(kmeans.build(X, 7, **kmeans.resolve({}))(k=3).labels, expected)


def test_a_class_that_is_defined_beside_its_algorithm_needs_no_package(X):
    class Halves:
        def __init__(self, n_clusters=2):
            self.n_clusters = n_clusters

        def fit_predict(self, X):
            return (X[:, 0] > 0).astype(int)

    Halves.__module__ = "clusterbench_plugin_halves"
    halves = wrap(Halves)
    assert halves.packages == {}
    assert halves.build(np.array([[1.0], [-1.0]]), 0)(k=2).labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("estimator", "allowed"),
    [
        (KMeans(3), 'KMeans or "sklearn.cluster._kmeans:KMeans", with its arguments as defaults = {...}'),
        ("sklearn.cluster.KMeans", '"sklearn.cluster:KMeans"'),
        ("KMeans", '"module:Class"'),
        ("sklearn.cluster:", '"module:Class"'),
        (None, "NoneType"),
    ],
)
def test_what_is_no_estimator_class_is_refused_with_the_right_form(estimator, allowed):
    with pytest.raises(RequestError) as caught:
        wrap(estimator)
    assert allowed in caught.value.allowed


def test_an_estimator_of_a_missing_package_is_skipped_with_the_hint():
    absent = wrap("no_such_package.cluster:Best", packages={"json": "json"})
    assert missing_packages(absent.packages) == "needs no_such_package: pip install no_such_package"
    assert absent.resolve({"depth": 3}) == {"depth": 3}
    assert not absent.is_deterministic({"depth": 3})
    assert absent.parameters == {}
    renamed = wrap("no_such_package:Best", packages={"no_such_package": "best==2"})
    assert missing_packages(renamed.packages).endswith("best==2")


def test_a_class_that_its_package_lacks_is_a_wrong_request():
    for question in (lambda a: a.parameters, lambda a: a.is_deterministic({}), lambda a: a.resolve({})):
        with pytest.raises(RequestError, match=r"wrapped.*AttributeError: module 'sklearn.cluster' has no attribute"):
            question(wrap("sklearn.cluster:KMean"))


def test_warming_up_an_unknown_module_fails_as_an_import_does():
    with pytest.raises(ModuleNotFoundError):
        warm_imports("no_such_package")()
