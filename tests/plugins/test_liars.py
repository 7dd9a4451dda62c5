"""Algorithms that break one declared property each: the checks name that property and no other."""

from __future__ import annotations

import numpy as np
import pytest

from clusterbench.plugins import (
    Algorithm,
    Assignment,
    Check,
    CutRange,
    Family,
    K,
    Partition,
    as_partition,
    check_algorithm,
)

PLAIN, PREDICTS = "plain_outcome", "assignment"


def failed(algorithm: Algorithm) -> list[Check]:
    return [check for check in check_algorithm(algorithm) if not check.ok]


def turns(X, k):
    return np.arange(len(X)) % k


def algorithm(build, **declared) -> Algorithm:
    fields = {"name": "mine", "family": Family.OTHER, "summary": "s", "reference": "r", "packages": {}}
    return Algorithm(**fields, build=build, **declared)


def of(cut, **declared) -> Algorithm:
    return algorithm(lambda X, seed: lambda k: cut(X, seed, k), **declared)


class Model:
    def __init__(self, labels):
        self.labels = labels

    def predict(self, X):
        return self.labels[: len(X)]


def first_call_differs():
    calls = []

    def build(X, seed):
        calls.append(seed)
        shift = len(calls) == 2  # before, the checks look whether the table is changed
        return lambda k: [*turns(X[1:], k).tolist(), 0] if shift else turns(X, k) // 2

    return algorithm(build)


def cut_depends_on_earlier():
    def build(X, seed):
        seen = []

        def cutter(k):
            seen.append(k)
            return np.arange(len(X)) // len(seen) % k

        return cutter

    return algorithm(build)


def shape(name):
    forms = {
        "a column": lambda X: np.zeros((len(X), 1), dtype=int),
        "one too few": lambda X: np.zeros(len(X) - 1, dtype=int),
        "one too many": lambda X: np.zeros(len(X) + 1, dtype=int),
        "one number": lambda X: 3,
        "floats": lambda X: np.zeros(len(X)),
        "texts": lambda X: ["a"] * len(X),
        "booleans": lambda X: X[:, 0] > 0,
        "nothing": lambda X: None,
    }
    return of(lambda X, seed, k: forms[name](X))


COMPLAINTS = {
    "a column": "ValueError: gave labels of shape (120, 1) for 120 rows",
    "one too few": "ValueError: gave labels of shape (119,) for 120 rows",
    "one too many": "ValueError: gave labels of shape (121,) for 120 rows",
    "one number": "ValueError: gave labels of shape () for 120 rows",
    "floats": "ValueError: gave labels of dtype float64, not integers",
    "texts": "ValueError: gave labels of dtype <U1, not integers",
    "booleans": "ValueError: gave labels of dtype bool, not integers",
    "nothing": "ValueError: gave labels of shape () for 120 rows",
}


@pytest.mark.parametrize("name", COMPLAINTS)
def test_what_is_no_labeling_ends_the_checks(name):
    [check] = failed(shape(name))
    assert (check.name, check.detail) == ("labels", COMPLAINTS[name])


VIOLATIONS = {
    "another labeling at the first call": (
        first_call_differs(),
        {
            "repeatable",
            "cut_order",
            "cut_alone",
            "memory_orders",
        },
    ),
    "each cut depends on the number of earlier ones": (
        cut_depends_on_earlier(),
        {"cut_order", "cut_alone"},
    ),
    "ignores k": (of(lambda X, seed, k: np.arange(len(X)) % 7), {"k_honoured"}),
    "the seed matters": (
        of(lambda X, seed, k: turns(X, k) if seed == 0 else turns(X, k) // 2, deterministic=True),
        {"seed_free"},
    ),
    "one cluster": (of(lambda X, seed, k: np.zeros(len(X), dtype=int)), {"k_honoured"}),
    "noise": (of(lambda X, seed, k: np.where(X[:, 0] > 8, -1, turns(X, k))), {"noise_declared"}),
    "info of sets": (of(lambda X, seed, k: Partition(turns(X, k), info={"seen": {1}})), {PLAIN}),
    "info of rows": (of(lambda X, seed, k: Partition(turns(X, k), info={"at": np.int64(1)})), {PLAIN}),
    "infinite inertia": (of(lambda X, seed, k: Partition(turns(X, k), inertia=np.inf)), {PLAIN}),
    "a model of other labels": (
        of(
            lambda X, seed, k: Partition(turns(X, k), model=Model(turns(X, k)[::-1] * 0)),
            assignment=Assignment.PREDICT,
        ),
        {PREDICTS},
    ),
    "a model of fewer labels": (
        of(lambda X, seed, k: Partition(turns(X, k), model=Model([0])), assignment=Assignment.PREDICT),
        {PREDICTS},
    ),
    "bare labels without a model": (of(lambda X, seed, k: turns(X, k), assignment=Assignment.PREDICT), {PREDICTS}),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_fails_its_own_check_only(name):
    algorithm, failing = VIOLATIONS[name]
    assert {check.name for check in failed(algorithm)} == failing


@pytest.mark.parametrize(
    "honest",
    [
        of(lambda X, seed, k: turns(X, k).astype(np.uint8)),
        of(lambda X, seed, k: turns(X, k).tolist()),
        of(lambda X, seed, k: turns(X, k) * 1000),
        of(lambda X, seed, k: (turns(X, k) + seed) % k, deterministic=True),
        of(lambda X, seed, k: turns(X, k + 1) - 1, noise=True),
        of(lambda X, seed, k: Partition(turns(X, k), 1.5, {"steps": [1, 2], "ok": True, "none": None})),
        of(lambda X, seed, k: Partition(turns(X, k), model=Model(turns(X, k))), assignment=Assignment.PREDICT),
    ],
    ids=["bytes", "list", "far numbers", "renamed by the seed", "noise", "info", "model"],
)
def test_whatever_keeps_the_contract_passes(honest):
    assert [check for check in check_algorithm(honest) if not check.ok] == []


def test_a_build_that_fails_the_second_time_is_told_with_its_message():
    calls = []

    def build(X, seed):
        calls.append(seed)
        if len(calls) > 1:
            raise RuntimeError("only once")
        return lambda k: turns(X, k)

    assert {check.detail for check in failed(algorithm(build))} == {"RuntimeError: only once"}


@pytest.mark.parametrize(
    "wrong", [{"width": ({1},)}, {"width": (np.ones(2),)}, {"width": (float("nan"),)}, {"width": ({1: 2},)}]
)
def test_a_setting_that_a_file_cannot_hold_is_found(wrong):
    def build(X, seed, width=1):
        return lambda k: turns(X, k)

    names = [check.name for check in check_algorithm(algorithm(build, grid=wrong)) if not check.ok]
    assert names == ["plain_parameters"]


def test_a_tuple_reaches_the_algorithm_as_the_list_that_a_run_would_give():
    seen = []

    def build(X, seed, layers=(8, 4)):
        seen.append(layers)
        return lambda k: turns(X, k)

    assert all(check.ok for check in check_algorithm(algorithm(build)))
    assert seen[0] == [8, 4]


def test_the_first_of_the_grid_and_all_default_cuts_are_tried():
    tried = []

    def build(X, seed, width=1, depth=2):
        return lambda **cut: tried.append((width, depth, cut)) or turns(X, 2)

    check_algorithm(algorithm(build, grid={"depth": (7, 8)}, cuts=(CutRange("eps", (0.1, 0.2)), K)))
    assert tried[:2] == [(1, 7, {"eps": 0.1}), (1, 7, {"eps": 0.2})]
    tried.clear()
    check_algorithm(algorithm(build))
    assert [cut for _, _, cut in tried[:3]] == [{"k": 5}, {"k": 3}, {"k": 2}]


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint8", "uint32", "int64"])
def test_labels_of_any_whole_type_become_int64_and_the_rest_stays(dtype):
    given = Partition(np.array([0, 1, 2], dtype=dtype), 2.5, {"a": 1}, "model")
    found = as_partition(given, 3)
    assert found.labels.dtype == np.int64
    assert (found.inertia, found.info, found.model) == (2.5, {"a": 1}, "model")


def test_hashes_as_labels_stay_what_they_are():
    hashes = np.array([2**64 - 1, 2**63, 5], dtype=np.uint64)
    assert as_partition(hashes, 3).labels.tolist() == hashes.tolist()


def test_masked_labels_are_refused():
    with pytest.raises(ValueError, match="masked labels"):
        as_partition(np.ma.masked_array([0, 1, 1], mask=[False, True, False]), 3)
