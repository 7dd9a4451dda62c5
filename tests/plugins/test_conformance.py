"""The conformance checks find each broken promise, and only that."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from clusterbench.plugins import Algorithm, Assignment, CutRange, Family, Partition, check_algorithm, small_table


def make(cut: Any = None, *, build: Any = None, **declared: Any) -> Algorithm:
    """An algorithm that sorts rows by their first column, unless `cut(X, seed, k)` or `build` says otherwise."""

    def honest(X, seed, k):
        return np.searchsorted(np.quantile(X[:, 0], np.arange(1, k) / k), X[:, 0])

    chosen = cut or honest
    fields: dict[str, Any] = {
        "name": "mine",
        "family": Family.OTHER,
        "summary": "s",
        "reference": "r",
        "build": build or (lambda X, seed: lambda k: chosen(X, seed, k)),
        "packages": {},
    }
    return Algorithm(**{**fields, **declared})


def broken(algorithm: Algorithm) -> list[str]:
    return [check.name for check in check_algorithm(algorithm) if not check.ok]


def test_an_honest_algorithm_passes_every_check():
    checks = check_algorithm(make(deterministic=True))
    assert [check for check in checks if not check.ok] == []
    assert len({check.name for check in checks}) == len(checks) == 13


def test_the_table_can_be_given():
    rows = np.random.default_rng(1).normal(size=(30, 2))
    seen = []
    check_algorithm(make(lambda X, seed, k: seen.append(X.shape) or np.arange(len(X)) % k), X=rows)
    assert set(seen) == {(30, 2)}


def test_a_missing_package_ends_the_checks():
    [check] = check_algorithm(make(packages={"no_such_package": "no-such"}))
    assert (check.ok, check.detail) == (False, "needs no-such: pip install no-such")


def test_refused_defaults_end_the_checks():
    def refuse(params):
        raise ValueError("never")

    [check] = check_algorithm(make(check_params=refuse))
    assert check.detail == "RequestError: mine: never"


def test_a_failing_build_ends_the_checks_with_its_message():
    def fail(X, seed):
        raise MemoryError("too large")

    last = check_algorithm(make(build=fail))[-1]
    assert (last.ok, last.detail) == (False, "MemoryError: too large")


def test_a_grid_value_that_is_refused_is_found():
    def build(X, seed, width=1):
        return lambda k: np.arange(len(X)) % k

    assert broken(make(build=build, grid={"width": (1, 2)})) == []

    def refuse(params):
        if params["width"] > 1:
            raise ValueError("too wide")

    assert broken(make(build=build, grid={"width": (1, 2)}, check_params=refuse)) == [
        "every setting of the grid is accepted"
    ]


def test_labels_of_another_length_are_found():
    found = check_algorithm(make(lambda X, seed, k: [0, 1]))[-1]
    assert found.detail == "ValueError: gave labels of shape (2,) for 120 rows"


def test_hidden_randomness_is_found():
    source = np.random.default_rng(0)
    names = broken(make(lambda X, seed, k: source.integers(k, size=len(X))))
    assert "equal seeds give equal labels" in names


def test_a_seed_that_matters_belies_declared_determinism():
    def seeded(X, seed, k):
        return np.random.default_rng([seed, k]).integers(k, size=len(X))

    assert broken(make(seeded)) == []
    assert broken(make(seeded, deterministic=True)) == ["declared deterministic: another seed changes nothing"]


def test_cuts_that_depend_on_earlier_cuts_are_found():
    def build(X, seed):
        rng = np.random.default_rng(seed)
        return lambda k: rng.integers(k, size=len(X))

    assert broken(make(build=build)) == ["the order of the cuts is irrelevant", "a cut alone gives the same labels"]


def test_undeclared_noise_is_found():
    def noisy(X, seed, k):
        return np.arange(len(X)) % k - 1

    assert broken(make(noisy)) == ["gives noise only where declared"]
    assert broken(make(noisy, noise=True)) == []


def test_more_clusters_than_asked_for_are_found():
    [check] = [c for c in check_algorithm(make(lambda X, seed, k: np.arange(len(X)) % 4)) if not c.ok]
    assert (check.name, check.detail) == ("gives at most k clusters", "k=3: 4 clusters, k=2: 4 clusters")


def test_writing_to_the_table_fails_as_it_does_in_a_worker():
    def write(X, seed, k):
        X[0, 0] = 1.0

    last = check_algorithm(make(write))[-1]
    assert (last.ok, last.detail) == (False, "ValueError: assignment destination is read-only")


def test_use_of_the_global_random_state_is_found():
    def careless(X, seed, k):
        np.random.seed(seed)  # noqa: NPY002 - the fault under test
        return np.random.randint(k, size=len(X))  # noqa: NPY002

    state = np.random.get_state()  # noqa: NPY002
    try:
        assert broken(make(careless)) == ["leaves the global random state as it is"]
    finally:
        np.random.set_state(state)  # noqa: NPY002


def test_values_that_a_file_cannot_hold_are_found():
    def wild(X, seed, k):
        return Partition(np.arange(len(X)) % k, info={"sizes": np.ones(2)})

    assert broken(make(wild)) == ["inertia and info are plain values (JSON)"]
    nan = make(lambda X, seed, k: Partition(np.arange(len(X)) % k, inertia=float("nan")))
    assert broken(nan) == ["inertia and info are plain values (JSON)"]


@pytest.mark.parametrize("model", ["absent", "wrong"])
def test_a_declared_predict_must_give_fitted_rows_their_labels(model):
    class Shifted:
        def predict(self, X):
            return (np.arange(len(X)) + 1) % 2

    def cut(X, seed, k):
        return Partition(np.arange(len(X)) % 2, model=None if model == "absent" else Shifted())

    assert broken(make(cut, assignment=Assignment.PREDICT)) == [
        "declared assignment by predict: the model gives fitted rows their labels"
    ]


def test_other_cuts_than_k_are_tried_at_their_defaults():
    tried = []

    def build(X, seed):
        return lambda eps: tried.append(eps) or (X[:, 0] > eps).astype(int)

    assert broken(make(build=build, cuts=(CutRange("eps", (0.5, 2.0)),))) == []
    assert set(tried) == {0.5, 2.0}


def test_the_small_table_is_always_the_same():
    assert small_table().shape == (120, 4)
    for first, second in itertools.pairwise(small_table() for _ in range(3)):
        np.testing.assert_array_equal(first, second)
