"""FasterPAM: medoids that no swap improves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

RNG = np.random.default_rng(5)
ROWS = np.vstack([RNG.normal(size=(25, 2)), RNG.normal(size=(25, 2)) * 3 + 4, np.full((5, 2), 9.0)])  # with copies


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_no_exchange_of_a_medoid_for_a_row_lowers_the_objective(cuts_of, metric):
    distances = cdist(ROWS, ROWS, metric.replace("manhattan", "cityblock"))
    for found in cuts_of("fasterpam", ROWS, [{"k": k} for k in (2, 4, 7)], metric=metric):
        medoids = found.info["medoids"]
        assert found.inertia == pytest.approx(distances[medoids].min(axis=0).sum())
        for position in range(len(medoids)):
            for row in range(len(ROWS)):
                others = [*medoids[:position], row, *medoids[position + 1 :]]
                assert distances[others].min(axis=0).sum() >= found.inertia * (1 - 1e-9)


def test_the_best_two_medoids_of_few_rows_are_found(cuts_of):
    rows = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [15.0]])
    [found] = cuts_of("fasterpam", rows, [{"k": 2}])
    assert sorted(found.info["medoids"]) == [1, 4]  # the median of each group
    assert found.inertia == 7.0
    assert found.model.predict([[3.0], [8.0]]).tolist() == found.labels[[0, 3]].tolist()


def test_it_ends_better_than_the_alternating_method(cuts_of, moons):
    cuts = [{"k": k} for k in (3, 5, 8)]
    pytest.importorskip("sklearn_extra.cluster", reason="scikit-learn-extra is not installed")
    for swaps, alternating in zip(cuts_of("fasterpam", moons, cuts), cuts_of("kmedoids", moons, cuts), strict=True):
        assert swaps.inertia <= alternating.inertia


def test_as_many_medoids_as_rows_and_more(cuts_of):
    [found] = cuts_of("fasterpam", ROWS[:4], [{"k": 4}])
    assert sorted(found.labels) == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="4 rows have no 5 medoids"):
        cuts_of("fasterpam", ROWS[:4], [{"k": 5}])


def test_an_unfinished_run_says_so(cuts_of, moons):
    [found] = cuts_of("fasterpam", moons, [{"k": 8}], max_iter=1)
    assert "1 passes" in found.info["warnings"][0]
    assert found.info["n_iter"] == 1
