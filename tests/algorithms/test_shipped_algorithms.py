"""What every shipped algorithm promises."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from clusterbench.errors import RequestError
from clusterbench.metrics import METRICS
from clusterbench.plugins import Assignment, Family, check_algorithm, check_plugin, missing_packages, shipped_place
from clusterbench.preprocessing import STEPS

NAMES = sorted(path.stem for path in shipped_place().glob("[!_]*.py"))
# TensorFlow stays out of this process: see test_autoencoder_kmeans.py.
IN_PROCESS = [name for name in NAMES if name != "autoencoder_kmeans"]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_called_like_its_algorithm_and_the_declaration_is_complete(shipped, name):
    algorithm = shipped(name)
    assert algorithm.name == name
    assert algorithm.summary
    assert algorithm.reference
    assert algorithm.control == (algorithm.family is Family.CONTROL)
    assert set(algorithm.optimises) <= {"silhouette", "davies_bouldin", "calinski_harabasz"}


@pytest.mark.parametrize("name", NAMES)
def test_a_scikit_learn_like_algorithm_takes_at_most_ten_lines(name):
    text = (shipped_place() / f"{name}.py").read_text(encoding="utf-8")
    if "sklearn_algorithm(" in text and "def " not in text:
        declaration = text[text.index("ALGORITHM") :]
        assert len([line for line in declaration.splitlines() if line.lstrip()[:1] not in ("#", ")")]) <= 10


@pytest.mark.parametrize("name", IN_PROCESS)
def test_it_conforms(shipped, name):
    algorithm = shipped(name)
    if (missing := missing_packages(algorithm.packages)) is not None:
        pytest.skip(missing)
    assert [check for check in check_algorithm(algorithm) if not check.ok] == []


@pytest.mark.parametrize("name", IN_PROCESS)
def test_it_conforms_on_a_table_with_many_equal_rows(shipped, name):
    algorithm = shipped(name)
    if (missing := missing_packages(algorithm.packages)) is not None:
        pytest.skip(missing)
    rows = np.random.default_rng(3).integers(0, 3, size=(90, 3)).astype(float)
    rows[:30] = 1.0
    assert [check for check in check_algorithm(algorithm, X=rows) if not check.ok] == []


@pytest.mark.parametrize(
    ("name", "params", "complaint"),
    [
        ("kmeans", {"n_init": -1}, "'n_init' parameter of KMeans"),
        ("gmm", {"covariance_type": "fulll"}, "'covariance_type' parameter of GaussianMixture"),
        ("agglomerative", {"linkage": "wards"}, "linkage = 'wards' is not one of .*did you mean 'ward'"),
        ("agglomerative", {"metric": "manhattan"}, "linkage = 'ward' is of Euclidean distances"),
        ("kmedoids", {"method": "pamm"}, "method = 'pamm' is not one of alternate, pam"),
        ("kmedoids", {"max_iter": 0}, "max_iter = 0 is not an integer of at least 1"),
        ("dbscan", {"min_samples": 0}, "min_samples = 0 is not an integer of at least 1"),
        ("dbscan", {"metric": "mahalanobis"}, "metric = 'mahalanobis' is not one of"),
        ("hdbscan", {"min_samples": 2.5}, "min_samples = 2.5 is not an integer"),
        ("hdbscan", {"alpha": 0}, "alpha = 0 is not a number above 0"),
        ("hdbscan", {"cluster_selection_method": "best"}, "is not one of eom, leaf"),
        ("quantile_split", {"column": -1}, "column = -1 is not an integer of at least 0"),
        ("autoencoder_kmeans", {"layers": 64}, r"layers = 64 is not a list of units such as \[64, 32\]"),
        ("autoencoder_kmeans", {"layers": [64, 0]}, "a number of units in layers = 0"),
        ("autoencoder_kmeans", {"epochs": 0}, "epochs = 0"),
        ("autoencoder_kmeans", {"learning_rate": 0}, "learning_rate = 0 is not a number above 0"),
    ],
)
def test_a_bad_value_is_refused_before_anything_runs(shipped, name, params, complaint):
    with pytest.raises(RequestError, match=complaint):
        shipped(name).resolve(params)


@pytest.mark.parametrize("name", NAMES)
def test_cut_values_are_checked(shipped, name):
    for cut in shipped(name).cuts:
        assert all(cut.check(value) is None for value in cut.default or (2, 10))
        assert cut.check(-1)
        assert cut.check("two")


def test_kmeans_is_scikit_learns_with_ten_starts(cuts_of, moons):
    found = cuts_of("kmeans", moons, [{"k": 3}, {"k": 5}], seed=42)
    for k, partition in zip((3, 5), found, strict=True):
        expected = KMeans(k, n_init=10, random_state=42).fit(moons)
        np.testing.assert_array_equal(partition.labels, expected.labels_)
        assert partition.inertia == expected.inertia_


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_gmm_is_scikit_learns_and_tells_its_fit(cuts_of, moons, kind):
    [found] = cuts_of("gmm", moons, [{"k": 3}], seed=7, covariance_type=kind)
    expected = GaussianMixture(3, covariance_type=kind, random_state=7).fit(moons)
    np.testing.assert_array_equal(found.labels, expected.predict(moons))
    assert found.info["bic"] == pytest.approx(expected.bic(moons), rel=1e-12)
    assert found.info["converged"] is True


def test_gmm_that_does_not_converge_is_told_of_not_raised(cuts_of, moons):
    [found] = cuts_of("gmm", moons, [{"k": 6}], max_iter=1)
    assert found.info["converged"] is False
    assert re.match(r"ConvergenceWarning: Best performing initialization did not converge", found.info["warnings"][0])


def test_clara_is_scikit_learn_extras_defect_included(cuts_of, moons):
    extra = pytest.importorskip("sklearn_extra.cluster", reason="scikit-learn-extra is not installed")
    [found] = cuts_of("clara", moons, [{"k": 4}], seed=3)
    expected = extra.CLARA(4, max_iter=100, random_state=3).fit(moons)
    np.testing.assert_array_equal(found.labels, expected.labels_)


def test_assignments_are_declared(shipped):
    declared = {name: shipped(name).assignment for name in NAMES}
    assert declared["kmeans"] is declared["gmm"] is declared["kmedoids"] is Assignment.PREDICT
    assert declared["random_labels"] is Assignment.NONE
    assert declared["dbscan"] is declared["hdbscan"] is Assignment.NEAREST_NEIGHBORS


@pytest.mark.parametrize("plugin", [*METRICS.values(), *STEPS.values()], ids=lambda plugin: plugin.name)
def test_every_metric_and_step_of_the_engine_conforms(plugin):
    assert [check for check in check_plugin(plugin).checks if not check.ok] == []
