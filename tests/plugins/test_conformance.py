"""The conformance checks find each broken promise, and only that."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from clusterbench.errors import RequestError
from clusterbench.plugins import (
    Algorithm,
    Assignment,
    Check,
    CutRange,
    Family,
    Partition,
    Verdict,
    check_algorithm,
    check_plugin,
    small_table,
)


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


def failed(algorithm: Algorithm) -> list[Check]:
    return [check for check in check_algorithm(algorithm) if not check.ok]


def broken(algorithm: Algorithm) -> list[str]:
    return [check.name for check in failed(algorithm)]


def test_an_honest_algorithm_passes_every_check():
    checks = check_algorithm(make(deterministic=True))
    assert [check for check in checks if not check.ok] == []
    assert len({check.name for check in checks}) == len(checks) == 22
    assert {c.name for c in checks if c.verdict is not Verdict.PASSED} == {
        "packages_declared",
        "assignment",
        "refit",
        "standardizes",
    }


def test_the_table_can_be_given():
    rows = np.random.default_rng(1).normal(size=(30, 2))
    seen = []
    check_algorithm(make(lambda X, seed, k: seen.append(X.shape) or np.arange(len(X)) % k), X=rows)
    assert (30, 2) in seen
    assert (120, 4) not in seen


def test_a_missing_package_ends_the_checks():
    first, *others = check_algorithm(make(packages={"no_such_package": "no-such"}))
    assert (first.ok, first.detail) == (False, "needs no-such: pip install no-such")
    assert {check.verdict for check in others} == {Verdict.NOT_RUN}


def test_refused_defaults_end_the_checks():
    def refuse(params):
        raise ValueError("never")

    [check] = failed(make(check_params=refuse))
    assert check.detail == "RequestError: mine: never"


def test_a_failing_build_ends_the_checks_with_its_message():
    def fail(X, seed):
        raise MemoryError("too large")

    [check] = failed(make(build=fail))
    assert (check.name, check.detail) == ("labels", "MemoryError: too large")


def test_a_grid_value_that_is_refused_is_found():
    def build(X, seed, width=1):
        return lambda k: np.arange(len(X)) % k

    assert broken(make(build=build, grid={"width": (1, 2)})) == []

    def refuse(params):
        if params["width"] > 1:
            raise ValueError("too wide")

    assert broken(make(build=build, grid={"width": (1, 2)}, check_params=refuse)) == ["grid"]


def test_labels_of_another_length_are_found():
    [check] = failed(make(lambda X, seed, k: [0, 1]))
    assert check.detail == "ValueError: gave labels of shape (2,) for 120 rows"


def test_hidden_randomness_is_found():
    source = np.random.default_rng(0)
    names = broken(make(lambda X, seed, k: source.integers(k, size=len(X))))
    assert "repeatable" in names


def test_a_seed_that_matters_belies_declared_determinism():
    def seeded(X, seed, k):
        return np.random.default_rng([seed, k]).integers(k, size=len(X))

    assert broken(make(seeded)) == []
    assert broken(make(seeded, deterministic=True)) == ["seed_free"]


def test_cuts_that_depend_on_earlier_cuts_are_found():
    def build(X, seed):
        rng = np.random.default_rng(seed)
        return lambda k: rng.integers(k, size=len(X))

    assert broken(make(build=build)) == ["cut_order", "cut_alone"]


def test_undeclared_noise_is_found():
    def noisy(X, seed, k):
        return np.arange(len(X)) % (k + 1) - 1

    assert broken(make(noisy)) == ["noise_declared"]
    assert broken(make(noisy, noise=True)) == []


def test_more_clusters_than_asked_for_are_found():
    [check] = failed(make(lambda X, seed, k: np.arange(len(X)) % 4))
    assert (check.name, check.detail) == ("k_honoured", "k=5: 4 clusters, k=3: 4 clusters, k=2: 4 clusters")


def test_writing_to_the_table_fails_as_it_does_in_a_worker():
    def write(X, seed, k):
        X[0, 0] = 1.0

    untouched, labels = failed(make(write))
    assert untouched.name == "table_untouched"
    assert labels.detail == "ValueError: assignment destination is read-only"


def test_use_of_the_global_random_state_is_found():
    def careless(X, seed, k):
        np.random.seed(seed)  # noqa: NPY002 - the fault under test
        return np.random.randint(k, size=len(X))  # noqa: NPY002

    state = np.random.get_state()  # noqa: NPY002
    try:
        assert broken(make(careless)) == ["global_state"]
    finally:
        np.random.set_state(state)  # noqa: NPY002


def test_values_that_a_file_cannot_hold_are_found():
    def wild(X, seed, k):
        return Partition(np.arange(len(X)) % k, info={"sizes": np.ones(2)})

    assert broken(make(wild)) == ["plain_outcome"]
    nan = make(lambda X, seed, k: Partition(np.arange(len(X)) % k, inertia=float("nan")))
    assert broken(nan) == ["plain_outcome"]


@pytest.mark.parametrize("model", ["absent", "wrong"])
def test_a_declared_predict_must_give_fitted_rows_their_labels(model):
    class Shifted:
        def predict(self, X):
            return (np.arange(len(X)) + 1) % 2

    def cut(X, seed, k):
        return Partition(np.arange(len(X)) % k, model=None if model == "absent" else Shifted())

    assert broken(make(cut, assignment=Assignment.PREDICT)) == ["assignment"]


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


def test_a_failure_that_is_declared_is_expected_and_one_that_does_not_occur_fails():
    few = make(lambda X, seed, k: np.arange(len(X)) % 2)
    checks = {c.name: c for c in check_algorithm(few, expected_failures={"k_honoured": "two groups", "grid": "none"})}
    assert checks["k_honoured"].verdict is Verdict.EXPECTED
    assert checks["k_honoured"].detail == "two groups (k=5: 2 clusters, k=3: 2 clusters)"
    assert checks["grid"].detail == "passes, but is declared to fail: none"
    with pytest.raises(RequestError, match="unknown check 'k_honored', did you mean 'k_honoured'"):
        check_algorithm(few, expected_failures={"k_honored": "a slip"})


def test_a_file_declares_its_own_expected_failures(tmp_path):
    path = tmp_path / "two.py"
    path.write_text(
        "import numpy as np\n"
        "from clusterbench.plugins import Algorithm, Family\n"
        "ALGORITHM = Algorithm(name='two', family=Family.OTHER, summary='s', reference='r', packages={},"
        " deterministic=True, build=lambda X, seed: lambda k: np.arange(len(X)) % 2)\n"
        "EXPECTED_FAILURES = {'k_honoured': 'two groups'}\n"
    )
    assert check_plugin(path).ok
    assert not check_plugin(path, expected_failures={}).ok


def test_what_is_no_plug_in_is_refused(tmp_path):
    path = tmp_path / "empty.py"
    path.write_text("")
    with pytest.raises(RequestError, match="holds no plug-in"):
        check_plugin(path)
    path.write_text("import os\nos._exit(3)\n")
    with pytest.raises(RequestError, match="its import ended the process"):
        check_plugin(path)
